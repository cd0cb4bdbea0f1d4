//! The prover under attack: some pairs on every run, many with `--ignored`.

#[cfg(test)]
#[path = "prover/check.rs"]
mod check;

#[cfg(test)]
mod prover {
    use std::collections::BTreeMap;

    use kagimori_testkit::pairs::Pairs;

    use super::check::{Kind, attack};

    #[test]
    fn holds() {
        run(150, 30);
    }

    #[test]
    #[ignore = "for the night: cargo test --release -p kagimori-policy --test prover -- --ignored"]
    fn holds_under_many_attacks() {
        run(10_000, 300);
    }

    fn run(count: usize, probes: usize) {
        let mut pairs = Pairs::new(20_261_125);
        let mut kinds = BTreeMap::<Kind, usize>::new();
        for _ in 0..count {
            *kinds.entry(attack(&mut pairs, probes)).or_default() += 1;
        }
        println!("{kinds:?}");
        let share = |kind: Kind| kinds.get(&kind).copied().unwrap_or_default() * 100 / count;
        assert!(share(Kind::Proved) >= 15 && share(Kind::Refuted) >= 30, "{kinds:?}");
        assert!(share(Kind::NotProved) <= 5, "{kinds:?}");
    }
}
