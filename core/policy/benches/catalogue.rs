//! How long the service reference takes to load, and a pattern to expand.

use divan::{Bencher, black_box};
use kagimori_policy::catalogue::Catalogue;

fn main() {
    divan::main();
}

#[divan::bench]
fn load() -> Option<Catalogue> {
    Catalogue::read(black_box(include_bytes!("../data/service-reference.bin"))).ok()
}

#[divan::bench(args = ["s3:Get*", "ec2:*", "*", "*:List*"])]
fn expand(bencher: Bencher<'_, '_>, pattern: &str) {
    let catalogue = Catalogue::embedded();
    bencher.bench_local(|| catalogue.expand(black_box(pattern)));
}
