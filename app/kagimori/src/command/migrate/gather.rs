//! From a directory to judged credentials: one read of the trail for all of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, CredentialChange, apply_all};
use kagimori_estate::fact::Known as Fact;
use kagimori_estate::model::{AccessKey, Account, LastUse, Problem, User};
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_lake::{regular, unread};
use kagimori_migrate::{Answers, Credential, Home, Judged, Known, Seen, Sightings, judge};
use kagimori_plan::Settings;
use kagimori_plan::blind::{self, Idle};
use kagimori_plan::origins::Choice;
use kagimori_plan::replay::Telling;
use kagimori_trail::history;
use kagimori_trail::origin;
use kagimori_trail::sight::Sight;

use super::road::{Map, Road, Work};
use crate::args;
use crate::company::{Company, DAY, Window, tell};
use crate::error::AppError;
use crate::show::names::Names;
use crate::show::silence::{self, Silent};

/// Days in which a new credential may not have come into use.
const YOUNG: i64 = 30;

/// A credential, judged.
pub(super) struct Row {
    pub(super) account: AccountId,
    pub(super) user: Arn,
    pub(super) credential: Credential,
    /// `None`: it is not known.
    pub(super) is_active: Option<bool>,
    pub(super) last_used: Option<Option<i64>>,
    pub(super) owner: Option<String>,
    pub(super) purpose: Option<String>,
    pub(super) judged: Judged,
}

/// Everything that was judged.
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    /// Users of whom it is not known which keys they have.
    pub(super) without_keys: Vec<Arn>,
    /// Keys that are inactive and made no call: there is nothing to migrate.
    pub(super) inactive: usize,
    pub(super) window: Window,
    pub(super) now: Timestamp,
    pub(super) days: i64,
    pub(super) problems: Vec<Problem>,
    pub(super) silent: Silent,
    pub(super) names: Names,
    /// The roads of rows, by their places; none were asked for otherwise.
    pub(super) roads: BTreeMap<usize, Road>,
}

/// What one thread has seen.
#[derive(Default)]
struct Read {
    sightings: Sightings,
    seen: history::Seen,
    work: Option<Work>,
}

/// What users are judged by.
struct Bench<'a> {
    company: &'a Company,
    settings: Settings,
    sightings: Sightings,
    origins: origin::Judged,
    sight: Sight,
    access: Access<'a>,
    answers: Answers,
    window: Window,
}

pub(super) fn all(company: &Company, args: &args::Migrate) -> Result<Outcome, AppError> {
    let settings = company.directory.settings()?;
    let users = whose(company, args)?;
    let window = company.last_days(args.days);
    let answers = answers(args)?;
    let access = Access::of(&company.estate);
    let mut telling = Telling::for_keys(&access.condition_keys()).knowing(&company.estate);
    telling.origins = true;
    // Of everybody only where files are written: each role is drawn and replayed.
    let is_drawn = !args.is_whole() || args.out.is_some();
    let make = || Read { work: is_drawn.then(|| Work::new(&telling)), ..Read::default() };
    let reading = company.read(window, make, |read, call| {
        read.sightings.add(call);
        read.seen.add(call);
        read.work.iter_mut().for_each(|work| work.add(call));
    })?;
    let mut read = make();
    for part in reading.states {
        read.sightings.merge(part.sightings);
        read.seen.merge(part.seen);
        if let (Some(work), Some(part)) = (&mut read.work, part.work) {
            work.merge(part);
        }
    }
    tell(&reading.problems);
    let mut sight = blind::sight(&read.seen, &company.estate);
    company.tell_delivered(&mut sight, window);
    unread::tell(&mut sight, &reading.problems);
    let bench = Bench {
        company,
        origins: origin::Judged::of(&read.seen.origins, settings.limits.new_origin),
        sightings: read.sightings,
        sight,
        access,
        answers,
        window,
        settings,
    };
    let accounts: BTreeSet<AccountId> = users.iter().map(|(account, _)| account.id).collect();
    let mut outcome = Outcome {
        rows: Vec::new(),
        without_keys: Vec::new(),
        inactive: 0,
        window,
        now: company.now,
        days: args.days,
        problems: reading.problems,
        silent: silence::of(&bench.sight, accounts, window),
        names: Names::of(&bench.settings),
        roads: BTreeMap::new(),
    };
    let wanted =
        args.what.as_deref().filter(|_| !args.is_whole()).and_then(|what| AccessKeyId::parse(what).ok());
    for (account, user) in users {
        bench.user(account, user, wanted.as_ref(), &mut outcome);
    }
    if let Some(work) = read.work {
        outcome.roads = bench.roads(work, &outcome.rows)?;
    }
    Ok(outcome)
}

impl Bench<'_> {
    fn roads(self, work: Work, rows: &[Row]) -> Result<BTreeMap<usize, Road>, AppError> {
        let calls = work.finish(&self.sightings);
        let answered = |row: &Row| Some(self.answers.about(&row.user, &row.credential)?.facts.clone());
        let facts =
            rows.iter().enumerate().filter_map(|(place, row)| Some((place, answered(row)?))).collect();
        let choice = Choice { judged: self.origins, ..Choice::default() };
        let map = Map {
            company: self.company,
            settings: &self.settings,
            access: &self.access,
            sight: &self.sight,
            choice: &choice,
            window: self.window,
            calls: &calls,
        };
        map.draw(rows, &facts)
    }

    fn user(&self, account: &Account, user: &User, wanted: Option<&AccessKeyId>, outcome: &mut Outcome) {
        let keys: &[AccessKey] = match &user.access_keys {
            Fact::Known(keys) => &keys.value,
            Fact::Unknown(_) => {
                outcome.without_keys.push(user.arn.clone());
                &[]
            }
        };
        let named: Vec<&AccessKeyId> = keys.iter().filter_map(|key| key.id.as_ref()).collect();
        let only = match (keys.len(), named.as_slice()) {
            (1, [one]) => Some(*one),
            _ => None,
        };
        let id = user.details.value().map(|details| details.id.as_str());
        let seen = self.sightings.of(&user.arn, id, only);
        let mut all: BTreeMap<Credential, Option<&AccessKey>> = BTreeMap::new();
        for key in keys {
            if let Some(id) = &key.id {
                all.insert(Credential::Key(id.clone()), Some(key));
            }
        }
        for credential in seen.keys() {
            all.entry(credential.clone()).or_default();
        }
        let has_password = user.report.value().and_then(|row| row.password_enabled.value()).copied();
        if has_password == Some(true) {
            all.entry(Credential::Password).or_default();
        }
        for (credential, key) in all {
            if wanted.is_some_and(|wanted| credential != Credential::Key(wanted.clone())) {
                continue;
            }
            let is_active = match (&credential, key) {
                (Credential::Password, _) => has_password,
                // A key that made calls and is in no list was deleted, or the list is older.
                (Credential::Key(_), None) => None,
                (Credential::Key(_), Some(key)) => key.active.value().copied(),
            };
            if is_active == Some(false) && !seen.contains_key(&credential) {
                outcome.inactive = outcome.inactive.saturating_add(1);
                continue;
            }
            let last_used = last_used(&credential, user, key);
            let created = created(&credential, user, key);
            let young = self.company.now.as_second().saturating_sub(YOUNG.saturating_mul(DAY));
            let is_new = created.is_none_or(|created| created > young);
            let judged =
                self.judged(user, account.id, &credential, seen.get(&credential), (last_used, is_new));
            let tags = user.details.value().map(|details| &details.tags);
            let tag = |keys: &[String]| keys.iter().find_map(|key| tags?.get(key).cloned());
            outcome.rows.push(Row {
                account: account.id,
                user: user.arn.clone(),
                is_active,
                last_used,
                owner: tag(&self.settings.owners.owner_tags),
                purpose: tag(&self.settings.owners.purpose_tags),
                judged,
                credential,
            });
        }
    }

    fn judged(
        &self,
        user: &User,
        account: AccountId,
        credential: &Credential,
        seen: Option<&Seen>,
        (last_used, is_new): (Option<Option<i64>>, bool),
    ) -> Judged {
        let mut hints = vec![user.arn.resource().to_owned()];
        if let Some(details) = user.details.value() {
            hints.extend(details.tags.iter().map(|(key, value)| format!("{key}={value}")));
            hints.extend(details.groups.iter().cloned());
        }
        let answer = self.answers.about(&user.arn, credential).and_then(|answer| answer.class);
        let known =
            Known { origins: Some(&self.origins), hints, last_used, is_new, is_seen_whole: true, answer };
        let judged = judge(seen, &known);
        let is_quiet = matches!(judged.home, Home::Noise(_)) || judged.probes > 0;
        if !is_quiet || self.sees_whole(user, account, credential) {
            return judged;
        }
        judge(seen, &Known { is_seen_whole: false, ..known })
    }

    /// Whether the trail would have shown whatever a credential did: there is no silence, and nothing that the user may do leaves no
    /// event in it.
    fn sees_whole(&self, user: &User, account: AccountId, credential: &Credential) -> bool {
        if !self.sight.silences(account, self.window.from, self.window.until).is_empty() {
            return false;
        }
        let change = match credential {
            Credential::Key(key) => CredentialChange::SetAccessKeyStatus {
                user: user.arn.clone(),
                key: key.clone(),
                active: false,
            },
            Credential::Password => {
                CredentialChange::SetConsoleLogin { user: user.arn.clone(), enabled: false }
            }
        };
        let changes = [Change::Credential(change)];
        let Ok(changed) = apply_all(&self.company.estate, &changes) else { return false };
        let after = Access::changed(&changed, &self.access);
        let idle = Idle {
            sight: &self.sight,
            from: self.window.from,
            until: self.window.until,
            services: &BTreeMap::new(),
            credential: &|_| false,
        };
        let whose = BTreeSet::from([user.arn.clone()]);
        let losses = blind::losses(&self.access, &after, &changes, Some(&whose), &idle);
        !losses.iter().any(blind::Loss::counts)
    }
}

/// The last use as AWS tracks it: `Some(None)`: never.
fn last_used(credential: &Credential, user: &User, key: Option<&AccessKey>) -> Option<Option<i64>> {
    let told = match credential {
        Credential::Key(_) => key.map(|key| &key.last_used),
        Credential::Password => user.report.value().map(|row| &row.password_last_used),
    };
    match told.and_then(Fact::value)? {
        LastUse::Never => Some(None),
        LastUse::At { at, .. } => Some(Some(at.as_second())),
    }
}

/// When it was made, or the password set.
fn created(credential: &Credential, user: &User, key: Option<&AccessKey>) -> Option<i64> {
    let told = match credential {
        Credential::Key(_) => key?.created.value().copied(),
        Credential::Password => user.report.value()?.password_last_changed.value().copied().flatten(),
    };
    told.map(Timestamp::as_second)
}

/// What people answered: `migrate.toml` of the directory, where there is one.
fn answers(args: &args::Migrate) -> Result<Answers, AppError> {
    let path = args.directory().join("migrate.toml");
    let Some(bytes) = regular::found(&path).map_err(|source| AppError::read(&path, source))? else {
        return Ok(Answers::default());
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| argument(format!("`{}` is not UTF-8", path.display()), "save it as UTF-8"))?;
    Answers::parse(&text).map_err(|error| argument(format!("`{}`: {error}", path.display()), error.hint()))
}

/// The users that are asked about.
fn whose<'c>(company: &'c Company, args: &args::Migrate) -> Result<Vec<(&'c Account, &'c User)>, AppError> {
    let everybody = || {
        company
            .estate
            .accounts
            .values()
            .flat_map(|account| account.users.values().map(move |user| (account, user)))
    };
    if let Some(text) = &args.account {
        let id = AccountId::parse(text)
            .map_err(|error| argument(error.to_string(), "an account id has 12 digits"))?;
        let found: Vec<_> = everybody().filter(|(account, _)| account.id == id).collect();
        return match found.is_empty() {
            true => Err(argument(
                format!("there is no user of account {text} in this directory"),
                "`kagimori review` lists the accounts",
            )),
            false => Ok(found),
        };
    }
    let Some(what) = args.what.as_deref().filter(|_| !args.all) else { return Ok(everybody().collect()) };
    if let Ok(key) = AccessKeyId::parse(what) {
        let has = |user: &User| {
            user.access_keys.value().into_iter().flatten().any(|held| held.id.as_ref() == Some(&key))
        };
        let found: Vec<_> = everybody().filter(|(_, user)| has(user)).collect();
        return match found.is_empty() {
            true => Err(argument(
                format!("no user of this directory has the key `{what}`"),
                "`kagimori trail key` shows what a key did that no list names; `kagimori collect` brings the lists",
            )),
            false => Ok(found),
        };
    }
    let found: Vec<_> =
        everybody().filter(|(_, user)| user.arn.as_str() == what || user.name == what).collect();
    match found.as_slice() {
        [] => {
            let is_role = company.estate.accounts.values().any(|account| account.roles.contains_key(what));
            let near = kagimori_id::nearest(what, everybody().map(|(_, user)| user.name.as_str()));
            Err(match (is_role, near) {
                (true, _) => {
                    argument(format!("`{what}` is a role already"), "name an IAM user, or a key of one")
                }
                (false, Some(near)) => argument(
                    format!("there is no user `{what}` in this directory"),
                    &format!("do you mean `{near}`?"),
                ),
                (false, None) => argument(
                    format!("there is no user `{what}` in this directory"),
                    "`kagimori migrate --all` lists them",
                ),
            })
        }
        [_] => Ok(found),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, user)| user.arn.as_str()).collect();
            Err(argument(
                format!("several users have the name `{what}`"),
                &format!("give one's ARN: {}", names.join(", ")),
            ))
        }
    }
}

fn argument(message: String, hint: &str) -> AppError {
    AppError::Argument { message, hint: hint.to_owned() }
}

impl Outcome {
    /// How many days the window has.
    pub(super) fn span(&self) -> i64 {
        self.window.until.saturating_sub(self.window.from).div_euclid(DAY)
    }
}
