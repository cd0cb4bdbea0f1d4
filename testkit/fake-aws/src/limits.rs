//! Checks parameters as AWS does, from the service models: all faults of a call in one message.

use crate::fault::Fault;

/// The limits of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    least: usize,
    most: usize,
    /// As the model writes it.
    pattern: &'static str,
    takes: fn(char) -> bool,
}

const fn rule(least: usize, most: usize, pattern: &'static str, takes: fn(char) -> bool) -> Rule {
    Rule { least, most, pattern, takes }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_name(letter: char) -> bool {
    is_word(letter) || "+=,.@-".contains(letter)
}

fn is_tag(letter: char) -> bool {
    letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter)
}

fn is_document(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{ff}')
}

fn is_arn(letter: char) -> bool {
    !letter.is_control() || matches!(letter, '\t' | '\n' | '\r' | '\u{85}')
}

const ARN_PATTERN: &str =
    r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";

pub(crate) const TOKEN_CODE: Rule = rule(6, 6, r"[\d]*", |letter| letter.is_ascii_digit());
pub(crate) const SERIAL_NUMBER: Rule =
    rule(9, 256, r"[\w+=/:,.@-]*", |letter| is_name(letter) || "/:".contains(letter));
pub(crate) const ROLE_ARN: Rule = rule(20, 2048, ARN_PATTERN, is_arn);
pub(crate) const SESSION_NAME: Rule = rule(2, 64, r"[\w+=,.@-]*", is_name);
/// 256 in the service model of botocore 1.44.8; older pages say 64.
pub(crate) const SOURCE_IDENTITY: Rule = rule(2, 256, r"[\w+=,.@-]*", is_name);
pub(crate) const EXTERNAL_ID: Rule =
    rule(2, 1224, r"[\w+=,.@:\/-]*", |letter| is_name(letter) || "/:".contains(letter));
pub(crate) const FEDERATED_NAME: Rule = rule(2, 32, r"[\w+=,.@-]*", is_name);
pub(crate) const SESSION_POLICY: Rule = rule(1, 2048, r"[\u0009\u000A\u000D\u0020-\u00FF]+", is_document);
pub(crate) const SESSION_DESCRIPTION: Rule =
    rule(2, 256, r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*", is_document);
pub(crate) const TAG_KEY: Rule = rule(1, 128, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", is_tag);
pub(crate) const TAG_VALUE: Rule = rule(0, 256, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", is_tag);
pub(crate) const ACCESS_KEY_ID: Rule = rule(16, 128, r"[\w]*", is_word);
pub(crate) const USER_NAME: Rule = rule(1, 128, r"[\w+=,.@-]+", is_name);
pub(crate) const DEVICE_NAME: Rule = rule(1, 226, r"[\w+=,.@-]+", is_name);
pub(crate) const PATH: Rule =
    rule(1, 512, r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", |letter| letter.is_ascii_graphic());

/// Collects what is wrong with a call.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    faults: Vec<String>,
}

impl Checks {
    /// A text that may be left out.
    pub(crate) fn text(&mut self, field: &str, value: Option<&str>, rule: &Rule) {
        let Some(value) = value else { return };
        let length = value.chars().count();
        if length < rule.least {
            self.fault(value, field, &format!("have length greater than or equal to {}", rule.least));
        }
        if length > rule.most {
            self.fault(value, field, &format!("have length less than or equal to {}", rule.most));
        }
        if !value.chars().all(rule.takes) {
            self.fault(value, field, &format!("satisfy regular expression pattern: {}", rule.pattern));
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, field: &str, value: Option<&str>, rule: &Rule) {
        if value.is_none() {
            self.missing(field);
        }
        self.text(field, value, rule);
    }

    /// A number that may be left out.
    pub(crate) fn number(&mut self, field: &str, value: Option<i64>, least: i64, most: i64) {
        let Some(number) = value else { return };
        if number < least {
            self.fault(&number.to_string(), field, &format!("have value greater than or equal to {least}"));
        }
        if number > most {
            self.fault(&number.to_string(), field, &format!("have value less than or equal to {most}"));
        }
    }

    /// One of a few words.
    pub(crate) fn word(&mut self, field: &str, value: Option<&str>, words: &[&str]) {
        let Some(value) = value.filter(|value| !words.contains(value)) else { return };
        self.fault(value, field, &format!("satisfy enum value set: [{}]", words.join(", ")));
    }

    /// The length of a list.
    pub(crate) fn length(&mut self, field: &str, length: usize, most: usize) {
        if length > most {
            self.faults.push(format!(
                "Value at '{field}' failed to satisfy constraint: Member must have length less than or equal to {most}"
            ));
        }
    }

    pub(crate) fn missing(&mut self, field: &str) {
        self.faults
            .push(format!("Value null at '{field}' failed to satisfy constraint: Member must not be null"));
    }

    fn fault(&mut self, value: &str, field: &str, must: &str) {
        self.faults
            .push(format!("Value '{value}' at '{field}' failed to satisfy constraint: Member must {must}"));
    }

    /// Nothing, or all that is wrong.
    pub(crate) fn done(self) -> Result<(), Fault> {
        let count = self.faults.len();
        let errors = if count == 1 { "error" } else { "errors" };
        if count == 0 {
            return Ok(());
        }
        Err(Fault::validation(format!("{count} validation {errors} detected: {}", self.faults.join("; "))))
    }
}

/// Reads a whole number.
pub(crate) fn whole(value: Option<&str>) -> Result<Option<i64>, Fault> {
    let Some(text) = value else { return Ok(None) };
    let read =
        text.parse().map_err(|_| Fault::new(400, "MalformedInput", "the parameter is not a whole number"))?;
    Ok(Some(read))
}

#[cfg(test)]
mod tests {
    use super::{Checks, TOKEN_CODE, whole};

    /// The texts are those of AWS (aws-cli#4648 shows one of them).
    #[test]
    fn one_fault_and_two() {
        let mut checks = Checks::default();
        checks.text("tokenCode", Some("1234567"), &TOKEN_CODE);
        assert_eq!(
            checks.done().unwrap_err().message,
            "1 validation error detected: Value '1234567' at 'tokenCode' failed to satisfy constraint: Member must have length less than or equal to 6"
        );
        let mut checks = Checks::default();
        checks.text("tokenCode", Some("abc"), &TOKEN_CODE);
        assert_eq!(
            checks.done().unwrap_err().message,
            r"2 validation errors detected: Value 'abc' at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6; Value 'abc' at 'tokenCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [\d]*"
        );
        let mut checks = Checks::default();
        checks.number("durationSeconds", Some(129_601), 900, 129_600);
        checks.text("tokenCode", Some("123456"), &TOKEN_CODE);
        assert_eq!(
            checks.done().unwrap_err().message,
            "1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600"
        );
    }

    #[test]
    fn numbers() {
        assert_eq!(whole(Some("900")), Ok(Some(900)));
        assert_eq!(whole(None), Ok(None));
        assert_eq!(whole(Some("x")).unwrap_err().code, "MalformedInput");
    }
}
