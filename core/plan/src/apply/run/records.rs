//! What a run writes down.

use super::super::record::{Answered, Ending, Event, Record};
use super::super::report::Ended;
use super::super::state::State;
use super::Run;
use super::stage::{At, Stage};

impl Run<'_> {
    /// What is to be written down now.
    pub(super) fn record(&self) -> Option<Record> {
        let step = |at: &At| self.work.get(at.place).map(|work| work.step);
        let (event, documents) = match &self.stage {
            Stage::Beginning => {
                let (title, by) = (self.plan.title.clone(), self.terms.by.clone());
                (Event::Began { title, by }, Vec::new())
            }
            Stage::Intending { at, found } => {
                let there = if let State::Is(found) = found { Some(found) } else { None };
                Record::intent(step(at)?, at.part, at.attempts.saturating_add(1), &at.made.call(found), there)
            }
            Stage::Telling { at, outcome } => {
                let (outcome, why) = Answered::of(outcome);
                (Event::Outcome { step: step(at)?, part: at.part, outcome, why }, Vec::new())
            }
            Stage::Verifying { at, found, is_ours: true } => {
                let names = at.made.learned(found).into_iter().collect();
                let event = Event::Verified { step: step(at)?, part: at.part, is_last: at.is_last, names };
                (event, Vec::new())
            }
            Stage::Verifying { at, is_ours: false, .. } => {
                (Event::Found { step: step(at)?, part: at.part, is_last: at.is_last }, Vec::new())
            }
            Stage::Ending { ended } => (end(ended), Vec::new()),
            _ => return None,
        };
        let direction = match &self.stage {
            Stage::Verifying { at, .. } if at.is_of_before => self.direction.other(),
            _ => self.direction,
        };
        Some(Record { plan: self.plan.id.clone(), direction, event, documents })
    }
}

fn end(ended: &Ended) -> Event {
    match ended {
        Ended::Stopped { step, why, .. } => {
            Event::Ended { ending: Ending::Stopped, step: Some(*step), why: why.clone() }
        }
        _ => Event::Ended { ending: Ending::Done, step: None, why: String::new() },
    }
}
