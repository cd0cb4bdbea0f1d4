//! What the explorer lets happen: keys in AWS, plans being followed, and what must never be.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{begun, key, rung, start};
use crate::{
    Book, Circumstances, Entry, Event, How, Kind, Ladder, Lasting, Notice, Phase, Round, Settings, Shown,
    Sight, State, Turn, Windows,
};

/// A key in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Active,
    Inactive,
    Gone,
}

/// What the journal says of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Plan {
    Before,
    /// Its call may have been made.
    Open,
    After,
}

/// What really happened to a key, whatever the ladder believes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fate {
    pub(super) key: Key,
    plans: Vec<Plan>,
    delete: Plan,
    is_tagged: bool,
    is_rotated: bool,
    pub(super) is_protected: bool,
    /// Off by our hand, since then.
    off: Option<Timestamp>,
    noticed: Option<Timestamp>,
    shown: Option<Timestamp>,
    /// The next notice comes no earlier.
    waits: Option<Timestamp>,
    /// Somebody ended it.
    is_ended: bool,
    /// The ladder was told that it is somebody else's matter.
    is_drifted: bool,
    /// It was told that it is protected by a tag.
    is_known_tagged: bool,
    is_known_rotated: bool,
    /// Somebody had it on for a while, and used it.
    is_used: bool,
    is_known_used: bool,
    /// In this round it was seen to be off.
    is_seen_off: bool,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) now: Timestamp,
    /// What the journal says.
    pub(super) states: Vec<State>,
    pub(super) fates: Vec<Fate>,
    pub(super) round: Option<Running>,
    pub(super) incidents: u8,
    pub(super) lates: u8,
    pub(super) jumps: u8,
}

/// A round under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Running {
    pub(super) round: Round,
    may_delete: bool,
    /// What has to come on before anything else is touched.
    due: BTreeSet<usize>,
    /// What somebody has ended.
    said: BTreeSet<usize>,
    /// Nothing went wrong in it so far.
    is_clean: bool,
}

/// What can go wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Refused,
    LostBefore,
    LostAfter,
    DiesBefore,
    DiesIntended,
    DiesCalled,
    DiesAfter,
}

pub(super) const FAULTS: [Fault; 7] = [
    Fault::Refused,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::DiesBefore,
    Fault::DiesIntended,
    Fault::DiesCalled,
    Fault::DiesAfter,
];

/// What others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    On,
    Off,
    Delete,
    Rotate,
    Tag,
    Protect,
    Use,
}

pub(super) const OTHERS: [Other; 7] =
    [Other::On, Other::Off, Other::Delete, Other::Rotate, Other::Tag, Other::Protect, Other::Use];

pub(super) type Checked<T> = Result<T, String>;

pub(super) fn windows() -> Windows {
    let settings: Settings = toml::from_str(
        "days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nhours = \"09:00-09:09\"",
    )
    .unwrap();
    settings.windows(TimeZone::UTC)
}

/// Minutes of the window, without the code that is tested.
fn is_open(at: Timestamp, off: Lasting) -> bool {
    let minute = at.as_second().rem_euclid(86_400) / 60;
    minute >= 540 && minute + off.seconds() / 60 <= 549
}

impl Node {
    pub(super) fn first(owners: [&str; 2], incidents: u8, lates: u8, jumps: u8) -> Self {
        let now = super::at("2026-11-02T09:00:00Z");
        let ladder = || Ladder::try_from(vec![rung("2min", Some("2min")), rung("3min", None)]).unwrap();
        let states = owners
            .iter()
            .enumerate()
            .map(|(number, owner)| begun(start(number, owner, ladder(), "1min", "6min"), now))
            .collect();
        let fate = Fate {
            key: Key::Active,
            plans: vec![Plan::Before; 2],
            delete: Plan::Before,
            is_tagged: false,
            is_rotated: false,
            is_protected: false,
            off: None,
            noticed: None,
            shown: None,
            waits: None,
            is_ended: false,
            is_drifted: false,
            is_known_tagged: false,
            is_known_rotated: false,
            is_used: false,
            is_known_used: false,
            is_seen_off: false,
        };
        Self { now, states, fates: vec![fate; 2], round: None, incidents, lates, jumps }
    }

    pub(super) fn circumstances(&self, may_delete: bool) -> Circumstances {
        let protected = (0..2).filter(|which| self.fates[*which].is_protected).map(key).collect();
        Circumstances { windows: windows(), protected, may_delete }
    }

    /// Begins a round.
    pub(super) fn begin(&mut self, happened: &[(usize, Event)], may_delete: bool) {
        let due = (0..2).filter(|which| self.is_due(*which)).collect();
        self.fates.iter_mut().for_each(|fate| fate.is_seen_off = false);
        let events: Vec<_> = happened.iter().map(|(which, event)| (key(*which), event.clone())).collect();
        let circumstances = self.circumstances(may_delete);
        let round = Round::new(self.states.clone(), &events, &circumstances, self.now);
        let said = happened.iter().map(|(which, _)| *which).collect();
        self.round = Some(Running { round, may_delete, due, said, is_clean: true });
    }

    /// Whether it is off by our hand and must not be any more.
    fn is_due(&self, which: usize) -> bool {
        let (fate, state) = (&self.fates[which], &self.states[which]);
        let Some(off) = fate.off else { return false };
        let is_last = state.standing.rung == 1;
        fate.is_ended
            || fate.is_protected
            || self.is_in_future(which)
            || !is_last && state.off().after(off) <= self.now
    }

    /// Whether its off lies ahead of the clock.
    fn is_in_future(&self, which: usize) -> bool {
        let is_off = matches!(self.states[which].standing.phase, Phase::GoingOff { .. } | Phase::Off { .. });
        is_off && self.fates[which].off.is_some_and(|off| self.now < off)
    }

    /// The clock is set back.
    pub(super) fn set_back(&mut self) {
        self.now = Timestamp::from_second(self.now.as_second() - 1200).unwrap();
        self.fates.iter_mut().for_each(|fate| fate.waits = None);
    }

    /// The process is gone.
    pub(super) fn die(&mut self) {
        self.round = None;
        for (fate, state) in self.fates.iter_mut().zip(&self.states).filter(|(_, state)| !state.is_over()) {
            fate.is_drifted = false;
            fate.is_known_tagged = false;
            fate.is_known_rotated &=
                state.may_be_off() && matches!(state.standing.phase, Phase::OnDue { .. });
        }
    }

    pub(super) fn spend(&mut self) {
        self.incidents -= 1;
        if let Some(running) = &mut self.round {
            running.is_clean = false;
        }
    }

    /// An answer for the round.
    pub(super) fn answer(&mut self, answer: crate::Answer) {
        let now = self.now;
        let Some(may_delete) = self.round.as_ref().map(|running| running.may_delete) else { return };
        let circumstances = self.circumstances(may_delete);
        if let Some(running) = &mut self.round {
            running.round.take(answer, &circumstances, now);
        }
    }

    /// An entry and its notices are on the disk.
    pub(super) fn write(&mut self, entry: &Entry, notices: &[Notice]) -> Checked<()> {
        let which = (0..2).find(|which| key(*which) == entry.key).unwrap();
        if self.states[which].is_over() && self.states[which].standing != entry.standing {
            return Err("what is over goes on".to_owned());
        }
        // What is read back is what was written.
        let text = entry.text().unwrap();
        let read = Entry::read(0, text.as_bytes()).unwrap().unwrap();
        assert_eq!(read, *entry, "{text}");
        self.states[which].standing = read.standing;
        let fate = &mut self.fates[which];
        let ends = |event: &Event| {
            matches!(event, Event::Complaint { .. } | Event::Stop { .. } | Event::Panic { .. })
        };
        fate.is_ended |= entry.happened.as_ref().is_some_and(ends);
        for notice in notices {
            if notice.kind == Kind::BeforeOff.word() {
                if fate.waits.is_some_and(|until| self.now < until) {
                    return Err("the next rung does not wait".to_owned());
                }
                fate.noticed = Some(self.now);
            }
        }
        let state = &self.states[which];
        if state.is_over() && notices.is_empty() {
            return Err(format!("nobody was told that it is {}", state.standing.phase.word()));
        }
        Ok(())
    }

    pub(super) fn other(&mut self, other: Other) -> bool {
        let fate = &mut self.fates[0];
        match (other, fate.key) {
            (Other::On, Key::Inactive) => (fate.key, fate.off) = (Key::Active, None),
            (Other::Off, Key::Active) => fate.key = Key::Inactive,
            (Other::Delete, Key::Active | Key::Inactive) => (fate.key, fate.off) = (Key::Gone, None),
            (Other::Rotate, _) if !fate.is_rotated => fate.is_rotated = true,
            (Other::Use, Key::Inactive) if fate.off.is_some() && !fate.is_used => fate.is_used = true,
            (Other::Tag, _) if !fate.is_tagged => fate.is_tagged = true,
            // Settings are read when a round begins.
            (Other::Protect, _) if !fate.is_protected && self.round.is_none() => fate.is_protected = true,
            _ => return false,
        }
        true
    }

    /// Anything but a step on the way on of what is due.
    fn touch(&self, which: usize, what: &str) -> Checked<()> {
        let Some(running) = &self.round else { return Ok(()) };
        // Of what may be off and may not, the order among them is nobody's harm.
        let is_on = what == Turn::On.word();
        if !is_on && !running.due.is_empty() && !running.due.contains(&which) {
            return Err(format!("{what} while something else has to come on first"));
        }
        if self.states[which].is_over() {
            return Err(format!("{what}, and it is over"));
        }
        Ok(())
    }

    pub(super) fn tried(&mut self, which: usize) -> Checked<Shown> {
        self.touch(which, "the way on is tried")?;
        let now = self.now;
        let fate = &mut self.fates[which];
        Ok(match fate.key {
            Key::Gone | Key::Inactive => {
                fate.is_drifted = true;
                Shown::Drifted("it is not active".to_owned())
            }
            Key::Active if fate.is_tagged => {
                fate.is_known_tagged = true;
                Shown::Protected("tag".to_owned())
            }
            Key::Active if fate.is_rotated => {
                fate.is_drifted = true;
                Shown::Drifted("another key".to_owned())
            }
            Key::Active => {
                fate.shown = Some(now);
                Shown::Open
            }
        })
    }

    pub(super) fn seen(&mut self, which: usize) -> Checked<Sight> {
        self.touch(which, "it is looked at")?;
        let fate = &mut self.fates[which];
        Ok(match fate.key {
            Key::Gone => {
                // Or by our hand, and nobody wrote it down.
                fate.is_drifted |= fate.delete == Plan::Before;
                Sight::Gone
            }
            Key::Active => {
                fate.is_drifted = true;
                Sight::On
            }
            Key::Inactive if fate.is_rotated => {
                fate.is_known_rotated = true;
                Sight::Rotated("another".to_owned())
            }
            Key::Inactive if fate.is_tagged => {
                (fate.is_known_tagged, fate.is_seen_off) = (true, true);
                Sight::Protected("tag".to_owned())
            }
            Key::Inactive if fate.is_used && self.states[which].rests_since().is_some() => {
                (fate.is_known_used, fate.is_seen_off) = (true, true);
                Sight::Used("used".to_owned())
            }
            Key::Inactive => {
                fate.is_seen_off = true;
                Sight::Off
            }
        })
    }

    /// A plan is followed; `None`: the process died.
    pub(super) fn follow(&mut self, which: usize, turn: Turn, fault: Option<Fault>) -> Checked<Option<How>> {
        if let Some(running) = self.round.as_mut().filter(|_| turn == Turn::On) {
            running.due.remove(&which);
        }
        self.touch(which, turn.word())?;
        if fault == Some(Fault::DiesBefore) {
            return Ok(None);
        }
        let rung = self.states[which].standing.rung;
        let fate = &self.fates[which];
        let plan = if turn == Turn::Delete { fate.delete } else { fate.plans[rung] };
        let found = match (turn, plan, fate.key) {
            (Turn::Off, Plan::After, _) | (Turn::On, Plan::Before, _) | (Turn::Delete, Plan::After, _) => {
                Some(How::Done)
            }
            (Turn::Off, Plan::Open, Key::Inactive) => {
                self.set(which, turn, Plan::After);
                Some(How::Done)
            }
            (Turn::Off, _, Key::Active) | (Turn::On, _, Key::Inactive) => None,
            (Turn::On, Plan::After, Key::Active) => {
                self.set(which, turn, Plan::Before);
                self.fates[which].is_drifted |= matches!(
                    self.states[which].standing.phase,
                    Phase::OnDue { because: crate::Because::Due }
                );
                Some(How::Found)
            }
            (Turn::On, Plan::Open, Key::Active) => {
                self.set(which, turn, Plan::Before);
                Some(How::Done)
            }
            (Turn::Delete, _, Key::Active | Key::Inactive) => None,
            (Turn::Delete, Plan::Open, Key::Gone) => {
                self.set(which, turn, Plan::After);
                Some(How::Done)
            }
            _ => {
                self.fates[which].is_drifted = true;
                Some(How::Moved("it is another".to_owned()))
            }
        };
        if let Some(how) = found {
            return Ok((fault != Some(Fault::DiesAfter)).then_some(how));
        }
        match fault {
            Some(Fault::Refused) => return Ok(Some(How::Refused("throttled".to_owned()))),
            Some(Fault::LostBefore) => {
                self.set(which, turn, Plan::Open);
                return Ok(Some(How::Doubtful("lost".to_owned())));
            }
            Some(Fault::DiesIntended) => {
                self.set(which, turn, Plan::Open);
                return Ok(None);
            }
            _ => {}
        }
        self.called(which, turn)?;
        match fault {
            Some(Fault::LostAfter) => {
                self.set(which, turn, Plan::Open);
                Ok(Some(How::Doubtful("lost".to_owned())))
            }
            Some(Fault::DiesCalled) => {
                self.set(which, turn, Plan::Open);
                Ok(None)
            }
            _ => {
                self.set(which, turn, if turn == Turn::On { Plan::Before } else { Plan::After });
                Ok((fault != Some(Fault::DiesAfter)).then_some(How::Done))
            }
        }
    }

    fn set(&mut self, which: usize, turn: Turn, plan: Plan) {
        let rung = self.states[which].standing.rung;
        let fate = &mut self.fates[which];
        if turn == Turn::Delete {
            fate.delete = plan;
        } else {
            fate.plans[rung] = plan;
        }
    }

    /// AWS takes the call: what must never be is looked for here.
    fn called(&mut self, which: usize, turn: Turn) -> Checked<()> {
        let must = |condition: bool, what: &str| {
            if condition { Ok(()) } else { Err(format!("{}: {what}", turn.word())) }
        };
        let (now, state) = (self.now, &self.states[which]);
        let other = &self.fates[1 - which];
        let is_same_owner = self.states[0].start.owner == self.states[1].start.owner;
        let fate = &self.fates[which];
        must(!fate.is_drifted, "somebody else's matter is touched")?;
        match turn {
            Turn::Off => {
                let earliest = fate.noticed.map(|at| state.start.notice.after(at));
                must(earliest.is_some_and(|at| at <= now), "nobody was told long enough before")?;
                let forgotten = earliest.map(|at| super::lasting("7d").after(at));
                must(forgotten.is_some_and(|at| now < at), "people were told too long before")?;
                must(is_open(now, state.off()), "outside of the window")?;
                must(
                    fate.shown.is_some_and(|at| now < state.start.shown.after(at)),
                    "the way on was not shown lately",
                )?;
                must(!fate.is_protected && !fate.is_known_tagged, "it is protected")?;
                must(!fate.is_ended, "its retirement was ended")?;
                must(!fate.is_known_rotated, "its user has another key")?;
                must(!is_same_owner || other.off.is_none(), "another of the same owner is off")?;
                let fate = &mut self.fates[which];
                // An off that was begun and lost may be made again: what allowed it counts until it is on.
                (fate.key, fate.off) = (Key::Inactive, Some(now));
            }
            Turn::On => {
                let is_due = matches!(state.standing.phase, Phase::OnDue { because: crate::Because::Due });
                let wait = state.rung().and_then(|rung| rung.wait).filter(|_| is_due);
                let fate = &mut self.fates[which];
                (fate.key, fate.off, fate.shown, fate.noticed) = (Key::Active, None, None, None);
                fate.is_used = false;
                fate.waits = wait.map(|wait| wait.after(now)).or(fate.waits);
            }
            Turn::Delete => {
                let last = state.start.ladder.rungs().last().unwrap().off;
                must(fate.is_seen_off, "nobody looked")?;
                must(fate.off.is_none_or(|off| last.after(off) <= now), "it did not rest")?;
                must(self.round.as_ref().is_some_and(|running| running.may_delete), "nobody allowed it")?;
                must(!fate.is_protected && !fate.is_known_tagged, "it is protected")?;
                must(!fate.is_ended, "its retirement was ended")?;
                must(!fate.is_known_used, "it was used meanwhile")?;
                let fate = &mut self.fates[which];
                (fate.key, fate.off) = (Key::Gone, None);
            }
        }
        Ok(())
    }

    /// The round is over: what must hold when nothing went wrong in it.
    pub(super) fn ends(&mut self) -> Checked<()> {
        let Some(running) = self.round.take() else { return Ok(()) };
        for (which, state) in running.round.states().iter().enumerate() {
            if *state != self.states[which] {
                return Err("the journal says otherwise".to_owned());
            }
        }
        for which in 0..2 {
            let (fate, state) = (&self.fates[which], &self.states[which]);
            if state.is_over() && fate.off.is_some() {
                return Err(format!("it is {}, and off by our hand", state.standing.phase.word()));
            }
            if !running.is_clean {
                continue;
            }
            if self.is_due(which) {
                return Err("it has to be on, and is off".to_owned());
            }
            if fate.off.is_some() && !state.may_be_off() {
                return Err(format!("it is off, and said to be {}", state.standing.phase.word()));
            }
            if fate.is_drifted && !state.is_over() {
                return Err("somebody else changed it, and the ladder goes on".to_owned());
            }
            if fate.is_known_rotated && fate.off.is_some() {
                return Err("its user has another key, and it stays off".to_owned());
            }
            if fate.is_known_tagged && fate.off.is_some() {
                return Err("its user has the tag, and it stays off".to_owned());
            }
            if running.said.contains(&which) && !state.is_over() {
                return Err("somebody ended it, and it goes on".to_owned());
            }
        }
        Ok(())
    }

    /// The next instant at which something is to be done.
    pub(super) fn next_instant(&self) -> Timestamp {
        // Whatever waits for a window waits for the next morning.
        let morning = self.now.as_second().saturating_sub(540 * 60).div_euclid(86_400) + 1;
        let morning = Timestamp::from_second(morning * 86_400 + 540 * 60).unwrap();
        let of = |state: &State| match &state.standing.phase {
            Phase::Planned { from } => Some(*from),
            Phase::Notified { at, off } => Some(state.start.notice.after(*at).max(*off)),
            Phase::GoingOff { until, .. } | Phase::Off { until, .. } | Phase::On { until, .. } => {
                Some(*until)
            }
            _ => None,
        };
        let instants = self.states.iter().filter_map(of).filter(|at| *at > self.now);
        instants.min().unwrap_or(morning)
    }

    /// Nothing more can happen of itself.
    pub(super) fn is_at_rest(&self) -> bool {
        self.round.is_none() && self.states.iter().all(State::is_over)
    }
}

/// What was written is what a book reads.
pub(super) fn book(entries: &[String]) -> Book {
    Book::of(entries.iter().map(String::as_bytes)).unwrap()
}
