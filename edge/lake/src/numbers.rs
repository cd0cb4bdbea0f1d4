//! Texts and lists by number, each once.
//!
//! What repeats itself is kept in one piece of memory, end to end, with its hash beside it: nothing is allocated for a value
//! that is new, and growing looks at no value again.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxHasher;

/// Slices by number; 0 is the empty one.
#[derive(Debug)]
pub(crate) struct Numbers<T> {
    items: Vec<T>,
    /// One for each number.
    places: Vec<Place>,
    /// Hash, in part, and number.
    table: HashTable<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u64,
    begin: u32,
    end: u32,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        let none = Place { hash: 0, begin: 0, end: 0 };
        Self { items: Vec::new(), places: vec![none], table: HashTable::new() }
    }
}

impl<T: Copy + Eq + Hash> Numbers<T> {
    /// The number of a slice. A new one gets the next.
    pub(crate) fn number(&mut self, slice: &[T]) -> u32 {
        if slice.is_empty() {
            return 0;
        }
        let hash = hash_of(slice);
        let Self { items, places, table } = self;
        let part = (hash >> 32) as u32;
        let is_it = |(hash, number): &(u32, u32)| *hash == part && at(items, places, *number) == slice;
        let rehash = |(_, number): &(u32, u32)| places.get(*number as usize).map_or(0, |place| place.hash);
        match table.entry(hash, is_it, rehash) {
            Entry::Occupied(known) => known.get().1,
            Entry::Vacant(vacant) => {
                let number = places.len() as u32;
                vacant.insert((part, number));
                let begin = items.len() as u32;
                items.extend_from_slice(slice);
                places.push(Place { hash, begin, end: items.len() as u32 });
                number
            }
        }
    }

    /// The slice of a number.
    pub(crate) fn get(&self, number: u32) -> &[T] {
        at(&self.items, &self.places, number)
    }

    /// Bytes they take, about.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.items.as_slice()) + self.places.len() * 32
    }

    /// Forgets all, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.places.truncate(1);
        self.table.clear();
    }
}

fn at<'i, T>(items: &'i [T], places: &[Place], number: u32) -> &'i [T] {
    let range = places.get(number as usize).map(|place| place.begin as usize..place.end as usize);
    range.and_then(|range| items.get(range)).unwrap_or_default()
}

fn hash_of<T: Hash>(slice: &[T]) -> u64 {
    let mut hasher = FxHasher::default();
    slice.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn each_once_and_nothing_is_zero() {
        let mut texts = Numbers::default();
        let words = ["a", "", "b", "a", "ab", "b"];
        let numbers: Vec<u32> = words.iter().map(|word| texts.number(word.as_bytes())).collect();
        assert_eq!(numbers, [1, 0, 2, 1, 3, 2]);
        assert_eq!((texts.get(3), texts.get(0), texts.get(9)), (&b"ab"[..], &b""[..], &b""[..]));
        texts.clear();
        assert_eq!(texts.number(b"ab"), 1);
    }

    #[test]
    fn many_of_them() {
        let mut lists = Numbers::default();
        let list = |n: u32| [n, n.reverse_bits()];
        for n in 0..10_000 {
            assert_eq!(lists.number(&list(n)), n + 1);
        }
        assert!((0..10_000).all(|n| lists.get(n + 1) == list(n) && lists.number(&list(n)) == n + 1));
    }
}
