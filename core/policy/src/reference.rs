//! A plain transcription of how AWS says it decides: it has no index, no cache and no cleverness, so that it can be read
//! beside AWS's pages. It checks the compiled engine, explains single decisions, and works with partial knowledge.
//!
//! Pages are cited by their names in the IAM User Guide, with `ORG` for the Organizations User Guide, `KMS` for the KMS
//! Developer Guide, `S3` for the S3 User Guide, `STS` for the STS API Reference.
//!
//! The walk: [`statement`] says under which [`Formula`] each statement is about the request; `grants` sums the layers up
//! into who allows; this file puts them together.

mod condition;
mod credential;
mod dispute;
mod grants;
mod principal;
mod public;
mod resource;
mod statement;

use std::collections::BTreeSet;

use crate::catalogue::Catalogue;
use crate::decision::{Answer, Decision, Dispute, Miss};
use crate::document::{Condition, Effect, Version};
use crate::formula::{Atom, Formula};
use crate::policies::{Layer, Policies, StatementRef};
use crate::request::{Context, Principal, Request};

use grants::Grants;
use principal::Naming;
pub(crate) use public::is_public;
pub(crate) use resource::is_user_name;
use statement::Applicable;

/// Decides one request.
pub fn decide(request: &Request, policies: &Policies) -> Decision {
    if needs_no_permission(&request.action, &request.principal) {
        return without_permission(request);
    }
    let applicable = statement::applicable(request, policies);
    let denied = denied(request, policies, &applicable);
    let grants = Grants::sum_up(request, policies, &applicable);
    let allowed = grants.allowed();
    let answer = match (first_deny(request, &applicable), allowed.known()) {
        (Some(place), _) => Answer::ExplicitlyDenied(place),
        (None, Some(false)) => Answer::ImplicitlyDenied(grants.first_silent_layer()),
        (None, allowed) => match (allowed, denied.known()) {
            (Some(true), Some(false)) => Answer::Allowed,
            _ => Answer::Indeterminate,
        },
    };
    Decision {
        answer,
        decisive: decisive(request, answer, &applicable),
        blocked_by: blocked_by(request, &grants, &applicable),
        disputed: disputes(request, policies, &applicable, &grants),
        allowed_if: match answer {
            Answer::Allowed => Formula::TRUE,
            Answer::Indeterminate => allowed.and(denied.negate()),
            Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => Formula::FALSE,
        },
    }
}

/// When all of these conditions hold in a context, whatever the request is about.
pub fn conditions_hold(conditions: &[Condition], version: Option<Version>, context: &Context) -> Formula {
    let request = Request {
        principal: Principal::Anonymous,
        action: String::new(),
        resource: "*".to_owned(),
        resource_account: String::new(),
        wildcard_only: false,
        context: context.clone(),
    };
    condition::all_hold(&request, &Policies::default(), version, conditions)
}

/// Allow statements of a layer that name the action, and yet say nothing of this request: where a change would be smallest.
pub fn near_misses(request: &Request, policies: &Policies, layer: Layer) -> Vec<(StatementRef, Miss)> {
    statement::near_misses(request, policies, layer)
}

/// The resources on which nobody has an action, whatever the policies say, as patterns of ARNs.
pub fn protected_resources(action: &str) -> impl Iterator<Item = String> {
    crate::protected::patterns(action)
}

/// Operations that need no permission, and that no policy can take away: `GetCallerIdentity`
/// (`id_credentials_temp_request`, footnote) and `GetSessionToken` (`id_credentials_temp_control-access_getsessiontoken`:
/// "You cannot use policies to control authentication operations").
pub fn needs_no_permission(action: &str, principal: &Principal) -> bool {
    let is_one = ["sts:GetCallerIdentity", "sts:GetSessionToken"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(action));
    is_one && !matches!(principal, Principal::Anonymous | Principal::Federated { .. })
}

/// Actions that a role's trust policy decides: assuming it, and what goes with it (`id_session-tags`,
/// `id_credentials_temp_control-access_monitor`).
pub fn is_of_trust(action: &str) -> bool {
    let begins = |text: &str| action.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text));
    let besides = ["sts:TagSession", "sts:SetSourceIdentity"];
    begins("sts:AssumeRole") || besides.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// What is left to be asked is whether the credentials can make the call.
fn without_permission(request: &Request) -> Decision {
    let permitted = credential::permit(request);
    Decision {
        answer: match permitted.known() {
            Some(true) => Answer::Allowed,
            Some(false) => Answer::ImplicitlyDenied(Layer::Credential),
            None => Answer::Indeterminate,
        },
        decisive: Vec::new(),
        blocked_by: Vec::new(),
        disputed: Vec::new(),
        allowed_if: permitted,
    }
}

/// Which layers bind this caller at all.
///
/// * SCPs bind the principals of member accounts, root too; not service-linked roles, nor callers without an account
///   (ORG `orgs_manage_policies_scps`).
/// * RCPs bind every caller of a supported service but service-linked roles, and never `kms:RetireGrant`
///   (ORG `orgs_manage_policies_rcps`).
fn binds(layer: Layer, request: &Request) -> bool {
    match layer {
        Layer::ServiceControl => request.principal.account().is_some() && !is_service_linked(request),
        Layer::ResourceControl => {
            !is_service_linked(request)
                && !request.action.eq_ignore_ascii_case("kms:RetireGrant")
                && Catalogue::embedded().rcp_supported(service_of(&request.action))
        }
        // Nobody has no policies of its own.
        Layer::Identity | Layer::Boundary | Layer::Session => request.principal != Principal::Anonymous,
        Layer::Aws | Layer::Credential | Layer::Endpoint | Layer::Resource | Layer::BlockPublicAccess => true,
    }
}

/// Services, identity providers and nobody have no policies of their own that could be missing.
fn may_have(layer: Layer, request: &Request) -> bool {
    let is_own = matches!(layer, Layer::Identity | Layer::Boundary | Layer::Session);
    !is_own || request.principal.account().is_some()
}

fn is_service_linked(request: &Request) -> bool {
    let by_key = match request.context.get("aws:principalarn") {
        crate::request::Fact::One(arn) => arn.contains(":role/aws-service-role/"),
        _ => false,
    };
    by_key || request.principal.is_service_linked_role()
}

fn service_of(action: &str) -> &str {
    action.split_once(':').map_or("", |(service, _)| service)
}

/// "An explicit deny in any of these policies overrides the allow" (`reference_policies_evaluation-logic`).
fn denied(request: &Request, policies: &Policies, applicable: &[Applicable]) -> Formula {
    let by_statement = denies(request, applicable).map(|found| found.holds.clone());
    let missing = policies
        .missing
        .iter()
        .filter(|document| may_have(document.layer, request) && binds(document.layer, request));
    let by_missing = missing.map(|document| Formula::Atom(Atom::MissingDenies(document.clone())));
    Formula::any(by_statement.chain(by_missing))
}

fn denies<'a>(request: &'a Request, applicable: &'a [Applicable]) -> impl Iterator<Item = &'a Applicable> {
    applicable.iter().filter(|found| found.effect == Effect::Deny && binds(found.place.layer, request))
}

fn first_deny(request: &Request, applicable: &[Applicable]) -> Option<StatementRef> {
    denies(request, applicable).find(|found| found.holds.known() == Some(true)).map(|found| found.place)
}

/// The statements to quote: denies that hold, otherwise allows that hold; what may hold where that is all there is.
fn decisive(request: &Request, answer: Answer, applicable: &[Applicable]) -> Vec<StatementRef> {
    let places = |effect: Effect, surely: bool| -> Vec<StatementRef> {
        let of_effect =
            applicable.iter().filter(|found| found.effect == effect && binds(found.place.layer, request));
        let holding = of_effect.filter(|found| !surely || found.holds.known() == Some(true));
        holding.map(|found| found.place).collect::<BTreeSet<_>>().into_iter().collect()
    };
    match answer {
        Answer::ExplicitlyDenied(_) => places(Effect::Deny, true),
        Answer::Allowed => places(Effect::Allow, true),
        Answer::ImplicitlyDenied(_) => Vec::new(),
        Answer::Indeterminate => [places(Effect::Deny, false), places(Effect::Allow, false)].concat(),
    }
}

/// What turned a grant into a denial; empty when nothing was granted.
fn blocked_by(request: &Request, grants: &Grants, applicable: &[Applicable]) -> Vec<Layer> {
    if grants.core().known() == Some(false) {
        return Vec::new();
    }
    let denying = denies(request, applicable).filter(|found| found.holds.known() == Some(true));
    let mut layers: BTreeSet<Layer> = denying.map(|found| found.place.layer).collect();
    layers.extend(grants.silent_limits());
    layers.into_iter().collect()
}

/// Where AWS's text left something open that could have mattered.
fn disputes(
    request: &Request,
    policies: &Policies,
    applicable: &[Applicable],
    grants: &Grants,
) -> Vec<Dispute> {
    let mut disputes: BTreeSet<Dispute> =
        applicable.iter().flat_map(|found| found.disputed.iter().copied()).collect();
    disputes.extend(dispute::disputes(request, policies));
    let by_everyone =
        applicable.iter().any(|found| found.naming == Naming::Everyone && found.effect == Effect::Allow);
    if by_everyone && grants.limits_are_silent() {
        disputes.insert(Dispute::EveryoneAndLimits);
    }
    disputes.into_iter().collect()
}
