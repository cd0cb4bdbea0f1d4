//! Sizes of documents against AWS's quotas (IAM User Guide, `reference_iam-quotas`). White space outside strings does not
//! count.

use super::rule::RuleId;
use super::subject::{Path, Sink};
use crate::validate::PolicyKind;

pub(super) fn check(text: &str, kind: PolicyKind, sink: &mut Sink<'_>) {
    let (rule, most, unit) = limit(kind);
    // Most documents are far from every limit, even with their white space.
    if text.len() <= most {
        return;
    }
    let compact = compact(text);
    let size = if unit == "bytes" { compact.map(char::len_utf8).sum() } else { compact.count() };
    if size > most {
        let message = format!("the policy has {size} {unit} without white space, the quota is {most}");
        sink.add(rule, Path::default(), message);
    }
}

fn limit(kind: PolicyKind) -> (RuleId, usize, &'static str) {
    match kind {
        PolicyKind::Identity | PolicyKind::Boundary => (RuleId::IdentitySize, 6144, "characters"),
        PolicyKind::Session => (RuleId::SessionSize, 2048, "characters"),
        PolicyKind::Trust => (RuleId::TrustSize, 2048, "characters"),
        PolicyKind::ServiceControl => (RuleId::ScpSize, 5120, "bytes"),
        PolicyKind::ResourceControl => (RuleId::RcpSize, 5120, "bytes"),
        PolicyKind::Resource | PolicyKind::Endpoint => (RuleId::ResourceSize, 20_480, "bytes"),
    }
}

/// The characters that count.
fn compact(text: &str) -> impl Iterator<Item = char> {
    let (mut is_inside, mut is_escaped) = (false, false);
    text.chars().filter(move |&c| {
        let counts = is_inside || !c.is_whitespace();
        match c {
            '"' if !is_escaped => is_inside = !is_inside,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
        counts
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn white_space_in_strings_counts() {
        for (text, size) in [("{ \"a b\" :\n 1 }", 9), (r#"["\" ", 1]"#, 9), (r#"["\\" , 1]"#, 8)] {
            assert_eq!(super::compact(text).count(), size, "{text}");
        }
    }
}
