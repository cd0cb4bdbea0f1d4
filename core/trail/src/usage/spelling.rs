//! What JSON says, whoever spelled it, as a hash: two spellings of one value are one.
//!
//! RFC 8259: the members of an object have no order, blanks between tokens and escapes in texts say nothing, and `1`, `1.0` and
//! `1e0` are one number. A member that is `null` is as one that is not there. The text is sound JSON: a reader of events has seen it.

use std::borrow::Cow;
use std::hash::Hasher;

use rustc_hash::FxHasher;

/// What `null` says.
pub(super) const NULL: u64 = 0;
/// Deeper values are hashed as they are spelled (serde_json reads no deeper ones).
const DEPTH_MAX: usize = 128;

/// The hash of a JSON text.
pub(super) fn hash(json: &str) -> u64 {
    let mut text = Text { json, bytes: json.as_bytes(), at: 0 };
    text.value(0)
}

struct Text<'t> {
    json: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Text<'t> {
    /// The next byte that is no blank; 0 at the end.
    fn peek(&mut self) -> u8 {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    fn value(&mut self, depth: usize) -> u64 {
        match self.peek() {
            b'{' if depth < DEPTH_MAX => self.object(depth),
            b'[' if depth < DEPTH_MAX => self.list(depth),
            b'"' => mixed(3, self.string()),
            _ => self.scalar(),
        }
    }

    /// A sum over the members: their order does not matter.
    fn object(&mut self, depth: usize) -> u64 {
        self.at += 1;
        let mut sum = 0_u64;
        loop {
            match self.peek() {
                b'"' => {
                    let key = self.string();
                    if self.peek() == b':' {
                        self.at += 1;
                    }
                    let value = self.value(depth + 1);
                    if value != NULL {
                        sum = sum.wrapping_add(mixed(key, value));
                    }
                }
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return mixed(1, sum);
                }
                // no JSON, or its end
                _ => return mixed(1, sum),
            }
        }
    }

    fn list(&mut self, depth: usize) -> u64 {
        self.at += 1;
        let mut whole = 2_u64;
        loop {
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return whole;
                }
                0 => return whole,
                _ => whole = mixed(whole, self.value(depth + 1)),
            }
        }
    }

    /// What a text says, without its escapes.
    fn string(&mut self) -> u64 {
        let begin = self.at;
        let (mut at, mut is_escaped) = (begin + 1, false);
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'"' => break,
                b'\\' => {
                    is_escaped = true;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.at = (at + 1).min(self.bytes.len());
        let quoted = self.json.get(begin..self.at).unwrap_or_default();
        if is_escaped && let Ok(said) = serde_json::from_str::<Cow<'t, str>>(quoted) {
            return of_bytes(said.as_bytes());
        }
        of_bytes(self.bytes.get(begin + 1..at).unwrap_or_default())
    }

    /// A number, or one of the three words.
    fn scalar(&mut self) -> u64 {
        let begin = self.at;
        let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
        let rest = self.bytes.get(begin..).unwrap_or_default();
        // at least one byte, so that whatever it is comes to its end
        let length = rest.iter().skip(1).position(is_end).map_or(rest.len(), |at| at + 1);
        self.at = begin + length;
        match self.json.get(begin..self.at).unwrap_or_default() {
            "null" | "" => NULL,
            number
                if number.contains(['.', 'e', 'E'])
                    && number.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) =>
            {
                number.parse::<f64>().map_or_else(|_| of_bytes(number.as_bytes()), of_number)
            }
            "-0" => of_bytes(b"0"),
            other => of_bytes(other.as_bytes()),
        }
    }
}

/// As the digits of a whole number, where it is one that a double holds exactly.
fn of_number(number: f64) -> u64 {
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= WHOLE_MAX {
        return of_bytes(format!("{}", number as i64).as_bytes());
    }
    mixed(4, number.to_bits())
}

fn of_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.write_usize(bytes.len());
    // what says something is not as what says nothing
    hasher.finish().max(1)
}

fn mixed(one: u64, other: u64) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(one);
    hasher.write_u64(other);
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Bool(true)),
            any::<i32>().prop_map(Into::into),
            r#"[a-z"\\{}\[\],: é]{0,12}"#.prop_map(serde_json::Value::String),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
                proptest::collection::btree_map(r#"[a-z"\\]{0,6}"#, inner, 0..5)
                    .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// The same value, members backwards, with blanks, and every letter of a text escaped.
    fn otherwise(value: &serde_json::Value) -> String {
        use serde_json::Value;
        let text = |text: &str| {
            let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{units}\"")
        };
        match value {
            Value::Array(all) => format!("[ {} ]", all.iter().map(otherwise).collect::<Vec<_>>().join(" ,")),
            Value::Object(all) => {
                let fields =
                    all.iter().rev().map(|(key, value)| format!("{} : {}", text(key), otherwise(value)));
                format!("{{\n{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            Value::String(said) => text(said),
            Value::Number(number) => format!("{number}.0"),
            other => other.to_string(),
        }
    }

    proptest! {
        #[test]
        fn two_spellings_are_one(value in json(), other in json()) {
            prop_assert_eq!(hash(&value.to_string()), hash(&otherwise(&value)));
            prop_assert_eq!(hash(&value.to_string()) == hash(&other.to_string()), value == other);
        }

        #[test]
        fn whatever_it_is_it_comes_to_an_end(text in r#"[\[\]{}:,"\\a1.e \n]{0,40}"#) {
            hash(&text);
        }
    }
}
