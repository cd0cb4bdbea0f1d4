//! How a seed comes in: the address in a QR code (`otpauth://totp/…`, Google Authenticator's "Key Uri Format"), or the secret alone, which
//! a console shows to whoever cannot scan. Errors never quote what was given: it is the secret.

use zeroize::Zeroizing;

use crate::totp::{Algorithm, Form, Seed, SeedError};

/// No issuer writes longer ones.
const BYTES_MAX: usize = 2048;

/// What an address says.
#[expect(missing_debug_implementations, reason = "it holds the seed")]
#[non_exhaustive]
pub struct Enrolment {
    /// The secret.
    pub seed: Seed,
    /// Whose it is, as the issuer wrote it; for people, and believed by nobody.
    pub label: String,
}

/// Why it is no seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum OtpauthError {
    /// Too long, or not of letters.
    #[error("it is longer than {BYTES_MAX} bytes, or has other characters than an address has")]
    Characters,
    /// Another kind.
    #[error("it is not `otpauth://totp/…`, and no secret in base32 either")]
    Form,
    /// A counter is no clock.
    #[error("it is `otpauth://hotp/…`, whose codes count and do not follow the clock")]
    Hotp,
    /// A percent sign with something else behind it.
    #[error("a `%` is not followed by two hexadecimal digits, or what it stands for is no text")]
    Percent,
    /// Twice.
    #[error("`{0}` is given twice")]
    Twice(&'static str),
    /// No secret.
    #[error("it has no secret")]
    NoSecret,
    /// Not in base32.
    #[error("the secret is not in base32 (A to Z and 2 to 7)")]
    Base32,
    /// A number, or the hash, that is none.
    #[error("`{0}` is none that is known")]
    Value(&'static str),
    /// The seed.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

/// Reads an address, or a secret in base32 in the form of AWS.
///
/// # Errors
/// [`OtpauthError`].
pub fn read(text: &str) -> Result<Enrolment, OtpauthError> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.len() > BYTES_MAX || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(OtpauthError::Characters);
    }
    match text.split_once("://") {
        None => {
            let secret = base32(text).ok_or(OtpauthError::Form)?;
            Ok(Enrolment { seed: Seed::new(secret, Form::AWS)?, label: String::new() })
        }
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("otpauth") => address(rest),
        Some(_) => Err(OtpauthError::Form),
    }
}

fn address(rest: &str) -> Result<Enrolment, OtpauthError> {
    let (kind, rest) = rest.split_once('/').ok_or(OtpauthError::Form)?;
    match kind.to_ascii_lowercase().as_str() {
        "totp" => {}
        "hotp" => return Err(OtpauthError::Hotp),
        _ => return Err(OtpauthError::Form),
    }
    let (label, query) = rest.split_once('?').ok_or(OtpauthError::NoSecret)?;
    // What follows a `#` is not of the query.
    let query = query.split('#').next().unwrap_or_default();
    let mut given = Given::default();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        given.take(name, value)?;
    }
    let secret = base32(&given.secret.ok_or(OtpauthError::NoSecret)?).ok_or(OtpauthError::Base32)?;
    let algorithm = match given.algorithm.as_deref().map(|name| name.to_ascii_uppercase()).as_deref() {
        None | Some("SHA1") => Algorithm::Sha1,
        Some("SHA256") => Algorithm::Sha256,
        Some("SHA512") => Algorithm::Sha512,
        Some(_) => return Err(OtpauthError::Value("algorithm")),
    };
    let digits = number(given.digits.as_deref(), "digits")?.unwrap_or(6);
    let period = number(given.period.as_deref(), "period")?.unwrap_or(30);
    let digits = u8::try_from(digits).map_err(|_| SeedError::Digits)?;
    let label = decoded(label)?.to_string();
    if label.chars().any(char::is_control) {
        return Err(OtpauthError::Characters);
    }
    Ok(Enrolment { seed: Seed::new(secret, Form::new(algorithm, digits, period)?)?, label })
}

/// The parameters that matter; others are passed over.
#[derive(Default)]
struct Given {
    secret: Option<Zeroizing<String>>,
    algorithm: Option<Zeroizing<String>>,
    digits: Option<Zeroizing<String>>,
    period: Option<Zeroizing<String>>,
}

impl Given {
    fn take(&mut self, name: &str, value: &str) -> Result<(), OtpauthError> {
        let (place, name) = match name.to_ascii_lowercase().as_str() {
            "secret" => (&mut self.secret, "secret"),
            "algorithm" => (&mut self.algorithm, "algorithm"),
            "digits" => (&mut self.digits, "digits"),
            "period" => (&mut self.period, "period"),
            _ => return Ok(()),
        };
        // Whichever counts, another reader may take the other one.
        if place.is_some() {
            return Err(OtpauthError::Twice(name));
        }
        *place = Some(decoded(value)?);
        Ok(())
    }
}

fn number(text: Option<&String>, name: &'static str) -> Result<Option<u32>, OtpauthError> {
    let Some(text) = text else { return Ok(None) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.map(Some).ok_or(OtpauthError::Value(name))
}

/// Percent-decoding (RFC 3986 §2.1).
fn decoded(text: &str) -> Result<Zeroizing<String>, OtpauthError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (pair, after) = rest.split_first_chunk::<2>().ok_or(OtpauthError::Percent)?;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let [high, low] = pair;
        let byte = digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low);
        bytes.push(byte.ok_or(OtpauthError::Percent)?);
        rest = after;
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| OtpauthError::Percent)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// RFC 4648 §6, as people type it: in either case, with or without padding, in groups.
fn base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut held, mut bits, mut letters) = (0_u32, 0_u32, 0_usize);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a',
            b'2'..=b'7' => byte - b'2' + 26,
            b' ' | b'-' => continue,
            _ => return None,
        };
        letters += 1;
        held = (held << 5 | u32::from(value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    // Letters of which no byte is made, and bits that are left over and set, are of another text.
    let is_whole = !matches!(letters % 8, 1 | 3 | 6) && held & ((1 << bits) - 1) == 0;
    (is_whole && letters > 0).then_some(bytes)
}

impl OtpauthError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Seed(error) => error.hint(),
            Self::Hotp => "choose an authenticator app (virtual MFA device) in the console",
            _ => "copy the whole secret, or the address in the QR code, again from the console",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::totp::GrantProof;

    /// `12345678901234567890` of RFC 6238, whose code at 59 seconds is 287082.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn code(text: &str) -> Result<String, OtpauthError> {
        let Enrolment { seed, .. } = read(text)?;
        Ok(seed.code_at(1, GrantProof::of(1)).unwrap().expose().to_owned())
    }

    #[test]
    fn addresses_and_secrets_of_consoles_are_read() {
        let aws = format!(
            "otpauth://totp/Amazon%20Web%20Services:root-account-mfa-device@111122223333?secret={SECRET}&issuer=Amazon%20Web%20Services"
        );
        assert_eq!(
            read(&aws).ok().unwrap().label,
            "Amazon Web Services:root-account-mfa-device@111122223333"
        );
        for text in [
            aws.clone(),
            SECRET.to_owned(),
            format!("  {}\n", SECRET.to_lowercase()),
            "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".to_owned(),
            format!("OTPAUTH://TOTP/x?Secret={SECRET}====&image=http%3A%2F%2Fx&unknown"),
            format!("otpauth://totp/?secret={SECRET}&algorithm=sha1&digits=6&period=30#secret=x"),
            "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ%47EZDGNBVGY3TQOJQ".to_owned(),
        ] {
            assert_eq!(code(&text).as_deref(), Ok("287082"), "{text}");
        }
        let eight = format!("otpauth://totp/x?secret={SECRET}&digits=8");
        assert_eq!(code(&eight).as_deref(), Ok("94287082"));
        let form = read(&format!("otpauth://totp/x?secret={SECRET}&algorithm=SHA512&digits=7&period=60"))
            .ok()
            .unwrap()
            .seed
            .form();
        assert_eq!((form.algorithm(), form.digits(), form.period()), (Algorithm::Sha512, 7, 60));
    }

    #[test]
    fn hostile_ones_are_refused_and_not_quoted() {
        let with = |rest: &str| format!("otpauth://totp/x?secret={SECRET}{rest}");
        let cases = [
            (String::new(), OtpauthError::Form),
            ("otpauth://totp/x".to_owned(), OtpauthError::NoSecret),
            ("otpauth://totp/x?issuer=y".to_owned(), OtpauthError::NoSecret),
            ("otpauth://totp/x?secret=".to_owned(), OtpauthError::Base32),
            ("otpauth://totp/x?secret=1111".to_owned(), OtpauthError::Base32),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQG".to_owned(), OtpauthError::Base32),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJB3B".to_owned(), OtpauthError::Base32),
            ("otpauth://totp/x?secret=GEZDGNBV".to_owned(), OtpauthError::Seed(SeedError::Length)),
            (format!("otpauth://hotp/x?secret={SECRET}&counter=1"), OtpauthError::Hotp),
            (format!("https://totp/x?secret={SECRET}"), OtpauthError::Form),
            (format!("otpauth:totp/x?secret={SECRET}"), OtpauthError::Form),
            (with("&secret=GEZDGNBVGY3TQOJQ"), OtpauthError::Twice("secret")),
            (with("&digits=6&DIGITS=8"), OtpauthError::Twice("digits")),
            (with("&digits=5"), OtpauthError::Seed(SeedError::Digits)),
            (with("&digits=300"), OtpauthError::Seed(SeedError::Digits)),
            (with("&digits=-6"), OtpauthError::Value("digits")),
            (with("&digits=+6"), OtpauthError::Value("digits")),
            (with("&digits="), OtpauthError::Value("digits")),
            (with("&digits=99999999999"), OtpauthError::Value("digits")),
            (with("&period=0"), OtpauthError::Seed(SeedError::Period)),
            (with("&period=86400"), OtpauthError::Seed(SeedError::Period)),
            (with("&algorithm=MD5"), OtpauthError::Value("algorithm")),
            (with("&digits=%2"), OtpauthError::Percent),
            (with("&digits=%zz"), OtpauthError::Percent),
            (with("&algorithm=%ff"), OtpauthError::Percent),
            (format!("otpauth://totp/%0a?secret={SECRET}"), OtpauthError::Characters),
            (with("\u{0}"), OtpauthError::Characters),
            (with("\u{2014}"), OtpauthError::Characters),
            (with(&"&x=y".repeat(600)), OtpauthError::Characters),
        ];
        for (text, expected) in cases {
            let error = read(&text).err();
            assert_eq!(error, Some(expected), "{text}");
            let told = error.map(|error| format!("{error} {}", error.hint())).unwrap_or_default();
            assert!(!told.contains("GEZD"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(otpauth://(totp|hotp)/)?[ -~]{0,60}(\\?|&)?(secret=)?[A-Za-z2-7%=& -]{0,80}") {
            drop(read(&text));
        }
    }
}
