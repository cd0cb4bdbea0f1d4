//! A desk somewhere else, and a person who signs each call to it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{KeyName, PersonId, Proof, Statement};
use kagimori_id::hex;
use kagimori_passkey::SoftwareKey;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{open, told};
use crate::clock::Clock;
use crate::outside;
use crate::random;
use crate::settings::must_be_origin;
use crate::web::signature::{Call, body_hash};

type Failed = (String, String);

/// The file of `kagimori-desk key`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    desk: String,
    person: PersonId,
    key: KeyName,
    secret: String,
}

/// Who calls, and where.
pub(crate) struct Client {
    /// The desk's address.
    pub(crate) desk: String,
    /// Who.
    pub(crate) person: PersonId,
    key: KeyName,
    signer: SoftwareKey,
    clock: Clock,
}

/// What a call came to.
pub(crate) struct Answered {
    /// 200, 201, or what the desk refused with.
    pub(crate) status: u16,
    /// Its JSON.
    pub(crate) body: Value,
}

/// The key of 32 secret bytes.
pub(crate) fn signer(seed: &[u8; 32]) -> Result<SoftwareKey, Failed> {
    SoftwareKey::from_seed(seed).map_err(|error| told(error, "make another with `kagimori-desk key`"))
}

impl Client {
    /// Reads the file, which nobody else may read.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn read(path: &Path) -> Result<Self, Failed> {
        let hint = "make one with `kagimori-desk key`, and name it with `--client`";
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| told(format!("`{}`: {error}", path.display()), hint))?;
        must_be_private(path)?;
        // The text of an error could hold the secret's line.
        let file: Result<File, _> = toml::from_str(&text);
        let file = file.map_err(|_| told(format!("`{}` is no key of a desk", path.display()), hint))?;
        must_be_origin(&file.desk)?;
        let secret = Zeroizing::new(file.secret);
        let seed = open::bytes_of(&secret);
        let seed = seed.ok_or_else(|| told(format!("`{}` has no key in it", path.display()), hint))?;
        Ok(Self {
            desk: file.desk,
            person: file.person,
            key: file.key,
            signer: signer(&seed)?,
            clock: Clock::system(),
        })
    }

    /// The same by another clock.
    #[cfg(test)]
    pub(crate) fn at(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Gets something.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn get(&self, path: &str) -> Result<Answered, Failed> {
        self.call("GET", path, &[], None)
    }

    /// Posts something; a refusal of the desk is an answer.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn post(&self, path: &str, body: &Value, again: Option<&str>) -> Result<Answered, Failed> {
        let headers: Vec<(&str, &str)> = again.map(|key| ("idempotency-key", key)).into_iter().collect();
        self.call("POST", path, &headers, Some(body))
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answered, Failed> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let nonce = random::bytes::<16>().map_err(|error| told(error, "look at the machine"))?;
        let call = Call {
            desk: self.desk.clone(),
            by: self.person.clone(),
            key: self.key.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            body: body_hash(body.as_bytes()),
            at: self.clock.now().as_second(),
            nonce: hex(&nonce),
        };
        let header = call.header(&self.signer.sign_bytes(&call.bytes()));
        let mut all = vec![("authorization", header.as_str()), ("content-type", "application/json")];
        all.extend_from_slice(headers);
        let answer = outside::call(method, &format!("{}{path}", self.desk), &all, &body);
        let (status, text) = answer.map_err(|error| {
            told(
                format!("the desk at {} does not answer: {error}", self.desk),
                "look at its address and at the network",
            )
        })?;
        let body = serde_json::from_str(&text).map_err(|_| {
            told(
                "what answered is not the API of a desk",
                "look at the address in the key's file; a proxy may stand before it",
            )
        })?;
        Ok(Answered { status, body })
    }

    /// A statement, signed.
    pub(crate) fn proof(&self, statement: &Statement) -> Proof {
        let bytes = self.signer.sign_bytes(&statement.bytes(&self.person));
        Proof { key: self.key.clone(), bytes: STANDARD.encode(bytes) }
    }
}

#[cfg(unix)]
fn must_be_private(path: &Path) -> Result<(), Failed> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map(|file| file.permissions().mode());
    let mode = mode.map_err(|error| told(error, "look at the file"))?;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let hint = format!(
        "`chmod 600 {}`; if others were on this machine, revoke the key on the page of people",
        path.display()
    );
    Err((format!("others may read `{}`, and sign as you", path.display()), hint))
}

#[cfg(not(unix))]
fn must_be_private(_: &Path) -> Result<(), Failed> {
    Ok(())
}
