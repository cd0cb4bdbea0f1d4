//! Random walks: whatever is tried, nothing panics, and whoever only hears what was taken has nothing to object to.

use super::explorer::worlds;

/// Numbers that are the same in every run (a linear congruential generator, Knuth's constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

#[expect(clippy::disallowed_methods, reason = "how much is tested is the environment's word")]
fn walks() -> usize {
    std::env::var("KAGIMORI_WALKS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

#[test]
fn random_walks_meet_nothing_that_must_not_be() {
    let worlds = worlds();
    let mut dice = Dice(15);
    let mut taken = 0;
    for _ in 0..walks() {
        for world in &worlds {
            let mut node = world.first.clone();
            node.incidents = 9;
            for _ in 0..40 {
                let mut next = world.after(&node).unwrap_or_else(|what| panic!("{}: {what}", world.name));
                if next.is_empty() {
                    break;
                }
                // An end is only a third as likely, so that walks are long.
                let mut chosen = dice.below(next.len());
                for _ in 0..2 {
                    if next[chosen].state.live().next().is_none() {
                        chosen = dice.below(next.len());
                    }
                }
                let chosen = next.swap_remove(chosen);
                chosen.is_folded(&node).unwrap_or_else(|what| panic!("{}: {what}", world.name));
                chosen.is_once().unwrap_or_else(|what| panic!("{}: {what}", world.name));
                node = chosen;
                taken += 1;
            }
        }
    }
    assert!(taken > 200, "{taken} steps");
}
