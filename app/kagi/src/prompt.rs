//! Asking a person: on the terminal, by a prompt program, or not at all. Never on stdin or stdout, which belong to the
//! SDK that called us.

mod program;
mod terminal;

use std::time::Duration;

use kagimori_terminal::tame::tame_line;
use zeroize::Zeroizing;

use crate::error::KagiError;

/// SDKs give up on a process after 20 seconds or so (Rust: 21.6).
pub(crate) const CALLED_BY_AN_SDK: Duration = Duration::from_secs(18);
/// A person at a terminal may have to fetch the device first.
pub(crate) const CALLED_BY_A_PERSON: Duration = Duration::from_secs(300);

/// How a person can be asked.
#[derive(Debug, Clone)]
pub(crate) struct Prompter {
    /// `prompt_program`: the program and its arguments.
    pub(crate) program: Vec<String>,
    /// Whether the terminal may be used.
    pub(crate) terminal: bool,
    /// How long an answer may take.
    pub(crate) patience: Duration,
    /// The command to name when nobody can be asked.
    pub(crate) command: String,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A one-time code: shown while it is typed.
    Code,
    /// A passphrase or a secret key: not shown.
    Secret(&'static str),
    /// A number of a list: shown while it is typed.
    Number,
    /// The passphrase, of a program that prints it.
    LookedUp,
}

impl Ask {
    fn what(self) -> &'static str {
        match self {
            Self::Code => "an MFA code",
            Self::Number => "the number of an MFA device",
            Self::Secret(what) => what,
            Self::LookedUp => "the passphrase",
        }
    }
}

impl Prompter {
    /// Asks; `text` is one line that says what for.
    pub(crate) fn ask(&self, ask: Ask, text: &str) -> Result<Zeroizing<String>, KagiError> {
        let answer = match terminal::open(self.terminal) {
            Some(mut terminal) => terminal.ask(ask, &tame_line(text), self.patience),
            None if program::can_answer(&self.program, ask) => {
                program::ask(&self.program, ask, &tame_line(text), self.patience)?
            }
            None => {
                return Err(KagiError::NobodyToAsk { what: ask.what(), command: self.command.clone() });
            }
        };
        answer
            .filter(|answer| !answer.is_empty())
            .ok_or_else(|| KagiError::NotGiven { what: ask.what(), command: self.command.clone() })
    }

    /// Says something on the terminal, if there is one.
    pub(crate) fn say(&self, text: &str) {
        if let Some(mut terminal) = terminal::open(self.terminal) {
            terminal.say(&tame_line(text));
        }
    }

    /// Whether a person sits at a terminal here.
    pub(crate) fn has_terminal(&self) -> bool {
        terminal::open(self.terminal).is_some()
    }

    /// Whether a list can be shown: a program that looks codes up would print one.
    pub(crate) fn can_ask_for_a_number(&self) -> bool {
        terminal::open(self.terminal).is_some() || program::can_answer(&self.program, Ask::Number)
    }

    /// Whether somebody could be asked for a passphrase.
    pub(crate) fn can_ask_for_a_secret(&self) -> bool {
        terminal::open(self.terminal).is_some() || program::can_answer(&self.program, Ask::Secret(""))
    }
}
