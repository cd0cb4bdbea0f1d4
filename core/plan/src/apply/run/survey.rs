//! What is looked at before anything is changed.

use std::collections::BTreeMap;

use super::super::call::{Call, Outcome};
use super::super::history::Side;
use super::super::look::{Look, Reading};
use super::super::moves::Move;
use super::super::record::Direction;
use super::super::report::{Ended, Moved};
use super::super::state::Judgement;
use super::super::work::Work;
use super::Run;
use super::stage::{Stage, Survey};
use super::whole::{Touch, once_made};

impl Run<'_> {
    /// What can be looked at before anything is changed: not what an earlier step of the plan touches.
    pub(super) fn first_survey(&mut self) -> Stage {
        if let Some(resolving) = self.resolve().filter(|_| !self.terms.dry_run) {
            return resolving;
        }
        let mut seen = BTreeMap::<String, Vec<(Look, bool)>>::new();
        let (mut left, mut looks) = (Vec::new(), Vec::new());
        for (place, work) in self.work.iter().enumerate() {
            let made = match self.moves(work) {
                Ok(made) => made,
                Err(why) => return self.refused(Ended::Unusable(why)),
            };
            let standing = self.history.standing(work.step);
            // A dry run writes nothing down, and so finds out nothing of what was begun the other way.
            let is_other_way = standing.open.is_some() && standing.side != Side::Between(self.direction);
            let is_open = is_other_way && self.terms.dry_run;
            let (mut own, mut touched) = (Vec::<(String, (Look, bool))>::new(), Vec::<Touch>::new());
            for (part, mut made) in made.into_iter().enumerate() {
                let touches =
                    |look: &Look, (touched, is_of_being): &(Look, bool)| *is_of_being || touched == look;
                // What an earlier step changes is looked at right before the call.
                made.guards.retain(|guard| {
                    let (look, subject) = (guard.look(), guard.look().subject());
                    let before = seen.get(&subject).into_iter().flatten();
                    let own = own.iter().filter(|(whose, _)| *whose == subject).map(|(_, touch)| touch);
                    !before.chain(own).any(|touch| touches(&look, touch))
                });
                let is_touched = |touch: &_| touches(&made.look, touch);
                let subject = made.look.subject();
                // What the step itself makes first is not there yet.
                let is_hidden =
                    seen.get(&subject).is_some_and(|before: &Vec<_>| before.iter().any(is_touched))
                        || own.iter().any(|(whose, touch)| *whose == subject && is_touched(touch));
                let touch = (made.look.clone(), made.is_of_being);
                own.extend(made.learns.iter().map(|(name, _)| (name.clone(), touch.clone())));
                own.push((subject, touch));
                touched.push(Touch::of(&made));
                if !standing.is_past(self.direction, part) {
                    // All that something holds is looked at, whatever is done to it before: what nobody names must not stop a deletion
                    // halfway.
                    let before = if made.look.is_of_whole() { looks.clone() } else { Vec::new() };
                    left.push(Survey { place, made, is_hidden: is_hidden || is_open, before });
                }
            }
            looks.extend(touched);
            for (subject, touch) in own {
                seen.entry(subject).or_default().push(touch);
            }
        }
        self.survey(left, Vec::new(), Vec::new(), Vec::new())
    }

    pub(super) fn survey(
        &mut self,
        mut left: Vec<Survey>,
        answers: Vec<Outcome>,
        mut moved: Vec<Moved>,
        mut calls: Vec<Call>,
    ) -> Stage {
        let Some(Survey { place, made, is_hidden, before }) = left.first() else {
            return match () {
                () if !moved.is_empty() => self.refused(Ended::Moved(moved)),
                () if self.report.is_unwritten => {
                    self.report.never = std::mem::take(&mut self.report.left);
                    self.refused(Ended::NothingToDo)
                }
                () if self.report.left.is_empty() => self.refused(Ended::NothingToDo),
                () if self.terms.dry_run => self.refused(Ended::WouldDo(calls)),
                () => Stage::Beginning,
            };
        };
        let Some(work) = self.work.get(*place) else { return Stage::Done };
        let mut is_gone = false;
        let what = match made.read(&answers) {
            _ if *is_hidden => {
                calls.extend((!made.is_optional).then(|| made.call.clone()));
                None
            }
            Reading::Ask(_) => return Stage::Surveying { left, answers, moved, calls },
            Reading::Failed(why) => Some(why),
            Reading::Found(found) => match made.judge(&once_made(made, before, found.clone())) {
                Judgement::Before => {
                    calls.push(made.call(&found));
                    None
                }
                Judgement::After => self.unexpected(work, made),
                Judgement::Other(_) if self.is_gone_for_good(made, &found) => {
                    is_gone = true;
                    None
                }
                Judgement::Other(what) => Some(what),
            },
        };
        // One reason a step is enough.
        let is_told = moved.last().is_some_and(|moved| moved.step == work.step);
        moved.extend(what.filter(|_| !is_told).map(|what| Moved { step: work.step, what }));
        let place = *place;
        left.remove(0);
        if is_gone {
            self.pass_over(place);
        }
        self.survey(left, Vec::new(), moved, calls)
    }

    /// Why what is found as it should become is a reason not to begin.
    fn unexpected(&self, work: &Work, made: &Move) -> Option<String> {
        if self.report.is_unwritten {
            let told =
                "it is as the plan would make it, and the journal does not say that this plan has made it so";
            return (!made.is_optional).then(|| told.to_owned());
        }
        let is_ours = matches!(self.history.side(work.step), Side::Between(_));
        let is_welcome = made.is_optional || self.direction == Direction::Undo;
        (!is_ours && !is_welcome)
            .then(|| "it is like that already, and this plan has not made it so".to_owned())
    }
}
