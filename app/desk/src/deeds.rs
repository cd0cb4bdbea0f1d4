//! What an event leads to, once it is written: PINs, codes, the seal, and what comes next by itself.

use std::collections::VecDeque;
use std::sync::Arc;

use kagimori_custody::{Effect, Event, Matter, PersonId, RequestId, Stage};

use crate::codes::Handed;
use crate::desk::{Desk, DeskError, Taken};

impl Desk {
    /// Takes an event and does what it leads to, on a thread that may wait for the disk.
    ///
    /// # Errors
    /// [`DeskError`] when the event was not taken; what it leads to is tried again by the clock.
    pub(crate) async fn submit(self: Arc<Self>, event: Event) -> Result<(), DeskError> {
        let desk = self;
        let done = tokio::task::spawn_blocking(move || desk.submit_now(&event));
        done.await.map_err(|_| DeskError::Broken)?
    }

    /// Something that may wait, for a disk or for the vault, on a thread of its own; `None`: it panicked.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: Arc<Self>,
        what: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        tokio::task::spawn_blocking(move || what(&self)).await.ok()
    }

    /// The same on this thread.
    ///
    /// # Errors
    /// As of [`Desk::submit`].
    pub(crate) fn submit_now(&self, event: &Event) -> Result<(), DeskError> {
        let first = self.act(event)?;
        let mut waiting = VecDeque::from(first.effects);
        let mut failed = Ok(());
        while let Some(effect) = waiting.pop_front() {
            match self.follow(effect) {
                Ok(Some(taken)) => waiting.extend(taken.effects),
                Ok(None) => {}
                // A code that did not come is told to whoever asked for it; the rest is done all the same.
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    /// Does one thing; what was taken by it has effects of its own.
    fn follow(&self, effect: Effect) -> Result<Option<Taken>, DeskError> {
        match effect {
            Effect::MakePin { request } => self.make_pin(request).map(Some),
            Effect::Code { request, step, leaf, mode, .. } => {
                self.code(&request, leaf, Handed::place(&request, mode))?;
                self.act(&Event::Shown { request, step }).map(Some)
            }
            Effect::Forget => {
                self.sessions.end_all();
                self.challenges.clear();
                self.oidc.clear();
                self.codes.clear();
                if let Ok(mut ceremonies) = self.ceremonies.lock() {
                    ceremonies.clear();
                }
                self.vault.forget(self);
                Ok(None)
            }
            Effect::ApplyNext { request } => self.apply(request).map(Some),
            Effect::EpochIs(epoch) => {
                self.go_on_in(epoch)?;
                self.publish().map(|_| None)
            }
            // Letters and the host's webhooks were written with the leaf; the others belong to ceremonies and the log's key.
            _ => Ok(None),
        }
    }

    fn make_pin(&self, request: RequestId) -> Result<Taken, DeskError> {
        let (mac, epoch) = self.vault.make_pin(self, &request)?;
        self.act(&Event::SetPin { request, mac, epoch })
    }

    fn apply(&self, request: RequestId) -> Result<Taken, DeskError> {
        let asked = self.book().state.request(&request).map(|request| request.ask.clone());
        let asked = asked.ok_or(DeskError::Broken)?;
        let by = asked.by;
        match asked.matter {
            Matter::Epoch { rollback } => self.act(&Event::BeginEpoch { request, by, rollback }),
            _ => self.act(&Event::Apply { request, by }),
        }
    }

    /// What the clock asks for: what is over, and PINs of a vault that has forgotten them.
    pub(crate) fn tick(&self) {
        self.keep();
        let now = self.clock.now();
        let (due, without_pin) = {
            let book = self.book();
            let lacks = |request: &&kagimori_custody::Request| {
                let is_open = matches!(request.stage, Stage::Approved | Stage::Armed);
                let is_old = request.pin.is_none_or(|pin| pin.epoch < self.vault.epoch());
                is_open
                    && is_old
                    && request.ask.kind().has_codes()
                    && request.deadline().is_some_and(|end| now < end)
            };
            let without: Vec<RequestId> =
                book.state.live().filter(lacks).map(|request| request.ask.id.clone()).collect();
            (book.state.due(now), without)
        };
        // What fails now is due again at the next look.
        for event in due {
            let _ = self.submit_now(&event);
        }
        for request in without_pin {
            let _ = self.make_pin(request);
        }
        self.codes.forget_old(now);
    }

    /// Makes a code: first everything that could fail without costing the step, then the leaf, the checkpoint, the witness, the code.
    ///
    /// # Errors
    /// [`DeskError`]; no code was shown.
    pub(crate) async fn release(
        self: Arc<Self>,
        request: RequestId,
        by: PersonId,
        from: std::net::IpAddr,
    ) -> Result<(), DeskError> {
        let desk = self;
        let done = tokio::task::spawn_blocking(move || {
            desk.publish()?;
            let clock = desk.vault.clock(&desk, desk.offsets())?;
            let period = {
                let book = desk.book();
                let seed =
                    book.state.request(&request).and_then(|request| request.ask.matter.seed().cloned());
                let policy = book.state.policy();
                seed.zip(policy)
                    .and_then(|(seed, policy)| policy.seed(&seed).map(|seed| seed.period))
                    .unwrap_or(30)
            };
            let step = kagimori_custody::step_of(desk.clock.now(), period.into());
            desk.submit_now(&Event::Release { request, by, from: Some(from), step, clock })
        });
        done.await.map_err(|_| DeskError::Broken)?
    }
}
