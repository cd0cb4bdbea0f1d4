//! A company as a directory holds it: its estate, and its trail as calls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, apply_all};
use kagimori_estate::model::Problem;
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_lake::{CallReading, delivered};
use kagimori_plan::blind::{self, Idle, Loss};
use kagimori_plan::origins::Choice;
use kagimori_plan::replay::{Chain, Class, Evidence, Found, Judging, Touched, Wanted, subject_of};
use kagimori_terminal::printer;
use kagimori_trail::Usage;
use kagimori_trail::call::Call;
use kagimori_trail::origin::{Judged, Judgement, Origin};
use kagimori_trail::selection::{Selection, Who};
use kagimori_trail::sight::Sight;
use rayon::prelude::*;

use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;
use crate::history::{self, History};
use crate::progress::Steps;
use crate::show::silence::{self, Silent};
use crate::source::Source;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Calls after which progress is told.
const CALLS_A_STEP: usize = 1 << 10;

/// A directory that was read, but for its trail.
pub(crate) struct Company {
    pub(crate) directory: Directory,
    pub(crate) estate: Estate,
    /// `as_of` of the settings, else the clock.
    pub(crate) now: Timestamp,
    source: Source,
}

/// Which calls of the trail count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// From this second on.
    pub(crate) from: i64,
    /// Before this second.
    pub(crate) until: i64,
}

impl Window {
    fn selection(self) -> Selection {
        Selection { since: Some(self.from), until: Some(self.until), ..Selection::default() }
    }
}

impl Company {
    /// Reads the snapshots; what could not be read is told.
    pub(crate) fn open(dir: &Path, trail: Option<&PathBuf>) -> Result<Self, AppError> {
        let directory = Directory::open(dir)?;
        let settings = directory.settings()?;
        let estate = directory.estate(settings.as_of)?;
        tell(&estate.problems);
        let source = Source::find(&directory, trail.map(PathBuf::as_path))?.ok_or_else(|| AppError::Argument {
            message: format!("there is no trail in `{}`", dir.display()),
            hint: "put the CloudTrail files into `trail/` (`aws s3 sync s3://BUCKET/PREFIX trail/`), or name their folder with `--trail`".to_owned(),
        })?;
        Ok(Self { directory, estate, now: settings.as_of.unwrap_or_else(Timestamp::now), source })
    }

    /// The last days before the directory's instant.
    pub(crate) fn last_days(&self, days: i64) -> Window {
        let until = self.now.as_second();
        Window { from: until.saturating_sub(days.saturating_mul(DAY)), until }
    }

    /// Judges the calls of a window: everybody's, or those of whom changes touch.
    fn judge(
        &self,
        chain: &Chain<'_>,
        choice: &Choice,
        window: Window,
        whose: Option<&Touched>,
    ) -> Result<(Found, Vec<Problem>), AppError> {
        let who = whose.map(|touched| Who::AnyOf(touched.texts.clone()));
        let selection = Selection { who, ..window.selection() };
        let counts = |class: &Class| choice.counts(class);
        let (steps, done, total) = (Steps::new("call"), AtomicUsize::new(0), self.source.held());
        let make = || chain.judging(&counts);
        let each = |judging: &mut Judging<'_, '_>, call: &Call| {
            judging.add(call);
            let done = done.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            if let Some(total) = total.filter(|_| done.is_multiple_of(CALLS_A_STEP)) {
                steps.reach(done, total);
            }
        };
        let reading = self.source.calls(&self.directory, &selection, make, each)?;
        let found = reading.states.into_par_iter().map(Judging::finish).reduce(Found::default, Found::and);
        Ok((found, reading.problems))
    }

    /// Reads the calls of a window once.
    pub(crate) fn read<T: Send>(
        &self,
        window: Window,
        make: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, &Call) + Sync + Send,
    ) -> Result<CallReading<T>, AppError> {
        self.source.calls(&self.directory, &window.selection(), make, each)
    }

    /// What changes would have broken: [`Chain`] decides, and asks for what is read here.
    pub(crate) fn replay(
        &self,
        changes: &[Change],
        window: Window,
        wanted: history::Wanted<'_>,
    ) -> Result<Replayed, AppError> {
        let after = apply_all(&self.estate, changes).map_err(|(place, error)| {
            let sentence = changes.get(place).map(ToString::to_string).unwrap_or_default();
            AppError::Argument {
                message: format!("cannot {sentence}: {error}"),
                hint: error.hint().to_owned(),
            }
        })?;
        let touched = Touched::by(changes, &self.estate, &after);
        let history = self.history(window, wanted)?;
        let before = Access::of(&self.estate);
        let after = Access::changed(&after, &before);
        let mut replayed = self.replay_of(touched, changes, (&before, &after), window, &history.choice)?;
        tell(&replayed.problems);
        let is_idle = |change: &Change| history::is_idle(&self.estate, change, window.from);
        let whose = replayed.touched.as_ref();
        let idle = Idle {
            sight: &history.sight,
            from: window.from,
            until: window.until,
            services: &services_of(&before, &history.choice),
            credential: &is_idle,
        };
        replayed.begins =
            history.sight.first_day().map(|day| day.saturating_mul(DAY)).filter(|begin| *begin > window.from);
        replayed.losses = blind::losses(&before, &after, changes, whose, &idle);
        replayed.origins = origins_of(&before, &history.choice, whose);
        // Keys that nobody used, as AWS tracks it, were not used while the trail was silent either.
        if !changes.iter().all(is_idle) {
            replayed.silent = silence::of(&history.sight, self.heard_of(whose), window);
        }
        Ok(replayed)
    }

    /// The accounts of those whom changes touch, or all in which somebody may call.
    fn heard_of(&self, whose: Option<&BTreeSet<Arn>>) -> BTreeSet<AccountId> {
        let listed = self.estate.organization.accounts.value();
        let is_open = |id: &AccountId| {
            let mut known = listed.into_iter().flatten().filter(|account| account.id == *id);
            known.all(|account| account.status == "ACTIVE")
        };
        match whose {
            Some(whose) => whose.iter().filter_map(Arn::account).collect(),
            None => self.estate.accounts.keys().copied().filter(is_open).collect(),
        }
    }

    /// What the trail of a window would have shown, and where its calls come from.
    fn history(&self, window: Window, wanted: history::Wanted<'_>) -> Result<History, AppError> {
        let seen = self.source.history(&self.directory, &window.selection())?;
        History::of(seen, self, window, wanted)
    }

    /// The same of those whom the changes touch, or of everybody.
    fn replay_of(
        &self,
        touched: Option<Touched>,
        changes: &[Change],
        (before, after): (&Access<'_>, &Access<'_>),
        window: Window,
        choice: &Choice,
    ) -> Result<Replayed, AppError> {
        let mut chain = Chain::new(before, after, changes, touched);
        let mut problems = Vec::new();
        loop {
            match chain.next() {
                Wanted::Sessions => {
                    let keys = self.sessions()?;
                    chain.take_sessions(keys);
                }
                Wanted::Calls { whose } => {
                    let (found, unread) = self.judge(&chain, choice, window, whose)?;
                    problems = unread;
                    chain.take_found(found);
                }
                Wanted::Nothing => break,
            }
        }
        let (evidence, suspected, touched) = chain.into_evidence();
        let mut others = 0;
        if touched.is_some() && evidence.totals.total() == 0 {
            let count = self.read(window, u64::default, |count, _| *count = count.saturating_add(1))?;
            others = count.states.iter().sum();
        }
        Ok(Replayed {
            evidence,
            suspected,
            problems,
            touched: touched.map(|touched| touched.principals),
            others,
            ..Replayed::default()
        })
    }

    /// What a key did in the whole trail, and where its calls come from.
    pub(crate) fn usage_of_key(
        &self,
        key: &str,
        selection: &Selection,
    ) -> Result<(Usage, Vec<Origin>), AppError> {
        let reading = self.source.usage_with_history(&self.directory, selection)?;
        let days = self.directory.settings()?.limits.new_origin;
        let judged = reading.usage.history.as_ref().map(|seen| Judged::of(&seen.origins, days));
        let id = reading.usage.keys.keys().find(|id| id.as_str() == key);
        let origins = judged.zip(id).map(|(judged, id)| judged.of_key(id).to_vec()).unwrap_or_default();
        tell(&reading.problems);
        Ok((reading.usage, origins))
    }

    /// The keys of every session whose making stands in the trail.
    fn sessions(&self) -> Result<Vec<AccessKeyId>, AppError> {
        let always = Window { from: i64::MIN, until: i64::MAX };
        let reading = self
            .read(always, Vec::new, |keys: &mut Vec<AccessKeyId>, call| keys.extend(call.issued.clone()))?;
        Ok(reading.states.into_iter().flatten().collect())
    }

    /// What digest files beside the trail prove of silences: looked for where there is a silence, or a Region of which nothing is heard.
    pub(crate) fn tell_delivered(&self, sight: &mut Sight, window: Window) {
        let is_open = |account: &AccountId| {
            !sight.silences(*account, window.from, window.until).is_empty()
                || !sight.unseen_regions(*account).is_empty()
        };
        if !self.estate.accounts.keys().any(is_open) {
            return;
        }
        let folder = self.source.folder().or(self.directory.trail.as_deref());
        for (account, region, day) in
            folder.map(|folder| delivered(folder, &self.directory.root)).unwrap_or_default()
        {
            sight.tell_delivered(account, &region, day);
        }
    }

    /// How a command ends whose own answer is `exit`.
    pub(crate) fn exit(&self, problems: &[Problem], exit: Exit) -> Exit {
        let is_whole = self.estate.problems.is_empty() && problems.is_empty();
        if is_whole || exit == Exit::Failed { exit } else { Exit::Incomplete }
    }
}

/// What a replay gave.
#[derive(Default)]
pub(crate) struct Replayed {
    pub(crate) evidence: Evidence,
    /// What would have become of calls that may be an intruder's, or that were not asked for: not in the evidence.
    pub(crate) suspected: Evidence,
    /// Where the calls of those come from whom the changes touch: of more than one place, or of a suspected one.
    pub(crate) origins: BTreeMap<Arn, Vec<Origin>>,
    /// When the trail begins, where that is within the window: of the time before nothing is known.
    pub(crate) begins: Option<i64>,
    /// Files of the trail that could not be read.
    pub(crate) problems: Vec<Problem>,
    /// Whom the changes touch, when that is not everybody: only their calls were replayed.
    pub(crate) touched: Option<BTreeSet<Arn>>,
    /// When they made none: how many calls there were of others.
    pub(crate) others: u64,
    /// What the changes take away of which the trail would not have shown the use.
    pub(crate) losses: Vec<Loss>,
    /// When the trail is silent of the accounts of those whom the changes touch.
    pub(crate) silent: Silent,
}

/// The services that the trail shows each user and role to use.
fn services_of(access: &Access<'_>, choice: &Choice) -> BTreeMap<Arn, BTreeSet<Box<str>>> {
    let mut all: BTreeMap<Arn, BTreeSet<Box<str>>> = BTreeMap::new();
    for (principal, origins) in choice.judged.principals() {
        if let Some(subject) = subject_of(access, principal) {
            let services = all.entry(subject.arn.clone()).or_default();
            services.extend(origins.iter().flat_map(|origin| origin.services.iter().cloned()));
        }
    }
    all
}

/// Where the calls of those come from whom changes touch; one expected place is not worth a line.
fn origins_of(
    access: &Access<'_>,
    choice: &Choice,
    whose: Option<&BTreeSet<Arn>>,
) -> BTreeMap<Arn, Vec<Origin>> {
    let mut all: BTreeMap<Arn, Vec<Origin>> = BTreeMap::new();
    for (principal, origins) in choice.judged.principals() {
        let arn = subject_of(access, principal).map(|subject| &subject.arn);
        if let Some(arn) = arn.filter(|arn| whose.is_none_or(|whose| whose.contains(*arn))) {
            all.entry(arn.clone()).or_default().extend(origins.iter().cloned());
        }
    }
    let is_suspected = |origin: &Origin| origin.judgement == Judgement::Suspected;
    all.retain(|_, origins| match whose {
        Some(_) => origins.len() > 1 || origins.iter().any(is_suspected),
        None => origins.iter().any(is_suspected),
    });
    for origins in all.values_mut() {
        origins.sort_by(|a, b| (a.judgement, &a.id).cmp(&(b.judgement, &b.id)));
    }
    all
}

pub(crate) fn tell(problems: &[Problem]) {
    for problem in problems {
        printer::warning(&format!("`{}`: {}", problem.file, problem.message));
    }
}

#[cfg(test)]
mod tests {
    use kagimori_estate::change::{Change, CredentialChange, IdentityChange, touched};
    use kagimori_estate::model::{AccessKey, Account, Grants};

    use super::*;

    /// One change of each kind that touches few, and what hands out sessions among them.
    fn changes(account: &Account) -> Vec<Change> {
        let mut changes = Vec::new();
        for user in account.users.values() {
            let keys = user.access_keys.known().map_or(&[][..], Vec::as_slice);
            let off = |key: &AccessKey| {
                let is_active = key.active.known().is_ok_and(|active| *active);
                let (user, key) = (user.arn.clone(), key.id.clone().filter(|_| is_active)?);
                Some(Change::Credential(CredentialChange::SetAccessKeyStatus { user, key, active: false }))
            };
            changes.extend(keys.iter().find_map(off));
        }
        changes.truncate(2);
        let groups = account.groups.values().map(|group| (&group.arn, &group.grants));
        let roles = account.roles.values().map(|role| (&role.arn, &role.grants));
        let detached = |(identity, grants): (&Arn, &Grants)| {
            let policy = grants.attached.first()?.clone();
            Some(Change::Identity(IdentityChange::DetachPolicy { identity: identity.clone(), policy }))
        };
        changes.extend(groups.filter_map(detached).take(1));
        changes.extend(roles.filter_map(detached).take(2));
        changes
    }

    fn replay(company: &Company, touched: Option<Touched>, changes: &[Change]) -> Replayed {
        let after = apply_all(&company.estate, changes).unwrap();
        let (before, after) = (Access::of(&company.estate), Access::of(&after));
        let (window, everything) = (company.last_days(90), Choice::default());
        company.replay_of(touched, changes, (&before, &after), window, &everything).unwrap()
    }

    /// Whom a change touches is all whose calls could end otherwise, and what became of their calls is the same when the
    /// calls of the others are not read.
    #[test]
    fn nobody_else_is_touched() {
        let shiosai = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai");
        let company = Company::open(&shiosai, None).unwrap();
        let mut broken = 0;
        for change in company.estate.accounts.values().flat_map(changes).step_by(4) {
            let changes = [change];
            let after = apply_all(&company.estate, &changes).unwrap();
            let whom = touched(&changes, &company.estate, &after).unwrap();
            let few = replay(&company, Touched::by(&changes, &company.estate, &after), &changes);
            let all = replay(&company, None, &changes);
            broken += all.evidence.totals.newly_denied;
            assert_eq!(few.evidence.totals.newly_denied, all.evidence.totals.newly_denied, "{changes:?}");
            assert_eq!(few.evidence.totals.newly_allowed, all.evidence.totals.newly_allowed, "{changes:?}");
            for (principal, held) in &all.evidence.principals {
                let of_few = few.evidence.principals.get(principal);
                if whom.iter().any(|arn| arn.as_str() == principal) {
                    assert_eq!(Some(held), of_few, "{changes:?}");
                } else {
                    // of others only the sessions that were handed out
                    let denied = |held: &kagimori_plan::replay::PrincipalEvidence| held.counts.newly_denied;
                    assert_eq!(denied(held), of_few.map_or(0, denied), "{principal}: {changes:?}");
                }
            }
        }
        assert!(broken > 0);
    }

    /// A user may have had another name when the key was used.
    #[test]
    fn a_key_counts_whoever_used_it() {
        let shiosai = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai");
        let company = Company::open(&shiosai, None).unwrap();
        let user = Arn::parse("arn:aws:iam::444455556666:user/machine/svc-ferry-web").unwrap();
        let key = AccessKeyId::parse("AKIASHIOSAIXZHOGVYUY").unwrap();
        let changes = [Change::Credential(CredentialChange::SetAccessKeyStatus { user, key, active: false })];
        let replayed = replay(&company, Some(Touched::default()), &changes);
        assert_eq!(replayed.evidence.totals.newly_denied, 1_482);
    }
}
