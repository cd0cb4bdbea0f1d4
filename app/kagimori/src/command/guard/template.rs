//! `guard list` and `guard show`.

use std::fmt::Write;

use kagimori_guard::{Case, Guard, ParameterKind, Settings, Template, templates};
use kagimori_plan::sentence::Language;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD, DIM};
use serde::Serialize;

use super::{refused, settings};
use crate::args::{Format, GuardList, GuardShow};
use crate::error::AppError;
use crate::exit::Exit;

pub(super) fn list(args: &GuardList) -> Result<Exit, AppError> {
    let language = Language::from(args.language);
    match args.format {
        Format::Json => printer::json(&List {
            schema: Schema { name: "kagimori.guards", version: 1 },
            guards: templates().iter().map(TemplateOut::of).collect(),
        })?,
        Format::Human => {
            let mut text = String::new();
            for template in templates() {
                let (purpose, first) = purpose(template, language);
                let _ = writeln!(
                    text,
                    "{BOLD}{}{BOLD:#}  {}{}\n    {purpose}\n    {DIM}{first}{DIM:#}",
                    template.name,
                    template.kind.short(),
                    size(template, language),
                );
            }
            printer::text(&text)?;
        }
    }
    Ok(Exit::Clean)
}

/// How large it is with its defaults, or what it needs first.
fn size(template: &'static Template, language: Language) -> String {
    match Guard::new(template, &Settings::new()) {
        Ok(guard) => {
            let characters = guard.minified().chars().count();
            say(language, format!(", {characters} characters"), format!("、{characters} 文字"))
        }
        Err(_) => {
            let needs = template.parameters.iter().filter(|parameter| parameter.default.is_empty());
            let names: Vec<&str> = needs.map(|parameter| parameter.name.as_str()).collect();
            say(language, format!(", needs {}", names.join(", ")), format!("、要設定: {}", names.join(", ")))
        }
    }
}

fn purpose(template: &Template, language: Language) -> (&str, &str) {
    match language {
        Language::En => (&template.en.purpose, &template.en.first),
        Language::Ja => (&template.ja.purpose, &template.ja.first),
    }
}

pub(super) fn say(language: Language, en: String, ja: String) -> String {
    match language {
        Language::En => en,
        Language::Ja => ja,
    }
}

pub(super) fn show(args: &GuardShow) -> Result<Exit, AppError> {
    let template = kagimori_guard::template(&args.made.name).map_err(|error| refused(&error))?;
    let settings = settings(&args.made.set)?;
    let language = Language::from(args.language);
    // Without what has to be set a template is shown all the same; what was set wrongly is told.
    let guard = match Guard::new(template, &settings) {
        Ok(guard) => Some(guard),
        Err(error) if !settings.is_empty() => return Err(refused(&error)),
        Err(_) => None,
    };
    match args.format {
        Format::Json => printer::json(&Shown {
            schema: Schema { name: "kagimori.guard", version: 1 },
            guard: TemplateOut::of(template),
            policy: guard
                .as_ref()
                .map(|guard| serde_json::from_str(&guard.minified()).unwrap_or(serde_json::Value::Null)),
        })?,
        Format::Human => printer::text(&told(template, guard.as_ref(), language))?,
    }
    Ok(Exit::Clean)
}

fn told(template: &'static Template, guard: Option<&Guard>, language: Language) -> String {
    let (purpose, first) = purpose(template, language);
    let mut text = format!(
        "{BOLD}{}{BOLD:#}  {}\n{purpose}\n{DIM}{first}{DIM:#}\n",
        template.name,
        template.kind.short()
    );
    let title = |en: &str, ja: &str| say(language, en.to_owned(), ja.to_owned());
    if !template.parameters.is_empty() {
        let _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", title("Parameters", "パラメータ"));
    }
    for parameter in &template.parameters {
        let meaning = match language {
            Language::En => &parameter.en,
            Language::Ja => &parameter.ja,
        };
        let default = match parameter.default.as_slice() {
            [] => title("must be set", "必須"),
            [only] => only.clone(),
            [one, more @ ..] if more.len() > 3 => format!("{one} … ({})", parameter.default.len()),
            many => many.join(","),
        };
        let _ = writeln!(text, "  {}  {meaning}\n      {DIM}{default}{DIM:#}", parameter.name);
    }
    if let Some(guard) = guard {
        let characters = guard.minified().chars().count();
        let heading = say(
            language,
            format!("Policy ({characters} characters)"),
            format!("ポリシー（{characters} 文字）"),
        );
        let _ = writeln!(text, "\n{BOLD}{heading}{BOLD:#}\n{}", guard.pretty().trim_end());
    }
    let _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", title("Obligations", "満たすべき条件"));
    template.cases.iter().for_each(|case| obligation(case, language, &mut text));
    if !template.side_effects.is_empty() {
        let _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", title("Know that", "注意点"));
    }
    for words in &template.side_effects {
        let words = match language {
            Language::En => &words.en,
            Language::Ja => &words.ja,
        };
        let _ = writeln!(text, "  {words}");
    }
    text
}

fn obligation(case: &Case, language: Language, text: &mut String) {
    let verb = match (case.deny, language) {
        (true, Language::En) => "must deny  ",
        (false, Language::En) => "must allow ",
        (true, Language::Ja) => "拒否",
        (false, Language::Ja) => "許可",
    };
    let _ = writeln!(text, "  {verb} {}", sentence(case, language));
}

/// Whom and what a case is about.
pub(super) fn sentence(case: &Case, language: Language) -> String {
    let actions = match case.actions.as_slice() {
        [first, rest @ ..] if rest.len() > 2 => say(
            language,
            format!("{first} and {} more", rest.len()),
            format!("{first} ほか {} 件", rest.len()),
        ),
        few => few.join(", "),
    };
    let words = match language {
        Language::En => &case.en,
        Language::Ja => &case.ja,
    };
    let about = if words.is_empty() { String::new() } else { format!("  ({words})") };
    format!("{}: {actions}{about}", case.who.join(", "))
}

#[derive(Serialize)]
struct List<'a> {
    schema: Schema,
    guards: Vec<TemplateOut<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    schema: Schema,
    guard: TemplateOut<'a>,
    /// `null`: something has to be set first.
    policy: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct TemplateOut<'a> {
    name: &'a str,
    kind: &'a str,
    order: u8,
    purpose: &'a str,
    purpose_ja: &'a str,
    parameters: Vec<ParameterOut<'a>>,
    side_effects: Vec<&'a str>,
    obligations: usize,
}

#[derive(Serialize)]
struct ParameterOut<'a> {
    name: &'a str,
    kind: &'static str,
    default: &'a [String],
    meaning: &'a str,
    meaning_ja: &'a str,
}

impl<'a> TemplateOut<'a> {
    fn of(template: &'a Template) -> Self {
        Self {
            name: template.name,
            kind: template.kind.short(),
            order: template.order,
            purpose: &template.en.purpose,
            purpose_ja: &template.ja.purpose,
            parameters: template.parameters.iter().map(parameter).collect(),
            side_effects: template.side_effects.iter().map(|words| words.en.as_str()).collect(),
            obligations: template.cases.len(),
        }
    }
}

fn parameter(parameter: &kagimori_guard::Parameter) -> ParameterOut<'_> {
    ParameterOut {
        name: &parameter.name,
        kind: match parameter.kind {
            ParameterKind::Principals => "principals",
            ParameterKind::Policies => "policies",
            ParameterKind::Regions => "regions",
            ParameterKind::Actions => "actions",
            ParameterKind::Networks => "networks",
            ParameterKind::Accounts => "accounts",
            ParameterKind::Organization => "organization",
            ParameterKind::Text => "text",
            ParameterKind::TextList => "text_list",
        },
        default: &parameter.default,
        meaning: &parameter.en,
        meaning_ja: &parameter.ja,
    }
}
