//! Signatures: what a person has to have signed before an event is taken, and whether they have.

use std::collections::BTreeMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kagimori_custody::{Event, Key, KeyKind, KeyName, PersonId, Policy, Proof, State};
use kagimori_passkey::{Assertion, PasskeyError, PublicKey};
use serde::Deserialize;

use crate::desk::Desk;

/// Why a signature is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProofError {
    /// Not of a key that the policy gives to this person.
    #[error("that key is none of yours in the policy of this desk, or it counts no more")]
    Key,
    /// Its bytes are no signature.
    #[error("that is no signature")]
    Form,
    /// Not an answer to a question that waits: too late, used already, or of another page.
    #[error("the passkey answered a question that is not open any more")]
    Stale,
    /// Verified, and wrong.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
}

/// What a page brings back from a passkey.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) credential: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

impl Answer {
    /// Reads what the script has put into the form.
    pub(crate) fn read(text: &str) -> Result<Self, ProofError> {
        serde_json::from_str(text).map_err(|_| ProofError::Form)
    }

    /// As the signature of a passkey.
    pub(crate) fn assertion(&self) -> Result<Assertion, ProofError> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| ProofError::Form);
        Ok(Assertion {
            client_data: bytes(&self.client_data)?,
            authenticator_data: bytes(&self.authenticator_data)?,
            signature: bytes(&self.signature)?,
        })
    }

    /// As the proof of an event.
    pub(crate) fn proof(&self, policy: &Policy, person: &PersonId) -> Result<Proof, ProofError> {
        let keys = policy.person(person).map(|person| person.keys.as_slice()).unwrap_or_default();
        let key = keys.iter().find(|key| key.credential.as_deref() == Some(&self.credential));
        let packed = self.assertion()?.packed().ok_or(ProofError::Form)?;
        Ok(Proof { key: key.ok_or(ProofError::Key)?.name.clone(), bytes: STANDARD.encode(packed) })
    }
}

/// How often each key was used, by its own count: a copy of one is noticed.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<KeyName, u32>>);

impl Counters {
    fn of(&self, key: &KeyName) -> u32 {
        self.0.lock().map_or(u32::MAX, |counters| counters.get(key).copied().unwrap_or(0))
    }

    fn seen(&self, key: &KeyName, counter: u32) {
        if let Ok(mut counters) = self.0.lock() {
            counters.insert(key.clone(), counter);
        }
    }
}

/// Verifies what an event has to carry; what needs no signature passes.
///
/// # Errors
/// [`ProofError`].
pub(crate) fn must_hold(desk: &Desk, state: &State, event: &Event) -> Result<(), ProofError> {
    let (Some(signed), Some(policy)) = (event.signed(state), state.policy()) else { return Ok(()) };
    let key = policy.key(signed.by, &signed.proof.key).filter(|key| !state.is_revoked(&key.name));
    let key = key.ok_or(ProofError::Key)?;
    let bytes = STANDARD.decode(&signed.proof.bytes).map_err(|_| ProofError::Form)?;
    match key.kind {
        KeyKind::Webauthn => {
            let assertion = Assertion::unpacked(&bytes)?;
            must_be_of(desk, key, &assertion, signed.statement.challenge(signed.by).bytes())
        }
        KeyKind::Ed25519 => {
            let public = STANDARD.decode(&key.public).ok();
            let public =
                public.and_then(|bytes| bytes.first_chunk::<32>().copied()).ok_or(ProofError::Form)?;
            Ok(PublicKey::Ed25519(public).verify(&signed.statement.bytes(signed.by), &bytes)?)
        }
    }
}

/// That a passkey of the policy has signed a challenge.
///
/// # Errors
/// [`ProofError`].
pub(crate) fn must_be_of(
    desk: &Desk,
    key: &Key,
    assertion: &Assertion,
    challenge: &[u8],
) -> Result<(), ProofError> {
    let cose = URL_SAFE_NO_PAD.decode(&key.public).map_err(|_| ProofError::Form)?;
    let public = PublicKey::of_cose(&cose)?;
    let verified = assertion.verify(&desk.party, &public, challenge, desk.counters.of(&key.name))?;
    desk.counters.seen(&key.name, verified.counter);
    Ok(())
}

/// Whose passkey it is, by the name that the device gave it.
pub(crate) fn owner(state: &State, credential: &str) -> Option<(PersonId, Key)> {
    let policy = state.policy()?;
    policy.people().iter().find_map(|(id, person)| {
        let of = |key: &&Key| key.credential.as_deref() == Some(credential) && !state.is_revoked(&key.name);
        person.keys.iter().find(of).map(|key| (id.clone(), key.clone()))
    })
}
