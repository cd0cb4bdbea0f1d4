//! `kagimori policy compare OLD NEW`: does the new policy grant anything the old one does not?

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use kagimori_policy::compare::{self, Inclusion, Verdict};
use kagimori_policy::request::{Fact, Request};
use serde::Serialize;

use crate::args::{Compare, Format};
use crate::ask::policy_file;
use crate::error::AppError;
use crate::exit::Exit;
use crate::explain_command::Schema;
use crate::printer;

const BOLD: Style = AnsiColor::Cyan.on_default().bold();

pub(crate) fn run(args: &Compare) -> Result<Exit, AppError> {
    let (old, new) = (policy_file(&args.old)?, policy_file(&args.new)?);
    let comparison = compare::compare(&[old], &[new]);
    let verdict = comparison.verdict();
    match args.format {
        Format::Human => printer::data(&text(verdict, &comparison))?,
        Format::Json => printer::json(&Output {
            schema: Schema { name: "kagimori.comparison", version: 1 },
            verdict: word(verdict),
            only_new_allows: witness(&comparison.new_in_old),
            only_old_allows: witness(&comparison.old_in_new),
            not_proved: [&comparison.new_in_old, &comparison.old_in_new]
                .into_iter()
                .filter_map(gap)
                .collect(),
        })?,
    }
    Ok(match verdict {
        Verdict::Equal | Verdict::Narrower | Verdict::NotWider => Exit::Clean,
        Verdict::Wider | Verdict::Incomparable => Exit::Findings,
        Verdict::NotProved => Exit::Failed,
    })
}

fn text(verdict: Verdict, comparison: &compare::Comparison) -> String {
    let sentence = match verdict {
        Verdict::Equal => "both allow the same (proved)",
        Verdict::Narrower => "the new policy allows less, and nothing new (proved)",
        Verdict::NotWider => {
            "the new policy allows nothing new (proved); whether it allows less is not proved"
        }
        Verdict::Wider => "the new policy allows more",
        Verdict::Incomparable => "each policy allows something the other does not",
        Verdict::NotProved => {
            "not proved: the new policy may allow more, and no request that shows it was found"
        }
    };
    let mut text = format!("{BOLD}{}{BOLD:#}  {sentence}\n", word(verdict).to_uppercase());
    for (side, inclusion) in [("new", &comparison.new_in_old), ("old", &comparison.old_in_new)] {
        match inclusion {
            Inclusion::Proved => {}
            Inclusion::NotProved(why) => {
                let _ = writeln!(text, "\nNot proved of the {side} policy: {why}");
            }
            Inclusion::Refuted(request) => {
                let _ = writeln!(
                    text,
                    "\nOnly the {side} policy allows\n  {} on {}",
                    request.action, request.resource
                );
                for (key, fact) in request.context.iter() {
                    let _ = writeln!(text, "  with {key} = {}", shown(fact));
                }
            }
        }
    }
    text
}

fn shown(fact: &Fact) -> String {
    match fact {
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
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_new_allows: Option<Witness<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_old_allows: Option<Witness<'a>>,
    not_proved: Vec<&'a str>,
}

/// A request that only one side allows; a key that is not in the context is absent.
#[derive(Serialize)]
struct Witness<'a> {
    action: &'a str,
    resource: &'a str,
    context: Vec<(&'a str, String)>,
}

fn witness(inclusion: &Inclusion) -> Option<Witness<'_>> {
    let Inclusion::Refuted(request) = inclusion else { return None };
    let Request { action, resource, context, .. } = &**request;
    Some(Witness {
        action,
        resource,
        context: context.iter().map(|(key, fact)| (key, shown(fact))).collect(),
    })
}

fn gap(inclusion: &Inclusion) -> Option<&str> {
    if let Inclusion::NotProved(why) = inclusion { Some(why) } else { None }
}
