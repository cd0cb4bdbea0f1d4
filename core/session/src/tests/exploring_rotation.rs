//! Every way a rotation can go, walked: two machines with the same user, a person who makes keys and makes the old one active
//! again, refusals, lost replies, a kill between any two writes. The machine here does what `app/kagi/src/command/rotate.rs`
//! does with each [`Action`], one write or call at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::rotation::{Action, Facts, Rotation, State, Word};

const GRACE: i64 = 10;
/// AWS's quota.
const MOST_KEYS: usize = 2;
/// So many keys are ever made: what comes after is the same again.
const MOST_IDS: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    /// At AWS: whether it is active, and whose it is.
    keys: BTreeMap<String, (bool, By)>,
    made: usize,
    machines: [Machine; 2],
    is_late: bool,
}

/// Who made a key, and so who has its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    /// Both machines have it from the beginning.
    Start,
    Machine(usize),
    /// A machine, whose answer was lost.
    Lost(usize),
    Person,
}

/// What a machine keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Machine {
    current: String,
    pending: Option<String>,
    previous: Option<String>,
    /// The journal, as text: states need an order here and nowhere else.
    journal: Option<String>,
    word: Option<(bool, String)>,
}

/// What becomes of one run: it is killed before its write or call of this number, or a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Whole,
    KilledBefore(usize),
    /// The call of this number is carried out and its answer is lost.
    Lost(usize),
    /// The call of this number is refused for sure.
    Refused(usize),
}

/// Why a run ends.
struct Ended;

struct Run<'w> {
    world: &'w mut World,
    me: usize,
    fate: Fate,
    effects: usize,
    undoes: bool,
}

impl Run<'_> {
    fn me(&mut self) -> &mut Machine {
        &mut self.world.machines[self.me]
    }

    fn effect(&mut self) -> Result<usize, Ended> {
        let number = self.effects;
        self.effects += 1;
        if self.fate == Fate::KilledBefore(number) { Err(Ended) } else { Ok(number) }
    }

    fn write(&mut self, write: impl FnOnce(&mut Machine)) -> Result<(), Ended> {
        self.effect()?;
        write(self.me());
        Ok(())
    }

    /// A call that a key signs: AWS takes only those of active ones.
    fn call<T>(
        &mut self,
        by: &str,
        call: impl FnOnce(&mut World, usize) -> Option<T>,
    ) -> Result<Option<T>, Ended> {
        let number = self.effect()?;
        let is_good = self.world.keys.get(by).is_some_and(|(active, _)| *active);
        if self.fate == Fate::Refused(number) || !is_good {
            return Ok(None);
        }
        let answer = call(self.world, self.me);
        if self.fate == Fate::Lost(number) { Err(Ended) } else { Ok(answer) }
    }

    /// `Work::finish`
    fn finish(&mut self) -> Result<(), Ended> {
        self.write(|me| me.journal = None)?;
        self.write(|me| me.pending = None)?;
        self.write(|me| me.previous = None)
    }

    fn journal(&mut self, rotation: &Rotation) -> Result<(), Ended> {
        let text = serde_json::to_string(rotation).unwrap();
        self.write(|me| me.journal = Some(text))
    }

    /// `kagi rotate`, or `kagi rotate --undo`.
    fn run(&mut self) -> Result<(), Ended> {
        let ids = |world: &World| world.keys.keys().cloned().collect::<Vec<_>>();
        let mut seen = None;
        let current = self.me().current.clone();
        let mut rotation = match self.me().journal.clone() {
            Some(text) => serde_json::from_str(&text).unwrap(),
            None if self.undoes => return Ok(()),
            None => {
                let Some(keys) = self.call(&current, |world, _| Some(ids(world)))? else { return Ok(()) };
                let rotation = Rotation { grace_seconds: GRACE, ..Rotation::begin(&current, &keys) };
                // What a killed run left behind is nothing of this one's.
                self.write(|me| me.pending = None)?;
                self.write(|me| me.previous = None)?;
                self.journal(&rotation)?;
                seen = Some(keys);
                rotation
            }
        };
        if self.undoes {
            let pending = self.me().pending.clone();
            rotation = rotation.undoing(pending.as_deref());
            self.journal(&rotation)?;
        }
        while let Some(next) = self.step(&rotation, seen.take())? {
            self.journal(&next)?;
            rotation = next;
        }
        Ok(())
    }

    fn step(&mut self, rotation: &Rotation, seen: Option<Vec<String>>) -> Result<Option<Rotation>, Ended> {
        let now = if self.world.is_late { GRACE } else { 0 };
        let me = self.me().clone();
        let looks = matches!(rotation.state, State::Creating { .. })
            || matches!(rotation.state, State::Deactivated { at, .. } if now >= at + GRACE);
        let keys = match seen {
            Some(keys) => keys,
            None if looks => {
                let Some(keys) =
                    self.call(&me.current, |world, _| Some(world.keys.keys().cloned().collect()))?
                else {
                    return Ok(None);
                };
                keys
            }
            None => Vec::new(),
        };
        let word = me.word.clone().map(|(keep, id)| if keep { Word::Keep(id) } else { Word::DeleteLost(id) });
        let old_is_active = self.world.keys.get(&rotation.old).map(|(active, _)| *active);
        let facts = Facts {
            keys: &keys,
            old_is_active: if looks { old_is_active } else { None },
            word: word.as_ref(),
            pending: me.pending.as_deref(),
            now,
        };
        let after = |state| Ok(Some(rotation.with(state)));
        match rotation.next(&facts) {
            Action::AskAbout(new) => {
                // The person knows what they, or the other machine, made; the rest nobody made.
                let id = new.first().unwrap().clone();
                let is_lost = matches!(self.world.keys.get(&id), Some((_, By::Lost(by))) if *by == self.me);
                self.me().word = Some((!is_lost, id));
                Ok(None)
            }
            Action::DeleteLost(id) => match self.delete(&me.current, &id)? {
                true => Ok(Some(rotation.clone())),
                false => Ok(None),
            },
            Action::Create => {
                let lost = matches!(self.fate, Fate::Lost(number) if number == self.effects)
                    || self.fate == Fate::KilledBefore(self.effects + 1);
                let made = self.call(&me.current, |world, me| {
                    if world.keys.len() >= MOST_KEYS {
                        return None;
                    }
                    let id = format!("K{}", world.made);
                    world.made += 1;
                    world.keys.insert(id.clone(), (true, if lost { By::Lost(me) } else { By::Machine(me) }));
                    Some(id)
                })?;
                let Some(new) = made else {
                    self.finish()?;
                    return Ok(None);
                };
                self.write(|me| me.pending = Some(new.clone()))?;
                after(State::Created { new })
            }
            Action::Found(new) => after(State::Created { new }),
            Action::Verify(new) => match self.call(&new, |_, _| Some(()))? {
                Some(()) => after(State::Verified { new }),
                None => Ok(None),
            },
            Action::MakeCurrent(new) => {
                if me.current == rotation.old {
                    self.write(|machine| machine.previous = Some(me.current))?;
                }
                let pending = me.pending.unwrap();
                self.write(|me| me.current = pending)?;
                after(State::Current { new })
            }
            Action::Deactivate(old) => match self.set_active(&me.current, &old, false)? {
                true => after(State::Deactivated { new: me.current, at: now }),
                false => Ok(None),
            },
            Action::Delete(old) => {
                if self.delete(&me.current, &old)? {
                    self.finish()?;
                }
                Ok(None)
            }
            Action::Undo { new } => self.undo(rotation, &me, new).map(|()| None),
            Action::NoRoom(_) | Action::OldIsGone => self.finish().map(|()| None),
            Action::Wait { .. } | Action::OldIsInUse(_) => Ok(None),
        }
    }

    fn undo(&mut self, rotation: &Rotation, me: &Machine, new: Option<String>) -> Result<(), Ended> {
        if let Some(previous) = me.previous.clone() {
            if !self.world.keys.contains_key(&rotation.old) {
                // Somebody has deleted the old key: the new one stays.
                if let Some(new) = me.pending.clone() {
                    self.write(|me| me.current = new)?;
                }
                return self.finish();
            }
            if !self.set_active(&me.current, &rotation.old, true)? {
                return Ok(());
            }
            self.write(|me| me.current = previous)?;
        }
        let current = self.me().current.clone();
        match new {
            Some(new) if !self.delete(&current, &new)? => Ok(()),
            _ => self.finish(),
        }
    }

    fn set_active(&mut self, by: &str, id: &str, active: bool) -> Result<bool, Ended> {
        let done = self.call(by, |world, _| world.keys.get_mut(id).map(|key| key.0 = active))?;
        Ok(done.is_some())
    }

    fn delete(&mut self, by: &str, id: &str) -> Result<bool, Ended> {
        let me = self.me;
        let own = self.world.machines[me].clone();
        let done = self.call(by, |world, _| {
            let whose = world.keys.remove(id).map(|(_, by)| by);
            let is_ours = match whose {
                None => true,
                Some(By::Machine(by) | By::Lost(by)) => by == me,
                // The key that was rotated away, which this machine had.
                Some(By::Start) => own.previous.as_deref() == Some(id),
                Some(By::Person) => false,
            };
            assert!(is_ours, "machine {me} deletes {id}, which is {whose:?}'s: {own:?}");
            Some(())
        })?;
        Ok(done.is_some())
    }
}

/// Every world one run, or one deed of the person, away.
fn moves(world: &World) -> Vec<(String, World)> {
    let mut all = Vec::new();
    for me in 0..2 {
        for undoes in [false, true] {
            let mut run = |fate| {
                let mut next = world.clone();
                let mut run = Run { world: &mut next, me, fate, effects: 0, undoes };
                let _ = run.run();
                let effects = run.effects;
                all.push((format!("{me} undo={undoes} {fate:?}"), next));
                effects
            };
            for number in 0..run(Fate::Whole) {
                for fate in [Fate::KilledBefore(number), Fate::Lost(number), Fate::Refused(number)] {
                    run(fate);
                }
            }
        }
    }
    let mut person = |what: &str, deed: &dyn Fn(&mut World)| {
        let mut next = world.clone();
        deed(&mut next);
        all.push((format!("person {what}"), next));
    };
    person("waits", &|world| world.is_late = true);
    if world.keys.len() < MOST_KEYS && world.made < MOST_IDS {
        person("makes a key", &|world| {
            world.keys.insert(format!("K{}", world.made), (true, By::Person));
            world.made += 1;
        });
    }
    for (id, (active, by)) in &world.keys {
        match by {
            By::Person => person("deletes their key", &|world| {
                world.keys.remove(id);
            }),
            By::Start if !active => person("makes the old key active", &|world| {
                world.keys.get_mut(id).unwrap().0 = true;
            }),
            _ => {}
        }
    }
    all
}

/// Somebody can work: an active key whose secret is where it is used.
fn somebody_can_work(world: &World) -> bool {
    let is_active = |id: &String| world.keys.get(id).is_some_and(|(active, _)| *active);
    let of_person = world.keys.values().any(|(active, by)| *active && *by == By::Person);
    of_person || world.machines.iter().any(|machine| is_active(&machine.current))
}

#[test]
fn no_key_is_deleted_that_kagi_did_not_make_and_no_user_is_without_one() {
    let machine =
        Machine { current: "K0".to_owned(), pending: None, previous: None, journal: None, word: None };
    let start = World {
        keys: BTreeMap::from([("K0".to_owned(), (true, By::Start))]),
        made: 1,
        machines: [machine.clone(), machine],
        is_late: false,
    };
    let (mut seen, mut waiting) = (BTreeSet::from([start.clone()]), VecDeque::from([start]));
    while let Some(world) = waiting.pop_front() {
        for (what, next) in moves(&world) {
            assert!(somebody_can_work(&next), "{what}: nobody can work any more\n{world:#?}\n{next:#?}");
            if next.made <= MOST_IDS && seen.len() < worlds() && seen.insert(next.clone()) {
                waiting.push_back(next);
            }
        }
    }
    println!("{} worlds", seen.len());
}

/// In every run of the tests those that are nearest; `KAGIMORI_MATRIX=all` walks until there is none left.
#[expect(clippy::disallowed_methods, reason = "how long the tests may take is said by who runs them")]
fn worlds() -> usize {
    if std::env::var("KAGIMORI_MATRIX").is_ok_and(|what| what == "all") { usize::MAX } else { 1_000 }
}
