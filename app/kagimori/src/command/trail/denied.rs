//! `kagimori trail denied`: which permissions were refused, on what, by which policies; and whether the map from events to
//! permissions agrees with AWS's word.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use kagimori_trail::call::{Call, CheckedResource, Mapped};
use kagimori_trail::event::Principal;
use serde_json::{Map, Value};

use super::table::Table;

/// Refused calls, counted. Sums of threads merge in any order.
#[derive(Default)]
pub(super) struct Refused {
    rows: BTreeMap<Row, Count>,
    wrong: BTreeMap<Wrong, Count>,
    map: MapTest,
}

/// How the map did beside AWS's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MapTest {
    /// Refused calls.
    refused: u64,
    /// Of these, with a message that names the permission.
    told: u64,
    same: u64,
    pattern: u64,
    unknown: u64,
    not_said: u64,
    other_resource: u64,
    other_action: u64,
    no_event: u64,
}

/// What a row is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    principal: String,
    action: String,
    resource: Option<String>,
    layer: Option<String>,
    policy: Option<String>,
    error: String,
    event: String,
}

/// Where the map was wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wrong {
    event: String,
    action: String,
    resource: Option<String>,
    mapped: String,
}

struct Count {
    calls: u64,
    first: i64,
    last: i64,
    witness: Option<Box<str>>,
}

impl Refused {
    pub(super) fn add(&mut self, call: &Call) {
        // What AWS's services were refused is not for anybody here to grant.
        let Some(principal) = principal(call) else { return };
        self.map.add(call);
        let refusal = call.refusal.as_deref();
        let event = format!("{}:{}", call.source.split('.').next().unwrap_or_default(), call.name);
        let action = refusal.map(|refusal| refusal.action.to_string()).or_else(|| only_action(call));
        let row = Row {
            principal,
            resource: resource(call, action.as_deref()),
            action: action.unwrap_or_else(|| event.clone()),
            layer: refusal.and_then(|refusal| {
                let words = refusal.layer?.words();
                let how = if refusal.is_explicit { "denied by" } else { "not allowed by" };
                Some(format!("{how} {words}"))
            }),
            policy: refusal.and_then(|refusal| refusal.policy.as_deref()).map(str::to_owned),
            error: call.error.as_deref().unwrap_or_default().to_owned(),
            event,
        };
        if let Some(wrong) = Wrong::of(call, &row) {
            Count::add(&mut self.wrong, wrong, &Count::of(call));
        }
        Count::add(&mut self.rows, row, &Count::of(call));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.map.merge(other.map);
        other.rows.into_iter().for_each(|(row, count)| Count::add(&mut self.rows, row, &count));
        other.wrong.into_iter().for_each(|(wrong, count)| Count::add(&mut self.wrong, wrong, &count));
    }

    pub(super) fn map(&self) -> MapTest {
        self.map
    }

    /// One row per principal, permission, resource and layer, most calls first.
    pub(super) fn table(self) -> Table {
        let mut rows: Vec<(Row, Count)> = self.rows.into_iter().collect();
        rows.sort_by(|(a, m), (b, n)| n.calls.cmp(&m.calls).then_with(|| a.cmp(b)));
        let cells = |(row, count): (Row, Count)| {
            let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
            vec![
                Value::from(row.principal),
                Value::from(row.action),
                text(row.resource),
                text(row.layer),
                text(row.policy),
                Value::from(row.event),
                Value::from(row.error),
                Value::from(count.calls),
                instant(count.first),
                instant(count.last),
            ]
        };
        Table {
            question: "denied",
            columns: vec![
                "principal",
                "action",
                "resource",
                "layer",
                "policy",
                "event",
                "error",
                "calls",
                "first",
                "last",
            ],
            summary: (!rows.is_empty()).then(|| (WHY.to_owned(), Value::from(WHY.trim_end()))),
            rows: rows.into_iter().map(cells).collect(),
            nothing: "nobody's call was refused",
        }
    }

    /// The refusals that the map was wrong about.
    pub(super) fn map_table(self) -> Table {
        let mut rows: Vec<(Wrong, Count)> = self.wrong.into_iter().collect();
        rows.sort_by(|(a, m), (b, n)| n.calls.cmp(&m.calls).then_with(|| a.cmp(b)));
        let cells = |(wrong, count): (Wrong, Count)| {
            vec![
                Value::from(wrong.event),
                Value::from(wrong.action),
                wrong.resource.map_or(Value::Null, Value::from),
                Value::from(wrong.mapped),
                Value::from(count.calls),
                instant(count.first),
                count.witness.as_deref().map_or(Value::Null, Value::from),
            ]
        };
        Table {
            question: "denied.map",
            columns: vec!["event", "aws_refused", "on", "map_said", "calls", "first", "event_id"],
            rows: rows.into_iter().map(cells).collect(),
            summary: Some((self.map.text(), self.map.json())),
            nothing: "the map agrees with every message that names a permission",
        }
    }
}

/// Where the statement is found.
const WHY: &str = "`kagimori ask why PRINCIPAL ACTION RESOURCE` names the statement\n\n";

impl Wrong {
    fn of(call: &Call, row: &Row) -> Option<Self> {
        let refusal = call.refusal.as_deref()?;
        let mapped = match &refusal.mapped {
            Mapped::OtherResource(resource) => format!("on {resource}"),
            Mapped::OtherAction => {
                let actions: Vec<&str> = call.checks.iter().map(|check| &*check.action).collect();
                format!(
                    "other permissions: {}",
                    actions.into_iter().filter(|one| *one != &*refusal.action).collect::<Vec<_>>().join(", ")
                )
            }
            Mapped::NoEvent => "nothing: the event is not in the map".to_owned(),
            Mapped::Same | Mapped::Pattern | Mapped::Unknown | Mapped::NotSaid => return None,
        };
        let resource = refusal.resource.as_deref().map(str::to_owned);
        Some(Self { event: row.event.clone(), action: row.action.clone(), resource, mapped })
    }
}

impl MapTest {
    fn add(&mut self, call: &Call) {
        self.refused = self.refused.saturating_add(1);
        let Some(refusal) = call.refusal.as_deref() else { return };
        self.told = self.told.saturating_add(1);
        let slot = match &refusal.mapped {
            Mapped::Same => &mut self.same,
            Mapped::Pattern => &mut self.pattern,
            Mapped::Unknown => &mut self.unknown,
            Mapped::NotSaid => &mut self.not_said,
            Mapped::OtherResource(_) => &mut self.other_resource,
            Mapped::OtherAction => &mut self.other_action,
            Mapped::NoEvent => &mut self.no_event,
        };
        *slot = slot.saturating_add(1);
    }

    fn merge(&mut self, other: Self) {
        let pairs = [
            (&mut self.refused, other.refused),
            (&mut self.told, other.told),
            (&mut self.same, other.same),
            (&mut self.pattern, other.pattern),
            (&mut self.unknown, other.unknown),
            (&mut self.not_said, other.not_said),
            (&mut self.other_resource, other.other_resource),
            (&mut self.other_action, other.other_action),
            (&mut self.no_event, other.no_event),
        ];
        pairs.into_iter().for_each(|(mine, theirs)| *mine = mine.saturating_add(theirs));
    }

    /// Refusals that the map was wrong about.
    fn wrong(self) -> u64 {
        self.other_resource.saturating_add(self.other_action).saturating_add(self.no_event)
    }

    /// For people, with a blank line behind it; nothing when nobody was refused.
    pub(super) fn text(self) -> String {
        let mut text = String::new();
        if self.refused > 0 {
            let _ = writeln!(
                text,
                "the map beside AWS's refusals: {} refused, {} by a message that names the permission: {} the same, {} by a pattern, \
                 {} not told by the event, {} not by the message, {} wrong\n",
                self.refused,
                self.told,
                self.same,
                self.pattern,
                self.unknown,
                self.not_said,
                self.wrong()
            );
        }
        text
    }

    pub(super) fn json(self) -> Value {
        let counts = [
            ("refused", self.refused),
            ("told", self.told),
            ("same", self.same),
            ("pattern", self.pattern),
            ("unknown", self.unknown),
            ("not_said", self.not_said),
            ("other_resource", self.other_resource),
            ("other_action", self.other_action),
            ("no_event", self.no_event),
        ];
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), Value::from(count)));
        Value::Object(counts.collect::<Map<_, _>>())
    }
}

impl Count {
    fn of(call: &Call) -> Self {
        Self { calls: 1, first: call.time, last: call.time, witness: call.event_id.clone() }
    }

    fn add<K: Ord>(counts: &mut BTreeMap<K, Self>, key: K, more: &Self) {
        let none = || Self { calls: 0, first: i64::MAX, last: i64::MIN, witness: None };
        let known = counts.entry(key).or_insert_with(none);
        known.calls = known.calls.saturating_add(more.calls);
        known.last = known.last.max(more.last);
        if known.calls == more.calls || (more.first, &more.witness) < (known.first, &known.witness) {
            (known.first, known.witness) = (more.first, more.witness.clone());
        }
    }
}

/// Who called; `None` for a service for itself.
fn principal(call: &Call) -> Option<String> {
    let caller = &call.caller;
    match &caller.principal {
        Principal::User(arn) | Principal::Role(arn) => Some(arn.to_string()),
        Principal::Root(account, _) => Some(format!("{account}:root")),
        Principal::Service(_) => None,
        _ => Some(caller.text().unwrap_or_else(|| "not told".to_owned())),
    }
}

/// The permission, when the call asked for one alone.
fn only_action(call: &Call) -> Option<String> {
    let mut actions =
        call.checks.iter().filter(|check| check.certainty == kagimori_trail::call::Certainty::Certain);
    let first = actions.next()?;
    actions.all(|other| other.action == first.action).then(|| first.action.to_string())
}

/// What the permission was asked on.
fn resource(call: &Call, action: Option<&str>) -> Option<String> {
    let mut of_it = call.checks.iter().filter(|check| Some(&*check.action) == action);
    let told = of_it.find_map(|check| match &check.resource {
        CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => Some(arn.to_string()),
        CheckedResource::None | CheckedResource::Unknown => None,
    });
    told.or_else(|| call.refusal.as_deref()?.resource.as_deref().map(str::to_owned))
}

fn instant(seconds: i64) -> Value {
    Timestamp::from_second(seconds).map_or(Value::Null, |time| Value::from(time.to_string()))
}
