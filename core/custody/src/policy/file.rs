//! The file of a policy, as it is written in TOML and as it stands in the log.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::AccountId;
use serde::{Deserialize, Serialize};

use crate::ask::{Kind, Mode};
use crate::digest::Digest;
use crate::lasting::Lasting;
use crate::name::{GroupName, KeyName, PersonId, RuleName, SeedId};
use crate::network::Network;

/// A policy as it was written; what is wrong with it, [`crate::Policy::load`] says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the sections of a file")]
pub struct PolicyFile {
    /// What the desk is called; it stands in everything that is signed, so that no signature counts at another desk.
    pub desk: String,
    /// Everybody, by name.
    pub people: BTreeMap<PersonId, Person>,
    /// Groups of people. A group has no groups.
    pub groups: BTreeMap<GroupName, Group>,
    /// Who does what for the whole desk.
    #[serde(default)]
    pub roles: Roles,
    /// From where.
    #[serde(default)]
    pub networks: Networks,
    /// The accounts whose root is looked after.
    #[serde(default)]
    pub accounts: BTreeMap<AccountId, Account>,
    /// The seeds in custody.
    #[serde(default)]
    pub seeds: BTreeMap<SeedId, Seed>,
    /// Who may ask for what, and who decides.
    pub rules: BTreeMap<RuleName, Rule>,
    /// Bounds of everything.
    #[serde(default)]
    pub limits: Limits,
}

/// A person, or a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Person {
    /// As others call them.
    pub name: String,
    /// Who says who they are: OpenID Connect's `iss`.
    pub issuer: String,
    /// Who they are there: `sub`. Never an e-mail address, which can be given to another.
    pub subject: String,
    /// A person or a program.
    #[serde(default)]
    pub is: Being,
    /// What they sign with.
    #[serde(default)]
    pub keys: Vec<Key>,
    /// What is sealed to them is sealed to this: an age recipient (X25519).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
}

/// Who signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "one of the two")]
pub enum Being {
    /// A human being.
    #[default]
    Person,
    /// A workflow system.
    Program,
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Key {
    /// Its name, once in a policy.
    pub name: KeyName,
    /// How it signs.
    pub kind: KeyKind,
    /// The public key: of a passkey as it was enrolled (COSE, base64url), of Ed25519 its 32 bytes in base64.
    pub public: String,
    /// The credential's id of a passkey (base64url).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is verified differently")]
pub enum KeyKind {
    /// A passkey (WebAuthn level 3): the challenge is the SHA-256 of what is signed.
    Webauthn,
    /// Ed25519 (RFC 8032) over what is signed.
    Ed25519,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Group {
    /// Its people.
    pub members: Vec<PersonId>,
}

/// Who does what for the whole desk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Roles {
    /// They read everything and hold the witness's key.
    #[serde(default)]
    pub auditors: Vec<GroupName>,
    /// They are root on the hosts.
    #[serde(default)]
    pub server_admins: Vec<GroupName>,
}

/// From where, by role; empty: from everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Networks {
    /// Who asks.
    #[serde(default)]
    pub requesters: Vec<Network>,
    /// Who approves.
    #[serde(default)]
    pub approvers: Vec<Network>,
    /// Who carries it out.
    #[serde(default)]
    pub operators: Vec<Network>,
    /// Who reviews.
    #[serde(default)]
    pub reviewers: Vec<Network>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Account {
    /// Its name, which requests show.
    pub name: String,
    /// Who knows root's password.
    pub passwords: Vec<PersonId>,
    /// Who reads root's mailbox or answers its phone: the way of a password reset.
    pub mailbox: Vec<PersonId>,
}

/// A seed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Seed {
    /// The account whose root it is of; a practice seed has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// How it is sealed.
    pub tier: Tier,
    /// The hash of its codes.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How many digits its codes have.
    #[serde(default = "six")]
    pub digits: u8,
    /// How long a code lasts, in seconds.
    #[serde(default = "thirty")]
    pub period: u32,
    /// Opens nothing: for drills.
    #[serde(default, skip_serializing_if = "is_false")]
    pub practice: bool,
}

fn six() -> u8 {
    6
}

fn thirty() -> u32 {
    30
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The hash of TOTP (RFC 6238 §1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "those of the RFC")]
pub enum Algorithm {
    /// SHA-1: AWS's.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a seed is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "three tiers")]
pub enum Tier {
    /// Opened by the host itself.
    T0,
    /// Opened by shares, for a window.
    T1,
    /// Opened by shares that travel with the approvals of one request.
    T2,
}

/// Who may ask for what, and who decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Rule {
    /// For what.
    pub kind: Kind,
    /// Of which accounts; empty: of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
    /// Who may ask.
    pub requesters: Vec<GroupName>,
    /// Who must approve: every line of it, by different people.
    pub approvals: Vec<Need>,
    /// Who carries it out; of `govern` nobody does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<GroupName>,
    /// Who looks at it afterwards.
    pub reviewers: Vec<GroupName>,
    /// How a code gets to the requester; only of codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<Mode>,
    /// The longest window.
    pub window: Lasting,
    /// It must be approved within this.
    pub decide_within: Lasting,
    /// An approval counts for so long.
    pub votes_last: Lasting,
    /// How many codes at most.
    #[serde(default = "two")]
    pub codes: u8,
    /// It must be reviewed within this.
    pub review_within: Lasting,
}

fn two() -> u8 {
    2
}

/// So many of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Need {
    /// Of these.
    pub group: GroupName,
    /// So many.
    pub count: Count,
}

/// How many must approve. None is not a number of approvals: it cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Count(u8);

impl Count {
    /// From 1 to 16.
    pub fn new(count: u8) -> Option<Self> {
        (1..=16).contains(&count).then_some(Self(count))
    }

    /// As a number.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Count {
    type Error = String;

    fn try_from(count: u8) -> Result<Self, String> {
        Self::new(count).ok_or_else(|| match count {
            0 => "0 approvals would let everything through: write at least 1".to_owned(),
            more => format!("{more} approvals are more than 16 people can give at night"),
        })
    }
}

impl From<Count> for u8 {
    fn from(count: Count) -> Self {
        count.0
    }
}

/// Bounds of everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Limits {
    /// So many undecided requests of one person.
    pub pending_per_person: u16,
    /// So many of everybody.
    pub pending: u16,
    /// No window is longer.
    pub window: Lasting,
    /// A drill at least so often.
    pub drill_every: Lasting,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending_per_person: 5,
            pending: 200,
            window: Lasting::hours(12),
            drill_every: Lasting::hours(92 * 24),
        }
    }
}

impl PolicyFile {
    /// The digest of its canonical bytes.
    pub fn version(&self) -> Digest {
        Digest::of_value("kagimori/policy/1", self)
    }

    pub(crate) fn members<'a>(&self, groups: impl IntoIterator<Item = &'a GroupName>) -> BTreeSet<PersonId> {
        groups
            .into_iter()
            .filter_map(|name| self.groups.get(name))
            .flat_map(|group| group.members.clone())
            .collect()
    }
}

impl Rule {
    /// Whether it is about this.
    pub fn is_for(&self, kind: Kind, account: Option<AccountId>) -> bool {
        let covers = |account| self.accounts.is_empty() || self.accounts.contains(&account);
        self.kind == kind && account.is_none_or(covers)
    }
}
