//! The compiled engine and the plain transcription agree on every scenario the bytes can lead the generator to.
#![no_main]

use kagimori_policy::reference;
use kagimori_policy::scenario::{self, Question};
use kagimori_testkit::scenarios::Scenarios;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(case) = Scenarios::led_by(bytes).next() else { return };
    let Ok(cases) = scenario::read(&format!("[{case}]"), &|file| Err(file.to_owned())) else { return };
    for case in &cases {
        if let Question::Decide(request, policies, _) = &case.question {
            let compiled = kagimori_policy::engine::decide_once(request, policies);
            assert_eq!(compiled, reference::decide(request, policies).answer, "{case:?}");
        }
    }
});
