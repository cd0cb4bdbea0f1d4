//! `dev`: a play desk of the fictional company Shiosai. Everything lies in a new folder of its own, which goes at the end; the keys of its
//! people are made at start and never written down.

pub(crate) mod company;
pub(crate) mod run;
pub(crate) mod switch;
pub(crate) mod vault;

use std::collections::BTreeMap;

use kagimori_custody::PersonId;
use kagimori_passkey::SoftwareKey;

/// A text in both languages.
pub(crate) type Both = (String, String);

/// Who can be played.
#[derive(Debug)]
pub(crate) struct Dev {
    /// Id, name and role.
    pub(crate) people: Vec<(String, Both, Both)>,
    /// Their passkeys, in software, by credential.
    pub(crate) keys: BTreeMap<PersonId, (String, SoftwareKey)>,
}
