//! Callers who are no user, role or root of the estate: AWS services, identity providers, other accounts.
//!
//! They have no policies of their own that a change could be about. What lets them in is the policy of the resource, above all
//! the trust policy of a role; so their calls are judged where that, or what controls the resource's account, would be another.

use kagimori_estate::access::{Access, Question, Subject};
use kagimori_id::AccountId;
use kagimori_policy::request::Fact;
use kagimori_trail::call::Caller;
use kagimori_trail::event::Principal;

/// Whoever else called.
#[derive(Debug)]
pub(super) enum Outsider {
    /// As a policy names them.
    Known(Box<Subject>),
    /// Somebody of an account that is not given: a policy may name them, or their account.
    OfAccount(Box<Subject>),
    /// A policy may name them, and the event does not tell how.
    NotTold,
}

impl Outsider {
    /// The caller of a call on what an account owns; `None`: a user, role or root of the estate, or of it once.
    pub(super) fn of(access: &Access<'_>, caller: &Caller, owner: AccountId) -> Option<Self> {
        let known = |subject: Option<Subject>| {
            subject.map_or(Self::NotTold, |subject| Self::Known(Box::new(subject)))
        };
        let of_account = |account: AccountId| {
            (!access.holds_account(account)).then(|| {
                access
                    .outside_account(account)
                    // What its own account allowed it then is not in question.
                    .map_or(Self::NotTold, |one| {
                        Self::OfAccount(Box::new(access.with_every_permission(&one)))
                    })
            })
        };
        match &caller.principal {
            Principal::Service(name) => Some(known(access.service(name, owner))),
            Principal::User(arn) | Principal::Role(arn) => of_account(arn.account()?),
            Principal::Root(account, _)
            | Principal::AssumedRoot(account)
            | Principal::UniqueId(account, _)
            | Principal::UserName(account, _) => of_account(*account),
            Principal::Other => {
                let text = caller.text();
                let federated = text.as_deref().and_then(Federated::read);
                Some(known(federated.and_then(|one| access.federated(one.provider, owner, &one.facts()))))
            }
        }
    }
}

/// An identity provider and whom it speaks for, as [`kagimori_trail::event::Identity::principal_text`] writes them.
#[derive(Debug, PartialEq, Eq)]
struct Federated<'t> {
    provider: &'t str,
    subject: &'t str,
}

impl<'t> Federated<'t> {
    /// `arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH:SUBJECT`, `arn:…:saml-provider/NAME:USER`, `accounts.google.com:ID`.
    fn read(text: &'t str) -> Option<Self> {
        let name_at = text.find("-provider/").map_or(0, |at| at.saturating_add("-provider/".len()));
        let colon = name_at.saturating_add(text.get(name_at..)?.find(':')?);
        let (provider, subject) = (text.get(..colon)?, text.get(colon.saturating_add(1)..)?);
        let is_provider = name_at > 0 || provider.contains('.');
        is_provider.then_some(Self { provider, subject })
    }

    /// `HOST/PATH:sub` (IAM User Guide, `reference_policies_iam-condition-keys`, "Available keys for AWS OIDC federation");
    /// what the event does not tell is not known.
    fn facts(&self) -> Vec<(String, Fact)> {
        let absent =
            ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:username", "sts:ExternalId"];
        let mut facts: Vec<(String, Fact)> = absent.map(|key| (key.to_owned(), Fact::Absent)).into();
        if !self.provider.contains(":saml-provider/") {
            let host = self.provider.split_once("oidc-provider/").map_or(self.provider, |(_, host)| host);
            facts.push((format!("{host}:sub"), Fact::One(self.subject.to_owned())));
        }
        facts
    }
}

/// Whether what lets outsiders in is the same before and after.
pub(super) fn is_same_for_outsiders(
    (before, after): (&Access<'_>, &Access<'_>),
    question: &Question,
    owner: AccountId,
) -> bool {
    before.resource_side(question, owner) == after.resource_side(question, owner)
}

#[cfg(test)]
mod tests;
