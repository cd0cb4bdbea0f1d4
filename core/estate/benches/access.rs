//! How fast questions over an estate are answered: a generated company with 10,000 principals.

use divan::{Bencher, black_box};
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Question};
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::AccountId;
use kagimori_testkit::{Options, generate};

fn main() {
    divan::main();
}

fn company() -> Estate {
    let files =
        generate(&Options { accounts: 20, users: 4_500, roles: 6_500, days: 0, ..Options::default() });
    let mut assembler = Assembler::default();
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("snapshots/")) {
        let account = path.split('/').nth(1).and_then(|folder| AccountId::parse(folder).ok());
        assembler.add(read(File { path, account, bytes }));
    }
    assembler.finish(None)
}

/// Compiling every policy of the company.
#[divan::bench(sample_count = 10)]
fn compile(bencher: Bencher<'_, '_>) {
    let estate = company();
    bencher.bench_local(|| Access::of(black_box(&estate)).subjects().len());
}

/// One action over every principal.
#[divan::bench(args = [("s3:GetObject", "arn:aws:s3:::shiosai-lake/harbour/x"), ("iam:CreateUser", "arn:aws:iam::444455556666:user/x")], sample_count = 20)]
fn who_can(bencher: Bencher<'_, '_>, (action, resource): (&str, &str)) {
    let estate = company();
    let access = Access::of(&estate);
    assert!(access.subjects().len() >= 10_000, "{}", access.subjects().len());
    let question = Question {
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_account: None,
        wildcard_only: false,
        common: None,
        context: Vec::new(),
        strict: false,
    };
    bencher.bench_local(|| access.who_can(black_box(&question)).len());
}
