//! What is expected of a principal, what is another's, and what is suspected.
//!
//! The *home* of a principal is the origin that was there on most days. Others are judged by how they are unlike it: a network of the
//! company (others of it work there, too), the same client at the same work (it has moved), a person at a program's credentials; and by
//! signs of an intruder, of which none is enough where the place is known.
//!
//! One call turns nothing round: marks that rest on a single call make no home a stranger's, an origin without marks stands before one
//! with only where it is established itself, and an origin of a single call is no home beside another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::AccessKeyId;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::sum::{Action, Actions, Origins, Share, Sum, Workload};
use super::{Nature, OriginKey};
use crate::caller::{CallerKind, ClientFamily, CredentialSource, Host};
use crate::event::Principal;
use crate::threat;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// A network where so many principals work on so many days each is the company's.
const COMPANY_PRINCIPALS_MIN: usize = 2;
const COMPANY_DAYS_MIN: usize = 3;
/// Something that is done now and then: on so many days, over so many.
const HABIT_DAYS_MIN: usize = 3;
const HABIT_SPAN_MIN: i64 = 14;
/// Calls of these are shown as what an origin is for.
const ACTIONS_MAX: usize = 8;
/// That many different enumerating calls, some denied, are nobody's daily work.
const ENUMERATION_MIN: usize = 5;

/// Whether a call is such a deed, by its event source and name.
type IsDeed = fn(&str, &str) -> bool;

/// Deeds of intruders: what is said of them where they were done, and where all of them were refused.
const DEEDS: [(IsDeed, Sign, Sign); 2] = [
    (threat::is_escalation, Sign::Escalation, Sign::EscalationTried),
    (threat::is_model_abuse, Sign::ModelAbuse, Sign::ModelAbuseTried),
];

/// What is concluded of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "whoever learns from history must say what it does for each")]
pub enum Judgement {
    /// The principal itself.
    Expected,
    /// A program of its own, with the same credentials.
    AnotherProgram,
    /// A person who uses the credentials of a program.
    AnotherPerson,
    /// Perhaps an intruder.
    Suspected,
}

/// What makes an origin suspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Sign {
    /// It came up in the last days, in a network where nobody else of the company works.
    NewNetwork,
    /// It does other work, seldom, from a network where nobody else of the company works.
    OtherWork,
    /// It uses a client or a kernel that was not seen before.
    OtherClient,
    /// It works in Regions where the principal does not.
    OtherRegions,
    /// Credentials of an instance outside of it.
    OutsideInstance,
    /// It asks what there is and what it may do.
    Reconnaissance,
    /// It was refused what the principal never asks.
    Refused,
    /// It gives or takes permissions.
    Escalation,
    /// It uses AI models, which the principal never does.
    ModelAbuse,
    /// It tried to give or take permissions, and was refused.
    EscalationTried,
    /// It tried to use AI models, and was refused.
    ModelAbuseTried,
}

/// An origin of a principal, and what is concluded of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Origin {
    /// Its name among the origins of its principal: `person@203.0.113.0/24`.
    pub id: String,
    /// Where.
    pub network: String,
    /// Who.
    pub nature: Nature,
    /// The kinds of caller.
    pub kinds: BTreeSet<CallerKind>,
    /// The clients.
    pub clients: BTreeSet<ClientFamily>,
    /// Where the clients run, as far as kernels tell.
    pub hosts: BTreeSet<Host>,
    /// Where the clients found the credentials, as far as they tell.
    pub credentials: BTreeSet<CredentialSource>,
    /// The Regions.
    pub regions: BTreeSet<Box<str>>,
    /// How many calls.
    pub calls: u64,
    /// How many of them were denied.
    pub denied: u64,
    /// On how many days.
    pub days: usize,
    /// The first, in seconds since 1970.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// What for: the most frequent calls.
    pub actions: Vec<(String, u64)>,
    /// What is concluded.
    pub judgement: Judgement,
    /// The services that it used, by the prefixes of their permissions.
    #[serde(skip)]
    pub services: BTreeSet<Box<str>>,
    /// Why it is suspected.
    pub signs: Vec<Sign>,
    /// What it was refused that only intruders try, wherever it is: enumerating widely, giving itself permissions, using models.
    #[serde(skip)]
    pub marks: Vec<Sign>,
    /// It came up in the last days of the trail, and the principal was there before.
    #[serde(skip)]
    pub is_new: bool,
    /// Of the origin of a key: the workloads that used it ([`workload`](crate::caller::workload)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<String>,
}

/// The origins of everybody, judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    principals: BTreeMap<Principal, Vec<Origin>>,
    /// With each long-term key: of each origin what was done with it.
    keys: BTreeMap<AccessKeyId, Vec<Origin>>,
    places: FxHashMap<OriginKey, (Principal, usize)>,
}

impl Judged {
    /// Judges origins. What came up in the last `recent_days` days of the trail, and not before, is new.
    pub fn of(origins: &Origins, recent_days: i64) -> Self {
        let end = origins.sums.values().map(|sum| sum.last).max().unwrap_or_default();
        let since = end.saturating_sub(recent_days.saturating_mul(DAY));
        let company = company(origins);
        let mut by_principal: BTreeMap<&Principal, Vec<(OriginKey, &Sum)>> = BTreeMap::new();
        origins.sums.iter().for_each(|(key, sum)| {
            by_principal.entry(&sum.principal).or_default().push((*key, sum));
        });
        let mut judged = Self::default();
        for (principal, mut sums) in by_principal {
            sums.sort_by(|(_, a), (_, b)| (a.nature, &a.network).cmp(&(b.nature, &b.network)));
            let origins = judge(&sums, &company, since);
            for (place, ((key, sum), origin)) in sums.iter().zip(&origins).enumerate() {
                judged.places.insert(*key, (principal.clone(), place));
                for (key, share) in &sum.keys {
                    judged.keys.entry(key.clone()).or_default().push(origin.of_key(share));
                }
            }
            judged.principals.insert(principal.clone(), origins);
        }
        judged
    }

    /// Where a long-term key was used from. Judgements are those of its principal's origins; calls, days, first, last, actions and
    /// marks are of this key alone.
    pub fn of_key(&self, key: &AccessKeyId) -> &[Origin] {
        self.keys.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether several use a key: two workloads, or a person beside one. A suspected intruder is none of them.
    pub fn is_shared(&self, key: &AccessKeyId) -> bool {
        let trusted = || self.of_key(key).iter().filter(|origin| origin.judgement != Judgement::Suspected);
        let workloads: BTreeSet<&String> = trusted().flat_map(|origin| &origin.workloads).collect();
        workloads.len() > 1 || trusted().any(|origin| origin.judgement == Judgement::AnotherPerson)
    }

    /// The origins of a principal, in the order of nature and network.
    pub fn origins(&self, principal: &Principal) -> &[Origin] {
        self.principals.get(principal).map_or(&[], Vec::as_slice)
    }

    /// An origin by the key that a [`Reader`](super::Reader) read off a call.
    pub fn origin(&self, key: OriginKey) -> Option<&Origin> {
        let (principal, place) = self.places.get(&key)?;
        self.principals.get(principal)?.get(*place)
    }

    /// Everybody with origins.
    pub fn principals(&self) -> impl Iterator<Item = (&Principal, &[Origin])> {
        self.principals.iter().map(|(principal, origins)| (principal, origins.as_slice()))
    }
}

/// The networks where several principals work.
fn company(origins: &Origins) -> FxHashSet<String> {
    let mut found: BTreeMap<&str, FxHashSet<&Principal>> = BTreeMap::new();
    for sum in
        origins.sums.values().filter(|sum| sum.days.len() >= COMPANY_DAYS_MIN && !sum.is_firmly_marked())
    {
        found.entry(&sum.network).or_default().insert(&sum.principal);
    }
    let shared = found.into_iter().filter(|(_, who)| who.len() >= COMPANY_PRINCIPALS_MIN);
    shared.map(|(network, _)| network.to_owned()).collect()
}

/// Judges the origins of one principal.
fn judge(sums: &[(OriginKey, &Sum)], company: &FxHashSet<String>, since: i64) -> Vec<Origin> {
    let is_company = |sum: &Sum| company.contains(&sum.network);
    let is_own = |sum: &&Sum| sum.nature != Nature::Service;
    let home = sums.iter().map(|(_, sum)| *sum).filter(is_own).min_by_key(|sum| {
        let is_marked = sum.is_firmly_marked() && !is_company(sum);
        let is_established = !is_marked && sum.days.len() >= HABIT_DAYS_MIN;
        let days = Reverse(sum.days.len());
        let beside = (sum.calls <= 1, is_marked, !is_company(sum), Reverse(sum.calls), sum.first);
        (!is_established, days, beside)
    });
    let origin = |(_, sum): &(OriginKey, &Sum)| {
        let (judgement, signs) = match home {
            Some(home) if std::ptr::eq(home, *sum) => sum.judge_home(is_company(sum)),
            Some(home) => sum.judge_beside(home, is_company(sum), since),
            None => (Judgement::Expected, Vec::new()),
        };
        let is_new = home.is_some_and(|home| sum.first >= since && home.first < since);
        Origin { is_new, ..sum.origin(judgement, signs) }
    };
    sums.iter().map(origin).collect()
}

impl Sum {
    /// The only or the usual origin: suspected where all that is known of a principal is the work of an intruder.
    fn judge_home(&self, is_company: bool) -> (Judgement, Vec<Sign>) {
        let signs = self.marks(None);
        let is_burst = self.days.len() < HABIT_DAYS_MIN;
        if is_burst && !is_company && signs.contains(&Sign::Reconnaissance) && signs.contains(&Sign::Refused)
        {
            return (Judgement::Suspected, signs);
        }
        (Judgement::Expected, Vec::new())
    }

    /// Another than the usual.
    fn judge_beside(&self, home: &Self, is_company: bool, since: i64) -> (Judgement, Vec<Sign>) {
        if self.nature == Nature::Service {
            return (Judgement::Expected, Vec::new());
        }
        let is_home = self.network == home.network;
        let mut signs = if is_home || is_company { self.marks(Some(home)) } else { self.signs(home, since) };
        // Where it is known, one sign is somebody at work; several are an intruder next door.
        if is_home || (is_company && signs.len() < 2) {
            signs.clear();
        }
        if !signs.is_empty() {
            return (Judgement::Suspected, signs);
        }
        let judgement = match (self.nature, home.nature) {
            (Nature::Person, Nature::Program) if self.is_script_of(home) => Judgement::Expected,
            (Nature::Person, Nature::Program) => Judgement::AnotherPerson,
            (Nature::Program, Nature::Program) if !self.is_like(home) => Judgement::AnotherProgram,
            (Nature::Program, Nature::Person) => Judgement::AnotherProgram,
            _ => Judgement::Expected,
        };
        (judgement, Vec::new())
    }

    /// A command line on the machine itself, about as often.
    fn is_script_of(&self, home: &Self) -> bool {
        self.network == home.network
            && !self.hosts.contains(&Host::PersonalComputer)
            && self.kinds.iter().all(|kind| *kind == CallerKind::CommandLine)
            && self.days.len().saturating_mul(3) >= home.days.len()
    }

    /// The same client, as far as it tells, at no other work.
    fn is_like(&self, home: &Self) -> bool {
        self.is_same_client(home) && self.work.is_subset(&home.work)
    }

    fn is_same_client(&self, home: &Self) -> bool {
        self.families.is_subset(&home.families) && self.hosts.is_subset(&home.hosts)
    }

    /// Signs of an intruder in a network that nobody knows.
    fn signs(&self, home: &Self, since: i64) -> Vec<Sign> {
        if self.is_like(home) && self.regions.is_subset(&home.regions) {
            return Vec::new();
        }
        let mut signs = self.marks(Some(home));
        let is_habit = self.days.len() >= HABIT_DAYS_MIN
            && self.last.saturating_sub(self.first) >= HABIT_SPAN_MIN.saturating_mul(DAY);
        // A person asks who he is and what there is, now and then.
        if self.nature == Nature::Person && is_habit && self.denied == 0 {
            signs.retain(|sign| *sign != Sign::Reconnaissance);
        }
        if self.first >= since && home.first < since {
            signs.push(Sign::NewNetwork);
        }
        let is_seldom =
            self.days.len().saturating_mul(2) < home.days.len() || self.calls.saturating_mul(20) < home.calls;
        let does_other_work = !self.work.is_subset(&home.work);
        let is_guest = self.nature == Nature::Person && home.nature == Nature::Program && is_habit;
        if is_seldom && does_other_work && !is_guest {
            signs.push(Sign::OtherWork);
        }
        if self.is_outside_instance(home) {
            signs.push(Sign::OutsideInstance);
        }
        if !signs.is_empty() {
            if !self.is_same_client(home) {
                signs.push(Sign::OtherClient);
            }
            if !self.regions.is_subset(&home.regions) {
                signs.push(Sign::OtherRegions);
            }
        }
        signs.sort_unstable();
        signs
    }

    /// A session named as an instance's, by a client that is not the instance's.
    fn is_outside_instance(&self, home: &Self) -> bool {
        self.kinds.contains(&CallerKind::Ec2)
            && home.kinds.contains(&CallerKind::Ec2)
            && !self.is_same_client(home)
    }

    /// Whether it does what intruders do, whichever of its calls is left out.
    fn is_firmly_marked(&self) -> bool {
        let once = |(done, denied): &(u64, u64)| done.saturating_add(*denied) == 1;
        let mut single = self.actions.iter().filter(|(_, counts)| once(counts)).map(|(action, _)| action);
        !self.marks(None).is_empty()
            && single.all(|action| !self.marks_without(None, Some(action)).is_empty())
    }

    /// What it does as intruders do, and `beside` does not.
    fn marks(&self, beside: Option<&Self>) -> Vec<Sign> {
        self.marks_without(beside, None)
    }

    fn marks_without(&self, beside: Option<&Self>, left_out: Option<&Action>) -> Vec<Sign> {
        let is_new = |action: &&Action| {
            Some(*action) != left_out && beside.is_none_or(|home| !home.actions.contains_key(*action))
        };
        let new: Vec<&Action> = self.actions.keys().filter(is_new).collect();
        let count =
            |is: fn(&str, &str) -> bool| new.iter().filter(|(service, name)| is(service, name)).count();
        let refused =
            new.iter().filter(|action| self.actions.get(**action).is_some_and(|(_, denied)| *denied > 0));
        let refused: BTreeSet<&&Action> = refused.collect();
        let asks = count(threat::is_enumeration);
        let mut signs = Vec::new();
        if asks >= 2 && (count(threat::is_about_identity) > 0 || !refused.is_empty() || asks >= 4) {
            signs.push(Sign::Reconnaissance);
        }
        if refused.len() >= 2 || refused.iter().any(|(service, name)| threat::is_escalation(service, name)) {
            signs.push(Sign::Refused);
        }
        let worked = |is: fn(&str, &str) -> bool| {
            let done = |action: &&&Action| self.actions.get(**action).is_some_and(|(done, _)| *done > 0);
            new.iter().filter(done).any(|(service, name)| is(service, name))
        };
        for (is, done, tried) in DEEDS {
            if count(is) > 0 {
                signs.push(if worked(is) { done } else { tried });
            }
        }
        signs
    }

    fn origin(&self, judgement: Judgement, signs: Vec<Sign>) -> Origin {
        let nature = match self.nature {
            Nature::Person => "person",
            Nature::Program => "program",
            Nature::Service => "service",
        };
        Origin {
            id: format!("{nature}@{}", self.network),
            network: self.network.clone(),
            nature: self.nature,
            kinds: self.kinds.clone(),
            clients: self.families.clone(),
            hosts: self.hosts.clone(),
            credentials: self.credentials.clone(),
            regions: self.regions.clone(),
            calls: self.calls,
            denied: self.denied,
            days: self.days.len(),
            first: self.first,
            last: self.last,
            actions: most_frequent(&self.actions),
            services: self.services.clone(),
            judgement,
            signs,
            marks: refused_marks(&self.actions),
            is_new: false,
            workloads: Vec::new(),
        }
    }
}

impl Origin {
    /// What of it was done with one key.
    fn of_key(&self, share: &Share) -> Self {
        let label = |(app, kind, family): &Workload| match app {
            Some(app) => format!("app/{app}"),
            None => format!("{}/{}", kind.as_str(), family.as_str()),
        };
        Self {
            calls: share.calls,
            denied: share.denied,
            days: share.days.len(),
            first: share.first,
            last: share.last,
            actions: most_frequent(&share.actions),
            marks: refused_marks(&share.actions),
            workloads: share.workloads.iter().map(label).collect(),
            ..self.clone()
        }
    }
}

/// The most frequent calls.
fn most_frequent(actions: &Actions) -> Vec<(String, u64)> {
    let mut counted: Vec<(String, u64)> = Vec::with_capacity(actions.len());
    for ((service, name), (done, denied)) in actions {
        counted.push((format!("{service}:{name}"), done.saturating_add(*denied)));
    }
    counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counted.truncate(ACTIONS_MAX);
    counted
}

/// What only intruders try, where it was refused.
fn refused_marks(actions: &Actions) -> Vec<Sign> {
    let of =
        |is: fn(&str, &str) -> bool| actions.iter().filter(move |((service, name), _)| is(service, name));
    let is_refused = |is: fn(&str, &str) -> bool| of(is).any(|(_, (_, denied))| *denied > 0);
    let mut marks = Vec::new();
    if of(threat::is_enumeration).count() >= ENUMERATION_MIN && is_refused(threat::is_enumeration) {
        marks.push(Sign::Reconnaissance);
    }
    marks.extend(DEEDS.into_iter().filter(|(is, ..)| is_refused(*is)).map(|(.., tried)| tried));
    marks
}

impl Judgement {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Expected, Self::AnotherProgram, Self::AnotherPerson, Self::Suspected];

    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Expected => ("expected", "想定どおり"),
            Self::AnotherProgram => ("another program", "別のプログラム"),
            Self::AnotherPerson => ("a person with a program's credentials", "プログラムの認証情報を使う人"),
            Self::Suspected => ("suspected", "不審"),
        }
    }

    /// Whether a principal's own needs are drawn from it.
    pub fn is_learnt(self) -> bool {
        matches!(self, Self::Expected | Self::AnotherProgram)
    }
}

impl Sign {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NewNetwork,
        Self::OtherWork,
        Self::OtherClient,
        Self::OtherRegions,
        Self::OutsideInstance,
        Self::Reconnaissance,
        Self::Refused,
        Self::Escalation,
        Self::ModelAbuse,
        Self::EscalationTried,
        Self::ModelAbuseTried,
    ];

    /// Whether it is about what was done, not about where from.
    pub fn is_of_deeds(self) -> bool {
        match self {
            Self::Reconnaissance | Self::Refused | Self::Escalation | Self::ModelAbuse => true,
            Self::EscalationTried | Self::ModelAbuseTried => true,
            Self::NewNetwork | Self::OtherWork | Self::OtherClient => false,
            Self::OtherRegions | Self::OutsideInstance => false,
        }
    }

    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NewNetwork => (
                "new in the last days, in a network of nobody else",
                "直近に現れた、他に利用者のいないネットワーク",
            ),
            Self::OtherWork => (
                "other work, seldom, from a network of nobody else",
                "他に利用者のいないネットワークからの、まれで異なる操作",
            ),
            Self::OtherClient => ("another client", "異なるクライアント"),
            Self::OtherRegions => ("other Regions", "異なるリージョン"),
            Self::OutsideInstance => {
                ("credentials of an instance outside of it", "インスタンスの認証情報をその外部で使用")
            }
            Self::Reconnaissance => ("reconnaissance", "偵察とみられる呼び出し"),
            Self::Refused => ("refused what is never asked otherwise", "通常は行わない操作の拒否"),
            Self::Escalation => ("changes permissions", "権限の変更"),
            Self::ModelAbuse => ("uses AI models", "AI モデルの利用"),
            Self::EscalationTried => {
                ("tried to change permissions, and was refused", "権限の変更を試み、拒否された")
            }
            Self::ModelAbuseTried => {
                ("tried to use AI models, and was refused", "AI モデルの利用を試み、拒否された")
            }
        }
    }
}
