//! The prover is right about every pair of policies the bytes can lead the generator to: a witness tells the sides apart
//! under the plain evaluator, and no request at the edges of both sides speaks against a proof.
#![no_main]

use kagimori_testkit::pairs::Pairs;
use libfuzzer_sys::fuzz_target;

#[path = "../../core/policy/tests/prover/check.rs"]
mod check;

fuzz_target!(|bytes: &[u8]| {
    check::attack(&mut Pairs::led_by(bytes), 40);
});
