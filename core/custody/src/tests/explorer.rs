//! Everything that can happen to requests, in every order, and everything that somebody could try who may not.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::moment::{Node, key};
use super::world::{Checked, Facts, crowded, crowded_text, without_aoi, without_mika};
use super::{Desk, at, id, mac, person, proof, root, seed, viewer};
use crate::{
    Ceremony, Clock, Digest, Draft, Effect, Event, Exposure, Finding, Kind, Lasting, Mode, Outcome, Policy,
    Request, Stage, State, Wish, step_of,
};

/// What is explored.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) name: &'static str,
    pub(super) first: Node,
    policies: [Policy; 3],
    /// The requests that things happen to.
    focus: Vec<&'static str>,
    /// Proposals that were approved before it begins.
    ready: Vec<&'static str>,
    /// Who approves.
    voters: Vec<&'static str>,
    /// Somebody may seal it.
    seals: bool,
    /// Whose key may get lost.
    revokes: Vec<&'static str>,
    /// What nobody may do, one after the other, from the beginning.
    forbidden: Vec<Vec<Event>>,
}

/// An hour.
const TICK: i64 = 3600;

fn draft(name: &str, wish: Wish, hours: u32) -> Draft {
    Draft {
        id: id(name),
        wish,
        reason: "why".to_owned(),
        ticket: None,
        window: Lasting::hours(hours),
        follows: None,
    }
}

fn submit(name: &str, by: &str, wish: Wish, hours: u32) -> Event {
    Event::Submit { by: person(by), from: None, through: None, draft: draft(name, wish, hours) }
}

fn share(by: &str) -> Option<Digest> {
    Some(Digest::of(by.as_bytes()))
}

fn approve(name: &str, by: &str) -> Event {
    Event::Approve { request: id(name), by: person(by), from: None, proof: proof(by), share: share(by) }
}

fn claim(name: &str, by: &str, from: &str) -> Event {
    let from = Some(from.parse().unwrap());
    Event::Claim { request: id(name), by: person(by), from, proof: proof(by), viewer: Some(viewer(by)) }
}

fn clock(now: Timestamp) -> Clock {
    let up_seconds = u64::try_from((now - at("2026-12-01T00:00:00Z")).as_secs()).unwrap();
    Clock { boot: "boot-1".to_owned(), up_seconds, offsets_ms: vec![3, -12] }
}

fn policy_wish(policy: &Policy) -> Wish {
    Wish::Policy { policy: Box::new(policy.file().clone()) }
}

impl World {
    /// A desk with a seed, on which two proposals wait to come into force: in one Mika leaves, in the other Aoi.
    fn begun(name: &'static str, seed_name: &str) -> (Desk, Self) {
        let policies = [crowded(), without_mika(), without_aoi()];
        let mut desk = Desk::founded_with(&policies[0]);
        desk.enrol("enrol-1", seed_name);
        desk.later(60);
        let first = Node {
            facts: Facts::beginning(&desk.state),
            state: desk.state.clone(),
            now: desk.now,
            incidents: 1,
            leaf: None,
        };
        let replaced = crowded_text().replace("subject = \"00u-kei\"", "subject = \"00u-other\"");
        let asks = |name: &str| submit(name, "aoi", root(Mode::Phone), 1);
        let seal = Event::Seal { by: person("kei"), reason: "stop".to_owned() };
        let forbidden = vec![
            vec![submit("x1", "kei", root(Mode::Phone), 1)],
            vec![submit("x2", "aoi", root(Mode::Phone), 13)],
            vec![submit("x3", "ren", policy_wish(&Policy::from_toml(&replaced).unwrap()), 1)],
            vec![asks("x4"), asks("x5"), asks("x6")],
            vec![seal, asks("x7")],
        ];
        (
            desk,
            Self {
                forbidden,
                seals: false,
                revokes: Vec::new(),
                name,
                first,
                policies,
                focus: Vec::new(),
                ready: Vec::new(),
                voters: vec!["mika", "sora", "hina", "ren"],
            },
        )
    }

    fn happened(mut self, event: &Event) -> Self {
        let now = self.first.now;
        let mut spare = self.first.state.clone();
        self.first = self.taken(&self.first, &mut spare, event, (0, now)).unwrap().unwrap();
        self
    }

    /// A proposal that is approved.
    fn proposal(mut self, name: &'static str, which: usize) -> Self {
        let wish = policy_wish(&self.policies[which]);
        self = self.happened(&submit(name, "ren", wish, 2));
        self = self.happened(&approve(name, "sora"));
        self = self.happened(&approve(name, "aoi"));
        self.ready.push(name);
        self
    }

    fn asks(mut self, name: &'static str, by: &str, wish: Wish, hours: u32) -> Self {
        self = self.happened(&submit(name, by, wish, hours));
        self.focus.push(name);
        self
    }

    /// One of these may happen, once.
    fn incident(mut self, seals: bool, revokes: &[&'static str]) -> Self {
        (self.seals, self.revokes) = (seals, revokes.to_vec());
        self
    }

    fn voters(mut self, voters: &[&'static str]) -> Self {
        self.voters = voters.to_vec();
        self
    }

    /// After an event, when it is taken; what must not be is an error. The spare state is the node's, and stays so when it is refused.
    fn taken(
        &self,
        node: &Node,
        spare: &mut State,
        event: &Event,
        (policy, now): (usize, Timestamp),
    ) -> Checked<Option<Node>> {
        let given = &self.policies[policy];
        let Ok(effects) = spare.take(event, given, now) else { return Ok(None) };
        let state = std::mem::replace(spare, node.state.clone());
        let facts = node
            .facts
            .hear(&node.state, event, given, now, (&state, &effects))
            .map_err(|what| format!("{what} ({event:?})"))?;
        let leaf = effects.into_iter().find_map(|effect| match effect {
            Effect::Append(leaf) => Some(leaf),
            _ => None,
        });
        Ok(Some(Node { state, facts, now: now.max(node.now), incidents: node.incidents, leaf }))
    }

    /// Which of the policies is in force.
    fn in_force(&self, node: &Node) -> usize {
        let version = node.state.policy().unwrap().version();
        self.policies.iter().position(|policy| policy.version() == version).unwrap()
    }

    /// What may come next: each event that is taken, and an hour.
    pub(super) fn after(&self, node: &Node) -> Checked<Vec<Node>> {
        let mut next = Vec::new();
        let force = self.in_force(node);
        let spare = &mut node.state.clone();
        for event in self.usual(node) {
            next.extend(self.taken(node, spare, &event, (force, node.now))?);
        }
        self.stops(node, spare, force, &mut next)?;
        for event in &self.tried(node) {
            // Nobody may; what is taken is judged by who hears it.
            next.extend(self.taken(node, spare, event, (force, node.now))?);
        }
        self.out_of_order(node, spare, force)?;
        if node.incidents > 0 {
            for event in self.incidents_of() {
                if let Some(mut taken) = self.taken(node, spare, &event, (force, node.now))? {
                    taken.incidents -= 1;
                    next.push(taken);
                }
            }
        }
        let due = node.state.due(node.now);
        for event in &due {
            let taken = self.taken(node, spare, event, (force, node.now))?;
            next.push(taken.ok_or("I9: what is over by the clock cannot end")?);
        }
        if *spare != node.state {
            return Err("a refusal has changed something".to_owned());
        }
        if due.is_empty() && self.focus.iter().any(|name| node.facts.is_live(name)) {
            let mut later = Node { leaf: None, ..node.clone() };
            later.now += SignedDuration::from_secs(TICK);
            next.push(later);
        }
        Ok(next)
    }

    fn focused<'a>(&self, node: &'a Node) -> impl Iterator<Item = (&'static str, &'a Request)> {
        self.focus.iter().filter_map(|name| node.state.request(&id(name)).map(|request| (*name, request)))
    }

    /// What people do who may, most of the time.
    fn usual(&self, node: &Node) -> Vec<Event> {
        let mut events = Vec::new();
        for (name, request) in self.focused(node) {
            if request.is_live() {
                events.extend(self.voters.iter().map(|voter| approve(name, voter)));
                self.carried_out(node, name, request, &mut events);
            } else {
                events.extend(["kei", "mika", "sora", "aoi"].map(|by| review(name, by)));
            }
        }
        events
    }

    fn carried_out(&self, node: &Node, name: &str, request: &Request, events: &mut Vec<Event>) {
        match request.ask.kind() {
            Kind::Govern => {
                for by in ["ren", "mika", "kei"] {
                    events.push(Event::Apply { request: id(name), by: person(by) });
                }
            }
            Kind::Custody => {
                events.extend(["yuto", "mika", "hina"].map(|by| claim(name, by, "203.0.113.9")));
                events.extend(settled(node, name));
            }
            _ => {
                events.push(Event::SetPin { request: id(name), mac: mac("12345678"), epoch: 1 });
                events.extend(["yuto", "mika", "aoi", "hina"].map(|by| claim(name, by, "203.0.113.9")));
                events.push(Event::Ready {
                    request: id(name),
                    by: person("aoi"),
                    viewer: viewer("aoi's page"),
                });
                for (by, pin) in
                    [("yuto", "12345678"), ("yuto", "1"), ("mika", "12345678"), ("hina", "12345678")]
                {
                    events.push(Event::TryPin { request: id(name), by: person(by), mac: mac(pin) });
                }
                events.extend(["yuto", "mika", "hina"].map(|by| release(name, by, node.now)));
                if let Some(release) = request.releases.last() {
                    events.push(Event::Shown { request: id(name), step: release.step });
                    events.push(Event::Finish { request: id(name), by: person("yuto") });
                }
            }
        }
    }

    /// A no, a kill and a taking back count whenever something can still be stopped.
    fn stops(&self, node: &Node, spare: &mut State, force: usize, next: &mut Vec<Node>) -> Checked<()> {
        for (name, request) in self.focused(node).filter(|(_, request)| request.is_live()) {
            let reason = || "no".to_owned();
            let stops = [
                Event::Deny { request: id(name), by: person("sora"), reason: reason() },
                Event::Kill { request: id(name), by: person("kei"), reason: reason() },
                Event::Cancel { request: id(name), by: request.ask.by.clone() },
            ];
            for event in stops {
                let taken = self.taken(node, spare, &event, (force, node.now))?;
                next.push(taken.ok_or_else(|| format!("T13: a no is not heard ({event:?})"))?);
            }
        }
        Ok(())
    }

    /// What nobody may do.
    fn tried(&self, node: &Node) -> Vec<Event> {
        let mut events = Vec::new();
        for (name, request) in self.focused(node) {
            let request_id = || id(name);
            let reason = || "no".to_owned();
            events.extend(["aoi", "kei", "nagi", "yuto"].map(|by| approve(name, by)));
            events.push(approve(name, request.ask.by.as_str()));
            events.push(Event::Approve {
                request: request_id(),
                by: person("sora"),
                from: None,
                proof: proof("sora"),
                share: None,
            });
            events.push(Event::Approve {
                request: request_id(),
                by: person("sora"),
                from: None,
                proof: proof("ren"),
                share: share("sora"),
            });
            events.push(Event::Deny { request: request_id(), by: person("kei"), reason: reason() });
            events.push(Event::Kill { request: request_id(), by: person("nagi"), reason: reason() });
            events.push(Event::Cancel { request: request_id(), by: person("sora") });
            events.push(Event::Finish { request: request_id(), by: person("sora") });
            events.push(Event::Expire { request: request_id() });
            if request.pin.is_some() {
                events.push(Event::SetPin { request: request_id(), mac: mac("1"), epoch: 1 });
            }
            events.push(Event::Ready {
                request: request_id(),
                by: person("mika"),
                viewer: viewer("mika's page"),
            });
            events.push(claim(name, "yuto", "198.51.100.1"));
            events.push(claim(name, "kei", "203.0.113.9"));
            events.push(review(name, "nagi"));
            events.push(submit(name, "aoi", root(Mode::Phone), 1));
            if !request.is_live() {
                continue;
            }
            let (mut up, mut offset, mut few) = (clock(node.now), clock(node.now), clock(node.now));
            up.up_seconds -= 3000;
            offset.offsets_ms = vec![3, -2500];
            few.offsets_ms = vec![3];
            if request.stage == Stage::Armed {
                events.push(approve(name, "mika"));
            }
            if request.stage == Stage::Armed && request.is_verified {
                let from = Some("203.0.113.9".parse().unwrap());
                let by = request.operator().unwrap().clone();
                let now = step_of(node.now, 30);
                if !request.releases.is_empty() {
                    let (by, from) = (by.clone(), Some("203.0.113.9".parse().unwrap()));
                    events.push(Event::Release { request: request_id(), by, from, step: now, clock: up });
                }
                for (step, clock) in [(now, offset), (now, few), (now + 1, clock(node.now))] {
                    events.push(Event::Release { request: request_id(), by: by.clone(), from, step, clock });
                }
                let from = Some("198.51.100.1".parse().unwrap());
                events.push(Event::Release {
                    request: request_id(),
                    by,
                    from,
                    step: now,
                    clock: clock(node.now),
                });
            }
        }
        events.push(Event::Seal { by: person("nagi"), reason: "no".to_owned() });
        events.push(revoke("nagi", "mika"));
        events
    }

    /// Another time, another policy: nothing is taken.
    fn out_of_order(&self, node: &Node, spare: &mut State, force: usize) -> Checked<()> {
        for (name, _) in self.focused(node) {
            let no = Event::Deny { request: id(name), by: person("sora"), reason: "no".to_owned() };
            let before = node.state.at().unwrap() - SignedDuration::from_secs(1);
            if self.taken(node, spare, &no, (force, before))?.is_some() {
                return Err("I14: taken before its time, and nobody noticed".to_owned());
            }
            if self.taken(node, spare, &no, ((force + 1) % 3, node.now))?.is_some() {
                return Err("I11: another policy, and nobody noticed".to_owned());
            }
        }
        Ok(())
    }

    /// Keys get lost, people leave, somebody seals.
    fn incidents_of(&self) -> Vec<Event> {
        let mut events: Vec<Event> = self.revokes.iter().map(|whose| revoke("kei", whose)).collect();
        events.extend(self.ready.iter().map(|name| Event::Apply { request: id(name), by: person("ren") }));
        if self.seals {
            events.push(Event::Seal { by: person("kei"), reason: "stop".to_owned() });
        }
        events
    }

    /// How many different moments there are; an error when one must not be, or leads nowhere.
    pub(super) fn explore(&self) -> Checked<usize> {
        for events in &self.forbidden {
            let mut node = self.first.clone();
            for event in events {
                let mut spare = node.state.clone();
                let taken = self.taken(&node, &mut spare, event, (self.in_force(&node), node.now))?;
                node = taken.unwrap_or(node);
            }
        }
        let mut left = vec![self.first.clone()];
        let mut seen = HashSet::from([key(&self.first)]);
        let mut before: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut ends = Vec::new();
        while let Some(node) = left.pop() {
            let own = key(&node);
            if self.focused(&node).all(|(_, request)| request.is_final()) {
                ends.push(own);
            }
            for next in self.after(&node)? {
                let key = key(&next);
                before.entry(key).or_default().push(own);
                if seen.insert(key) {
                    next.is_folded(&node)?;
                    left.push(next);
                }
            }
        }
        let mut reached: HashSet<u64> = ends.iter().copied().collect();
        while let Some(end) = ends.pop() {
            let sources = before.get(&end).into_iter().flatten();
            ends.extend(sources.copied().filter(|source| reached.insert(*source)));
        }
        let stuck = seen.len() - reached.len();
        if stuck == 0 { Ok(seen.len()) } else { Err(format!("I9: {stuck} moments never come to an end")) }
    }
}

fn review(name: &str, by: &str) -> Event {
    Event::Review {
        request: id(name),
        by: person(by),
        from: None,
        proof: proof(by),
        evidence: Digest::of(b"evidence"),
        finding: Finding::Fine {},
    }
}

fn revoke(by: &str, whose: &str) -> Event {
    let key = proof(whose).key;
    Event::RevokeKey { by: person(by), person: person(whose), key, reason: "lost".to_owned() }
}

fn release(name: &str, by: &str, now: Timestamp) -> Event {
    let from = Some("203.0.113.9".parse().unwrap());
    Event::Release { request: id(name), by: person(by), from, step: step_of(now, 30), clock: clock(now) }
}

fn settled(node: &Node, name: &str) -> Vec<Event> {
    let held = |text: &str| Outcome::Held {
        fingerprint: Digest::of(text.as_bytes()),
        last_step: step_of(node.now, 30) - 100_000,
        exposure: Exposure { seed: vec![person("yuto")], password: vec![person("aoi")] },
    };
    let mut events = Vec::new();
    for by in ["yuto", "mika"] {
        for outcome in
            [held("root-main"), held("another"), Outcome::Gone {}, Outcome::Failed { why: "torn".to_owned() }]
        {
            events.push(Event::Settle { request: id(name), by: person(by), outcome });
        }
    }
    events
}

/// The worlds that are explored.
pub(super) fn worlds() -> Vec<World> {
    let begun = |name| World::begun(name, "root-main").1;
    let custody = |seed_name, ceremony| Wish::Custody { seed: seed(seed_name), ceremony };
    let sealed = Event::Seal { by: person("kei"), reason: "stop".to_owned() };
    vec![
        begun("two of one group").asks("r1", "aoi", root(Mode::Direct), 1).voters(&["hina", "ren"]),
        begun("a seed goes")
            .asks("c1", "aoi", custody("root-main", Ceremony::Retire), 1)
            .voters(&["mika", "sora"]),
        begun("a ceremony goes on")
            .asks("c1", "aoi", custody("root-main", Ceremony::Rotate), 1)
            .happened(&approve("c1", "ren"))
            .happened(&approve("c1", "sora"))
            .happened(&claim("c1", "yuto", "203.0.113.9"))
            .voters(&["mika"]),
        World::begun("a drill", "practice")
            .1
            .asks("d1", "aoi", Wish::Drill { seed: seed("practice"), mode: Mode::Direct }, 2)
            .happened(&approve("d1", "mika"))
            .happened(&approve("d1", "sora"))
            .happened(&claim("d1", "yuto", "203.0.113.9"))
            .incident(true, &["sora"])
            .voters(&["ren"]),
        begun("a PIN is typed")
            .asks("r1", "aoi", root(Mode::Phone), 2)
            .happened(&approve("r1", "mika"))
            .happened(&approve("r1", "sora"))
            .happened(&Event::SetPin { request: id("r1"), mac: mac("12345678"), epoch: 1 })
            .happened(&claim("r1", "yuto", "203.0.113.9"))
            .incident(false, &["mika"])
            .voters(&[]),
        begun("a desk is unsealed")
            .happened(&sealed)
            .asks("u1", "ren", Wish::Unseal {}, 2)
            .incident(false, &["mika", "sora"])
            .voters(&["mika", "sora"]),
        begun("a code for an operator who asks")
            .asks("r1", "hina", root(Mode::Direct), 2)
            .voters(&["sora", "ren", "aoi"]),
        begun("another policy")
            .asks("g1", "ren", policy_wish(&without_mika()), 2)
            .incident(true, &["mika"])
            .voters(&["mika", "sora", "hina"]),
        begun("a seed is replaced")
            .asks("c1", "aoi", custody("root-main", Ceremony::Rotate), 1)
            .incident(true, &["mika", "yuto"])
            .voters(&["mika", "sora"]),
        begun("three voices").asks("r1", "aoi", root(Mode::Direct), 1).voters(&["hina", "ren", "sora"]),
        begun("people leave")
            .proposal("g1", 1)
            .proposal("g2", 2)
            .asks("r1", "aoi", root(Mode::Phone), 2)
            .voters(&["mika", "sora"]),
        begun("a code by telephone")
            .asks("r1", "aoi", root(Mode::Phone), 2)
            .incident(true, &["mika", "sora", "yuto"])
            .voters(&["mika", "sora"]),
    ]
}

#[test]
fn nothing_comes_out_that_must_not_and_everything_comes_to_an_end() {
    let mut total = 0;
    for world in worlds() {
        match world.explore() {
            Ok(count) => {
                println!("{count} moments: {}", world.name);
                total += count;
            }
            Err(what) => panic!("{}: {what}", world.name),
        }
    }
    println!("{total} moments");
    assert!(total >= 10_000, "{total}");
}
