//! What `whatif` and `tighten` stand on: the estate of a directory, its trail as calls, and the replay of changes over both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, apply_all, touched};
use kagimori_estate::id::{AccessKeyId, Arn};
use kagimori_estate::model::Problem;
use kagimori_lake::CallReading;
use kagimori_plan::blind::{self, Loss};
use kagimori_plan::replay::{Class, Classes, Evidence, Replay, Telling, Verdict};
use kagimori_trail::call::Call;
use kagimori_trail::event::Principal;
use kagimori_trail::selection::{Selection, Who};
use kagimori_trail::sight::Sight;
use rayon::prelude::*;

use crate::command::ask::policy_file;
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;
use crate::printer;
use crate::sight;
use crate::source::Source;

/// Sessions made from sessions made from a key: more links than this are not followed.
const SESSION_CHAIN_MAX: usize = 5;
/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// A directory that was read, but for its trail.
pub(crate) struct Scene {
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

impl Scene {
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

    /// An estate before the engine, with the policies of buckets that the directory holds.
    pub(crate) fn access<'e>(&self, estate: &'e Estate) -> Result<Access<'e>, AppError> {
        let mut access = Access::of(estate);
        for (_, folder) in listing(&self.directory.root.join("resource-policies"))? {
            for (name, path) in listing(&folder)? {
                if let Some(bucket) = name.strip_suffix(".json") {
                    let document = policy_file(&path)?;
                    let file = Some(path.display().to_string());
                    access.add_resource_policy(&format!("arn:aws:s3:::{bucket}"), document, file);
                }
            }
        }
        Ok(access)
    }

    /// The last days before the directory's instant.
    pub(crate) fn last_days(&self, days: i64) -> Window {
        let until = self.now.as_second();
        Window { from: until.saturating_sub(days.saturating_mul(DAY)), until }
    }

    /// Reads the calls of a window in classes: everybody's, or those of whom changes touch.
    pub(crate) fn classes(
        &self,
        telling: &Telling,
        window: Window,
        whose: Option<&Touched>,
    ) -> Result<(Vec<Class>, Vec<Problem>), AppError> {
        let make = || Classes::new(telling.clone());
        let mut selection = window.selection();
        // Calls with these keys count, whoever made them: a role in a session, a user under an earlier name.
        if let Some(touched) = whose.filter(|_| telling.keys.is_empty()) {
            selection.who = Some(Who::AnyOf(touched.texts.clone()));
        }
        let each = |classes: &mut Classes, call: &Call| {
            if whose.is_none_or(|touched| touched.includes(call, telling)) {
                classes.add(call);
            }
        };
        let reading = self.source.calls(&self.directory, &selection, make, each)?;
        let mut all = Classes::new(telling.clone());
        for part in reading.states {
            all.merge(part);
        }
        Ok((all.finish(), reading.problems))
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

    /// What changes would have broken. Sessions that would not have been handed out break with the call that handed them out,
    /// and so does what was done with them: the trail is read again for those.
    ///
    /// `logged`: kinds of data events that the trail logs of every resource.
    pub(crate) fn replay(
        &self,
        changes: &[Change],
        window: Window,
        logged: &[String],
    ) -> Result<Replayed, AppError> {
        let after = apply_all(&self.estate, changes).map_err(|(place, error)| {
            let sentence = changes.get(place).map(ToString::to_string).unwrap_or_default();
            AppError::Argument {
                message: format!("cannot {sentence}: {error}"),
                hint: error.hint().to_owned(),
            }
        })?;
        let touched = touched(changes, &self.estate, &after).map(Touched::of);
        let mut replayed = self.replay_of(touched, changes, &after, window)?;
        tell(&replayed.problems);
        let (before, after) = (self.access(&self.estate)?, self.access(&after)?);
        replayed.losses =
            self.losses((&before, &after), changes, replayed.touched.as_ref(), window, logged)?;
        Ok(replayed)
    }

    /// What changes take away of which this trail would not have shown the use.
    fn losses(
        &self,
        (before, after): (&Access<'_>, &Access<'_>),
        changes: &[Change],
        whose: Option<&BTreeSet<Arn>>,
        window: Window,
        logged: &[String],
    ) -> Result<Vec<Loss>, AppError> {
        let is_idle = |change: &Change| sight::is_idle_key(&self.estate, change, window.from);
        let losses = |sight: &Sight| blind::losses(before, after, changes, whose, sight, is_idle);
        // Where nothing goes that a trail might not show, it need not be read for what it shows.
        if losses(&Sight::default()).is_empty() {
            return Ok(Vec::new());
        }
        let mut sight = Sight::default();
        for part in self.read(window, Sight::default, Sight::add)?.states {
            sight.merge(part);
        }
        sight::tell_regions(&mut sight, &self.estate);
        logged.iter().for_each(|kind| sight.tell(kind));
        Ok(losses(&sight))
    }

    /// The same of those whom the changes touch, or of everybody.
    fn replay_of(
        &self,
        touched: Option<Touched>,
        changes: &[Change],
        after: &Estate,
        window: Window,
    ) -> Result<Replayed, AppError> {
        let (before, after) = (self.access(&self.estate)?, self.access(after)?);
        let mut asked = before.condition_keys();
        asked.extend(after.condition_keys());
        let mut telling = Telling::for_keys(&asked);
        telling.keys.extend(keys_gone(changes));
        telling.traced_roles.extend(changes.iter().filter_map(new_trust));
        if !telling.traced_roles.is_empty() {
            telling.handed_out.extend(self.sessions()?);
        }
        let replay = Replay::new(&before, &after).without_console(changes.iter().filter_map(no_console));
        let mut replayed = None;
        for _ in 0..SESSION_CHAIN_MAX {
            let (classes, problems) = self.classes(&telling, window, touched.as_ref())?;
            let (evidence, broken) = judge(&replay, &classes, &telling);
            let before = telling.keys.len();
            telling.keys.extend(self.handed_out(&broken, window)?);
            replayed = Some(Replayed { evidence, problems, ..Replayed::default() });
            if telling.keys.len() == before {
                break;
            }
        }
        let mut replayed = replayed.unwrap_or_default();
        if touched.is_some() && replayed.evidence.totals.total() == 0 {
            let count = self.read(window, u64::default, |count, _| *count = count.saturating_add(1))?;
            replayed.others = count.states.iter().sum();
        }
        replayed.touched = touched.map(|touched| touched.principals);
        Ok(replayed)
    }

    /// The keys of every session whose making stands in the trail.
    fn sessions(&self) -> Result<Vec<AccessKeyId>, AppError> {
        let always = Window { from: i64::MIN, until: i64::MAX };
        let reading = self
            .read(always, Vec::new, |keys: &mut Vec<AccessKeyId>, call| keys.extend(call.issued.clone()))?;
        Ok(reading.states.into_iter().flatten().collect())
    }

    /// The session keys that calls of these classes handed out.
    fn handed_out(&self, broken: &Classes, window: Window) -> Result<Vec<AccessKeyId>, AppError> {
        if broken.is_empty() {
            return Ok(Vec::new());
        }
        let reading = self.read(window, Vec::new, |keys: &mut Vec<AccessKeyId>, call| {
            if let Some(key) = call.issued.as_ref().filter(|_| broken.contains(call)) {
                keys.push(key.clone());
            }
        })?;
        Ok(reading.states.into_iter().flatten().collect())
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
    /// Files of the trail that could not be read.
    pub(crate) problems: Vec<Problem>,
    /// Whom the changes touch, when that is not everybody: only their calls were replayed.
    pub(crate) touched: Option<BTreeSet<Arn>>,
    /// When they made none: how many calls there were of others.
    pub(crate) others: u64,
    /// What the changes take away of which the trail would not have shown the use.
    pub(crate) losses: Vec<Loss>,
}

/// Whom changes touch.
pub(crate) struct Touched {
    principals: BTreeSet<Arn>,
    /// How the trail names them.
    texts: BTreeSet<String>,
}

impl Touched {
    fn of(principals: BTreeSet<Arn>) -> Self {
        let texts = principals.iter().flat_map(texts).collect();
        Self { principals, texts }
    }

    /// Whether a call is theirs, or made with one of the keys that are told apart.
    fn includes(&self, call: &Call, telling: &Telling) -> bool {
        let is_theirs = match &call.caller.principal {
            Principal::User(arn) | Principal::Role(arn) => self.texts.contains(arn.as_str()),
            Principal::UserName(account, name) => self.texts.contains(&format!("{account}:user/{name}")),
            Principal::Root(..)
            | Principal::UniqueId(..)
            | Principal::AssumedRoot(_)
            | Principal::Service(_)
            | Principal::Other => false,
        };
        is_theirs || call.caller.access_key.as_ref().is_some_and(|key| telling.keys.contains(key))
    }
}

/// How the trail names a user or role ([`kagimori_trail::event::Identity::principal_text`]): by its ARN, a user at the
/// console by account and name, a role of which only the session is told by that.
fn texts(arn: &Arn) -> [String; 2] {
    let (account, name) = (arn.account().map(|account| account.to_string()).unwrap_or_default(), arn.name());
    let partition = arn.as_str().split(':').nth(1).unwrap_or_default();
    let other = match arn.resource().starts_with("role/") {
        true => format!("arn:{partition}:sts::{account}:assumed-role/{name}"),
        false => format!("{account}:user/{name}"),
    };
    [arn.to_string(), other]
}

/// The evidence of classes, and those among them that hand out sessions and would have broken.
fn judge(replay: &Replay<'_>, classes: &[Class], telling: &Telling) -> (Evidence, Classes) {
    let judged: Vec<(&Class, _)> = classes.par_iter().map(|class| (class, replay.judge(class))).collect();
    let mut evidence = Evidence::default();
    let mut broken = Classes::new(telling.clone());
    for (class, judgement) in judged {
        evidence.add(class, &judgement);
        if judgement.verdict == Verdict::NewlyDenied && &*class.call.source == "sts.amazonaws.com" {
            broken.add(&class.call);
        }
    }
    (evidence, broken)
}

/// The keys that changes take away.
fn keys_gone(changes: &[Change]) -> Vec<AccessKeyId> {
    let key = |change: &Change| match change {
        Change::SetAccessKeyStatus { key, active: false, .. } | Change::DeleteAccessKey { key, .. } => {
            Some(key.clone())
        }
        _ => None,
    };
    changes.iter().filter_map(key).collect()
}

/// The role whose trust policy would change.
fn new_trust(change: &Change) -> Option<Arn> {
    match change {
        Change::SetTrustPolicy { role, .. } => Some(role.clone()),
        _ => None,
    }
}

fn no_console(change: &Change) -> Option<Arn> {
    match change {
        Change::SetConsoleLogin { user, enabled: false } => Some(user.clone()),
        _ => None,
    }
}

/// The entries of a folder in order; none when there is no folder.
pub(crate) fn listing(folder: &Path) -> Result<Vec<(String, PathBuf)>, AppError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| AppError::read(folder, source))? {
        let entry = entry.map_err(|source| AppError::read(folder, source))?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    entries.sort();
    Ok(entries)
}

pub(crate) fn tell(problems: &[Problem]) {
    for problem in problems {
        printer::warning(&format!("`{}`: {}", problem.file, problem.message));
    }
}

#[cfg(test)]
mod tests {
    use kagimori_estate::change::Change;
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
                Some(Change::SetAccessKeyStatus { user, key, active: false })
            };
            changes.extend(keys.iter().find_map(off));
        }
        changes.truncate(2);
        let groups = account.groups.values().map(|group| (&group.arn, &group.grants));
        let roles = account.roles.values().map(|role| (&role.arn, &role.grants));
        let detached = |(identity, grants): (&Arn, &Grants)| {
            let policy = grants.attached.first()?.clone();
            Some(Change::DetachPolicy { identity: identity.clone(), policy })
        };
        changes.extend(groups.filter_map(detached).take(1));
        changes.extend(roles.filter_map(detached).take(2));
        changes
    }

    /// Whom a change touches is all whose calls could end otherwise, and what became of their calls is the same when the
    /// calls of the others are not read.
    #[test]
    fn nobody_else_is_touched() {
        let shiosai = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai");
        let scene = Scene::open(&shiosai, None).unwrap();
        let window = scene.last_days(90);
        let mut broken = 0;
        for change in scene.estate.accounts.values().flat_map(changes).step_by(4) {
            let changes = [change];
            let after = apply_all(&scene.estate, &changes).unwrap();
            let whom = touched(&changes, &scene.estate, &after).unwrap();
            let few = scene.replay_of(Some(Touched::of(whom.clone())), &changes, &after, window).unwrap();
            let all = scene.replay_of(None, &changes, &after, window).unwrap();
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
        let scene = Scene::open(&shiosai, None).unwrap();
        let user = Arn::parse("arn:aws:iam::444455556666:user/machine/svc-ferry-web").unwrap();
        let key = AccessKeyId::parse("AKIASHIOSAIXZHOGVYUY").unwrap();
        let changes = [Change::SetAccessKeyStatus { user, key, active: false }];
        let after = apply_all(&scene.estate, &changes).unwrap();
        let nobody = Touched::of(BTreeSet::new());
        let replayed = scene.replay_of(Some(nobody), &changes, &after, scene.last_days(90)).unwrap();
        assert_eq!(replayed.evidence.totals.newly_denied, 1_482);
    }
}
