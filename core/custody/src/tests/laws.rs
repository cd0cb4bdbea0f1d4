//! Laws: seats beside a plain search, logs that somebody laid hands on, bytes that are no leaf.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{Desk, person};
use crate::quorum::fill;
use crate::{Count, GroupName, Leaf, Mode, Need, PersonId, fold};

const PEOPLE: [&str; 5] = ["aoi", "emi", "hina", "kei", "ren"];
const GROUPS: [&str; 3] = ["one", "two", "three"];

fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(15),
        ..ProptestConfig::default()
    }
}

/// Tries everybody on every seat.
fn plainly(seats: &[usize], members: &[Vec<usize>], left: &[usize]) -> bool {
    let Some((seat, seats)) = seats.split_first() else { return true };
    left.iter().any(|who| {
        let others: Vec<usize> = left.iter().copied().filter(|other| other != who).collect();
        members[*seat].contains(who) && plainly(seats, members, &others)
    })
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn seats_are_filled_as_a_plain_search_fills_them(
        members in prop::collection::vec(prop::collection::vec(0_usize..5, 0..5), 3),
        counts in prop::collection::vec(0_u8..3, 3),
        there in prop::collection::btree_set(0_usize..5, 0..5),
    ) {
        let needs: Vec<Need> = GROUPS
            .iter()
            .zip(&counts)
            .filter_map(|(group, count)| {
                Some(Need { group: GroupName::parse(group).unwrap(), count: Count::new(*count)? })
            })
            .collect();
        let seats: Vec<usize> =
            counts.iter().enumerate().flat_map(|(group, count)| std::iter::repeat_n(group, (*count).into())).collect();
        let people: BTreeSet<PersonId> = there.iter().map(|who| person(PEOPLE[*who])).collect();
        let filled = fill(&needs, &people, |who, need| {
            let group = GROUPS.iter().position(|group| *group == need.group.as_str()).unwrap();
            let who = PEOPLE.iter().position(|name| *name == who.as_str()).unwrap();
            members[group].contains(&who)
        });
        let left: Vec<usize> = there.iter().copied().collect();
        // Where nobody has to approve, nothing is approved.
        prop_assert_eq!(filled, !seats.is_empty() && plainly(&seats, &members, &left));
    }

    #[test]
    fn bytes_that_are_not_a_leaf_are_refused_and_nothing_panics(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let leaf = which.get(&TOLD);
        let mut bytes = leaf.bytes();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        // What still is a leaf says something else, and has another hash.
        if let Ok(other) = Leaf::parse(&bytes) {
            prop_assert_ne!(&other, leaf);
            prop_assert_ne!(other.hash(), leaf.hash());
        }
    }
}

static TOLD: LazyLock<Vec<Leaf>> = LazyLock::new(told);

fn told() -> Vec<Leaf> {
    let mut desk = Desk::verified(Mode::Direct);
    desk.release("r1", "hina").unwrap();
    desk.later(30);
    desk.release("r1", "hina").unwrap();
    desk.review("r1", "kei").unwrap();
    desk.leaves
}

#[test]
fn a_log_that_somebody_laid_hands_on_is_no_log_of_this_desk() {
    let leaves = told();
    let whole = fold(&leaves).unwrap().digest();
    let is_whole = |leaves: &[Leaf]| fold(leaves).is_ok_and(|state| state.digest() == whole);
    assert!(is_whole(&leaves));
    let mut kept = 0;
    for place in 0..leaves.len() {
        let mut without = leaves.clone();
        without.remove(place);
        assert!(!is_whole(&without), "without {place}");
        let mut twice = leaves.clone();
        twice.insert(place, leaves[place].clone());
        assert!(!is_whole(&twice), "twice {place}");
        assert!(!is_whole(&leaves[..place]), "up to {place}");
        if place > 0 {
            let mut swapped = leaves.clone();
            swapped.swap(place - 1, place);
            // Two things that happened in the same second and have nothing to do with each other may fold alike: the tree tells them apart.
            kept += usize::from(is_whole(&swapped));
        }
    }
    assert!(kept < leaves.len() / 3, "{kept} of {}", leaves.len());
}
