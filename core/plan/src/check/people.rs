//! Through which trust people come, and which account they come from: decided from the estate for every account, whatever the
//! settings say of a bastion.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Estate;
use kagimori_estate::fact::{Dataset, Gap};
use kagimori_estate::model::{Account, Listing, Role};
use kagimori_id::AccountId;
use kagimori_policy::document::{Condition, Statement};

use super::admitted::{Who, admitted, grants, limits};
use super::{Context, Missing};
use crate::settings::Settings;

/// Whether somebody whom a statement lets in is a person, or an account where people are: the own, the bastion, or another one
/// of the company that has IAM users.
///
/// IAM User Guide, `id_credentials_mfa_configure-api-require`: trust in an account lets in its users with and without MFA.
pub(super) fn are_people(
    context: &Context<'_>,
    account: &Account,
    statement: &Statement,
    who: &Who,
) -> Result<bool, Missing> {
    match who {
        Who::Everyone => Ok(true),
        Who::Organization(id) => {
            Ok(context.estate.organization.id.value().is_none_or(|organization| organization == id))
        }
        Who::Account(id) if *id == account.id || Some(*id) == context.settings.bastion => Ok(true),
        Who::Account(id) => Ok(is_sister(context, statement, *id)? && has_users(context, *id)?),
        Who::Arn(arn) if arn.resource().starts_with("user/") => match arn.account() {
            Some(id) => Ok(id == account.id || is_sister(context, statement, id)?),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

/// Whether an account is the company's. Without the organization's list a foreign account may well be a sister, unless it is
/// asked for an external id, as vendors are.
fn is_sister(context: &Context<'_>, statement: &Statement, id: AccountId) -> Result<bool, Missing> {
    if context.is_ours(id) || Some(id) == context.settings.bastion {
        return Ok(true);
    }
    let vendor = context.settings.trusted_accounts.contains_key(&id)
        || limits(&statement.conditions, &["sts:externalid"]);
    if !vendor {
        context.estate.organization.accounts.known()?;
    }
    Ok(false)
}

fn has_users(context: &Context<'_>, id: AccountId) -> Result<bool, Missing> {
    let Some(account) = context.estate.accounts.get(&id) else { return Ok(true) };
    let (details, report) = (account.listing(Listing::Users), account.dataset(Dataset::CredentialReport));
    match (account.users.is_empty(), details.gap(), report.gap()) {
        (false, ..) => Ok(true),
        (true, Some(gap), Some(_)) => Err(gap.into()),
        (true, ..) => Ok(false),
    }
}

/// Whether the conditions let in roles only: `aws:PrincipalArn` must be a role's.
pub(super) fn are_roles_only(statement: &Statement) -> bool {
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

/// Which accounts people sign in to in order to leave (S0): the one the settings name; where they name none, those whose people
/// at least half of the other accounts let in.
#[derive(Debug)]
pub(crate) struct Bastions(BTreeMap<AccountId, Result<bool, Gap>>);

impl Bastions {
    /// Looks at every role of every account, once.
    pub(crate) fn of(estate: &Estate, settings: &Settings) -> Self {
        let accounts = &estate.accounts;
        if let Some(bastion) = settings.bastion {
            return Self(accounts.keys().map(|id| (*id, Ok(*id == bastion))).collect());
        }
        let letting_in: BTreeMap<AccountId, BTreeSet<AccountId>> =
            accounts.values().map(|account| (account.id, let_in(account))).collect();
        let acts = |account: &Account| (account.id, acts(estate, account.id, &letting_in));
        Self(accounts.values().map(acts).collect())
    }

    pub(super) fn is_bastion(&self, id: AccountId) -> Result<bool, Missing> {
        match self.0.get(&id) {
            Some(Ok(is)) => Ok(*is),
            Some(Err(gap)) => Err(gap.into()),
            None => Ok(false),
        }
    }
}

/// An account whose roles are not known may or may not let its people in: what is missing changes no answer, it hides it.
fn acts(
    estate: &Estate,
    id: AccountId,
    letting_in: &BTreeMap<AccountId, BTreeSet<AccountId>>,
) -> Result<bool, Gap> {
    let others = estate.accounts.values().filter(|other| other.id != id);
    let (mut all, mut certain, mut hidden) = (0_usize, 0_usize, Vec::new());
    for other in others {
        all += 1;
        if letting_in.get(&other.id).is_some_and(|accounts| accounts.contains(&id)) {
            certain += 1;
        } else {
            hidden.extend(other.listing(Listing::Roles).gap().cloned());
        }
    }
    let is_half = |count: usize| count > 0 && count * 2 >= all;
    match hidden.first() {
        _ if is_half(certain) => Ok(true),
        Some(gap) if is_half(certain + hidden.len()) => Err(gap.clone()),
        _ => Ok(false),
    }
}

/// The other accounts whose people the roles of an account let in.
fn let_in(account: &Account) -> BTreeSet<AccountId> {
    account.roles.values().flat_map(of_role).filter(|id| *id != account.id).collect()
}

fn of_role(role: &Role) -> Vec<AccountId> {
    let statements = role.trust.document.as_ref().ok().into_iter().flat_map(grants);
    let people =
        statements.filter(|statement| !are_roles_only(statement)).flat_map(|statement| admitted(&statement));
    people
        .filter_map(|who| match who {
            Who::Account(id) => Some(id),
            Who::Arn(arn) if arn.resource().starts_with("user/") => arn.account(),
            _ => None,
        })
        .collect()
}
