//! What is asked for. A [`Draft`] is what somebody types; an [`Ask`] is what stands, which never changes, and whose digest people sign.

use jiff::Timestamp;
use kagimori_id::AccountId;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::lasting::Lasting;
use crate::name::{PersonId, RequestId, RuleName, SeedId};
use crate::policy::{Need, PolicyFile};
use crate::rollback::Rollback;

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A code of root's second factor.
    RootCode,
    /// A seed comes, is replaced, or goes.
    Custody,
    /// The policy or the log's key changes, the desk is unsealed, or its log goes on after a roll-back.
    Govern,
    /// The whole way with a seed that opens nothing.
    Drill,
}

/// How a code gets to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "one of the two")]
pub enum Mode {
    /// It is shown to the requester alone, once; the operator never sees it.
    Direct,
    /// It is shown to the operator, who reads it out by telephone.
    Phone,
}

/// What becomes of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is a ceremony of its own")]
pub enum Ceremony {
    /// It is taken into custody.
    Enrol,
    /// Another takes its place.
    Rotate,
    /// It goes, for good.
    Retire,
}

/// What somebody wishes, in their words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "each is decided differently")]
pub enum Wish {
    /// A code of root's second factor.
    RootCode {
        /// Of this account.
        account: AccountId,
        /// How it gets to whoever asked.
        mode: Mode,
    },
    /// A ceremony with a seed.
    Custody {
        /// Which.
        seed: SeedId,
        /// What becomes of it.
        ceremony: Ceremony,
    },
    /// Another policy takes the place of this one: people, groups, keys, rules.
    Policy {
        /// The whole of it.
        policy: Box<PolicyFile>,
    },
    /// Another key signs the log.
    LogKey {
        /// As C2SP `signed-note` writes it.
        key: String,
    },
    /// The desk is opened again after a seal.
    Unseal {},
    /// The log was restored from a backup that lacks its last entries, and goes on without them.
    Epoch {
        /// After what, and in which epoch.
        rollback: Rollback,
    },
    /// The whole way with a seed that opens nothing.
    Drill {
        /// Which.
        seed: SeedId,
        /// How its code gets to whoever asked.
        mode: Mode,
    },
}

/// What is submitted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a form")]
pub struct Draft {
    /// The name of the request, made by the desk and never used twice.
    pub id: RequestId,
    /// What is wished.
    pub wish: Wish,
    /// What for, in words.
    pub reason: String,
    /// The ticket of another system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// How long the window is, from the approval on.
    pub window: Lasting,
    /// The request that this one takes up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<RequestId>,
}

/// An account as the policy calls it: the requester has no say in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "both are signed")]
pub struct NamedAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
}

/// What is asked for, with every name as the desk knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is shown in its own words")]
pub enum Matter {
    /// A code of root's second factor.
    RootCode {
        /// Of this account.
        account: NamedAccount,
        /// By this seed.
        seed: SeedId,
        /// How it gets to whoever asked.
        mode: Mode,
    },
    /// A ceremony with a seed.
    Custody {
        /// Of this account's root; a practice seed has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<NamedAccount>,
        /// Which.
        seed: SeedId,
        /// What becomes of it.
        ceremony: Ceremony,
    },
    /// Another policy.
    Policy {
        /// Its version.
        version: Digest,
    },
    /// Another key of the log.
    LogKey {
        /// As C2SP `signed-note` writes it.
        key: String,
    },
    /// The desk is opened again.
    Unseal {},
    /// The log goes on without what was lost.
    Epoch {
        /// After what, and in which epoch.
        rollback: Rollback,
    },
    /// A drill.
    Drill {
        /// With this seed.
        seed: SeedId,
        /// How its code gets to whoever asked.
        mode: Mode,
    },
}

/// What stands of a request, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is signed")]
pub struct Ask {
    /// At this desk.
    pub desk: String,
    /// Its name.
    pub id: RequestId,
    /// Who asks.
    pub by: PersonId,
    /// Who that is, by whom.
    pub issuer: String,
    /// And under which subject there.
    pub subject: String,
    /// The program that filed it for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<PersonId>,
    /// For what.
    #[serde(rename = "for")]
    pub matter: Matter,
    /// What for, in words.
    pub reason: String,
    /// The ticket of another system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The request that this one takes up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<RequestId>,
    /// How long the window is, from the approval on.
    pub window: Lasting,
    /// How many codes at most.
    pub codes: u8,
    /// By this rule.
    pub rule: RuleName,
    /// With these approvals.
    pub needs: Vec<Need>,
    /// An approval counts for so long.
    pub votes_last: Lasting,
    /// It must be approved before this.
    pub decide_before: Timestamp,
    /// Under this policy.
    pub policy: Digest,
    /// When it was submitted.
    pub at: Timestamp,
}

impl Wish {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::RootCode { .. } => Kind::RootCode,
            Self::Custody { .. } => Kind::Custody,
            Self::Policy { .. } | Self::LogKey { .. } | Self::Unseal {} | Self::Epoch { .. } => Kind::Govern,
            Self::Drill { .. } => Kind::Drill,
        }
    }
}

impl Matter {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::RootCode { .. } => Kind::RootCode,
            Self::Custody { .. } => Kind::Custody,
            Self::Policy { .. } | Self::LogKey { .. } | Self::Unseal {} | Self::Epoch { .. } => Kind::Govern,
            Self::Drill { .. } => Kind::Drill,
        }
    }

    /// The account that it is about.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::RootCode { account, .. } => Some(account.id),
            Self::Custody { account, .. } => account.as_ref().map(|account| account.id),
            _ => None,
        }
    }

    /// The seed that it is about.
    pub fn seed(&self) -> Option<&SeedId> {
        match self {
            Self::RootCode { seed, .. } | Self::Custody { seed, .. } | Self::Drill { seed, .. } => Some(seed),
            _ => None,
        }
    }

    /// How the code gets to whoever asked; `None`: there is no code.
    pub fn mode(&self) -> Option<Mode> {
        match self {
            Self::RootCode { mode, .. } | Self::Drill { mode, .. } => Some(*mode),
            _ => None,
        }
    }
}

impl Ask {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.matter.kind()
    }

    /// What people sign.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }

    /// The bytes of the digest: a page can show them, and anybody can hash them.
    pub fn canonical(&self) -> Vec<u8> {
        crate::digest::canonical("kagimori/request/1", self)
    }
}

impl Kind {
    /// `root_code`
    pub fn word(self) -> &'static str {
        match self {
            Self::RootCode => "root_code",
            Self::Custody => "custody",
            Self::Govern => "govern",
            Self::Drill => "drill",
        }
    }

    /// Whether its end is a code.
    pub fn has_codes(self) -> bool {
        matches!(self, Self::RootCode | Self::Drill)
    }
}
