//! Trust policies: who may become a role.
//!
//! IAM User Guide, `reference_policies_elements_principal` and `id_roles_create_for-user_externalid`.

use kagimori_estate::model::{Account, Role};
use kagimori_id::AccountId;
use kagimori_id::arn::padded_parts;
use kagimori_policy::document::{Condition, Document, Statement};

use super::admitted::{Who, admitted, compares, grants, limits, principals};
use super::{Context, Judged, Missing, Rule, Ruling, mfa, run};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("trust-any", Rule::Role(any)),
    ("trust-star-condition", Rule::Role(star_by_condition)),
    ("trust-external-no-extid", Rule::Role(external_without_id)),
    ("trust-readonly-external", Rule::Role(readonly_external)),
    ("confused-deputy", Rule::Role(confused_deputy)),
    ("deleted-principal", Rule::Role(deleted_principal)),
];

fn any(_: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    // an external id is no secret and no limit: whoever learns it is let in (`id_roles_common-scenarios_third-party`)
    let open = grants(document).flat_map(|statement| admitted(&statement)).any(|who| who == Who::Everyone);
    Ok(if open { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

/// `*` that only a condition keeps to another account: one edit of the condition lets in everybody.
///
/// IAM User Guide, `reference_policies_elements_principal` ("we strongly recommend that you do not use a wildcard … especially
/// for IAM role trust policies").
fn star_by_condition(_: &Context<'_>, account: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let stars = grants(document).filter(|statement| principals(statement).contains(&Who::Everyone));
    let foreign = |who: &Who| who.account().is_some_and(|id| id != account.id);
    let mut named: Vec<String> =
        stars.flat_map(|statement| admitted(&statement)).filter(foreign).map(|who| who.to_string()).collect();
    named.sort();
    named.dedup();
    Ok(if named.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("principals", named.into())]) })
}

/// Somebody who is not of the company, with the statement that lets them in.
struct Outsider {
    who: Who,
    statement: Statement,
}

impl Outsider {
    /// Whether the settings name it as somebody the company trusts.
    fn is_trusted(&self, context: &Context<'_>) -> bool {
        self.who.account().is_some_and(|id| context.settings.trusted_accounts.contains_key(&id))
    }
}

/// Accounts and organizations that are not the company's.
fn outsiders(context: &Context<'_>, document: &Document) -> Result<Vec<Outsider>, Missing> {
    let mut found = Vec::new();
    for statement in grants(document) {
        for who in admitted(&statement) {
            if is_outside(context, &who)? {
                found.push(Outsider { who, statement: statement.clone() });
            }
        }
    }
    let named = |outsider: &Outsider| outsider.who.account().is_none() || outsider.is_trusted(context);
    if !found.iter().all(named) {
        // without the organization's list, a foreign account may well be a sister
        context.estate.organization.accounts.known()?;
    }
    found.sort_by(|one, other| one.who.account().cmp(&other.who.account()).then(one.who.cmp(&other.who)));
    Ok(found)
}

fn is_outside(context: &Context<'_>, who: &Who) -> Result<bool, Missing> {
    Ok(match who {
        Who::Organization(id) => context.estate.organization.id.known()? != id,
        _ => who.account().is_some_and(|id| !context.is_ours(id)),
    })
}

fn names<'o>(context: &Context<'_>, outsiders: impl Iterator<Item = &'o Outsider>) -> Vec<String> {
    let trusted = &context.settings.trusted_accounts;
    let mut names: Vec<String> = outsiders
        .map(|outsider| match outsider.who.account() {
            Some(id) => trusted.get(&id).map_or_else(|| id.to_string(), |name| format!("{id} ({name})")),
            None => outsider.who.to_string(),
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
    let open = outsiders.iter().filter(|outsider| {
        let conditions = &outsider.statement.conditions;
        !limits(conditions, &["sts:externalid"]) && !mfa::asks_for_mfa(conditions)
    });
    let open = names(context, open);
    Ok(if open.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("accounts", open.into())]) })
}

/// A resource no policy names: only a grant on everything reaches it.
const ANY: &str = "arn:aws:kagimori:us-east-1:000000000000:probe";

fn readonly_external(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let outsiders = outsiders(context, run::document(&role.trust)?)?;
    let unknown: Vec<_> = outsiders.iter().filter(|outsider| !outsider.is_trusted(context)).collect();
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

/// Whether a condition says for whom a service may act: an ARN whose account is any says nothing, but of a kind that has none,
/// as buckets have.
fn names_the_source(condition: &Condition) -> bool {
    let is_named = |text: &str| match condition.key.to_ascii_lowercase().as_str() {
        "aws:sourcearn" => {
            let [.., service, _, account, resource] = padded_parts(text);
            let is_without = account.is_empty() && !resource.starts_with('*') && !service.contains('*');
            AccountId::parse(account).is_ok() || is_without
        }
        "aws:sourceaccount" => AccountId::parse(text).is_ok(),
        "aws:sourceorgid" | "aws:sourceorgpaths" => !text.split('/').next().unwrap_or_default().contains('*'),
        _ => false,
    };
    compares(condition) && condition.values.as_slice().iter().all(|value| is_named(value.text()))
}

/// Accounts, not of the company and not trusted by its settings, for whom a service may act.
fn foreign_sources(context: &Context<'_>, conditions: &[Condition]) -> Result<bool, Missing> {
    let accounts: Vec<AccountId> = conditions
        .iter()
        .filter(|condition| condition.key.eq_ignore_ascii_case("aws:SourceAccount") && compares(condition))
        .flat_map(|condition| condition.values.as_slice())
        .filter_map(|value| AccountId::parse(value.text()).ok())
        .collect();
    let is_foreign =
        |id: &AccountId| !context.is_ours(*id) && !context.settings.trusted_accounts.contains_key(id);
    if !accounts.iter().any(is_foreign) {
        return Ok(false);
    }
    context.estate.organization.accounts.known()?;
    Ok(true)
}

fn confused_deputy(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let (mut asked, mut open) = (false, Vec::new());
    for statement in grants(document) {
        for who in principals(&statement) {
            let Who::Service(service) = who else { continue };
            let name = service.split('.').next().unwrap_or_default();
            if DEPUTIES.contains(&name) {
                asked = true;
                let is_named = statement.conditions.iter().any(names_the_source);
                if !is_named || foreign_sources(context, &statement.conditions)? {
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
