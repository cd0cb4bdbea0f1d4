//! The name that was probably meant.

/// The candidate that differs least, when it differs by little.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed_lower: Vec<char> = typed.to_lowercase().chars().take(64).collect();
    let most = (typed_lower.len() / 3).clamp(1, 3);
    candidates
        .map(|name| (distance(&typed_lower, &name.to_lowercase().chars().take(64).collect::<Vec<_>>()), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (right, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = diagonal + usize::from(left != right);
            before = cost.min(before + 1).min(above + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_slips_are_found() {
        let names = ["production", "staging", "dev"];
        assert_eq!(nearest("prodution", names.into_iter()), Some("production"));
        assert_eq!(nearest("Dev", names.into_iter()), Some("dev"));
        assert_eq!(nearest("finance", names.into_iter()), None);
        assert_eq!(distance(&['a', 'b'], &['b']), 1);
    }
}
