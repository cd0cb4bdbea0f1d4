//! Faults of one statement, element by element.

use super::{Fault, PolicyKind};
use crate::document::{
    ActionElement, Condition, Effect, OneOrMany, PrincipalElement, PrincipalKind, Principals,
    ResourceElement, Statement,
};
use crate::operator::{Comparison, Operator};
use crate::value;
use kagimori_id::ArnParts;
use kagimori_id::arn::padded_parts;

/// Whether a statement is that of `RCPFullAWSAccess`, which AWS attaches everywhere: the only one of a resource control policy that
/// allows, and that names every action (Organizations User Guide, `orgs_manage_policies_rcps_syntax`, "Effect element").
pub(crate) fn is_rcp_full_access(statement: &Statement) -> bool {
    let star = |patterns: &OneOrMany| patterns.as_slice() == ["*"];
    statement.effect == Effect::Allow
        && statement.principal == Some(PrincipalElement::Principal(Principals::Everyone))
        && matches!(&statement.action, ActionElement::Action(patterns) if star(patterns))
        && matches!(&statement.resource, Some(ResourceElement::Resource(patterns)) if star(patterns))
        && statement.conditions.is_empty()
}

pub(super) fn faults(path: &str, statement: &Statement, kind: PolicyKind) -> Vec<Fault> {
    let mut faults = Vec::new();
    if kind == PolicyKind::ResourceControl && is_rcp_full_access(statement) {
        return faults;
    }
    let mut add = |element: &str, message: String, hint: &'static str| {
        let path = if element.is_empty() { path.to_owned() } else { format!("{path}.{element}") };
        faults.push(Fault { path, message, hint });
    };
    sid(statement, kind, &mut add);
    if kind == PolicyKind::ResourceControl && statement.effect == Effect::Allow {
        let message = "a resource control policy of one's own can only deny";
        add("Effect", message.into(), "write `Deny` and what is forbidden, or leave the statement out");
    }
    principal(statement, kind, &mut add);
    action(&statement.action, kind, &mut add);
    resource(statement.resource.as_ref(), kind, &mut add);
    for condition in &statement.conditions {
        self::condition(condition, &mut add);
    }
    faults
}

type Add<'a> = dyn FnMut(&str, String, &'static str) + 'a;

/// Identity policies take letters and digits; some resource policies take spaces too.
fn sid(statement: &Statement, kind: PolicyKind, add: &mut Add<'_>) {
    let Some(sid) = &statement.sid else { return };
    if kind.is_of_identity() && !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
        add("Sid", format!("`{sid}` has characters other than letters and digits"), "use A-Z, a-z and 0-9");
    }
}

fn principal(statement: &Statement, kind: PolicyKind, add: &mut Add<'_>) {
    match (&statement.principal, kind) {
        (None, _) if kind.is_of_identity() => {}
        (Some(element), _) if kind.is_of_identity() => {
            let hint = "remove it: the policy is about its owner";
            add(principal_name(element), "an identity policy has no principal".into(), hint);
        }
        (None, _) => {
            let message = "the statement has neither `Principal` nor `NotPrincipal`".into();
            add("", message, "say whom it is about");
        }
        (Some(PrincipalElement::NotPrincipal(_)), PolicyKind::Trust) => {
            add(
                "NotPrincipal",
                "a trust policy has no `NotPrincipal`".into(),
                "name who may assume the role",
            );
        }
        (Some(PrincipalElement::NotPrincipal(_)), PolicyKind::Endpoint) => {
            add("NotPrincipal", "an endpoint policy has no `NotPrincipal`".into(), "use `Principal`");
        }
        (Some(element), PolicyKind::ResourceControl) => {
            if *element != PrincipalElement::Principal(Principals::Everyone) {
                let message = "the principal of a resource control policy is `\"*\"`".into();
                add(principal_name(element), message, "write `\"Principal\": \"*\"` and limit by conditions");
            }
        }
        (Some(element), _) => principals(element, add),
    }
}

fn principal_name(element: &PrincipalElement) -> &'static str {
    match element {
        PrincipalElement::Principal(_) => "Principal",
        PrincipalElement::NotPrincipal(_) => "NotPrincipal",
    }
}

fn principals(element: &PrincipalElement, add: &mut Add<'_>) {
    let name = principal_name(element);
    let (PrincipalElement::Principal(principals) | PrincipalElement::NotPrincipal(principals)) = element;
    let Principals::Listed(kinds) = principals else { return };
    if kinds.is_empty() {
        add(name, "the object is empty".into(), "name a principal");
    }
    for (kind, names) in kinds {
        if names.is_empty() {
            add(name, "the list is empty".into(), "name a principal");
        }
        match kind {
            PrincipalKind::Other(other) => {
                let message = format!("`{other}` is no kind of principal");
                add(name, message, "use AWS, Service, Federated or CanonicalUser");
            }
            PrincipalKind::Aws => names.iter().for_each(|entry| aws_principal(name, entry, add)),
            PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::CanonicalUser => {}
        }
    }
}

/// `reference_policies_elements_principal`: an ARN, an account id, a unique id, or `*` alone.
fn aws_principal(name: &str, entry: &str, add: &mut Add<'_>) {
    let is_id = entry.len() >= 12 && entry.bytes().all(|b| b.is_ascii_alphanumeric());
    if entry == "*" || is_id {
        return;
    }
    if ArnParts::parse(entry).is_none() {
        add(name, format!("`{entry}` is no principal of kind AWS"), "write an ARN, an account id, or `*`");
    } else if entry.contains(['*', '?']) {
        let hint = "name each principal, or use `*` with a condition on aws:PrincipalArn";
        add(name, format!("`{entry}` has a wildcard inside"), hint);
    }
}

fn action(element: &ActionElement, kind: PolicyKind, add: &mut Add<'_>) {
    let (patterns, negated) = element.patterns();
    let name = if negated { "NotAction" } else { "Action" };
    if negated && kind == PolicyKind::ResourceControl {
        add(name, "a resource control policy has no `NotAction`".into(), "list the actions");
    }
    if patterns.is_empty() {
        add(name, "the list is empty".into(), "name an action");
    }
    for pattern in patterns {
        let is_star = pattern == "*" && kind != PolicyKind::ResourceControl;
        let is_odd = |c: char| !(c.is_ascii_alphanumeric() || "-.*?".contains(c));
        let service = pattern.split_once(':').map(|(service, _)| service);
        match (service, pattern.matches(':').count()) {
            _ if is_star => {}
            (None, _) => add(name, format!("`{pattern}` has no service prefix"), "write `service:Action`"),
            (_, 2..) => add(name, format!("`{pattern}` has more than one colon"), "write `service:Action`"),
            // AWS stores actions with odd names (`amplifybackend: *` in AdministratorAccess-Amplify); they match nothing.
            (Some(service), _) if service.contains(is_odd) => {
                add(name, format!("`{service}` is no service prefix"), "write `service:Action`");
            }
            (Some(service), _) if kind == PolicyKind::Trust && !is_trust_service(service) => {
                let hint = "a trust policy allows sts:AssumeRole and its kin";
                add(name, format!("`{pattern}` is no action of STS"), hint);
            }
            _ => {}
        }
    }
}

fn is_trust_service(service: &str) -> bool {
    service.eq_ignore_ascii_case("sts") || service.contains(['*', '?'])
}

fn resource(element: Option<&ResourceElement>, kind: PolicyKind, add: &mut Add<'_>) {
    let Some(element) = element else {
        let may_lack = matches!(kind, PolicyKind::Trust | PolicyKind::Resource);
        if !may_lack {
            let message = "the statement has neither `Resource` nor `NotResource`".into();
            add("", message, "say what it is about, `\"*\"` for everything");
        }
        return;
    };
    let (patterns, negated) = element.patterns();
    let name = if negated { "NotResource" } else { "Resource" };
    if kind == PolicyKind::Trust {
        add(name, "a trust policy has no resource".into(), "remove it: the policy is about its role");
        return;
    }
    if patterns.is_empty() {
        add(name, "the list is empty".into(), "name a resource, `\"*\"` for everything");
    }
    for pattern in patterns {
        if let Some((message, hint)) = resource_fault(pattern, kind) {
            add(name, message, hint);
        }
    }
}

/// The partitions of AWS.
pub(crate) const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

const IAM_KINDS: [&str; 14] = [
    "user",
    "federated-user",
    "role",
    "group",
    "instance-profile",
    "mfa",
    "server-certificate",
    "policy",
    "sms-mfa",
    "saml-provider",
    "oidc-provider",
    "report",
    "access-report",
    "root",
];

fn resource_fault(pattern: &str, kind: PolicyKind) -> Option<(String, &'static str)> {
    let is_star = !pattern.is_empty() && pattern.chars().all(|c| c == '*');
    if is_star {
        return None;
    }
    let [scheme, partition, service, region, _, resource] = padded_parts(pattern);
    let is_fixed = |part: &str| !part.contains(['*', '?', '$']);
    if scheme != "arn" && !(scheme.contains('*') && pattern.starts_with("arn")) {
        return Some((format!("`{pattern}` is neither an ARN nor `*`"), "write the whole ARN"));
    }
    if is_fixed(partition) && !PARTITIONS.contains(&partition) {
        return Some((
            format!("`{partition}` is no partition of AWS"),
            "write `aws`, `aws-cn` or `aws-us-gov`",
        ));
    }
    let is_short = pattern.splitn(6, ':').count() < 6;
    let is_refused = match kind {
        PolicyKind::ServiceControl => !pattern.ends_with('*'),
        PolicyKind::ResourceControl => true,
        _ => false,
    };
    if is_short && is_refused {
        return Some((format!("`{pattern}` has fewer than six parts"), "write the whole ARN"));
    }
    if service == "iam" && is_fixed(region) && !region.is_empty() {
        return Some(("an IAM resource has no Region".into(), "leave the Region empty: `arn:aws:iam::…`"));
    }
    let is_bucket = service == "s3" && !region.is_empty() && is_fixed(region);
    let is_regional = ["accesspoint", "job", "storage-lens", "access-grants", "async-request"];
    if is_bucket && !is_regional.iter().any(|kind| resource.starts_with(kind)) && is_fixed(resource) {
        return Some((
            "an S3 bucket or object has no Region".into(),
            "leave the Region empty: `arn:aws:s3:::…`",
        ));
    }
    let iam_kind = resource.split('/').next().unwrap_or_default();
    if service == "iam" && is_fixed(iam_kind) && !IAM_KINDS.contains(&iam_kind) {
        return Some((
            format!("`{resource}` is no resource of IAM"),
            "begin with user/, role/, group/, policy/ …",
        ));
    }
    None
}

fn condition(condition: &Condition, add: &mut Add<'_>) {
    let name = format!("Condition.{}", condition.operator);
    let Some(operator) = Operator::parse(&condition.operator) else {
        let message = format!("`{}` is no condition operator", condition.operator);
        add(&name, message, "see the list of condition operators of IAM");
        return;
    };
    for value in condition.values.as_slice().iter().map(|value| value.text()) {
        if matches!(operator.comparison, Comparison::Date(_)) && value::instant(value).is_none() {
            add(&name, format!("`{value}` is no date"), "write `2026-01-01T00:00:00Z` or epoch seconds");
        }
    }
}
