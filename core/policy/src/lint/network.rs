//! Addresses, VPCs and endpoints in conditions.

use ipnet::IpNet;

use super::rule::RuleId;
use super::subject::{Held, Path, Sink, Subject, shortened};
use crate::document::Condition;
use crate::operator::{Comparison, Operator};
use crate::value;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        for condition in &held.statement.conditions {
            let Some(operator) = Operator::parse(&condition.operator) else { continue };
            let path = held.at("Condition").key(&condition.operator).key(&condition.key);
            if operator.comparison == Comparison::IpAddress {
                ranges(condition, &path, sink);
                private(condition, operator, &path, sink);
                paired(held, condition, &path, sink);
            } else if operator.comparison != Comparison::Null {
                ids(condition, &path, sink);
            }
        }
    }
}

fn ranges(condition: &Condition, path: &Path, sink: &mut Sink<'_>) {
    for (number, held) in condition.values.as_slice().iter().enumerate() {
        let Some(range) = value::ip_range(held.text()) else { continue };
        if range.addr() != range.network() {
            let message = format!("`{}` is the range `{}`", shortened(held.text()), range.trunc());
            sink.add(RuleId::ImproveIpRange, path.clone().item(number), message);
        }
    }
}

/// Ranges from which no request reaches AWS: RFC 1918, 6598, 3927, 1122, 4193, 4291.
const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
];

/// A range that is no network of anybody's: half of the internet is not a limit (S3 User Guide, *The meaning of "public"*:
/// broader than /8 for IPv4, than /32 for IPv6).
pub(super) fn is_broad(range: &IpNet) -> bool {
    let narrowest = if range.addr().is_ipv4() { 8 } else { 32 };
    range.prefix_len() < narrowest
}

fn is_private(range: &IpNet) -> bool {
    PRIVATE.iter().filter_map(|text| text.parse::<IpNet>().ok()).any(|private| private.contains(range))
}

fn private(condition: &Condition, operator: Operator, path: &Path, sink: &mut Sink<'_>) {
    if !condition.key.eq_ignore_ascii_case("aws:SourceIp") {
        return;
    }
    let values = condition.values.as_slice();
    let is_of = |number: &usize| {
        let text = values.get(*number).map(|held| held.text());
        text.and_then(value::ip_range).is_some_and(|range| is_private(&range))
    };
    let found: Vec<usize> = (0..values.len()).filter(is_of).collect();
    if found.is_empty() {
        return;
    }
    let is_all = found.len() == values.len();
    let rule = match (operator.negated, is_all) {
        (false, true) => RuleId::PrivateIpAddress,
        (true, true) => RuleId::PrivateNotIpAddress,
        (false, false) => RuleId::PrivateIpAddressSubset,
        (true, false) => RuleId::PrivateNotIpAddressSubset,
    };
    for number in found.iter().take(if is_all { 1 } else { usize::MAX }) {
        let text = values.get(*number).map(|held| held.text()).unwrap_or_default();
        let message =
            format!("`{}` is private, and requests reach AWS from public addresses", shortened(text));
        sink.add(rule, path.clone().item(*number), message);
    }
}

/// An address inside a VPC says nothing without the VPC.
fn paired(held: &Held<'_>, condition: &Condition, path: &Path, sink: &mut Sink<'_>) {
    let wanted: &[&str] = match condition.key.to_ascii_lowercase().as_str() {
        "aws:vpcsourceip" => &[
            "aws:SourceVpc",
            "aws:SourceVpce",
            "aws:SourceVpcArn",
            "aws:VpceAccount",
            "aws:VpceOrgID",
            "aws:VpceOrgPaths",
        ],
        "aws:ec2instancesourceprivateipv4" => &["aws:Ec2InstanceSourceVpc"],
        _ => return,
    };
    let has = |key: &&str| held.statement.conditions.iter().any(|other| other.key.eq_ignore_ascii_case(key));
    if !wanted.iter().any(has) {
        let message = format!("`{}` is compared without saying in which VPC", condition.key);
        sink.add(RuleId::MissingPairedConditionKeys, path.clone(), message);
    }
}

fn ids(condition: &Condition, path: &Path, sink: &mut Sink<'_>) {
    let (rule, prefix) = match condition.key.to_ascii_lowercase().as_str() {
        "aws:sourcevpc" | "aws:ec2instancesourcevpc" => (RuleId::InvalidVpcFormat, "vpc-"),
        "aws:sourcevpce" => (RuleId::InvalidVpceFormat, "vpce-"),
        _ => return,
    };
    for (number, held) in condition.values.as_slice().iter().enumerate() {
        let text = held.text();
        let is_id = text.strip_prefix(prefix).is_some_and(|rest| {
            matches!(rest.len(), 8 | 17)
                && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        });
        if !is_id && !text.contains(['*', '?', '$']) {
            let message = format!("`{}` is no `{prefix}…` id", shortened(text));
            sink.add(rule, path.clone().item(number), message);
        }
    }
}
