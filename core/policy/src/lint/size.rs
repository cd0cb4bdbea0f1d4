//! Sizes of documents against AWS's quotas. White space outside strings does not count.

use super::rule::RuleId;
use super::subject::{Path, Sink};
use crate::quota::{self, Quota, Unit};
use crate::validate::PolicyKind;

pub(super) fn check(text: &str, kind: PolicyKind, sink: &mut Sink<'_>) {
    let Quota { most, unit, since } = quota::size(kind);
    // Most documents are far from every limit, even with their white space.
    if text.len() <= most {
        return;
    }
    let compact = compact(text);
    let size = if unit == Unit::Bytes { compact.map(char::len_utf8).sum() } else { compact.count() };
    if size > most {
        let unit = unit.name();
        let message =
            format!("the policy has {size} {unit} without white space; the quota of {since} is {most}");
        sink.add(rule(kind), Path::default(), message);
    }
}

const fn rule(kind: PolicyKind) -> RuleId {
    match kind {
        PolicyKind::Identity | PolicyKind::Boundary => RuleId::IdentitySize,
        PolicyKind::Session => RuleId::SessionSize,
        PolicyKind::Trust => RuleId::TrustSize,
        PolicyKind::ServiceControl => RuleId::ScpSize,
        PolicyKind::ResourceControl => RuleId::RcpSize,
        PolicyKind::Resource | PolicyKind::Endpoint => RuleId::ResourceSize,
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
