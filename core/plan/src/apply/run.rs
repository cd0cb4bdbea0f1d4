//! The machine.

mod records;
mod stage;
mod survey;
mod whole;

use std::collections::BTreeSet;

use kagimori_estate::change::Change;
use kagimori_id::{AccountId, Arn};
use serde_json::Value;

use self::stage::{At, Refusal, Stage, Why};
use super::call::{Call, Outcome};
use super::history::{History, Side};
use super::look::{Caller, Look, Reading, caller, target};
use super::moves::{Move, Told, moves};
use super::record::{Direction, Record};
use super::report::{Ended, Report};
use super::state::{Judgement, State};
use super::terms::{Asked, Terms, entered_by};
use super::work::{Work, work};
use crate::Plan;

/// A plan being followed, as far as it has come.
#[derive(Debug)]
pub struct Run<'p> {
    plan: &'p Plan,
    direction: Direction,
    terms: Terms,
    history: History,
    work: Vec<Work>,
    /// The steps of which it is known what came of the call that was open when this run began the other way.
    resolved: BTreeSet<usize>,
    /// Whether an earlier step of this plan was made: AWS may show a while later what depends on it.
    has_made: bool,
    stage: Stage,
    report: Report,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives the machine answers each")]
pub enum Wanted {
    /// Make this call.
    Call(Call),
    /// Write this down, to the disk, before anything else.
    Journal(Record),
    /// Let so many seconds pass.
    Wait {
        /// Seconds.
        seconds: u32,
    },
    /// Have a person type this.
    Typed(Asked),
    /// Nothing: [`Run::report`] tells what it came to.
    Nothing,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "answers to what is wanted")]
pub enum Taken {
    /// Of a call.
    Outcome(Outcome),
    /// It is written down.
    Journalled,
    /// So long has passed.
    Waited,
    /// What the person typed.
    Typed(String),
}

/// AWS shows a change after a while (IAM User Guide, `troubleshoot`: eventual consistency). Seconds between looks, of all calls of one
/// kind together: nobody waits longer for it.
const WAITS: [u32; 5] = [1, 2, 4, 8, 15];

/// How often one call is made at most.
const ATTEMPTS_MAX: u32 = 5;

impl<'p> Run<'p> {
    /// Follows a plan in a direction, on terms, from where the journal says it stands.
    pub fn new(plan: &'p Plan, direction: Direction, terms: Terms, history: History) -> Self {
        let is_unwritten = direction == Direction::Undo && history.is_empty();
        let report = Report {
            direction,
            done: Vec::new(),
            already: Vec::new(),
            found: Vec::new(),
            never: Vec::new(),
            one_way: Vec::new(),
            left: Vec::new(),
            gone: Vec::new(),
            is_unwritten,
            ended: Ended::NothingToDo,
        };
        // Where the journal says nothing, AWS is asked whether it looks as if the plan had been applied.
        let work = work(plan, if is_unwritten { Direction::Apply } else { direction });
        let mut run = Self {
            plan,
            direction,
            terms,
            history,
            work: Vec::new(),
            resolved: BTreeSet::new(),
            has_made: false,
            stage: Stage::Done,
            report,
        };
        match work {
            Ok(work) => run.begin(work),
            Err(why) => run.report.ended = Ended::Unusable(why),
        }
        run
    }

    /// What to do next.
    pub fn next(&self) -> Wanted {
        match &self.stage {
            Stage::Accounts { left, answers } => {
                match left.first().map(|account| self.caller(*account, answers)) {
                    Some(Err(reading)) => asked(&reading),
                    _ => Wanted::Nothing,
                }
            }
            Stage::Typing { asked, .. } => Wanted::Typed(asked.clone()),
            Stage::Surveying { left, answers, .. } => {
                match left.first().map(|next| next.made.read(answers)) {
                    Some(reading) => asked(&reading),
                    None => Wanted::Nothing,
                }
            }
            Stage::Looking { at, answers, .. } => asked(&at.made.read(answers)),
            Stage::Waiting { at, .. } => Wanted::Wait { seconds: WAITS.get(at.waits).copied().unwrap_or(15) },
            Stage::Calling { call, .. } => Wanted::Call(call.clone()),
            Stage::Beginning
            | Stage::Intending { .. }
            | Stage::Telling { .. }
            | Stage::Verifying { .. }
            | Stage::Ending { .. } => self.record().map_or(Wanted::Nothing, Wanted::Journal),
            Stage::Done => Wanted::Nothing,
        }
    }

    /// Takes what became of it.
    pub fn take(&mut self, taken: Taken) {
        if let (Taken::Journalled, Some(record)) = (&taken, self.record()) {
            self.history.fold(record.direction, &record.event);
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        self.stage = match (stage, taken) {
            (Stage::Accounts { left, mut answers }, Taken::Outcome(outcome)) => {
                answers.push(outcome);
                self.accounts(left, answers)
            }
            (Stage::Typing { asked, left }, Taken::Typed(text)) => {
                if text.trim() == asked.word {
                    self.accounts(left, Vec::new())
                } else {
                    self.refused(Ended::NotConfirmed)
                }
            }
            (Stage::Surveying { left, mut answers, moved, calls }, Taken::Outcome(outcome)) => {
                answers.push(outcome);
                self.survey(left, answers, moved, calls)
            }
            (Stage::Beginning, Taken::Journalled) => self.enter(0, 0),
            (Stage::Looking { at, why, mut answers }, Taken::Outcome(outcome)) => {
                answers.push(outcome);
                self.looked(at, why, answers)
            }
            (Stage::Waiting { mut at, why }, Taken::Waited) => {
                at.waits = at.waits.saturating_add(1);
                Stage::Looking { at, why, answers: Vec::new() }
            }
            (Stage::Intending { mut at, found }, Taken::Journalled) => {
                let call = at.made.call(&found);
                at.attempts = at.attempts.saturating_add(1);
                at.room = room(&at.made, &found);
                Stage::Calling { at, call }
            }
            (Stage::Calling { at, .. }, Taken::Outcome(outcome)) => heard(at, outcome),
            (Stage::Telling { at, outcome }, Taken::Journalled) => self.ended(at, outcome),
            (Stage::Verifying { at, is_ours, .. }, Taken::Journalled) => self.verified(&at, is_ours),
            (Stage::Ending { ended }, Taken::Journalled) => self.finished(ended),
            (stage, _) => stage,
        };
    }

    /// What it came to; whole when [`Run::next`] wants nothing.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Sorts the steps by where they stand, and begins with what is left.
    fn begin(&mut self, work: Vec<Work>) {
        let (from, to) = match self.direction {
            Direction::Apply => (Side::Before, Side::After),
            Direction::Undo => (Side::After, Side::Before),
        };
        for work in work {
            match self.history.side(work.step) {
                _ if self.report.is_unwritten => self.work.push(work),
                side if side == to && self.was_never_made(work.step) => self.report.never.push(work.step),
                side if side == to => self.report.already.push(work.step),
                side if work.change.is_none() => {
                    let made = side == from || side == Side::Between(Direction::Apply);
                    self.report.one_way.extend(made.then_some(work.step));
                }
                _ => self.work.push(work),
            }
        }
        self.report.left = self.work.iter().map(|work| work.step).collect();
        let one_way = self.terms.one_way(self.plan, self.direction, &self.work);
        if !one_way.is_empty() {
            self.report.ended = Ended::OneWay(one_way);
            return;
        }
        if self.work.is_empty() {
            return;
        }
        let changes = self.work.iter().filter_map(|work| work.change.as_ref());
        let accounts: BTreeSet<Option<AccountId>> =
            changes.flat_map(|change| [change.account(), entered_by(change)]).collect();
        self.stage = Stage::Accounts { left: accounts.into_iter().collect(), answers: Vec::new() };
    }

    fn was_never_made(&self, step: usize) -> bool {
        self.direction == Direction::Undo && !self.history.was_made(step)
    }

    fn accounts(&mut self, mut left: Vec<Option<AccountId>>, answers: Vec<Outcome>) -> Stage {
        let Some(account) = left.first().copied() else { return self.first_survey() };
        let caller = match self.caller(account, &answers) {
            Ok(caller) => caller,
            Err(reading) => {
                return match *reading {
                    Reading::Failed(why) => self.refused(Ended::OtherAccount(why)),
                    _ => Stage::Accounts { left, answers },
                };
            }
        };
        if let Some(instance) = caller.unlisted {
            return self.refused(Ended::OtherRegion(instance));
        }
        left.remove(0);
        let reasons = self.terms.reasons(account, &caller, &self.work);
        let only_looks = self.terms.dry_run || self.report.is_unwritten;
        match caller.account.filter(|_| !reasons.is_empty() && !only_looks) {
            Some(account) => {
                let word = caller.alias.unwrap_or_else(|| account.to_string());
                Stage::Typing { asked: Asked { account, word, reasons }, left }
            }
            None => self.accounts(left, Vec::new()),
        }
    }

    /// Who is asked in an account, and what is protected there of what is about to be done.
    fn caller(&self, account: Option<AccountId>, answers: &[Outcome]) -> Result<Caller, Box<Reading>> {
        let here = self.work.iter().filter_map(|work| work.change.as_ref());
        let mut here = here.filter(|change| change.account() == account).peekable();
        if let (Some(account), None) = (account, here.peek()) {
            return target(account, &self.terms.care, answers);
        }
        let here = here.filter_map(Change::about);
        let has_tags = |arn: &&Arn| ["user/", "role/"].iter().any(|kind| arn.resource().starts_with(kind));
        let identities: BTreeSet<Arn> = here.filter(has_tags).cloned().collect();
        let identities: Vec<Arn> = identities.into_iter().collect();
        let here = self.work.iter().filter_map(|work| work.change.as_ref()).filter(|_| account.is_none());
        let instances: BTreeSet<&str> = here
            .filter_map(|change| match change {
                Change::Center(change) => Some(change.instance()),
                _ => None,
            })
            .collect();
        let instances: Vec<String> = instances.into_iter().map(str::to_owned).collect();
        caller(account, (&identities, &instances), &self.terms.care, answers)
    }

    fn moves(&self, work: &Work) -> Result<Vec<Move>, String> {
        match &work.change {
            Some(change) => moves(change, work.back.as_ref(), &self.told(work.step, self.direction)),
            None => Ok(Vec::new()),
        }
    }

    /// What the journal tells of a step that is made this way.
    fn told(&self, step: usize, direction: Direction) -> Told<'p> {
        Told {
            plan: self.plan,
            step,
            names: self.history.names(),
            is_half: self.history.standing(step).is_half_other_way(direction),
        }
    }

    /// Goes on with a part of a step.
    fn enter(&mut self, place: usize, part: usize) -> Stage {
        let Some(work) = self.work.get(place) else { return Stage::Ending { ended: Ended::Done } };
        if self.report.one_way.contains(&work.step) {
            return self.enter(place.saturating_add(1), 0);
        }
        let (step, standing) = (work.step, self.history.standing(work.step));
        let is_this_way = standing.side == Side::Between(self.direction);
        let made = match self.moves(work) {
            Ok(made) => made,
            Err(why) => return self.stopped(step, false, why),
        };
        // What the step makes itself may look like something that has to go first: parts are gone through once.
        let is_past = standing.is_past(self.direction, part);
        let is_last = part.saturating_add(1) == made.len();
        let Some(made) = made.into_iter().nth(part) else { return self.enter(place.saturating_add(1), 0) };
        if is_past {
            return self.enter(place, part.saturating_add(1));
        }
        let is_doubtful = is_this_way && standing.open == Some(part);
        let at = At { is_last, is_doubtful, ..At::new(place, part, made, standing) };
        Stage::Looking { at, why: Why::Before, answers: Vec::new() }
    }

    /// Finds out what came of calls that were made the other way: what they made may have a name that nobody knows yet.
    fn resolve(&mut self) -> Option<Stage> {
        let other = Side::Between(self.direction.other());
        for (place, work) in self.work.iter().enumerate() {
            let standing = self.history.standing(work.step);
            let Some(part) = standing.open.filter(|_| standing.side == other) else { continue };
            let Some(before) = work.back.as_ref().filter(|_| self.resolved.insert(work.step)) else {
                continue;
            };
            let told = self.told(work.step, self.direction.other());
            let made = moves(before, work.change.as_ref(), &told).unwrap_or_default();
            let is_last = part.saturating_add(1) == made.len();
            let Some(made) = made.into_iter().nth(part) else { continue };
            let at = At::new(place, part, made, standing);
            let at = At { is_last, is_doubtful: true, is_of_before: true, ..at };
            return Some(Stage::Looking { at, why: Why::Unknown, answers: Vec::new() });
        }
        None
    }

    fn looked(&mut self, mut at: At, why: Why, answers: Vec<Outcome>) -> Stage {
        let found = match at.made.read(&answers) {
            Reading::Ask(_) => return Stage::Looking { at, why, answers },
            Reading::Failed(what) => return self.unseen(at, why, &what),
            Reading::Found(found) => found,
        };
        at.looks = at.looks.saturating_add(1);
        let may_look_again = at.waits < WAITS.len();
        match (at.made.judge(&found), why) {
            (judgement, Why::Refused) => self.refuted(at, &judgement),
            (Judgement::After, _) => self.is_after(at, why, found),
            (Judgement::Before, Why::Before | Why::Passing) if !at.is_doubtful => {
                Stage::Intending { at, found }
            }
            (Judgement::Other(what), Why::Before) if !at.is_doubtful => self.other(&at, &found, what),
            (Judgement::Before, Why::Unknown | Why::Before) if at.is_to_be_repeated() && may_look_again => {
                self.again(at, found)
            }
            _ if may_look_again => Stage::Waiting { at, why },
            (Judgement::Before, Why::Taken) => {
                self.stop_at(&at, "AWS took the call and does not show what it changed".to_owned())
            }
            (Judgement::Before, _) => self.again(at, found),
            (Judgement::Other(what), _) => self.other(&at, &found, what),
        }
    }

    /// It is neither as before nor as after: it is left alone. What is gone for good does not hold up what can come back.
    fn other(&mut self, at: &At, found: &State, what: String) -> Stage {
        if !self.is_gone_for_good(&at.made, found) {
            return self.stop_at(at, what);
        }
        if at.is_of_before {
            return self.first_survey();
        }
        self.pass_over(at.place);
        self.enter(at.place.saturating_add(1), 0)
    }

    /// Whether what should be taken back is about an access key that is not there any more: AWS makes none with a given id (IAM API
    /// Reference, `CreateAccessKey`).
    fn is_gone_for_good(&self, made: &Move, found: &State) -> bool {
        self.direction == Direction::Undo
            && !self.report.is_unwritten
            && matches!(made.look, Look::AccessKey { .. })
            && matches!(found, State::Absent | State::Gone(_))
    }

    /// A step that nothing takes back any more.
    fn pass_over(&mut self, place: usize) {
        let Some(step) = self.work.get(place).map(|work| work.step) else { return };
        self.report.left.retain(|left| *left != step);
        self.report.one_way.push(step);
    }

    /// What AWS shows after it refused a call: that it was made all the same is told as a call whose answer tells nothing.
    fn refuted(&self, at: At, judgement: &Judgement) -> Stage {
        let Some(refusal) = at.refusal.clone() else { return Stage::Done };
        let is_early = refusal.is_of_end() && !self.may_pass(&refusal.code) && at.waits < WAITS.len();
        match judgement {
            Judgement::After => Stage::Telling { outcome: refusal.unknown(), at },
            Judgement::Before if is_early => Stage::Waiting { at, why: Why::Refused },
            Judgement::Before | Judgement::Other(_) => Stage::Telling { outcome: refusal.outcome(), at },
        }
    }

    /// Nobody can look.
    fn unseen(&self, at: At, why: Why, what: &str) -> Stage {
        match (why, at.refusal.clone()) {
            (Why::Refused, Some(refusal)) => Stage::Telling { outcome: refusal.unknown(), at },
            (_, _) => {
                let heard = at.lost.iter().map(|lost| format!("{lost}; ")).collect::<String>();
                self.stop_at(&at, heard + what)
            }
        }
    }

    /// AWS has shown for a while that nothing came of a call whose answer was lost.
    fn again(&mut self, at: At, found: State) -> Stage {
        if at.is_of_before {
            return self.first_survey();
        }
        if let Some(refusal) = at.refusal.clone() {
            return self.stop_at(&At { is_doubtful: false, ..at }, refusal.words());
        }
        // What an earlier run called cannot be under way any more, and had its time; what this one did might.
        if at.attempts == 0 {
            let waits = if at.waits < WAITS.len() { at.waits } else { 0 };
            return Stage::Intending { at: At { waits, ..at }, found };
        }
        if at.is_to_be_repeated() && at.waits < WAITS.len() && at.attempts < ATTEMPTS_MAX {
            return Stage::Intending { at, found };
        }
        let heard = at.lost.clone().unwrap_or_else(|| "the answer to the call was lost".to_owned());
        self.stop_at(&at, format!("{heard}; AWS shows nothing of the call yet"))
    }

    fn is_after(&mut self, at: At, why: Why, found: State) -> Stage {
        let is_half = at.standing.is_half_other_way(self.direction);
        // It was seen as before right before the call, whatever AWS answered to that.
        let is_ours = why == Why::Taken || at.is_doubtful || is_half || at.attempts > 0;
        if is_ours {
            return Stage::Verifying { at, found, is_ours: true };
        }
        if at.made.is_optional {
            return self.enter(at.place, at.part.saturating_add(1));
        }
        if self.direction == Direction::Undo {
            return Stage::Verifying { at, found, is_ours: false };
        }
        self.stop_at(&at, "it is like that already, and this plan has not made it so".to_owned())
    }

    fn ended(&mut self, mut at: At, outcome: Outcome) -> Stage {
        at.looks = 0;
        match outcome {
            Outcome::Answer(answer) => {
                at.made.hear(&answer);
                (at.is_doubtful, at.refusal) = (true, None);
                Stage::Looking { at, why: Why::Taken, answers: Vec::new() }
            }
            Outcome::Unknown { why } => {
                (at.is_doubtful, at.refusal, at.lost) = (true, None, Some(why));
                Stage::Looking { at, why: Why::Unknown, answers: Vec::new() }
            }
            Outcome::Refused { code, message } => {
                let refusal = Refusal { code, message };
                if at.is_doubtful {
                    // The call before this one may have come through meanwhile.
                    at.refusal = Some(refusal);
                    return Stage::Looking { at, why: Why::Unknown, answers: Vec::new() };
                }
                if self.may_pass(&refusal.code) && at.attempts < ATTEMPTS_MAX && at.waits < WAITS.len() {
                    return Stage::Waiting { at, why: Why::Passing };
                }
                self.stop_at(&at, refusal.words())
            }
            Outcome::NotSent { why } => self.stop_at(&at, format!("it was not sent: {why}")),
        }
    }

    /// Refusals that a while later may be none: somebody else is at it, or AWS does not show everywhere what was made before.
    fn may_pass(&self, code: &str) -> bool {
        const BUSY: [&str; 4] = [
            "ConcurrentModification",
            "ConcurrentModificationException",
            "EntityTemporarilyUnmodifiable",
            // Identity Center is at it still (IAM Identity Center API Reference, `ProvisionPermissionSet`).
            "ConflictException",
        ];
        const LATE: [&str; 5] = [
            "NoSuchEntity",
            "MalformedPolicyDocument",
            "DeleteConflict",
            "PolicyNotFoundException",
            "ResourceNotFoundException",
        ];
        BUSY.contains(&code) || self.has_made && LATE.contains(&code)
    }

    fn verified(&mut self, at: &At, is_ours: bool) -> Stage {
        if at.is_of_before {
            return self.first_survey();
        }
        self.has_made |= is_ours;
        // What made room is told once it is gone.
        self.report.gone.extend(at.room.clone().filter(|_| is_ours));
        if let Some(work) = self.work.get(at.place).filter(|_| at.is_last) {
            let step = work.step;
            self.report.left.retain(|left| *left != step);
            if is_ours { &mut self.report.done } else { &mut self.report.found }.push(step);
        }
        self.enter(at.place, at.part.saturating_add(1))
    }

    fn stop_at(&self, at: &At, why: String) -> Stage {
        let step = self.work.get(at.place).map_or(0, |work| work.step);
        self.stopped(step, at.is_doubtful, why)
    }

    fn stopped(&self, step: usize, in_doubt: bool, why: String) -> Stage {
        Stage::Ending { ended: Ended::Stopped { step, in_doubt, why } }
    }

    /// Ends before anything was changed: there is nothing to write down.
    fn refused(&mut self, ended: Ended) -> Stage {
        self.finished(ended)
    }

    fn finished(&mut self, ended: Ended) -> Stage {
        self.report.ended = ended;
        Stage::Done
    }
}

/// A refusal is not yet taken for one: what AWS shows is.
fn heard(mut at: At, outcome: Outcome) -> Stage {
    let Outcome::Refused { code, message } = &outcome else { return Stage::Telling { at, outcome } };
    let refusal = Refusal { code: code.clone(), message: message.clone() };
    if refusal.is_no_answer() {
        return Stage::Telling { at, outcome: refusal.unknown() };
    }
    if at.is_doubtful {
        return Stage::Telling { at, outcome };
    }
    (at.looks, at.refusal) = (0, Some(refusal));
    Stage::Looking { at, why: Why::Refused, answers: Vec::new() }
}

/// What goes to make room.
fn room(made: &Move, found: &State) -> Option<Value> {
    match found {
        State::Is(found) if made.is_optional => Some(found.clone()),
        _ => None,
    }
}

fn asked(reading: &Reading) -> Wanted {
    match reading {
        Reading::Ask(call) => Wanted::Call(call.clone()),
        Reading::Found(_) | Reading::Failed(_) => Wanted::Nothing,
    }
}
