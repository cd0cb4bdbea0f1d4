//! What the machine wants, done: calls, entries of the journal, waiting, and what a person types.

use std::io::{self, BufRead, IsTerminal};
use std::time::Duration;

use jiff::Timestamp;
use kagimori_journal::{Append, Held, Message};
use kagimori_plan::Plan;
use kagimori_plan::apply::{Asked, Call, Event, Outcome, Reason, Record, Report, Run, Taken, Wanted};
use kagimori_terminal::printer;

use super::aws::Accounts;
use super::notices;
use crate::error::AppError;

/// What the machine's waits for one call come to.
const WAITS_SECONDS: u32 = 30;

pub(crate) struct Driver<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) accounts: &'p mut Accounts,
    /// `None`: a dry run, which writes nothing.
    pub(crate) held: Option<&'p mut Held>,
    /// Aliases that were typed on the command line.
    pub(crate) words: Vec<String>,
    /// Seconds that AWS is given, in place of the machine's own.
    pub(crate) patience: u32,
    /// The step that was told last.
    pub(crate) step: Option<usize>,
    /// Who is told, and who it is that does it; `None`: whoever drives tells people in words of its own.
    pub(crate) told: Option<Told>,
    /// Asked before each call that changes something: why it must not be made.
    pub(crate) halt: Option<&'p dyn Fn() -> Option<String>>,
    /// Whether a call was made that changes something.
    pub(crate) acted: bool,
}

/// Whom to tell.
pub(crate) struct Told {
    /// Names of channels.
    pub(crate) channels: Vec<String>,
    /// Who acts.
    pub(crate) by: String,
}

impl Driver<'_> {
    pub(crate) fn follow(&mut self, mut run: Run<'_>) -> Result<Report, AppError> {
        loop {
            let taken = match run.next() {
                Wanted::Call(call) => Taken::Outcome(self.call(&call)),
                Wanted::Journal(record) => {
                    self.journal(&record)?;
                    Taken::Journalled
                }
                Wanted::Wait { seconds } => {
                    printer::note("waiting for AWS to show it");
                    std::thread::sleep(Duration::from_secs(seconds.into()) * self.patience / WAITS_SECONDS);
                    Taken::Waited
                }
                Wanted::Typed(asked) => Taken::Typed(self.typed(&asked)?),
                Wanted::Nothing => return Ok(run.report().clone()),
            };
            run.take(taken);
        }
    }

    fn call(&mut self, call: &Call) -> Outcome {
        let is_look = ["Get", "List", "Describe"].iter().any(|verb| call.operation.starts_with(verb));
        if !is_look {
            if let Some(why) = self.halt.and_then(|halt| halt()) {
                return Outcome::NotSent { why };
            }
            self.acted = true;
        }
        self.accounts.call(call)
    }

    /// Once this returns it is on the disk; when it fails nothing more is done.
    fn journal(&mut self, record: &Record) -> Result<(), AppError> {
        self.tell(&record.event);
        let now = Timestamp::now();
        let entry = record.entry(now).map_err(AppError::Encode)?;
        let documents: Vec<&[u8]> = record.documents.iter().map(String::as_bytes).collect();
        let body = self.told.as_ref().and_then(|told| notices::body(self.plan, &told.by, record));
        let channels = self.told.iter().flat_map(|told| &told.channels);
        let to = |channel| body.as_deref().map(|body| Message { channel, body });
        let messages: Vec<Message<'_>> = channels.filter_map(|channel| to(channel)).collect();
        let append = Append { entry: entry.as_bytes(), documents: &documents, messages: &messages };
        if let Some(held) = &mut self.held {
            held.append(&append, now)?;
        }
        Ok(())
    }

    /// Says which step it is at.
    fn tell(&mut self, event: &Event) {
        let Event::Intent { step, .. } = event else { return };
        if self.step.replace(*step) == Some(*step) {
            return;
        }
        let sentence = self.plan.changes.get(*step).map_or("", |made| made.sentence.as_str());
        printer::note(&format!("step {} of {}: {sentence}", step.saturating_add(1), self.plan.changes.len()));
    }

    /// The alias: one of the command line, or what a person types.
    fn typed(&self, asked: &Asked) -> Result<String, AppError> {
        let reasons: Vec<String> = asked.reasons.iter().map(reason).collect();
        if !self.words.is_empty() {
            return Ok(self.words.iter().find(|word| **word == asked.word).cloned().unwrap_or_default());
        }
        if !io::stdin().is_terminal() {
            return Err(AppError::Argument {
                message: format!("the account {} has to be named: {}", asked.account, reasons.join("; ")),
                hint: "nothing was changed; say which account you mean with `--alias ALIAS` (its number, when it has none)"
                    .to_owned(),
            });
        }
        printer::note(&format!("account {}: {}", asked.account, reasons.join("; ")));
        printer::note("type the alias of the account (its number, when it has none):");
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|source| AppError::read("standard input".as_ref(), source))?;
        Ok(line)
    }
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::ManySteps { steps, most } => format!("the plan has {steps} steps, more than {most}"),
        Reason::Protected { what } => format!("`{what}` is protected by kagimori.toml"),
        // The alias is what has to be typed: it is not shown.
        Reason::Production { .. } => "its alias is one of production".to_owned(),
    }
}
