//! Folds the parts of a directory into an estate.
//!
//! Parts are put in order of their paths first, so that the estate does not depend on the order in which files were
//! read. Then each answer gets its account: that of its folder, else of its ARNs, else the only one there is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::entities::Entities;
use super::fault::names;
use super::organization_merge::{OrganizationGiven, is_of_organization};
use super::part::{Answer, Content, Part};
use super::user_merge::Users;
use crate::fact::{Dataset, Gap, GapReason, Known, Source, SourceId};
use crate::id::AccountId;
use crate::model::{Account, Estate, Problem, ProblemKind};

/// Folds the parts of a directory into an estate.
#[derive(Debug, Default)]
pub struct Assembler {
    parts: Vec<Part>,
}

/// An answer and its place among the sources.
#[derive(Debug)]
pub(super) struct Sourced {
    pub(super) source: SourceId,
    pub(super) truncated: bool,
    pub(super) content: Content,
}

/// All that was given for one account, or for the organization.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) answers: BTreeMap<Dataset, Vec<Sourced>>,
    pub(super) losses: BTreeMap<Dataset, GapReason>,
}

impl Given {
    /// The answers of a dataset, in order of file.
    pub(super) fn take(&mut self, dataset: Dataset) -> Vec<Sourced> {
        self.answers.remove(&dataset).unwrap_or_default()
    }

    fn lose(&mut self, dataset: Dataset, reason: GapReason) {
        // damage says that something was there: it weighs more than a refusal
        if reason == GapReason::Damaged || !self.losses.contains_key(&dataset) {
            self.losses.insert(dataset, reason);
        }
    }

    /// Why a dataset without any answer is not known.
    pub(super) fn gap(&self, dataset: Dataset) -> Gap {
        Gap { dataset, reason: self.losses.get(&dataset).cloned().unwrap_or(GapReason::NotGiven) }
    }

    /// Whether what was given of a dataset is in pieces: entities that are not in it may yet exist.
    pub(super) fn is_damaged(&self, dataset: Dataset) -> bool {
        self.losses.get(&dataset) == Some(&GapReason::Damaged)
    }

    /// What became of a dataset. One answer is enough where an answer is whole in itself; a list of which a part is
    /// damaged is not known.
    pub(super) fn status(&self, dataset: Dataset) -> Known<()> {
        let whole = !matches!(
            dataset,
            Dataset::AuthorizationDetails
                | Dataset::VirtualMfaDevices
                | Dataset::Roles
                | Dataset::ServerCertificates
                | Dataset::OrganizationAccounts
                | Dataset::OrganizationPolicies
        );
        match self.answers.get(&dataset).and_then(|answers| answers.first()) {
            Some(first) if whole || !self.is_damaged(dataset) => Known::new((), first.source),
            _ => Known::Unknown(self.gap(dataset)),
        }
    }
}

impl Assembler {
    /// Takes in one part.
    pub fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// The estate. `as_of` is the instant of the snapshot for sources that do not tell their own.
    pub fn finish(mut self, as_of: Option<Timestamp>) -> Estate {
        self.parts.sort_by(|a, b| a.path.cmp(&b.path));
        let only = self.only_account();
        let mut estate = Estate::empty();
        let mut accounts: BTreeMap<AccountId, Given> =
            self.accounts().into_iter().map(|id| (id, Given::default())).collect();
        let mut organization = Given::default();
        for mut part in self.parts {
            let named = part.answers.iter().find_map(|answer| answer.account);
            let account = part.folder.or(named).or(only);
            for problem in &mut part.problems {
                if !problem.dataset.is_some_and(is_of_organization) {
                    problem.account = problem.account.or(account);
                }
            }
            estate.problems.append(&mut part.problems);
            for (dataset, reason) in part.losses {
                if is_of_organization(dataset) {
                    organization.lose(dataset, reason);
                } else if let Some(account) = account {
                    accounts.entry(account).or_default().lose(dataset, reason);
                }
            }
            for answer in part.answers {
                if is_of_organization(answer.dataset) {
                    put(&mut organization, answer, &part.path, as_of, &mut estate.sources);
                } else if let Some(account) = answer.account.or(account) {
                    put(accounts.entry(account).or_default(), answer, &part.path, as_of, &mut estate.sources);
                } else {
                    estate.problems.push(without_account(&part.path, answer.dataset));
                }
            }
        }
        let organization = OrganizationGiven::new(organization, &mut estate.problems, &estate.sources);
        for (id, given) in accounts {
            let mut account = account(id, given, &mut estate, as_of);
            account.datasets.append(&mut organization.datasets());
            estate.accounts.insert(id, account);
        }
        for id in organization.account_ids() {
            estate.accounts.entry(id).or_insert_with(|| {
                let mut account = Account::unknown(id);
                account.datasets.append(&mut organization.datasets());
                account
            });
        }
        estate.organization = organization.organization;
        estate.problems.sort();
        estate.problems.dedup();
        estate
    }

    /// The accounts that folders and ARNs name.
    fn accounts(&self) -> BTreeSet<AccountId> {
        let folders = self.parts.iter().filter_map(|part| part.folder);
        folders
            .chain(self.parts.iter().flat_map(|part| &part.answers).filter_map(|answer| answer.account))
            .collect()
    }

    /// The account of files that name none: the only one of the directory, or of the organization.
    fn only_account(&self) -> Option<AccountId> {
        let mut accounts = self.accounts();
        if accounts.is_empty() {
            accounts.extend(self.parts.iter().flat_map(|part| &part.answers).flat_map(|answer| {
                match &answer.content {
                    Content::OrganizationAccounts(accounts) => {
                        accounts.iter().map(|account| account.id).collect()
                    }
                    _ => Vec::new(),
                }
            }));
        }
        accounts.pop_first().filter(|_| accounts.is_empty())
    }
}

fn put(given: &mut Given, answer: Answer, path: &str, as_of: Option<Timestamp>, sources: &mut Vec<Source>) {
    let generated = match &answer.content {
        Content::Report(report) => report.generated,
        _ => None,
    };
    let source = Source { dataset: answer.dataset, file: path.to_owned(), as_of: generated.or(as_of) };
    // a file's answers come one behind the other: its sources are the last ones
    let known =
        sources.iter().enumerate().rev().take(32).find(|(_, known)| **known == source).map(|(at, _)| at);
    let at = known.unwrap_or_else(|| {
        sources.push(source);
        sources.len() - 1
    });
    let source = SourceId(u32::try_from(at).unwrap_or(u32::MAX));
    let sourced = Sourced { source, truncated: answer.truncated, content: answer.content };
    given.answers.entry(answer.dataset).or_default().push(sourced);
}

fn without_account(path: &str, dataset: Dataset) -> Problem {
    Problem {
        file: path.to_owned(),
        account: None,
        dataset: Some(dataset),
        kind: ProblemKind::Unreadable,
        message: "the file does not name its account".to_owned(),
        hint: "put it into the folder of its account: `snapshots/<account>/`".to_owned(),
    }
}

fn account(id: AccountId, mut given: Given, estate: &mut Estate, as_of: Option<Timestamp>) -> Account {
    let mut account = Account::unknown(id);
    for dataset in Dataset::ALL.into_iter().filter(|dataset| *dataset != Dataset::Trail) {
        account.datasets.insert(dataset, given.status(dataset));
    }
    torn_pages(id, &given, estate);
    settings(&mut account, &mut given);
    let entities = Entities::merge(&mut given);
    let torn = entities.torn(id, estate);
    estate.problems.extend(torn);
    Users::merge(&mut account, entities, &mut given, &estate.sources, as_of);
    account
}

/// A list whose pages all say that more follows has lost its end.
fn torn_pages(id: AccountId, given: &Given, estate: &mut Estate) {
    for (dataset, answers) in &given.answers {
        let Some(last) = answers.last().filter(|_| answers.iter().all(|answer| answer.truncated)) else {
            continue;
        };
        let file = estate.sources.get(last.source.0 as usize).map(|source| source.file.clone());
        estate.problems.push(missing_page(file.unwrap_or_default(), Some(id), *dataset));
    }
}

pub(super) fn missing_page(file: String, account: Option<AccountId>, dataset: Dataset) -> Problem {
    Problem {
        file,
        account,
        dataset: Some(dataset),
        kind: ProblemKind::Torn,
        message: format!("the last page of {dataset} is missing: it says that more follows"),
        hint: format!("write all pages, without `--max-items` and `--no-paginate`: `{}`", dataset.command()),
    }
}

/// What is set once for an account. Of several answers the last counts; lists of several pages are joined.
fn settings(account: &mut Account, given: &mut Given) {
    account.summary = last(given, Dataset::AccountSummary, |content| match content {
        Content::Summary(counts) => Some(counts),
        _ => None,
    });
    account.password_policy = last(given, Dataset::PasswordPolicy, |content| match content {
        Content::PasswordPolicy(policy) => Some(policy),
        _ => None,
    });
    account.alias = last(given, Dataset::AccountAliases, |content| match content {
        Content::Alias(alias) => Some(alias),
        _ => None,
    });
    let providers = |content| match content {
        Content::Providers(arns) => Some(arns),
        _ => None,
    };
    account.oidc_providers = last(given, Dataset::OidcProviders, providers);
    account.saml_providers = last(given, Dataset::SamlProviders, providers);
    let devices = |content| match content {
        Content::VirtualMfaDevices(devices) => devices,
        _ => Vec::new(),
    };
    account.virtual_mfa_devices =
        joined(given, Dataset::VirtualMfaDevices, devices, |device| device.serial.clone());
    let certificates = |content| match content {
        Content::ServerCertificates(certificates) => certificates,
        _ => Vec::new(),
    };
    account.server_certificates =
        joined(given, Dataset::ServerCertificates, certificates, |certificate| certificate.name.clone());
}

fn last<T>(given: &mut Given, dataset: Dataset, value: impl Fn(Content) -> Option<T>) -> Known<T> {
    let answer = given.take(dataset).pop();
    let known = answer.and_then(|answer| Some(Known::new(value(answer.content)?, answer.source)));
    known.unwrap_or_else(|| Known::Unknown(given.gap(dataset)))
}

/// The entries of all pages, each once and in order of its key.
pub(super) fn joined<T>(
    given: &mut Given,
    dataset: Dataset,
    entries: impl Fn(Content) -> Vec<T>,
    key: impl Fn(&T) -> String,
) -> Known<Vec<T>> {
    let status = given.status(dataset);
    let answers = given.take(dataset);
    let Some(source) = status.fact().map(|fact| fact.source) else {
        return Known::Unknown(given.gap(dataset));
    };
    let all = answers.into_iter().flat_map(|answer| entries(answer.content));
    let by_key: BTreeMap<String, T> = all.map(|entry| (key(&entry), entry)).collect();
    Known::new(by_key.into_values().collect(), source)
}

/// A problem of an account's authorization details that spans files.
pub(super) fn torn(
    file: String,
    account: AccountId,
    what: &str,
    entities: &BTreeSet<&str>,
) -> Option<Problem> {
    (!entities.is_empty()).then(|| Problem {
        file,
        account: Some(account),
        dataset: Some(Dataset::AuthorizationDetails),
        kind: ProblemKind::Torn,
        message: format!("{what}: {}", names(entities.iter().copied())),
        hint: format!(
            "the account changed while it was read, or a page is missing; {}",
            super::fault::write_again(Some(Dataset::AuthorizationDetails))
        ),
    })
}
