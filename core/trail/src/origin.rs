//! Where calls come from: the *origins* of a user, role or root.
//!
//! An origin is a network (or VPC endpoint, or platform) with the nature of the caller, a person, a program or a service of AWS.
//! Clients change every few weeks and are no part of it; they are told, and say whether a program has only moved.
//!
//! The walk: calls → [`Origins`] (a fold; parts merge in any order) → [`Judged`]: each origin is what is expected of its principal,
//! another's who uses the same credentials, or suspected, with signs. One judgement serves whoever learns from history: what a thief
//! did is nobody's need, and no damage when it ends. Keys are told apart within an origin, so that a review can say of which key.

mod judge;
mod network;
mod sum;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};
use serde::Serialize;

use crate::call::Call;
use crate::caller::{AddressKind, Agent, CallerKind, ClientFamily, CredentialSource, Host, Signals, kind};
use crate::event::Principal;
use crate::history::Made;

pub use judge::{Judged, Judgement, Origin, Sign};
pub use network::{network, network_text};
pub use sum::Origins;

/// Who makes the calls of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Nature {
    /// A person: the console, CloudShell, a command line on no server, any client on a personal computer.
    Person,
    /// A program.
    Program,
    /// A service of AWS, on the caller's behalf.
    Service,
}

/// Whose calls from where: equal for calls of one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginKey(u64);

/// Reads origins off calls. What agents tell is kept: few different ones make up a trail.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    agents: FxHashMap<Box<str>, Told>,
}

/// Agents that are remembered: a hostile trail must not fill the memory.
const AGENTS_MAX: usize = 1 << 14;

/// What an agent tells.
#[derive(Clone, Debug, Default)]
struct Told {
    family: Option<ClientFamily>,
    app: Option<Arc<str>>,
    environment: Option<CallerKind>,
    host: Option<Host>,
    credential: Option<CredentialSource>,
}

/// What is read off one call.
#[derive(Clone, Debug)]
struct Trace {
    key: OriginKey,
    nature: Nature,
    kind: CallerKind,
    told: Told,
}

impl Reader {
    /// The origin of a call; `None`: of nobody who has any.
    pub fn key(&mut self, call: &Call) -> Option<OriginKey> {
        Some(self.trace(&Made::of(call))?.key)
    }

    /// The same, without keeping what its agent tells.
    pub fn key_of(&self, call: &Call) -> Option<OriginKey> {
        let made = Made::of(call);
        let agent = made.agent.unwrap_or_default();
        let told = self.agents.get(agent).cloned().unwrap_or_else(|| Told::of(agent));
        Some(Self::trace_of(&made, told)?.key)
    }

    fn trace(&mut self, made: &Made<'_>) -> Option<Trace> {
        let told = self.told(made.agent.unwrap_or_default());
        Self::trace_of(made, told)
    }

    fn trace_of(made: &Made<'_>, told: Told) -> Option<Trace> {
        if matches!(made.principal, Principal::Service(_) | Principal::Other) {
            return None;
        }
        let kind = self::kind(told.agent(made.agent.unwrap_or_default()).as_ref(), signals(made));
        let nature = nature(kind, told.host);
        let mut hasher = FxHasher::default();
        made.principal.hash(&mut hasher);
        nature.hash(&mut hasher);
        network::hash(made, kind, told.environment, &mut hasher);
        Some(Trace { key: OriginKey(hasher.finish()), nature, kind, told })
    }

    /// Who made a call, and the network it came from, for people; `None`: of nobody who has any.
    pub fn place(&mut self, call: &Call) -> Option<(Nature, String)> {
        let made = Made::of(call);
        let Trace { nature, kind, told, .. } = self.trace(&made)?;
        Some((nature, network::text(&made, kind, told.environment)))
    }

    fn told(&mut self, agent: &str) -> Told {
        if let Some(told) = self.agents.get(agent) {
            return told.clone();
        }
        if self.agents.len() >= AGENTS_MAX {
            self.agents.clear();
        }
        let told = Told::of(agent);
        self.agents.insert(agent.into(), told.clone());
        told
    }
}

impl Told {
    fn of(agent: &str) -> Self {
        if agent.is_empty() {
            return Self::default();
        }
        let agent = Agent::parse(agent);
        Self {
            family: Some(agent.family),
            app: agent.app.map(Arc::from),
            environment: agent.environment,
            host: agent.host,
            credential: agent.credential,
        }
    }

    fn agent<'a>(&'a self, text: &'a str) -> Option<Agent<'a>> {
        let Self { environment, host, credential, .. } = *self;
        Some(Agent { text, family: self.family?, app: self.app.as_deref(), environment, host, credential })
    }
}

fn signals(made: &Made<'_>) -> Signals {
    Signals {
        address: made.address.map_or(AddressKind::Unknown, AddressKind::of),
        through_endpoint: made.vpc_endpoint.is_some(),
        invoked_by_aws: made.is_by_service,
        from_console: made.is_from_console,
        instance_session: made.is_instance_session,
    }
}

/// Whether it was made with the session of an instance: AWS names those of instance profiles by the instance,
/// `assumed-role/NAME/i-0123456789abcdef0`.
pub(crate) fn is_instance_session(call: &Call) -> bool {
    let session =
        call.caller.arn.as_deref().and_then(|arn| arn.rsplit_once('/')).map_or("", |(_, session)| session);
    let id = session.strip_prefix("i-").unwrap_or_default();
    id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn nature(kind: CallerKind, host: Option<Host>) -> Nature {
    match kind {
        CallerKind::AwsService => Nature::Service,
        CallerKind::Console | CallerKind::CloudShell => Nature::Person,
        _ if host == Some(Host::PersonalComputer) => Nature::Person,
        // On a kernel of a cloud, a command line is a script.
        CallerKind::CommandLine if host.is_none() || host == Some(Host::Windows) => Nature::Person,
        _ => Nature::Program,
    }
}

impl Nature {
    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Person => ("person", "人"),
            Self::Program => ("program", "プログラム"),
            Self::Service => ("AWS service", "AWS サービス"),
        }
    }
}

#[cfg(test)]
mod tests;
