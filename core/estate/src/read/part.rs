//! One file: what it is, by its content, and what it says.
//!
//! A JSON object is known by the names of its members (`UserDetailList`, `SummaryMap`), a text by its first line (the
//! header of the credential report, the AWS CLI's error). The name of a file matters only where content cannot tell:
//! to say what a damaged file was, and for the answers that do not name their subject.
//!
//! A file that is not known is passed over in silence only when it is clearly not AWS's: its first member does not
//! begin with a capital letter as every member of an AWS answer does (or it is no JSON object at all), it does not lie
//! in an account's folder, and it is not named as the files that [`Dataset::command`] writes. Answers that say
//! nothing the authorization details do not say (`list-users`, `list-groups`, IAM's `list-policies`) are passed over
//! too, and so are policies of resources other than buckets. Every other file that is not known is a problem.

use std::collections::BTreeSet;

use super::File;
use super::content::Content;
use super::fault::{Fault, names, quote, write_again};
use super::object::{Object, Reading};
use super::outline::{Piece, outline};
use super::refusal::{NoSuch, Refusal, cli_error, silence};
use super::table::{dataset_of, named, row_of};
use super::wire::PolicyFault;
use super::{
    authorization_details, credential_report, identity_center, organization, resource_policy,
    service_last_accessed, text,
};
use crate::fact::{Dataset, Gap, GapReason, Known};
use crate::model::{Problem, ProblemKind};
use kagimori_id::AccountId;

/// What one file says: understood, damaged, denied, or not ours.
#[derive(Clone, Debug, Default)]
pub struct Part {
    pub(super) path: String,
    pub(super) folder: Option<AccountId>,
    pub(super) answers: Vec<Answer>,
    /// Datasets that this file should have told of and does not.
    pub(super) losses: Vec<(Dataset, GapReason)>,
    /// Datasets of which a list was refused, and others may have been given.
    pub(super) torn: Vec<Dataset>,
    pub(super) problems: Vec<Problem>,
}

/// One answer of AWS.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) dataset: Dataset,
    /// The account that its ARNs name.
    pub(super) account: Option<AccountId>,
    /// Whether another page should follow.
    pub(super) truncated: bool,
    pub(super) content: Content,
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

/// Whether the beginning of a file looks like an answer of the AWS CLI, a credential report or an archive of such: what a file
/// without a telling name is.
pub fn looks_like_an_answer(head: &[u8]) -> bool {
    if text::archive(head).is_some() {
        return true;
    }
    let Ok(text) = text::decode_head(head) else { return false };
    let start = text.trim_start();
    let names_a_member = || {
        let member = start.strip_prefix('{').map(str::trim_start).and_then(|rest| rest.strip_prefix('"'));
        member.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    names_a_member()
        || Refusal::parse(start).is_some()
        || cli_error(start).is_some()
        || silence(start).is_some()
        || credential_report::is_report(start)
}

/// A file or folder that could not be opened: what it would have told is lost. The hint says what to do.
pub fn unreadable(path: &str, account: Option<AccountId>, message: &str, hint: &str) -> Part {
    let mut part = Part { path: path.to_owned(), folder: account, ..Part::default() };
    part.damaged(named(path), Fault::new(message).hint(hint));
    part
}

impl Part {
    /// Whether the file holds something of AWS, be it damaged: not a file of somebody else that lies there, too.
    pub fn is_of_aws(&self) -> bool {
        !self.answers.is_empty() || !self.losses.is_empty()
    }

    fn read_text(&mut self, text: &str, named: Option<Dataset>) {
        let start = text.trim_start();
        if start.starts_with('{') || Refusal::parse(start).is_some() || silence(start).is_some() {
            self.read_pieces(text, named);
        } else if let Some(read) = credential_report::read_text(text) {
            let dataset = Dataset::CredentialReport;
            let taken =
                read.and_then(|report| self.take(dataset, Reading::whole(Content::Report(Box::new(report)))));
            if let Err(fault) = taken {
                self.damaged(Some(dataset), fault);
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
                Piece::Refusal(refusal) => self.refused(&refusal, named),
                Piece::Silence(silence, fault) => {
                    let kind =
                        if self.answers.is_empty() { ProblemKind::Unreadable } else { ProblemKind::Partial };
                    self.lose(named, &GapReason::Unanswered(silence));
                    self.problem(named, kind, fault);
                }
                Piece::Damage(fault, members) => {
                    let last = self.answers.last().map(|answer| answer.dataset);
                    let dataset = match named {
                        Some(Dataset::ResourcePolicies) => named,
                        _ => dataset_of(&members).or(last).or(named),
                    };
                    if dataset.is_some()
                        || self.folder.is_some()
                        || is_aws(&members)
                        || !self.answers.is_empty()
                    {
                        self.damaged(dataset, fault);
                    }
                }
                Piece::Object(range, members) => {
                    let path = self.path.clone();
                    let object = Object::new(text, range, &members, &path);
                    if let Err(fault) = self.read_object(&object, named) {
                        let is_center = named.is_some_and(identity_center::is_of_center);
                        let dataset = if is_center { named } else { dataset_of(&members).or(named) };
                        self.damaged(dataset, fault);
                    }
                }
            }
        }
    }

    fn read_object(&mut self, object: &Object<'_>, named: Option<Dataset>) -> Result<(), Fault> {
        if let Some(reading) = resource_policy::read(object, named) {
            self.take(Dataset::ResourcePolicies, reading)?;
            return Ok(());
        }
        if let Some(reading) = identity_center::read(object, named) {
            let reading = reading?;
            let dataset = reading.content.of_center().or(named);
            return dataset.map_or(Ok(()), |dataset| self.take(dataset, reading));
        }
        let Some(row) = row_of(object.members()) else {
            return self.unknown(object, named);
        };
        let reading = (row.read)(object)?;
        match reading.content {
            Content::OrganizationTree(_) => self.take(Dataset::OrganizationTree, reading),
            _ => self.take(row.dataset, reading),
        }
    }

    /// An object whose members no reader knows.
    fn unknown(&mut self, object: &Object<'_>, named: Option<Dataset>) -> Result<(), Fault> {
        const TOLD_BY_DETAILS: [&str; 6] = ["Users", "Groups", "InstanceProfiles", "User", "Role", "Group"];
        if let Some(refusal) = Refusal::of_json(object.json()) {
            self.refused(&refusal, named);
            return Ok(());
        }
        if object.has("Policies") {
            return self.some_policies(object, named);
        }
        if object.has("State") && named.is_none_or(|dataset| dataset == Dataset::CredentialReport) {
            if object.file().contains("\"Content\"") {
                return Ok(());
            }
            let message = format!(
                "the file holds the answer of `generate-credential-report`: {}",
                quote(object.json())
            );
            let again =
                "wait some seconds, then run: `aws iam get-credential-report > credential-report.json`";
            return Err(Fault::new(message).hint(again));
        }
        if TOLD_BY_DETAILS.iter().any(|name| object.has(name)) {
            return Ok(());
        }
        if self.folder.is_none() && named.is_none() && !is_aws(object.members()) {
            return Ok(());
        }
        let message = match object.members() {
            [] => "the object is empty".to_owned(),
            members => format!(
                "an answer with the members {} is not one this program reads",
                names(members.iter().map(String::as_str))
            ),
        };
        Err(Fault::new(message))
    }

    /// `Policies` without the lists beside it: a page of the authorization details that leaves out lists (its
    /// policies have versions), the organization's (they have a type), or IAM's `list-policies`, which tells nothing
    /// more.
    fn some_policies(&mut self, object: &Object<'_>, named: Option<Dataset>) -> Result<(), Fault> {
        let details = Dataset::AuthorizationDetails;
        if object.json().contains("\"PolicyVersionList\"") || named == Some(details) {
            return self.take(details, authorization_details::read(object)?);
        }
        let dataset = Dataset::OrganizationPolicies;
        match organization::read_policies(object) {
            Ok(Reading { content: Content::OrganizationPolicies(policies), .. })
                if policies.is_empty() && named != Some(dataset) && self.folder.is_some() =>
            {
                Ok(())
            }
            Ok(reading) => self.take(dataset, reading),
            Err(fault) if named == Some(dataset) => Err(fault),
            Err(_) => Ok(()),
        }
    }

    /// Takes in an answer. One that speaks of several accounts is taken apart; one that speaks only of others than its
    /// folder's lies in the wrong place. A credential report is of one account: in a folder, rows of another are told and not used.
    fn take(&mut self, dataset: Dataset, reading: Reading) -> Result<(), Fault> {
        let Reading { mut content, truncated, faults } = reading;
        if matches!(content, Content::Nothing) {
            return Ok(());
        }
        let mut faults: Vec<Fault> = faults.iter().map(PolicyFault::fault).collect();
        if let Content::Report(report) = &mut content {
            report.name_root(self.folder);
            faults.append(&mut report.faults);
        }
        self.place(dataset, truncated, content)?;
        faults.into_iter().for_each(|fault| self.problem(Some(dataset), ProblemKind::Partial, fault));
        Ok(())
    }

    fn place(&mut self, dataset: Dataset, truncated: bool, content: Content) -> Result<(), Fault> {
        let accounts = content.accounts();
        let others: Vec<AccountId> =
            accounts.iter().copied().filter(|account| Some(*account) != self.folder).collect();
        match (self.folder, others.first()) {
            (Some(folder), Some(other)) if others.len() == accounts.len() => {
                let message = format!("it speaks of account {other}, and lies in the folder of {folder}");
                Err(Fault::new(message).hint(format!("put it into `snapshots/{other}/`, or write it again with the credentials of the right account")))
            }
            _ if accounts.len() < 2 => {
                let account = self.folder.or(accounts.first().copied());
                self.answers.push(Answer { dataset, account, truncated, content });
                Ok(())
            }
            (_, Some(other)) if !content.is_separable() => {
                let message = format!("it speaks of several accounts, {other} among them");
                Err(Fault::new(message)
                    .hint("put the answers of each account into a folder of its own: `snapshots/ACCOUNT/`"))
            }
            (Some(folder), Some(other)) if matches!(content, Content::Report(_)) => {
                let message =
                    format!("it lies in the folder of {folder}, and speaks of account {other}, too");
                let fault = Fault::new(message).hint(format!(
                    "what it says of {other} is not used: write the answer of each account into its own folder, `snapshots/{other}/`"
                ));
                self.problem(Some(dataset), ProblemKind::Partial, fault);
                let own = BTreeSet::from([folder]);
                self.answers.extend(content.apart(&own).into_iter().map(|(account, content)| Answer {
                    dataset,
                    account: Some(account),
                    truncated,
                    content,
                }));
                Ok(())
            }
            _ => {
                let apart = content.apart(&accounts).into_iter();
                self.answers.extend(apart.map(|(account, content)| Answer {
                    dataset,
                    account: Some(account),
                    truncated,
                    content,
                }));
                Ok(())
            }
        }
    }

    fn refused(&mut self, refusal: &Refusal, named: Option<Dataset>) {
        // Other services have operations of the same names.
        let of_center = named.filter(|dataset| identity_center::is_of_center(*dataset));
        let dataset = of_center.or_else(|| refusal.dataset());
        if let (true, Some(told)) = (refusal.no_boundary(), identity_center::no_boundary(&self.path)) {
            self.answer(Dataset::PermissionSets, Content::Center(told));
            return;
        }
        if refusal.no_password_policy() {
            self.answer(Dataset::PasswordPolicy, Content::PasswordPolicy(None));
            return;
        }
        if let (true, Some(resource)) =
            (refusal.no_resource_policy(), resource_policy::resource(&self.path, named))
        {
            let none = Known::new(None, crate::SourceId::UNPLACED);
            self.answer(Dataset::ResourcePolicies, Content::ResourcePolicy(resource, none));
            return;
        }
        match refusal.none(named) {
            Some(NoSuch::Organization(dataset)) => return self.answer(dataset, Content::NoOrganization),
            Some(NoSuch::Features) => {
                let none = Content::OrganizationFeatures(Vec::new());
                return self.answer(Dataset::OrganizationFeatures, none);
            }
            None => {}
        }
        // SCPs and RCPs are listed apart: whoever has one list has not all.
        self.torn.extend(dataset.filter(|_| refusal.operation == "ListPolicies"));
        self.lose(dataset.or(named), &GapReason::Denied(refusal.code.clone()));
        self.problem(dataset, ProblemKind::Denied, refusal.fault());
    }

    fn answer(&mut self, dataset: Dataset, content: Content) {
        self.answers.push(Answer { dataset, account: self.folder, truncated: false, content });
    }

    /// What a file should have told is not known. Where each thing has a file of its own, that of this thing alone.
    fn lose(&mut self, dataset: Option<Dataset>, reason: &GapReason) {
        let Some(dataset) = dataset else { return };
        let gap = Gap { dataset, reason: reason.clone() };
        let thing = match dataset {
            Dataset::ResourcePolicies => resource_policy::resource(&self.path, Some(dataset))
                .map(|resource| Content::ResourcePolicy(resource, Known::Unknown(gap))),
            Dataset::LastAccessed => service_last_accessed::lost(&self.path, gap).map(Content::LastAccessed),
            _ => identity_center::lost(&self.path, dataset, &gap).map(Content::Center),
        };
        match thing {
            Some(content) => self.answer(dataset, content),
            None => self.losses.push((dataset, reason.clone())),
        }
    }

    fn damaged(&mut self, dataset: Option<Dataset>, fault: Fault) {
        let kind = if self.answers.is_empty() { ProblemKind::Unreadable } else { ProblemKind::Partial };
        self.lose(dataset, &GapReason::Damaged);
        self.problem(dataset, kind, fault);
    }

    fn problem(&mut self, dataset: Option<Dataset>, kind: ProblemKind, fault: Fault) {
        let hint = fault.hint.unwrap_or_else(|| write_again(dataset));
        let (file, account) = (self.path.clone(), self.folder);
        self.problems.push(Problem { file, account, dataset, kind, message: fault.message, hint });
    }
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
