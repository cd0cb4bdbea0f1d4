//! `kagi log`: what was issued, and whether the log is whole.

use std::process::ExitCode;

use kagimori_session::route::rfc3339;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use super::vault::with_context;
use crate::args::{self, Format};
use crate::error::KagiError;
use crate::log::{self, Chain, Event};

#[derive(Debug, Serialize)]
struct Output {
    schema: Schema,
    now: String,
    chain: String,
    events: Vec<Event>,
}

/// `kagi log`
pub(crate) fn run(arguments: &args::Log) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let vault = context.vault()?;
        let (mut events, chain) = log::read(&vault)?;
        let code = if chain == Chain::Whole { ExitCode::SUCCESS } else { ExitCode::from(1) };
        if let Some(id) = &arguments.access_key_id {
            events.retain(|event| event.access_key_id.as_ref() == Some(id));
        }
        let events = events.split_off(events.len().saturating_sub(arguments.lines));
        let sentence = sentence(&chain);
        match (arguments.format, arguments.verify) {
            (Format::Json, _) => {
                let events = if arguments.verify { Vec::new() } else { events };
                printer::json(&Output {
                    schema: Schema { name: "kagi.log", version: 1 },
                    now: rfc3339(context.now()),
                    chain: sentence,
                    events,
                })?;
            }
            (Format::Human, true) => {
                printer::data(&format!("{sentence}\n"))?;
                if chain != Chain::Whole {
                    printer::note(
                        "this is never mended: lines that came since are chained on from what was lost. Keep the file as it is; a new log \
                         begins with `kagi forget --everything`",
                    );
                }
            }
            (Format::Human, false) => {
                printer::plain(&events.iter().map(line).collect::<String>())?;
                if chain != Chain::Whole {
                    printer::warning(&format!("{}: {sentence}", log::shown_path(vault.home()).display()));
                }
            }
        }
        Ok(code)
    })
}

fn sentence(chain: &Chain) -> String {
    match chain {
        Chain::Whole => "the log is whole".to_owned(),
        Chain::BrokenAt(line) => {
            format!("line {line} was changed, inserted, torn, or follows a removed line")
        }
        Chain::HeadIsGone => {
            "the note of how many lines there should be is gone: lines may be missing at the end".to_owned()
        }
        Chain::CutShort { expected } => format!("lines are missing at the end: there should be {expected}"),
    }
}

fn line(event: &Event) -> String {
    let optional = |name: &str, value: &Option<String>| {
        value
            .as_deref()
            .map(|value| format!("  {name}{}", kagimori_session::value::shown(value)))
            .unwrap_or_default()
    };
    format!(
        "{}  {:12} {}{}{}{}{}{}{}\n",
        event.time,
        event.event,
        event.of,
        optional("", &event.access_key_id),
        optional("until ", &event.expires),
        if event.elevated { "  elevated" } else { "" },
        optional("because ", &event.reason),
        optional("", &event.message),
        optional("for ", &event.caller),
    )
}
