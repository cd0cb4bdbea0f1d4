//! Each guard taken away alone: the explorer notices, or nobody would.

use super::explorer::{explore, firsts};
use crate::guard::mutants::{all, lose};

#[test]
fn a_lost_guard_is_noticed() {
    let mut survivors = Vec::new();
    for guard in all() {
        lose(Some(guard));
        let noticed = firsts().into_iter().find_map(|first| explore(first).err());
        lose(None);
        println!("{guard:?}: {}", noticed.as_deref().unwrap_or("not noticed"));
        survivors.extend(noticed.is_none().then_some(guard));
    }
    assert!(survivors.is_empty(), "{survivors:?}");
}
