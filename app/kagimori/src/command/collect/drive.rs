//! Several calls of one account at a time: the machine is asked what is wanted, whoever is free sends it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kagimori_aws::{Api, CallError, Lost, Reply};
use kagimori_estate::Silence;
use kagimori_estate::collect::{Account, Answer, Ask, Earlier, Failure, Given, Organization, Wanted};

use super::progress::Progress;

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

/// An instant that both clocks know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Timestamp,
    instant: Instant,
}

impl Deadline {
    /// So long from now.
    pub(super) fn after(time: Duration) -> Self {
        Self { at: Timestamp::now() + time, instant: Instant::now() + time }
    }

    /// The sooner of the two.
    pub(super) fn or_sooner(self, other: Option<Self>) -> Self {
        other.filter(|other| other.instant < self.instant).unwrap_or(self)
    }

    pub(super) fn at(self) -> Timestamp {
        self.at
    }

    pub(super) fn instant(self) -> Instant {
        self.instant
    }

    fn is_over(self) -> bool {
        self.instant <= Instant::now()
    }
}

/// Why an account was not entered.
pub(super) struct NotEntered {
    /// What every call would be answered.
    pub(super) failure: Failure,
    pub(super) why: String,
    pub(super) hint: String,
}

/// What a machine is driven with.
pub(super) struct Drive<'a> {
    api: Api,
    deadline: Deadline,
    earlier: Mutex<Earlier>,
    progress: &'a Progress,
}

impl<'a> Drive<'a> {
    /// Calls of an account until a deadline; what was answered earlier is not asked again.
    pub(super) fn new(api: &Api, deadline: Deadline, earlier: Earlier, progress: &'a Progress) -> Self {
        Self { api: api.until(deadline.instant), deadline, earlier: Mutex::new(earlier), progress }
    }

    /// Whether these are credentials of an account.
    pub(super) fn enter(&self, account: &str) -> Result<(), Box<NotEntered>> {
        let own = self.api.call("sts", "GetCallerIdentity", &serde_json::json!({})).map_err(|error| {
            let failure = self.failure(&error);
            Box::new(NotEntered { failure, why: error.to_string(), hint: error.hint() })
        })?;
        match own.get("Account").and_then(serde_json::Value::as_str) {
            Some(own) if own == account => Ok(()),
            own => {
                let why = format!("the role's session is of account {}", own.unwrap_or("unknown"));
                let failure = Failure { message: why.clone(), ..Failure::default() };
                let hint = "look where `AWS_ENDPOINT_URL` leads".to_owned();
                Err(Box::new(NotEntered { failure, why, hint }))
            }
        }
    }

    /// Runs a machine until it wants nothing more.
    pub(super) fn run<M: Machine>(&self, machine: M) -> M {
        let (machine, changed) = (Mutex::new(machine), Condvar::new());
        std::thread::scope(|scope| {
            for _ in 0..WIDTH {
                scope.spawn(|| self.work(&machine, &changed));
            }
        });
        machine.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn work<M: Machine>(&self, machine: &Mutex<M>, changed: &Condvar) {
        let mut held = locked(machine);
        loop {
            held = match held.wanted(Timestamp::now()) {
                Wanted::Ask(ask) => {
                    drop(held);
                    let answer = self.answer(&ask);
                    self.progress.called();
                    let mut held = locked(machine);
                    held.answered(ask.id, &answer, Timestamp::now());
                    changed.notify_all();
                    held
                }
                Wanted::Wait(at) => {
                    let until = at.min(self.deadline.at);
                    let left = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
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

    fn answer(&self, ask: &Ask) -> Answer {
        // Held no longer than it is looked at: others send meanwhile.
        let earlier = locked(&self.earlier).take(ask);
        earlier.map_or_else(|| self.send(ask), Answer::Given)
    }

    fn send(&self, ask: &Ask) -> Answer {
        let reply = match &ask.region {
            Some(region) => self.api.in_region(region).all(ask.service, ask.operation, &ask.input),
            None => self.api.all(ask.service, ask.operation, &ask.input),
        };
        match reply {
            Ok(Reply { value, request_ids, attempts, pages }) => {
                Answer::Given(Given { value, pages, attempts, request_ids, earlier: None })
            }
            Err(error) => Answer::Failed(self.failure(&error)),
        }
    }

    /// What a call's error is to the machine.
    pub(super) fn failure(&self, error: &CallError) -> Failure {
        let failure = failure(error);
        // Whatever the wire said: nobody waited any longer.
        if failure.code.is_none() && self.deadline.is_over() {
            return Failure { silence: Silence::OutOfTime, ..failure };
        }
        failure
    }
}

fn locked<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure(error: &CallError) -> Failure {
    let nothing = Failure { message: error.to_string(), ..Failure::default() };
    match error {
        CallError::Refused(refusal) | CallError::Throttled(refusal) => Failure {
            code: Some(refusal.code.clone()),
            message: refusal.message.clone(),
            attempts: refusal.attempts,
            request_id: refusal.request_id.clone(),
            ..Failure::default()
        },
        CallError::Unknown { what, lost, attempts, request_id, .. } => Failure {
            silence: silence(*lost),
            message: what.clone(),
            attempts: *attempts,
            request_id: request_id.clone(),
            ..nothing
        },
        CallError::NotSent { what, lost, attempts, .. } => {
            Failure { silence: silence(*lost), message: what.clone(), attempts: *attempts, ..nothing }
        }
        CallError::Credentials(error) => Failure {
            code: error.code.clone(),
            silence: error.lost.map_or(Silence::NoConnection, silence),
            ..nothing
        },
        CallError::Input { .. } => nothing,
    }
}

fn silence(lost: Lost) -> Silence {
    match lost {
        Lost::NoConnection => Silence::NoConnection,
        Lost::TooLong => Silence::TooLong,
        Lost::Tls => Silence::Tls,
        Lost::Proxy => Silence::Proxy,
        Lost::Broken | Lost::Inside => Silence::Broken,
        Lost::OutOfTime => Silence::OutOfTime,
    }
}
