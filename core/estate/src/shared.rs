//! An ordered map whose copies share their values until one of them writes.
//!
//! An estate is copied for each question of the kind "what would be, if": with tens of thousands of identities the copy must cost
//! what changes, not what there is. Reading is a `BTreeMap`'s; whoever writes a value gets one of its own.

use std::borrow::Borrow;
use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;

/// The map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared<K, V>(BTreeMap<K, Arc<V>>);

impl<K: Ord, V: Clone> Shared<K, V> {
    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).map(Arc::as_ref)
    }

    /// The value of a key, to be written; a value that is shared is copied first.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.0.get_mut(key).map(Arc::make_mut)
    }

    /// Whether there is a value of this key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> Values<'_, K, V> {
        self.0.values().map(Arc::as_ref)
    }

    /// The values, to be written; those that are shared are copied first.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.values_mut().map(Arc::make_mut)
    }

    /// Keys and values, in the order of the keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.0.iter().map(|(key, value)| (key, value.as_ref()))
    }

    /// Puts a value in the place of whatever the key had, which is given back.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, Arc::new(value)).map(Arc::unwrap_or_clone)
    }

    /// Puts a value where the key has none.
    pub fn or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) {
        self.0.entry(key).or_insert_with(|| Arc::new(value()));
    }

    /// Takes a value out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.remove(key).map(Arc::unwrap_or_clone)
    }

    /// Shares the value that another map has of a key, if it has one.
    pub fn share<Q: Ord + ?Sized>(&mut self, other: &Self, key: &Q)
    where
        K: Borrow<Q> + Clone,
    {
        self.0.extend(other.0.get_key_value(key).map(|(key, value)| (key.clone(), Arc::clone(value))));
    }
}

impl<K, V> Shared<K, V> {
    /// Nothing in it.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The keys, in order.
    pub fn keys(&self) -> btree_map::Keys<'_, K, Arc<V>> {
        self.0.keys()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Shared<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(values: I) -> Self {
        Self(values.into_iter().map(|(key, value)| (key, Arc::new(value))).collect())
    }
}

impl<K: Ord, V> Extend<(K, V)> for Shared<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, values: I) {
        self.0.extend(values.into_iter().map(|(key, value)| (key, Arc::new(value))));
    }
}

/// The values of a [`Shared`] map.
pub type Values<'m, K, V> = std::iter::Map<btree_map::Values<'m, K, Arc<V>>, fn(&'m Arc<V>) -> &'m V>;

/// Keys and values of a [`Shared`] map.
pub type Iter<'m, K, V> =
    std::iter::Map<btree_map::Iter<'m, K, Arc<V>>, fn((&'m K, &'m Arc<V>)) -> (&'m K, &'m V)>;

impl<'m, K: Ord, V: Clone> IntoIterator for &'m Shared<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = Iter<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shares_what_nobody_writes_and_what_is_written_is_its_own() {
        let one: Shared<&str, String> =
            [("a", "1"), ("b", "2")].map(|(key, value)| (key, value.to_owned())).into_iter().collect();
        let mut other = one.clone();
        assert!(std::ptr::eq(one.get("a").unwrap(), other.get("a").unwrap()));
        other.get_mut("b").unwrap().push('!');
        assert_eq!(one.get("b").unwrap(), "2");
        assert_eq!(other.get("b").unwrap(), "2!");
        assert!(std::ptr::eq(one.get("a").unwrap(), other.get("a").unwrap()));
        assert_ne!(one, other);
        other.values_mut().for_each(|value| value.truncate(1));
        assert_eq!(one, other);
        assert_eq!(other.remove("a").as_deref(), Some("1"));
        assert_eq!(one.len(), 2);
        other.share(&one, "a");
        other.share(&one, "c");
        assert_eq!(one, other);
    }
}
