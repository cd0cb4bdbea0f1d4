//! From a directory to proposals: one read of the trail, every principal on its own, one replay of all changes together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Subject};
use kagimori_estate::change::{Change, apply_all};
use kagimori_estate::model::Problem;
use kagimori_id::{AccountId, Arn};
use kagimori_plan::Plan;
use kagimori_plan::origins::Choice;
use kagimori_plan::plan::fingerprint;
use kagimori_plan::replay::{Class, Classes, Telling, subject_of};
use kagimori_plan::settings::Patterns;
use kagimori_plan::tighten::{
    Conditions, Generality, Input, LastAccessed, Options, Refusal, Tightened, Verified, tighten, together,
    verify,
};
use kagimori_policy::pattern::matches_ignoring_case;
use kagimori_trail::history::Seen;
use kagimori_trail::origin::{Judgement, Nature, Origin};
use kagimori_trail::sight::days_of;
use rayon::prelude::*;

use super::last_accessed;
use crate::args::{self, ConditionArg, ResourcesArg, UnseenArg};
use crate::command::ask::subject;
use crate::company::{Company, DAY, Window};
use crate::error::AppError;
use crate::history::{History, Wanted};
use crate::progress::Steps;
use crate::show::names::Names;
use crate::show::numbers::counted;
use crate::show::silence::{self, Silent};
use kagimori_lake::unread;

/// Everything that was proposed, and who was left out why.
pub(super) struct Outcome {
    pub(super) proposals: Vec<Proposal>,
    /// Nothing is proposed for these.
    pub(super) refused: Vec<(Arn, Refused)>,
    /// Where the calls of these come from.
    pub(super) refused_origins: BTreeMap<Arn, Vec<Origin>>,
    /// The calls it is drawn from lie here.
    pub(super) window: Window,
    /// The instant of the question.
    pub(super) now: Timestamp,
    /// Damaged files of the trail.
    pub(super) problems: Vec<Problem>,
    /// Somebody's last-accessed data were found.
    pub(super) has_last_accessed: bool,
    /// When the trail is silent of their accounts: these days do not count.
    pub(super) silent: Silent,
    /// What the accounts are called.
    pub(super) names: Names,
}

/// One principal's new policies.
pub(super) struct Proposal {
    pub(super) tightened: Tightened,
    pub(super) plan: Plan,
    /// The calls it is drawn from, replayed under the new policies.
    pub(super) verified: Verified,
    /// The calls that were held back.
    pub(super) holdout: Option<Verified>,
    /// Where its calls come from.
    pub(super) origins: Vec<Origin>,
    /// The origins that it is drawn from, by their ids.
    pub(super) learnt: BTreeSet<String>,
}

/// Why nothing is proposed for a principal.
pub(super) enum Refused {
    /// Its account's trail is shorter than `--floor` asks for.
    ShortTrail {
        days: i64,
        floor: i64,
    },
    Plan(Refusal),
}

impl Refused {
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::ShortTrail { days, floor } => {
                let (are, days) = (if *days == 1 { "is" } else { "are" }, counted(days, "day"));
                format!("there {are} {days} of trail of its account, and `--floor` asks for {floor}")
            }
            Self::Plan(refusal) => refusal.sentence(),
        }
    }

    pub(super) fn japanese(&self) -> String {
        match self {
            Self::ShortTrail { days, floor } => {
                format!("アカウントの証跡は {days} 日分ですが、`--floor` は {floor} 日分を求めています")
            }
            Self::Plan(refusal) => refusal.japanese(),
        }
    }
}

/// Calls by the ARN of the principal behind them.
type ByPrincipal<'c> = BTreeMap<Arn, Vec<&'c Class>>;

pub(super) fn all(company: &Company, args: &args::Tighten) -> Result<Outcome, AppError> {
    let access = Access::of(&company.estate);
    let subjects = whose(&access, args)?;
    let options = options(args)?;
    let mut telling = Telling::for_keys(&access.condition_keys()).knowing(&company.estate);
    telling.address |= options.conditions.address;
    let window = company.last_days(args.days);
    let cut = window.until.saturating_sub(args.holdout.saturating_mul(DAY));
    telling.origins = true;
    let (train, later, seen, problems) = read(company, &telling, window, cut)?;
    let wanted =
        Wanted { logged: &args.logged, origins: &args.origin, include_suspected: args.include_suspected };
    let History { sight, choice } = History::of(seen, company, window, wanted)?;
    let settings = company.directory.settings()?;
    let origins = origins(&access, &choice);
    let (all_calls, later_calls) = (by_principal(&access, &train), by_principal(&access, &later));
    let (train_calls, later_calls) = (learnt(&all_calls, &choice), learnt(&later_calls, &choice));
    let coverage = Coverage::of(&train);
    let last_accessed = last_accessed::of(&company.estate);
    let none = Vec::new();
    let (steps, total) = (Steps::new("principal"), subjects.len());
    let tried: Vec<(&Subject, Result<Tightened, Refused>)> = subjects
        .par_iter()
        .map(|subject| {
            steps.step(total);
            let from = origins.get(&subject.arn).map_or(&[][..], Vec::as_slice);
            if let Some(refusal) = left_alone(&company.estate, subject, from, &settings.patterns) {
                return (*subject, Err(Refused::Plan(refusal)));
            }
            // What was done while the trail is silent is not known.
            let silences = sight.silences(subject.account, window.from, cut);
            let silent_days = days_of(&silences);
            // What could not be read may hold what would be taken away.
            if silences.iter().any(|silence| silence.is_unread) {
                return (*subject, Err(Refused::Plan(Refusal::Silent { days: silent_days })));
            }
            let days = coverage.days(subject.account, cut).saturating_sub(silent_days).max(0);
            if days < args.floor {
                return (*subject, Err(Refused::ShortTrail { days, floor: args.floor }));
            }
            let all: u64 = all_calls.get(&subject.arn).into_iter().flatten().map(|class| class.count).sum();
            if all > 0 && !train_calls.contains_key(&subject.arn) {
                return (*subject, Err(Refused::Plan(Refusal::NotItsOwn { calls: all })));
            }
            let calls_of_all = all_calls.get(&subject.arn).unwrap_or(&none);
            let told = last_accessed.get(&subject.arn);
            let told = told.map(|told| {
                last_accessed::beside(told, calls_of_all, Window { from: window.from, until: cut })
            });
            let input = Input {
                estate: &company.estate,
                access: &access,
                subject,
                calls: train_calls.get(&subject.arn).unwrap_or(&none),
                days,
                sight: &sight,
                last_accessed: told.as_ref(),
                settings: &settings,
                now: company.now,
            };
            let refused = |refusal| match refusal {
                Refusal::NoCalls | Refusal::NothingNeeded if silent_days > 0 => {
                    Refused::Plan(Refusal::Silent { days: silent_days })
                }
                refusal => Refused::Plan(refusal),
            };
            (*subject, tighten(&input, &options).map_err(refused))
        })
        .collect();
    drop(steps);
    let (mut refused, mut tightened) = (Vec::new(), Vec::new());
    for (subject, tried) in tried {
        match tried {
            Ok(one) => tightened.push(one),
            Err(why) => refused.push((subject.arn.clone(), why)),
        }
    }
    let adding = together(&company.estate, &tightened);
    tightened.retain(|one| !adding.contains_key(&one.principal));
    let refusal = |(arn, added)| (arn, Refused::Plan(Refusal::AddsFindings { added }));
    refused.extend(adding.into_iter().map(refusal));
    let mut proposals = check(company, &access, tightened, &train_calls, &later_calls, args.holdout > 0)?;
    for proposal in &mut proposals {
        proposal.origins = origins.get(&proposal.tightened.principal).cloned().unwrap_or_default();
        proposal.learnt = proposal
            .origins
            .iter()
            .filter(|one| choice.is_learnt_origin(one))
            .map(|one| one.id.clone())
            .collect();
    }
    let window = Window { from: window.from, until: cut };
    let has_last_accessed = !last_accessed.is_empty();
    let without_proposal: BTreeSet<&Arn> = refused.iter().map(|(arn, _)| arn).collect();
    let refused_origins = origins.into_iter().filter(|(arn, _)| without_proposal.contains(arn)).collect();
    let accounts: BTreeSet<AccountId> = subjects.iter().map(|subject| subject.account).collect();
    let silent = silence::of(&sight, accounts, window);
    Ok(Outcome {
        proposals,
        refused,
        refused_origins,
        window,
        now: company.now,
        problems,
        has_last_accessed,
        silent,
        names: Names::of(&settings),
    })
}

/// Applies every proposal at once and replays everybody's calls.
fn check(
    company: &Company,
    before: &Access<'_>,
    tightened: Vec<Tightened>,
    train: &ByPrincipal<'_>,
    later: &ByPrincipal<'_>,
    has_holdout: bool,
) -> Result<Vec<Proposal>, AppError> {
    let changes: Vec<Change> = tightened.iter().flat_map(|one| one.changes.iter().cloned()).collect();
    let changed = apply_all(&company.estate, &changes).map_err(|(place, error)| AppError::Argument {
        message: format!(
            "cannot {}: {error}",
            changes.get(place).map(ToString::to_string).unwrap_or_default()
        ),
        hint: error.hint().to_owned(),
    })?;
    let after = Access::changed(&changed, before);
    let fingerprint = fingerprint(&company.estate);
    let none = Vec::new();
    let (steps, total) = (Steps::new("proposal"), tightened.len());
    let proposals: Result<Vec<Proposal>, AppError> = tightened
        .into_par_iter()
        .map(|tightened| {
            steps.step(total);
            let calls = |all: &ByPrincipal<'_>| {
                verify(before, &after, all.get(&tightened.principal).unwrap_or(&none))
            };
            let title = format!("give {} least privilege", tightened.principal);
            let plan = Plan::made_from(&title, &company.estate, &fingerprint, &tightened.changes).map_err(
                |error| AppError::Argument { message: error.to_string(), hint: error.hint().to_owned() },
            )?;
            let (verified, holdout) = (calls(train), has_holdout.then(|| calls(later)));
            Ok(Proposal { tightened, plan, verified, holdout, origins: Vec::new(), learnt: BTreeSet::new() })
        })
        .collect();
    proposals
}

/// The calls that a proposal is drawn from, the later ones that are held back, what the trail shows, and what could not be
/// read.
type Calls = (Vec<Class>, Vec<Class>, Seen, Vec<Problem>);

fn read(company: &Company, telling: &Telling, window: Window, cut: i64) -> Result<Calls, AppError> {
    let classes = || Classes::new(telling.clone());
    let make = || (classes(), classes(), Seen::default());
    let reading = company.read(window, make, |(train, later, seen), call| {
        seen.add(call);
        if call.time < cut { train.add(call) } else { later.add(call) }
    })?;
    let (mut train, mut later, mut seen) = make();
    for (one, other, part) in reading.states {
        train.merge(one);
        later.merge(other);
        seen.merge(part);
    }
    crate::company::tell(&reading.problems);
    unread::tell(&mut seen.sight, &reading.problems);
    Ok((train.finish(), later.finish(), seen, reading.problems))
}

fn by_principal<'c>(access: &Access<'_>, classes: &'c [Class]) -> ByPrincipal<'c> {
    let mut found: BTreeMap<&kagimori_trail::event::Principal, Option<Arn>> = BTreeMap::new();
    let mut all = ByPrincipal::new();
    for class in classes {
        let principal = &class.call.caller.principal;
        let arn = found
            .entry(principal)
            .or_insert_with(|| subject_of(access, principal).map(|subject| subject.arn.clone()));
        if let Some(arn) = arn {
            all.entry(arn.clone()).or_default().push(class);
        }
    }
    all
}

/// The calls that the needs of each principal are drawn from; nobody who has none.
fn learnt<'c>(calls: &ByPrincipal<'c>, choice: &Choice) -> ByPrincipal<'c> {
    let of = |(arn, classes): (&Arn, &Vec<&'c Class>)| {
        let learnt: Vec<&Class> = classes.iter().copied().filter(|class| choice.is_learnt(class)).collect();
        (!learnt.is_empty()).then(|| (arn.clone(), learnt))
    };
    calls.iter().filter_map(of).collect()
}

/// Where the calls of each principal come from.
fn origins(access: &Access<'_>, choice: &Choice) -> BTreeMap<Arn, Vec<Origin>> {
    let mut all: BTreeMap<Arn, Vec<Origin>> = BTreeMap::new();
    for (principal, origins) in choice.judged.principals() {
        if let Some(subject) = subject_of(access, principal) {
            all.entry(subject.arn.clone()).or_default().extend(origins.iter().cloned());
        }
    }
    for origins in all.values_mut() {
        origins.sort_by(|a, b| (a.judgement, &a.id).cmp(&(b.judgement, &b.id)));
    }
    all
}

/// Whom history does not tell what they need: people, and what is for emergencies.
fn left_alone(
    estate: &Estate,
    subject: &Subject,
    origins: &[Origin],
    patterns: &Patterns,
) -> Option<Refusal> {
    let name = subject.arn.name();
    let is_of = |patterns: &[String]| patterns.iter().any(|pattern| matches_ignoring_case(pattern, name));
    if is_of(&patterns.break_glass_roles) {
        return Some(Refusal::BreakGlass);
    }
    let user =
        estate.accounts.get(&subject.account)?.users.get(name).filter(|user| user.arn == subject.arn)?;
    let has_password = user.report.known().is_ok_and(|row| row.password_enabled.known().is_ok_and(|is| *is));
    let home = origins.iter().filter(|one| one.judgement == Judgement::Expected).max_by_key(|one| one.days);
    let path = subject.arn.resource().strip_prefix("user").unwrap_or_default();
    let is_named = patterns
        .machine_users
        .iter()
        .any(|pattern| matches_ignoring_case(pattern, if pattern.starts_with('/') { path } else { name }));
    let is_machine = is_named || home.is_some_and(|home| home.nature == Nature::Program);
    if !has_password || is_machine {
        return None;
    }
    let groups = user.details.known().map(|details| details.groups.clone()).unwrap_or_default();
    Some(Refusal::Person { groups })
}

fn whose<'a>(access: &'a Access<'_>, args: &args::Tighten) -> Result<Vec<&'a Subject>, AppError> {
    if let Some(name) = &args.principal {
        return Ok(vec![subject(access, name)?]);
    }
    let Some(text) = &args.account else { return Ok(access.subjects().iter().collect()) };
    let account =
        AccountId::parse(text).map_err(|error| argument(error.to_string(), "an account id has 12 digits"))?;
    let found: Vec<&Subject> =
        access.subjects().iter().filter(|subject| subject.account == account).collect();
    if found.is_empty() {
        return Err(argument(
            format!("there is no user or role of account {text} in this directory"),
            "`kagimori review` lists the accounts",
        ));
    }
    Ok(found)
}

fn options(args: &args::Tighten) -> Result<Options, AppError> {
    let has = |kind| args.conditions.contains(&kind);
    if has(ConditionArg::None) && args.conditions.iter().any(|kind| *kind != ConditionArg::None) {
        return Err(argument(
            "`none` stands beside other conditions".to_owned(),
            "give `--conditions none` alone, or leave it out",
        ));
    }
    Ok(Options {
        resources: match args.resources {
            ResourcesArg::Exact => Generality::Exact,
            ResourcesArg::Prefix => Generality::Prefix,
            ResourcesArg::Type => Generality::Type,
        },
        prefix_from: usize::from(args.prefix_from),
        conditions: Conditions {
            region: has(ConditionArg::Region),
            passed_to: has(ConditionArg::PassedTo),
            via: has(ConditionArg::Via),
            endpoint: has(ConditionArg::Endpoint),
            mfa: has(ConditionArg::Mfa),
            address: has(ConditionArg::Address),
        },
        keep: args.keep.clone(),
        keep_unseen: args.unseen == UnseenArg::Keep,
    })
}

/// What the trail holds of each account.
struct Coverage {
    first: BTreeMap<AccountId, i64>,
}

impl Coverage {
    fn of(classes: &[Class]) -> Self {
        let mut coverage = Self { first: BTreeMap::new() };
        for class in classes {
            let Some(account) = class.call.account else { continue };
            let first = coverage.first.entry(account).or_insert(class.call.time);
            *first = (*first).min(class.call.time);
        }
        coverage
    }

    /// How many days of trail there are.
    fn days(&self, account: AccountId, until: i64) -> i64 {
        let first = self.first.get(&account);
        first.map_or(0, |first| until.saturating_sub(*first).saturating_add(DAY - 1).div_euclid(DAY))
    }
}

/// The last-accessed data of a principal, by service.
pub(super) type LastAccessedOf = BTreeMap<Arn, BTreeMap<String, LastAccessed>>;

fn argument(message: String, hint: &str) -> AppError {
    AppError::Argument { message, hint: hint.to_owned() }
}
