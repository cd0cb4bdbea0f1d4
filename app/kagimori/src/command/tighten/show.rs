//! What `tighten` prints: for people, and as JSON (schema `kagimori.tighten`, version 1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::change::{Change, IdentityChange, ManagedPolicyChange};
use kagimori_plan::replacement::length;
use kagimori_plan::tighten::{
    Beyond, Denied, Dropped, Element, ElementKind, Rare, Tightened, Unseen, Verified,
};
use kagimori_policy::compare::Inclusion;
use kagimori_policy::print;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use kagimori_trail::origin::{Judgement, Origin};
use serde::Serialize;

use super::{Outcome, Proposal};
use crate::args;
use crate::error::AppError;
use crate::show::numbers::counted;
use crate::show::numbers::{calls, day, instant, thousands};
use crate::show::silence::{self, SilentOutput};

/// Lines of a list that are printed; files and JSON hold all.
const LINES_MAX: usize = 12;

pub(super) fn text(outcome: &Outcome, args: &args::Tighten, written: Option<&Path>) -> String {
    let mut text = String::new();
    match outcome.proposals.as_slice() {
        [only] if outcome.refused.is_empty() => one(only, outcome, &mut text),
        many => table(many, outcome, args, &mut text),
    }
    let silent: Vec<String> = silence::lines(&outcome.silent).into_iter().map(|(line, _)| line).collect();
    section(&mut text, silence::HEADING.0, &silent);
    if let Some(folder) = written {
        let _ = writeln!(
            text,
            "\nwritten: plans in plans/; policies, Terraform and index.html in {}",
            folder.display()
        );
    }
    text
}

fn one(proposal: &Proposal, outcome: &Outcome, text: &mut String) {
    let held = &proposal.tightened;
    let _ = writeln!(text, "{}  {}", headline(proposal), held.principal);
    facts(proposal, outcome, text);
    let _ = writeln!(text, "\nPolicy");
    for document in &held.new {
        for line in print::print_pretty(document).lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    if held.new.is_empty() {
        let _ = writeln!(text, "  none: nothing it did needs a permission");
    }
    let all: Vec<String> =
        held.stay.iter().map(|name| format!("{name}: its grants are not asked for again")).collect();
    section(text, "Stays beside it", &all);
    section(text, "Where its calls come from", &held_origins(&proposal.origins, &proposal.learnt));
    let _ = writeln!(text, "\nEvidence");
    lines(text, &held.elements, element);
    let all: Vec<String> = held.elements.iter().filter_map(may_be_needed).collect();
    section(
        text,
        "Not seen to be needed, and kept: AWS checks it under circumstances that the events do not tell",
        &all,
    );
    section(text, "Would be denied on the holdout, or open", &failing(proposal.holdout.as_ref()));
    section(text, "Not sufficient", &failing(Some(&proposal.verified)));
    let all: Vec<String> = held.denied.iter().map(denied).collect();
    section(text, "Was denied, and may be wanted: for a person to say", &all);
    let all: Vec<String> = held.rare.iter().map(rare).collect();
    section(text, "Used seldom: look for a quarter's or a year's end that this trail may not show", &all);
    let mut all: Vec<String> = held.unseen.iter().map(unseen).collect();
    all.extend(beyond(held).map(|(english, _)| english));
    section(text, "Not shown by this trail", &all);
    let all: Vec<String> =
        held.unexplained.iter().map(|(action, count)| format!("{action}  {}", calls(*count))).collect();
    section(text, "Succeeded, though the policies of the snapshot deny it: nothing is granted for it", &all);
    if !outcome.has_last_accessed {
        let _ = writeln!(
            text,
            "\n{DIM}no service-last-accessed data: `aws iam generate-service-last-accessed-details`, then `get-…`, as last-accessed/ACCOUNT/{}/{}.json{DIM:#}",
            if held.principal.resource().starts_with("user/") { "user" } else { "role" },
            held.principal.name()
        );
    }
    let _ = writeln!(text, "\nPlan {}", proposal.plan.id);
    for (number, step) in proposal.plan.changes.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", number.saturating_add(1), step.sentence);
    }
    let _ = writeln!(text, "  the way back has {}", counted(proposal.plan.way_back.len(), "step"));
}

/// Where calls come from, which of these are learnt from, and what for.
fn held_origins(origins: &[Origin], learnt: &BTreeSet<String>) -> Vec<String> {
    let line = |origin: &Origin| {
        let learnt = if learnt.contains(&origin.id) { "" } else { ", not learnt from" };
        let what: Vec<&str> = origin.actions.iter().take(3).map(|(action, _)| action.as_str()).collect();
        let signs: Vec<&str> = origin.signs.iter().map(|sign| sign.words().0).collect();
        let why = if signs.is_empty() { String::new() } else { format!(": {}", signs.join("; ")) };
        let days = counted(origin.days, "day");
        let advice = match origin.judgement {
            Judgement::AnotherPerson => "; give this person a role",
            Judgement::Suspected => "; look at it before anything else",
            _ => "",
        };
        format!(
            "{}  {}{learnt}{why}  {} on {days}, the last on {}: {}{advice}",
            origin.id,
            origin.judgement.words().0,
            calls(origin.calls),
            day(origin.last),
            what.join(", ")
        )
    };
    origins.iter().map(line).collect()
}

fn headline(proposal: &Proposal) -> String {
    if proposal.wants_a_look() {
        format!("{YELLOW}LOOK AT THIS{YELLOW:#}")
    } else {
        format!("{GREEN}TIGHTENED{GREEN:#}")
    }
}

fn facts(proposal: &Proposal, outcome: &Outcome, text: &mut String) {
    let held = &proposal.tightened;
    let (tested, necessary) = held.necessity;
    let window = format!("{} to {}", day(outcome.window.from), day(outcome.window.until.saturating_sub(1)));
    let _ = writeln!(text, "  actions     {} → {}", held.dropped.actions_before, held.dropped.actions_after);
    let _ = writeln!(text, "  size        {}", size(proposal));
    let _ = writeln!(text, "  sound       {}", soundness(&held.soundness));
    let _ = writeln!(text, "  sufficient  {}{}", sufficient(&proposal.verified, &window), as_far(held).0);
    let _ = writeln!(
        text,
        "  minimal     {necessary} of {tested} elements are necessary; without any of these a call would break"
    );
    if let Some(holdout) = &proposal.holdout {
        let _ = writeln!(text, "  holdout     {}", held_out(holdout));
    }
}

/// How large a proposal is.
pub(super) struct Extent {
    pub(super) documents: usize,
    pub(super) statements: usize,
    pub(super) characters: usize,
    pub(super) is_inline: bool,
    /// Documents that become versions of policies that are there.
    pub(super) versions: usize,
    pub(super) is_boundary: bool,
}

impl Extent {
    pub(super) fn of(proposal: &Proposal) -> Self {
        let (new, changes) = (&proposal.tightened.new, &proposal.tightened.changes);
        let is_inline =
            |change: &Change| matches!(change, Change::Identity(IdentityChange::PutInlinePolicy { .. }));
        let is_boundary =
            |change: &Change| matches!(change, Change::Identity(IdentityChange::SetBoundary { .. }));
        let is_version = |change: &&Change| {
            matches!(change, Change::ManagedPolicy(ManagedPolicyChange::CreatePolicyVersion { .. }))
        };
        Self {
            documents: new.len(),
            statements: new.iter().map(|document| document.statements.len()).sum(),
            characters: new.iter().map(length).sum(),
            is_inline: changes.iter().any(is_inline),
            versions: changes.iter().filter(is_version).count(),
            is_boundary: changes.iter().any(is_boundary),
        }
    }
}

pub(super) fn size(proposal: &Proposal) -> String {
    let extent = Extent::of(proposal);
    let what = match (extent.documents, extent.is_inline, extent.versions) {
        (0, _, _) => return "no policy".to_owned(),
        _ if extent.is_boundary => "a permissions boundary; its groups stay".to_owned(),
        (1, true, _) => "one inline policy".to_owned(),
        (1, false, 1) => "the next version of its policy".to_owned(),
        (1, false, _) => "one managed policy".to_owned(),
        (count, _, 0) => format!("{count} policies"),
        (count, _, versions) => format!("{count} policies, {versions} of them versions of those it has"),
    };
    format!(
        "{what}, {}, {}",
        counted(extent.statements, "statement"),
        counted(extent.characters, "character")
    )
}

pub(super) fn soundness(inclusion: &Inclusion) -> String {
    match inclusion {
        Inclusion::Proved => "proved: it grants nothing that the old policies did not".to_owned(),
        Inclusion::Refuted(request) => {
            format!(
                "REFUTED: {} on {} would be new (a defect: please report it)",
                request.action, request.resource
            )
        }
        Inclusion::NotProved(why) => format!("not proved: {why}"),
    }
}

/// How far "sufficient" goes: what the trail does not show and goes is not among the calls.
pub(super) fn as_far(held: &Tightened) -> (String, String) {
    let listed = held.unseen.iter().filter(|unseen| !unseen.is_kept).map(|unseen| unseen.actions.len());
    let gone = listed.sum::<usize>().saturating_add(held.beyond.actions);
    match gone {
        0 => (String::new(), String::new()),
        _ => (
            format!(
                "; of {} that this trail does not show nobody knows, and they go",
                counted(gone, "action")
            ),
            format!("（証跡に現れないアクション {gone} 個は、利用の有無が分からないまま除外）"),
        ),
    }
}

fn sufficient(verified: &Verified, window: &str) -> String {
    let mut text =
        format!("{} of {} of {window} allowed", thousands(verified.allowed), calls(verified.calls));
    if verified.assumed > 0 {
        let _ = write!(
            text,
            ", {} more if keys that CloudTrail does not record were absent",
            thousands(verified.assumed)
        );
    }
    if verified.unexplained > 0 {
        let _ =
            write!(text, ", {} not explained by the old policies either", thousands(verified.unexplained));
    }
    text
}

pub(super) fn held_out(holdout: &Verified) -> String {
    if holdout.calls == 0 {
        return "it made no call in these days".to_owned();
    }
    let (denied, interval) = denied_share(holdout);
    format!("{} of {} would have been denied or are open{interval}", thousands(denied), calls(holdout.calls))
}

/// The calls of a holdout that would have been denied or are open, and the interval of their share.
pub(super) fn denied_share(holdout: &Verified) -> (u64, String) {
    let denied: u64 = holdout.failing.iter().map(|failing| failing.calls).sum();
    (denied, interval(denied, holdout.calls))
}

/// The 95 % interval of a share (Wilson): what a holdout of this size says of days to come, if they are like it.
fn interval(part: u64, whole: u64) -> String {
    const Z: f64 = 1.96;
    let (n, p) = (whole as f64, part as f64 / (whole.max(1)) as f64);
    let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    format!(" (95 %: {:.2}–{:.2} %)", (centre - half).max(0.0) * 100.0, (centre + half) * 100.0)
}

fn element(element: &Element) -> String {
    let why = kind(element.kind);
    let support = element.support.as_ref().map(|support| {
        let names =
            if support.names > 1 { format!(", stands for {} names", support.names) } else { String::new() };
        let id = support.first.event_id.as_deref().unwrap_or("without id");
        format!(
            "{}, the last on {}{names} {DIM}first: event {id}{DIM:#}",
            calls(support.calls),
            day(support.last)
        )
    });
    let told = match (support, element.kind) {
        (Some(support), ElementKind::Possible) => format!("{why}: {support}"),
        (Some(support), _) => support,
        (None, _) => why.to_owned(),
    };
    format!("{}  {}  {told}", element.sid, element.text)
}

/// What stays because a call that succeeded may have needed it.
fn may_be_needed(element: &Element) -> Option<String> {
    let support = element.support.as_ref()?;
    let is_told = element.kind == ElementKind::Possible && element.part == "action";
    is_told.then(|| {
        format!(
            "{}  {}  {}, the last on {}",
            element.sid,
            element.text,
            calls(support.calls),
            day(support.last)
        )
    })
}

pub(super) fn kind(kind: ElementKind) -> &'static str {
    match kind {
        ElementKind::Needed => "calls needed it",
        ElementKind::Possible => "not seen to be needed: calls may have needed it",
        ElementKind::Kept => "kept as asked",
        ElementKind::Unseen => "kept: this trail would not show its use",
    }
}

fn failing(verified: Option<&Verified>) -> Vec<String> {
    let failing = verified.map_or(&[][..], |verified| &verified.failing);
    failing
        .iter()
        .map(|failing| {
            let on = failing.resource.as_deref().map(|on| format!(" on {on}")).unwrap_or_default();
            format!(
                "{}{on}  {}, the last on {}: {}",
                failing.action,
                calls(failing.calls),
                day(failing.last),
                failing.why
            )
        })
        .collect()
}

fn denied(denied: &Denied) -> String {
    let on = denied.resource.as_deref().map(|on| format!(" on {on}")).unwrap_or_default();
    format!("{}{on}  {}, the last on {}", denied.action, calls(denied.calls), day(denied.last))
}

pub(super) fn rare(rare: &Rare) -> String {
    let days = if rare.days == 1 { "on one day".to_owned() } else { format!("on {} days", rare.days) };
    let every = rare.every_days.map(|every| format!(", about every {every} days")).unwrap_or_default();
    format!("{}  {days}{every}, the last on {}", rare.action, day(rare.last))
}

/// What goes with `*` of services that nothing shows in use.
pub(super) fn beyond(held: &Tightened) -> Option<(String, String)> {
    let (services, actions) = (held.beyond.services, held.beyond.actions);
    let (more, those) = (counted(services, "further service"), counted(thousands(actions as u64), "action"));
    (services > 0).then(|| {
        (
            format!("{more}  {those}, left out with `*`: nothing shows them in use, and this trail would not show all of it"),
            format!("ほか {services} サービスのアクション {actions} 個：`*` とともに除外（利用は見られないが、この証跡にすべてが現れるわけではない）"),
        )
    })
}

fn unseen(unseen: &Unseen) -> String {
    let what = if unseen.is_kept { "kept" } else { "left out" };
    let (count, why) = (counted(unseen.actions.len(), "action"), unseen.not_shown.words().0);
    format!("{}  {count}, {what}: {}; {why}", unseen.service, unseen.why)
}

fn section(text: &mut String, title: &str, all: &[String]) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    lines(text, all, String::clone);
}

fn lines<T>(text: &mut String, all: &[T], line: impl Fn(&T) -> String) {
    for one in all.iter().take(LINES_MAX) {
        let _ = writeln!(text, "  {}", line(one));
    }
    if all.len() > LINES_MAX {
        let more = all.len().saturating_sub(LINES_MAX);
        let _ = writeln!(text, "  and {more} more: the page and `--format json` hold all");
    }
}

/// Numbers over many.
pub(super) struct Sums {
    pub(super) proved: usize,
    pub(super) sufficient: usize,
    pub(super) calls: u64,
    pub(super) allowed: u64,
    pub(super) assumed: u64,
    pub(super) unexplained: u64,
    pub(super) tested: usize,
    pub(super) necessary: usize,
    pub(super) denied_later: u64,
    pub(super) calls_later: u64,
}

impl Sums {
    pub(super) fn of(proposals: &[Proposal]) -> Self {
        let count = |is: &dyn Fn(&Proposal) -> bool| proposals.iter().filter(|one| is(one)).count();
        let sum = |value: &dyn Fn(&Proposal) -> u64| proposals.iter().map(value).sum();
        let later = |value: &dyn Fn(&Verified) -> u64| -> u64 {
            proposals.iter().filter_map(|one| one.holdout.as_ref()).map(value).sum()
        };
        Self {
            proved: count(&|one| one.tightened.soundness == Inclusion::Proved),
            sufficient: count(&|one| one.verified.failing.is_empty()),
            calls: sum(&|one| one.verified.calls),
            allowed: sum(&|one| one.verified.allowed),
            assumed: sum(&|one| one.verified.assumed),
            unexplained: sum(&|one| one.verified.unexplained),
            tested: proposals.iter().map(|one| one.tightened.necessity.0).sum(),
            necessary: proposals.iter().map(|one| one.tightened.necessity.1).sum(),
            denied_later: later(&|held| held.failing.iter().map(|failing| failing.calls).sum()),
            calls_later: later(&|held| held.calls),
        }
    }
}

fn table(proposals: &[Proposal], outcome: &Outcome, args: &args::Tighten, text: &mut String) {
    let sums = Sums::of(proposals);
    let _ = writeln!(
        text,
        "{} from the calls of {} to {}; nothing for {}",
        counted(proposals.len(), "proposal"),
        day(outcome.window.from),
        day(outcome.window.until.saturating_sub(1)),
        outcome.refused.len()
    );
    let _ = writeln!(text, "  sound       {} of {} proved", sums.proved, proposals.len());
    let _ = writeln!(
        text,
        "  sufficient  {} of {}: {} of {} allowed{}",
        sums.sufficient,
        proposals.len(),
        thousands(sums.allowed.saturating_add(sums.assumed)),
        calls(sums.calls),
        if sums.unexplained > 0 {
            format!(", {} not explained by the old policies either", thousands(sums.unexplained))
        } else {
            String::new()
        }
    );
    let _ = writeln!(
        text,
        "  minimal     {} of {} elements are necessary",
        thousands(sums.necessary as u64),
        thousands(sums.tested as u64)
    );
    if args.holdout > 0 {
        let _ = writeln!(
            text,
            "  holdout     {} of {} would have been denied or are open",
            thousands(sums.denied_later),
            calls(sums.calls_later)
        );
    }
    let _ = writeln!(text, "\n  actions          look  principal");
    for proposal in proposals {
        let held = &proposal.tightened;
        let change = format!("{} → {}", held.dropped.actions_before, held.dropped.actions_after);
        let look = if proposal.wants_a_look() { "yes" } else { "" };
        let _ = writeln!(text, "  {change:<15}  {look:<4}  {}", held.principal);
    }
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (arn, why) in &outcome.refused {
        reasons.entry(why.sentence()).or_default().push(arn.as_str());
    }
    if !reasons.is_empty() {
        let _ = writeln!(text, "\nNothing is proposed for");
    }
    for (why, who) in reasons {
        let _ = writeln!(text, "  {}: {why}", who.len());
        for arn in who.iter().take(3) {
            let _ = writeln!(text, "    {DIM}{arn}{DIM:#}");
        }
        if who.len() > 3 {
            let _ = writeln!(text, "    {DIM}and {} more{DIM:#}", who.len().saturating_sub(3));
        }
    }
}

#[derive(Serialize)]
pub(super) struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    from: String,
    until: String,
    holdout_days: i64,
    has_last_accessed: bool,
    /// When the trail is silent of an account: these days do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silent: Vec<SilentOutput>,
    proposals: Vec<ProposalOutput<'a>>,
    refused: Vec<RefusedOutput<'a>>,
}

#[derive(Serialize)]
struct RefusedOutput<'a> {
    principal: &'a str,
    why: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    origins: &'a [Origin],
}

#[derive(Serialize)]
struct ProposalOutput<'a> {
    principal: &'a str,
    plan: &'a str,
    policies: Vec<serde_json::Value>,
    /// Policies that stay beside these.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stay: &'a [String],
    soundness: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_proved: Option<String>,
    verified: &'a Verified,
    holdout: Option<&'a Verified>,
    tested: usize,
    necessary: usize,
    elements: &'a [Element],
    dropped: &'a Dropped,
    denied: &'a [Denied],
    rare: &'a [Rare],
    unseen: &'a [Unseen],
    /// What `*` held of services that nothing shows in use.
    unseen_beyond: Beyond,
    unexplained: &'a BTreeMap<String, u64>,
    origins: &'a [Origin],
    learnt_from: &'a BTreeSet<String>,
}

pub(super) fn json<'a>(outcome: &'a Outcome, args: &args::Tighten) -> Output<'a> {
    Output {
        schema: Schema { name: "kagimori.tighten", version: 1 },
        now: outcome.now,
        from: instant(outcome.window.from),
        until: instant(outcome.window.until),
        holdout_days: args.holdout,
        has_last_accessed: outcome.has_last_accessed,
        silent: silence::json(&outcome.silent),
        proposals: outcome.proposals.iter().map(proposal).collect(),
        refused: outcome
            .refused
            .iter()
            .map(|(principal, why)| RefusedOutput {
                principal: principal.as_str(),
                why: why.sentence(),
                origins: outcome.refused_origins.get(principal).map_or(&[], Vec::as_slice),
            })
            .collect(),
    }
}

fn proposal(proposal: &Proposal) -> ProposalOutput<'_> {
    let held = &proposal.tightened;
    let policies = held.new.iter().map(|document| {
        serde_json::from_str(&print::print(document)).map_err(AppError::Encode).unwrap_or_default()
    });
    ProposalOutput {
        principal: held.principal.as_str(),
        plan: &proposal.plan.id,
        policies: policies.collect(),
        stay: &held.stay,
        soundness: match held.soundness {
            Inclusion::Proved => "proved",
            Inclusion::Refuted(_) => "refuted",
            Inclusion::NotProved(_) => "not_proved",
        },
        not_proved: (held.soundness != Inclusion::Proved).then(|| soundness(&held.soundness)),
        verified: &proposal.verified,
        holdout: proposal.holdout.as_ref(),
        tested: held.necessity.0,
        necessary: held.necessity.1,
        elements: &held.elements,
        dropped: &held.dropped,
        denied: &held.denied,
        rare: &held.rare,
        unseen: &held.unseen,
        unseen_beyond: held.beyond,
        unexplained: &held.unexplained,
        origins: &proposal.origins,
        learnt_from: &proposal.learnt,
    }
}
