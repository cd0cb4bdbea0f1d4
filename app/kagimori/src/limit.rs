//! `--limit-seconds`: when the time is up, the answer is *cannot tell*, with what was not looked at.
//!
//! The core knows of no clock and of no limit. A question that has one is asked on a thread of its own, and the thread that waits for
//! it holds the clock; so a limit cannot change an answer, only withhold it. Who speaks first speaks alone ([`turn`]): the question
//! when it begins to write what it found, or the clock.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use kagimori_terminal::schema::Schema;
use kagimori_terminal::{printer, turn};
use serde::Serialize;

use crate::args::{Args, Voice};
use crate::command;
use crate::error::AppError;
use crate::exit::Exit;
use crate::progress::{self, Looked};
use crate::show::numbers::{counted, thousands};

/// As much as a program's first thread has on Linux: a deep question needs no less on a thread of its own.
const STACK_BYTES: usize = 8 << 20;

/// A question that may take so long and no longer.
pub(crate) struct Limited {
    /// What is asked: `ask paths`.
    pub(crate) question: &'static str,
    /// How long it may take to find the answer.
    pub(crate) seconds: u64,
    /// How the answer was asked for.
    pub(crate) voice: Voice,
}

/// Runs what was typed until its time is up.
pub(crate) fn within(limited: &Limited, args: Args) -> Result<Exit, AppError> {
    let (tell, hear) = mpsc::channel();
    let ask = move || {
        let _ = tell.send(command::run(&args));
    };
    let asked = thread::Builder::new().name("question".to_owned()).stack_size(STACK_BYTES).spawn(ask);
    let question = asked.map_err(|source| AppError::Argument {
        message: format!("no thread can be had for `--limit-seconds`: {source}"),
        hint: "run it without `--limit-seconds`".to_owned(),
    })?;
    match hear.recv_timeout(Duration::from_secs(limited.seconds)) {
        Ok(result) => return result,
        Err(RecvTimeoutError::Timeout) if turn::time_is_up() => return cannot_tell(limited),
        Err(_) => {}
    }
    // It is writing its answer, or it ended without a word: then it panicked, and so does this.
    match hear.recv() {
        Ok(result) => result,
        Err(_) => match question.join() {
            Ok(()) => Ok(Exit::Failed),
            Err(panic) => std::panic::resume_unwind(panic),
        },
    }
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    question: &'a str,
    limit_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_at: Option<LookedAt>,
}

#[derive(Serialize)]
struct LookedAt {
    what: &'static str,
    done: usize,
    total: usize,
}

/// Says that nothing can be said.
fn cannot_tell(limited: &Limited) -> Result<Exit, AppError> {
    let looked = progress::looked();
    let text = text(limited, looked.as_ref());
    match limited.voice {
        Voice::Human => printer::text(&format!("{text}\n"))?,
        // Whoever reads the output as a document reads nothing rather than something else.
        Voice::Document => printer::warning(&text),
        Voice::Json => {
            let looked_at = looked.map(|Looked { what, done, total }| LookedAt { what, done, total });
            let output = Output {
                schema: Schema { name: "kagimori.cannot_tell", version: 1 },
                question: limited.question,
                limit_seconds: limited.seconds,
                looked_at,
            };
            printer::json(&output)?;
        }
    }
    Ok(Exit::Incomplete)
}

fn text(limited: &Limited, looked: Option<&Looked>) -> String {
    let seconds = counted(limited.seconds, "second");
    let left = match looked {
        Some(Looked { what, done, total }) if done < total => {
            let number = |count: usize| thousands(u64::try_from(count).unwrap_or(u64::MAX));
            let missing = counted(number(total.saturating_sub(*done)), what);
            format!("{missing} of {} not looked at, and nothing is said of the others either", number(*total))
        }
        _ => "not everything was looked at, and nothing is said of the rest either".to_owned(),
    };
    format!(
        "CANNOT TELL  `{}` was not done within {seconds}: {left}; give it more with `--limit-seconds`, or ask less at once",
        limited.question
    )
}
