//! `guard prove`.

use std::fmt::Write;

use kagimori_guard::{Broken, Everywhere, Guard, Obligation, Outcome, Proof, prove};
use kagimori_plan::sentence::Language;
use kagimori_policy::compare::Inclusion;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD, DIM, GREEN_BOLD as GREEN, RED_BOLD as RED, YELLOW_BOLD as YELLOW};
use serde::Serialize;

use super::template::{say, sentence};
use super::{estate, exit, made, refused};
use crate::args::{Format, GuardProve};
use crate::command::ask::policy_file;
use crate::error::AppError;
use crate::exit::Exit;

/// So many requests that break an obligation are told to people.
const TOLD_MAX: usize = 5;

pub(super) fn run(args: &GuardProve) -> Result<Exit, AppError> {
    let mut guard = made(&args.made)?;
    if let Some(path) = &args.policy {
        guard = guard.with(policy_file(path)?);
    }
    let (_, estate) = estate(&args.dir)?;
    let proof = prove(&guard, &estate).map_err(|error| refused(&error))?;
    match args.format {
        Format::Human => printer::text(&text(&guard, &proof, Language::from(args.language)))?,
        Format::Json => printer::json(&json(&guard, &proof))?,
    }
    Ok(exit(&estate, verdict(&proof)))
}

/// What a proof means for whoever called.
pub(super) fn verdict(proof: &Proof) -> Exit {
    match (proof.is_whole(), proof.is_broken()) {
        (true, _) => Exit::Clean,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Failed,
    }
}

pub(super) fn text(guard: &Guard, proof: &Proof, language: Language) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#}  {}\n", guard.template.name, guard.template.kind.short());
    proof.obligations.iter().for_each(|kept| obligation(kept, language, &mut text));
    proof.everywhere.iter().for_each(|asked| everywhere(asked, language, &mut text));
    let requests: usize = proof.obligations.iter().map(|held| held.requests).sum();
    let of_estate: usize = proof.obligations.iter().map(|held| held.of_estate).sum();
    let english = format!("{requests} requests decided, {of_estate} times for a principal of the estate");
    let japanese = format!("{requests} 件のリクエストを判定（環境の実プリンシパルについて {of_estate} 回）");
    let _ = writeln!(text, "\n{DIM}{}{DIM:#}", say(language, english, japanese));
    text
}

fn obligation(kept: &Obligation, language: Language, text: &mut String) {
    let word = match (kept.is_kept(), language) {
        (true, Language::En) => format!("{GREEN}kept  {GREEN:#}"),
        (true, Language::Ja) => format!("{GREEN}成立{GREEN:#}"),
        (false, Language::En) => format!("{RED}broken{RED:#}"),
        (false, Language::Ja) => format!("{RED}違反{RED:#}"),
    };
    let verb = match (kept.case.deny, language) {
        (true, Language::En) => "denies",
        (false, Language::En) => "allows",
        (true, Language::Ja) => "拒否",
        (false, Language::Ja) => "許可",
    };
    let _ = writeln!(text, "  {word}  {verb} {}", sentence(kept.case, language));
    for broken in kept.broken.iter().take(TOLD_MAX) {
        let _ = writeln!(text, "            {}", request(broken, language));
    }
    if kept.requests == 0 {
        let _ = writeln!(
            text,
            "            {}",
            say(language, "everybody is exempt".to_owned(), "対象者が全員除外されている".to_owned())
        );
    }
    if let Some(more) = kept.broken.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        let english = format!("and {more} more principals; `--format json` has all");
        let _ = writeln!(
            text,
            "            {}",
            say(language, english, format!("ほか {more} 件（`--format json` に全件）"))
        );
    }
}

fn request(broken: &Broken, language: Language) -> String {
    let on = match broken.request.resource.as_str() {
        "*" => String::new(),
        resource => format!(" on {resource}"),
    };
    let outcome = match (broken.outcome, language) {
        (Outcome::Allowed, Language::En) => "is allowed",
        (Outcome::Denied, Language::En) => "is denied",
        (Outcome::Depends, Language::En) => "depends on what is not known",
        (Outcome::Allowed, Language::Ja) => "許可される",
        (Outcome::Denied, Language::Ja) => "拒否される",
        (Outcome::Depends, Language::Ja) => "判定できない",
    };
    format!("{}: {}{on} {outcome}", broken.who, broken.request.action)
}

fn everywhere(asked: &Everywhere, language: Language, text: &mut String) {
    let word = match (asked.inclusion(), language) {
        (Inclusion::Proved, Language::En) => format!("{GREEN}proved{GREEN:#}"),
        (Inclusion::Proved, Language::Ja) => format!("{GREEN}証明{GREEN:#}"),
        (Inclusion::Refuted(_), Language::En) => format!("{RED}broken{RED:#}"),
        (Inclusion::Refuted(_), Language::Ja) => format!("{RED}違反{RED:#}"),
        (Inclusion::NotProved(_), Language::En) => format!("{YELLOW}open  {YELLOW:#}"),
        (Inclusion::NotProved(_), Language::Ja) => format!("{YELLOW}不明{YELLOW:#}"),
    };
    let what = match asked {
        Everywhere::TouchesOnly(patterns, _) => say(
            language,
            format!("over all requests: nothing but {} is touched", patterns.join(", ")),
            format!("全リクエストについて: {} 以外には影響しない", patterns.join(", ")),
        ),
        Everywhere::Exempt(name, _) => say(
            language,
            format!("over all requests: whom `{name}` names loses nothing"),
            format!("全リクエストについて: `{name}` の対象者は何も失わない"),
        ),
    };
    let _ = writeln!(text, "  {word}  {what}");
    match asked.inclusion() {
        Inclusion::Proved => {}
        Inclusion::Refuted(request) => {
            let _ = writeln!(text, "            {} on {}", request.action, request.resource);
        }
        Inclusion::NotProved(why) => {
            let _ = writeln!(text, "            {why}");
        }
    }
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    guard: &'a str,
    kind: &'a str,
    policy: serde_json::Value,
    characters: usize,
    proved: bool,
    obligations: Vec<ObligationOut<'a>>,
    everywhere: Vec<EverywhereOut<'a>>,
}

#[derive(Serialize)]
struct ObligationOut<'a> {
    deny: bool,
    who: &'a [String],
    actions: &'a [String],
    kept: bool,
    of_estate: usize,
    made_up: usize,
    requests: usize,
    broken: Vec<BrokenOut<'a>>,
}

#[derive(Serialize)]
struct BrokenOut<'a> {
    who: &'a str,
    action: &'a str,
    resource: &'a str,
    outcome: &'static str,
}

#[derive(Serialize)]
struct EverywhereOut<'a> {
    /// `touches_only` or `exempt`.
    asked: &'static str,
    about: Vec<&'a str>,
    /// `proved`, `broken`, `unknown`.
    held: &'static str,
    why: Option<String>,
}

fn json<'a>(guard: &'a Guard, proof: &'a Proof) -> Output<'a> {
    let minified = guard.minified();
    Output {
        schema: Schema { name: "kagimori.guard-proof", version: 1 },
        guard: guard.template.name,
        kind: guard.template.kind.short(),
        policy: serde_json::from_str(&minified).unwrap_or(serde_json::Value::Null),
        characters: minified.chars().count(),
        proved: proof.is_whole(),
        obligations: proof.obligations.iter().map(obligation_out).collect(),
        everywhere: proof.everywhere.iter().map(everywhere_out).collect(),
    }
}

fn obligation_out(kept: &Obligation) -> ObligationOut<'_> {
    let broken = kept.broken.iter().map(|broken| BrokenOut {
        who: &broken.who,
        action: &broken.request.action,
        resource: &broken.request.resource,
        outcome: match broken.outcome {
            Outcome::Allowed => "allowed",
            Outcome::Denied => "denied",
            Outcome::Depends => "depends",
        },
    });
    ObligationOut {
        deny: kept.case.deny,
        who: &kept.case.who,
        actions: &kept.case.actions,
        kept: kept.is_kept(),
        of_estate: kept.of_estate,
        made_up: kept.made_up,
        requests: kept.requests,
        broken: broken.collect(),
    }
}

fn everywhere_out(asked: &Everywhere) -> EverywhereOut<'_> {
    let (name, about) = match asked {
        Everywhere::TouchesOnly(patterns, _) => {
            ("touches_only", patterns.iter().map(String::as_str).collect())
        }
        Everywhere::Exempt(name, _) => ("exempt", vec![name.as_str()]),
    };
    let (held, why) = match asked.inclusion() {
        Inclusion::Proved => ("proved", None),
        Inclusion::Refuted(request) => {
            ("broken", Some(format!("{} on {}", request.action, request.resource)))
        }
        Inclusion::NotProved(why) => ("unknown", Some(why.clone())),
    };
    EverywhereOut { asked: name, about, held, why }
}
