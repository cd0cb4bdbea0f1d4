//! One class of calls, before and after.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kagimori_estate::access::{Access, Question, Subject};
use kagimori_estate::change::Change;
use kagimori_id::{AccountId, Arn};
use kagimori_policy::compare::{decide, is_included};
use kagimori_policy::decision::Answer;
use kagimori_policy::document::Document;
use kagimori_policy::formula::{Atom, Formula};
use kagimori_policy::policies::{Layer, Level, Policies};
use kagimori_trail::call::{Call, Certainty, Check, CheckedResource, MapGap, Outcome};
use kagimori_trail::event::Principal;
use rustc_hash::FxHashSet;

use super::about::{about_request, everything};
use super::altered::Altered;
use super::becoming::{Becoming, as_session};
use super::outsider::{Outsider, is_same_for_outsiders};
use super::said::{Said, said};
use super::{Class, Denial, Told, Why, is_untold};

/// More unknowns than this are not tried out.
const ATOMS_MAX: usize = 12;

/// The estate before and after, and the credentials that would be gone.
#[derive(Debug)]
pub struct Replay<'a> {
    pub(super) before: &'a Access<'a>,
    pub(super) after: &'a Access<'a>,
    /// Users whose console password would be gone.
    no_console: FxHashSet<Arn>,
    /// Users of whom an access key would be gone.
    fewer_keys: FxHashSet<Arn>,
    /// What would be other beside policies.
    altered: Altered,
    /// The user who would be a role.
    becoming: Option<Becoming>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Verdict {
    /// It was allowed and would be denied: it would have broken.
    NewlyDenied,
    /// It is not known whether it would be allowed.
    CannotTell,
    /// It succeeded, and by the policies of the estate as it is it could not have: the model lacks something, or the policies
    /// were others then.
    Unexplained,
    /// It was denied and would be allowed.
    NewlyAllowed,
    /// It would be allowed, if the condition keys that CloudTrail does not tell were absent.
    AllowedAssuming,
    /// It would be allowed.
    StillAllowed,
    /// It was denied, and would be.
    AlreadyDenied,
    /// Nothing to decide: throttled, a sign-in, something AWS does by itself, or nobody of this estate.
    NotAsked,
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The check that decided it, by its place; `None`: the call as a whole.
    pub check: Option<usize>,
    /// Why.
    pub why: Why,
    /// The condition keys it hangs on.
    pub keys: Vec<String>,
}

/// Who called, as the estate knows them.
enum Who<'a> {
    Subject {
        before: Box<Cow<'a, Subject>>,
        after: Box<Cow<'a, Subject>>,
    },
    /// Told by the event, and not in the estate.
    Gone,
    /// A service, an identity provider, somebody of another account, or nobody of IAM.
    Outsider,
}

impl<'a> Replay<'a> {
    /// Replays over two estates.
    pub fn new(before: &'a Access<'a>, after: &'a Access<'a>) -> Self {
        let (no_console, fewer_keys) = (FxHashSet::default(), FxHashSet::default());
        Self { before, after, no_console, fewer_keys, altered: Altered::default(), becoming: None }
    }

    /// What changes alter beside policies.
    #[must_use]
    pub fn altered(mut self, changes: &[Change]) -> Self {
        self.altered = Altered::by(changes);
        self
    }

    /// A user would be a role: his calls are judged after the changes as those of a session of it.
    #[must_use]
    pub fn becoming(mut self, user: Arn, role: Arn) -> Self {
        self.becoming = Some(Becoming::new(user, role));
        self
    }

    /// Users who could sign in and could not any more.
    #[must_use]
    pub fn without_console(mut self, users: impl IntoIterator<Item = Arn>) -> Self {
        self.no_console.extend(users);
        self
    }

    /// Users of whom an access key would be gone: what they did with a key that the event does not tell may have been it.
    #[must_use]
    pub fn with_fewer_keys(mut self, users: impl IntoIterator<Item = Arn>) -> Self {
        self.fewer_keys.extend(users);
        self
    }

    /// Judges a class of calls.
    pub fn judge(&self, class: &Class) -> Judgement {
        let judged = self.judge_call(class);
        let worked = matches!(class.call.outcome, Outcome::Succeeded | Outcome::Failed);
        if judged.verdict <= Verdict::CannotTell || !worked {
            return judged;
        }
        if class.is_untraced {
            let is_user = matches!(class.call.caller.principal, Principal::User(_));
            let is_by_key = is_user || !self.fewer_keys.is_empty();
            let why = if is_by_key { Why::UntracedKey } else { Why::Untraced };
            return whole(Verdict::CannotTell, why);
        }
        if self.may_be_with_a_key_gone(&class.call) {
            return whole(Verdict::CannotTell, Why::KeyNotTold);
        }
        judged
    }

    /// Who called, and not with which key: so tells the copy that the called account gets of another's `AssumeRole`.
    fn may_be_with_a_key_gone(&self, call: &Call) -> bool {
        // A sign-in is by password; for security reasons an event may lack the key (CloudTrail User Guide, "CloudTrail userIdentity
        // element", `accessKeyId`).
        let is_by_key = !call.is_from_console && &*call.source != "signin.amazonaws.com";
        is_by_key
            && call.caller.access_key.is_none()
            && subject_of(self.before, &call.caller.principal)
                .is_some_and(|subject| self.fewer_keys.contains(&subject.arn))
    }

    fn judge_call(&self, class: &Class) -> Judgement {
        let call = &class.call;
        if call.outcome == Outcome::Throttled {
            return whole(Verdict::NotAsked, Why::Throttled);
        }
        let caller = || subject_of(self.before, &call.caller.principal).map(|subject| &subject.arn);
        if let Some((verdict, why)) = self.altered.ended(call, caller) {
            return whole(verdict, why);
        }
        if let Some(judgement) = self.credential(class) {
            return judgement;
        }
        if call.gap == Some(MapGap::NotAuthorized) {
            return whole(Verdict::NotAsked, Why::NotAuthorized);
        }
        match self.who(&call.caller.principal) {
            Who::Outsider => self.judge_outsider(&Told::of(call)),
            Who::Gone if self.is_former(call) => whole(Verdict::NotAsked, Why::Former),
            Who::Gone if call.outcome == Outcome::Denied => whole(Verdict::AlreadyDenied, Why::DeniedThen),
            Who::Gone => whole(Verdict::CannotTell, Why::CallerNotGiven),
            Who::Subject { before, after } => match self.becoming_of(&before) {
                Some(becoming) => {
                    let later = as_session(call, &becoming.role);
                    self.judge_checks(&Told::of(call).becoming(&later), &before, &after)
                }
                None => self.judge_checks(&Told::of(call), &before, &after),
            },
        }
    }

    /// Credentials that would be gone decide before any policy.
    fn credential(&self, class: &Class) -> Option<Judgement> {
        let call = &class.call;
        let worked = call.outcome == Outcome::Succeeded || call.outcome == Outcome::Failed;
        if class.has_key && worked {
            return Some(whole(Verdict::NewlyDenied, Why::KeyGone));
        }
        let Principal::User(arn) = &call.caller.principal else { return None };
        let signs_in = &*call.source == "signin.amazonaws.com" && worked && call.error.is_none();
        (signs_in && self.no_console.contains(arn)).then(|| whole(Verdict::NewlyDenied, Why::PasswordGone))
    }

    /// Whether somebody called who had the name of one of the estate before: see [`Names::resolve`](kagimori_trail::known::Names::resolve).
    fn is_former(&self, call: &Call) -> bool {
        let is_told = matches!(call.caller.principal, Principal::UniqueId(..));
        let has_name = |arn: &str| self.before.subject(arn).is_some();
        is_told && call.caller.arn.as_deref().is_some_and(has_name)
    }

    fn who(&self, principal: &Principal) -> Who<'a> {
        let found = |access: &'a Access<'a>| match principal {
            Principal::Root(account, _) => access.root(*account).map(Cow::Owned),
            _ => subject_of(access, principal).map(Cow::Borrowed),
        };
        let before = found(self.before);
        let role = before.as_deref().and_then(|before| Some(&self.becoming_of(before)?.role));
        let after = match role {
            Some(role) => self.after.subject(role.as_str()).map(Cow::Borrowed),
            None => found(self.after),
        };
        match (before, after) {
            (Some(before), Some(after)) => Who::Subject { before: Box::new(before), after: Box::new(after) },
            _ if self.is_outsider(principal) => Who::Outsider,
            _ => Who::Gone,
        }
    }

    fn becoming_of(&self, subject: &Subject) -> Option<&Becoming> {
        self.becoming.as_ref().filter(|becoming| becoming.is_about(subject))
    }

    /// Whether the estate holds nothing that the caller could be one of.
    fn is_outsider(&self, principal: &Principal) -> bool {
        match principal {
            Principal::Service(_) | Principal::Other => true,
            // The management account's, for the root of a member: no policy of the member names it.
            Principal::AssumedRoot(_) => true,
            _ => account_of(principal).is_some_and(|account| !self.before.holds_account(account)),
        }
    }

    /// Only what lets others in can end their calls: the policies of resources, and what controls the resource's account.
    fn judge_outsider(&self, call: &Told<'_>) -> Judgement {
        let sides = (self.before, self.after);
        let owner = |check: &Check| check.resource_account.or(call.account);
        let concerned = call.checks.iter().any(|check| {
            let asked = call.question(check, None);
            owner(check).is_some_and(|owner| !is_same_for_outsiders(sides, &asked, owner))
        });
        let Some(owner) = call.checks.first().and_then(owner).filter(|_| concerned) else {
            return whole(Verdict::NotAsked, Why::Nobody);
        };
        let of = |access: &Access<'_>| Outsider::of(access, &call.caller, owner);
        match (of(self.before), of(self.after)) {
            (Some(Outsider::Known(before)), Some(Outsider::Known(after))) => {
                self.judge_checks(call, &before, &after)
            }
            (Some(Outsider::OfAccount(before)), Some(Outsider::OfAccount(after))) => {
                self.judge_of_account(call, (&before, &after), owner)
            }
            _ if call.outcome == Outcome::Denied => whole(Verdict::AlreadyDenied, Why::DeniedThen),
            _ => whole(Verdict::CannotTell, Why::CallerNotGiven),
        }
    }

    /// A policy that names an account lets all of it in; one that names somebody of it may or may not have been about the
    /// caller.
    fn judge_of_account(
        &self,
        call: &Told<'_>,
        (before, after): (&Subject, &Subject),
        owner: AccountId,
    ) -> Judgement {
        if call.outcome == Outcome::Denied {
            return whole(Verdict::AlreadyDenied, Why::DeniedThen);
        }
        let is_told = call.checks.iter().all(|check| {
            let asked = call.question(check, Some(owner));
            !matches!(
                said(self.before, before, check, &asked, &self.before.asking(before, &asked)),
                Said::Denied(..)
            )
        });
        if is_told {
            self.judge_checks(call, before, after)
        } else {
            whole(Verdict::CannotTell, Why::CallerNotGiven)
        }
    }

    fn judge_checks(&self, call: &Told<'_>, before: &Subject, after: &Subject) -> Judgement {
        if call.outcome == Outcome::Denied {
            return self.judge_refused(call, before, after);
        }
        let mut worst: Option<Judgement> = None;
        for (place, check) in call.checks.iter().enumerate() {
            let judged = self.judge_check(call, place, check, before, after);
            if worst.as_ref().is_none_or(|worst| judged.verdict < worst.verdict) {
                worst = Some(judged);
            }
        }
        let is_open = call.gap.is_some() && before_is_not_after(self, before, after);
        match worst {
            None if is_open => whole(Verdict::CannotTell, gap(call)),
            None => whole(Verdict::StillAllowed, Why::NothingChanges),
            Some(judged) if is_open && judged.verdict > Verdict::CannotTell => {
                whole(Verdict::CannotTell, gap(call))
            }
            Some(judged) => judged,
        }
    }

    /// A refused call goes through when all that is checked for it is allowed, on whatever resource it may have been about.
    fn judge_refused(&self, call: &Told<'_>, before: &Subject, after: &Subject) -> Judgement {
        let (mut freed, mut open) = (None, None);
        let certain =
            call.checks.iter().enumerate().filter(|(_, check)| check.certainty == Certainty::Certain);
        for (place, check) in certain {
            let asked = call.question(check, Some(after.account));
            let (was, is) = self.said(call, (before, after), check, &asked);
            let of = |verdict, why| Judgement { verdict, check: Some(place), why, keys: Vec::new() };
            match is {
                Said::Denied(..) => return of(Verdict::AlreadyDenied, Why::DeniedThen),
                // It was refused: what allows it as before does not.
                _ if was == is && self.new_tags(after, check, [&was, &is]).is_empty() => {}
                Said::Allowed if self.is_allowed_everywhere(after, call, check) => {
                    freed.get_or_insert(of(Verdict::NewlyAllowed, Why::WouldBeAllowed));
                }
                Said::Allowed => {
                    open.get_or_insert(of(Verdict::CannotTell, Why::ResourceNotTold { is_certain: true }));
                }
                Said::If(is) => {
                    let why = Why::AllowedIf(Box::new(is.clone()));
                    open.get_or_insert(Judgement { keys: keys(&is), ..of(Verdict::CannotTell, why) });
                }
            }
        }
        open.or(freed).unwrap_or_else(|| whole(Verdict::AlreadyDenied, Why::DeniedThen))
    }

    /// Whether a check that is allowed on some resource is allowed on every one that it may have been about.
    fn is_allowed_everywhere(&self, after: &Subject, call: &Told<'_>, check: &Check) -> bool {
        let form = match &check.resource {
            CheckedResource::Arn(_) | CheckedResource::None => return true,
            CheckedResource::Pattern(pattern) => [everything(pattern, &check.action)],
            CheckedResource::Unknown => [everything("*", &check.action)],
        };
        let question = call.question(check, Some(after.account));
        let request = self.after.request(after, &call.later(&question));
        let all = about_request(&self.after.in_effect(after), &request);
        let holds = |policies: &[Document]| is_included(&form, policies);
        let levels = |levels: &[Level]| levels.iter().all(|level| holds(&level.policies));
        holds(&all.identity)
            && (all.boundary.is_empty() || holds(&all.boundary))
            && levels(&all.service_control)
            && levels(&all.resource_control)
    }

    /// What the policies of both estates say of a check.
    fn said(
        &self,
        call: &Told<'_>,
        (before, after): (&Subject, &Subject),
        check: &Check,
        question: &Question,
    ) -> (Said, Said) {
        let later = call.later(question);
        let was = self.before.asking(before, question);
        let is = match &later {
            Cow::Borrowed(_) => self.after.asking_beside(after, question, &was),
            Cow::Owned(later) => self.after.asking(after, later),
        };
        (said(self.before, before, check, question, &was), said(self.after, after, check, &later, &is))
    }

    fn judge_check(
        &self,
        call: &Told<'_>,
        place: usize,
        check: &Check,
        before: &Subject,
        after: &Subject,
    ) -> Judgement {
        let asked = call.question(check, Some(after.account));
        let (was, is) = self.said_let_in(call, (before, after), check, &asked);
        let of = |verdict, why, keys| Judgement { verdict, check: Some(place), why, keys };
        let plain = |verdict, why| of(verdict, why, Vec::new());
        let denied = |layer: &Layer, is_explicit: &bool| Denial { layer: *layer, is_explicit: *is_explicit };
        let is_certain = check.certainty == Certainty::Certain;
        match (&was, &is) {
            (Said::Denied(..), _) if !is_certain => plain(Verdict::StillAllowed, Why::NotNeeded),
            (Said::Denied(..), _) if call.outcome == Outcome::Succeeded => {
                let (verdict, why) =
                    self.judge_unexplained(call, check, &asked, (before, after), (&was, &is));
                plain(verdict, why)
            }
            (Said::Denied(layer, is_explicit), Said::Denied(..)) => {
                plain(Verdict::AlreadyDenied, Why::Denied(denied(layer, is_explicit)))
            }
            (Said::Denied(..), _) => plain(Verdict::NewlyAllowed, Why::WouldBeAllowed),
            (_, Said::Allowed) if !is_untold(check) => plain(Verdict::StillAllowed, Why::Allowed),
            (_, Said::Denied(layer, is_explicit)) if is_certain => {
                plain(Verdict::NewlyDenied, Why::Denied(denied(layer, is_explicit)))
            }
            (_, Said::Denied(layer, is_explicit)) => {
                plain(Verdict::CannotTell, Why::DeniedIfChecked(denied(layer, is_explicit)))
            }
            (was, is) if !self.new_tags(after, check, [was, is]).is_empty() => {
                let keys = self.new_tags(after, check, [was, is]);
                of(Verdict::CannotTell, Why::KeysNotTold(keys.clone()), keys)
            }
            (was, is) if is_untold(check) => {
                if self.reaches_no_less(before, after, call, check) {
                    return plain(Verdict::StillAllowed, Why::NoResourceLost);
                }
                let keys = if let Said::If(is) = is { keys(is) } else { Vec::new() };
                let is_certain = matches!((was, is), (Said::Allowed, Said::Allowed));
                of(Verdict::CannotTell, Why::ResourceNotTold { is_certain }, keys)
            }
            (was, Said::If(is)) => self.judge_open(call, check, (was, is), (before, after), place),
            (_, Said::Allowed) => plain(Verdict::StillAllowed, Why::Allowed),
        }
    }

    /// The condition keys about tags which would be others that answers hang on.
    fn new_tags(&self, caller: &Subject, check: &Check, said: [&Said; 2]) -> Vec<String> {
        if self.altered.has_no_tags() {
            return Vec::new();
        }
        let asked =
            said.into_iter().flat_map(|said| if let Said::If(open) = said { keys(open) } else { Vec::new() });
        self.altered.new_tags(&asked.collect(), &caller.arn, check)
    }

    /// Whether the identity policies after allow an action on every resource on which those before do, and the rest is the same.
    fn reaches_no_less(&self, before: &Subject, after: &Subject, call: &Told<'_>, check: &Check) -> bool {
        let question = call.question(check, Some(after.account));
        let (was, is) = (self.before.in_effect(before), self.after.in_effect(after));
        let old = about_request(&was, &self.before.request(before, &question));
        let new = about_request(&is, &self.after.request(after, &call.later(&question)));
        if old == new {
            return true;
        }
        // The form that the event tells, all of it; else whatever was allowed before.
        let form = match &check.resource {
            CheckedResource::Pattern(pattern) => vec![everything(pattern, &check.action)],
            _ => Vec::new(),
        };
        // A boundary that is new must leave as much as the identity policies did.
        let is_bounded = old.boundary.is_empty() && !new.boundary.is_empty();
        let rest = |policies: Policies| Policies {
            identity: Vec::new(),
            boundary: if is_bounded { Vec::new() } else { policies.boundary },
            ..policies
        };
        let lies_in = |wanted: &[Document], all: &[Document]| is_included(wanted, all);
        let holds = |wanted: &[Document]| {
            lies_in(wanted, &new.identity) && (!is_bounded || lies_in(wanted, &new.boundary))
        };
        let is_kept = (!form.is_empty() && holds(&form)) || holds(&old.identity);
        is_kept && rest(old) == rest(new.clone())
    }

    /// Whether a call depends on a policy of the resource that was not given, and the caller's own policies, which could have allowed
    /// it where that one leaves it to the account, do so no more.
    fn hangs_on_what_goes(
        &self,
        before: &Subject,
        after: &Subject,
        call: &Told<'_>,
        check: &Check,
        is: &Formula,
    ) -> bool {
        let of_resource =
            |atom: &Atom| matches!(atom, Atom::MissingAllows(document) if document.layer == Layer::Resource);
        if !is.atoms().into_iter().any(of_resource) {
            return false;
        }
        let question = call.question(check, Some(after.account));
        let allows = |access: &Access<'_>, subject: &Subject, question: &Question| {
            let identity = access.in_effect(subject).identity;
            let answer = decide(&access.request(subject, question), &identity).answer;
            matches!(answer, Answer::Allowed | Answer::Indeterminate)
        };
        allows(self.before, before, &question) && !allows(self.after, after, &call.later(&question))
    }

    /// After the change it depends: does what is known of the call settle it?
    fn judge_open(
        &self,
        call: &Told<'_>,
        check: &Check,
        (was, is): (&Said, &Formula),
        (before, after): (&Subject, &Subject),
        place: usize,
    ) -> Judgement {
        let of = |verdict, why, keys| Judgement { verdict, check: Some(place), why, keys };
        let allowed = Formula::TRUE;
        let was = if let Said::If(was) = was { was } else { &allowed };
        match relation(was, is) {
            // What allowed it then may be the statement that goes: the resource's policy, which was not given, need not name the caller.
            Some(true) if self.hangs_on_what_goes(before, after, call, check, is) => {
                return of(Verdict::CannotTell, Why::AllowedIf(Box::new(is.clone())), keys(is));
            }
            Some(true) => return of(Verdict::StillAllowed, Why::SameCircumstances, Vec::new()),
            Some(false) => return of(Verdict::NewlyDenied, Why::OtherCircumstances, Vec::new()),
            None => {}
        }
        let keys = keys(is);
        let question = call.question(check, Some(after.account));
        let question = Question { strict: true, ..question };
        // If the keys were absent: it must have been allowed so before, too, or they were not.
        let is_allowed_without = self.after.decide(after, &call.later(&question)) == Answer::Allowed
            && self.before.decide(before, &question) == Answer::Allowed;
        if is_allowed_without && !keys.is_empty() {
            return of(Verdict::AllowedAssuming, Why::AllowedWithout(keys.clone()), keys);
        }
        let why = if keys.is_empty() {
            Why::AllowedIf(Box::new(is.clone()))
        } else {
            Why::KeysNotTold(keys.clone())
        };
        of(Verdict::CannotTell, why, keys)
    }
}

/// Given that `was` holds: does `is`? `None`: it may or may not.
fn relation(was: &Formula, is: &Formula) -> Option<bool> {
    let mut atoms = was.atoms();
    atoms.extend(is.atoms());
    atoms.sort_unstable();
    atoms.dedup();
    if was == is {
        return Some(true);
    }
    if atoms.len() > ATOMS_MAX {
        return None;
    }
    let mut seen: Option<bool> = None;
    for bits in 0..(1_u32 << atoms.len()) {
        let values: BTreeMap<&Atom, bool> =
            atoms.iter().enumerate().map(|(place, atom)| (*atom, bits & (1 << place) != 0)).collect();
        if !holds(was, &values) {
            continue;
        }
        let holds = holds(is, &values);
        if seen.is_some_and(|seen| seen != holds) {
            return None;
        }
        seen = Some(holds);
    }
    seen
}

fn holds(formula: &Formula, values: &BTreeMap<&Atom, bool>) -> bool {
    match formula {
        Formula::Constant(value) => *value,
        Formula::Atom(atom) => values.get(atom).copied().unwrap_or_default(),
        Formula::All(parts) => parts.iter().all(|part| holds(part, values)),
        Formula::Any(parts) => parts.iter().any(|part| holds(part, values)),
        Formula::Not(inner) => !holds(inner, values),
    }
}

fn keys(formula: &Formula) -> Vec<String> {
    let mut keys: Vec<String> =
        formula.atoms().into_iter().flat_map(Atom::missing_keys).map(str::to_owned).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether anything that has a say about a principal changes.
pub(super) fn before_is_not_after(replay: &Replay<'_>, before: &Subject, after: &Subject) -> bool {
    !replay.before.has_same_in_effect(before, replay.after, after)
}

fn gap(call: &Call) -> Why {
    if call.gap == Some(MapGap::BodyMissing) { Why::BodyMissing } else { Why::NotMapped }
}

fn whole(verdict: Verdict, why: Why) -> Judgement {
    Judgement { verdict, check: None, why, keys: Vec::new() }
}

impl Judgement {
    /// The action and the resource it is about.
    pub fn about<'c>(&self, call: &'c Call) -> (String, Option<&'c str>) {
        let check = self.check.and_then(|place| call.checks.get(place)).or_else(|| call.checks.first());
        match check {
            Some(check) => {
                let resource = match &check.resource {
                    CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => Some(&**arn),
                    CheckedResource::None => Some("*"),
                    CheckedResource::Unknown => None,
                };
                (check.action.to_string(), resource)
            }
            None => {
                let service = call.source.split('.').next().unwrap_or_default();
                (format!("{service}:{}", call.name), None)
            }
        }
    }
}

/// The user or role behind a call. A session's ARN without its session (`assumed-role/NAME`) finds its role.
pub fn subject_of<'s>(access: &'s Access<'_>, principal: &Principal) -> Option<&'s Subject> {
    match principal {
        Principal::User(arn) | Principal::Role(arn) => access.subject(arn.as_str()).or_else(|| {
            let is_role = arn.resource().starts_with("assumed-role/");
            is_role.then(|| access.subject(&format!("{arn}/session"))).flatten()
        }),
        Principal::UserName(account, name) => access.user_named(*account, name),
        Principal::UniqueId(account, id) => access.subject_with_id(*account, id),
        Principal::Root(..) | Principal::AssumedRoot(_) | Principal::Service(_) | Principal::Other => None,
    }
}

/// The account of a principal, when it is of one.
fn account_of(principal: &Principal) -> Option<AccountId> {
    match principal {
        Principal::User(arn) | Principal::Role(arn) => arn.account(),
        Principal::Root(account, _)
        | Principal::UserName(account, _)
        | Principal::UniqueId(account, _)
        | Principal::AssumedRoot(account) => Some(*account),
        Principal::Service(_) | Principal::Other => None,
    }
}
