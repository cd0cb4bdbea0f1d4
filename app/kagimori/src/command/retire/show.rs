//! What `retire tick`, `stop`, `panic` and `status` print: for people, and as JSON.

use std::fmt::Write;
use std::path::Path;

use jiff::Timestamp;
use kagimori_retire::{Expected, Phase, Standing, State};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, YELLOW_BOLD as YELLOW};
use serde::Serialize;

use super::drive::Written;
use super::told;
use crate::args::Format;
use crate::error::AppError;

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: String,
    /// What this run has written to the journal.
    turns: Vec<Turn<'a>>,
    retirements: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Turn<'a> {
    at: String,
    key: &'a str,
    notices: &'a [&'static str],
    #[serde(flatten)]
    standing: &'a Standing,
}

/// A retirement as JSON: everything that its state tells, and the words for it.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    key: &'a str,
    user: &'a str,
    account: Option<String>,
    owner: &'a str,
    purpose: Option<&'a str>,
    #[serde(flatten)]
    standing: &'a Standing,
    rungs: usize,
    off_for: String,
    is_over: bool,
    /// Whether it may be off by our hand.
    may_be_off: bool,
    /// It has to come on now.
    is_overdue: bool,
    expected: &'a [Expected],
    stands: String,
    next: String,
    by: &'a str,
    reason: Option<&'a str>,
    plans: Vec<&'a str>,
}

impl<'a> Row<'a> {
    pub(super) fn of(state: &'a State, now: Timestamp) -> Self {
        let start = &state.start;
        let credential = &start.credential;
        Self {
            key: credential.key.as_str(),
            user: credential.user.as_str(),
            account: credential.user.account().map(|account| account.to_string()),
            owner: &start.owner,
            purpose: start.purpose.as_deref(),
            standing: &state.standing,
            rungs: start.ladder.rungs().len(),
            off_for: state.off().to_string(),
            is_over: state.is_over(),
            may_be_off: state.may_be_off(),
            is_overdue: state.on_since(now).is_some(),
            expected: &start.evidence.rungs,
            stands: told::stands(state, now),
            next: told::next(state, now),
            by: &start.by,
            reason: start.reason.as_deref(),
            plans: start.offs.iter().chain([&start.delete]).map(|plan| plan.id.as_str()).collect(),
        }
    }
}

/// What is said where nothing is being retired.
pub(super) fn nothing(dir: &Path, format: Format) -> Result<String, AppError> {
    match format {
        Format::Human => Ok(format!(
            "nothing is being retired in {}; `kagimori retire suggest` shows what could go\n",
            dir.display()
        )),
        Format::Json => {
            let output = Output {
                schema: Schema { name: "kagimori.retire-tick", version: 1 },
                now: Timestamp::now().to_string(),
                turns: Vec::new(),
                retirements: Vec::new(),
            };
            serde_json::to_string_pretty(&output).map(|text| text + "\n").map_err(AppError::Encode)
        }
    }
}

/// What a run has done, and where everything stands.
pub(super) fn print(
    done: &[Written],
    states: &[State],
    format: Format,
    name: &'static str,
    dir: &Path,
) -> Result<(), AppError> {
    let now = Timestamp::now();
    match format {
        Format::Human => printer::text(&text(done, states, now))?,
        Format::Json => {
            let turn = |written: &'_ Written| (written.at.to_string(), written.state.key().clone());
            let keys: Vec<_> = done.iter().map(turn).collect();
            let turns = done.iter().zip(&keys).map(|(written, (at, key))| Turn {
                at: at.clone(),
                key: key.as_str(),
                notices: &written.kinds,
                standing: &written.state.standing,
            });
            let retirements = states.iter().map(|state| Row::of(state, now)).collect();
            let schema = Schema { name, version: 1 };
            printer::json(&Output { schema, now: now.to_string(), turns: turns.collect(), retirements })?;
        }
    }
    for state in states.iter().filter(|state| !state.is_over()) {
        if let Some(trouble) = &state.standing.trouble {
            let what = format!("{}: {trouble}", state.key());
            printer::failure(&what, &hint(state, dir));
        }
    }
    Ok(())
}

/// What to do about what went wrong.
fn hint(state: &State, dir: &Path) -> String {
    match state.standing.phase {
        Phase::OnDue { .. } => {
            format!(
                "run `kagimori retire panic --dir {}` until it is on, or {}",
                dir.display(),
                told::by_hand(state)
            )
        }
        Phase::GoingOff { .. } => {
            "the next tick looks at what came of it; it is on again in time either way".to_owned()
        }
        Phase::Notified { .. } => "nothing was changed; the next tick tries again".to_owned(),
        _ => "the next tick tries again".to_owned(),
    }
}

/// Names what may be off where the program can do nothing about it.
pub(super) fn by_hand<'s>(states: impl IntoIterator<Item = &'s State>) {
    for state in states.into_iter().filter(|state| state.may_be_off()) {
        printer::failure(&format!("{} may be off", state.key()), &told::by_hand(state));
    }
}

fn text(done: &[Written], states: &[State], now: Timestamp) -> String {
    let mut text = String::new();
    for written in done {
        let state = &written.state;
        let _ = writeln!(text, "{}  {}  {}", state.key(), state.start.owner, styled(state, now));
    }
    if done.is_empty() {
        let _ = writeln!(text, "nothing is due");
    }
    let waiting = states.iter().filter(|state| !state.is_over());
    let rows: Vec<String> = waiting
        .map(|state| {
            format!(
                "  {}  {}  {DIM}next: {}{DIM:#}",
                state.key(),
                told::stands(state, now),
                told::next(state, now)
            )
        })
        .collect();
    if !rows.is_empty() {
        let _ = writeln!(text, "\nGoing on\n{}", rows.join("\n"));
    }
    text
}

fn styled(state: &State, now: Timestamp) -> String {
    let stands = told::stands(state, now);
    match &state.standing.phase {
        Phase::Off { .. } | Phase::DeleteDue { .. } | Phase::OnDue { .. } | Phase::Drifted { .. } => {
            format!("{YELLOW}{stands}{YELLOW:#}")
        }
        Phase::On { .. } | Phase::Aborted { .. } | Phase::Deleted { .. } => {
            format!("{GREEN}{stands}{GREEN:#}")
        }
        _ => stands,
    }
}
