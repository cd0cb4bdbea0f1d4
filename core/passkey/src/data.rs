//! The device's part of a ceremony: for which desk, with what flags, and the new key (WebAuthn §6.1, authenticator data).

use ring::digest;

use crate::client::{self, Ceremony, RelyingParty};
use crate::error::PasskeyError;
use crate::key::PublicKey;

/// User present (§6.1, flags, bit 0).
const PRESENT: u8 = 1;
/// User verified (bit 2).
const VERIFIED: u8 = 1 << 2;
/// A copy of the key is kept elsewhere (bit 4).
const BACKED_UP: u8 = 1 << 4;
/// A new key follows (bit 6).
const ATTESTED: u8 = 1 << 6;
/// Longest name of a key that is taken (§7.1 step 25).
const NAME_MOST: usize = 1023;

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registered {
    /// The name by which the device knows it.
    pub credential: Vec<u8>,
    /// The key.
    pub key: PublicKey,
    /// How often it was used; 0 where the device does not count.
    pub counter: u32,
    /// Whether a copy is kept elsewhere: a key that is synchronised.
    pub backed_up: bool,
}

/// What is in authenticator data.
pub(crate) struct Data<'a> {
    pub(crate) counter: u32,
    flags: u8,
    rest: &'a [u8],
}

/// What a device sends: for keys without a device.
#[must_use]
pub fn authenticator_data(party: &RelyingParty, counter: u32, new: Option<(&[u8], &PublicKey)>) -> Vec<u8> {
    let mut bytes = digest::digest(&digest::SHA256, party.id.as_bytes()).as_ref().to_vec();
    bytes.push(PRESENT | VERIFIED | if new.is_some() { ATTESTED } else { 0 });
    bytes.extend(counter.to_be_bytes());
    if let Some((credential, key)) = new {
        // No model: 16 zeroes.
        bytes.extend([0; 16]);
        bytes.extend(u16::try_from(credential.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(credential);
        bytes.extend(key.to_cose());
    }
    bytes
}

/// Takes a new key: that it was made for this challenge, on this desk's page, with the person verified.
///
/// # Errors
/// [`PasskeyError`].
pub fn register(
    party: &RelyingParty,
    challenge: &[u8],
    client_data: &[u8],
    authenticator_data: &[u8],
) -> Result<Registered, PasskeyError> {
    client::must_say(client_data, party, Ceremony::Create, challenge)?;
    let data = read(authenticator_data, party)?;
    let broken = PasskeyError::AuthenticatorData;
    if data.flags & ATTESTED == 0 {
        return Err(broken);
    }
    let (_model, rest) = data.rest.split_at_checked(16).ok_or(broken)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(broken)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (credential, cose) = rest.split_at_checked(length).ok_or(broken)?;
    if credential.is_empty() || length > NAME_MOST {
        return Err(broken);
    }
    let key = PublicKey::of_cose(cose)?;
    let backed_up = data.flags & BACKED_UP != 0;
    Ok(Registered { credential: credential.to_vec(), key, counter: data.counter, backed_up })
}

/// Reads authenticator data of this desk, and demands that somebody was there and was verified.
pub(crate) fn read<'a>(bytes: &'a [u8], party: &RelyingParty) -> Result<Data<'a>, PasskeyError> {
    let broken = PasskeyError::AuthenticatorData;
    let (hash, rest) = bytes.split_first_chunk::<32>().ok_or(broken)?;
    let (&flags, rest) = rest.split_first().ok_or(broken)?;
    let (counter, rest) = rest.split_first_chunk::<4>().ok_or(broken)?;
    if hash != digest::digest(&digest::SHA256, party.id.as_bytes()).as_ref() {
        return Err(PasskeyError::RelyingParty);
    }
    if flags & PRESENT == 0 {
        return Err(PasskeyError::NotPresent);
    }
    if flags & VERIFIED == 0 {
        return Err(PasskeyError::NotVerified);
    }
    Ok(Data { counter: u32::from_be_bytes(*counter), flags, rest })
}
