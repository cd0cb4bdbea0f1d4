//! Whatever the bytes: no lowering panics, nor the flow of values, nor the way to permissions. The first byte chooses the language.
#![no_main]

use std::collections::BTreeMap;

use kagimori_source::needs::{Place, analyse};
use kagimori_tree::parse::{language_of, parse};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 7] = ["a.py", "a.js", "a.ts", "a.tsx", "a.go", "a.php", "A.java"];

fuzz_target!(|input: (u8, &str)| {
    let path = PATHS[usize::from(input.0) % PATHS.len()];
    let Some(language) = language_of(path) else { return };
    let units = parse(path, language, input.1).into_iter().collect();
    for call in analyse(units, BTreeMap::new()).calls {
        call.needs(&Place::default());
    }
});
