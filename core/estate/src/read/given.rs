//! All that was given of one account, or of the organization, and how several answers about one thing are put together: as
//! the pages of a list, or, when they do not say the same, as a contradiction. Nothing lets the last name win.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::fault::{names, quote};
use crate::fact::{Dataset, Gap, GapReason, Known, Source, SourceId};
use crate::model::{Problem, ProblemKind};
use kagimori_id::AccountId;

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
    losses: BTreeMap<Dataset, GapReason>,
    /// Datasets of which a list was refused, whatever else of them was given.
    torn: BTreeSet<Dataset>,
    /// Lists whose last page is not there, with a file of theirs.
    truncated: BTreeMap<Dataset, SourceId>,
    clashes: BTreeSet<Clash>,
}

/// Answers that do not say the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Clash {
    dataset: Dataset,
    sources: BTreeSet<SourceId>,
    about: String,
}

impl Given {
    pub(super) fn put(&mut self, dataset: Dataset, sourced: Sourced) {
        self.answers.entry(dataset).or_default().push(sourced);
    }

    pub(super) fn lose(&mut self, dataset: Dataset, reason: GapReason) {
        // damage says that something was there: it weighs more than a refusal
        if reason == GapReason::Damaged || !self.losses.contains_key(&dataset) {
            self.losses.insert(dataset, reason);
        }
    }

    /// A list of a dataset was refused.
    pub(super) fn tear(&mut self, dataset: Dataset) {
        self.torn.insert(dataset);
    }

    /// Once everything is there: which lists lack their end. A list whose pages all say that more follows does.
    pub(super) fn close(&mut self) {
        for (dataset, answers) in &self.answers {
            let pages: Vec<&Sourced> = answers.iter().filter(|answer| answer.content.is_page()).collect();
            if let Some(last) = pages.last().filter(|_| pages.iter().all(|page| page.truncated)) {
                self.truncated.insert(*dataset, last.source);
            }
        }
    }

    /// The answers of a dataset, in order of file.
    pub(super) fn take(&mut self, dataset: Dataset) -> Vec<Sourced> {
        self.answers.remove(&dataset).unwrap_or_default()
    }

    /// Why a dataset without any answer is not known.
    pub(super) fn gap(&self, dataset: Dataset) -> Gap {
        let lost = self.losses.get(&dataset).cloned();
        let cut = self.truncated.contains_key(&dataset).then_some(GapReason::Truncated);
        Gap { dataset, reason: lost.or(cut).unwrap_or(GapReason::NotGiven) }
    }

    /// Whether a list is in pieces: what is not in it may yet exist.
    fn is_torn(&self, dataset: Dataset) -> bool {
        let is_part_lost =
            matches!(self.losses.get(&dataset), Some(GapReason::Damaged | GapReason::Unanswered(_)));
        is_part_lost || self.torn.contains(&dataset) || self.truncated.contains_key(&dataset)
    }

    /// What became of a dataset. One answer is enough where an answer is whole in itself; a list of which a part is
    /// damaged or missing is not known.
    pub(super) fn status(&self, dataset: Dataset) -> Known<()> {
        let whole = !matches!(
            dataset,
            Dataset::AuthorizationDetails
                | Dataset::VirtualMfaDevices
                | Dataset::Roles
                | Dataset::ServerCertificates
                | Dataset::OrganizationAccounts
                | Dataset::OrganizationPolicies
                | Dataset::IdentityCenter
                | Dataset::PermissionSets
                | Dataset::CenterUsers
                | Dataset::CenterGroups
        );
        match self.answers.get(&dataset).and_then(|answers| answers.first()) {
            Some(first) if whole || !self.is_torn(dataset) => Known::new((), first.source),
            _ => Known::Unknown(self.gap(dataset)),
        }
    }

    /// What there is one of. Several answers must say the same.
    pub(super) fn one<T: PartialEq>(
        &mut self,
        dataset: Dataset,
        value: impl Fn(Content) -> Option<T>,
    ) -> Known<T> {
        let mut told: Option<(T, SourceId)> = None;
        let mut sources = BTreeSet::new();
        let mut clash = false;
        for answer in self.take(dataset) {
            let Some(value) = value(answer.content) else { continue };
            sources.insert(answer.source);
            match &told {
                Some((before, _)) => clash |= *before != value,
                None => told = Some((value, answer.source)),
            }
        }
        match told {
            Some(_) if clash => Known::Unknown(self.contradicts(dataset, sources, dataset.thing())),
            Some((value, source)) => Known::new(value, source),
            None => Known::Unknown(self.gap(dataset)),
        }
    }

    /// The entries of all pages, each once and in order of its key.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        dataset: Dataset,
        entries: impl Fn(Content) -> Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Known<Vec<T>> {
        let status = self.status(dataset);
        let mut by_key: BTreeMap<String, (T, SourceId)> = BTreeMap::new();
        let mut gap = None;
        for answer in self.take(dataset) {
            for entry in entries(answer.content) {
                let key = key(&entry);
                match by_key.get(&key) {
                    Some((before, first)) if *before != entry => {
                        let sources = BTreeSet::from([*first, answer.source]);
                        gap = Some(self.contradicts(dataset, sources, &quote(&key)));
                    }
                    Some(_) => {}
                    None => drop(by_key.insert(key, (entry, answer.source))),
                }
            }
        }
        match (status, gap) {
            (_, Some(gap)) => Known::Unknown(gap),
            (Known::Unknown(gap), None) => Known::Unknown(gap),
            (Known::Known(fact), None) => {
                Known::new(by_key.into_values().map(|(entry, _)| entry).collect(), fact.source)
            }
        }
    }

    /// Remembers that answers contradict each other, to be told.
    pub(super) fn contradicts(&mut self, dataset: Dataset, sources: BTreeSet<SourceId>, about: &str) -> Gap {
        self.clashes.insert(Clash { dataset, sources, about: about.to_owned() });
        Gap { dataset, reason: GapReason::Contradiction(about.to_owned()) }
    }

    /// What does not fit together: lists without an end, and contradictions.
    pub(super) fn torn(&self, account: Option<AccountId>, sources: &[Source]) -> Vec<Problem> {
        let file = |source: &SourceId| source.of(sources).map(|source| source.file.as_str());
        let cut = self.truncated.iter().map(|(dataset, source)| Problem {
            file: file(source).unwrap_or("").to_owned(),
            account,
            dataset: Some(*dataset),
            kind: ProblemKind::Torn,
            message: format!("the last page of {dataset} is missing: it says that more follows"),
            hint: format!(
                "write all pages, without `--max-items` and `--no-paginate`: `{}`",
                dataset.command()
            ),
        });
        let clash = |clash: &Clash| {
            let files: BTreeSet<&str> = clash.sources.iter().filter_map(file).collect();
            Problem {
                file: files.first().copied().unwrap_or("").to_owned(),
                account,
                dataset: Some(clash.dataset),
                kind: ProblemKind::Torn,
                message: match files.len() {
                    0 | 1 => format!("the file contradicts itself about {}", clash.about),
                    _ => format!(
                        "the files {} contradict each other about {}",
                        names(files.iter().copied()),
                        clash.about
                    ),
                },
                hint: "take the older one out of the directory, or write both again".to_owned(),
            }
        };
        cut.chain(self.clashes.iter().map(clash)).collect()
    }
}
