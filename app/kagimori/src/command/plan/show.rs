//! What `plan list` and `plan show` print: for people, and as JSON (schemas `kagimori.plans` and `kagimori.plan-shown`, version 1).

use std::fmt::Write;
use std::path::Path;

use kagimori_plan::Plan;
use kagimori_plan::apply::History;
use kagimori_plan::plan::Step;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use serde::Serialize;

use super::{Standing, side_words};
use crate::args::LanguageArg;
use crate::show::numbers::{calls, counted, day};

/// As many digits of an id as tell plans apart.
const DIGITS: usize = 12;

/// A plan of the list.
pub(super) struct Line {
    pub(super) standing: Standing,
    /// The key of whose retirement it is a stage.
    pub(super) stage: Option<String>,
    pub(super) plan: Plan,
}

#[derive(Serialize)]
pub(super) struct Listed<'a> {
    schema: Schema,
    plans: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    standing: Standing,
    steps: usize,
    irreversible: usize,
    newly_denied: Option<u64>,
    /// The key of whose retirement it is a stage: not for `apply`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retirement: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Shown<'a> {
    schema: Schema,
    standing: Standing,
    /// `made`, `begun`, `being undone`, or nothing, by step.
    steps: Vec<&'static str>,
    /// By step: what nothing brings back once it is made, in words.
    not_back: Vec<Vec<String>>,
    plan: &'a Plan,
}

/// The first digits of an id.
pub(crate) fn short(id: &str) -> &str {
    id.get(..DIGITS).unwrap_or(id)
}

pub(super) fn list(plans: &[Line], dir: &Path) -> String {
    if plans.is_empty() {
        return format!(
            "no plans in {}; `kagimori whatif --save` and `kagimori tighten` make them\n",
            dir.join("plans").display()
        );
    }
    let mut text = String::new();
    for Line { standing, stage, plan } in plans {
        let (steps, title) = (counted(plan.changes.len(), "step"), &plan.title);
        let _ = writeln!(
            text,
            "{}  {:<14}  {steps:<9}  {title}{}{}",
            short(&plan.id),
            standing.words(),
            broken(plan),
            if stage.is_some() { " (a stage of a retirement: `retire tick` follows it)" } else { "" }
        );
    }
    text
}

/// What it would have broken.
fn broken(plan: &Plan) -> String {
    match plan.evidence.as_ref().map(|evidence| evidence.newly_denied) {
        None => format!("  {DIM}(not replayed){DIM:#}"),
        Some(0) => String::new(),
        Some(broken) => format!("  {YELLOW}(would have broken {}){YELLOW:#}", calls(broken)),
    }
}

/// What is said around the steps of a plan.
struct Words {
    steps: &'static str,
    way_back: &'static str,
    replay: &'static str,
    not_made: &'static str,
    one_way: &'static str,
    not_back: &'static str,
}

const ENGLISH: Words = Words {
    steps: "Steps",
    way_back: "The way back",
    replay: "Replay",
    not_made: "not made: nobody knows what it would break",
    one_way: "nothing takes all of it back:",
    not_back: "not back",
};

const JAPANESE: Words = Words {
    steps: "手順",
    way_back: "元に戻す手順",
    replay: "再生",
    not_made: "再生していないため、何が壊れるか分からない",
    one_way: "完全には元に戻せない手順：",
    not_back: "戻らないもの",
};

/// How far a plan is applied, or a step made, in a language.
fn told(words: &'static str, language: LanguageArg) -> &'static str {
    match (language, words) {
        (LanguageArg::En, english) => english,
        (LanguageArg::Ja, "not applied") => "未適用",
        (LanguageArg::Ja, "partly applied") => "一部適用済み",
        (LanguageArg::Ja, "applied") => "適用済み",
        (LanguageArg::Ja, "begun") => "適用中",
        (LanguageArg::Ja, "being undone") => "取り消し中",
        (LanguageArg::Ja, "made") => "済み",
        (LanguageArg::Ja, other) => other,
    }
}

pub(super) fn one(plan: &Plan, history: &History, language: LanguageArg) -> String {
    let mut text = String::new();
    let words = if language == LanguageArg::Ja { JAPANESE } else { ENGLISH };
    let sentence = |step: &Step| match language {
        LanguageArg::En => step.sentence.clone(),
        LanguageArg::Ja => step.change.japanese(),
    };
    let standing = told(Standing::of(plan, history).words(), language);
    let _ = writeln!(text, "{}\n{}\n\n{} ({standing})", plan.title, plan.id, words.steps);
    for (step, made) in plan.changes.iter().enumerate() {
        let side = told(side_words(history.side(step)), language);
        let side = if side.is_empty() { String::new() } else { format!("  {GREEN}{side}{GREEN:#}") };
        let _ = writeln!(text, "  {}. {}{side}", step.saturating_add(1), sentence(made));
    }
    let _ = writeln!(text, "\n{}", words.way_back);
    for (step, made) in plan.way_back.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", step.saturating_add(1), sentence(made));
    }
    let one_way = plan.one_way().count();
    if one_way > 0 {
        let steps = match language {
            LanguageArg::En => counted(one_way, "step"),
            LanguageArg::Ja => one_way.to_string(),
        };
        let _ = writeln!(text, "  {YELLOW}{} {steps}{YELLOW:#}", words.one_way);
    }
    for (english, japanese) in plan.changes.iter().flat_map(|made| made.change.lost()) {
        let what = if language == LanguageArg::Ja { japanese } else { english };
        let _ = writeln!(text, "  {YELLOW}{}: {what}{YELLOW:#}", words.not_back);
    }
    let _ = writeln!(text, "\n{}", words.replay);
    match &plan.evidence {
        None => {
            let _ = writeln!(text, "  {}", words.not_made);
        }
        Some(evidence) => {
            let days = evidence.window.map(|(first, last)| match language {
                LanguageArg::En => format!(", {} to {}", day(first), day(last)),
                LanguageArg::Ja => format!("、{} から {}", day(first), day(last)),
            });
            let days = days.unwrap_or_default();
            let (all, denied) = (evidence.calls, evidence.newly_denied);
            let (open, allowed) = (evidence.cannot_tell, evidence.still_allowed);
            let _ = match language {
                LanguageArg::En => writeln!(
                    text,
                    "  {}{days}\n  {} would have been denied, of {} it cannot be told, {} stay allowed",
                    calls(all),
                    calls(denied),
                    calls(open),
                    calls(allowed)
                ),
                LanguageArg::Ja => writeln!(
                    text,
                    "  呼び出し {all} 件{days}\n  拒否に変わる {denied} 件、判定できない {open} 件、引き続き許可 {allowed} 件"
                ),
            };
        }
    }
    text
}

pub(super) fn listed(plans: &[Line]) -> Listed<'_> {
    let rows = plans.iter().map(|Line { standing, stage, plan }| Row {
        id: &plan.id,
        title: &plan.title,
        standing: *standing,
        steps: plan.changes.len(),
        irreversible: plan.one_way().count(),
        newly_denied: plan.evidence.as_ref().map(|evidence| evidence.newly_denied),
        retirement: stage.as_deref(),
    });
    Listed { schema: Schema { name: "kagimori.plans", version: 1 }, plans: rows.collect() }
}

pub(super) fn shown<'a>(plan: &'a Plan, history: &History) -> Shown<'a> {
    Shown {
        schema: Schema { name: "kagimori.plan-shown", version: 1 },
        standing: Standing::of(plan, history),
        steps: (0..plan.changes.len()).map(|step| side_words(history.side(step))).collect(),
        not_back: plan
            .changes
            .iter()
            .map(|made| made.change.lost().into_iter().map(|(english, _)| english).collect())
            .collect(),
        plan,
    }
}
