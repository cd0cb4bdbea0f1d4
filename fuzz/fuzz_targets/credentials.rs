//! The scanner of sources on anything: decoders, views, pairing. No input panics, and every place lies inside of what was scanned.

#![no_main]

use std::sync::OnceLock;

use kagimori_source::{Scanner, finding};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    static SCANNER: OnceLock<Scanner> = OnceLock::new();
    let scanner = SCANNER.get_or_init(|| Scanner::new().expect("the literals compile"));
    let holding = scanner.scan(data);
    for held in &holding.held {
        assert!(held.line >= 1 && held.column >= 1);
        assert!(held.offset <= data.len().saturating_mul(3));
    }
    let found = holding.held.into_iter().map(|held| (held, 0_u8)).collect();
    let owners = finding::Owners::default();
    let _ = finding::findings(found, &owners, jiff::Timestamp::UNIX_EPOCH, ToString::to_string);
});
