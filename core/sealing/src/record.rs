//! The published log of a desk, for whoever wants to know what it says and believes nobody: every file, every hash, the witnesses'
//! signatures, every signature of a person, and that the rules would have taken each entry.

use std::fmt;

use kagimori_custody::Leaf;
use kagimori_ledger::audit::Finding;
use kagimori_ledger::epoch::{Head, of_origin};
use kagimori_ledger::{TrustPolicy, published};
use kagimori_passkey::RelyingParty;

use crate::follow::{Follower, Unfollowed};

/// What a log says, once everything in it was found right.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a result, taken apart by the caller")]
pub struct Record {
    /// What the log is called.
    pub origin: String,
    /// How many entries, and the root.
    pub head: Head,
    /// The entries.
    pub leaves: Vec<Leaf>,
}

/// Why a log says nothing that is to be believed.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum NoRecord<E> {
    /// A file could not be read.
    Read(E),
    /// The trust policy asks for no witness.
    NoWitness,
    /// The files are not what the log and its witnesses have signed: the first of what is wrong.
    Unverified(Finding),
    /// An entry that no desk can have taken.
    Unfollowed(Unfollowed),
}

/// Reads it. `read`: the bytes of a file below the log's folder, `None` where there is none.
///
/// # Errors
/// [`NoRecord`].
pub fn record<E>(
    trust: &TrustPolicy,
    mut read: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Record, NoRecord<E>> {
    if trust.asks_no_witness() {
        return Err(NoRecord::NoWitness);
    }
    let note = read("checkpoint").map_err(NoRecord::Read)?.unwrap_or_default();
    // How its epoch began is among what is followed below.
    let trust = trust.of_epoch(&String::from_utf8_lossy(&note));
    let verdict = published::verify(&trust, &mut read, []).map_err(NoRecord::Read)?;
    if let Some(finding) = verdict.findings.into_iter().next() {
        return Err(NoRecord::Unverified(finding));
    }
    let damaged = |why: &str| {
        let (path, why) = ("tile/entries".to_owned(), why.to_owned());
        NoRecord::Unverified(Finding::Damaged { path, why })
    };
    let origin = verdict.published.map(|trusted| trusted.checkpoint.origin().to_owned());
    let origin = origin.ok_or_else(|| damaged("there is no checkpoint"))?;
    let entries = published::entries(verdict.head.size, &mut read).map_err(NoRecord::Read)?;
    let entries = entries.ok_or_else(|| damaged("the files changed while they were read"))?;
    let (leaves, head) = followed(&origin, &entries).map_err(NoRecord::Unfollowed)?;
    if head != verdict.head {
        return Err(damaged("the files changed while they were read"));
    }
    Ok(Record { origin, head, leaves })
}

/// Follows entries of a log of this name, and gives what they say.
///
/// # Errors
/// [`Unfollowed`]: one is not signed, or no desk can have taken it.
pub fn followed(origin: &str, entries: &[Vec<u8>]) -> Result<(Vec<Leaf>, Head), Unfollowed> {
    let mut follower = Follower::new(party(origin));
    let mut leaves = Vec::with_capacity(entries.len());
    for entry in entries {
        leaves.push(follower.follow(entry, None)?);
    }
    Ok((leaves, follower.head()))
}

/// The desk as passkeys know it, by the name of its log: `desk.example.co.jp/log`. Only a play desk goes without TLS.
fn party(origin: &str) -> RelyingParty {
    let base = of_origin(origin).0;
    let host = base.strip_suffix("/log").unwrap_or(base);
    let id = host.split([':', '/']).next().unwrap_or_default();
    let scheme = if id == "localhost" { "http" } else { "https" };
    RelyingParty { id: id.to_owned(), origin: format!("{scheme}://{host}") }
}

impl<E: fmt::Display> fmt::Display for NoRecord<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "{error}"),
            Self::NoWitness => f.write_str(
                "the trust policy asks for no witness, so that the log could have been written anew",
            ),
            Self::Unverified(finding) => write!(f, "the log is not to be believed: {finding}"),
            Self::Unfollowed(error) => write!(f, "the log is not to be believed: {error}"),
        }
    }
}

impl<E> NoRecord<E> {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read(_) => {
                "name the folder that `kagimori-desk log export` has written, and the trust policy that the auditors keep"
            }
            Self::NoWitness => "name the witness in the trust policy, and make it the quorum",
            Self::Unverified(finding) => finding.hint(),
            Self::Unfollowed(error) => error.hint(),
        }
    }
}
