//! `kagimori trail usage`, `root`, `key`: what principals did.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use kagimori_id::{AccountId, Arn};
use kagimori_plan::settings::Limits;
use kagimori_trail::Usage;
use kagimori_trail::classify::{UseClass, classify, classify_shared};
use kagimori_trail::event::ASSUMED_ROOT;
use kagimori_trail::origin::{Judged, Origin};
use kagimori_trail::selection::{Only, Selection};
use kagimori_trail::usage::{Activity, Coverage, Places};
use serde_json::{Map, Value, json};

use super::table::Table;
use crate::show::numbers::{calls, counted, day};

/// Places of a kind that are named for people.
const PLACES_SHOWN: usize = 5;

/// Whose activity it is.
struct Subject<'a> {
    /// An ARN, or a key's id.
    name: String,
    kind: &'static str,
    activity: &'a Activity,
    coverage: Option<&'a Coverage>,
    /// Of a key: whether several use it, and where it was used from in the whole trail.
    origins: Option<(bool, Vec<Origin>)>,
}

/// One row per user, role and root.
pub(super) fn principals(usage: &Usage, unused_days: i64, now: Timestamp) -> Table {
    let mut subjects = subjects(usage);
    subjects.sort_by(|a, b| (b.activity.calls, &a.name).cmp(&(a.activity.calls, &b.name)));
    let rows = subjects.iter().map(|subject| {
        let activity = subject.activity;
        vec![
            Value::from(subject.name.as_str()),
            Value::from(subject.kind),
            Value::from(class(subject, unused_days, now)),
            Value::from(activity.calls),
            Value::from(activity.calls - activity.succeeded),
            Value::from(activity.writes),
            Value::from(activity.actions.len()),
            Value::from(activity.addresses.seen.len()),
            Value::from(callers(activity)),
            Value::from(activity.first.to_string()),
            Value::from(activity.last.to_string()),
        ]
    });
    Table {
        question: "usage",
        columns: vec![
            "principal",
            "kind",
            "use",
            "calls",
            "failed",
            "writes",
            "actions",
            "addresses",
            "callers",
            "first",
            "last",
        ],
        rows: rows.collect(),
        summary: None,
        nothing: "no user, role or root did anything",
    }
}

/// One row per principal and action; of a question about somebody, with the places of each principal above.
pub(super) fn actions(usage: &Usage, selection: &Selection, limits: &Limits, now: Timestamp) -> Table {
    let subjects = match &selection.access_key {
        Some(key) => keys(usage, key, limits.new_origin),
        None => subjects(usage),
    };
    let unused_days = limits.unused;
    let mut rows = Vec::new();
    for subject in &subjects {
        for (action, used) in &subject.activity.actions {
            let errors: Map<String, Value> = used
                .errors
                .iter()
                .map(|(error, seen)| (error.to_string(), Value::from(seen.calls)))
                .collect();
            rows.push(vec![
                Value::from(subject.name.as_str()),
                Value::from(format!("{}:{}", action.service, action.name)),
                Value::from(used.calls),
                Value::from(used.succeeded),
                Value::from(errors),
                Value::from(used.first.to_string()),
                Value::from(used.last.to_string()),
            ]);
        }
    }
    let is_about = selection.who.is_some() || selection.access_key.is_some() || selection.only == Only::Root;
    let told: &[Subject<'_>] = if is_about { &subjects } else { &[] };
    let texts: String = told.iter().map(|subject| places(subject, unused_days, now)).collect();
    let values: Vec<Value> = told.iter().map(|subject| places_json(subject, unused_days, now)).collect();
    Table {
        question: "actions",
        columns: vec!["principal", "action", "calls", "succeeded", "errors", "first", "last"],
        rows,
        summary: (!told.is_empty()).then(|| (format!("{texts}\n"), Value::from(values))),
        nothing: "nothing was done",
    }
}

fn subjects(usage: &Usage) -> Vec<Subject<'_>> {
    let of = |account: Option<AccountId>| account.and_then(|account| usage.coverage.get(&account));
    let by_arn = |kind: &'static str,
                  activities: &'_ BTreeMap<Arn, Activity>|
     -> Vec<(String, &'static str, Option<AccountId>)> {
        activities.keys().map(|arn| (arn.to_string(), kind, arn.account())).collect()
    };
    let named = by_arn("user", &usage.users).into_iter().zip(usage.users.values());
    let roles = by_arn("role", &usage.roles).into_iter().zip(usage.roles.values());
    let roots = usage
        .roots
        .iter()
        .map(|(account, activity)| ((Usage::root_arn(*account, activity), "root", Some(*account)), activity));
    let assumed = usage.assumed_roots.iter().map(|(account, activity)| {
        ((format!("{account}{ASSUMED_ROOT}"), "assumed-root", Some(*account)), activity)
    });
    let all = named.chain(roles).chain(roots).chain(assumed);
    all.map(|((name, kind, account), activity)| Subject {
        name,
        kind,
        activity,
        coverage: of(account),
        origins: None,
    })
    .collect()
}

fn keys<'a>(usage: &'a Usage, key: &str, new_days: i64) -> Vec<Subject<'a>> {
    let judged = usage.history.as_ref().map(|seen| Judged::of(&seen.origins, new_days));
    let found = usage.keys.iter().filter(|(id, _)| id.as_str() == key);
    let keys: Vec<Subject<'_>> = found
        .map(|(id, used)| {
            let owner = used.owner.as_ref().map(|owner| format!(" of {owner}")).unwrap_or_default();
            Subject {
                name: format!("{id}{owner}"),
                kind: "key",
                activity: &used.activity,
                coverage: used.account.and_then(|account| usage.coverage.get(&account)),
                origins: judged.as_ref().map(|judged| (judged.is_shared(id), judged.of_key(id).to_vec())),
            }
        })
        .collect();
    // A session's key has no usage of its own: its calls are its principal's.
    if keys.is_empty() { subjects(usage) } else { keys }
}

fn class(subject: &Subject<'_>, unused_days: i64, now: Timestamp) -> &'static str {
    let (activity, coverage) = (subject.activity, subject.coverage);
    let classified = match &subject.origins {
        Some((is_shared, _)) => classify_shared(activity, *is_shared, coverage, unused_days, now),
        None => classify(activity, coverage, unused_days, now),
    };
    match classified.class {
        UseClass::Active => "active",
        UseClass::Noise => "noise",
        UseClass::Rare => "rare",
        UseClass::Shared => "shared",
    }
}

fn callers(activity: &Activity) -> Vec<&str> {
    let mut callers: Vec<(u64, &str)> =
        activity.callers.iter().map(|(kind, seen)| (seen.calls, kind.as_str())).collect();
    callers.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
    callers.into_iter().map(|(_, kind)| kind).collect()
}

fn places(subject: &Subject<'_>, unused_days: i64, now: Timestamp) -> String {
    let activity = subject.activity;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}: {} calls, {} failed, {} writes, {} with MFA, {} to {}; use is {}",
        subject.name,
        activity.calls,
        activity.calls - activity.succeeded,
        activity.writes,
        activity.with_mfa,
        activity.first,
        activity.last,
        class(subject, unused_days, now)
    );
    let kinds = [
        ("addresses", &activity.addresses),
        ("vpc endpoints", &activity.vpc_endpoints),
        ("regions", &activity.regions),
        ("agents", &activity.agents),
        ("workloads", &activity.workloads),
    ];
    for (what, places) in kinds.into_iter().filter(|(_, places)| !places.seen.is_empty()) {
        let _ = writeln!(text, "  {what}: {}", named(places));
    }
    if let Some((_, origins)) = &subject.origins {
        text.push_str(&origins_text(origins));
    }
    text
}

/// Where a key was used from, and what is concluded of it.
fn origins_text(origins: &[Origin]) -> String {
    let mut text = "  origins, over the whole trail:\n".to_owned();
    let width = origins.iter().map(|origin| origin.id.len()).max().unwrap_or_default();
    for origin in origins {
        let signs: Vec<&str> = origin.signs.iter().map(|sign| sign.words().0).collect();
        let why = if signs.is_empty() { String::new() } else { format!(": {}", signs.join("; ")) };
        let what: Vec<&str> = origin.actions.iter().take(3).map(|(action, _)| action.as_str()).collect();
        let (id, count, days) = (&origin.id, calls(origin.calls), counted(origin.days, "day"));
        let (last, judged) = (day(origin.last), origin.judgement.words().0);
        let _ = writeln!(text, "    {id:width$}  {count} on {days}, last {last}, {}", what.join(", "));
        let _ = writeln!(text, "    {:width$}  {judged}{why}", "");
    }
    text
}

/// The busiest places.
fn named(places: &Places) -> String {
    let mut busiest: Vec<(u64, &str)> =
        places.seen.iter().map(|(place, seen)| (seen.calls, place.as_str())).collect();
    busiest.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
    let shown = busiest.iter().take(PLACES_SHOWN).map(|(calls, place)| {
        let place: String = place.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        format!("{place} ({calls})")
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if busiest.len() > PLACES_SHOWN {
        let _ = write!(text, " and {} more", busiest.len() - PLACES_SHOWN);
    }
    text
}

fn places_json(subject: &Subject<'_>, unused_days: i64, now: Timestamp) -> Value {
    let mut places = activity_json(subject, unused_days, now);
    if let (Some((_, origins)), Some(object)) = (&subject.origins, places.as_object_mut()) {
        object.insert("origins".to_owned(), json!(origins));
    }
    places
}

fn activity_json(subject: &Subject<'_>, unused_days: i64, now: Timestamp) -> Value {
    let activity = subject.activity;
    let of = |places: &Places| -> Value {
        let seen = places.seen.iter().map(|(place, seen)| {
            json!({ "name": place, "calls": seen.calls, "first": seen.first.to_string(), "last": seen.last.to_string() })
        });
        json!({ "seen": seen.collect::<Vec<_>>(), "calls_beyond": places.beyond })
    };
    json!({
        "principal": subject.name,
        "kind": subject.kind,
        "use": class(subject, unused_days, now),
        "blind_to_data_events": subject.coverage.is_none_or(|coverage| !coverage.data_events),
        "calls": activity.calls,
        "succeeded": activity.succeeded,
        "writes": activity.writes,
        "with_mfa": activity.with_mfa,
        "first": activity.first.to_string(),
        "last": activity.last.to_string(),
        "callers": callers(activity),
        "addresses": of(&activity.addresses),
        "vpc_endpoints": of(&activity.vpc_endpoints),
        "regions": of(&activity.regions),
        "agents": of(&activity.agents),
        "workloads": of(&activity.workloads),
    })
}
