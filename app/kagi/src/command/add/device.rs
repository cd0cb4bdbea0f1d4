//! Which MFA device of a user is asked for codes, where there are several (a user may have eight).

use kagimori_session::value::{mfa_serial, shown, shows_codes};
use kagimori_terminal::printer;

use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::prompt::Ask;

/// What is known before anybody is asked.
#[derive(Clone, Copy)]
pub(super) struct Choice<'a> {
    /// `--mfa-serial`
    pub(super) wanted: Option<&'a str>,
    /// The device that was chosen when the key was looked at before.
    pub(super) kept: Option<&'a str>,
}

/// Asks for a number on the terminal or by the prompt program; none when nobody can be asked.
pub(super) fn ask(context: &Context<'_>, profile: &str, text: &str) -> Result<Option<String>, KagiError> {
    let prompter = context.prompter(format!("kagi add --mfa-serial SERIAL {}", quoted(profile)))?;
    if !prompter.can_ask_for_a_number() {
        return Ok(None);
    }
    Ok(Some(prompter.ask(Ask::Number, text)?.trim().to_owned()))
}

impl Choice<'_> {
    /// The device, of those the user has. Passkeys and security keys show no codes and are left out.
    pub(super) fn of(
        self,
        serials: &[String],
        ask: impl Fn(&str) -> Result<Option<String>, KagiError>,
    ) -> Result<Option<String>, KagiError> {
        let is_one = |serial: &&str| shows_codes(serial) && mfa_serial(serial).is_ok();
        let codes: Vec<&str> = serials.iter().map(String::as_str).filter(is_one).collect();
        if let Some(wanted) = self.wanted {
            return match codes.iter().find(|serial| **serial == wanted) {
                Some(found) => Ok(Some((*found).to_owned())),
                None => Err(not_theirs(wanted, &codes)),
            };
        }
        if let Some(kept) = self.kept.filter(|kept| codes.contains(kept)) {
            return Ok(Some(kept.to_owned()));
        }
        let chosen = match codes.as_slice() {
            [] if !serials.is_empty() => {
                printer::warning(
                    "the user has only passkeys or security keys, and AWS takes none of them for sessions: enable a \
                     virtual MFA device too, then run `kagi add` again",
                );
                None
            }
            [] => None,
            [only] => Some(*only),
            [first, ..] => Some(one_of(&codes, first, ask)?),
        };
        Ok(chosen.map(str::to_owned))
    }
}

fn not_theirs(wanted: &str, codes: &[&str]) -> KagiError {
    KagiError::argument(
        format!("`{}` is not a device of this user that shows codes", shown(wanted)),
        match codes {
            [] => "the user has none: enable a virtual MFA device in IAM".to_owned(),
            some => format!("choose of {}", some.join(", ")),
        },
    )
}

fn one_of<'a>(
    codes: &[&'a str],
    first: &'a str,
    ask: impl Fn(&str) -> Result<Option<String>, KagiError>,
) -> Result<&'a str, KagiError> {
    let listed: Vec<_> =
        codes.iter().zip(1..).map(|(serial, number)| format!("{number} = {serial}")).collect();
    let text = format!("kagi: which MFA device shows the codes? {}; number", listed.join(", "));
    let Some(answer) = ask(&text)? else {
        printer::warning(&format!(
            "the user has {} devices that show codes: {first} is taken; another is chosen with `--mfa-serial`",
            codes.len()
        ));
        return Ok(first);
    };
    let number: Option<usize> = answer.parse().ok();
    number.and_then(|number| codes.get(number.checked_sub(1)?).copied()).ok_or_else(|| {
        KagiError::argument(
            format!("that is none of the numbers 1 to {}", codes.len()),
            format!("run the command again, or name the device: `--mfa-serial {first}`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:iam::111122223333:u2f/user/alice/key-ABC";
    const PHONE: &str = "arn:aws:iam::111122223333:mfa/alice";
    const DESK: &str = "arn:aws:iam::111122223333:mfa/alice-desk";

    #[test]
    fn only_a_device_that_shows_codes_is_taken() {
        let take = |serials: &[&str], wanted, kept, answer: Option<&str>| {
            let serials: Vec<_> = serials.iter().map(|it| (*it).to_owned()).collect();
            let ask = |text: &str| {
                assert!(!text.contains(KEY) && text.contains("1 = ") && text.contains("2 = "), "{text}");
                Ok(answer.map(str::to_owned))
            };
            Choice { wanted, kept }.of(&serials, ask).map_err(|error| error.to_string())
        };
        let found = |serial: &str| Ok(Some(serial.to_owned()));
        assert_eq!(take(&[KEY, PHONE], None, None, Some("9")), found(PHONE));
        assert_eq!(take(&[KEY], None, None, None), Ok(None));
        assert_eq!(take(&[], None, None, None), Ok(None));
        assert_eq!(take(&[KEY, PHONE, DESK], None, None, Some("2")), found(DESK));
        assert_eq!(take(&[KEY, PHONE, DESK], None, None, None), found(PHONE));
        // What was chosen stays, as long as the user has it; what is named wins.
        assert_eq!(take(&[PHONE, DESK], None, Some(DESK), Some("9")), found(DESK));
        assert_eq!(take(&[PHONE, DESK], Some(PHONE), Some(DESK), Some("9")), found(PHONE));
        assert_eq!(take(&[PHONE], None, Some(DESK), None), found(PHONE));
        for wrong in ["0", "3", "123456", "x"] {
            assert!(take(&[PHONE, DESK], None, None, Some(wrong)).is_err(), "{wrong}");
        }
        assert!(take(&[KEY, PHONE], Some(KEY), None, None).is_err());
    }
}
