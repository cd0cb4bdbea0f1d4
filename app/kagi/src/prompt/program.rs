//! A prompt program: a program that prints the answer. Askers take the text they show as their last argument, or where
//! `{text}` stands (`ssh-askpass`, `zenity --entry --text`); programs that look the answer up would take it for one more
//! thing to look up (`ykman oath accounts code -s`, `secret-tool lookup`) and get none. What they say on stderr is shown.

use std::io::Read;
use std::path::Path;
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
        Ask::Number => "number",
        Ask::Secret(_) | Ask::LookedUp => "passphrase",
    };
    let mut child = Command::new(name)
        .args(with_text(name, arguments, ask, text))
        .env("KAGI_PROMPT_TEXT", text)
        .env("KAGI_PROMPT_KIND", kind)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|source| KagiError::PromptProgram {
            setting: if ask == Ask::LookedUp { "passphrase_program" } else { "prompt_program" },
            program: name.clone(),
            source,
        })?;
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

/// Programs that look something up.
const LOOKING_UP: [&str; 17] = [
    "1password",
    "bw",
    "cat",
    "gopass",
    "gpg",
    "gpg2",
    "keepassxc-cli",
    "kwallet-query",
    "lpass",
    "oathtool",
    "op",
    "pass",
    "printenv",
    "rbw",
    "secret-tool",
    "security",
    "ykman",
];

/// The arguments with the text where the program takes it.
fn with_text(program: &str, arguments: &[String], ask: Ask, text: &str) -> Vec<String> {
    if arguments.iter().any(|argument| argument.contains("{text}")) {
        return arguments.iter().map(|argument| argument.replace("{text}", text)).collect();
    }
    let mut arguments = arguments.to_vec();
    if takes_text(program, ask) {
        arguments.push(text.to_owned());
    }
    arguments
}

/// Whether the program's answer is one to this question. Any prints a code, or what it looks up; one that makes codes by
/// itself would print one for a passphrase or a key too, and shows nobody a list: only who surely asks a person is asked.
pub(super) fn can_answer(program: &[String], ask: Ask) -> bool {
    let Some((name, arguments)) = program.split_first() else { return false };
    let shows = arguments.iter().any(|argument| argument.contains("{text}"));
    match ask {
        Ask::Code | Ask::LookedUp => true,
        Ask::Number => shows || takes_text(name, ask),
        Ask::Secret(_) => shows || surely_asks(name),
    }
}

/// A passphrase program that is not known to ask looks it up; a prompt program asks, unless it is known to look up.
fn takes_text(program: &str, ask: Ask) -> bool {
    surely_asks(program) || ask != Ask::LookedUp && !LOOKING_UP.contains(&base_name(program))
}

fn surely_asks(program: &str) -> bool {
    let name = base_name(program);
    name.contains("askpass") || matches!(name, "zenity" | "kdialog" | "yad" | "systemd-ask-password")
}

fn base_name(program: &str) -> &str {
    Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_for_codes_is_asked_for_codes() {
        let can = |program: &str, ask| {
            let words: Vec<_> = program.split_whitespace().map(str::to_owned).collect();
            can_answer(&words, ask)
        };
        for codes in ["/home/a/code.sh", "ykman oath accounts code -s aws", "oathtool --totp x"] {
            assert!(can(codes, Ask::Code) && !can(codes, Ask::Secret("the passphrase")), "{codes}");
        }
        for asks in ["ssh-askpass", "/usr/bin/zenity --entry --text", "rofi -dmenu -p {text}"] {
            assert!(can(asks, Ask::Secret("the passphrase")) && can(asks, Ask::Number), "{asks}");
        }
        assert!(!can("", Ask::Code) && !can("op item get aws --otp", Ask::Number));
    }

    #[test]
    fn the_text_goes_to_programs_that_take_it() {
        let cases: &[(&str, Ask, &str)] = &[
            ("ssh-askpass", Ask::Code, "ssh-askpass TEXT"),
            ("zenity --entry --text", Ask::Code, "zenity --entry --text TEXT"),
            ("/home/a/bin/ask", Ask::Code, "/home/a/bin/ask TEXT"),
            ("rofi -dmenu -p {text} -l 0", Ask::Code, "rofi -dmenu -p TEXT -l 0"),
            (
                "/usr/bin/ykman oath accounts code -s aws",
                Ask::Code,
                "/usr/bin/ykman oath accounts code -s aws",
            ),
            ("op item get aws --otp", Ask::Code, "op item get aws --otp"),
            ("secret-tool lookup app kagi", Ask::LookedUp, "secret-tool lookup app kagi"),
            ("pass show kagi", Ask::LookedUp, "pass show kagi"),
            ("/home/a/bin/passphrase", Ask::LookedUp, "/home/a/bin/passphrase"),
            ("/usr/lib/ssh/x11-ssh-askpass", Ask::LookedUp, "/usr/lib/ssh/x11-ssh-askpass TEXT"),
        ];
        for (program, ask, expected) in cases {
            let words: Vec<_> = program.split(' ').map(str::to_owned).collect();
            let arguments = with_text(&words[0], &words[1..], *ask, "TEXT");
            assert_eq!([&words[..1], &arguments].concat().join(" "), *expected);
        }
    }
}
