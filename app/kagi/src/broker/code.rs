//! The one-time code: asked for at most once by all processes together, written down before it is sent, sent once.

use std::time::{Duration, Instant};

use kagimori_aws::{Cause, Mfa};
use kagimori_session::ledger::{Verdict, until_next_step};
use kagimori_session::value::Code;
use kagimori_terminal::printer;

use super::Broker;
use crate::context::Caller;
use crate::error::{KagiError, quoted};
use crate::prompt::Ask;

/// A storm of callers after a prompt that nobody answered stops here (the JS SDK runs a failed process twice).
const QUIET_SECONDS: i64 = 5;
const ATTEMPTS: u32 = 3;

/// Asks for a code and makes a call with it, under the device's lock.
pub(super) fn with_code<T>(
    broker: &Broker<'_, '_>,
    serial: &str,
    call: impl Fn(Mfa<'_>) -> Result<T, KagiError>,
) -> Result<T, KagiError> {
    let deadline = Instant::now() + broker.prompter.patience;
    let mut attempt = 1;
    loop {
        let code = fresh_code(broker, serial, deadline)?;
        match call(Mfa { serial, code: &code }) {
            Err(error) if error.cause() == Some(Cause::WrongCode) => {
                if attempt == ATTEMPTS || Instant::now() >= deadline {
                    remember_silence(broker, serial);
                    return Err(KagiError::WrongCode { serial: serial.to_owned() });
                }
                broker.prompter.say("kagi: AWS did not take this code");
                attempt += 1;
            }
            other => return other,
        }
    }
}

/// A code that was never sent, already written into the ledger.
fn fresh_code(broker: &Broker<'_, '_>, serial: &str, deadline: Instant) -> Result<Code, KagiError> {
    refuse_in_silence(broker, serial)?;
    let mut hint = "";
    for _ in 0..ATTEMPTS {
        let text =
            format!("kagi: {hint}MFA code of {serial} (profile {})", quoted(&broker.route.key_profile));
        let answer = broker.prompter.ask(Ask::Code, &text).inspect_err(|error| {
            if matches!(error, KagiError::NotGiven { .. }) {
                remember_silence(broker, serial);
            }
        })?;
        let Ok(code) = Code::parse(&answer) else {
            hint = "that is not six digits. ";
            continue;
        };
        let mut ledger = broker.vault.ledger(serial)?;
        let fingerprint = broker.vault.fingerprint(&code);
        match ledger.judge(&fingerprint, broker.now().as_second()) {
            Verdict::Fresh => {
                ledger.record(&fingerprint, broker.now().as_second());
                // If this cannot be written the code is not sent: two processes could send it.
                broker.vault.put_ledger(serial, &ledger)?;
                return Ok(code);
            }
            Verdict::Used { wait_seconds } => {
                wait_for_next(broker, wait_seconds, deadline)?;
                hint = "AWS takes a code once, type the next. ";
            }
        }
    }
    remember_silence(broker, serial);
    Err(KagiError::NotGiven {
        what: "a new MFA code of six digits",
        command: broker.prompter.command.clone(),
    })
}

/// Waits until the device shows another code, counting down where a person can see it.
fn wait_for_next(broker: &Broker<'_, '_>, wait_seconds: i64, deadline: Instant) -> Result<(), KagiError> {
    let wait = Duration::from_secs(u64::try_from(wait_seconds).unwrap_or(30));
    let Some(until) = Instant::now().checked_add(wait).filter(|until| *until < deadline) else {
        return Err(KagiError::CodeUsed(wait_seconds));
    };
    let text = format!("kagi: this code was used already, the next comes in {wait_seconds}s");
    if broker.prompter.has_terminal() {
        broker.prompter.say(&text);
    } else if broker.context.caller == Caller::Person {
        printer::note(&text);
    }
    // By the wall clock, not by one long sleep: the machine may be suspended meanwhile.
    let before = until_next_step(broker.now().as_second());
    let mut last = before;
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
        let left = until_next_step(broker.now().as_second());
        if left > last {
            break;
        }
        last = left;
    }
    Ok(())
}

fn remember_silence(broker: &Broker<'_, '_>, serial: &str) {
    let _ = broker.vault.put_note("silence", serial, &broker.now().as_second());
}

/// An SDK's call that began before a prompt ended unanswered, or soon after, is refused at once; a person may always try again.
fn refuse_in_silence(broker: &Broker<'_, '_>, serial: &str) -> Result<(), KagiError> {
    if broker.context.caller == Caller::Person {
        return Ok(());
    }
    let at: Option<i64> = broker.vault.note("silence", serial).unwrap_or_default();
    let Some(at) = at else { return Ok(()) };
    // Callers that were there already may come up one after another for longer than it is quiet.
    let after = broker.context.began.as_second() - at;
    let ago = broker.now().as_second() - at;
    if ago >= 0 && after < QUIET_SECONDS {
        return Err(KagiError::AskedJustNow { ago, command: broker.prompter.command.clone() });
    }
    Ok(())
}
