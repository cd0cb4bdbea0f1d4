//! Users, groups, roles and policies of an account, from all the answers that speak of them.
//!
//! A user of the report that the authorization details no longer have was deleted in between: it is listed apart. A
//! user whose creation the two tell differently was deleted and made anew: the report speaks of the old one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::access_keys::ListedKey;
use super::assemble::{Given, Sourced};
use super::authorization_details::UserRecord;
use super::credential_report::{Report, Row};
use super::entities::Entities;
use super::key_merge::{Keys, keys};
use super::part::Content;
use super::report_row::place;
use crate::fact::{Dataset, Gap, GapReason, Known, Source, SourceId};
use crate::id::{AccessKeyId, Arn};
use crate::model::{
    Account, CredentialReportRow, LastUse, MfaDevice, ServiceSpecificCredential, SshPublicKey, User,
};

/// Everything that is told by user, taken apart by user as the users are made.
#[derive(Debug)]
pub(super) struct Users {
    report: BTreeMap<String, Row>,
    report_source: Known<()>,
    keys: PerUser<ListedKey>,
    key_uses: BTreeMap<AccessKeyId, Known<LastUse>>,
    mfa_devices: PerUser<MfaDevice>,
    service_specific: PerUser<ServiceSpecificCredential>,
    ssh: PerUser<SshPublicKey>,
    /// Whether the keys are known to have been listed after the report was made.
    keys_are_later: bool,
}

/// The entries of a list that is asked for user by user.
#[derive(Debug)]
struct PerUser<T> {
    by_user: BTreeMap<String, (SourceId, Vec<T>)>,
    /// Of users that no answer names: known means that they have none.
    others: Known<()>,
}

impl Users {
    /// Fills in the account's users, groups, roles and policies.
    pub(super) fn merge(
        account: &mut Account,
        entities: Entities,
        given: &mut Given,
        sources: &[Source],
        as_of: Option<Timestamp>,
    ) {
        let details_gap = given.gap(Dataset::AuthorizationDetails);
        let details_known =
            account.dataset(Dataset::AuthorizationDetails).value().is_some() && !entities.truncated;
        let max_sessions = max_sessions(given);
        let roles_gap = given.gap(Dataset::Roles);
        let mut users = Self::of(account, given, &entities, sources, as_of);
        for (name, (record, source)) in entities.users {
            let user = users.user(record, source);
            account.users.insert(name, user);
        }
        for (name, row) in std::mem::take(&mut users.report) {
            let sound = matches!(row, Row::Sound(_));
            if details_known && sound {
                account.deleted_users.push(name);
            } else if let (false, Some(arn)) = (details_known, row.arn().cloned()) {
                let reason = match &details_gap.reason {
                    GapReason::NotGiven if entities.truncated => GapReason::Damaged,
                    reason => reason.clone(),
                };
                let gap = Gap { dataset: Dataset::AuthorizationDetails, reason };
                let user = users.of_report(&name, arn, row, gap);
                account.users.insert(name, user);
            }
        }
        for (name, (mut group, source)) in entities.groups {
            group.source = source;
            account.groups.insert(name, group);
        }
        for (name, (mut role, source)) in entities.roles {
            role.source = source;
            role.last_used.place(source);
            role.max_session_seconds = match max_sessions.get(&name) {
                Some(known) => known.clone(),
                None if roles_gap.reason != GapReason::NotGiven || max_sessions.is_empty() => {
                    Known::Unknown(roles_gap.clone())
                }
                None => Known::field_absent(Dataset::Roles, "MaxSessionDuration"),
            };
            account.roles.insert(name, role);
        }
        for (arn, (mut policy, source)) in entities.policies {
            policy.source = source;
            account.policies.insert(arn, policy);
        }
    }

    fn of(
        account: &mut Account,
        given: &mut Given,
        entities: &Entities,
        sources: &[Source],
        as_of: Option<Timestamp>,
    ) -> Self {
        let report_source = account.dataset(Dataset::CredentialReport);
        let report_gap = given.gap(Dataset::CredentialReport);
        let (report, root, source) = report(given);
        account.root.report = known_row(root, &report_source, &report_gap);
        let names: BTreeSet<&String> = entities.users.keys().chain(report.keys()).collect();
        let user_count = if entities.users.is_empty() { names.len() } else { entities.users.len() };
        let generated =
            source.and_then(|source| sources.get(source.0 as usize)).and_then(|source| source.as_of);
        Self {
            keys: per_user(given, Dataset::AccessKeys, user_count, |content| match content {
                Content::AccessKeys(keys) => (keys, false),
                _ => (Vec::new(), false),
            }),
            key_uses: key_uses(given),
            mfa_devices: per_user(given, Dataset::MfaDevices, user_count, |content| match content {
                Content::MfaDevices(devices) => (devices, false),
                _ => (Vec::new(), false),
            }),
            service_specific: per_user(given, Dataset::ServiceSpecificCredentials, user_count, |content| {
                match content {
                    Content::ServiceSpecific(read) => (read.credentials, read.of_all_users),
                    _ => (Vec::new(), false),
                }
            }),
            ssh: per_user(given, Dataset::SshPublicKeys, user_count, |content| match content {
                Content::SshPublicKeys(keys) => (keys, false),
                _ => (Vec::new(), false),
            }),
            keys_are_later: generated.zip(as_of).is_some_and(|(generated, as_of)| generated <= as_of),
            report,
            report_source,
        }
    }

    fn user(&mut self, record: UserRecord, source: SourceId) -> User {
        let gap = Gap { dataset: Dataset::CredentialReport, reason: GapReason::NotGiven };
        let gap = self.report_source.gap().cloned().unwrap_or(gap);
        let mut report = known_row(self.report.remove(&record.name), &self.report_source, &gap);
        let told = report.value().and_then(|row| row.created.value()).map(|at| at.as_second());
        let remade = told.zip(record.created).is_some_and(|(told, created)| told != created.as_second());
        if remade {
            let reason = GapReason::Contradiction("when the user was created".to_owned());
            report = Known::Unknown(Gap { dataset: Dataset::CredentialReport, reason });
        }
        let created = match record.created {
            Some(created) => Known::new(created, source),
            None => Known::field_absent(Dataset::AuthorizationDetails, "CreateDate"),
        };
        let details = Known::new(record.details, source);
        self.credentials(record.name, record.arn, created, details, report)
    }

    /// A user that only the report speaks of.
    fn of_report(&mut self, name: &str, arn: Arn, row: Row, gap: Gap) -> User {
        let report = known_row(Some(row), &self.report_source, &gap);
        let created = match &report {
            Known::Known(row) => row.value.created.clone(),
            Known::Unknown(gap) => Known::Unknown(gap.clone()),
        };
        self.credentials(name.to_owned(), arn, created, Known::Unknown(gap), report)
    }

    fn credentials(
        &mut self,
        name: String,
        arn: Arn,
        created: Known<Timestamp>,
        details: Known<crate::model::UserDetails>,
        report: Known<CredentialReportRow>,
    ) -> User {
        let listed = self.keys.of(&name);
        let access_keys = keys(&Keys {
            listed: &listed,
            report: &report,
            uses: &self.key_uses,
            listed_later: self.keys_are_later,
        });
        User {
            arn,
            created,
            details,
            access_keys,
            mfa_devices: self.mfa_devices.of(&name),
            service_specific_credentials: self.service_specific.of(&name),
            ssh_public_keys: self.ssh.of(&name),
            report,
            name,
        }
    }
}

impl<T> PerUser<T> {
    fn of(&mut self, name: &str) -> Known<Vec<T>> {
        match self.by_user.remove(name) {
            Some((source, entries)) => Known::new(entries, source),
            None => self.others.map(|()| Vec::new()),
        }
    }
}

/// The rows of the last report, and root's.
fn report(given: &mut Given) -> (BTreeMap<String, Row>, Option<Row>, Option<SourceId>) {
    let last = given.take(Dataset::CredentialReport).into_iter().next_back();
    match last {
        Some(Sourced { source, content: Content::Report(mut report), .. }) => {
            let Report { users, root, .. } = report.as_mut();
            for row in users.values_mut().chain(root) {
                if let Row::Sound(row) = row {
                    place(row, source);
                }
            }
            (report.users, report.root, Some(source))
        }
        _ => (BTreeMap::new(), None, None),
    }
}

fn known_row(row: Option<Row>, report: &Known<()>, gap: &Gap) -> Known<CredentialReportRow> {
    let Some(source) = report.fact().map(|fact| fact.source) else { return Known::Unknown(gap.clone()) };
    let dataset = Dataset::CredentialReport;
    match row {
        Some(Row::Sound(row)) => Known::new(row, source),
        Some(Row::Damaged(_)) => Known::Unknown(Gap { dataset, reason: GapReason::Damaged }),
        Some(Row::Contradicting(_)) => {
            let reason = GapReason::Contradiction("the user".to_owned());
            Known::Unknown(Gap { dataset, reason })
        }
        None => Known::field_absent(dataset, "user"),
    }
}

/// Joins the answers that were asked for user by user.
///
/// An empty answer does not say whose it is. When there are at least as many answers as users, every user was asked
/// for and those without an entry have none; else nothing is said of them.
fn per_user<T>(
    given: &mut Given,
    dataset: Dataset,
    user_count: usize,
    entries: impl Fn(Content) -> (Vec<(String, T)>, bool),
) -> PerUser<T> {
    let gap = given.gap(dataset);
    let answers = given.take(dataset);
    let mut by_user: BTreeMap<String, (SourceId, Vec<T>)> = BTreeMap::new();
    let (mut empty, mut complete, mut truncated, mut first) = (0, false, false, None);
    for answer in answers {
        first = first.or(Some(answer.source));
        let (entries, of_all_users) = entries(answer.content);
        complete |= of_all_users && !answer.truncated;
        truncated |= answer.truncated;
        empty += usize::from(entries.is_empty());
        for (user, entry) in entries {
            by_user.entry(user).or_insert_with(|| (answer.source, Vec::new())).1.push(entry);
        }
    }
    let whole = gap.reason == GapReason::NotGiven && !truncated;
    let others = match first {
        Some(source) if complete || (whole && empty + by_user.len() >= user_count) => Known::new((), source),
        Some(_) if gap.reason == GapReason::NotGiven => Known::field_absent(dataset, "UserName"),
        _ => Known::Unknown(gap),
    };
    PerUser { by_user, others }
}

fn key_uses(given: &mut Given) -> BTreeMap<AccessKeyId, Known<LastUse>> {
    let uses = given.take(Dataset::AccessKeyLastUsed).into_iter();
    uses.filter_map(|answer| match answer.content {
        Content::KeyUse(key_use) => Some((key_use.id, Known::new(key_use.last_used, answer.source))),
        _ => None,
    })
    .collect()
}

fn max_sessions(given: &mut Given) -> BTreeMap<String, Known<u32>> {
    let mut sessions = BTreeMap::new();
    for answer in given.take(Dataset::Roles) {
        let Content::Roles(roles) = answer.content else { continue };
        for role in roles {
            let known = match role.max_session_seconds {
                Some(seconds) => Known::new(seconds, answer.source),
                None => Known::field_absent(Dataset::Roles, "MaxSessionDuration"),
            };
            sessions.insert(role.name, known);
        }
    }
    sessions
}
