//! The desk: what it lets through, what it refuses, and everything that can happen to it, in every order.

mod correlation;
mod explorer;
mod kinds;
mod laws;
mod moment;
mod mutants;
mod policies;
mod story;
mod tonight;
mod twice;
mod walks;
mod watching;
mod world;

use jiff::Timestamp;

use crate::ask::Wish;
use crate::{
    Clock, Digest, Draft, Effect, Event, Lasting, Leaf, Mac, Mode, PersonId, Policy, Proof, Refusal,
    RequestId, SeedId, State, Viewer, step_of,
};

const EXAMPLE: &str = include_str!("../data/example.toml");

fn policy() -> Policy {
    Policy::from_toml(EXAMPLE).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn id(name: &str) -> RequestId {
    RequestId::parse(name).unwrap()
}

fn seed(name: &str) -> SeedId {
    SeedId::parse(name).unwrap()
}

fn proof(name: &str) -> Proof {
    Proof { key: crate::KeyName::parse(&format!("{name}-1")).unwrap(), bytes: "signature".to_owned() }
}

fn mac(text: &str) -> Mac {
    Mac(Digest::of(text.as_bytes()))
}

fn viewer(text: &str) -> Viewer {
    Viewer(text.to_owned())
}

fn root(mode: Mode) -> Wish {
    Wish::RootCode { account: kagimori_id::AccountId::parse("111122223333").unwrap(), mode }
}

/// A desk with its log, at an instant.
#[derive(Clone, Debug)]
struct Desk {
    state: State,
    leaves: Vec<Leaf>,
    now: Timestamp,
    effects: Vec<Effect>,
}

impl Desk {
    fn empty() -> Self {
        Self {
            state: State::default(),
            leaves: Vec::new(),
            now: at("2026-12-01T09:00:00Z"),
            effects: Vec::new(),
        }
    }

    fn founded() -> Self {
        Self::founded_with(&policy())
    }

    fn founded_with(policy: &Policy) -> Self {
        let mut desk = Self::empty();
        let founded = Event::Found { policy: Box::new(policy.file().clone()) };
        let (state, effects) = crate::step(&desk.state, &founded, policy, desk.now).unwrap();
        desk.took(state, effects);
        desk
    }

    /// With the seed and the practice seed in custody.
    fn ready() -> Self {
        let mut desk = Self::founded();
        for (name, seed_name) in [("enrol-1", "root-main"), ("enrol-2", "practice")] {
            desk.enrol(name, seed_name);
        }
        desk.later(60);
        desk
    }

    fn enrol(&mut self, name: &str, seed_name: &str) {
        let wish = Wish::Custody { seed: seed(seed_name), ceremony: crate::Ceremony::Enrol };
        self.submit(name, "aoi", wish, "2h");
        self.approve(name, "ren").unwrap();
        self.approve(name, "sora").unwrap();
        self.claim(name, "yuto").unwrap();
        let outcome = crate::Outcome::Held {
            fingerprint: Digest::of(seed_name.as_bytes()),
            last_step: step_of(self.now, 30),
            exposure: crate::Exposure::default(),
        };
        self.happen(&Event::Settle { request: id(name), by: person("yuto"), outcome }).unwrap();
        self.review(name, "kei").unwrap();
    }

    fn happen(&mut self, event: &Event) -> Result<(), Refusal> {
        let policy = self.state.policy().unwrap().clone();
        let (state, effects) = crate::step(&self.state, event, &policy, self.now)?;
        self.took(state, effects);
        Ok(())
    }

    fn took(&mut self, state: State, effects: Vec<Effect>) {
        let Some(Effect::Append(leaf)) = effects.first() else { panic!("no leaf first: {effects:?}") };
        self.leaves.push(leaf.clone());
        (self.state, self.effects) = (state, effects);
    }

    fn later(&mut self, seconds: i64) {
        self.now += jiff::SignedDuration::from_secs(seconds);
    }

    fn submit(&mut self, name: &str, by: &str, wish: Wish, window: &str) {
        self.try_submit(name, by, wish, window).unwrap();
    }

    fn try_submit(&mut self, name: &str, by: &str, wish: Wish, window: &str) -> Result<(), Refusal> {
        let window = Lasting::try_from(window.to_owned()).unwrap();
        let reason = "the billing console needs root".to_owned();
        let draft = Draft { id: id(name), wish, reason, ticket: None, window, follows: None };
        self.happen(&Event::Submit { by: person(by), from: None, through: None, draft })
    }

    fn approve(&mut self, name: &str, by: &str) -> Result<(), Refusal> {
        let share = Some(Digest::of(by.as_bytes()));
        self.happen(&Event::Approve {
            request: id(name),
            by: person(by),
            from: None,
            proof: proof(by),
            share,
        })
    }

    fn claim(&mut self, name: &str, by: &str) -> Result<(), Refusal> {
        let from = Some("203.0.113.9".parse().unwrap());
        let viewer = Some(viewer(by));
        self.happen(&Event::Claim { request: id(name), by: person(by), from, proof: proof(by), viewer })
    }

    fn pin(&mut self, name: &str, by: &str, pin: &str) -> Result<(), Refusal> {
        self.happen(&Event::TryPin { request: id(name), by: person(by), mac: mac(pin) })
    }

    fn release(&mut self, name: &str, by: &str) -> Result<(), Refusal> {
        let up_seconds =
            u64::try_from(self.now.as_second() - at("2026-12-01T08:00:00Z").as_second()).unwrap();
        let clock = Clock { boot: "boot-1".to_owned(), up_seconds, offsets_ms: vec![3, -12] };
        let from = Some("203.0.113.9".parse().unwrap());
        let step = step_of(self.now, 30);
        self.happen(&Event::Release { request: id(name), by: person(by), from, step, clock })
    }

    fn review(&mut self, name: &str, by: &str) -> Result<(), Refusal> {
        self.happen(&Event::Review {
            request: id(name),
            by: person(by),
            from: None,
            proof: proof(by),
            evidence: Digest::of(b"evidence"),
            finding: crate::Finding::Fine {},
        })
    }

    /// Up to the PIN that was typed.
    fn verified(mode: Mode) -> Self {
        let mut desk = Self::ready();
        desk.submit("r1", "aoi", root(mode), "1h");
        desk.approve("r1", "ren").unwrap();
        desk.approve("r1", "sora").unwrap();
        desk.happen(&Event::SetPin { request: id("r1"), mac: mac("12345678"), epoch: 1 }).unwrap();
        desk.happen(&Event::Ready { request: id("r1"), by: person("aoi"), viewer: viewer("page") }).unwrap();
        desk.claim("r1", "hina").unwrap();
        desk.pin("r1", "hina", "12345678").unwrap();
        desk
    }

    fn word(&self, name: &str) -> &'static str {
        self.state.request(&id(name)).unwrap().word()
    }
}
