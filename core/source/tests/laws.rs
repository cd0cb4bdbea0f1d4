//! No input panics, and every place lies inside of what was scanned: bytes made of the pieces that decoders and pairing live on.

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use kagimori_source::secret::Secret;
    use kagimori_source::{Beside, Owners, Scanner, Veil, findings};
    use kagimori_testkit::keys;
    use proptest::prelude::*;

    fn scanner() -> &'static Scanner {
        static SCANNER: OnceLock<Scanner> = OnceLock::new();
        SCANNER.get_or_init(|| Scanner::new().unwrap())
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let literals = [
            "AKIA",
            "ASIA",
            "QUtJQ",
            "H4sIA",
            "-at-444455556666",
            "ABSK",
            "k8s-aws-v1.",
            "otpauth://totp/Amazon:a?secret=",
            "AWS4-HMAC-SHA256\n20260101T000000Z\n",
            "Credential=",
            "/20260101/us-east-1/s3/aws4_request",
            "aws_secret_access_key",
            "\"",
            "'",
            "\\",
            "\\u00",
            "%",
            "%2F",
            "&#43;",
            "&",
            "{",
            "}",
            "[",
            "]",
            "<a>",
            "</a>",
            "\n",
            "\r\n",
            "- ",
            "  ",
            "=",
            ": ",
            "：",
            "\" + \"",
            "signin.aws.amazon.com/console",
            "\"accessToken\"",
            "startUrl",
            "A\0K\0I\0A\0",
            "\u{feff}",
            "?X-Amz-Credential=",
            "\u{1b}[0m",
            "=3D",
            "=\n",
            "\\075",
            "<w:t>",
            "</w:t></w:p>",
            "SQLite format 3\0\u{2}\0\u{1}\u{1}\0",
            "\0\u{14}",
            "\0(",
            "secret",
        ];
        prop_oneof![
            6 => proptest::sample::select(literals.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
            2 => (0_u64..4).prop_map(|number| keys::id("AKIA", 444_455_556_666, number).into_bytes()),
            2 => (0_u64..4).prop_map(|number| keys::secret(number).into_bytes()),
            1 => proptest::collection::vec(any::<u8>(), 0..6),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_input_panics_and_places_lie_inside(pieces in proptest::collection::vec(piece(), 0..40)) {
            let bytes = pieces.concat();
            let holding = scanner().scan(&bytes);
            for held in &holding.held {
                prop_assert!(held.line >= 1 && held.column >= 1 && held.offset <= bytes.len().saturating_mul(3));
            }
            let veil = Veil::over(holding.held.iter());
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for held in &holding.held {
                if let Beside::Paired { secret, .. } = &held.beside {
                    prop_assert!((0..4).all(|number| *secret != Secret::new(keys::secret(number).as_bytes())
                        || !veil.cover(&text).contains(&keys::secret(number))));
                }
            }
            let printed = format!("{holding:?}");
            let found = holding.held.into_iter().map(|held| (held, 0_u8)).collect();
            let _ = findings(found, &Owners::default(), jiff::Timestamp::UNIX_EPOCH, ToString::to_string);
            for number in 0..4 {
                prop_assert!(!printed.contains(&keys::secret(number)));
            }
        }
    }
}
