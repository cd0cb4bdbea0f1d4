//! What is known of the key, from the engines that know it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Parser;
use jiff::Timestamp;
use kagimori_estate::access::May;
use kagimori_estate::change::{Change, CredentialChange};
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_plan::escalation::{Goal, Graph};
use kagimori_policy::catalogue::{AccessLevel, Catalogue};
use kagimori_source::{Finding, Owner, Verdict};
use kagimori_trail::origin::{Judgement, Origin};
use kagimori_trail::selection::Selection;
use kagimori_tree::Place;

use crate::args::{Args, Command, Leaked, Scan, ScanFormat};
use crate::command::{ask, scan, tighten};
use crate::company::{Company, Replayed};
use crate::error::AppError;
use crate::history::Wanted;
use crate::show::silence;

/// What is asked.
pub(crate) struct Question<'a> {
    pub(crate) key: &'a str,
    pub(crate) dir: &'a Path,
    /// Days of trail that are replayed.
    pub(crate) days: i64,
}

/// Everything.
pub(crate) struct Case {
    pub(super) key: String,
    pub(super) dir: String,
    pub(super) now: Timestamp,
    pub(super) days: i64,
    pub(super) account: Option<AccountId>,
    pub(super) verdict: Verdict,
    pub(super) owner: Option<Owner>,
    pub(super) could: Option<Could>,
    pub(super) did: Option<Did>,
    pub(super) breaks: Option<Replayed>,
    pub(super) replacement: Result<Replacement, String>,
    pub(super) places: Vec<Spot>,
    /// Trees were looked through.
    pub(super) looked: bool,
    /// What could not be read, of trees and of the trail.
    pub(crate) unread: Vec<String>,
}

/// What whoever has the key may do.
pub(super) struct Could {
    pub(super) allowed: usize,
    pub(super) conditional: usize,
    /// Allowed actions by what they can do, the worst first.
    pub(super) levels: BTreeMap<Level, Vec<String>>,
    /// Whether it is, or can become, an administrator; in how many steps.
    pub(super) administrator: Option<(May, usize)>,
}

/// What an action can do, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Permissions,
    Write,
    Tagging,
    Read,
    List,
    Unknown,
}

/// What the key did, over the whole trail.
pub(super) struct Did {
    pub(super) calls: u64,
    pub(super) failed: u64,
    pub(super) writes: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// The worst first: what it was, calls, successes, the last.
    pub(super) actions: Vec<(Level, String, u64, u64, Timestamp)>,
    pub(super) origins: Vec<Origin>,
    /// What kinds of caller made them.
    pub(super) workloads: BTreeSet<&'static str>,
    /// Calls and writes since the first commit that holds it.
    pub(super) since: Option<(u64, u64)>,
}

/// What stands in its place.
pub(super) struct Replacement {
    pub(super) policies: Vec<String>,
    /// The prover says that they grant nothing new.
    pub(super) is_proved: bool,
}

/// A place that holds the key.
pub(super) struct Spot {
    pub(super) place: String,
    pub(super) line: usize,
    /// Where in a system, in English and in Japanese; empty for a file as it lies there.
    pub(super) at: (String, String),
    pub(super) since: Option<i64>,
    /// It lies there now, and has to be changed.
    pub(super) is_now: bool,
}

impl Case {
    pub(super) fn is_live(&self) -> bool {
        self.verdict.is_live()
    }

    /// Whether somebody else's hand was seen.
    pub(super) fn is_suspected(&self) -> bool {
        self.suspected().next().is_some()
    }

    pub(super) fn suspected(&self) -> impl Iterator<Item = &Origin> {
        let origins = self.did.iter().flat_map(|did| &did.origins);
        origins.filter(|origin| matches!(origin.judgement, Judgement::Suspected | Judgement::AnotherPerson))
    }

    /// Whose it is cannot be told.
    pub(super) fn is_untold(&self) -> bool {
        self.owner.is_none() && self.verdict != Verdict::Deleted
    }

    /// The first commit that holds it.
    pub(super) fn since(&self) -> Option<i64> {
        self.places.iter().filter_map(|place| place.since).min()
    }
}

impl Level {
    fn of(levels: &[AccessLevel]) -> Self {
        let worst = levels.iter().map(|level| match level {
            AccessLevel::PermissionsManagement => Self::Permissions,
            AccessLevel::Write => Self::Write,
            AccessLevel::Tagging => Self::Tagging,
            AccessLevel::Read => Self::Read,
            AccessLevel::List => Self::List,
        });
        worst.min().unwrap_or(Self::Unknown)
    }

    /// In English and in Japanese.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Permissions => ("permissions management", "権限の管理"),
            Self::Write => ("write", "書き込み"),
            Self::Tagging => ("tagging", "タグ付け"),
            Self::Read => ("read", "読み取り"),
            Self::List => ("list", "一覧"),
            Self::Unknown => ("of no known level", "分類不明"),
        }
    }
}

/// Asks everybody about a key that leaked.
pub(super) fn gather(company: &Company, args: &Leaked) -> Result<Case, AppError> {
    let question = Question { key: &args.key, dir: &args.dir, days: args.days };
    let scan = Scan {
        paths: args.tree.clone(),
        git: args.git.clone(),
        staged: false,
        dir: None,
        against: None,
        canary_account: Vec::new(),
        now: Some(company.now),
        format: ScanFormat::Human,
    };
    let (finding, unread) = scan::of_key(&scan, &company.estate, &args.key, company.now)?;
    let mut case = of_finding(company, &question, &finding)?;
    case.looked = !args.tree.is_empty() || !args.git.is_empty();
    case.unread.extend(unread);
    Ok(case)
}

/// Asks everybody about a key that a scan found.
pub(crate) fn of_finding(
    company: &Company,
    question: &Question<'_>,
    finding: &Finding<Place>,
) -> Result<Case, AppError> {
    let places = finding.places.iter().map(|(held, place)| {
        let (at, since, is_now) = scan::stands(&place.at);
        Spot { place: place.path.clone(), line: held.line, at, since, is_now }
    });
    let places: Vec<Spot> = places.collect();
    let mut case = Case {
        key: question.key.to_owned(),
        dir: question.dir.to_string_lossy().into_owned(),
        now: company.now,
        days: question.days,
        account: finding.account,
        verdict: finding.verdict,
        owner: finding.owner.clone(),
        could: None,
        did: did(company, question.key, places.iter().filter_map(|place| place.since).min())?,
        breaks: None,
        replacement: Err("whose the key is is not known".to_owned()),
        places,
        looked: true,
        unread: Vec::new(),
    };
    if let Some(arn) = case.owner.as_ref().and_then(|owner| Arn::parse(&owner.arn).ok()) {
        case.could = Some(could(company, &arn, question.dir)?);
        case.breaks = breaks(company, &arn, question)?;
        let problems = case.breaks.iter().flat_map(|replayed| &replayed.problems);
        case.unread = problems.map(|problem| problem.file.clone()).collect();
        case.replacement = replacement(company, &arn, question)?;
    }
    Ok(case)
}

fn could(company: &Company, arn: &Arn, dir: &Path) -> Result<Could, AppError> {
    let rows = ask::everything(&company.estate, arn.as_str(), dir, company.now)?;
    let mut could = Could { allowed: 0, conditional: 0, levels: BTreeMap::new(), administrator: None };
    let catalogue = Catalogue::embedded();
    for (action, is_sure) in rows {
        if is_sure {
            could.allowed += 1
        } else {
            could.conditional += 1
        }
        let levels = catalogue.action(&action).map(|id| catalogue.access_levels(id)).unwrap_or_default();
        could.levels.entry(Level::of(&levels)).or_default().push(action);
    }
    let graph = Graph::of_telling(&company.estate, company.now, &|_, _| ());
    if let Some(found) = graph.find(&Goal::Administrator, Some(arn.as_str())) {
        let there = found.there.iter().find(|(name, _)| name == arn.as_str()).map(|(_, may)| (*may, 0));
        let route = found.routes.first().map(|route| (route.certainty(), route.len()));
        could.administrator = there.or(route).filter(|(may, _)| *may != May::No);
    }
    Ok(could)
}

fn did(company: &Company, key: &str, first_commit: Option<i64>) -> Result<Option<Did>, AppError> {
    let selection = Selection { access_key: Some(key.to_owned()), ..Selection::default() };
    let (usage, origins) = company.usage_of_key(key, &selection)?;
    let Some((_, used)) = usage.keys.iter().find(|(id, _)| id.as_str() == key) else { return Ok(None) };
    let activity = &used.activity;
    let since = match first_commit {
        Some(_) => {
            let selection = Selection { since: first_commit, ..selection };
            let (usage, _) = company.usage_of_key(key, &selection)?;
            let after = usage.keys.iter().find(|(id, _)| id.as_str() == key);
            Some(after.map_or((0, 0), |(_, used)| (used.activity.calls, used.activity.writes)))
        }
        None => None,
    };
    let catalogue = Catalogue::embedded();
    let mut actions: Vec<_> = activity
        .actions
        .iter()
        .map(|(action, seen)| {
            let name = format!("{}:{}", action.service, action.name);
            let levels = catalogue.action(&name).map(|id| catalogue.access_levels(id)).unwrap_or_default();
            (Level::of(&levels), name, seen.calls, seen.succeeded, seen.last)
        })
        .collect();
    actions.sort_by(|a, b| (a.0, std::cmp::Reverse(a.3), &a.1).cmp(&(b.0, std::cmp::Reverse(b.3), &b.1)));
    Ok(Some(Did {
        calls: activity.calls,
        failed: activity.calls.saturating_sub(activity.succeeded),
        writes: activity.writes,
        first: activity.first,
        last: activity.last,
        actions,
        origins,
        workloads: activity.callers.keys().map(|kind| kind.as_str()).collect(),
        since,
    }))
}

fn breaks(company: &Company, arn: &Arn, question: &Question<'_>) -> Result<Option<Replayed>, AppError> {
    let Ok(key) = AccessKeyId::parse(question.key) else { return Ok(None) };
    let change =
        Change::Credential(CredentialChange::SetAccessKeyStatus { user: arn.clone(), key, active: false });
    let wanted = Wanted { logged: &[], origins: &[], include_suspected: false };
    company.replay(&[change], company.last_days(question.days), wanted).map(Some)
}

/// The policies that `tighten` proposes for the user: a role gets the same.
fn replacement(
    company: &Company,
    arn: &Arn,
    question: &Question<'_>,
) -> Result<Result<Replacement, String>, AppError> {
    let dir = question.dir.to_string_lossy().into_owned();
    let days = question.days.to_string();
    let typed = ["kagimori", "tighten", arn.as_str(), "--dir", &dir, "--no-files", "--days", &days];
    let Ok(Args { command: Command::Tighten(tightening), .. }) = Args::try_parse_from(typed) else {
        return Ok(Err("`tighten` cannot be asked of this user".to_owned()));
    };
    Ok(tighten::policies(company, &tightening)?
        .map(|(policies, is_proved)| Replacement { policies, is_proved }))
}

/// Why it cannot be said that nothing else was done or breaks, in English and in Japanese.
pub(super) fn blind(case: &Case) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let Some(breaks) = &case.breaks else { return lines };
    if let Some(begins) = breaks.begins {
        let day = crate::show::numbers::day(begins);
        lines.push((
            format!("the trail begins on {day}: what was done before is not known"),
            format!("証跡は {day} から始まります。それより前の操作は分かりません"),
        ));
        if case.since().is_some_and(|since| since < begins) {
            lines.push((
                "the key lay in a repository before the trail begins".to_owned(),
                "証跡の開始より前から、キーはリポジトリにありました".to_owned(),
            ));
        }
    }
    lines.extend(silence::lines(&breaks.silent));
    let untold = breaks.losses.iter().filter(|loss| loss.counts()).count();
    if untold > 0 {
        lines.push((
            "the trail does not show all of what the key may do (data events, actions that are not logged): reading objects may have left nothing"
                .to_owned(),
            "証跡に残らない操作（データイベントなど）があります。オブジェクトの読み取りは記録されていない可能性があります".to_owned(),
        ));
    }
    let hands_out = |name: &str| name.starts_with("sts:") && !name.contains("GetCallerIdentity");
    let sessions = case
        .did
        .iter()
        .flat_map(|did| &did.actions)
        .any(|(_, name, _, succeeded, _)| *succeeded > 0 && hands_out(name));
    if sessions {
        lines.push((
            "sessions were handed out with it: they outlive the key, and `kagimori trail who ROLE` shows what was done in them".to_owned(),
            "このキーで一時認証情報が発行されています。キーを無効にしても期限まで有効です。`kagimori trail who ROLE` で確認してください".to_owned(),
        ));
    }
    lines
}
