//! Several calls of one account at a time: the machine is asked what is wanted, whoever is free sends it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kagimori_aws::{Api, CallError, Reply};
use kagimori_estate::collect::{Account, Answer, Ask, Failure, Given, Organization, Wanted};

/// Calls of one account that are under way; AWS's limits are an account's.
const WIDTH: usize = 4;

/// A collection that says what it wants.
pub(super) trait Machine: Send {
    fn wanted(&mut self, now: Timestamp) -> Wanted;
    fn answered(&mut self, id: usize, answer: &Answer, now: Timestamp);
}

impl Machine for Account {
    fn wanted(&mut self, now: Timestamp) -> Wanted {
        self.next(now)
    }

    fn answered(&mut self, id: usize, answer: &Answer, now: Timestamp) {
        self.take(id, answer, now);
    }
}

impl Machine for Organization {
    fn wanted(&mut self, now: Timestamp) -> Wanted {
        self.next(now)
    }

    fn answered(&mut self, id: usize, answer: &Answer, now: Timestamp) {
        self.take(id, answer, now);
    }
}

/// Runs a machine until it wants nothing more.
pub(super) fn run<M: Machine>(machine: &Mutex<M>, api: &Api) {
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..WIDTH {
            scope.spawn(|| work(machine, &changed, api));
        }
    });
}

fn work<M: Machine>(machine: &Mutex<M>, changed: &Condvar, api: &Api) {
    let mut held = locked(machine);
    loop {
        held = match held.wanted(Timestamp::now()) {
            Wanted::Ask(ask) => {
                drop(held);
                let answer = send(api, &ask);
                let mut held = locked(machine);
                held.answered(ask.id, &answer, Timestamp::now());
                changed.notify_all();
                held
            }
            Wanted::Wait(at) => {
                let left = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
                let waited = changed.wait_timeout(held, left + Duration::from_millis(1));
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            Wanted::Answer => changed.wait(held).unwrap_or_else(PoisonError::into_inner),
            Wanted::Nothing => {
                changed.notify_all();
                return;
            }
        };
    }
}

fn locked<M>(machine: &Mutex<M>) -> MutexGuard<'_, M> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(api: &Api, ask: &Ask) -> Answer {
    let reply = match &ask.region {
        Some(region) => api.in_region(region).all(ask.service, ask.operation, &ask.input),
        None => api.all(ask.service, ask.operation, &ask.input),
    };
    match reply {
        Ok(Reply { value, request_ids, attempts, pages }) => {
            Answer::Given(Given { value, pages, attempts, request_ids })
        }
        Err(error) => Answer::Failed(failure(&error)),
    }
}

fn failure(error: &CallError) -> Failure {
    match error {
        CallError::Refused(refusal) | CallError::Throttled(refusal) => Failure {
            code: Some(refusal.code.clone()),
            message: refusal.message.clone(),
            attempts: refusal.attempts,
            request_id: refusal.request_id.clone(),
        },
        CallError::Unknown { what, attempts, request_id, .. } => {
            Failure { code: None, message: what.clone(), attempts: *attempts, request_id: request_id.clone() }
        }
        other => Failure { message: other.to_string(), ..Failure::default() },
    }
}
