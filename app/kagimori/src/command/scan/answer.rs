//! What a scan answers: findings with their waivers, keys that were found nowhere, keys of several systems.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::Offset;
use kagimori_estate::Estate;
use kagimori_estate::model::Problem as EstateProblem;
use kagimori_plan::settings::{SOURCE_KEY, Settings, Waiver};
use kagimori_policy::pattern::matches;
use kagimori_source::{Finding, Owner, Owners, Sealed};
use kagimori_tree::{Counts, Place, Problem};

use crate::command::leaked::gather::{self, Case, Question};
use crate::company::Company;
use crate::directory::Directory;
use crate::error::AppError;
use crate::source::Source;

/// What the trees gave beside findings.
pub(super) struct Parts {
    pub(super) systems: Vec<String>,
    pub(super) counts: Counts,
    pub(super) sealed: BTreeMap<Sealed, usize>,
    pub(super) problems: Vec<Problem>,
    pub(super) repositories: Vec<String>,
}

/// The answer.
pub(super) struct Answer<'a> {
    pub(super) parts: Parts,
    pub(super) findings: Vec<Judged<'a>>,
    pub(super) now: Timestamp,
    /// Keys of the company that are in no place: with a company alone.
    pub(super) nowhere: Vec<(&'a str, &'a Owner)>,
    pub(super) has_company: bool,
    pub(super) estate_problems: &'a [EstateProblem],
    /// How many keys are the company's and were not asked about: they were too many, or there is no trail.
    pub(super) unasked: usize,
}

/// Keys of which estate and trail are asked: each costs a replay of the trail.
const ASKED_MAX: usize = 8;
/// Days of trail that are replayed.
const DAYS: i64 = 90;

/// A finding, and whether it counts.
pub(super) struct Judged<'a> {
    pub(super) finding: Finding<Place>,
    /// The waiver that covers it.
    pub(super) waiver: Option<&'a Waiver>,
    /// An earlier answer holds it.
    pub(super) is_known: bool,
    /// What estate and trail say of it, when there are both.
    pub(super) case: Option<Case>,
}

impl Judged<'_> {
    /// Whether the command ends as one with findings because of it.
    pub(super) fn counts(&self) -> bool {
        let is_sign_only = self.finding.kind == kagimori_source::Kind::SignedRequest;
        self.finding.verdict.is_live() && !is_sign_only && self.waiver.is_none() && !self.is_known
    }

    /// The systems that hold it.
    pub(super) fn systems(&self) -> BTreeSet<usize> {
        self.finding.places.iter().map(|(_, place)| place.system).collect()
    }
}

impl<'a> Answer<'a> {
    pub(super) fn of(
        parts: Parts,
        findings: Vec<Finding<Place>>,
        owners: &'a Owners,
        company: Option<&'a (Estate, Settings)>,
        now: Timestamp,
        earlier: &BTreeSet<String>,
    ) -> Self {
        let waivers = company.map_or(&[][..], |(_, settings)| settings.waivers.as_slice());
        let found: BTreeSet<String> = findings.iter().map(|finding| finding.name.clone()).collect();
        let judged = |finding: Finding<Place>| {
            let waiver = waivers.iter().find(|waiver| is_about(waiver, &finding, now));
            let is_known = earlier.contains(&finding.uid);
            Judged { finding, waiver, is_known, case: None }
        };
        let nowhere = owners.keys.iter().filter(|(id, _)| !found.contains(*id));
        Self {
            parts,
            findings: findings.into_iter().map(judged).collect(),
            now,
            nowhere: nowhere.map(|(id, owner)| (id.as_str(), owner)).collect(),
            has_company: company.is_some(),
            estate_problems: company.map_or(&[][..], |(estate, _)| estate.problems.as_slice()),
            unasked: 0,
        }
    }

    /// Joins the worst of the company's keys with what estate and trail say of them, as `leaked` does.
    pub(super) fn join(&mut self, dir: &Path) -> Result<(), AppError> {
        let is_asked =
            |judged: &&mut Judged<'_>| judged.finding.owner.is_some() && judged.finding.verdict.is_live();
        let mut own: Vec<&mut Judged<'_>> = self.findings.iter_mut().filter(is_asked).collect();
        self.unasked = own.len();
        if own.is_empty() || !has_trail(dir)? {
            return Ok(());
        }
        let mut company = Company::open(dir, None)?;
        company.now = self.now;
        self.unasked = own.len().saturating_sub(ASKED_MAX);
        for judged in own.iter_mut().take(ASKED_MAX) {
            let question = Question { key: &judged.finding.name, dir, days: DAYS };
            let case = gather::of_finding(&company, &question, &judged.finding)?;
            let problem = |file: &String| {
                let hint = "fetch the file again: what the keys did is not known whole";
                Problem::new(file, "the trail's file could not be read", hint)
            };
            self.parts.problems.extend(case.unread.iter().map(problem));
            judged.case = Some(case);
        }
        self.parts.problems.sort();
        self.parts.problems.dedup();
        Ok(())
    }

    /// Whether something that was given could not be read.
    pub(super) fn is_incomplete(&self) -> bool {
        !self.parts.problems.is_empty() || !self.estate_problems.is_empty()
    }

    /// Credentials that lie in more than one system.
    pub(super) fn shared(&self) -> impl Iterator<Item = &Judged<'a>> {
        self.findings.iter().filter(|judged| judged.systems().len() > 1)
    }

    /// The name of a system.
    pub(super) fn system(&self, number: usize) -> &str {
        self.parts.systems.get(number).map_or("", String::as_str)
    }
}

fn has_trail(dir: &Path) -> Result<bool, AppError> {
    Ok(Source::find(&Directory::open(dir)?, None)?.is_some())
}

/// Whether a waiver that holds is about a finding: by its uid, its key id or its user.
fn is_about(waiver: &Waiver, finding: &Finding<Place>, now: Timestamp) -> bool {
    let user = finding.owner.as_ref().map(|owner| owner.user.as_str());
    let arn = finding.owner.as_ref().map(|owner| owner.arn.as_str());
    let names = [Some(finding.uid.as_str()), Some(finding.name.as_str()), user, arn];
    waiver.check == SOURCE_KEY
        && Offset::UTC.to_datetime(now).date() <= waiver.expires
        && waiver.account.is_none_or(|account| finding.account == Some(account))
        && names.into_iter().flatten().any(|name| !name.is_empty() && matches(&waiver.resource, name))
}

/// The uids of an earlier answer.
pub(super) fn earlier(path: &Path) -> Result<BTreeSet<String>, AppError> {
    let text = std::fs::read_to_string(path).map_err(|source| AppError::read(path, source))?;
    let wrong = || AppError::Argument {
        message: format!("`{}` is no answer of `kagimori scan --format json`", path.display()),
        hint: "write one: `kagimori scan PATH --format json > FILE`".to_owned(),
    };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong())?;
    let is_ours = value.pointer("/schema/name").and_then(serde_json::Value::as_str) == Some("kagimori.scan");
    let findings =
        value.get("findings").and_then(serde_json::Value::as_array).filter(|_| is_ours).ok_or_else(wrong)?;
    Ok(findings.iter().filter_map(|finding| finding.get("uid")?.as_str().map(str::to_owned)).collect())
}
