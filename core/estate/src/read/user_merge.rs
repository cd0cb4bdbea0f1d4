//! Users, groups, roles and policies of an account, from all the answers that speak of them.
//!
//! Whoever any answer names is there: what the authorization details would tell of a user that they do not name is unknown,
//! not gone. A user whose creation details and report tell differently was deleted and made anew: the report speaks of the
//! old one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::access_keys::ListedKey;
use super::authorization_details::UserRecord;
use super::content::Content;
use super::credential_report::Row;
use super::entities::Entities;
use super::given::Given;
use super::key_merge::{Keys, keys};
use super::per_user::{PerUser, per_user};
use super::report_merge::{known_row, report};
use super::role_merge::Roles;
use super::service_last_accessed::Whose;
use crate::fact::{Dataset, Gap, GapReason, Known, Source, SourceId};
use crate::model::{
    Account, CredentialReportRow, LastAccessed, LastUse, Listing, MfaDevice, ServiceSpecificCredential,
    SshPublicKey, User,
};
use kagimori_id::{AccessKeyId, AccountId, Arn};

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
    accessed: BTreeMap<Whose, Known<LastAccessed>>,
    /// Whether the keys are known to have been listed after the report was made.
    keys_are_later: bool,
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
        let details = account.listing(Listing::Users);
        let roles = Roles::of(given, account);
        let mut users = Self::of(account, given, &entities, sources, as_of);
        for (name, (record, source)) in entities.users {
            let user = users.user(record, source);
            account.users.insert(name, user);
        }
        for (name, row) in std::mem::take(&mut users.report) {
            let Some(arn) = row.arn().cloned() else { continue };
            if details.value().is_some() {
                account.deleted_users.push(name.clone());
            }
            let user = users.of_report(&name, arn, row, unnamed(&details));
            account.users.insert(name, user);
        }
        for name in users.others_named() {
            if let Some(arn) = arn(account, &name).filter(|_| !account.users.contains_key(&name)) {
                let user = users.of_nobody(name.clone(), arn, unnamed(&details));
                account.users.insert(name, user);
            }
        }
        for (name, (mut group, source)) in entities.groups {
            group.source = source;
            account.groups.insert(name, group);
        }
        roles.merge(account, entities.roles, &mut users.accessed);
        for (arn, (mut policy, source)) in entities.policies {
            policy.source = source;
            policy.other_versions.place(source);
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
        let (report, root, source) = report(given, sources);
        account.root.report = known_row(root, &report_source, &report_gap);
        let names: BTreeSet<&String> = entities.users.keys().chain(report.keys()).collect();
        let user_count = names.len();
        account.root.mfa_devices = root_devices(given);
        let generated = source.and_then(|source| source.of(sources)).and_then(|source| source.as_of);
        Self {
            keys: per_user(given, Dataset::AccessKeys, user_count, |content| match content {
                Content::AccessKeys(keys) => (keys, false),
                _ => (Vec::new(), false),
            }),
            key_uses: key_uses(given),
            mfa_devices: per_user(given, Dataset::MfaDevices, user_count, |content| match content {
                Content::MfaDevices(devices) => {
                    (devices.into_iter().filter(|(_, device)| !device.is_of_root()).collect(), false)
                }
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
            accessed: accessed(given),
            keys_are_later: generated.zip(as_of).is_some_and(|(generated, as_of)| generated <= as_of),
            report,
            report_source,
        }
    }

    fn user(&mut self, record: UserRecord, source: SourceId) -> User {
        let mut report = self.row(&record.name);
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

    fn row(&mut self, name: &str) -> Known<CredentialReportRow> {
        let gap = Gap { dataset: Dataset::CredentialReport, reason: GapReason::NotGiven };
        let gap = self.report_source.gap().cloned().unwrap_or(gap);
        known_row(self.report.remove(name), &self.report_source, &gap)
    }

    /// A user that of these two only the report speaks of.
    fn of_report(&mut self, name: &str, arn: Arn, row: Row, gap: Gap) -> User {
        let report = known_row(Some(row), &self.report_source, &gap);
        let created = match &report {
            Known::Known(row) => row.value.created.clone(),
            Known::Unknown(gap) => Known::Unknown(gap.clone()),
        };
        self.credentials(name.to_owned(), arn, created, Known::Unknown(gap), report)
    }

    /// A user that neither details nor report name.
    fn of_nobody(&mut self, name: String, arn: Arn, gap: Gap) -> User {
        let report = self.row(&name);
        self.credentials(name, arn, Known::Unknown(gap.clone()), Known::Unknown(gap), report)
    }

    /// The users that are left in the lists of single credentials.
    fn others_named(&self) -> BTreeSet<String> {
        let of_accessed = self.accessed.keys().filter_map(|whose| match whose {
            Whose::User(name) => Some(name.clone()),
            Whose::Role(_) => None,
        });
        let (keys, devices) = (self.keys.names(), self.mfa_devices.names());
        let (specific, ssh) = (self.service_specific.names(), self.ssh.names());
        keys.chain(devices).chain(specific).chain(ssh).cloned().chain(of_accessed).collect()
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
        let accessed = self.accessed.remove(&Whose::User(name.clone()));
        User {
            arn,
            created,
            details,
            access_keys,
            mfa_devices: self.mfa_devices.of(&name),
            service_specific_credentials: self.service_specific.of(&name),
            ssh_public_keys: self.ssh.of(&name),
            last_accessed: accessed.unwrap_or_else(|| Known::not_given(Dataset::LastAccessed)),
            report,
            name,
        }
    }
}

/// Root's devices, each once.
fn root_devices(given: &Given) -> Vec<MfaDevice> {
    let answers = given.answers.get(&Dataset::MfaDevices).into_iter().flatten();
    let listed = answers.flat_map(|answer| match &answer.content {
        Content::MfaDevices(devices) => devices.as_slice(),
        _ => &[],
    });
    let mut devices: Vec<MfaDevice> = Vec::new();
    for (_, device) in listed.filter(|(_, device)| device.is_of_root()) {
        if !devices.contains(device) {
            devices.push(device.clone());
        }
    }
    devices
}

/// Why the details say nothing of somebody whom another answer names.
pub(super) fn unnamed(listing: &Known<()>) -> Gap {
    let reason = GapReason::Contradiction("who exists".to_owned());
    listing.gap().cloned().unwrap_or(Gap { dataset: Dataset::AuthorizationDetails, reason })
}

/// The ARN of a user of whom only the name is known; its path, if it has one, is not in it.
fn arn(account: &Account, name: &str) -> Option<Arn> {
    let users = account.users.values().map(|user| &user.arn);
    let partition = users.chain(account.roles.values().map(|role| &role.arn)).next().map(Arn::partition);
    let account: AccountId = account.id;
    Arn::parse(&format!("arn:{}:iam::{account}:user/{name}", partition.unwrap_or("aws"))).ok()
}

fn key_uses(given: &mut Given) -> BTreeMap<AccessKeyId, Known<LastUse>> {
    let mut uses: BTreeMap<AccessKeyId, Known<LastUse>> = BTreeMap::new();
    let at = |last_use: &LastUse| match last_use {
        LastUse::At { at, .. } => Some(*at),
        LastUse::Never => None,
    };
    for answer in given.take(Dataset::AccessKeyLastUsed) {
        let Content::KeyUse(told) = answer.content else { continue };
        // a last use only moves on: of two the later one is the newer
        let before = uses.get(&told.id).and_then(Known::value).and_then(at);
        if before.is_none() || before < at(&told.last_used) {
            uses.insert(told.id, Known::new(told.last_used, answer.source));
        }
    }
    uses
}

fn accessed(given: &mut Given) -> BTreeMap<Whose, Known<LastAccessed>> {
    let mut all: BTreeMap<Whose, Known<LastAccessed>> = BTreeMap::new();
    for answer in given.take(Dataset::LastAccessed) {
        let Content::LastAccessed(mut told) = answer.content else { continue };
        told.services.place(answer.source);
        match (all.get_mut(&told.whose), told.services) {
            // pages of one answer, or answers of two days: a last use only moves on
            (Some(Known::Known(known)), Known::Known(more)) => {
                known.value.is_whole |= more.value.is_whole;
                // a service may be named in the older of them alone
                known.value.told_at = known.value.told_at.min(more.value.told_at);
                for (service, last) in more.value.services {
                    let known = known.value.services.entry(service).or_default();
                    *known = (*known).max(last);
                }
            }
            (Some(Known::Known(_)), Known::Unknown(_)) => {}
            (_, services) => drop(all.insert(told.whose, services)),
        }
    }
    all
}
