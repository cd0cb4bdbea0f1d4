//! The tables beside the verdicts: accounts, credentials, roles, and what was not given.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::center;
use kagimori_estate::fact::{Dataset, Gap, GapReason, Known};
use kagimori_estate::model::{AccessKey, Account, CredentialReportRow, LastUse, Listing, Role, User};
use kagimori_id::AccountId;
use kagimori_trail::usage::{Activity, KeyUsage, Places};

use super::{AccountRow, AccountState, CredentialRow, KeyCells, KeyEvidence, Review, RoleRow, Tally};
use crate::check::{Context, ROOT, tag_value, trusted};
use crate::verdict::Outcome;

/// How many places or services a row shows.
const SHOWN_MAX: usize = 5;

/// How far each account could be reviewed.
pub(super) fn states(estate: &Estate) -> BTreeMap<AccountId, AccountState> {
    let listed = estate.organization.accounts.value().map(Vec::as_slice).unwrap_or_default();
    let inactive: BTreeSet<AccountId> =
        listed.iter().filter(|account| account.status != "ACTIVE").map(|account| account.id).collect();
    let state = |account: &Account| {
        let own = || {
            account.datasets.iter().filter(|(dataset, _)| is_of_account(**dataset)).map(|(_, known)| known)
        };
        let given = own().any(|known| known.value().is_some());
        let broken = own().filter_map(Known::gap).any(|gap| is_broken(&gap.reason))
            || estate.problems.iter().any(|problem| problem.account == Some(account.id));
        match (given, broken) {
            (true, false) => AccountState::Ok,
            (true, true) => AccountState::Partial,
            (false, _) if inactive.contains(&account.id) => AccountState::Skipped,
            (false, true) => AccountState::Failed,
            (false, false) => AccountState::NotGiven,
        }
    };
    estate.accounts.values().map(|account| (account.id, state(account))).collect()
}

fn is_broken(reason: &GapReason) -> bool {
    matches!(
        reason,
        GapReason::Denied(_) | GapReason::Unanswered(_) | GapReason::Damaged | GapReason::Truncated
    )
}

fn name(context: &Context<'_>, account: &Account) -> Option<String> {
    let listed = context.estate.organization.accounts.value();
    let listed = listed.and_then(|all| all.iter().find(|listed| listed.id == account.id));
    context
        .settings
        .account_name(account.id)
        .map(str::to_owned)
        .or_else(|| listed.map(|listed| listed.name.clone()))
        .or_else(|| account.alias.value().cloned().flatten())
}

/// One row per account. Counts of the checks come from the review, so that both tell the same.
pub(super) fn accounts(
    context: &Context<'_>,
    states: &BTreeMap<AccountId, AccountState>,
    review: &Review,
) -> Vec<AccountRow> {
    let mut failures: BTreeMap<AccountId, BTreeMap<_, usize>> = BTreeMap::new();
    for verdict in review.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Fail) {
        *failures.entry(verdict.resource.account).or_default().entry(verdict.severity()).or_default() += 1;
    }
    let row = |account: &Account| {
        let roles = account.listing(Listing::Roles);
        let state = states.get(&account.id).copied().unwrap_or(AccountState::NotGiven);
        let is_reviewed = !matches!(state, AccountState::Skipped | AccountState::NotGiven);
        let population =
            |check| is_reviewed.then(|| mfa_missing(review.tallies.get(&(check, account.id)))).flatten();
        AccountRow {
            id: account.id,
            name: name(context, account),
            state,
            failures: failures.remove(&account.id).unwrap_or_default(),
            users: knows_users(account).then_some(account.users.len()),
            active_keys: active_keys(account),
            roles: roles.value().map(|()| account.roles.len()),
            mfa_missing: ["mfa-console-user", "mfa-every-user", "mfa-privileged-user"].map(population),
            datasets: account.datasets.clone(),
            events: context
                .usage
                .map(|usage| usage.coverage.get(&account.id).map_or(0, |covered| covered.events)),
        }
    };
    context.estate.accounts.values().map(row).collect()
}

/// A population is a number only when nobody in it is unknown.
fn mfa_missing(tally: Option<&Tally>) -> Option<usize> {
    match tally {
        None => Some(0),
        Some(tally) if tally.unknown == 0 => Some(tally.fail + tally.waived),
        Some(_) => None,
    }
}

fn knows_users(account: &Account) -> bool {
    [account.listing(Listing::Users), account.dataset(Dataset::CredentialReport)]
        .iter()
        .any(|known| known.value().is_some())
}

fn active_keys(account: &Account) -> Option<usize> {
    if !knows_users(account) {
        return None;
    }
    let mut active = 0;
    for user in account.users.values() {
        for key in user.access_keys.value()? {
            active += usize::from(*key.active.value()?);
        }
    }
    Some(active)
}

/// One row per user and key, root included.
pub(super) fn credentials(context: &Context<'_>, accounts: &[&Account]) -> Vec<CredentialRow> {
    let mut rows = Vec::new();
    for account in accounts {
        let account_name = name(context, account);
        if let Some(row) = account.root.report.value() {
            rows.extend(root_rows(account, account_name.as_ref(), row));
        }
        for user in account.users.values() {
            rows.extend(user_rows(context, account, account_name.as_ref(), user));
        }
    }
    rows
}

fn root_rows(account: &Account, name: Option<&String>, report: &CredentialReportRow) -> Vec<CredentialRow> {
    let row = CredentialRow {
        account: account.id,
        account_name: name.cloned(),
        user: ROOT.to_owned(),
        arn: report.arn.clone(),
        owner: None,
        created: report.created.value().copied(),
        password_enabled: report.password_enabled.value().copied(),
        password_last_used: report.password_last_used.value().map(instant),
        password_last_changed: report.password_last_changed.value().copied().flatten(),
        mfa_active: report.mfa_active.value().copied(),
        privileged: Some(true),
        key: None,
    };
    let keys =
        (1..).zip(&report.keys).filter(|(_, slot)| slot.last_rotated.value().is_some_and(Option::is_some));
    let keys = keys.map(|(number, slot)| KeyCells {
        id: None,
        slot: Some(number),
        active: slot.active.value().copied(),
        created: slot.last_rotated.value().copied().flatten(),
        last_used: slot.last_used.value().map(instant),
        last_used_service: slot.last_used.value().and_then(service),
        usage: None,
    });
    with_keys(row, keys.collect())
}

fn user_rows(
    context: &Context<'_>,
    account: &Account,
    name: Option<&String>,
    user: &User,
) -> Vec<CredentialRow> {
    let report = user.report.value();
    let tags = user.details.value().map(|details| &details.tags);
    let owner = tags.and_then(|tags| tag_value(tags, &context.settings.owners.owner_tags));
    let row = CredentialRow {
        account: account.id,
        account_name: name.cloned(),
        user: user.name.clone(),
        arn: user.arn.clone(),
        owner: owner.map(str::to_owned),
        created: user.created.value().copied(),
        password_enabled: report.and_then(|row| row.password_enabled.value().copied()),
        password_last_used: report.and_then(|row| row.password_last_used.value()).map(instant),
        password_last_changed: report.and_then(|row| row.password_last_changed.value().copied().flatten()),
        mfa_active: report.and_then(|row| row.mfa_active.value().copied()),
        privileged: context.privileges.user(account.id, &user.name).ok().map(|power| power.administrator),
        key: None,
    };
    let keys = user.access_keys.value().into_iter().flatten().map(|key| key_cells(context, account, key));
    with_keys(row, keys.collect())
}

fn with_keys(row: CredentialRow, keys: Vec<KeyCells>) -> Vec<CredentialRow> {
    if keys.is_empty() {
        return vec![row];
    }
    keys.into_iter().map(|key| CredentialRow { key: Some(key), ..row.clone() }).collect()
}

fn key_cells(context: &Context<'_>, account: &Account, key: &AccessKey) -> KeyCells {
    let usage = key.id.as_ref().and_then(|id| context.usage?.keys.get(id));
    KeyCells {
        id: key.id.clone(),
        slot: key.slot,
        active: key.active.value().copied(),
        created: key.created.value().copied(),
        last_used: key.last_used.value().map(instant),
        last_used_service: key.last_used.value().and_then(service),
        usage: usage.map(|usage| evidence(context, account, key, usage)),
    }
}

fn instant(last: &LastUse) -> Option<Timestamp> {
    match last {
        LastUse::Never => None,
        LastUse::At { at, .. } => Some(*at),
    }
}

fn service(last: &LastUse) -> Option<String> {
    match last {
        LastUse::Never => None,
        LastUse::At { service, .. } => service.clone(),
    }
}

fn evidence(context: &Context<'_>, account: &Account, key: &AccessKey, used: &KeyUsage) -> KeyEvidence {
    let activity = &used.activity;
    let mut callers: Vec<_> = activity.callers.iter().map(|(kind, seen)| (*kind, seen.calls)).collect();
    callers.sort_by_key(|(kind, calls)| (std::cmp::Reverse(*calls), *kind));
    KeyEvidence {
        class: context.key_class(account.id, key, activity).class,
        first: activity.first,
        last: activity.last,
        calls: activity.calls,
        succeeded: activity.succeeded,
        callers,
        addresses: top(places(&activity.addresses)),
        address_count: activity.addresses.seen.len(),
        services: top(services(activity)),
        daily: daily(context, account.id, activity),
    }
}

fn places(places: &Places) -> BTreeMap<String, u64> {
    places.seen.iter().map(|(place, seen)| (place.clone(), seen.calls)).collect()
}

fn services(activity: &Activity) -> BTreeMap<String, u64> {
    let mut services = BTreeMap::new();
    for (action, used) in &activity.actions {
        *services.entry(action.service.clone()).or_default() += used.calls;
    }
    services
}

/// The most frequent, by count and then by name.
fn top(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    counts.truncate(SHOWN_MAX);
    counts
}

/// Calls per day over the account's window, the last 90 days at most.
fn daily(context: &Context<'_>, account: AccountId, activity: &Activity) -> Vec<u32> {
    const DAYS_MAX: i32 = 90;
    let Some(covered) = context.usage.and_then(|usage| usage.coverage.get(&account)) else {
        return Vec::new();
    };
    let day = |at: Timestamp| i32::try_from(at.as_second().div_euclid(86_400)).unwrap_or_default();
    let last = day(covered.last);
    let first = day(covered.first).max(last - DAYS_MAX + 1);
    (first..=last).map(|day| activity.days.get(&day).copied().unwrap_or_default()).collect()
}

/// One row per role.
pub(super) fn roles(context: &Context<'_>, accounts: &[&Account]) -> Vec<RoleRow> {
    let mut rows = Vec::new();
    for account in accounts {
        let account_name = name(context, account);
        rows.extend(
            account.roles.values().map(|role| role_row(context, account, account_name.as_ref(), role)),
        );
    }
    rows
}

fn role_row(context: &Context<'_>, account: &Account, name: Option<&String>, role: &Role) -> RoleRow {
    let power = context.privileges.role(account.id, &role.name).ok();
    RoleRow {
        account: account.id,
        account_name: name.cloned(),
        name: role.name.clone(),
        arn: role.arn.clone(),
        created: role.created,
        last_used: role.last_used.value().map(|used| used.as_ref().map(|used| used.at)),
        owner: tag_value(&role.tags, &context.settings.owners.owner_tags).map(str::to_owned),
        trusted: admitted(context, account, role),
        privileged: power.map(|power| power.administrator),
        calls: context.usage.map(|usage| usage.of_role(&role.arn).map(|activity| activity.calls).sum()),
    }
}

/// Who may assume a role; of a role of Identity Center also whom that lets in, where anything of it was given.
fn admitted(context: &Context<'_>, account: &Account, role: &Role) -> Vec<String> {
    let mut told = trusted(role);
    let is_of_center = role.path.starts_with(center::ROLES_PATH) && context.estate.identity_center.is_given();
    if let Some(comers) = is_of_center.then(|| context.estate.comers(account.id, &role.name)).flatten() {
        told.extend(comers.words().into_iter().map(|who| format!("Identity Center {who}")));
    }
    told
}

/// Datasets that nobody gave, with how many of the reviewed accounts lack them; only those some check asks for.
pub(super) fn not_given(accounts: &[&Account], has_trail: bool) -> BTreeMap<Dataset, usize> {
    let asked: BTreeSet<Dataset> =
        crate::check::catalogue().iter().flat_map(|check| check.data.clone()).collect();
    let mut lacking = BTreeMap::new();
    for account in accounts {
        for (dataset, known) in &account.datasets {
            let absent = known.gap().is_some_and(|Gap { reason, .. }| *reason == GapReason::NotGiven);
            if absent && asked.contains(dataset) && is_of_account(*dataset) {
                *lacking.entry(*dataset).or_default() += 1;
            }
        }
    }
    if !has_trail {
        lacking.insert(Dataset::Trail, accounts.len());
    }
    lacking
}

fn is_of_account(dataset: Dataset) -> bool {
    !matches!(
        dataset,
        Dataset::Trail
            | Dataset::Organization
            | Dataset::OrganizationAccounts
            | Dataset::OrganizationPolicies
            | Dataset::OrganizationTree
            | Dataset::OrganizationFeatures
            | Dataset::IdentityCenter
            | Dataset::PermissionSets
            | Dataset::AccountAssignments
            | Dataset::CenterUsers
            | Dataset::CenterGroups
            | Dataset::GroupMemberships
            | Dataset::ResourcePolicies
            | Dataset::LastAccessed
    )
}
