//! Slips of the hand in names.

/// The known name that differs by a slip of the hand alone: one letter too many, too few, another, or two that changed places.
/// A name with a word more (`aws:ViaAWSMCPService`) or another number is likely newer than the data, and following a hint would
/// change what the policy says.
pub(super) fn typo<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>();
    let is_slip = |known: &&str| {
        known.len().abs_diff(typed.len()) <= 1 && is_one_slip(typed, known) && digits(typed) == digits(known)
    };
    candidates.filter(is_slip).min()
}

/// Whether what is left between the beginning and the end that two names share is one slip; without case.
fn is_one_slip(typed: &str, known: &str) -> bool {
    let lower = |text: &str| text.to_ascii_lowercase().chars().collect::<Vec<char>>();
    let (typed, known) = (lower(typed), lower(known));
    let shared = |a: &[char], b: &[char]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let start = shared(&typed, &known);
    let rest = |text: &[char]| text.iter().skip(start).rev().copied().collect::<Vec<char>>();
    let (typed, known) = (rest(&typed), rest(&known));
    let end = shared(&typed, &known);
    let middle = |text: &[char]| text.iter().skip(end).copied().collect::<Vec<char>>();
    match (middle(&typed).as_slice(), middle(&known).as_slice()) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::typo;

    #[test]
    fn slips_and_other_names() {
        for (typed, known, is_slip) in [
            ("lamda", "lambda", true),
            ("lambdaa", "lambda", true),
            ("lambxa", "lambda", true),
            ("lamdba", "lambda", true),
            ("Lambda", "lambda", true),
            ("viaawsmcpservice", "viaawsservice", false),
            ("GetObjectV2", "GetObject", false),
            ("GetObject2", "GetObject", false),
            ("sns", "sqs", true),
            ("abcd", "badc", false),
        ] {
            assert_eq!(typo(typed, [known].into_iter()).is_some(), is_slip, "{typed} {known}");
        }
    }
}
