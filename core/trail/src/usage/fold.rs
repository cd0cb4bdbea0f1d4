//! The fold: events in, [`Usage`] out.

mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;

use kagimori_id::{AccessKeyId, AccountId, Arn};
use rustc_hash::{FxHashMap, FxHashSet};

use super::activity::{ActivitySum, Call, Names, Outcome, day, instant};
use super::content::content;
use super::{Activity, Coverage, KeyUsage, SignIns, Totals, Usage};
use crate::caller::{self, AddressKind, Agent, CallerKind, ClientFamily, CredentialSource, Host, Signals};
use crate::copies::{Copies, is_anothers};
use crate::event::{Event, Identity, Principal, Reading, SignIn};
use crate::redact;

pub use tally::{AgentName, Called, CalledFrom, Name, Tally, Who};

/// Entries of a cache, at most: few different identities and agents make up a trail, and a hostile one must not fill
/// the memory.
const CACHE_MAX: usize = 1 << 15;
/// So many names are held before the unused ones are looked for; few in tests, so that the laws hold with it.
const NAMES_MAX: usize = if cfg!(test) { 24 } else { 1 << 18 };

/// A sum of events that is not finished.
///
/// [`Fold::add`] and [`Fold::merge`] may come in any order: the same events give the same [`Usage`].
#[derive(Clone, Debug, Default)]
pub struct Fold {
    names: Names,
    /// How many names were held when the unused ones were last forgotten.
    names_kept: usize,
    subjects: FxHashMap<Subject, usize>,
    activities: Vec<ActivitySum>,
    key_owners: FxHashMap<AccessKeyId, Owner>,
    coverage: FxHashMap<AccountId, CoverageSum>,
    sign_ins: BTreeMap<Signer, SignIns>,
    /// Calls of which several accounts got a copy.
    copies: Copies<(Event<'static>, Arc<Caller>)>,
    totals: Totals,
    identities: FxHashMap<Box<str>, Arc<Caller>>,
    agents: Vec<CachedAgent>,
    /// Where in `agents` each text is.
    agent_places: FxHashMap<Box<str>, u32>,
    /// Of the names that are addresses.
    address_kinds: Vec<Option<AddressKind>>,
}

/// Whose activity is summed up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Subject {
    Key(AccessKeyId),
    User(Arn),
    Role(Arn),
    Root(AccountId),
    AssumedRoot(AccountId),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Signer {
    Arn(Arn),
    Name(AccountId, String),
    /// Of Identity Center, by the id in its identity store, else by name.
    Person(AccountId, String),
}

/// Whose key it is. When events differ, the smallest of what they tell stays: any order gives the same.
#[derive(Clone, Debug, Default)]
struct Owner {
    account: Option<AccountId>,
    arn: Option<Arn>,
}

#[derive(Clone, Debug)]
struct CoverageSum {
    first: i64,
    last: i64,
    events: u64,
    days: FxHashSet<i32>,
    data_events: bool,
}

/// A `userIdentity`, understood.
#[derive(Clone, Debug, Default)]
struct Caller {
    identity: Identity<'static>,
    /// Whose activities its calls belong to: a key's, and a user's, role's or root's.
    activities: [Option<usize>; 2],
    signer: Option<Signer>,
    /// Who signs in as nobody of IAM: a person of Identity Center.
    person: Option<Signer>,
    mfa: bool,
    invoked_by_aws: bool,
    through_console: bool,
    instance_session: bool,
    odd_types: u32,
}

#[derive(Clone, Debug)]
struct CachedAgent {
    text: Box<str>,
    number: u32,
    family: ClientFamily,
    app: Option<Box<str>>,
    environment: Option<CallerKind>,
    host: Option<Host>,
    credential: Option<CredentialSource>,
    /// The number of the workload's label for each kind of caller that was seen with this agent.
    workloads: Vec<(CallerKind, Option<u32>)>,
}

impl Fold {
    /// Counts a file.
    pub fn add_file(&mut self, bytes: u64, reading: &Reading) {
        self.totals.files += 1;
        self.totals.bytes += bytes;
        self.totals.damaged_events += reading.damaged;
        self.totals.not_calls += reading.not_calls;
        self.totals.odd_types += reading.odd_types;
    }

    /// Counts what was read and set aside elsewhere, where the events come from a store.
    pub fn add_totals(&mut self, totals: &Totals) {
        self.totals.merge(totals);
    }

    /// Counts an event. `fresh`: no event with its [`event_key`](super::event_key) was counted before.
    pub fn add(&mut self, event: &Event<'_>, fresh: bool) {
        if !fresh {
            self.totals.duplicates += 1;
            return;
        }
        if event.updates_earlier {
            return self.add_update();
        }
        let caller = self.caller(event.identity.as_deref());
        self.add_call(event, &caller, || content(event));
    }

    /// Counts an event of a store, which knows whose it is, and holds it once.
    /// `event` has no bodies, so the store tells its [`content`], too.
    pub fn add_of(&mut self, event: &Event<'_>, who: &Who, content: u16) {
        self.add_call(event, who.caller(), || content);
    }

    /// Counts an event that repeats an earlier one with other fields.
    pub fn add_update(&mut self) {
        self.totals.updates += 1;
    }

    fn add_call(&mut self, event: &Event<'_>, caller: &Arc<Caller>, content: impl FnOnce() -> u16) {
        self.totals.events += 1;
        self.totals.odd_types += u64::from(caller.odd_types);
        self.cover(event, caller.identity.account.as_deref());
        if event.is_service_event() || caller.is_nobody() {
            self.totals.others_calls += 1;
            self.sign_in_person(event, caller);
            return;
        }
        if !self.waits(event, caller, content) {
            self.count(event, caller);
        }
    }

    /// Takes in the events of another fold.
    pub fn merge(&mut self, other: Self) {
        let renumber: Vec<u32> = other.names.texts().map(|name| self.names.number(name)).collect();
        let mut number = |old: u32| renumber.get(old as usize).copied().unwrap_or(old);
        let mut slots: Vec<(Subject, usize)> = other.subjects.into_iter().collect();
        slots.sort_unstable_by_key(|(_, slot)| *slot);
        for ((subject, _), sum) in slots.into_iter().zip(other.activities) {
            let slot = self.slot(subject);
            if let Some(activity) = self.activities.get_mut(slot) {
                activity.merge(sum.renumbered(&mut number), &self.names);
            }
        }
        other.key_owners.into_iter().for_each(|(key, owner)| self.owner(key, owner));
        other.coverage.into_iter().for_each(|(account, sum)| {
            self.coverage.entry(account).and_modify(|known| known.merge(&sum)).or_insert(sum);
        });
        for (signer, sum) in other.sign_ins {
            self.sign_ins.entry(signer).or_default().merge(&sum);
        }
        self.copies.merge(other.copies);
        self.totals.merge(&other.totals);
    }

    /// The facts.
    pub fn finish(mut self) -> Usage {
        let (counting, left_out) = std::mem::take(&mut self.copies).finish();
        self.totals.shared_copies += left_out;
        for (event, caller) in counting {
            // Another fold may have understood it: what it wrote down are places of its own.
            let caller = self.understand(&caller.identity);
            self.count(&event, &caller);
        }
        let mut slots: Vec<(Subject, usize)> = self.subjects.into_iter().collect();
        slots.sort_unstable_by_key(|(_, slot)| *slot);
        let mut usage = Usage { totals: self.totals, ..Usage::default() };
        for ((subject, _), sum) in slots.into_iter().zip(self.activities) {
            if let Some(activity) = sum.finish(&self.names) {
                usage.put(subject, activity, &self.key_owners);
            }
        }
        usage.coverage = self.coverage.into_iter().map(|(account, sum)| (account, sum.finish())).collect();
        usage.put_sign_ins(&self.sign_ins);
        usage
    }

    /// Who called, from the cache.
    fn caller(&mut self, identity: Option<&str>) -> Arc<Caller> {
        let Some(json) = identity else { return Arc::default() };
        if let Some(caller) = self.identities.get(json) {
            return Arc::clone(caller);
        }
        let caller = Arc::new(self.understand(&redact::identity(Identity::parse(json))));
        if self.identities.len() >= CACHE_MAX {
            self.identities.clear();
        }
        self.identities.insert(json.into(), Arc::clone(&caller));
        caller
    }

    fn understand(&mut self, identity: &Identity<'_>) -> Caller {
        let principal = identity.principal();
        let invoked_by_aws = identity.invoked_by_aws();
        let (subject, signer) = match &principal {
            Principal::User(arn) => (Some(Subject::User(arn.clone())), Some(Signer::Arn(arn.clone()))),
            Principal::Role(arn) => (Some(Subject::Role(arn.clone())), Some(Signer::Arn(arn.clone()))),
            // What AWS does with root's identity is not root's use (CIS's metric filter excludes it too).
            Principal::Root(..) if invoked_by_aws => (None, None),
            Principal::Root(account, arn) => (Some(Subject::Root(*account)), Some(Signer::Arn(arn.clone()))),
            Principal::AssumedRoot(_) if invoked_by_aws => (None, None),
            Principal::AssumedRoot(account) => (Some(Subject::AssumedRoot(*account)), None),
            Principal::UserName(account, name) => (None, Some(Signer::Name(*account, name.clone()))),
            Principal::UniqueId(..) | Principal::Service(_) | Principal::Other => (None, None),
        };
        // Another account's user may be told by its unique id alone, and its key is the same.
        let is_somebodys = subject.is_some() || matches!(principal, Principal::UniqueId(..));
        let key = identity.access_key.as_deref().filter(|_| is_somebodys).and_then(long_term_key);
        if let Some(key) = &key {
            let arn = match principal {
                Principal::User(arn) | Principal::Root(_, arn) => Some(arn),
                _ => None,
            };
            self.owner(key.clone(), Owner { account: identity.account_id(), arn });
        }
        // A session signs in by its own name: it tells the person.
        let session = identity.arn.as_deref().and_then(|arn| Arn::parse(arn).ok());
        let session = session.filter(|arn| arn.service() == "sts").map(Signer::Arn);
        let person = identity.person().map(|(account, name)| Signer::Person(account, name.to_owned()));
        Caller {
            identity: identity.clone().into_owned(),
            activities: [key.map(Subject::Key), subject].map(|subject| Some(self.slot(subject?))),
            signer: signer.map(|signer| session.unwrap_or(signer)),
            person,
            mfa: identity.mfa == Some(true),
            invoked_by_aws,
            through_console: identity.through_console(),
            instance_session: identity.is_instance_session(),
            odd_types: identity.odd_types,
        }
    }

    fn slot(&mut self, subject: Subject) -> usize {
        let next = self.activities.len();
        let slot = *self.subjects.entry(subject).or_insert(next);
        if slot == next {
            self.activities.push(ActivitySum::default());
        }
        slot
    }

    fn owner(&mut self, key: AccessKeyId, owner: Owner) {
        let known = self.key_owners.entry(key).or_default();
        known.account = smallest(known.account, owner.account);
        known.arn = smallest(known.arn.take(), owner.arn);
    }

    fn cover(&mut self, event: &Event<'_>, caller: Option<&str>) {
        let account =
            event.recipient.as_deref().or(caller).and_then(|account| AccountId::parse(account).ok());
        let Some(account) = account else { return };
        let sum = self.coverage.entry(account).or_insert_with(|| CoverageSum {
            first: event.time,
            last: event.time,
            events: 0,
            days: FxHashSet::default(),
            data_events: false,
        });
        sum.first = sum.first.min(event.time);
        sum.last = sum.last.max(event.time);
        sum.events += 1;
        sum.days.insert(day(event.time));
        sum.data_events |= event.is_data_event();
    }

    /// Whether an event is another's copy, and waits.
    fn waits(&mut self, event: &Event<'_>, caller: &Arc<Caller>, content: impl FnOnce() -> u16) -> bool {
        let Some(shared_id) = event.shared_id.as_deref() else { return false };
        let recipient = event.recipient.as_deref();
        if is_anothers(true, recipient, caller.identity.account.as_deref()) {
            let copy = || Some((event.clone().into_owned(), Arc::clone(caller)));
            self.copies.wait(shared_id, (recipient, event.id.as_deref(), content()), copy);
            return true;
        }
        self.copies.saw_callers(shared_id);
        false
    }

    /// Counts a call for those whose call it is.
    fn count(&mut self, event: &Event<'_>, caller: &Caller) {
        if let (Some(signer), Some(sign_in)) = (&caller.signer, event.sign_in) {
            self.sign_ins.entry(signer.clone()).or_default().add(event.time, signer.told(sign_in));
        }
        let outcome = Outcome {
            source: self.names.number(&event.source),
            name: self.names.number(&event.name),
            error: event.error.as_deref().map(|error| self.names.number(error)),
        };
        let [address, endpoint, region] = [&event.address, &event.vpc_endpoint, &event.region]
            .map(|place| place.as_deref().map(|place| self.name(place)));
        let signals = Signals {
            address: address.map_or(AddressKind::Unknown, |address| self.address_kind(address)),
            through_endpoint: endpoint.is_some(),
            invoked_by_aws: caller.invoked_by_aws,
            from_console: event.from_console || event.sign_in.is_some() || caller.through_console,
            instance_session: caller.instance_session,
        };
        let agent = event.agent.as_deref().map(|agent| self.agent(agent));
        let call = Call {
            time: event.time,
            outcome,
            read_only: event.read_only,
            write: tally::is_write(event.error.is_some(), event.read_only, &event.source),
            mfa: caller.mfa || event.sign_in.is_some_and(|sign_in| sign_in.mfa == Some(true)),
            place: self.place(signals, [address, endpoint, region], agent),
        };
        for slot in caller.activities.into_iter().flatten() {
            if let Some(activity) = self.activities.get_mut(slot) {
                activity.add(&call, &self.names);
            }
        }
        self.tidy();
    }

    /// Counts the sign-in of a person of Identity Center, whose events are the service's own.
    fn sign_in_person(&mut self, event: &Event<'_>, caller: &Caller) {
        if let (Some(person), Some(sign_in)) = (&caller.person, event.sign_in) {
            self.sign_ins.entry(person.clone()).or_default().add(event.time, sign_in);
        }
    }

    /// Keeps only the names that some activity still holds: addresses and agents that fell beyond a bound would fill the
    /// memory otherwise.
    fn forget_unused_names(&mut self) {
        let old = std::mem::take(&mut self.names);
        // The agents hold numbers too.
        self.forget_agents();
        self.address_kinds.clear();
        for activity in &mut self.activities {
            let sum = std::mem::take(activity);
            *activity = sum.renumbered(&mut |number| self.names.number(old.text(number)));
        }
        self.names_kept = self.names.len();
    }

    fn forget_agents(&mut self) {
        self.agents.clear();
        self.agent_places.clear();
    }
}

impl Signer {
    /// What a sign-in tells of this one. `MFAUsed` is `No` for whoever comes from an identity provider: what that asked for is not told
    /// (*AWS Management Console sign-in events*, the example of a federated user).
    fn told(&self, sign_in: SignIn) -> SignIn {
        let is_session =
            matches!(self, Self::Arn(arn) if arn.service() == "sts" || arn.resource().starts_with("role/"));
        SignIn { mfa: sign_in.mfa.filter(|used| *used || !is_session), ..sign_in }
    }
}

impl Caller {
    /// Nobody who is a user, role or root of IAM.
    fn is_nobody(&self) -> bool {
        self.activities == [None; 2] && self.signer.is_none()
    }
}

impl CachedAgent {
    fn new(text: &str, names: &mut Names) -> Self {
        let told = redact::text(text);
        let agent = Agent::parse(&told);
        Self {
            text: agent.text.into(),
            number: names.number(agent.text),
            family: agent.family,
            app: agent.app.map(Into::into),
            environment: agent.environment,
            host: agent.host,
            credential: agent.credential,
            workloads: Vec::new(),
        }
    }

    fn agent(&self) -> Agent<'_> {
        Agent {
            text: &self.text,
            family: self.family,
            app: self.app.as_deref(),
            environment: self.environment,
            host: self.host,
            credential: self.credential,
        }
    }

    /// The agent, with the label of its workload for this kind of caller at hand.
    fn with_workload(&mut self, kind: CallerKind, names: &mut Names) -> &Self {
        if !self.workloads.iter().any(|(known, _)| *known == kind) {
            let label = caller::workload(kind, Some(&self.agent()));
            self.workloads.push((kind, label.map(|label| names.number(&label))));
        }
        self
    }

    fn workload(&self, kind: CallerKind) -> Option<u32> {
        self.workloads.iter().find(|(known, _)| *known == kind)?.1
    }
}

impl CoverageSum {
    fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.events += other.events;
        self.days.extend(other.days.iter().copied());
        self.data_events |= other.data_events;
    }

    fn finish(self) -> Coverage {
        Coverage {
            first: instant(self.first),
            last: instant(self.last),
            events: self.events,
            days: u32::try_from(self.days.len()).unwrap_or(u32::MAX),
            data_events: self.data_events,
        }
    }
}

impl SignIns {
    fn add(&mut self, time: i64, sign_in: SignIn) {
        let time = Some(instant(time));
        if !sign_in.succeeded {
            self.failed += 1;
            return;
        }
        self.succeeded += 1;
        self.last_success = self.last_success.max(time);
        if sign_in.mfa == Some(false) {
            self.without_mfa += 1;
            self.last_without_mfa = self.last_without_mfa.max(time);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.without_mfa += other.without_mfa;
        self.last_without_mfa = self.last_without_mfa.max(other.last_without_mfa);
        self.failed += other.failed;
        self.last_success = self.last_success.max(other.last_success);
    }
}

impl Totals {
    fn merge(&mut self, other: &Self) {
        self.files += other.files;
        self.events += other.events;
        self.bytes += other.bytes;
        self.damaged_events += other.damaged_events;
        self.duplicates += other.duplicates;
        self.updates += other.updates;
        self.shared_copies += other.shared_copies;
        self.not_calls += other.not_calls;
        self.others_calls += other.others_calls;
        self.odd_types += other.odd_types;
    }
}

impl Usage {
    fn put(&mut self, subject: Subject, activity: Activity, owners: &FxHashMap<AccessKeyId, Owner>) {
        match subject {
            Subject::User(arn) => drop(self.users.insert(arn, activity)),
            Subject::Role(arn) => drop(self.roles.insert(arn, activity)),
            Subject::Root(account) => drop(self.roots.insert(account, activity)),
            Subject::AssumedRoot(account) => drop(self.assumed_roots.insert(account, activity)),
            Subject::Key(key) => {
                let owner = owners.get(&key).cloned().unwrap_or_default();
                let usage = KeyUsage { account: owner.account, owner: owner.arn, activity };
                self.keys.insert(key, usage);
            }
        }
    }

    /// Sign-ins by name go to the user of that name, when the trail tells its ARN: names are unique in an account.
    fn put_sign_ins(&mut self, sign_ins: &BTreeMap<Signer, SignIns>) {
        let by_arn = sign_ins.keys().filter_map(|signer| match signer {
            Signer::Arn(arn) if arn.resource().starts_with("user/") => Some(arn),
            _ => None,
        });
        let named: BTreeMap<(Option<AccountId>, &str), &Arn> =
            self.users.keys().chain(by_arn).map(|arn| ((arn.account(), arn.name()), arn)).collect();
        let resolved: Vec<(Signer, SignIns)> = sign_ins
            .iter()
            .map(|(signer, sum)| match signer {
                Signer::Name(account, name) => match named.get(&(Some(*account), name.as_str())) {
                    Some(arn) => (Signer::Arn((*arn).clone()), sum.clone()),
                    None => (signer.clone(), sum.clone()),
                },
                Signer::Arn(_) | Signer::Person(..) => (signer.clone(), sum.clone()),
            })
            .collect();
        for (signer, sum) in resolved {
            match signer {
                Signer::Arn(arn) => self.sign_ins.entry(arn).or_default().merge(&sum),
                Signer::Person(account, name) => {
                    self.person_sign_ins.entry((account, name)).or_default().merge(&sum);
                }
                Signer::Name(account, name) => {
                    self.unnamed_sign_ins.entry((account, name)).or_default().merge(&sum)
                }
            }
        }
    }
}

/// Long-term keys begin with `AKIA` (*IAM identifiers*, "Unique identifiers"); sessions' with `ASIA`.
fn long_term_key(id: &str) -> Option<AccessKeyId> {
    AccessKeyId::parse(id).ok().filter(|_| id.starts_with("AKIA"))
}

fn smallest<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
