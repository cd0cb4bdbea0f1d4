//! Whoever drives the machine: a journal that survives, AWS, and what goes wrong at which point.

use serde_json::Value;

use super::super::{Call, Direction, Event, History, Outcome, Report, Run, Taken, Terms, Wanted};
use super::world::Aws;
use crate::Plan;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process dies before it does this.
    DiesBefore,
    /// The process dies when it has done this, and has not heard of it.
    DiesAfter,
    /// AWS does it, and the answer is lost.
    ReplyLost,
    /// The call is lost.
    RequestLost,
    /// The answer is lost, and AWS does it while the machine waits.
    Late,
    /// AWS refuses.
    Refused,
    /// AWS does it, and the answer is that of the same call delivered twice.
    MadeAndRefused,
    /// AWS does it, and the answer is that it took too long.
    MadeAndTimedOut,
    /// AWS is busy.
    Busy,
    /// There is no way to AWS.
    NotSent,
    /// Somebody else changes something just before.
    Drift(usize),
}

/// How a run ended.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, in tests")]
pub(super) enum End {
    Died,
    Reported(Report),
}

/// A journal, AWS, and the points that were passed.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    pub(super) aws: Aws,
    pub(super) journal: Vec<String>,
    /// How many points were passed, over all runs.
    pub(super) point: usize,
    /// What goes wrong, by point.
    pub(super) faults: Vec<(usize, Fault)>,
    /// What somebody else does: the numbers of [`Fault::Drift`].
    pub(super) others: Vec<fn(&mut Aws)>,
    /// Calls that AWS will do while the machine waits.
    late: Vec<Call>,
    /// The intent that was journalled last, and its parameters.
    intent: Option<(Event, String)>,
    pub(super) waited: u32,
}

impl Driver {
    pub(super) fn new(aws: Aws, faults: &[(usize, Fault)], others: &[fn(&mut Aws)]) -> Self {
        Self {
            aws,
            journal: Vec::new(),
            point: 0,
            faults: faults.to_vec(),
            others: others.to_vec(),
            late: Vec::new(),
            intent: None,
            waited: 0,
        }
    }

    pub(super) fn history(&self, plan: &Plan) -> History {
        History::of(&plan.id, self.journal.iter().map(String::as_bytes)).unwrap()
    }

    /// Runs the machine until it wants nothing, or dies.
    pub(super) fn run(&mut self, plan: &Plan, direction: Direction, terms: &Terms) -> End {
        let mut run = Run::new(plan, direction, terms.clone(), self.history(plan));
        for _ in 0..10_000 {
            let wanted = run.next();
            if wanted == Wanted::Nothing {
                return End::Reported(run.report().clone());
            }
            let fault = self.faults.iter().find(|(point, _)| *point == self.point).map(|(_, fault)| *fault);
            self.point += 1;
            if let Some(Fault::Drift(other)) = fault {
                (self.others[other])(&mut self.aws);
            }
            if fault == Some(Fault::DiesBefore) {
                return End::Died;
            }
            let taken = self.done(wanted, fault);
            if fault == Some(Fault::DiesAfter) {
                return End::Died;
            }
            run.take(taken);
        }
        panic!("the machine does not end");
    }

    fn done(&mut self, wanted: Wanted, fault: Option<Fault>) -> Taken {
        match wanted {
            Wanted::Call(call) => Taken::Outcome(self.call(&call, fault)),
            Wanted::Journal(record) => {
                let at = "2027-01-15T08:00:00Z".parse().unwrap();
                self.intent = match &record.event {
                    Event::Intent { .. } => Some((record.event.clone(), record.documents[0].clone())),
                    _ => None,
                };
                self.journal.push(record.entry(at).unwrap());
                Taken::Journalled
            }
            Wanted::Wait { seconds } => {
                assert!((1..=15).contains(&seconds));
                self.waited += seconds;
                for call in std::mem::take(&mut self.late) {
                    self.aws.call(&call);
                }
                Taken::Waited
            }
            Wanted::Typed(asked) => Taken::Typed(asked.word),
            Wanted::Nothing => panic!("the run is at its end"),
        }
    }

    fn call(&mut self, call: &Call, fault: Option<Fault>) -> Outcome {
        if Aws::only_looks(call) {
            return match fault {
                Some(Fault::Refused) => refused("AccessDenied"),
                Some(Fault::ReplyLost | Fault::RequestLost) => lost(),
                _ => self.aws.call(call),
            };
        }
        self.was_intended(call);
        match fault {
            Some(Fault::ReplyLost) => {
                self.aws.call(call);
                lost()
            }
            Some(Fault::RequestLost) => lost(),
            Some(Fault::Late) => {
                self.late.push(call.clone());
                lost()
            }
            Some(Fault::Refused) => refused("AccessDenied"),
            Some(Fault::MadeAndRefused) => {
                self.aws.call(call);
                refused("NoSuchEntity")
            }
            Some(Fault::MadeAndTimedOut) => {
                self.aws.call(call);
                refused("RequestTimeout")
            }
            Some(Fault::Busy) => refused("ConcurrentModification"),
            Some(Fault::NotSent) => Outcome::NotSent { why: "no connection".to_owned() },
            _ => self.aws.call(call),
        }
    }

    /// Nothing is changed that was not written down just before.
    fn was_intended(&self, call: &Call) {
        let Some((Event::Intent { operation, service, .. }, input)) = &self.intent else {
            panic!("no intent before {call:?}");
        };
        assert_eq!((operation, service.as_str()), (&call.operation, call.service));
        assert_eq!(serde_json::from_str::<Value>(input).unwrap(), call.input);
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused { code: code.to_owned(), message: "not you".to_owned() }
}

fn lost() -> Outcome {
    Outcome::Unknown { why: "the connection broke".to_owned() }
}
