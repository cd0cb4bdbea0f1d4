//! How fast the escalation graph of a generated company is built, and everybody's way to an administrator found.

use divan::{Bencher, black_box};
use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::AccountId;
use kagimori_plan::escalation::{Goal, Graph};
use kagimori_testkit::{Options, generate};

fn main() {
    divan::main();
}

/// Accounts, users and roles.
const COMPANIES: [(usize, usize, usize); 3] = [(6, 250, 350), (20, 4_500, 5_500), (6, 4_500, 5_500)];

fn company((accounts, users, roles): (usize, usize, usize)) -> Estate {
    let files = generate(&Options { accounts, users, roles, days: 0, ..Options::default() });
    let mut assembler = Assembler::default();
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("snapshots/")) {
        let account = path.split('/').nth(1).and_then(|folder| AccountId::parse(folder).ok());
        assembler.add(read(File { path, account, bytes }));
    }
    assembler.finish(None)
}

#[divan::bench(args = COMPANIES, sample_count = 5)]
fn paths_to_administrators(bencher: Bencher<'_, '_>, size: (usize, usize, usize)) {
    let estate = company(size);
    bencher.bench_local(|| {
        let graph = Graph::of(black_box(&estate), Timestamp::UNIX_EPOCH);
        graph.find(&Goal::Administrator, None).map(|found| found.routes.len())
    });
}
