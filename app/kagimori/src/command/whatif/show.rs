//! What `whatif` prints: for people, and as JSON (schema `kagimori.whatif`, version 1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::Timestamp;
use kagimori_id::Arn;
use kagimori_plan::blind::Loss;
use kagimori_plan::replay::{About, Counts, Evidence, Finding, Verdict, Why};
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, RED_BOLD as RED, YELLOW_BOLD as YELLOW};
use kagimori_trail::origin::Origin;
use serde::Serialize;

use super::{Shown, losses};
use crate::show::numbers::{calls, counted, day, instant, thousands};
use crate::show::silence::{self, SilentOutput};

/// Findings of one kind that are printed; the JSON and the page hold all.
const FINDINGS_MAX: usize = 20;
/// Resources of a finding that are printed.
const RESOURCES_MAX: usize = 3;

pub(super) fn text(shown: &Shown<'_>) -> String {
    let mut text = String::new();
    let totals = &shown.evidence.totals;
    let _ = writeln!(text, "{}", headline(shown));
    let _ = writeln!(text, "\nChanges (plan {})", shown.plan.id);
    for (number, step) in shown.plan.changes.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", number.saturating_add(1), step.sentence);
    }
    for (verdict, title) in SECTIONS {
        section(shown, verdict, title, &mut text);
    }
    losses::text(shown, &mut text);
    silences(shown, &mut text);
    origins(shown, &mut text);
    let _ = writeln!(text, "\n{}", tally(totals));
    text
}

/// Where the calls come from, and which of them are not counted.
fn origins(shown: &Shown<'_>, text: &mut String) {
    if shown.origins.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nWhere the calls come from");
    for (who, origins) in shown.origins.iter().take(FINDINGS_MAX) {
        let _ = writeln!(text, "  {who}");
        for origin in origins {
            let signs: Vec<&str> = origin.signs.iter().map(|sign| sign.words().0).collect();
            let why = if signs.is_empty() { String::new() } else { format!(": {}", signs.join("; ")) };
            let what: Vec<&str> = origin.actions.iter().take(3).map(|(action, _)| action.as_str()).collect();
            let (count, days) = (calls(origin.calls), counted(origin.days, "day"));
            let judged = origin.judgement.words().0;
            let _ = writeln!(text, "    {}  {judged}{why}", origin.id);
            let _ = writeln!(
                text,
                "      {DIM}{count} on {days}, the last on {}: {}{DIM:#}",
                day(origin.last),
                what.join(", ")
            );
        }
    }
    let broken = shown.suspected.totals.newly_denied;
    if shown.suspected.totals.total() > 0 {
        let all = calls(shown.suspected.totals.total());
        let _ =
            writeln!(text, "  not counted: {all} of other origins, of which {} would end", thousands(broken));
    }
}

/// When nothing at all is heard of an account.
fn silences(shown: &Shown<'_>, text: &mut String) {
    if shown.silent.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", silence::HEADING.0);
    for (line, _) in silence::lines(shown.silent) {
        let _ = writeln!(text, "  {line}");
    }
}

const SECTIONS: [(Verdict, &str); 4] = [
    (Verdict::NewlyDenied, "Would have broken"),
    (Verdict::CannotTell, "Cannot tell"),
    (
        Verdict::Unexplained,
        "Unexplained: these succeeded, and by the policies of the snapshot they could not have",
    ),
    (Verdict::NewlyAllowed, "Newly allowed: these were denied"),
];

fn headline(shown: &Shown<'_>) -> String {
    let totals = &shown.evidence.totals;
    let of = replayed(shown);
    let broken = shown.evidence.principals.values().filter(|held| held.counts.newly_denied > 0).count();
    if totals.newly_denied > 0 {
        let who = if broken == 1 { "one principal".to_owned() } else { format!("{broken} principals") };
        return format!("{RED}WOULD BREAK{RED:#}  {} by {who}, {of}", calls(totals.newly_denied));
    }
    if shown.is_empty() {
        return format!("{YELLOW}CANNOT TELL{YELLOW:#}  no call was replayed");
    }
    if totals.cannot_tell > 0 {
        return format!("{YELLOW}CANNOT TELL{YELLOW:#}  {}, {of}", calls(totals.cannot_tell));
    }
    let losing = shown.losses.iter().filter(|loss| loss.counts());
    let losing: usize = losing.map(|loss| loss.principals.len()).sum();
    if losing > 0 {
        let who = counted(thousands(losing as u64), "principal");
        return format!(
            "{YELLOW}CANNOT TELL{YELLOW:#}  {who} would lose what this trail does not show, {of}"
        );
    }
    match silence::most_days(shown.silent) {
        0 if shown.losses.is_empty() => format!("{GREEN}BREAKS NOTHING{GREEN:#}  {of}"),
        0 => format!("{GREEN}BREAKS NOTHING{GREEN:#} that this trail would have shown, {of}"),
        days => {
            let days = counted(days, "day");
            format!("{YELLOW}CANNOT TELL{YELLOW:#}  the trail is silent on {days}; nothing would break {of}")
        }
    }
}

/// Of how many days: what was before the trail began is not known.
fn held_days(shown: &Shown<'_>) -> String {
    let asked = counted(shown.days, "day");
    match shown.begins {
        Some(begins) => {
            let held = counted(shown.days_held(), "day");
            format!("{held}: of {asked} that were asked for, the trail begins on {}", day(begins))
        }
        None => asked,
    }
}

/// Of which calls it was.
pub(super) fn replayed(shown: &Shown<'_>) -> String {
    let (count, days) = (shown.evidence.totals.total(), held_days(shown));
    match shown.touched.map(BTreeSet::len) {
        None => format!("of {} replayed from the last {days}", calls(count)),
        Some(_) if count == 0 => {
            let others = calls(shown.others);
            format!("nobody whom the changes touch made any of the {others} of the last {days}")
        }
        Some(touched) => {
            let whom = counted(touched as u64, "principal");
            format!("of {} by the {whom} whom the changes touch, replayed from the last {days}", calls(count))
        }
    }
}

fn section(shown: &Shown<'_>, verdict: Verdict, title: &str, text: &mut String) {
    let findings = shown.evidence.findings(verdict);
    if findings.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    let mut last = "";
    for (who, about, finding) in findings.iter().take(FINDINGS_MAX) {
        if *who != last {
            let _ = writeln!(text, "  {who}");
            last = who;
        }
        one(about, finding, text);
    }
    if findings.len() > FINDINGS_MAX {
        let more = findings.len().saturating_sub(FINDINGS_MAX);
        let _ = writeln!(text, "  and {more} more: `--format json` and `--page FILE` show all");
    }
}

fn one(about: &About, finding: &Finding, text: &mut String) {
    let count = calls(finding.count);
    let _ = writeln!(text, "    {}  {count}, the last on {}", about.action, day(finding.last));
    let _ = writeln!(text, "      {}", about.why);
    let mut named: Vec<&str> = finding.resources.iter().take(RESOURCES_MAX).map(String::as_str).collect();
    let more = finding.resources.len().saturating_sub(named.len());
    let rest = if finding.has_more_resources { "more".to_owned() } else { format!("{more} more") };
    if finding.has_more_resources || more > 0 {
        named.push(&rest);
    }
    if !named.is_empty() {
        let _ = writeln!(text, "      on {}", named.join(", "));
    }
    let id = finding.first.event_id.as_deref().unwrap_or("without id");
    let _ = writeln!(text, "      {DIM}first: event {id} at {}{DIM:#}", instant(finding.first.time));
}

fn tally(totals: &Counts) -> String {
    let parts: Vec<String> = Verdict::ALL
        .iter()
        .filter(|verdict| totals.get(**verdict) > 0)
        .map(|verdict| format!("{} {}", verdict.words(), thousands(totals.get(*verdict))))
        .collect();
    parts.join(" · ")
}

#[derive(Serialize)]
pub(super) struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    plan: PlanOutput<'a>,
    days: i64,
    from: String,
    until: String,
    /// When the trail begins, where that is later than `from`: of the time before nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    trail_begins: Option<String>,
    /// Whom the changes touch: the totals are of their calls; `null`: of everybody's.
    touched: Option<&'a BTreeSet<Arn>>,
    /// When these made no call: how many others there were.
    others: u64,
    totals: &'a Counts,
    /// Calls that may be an intruder's, or of origins that were not asked for: not in the totals.
    not_counted: NotCounted<'a>,
    /// Where the calls of those come from whom the changes touch, when it is more than one expected place.
    origins: &'a BTreeMap<Arn, Vec<Origin>>,
    /// What goes without the trail being able to show its use.
    not_shown: &'a [Loss],
    /// When the trail is silent of an account: what was done then is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silent: Vec<SilentOutput>,
    principals: Vec<PrincipalOutput<'a>>,
}

#[derive(Serialize)]
struct NotCounted<'a> {
    totals: &'a Counts,
    principals: Vec<PrincipalOutput<'a>>,
}

#[derive(Serialize)]
struct PlanOutput<'a> {
    id: &'a str,
    title: &'a str,
    changes: Vec<&'a str>,
    way_back: Vec<&'a str>,
}

#[derive(Serialize)]
struct PrincipalOutput<'a> {
    principal: &'a str,
    counts: &'a Counts,
    findings: Vec<FindingOutput<'a>>,
}

#[derive(Serialize)]
struct FindingOutput<'a> {
    verdict: Verdict,
    action: &'a str,
    why: &'a Why,
    #[serde(flatten)]
    finding: &'a Finding,
}

fn principals(evidence: &Evidence) -> Vec<PrincipalOutput<'_>> {
    let with_findings = evidence.principals.iter().filter(|(_, held)| !held.findings.is_empty());
    with_findings
        .map(|(principal, held)| PrincipalOutput {
            principal,
            counts: &held.counts,
            findings: held.findings.iter().map(finding).collect(),
        })
        .collect()
}

fn finding<'a>((about, finding): (&'a About, &'a Finding)) -> FindingOutput<'a> {
    FindingOutput { verdict: about.verdict, action: &about.action, why: &about.why, finding }
}

/// Principals with findings; the others are in the totals.
pub(super) fn json<'a>(shown: &'a Shown<'_>) -> Output<'a> {
    let sentences =
        |steps: &'a [kagimori_plan::plan::Step]| steps.iter().map(|step| step.sentence.as_str()).collect();
    Output {
        schema: Schema { name: "kagimori.whatif", version: 1 },
        now: shown.now,
        plan: PlanOutput {
            id: &shown.plan.id,
            title: &shown.plan.title,
            changes: sentences(&shown.plan.changes),
            way_back: sentences(&shown.plan.way_back),
        },
        days: shown.days,
        from: instant(shown.window.from),
        until: instant(shown.window.until),
        trail_begins: shown.begins.map(instant),
        touched: shown.touched,
        others: shown.others,
        totals: &shown.evidence.totals,
        not_counted: NotCounted { totals: &shown.suspected.totals, principals: principals(shown.suspected) },
        origins: shown.origins,
        not_shown: shown.losses,
        silent: silence::json(shown.silent),
        principals: principals(shown.evidence),
    }
}
