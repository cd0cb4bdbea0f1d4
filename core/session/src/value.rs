//! AWS's values that a person types, checked before AWS sees them. STS repeats a malformed code in its error text
//! (aws-cli#4648), so nothing malformed is sent.

use std::fmt;

/// Why a typed value cannot be used, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// One sentence, the value in backticks.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl Refused {
    /// A refusal.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// A value cut to what fits in a message, control characters made visible.
#[must_use]
pub fn shown(value: &str) -> String {
    shown_within(value, 80)
}

/// A text of somebody else's, cut to so many letters, control characters made visible.
#[must_use]
pub fn shown_within(value: &str, most: usize) -> String {
    let shown: String = value.chars().take(most).flat_map(visible).collect();
    if value.chars().count() > most { format!("{shown}…") } else { shown }
}

fn visible(letter: char) -> Vec<char> {
    if letter.is_control() { letter.escape_debug().collect() } else { vec![letter] }
}

/// RFC 3986: everything but unreserved characters escaped.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// The ARN of an IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn {
    text: String,
}

impl RoleArn {
    /// Reads `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let refused = || {
            Refused::new(
                format!("`{}` is not the ARN of a role", shown(text)),
                "it looks like `arn:aws:iam::222233334444:role/Power`",
            )
        };
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
            return Err(refused());
        };
        if !is_partition(partition) || !is_account(account) {
            return Err(refused());
        }
        let path = resource.strip_prefix("role/").ok_or_else(refused)?;
        if !is_role_path(path) {
            return Err(refused());
        }
        Ok(Self { text: text.to_owned() })
    }

    /// The role of an account by its name (with its path, if it has one).
    pub fn of(partition: &str, account: &str, role: &str) -> Result<Self, Refused> {
        if !is_account(account) {
            return Err(Refused::new(
                format!("`{}` is not a 12-digit AWS account id", shown(account)),
                "write it with its leading zeroes, for instance `--account 012345678901`",
            ));
        }
        if !is_role_path(role) {
            return Err(Refused::new(
                format!("`{}` is not the name of a role", shown(role)),
                "a role name has 1 to 64 letters, digits and `+=,.@_-`; give the name, not the ARN, with `--role`",
            ));
        }
        Self::parse(&format!("arn:{partition}:iam::{account}:role/{role}"))
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn` …
    #[must_use]
    pub fn partition(&self) -> &str {
        self.text.split(':').nth(1).unwrap_or("aws")
    }

    /// The 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.text.split(':').nth(4).unwrap_or_default()
    }

    /// The name without its path, as session ARNs have it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The ARN of a session of this role (IAM, "assumed-role": the path is dropped).
    #[must_use]
    pub fn session_arn(&self, session_name: &str) -> String {
        format!(
            "arn:{}:sts::{}:assumed-role/{}/{session_name}",
            self.partition(),
            self.account(),
            self.name()
        )
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn is_partition(text: &str) -> bool {
    text.starts_with("aws") && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_role_path(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    // IAM CreateRole: RoleName 1..64 of `[\w+=,.@-]`, Path at most 512 printable characters.
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(is_name_byte)
        && path.len() <= 576
        && path.bytes().all(|byte| byte == b'/' || byte.is_ascii_graphic() && byte != b':')
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

/// A one-time code of an MFA device: exactly six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Code(…)")
    }
}

impl Code {
    /// Reads a code as a person or an authenticator app writes it (`123 456`). The message does not repeat it.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let digits: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(digits));
        }
        Err(Refused::new("the MFA code is not six digits", "type the six digits your MFA device shows now"))
    }

    /// The six digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Checks an MFA device's serial number (STS: 9..256 of `[\w+=/:,.@-]*`).
pub fn mfa_serial(text: &str) -> Result<String, Refused> {
    let fits = (9..=256).contains(&text.len())
        && text.bytes().all(|byte| is_name_byte(byte) || byte == b'/' || byte == b':');
    if !fits {
        return Err(Refused::new(
            format!("`{}` is not the serial number of an MFA device", shown(text)),
            "it looks like `arn:aws:iam::111122223333:mfa/alice`; `aws iam list-mfa-devices` prints it",
        ));
    }
    // The typical slip: aws-mfa#46.
    if text.starts_with("arn:") && text.contains(":user/") {
        return Err(Refused::new(
            format!("`{}` is the ARN of a user, not of an MFA device", shown(text)),
            "write `:mfa/` in place of `:user/`; `aws iam list-mfa-devices` prints the serial number",
        ));
    }
    Ok(text.to_owned())
}

/// Whether a device shows codes. Passkeys and security keys have serial numbers like
/// `arn:aws:iam::111122223333:u2f/user/alice/key-ABC` and are taken neither by GetSessionToken nor by AssumeRole (IAM User
/// Guide, "Passkeys and security keys").
#[must_use]
pub fn shows_codes(serial: &str) -> bool {
    !serial.contains(":u2f/")
}

/// Checks a session name or source identity (STS: 2..64 of `[\w+=,.@-]*`).
pub fn session_name(text: &str) -> Result<String, Refused> {
    if (2..=64).contains(&text.len()) && text.bytes().all(is_name_byte) {
        return Ok(text.to_owned());
    }
    Err(Refused::new(
        format!("`{}` cannot be the name of a session", shown(text)),
        "a session name has 2 to 64 letters, digits and `+=,.@_-`",
    ))
}

/// Makes a session name of any text: what is not allowed becomes `-`.
#[must_use]
pub fn session_name_from(text: &str) -> String {
    let allowed = |letter: char| letter.is_ascii() && u8::try_from(letter).is_ok_and(is_name_byte);
    let mut name: String =
        text.chars().take(64).map(|letter| if allowed(letter) { letter } else { '-' }).collect();
    while name.len() < 2 {
        name.push('-');
    }
    name
}

/// Makes the value of a session tag of any text (STS: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, at most 256).
#[must_use]
pub fn tag_value_from(text: &str) -> String {
    let allowed = |letter: char| letter.is_alphanumeric() || letter == ' ' || "_.:/=+-@".contains(letter);
    text.chars().take(256).map(|letter| if allowed(letter) { letter } else { '-' }).collect()
}

/// Reads a length of time: `900`, `15m`, `1h30m`, `12h`.
pub fn seconds(text: &str) -> Result<u32, Refused> {
    let refused = || {
        Refused::new(
            format!("`{}` is not a length of time", shown(text)),
            "write seconds (`900`) or hours and minutes (`15m`, `1h30m`, `12h`)",
        )
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| refused());
    }
    let (mut total, mut digits) = (0_u32, String::new());
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(refused()),
        };
        let count: u32 = digits.parse().map_err(|_| refused())?;
        total = count.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(refused)?;
        digits.clear();
    }
    if digits.is_empty() { Ok(total) } else { Err(refused()) }
}

/// Checks that a length of time is one STS takes.
pub fn within(name: &str, seconds: u32, least: u32, most: u32) -> Result<u32, Refused> {
    if (least..=most).contains(&seconds) {
        return Ok(seconds);
    }
    Err(Refused::new(
        format!("`{name}` is {seconds} seconds, and {least} to {most} are taken"),
        format!("choose between {} and {}", words(i64::from(least)), words(i64::from(most))),
    ))
}

/// A length of time as people say it: `1h 5m`, `45s`.
#[must_use]
pub fn words(seconds: i64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m"),
        (_, 0) => format!("{hours}h"),
        _ => format!("{hours}h {minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arns() {
        let role = RoleArn::parse("arn:aws-cn:iam::222233334444:role/team/Power").unwrap();
        assert_eq!((role.partition(), role.account(), role.name()), ("aws-cn", "222233334444", "Power"));
        assert_eq!(role.to_string(), "arn:aws-cn:iam::222233334444:role/team/Power");
        assert_eq!(role.session_arn("alice"), "arn:aws-cn:sts::222233334444:assumed-role/Power/alice");
        for hostile in [
            "",
            "Power",
            "arn:aws:iam::22223333444:role/Power",
            "arn:aws:iam::222233334444:user/alice",
            "arn:aws:iam::222233334444:role/",
            "arn:aws:iam::222233334444:role/a b",
            "arn:aws:iam::222233334444:role/x\n[profile evil]",
            "arn:aws:iam::222233334444:role/$(id)",
            "arn:evil:iam::222233334444:role/Power",
        ] {
            assert!(RoleArn::parse(hostile).is_err(), "{hostile:?}");
        }
        assert!(RoleArn::of("aws", "222233334444", "arn:aws:iam::222233334444:role/Power").is_err());
    }

    /// What somebody else wrote cannot move the cursor, or bury the message that it stands in.
    #[test]
    fn what_is_shown_is_short_and_visible() {
        assert_eq!(shown("région"), "région");
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(shown(&"x".repeat(81)), format!("{}…", "x".repeat(80)));
        assert_eq!(shown_within("鍵鍵鍵", 2), "鍵鍵…");
        let error = RoleArn::parse("a\rb").unwrap_err();
        assert_eq!(error.to_string(), "`a\\rb` is not the ARN of a role");
    }

    #[test]
    fn codes_are_not_repeated() {
        assert_eq!(Code::parse(" 123 456 ").unwrap().expose(), "123456");
        for wrong in ["", "12345", "1234567", "12a456", "１２３４５６"] {
            let refused = Code::parse(wrong).unwrap_err();
            assert!(wrong.is_empty() || !refused.to_string().contains(wrong));
        }
        assert_eq!(format!("{:?}", Code::parse("123456").unwrap()), "Code(…)");
    }

    #[test]
    fn lengths_of_time() {
        for (text, expected) in [("900", 900), ("15m", 900), ("1h30m", 5400), ("12h", 43_200), ("1d", 86_400)]
        {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for wrong in ["", "h", "1x", "1h30", "-5m", "99999999999", "99999999h"] {
            // An empty text is a number of no digits.
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        for (length, expected) in
            [(3900, "1h 5m"), (45, "45s"), (0, "0s"), (300, "5m"), (330, "5m"), (7200, "2h"), (43_200, "12h")]
        {
            assert_eq!(words(length), expected);
        }
        assert_eq!(seconds("1m30s"), Ok(90));
        let refused = within("session_seconds", 60, 900, 5400).unwrap_err();
        assert_eq!(refused.hint, "choose between 15m and 1h 30m");
    }

    #[test]
    fn names() {
        assert_eq!(session_name_from("alice"), "alice");
        assert_eq!(session_name_from("本 a"), "--a");
        assert_eq!(session_name_from("x"), "x-");
        assert!(session_name(&session_name_from(&"é".repeat(100))).is_ok());
        assert!(session_name("x").is_err() && session_name("a b").is_err());
        assert!(mfa_serial("arn:aws:iam::111122223333:user/alice").unwrap_err().hint.contains(":mfa/"));
        for (serial, expected) in [
            ("arn:aws:iam::111122223333:mfa/alice", true),
            ("arn:aws-cn:iam::111122223333:mfa/u2f", true),
            ("GAHT12345678", true),
            ("arn:aws:iam::111122223333:u2f/user/alice/key-ABC", false),
            ("arn:aws-us-gov:iam::111122223333:u2f/root-account-mfa-device", false),
        ] {
            assert_eq!(shows_codes(serial), expected, "{serial}");
        }
        assert!(mfa_serial("GAHT12345678").is_ok() && mfa_serial("short").is_err());
        assert_eq!(tag_value_from("fix #12; now"), "fix -12- now");
    }
}
