//! What an answer says, and of which accounts it speaks.

use std::collections::{BTreeMap, BTreeSet};

use super::access_keys::{KeyUse, ListedKey};
use super::authorization_details::Page;
use super::credential_report::Report;
use super::identity_center::Told;
use super::organization::{Described, PolicySummary};
use super::roles::ListedRole;
use super::service_last_accessed::Accessed;
use super::user_credentials::ServiceSpecific;
use crate::cloudtrail::{DescribedTrail, EventSelector, TrailStatus};
use crate::fact::{Dataset, Known};
use crate::model::{
    MfaDevice, OrganizationAccount, PasswordPolicy, Policy, ServerCertificate, SshPublicKey, VirtualMfaDevice,
};
use kagimori_id::{AccountId, Arn};

/// What an answer says.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Details(Page),
    Report(Box<Report>),
    Summary(BTreeMap<String, i64>),
    PasswordPolicy(Option<PasswordPolicy>),
    VirtualMfaDevices(Vec<VirtualMfaDevice>),
    MfaDevices(Vec<(String, MfaDevice)>),
    AccessKeys(Vec<(String, ListedKey)>),
    KeyUse(KeyUse),
    Roles(Vec<ListedRole>),
    ServerCertificates(Vec<ServerCertificate>),
    ServiceSpecific(ServiceSpecific),
    SshPublicKeys(Vec<(String, SshPublicKey)>),
    Alias(Option<String>),
    Providers(Vec<Arn>),
    Organization(Described),
    /// The account is in none (`AWSOrganizationsNotInUseException`).
    NoOrganization,
    OrganizationAccounts(Vec<OrganizationAccount>),
    OrganizationPolicies(Vec<PolicySummary>),
    OrganizationPolicy(PolicySummary, Policy),
    OrganizationTargets(String, Vec<String>),
    OrganizationFeatures(Vec<String>),
    /// Child and parent.
    OrganizationTree(Vec<(String, String)>),
    /// The resource, and what became of its policy.
    ResourcePolicy(String, Known<Option<Policy>>),
    LastAccessed(Accessed),
    Trails(Vec<DescribedTrail>),
    EventSelectors(Arn, Vec<EventSelector>),
    /// The name of the file, and what is in it.
    TrailStatus(String, TrailStatus),
    Center(Told),
    /// Something that is read elsewhere or not needed.
    Nothing,
}

impl Content {
    /// The accounts that its ARNs name.
    pub(super) fn accounts(&self) -> BTreeSet<AccountId> {
        match self {
            Self::Details(page) => page.arns().filter_map(Arn::account).collect(),
            Self::Report(report) => report.accounts(),
            Self::VirtualMfaDevices(devices) => devices.iter().filter_map(|d| of_serial(&d.serial)).collect(),
            Self::MfaDevices(devices) => devices.iter().filter_map(|(_, d)| of_serial(&d.serial)).collect(),
            Self::Roles(roles) => roles.iter().filter_map(|role| role.arn.account()).collect(),
            Self::ServerCertificates(all) => all.iter().filter_map(|one| one.arn.account()).collect(),
            Self::Providers(arns) => arns.iter().filter_map(Arn::account).collect(),
            _ => BTreeSet::new(),
        }
    }

    /// What it says of each of its accounts: somebody put the answers of several into one file. What names no account, such
    /// as AWS's own policies, is said of each.
    pub(super) fn apart(self, accounts: &BTreeSet<AccountId>) -> Vec<(AccountId, Self)> {
        accounts.iter().filter_map(|account| Some((*account, self.of(*account)?))).collect()
    }

    fn of(&self, account: AccountId) -> Option<Self> {
        fn own<T: Clone>(all: &[T], account: AccountId, of: impl Fn(&T) -> Option<AccountId>) -> Vec<T> {
            all.iter().filter(|one| of(one).is_none_or(|named| named == account)).cloned().collect()
        }
        Some(match self {
            Self::Details(page) => Self::Details(page.of(account)),
            Self::Report(report) => Self::Report(Box::new(report.of(account))),
            Self::VirtualMfaDevices(devices) => {
                Self::VirtualMfaDevices(own(devices, account, |device| of_serial(&device.serial)))
            }
            Self::MfaDevices(devices) => {
                Self::MfaDevices(own(devices, account, |(_, device)| of_serial(&device.serial)))
            }
            Self::Roles(roles) => Self::Roles(own(roles, account, |role| role.arn.account())),
            Self::ServerCertificates(all) => {
                Self::ServerCertificates(own(all, account, |one| one.arn.account()))
            }
            Self::Providers(arns) => Self::Providers(own(arns, account, Arn::account)),
            _ => return None,
        })
    }

    /// The dataset of Identity Center that it is of.
    pub(super) fn of_center(&self) -> Option<Dataset> {
        match self {
            Self::Center(told) => Some(told.dataset()),
            _ => None,
        }
    }

    /// Whether it is a page of a list, not an answer about one thing of it.
    pub(super) fn is_page(&self) -> bool {
        !matches!(
            self,
            Self::OrganizationPolicy(..)
                | Self::OrganizationTargets(..)
                | Self::LastAccessed(_)
                | Self::Center(Told::Of(..) | Told::Assigned(..) | Told::Members(..))
                | Self::EventSelectors(..)
                | Self::TrailStatus(..)
                | Self::NoOrganization
                | Self::Nothing
        )
    }

    /// Whether it can be taken apart by account: every entry names its own.
    pub(super) fn is_separable(&self) -> bool {
        // the serial number of a hardware token names no account
        !matches!(self, Self::MfaDevices(_))
    }
}

fn of_serial(serial: &str) -> Option<AccountId> {
    Arn::parse(serial).ok().and_then(|arn| arn.account())
}
