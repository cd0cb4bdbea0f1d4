//! Whatever the bytes: no panic, not in the linter either, and what can be read comes back as it was after printing.
#![no_main]

use kagimori_policy::lint::{Options, check};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::print::{print, print_pretty};
use kagimori_policy::validate::{PolicyKind, validate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    check(text, "", &Options::default());
    let Ok(document) = parse(text, Strictness::Lenient) else { return };
    assert_eq!(parse(&print(&document), Strictness::Strict).as_ref(), Ok(&document));
    assert_eq!(parse(&print_pretty(&document), Strictness::Strict).as_ref(), Ok(&document));
    for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust, PolicyKind::ResourceControl] {
        validate(&document, kind);
    }
});
