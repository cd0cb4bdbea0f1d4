//! The ladder of one credential: a state, what happened and the instant in, the next state and what is to be done out.
//!
//! Whoever drives it writes the event and the state it leads to down before it does what is asked: killed anywhere, the state tells what
//! may be under way, and the plan's own entries and AWS tell how far it came.

use jiff::Timestamp;

use crate::effect::{Effect, Turn};
use crate::event::{Event, Given, How, Shown, Sight};
use crate::evidence::Verdict;
use crate::guard::{Guard, holds};
use crate::lasting::Lasting;
use crate::notice::Kind;
use crate::state::{Because, Phase, Standing, State};

/// A notice that is older than this is given again: nobody remembers it.
const NOTICE_LASTS: Lasting = Lasting::days(7);

type Next = (State, Vec<Effect>);

/// What follows.
pub fn step(state: &State, event: &Event, now: Timestamp) -> Next {
    if holds(Guard::Over, state.is_over()) {
        return same(state);
    }
    match event {
        Event::Tick { given } => tick(state, given, now),
        Event::Tried { shown } => tried(state, shown, now),
        Event::Turned { turn, how } => turned(state, *turn, how, now),
        Event::Seen { sight, may_delete } => seen(state, sight, *may_delete, now),
        Event::Complaint { by, reason } => {
            let because = Because::Complaint { by: by.clone(), reason: reason.clone() };
            ended(state, because, Guard::ComplaintComesOn, now)
        }
        Event::Stop { by, reason } => {
            ended(state, Because::Stop { by: by.clone(), reason: reason.clone() }, Guard::StopComesOn, now)
        }
        Event::Panic { by } => ended(state, Because::Panic { by: by.clone() }, Guard::PanicComesOn, now),
    }
}

fn same(state: &State) -> Next {
    (state.clone(), Vec::new())
}

fn tick(state: &State, given: &Given, now: Timestamp) -> Next {
    if holds(Guard::NotProtected, !given.is_protected) {
        return time(state, given, now);
    }
    let why = "kagimori.toml protects it".to_owned();
    if let Phase::OnDue { .. } = state.standing.phase {
        return (state.clone(), vec![Effect::Follow(Turn::On)]);
    }
    if !state.may_be_off() {
        return over(state, Phase::Protected { why, at: now }, Kind::Protected);
    }
    if holds(Guard::ProtectedComesOn, true) { on(state, Because::Protected { why }) } else { same(state) }
}

/// Time has passed.
fn time(state: &State, given: &Given, now: Timestamp) -> Next {
    if state.is_in_future(now) {
        return on(state, Because::Interrupted);
    }
    match &state.standing.phase {
        Phase::Planned { from } => planned(state, *from, given, now),
        Phase::Notified { at, .. } => notified(state, *at, given, now),
        Phase::GoingOff { until, .. } => {
            if holds(Guard::DoubtEnds, *until <= now) {
                return on(state, Because::Interrupted);
            }
            let may =
                holds(Guard::BegunAgain, given.is_open && given.waits_for.is_none() && is_shown(state, now));
            if may {
                (state.clone(), vec![Effect::Follow(Turn::Off)])
            } else {
                on(state, Because::Interrupted)
            }
        }
        Phase::Off { until, .. } => off(state, *until, now),
        Phase::OnDue { .. } => (state.clone(), vec![Effect::Follow(Turn::On)]),
        Phase::On { until, .. } => {
            if !holds(Guard::Waits, *until <= now) {
                return same(state);
            }
            let mut next = judged(state).at(Phase::Planned { from: now });
            next.standing.rung = next.standing.rung.saturating_add(1);
            (next, Vec::new())
        }
        Phase::DeleteDue { .. } if !holds(Guard::LeaveToDelete, given.may_delete) => {
            (state.clone(), vec![Effect::Look])
        }
        Phase::DeleteDue { .. } => (state.at(Phase::Deleting { since: now }), vec![delete()]),
        Phase::Deleting { .. } => (state.clone(), vec![Effect::Look]),
        _ => same(state),
    }
}

/// Somebody may have switched it on meanwhile: it is looked at first.
fn delete() -> Effect {
    if holds(Guard::LookBeforeDelete, true) { Effect::Look } else { Effect::Follow(Turn::Delete) }
}

fn planned(state: &State, from: Timestamp, given: &Given, now: Timestamp) -> Next {
    let is_alone = holds(Guard::OwnerAlone, given.waits_for.is_none());
    let Some(off) = given.opens.filter(|_| is_alone && from <= now) else { return same(state) };
    (state.at(Phase::Notified { at: now, off }), vec![Effect::Tell(Kind::BeforeOff)])
}

fn notified(state: &State, at: Timestamp, given: &Given, now: Timestamp) -> Next {
    let earliest = state.start.notice.after(at);
    if !holds(Guard::NoticeFirst, earliest <= now) {
        return same(state);
    }
    if !holds(Guard::NoticeFresh, now < NOTICE_LASTS.after(earliest)) {
        return (state.at(Phase::Planned { from: now }), Vec::new());
    }
    let is_alone = holds(Guard::OwnerAlone, given.waits_for.is_none());
    if !(is_alone && holds(Guard::Window, given.is_open)) {
        return same(state);
    }
    if !holds(Guard::WayShown, is_shown(state, now)) {
        return (state.clone(), vec![Effect::Try]);
    }
    let phase = Phase::GoingOff { noticed: at, since: now, until: state.off().after(now) };
    (state.at(phase), vec![Effect::Follow(Turn::Off)])
}

fn is_shown(state: &State, now: Timestamp) -> bool {
    state.standing.shown.is_some_and(|at| at <= now && now < state.start.shown.after(at))
}

fn off(state: &State, until: Timestamp, now: Timestamp) -> Next {
    let is_last = state.start.ladder.is_last(state.standing.rung);
    if is_last && holds(Guard::RestsBeforeDelete, until <= now) {
        let next = judged(state).at(Phase::DeleteDue { since: now });
        return (next, vec![Effect::Tell(Kind::DeleteDue), Effect::Look]);
    }
    if !is_last && holds(Guard::OffEnds, until <= now) {
        return on(state, Because::Due);
    }
    (state.clone(), vec![Effect::Look])
}

/// The way on was tried.
fn tried(state: &State, shown: &Shown, now: Timestamp) -> Next {
    if !matches!(state.standing.phase, Phase::Notified { .. }) {
        return same(state);
    }
    match shown {
        Shown::Open => {
            let mut next = state.clone();
            (next.standing.shown, next.standing.trouble) = (Some(now), None);
            (next, Vec::new())
        }
        Shown::Protected(why) if holds(Guard::TagProtects, true) => {
            over(state, Phase::Protected { why: why.clone(), at: now }, Kind::Protected)
        }
        Shown::Drifted(what) if holds(Guard::DriftBeforeOff, true) => drifted(state, what, now),
        Shown::Closed(why) => trouble(state, why),
        Shown::Protected(_) | Shown::Drifted(_) => {
            let mut next = state.clone();
            next.standing.shown = Some(now);
            (next, Vec::new())
        }
    }
}

/// A plan was followed.
fn turned(state: &State, turn: Turn, how: &How, now: Timestamp) -> Next {
    match (&state.standing.phase, turn) {
        (Phase::GoingOff { noticed, since, until }, Turn::Off) => {
            went_off(state, *noticed, (*since, *until), how, now)
        }
        (Phase::OnDue { because }, Turn::On) => came_on(state, because, how, now),
        (Phase::Deleting { .. }, Turn::Delete) => match how {
            How::Done | How::Found => over(state, Phase::Deleted { at: now }, Kind::Deleted),
            How::Moved(what) => drifted(state, what, now),
            How::Refused(why) => trouble(&state.at(Phase::DeleteDue { since: now }), why),
            How::Doubtful(why) => trouble(state, why),
        },
        _ => same(state),
    }
}

fn went_off(
    state: &State,
    noticed: Timestamp,
    (since, until): (Timestamp, Timestamp),
    how: &How,
    now: Timestamp,
) -> Next {
    match how {
        How::Done | How::Found => {
            let mut next = state.at(Phase::Off { since, until });
            if holds(Guard::ShownForThis, true) {
                next.standing.shown = None;
            }
            next.standing.went_off = Some(since);
            (next, vec![Effect::Tell(Kind::Off)])
        }
        How::Moved(what) if holds(Guard::OffByOthers, true) => drifted(state, what, now),
        How::Moved(_) => (state.at(Phase::Off { since, until }), vec![Effect::Tell(Kind::Off)]),
        How::Refused(why) => {
            // Nothing was done: the notice still stands, and the way on is shown anew.
            let mut next = state.at(Phase::Notified { at: noticed, off: since });
            next.standing.shown = None;
            trouble(&next, why)
        }
        How::Doubtful(why) => trouble(state, why),
    }
}

fn came_on(state: &State, because: &Because, how: &How, now: Timestamp) -> Next {
    match how {
        How::Done => is_on(state, because, now),
        How::Found if holds(Guard::FoundByOthers, *because == Because::Due) => {
            drifted(state, "somebody else had switched it on", now)
        }
        How::Found => is_on(state, because, now),
        How::Moved(what) => drifted(state, what, now),
        How::Refused(why) | How::Doubtful(why) if holds(Guard::OnAgain, true) => {
            let (mut next, mut effects) = trouble(state, why);
            // What cannot come on is told with what to do by hand.
            effects.iter_mut().filter(|told| **told == Effect::Tell(Kind::Trouble)).for_each(|told| {
                *told = Effect::Tell(Kind::OnFailed);
            });
            next.standing.trouble = Some(why.clone());
            (next, effects)
        }
        How::Refused(_) | How::Doubtful(_) => is_on(state, because, now),
    }
}

/// It is on: what follows depends on why it had to come.
fn is_on(state: &State, because: &Because, now: Timestamp) -> Next {
    match because {
        Because::Due => {
            let wait = state.rung().and_then(|rung| rung.wait).unwrap_or(Lasting::days(1));
            let phase = Phase::On { since: now, until: wait.after(now) };
            (state.at(phase), vec![Effect::Tell(Kind::On)])
        }
        Because::Interrupted => {
            let mut next = state.at(Phase::Planned { from: now });
            next.standing.shown = None;
            (next, vec![Effect::Tell(Kind::Interrupted)])
        }
        Because::Complaint { .. } | Because::Stop { .. } | Because::Panic { .. } => {
            aborted(state, because.clone(), now)
        }
        Because::Protected { why } => {
            over(state, Phase::Protected { why: why.clone(), at: now }, Kind::Protected)
        }
        Because::Drift { what } => drifted(state, what, now),
    }
}

/// It was looked at while it is off.
fn seen(state: &State, sight: &Sight, may_delete: bool, now: Timestamp) -> Next {
    let is_deleting = match state.standing.phase {
        Phase::Off { .. } | Phase::DeleteDue { .. } => false,
        Phase::Deleting { .. } => true,
        _ => return same(state),
    };
    match sight {
        // What is gone may be gone by our hand: the plan's own entries tell.
        Sight::Gone if is_deleting => (state.clone(), vec![Effect::Follow(Turn::Delete)]),
        Sight::Off if is_deleting => {
            let may = holds(Guard::LeaveToDelete, may_delete);
            (state.clone(), if may { vec![Effect::Follow(Turn::Delete)] } else { Vec::new() })
        }
        Sight::On if holds(Guard::OnByOthers, true) => {
            drifted(state, "somebody else has switched it on", now)
        }
        Sight::Gone => drifted(state, "somebody else has deleted it", now),
        Sight::Rotated(key) if holds(Guard::Rotated, true) => {
            on(state, Because::Drift { what: format!("its user has another key, {key}, since it was begun") })
        }
        // It may be off under its user's new name.
        Sight::Renamed(name) => {
            on(state, Because::Drift { what: format!("its user is named {name} since it was begun") })
        }
        Sight::Protected(why) if holds(Guard::TagComesOn, true) => {
            on(state, Because::Protected { why: why.clone() })
        }
        Sight::Unknown(why) => trouble(state, why),
        // What went wrong before is over.
        Sight::Off if state.standing.trouble.is_some() => {
            (state.at(state.standing.phase.clone()), Vec::new())
        }
        // It was on meanwhile, and somebody needed it.
        Sight::Used(what) if holds(Guard::UnusedBeforeDelete, true) => {
            on(state, Because::Drift { what: what.clone() })
        }
        Sight::Protected(_) | Sight::Used(_) if is_deleting => {
            (state.clone(), vec![Effect::Follow(Turn::Delete)])
        }
        Sight::Off | Sight::On | Sight::Rotated(_) | Sight::Protected(_) | Sight::Used(_) => same(state),
    }
}

/// Somebody ends it.
fn ended(state: &State, because: Because, guard: Guard, now: Timestamp) -> Next {
    if state.may_be_off() {
        return if holds(guard, true) { on(state, because) } else { same(state) };
    }
    aborted(state, because, now)
}

fn aborted(state: &State, because: Because, now: Timestamp) -> Next {
    let mut state = state.clone();
    let is_needed = matches!(because, Because::Complaint { .. });
    if is_needed {
        state.standing.verdicts.push(Verdict::Needed);
    }
    let kind = if is_needed { Kind::Needed } else { Kind::Aborted };
    over(&state, Phase::Aborted { because, at: now }, kind)
}

/// It has to come on.
fn on(state: &State, because: Because) -> Next {
    (state.at(Phase::OnDue { because }), vec![Effect::Follow(Turn::On)])
}

fn over(state: &State, phase: Phase, kind: Kind) -> Next {
    (state.at(phase), vec![Effect::Tell(kind)])
}

fn drifted(state: &State, what: &str, now: Timestamp) -> Next {
    over(state, Phase::Drifted { what: what.to_owned(), at: now }, Kind::Drifted)
}

/// What may pass is told once.
fn trouble(state: &State, why: &str) -> Next {
    let is_new = state.standing.trouble.as_deref() != Some(why);
    let standing = Standing { trouble: Some(why.to_owned()), ..state.standing.clone() };
    let next = State { standing, ..state.clone() };
    (next, if is_new { vec![Effect::Tell(Kind::Trouble)] } else { Vec::new() })
}

/// The verdict of the rung that is over.
fn judged(state: &State) -> State {
    let mut next = state.clone();
    let (start, rung) = (&state.start, state.standing.rung);
    next.standing.verdicts.push(start.evidence.judge(&start.enough, rung, state.off()));
    next
}
