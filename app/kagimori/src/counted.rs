//! `1 file`, `2 files`: counts as people write them.

use std::fmt::Display;

/// A count with what is counted; the word takes an `s` unless there is one of it.
pub(crate) fn counted(count: impl Display, thing: &str) -> String {
    let count = count.to_string();
    if count == "1" { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_not_several() {
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(0, "file"), "0 files");
        assert_eq!(counted(11_usize, "more account"), "11 more accounts");
        assert_eq!(counted("1,001", "call"), "1,001 calls");
    }
}
