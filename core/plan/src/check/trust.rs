//! Trust policies: who may become a role.
//!
//! IAM User Guide, `reference_policies_elements_principal` and `id_roles_create_for-user_externalid`.

use std::fmt;

use kagimori_estate::id::{AccountId, Arn};
use kagimori_estate::model::{Account, Role};
use kagimori_policy::document::{
    Condition, Document, Effect, PrincipalElement, PrincipalKind, Principals, Statement,
};

use super::{Context, Judged, Missing, Rule, Ruling, mfa, run};
use crate::privilege;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("trust-any", Rule::Role(any)),
    ("trust-external-no-extid", Rule::Role(external_without_id)),
    ("trust-readonly-external", Rule::Role(readonly_external)),
    ("confused-deputy", Rule::Role(confused_deputy)),
    ("oidc-sub-wide", Rule::Role(wide_subject)),
    ("federation-hygiene", Rule::Account(federation)),
    ("deleted-principal", Rule::Role(deleted_principal)),
];

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
    let who = document.into_iter().flat_map(grants).flat_map(principals);
    let mut who: Vec<String> = who.map(|who| who.to_string()).collect();
    who.sort();
    who.dedup();
    who
}

/// The statements that let somebody assume the role.
pub(crate) fn grants(document: &Document) -> impl Iterator<Item = &Statement> {
    document.statements.iter().filter(|statement| {
        let assumes = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];
        statement.effect == Effect::Allow
            && assumes.iter().any(|action| privilege::reaches_action(statement, action))
    })
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

/// Whether somebody is a person (or all people) of the own or the bastion account.
pub(crate) fn are_people(context: &Context<'_>, account: &Account, who: &Who) -> bool {
    let near = |id: AccountId| id == account.id || Some(id) == context.settings.bastion;
    match who {
        Who::Everyone => true,
        Who::Account(id) => near(*id),
        Who::Arn(arn) => arn.resource().starts_with("user/") && arn.account().is_some_and(near),
        _ => false,
    }
}

/// Whether the conditions let in roles only: `aws:PrincipalArn` must be a role's.
pub(crate) fn are_roles_only(statement: &Statement) -> bool {
    let of_role = |condition: &Condition| {
        condition.values.as_slice().iter().all(|value| value.text().contains(":role/"))
    };
    limits(&statement.conditions, &["aws:principalarn"])
        && statement
            .conditions
            .iter()
            .filter(|condition| condition.key.eq_ignore_ascii_case("aws:PrincipalArn"))
            .all(of_role)
}

/// Whether a condition key is tested in a way that a missing or foreign value fails.
fn limits(conditions: &[Condition], keys: &[&str]) -> bool {
    conditions.iter().any(|condition| {
        let key = condition.key.to_ascii_lowercase();
        let operator = condition.operator.to_ascii_lowercase();
        let positive =
            (operator.contains("equals") || operator.contains("like")) && !operator.contains("not");
        let open =
            condition.values.as_slice().iter().any(|value| value.text().bytes().all(|byte| byte == b'*'));
        let loose = operator.ends_with("ifexists") || operator.starts_with("forallvalues:");
        keys.contains(&key.as_str()) && positive && !open && !loose
    })
}

const WHOSE: [&str; 5] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourceaccount",
];

fn any(_: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let open = grants(document).any(|statement| {
        let keys = [WHOSE.as_slice(), &["sts:externalid"]].concat();
        principals(statement).contains(&Who::Everyone) && !limits(&statement.conditions, &keys)
    });
    Ok(if open { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

/// Accounts that are neither the company's nor named, with the statement that lets them in.
fn outsiders<'d>(
    context: &Context<'_>,
    document: &'d Document,
) -> Result<Vec<(AccountId, &'d Statement)>, Missing> {
    let mut found = Vec::new();
    for statement in grants(document) {
        for who in principals(statement) {
            if let Some(id) = who.account().filter(|id| !context.is_ours(*id)) {
                found.push((id, statement));
            }
        }
    }
    let named = |id: &AccountId| context.settings.trusted_accounts.contains_key(id);
    if !found.iter().all(|(id, _)| named(id)) {
        // without the organization's list, a foreign account may well be a sister
        context.estate.organization.accounts.known()?;
    }
    found.sort_by_key(|(id, _)| *id);
    Ok(found)
}

fn names(context: &Context<'_>, ids: impl Iterator<Item = AccountId>) -> Vec<String> {
    let mut names: Vec<String> = ids
        .map(|id| match context.settings.trusted_accounts.get(&id) {
            Some(name) => format!("{id} ({name})"),
            None => id.to_string(),
        })
        .collect();
    names.dedup();
    names
}

fn external_without_id(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let outsiders = outsiders(context, run::document(&role.trust)?)?;
    if outsiders.is_empty() {
        return Ok(Ruling::NotApplicable);
    }
    let open = outsiders.iter().filter(|(_, statement)| {
        !limits(&statement.conditions, &["sts:externalid"]) && !mfa::asks_for_mfa(&statement.conditions)
    });
    let open = names(context, open.map(|(id, _)| *id));
    Ok(if open.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("accounts", open.into())]) })
}

/// A resource no policy names: only a grant on everything reaches it.
const ANY: &str = "arn:aws:kagimori:us-east-1:000000000000:probe";

fn readonly_external(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let outsiders = outsiders(context, run::document(&role.trust)?)?;
    let unknown: Vec<_> = outsiders
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| !context.settings.trusted_accounts.contains_key(id))
        .collect();
    if unknown.is_empty() {
        return Ok(if outsiders.is_empty() { Ruling::NotApplicable } else { Ruling::Pass });
    }
    let everything_readable = role.grants.attached.iter().any(|arn| arn.name() == "ReadOnlyAccess");
    let may = |action: &str| context.privileges.may(role.arn.as_str(), action, ANY).map_err(Missing);
    let writes = ["s3:PutObject", "ec2:RunInstances", "iam:PutRolePolicy", "lambda:UpdateFunctionCode"];
    let mut reach = everything_readable.then_some("ReadOnlyAccess");
    if reach.is_none() && may("s3:GetObject")? {
        reach = Some("s3:GetObject on everything");
    }
    for action in writes {
        if may(action)? {
            reach = Some("write access");
        }
    }
    Ok(match reach {
        Some(reach) => {
            let accounts = names(context, unknown.into_iter());
            Ruling::Fail(vec![("accounts", accounts.into()), ("reach", reach.into())])
        }
        None => Ruling::Pass,
    })
}

/// Services that call with `aws:SourceArn`/`aws:SourceAccount`; compute services assume roles of their own account.
///
/// IAM User Guide, `confused-deputy` ("Cross-service confused deputy prevention").
const DEPUTIES: [&str; 18] = [
    "cloudtrail",
    "config",
    "sns",
    "s3",
    "logs",
    "events",
    "scheduler",
    "backup",
    "glue",
    "sagemaker",
    "bedrock",
    "firehose",
    "dms",
    "transfer",
    "states",
    "ses",
    "guardduty",
    "access-analyzer",
];

fn confused_deputy(_: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let keys = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];
    let (mut asked, mut open) = (false, Vec::new());
    for statement in grants(document) {
        for who in principals(statement) {
            let Who::Service(service) = who else { continue };
            let name = service.split('.').next().unwrap_or_default();
            if DEPUTIES.contains(&name) {
                asked = true;
                if !limits(&statement.conditions, &keys) {
                    open.push(service);
                }
            }
        }
    }
    open.sort();
    open.dedup();
    Ok(match (asked, open.is_empty()) {
        (false, _) => Ruling::NotApplicable,
        (true, true) => Ruling::Pass,
        (true, false) => Ruling::Fail(vec![("services", open.into())]),
    })
}

/// An OIDC provider of a CI or cloud vendor serves everybody: only `sub` tells whose job it is.
const SHARED_PROVIDERS: [&str; 5] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "accounts.google.com",
    "app.terraform.io",
    "oidc.circleci.com",
];

fn wide_subject(_: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let (mut asked, mut wide) = (false, Vec::new());
    for statement in grants(document) {
        for who in principals(statement) {
            let Who::Federated(provider) = who else { continue };
            let Some(host) = SHARED_PROVIDERS.iter().find(|host| provider.contains(**host)) else { continue };
            asked = true;
            if let Some(why) = why_wide(&statement.conditions, host) {
                wide.push(why);
            }
        }
    }
    Ok(match (asked, wide.is_empty()) {
        (false, _) => Ruling::NotApplicable,
        (true, true) => Ruling::Pass,
        (true, false) => Ruling::Fail(vec![("subject", wide.join(", ").into())]),
    })
}

/// Why the `sub` of a provider is not narrow; `None` when it is. Google's `sub` is an account number, `aud` its like.
fn why_wide(conditions: &[Condition], host: &str) -> Option<String> {
    let is_subject = |condition: &&Condition| {
        let key = condition.key.to_ascii_lowercase();
        let operator = condition.operator.to_ascii_lowercase();
        let narrow = [":sub", ":oaud"].iter().any(|claim| key == format!("{host}{claim}"));
        narrow && !operator.contains("not") && !operator.ends_with("ifexists")
    };
    let subjects: Vec<&str> = conditions
        .iter()
        .filter(is_subject)
        .flat_map(|condition| condition.values.as_slice().iter().map(|value| value.text()))
        .collect();
    if subjects.is_empty() {
        return Some(format!("{host} without sub"));
    }
    // `repo:*` or `repo:org*`: the organization's name itself is a pattern; `repo:org/*` stays within one
    let wide = |subject: &&&str| {
        let owner = subject.split('/').next().unwrap_or_default();
        owner.contains('*') || owner.contains('?')
    };
    subjects.iter().find(wide).map(|subject| (*subject).to_owned())
}

/// INFO: people come through no identity provider at all.
fn federation(_: &Context<'_>, account: &Account) -> Judged {
    account.listing(kagimori_estate::model::Listing::Roles).known()?;
    let reserved =
        account.roles.values().any(|role| role.path.starts_with("/aws-reserved/sso.amazonaws.com/"));
    let saml = account.roles.values().any(|role| {
        let document = role.trust.document.as_ref().ok();
        document
            .into_iter()
            .flat_map(grants)
            .flat_map(principals)
            .any(|who| matches!(who, Who::Federated(provider) if provider.contains(":saml-provider/")))
    });
    if reserved || saml {
        return Ok(Ruling::Pass);
    }
    let providers = account.saml_providers.known()?;
    if !providers.is_empty() {
        return Ok(Ruling::Pass);
    }
    let mut console = 0_usize;
    for user in account.users.values() {
        console += usize::from(*user.report.known()?.password_enabled.known()?);
    }
    if console == 0 {
        return Ok(Ruling::NotApplicable);
    }
    Ok(Ruling::Info(vec![("count", console.into())]))
}

fn deleted_principal(_: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let mut gone: Vec<String> = document
        .statements
        .iter()
        .flat_map(principals)
        .filter_map(|who| match who {
            Who::Deleted(id) => Some(id),
            _ => None,
        })
        .collect();
    gone.sort();
    gone.dedup();
    Ok(if gone.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("ids", gone.into())]) })
}
