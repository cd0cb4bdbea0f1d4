//! From what a credential did to the class of its home.
//!
//! Calls that are no work go first: refused ones, probes, an intruder's. The rest falls into workloads. Of each the strong pieces leave a
//! set of classes; medium ones narrow it; nobody is of a class that no piece speaks for. One class that certain pieces alone leave
//! is certain, any other is likely. A name decides between classes that are left, and makes none.

use std::collections::BTreeSet;

use kagimori_trail::origin::{self, Judgement};

use crate::class::{Class, Classes, Kind};
use crate::judged::{Certainty, Home, Judged, Noise, Untold};
use crate::piece::{Piece, Sort, Strength};
use crate::rhythm::{self, Rhythm};
use crate::seen::{Seen, Tally};
use crate::workload::{self, Workload};

/// What is known beside the calls.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Known<'a> {
    /// Where calls come from, judged.
    pub origins: Option<&'a origin::Judged>,
    /// Name, path and tags of the user: hints.
    pub hints: Vec<String>,
    /// The last use as AWS tracks it, in seconds since 1970; `Some(None)`: never.
    pub last_used: Option<Option<i64>>,
    /// The trail would have shown whatever was done with it.
    pub is_seen_whole: bool,
    /// It is so young that who made it may not have begun to use it.
    pub is_new: bool,
    /// What somebody of the company answered.
    pub answer: Option<Class>,
}

/// AWS's own date of a use may be later than the event by so many seconds.
const LAG: i64 = 3_600;
/// Networks of so many different neighbourhoods are a pool.
const NETWORKS_MIN: usize = 4;
/// One address on so many days is a place.
const DAYS_MIN: usize = 3;
/// So many different calls that list or ask are no work, on as many days.
const PROBES_MAX: usize = 2;

/// Judges a credential by what it did.
pub fn judge(seen: Option<&Seen>, known: &Known<'_>) -> Judged {
    let mut judged = Judged {
        home: Home::Unknown(Untold::NoCalls),
        also: Classes::NONE,
        workloads: Vec::new(),
        refused: 0,
        probes: 0,
        suspected: 0,
        calls: seen.map_or(0, Seen::calls),
    };
    let mut left = Vec::new();
    for (signature, tally) in seen.into_iter().flat_map(|seen| &seen.by) {
        let origin = signature.origin.and_then(|key| known.origins?.origin(key));
        let slot = match () {
            () if origin.is_some_and(|origin| origin.judgement == Judgement::Suspected) => {
                &mut judged.suspected
            }
            () if tally.worked == 0 => &mut judged.refused,
            () if is_probing(tally, known.is_seen_whole) && !signature.is_console => &mut judged.probes,
            () => {
                left.push((signature, tally));
                continue;
            }
        };
        *slot = slot.saturating_add(tally.calls);
    }
    let workloads = workload::of(left.into_iter());
    if workloads.is_empty() {
        judged.home = nothing_left(seen, known, &judged);
        return answered(judged, known);
    }
    let decided: Vec<(Decided, Workload)> =
        workloads.into_iter().map(|mut workload| (decide(&mut workload, known), workload)).collect();
    judged.home = match decided.as_slice() {
        [(one, _)] => {
            judged.also = one.also;
            one.home.clone()
        }
        _ => Home::Shared,
    };
    if seen.is_some_and(|seen| seen.beyond > 0)
        && let Home::One(class, _) = judged.home
    {
        judged.home = Home::One(class, Certainty::Likely);
    }
    judged.workloads =
        decided.into_iter().map(|(decided, workload)| (decided.home.class(), workload)).collect();
    answered(judged, known)
}

/// What somebody of the company said counts, unless what AWS says contradicts it.
fn answered(mut judged: Judged, known: &Known<'_>) -> Judged {
    let Some(answer) = known.answer else { return judged };
    let certain = |(_, workload): &(_, Workload)| workload.left_by(Strength::Certain);
    let is_possible = judged.workloads.iter().all(|one| certain(one).has(answer));
    judged.home = match is_possible && judged.workloads.len() <= 1 {
        true => Home::One(answer, Certainty::Certain),
        false if judged.workloads.len() > 1 => Home::Shared,
        false => Home::Unknown(Untold::Contradiction),
    };
    judged.also = Classes::NONE;
    if let Some((class, workload)) = judged.workloads.first_mut().filter(|_| is_possible) {
        *class = Some(answer);
        workload.pieces.insert(
            0,
            Piece {
                sort: Sort::Answer,
                says: answer.as_str().to_owned(),
                strength: Strength::Certain,
                allows: Classes::of(&[answer]),
                names: Classes::of(&[answer]),
                calls: 0,
                event: None,
            },
        );
    }
    judged
}

/// Nothing that works was seen. That nothing does is said only where the trail would have shown it, and AWS knows of nothing later.
fn nothing_left(seen: Option<&Seen>, known: &Known<'_>, judged: &Judged) -> Home {
    let last = seen.and_then(Seen::last);
    let is_used_unseen = match known.last_used {
        Some(Some(at)) => last.is_none_or(|last| at > last.saturating_add(LAG)),
        Some(None) => false,
        None => !known.is_seen_whole,
    };
    if judged.suspected > 0 {
        return Home::Unknown(Untold::Suspected);
    }
    match (judged.calls, known.last_used) {
        (0, Some(None)) if !known.is_new => Home::Noise(Noise::NeverUsed),
        (0, _) => Home::Unknown(Untold::NoCalls),
        _ if is_used_unseen || !known.is_seen_whole => Home::Unknown(Untold::Blind),
        _ if judged.probes > 0 => Home::Noise(Noise::Probes),
        _ => Home::Noise(Noise::Refused),
    }
}

/// Whether all that worked asks who one is; or lists the same thing again, and would have shown more.
fn is_probing(tally: &Tally, is_seen_whole: bool) -> bool {
    let worked: Vec<&str> =
        tally.actions.iter().filter(|(_, (worked, _))| *worked > 0).map(|(action, _)| &**action).collect();
    let asks = |action: &&str| {
        ["sts:GetCallerIdentity", "sts:GetAccessKeyInfo", "iam:GetAccountSummary", "iam:ListAccountAliases"]
            .contains(action)
    };
    let lists = |action: &&str| {
        let name = action.split_once(':').map_or("", |(_, name)| name);
        kagimori_trail::classify::only_looks_at(name)
    };
    let days: BTreeSet<i64> = tally.hours.iter().map(|hour| hour.div_euclid(24)).collect();
    worked.iter().all(asks)
        || (is_seen_whole && worked.len() <= PROBES_MAX && days.len() >= DAYS_MIN && worked.iter().all(lists))
}

/// What is concluded of one workload.
struct Decided {
    home: Home,
    also: Classes,
}

fn decide(workload: &mut Workload, known: &Known<'_>) -> Decided {
    let strong = workload.allows;
    if strong.is_empty() {
        return Decided { home: Home::Unknown(Untold::Contradiction), also: Classes::NONE };
    }
    let mut medium = medium(workload);
    let work = work(workload);
    workload.names = workload.names.or(work.as_ref().map_or(Classes::NONE, |piece| piece.names));
    medium.extend(work);
    let mut left = strong;
    for piece in medium {
        let narrowed = left.and(piece.allows);
        // What contradicts stronger pieces is told, and does not count.
        if !narrowed.and(workload.names).is_empty() || workload.names.is_empty() {
            left = narrowed;
        }
        workload.pieces.push(piece);
    }
    let candidates = left.and(workload.names);
    let (class, hint) = choose(candidates, workload, known);
    workload.pieces.extend(hint);
    workload.sort();
    let Some(class) = class else {
        let untold = match (candidates.is_empty(), workload.names.is_empty()) {
            (false, _) => Untold::Several(candidates),
            (true, true) => Untold::NotTold,
            (true, false) => Untold::Contradiction,
        };
        return Decided { home: Home::Unknown(untold), also: candidates };
    };
    let is_certain = workload.left_by(Strength::Certain).only() == Some(class);
    let certainty = if is_certain { Certainty::Certain } else { Certainty::Likely };
    Decided { home: Home::One(class, certainty), also: candidates.without(Classes::of(&[class])) }
}

/// One of the classes that are left; a hint that it rests on.
fn choose(candidates: Classes, workload: &Workload, known: &Known<'_>) -> (Option<Class>, Option<Piece>) {
    if let Some(only) = candidates.only() {
        return (Some(only), None);
    }
    if candidates.is_empty() {
        return (None, None);
    }
    let hinted: Classes = candidates.iter().filter(|class| hint(*class, &known.hints).is_some()).collect();
    if let Some(class) = hinted.only() {
        return (Some(class), named(class, &known.hints));
    }
    let pool = roams(workload);
    let is = |classes: &[Class]| candidates == Classes::of(classes);
    let class = match () {
        // A command line of Ubuntu in no one place: hosted runners are what that mostly is.
        () if is(&[Class::CiGithub, Class::OutsideAzure]) => {
            (workload.is_command_line || workload.is_ubuntu || pool).then_some(Class::CiGithub)
        }
        () if is(&[Class::OutsideGcp, Class::CiGitlab]) => (!pool).then_some(Class::OutsideGcp),
        () if is(&[Class::AwsEc2, Class::CiCircleci]) => (!pool).then_some(Class::AwsEc2),
        // Add-ons of clusters: where nothing tells of another place, of Amazon's.
        () if is(&[Class::AwsEks, Class::OutsideKubernetes]) => Some(Class::AwsEks),
        // A server of which nothing but its address tells: in a VPC, or at one address outside.
        () if is(&[Class::AwsEc2, Class::OutsideServer]) => match workload.has_public {
            false => Some(Class::AwsEc2),
            true => (days(&workload.tally) >= DAYS_MIN && workload.tally.addresses.len() == 1)
                .then_some(Class::OutsideServer),
        },
        // Endpoints say EC2 of whatever is in a VPC; the other piece says more.
        () if candidates.has(Class::AwsEc2) && candidates.len() == 2 => {
            let aws = Classes::of_kinds(&[Kind::Aws]).without(Classes::of(&[Class::AwsEc2]));
            candidates.and(aws).only()
        }
        () => None,
    };
    (class, None)
}

/// Words of names that speak for a class.
const HINTS: &[(&str, Class)] = &[
    ("github", Class::CiGithub),
    ("gitlab", Class::CiGitlab),
    ("circleci", Class::CiCircleci),
    ("azure", Class::OutsideAzure),
    ("gcp", Class::OutsideGcp),
    ("onprem", Class::OutsideServer),
    ("on-prem", Class::OutsideServer),
];

fn hint(class: Class, hints: &[String]) -> Option<&String> {
    let words = || HINTS.iter().filter(|(_, of)| *of == class).map(|(word, _)| *word);
    hints.iter().find(|hint| words().any(|word| hint.to_ascii_lowercase().contains(word)))
}

fn named(class: Class, hints: &[String]) -> Option<Piece> {
    let only = Classes::of(&[class]);
    let says = hint(class, hints)?.clone();
    Some(Piece {
        sort: Sort::Name,
        says,
        strength: Strength::Weak,
        allows: Classes::ALL,
        names: only,
        calls: 0,
        event: None,
    })
}

fn days(tally: &Tally) -> usize {
    tally.hours.iter().map(|hour| hour.div_euclid(24)).collect::<BTreeSet<i64>>().len()
}

/// Whether its addresses are drawn from a pool.
fn roams(workload: &Workload) -> bool {
    let networks: BTreeSet<_> =
        workload.tally.addresses.iter().filter_map(|address| origin::network(address)).collect();
    workload.has_public
        && networks.len() >= NETWORKS_MIN
        && networks.len().saturating_mul(3) >= days(&workload.tally)
}

/// Addresses and rhythm.
fn medium(workload: &Workload) -> Vec<Piece> {
    let tally = &workload.tally;
    let piece = |sort, says: String, allows| Piece {
        sort,
        says,
        strength: Strength::Medium,
        allows,
        names: Classes::NONE,
        calls: tally.calls,
        event: tally.first.1.as_deref().map(str::to_owned),
    };
    let hosted = Classes::of(&[
        Class::CiGithub,
        Class::CiGitlab,
        Class::CiCircleci,
        Class::CiBitbucket,
        Class::CiAzure,
    ]);
    let placed = Classes::of(&[Class::OutsideServer, Class::OutsideAzure, Class::OutsideGcp, Class::Device]);
    let people = Classes::of_kinds(&[Kind::Person]);
    let days = days(tally);
    let mut pieces = Vec::new();
    let addresses: Vec<_> = tally.addresses.iter().collect();
    match addresses.as_slice() {
        [one] if workload.has_public && days >= DAYS_MIN => {
            pieces.push(piece(
                Sort::Addresses,
                format!("one address, {one}, on {days} days"),
                Classes::ALL.without(hosted),
            ));
        }
        many if roams(workload) => {
            let says = format!("{} addresses on {days} days", many.len());
            pieces.push(piece(Sort::Addresses, says, Classes::ALL.without(placed)));
        }
        _ => {}
    }
    match rhythm::of(&tally.hours) {
        Some(Rhythm::RoundTheClock) => {
            pieces.push(piece(Sort::Rhythm, "round the clock".to_owned(), Classes::ALL.without(people)));
        }
        Some(Rhythm::Scheduled) => {
            let says = "at the same hour, at weekends too".to_owned();
            pieces.push(piece(Sort::Rhythm, says, Classes::ALL.without(people)));
        }
        Some(Rhythm::WorkingHours) => {
            let never = Classes::of(&[Class::OutsideServer, Class::Device]);
            pieces.push(piece(Sort::Rhythm, "in working hours".to_owned(), Classes::ALL.without(never)));
        }
        None => {}
    }
    pieces
}

/// Mail by SMTP: its password is made of the secret key, and no role has one (SES Developer Guide, "Obtaining Amazon SES SMTP
/// credentials").
fn work(workload: &Workload) -> Option<Piece> {
    let actions = &workload.tally.actions;
    let is_mail = !actions.is_empty()
        && actions.keys().all(|action| matches!(&**action, "ses:SendRawEmail" | "ses:SendEmail"));
    (is_mail && !workload.is_sdk).then(|| Piece {
        sort: Sort::Work,
        says: "sends mail and does nothing else, with no SDK: SMTP".to_owned(),
        strength: Strength::Medium,
        allows: Classes::of(&[Class::Device]),
        names: Classes::of(&[Class::Device]),
        calls: workload.tally.calls,
        event: workload.tally.first.1.as_deref().map(str::to_owned),
    })
}
