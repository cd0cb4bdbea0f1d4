//! `kagimori policy compare OLD NEW`: does the new policy grant anything the old one does not?

use std::fmt::Write;
use std::path::PathBuf;

use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::compare::{Comparison, Inclusion, Scope, Verdict, compare_within, difference};
use kagimori_policy::decision::Miss;
use kagimori_policy::document::Document;
use kagimori_policy::policies::StatementRef;
use kagimori_policy::request::{Fact, Request};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::CYAN_BOLD as BOLD;
use kagimori_trail::redact;
use serde::Serialize;

use crate::args::{Compare, Format};
use crate::command::ask::policy_file;
use crate::error::AppError;
use crate::exit::Exit;

/// The documents of one side with the names of their files.
struct Side {
    name: &'static str,
    files: Vec<PathBuf>,
    documents: Vec<Document>,
}

impl Side {
    fn read(name: &'static str, first: &PathBuf, others: &[PathBuf]) -> Result<Self, AppError> {
        let files: Vec<PathBuf> = std::iter::once(first).chain(others).cloned().collect();
        let documents = files.iter().map(|file| policy_file(file)).collect::<Result<_, _>>()?;
        Ok(Self { name, files, documents })
    }

    fn place(&self, place: StatementRef) -> Place {
        let document = self.documents.get(place.policy);
        let statement = document.and_then(|document| document.statements.get(place.statement));
        Place {
            file: self.files.get(place.policy).map(|file| file.display().to_string()).unwrap_or_default(),
            statement: place.statement.saturating_add(1),
            sid: statement.and_then(|statement| statement.sid.clone()),
        }
    }
}

pub(crate) fn run(args: &Compare) -> Result<Exit, AppError> {
    let old = Side::read("old", &args.old, &args.with_old)?;
    let new = Side::read("new", &args.new, &args.with_new)?;
    let scope = if args.known_actions { Scope::KnownActions } else { Scope::AnyAction };
    let comparison = compare_within(&old.documents, &new.documents, scope);
    let verdict = comparison.verdict();
    let witnesses =
        [witness(&comparison.new_in_old, &new, &old), witness(&comparison.old_in_new, &old, &new)];
    match args.format {
        Format::Human => printer::text(&text(verdict, &comparison, &witnesses))?,
        Format::Json => {
            let [only_new_allows, only_old_allows] = witnesses;
            let gaps = [&comparison.new_in_old, &comparison.old_in_new];
            printer::json(&Output {
                schema: Schema { name: "kagimori.comparison", version: 1 },
                service_reference: Catalogue::embedded().version(),
                actions: if args.known_actions { "known" } else { "any" },
                verdict: word(verdict),
                only_new_allows,
                only_old_allows,
                not_proved: gaps.into_iter().filter_map(gap).collect(),
            })?;
        }
    }
    Ok(match verdict {
        Verdict::Equal | Verdict::Narrower | Verdict::NotWider => Exit::Clean,
        Verdict::Wider | Verdict::Incomparable => Exit::Findings,
        Verdict::NotProved => Exit::Failed,
    })
}

fn text(verdict: Verdict, comparison: &Comparison, witnesses: &[Option<Witness>; 2]) -> String {
    let sentence = match verdict {
        Verdict::Equal => "both sides allow the same (proved)",
        Verdict::Narrower => "the new side allows less, and nothing new (proved)",
        Verdict::NotWider => "the new side allows nothing new (proved); whether it allows less is not proved",
        Verdict::Wider if matches!(comparison.old_in_new, Inclusion::Proved) => {
            "the new side allows more, and all that the old side allows (proved)"
        }
        Verdict::Wider => {
            "the new side allows more; whether it allows all that the old side allows is not proved"
        }
        Verdict::Incomparable => "each side allows something the other does not",
        Verdict::NotProved => "the new side may allow more, and no request that shows it was found",
    };
    let mut text = format!("{BOLD}{}{BOLD:#}  {sentence}\n", word(verdict).to_uppercase().replace('_', " "));
    for inclusion in [&comparison.new_in_old, &comparison.old_in_new] {
        if let (Inclusion::NotProved(why), false) = (inclusion, why_is_said(&text, inclusion)) {
            let _ = writeln!(text, "\nNot proved: {why}");
        }
    }
    for witness in witnesses.iter().flatten() {
        text.push_str(&witness.text());
    }
    text
}

/// The same reason holds both ways at times.
fn why_is_said(text: &str, inclusion: &Inclusion) -> bool {
    gap(inclusion).is_some_and(|why| text.contains(why))
}

fn shown(fact: &Fact) -> String {
    match fact {
        Fact::One(value) if value.is_empty() => "(empty)".to_owned(),
        Fact::One(value) => value.clone(),
        Fact::Many(values) => format!("[{}]", values.join(", ")),
        Fact::Absent => "(absent)".to_owned(),
        Fact::Present | Fact::Unknown => "(any)".to_owned(),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Equal => "equal",
        Verdict::Narrower => "narrower",
        Verdict::NotWider => "not_wider",
        Verdict::Wider => "wider",
        Verdict::Incomparable => "incomparable",
        Verdict::NotProved => "not_proved",
    }
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    service_reference: &'a str,
    actions: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_new_allows: Option<Witness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_old_allows: Option<Witness>,
    not_proved: Vec<&'a str>,
}

/// A request that only one side allows; a key that is not in the context is absent.
#[derive(Serialize)]
struct Witness {
    #[serde(skip)]
    side: &'static str,
    #[serde(skip)]
    other: &'static str,
    action: String,
    /// The service reference does not know it: AWS may add it.
    newer_than_reference: bool,
    resource: String,
    principal: Option<String>,
    context: Vec<(String, String)>,
    allowed_by: Vec<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_by: Option<Place>,
    near: Vec<Near>,
}

/// A statement's place; the number counts from 1.
#[derive(Clone, Serialize)]
struct Place {
    file: String,
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

/// A grant that names the action, and what keeps it from the request.
#[derive(Serialize)]
struct Near {
    #[serde(flatten)]
    place: Place,
    misses: &'static str,
}

fn witness(inclusion: &Inclusion, side: &Side, other: &Side) -> Option<Witness> {
    let Inclusion::Refuted(request) = inclusion else { return None };
    let difference = difference(request, &side.documents, &other.documents);
    let Request { action, resource, context, principal, .. } = &**request;
    let misses = |miss: Miss| match miss {
        Miss::Resource => "resource",
        Miss::Condition => "condition",
    };
    let near = difference
        .near
        .iter()
        .map(|(place, miss)| Near { place: other.place(*place), misses: misses(*miss) });
    Some(Witness {
        side: side.name,
        other: other.name,
        newer_than_reference: Catalogue::embedded().action(action).is_none(),
        action: action.clone(),
        resource: resource.clone(),
        principal: principal.arn().map(str::to_owned),
        context: context
            .iter()
            .map(|(key, fact)| (key.to_owned(), redact::policy(&shown(fact)).into_owned()))
            .collect(),
        allowed_by: difference.allowed_by.iter().map(|place| side.place(*place)).collect(),
        denied_by: difference.denied_by.map(|place| other.place(place)),
        near: near.collect(),
    })
}

/// So many near misses are shown.
const NEAR_MAX: usize = 5;

impl Witness {
    fn text(&self) -> String {
        let mut text =
            format!("\nOnly the {} side allows\n  {} on {}\n", self.side, self.action, self.resource);
        for (key, value) in &self.context {
            let _ = writeln!(text, "  with {key} = {value}");
        }
        if self.newer_than_reference {
            let version = Catalogue::embedded().version();
            let _ = writeln!(text, "  (no action of the service reference {version}: AWS may add it)");
        }
        for place in &self.allowed_by {
            let _ = writeln!(text, "{} allows it", place.text());
        }
        match (&self.denied_by, self.near.is_empty()) {
            (Some(place), _) => {
                let _ = writeln!(text, "{} denies it", place.text());
            }
            (None, true) => {
                let _ = writeln!(text, "no grant of the {} side names the action", self.other);
            }
            (None, false) => {}
        }
        for near in self.near.iter().take(NEAR_MAX) {
            let what = if near.misses == "resource" {
                "is about other resources"
            } else {
                "has conditions that fail"
            };
            let _ = writeln!(text, "{} names the action, but {what}", near.place.text());
        }
        let more = self.near.len().saturating_sub(NEAR_MAX);
        if more > 0 {
            let (grants, do_not) =
                if more == 1 { ("grant names", "does not") } else { ("grants name", "do not") };
            let _ = writeln!(text, "and {more} more {grants} the action, but {do_not} reach this request");
        }
        text
    }
}

impl Place {
    fn text(&self) -> String {
        let sid = self.sid.as_deref().map(|sid| format!(" `{sid}`")).unwrap_or_default();
        format!("{}: statement {}{sid}", self.file, self.statement)
    }
}

fn gap(inclusion: &Inclusion) -> Option<&str> {
    if let Inclusion::NotProved(why) = inclusion { Some(why) } else { None }
}
