//! The known name that a mistyped one probably means.

/// Longer names are not compared whole: nobody mistypes them, and a foreign text may be of any length.
const LENGTH_MAX: usize = 128;

/// The candidate with the fewest edits (two neighbours swapped are one), when they are few for the length of what was typed: one in four letters,
/// at most four. Letters are compared without case; of equals the first by name.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let most = (typed.chars().count() / 4).clamp(1, 4);
    if typed.len() > LENGTH_MAX {
        return None;
    }
    let fits = |known: &&str| known.len() <= LENGTH_MAX && known.len().abs_diff(typed.len()) <= most;
    let measured = candidates.into_iter().filter(fits);
    let (edits, best) =
        measured.map(|known| (strsim::osa_distance(&typed, &known.to_lowercase()), known)).min()?;
    (edits <= most).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn small_slips_are_found() {
        for (typed, known, expected) in [
            ("GetObjekt", &["PutObject", "GetObject"][..], Some("GetObject")),
            ("Qwertyuiop", &["PutObject", "GetObject"], None),
            ("prodution", &["production", "staging", "dev"], Some("production")),
            ("Dev", &["production", "staging", "dev"], Some("dev")),
            ("finance", &["production", "staging", "dev"], None),
            ("mfa-console-usr", &["mfa-console-user", "key-unused"], Some("mfa-console-user")),
            ("bastoin", &["bastion"], Some("bastion")),
            ("", &["dev"], None),
        ] {
            assert_eq!(nearest(typed, known.iter().copied()), expected, "{typed}");
        }
        assert_eq!(nearest(&"a".repeat(200), ["dev"]), None);
    }
}
