//! How old the service reference is, for sentences about what it does not know.

use crate::catalogue::Catalogue;

/// The day of the data, `2026-10-27`; the version itself when it does not tell.
pub fn data_date() -> String {
    let version = Catalogue::embedded().version();
    let digits = version.rsplit('.').next().and_then(|last| last.get(..8)).unwrap_or_default();
    match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{year}-{month}-{day}")
        }
        _ => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_ends_in_a_date() {
        assert_eq!(super::data_date(), "2026-10-27");
    }
}
