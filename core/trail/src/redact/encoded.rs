//! Secrets that are written as digits: in base64 (also that of addresses), base32 and hex, as bytes or as UTF-16.
//!
//! Whatever is a text when it is decoded is looked at as any text is. Where the digits begin is not told: behind a slash, a
//! dash, an underscore, or at the beginning of the run.

/// Shorter runs of digits hold no secret.
const DIGITS_MIN: usize = 24;
/// So many beginnings of one run are tried.
const BEGINNINGS_MAX: usize = 32;
/// Shorter texts are found by chance in names.
const TEXT_MIN: usize = 12;

/// How a byte is a digit of so many bits.
type Alphabet = (u32, fn(u8) -> Option<u32>);

const ALPHABETS: [Alphabet; 3] = [(6, base64), (5, base32), (4, hexadecimal)];

/// The texts that are written in a run of digits.
pub(super) fn texts(run: &str) -> impl Iterator<Item = String> {
    let joint = |c: char| matches!(c, '/' | '_' | '-' | '.' | '=' | '+');
    let begins = std::iter::once(0).chain(run.match_indices(joint).map(|(at, _)| at.saturating_add(1)));
    let pieces = begins.filter_map(|at| run.get(at..)).take(BEGINNINGS_MAX);
    let pieces = pieces.filter(|piece| piece.len() >= DIGITS_MIN);
    pieces.flat_map(|piece| ALPHABETS.iter().filter_map(move |alphabet| decoded(piece, *alphabet)))
}

/// Whether a run is text that was packed by gzip and written in base64, as a machine's user data are: what it holds is not
/// looked for, and it is no name.
pub(super) fn is_packed(run: &str) -> bool {
    // the two bytes of its magic number and the one method that there is (RFC 1952)
    run.match_indices("H4sI").any(|(at, _)| {
        let is_start =
            run.get(..at).is_none_or(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
        is_start && run.len().saturating_sub(at) >= DIGITS_MIN
    })
}

/// What the digits that a text begins with stand for, as far as that is text.
fn decoded(piece: &str, (bits, digit): Alphabet) -> Option<String> {
    let (mut held, mut count, mut out) = (0_u32, 0, String::new());
    for value in piece.bytes().map_while(digit) {
        held = held << bits | value;
        count += bits;
        if count < 8 {
            continue;
        }
        count -= 8;
        let byte = (held >> count & 0xff) as u8;
        held &= (1 << count) - 1;
        match byte {
            // of the two bytes that UTF-16 takes for such a character
            0 => {}
            _ if byte.is_ascii_graphic() || byte.is_ascii_whitespace() => out.push(char::from(byte)),
            _ => break,
        }
    }
    (out.len() >= TEXT_MIN).then_some(out)
}

fn base64(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn base32(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'2'..=b'7' => u32::from(byte - b'2') + 26,
        _ => return None,
    })
}

fn hexadecimal(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}
