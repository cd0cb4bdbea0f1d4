//! One file: what it is, by its content, and what it says.
//!
//! A JSON object is known by the names of its members (`UserDetailList`, `SummaryMap`), a text by its first line (the
//! header of the credential report, the AWS CLI's error). The name of a file matters only where content cannot tell:
//! to say what a damaged file was, and for the two answers that do not name their subject.
//!
//! A file that is not known is passed over in silence only when it is clearly not AWS's: its first member does not
//! begin with a capital letter as every member of an AWS answer does (or it is no JSON object at all), it does not lie
//! in an account's folder, and it is not named as the files that [`Dataset::command`] writes. Answers that say
//! nothing the authorization details do not say (`list-users`, `list-groups`, IAM's `list-policies`) are passed over
//! too, and so are resource policies as `s3api get-bucket-policy` writes them, which no check reads yet. Every other file that is not known is a problem.

use std::collections::{BTreeMap, BTreeSet};

use super::File;
use super::access_keys::{self, KeyUse, ListedKey};
use super::authorization_details::{self, Page};
use super::credential_report::{self, Report};
use super::fault::{Fault, names, quote, write_again};
use super::organization::{self, Described, PolicySummary};
use super::outline::{Piece, outline};
use super::refusal::{Refusal, cli_error};
use super::roles::{self, ListedRole};
use super::user_credentials::{self, ServiceSpecific};
use super::wire::PolicyFault;
use super::{account_settings, mfa_devices, text};
use crate::fact::{Dataset, GapReason};
use crate::id::{AccountId, Arn};
use crate::model::{
    MfaDevice, OrganizationAccount, PasswordPolicy, Policy, Problem, ProblemKind, ServerCertificate,
    SshPublicKey, VirtualMfaDevice,
};

/// What one file says: understood, damaged, denied, or not ours.
#[derive(Debug, Default)]
pub struct Part {
    pub(super) path: String,
    pub(super) folder: Option<AccountId>,
    pub(super) answers: Vec<Answer>,
    /// Datasets that this file should have told of and does not.
    pub(super) losses: Vec<(Dataset, GapReason)>,
    pub(super) problems: Vec<Problem>,
}

/// One answer of AWS.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) dataset: Dataset,
    /// The account that its ARNs name.
    pub(super) account: Option<AccountId>,
    /// Whether another page should follow.
    pub(super) truncated: bool,
    pub(super) content: Content,
}

/// What an answer says.
#[derive(Debug)]
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
    OrganizationAccounts(Vec<OrganizationAccount>),
    OrganizationPolicies(Vec<PolicySummary>),
    OrganizationPolicy(PolicySummary, Policy),
    OrganizationTargets(String, Vec<String>),
    OrganizationFeatures(Vec<String>),
}

/// Reads one file; what it is, is told by its content and not by its name.
pub fn read(file: File<'_>) -> Part {
    let mut part = Part { path: file.path.to_owned(), folder: file.account, ..Part::default() };
    let named = named(file.path);
    match text::decode(file.bytes) {
        Err(fault) => part.damaged(named, fault),
        Ok(text) => part.read_text(&text, named),
    }
    part
}

impl Part {
    fn read_text(&mut self, text: &str, named: Option<Dataset>) {
        let start = text.trim_start();
        if start.starts_with('{') || Refusal::parse(start).is_some() {
            self.read_pieces(text, named);
        } else if credential_report::is_report(text) {
            match credential_report::read_csv(text) {
                Ok((report, faults)) => self.report(report, faults),
                Err(fault) => self.damaged(Some(Dataset::CredentialReport), fault),
            }
        } else if let Some(fault) = cli_error(text) {
            self.damaged(named, fault);
        } else if self.folder.is_some() || named.is_some() {
            self.damaged(named, not_an_answer(start));
        }
    }

    fn read_pieces(&mut self, text: &str, named: Option<Dataset>) {
        for piece in outline(text) {
            match piece {
                Piece::Refusal(refusal) => self.refused(&refusal),
                Piece::Damage(fault, members) => {
                    let last = self.answers.last().map(|answer| answer.dataset);
                    let dataset = dataset_of(&members).or(last).or(named);
                    if dataset.is_some()
                        || self.folder.is_some()
                        || is_aws(&members)
                        || !self.answers.is_empty()
                    {
                        self.damaged(dataset, fault);
                    }
                }
                Piece::Object(range, members) => {
                    if let Err(fault) = self.read_object(text, range.start, range.len(), &members, named) {
                        self.damaged(dataset_of(&members).or(named), fault);
                    }
                }
            }
        }
    }

    fn read_object(
        &mut self,
        text: &str,
        at: usize,
        length: usize,
        members: &[String],
        named: Option<Dataset>,
    ) -> Result<(), Fault> {
        if is_resource_policy(text.get(at..at + length).unwrap_or_default(), members) {
            return Ok(());
        }
        let Some(dataset) = dataset_of(members) else {
            return self.unknown(text, at, length, members, named);
        };
        let mut truncated = false;
        let mut page = |more| truncated |= more;
        let content = match dataset {
            Dataset::AuthorizationDetails => {
                let (details, more, faults) = authorization_details::read(text, at, length)?;
                page(more);
                self.policy_faults(dataset, &faults);
                Content::Details(details)
            }
            Dataset::CredentialReport => {
                let (report, faults) = credential_report::read_answer(text, at, length)?;
                self.report(report, faults);
                return Ok(());
            }
            Dataset::AccountSummary => Content::Summary(account_settings::read_summary(text, at, length)?),
            Dataset::PasswordPolicy => {
                Content::PasswordPolicy(Some(account_settings::read_password_policy(text, at, length)?))
            }
            Dataset::VirtualMfaDevices => {
                Content::VirtualMfaDevices(paged(mfa_devices::read_virtual(text, at, length)?, page))
            }
            Dataset::MfaDevices => {
                Content::MfaDevices(paged(mfa_devices::read_of_user(text, at, length)?, page))
            }
            Dataset::AccessKeys => {
                Content::AccessKeys(paged(access_keys::read_list(text, at, length)?, page))
            }
            Dataset::AccessKeyLastUsed => {
                Content::KeyUse(access_keys::read_last_used(text, at, length, &self.path)?)
            }
            Dataset::Roles => Content::Roles(paged(roles::read(text, at, length)?, page)),
            Dataset::ServerCertificates => Content::ServerCertificates(paged(
                account_settings::read_certificates(text, at, length)?,
                page,
            )),
            Dataset::ServiceSpecificCredentials => {
                let read = user_credentials::read_service_specific(text, at, length)?;
                page(read.truncated);
                Content::ServiceSpecific(read)
            }
            Dataset::SshPublicKeys => {
                Content::SshPublicKeys(paged(user_credentials::read_ssh(text, at, length)?, page))
            }
            Dataset::AccountAliases => Content::Alias(account_settings::read_aliases(text, at, length)?),
            Dataset::OidcProviders | Dataset::SamlProviders => {
                Content::Providers(account_settings::read_providers(text, at, length)?)
            }
            Dataset::Organization => Content::Organization(organization::read_described(text, at, length)?),
            Dataset::OrganizationAccounts => {
                Content::OrganizationAccounts(paged(organization::read_accounts(text, at, length)?, page))
            }
            Dataset::OrganizationPolicies => self.organization_policies(text, at, length, members, page)?,
            Dataset::OrganizationFeatures => {
                Content::OrganizationFeatures(organization::read_features(text, at, length)?)
            }
            Dataset::Trail => return Ok(()),
        };
        self.take(dataset, truncated, content)
    }

    fn organization_policies(
        &mut self,
        text: &str,
        at: usize,
        length: usize,
        members: &[String],
        mut page: impl FnMut(bool),
    ) -> Result<Content, Fault> {
        let has = |name: &str| members.iter().any(|member| member == name);
        if has("Targets") {
            let (policy, targets, more) = organization::read_targets(text, at, length, &self.path)?;
            page(more);
            Ok(Content::OrganizationTargets(policy, targets))
        } else if has("Policy") {
            let (summary, document, faults) = organization::read_policy(text, at, length)?;
            self.policy_faults(Dataset::OrganizationPolicies, &faults);
            Ok(Content::OrganizationPolicy(summary, document))
        } else {
            Ok(Content::OrganizationPolicies(paged(organization::read_policies(text, at, length)?, page)))
        }
    }

    /// An object whose members no reader knows.
    fn unknown(
        &mut self,
        text: &str,
        at: usize,
        length: usize,
        members: &[String],
        named: Option<Dataset>,
    ) -> Result<(), Fault> {
        const TOLD_BY_DETAILS: [&str; 6] = ["Users", "Groups", "InstanceProfiles", "User", "Role", "Group"];
        let has = |name: &str| members.iter().any(|member| member == name);
        let slice = text.get(at..at + length).unwrap_or_default();
        if has("Policies") {
            return self.some_policies(text, at, length, named);
        }
        if has("State") && named.is_none_or(|dataset| dataset == Dataset::CredentialReport) {
            if text.contains("\"Content\"") {
                return Ok(());
            }
            let message =
                format!("the file holds the answer of `generate-credential-report`: {}", quote(slice));
            let again =
                "wait some seconds, then run: `aws iam get-credential-report > credential-report.json`";
            return Err(Fault::new(message).hint(again));
        }
        if TOLD_BY_DETAILS.iter().any(|name| has(name)) {
            return Ok(());
        }
        if self.folder.is_none() && named.is_none() && !is_aws(members) {
            return Ok(());
        }
        let message = match members {
            [] => "the object is empty".to_owned(),
            _ => format!(
                "an answer with the members {} is not one this program reads",
                names(members.iter().map(String::as_str))
            ),
        };
        Err(Fault::new(message))
    }

    /// `Policies` without the lists beside it: a page of the authorization details that leaves out empty lists (its
    /// policies have versions), the organization's (they have a type), or IAM's `list-policies`, which tells nothing
    /// more.
    fn some_policies(
        &mut self,
        text: &str,
        at: usize,
        length: usize,
        named: Option<Dataset>,
    ) -> Result<(), Fault> {
        let details = Dataset::AuthorizationDetails;
        let slice = text.get(at..at + length).unwrap_or_default();
        if slice.contains("\"PolicyVersionList\"") || named == Some(details) {
            let (page, more, faults) = authorization_details::read(text, at, length)?;
            self.policy_faults(details, &faults);
            return self.take(details, more, Content::Details(page));
        }
        let dataset = Dataset::OrganizationPolicies;
        match organization::read_policies(text, at, length) {
            Ok((policies, _)) if policies.is_empty() && named != Some(dataset) && self.folder.is_some() => {
                Ok(())
            }
            Ok((policies, more)) => self.take(dataset, more, Content::OrganizationPolicies(policies)),
            Err(fault) if named == Some(dataset) => Err(fault),
            Err(_) => Ok(()),
        }
    }

    /// Takes in an answer, unless it is of another account than its folder.
    fn take(&mut self, dataset: Dataset, truncated: bool, content: Content) -> Result<(), Fault> {
        let accounts = content.accounts();
        let account = self.folder.or(accounts.first().copied());
        if let Some(account) = account
            && let Some(other) = accounts.iter().find(|other| **other != account)
        {
            let message = match self.folder {
                Some(folder) => format!("it speaks of account {other}, and lies in the folder of {folder}"),
                None => format!("it speaks of two accounts, {account} and {other}"),
            };
            return Err(Fault::new(message).hint(format!("put it into `snapshots/{other}/`, or write it again with the credentials of the right account")));
        }
        self.answers.push(Answer { dataset, account, truncated, content });
        Ok(())
    }

    fn report(&mut self, report: Report, faults: Vec<Fault>) {
        let dataset = Dataset::CredentialReport;
        match self.take(dataset, false, Content::Report(Box::new(report))) {
            Err(fault) => self.damaged(Some(dataset), fault),
            Ok(()) => {
                faults.into_iter().for_each(|fault| self.problem(Some(dataset), ProblemKind::Partial, fault))
            }
        }
    }

    fn policy_faults(&mut self, dataset: Dataset, faults: &[PolicyFault]) {
        for fault in faults {
            self.problem(Some(dataset), ProblemKind::Partial, fault.fault());
        }
    }

    fn refused(&mut self, refusal: &Refusal) {
        let dataset = refusal.dataset();
        if refusal.no_password_policy() {
            let content = Content::PasswordPolicy(None);
            let answer =
                Answer { dataset: Dataset::PasswordPolicy, account: self.folder, truncated: false, content };
            self.answers.push(answer);
            return;
        }
        self.losses.extend(dataset.map(|dataset| (dataset, GapReason::Denied(refusal.code.clone()))));
        self.problem(dataset, ProblemKind::Denied, refusal.fault());
    }

    fn damaged(&mut self, dataset: Option<Dataset>, fault: Fault) {
        self.losses.extend(dataset.map(|dataset| (dataset, GapReason::Damaged)));
        let kind = if self.answers.is_empty() { ProblemKind::Unreadable } else { ProblemKind::Partial };
        self.problem(dataset, kind, fault);
    }

    fn problem(&mut self, dataset: Option<Dataset>, kind: ProblemKind, fault: Fault) {
        let hint = fault.hint.unwrap_or_else(|| write_again(dataset));
        let (file, account) = (self.path.clone(), self.folder);
        self.problems.push(Problem { file, account, dataset, kind, message: fault.message, hint });
    }
}

impl Content {
    /// The accounts that its ARNs name.
    fn accounts(&self) -> BTreeSet<AccountId> {
        let of_serial = |serial: &str| Arn::parse(serial).ok().and_then(|arn| arn.account());
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
}

fn paged<T>((value, more): (T, bool), mut page: impl FnMut(bool)) -> T {
    page(more);
    value
}

/// `{"Policy": "<a document as text>"}`: the policy of a bucket, queue or topic. `describe-policy` of Organizations has an
/// object there.
fn is_resource_policy(object: &str, members: &[String]) -> bool {
    #[derive(serde::Deserialize)]
    struct ResourcePolicy {
        #[serde(rename = "Policy")]
        _policy: String,
    }
    members.iter().any(|member| member == "Policy") && serde_json::from_str::<ResourcePolicy>(object).is_ok()
}

/// The dataset whose answers have these members. `Policies` alone is told apart by its reader.
fn dataset_of(members: &[String]) -> Option<Dataset> {
    members.iter().find_map(|member| match member.as_str() {
        "UserDetailList" | "GroupDetailList" | "RoleDetailList" => Some(Dataset::AuthorizationDetails),
        "Content" | "ReportFormat" => Some(Dataset::CredentialReport),
        "SummaryMap" => Some(Dataset::AccountSummary),
        "PasswordPolicy" => Some(Dataset::PasswordPolicy),
        "VirtualMFADevices" => Some(Dataset::VirtualMfaDevices),
        "MFADevices" => Some(Dataset::MfaDevices),
        "AccessKeyMetadata" => Some(Dataset::AccessKeys),
        "AccessKeyLastUsed" => Some(Dataset::AccessKeyLastUsed),
        "Roles" => Some(Dataset::Roles),
        "ServerCertificateMetadataList" => Some(Dataset::ServerCertificates),
        "ServiceSpecificCredentials" => Some(Dataset::ServiceSpecificCredentials),
        "SSHPublicKeys" => Some(Dataset::SshPublicKeys),
        "AccountAliases" => Some(Dataset::AccountAliases),
        "OpenIDConnectProviderList" => Some(Dataset::OidcProviders),
        "SAMLProviderList" => Some(Dataset::SamlProviders),
        "Organization" => Some(Dataset::Organization),
        "Accounts" => Some(Dataset::OrganizationAccounts),
        "Policy" | "Targets" => Some(Dataset::OrganizationPolicies),
        "EnabledFeatures" => Some(Dataset::OrganizationFeatures),
        _ => None,
    })
}

/// The dataset whose command writes a file of this name.
fn named(path: &str) -> Option<Dataset> {
    let mut folders = path.rsplit('/');
    let stem = folders.next()?.split('.').next()?.to_ascii_lowercase();
    let folder = folders.next().unwrap_or_default();
    Dataset::ALL.into_iter().find(|dataset| {
        let written = dataset.command().rsplit_once("> ").map_or("", |(_, file)| file);
        match written.split_once('/') {
            Some((in_folder, _)) => folder == in_folder || stem == in_folder,
            None => written.strip_suffix(".json").is_some_and(|name| name == stem),
        }
    })
}

fn is_aws(members: &[String]) -> bool {
    members.first().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn not_an_answer(text: &str) -> Fault {
    let line = quote(text.lines().next().unwrap_or_default());
    if text.starts_with('<') {
        Fault::new(format!("the file is an HTML or XML page, not JSON: {line}"))
    } else {
        Fault::new(format!("the file is neither an answer of the AWS CLI nor a credential report: {line}"))
    }
}
