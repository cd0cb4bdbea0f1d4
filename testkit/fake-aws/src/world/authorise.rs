//! Asks the policy engine, both evaluators of it, and words the refusal as AWS does.

use kagimori_policy::decision::Answer;
use kagimori_policy::document::Document;
use kagimori_policy::engine::decide_once;
use kagimori_policy::policies::{Layer, Policies};
use kagimori_policy::reference;
use kagimori_policy::request::{Context, Request};

use super::caller::Caller;
use super::state::State;
use crate::fault::Fault;

/// What is asked of the policies.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) caller: &'a Caller,
    /// `iam:CreateAccessKey`.
    pub(crate) action: &'a str,
    /// The ARN.
    pub(crate) resource: String,
    /// Whose the resource is.
    pub(crate) account: &'a str,
    /// The action has no resource types: only `Resource: "*"` is about it.
    pub(crate) is_wildcard_only: bool,
    pub(crate) context: Context,
    /// The trust policy of a role.
    pub(crate) trust: Option<Document>,
    /// How the message names the resource, when not by its ARN.
    pub(crate) shown: Option<String>,
    /// The message says which policy is at fault.
    pub(crate) with_reason: bool,
}

impl State {
    /// Allowed, or the refusal.
    pub(crate) fn authorise(&self, question: Question<'_>) -> Result<(), Fault> {
        let Question {
            caller,
            action,
            resource,
            account,
            is_wildcard_only,
            context,
            trust,
            shown,
            with_reason,
        } = question;
        let shown = shown.unwrap_or_else(|| resource.clone());
        let policies = Policies { resource: trust, ..self.policies(caller) };
        let request = Request {
            principal: self.principal(caller),
            action: action.to_owned(),
            resource: if is_wildcard_only { "*".to_owned() } else { resource },
            resource_account: account.to_owned(),
            wildcard_only: is_wildcard_only,
            context,
        };
        let mut answer = decided(&request, &policies)?;
        for scope in caller.session().map(|session| session.scopes.as_slice()).unwrap_or_default() {
            // "The intersection of the calling session's existing permissions and this scope down policy": the policy by
            // itself allows, too.
            let alone = Policies { identity: vec![scope.clone()], ..Policies::default() };
            if answer == Answer::Allowed && decided(&request, &alone)? != Answer::Allowed {
                answer = Answer::ImplicitlyDenied(Layer::Session);
            }
        }
        let reason = match answer {
            Answer::Allowed => return Ok(()),
            Answer::ImplicitlyDenied(layer) => silent(layer, action),
            Answer::ExplicitlyDenied(place) => explicit(place.layer),
            // The context is complete and no policy is missing, so this is a policy the engine cannot evaluate.
            Answer::Indeterminate => Some("because a policy could not be evaluated".to_owned()),
        };
        let arn = request.principal.arn().unwrap_or_default();
        let mut message = format!("User: {arn} is not authorized to perform: {action} on resource: {shown}");
        if let Some(reason) = reason.filter(|_| with_reason) {
            message = format!("{message} {reason}");
        }
        Err(Fault::access_denied(message))
    }
}

/// What both evaluators say.
fn decided(request: &Request, policies: &Policies) -> Result<Answer, Fault> {
    let answer = reference::decide(request, policies).answer;
    if decide_once(request, policies) == answer {
        return Ok(answer);
    }
    Err(Fault::new(500, "InternalFailure", "the two policy evaluators do not agree"))
}

/// No policy of a layer allows (IAM User Guide, `troubleshoot_access-denied`).
fn silent(layer: Layer, action: &str) -> Option<String> {
    policy(layer).map(|(_, policy)| format!("because no {policy} allows the {action} action"))
}

fn explicit(layer: Layer) -> Option<String> {
    policy(layer).map(|(article, policy)| format!("with an explicit deny in {article} {policy}"))
}

/// A policy of a layer, with its article.
fn policy(layer: Layer) -> Option<(&'static str, &'static str)> {
    match layer {
        Layer::Identity => Some(("an", "identity-based policy")),
        Layer::Resource => Some(("the", "role trust policy")),
        Layer::Boundary => Some(("a", "permissions boundary")),
        Layer::Session => Some(("a", "session policy")),
        Layer::ServiceControl => Some(("a", "service control policy")),
        Layer::ResourceControl => Some(("a", "resource control policy")),
        Layer::Endpoint => Some(("a", "VPC endpoint policy")),
        Layer::Aws | Layer::Credential | Layer::BlockPublicAccess => None,
    }
}
