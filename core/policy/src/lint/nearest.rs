//! The known name that a mistyped one probably means.

/// The candidate with the fewest edits, when they are few for its length. Letters are compared without case.
pub(super) fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = (typed.chars().count() / 4).clamp(1, 4);
    let measured = candidates.filter(|known| known.len().abs_diff(typed.len()) <= most);
    let (edits, best) = measured.map(|known| (distance(typed, known), known)).min()?;
    (edits <= most).then_some(best)
}

/// Insertions, deletions and replacements (Levenshtein), one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (number, c) in a.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut left = number.saturating_add(1);
        let mut next = vec![left];
        for (known, above) in b.iter().zip(row.windows(2)) {
            let &[diagonal, above] = above else { continue };
            let replaced = diagonal.saturating_add(usize::from(c != *known));
            left = replaced.min(above.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn edits() {
        for (a, b, edits) in
            [("", "ab", 2), ("kitten", "sitting", 3), ("GetObject", "getobject", 0), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
        assert_eq!(nearest("GetObjekt", ["PutObject", "GetObject"].into_iter()), Some("GetObject"));
        assert_eq!(nearest("Qwertyuiop", ["PutObject", "GetObject"].into_iter()), None);
    }
}
