//! Sizes of documents against AWS's quotas. White space outside strings does not count.
//!
//! The quotas are data with a day: AWS raises them. IAM User Guide, `reference_iam-quotas`; Organizations User Guide,
//! `orgs_reference_limits`.

use super::rule::RuleId;
use super::subject::{Path, Sink};
use crate::validate::PolicyKind;

pub(super) fn check(text: &str, kind: PolicyKind, sink: &mut Sink<'_>) {
    let Limit { rule, most, unit, since } = *limit(kind);
    // Most documents are far from every limit, even with their white space.
    if text.len() <= most {
        return;
    }
    let compact = compact(text);
    let size = if unit == "bytes" { compact.map(char::len_utf8).sum() } else { compact.count() };
    if size > most {
        let message =
            format!("the policy has {size} {unit} without white space; the quota of {since} is {most}");
        sink.add(rule, Path::default(), message);
    }
}

/// How large a document of a kind may be.
struct Limit {
    rule: RuleId,
    most: usize,
    unit: &'static str,
    /// Since when it is so, or when it was looked up.
    since: &'static str,
}

const fn of(rule: RuleId, most: usize, unit: &'static str, since: &'static str) -> Limit {
    Limit { rule, most, unit, since }
}

const MANAGED: Limit = of(RuleId::IdentitySize, 6144, "characters", "2026-11-25");
const SESSION: Limit = of(RuleId::SessionSize, 2048, "characters", "2026-11-25");
const TRUST: Limit = of(RuleId::TrustSize, 2048, "characters", "2026-11-25");
/// 5,120 until 2026-05-15, when Organizations doubled it.
const SERVICE_CONTROL: Limit = of(RuleId::ScpSize, 10_240, "characters", "2026-05-15");
const RESOURCE_CONTROL: Limit = of(RuleId::RcpSize, 5120, "characters", "2026-11-25");
const RESOURCE: Limit = of(RuleId::ResourceSize, 20_480, "bytes", "2026-11-25");

const fn limit(kind: PolicyKind) -> &'static Limit {
    match kind {
        PolicyKind::Identity | PolicyKind::Boundary => &MANAGED,
        PolicyKind::Session => &SESSION,
        PolicyKind::Trust => &TRUST,
        PolicyKind::ServiceControl => &SERVICE_CONTROL,
        PolicyKind::ResourceControl => &RESOURCE_CONTROL,
        PolicyKind::Resource | PolicyKind::Endpoint => &RESOURCE,
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
    use super::limit;
    use crate::validate::PolicyKind;

    /// Organizations User Guide, `orgs_reference_limits`: SCPs have 10,240 characters since 2026-05-15, RCPs still 5,120.
    #[test]
    fn quotas_of_today() {
        let kinds = [PolicyKind::ServiceControl, PolicyKind::ResourceControl, PolicyKind::Identity];
        assert_eq!(kinds.map(|kind| limit(kind).most), [10_240, 5_120, 6_144]);
    }

    #[test]
    fn white_space_in_strings_counts() {
        for (text, size) in [("{ \"a b\" :\n 1 }", 9), (r#"["\" ", 1]"#, 9), (r#"["\\" , 1]"#, 8)] {
            assert_eq!(super::compact(text).count(), size, "{text}");
        }
    }
}
