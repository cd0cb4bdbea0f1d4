//! Every list of every answer, and the columns and rows of the credential report, absent, empty, cut, doubled, or in contradiction
//! with itself: no verdict improves, and none vanishes, unless the review says what was missing or wrong. The trail likewise.
//!
//! A part of it, over one account, runs by default; `KAGIMORI_MATRIX=all` runs the whole, over every account; other
//! texts, with commas between them, the cells that have one of them in their name.

mod report;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Estate;
use kagimori_id::AccountId;
use serde_json::Value;

use super::{Everything, Files, estate, everything, is_whole, settings};
use crate::Settings;
use crate::verdict::{Outcome, Resource};

/// What becomes of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Altered {
    Absent,
    Empty,
    Truncated,
    Doubled,
    Contradicting,
}

const ALL: [Altered; 5] =
    [Altered::Absent, Altered::Empty, Altered::Truncated, Altered::Doubled, Altered::Contradicting];

/// Lists that AWS leaves out where they are empty: without one, nobody can tell that there was any.
const LEFT_OUT_WHEN_EMPTY: [&str; 2] = [".UserPolicyList", ".Tags"];

/// What no other answer tells: where one of these lists is empty or cut inside an answer that says it is whole, nothing contradicts it.
/// Lists, with the reason.
const TOLD_ONCE: [(&str, &str); 8] = [
    (".UserPolicyList", "no answer counts inline policies, and none names them besides"),
    (".GroupPolicyList", "no answer counts inline policies, and none names them besides"),
    (".RolePolicyList", "no answer counts inline policies, and none names them besides"),
    (".GroupList", "who is in a group is told by the users alone: `get-group` is not collected"),
    (".VirtualMFADevices", "of what kind the one device of somebody is, no other answer tells"),
    (
        "organization/policy-targets.Targets",
        "where a policy is attached its own answer tells alone, and a level that only denies is possible",
    ),
    (".UserDetailList[].Tags", "no other answer has the tags of users"),
    (".RoleDetailList[].Tags", "no other answer has the tags of roles: `list-roles` leaves them out"),
];

/// The list of a cell that may fall, because what it takes away is told once.
fn told_once(name: &str, how: Altered) -> Option<&'static str> {
    let is_less = matches!(how, Altered::Empty | Altered::Truncated);
    TOLD_ONCE.iter().find(|(list, _)| is_less && name.ends_with(list)).map(|(list, _)| *list)
}

/// The account of the company that stands for the others by default.
const ONE: &str = "222233334444";

/// A list: the answer's name without account and extension, and the way to it (`.UserDetailList[].Tags`).
type Place = (String, String);

fn documents(bytes: &[u8]) -> Vec<Value> {
    serde_json::Deserializer::from_slice(bytes).into_iter().map_while(Result::ok).collect()
}

fn is_among(path: &str, accounts: Option<&str>) -> bool {
    path.starts_with("snapshots/")
        && path.ends_with(".json")
        && accounts.is_none_or(|one| path.contains(one) || path.contains("/organization/"))
}

/// `access-keys`, `organization/policies`; answers of which there is one for each of many things are one.
fn answer(path: &str) -> String {
    let within = path.splitn(3, '/').nth(2).unwrap_or_default().trim_end_matches(".json");
    let folder = within.split('/').next().unwrap_or_default();
    let kind = if folder.starts_with("policy-p") { "policy" } else { folder };
    if path.contains("/organization/") { format!("organization/{kind}") } else { kind.to_owned() }
}

fn places(files: &Files) -> BTreeSet<Place> {
    let mut found = BTreeSet::new();
    for (path, bytes) in files.iter().filter(|(path, _)| is_among(path, None)) {
        for mut document in documents(bytes) {
            walk(&mut document, "", &mut |place, _| {
                found.insert((answer(path), place.to_owned()));
            });
        }
    }
    found
}

/// Every list with the way to it, but for those inside of policies, which are what AWS was given.
fn walk(value: &mut Value, way: &str, visit: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut().filter(|(name, _)| !name.ends_with("Document")) {
                let way = format!("{way}.{name}");
                if field.is_array() {
                    visit(&way, field);
                }
                walk(field, &way, visit);
            }
            fields.retain(|_, field| *field != ABSENT);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, &format!("{way}[]"), visit)),
        _ => {}
    }
}

/// Stands for a list that is taken out.
const ABSENT: &str = "absent";

fn altered(list: &mut Value, how: Altered) {
    let items = list.as_array().unwrap().clone();
    *list = match how {
        Altered::Absent => Value::from(ABSENT),
        Altered::Empty => Value::Array(Vec::new()),
        Altered::Truncated => Value::Array(items[..items.len() / 2].to_vec()),
        Altered::Doubled => items.iter().chain(&items).cloned().collect(),
        Altered::Contradicting => items.iter().cloned().chain(items.iter().map(otherwise)).collect(),
    };
}

/// The same thing told differently: what it has is not there, what is on is off.
fn otherwise(item: &Value) -> Value {
    let mut item = item.clone();
    for field in item.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        *field = match &*field {
            Value::Array(_) => Value::Array(Vec::new()),
            Value::Bool(value) => Value::Bool(!value),
            Value::String(text) if text == "Active" => Value::from("Inactive"),
            other => other.clone(),
        };
    }
    item
}

/// The files with one list altered wherever it stands; `None`: that changes nothing.
fn files_with(files: &Files, place: &Place, how: Altered, accounts: Option<&str>) -> Option<Files> {
    let mut changed = files.clone();
    let is_it = |path: &str| is_among(path, accounts) && answer(path) == place.0;
    for (_, bytes) in changed.iter_mut().filter(|(path, _)| is_it(path)) {
        let mut all = documents(bytes);
        for document in &mut all {
            walk(document, "", &mut |way, list| {
                if way == place.1 {
                    altered(list, how);
                }
            });
        }
        *bytes = all.iter().map(Value::to_string).collect::<Vec<_>>().join("\n").into_bytes();
    }
    (changed != *files).then_some(changed)
}

/// How good an outcome is; what is not known is no better than what is wrong.
fn goodness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Fail | Outcome::Unknown => 0,
        Outcome::Info => 1,
        Outcome::Pass | Outcome::NotApplicable => 2,
    }
}

/// Failures that became better, or are gone and nothing says why.
fn improved(full: &Everything, less: &Everything, estate: &Estate) -> Vec<String> {
    let told: BTreeSet<(&str, AccountId)> = less
        .verdicts
        .iter()
        .filter(|verdict| verdict.outcome == Outcome::Unknown)
        .map(|verdict| (verdict.check, verdict.resource.account))
        .collect();
    let has_problem = |resource: &Resource| {
        estate.problems.iter().any(|one| one.account.is_none_or(|id| id == resource.account))
    };
    let failures = full.outcomes.iter().filter(|(_, outcome)| **outcome == Outcome::Fail);
    let mut found = Vec::new();
    for ((check, resource), _) in failures {
        let after = less.outcomes.get(&(*check, resource.clone()));
        let is_told = told.contains(&(*check, resource.account));
        // Without the list of keys the slots of the report speak, under other names.
        let has_other_name = || {
            let is_it = |((other, held), after): (&(&str, Resource), &Outcome)| {
                other == check && held.arn == resource.arn && goodness(*after) == 0
            };
            resource.key.is_some() && less.outcomes.iter().any(is_it)
        };
        let is_named = match after {
            Some(after) => goodness(*after) == 0,
            None => is_told || has_problem(resource) || has_other_name(),
        };
        if !is_named {
            found.push(format!("{check} of {}/{} became {after:?}", resource.account, resource.name));
        }
    }
    found
}

#[test]
fn no_verdict_improves_or_vanishes_without_a_reason() {
    let options = kagimori_testkit::Options { days: 0, users: 0, roles: 0, ..Default::default() };
    let files = kagimori_testkit::generate(&options);
    let settings = settings(&files);
    let is_whole = is_whole();
    let accounts = (!is_whole).then_some(ONE);
    let files: Files = files
        .into_iter()
        .filter(|(path, _)| {
            is_whole
                || path.contains(ONE)
                || !path.starts_with("snapshots/")
                || path.contains("/organization/")
        })
        .collect();
    let full = everything(&estate(&files), None, &settings);
    assert!(full.outcomes.values().filter(|outcome| **outcome == Outcome::Fail).count() > 20);
    let (mut broken, mut excused) = (Broken::default(), BTreeSet::new());
    let cells = places(&files).into_iter().flat_map(|place| ALL.map(|how| (place.clone(), how)));
    for (number, (place, how)) in cells.enumerate() {
        let name = format!("{}{}", place.0, place.1);
        if !is_wanted(&format!("{name} {how:?}")) {
            continue;
        }
        let is_fact = how == Altered::Absent && LEFT_OUT_WHEN_EMPTY.iter().any(|list| name.ends_with(list));
        if is_fact || !(is_whole || number % 20 == 0) {
            continue;
        }
        let Some(less) = files_with(&files, &place, how, accounts) else { continue };
        let cell = format!("{name} {how:?}");
        broken.add(&cell, &full, &less, &settings);
        if let Some(list) = told_once(&name, how).filter(|_| broken.0.remove(&cell).is_some()) {
            excused.insert(list);
        }
    }
    for (name, less) in report::cells(&files, accounts).into_iter().filter(|(name, _)| is_wanted(name)) {
        broken.add(&name, &full, &less, &settings);
    }
    broken.is_none();
    if is_every_cell() {
        let idle: Vec<_> = TOLD_ONCE.iter().filter(|(list, _)| !excused.contains(list)).collect();
        assert!(idle.is_empty(), "no cell falls that these excuse: {idle:?}");
    }
}

/// What `KAGIMORI_MATRIX` asks for.
#[expect(clippy::disallowed_methods, reason = "how long the tests may take is said by who runs them")]
fn wanted() -> Option<String> {
    std::env::var("KAGIMORI_MATRIX").ok().filter(|wanted| !wanted.is_empty())
}

fn is_every_cell() -> bool {
    wanted().is_some_and(|wanted| wanted == "all")
}

/// Whether a cell is asked for: by default, and of all, each.
fn is_wanted(cell: &str) -> bool {
    wanted().is_none_or(|wanted| wanted == "all" || wanted.split(',').any(|part| cell.contains(part)))
}

/// By cell, what improved or is gone.
#[derive(Default)]
struct Broken(BTreeMap<String, Vec<String>>);

impl Broken {
    fn add(&mut self, cell: &str, full: &Everything, less: &Files, settings: &Settings) {
        let less = estate(less);
        let found = improved(full, &everything(&less, None, settings), &less);
        if !found.is_empty() {
            self.0.insert(cell.to_owned(), found);
        }
    }

    fn is_none(&self) {
        let first: Vec<_> = self.0.iter().map(|(cell, found)| (cell, found.len(), &found[0])).collect();
        assert!(first.is_empty(), "{} cells: {first:#?}", first.len());
    }
}
