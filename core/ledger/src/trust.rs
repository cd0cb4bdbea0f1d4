//! Whom to believe (C2SP `tlog-policy`): which logs, which witnesses, and how many of these must have seen a checkpoint.
//!
//! A checkpoint is valid when a log of the list has signed it and the quorum has cosigned it. A line that cannot be understood refuses the
//! whole file: half a policy is another policy.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::epoch;
use crate::key::{KeyError, KeyType, VerifyingKey};
use crate::note::Note;

/// Names of a file: what C2SP asks for is 32 of each kind.
const NAMES_MAX: usize = 1_000;

/// A policy file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: Vec<Party>,
    witnesses: Vec<Party>,
    /// In the order of the file: members stand before their group.
    groups: Vec<Group>,
    quorum: Option<String>,
}

/// A log or a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    name: String,
    key: VerifyingKey,
    url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    needs: usize,
    members: Vec<String>,
}

/// A checkpoint that the policy believes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trusted {
    /// What the log committed itself to.
    pub checkpoint: Checkpoint,
    /// The witnesses that have cosigned it: their names in the policy, and when, in seconds since 1970.
    pub seen_by: Vec<(String, u64)>,
}

/// Why a checkpoint is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum TrustError {
    /// It is none, or not signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A log of another name.
    #[error("the checkpoint is of the log `{0}`, which the trust policy does not name")]
    UnknownLog(String),
    /// Too few have seen it.
    #[error("the checkpoint of {size} entries was cosigned by {} of the witnesses, which is not the quorum `{quorum}`", seen_by.len())]
    NoQuorum {
        /// Of how many entries.
        size: u64,
        /// The name of the quorum.
        quorum: String,
        /// Who has.
        seen_by: Vec<String>,
    },
}

/// Why a text is no policy: the line, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the trust policy: {fault}")]
pub struct PolicyError {
    line: usize,
    fault: Fault,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Fault {
    /// Control characters.
    #[error("a policy has no control characters but tabs and line breaks")]
    Control,
    /// Another word, or too few or too many of them.
    #[error(
        "it is none of `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name> all|any|<k> <member>…`, `quorum <name>|none`"
    )]
    Form,
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A witness's key for a log, or the other way round.
    #[error("the key `{0}` is of the wrong type: logs have 0x01, witnesses 0x04")]
    Type(String),
    /// The same key twice.
    #[error("the key `{0}` stands there already")]
    Duplicate(String),
    /// The same name twice, or `none`.
    #[error("the name `{0}` is taken")]
    Taken(String),
    /// Named before it is there.
    #[error("`{0}` is no witness and no group of a line before this one")]
    Unknown(String),
    /// In two groups, or twice in one.
    #[error("`{0}` is a member already, and can count once")]
    Member(String),
    /// More than there are, or none.
    #[error("a group of {members} needs a number from 1 to {members}, and not `{found}`")]
    Number {
        /// How many members.
        members: usize,
        /// What is written.
        found: String,
    },
    /// Two quorum lines, or none.
    #[error("a policy has one quorum line")]
    Quorum,
    /// Too long.
    #[error("a policy has {NAMES_MAX} names at most")]
    TooMany,
}

impl TrustPolicy {
    /// One log, and a quorum of witnesses by number: what a file of these says.
    ///
    /// # Errors
    /// [`PolicyError`], as the file would have.
    pub fn of(log: &VerifyingKey, needs: usize, witnesses: &[VerifyingKey]) -> Result<Self, PolicyError> {
        let mut text = format!("log {log}\n");
        let names: Vec<String> = (1..=witnesses.len()).map(|number| format!("w{number}")).collect();
        for (name, key) in names.iter().zip(witnesses) {
            text.push_str(&format!("witness {name} {key}\n"));
        }
        match needs {
            0 => text.push_str("quorum none\n"),
            needs => {
                text.push_str(&format!("group witnesses {needs} {}\nquorum witnesses\n", names.join(" ")))
            }
        }
        text.parse()
    }

    /// The logs.
    pub fn logs(&self) -> &[Party] {
        &self.logs
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[Party] {
        &self.witnesses
    }

    /// Whether a checkpoint is believed without any witness.
    pub fn asks_no_witness(&self) -> bool {
        self.quorum.is_none()
    }

    /// The same policy for another name of its logs' keys: what a log is called after a restore (see [`crate::epoch`]).
    #[must_use]
    pub fn with_logs(&self, keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let logs = keys.into_iter().map(|key| Party { name: key.name().to_owned(), key, url: None });
        Self { logs: logs.collect(), ..self.clone() }
    }

    /// The same policy under the name that its logs have in the epoch of a note. For whoever asks besides how that epoch began: the key alone
    /// may not begin one.
    #[must_use]
    pub fn of_epoch(&self, note: &str) -> Self {
        let origin = note.split('\n').next().unwrap_or_default();
        let (base, _) = epoch::of_origin(origin);
        let is_it = |log: &&Party| epoch::of_origin(log.name()).0 == base;
        self.with_logs(self.logs.iter().filter(is_it).filter_map(|log| log.key.renamed(origin).ok()))
    }

    /// Checks the signature of the log and the cosignatures of the quorum.
    ///
    /// # Errors
    /// [`TrustError`] when it is not to be believed; a signature of somebody of the policy that is not of this text refuses it, whoever
    /// else has signed.
    pub fn check(&self, note: &str) -> Result<Trusted, TrustError> {
        let trusted = self.check_log(note)?;
        let Some(quorum) = &self.quorum else { return Ok(trusted) };
        let seen: BTreeSet<&str> = trusted.seen_by.iter().map(|(name, _)| name.as_str()).collect();
        if self.is_met(quorum, &seen) {
            return Ok(trusted);
        }
        let seen_by = seen.into_iter().map(str::to_owned).collect();
        Err(TrustError::NoQuorum { size: trusted.checkpoint.size(), quorum: quorum.clone(), seen_by })
    }

    /// Checks what [`TrustPolicy::check`] does, but not how many witnesses there are.
    ///
    /// # Errors
    /// As [`TrustPolicy::check`], without [`TrustError::NoQuorum`].
    pub fn check_log(&self, note: &str) -> Result<Trusted, TrustError> {
        let note: Note = note.parse().map_err(CheckpointError::from)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        let log = self.logs.iter().filter(|log| log.key.name() == checkpoint.origin());
        let keys: Vec<VerifyingKey> = log.map(|log| log.key.clone()).collect();
        if keys.is_empty() {
            return Err(TrustError::UnknownLog(checkpoint.origin().to_owned()));
        }
        note.verified_by(&keys).map_err(CheckpointError::from)?;
        let keys: Vec<VerifyingKey> = self.witnesses.iter().map(|witness| witness.key.clone()).collect();
        let seen = note.cosignatures(&keys).map_err(CheckpointError::from)?;
        let named = |(key, time): (&VerifyingKey, u64)| {
            let witness = self.witnesses.iter().find(|witness| witness.key == *key)?;
            Some((witness.name.clone(), time))
        };
        Ok(Trusted { checkpoint, seen_by: seen.into_iter().filter_map(named).collect() })
    }

    /// Whether a witness has cosigned, or enough of a group. Members stand on lines before, so that this ends.
    fn is_met(&self, name: &str, seen: &BTreeSet<&str>) -> bool {
        let mut met: BTreeMap<&str, bool> = BTreeMap::new();
        met.extend(
            self.witnesses
                .iter()
                .map(|witness| (witness.name.as_str(), seen.contains(witness.name.as_str()))),
        );
        for group in &self.groups {
            let count = group.members.iter().filter(|member| met.get(member.as_str()) == Some(&true)).count();
            met.insert(&group.name, count >= group.needs);
        }
        met.get(name) == Some(&true)
    }
}

impl Party {
    /// What the policy calls it; a log has its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Where it is asked.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

impl FromStr for TrustPolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut reader = Reader::default();
        let mut last = 0;
        for (place, line) in text.split('\n').enumerate() {
            last = place.saturating_add(1);
            reader.take(line).map_err(|fault| PolicyError { line: last, fault })?;
        }
        let quorum = reader.quorum.ok_or(PolicyError { line: last, fault: Fault::Quorum })?;
        let Reader { logs, witnesses, groups, .. } = reader;
        Ok(Self { logs, witnesses, groups, quorum })
    }
}

/// What the lines so far say.
#[derive(Default)]
struct Reader {
    logs: Vec<Party>,
    witnesses: Vec<Party>,
    groups: Vec<Group>,
    members: BTreeSet<String>,
    /// `Some(None)`: no witness is asked for.
    quorum: Option<Option<String>>,
}

impl Reader {
    fn take(&mut self, line: &str) -> Result<(), Fault> {
        if line.chars().any(|letter| letter.is_ascii_control() && letter != '\t') {
            return Err(Fault::Control);
        }
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if self.logs.len() + self.witnesses.len() + self.groups.len() >= NAMES_MAX {
            return Err(Fault::TooMany);
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["log", key, url @ ..] => self.log(key, url),
            ["witness", name, key, url @ ..] => self.witness(name, key, url),
            ["group", name, number, members @ ..] => self.group(name, number, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(Fault::Form),
        }
    }

    fn log(&mut self, key: &str, url: &[&str]) -> Result<(), Fault> {
        let key = read(key, KeyType::Ed25519, &self.logs)?;
        self.logs.push(Party { name: key.name().to_owned(), key, url: one(url)? });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: &[&str]) -> Result<(), Fault> {
        self.must_be_free(name)?;
        let key = read(key, KeyType::Cosignature, &self.witnesses)?;
        self.witnesses.push(Party { name: name.to_owned(), key, url: one(url)? });
        Ok(())
    }

    fn group(&mut self, name: &str, number: &str, members: &[&str]) -> Result<(), Fault> {
        self.must_be_free(name)?;
        let count = members.len();
        let needs = match number {
            "all" => count,
            "any" => 1,
            number => number.parse().ok().filter(|read: &usize| read.to_string() == number).unwrap_or(0),
        };
        if !(1..=count).contains(&needs) {
            return Err(Fault::Number { members: count, found: number.to_owned() });
        }
        for member in members {
            self.must_be_known(member)?;
            if !self.members.insert((*member).to_owned()) {
                return Err(Fault::Member((*member).to_owned()));
            }
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), needs, members });
        Ok(())
    }

    fn quorum(&mut self, name: &str) -> Result<(), Fault> {
        if self.quorum.is_some() {
            return Err(Fault::Quorum);
        }
        if name != "none" {
            self.must_be_known(name)?;
        }
        self.quorum = Some(Some(name.to_owned()).filter(|name| name != "none"));
        Ok(())
    }

    fn is_known(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.name == name)
            || self.groups.iter().any(|group| group.name == name)
    }

    fn must_be_known(&self, name: &str) -> Result<(), Fault> {
        if self.is_known(name) { Ok(()) } else { Err(Fault::Unknown(name.to_owned())) }
    }

    fn must_be_free(&self, name: &str) -> Result<(), Fault> {
        let is_taken = name == "none" || self.is_known(name);
        if is_taken { Err(Fault::Taken(name.to_owned())) } else { Ok(()) }
    }
}

fn read(key: &str, kind: KeyType, known: &[Party]) -> Result<VerifyingKey, Fault> {
    let key = VerifyingKey::parse(key)?;
    if key.kind() != kind {
        return Err(Fault::Type(key.name().to_owned()));
    }
    if known.iter().any(|party| party.key.is_duplicate_of(&key)) {
        return Err(Fault::Duplicate(key.name().to_owned()));
    }
    Ok(key)
}

fn one(words: &[&str]) -> Result<Option<String>, Fault> {
    match words {
        [] => Ok(None),
        [url] => Ok(Some((*url).to_owned())),
        [..] => Err(Fault::Form),
    }
}

impl TrustError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.hint(),
            Self::UnknownLog(_) => "give the trust policy of this log, from whoever runs it",
            Self::NoQuorum { .. } => {
                "ask the log for the checkpoint with its cosignatures; when the witnesses refuse it, ask them what they saw"
            }
        }
    }
}

impl PolicyError {
    /// Which line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong with it.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "correct the line; the form is that of C2SP `tlog-policy`"
    }
}
