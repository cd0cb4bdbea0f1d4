//! What the desk and its vault say to each other, over a Unix socket: each message is JSON after its length in four bytes, the high one first.
//! One call, one answer, in this order; a connection that says anything else is closed.
//!
//! The walk of a request of a code:
//! 1. the desk gives every leaf of its log ([`Call::Follow`]), which the vault folds and verifies itself, signatures and all;
//! 2. where the seed opens by shares, [`Call::Keys`] gives each approver a key of the vault and the share that is sealed to them, and what they
//!    sealed to that key comes with [`Call::Share`]; its digest goes into the leaf of the approval;
//! 3. once it is approved: [`Call::MakePin`], whose MAC goes into the log; [`Call::Mac`] of what the operator typed, as well;
//! 4. the leaf of the release, a checkpoint, the witness, [`Call::Follow`] once more, and [`Call::Code`] with the cosigned checkpoint.
//!
//! A ceremony: once it is claimed, [`Call::Begin`] gives a key to which the custodian's page seals the secret or its address;
//! [`Call::Enrol`] takes that; [`Call::EnrolCode`], twice with a step between, gives the two codes that the console asks for, sealed to the
//! key of the custodian's page; the leaf `Settle` (with what [`Answer::Enrolled`] said) makes the seed the one in custody. A request that ends
//! otherwise puts it aside.

use kagimori_custody::{Digest, Mac, PersonId, RequestId, SeedId, Tier};
use serde::{Deserialize, Serialize};

use crate::boxed::{PublicKey, Sealed};

/// Which protocol this is. A vault of another says so and closes.
pub const VERSION: u16 = 1;

/// The bytes of a message at most.
pub const MESSAGE_MAX: u32 = 8 * 1024 * 1024;

/// What boxes are for: the code for a page, a secret or its address for the vault, a share of an approver for the vault, and a share that lies
/// with the vault, sealed to its holder.
pub const FOR_CODE: &[u8] = b"kagimori/code/1";
/// See [`FOR_CODE`]; what it is about, is the request's name.
pub const FOR_SECRET: &[u8] = b"kagimori/secret/1";
/// See [`FOR_CODE`]; what it is about, [`about_share`] says.
pub const FOR_SHARE: &[u8] = b"kagimori/share/1";
/// See [`FOR_CODE`]; what it is about, [`about_held`] says.
pub const FOR_HELD_SHARE: &[u8] = b"kagimori/held-share/1";

/// What the desk asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "the vault answers each")]
pub enum Call {
    /// Who are you, and how do you stand?
    Hello {
        /// [`VERSION`].
        version: u16,
    },
    /// The next leaves of the log.
    Follow {
        /// The index of the first.
        from: u64,
        /// Their bytes, in base64.
        leaves: Vec<String>,
    },
    /// Keys for the shares of a request's approvers.
    Keys {
        /// Which.
        request: RequestId,
    },
    /// A share that an approver gives.
    Share {
        /// For which request.
        request: RequestId,
        /// Who.
        person: PersonId,
        /// Sealed to the key that [`Answer::Keys`] has for them.
        sealed: Sealed,
    },
    /// A PIN for a request that is approved.
    MakePin {
        /// Which.
        request: RequestId,
    },
    /// That PIN, for the requester's page.
    Pin {
        /// Of which request.
        request: RequestId,
    },
    /// From what the desk picks the word that the operator reads out: 32 bytes that hang on the request and the vault's key of this epoch.
    Word {
        /// Of which request.
        request: RequestId,
    },
    /// The MAC of what the operator typed. After three that are wrong there are no more of this request.
    Mac {
        /// Of which request.
        request: RequestId,
        /// What was typed.
        typed: String,
    },
    /// The code of a release.
    Code {
        /// Of which request.
        request: RequestId,
        /// The index of the release's leaf.
        leaf: u64,
        /// A checkpoint of the log, cosigned by the witnesses, that covers it; the vault must have followed so far.
        checkpoint: String,
    },
    /// A ceremony begins: a key for the secret.
    Begin {
        /// Of this request, which is claimed.
        request: RequestId,
    },
    /// The secret, or its `otpauth` address.
    Enrol {
        /// Of this request.
        request: RequestId,
        /// Sealed to the key that [`Answer::Begun`] gave ([`FOR_SECRET`]).
        sealed: Sealed,
    },
    /// A code of the seed that is being enrolled: two in all, for the console.
    EnrolCode {
        /// Of this request.
        request: RequestId,
    },
    /// Everything that is open is forgotten, and the key of PINs: the next is of the next epoch.
    Forget {},
}

/// What the vault answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "the desk understands each")]
pub enum Answer {
    /// To [`Call::Hello`].
    Hello(Standing),
    /// To [`Call::Follow`]: so far it has followed.
    Followed {
        /// How many leaves.
        size: u64,
        /// The root of their tree, 64 hexadecimal digits.
        root: String,
    },
    /// To [`Call::Keys`]: nobody, where the seed opens without shares.
    Keys {
        /// How many shares are needed.
        threshold: u8,
        /// For each holder who may approve.
        holders: Vec<Holder>,
    },
    /// To [`Call::Share`]: it was opened and is kept until the request is over.
    Taken {
        /// Its digest, for the leaf of the approval.
        share: Digest,
    },
    /// To [`Call::MakePin`].
    PinMade {
        /// For the log.
        mac: Mac,
        /// Under the key of this epoch.
        epoch: u64,
    },
    /// To [`Call::Pin`].
    Pin {
        /// Eight digits.
        pin: String,
    },
    /// To [`Call::Word`].
    Word {
        /// Its bytes.
        bytes: Digest,
    },
    /// To [`Call::Mac`].
    Mac {
        /// For the log.
        mac: Mac,
    },
    /// To [`Call::Code`] and [`Call::EnrolCode`].
    Code {
        /// The code, for the one page ([`FOR_CODE`], about nothing).
        code: Sealed,
        /// Its step.
        step: u64,
        /// When it begins to count, in seconds since 1970.
        from: i64,
        /// When it does no more.
        until: i64,
    },
    /// To [`Call::Begin`].
    Begun {
        /// What the custodian's page seals to, once.
        key: PublicKey,
    },
    /// To [`Call::Enrol`].
    Enrolled {
        /// For the log: a keyed digest.
        fingerprint: Digest,
        /// Whose it is, as the issuer wrote it; believed by nobody.
        label: String,
    },
    /// To [`Call::Forget`].
    Forgotten {
        /// The epoch from now on.
        epoch: u64,
    },
    /// It was not done.
    Refused(Refused),
}

/// How the vault stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the desk's health page shows all of it")]
pub struct Standing {
    /// [`VERSION`].
    pub version: u16,
    /// Which start of the machine, for [`kagimori_custody::Clock`].
    pub boot: String,
    /// Seconds since then, those of sleep included.
    pub up_seconds: u64,
    /// Its wall clock, in seconds since 1970.
    pub now: i64,
    /// The epoch of its key of PINs.
    pub epoch: u64,
    /// How many leaves it has followed.
    pub size: u64,
    /// The size that it must reach before it makes a code: what it has seen cosigned before.
    pub seen: u64,
    /// The seeds.
    pub seeds: Vec<SeedStanding>,
    /// Walls that this machine's kernel does not have, and whatever else somebody should look at.
    pub warnings: Vec<String>,
}

/// How a seed stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "all of it is shown")]
pub struct SeedStanding {
    /// Its name.
    pub seed: SeedId,
    /// Which one under this name.
    pub generation: u32,
    /// How it is sealed.
    pub tier: Tier,
    /// How many shares open it; 0: none are needed.
    pub threshold: u8,
    /// Who holds one.
    pub holders: Vec<PersonId>,
}

/// What an approver needs to give a share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "all of it is needed")]
pub struct Holder {
    /// Who.
    pub person: PersonId,
    /// The share, sealed to their recipient ([`FOR_HELD_SHARE`]).
    pub held: Sealed,
    /// What `held` is about ([`about_held`]), in base64.
    pub about_held: String,
    /// The key of the vault for this request and this person, once ([`FOR_SHARE`]).
    pub key: PublicKey,
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "what programs read, and what people do")]
pub struct Refused {
    /// A word that programs read.
    pub why: Why,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

/// Kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is handled otherwise")]
pub enum Why {
    /// Another version, or no such call now.
    Call,
    /// Leaves that are not the next of the log, or that nobody can have taken: signatures included.
    Log,
    /// The checkpoint is not believed, or of another log.
    Checkpoint,
    /// Custody refuses.
    Refused,
    /// The clock.
    Clock,
    /// The step was used.
    StepUsed,
    /// Shares are missing, or open nothing.
    Shares,
    /// What came is no seed, or one that is there.
    Seed,
    /// Too many wrong PINs.
    Pin,
    /// Files of the vault are older than its log, or damaged.
    Files,
    /// The machine: no random bytes, a disk that fails.
    Machine,
}

/// What the share that an approver gives is about: the request, and who.
pub fn about_share(request: &Digest, person: &PersonId) -> Vec<u8> {
    [request.bytes().as_slice(), person.as_str().as_bytes()].concat()
}

/// What a share that lies with the vault is about: the seed, which one of that name, and whose share.
pub fn about_held(seed: &SeedId, generation: u32, person: &PersonId) -> Vec<u8> {
    format!("{seed}\n{generation}\n{person}").into_bytes()
}

/// A message with its length before it; `None`: longer than [`MESSAGE_MAX`].
pub fn framed(message: &impl Serialize) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(message).ok()?;
    let length = u32::try_from(json.len()).ok().filter(|length| *length <= MESSAGE_MAX)?;
    Some([length.to_be_bytes().as_slice(), &json].concat())
}

/// The length of the message that follows these four bytes; `None`: longer than [`MESSAGE_MAX`].
pub fn length(bytes: [u8; 4]) -> Option<usize> {
    let length = Some(u32::from_be_bytes(bytes)).filter(|length| *length <= MESSAGE_MAX)?;
    usize::try_from(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes on the wire: another program may speak it.
    #[test]
    fn a_message_is_its_length_and_json() {
        let request = RequestId::parse("r1").unwrap();
        let call = Call::Code { request, leaf: 7, checkpoint: "x\n".to_owned() };
        let bytes = framed(&call).unwrap();
        let json = r#"{"call":"code","request":"r1","leaf":7,"checkpoint":"x\n"}"#;
        assert_eq!(bytes, [(json.len() as u32).to_be_bytes().as_slice(), json.as_bytes()].concat());
        assert_eq!(serde_json::from_str::<Call>(json).unwrap(), call);
        assert_eq!(length([0, 0, 0, 7]), Some(7));
        assert_eq!(length([0xff; 4]), None);
        assert!(serde_json::from_str::<Call>(r#"{"call":"seed"}"#).is_err(), "no call gives a seed");
    }

    #[test]
    fn what_a_share_is_about_differs_for_each() {
        let person = |name: &str| PersonId::parse(name).unwrap();
        let seed = |name: &str| SeedId::parse(name).unwrap();
        assert_ne!(about_held(&seed("a"), 1, &person("b")), about_held(&seed("a"), 11, &person("b")));
        assert_ne!(
            about_share(&Digest::of(b"1"), &person("b")),
            about_share(&Digest::of(b"2"), &person("b"))
        );
    }
}
