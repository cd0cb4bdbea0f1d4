//! Folds the parts of a directory into an estate.
//!
//! Parts are put in order of their paths first, so that the estate does not depend on the order in which files were
//! read. Then each answer gets its account: that of its folder, else of its ARNs, else the only one there is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::content::Content;
use super::counted;
use super::entities::Entities;
use super::given::{Given, Sourced};
use super::mfa_merge;
use super::organization_merge::{OrganizationGiven, is_of_organization};
use super::part::{Answer, Part};
use super::report_tells;
use super::resource_merge::resource_policies;
use super::trails_merge::trails;
use super::user_merge::Users;
use crate::fact::{Dataset, Known, Source, SourceId};
use crate::model::{Account, Estate, Problem, ProblemKind};
use kagimori_id::AccountId;

/// Folds the parts of a directory into an estate.
#[derive(Debug, Default)]
pub struct Assembler {
    parts: Vec<Part>,
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
        let (mut organization, mut resources) = (Given::default(), Vec::new());
        for mut part in self.parts {
            let named = part.answers.iter().find_map(|answer| answer.account);
            let account = part.folder.or(named).or(only);
            for problem in &mut part.problems {
                if !problem.dataset.is_some_and(is_of_organization) {
                    problem.account = problem.account.or(account);
                }
            }
            estate.problems.append(&mut part.problems);
            for dataset in part.torn.into_iter().filter(|dataset| is_of_organization(*dataset)) {
                organization.tear(dataset);
            }
            for (dataset, reason) in part.losses {
                if is_of_organization(dataset) {
                    organization.lose(dataset, reason);
                } else if let Some(account) = account {
                    accounts.entry(account).or_default().lose(dataset, reason);
                }
            }
            for answer in part.answers {
                let dataset = answer.dataset;
                let whose = answer.account;
                let sourced = sourced(answer, &part.path, as_of, &mut estate.sources);
                if is_of_organization(dataset) {
                    organization.put(dataset, sourced);
                } else if dataset == Dataset::ResourcePolicies {
                    resources.push((whose, sourced));
                } else if let Some(account) = whose.or(account) {
                    accounts.entry(account).or_default().put(dataset, sourced);
                } else {
                    estate.problems.push(without_account(&part.path, dataset));
                }
            }
        }
        resource_policies(resources, &mut estate);
        let organization = OrganizationGiven::new(organization, &mut estate.problems, &estate.sources);
        for (id, given) in accounts {
            let mut account = account(id, given, &mut estate, as_of);
            account.datasets.append(&mut organization.datasets());
            estate.accounts.insert(id, account);
        }
        for id in &organization.account_ids {
            estate.accounts.or_insert_with(*id, || {
                let mut account = Account::unknown(*id);
                account.datasets.append(&mut organization.datasets());
                account
            });
        }
        estate.identity_center = organization.identity_center;
        estate.organization = organization.organization;
        let closed: BTreeSet<AccountId> = match estate.organization.accounts.value() {
            Some(listed) => listed.iter().filter(|one| one.is_closed()).map(|one| one.id).collect(),
            None => BTreeSet::new(),
        };
        // What AWS refuses of an account that is closed is no gap: there is nothing to ask.
        let is_of_closed =
            |problem: &Problem| problem.account.is_some_and(|account| closed.contains(&account));
        estate.problems.retain(|problem| problem.kind != ProblemKind::Denied || !is_of_closed(problem));
        estate.problems.sort();
        estate.problems.dedup();
        estate
    }

    /// The accounts that folders and ARNs name. A bucket's policy makes its owner no account of the company.
    fn accounts(&self) -> BTreeSet<AccountId> {
        let is_account = |part: &&Part| {
            let only_policies = part.answers.iter().all(|answer| answer.dataset == Dataset::ResourcePolicies);
            part.answers.is_empty() || !only_policies
        };
        let folders = self.parts.iter().filter(is_account).filter_map(|part| part.folder);
        folders
            .chain(self.parts.iter().flat_map(|part| &part.answers).filter_map(Answer::account_of_company))
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

impl Answer {
    fn account_of_company(&self) -> Option<AccountId> {
        self.account.filter(|_| self.dataset != Dataset::ResourcePolicies)
    }
}

/// An answer with its place among the sources.
fn sourced(answer: Answer, path: &str, as_of: Option<Timestamp>, sources: &mut Vec<Source>) -> Sourced {
    let own = match &answer.content {
        Content::Report(report) => report.generated,
        Content::LastAccessed(accessed) => accessed.told_at,
        _ => None,
    };
    let source = Source { dataset: answer.dataset, file: path.to_owned(), as_of: own.or(as_of) };
    // a file's answers come one behind the other: its sources are the last ones
    let known =
        sources.iter().enumerate().rev().take(32).find(|(_, known)| **known == source).map(|(at, _)| at);
    let at = known.unwrap_or_else(|| {
        sources.push(source);
        sources.len() - 1
    });
    let source = SourceId(u32::try_from(at).unwrap_or(u32::MAX));
    Sourced { source, truncated: answer.truncated, content: answer.content }
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
    given.close();
    for dataset in Dataset::ALL.into_iter().filter(|dataset| *dataset != Dataset::Trail) {
        account.datasets.insert(dataset, given.status(dataset));
    }
    settings(&mut account, &mut given);
    let mut entities = Entities::merge(&mut given);
    entities.count(&mut account);
    let torn = entities.torn(id, estate);
    estate.problems.extend(torn);
    Users::merge(&mut account, entities, &mut given, &estate.sources, as_of);
    mfa_merge::contradictions(&mut account, &mut given);
    counted::devices(&mut account);
    report_tells::what_need_not_be_asked(&mut account);
    estate.problems.extend(given.torn(Some(id), &estate.sources));
    account
}

/// What is set once for an account, and lists of it.
fn settings(account: &mut Account, given: &mut Given) {
    account.summary = summary(given);
    account.password_policy = given.one(Dataset::PasswordPolicy, |content| match content {
        Content::PasswordPolicy(policy) => Some(policy),
        _ => None,
    });
    account.alias = given.one(Dataset::AccountAliases, |content| match content {
        Content::Alias(alias) => Some(alias),
        _ => None,
    });
    let providers = |content| match content {
        Content::Providers(arns) => Some(arns),
        _ => None,
    };
    account.oidc_providers = given.one(Dataset::OidcProviders, providers);
    account.saml_providers = given.one(Dataset::SamlProviders, providers);
    let devices = |content| match content {
        Content::VirtualMfaDevices(devices) => devices,
        _ => Vec::new(),
    };
    account.virtual_mfa_devices =
        given.list(Dataset::VirtualMfaDevices, devices, |device| device.serial.clone());
    let certificates = |content| match content {
        Content::ServerCertificates(certificates) => certificates,
        _ => Vec::new(),
    };
    account.trails = trails(given);
    account.server_certificates =
        given.list(Dataset::ServerCertificates, certificates, |certificate| certificate.name.clone());
    counted::lists(account);
}

/// The counts. Of one that two answers tell differently nothing is known; the others hold.
fn summary(given: &mut Given) -> Known<BTreeMap<String, i64>> {
    let dataset = Dataset::AccountSummary;
    let gap = given.gap(dataset);
    let mut counts: BTreeMap<String, (i64, SourceId)> = BTreeMap::new();
    let mut clashes: BTreeMap<String, BTreeSet<SourceId>> = BTreeMap::new();
    let mut first = None;
    for answer in given.take(dataset) {
        let Content::Summary(told) = answer.content else { continue };
        first = first.or(Some(answer.source));
        for (name, count) in told {
            match counts.get(&name) {
                Some((before, source)) if *before != count => {
                    clashes.entry(name).or_default().extend([*source, answer.source]);
                }
                Some(_) => {}
                None => drop(counts.insert(name, (count, answer.source))),
            }
        }
    }
    for (name, sources) in clashes {
        counts.remove(&name);
        given.contradicts(dataset, sources, &format!("`{name}`"));
    }
    let counts = counts.into_iter().map(|(name, (count, _))| (name, count)).collect();
    first.map_or(Known::Unknown(gap), |source| Known::new(counts, source))
}
