//! Where JSON strings and containers end: blocks of bytes at a time, without reading what lies between.
//!
//! The masks and their arithmetic are those of simdjson (Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
//! 2019, sections 3.1.1 and 3.1.2). Every function takes the vectors of the processor at hand (`Simd`), and is inlined into
//! the one place that asks which these are: [`super::scan::record`].

use fearless_simd::prelude::*;
use fearless_simd::{u8x32, u8x64};

/// Bytes of a string that are looked at together.
const LANES: usize = 32;
/// Bytes in a block of a container: one bit of a mask each.
const BLOCK: usize = 64;

/// The end of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StringEnd {
    /// The place of the closing quote.
    pub(super) quote: usize,
    /// It holds a backslash: its text is not what stands there.
    pub(super) escaped: bool,
}

/// Why there is no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoEnd {
    /// The text ends first.
    CutOff,
    /// It is not as it should be.
    Odd,
}

/// The end of the string whose first character is at `at`. A control character in it is odd: JSON forbids it (RFC 8259,
/// section 7).
#[inline(always)]
pub(super) fn string_end<S: Simd>(simd: S, bytes: &[u8], mut at: usize) -> Result<StringEnd, NoEnd> {
    let mut escaped = false;
    loop {
        let special = match bytes.get(at..).and_then(<[u8]>::first_chunk::<LANES>) {
            Some(lanes) => specials(simd, *lanes),
            None => {
                let rest = bytes.get(at..).ok_or(NoEnd::CutOff)?;
                let special = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..=0x1f));
                1 << special.ok_or(NoEnd::CutOff)?
            }
        };
        if special == 0 {
            at += LANES;
            continue;
        }
        at += special.trailing_zeros() as usize;
        match bytes.get(at) {
            Some(b'"') => return Ok(StringEnd { quote: at, escaped }),
            Some(b'\\') => (at, escaped) = (at + 2, true),
            _ => return Err(NoEnd::Odd),
        }
    }
}

/// One bit for each quote, backslash or control character.
#[inline(always)]
fn specials<S: Simd>(simd: S, lanes: [u8; LANES]) -> u32 {
    let lanes: u8x32<S> = lanes.simd_into(simd);
    (lanes.simd_eq(b'"') | lanes.simd_eq(b'\\') | lanes.simd_le(0x1f)).to_bitmask() as u32
}

/// The place behind the object or array that opens at `at`. Brackets and braces are counted alike: of what lies between
/// only strings are told apart. `None`: the text ends first.
#[inline(always)]
pub(super) fn container_end<S: Simd>(simd: S, bytes: &[u8], at: usize) -> Option<usize> {
    let mut walk = Walk { depth: 0, in_string: 0, escape: 0 };
    let (mut at, mut rest) = (at, bytes.get(at..)?);
    while let Some((block, tail)) = rest.split_first_chunk::<BLOCK>() {
        if let Some(end) = walk.block(&Masks::of(simd, block)) {
            return Some(at + end);
        }
        (at, rest) = (at + BLOCK, tail);
    }
    // Spaces change nothing.
    let mut block = [b' '; BLOCK];
    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    walk.block(&Masks::of(simd, &block)).map(|end| at + end)
}

/// What one block tells the next.
struct Walk {
    depth: u32,
    /// All ones inside a string.
    in_string: u64,
    /// One if the next byte is escaped.
    escape: u64,
}

/// One bit for each byte of a block.
struct Masks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

impl Walk {
    /// The place behind the end, if it is in this block.
    #[inline(always)]
    fn block(&mut self, masks: &Masks) -> Option<usize> {
        let escaped = self.escaped(masks.backslash);
        let inside = prefix_xor(masks.quote & !escaped) ^ self.in_string;
        // The sign bit, everywhere.
        self.in_string = (inside.cast_signed() >> 63).cast_unsigned();
        let (open, close) = (masks.open & !inside, masks.close & !inside);
        if open | close == 0 {
            return None;
        }
        if close.count_ones() < self.depth {
            self.depth = self.depth + open.count_ones() - close.count_ones();
            return None;
        }
        self.end(open, close)
    }

    #[inline(always)]
    fn end(&mut self, open: u64, close: u64) -> Option<usize> {
        let mut both = open | close;
        while both != 0 {
            let place = both.trailing_zeros();
            if open >> place & 1 == 1 {
                self.depth += 1;
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Some(place as usize + 1);
                }
            }
            both &= both - 1;
        }
        None
    }

    /// The bytes behind an odd run of backslashes.
    #[inline(always)]
    fn escaped(&mut self, backslash: u64) -> u64 {
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        if backslash == 0 {
            return std::mem::take(&mut self.escape);
        }
        let escaping = backslash & !self.escape;
        let follows = escaping << 1 | self.escape;
        let odd_starts = escaping & ODD & !follows;
        let (even_sequences, overflow) = odd_starts.overflowing_add(escaping);
        let next = u64::from(overflow);
        let escaped = (0x5555_5555_5555_5555 ^ (even_sequences << 1)) & follows;
        self.escape = next;
        escaped
    }
}

impl Masks {
    #[inline(always)]
    fn of<S: Simd>(simd: S, block: &[u8; BLOCK]) -> Self {
        let lanes: u8x64<S> = (*block).simd_into(simd);
        // `[` and `{`, `]` and `}` differ in this bit alone.
        let folded = lanes | 0x20;
        Self {
            quote: lanes.simd_eq(b'"').to_bitmask(),
            backslash: lanes.simd_eq(b'\\').to_bitmask(),
            open: folded.simd_eq(b'{').to_bitmask(),
            close: folded.simd_eq(b'}').to_bitmask(),
        }
    }
}

/// Each bit becomes the exclusive or of itself and all before it: between two quotes, all ones.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use fearless_simd::{Level, dispatch};

    use super::{NoEnd, StringEnd};

    /// No vectors, and those that this processor has, from the plainest to the widest.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        let mut levels = vec![Level::fallback(), Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        levels.extend(
            [best.as_sse4_2().map(Level::Sse4_2), best.as_avx2().map(Level::Avx2)].into_iter().flatten(),
        );
        levels.push(best);
        levels
    }

    /// What every level finds.
    fn string_end(bytes: &[u8], at: usize) -> Result<StringEnd, NoEnd> {
        let find = |level| dispatch!(level, simd => super::string_end(simd, bytes, at));
        agreed(levels().into_iter().map(find).collect())
    }

    fn container_end(bytes: &[u8], at: usize) -> Option<usize> {
        let find = |level| dispatch!(level, simd => super::container_end(simd, bytes, at));
        agreed(levels().into_iter().map(find).collect())
    }

    fn agreed<T: PartialEq + std::fmt::Debug>(found: Vec<T>) -> T {
        assert!(found.windows(2).all(|two| two[0] == two[1]), "{found:?}");
        found.into_iter().next().unwrap()
    }

    fn string_end_plainly(bytes: &[u8], mut at: usize) -> Result<StringEnd, NoEnd> {
        let mut escaped = false;
        loop {
            match bytes.get(at).ok_or(NoEnd::CutOff)? {
                b'"' => return Ok(StringEnd { quote: at, escaped }),
                b'\\' => (at, escaped) = (at + 2, true),
                ..=0x1f => return Err(NoEnd::Odd),
                _ => at += 1,
            }
        }
    }

    fn container_end_plainly(bytes: &[u8], mut at: usize) -> Option<usize> {
        let (mut depth, mut in_string) = (0, false);
        loop {
            match bytes.get(at)? {
                b'\\' if in_string => at += 1,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Much of what matters, and runs long enough to cross blocks.
    fn hard_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => proptest::sample::select(vec![r"{", "}", "[", "]", "\"", r"\", r#"\""#, r"\\", ",", ":", "é"])
                .prop_map(str::to_owned),
            1 => (0_usize..70).prop_map(|length| "x".repeat(length)),
            1 => (0_usize..70).prop_map(|length| "\\".repeat(length)),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn strings_end_where_they_end_plainly(bytes in hard_bytes(), at in 0_usize..20) {
            prop_assert_eq!(string_end(&bytes, at), string_end_plainly(&bytes, at));
        }

        #[test]
        fn containers_end_where_they_end_plainly(rest in hard_bytes()) {
            // Outside of a string a backslash is no JSON, and the two may differ.
            let mut bytes = br#"{"a":""#.to_vec();
            bytes.extend(&rest);
            let value: Vec<u8> = bytes.iter().copied().chain(*br#"""#).collect();
            let Some(end) = container_end_plainly(&value, 0) else { return Ok(()) };
            if serde_json::from_slice::<serde::de::IgnoredAny>(&value[..end]).is_ok() {
                prop_assert_eq!(container_end(&value, 0), Some(end));
            }
        }

        #[test]
        fn containers_of_any_shape(value in json(), tail in ".{0,80}") {
            let text = serde_json::to_string(&serde_json::json!({ "a": value })).unwrap();
            let end = text.len();
            let bytes = (text + &tail).into_bytes();
            prop_assert_eq!(container_end(&bytes, 0), Some(end));
            prop_assert_eq!(container_end(&bytes[..end - 1], 0), None);
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i32>().prop_map(Into::into),
            r#"[a-z"\\{}\[\]é]{0,90}"#.prop_map(serde_json::Value::String),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
                proptest::collection::btree_map(r#"[a-z"\\{}]{0,20}"#, inner, 0..6)
                    .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
            ]
        })
    }
}
