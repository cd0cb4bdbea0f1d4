//! Whom the statements of a trust policy let in, their conditions counted.
//!
//! IAM User Guide, `reference_policies_elements_principal`.

use std::fmt;

use kagimori_estate::model::Role;
use kagimori_id::{AccountId, Arn};
use kagimori_policy::document::{
    Condition, Document, Effect, PrincipalElement, PrincipalKind, Principals, Statement,
};

use kagimori_policy::operator::{Comparison, Operator, Qualifier};

use super::barred::{ASSUMES, with_denials};
use crate::privilege;

/// Somebody a trust policy names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// `*`
    Everyone,
    /// An account as a whole: its root ARN or its bare id.
    Account(AccountId),
    /// A user, role or session by ARN.
    Arn(Arn),
    /// A unique id: IAM's way to show a principal that was deleted.
    Deleted(String),
    /// A service principal.
    Service(String),
    /// A SAML or OIDC provider.
    Federated(String),
    /// The principals of an organization, by its id.
    Organization(String),
    /// Anything else, as written.
    Other(String),
}

impl Who {
    /// The account it belongs to.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(id) => Some(*id),
            Self::Arn(arn) => arn.account(),
            _ => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Arn(arn) => write!(f, "{arn}"),
            Self::Organization(id) => write!(f, "organization {id}"),
            Self::Service(name) => {
                write!(f, "service {}", name.split_once('.').map_or(name.as_str(), |(service, _)| service))
            }
            Self::Deleted(text) | Self::Federated(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

/// Who may assume a role, in short, for a table. Empty when its trust policy cannot be understood.
pub(crate) fn trusted(role: &Role) -> Vec<String> {
    let document = role.trust.document.as_ref().ok();
    let who = document.into_iter().flat_map(grants).flat_map(|statement| admitted(&statement));
    let mut who: Vec<String> = who.map(|who| who.to_string()).collect();
    who.sort();
    who.dedup();
    who
}

/// The statements that let somebody assume the role, with what the document's Deny statements ask besides.
pub(crate) fn grants(document: &Document) -> impl Iterator<Item = Statement> {
    let lets_in = |statement: &&Statement| {
        statement.effect == Effect::Allow
            && ASSUMES.iter().any(|action| privilege::reaches_action(statement, action))
    };
    document.statements.iter().filter(lets_in).map(|statement| with_denials(document, statement))
}

/// Whom a statement lets in: whom it names, as far as its conditions leave them. `*` that only the principals of an account,
/// or of an organization, can use is that account or organization (IAM User Guide, `reference_policies_condition-keys`:
/// `aws:PrincipalAccount`, `aws:PrincipalArn`, `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`).
pub(crate) fn admitted(statement: &Statement) -> Vec<Who> {
    let bounds: Vec<Vec<Who>> = statement.conditions.iter().filter_map(bound).collect();
    let admitted = principals(statement).into_iter().flat_map(|who| match who {
        Who::Everyone => within(&bounds),
        who => Vec::from_iter(is_within(&bounds, &who).then_some(who)),
    });
    admitted.collect()
}

/// Who is left of everyone: what the narrowest bound says, accounts before organizations.
fn within(bounds: &[Vec<Who>]) -> Vec<Who> {
    let of_organizations = |bound: &&Vec<Who>| bound.iter().any(|who| matches!(who, Who::Organization(_)));
    let narrowest = bounds.iter().min_by_key(|bound| (of_organizations(bound), bound.len()));
    narrowest.cloned().unwrap_or_else(|| vec![Who::Everyone])
}

/// Keys of the resource or account that a service acts for.
pub(super) const SOURCES: [&str; 4] =
    ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];

/// Whether somebody who is named also stands within every bound that speaks of accounts.
fn is_within(bounds: &[Vec<Who>], who: &Who) -> bool {
    let Some(account) = who.account() else { return true };
    bounds.iter().all(|bound| {
        bound.iter().any(|bound| matches!(bound, Who::Organization(_)) || bound.account() == Some(account))
    })
}

/// What a condition says of whose the caller must be; `None` when it says nothing of the kind, or lets strangers through.
fn bound(condition: &Condition) -> Option<Vec<Who>> {
    if !is_strict(condition) {
        return None;
    }
    let key = condition.key.to_ascii_lowercase();
    // only a service that acts for somebody has these; it is named by itself (`reference_policies_condition-keys`)
    if SOURCES.contains(&key.as_str()) {
        return Some(Vec::new());
    }
    let of: fn(&str) -> Who = match key.as_str() {
        "aws:principalaccount" => of_account,
        "aws:principalarn" => of_arn,
        "aws:principalorgid" | "aws:principalorgpaths" => of_organization,
        _ => return None,
    };
    let bound: Vec<Who> = condition.values.as_slice().iter().map(|value| of(value.text())).collect();
    (!bound.contains(&Who::Everyone)).then_some(bound)
}

fn of_account(value: &str) -> Who {
    AccountId::parse(value).map_or(Who::Everyone, Who::Account)
}

/// A pattern in the account's place lets in whoever makes a principal of that name in an account of their own.
fn of_arn(value: &str) -> Who {
    match Arn::parse(value) {
        Ok(arn) if arn.account().is_some() => Who::Arn(arn),
        _ => Who::Everyone,
    }
}

fn of_organization(value: &str) -> Who {
    let id = value.split('/').next().unwrap_or_default();
    if id.contains(['*', '?']) { Who::Everyone } else { Who::Organization(id.to_owned()) }
}

/// Whether a condition compares with texts that it names, such that a missing value fails: not `Null`, which any value passes.
pub(super) fn compares(condition: &Condition) -> bool {
    Operator::parse(&condition.operator).is_some_and(|operator| {
        let of_texts = matches!(
            operator.comparison,
            Comparison::StringEquals
                | Comparison::StringEqualsIgnoreCase
                | Comparison::StringLike
                | Comparison::Arn
        );
        let is_loose = operator.if_exists || operator.qualifier == Some(Qualifier::ForAllValues);
        of_texts && !operator.negated && !is_loose
    })
}

/// Whether a condition compares in a way that a missing or foreign value fails.
fn is_strict(condition: &Condition) -> bool {
    let open = condition.values.as_slice().iter().any(|value| value.text().bytes().all(|byte| byte == b'*'));
    compares(condition) && !open
}

/// Whether a condition key (in small letters) is tested in a way that a missing or foreign value fails.
pub(super) fn limits(conditions: &[Condition], keys: &[&str]) -> bool {
    conditions
        .iter()
        .any(|condition| keys.contains(&condition.key.to_ascii_lowercase().as_str()) && is_strict(condition))
}

/// Whom a statement names. `NotPrincipal` with Allow is everyone but a few (AWS advises against it).
pub(crate) fn principals(statement: &Statement) -> Vec<Who> {
    match &statement.principal {
        None => Vec::new(),
        Some(PrincipalElement::NotPrincipal(_)) | Some(PrincipalElement::Principal(Principals::Everyone)) => {
            vec![Who::Everyone]
        }
        Some(PrincipalElement::Principal(Principals::Listed(listed))) => {
            listed.iter().flat_map(|(kind, names)| names.iter().map(move |name| who(kind, name))).collect()
        }
    }
}

fn who(kind: &PrincipalKind, name: &str) -> Who {
    match kind {
        PrincipalKind::Service => Who::Service(name.to_owned()),
        PrincipalKind::Federated => Who::Federated(name.to_owned()),
        PrincipalKind::Aws => aws_principal(name),
        PrincipalKind::CanonicalUser | PrincipalKind::Other(_) => Who::Other(name.to_owned()),
    }
}

fn aws_principal(name: &str) -> Who {
    if name == "*" {
        return Who::Everyone;
    }
    if let Ok(id) = AccountId::parse(name) {
        return Who::Account(id);
    }
    match Arn::parse(name) {
        Ok(arn) if arn.resource() == "root" => match arn.account() {
            Some(id) => Who::Account(id),
            None => Who::Other(name.to_owned()),
        },
        Ok(arn) => Who::Arn(arn),
        Err(_) if is_unique_id(name) => Who::Deleted(name.to_owned()),
        Err(_) => Who::Other(name.to_owned()),
    }
}

fn is_unique_id(name: &str) -> bool {
    ["AIDA", "AROA", "AGPA"].iter().any(|prefix| name.starts_with(prefix)) && name.len() >= 16
}
