//! A map that grows no more.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// What a map held when it was done: in order of its keys, and no larger than that. A node of a `BTreeMap` keeps room for eleven, and a
/// company has hundreds of thousands of maps of one or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted<K, V>(Box<[(K, V)]>);

/// The entries of a [`Sorted`], in order.
pub type Entries<'s, K, V> = std::iter::Map<std::slice::Iter<'s, (K, V)>, fn(&'s (K, V)) -> (&'s K, &'s V)>;

impl<K, V> Sorted<K, V> {
    /// Every entry, in order.
    pub fn iter(&self) -> Entries<'_, K, V> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> + DoubleEndedIterator {
        self.0.iter().map(|(key, _)| key)
    }

    /// Every value, in order of the keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> + DoubleEndedIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.0.binary_search_by(|(held, _)| held.borrow().cmp(key)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// Whether there is such a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<K, V> From<BTreeMap<K, V>> for Sorted<K, V> {
    fn from(map: BTreeMap<K, V>) -> Self {
        Self(map.into_iter().collect())
    }
}

/// Of a key that comes twice the later value counts.
impl<K: Ord, V> FromIterator<(K, V)> for Sorted<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        BTreeMap::from_iter(entries).into()
    }
}

impl<'s, K, V> IntoIterator for &'s Sorted<K, V> {
    type Item = (&'s K, &'s V);
    type IntoIter = Entries<'s, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Sorted;

    #[test]
    fn it_tells_what_the_map_told() {
        let entries = [("s3", 1), ("ec2", 2), ("iam", 3), ("ec2", 4)];
        let (map, sorted) = (BTreeMap::from(entries), Sorted::from_iter(entries));
        assert_eq!(sorted, Sorted::from(map.clone()));
        assert!(sorted.iter().eq(map.iter()) && (&sorted).into_iter().eq(&map));
        assert!(sorted.keys().eq(map.keys()) && sorted.values().eq(map.values()));
        assert_eq!(
            (sorted.len(), sorted.is_empty(), Sorted::<u8, u8>::default().is_empty()),
            (3, false, true)
        );
        for key in ["", "ec2", "iam", "s3", "sts"] {
            assert_eq!(sorted.get(key), map.get(key));
            assert_eq!(sorted.contains_key(key), map.contains_key(key));
        }
    }
}
