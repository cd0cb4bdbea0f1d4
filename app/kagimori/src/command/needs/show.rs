//! Needs as people and programs read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use kagimori_estate::access::Extent;
use kagimori_policy::compare::Inclusion;
use kagimori_policy::print::print_pretty;
use kagimori_source::needs::{Need, Place, Reason, Told, Untold};
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD, GREEN, RED, YELLOW};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Found, Held};
use crate::args::Needs;
use crate::show::numbers::counted;

/// So many places of one need, and so many names of one list, are shown to people.
const SHOWN_MAX: usize = 5;

pub(super) fn text(args: &Needs, found: &Found) -> String {
    let mut text = String::new();
    let calls = counted(found.analysis.calls.len(), "call");
    let _ = writeln!(text, "{BOLD}{} of source, {calls} of AWS's SDKs{BOLD:#}", counted(found.files, "file"));
    for (why, count) in &found.sources.passed_over {
        let _ = writeln!(text, "passed over: {} ({why})", counted(count, "file"));
    }
    actions(&mut text, found);
    untold(&mut text, &found.analysis.untold);
    if let Some(held) = &found.held {
        lists(&mut text, held);
    }
    if !found.composed.document.statements.is_empty() {
        let with = if args.with_possible { "" } else { "; what only some requests need is left out" };
        let proof = match found.composed.suffices {
            Inclusion::Proved => "proved to allow all of it",
            _ => "not proved to allow all of it",
        };
        let _ = writeln!(
            text,
            "\n{BOLD}The policy{BOLD:#} ({proof}{with})\n{}",
            print_pretty(&found.composed.document)
        );
    }
    text
}

/// Needs by action and resource, with their places.
fn actions(text: &mut String, found: &Found) {
    type Places<'n> = BTreeSet<(&'n str, u32, &'n str)>;
    type Row<'n> = (Places<'n>, BTreeSet<String>, BTreeSet<&'n str>);
    let mut rows: BTreeMap<(bool, &str, &str), Row<'_>> = BTreeMap::new();
    for need in &found.needs {
        let row = rows.entry((need.is_possible, &need.action, &need.resource)).or_default();
        row.0.insert((&need.path, need.line, &need.call));
        row.1.extend(need.reasons.iter().map(reason));
        row.2.extend(need.because.as_deref());
    }
    let mut was_possible = None;
    for ((is_possible, action, resource), (places, reasons, because)) in rows {
        if was_possible != Some(is_possible) {
            let title = if is_possible { "Needed by some requests" } else { "Needed" };
            let _ = writeln!(text, "\n{BOLD}{title}{BOLD:#}");
            was_possible = Some(is_possible);
        }
        let _ = writeln!(text, "{action}  {resource}");
        for (path, line, call) in places.iter().take(SHOWN_MAX) {
            let _ = writeln!(text, "    {path}:{line}  {call}");
        }
        more(text, places.len());
        for because in because.iter().take(SHOWN_MAX) {
            let _ = writeln!(text, "    because: {because}");
        }
        for reason in reasons.iter().take(SHOWN_MAX) {
            let _ = writeln!(text, "    {YELLOW}*{YELLOW:#} {reason}");
        }
        more(text, reasons.len());
    }
}

fn more(text: &mut String, count: usize) {
    if count > SHOWN_MAX {
        let _ = writeln!(text, "    … {} more", count.saturating_sub(SHOWN_MAX));
    }
}

fn reason(reason: &Reason) -> String {
    match reason.path.is_empty() {
        true => reason.sentence(),
        false => format!("{} ({}:{})", reason.sentence(), reason.path, reason.line),
    }
}

fn untold(text: &mut String, untold: &[Untold]) {
    if untold.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{BOLD}Cannot be told{BOLD:#}");
    for one in untold {
        let which = match one.services.len() {
            0 => String::new(),
            count if count > SHOWN_MAX => format!(": {count} services have it"),
            _ => format!(": {}", one.services.join(" or ")),
        };
        let _ = writeln!(text, "{}:{}  `{}`{which}", one.path, one.line, one.name);
        let _ = writeln!(text, "    {YELLOW}*{YELLOW:#} {}", reason(&one.reason));
    }
}

fn lists(text: &mut String, held: &Held) {
    let _ = writeln!(text, "\n{BOLD}Beside what {} may do{BOLD:#}", held.principal);
    let pairs = |needs: &[Need]| {
        needs.iter().map(|need| (&need.action, &need.resource)).collect::<BTreeSet<_>>().len()
    };
    let _ =
        writeln!(text, "{GREEN}needed and granted{GREEN:#}: {}", counted(pairs(&held.granted), "permission"));
    let missing: BTreeSet<(bool, &str, &str, &str, u32, bool)> = held
        .missing
        .iter()
        .map(|(need, extent)| {
            (
                need.is_possible,
                need.action.as_str(),
                need.resource.as_str(),
                need.path.as_str(),
                need.line,
                *extent == Extent::Some,
            )
        })
        .collect();
    let sure = missing.iter().filter(|row| !row.0);
    let _ = writeln!(text, "{RED}needed and missing{RED:#}: {}", counted(sure.clone().count(), "need"));
    for (_, action, resource, path, line, is_partly) in sure {
        let partly = if *is_partly { "  (granted on some of it)" } else { "" };
        let _ = writeln!(text, "    {action}  {resource}  {path}:{line}{partly}");
    }
    if !held.open.is_empty() {
        let _ = writeln!(
            text,
            "{YELLOW}granted under conditions{YELLOW:#}: {}",
            counted(pairs(&held.open), "permission")
        );
        let open: BTreeSet<(&str, &str)> =
            held.open.iter().map(|need| (need.action.as_str(), need.resource.as_str())).collect();
        for (action, resource) in open {
            let _ = writeln!(text, "    {action}  {resource}");
        }
    }
    let _ = writeln!(text, "granted and not needed: {}", counted(held.beyond.len(), "action"));
    by_service(text, held.beyond.iter().map(String::as_str));
    if let Some(trail) = &held.trail {
        let _ = writeln!(text, "used, and not in this source: {}", counted(trail.elsewhere.len(), "action"));
        for (action, calls) in &trail.elsewhere {
            let _ = writeln!(text, "    {action}  {}", counted(calls, "call"));
        }
        let _ = writeln!(text, "in this source, and never used: {}", counted(trail.unused.len(), "action"));
        for action in &trail.unused {
            let _ = writeln!(text, "    {action}");
        }
        if !trail.unseen.is_empty() {
            let _ = writeln!(
                text,
                "whether it is used, this trail may not show: {}",
                counted(trail.unseen.len(), "action")
            );
            by_service(text, trail.unseen.iter().map(String::as_str));
        }
    }
}

/// A line for each service.
fn by_service<'a>(text: &mut String, actions: impl Iterator<Item = &'a str>) {
    let mut services: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for action in actions {
        let (service, name) = action.split_once(':').unwrap_or((action, ""));
        services.entry(service).or_default().push(name);
    }
    for (service, names) in services {
        let shown = names.iter().take(SHOWN_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = if names.len() > SHOWN_MAX {
            format!(" … {} more", names.len().saturating_sub(SHOWN_MAX))
        } else {
            String::new()
        };
        let _ = writeln!(text, "    {service}: {shown}{more}");
    }
}

/// The answer as JSON.
#[derive(Serialize)]
pub(super) struct Output<'a> {
    schema: Schema,
    files: usize,
    passed_over: &'a BTreeMap<&'static str, usize>,
    account: Option<&'a str>,
    region: Option<&'a str>,
    needs: Vec<NeedRow<'a>>,
    untold: Vec<UntoldRow<'a>>,
    policy: Option<Box<RawValue>>,
    policy_is_proved: bool,
    held: Option<HeldRow<'a>>,
    not_read: Vec<&'a str>,
}

#[derive(Serialize)]
struct NeedRow<'a> {
    action: &'a str,
    resource: &'a str,
    conditions: BTreeMap<&'a str, &'a str>,
    certainty: &'static str,
    file: &'a str,
    line: u32,
    call: &'a str,
    service_told_by: &'static str,
    because: Option<&'a str>,
    open: Vec<ReasonRow<'a>>,
}

#[derive(Serialize)]
struct ReasonRow<'a> {
    why: String,
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct UntoldRow<'a> {
    file: &'a str,
    line: u32,
    name: &'a str,
    services: &'a [&'static str],
    why: ReasonRow<'a>,
}

#[derive(Serialize)]
struct HeldRow<'a> {
    principal: &'a str,
    granted: Vec<NeedRow<'a>>,
    missing: Vec<NeedRow<'a>>,
    depends: Vec<NeedRow<'a>>,
    granted_and_not_needed: &'a [String],
    used_and_not_in_source: Option<&'a BTreeMap<String, u64>>,
    in_source_and_never_used: Option<&'a BTreeSet<String>>,
    use_not_shown: Option<&'a BTreeSet<String>>,
}

pub(super) fn output<'a>(found: &'a Found, place: &'a Place) -> Output<'a> {
    let problems = found.sources.problems.iter().map(|problem| problem.place.as_str());
    Output {
        schema: Schema { name: "kagimori.needs", version: 1 },
        files: found.files,
        passed_over: &found.sources.passed_over,
        account: place.account.as_deref(),
        region: place.region.as_deref(),
        needs: found.needs.iter().map(need_row).collect(),
        untold: found.analysis.untold.iter().map(untold_row).collect(),
        policy: RawValue::from_string(print_pretty(&found.composed.document)).ok(),
        policy_is_proved: matches!(found.composed.suffices, Inclusion::Proved),
        held: found.held.as_ref().map(held_row),
        not_read: problems.chain(found.damaged.iter().map(String::as_str)).collect(),
    }
}

fn need_row(need: &Need) -> NeedRow<'_> {
    NeedRow {
        action: &need.action,
        resource: &need.resource,
        conditions: need.conditions.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        certainty: if need.is_possible { "possible" } else { "certain" },
        file: &need.path,
        line: need.line,
        call: &need.call,
        service_told_by: if need.told == Told::Name { "name" } else { "client" },
        because: need.because.as_deref(),
        open: need.reasons.iter().map(reason_row).collect(),
    }
}

fn reason_row(reason: &Reason) -> ReasonRow<'_> {
    ReasonRow { why: reason.sentence(), file: &reason.path, line: reason.line }
}

fn untold_row(untold: &Untold) -> UntoldRow<'_> {
    UntoldRow {
        file: &untold.path,
        line: untold.line,
        name: &untold.name,
        services: &untold.services,
        why: reason_row(&untold.reason),
    }
}

fn held_row(held: &Held) -> HeldRow<'_> {
    HeldRow {
        principal: &held.principal,
        granted: held.granted.iter().map(need_row).collect(),
        missing: held.missing.iter().map(|(need, _)| need_row(need)).collect(),
        depends: held.open.iter().map(need_row).collect(),
        granted_and_not_needed: &held.beyond,
        used_and_not_in_source: held.trail.as_ref().map(|trail| &trail.elsewhere),
        in_source_and_never_used: held.trail.as_ref().map(|trail| &trail.unused),
        use_not_shown: held.trail.as_ref().map(|trail| &trail.unseen),
    }
}
