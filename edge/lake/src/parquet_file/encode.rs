//! Encodings of Parquet's data pages (Apache Parquet Format, *Encodings*).

/// Equal values in a row that are worth a run of their own.
const RUN_MIN: usize = 8;

/// A value that takes a number of bits.
pub(crate) trait Bits: Copy + Eq + Into<u32> {}

impl<T: Copy + Eq + Into<u32>> Bits for T {}

/// Bits that hold every number up to this one; at least one, because not every reader takes none.
pub(crate) fn width(max: u32) -> u32 {
    (u32::BITS - max.leading_zeros()).max(1)
}

/// Writes values of `width` bits as runs and packed groups of eight ("Run Length Encoding / Bit-Packing Hybrid").
pub(crate) fn hybrid<T: Bits>(values: &[T], width: u32, out: &mut Vec<u8>) {
    let (mut packed, mut at) = (0, 0);
    while let Some(rest) = values.get(at..).filter(|rest| !rest.is_empty()) {
        let run = run(rest);
        // What is packed are whole groups: the run gives what lacks.
        let lacking = (at - packed).wrapping_neg() % 8;
        if run < lacking + RUN_MIN {
            at += run;
            continue;
        }
        let begin = at + lacking;
        pack(values.get(packed..begin).unwrap_or_default(), width, out);
        if let Some(value) = rest.first() {
            number((run - lacking) << 1, out);
            out.extend((*value).into().to_le_bytes().iter().take(width.div_ceil(8) as usize));
        }
        at += run;
        packed = at;
    }
    pack(values.get(packed..).unwrap_or_default(), width, out);
}

/// How many values at the start are equal.
fn run<T: Bits>(values: &[T]) -> usize {
    let Some(first) = values.first() else { return 0 };
    values.iter().take_while(|value| *value == first).count()
}

/// Packed groups of eight; the last one is filled up with zeroes.
fn pack<T: Bits>(values: &[T], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    number(groups << 1 | 1, out);
    let end = out.len() + groups * width as usize;
    let (mut bits, mut held) = (0_u64, 0);
    for value in values {
        bits |= u64::from((*value).into()) << held;
        held += width;
        if held >= u32::BITS {
            out.extend_from_slice(&(bits as u32).to_le_bytes());
            bits >>= u32::BITS;
            held -= u32::BITS;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes());
    out.resize(end, 0);
}

/// A number in groups of seven bits, the lowest first (ULEB128).
fn number(value: usize, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Levels of a page of version 1: their length, then they as runs and groups.
pub(crate) fn levels(levels: &[u8], max: u8, out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(&[0; 4]);
    hybrid(levels, width(max.into()), out);
    let length = (out.len() - begin - 4) as u32;
    if let Some(place) = out.get_mut(begin..begin + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// A text as a plain value: its length, then it.
pub(crate) fn plain_text(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads what [`hybrid`] wrote, bit by bit.
    fn read(bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let (mut values, mut at) = (Vec::new(), 0);
        while values.len() < count {
            let (mut header, mut shift) = (0_usize, 0);
            loop {
                let byte = bytes[at];
                at += 1;
                header |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if header & 1 == 1 {
                for place in 0..(header >> 1) * 8 {
                    let bit = |bit: usize| u32::from(bytes[at + bit / 8] >> (bit % 8) & 1);
                    values
                        .push((0..width).map(|n| bit(place * width as usize + n as usize) << n).sum::<u32>());
                }
                at += (header >> 1) * width as usize;
            } else {
                let length = width.div_ceil(8) as usize;
                let value =
                    bytes[at..at + length].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
                at += length;
                values.extend(std::iter::repeat_n(value, header >> 1));
            }
        }
        assert_eq!(at, bytes.len());
        values.truncate(count);
        values
    }

    proptest! {
        #[test]
        fn comes_back(
            runs in proptest::collection::vec((any::<u32>(), prop_oneof![1_usize..3, 5_usize..40, 200_usize..300]), 0..30),
            width in 1_u32..=32,
        ) {
            let mask = u32::MAX >> (32 - width);
            let values: Vec<u32> =
                runs.iter().flat_map(|(value, count)| std::iter::repeat_n(value & mask, *count)).collect();
            let mut out = Vec::new();
            hybrid(&values, width, &mut out);
            prop_assert_eq!(read(&out, width, values.len()), values);
        }
    }

    #[test]
    fn widths() {
        assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(width), [1, 1, 2, 2, 3, 32]);
    }

    #[test]
    fn one_value_is_one_run() {
        let mut out = Vec::new();
        hybrid(&[1_u8; 300], 1, &mut out);
        // 300 << 1 = 600 in seven bits, then the value
        assert_eq!(out, [0xd8, 0x04, 1]);
    }
}
