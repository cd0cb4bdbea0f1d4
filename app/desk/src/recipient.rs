//! The text of a key that shares are sealed to: an age recipient (C2SP `age`), which is Bech32 (BIP 173) of an X25519 public key.

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// `age1…`
pub(crate) fn text(public: &[u8; 32]) -> String {
    let values = fives(public);
    let check = checksum("age", &values);
    let letter =
        |value: u32| LETTERS.get(usize::try_from(value).unwrap_or(0)).copied().map_or('q', char::from);
    format!("age1{}", values.into_iter().chain(check).map(letter).collect::<String>())
}

/// Eight bits each become five bits each, the last filled with zeroes.
fn fives(bytes: &[u8; 32]) -> Vec<u32> {
    let mut values = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = held << 8 & 0xfff | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            values.push(held >> bits & 31);
        }
    }
    values.push(held << (5 - bits) & 31);
    values
}

/// BIP 173, "Checksum".
fn checksum(prefix: &str, values: &[u32]) -> [u32; 6] {
    let high = prefix.bytes().map(|byte| u32::from(byte) >> 5).chain([0]);
    let expanded = high.chain(prefix.bytes().map(|byte| u32::from(byte) & 31));
    let sum = expanded.chain(values.iter().copied()).chain([0; 6]).fold(1_u32, |sum, value| {
        let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        let next = (sum & 0x01ff_ffff) << 5 ^ value;
        let used = generators.into_iter().enumerate().filter(|(place, _)| sum >> 25 >> place & 1 == 1);
        used.fold(next, |next, (_, generator)| next ^ generator)
    }) ^ 1;
    [25, 20, 15, 10, 5, 0].map(|shift| sum >> shift & 31)
}

#[cfg(test)]
mod tests {
    use kagimori_sealing::boxed::PublicKey;

    #[test]
    fn recipients_are_those_of_age() {
        for byte in [0, 7, 255] {
            let text = super::text(&[byte; 32]);
            assert_eq!(PublicKey::of_recipient(&text), Ok(PublicKey::from_bytes([byte; 32])), "{text}");
        }
    }
}
