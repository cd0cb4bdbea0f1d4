//! `dev`: a play desk of the fictional company Shiosai. Everything lies in a new folder of its own, which goes at the end; the keys of its
//! people are made at start and never written down.

pub(crate) mod company;
pub(crate) mod run;
pub(crate) mod switch;
pub(crate) mod vault;

use std::collections::BTreeMap;

use kagimori_custody::PersonId;
use kagimori_passkey::SoftwareKey;
use zeroize::Zeroizing;

/// A text in both languages.
pub(crate) type Both = (String, String);

/// Who can be played.
pub(crate) struct Dev {
    /// Id, name and role.
    pub(crate) people: Vec<(String, Both, Both)>,
    /// Their passkeys, in software, by credential.
    pub(crate) keys: BTreeMap<PersonId, (String, SoftwareKey)>,
    /// What opens their shares.
    pub(crate) shares: BTreeMap<PersonId, Zeroizing<[u8; 32]>>,
}

impl std::fmt::Debug for Dev {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dev").field("people", &self.people).finish_non_exhaustive()
    }
}
