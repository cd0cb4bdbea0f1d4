//! A prompt program: any program that takes a text as its last argument and prints the answer (`ssh-askpass`,
//! `zenity --entry --text`, a script around `pinentry`, or `ykman oath accounts code -s`).

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::Ask;
use crate::error::KagiError;

/// An answer is a line.
const MOST_BYTES: u64 = 4096;

/// Runs the program; `None` when it was cancelled, failed, or took too long.
pub(super) fn ask(
    program: &[String],
    ask: Ask,
    text: &str,
    patience: Duration,
) -> Result<Option<Zeroizing<String>>, KagiError> {
    let Some((name, arguments)) = program.split_first() else { return Ok(None) };
    let kind = match ask {
        Ask::Code => "code",
        Ask::Secret(_) => "passphrase",
    };
    let mut child = Command::new(name)
        .args(arguments)
        .arg(text)
        .env("KAGI_PROMPT_KIND", kind)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| KagiError::PromptProgram { program: name.clone(), source })?;
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut answer = Zeroizing::new(String::new());
        let read = stdout.map(|stdout| stdout.take(MOST_BYTES).read_to_string(&mut answer));
        matches!(read, Some(Ok(_))).then_some(answer)
    });
    let begun = Instant::now();
    let finished = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if begun.elapsed() < patience => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(None);
            }
        }
    };
    let answer = reader.join().ok().flatten().filter(|_| finished);
    Ok(answer.and_then(|answer| answer.lines().next().map(|line| Zeroizing::new(line.trim().to_owned()))))
}
