//! Does a statement name the caller, and how?
//!
//! `reference_policies_elements_principal`, `reference_policies_elements_notprincipal`.

use crate::decision::Dispute;
use crate::document::{Effect, PrincipalElement, PrincipalKind, Principals, Statement};
use crate::formula::{Atom, Formula};
use crate::policies::Layer;
use crate::request::{Fact, Principal, Request};
use kagimori_id::ArnParts;

/// How a statement names the caller. What a grant needs besides depends on it
/// (`reference_policies_evaluation-logic`, "resource-based policies").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// The policy belongs to the caller: it has no principal element.
    Own,
    /// The caller itself: user, session, federated user, root, service, identity provider.
    Direct,
    /// Everybody, with a condition on `aws:PrincipalArn`.
    EveryoneWithArn,
    /// Everybody.
    Everyone,
    /// The role of a session, or the user of a federated session.
    Owner,
    /// The caller's account.
    Account,
}

/// The ways a statement names the caller, each with the formula under which it does, and what was in dispute.
pub(super) fn namings(
    request: &Request,
    statement: &Statement,
    layer: Layer,
    has_boundary: bool,
) -> (Vec<(Naming, Formula)>, Vec<Dispute>) {
    let everyone = everyone(statement);
    match &statement.principal {
        // Identity policies have no principal; a resource policy without one is about nobody.
        None if matches!(layer, Layer::Resource | Layer::Endpoint) => (Vec::new(), Vec::new()),
        None => (vec![(Naming::Own, Formula::TRUE)], Vec::new()),
        Some(PrincipalElement::Principal(principals)) => {
            let named = entries(principals).into_iter().filter_map(|entry| name(request, entry, everyone));
            gateway_endpoint(request, layer, named.collect())
        }
        Some(PrincipalElement::NotPrincipal(principals)) => {
            let excluded = excluded(request, principals, statement.effect, has_boundary);
            let disputed =
                if statement.effect == Effect::Deny { vec![Dispute::NotPrincipalWithDeny] } else { vec![] };
            (vec![(everyone, excluded.negate())], disputed)
        }
    }
}

/// `Principal: "*"` with a condition on `aws:PrincipalArn` counts as naming that principal
/// (`reference_policies_elements_principal`, "IAM role principals").
fn everyone(statement: &Statement) -> Naming {
    let by_arn = |key: &String| key.eq_ignore_ascii_case("aws:PrincipalArn");
    let is_limited = statement.conditions.iter().any(|condition| by_arn(&condition.key));
    if is_limited { Naming::EveryoneWithArn } else { Naming::Everyone }
}

fn entries(principals: &Principals) -> Vec<(PrincipalKind, &str)> {
    match principals {
        Principals::Everyone => vec![(PrincipalKind::Aws, "*")],
        Principals::Listed(kinds) => kinds
            .iter()
            .flat_map(|(kind, names)| names.iter().map(|name| (kind.clone(), name.as_str())))
            .collect(),
    }
}

/// How one entry names the caller. Principals hold no wildcards but a lone `*`, and are compared with their case.
fn name(
    request: &Request,
    (kind, entry): (PrincipalKind, &str),
    everyone: Naming,
) -> Option<(Naming, Formula)> {
    let surely = |naming: Naming| Some((naming, Formula::TRUE));
    match (kind, &request.principal) {
        (PrincipalKind::Aws, _) if entry == "*" => surely(everyone),
        (PrincipalKind::Aws, caller) => {
            if is_account(entry, caller) {
                let is_root = matches!(caller, Principal::Root { .. });
                surely(if is_root { Naming::Direct } else { Naming::Account })
            } else if entry.starts_with("arn:") {
                if is_session_of(entry, caller) {
                    let atom = Atom::Principal { principal: entry.to_owned() };
                    return Some((Naming::Direct, Formula::Atom(atom)));
                }
                by_arn(entry, caller).and_then(surely)
            } else {
                by_unique_id(request, entry)
            }
        }
        (PrincipalKind::Service, Principal::Service { name }) => {
            (entry == name).then_some((Naming::Direct, Formula::TRUE))
        }
        (PrincipalKind::Service, _) => None,
        (PrincipalKind::Federated, Principal::Federated { provider }) => {
            (entry == provider).then_some((Naming::Direct, Formula::TRUE))
        }
        (PrincipalKind::Federated, _) => None,
        // Canonical user ids stand for accounts and distributions; which, is told nowhere in a policy.
        (PrincipalKind::CanonicalUser | PrincipalKind::Other(_), caller) => {
            let atom = Atom::Principal { principal: entry.to_owned() };
            caller.account().is_some().then_some((Naming::Account, Formula::Atom(atom)))
        }
    }
}

/// An account by its id or by the ARN of its root: both spellings are equal, and both stand for the whole account.
fn is_account(entry: &str, caller: &Principal) -> bool {
    let Some(account) = caller.account() else { return false };
    let by_root = || {
        ArnParts::parse(entry)
            .is_some_and(|arn| (arn.service, arn.account, arn.resource) == ("iam", account, "root"))
    };
    entry == account || by_root()
}

/// Whether an entry is one session of the caller's role: the caller is a session whose name is not known
/// (`reference_policies_elements_principal`, "Role session principals").
fn is_session_of(entry: &str, caller: &Principal) -> bool {
    let Principal::Role { account: own, .. } = caller else { return false };
    match Principal::parse(entry) {
        Ok(Principal::Session { account, role, .. }) => {
            account == *own && caller.role_name() == Some(role.as_str())
        }
        _ => false,
    }
}

fn by_arn(entry: &str, caller: &Principal) -> Option<Naming> {
    match caller {
        Principal::User { arn, .. } => (entry == arn).then_some(Naming::Direct),
        Principal::Role { account, .. } => names_role(entry, account, caller).then_some(Naming::Owner),
        Principal::Session { account, arn, .. } => {
            if entry == arn {
                Some(Naming::Direct)
            } else {
                names_role(entry, account, caller).then_some(Naming::Owner)
            }
        }
        // The session carries the name its user gave it; by convention the user's own.
        Principal::FederatedUser { account, arn } => {
            let user = arn.rsplit_once('/').map(|(_, name)| format!("arn:aws:iam::{account}:user/{name}"));
            if entry == arn {
                Some(Naming::Direct)
            } else {
                (user.as_deref() == Some(entry)).then_some(Naming::Owner)
            }
        }
        Principal::Root { .. }
        | Principal::Federated { .. }
        | Principal::Service { .. }
        | Principal::Anonymous => None,
    }
}

/// Whether an ARN is the caller's role. A session's ARN has no path, so names are compared; they are unique.
fn names_role(entry: &str, account: &str, caller: &Principal) -> bool {
    let Some(arn) = ArnParts::parse(entry) else { return false };
    let is_role_arn = (arn.service, arn.account) == ("iam", account) && arn.resource.starts_with("role/");
    let name = arn.resource.rsplit_once('/').map(|(_, name)| name);
    match caller {
        Principal::Role { arn: own, .. } => entry == own,
        _ => is_role_arn && name == caller.role_name(),
    }
}

/// A saved policy holds the unique id of a user (AIDA…) or role (AROA…) that was deleted since; a principal that was made
/// again under the same name has another one. The request tells its own in `aws:userid`.
fn by_unique_id(request: &Request, entry: &str) -> Option<(Naming, Formula)> {
    let is_user = entry.starts_with("AIDA") && matches!(request.principal, Principal::User { .. });
    let is_role = entry.starts_with("AROA") && request.principal.role_name().is_some();
    if !is_user && !is_role {
        return None;
    }
    let naming = if is_user { Naming::Direct } else { Naming::Owner };
    match request.context.get("aws:userid") {
        Fact::One(id) => {
            let own = id.split_once(':').map_or(id.as_str(), |(role, _)| role);
            (own == entry).then_some((naming, Formula::TRUE))
        }
        Fact::Absent | Fact::Many(_) => None,
        Fact::Present | Fact::Unknown => {
            Some((naming, Formula::Atom(Atom::Principal { principal: entry.to_owned() })))
        }
    }
}

/// When a `NotPrincipal` leaves the caller out.
///
/// With Deny every name of the caller must be listed: its account, and itself, and for a session its role too. A caller
/// with a permissions boundary is always denied (`access_policies_boundaries`).
fn excluded(request: &Request, principals: &Principals, effect: Effect, has_boundary: bool) -> Formula {
    let namings: Vec<(Naming, Formula)> =
        entries(principals).into_iter().filter_map(|entry| name(request, entry, Naming::Everyone)).collect();
    let listed = |wanted: Naming| {
        Formula::any(
            namings.iter().filter(|(naming, _)| *naming == wanted).map(|(_, formula)| formula.clone()),
        )
    };
    if effect == Effect::Allow {
        return Formula::any(namings.iter().map(|(_, formula)| formula.clone()));
    }
    let itself = match &request.principal {
        Principal::User { .. } | Principal::FederatedUser { .. } => {
            listed(Naming::Direct).and(listed(Naming::Account))
        }
        // Whoever acts as a role is a session of it; its own name must be listed.
        Principal::Role { .. } | Principal::Session { .. } => {
            Formula::all([listed(Naming::Direct), listed(Naming::Owner), listed(Naming::Account)])
        }
        Principal::Root { .. }
        | Principal::Federated { .. }
        | Principal::Service { .. }
        | Principal::Anonymous => listed(Naming::Direct),
    };
    let by_name = if has_boundary { Formula::FALSE } else { itself };
    listed(Naming::Everyone).or(by_name)
}

/// In the policy of a gateway endpoint an account stands for its root user only; S3 and DynamoDB have gateway endpoints
/// (VPC `vpc-endpoints-access`).
fn gateway_endpoint(
    request: &Request,
    layer: Layer,
    mut named: Vec<(Naming, Formula)>,
) -> (Vec<(Naming, Formula)>, Vec<Dispute>) {
    let service = super::service_of(&request.action);
    let is_gateway = service.eq_ignore_ascii_case("s3") || service.eq_ignore_ascii_case("dynamodb");
    let had = named.len();
    if layer == Layer::Endpoint && is_gateway {
        named.retain(|(naming, _)| *naming != Naming::Account);
    }
    let disputed = if named.len() < had { vec![Dispute::EndpointAccount] } else { Vec::new() };
    (named, disputed)
}
