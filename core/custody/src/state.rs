//! How the desk stands: a fold of the leaves of its log, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::digest::Digest;
use crate::event::{Event, Exposure};
use crate::leaf::Leaf;
use crate::name::{KeyName, PersonId, RequestId, SeedId};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::request::Request;

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) size: u64,
    pub(crate) at: Option<Timestamp>,
    pub(crate) sealed: Option<SealedBy>,
    pub(crate) log_key: Option<String>,
    /// How often the log went on after a roll-back: the number of the last epoch, 0 while it is the first.
    pub(crate) epoch: u64,
    pub(crate) revoked: BTreeSet<KeyName>,
    pub(crate) seeds: BTreeMap<SeedId, HeldSeed>,
    pub(crate) requests: BTreeMap<RequestId, Arc<Request>>,
    /// Those that are not over, for whoever looks at them often.
    pub(crate) live: BTreeSet<RequestId>,
}

/// Who sealed the desk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "all of it is told")]
pub struct SealedBy {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A seed that is, or was, in custody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "pages show all of it")]
pub struct HeldSeed {
    /// The vault holds it; otherwise it is gone for good.
    pub is_held: bool,
    /// Which one under this name: 1, and one more with each rotation.
    pub generation: u32,
    /// Keyed digests of all that were.
    pub fingerprints: Vec<Digest>,
    /// The last step of which a code was made. It never goes back, whatever becomes of the seed.
    pub last_step: u64,
    /// What the machine's own clock said then: which start, and seconds since.
    pub last_clock: Option<(String, u64)>,
    /// Who saw what when it came.
    pub exposure: Exposure,
    /// Those who saw both halves of root: it has to be replaced.
    pub must_rotate: BTreeSet<PersonId>,
    /// Since when it is held.
    pub since: Timestamp,
}

/// Why leaves are not a log of this desk.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "where, and why")]
pub struct FoldError {
    /// The index of the leaf.
    pub leaf: u64,
    /// Why nobody can have taken it.
    pub refusal: Box<Refusal>,
}

impl fmt::Display for FoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} of the log cannot have been taken: {}", self.leaf, self.refusal)
    }
}

impl std::error::Error for FoldError {}

/// What the leaves say. A leaf that no step would have taken is an error: a log that somebody wrote by hand is noticed.
///
/// # Errors
/// [`FoldError`].
pub fn fold<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Result<State, FoldError> {
    let mut state = State::default();
    for leaf in leaves {
        state.fold_one(leaf)?;
    }
    Ok(state)
}

impl State {
    /// Takes up one more leaf of the log, which was taken then under the policy of then. What [`crate::step`] asked for was done then.
    ///
    /// # Errors
    /// [`FoldError`]; the state is as before.
    pub fn fold_one(&mut self, leaf: &Leaf) -> Result<(), FoldError> {
        let error = |refusal| FoldError { leaf: self.size, refusal: Box::new(refusal) };
        let policy = match (&self.policy, &leaf.event) {
            (Some(policy), _) => Arc::clone(policy),
            (None, Event::Found { policy }) => Policy::load((**policy).clone())
                .map(Arc::new)
                .map_err(|faults| error(Refusal::Faults(faults)))?,
            (None, _) => return Err(error(Refusal::NotFounded)),
        };
        let size = self.size;
        self.take(&leaf.event, &policy, leaf.at)
            .map(drop)
            .map_err(|refusal| FoldError { leaf: size, refusal: Box::new(refusal) })
    }

    /// The policy in force; `None`: the log is empty.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When the last leaf was taken.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// Who sealed it; `None`: it is open.
    pub fn sealed(&self) -> Option<&SealedBy> {
        self.sealed.as_ref()
    }

    /// The key that the log is signed with since it was changed; `None`: that of the beginning.
    pub fn log_key(&self) -> Option<&str> {
        self.log_key.as_deref()
    }

    /// The epoch of the log: 1, until a roll-back was settled.
    pub fn epoch(&self) -> u64 {
        self.epoch.max(1)
    }

    /// A request.
    pub fn request(&self, id: &RequestId) -> Option<&Request> {
        self.requests.get(id).map(|request| &**request)
    }

    /// All requests, by name.
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.requests.values().map(|request| &**request)
    }

    /// Those that are not over.
    pub fn live(&self) -> impl Iterator<Item = &Request> {
        self.live.iter().filter_map(|id| self.request(id))
    }

    /// The desk as if there were this request alone: for asking often what could be done with it, where a copy of everything is too much.
    #[must_use]
    pub fn alone(&self, id: &RequestId) -> Self {
        let requests = self.requests.get_key_value(id);
        Self {
            policy: self.policy.clone(),
            size: self.size,
            at: self.at,
            sealed: self.sealed.clone(),
            log_key: self.log_key.clone(),
            epoch: self.epoch,
            revoked: self.revoked.clone(),
            seeds: self.seeds.clone(),
            requests: requests.map(|(id, request)| (id.clone(), Arc::clone(request))).into_iter().collect(),
            live: self.live.get(id).cloned().into_iter().collect(),
        }
    }

    /// A seed that is or was in custody.
    pub fn seed(&self, id: &SeedId) -> Option<&HeldSeed> {
        self.seeds.get(id)
    }

    /// All of them.
    pub fn seeds(&self) -> impl Iterator<Item = (&SeedId, &HeldSeed)> {
        self.seeds.iter()
    }

    /// Whether a key counts no more.
    pub fn is_revoked(&self, key: &KeyName) -> bool {
        self.revoked.contains(key)
    }

    /// Whether a request needs the custody host: to be ready when it is approved, it starts when something is asked for.
    pub fn needs_host(&self) -> bool {
        use crate::ask::Kind::{Custody, Drill, RootCode};
        self.live().any(|request| matches!(request.ask.kind(), RootCode | Drill | Custody))
    }

    /// What the clock makes happen now: requests whose time is over.
    pub fn due(&self, now: Timestamp) -> Vec<Event> {
        let is_over = |request: &&Request| request.deadline().is_some_and(|deadline| deadline <= now);
        self.live().filter(is_over).map(|request| Event::Expire { request: request.ask.id.clone() }).collect()
    }

    /// Reviews that are owed longer than the rule allows, and since when.
    pub fn overdue_reviews(&self, now: Timestamp) -> Vec<(&Request, Timestamp)> {
        let within = |request: &Request| {
            let policy = self.policy()?;
            let (_, rule) = policy.rule(request.ask.kind(), request.ask.matter.account())?;
            Some(rule.review_within)
        };
        let overdue = |request: &'_ Request| {
            let end = request.end.as_ref().filter(|_| request.owes_review())?;
            let due = within(request).unwrap_or(crate::Lasting::seconds(0)).after(end.at);
            (due <= now).then_some(due)
        };
        self.requests().filter_map(|request| overdue(request).map(|due| (request, due))).collect()
    }

    /// When the next drill is due: so long after the last one that ended with a code, or after the practice seed came; `None`: there is no
    /// practice seed in custody.
    pub fn drill_due(&self) -> Option<Timestamp> {
        let policy = self.policy()?;
        let practised = self.requests().filter(|request| request.ask.kind() == crate::Kind::Drill);
        let last = practised.filter_map(|request| request.releases.last().map(|release| release.at)).max();
        let since = self
            .seeds
            .iter()
            .filter(|(id, held)| held.is_held && policy.seed(id).is_some_and(|seed| seed.practice));
        let since = since.map(|(_, held)| held.since).min()?;
        Some(policy.file().limits.drill_every.after(last.unwrap_or(since)))
    }

    /// When the clock makes something happen next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.live().filter_map(Request::deadline).min()
    }

    /// A digest of everything: two desks that stand alike have the same.
    pub fn digest(&self) -> Digest {
        #[derive(Serialize)]
        struct All<'a> {
            policy: Option<Digest>,
            size: u64,
            at: Option<Timestamp>,
            sealed: Option<&'a SealedBy>,
            log_key: Option<&'a str>,
            #[serde(skip_serializing_if = "is_first")]
            epoch: u64,
            revoked: &'a BTreeSet<KeyName>,
            seeds: &'a BTreeMap<SeedId, HeldSeed>,
            requests: Vec<&'a Request>,
        }
        let all = All {
            policy: self.policy.as_ref().map(|policy| policy.version()),
            size: self.size,
            at: self.at,
            sealed: self.sealed(),
            log_key: self.log_key(),
            epoch: self.epoch,
            revoked: &self.revoked,
            seeds: &self.seeds,
            requests: self.requests().collect(),
        };
        Digest::of_value("kagimori/state/1", &all)
    }

    pub(crate) fn put(&mut self, request: Request) {
        let id = request.ask.id.clone();
        if request.is_live() {
            self.live.insert(id.clone());
        } else {
            self.live.remove(&id);
        }
        self.requests.insert(id, Arc::new(request));
    }
}

/// The digests of logs without a roll-back are those of before there were epochs.
fn is_first(epoch: &u64) -> bool {
    *epoch == 0
}
