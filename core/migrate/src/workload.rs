//! Signatures of one program, or of one person, together.
//!
//! Two signatures are of one workload when they may be of one class, name no different application, tell of no different machines, and
//! something holds them together: an address, the same client on the same kind of machine, or the hours they are at work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kagimori_trail::caller::{Agent, ClientFamily, CredentialSource, Host};

use crate::class::Classes;
use crate::piece::{self, Piece, Strength};
use crate::seen::{Place, Signature, Tally};

/// What is at work at more than one in so many hours meets everybody.
const SELDOM: usize = 3;
/// Hours of one that are hours of the other, in percent.
const TOGETHER: usize = 80;

/// One workload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Workload {
    /// All of it.
    pub tally: Tally,
    /// Its clients, as they call themselves.
    pub agents: BTreeSet<Arc<str>>,
    /// Its evidence, the strongest first.
    pub pieces: Vec<Piece>,
    /// How the credential reaches it, by calls; `None`: its clients do not tell.
    pub sources: BTreeMap<Option<CredentialSource>, u64>,
    /// The names that its clients give themselves (`app/NAME`).
    pub apps: BTreeSet<String>,
    pub(crate) allows: Classes,
    pub(crate) names: Classes,
    pub(crate) has_public: bool,
    pub(crate) is_command_line: bool,
    pub(crate) is_ubuntu: bool,
    /// Every client is one of an SDK or the AWS CLI.
    pub(crate) is_sdk: bool,
    machines: BTreeSet<Machine>,
    shapes: BTreeSet<(ClientFamily, Option<Machine>)>,
}

/// What a kernel tells of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Machine {
    Of(Host),
    /// A distribution's own kernel.
    Plain,
}

impl Machine {
    fn of(agent: &Agent<'_>) -> Option<Self> {
        // Subsystems and containers of a Windows computer are on it.
        match agent.host {
            Some(Host::Windows) => Some(Self::Of(Host::PersonalComputer)),
            Some(host) => Some(Self::Of(host)),
            None => agent.kernel().map(|_| Self::Plain),
        }
    }
}

impl Workload {
    fn of(signature: &Signature, tally: &Tally) -> Self {
        let agent = Agent::parse(&signature.agent);
        let pieces = piece::of(signature, tally);
        let machine = Machine::of(&agent);
        let is_sdk =
            !matches!(agent.family, ClientFamily::Other | ClientFamily::Unknown | ClientFamily::S3Tool);
        Self {
            tally: tally.clone(),
            agents: BTreeSet::from([Arc::clone(&signature.agent)]),
            allows: pieces.iter().fold(Classes::ALL, |all, piece| all.and(piece.allows)),
            names: pieces.iter().fold(Classes::NONE, |all, piece| all.or(piece.names)),
            pieces,
            sources: BTreeMap::from([(agent.credential, tally.calls)]),
            apps: agent.app.map(str::to_owned).into_iter().collect(),
            has_public: signature.place == Place::Public,
            is_command_line: matches!(agent.family, ClientFamily::AwsCli | ClientFamily::PowerShell),
            is_ubuntu: piece::is_ubuntu(agent.text),
            is_sdk,
            machines: machine.into_iter().collect(),
            shapes: BTreeSet::from([(agent.family, machine)]),
        }
    }

    fn goes_with(&self, other: &Self) -> bool {
        let is_one_machine =
            self.machines.is_empty() || other.machines.is_empty() || self.machines == other.machines;
        let is_one_app = self.apps.is_empty() || other.apps.is_empty() || self.apps == other.apps;
        let is_possible = !self.allows.and(other.allows).is_empty() && is_one_machine && is_one_app;
        is_possible && (self.shares_address(other) || self.is_shaped_as(other) || self.works_with(other))
    }

    fn shares_address(&self, other: &Self) -> bool {
        self.tally.addresses.iter().any(|address| other.tally.addresses.contains(address))
    }

    /// The same client on the same machine. One that does not tell its machine may be on any: it has to be the same but for versions.
    fn is_shaped_as(&self, other: &Self) -> bool {
        let mut told = self.shapes.iter().filter(|(_, machine)| machine.is_some());
        let same = |agent: &Arc<str>| other.agents.iter().any(|held| is_same_but_for_versions(agent, held));
        told.any(|shape| other.shapes.contains(shape)) || self.agents.iter().any(same)
    }

    /// At work in the same hours, where these are few.
    fn works_with(&self, other: &Self) -> bool {
        let (few, many) = match self.tally.hours.len() <= other.tally.hours.len() {
            true => (&self.tally.hours, &other.tally.hours),
            false => (&other.tally.hours, &self.tally.hours),
        };
        let (Some(first), Some(last)) = (many.first(), many.last()) else { return false };
        let span = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
        let is_seldom = many.len().saturating_mul(SELDOM) <= span;
        let together = few.intersection(many).count();
        is_seldom && few.len() >= 3 && together.saturating_mul(100) >= few.len().saturating_mul(TOGETHER)
    }

    fn join(&mut self, other: Self) {
        self.allows = self.allows.and(other.allows);
        self.names = self.names.or(other.names);
        self.tally.merge(other.tally);
        self.agents.extend(other.agents);
        self.apps.extend(other.apps);
        self.machines.extend(other.machines);
        self.shapes.extend(other.shapes);
        self.has_public |= other.has_public;
        self.is_command_line |= other.is_command_line;
        self.is_ubuntu |= other.is_ubuntu;
        self.is_sdk &= other.is_sdk;
        for (source, calls) in other.sources {
            let held = self.sources.entry(source).or_default();
            *held = held.saturating_add(calls);
        }
        for piece in other.pieces {
            let same = |held: &&mut Piece| {
                (held.sort, &held.says, held.allows, held.names)
                    == (piece.sort, &piece.says, piece.allows, piece.names)
            };
            match self.pieces.iter_mut().find(same) {
                Some(held) => held.calls = held.calls.saturating_add(piece.calls),
                None => self.pieces.push(piece),
            }
        }
    }

    /// What pieces of a strength leave.
    pub(crate) fn left_by(&self, strength: Strength) -> Classes {
        let strong = self.pieces.iter().filter(|piece| piece.strength >= strength);
        strong.fold(Classes::ALL, |all, piece| all.and(piece.allows))
    }

    pub(crate) fn sort(&mut self) {
        self.pieces.sort_by(|a, b| {
            (std::cmp::Reverse(a.strength), std::cmp::Reverse(a.calls), a).cmp(&(
                std::cmp::Reverse(b.strength),
                std::cmp::Reverse(b.calls),
                b,
            ))
        });
    }
}

fn is_same_but_for_versions(one: &str, other: &str) -> bool {
    let letters = |text: &str| {
        text.chars().filter(|letter| !letter.is_ascii_digit() && *letter != '.').collect::<String>()
    };
    one == other || letters(one) == letters(other)
}

/// The workloads of signatures, the busiest first.
pub(crate) fn of<'s>(signatures: impl Iterator<Item = (&'s Signature, &'s Tally)>) -> Vec<Workload> {
    let mut single: Vec<Workload> =
        signatures.map(|(signature, tally)| Workload::of(signature, tally)).collect();
    // What tells most comes first, so that what tells nothing finds its place; then the order of the signatures.
    single.sort_by_key(|one| (one.allows.len(), std::cmp::Reverse(one.tally.worked)));
    let mut workloads: Vec<Workload> = Vec::new();
    for one in single {
        match workloads.iter_mut().find(|held| held.goes_with(&one)) {
            Some(held) => held.join(one),
            None => workloads.push(one),
        }
    }
    // Joined ones may go together by what each brought along.
    let mut joined: Vec<Workload> = Vec::new();
    for one in workloads {
        match joined.iter_mut().find(|held| held.goes_with(&one)) {
            Some(held) => held.join(one),
            None => joined.push(one),
        }
    }
    joined.sort_by_key(|one| std::cmp::Reverse(one.tally.worked));
    joined.iter_mut().for_each(Workload::sort);
    joined
}
