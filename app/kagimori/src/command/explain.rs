//! `kagimori explain ID`: one check, in full.

use std::fmt::Write;

use kagimori_plan::check::{self, Check};
use kagimori_terminal::printer::{self, Unprinted};
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD as TITLE, CYAN as LABEL};
use serde::Serialize;

use crate::args::{Explain, Format, LanguageArg};
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(args: &Explain) -> Result<Exit, AppError> {
    let Some(check) = check::find(&args.id) else {
        return Err(AppError::UnknownCheck { id: args.id.clone(), nearest: check::nearest(&args.id) });
    };
    match args.format {
        Format::Human => printer::text(&text(check, args.language))?,
        Format::Json => json(check)?,
    }
    Ok(Exit::Clean)
}

#[derive(Serialize)]
struct Explained {
    schema: Schema,
    check: &'static Check,
}

fn json(check: &'static Check) -> Result<(), Unprinted> {
    let explained = Explained { schema: Schema { name: "kagimori.check", version: 1 }, check };
    printer::json(&explained)
}

/// The words that stand before each part.
struct Labels {
    fails: &'static str,
    says: &'static str,
    next: &'static str,
    data: &'static str,
    settings: &'static str,
    maps: &'static str,
    seeds: &'static str,
}

const ENGLISH: Labels = Labels {
    fails: "Rule",
    says: "A finding says",
    next: "What to do",
    data: "Data",
    settings: "Settings in kagimori.toml",
    maps: "Elsewhere",
    seeds: "Asked for by",
};
const JAPANESE: Labels = Labels {
    fails: "判定基準",
    says: "検出時の文面",
    next: "対応",
    data: "使用するデータ",
    settings: "関係する設定（kagimori.toml）",
    maps: "他のフレームワークでの ID",
    seeds: "元となった事例",
};

fn text(check: &Check, language: LanguageArg) -> String {
    let (title, rule, finding, fix, labels) = match language {
        LanguageArg::En => (&check.title, &check.rule, &check.finding, &check.fix, ENGLISH),
        LanguageArg::Ja => (&check.title_ja, &check.rule_ja, &check.finding_ja, &check.fix_ja, JAPANESE),
    };
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "\n{LABEL}{label}{LABEL:#}\n  {value}");
    };
    line(labels.fails, rule);
    line(labels.says, finding);
    line(labels.next, fix);
    if !check.data.is_empty() {
        line(labels.data, &check.data.iter().map(|data| data.api()).collect::<Vec<_>>().join(", "));
    }
    if !check.settings.is_empty() {
        line(labels.settings, &check.settings.join(", "));
    }
    if !check.maps.is_empty() {
        line(labels.maps, &maps(check).join("\n  "));
    }
    if !check.seeds.is_empty() {
        line(labels.seeds, &check.seeds.join(", "));
    }
    let severity = format!("{:?}", check.severity).to_lowercase();
    format!("{TITLE}{}{TITLE:#}  {severity}\n{title}\n{text}", check.id)
}

/// `securityhub: IAM.22 (same), IAM.8 (ours finds more)`.
fn maps(check: &Check) -> Vec<String> {
    let relation = |framework: &str, id: &str| match check
        .semantics
        .get(&format!("{framework}:{id}"))
        .map(String::as_str)
    {
        Some("same") => " (same meaning)",
        Some("wider") => " (ours finds more)",
        Some("narrower") => " (ours finds less)",
        _ => "",
    };
    check
        .maps
        .iter()
        .map(|(framework, ids)| {
            let ids: Vec<String> = ids.iter().map(|id| format!("{id}{}", relation(framework, id))).collect();
            format!("{framework}: {}", ids.join(", "))
        })
        .collect()
}
