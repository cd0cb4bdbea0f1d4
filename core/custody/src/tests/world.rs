//! What an observer knows who only hears the events that were taken, and what must never be true of them. Written without the desk's own
//! functions: a second opinion.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{EXAMPLE, at, id};
use crate::{
    Ceremony, Digest, Effect, Event, How, Kind, Outcome, PersonId, Policy, RequestId, Stage, State, Wish,
};

pub(super) type Checked<T> = Result<T, String>;

/// The example with everybody in as many groups as the lints allow.
pub(super) fn crowded() -> Policy {
    Policy::from_toml(&crowded_text()).unwrap()
}

pub(super) fn crowded_text() -> String {
    [
        ("sre = { members = [\"aoi\", \"haru\"] }", "sre = { members = [\"aoi\", \"hina\"] }"),
        ("members = [\"ren\", \"mika\"]", "members = [\"ren\", \"mika\", \"hina\", \"aoi\"]"),
        ("members = [\"sora\", \"emi\"]", "members = [\"sora\", \"mika\"]"),
        ("members = [\"hina\", \"yuto\"]", "members = [\"hina\", \"yuto\", \"mika\"]"),
        ("members = [\"kei\"]", "members = [\"kei\", \"mika\", \"sora\"]"),
        ("passwords = [\"aoi\", \"haru\"]", "passwords = [\"aoi\"]"),
        ("subject = \"00u-aoi\"", "subject = \"00u-aoi\"\nrecipient = \"age1aoi\""),
        ("subject = \"00u-hina\"", "subject = \"00u-hina\"\nrecipient = \"age1hina\""),
        (
            "window = \"1h\"\ndecide_within = \"4h\"\nvotes_last = \"4h\"",
            "window = \"2h\"\ndecide_within = \"2h\"\nvotes_last = \"2h\"",
        ),
        (
            "window = \"2h\"\ndecide_within = \"1d\"\nvotes_last = \"1d\"",
            "window = \"2h\"\ndecide_within = \"2h\"\nvotes_last = \"2h\"",
        ),
        (
            "window = \"4h\"\ndecide_within = \"2d\"\nvotes_last = \"2d\"",
            "window = \"2h\"\ndecide_within = \"2h\"\nvotes_last = \"2h\"",
        ),
        ("pending_per_person = 5", "pending_per_person = 2"),
    ]
    .into_iter()
    .fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// Mika has left.
pub(super) fn without_mika() -> Policy {
    let text = crowded_text()
        .replace("[\"ren\", \"mika\", \"hina\", \"aoi\"]", "[\"ren\", \"hina\", \"aoi\"]")
        .replace("[\"sora\", \"mika\"]", "[\"sora\", \"emi\"]")
        .replace("[\"hina\", \"yuto\", \"mika\"]", "[\"hina\", \"yuto\"]");
    Policy::from_toml(&text).unwrap()
}

/// Aoi asks no more.
pub(super) fn without_aoi() -> Policy {
    let text = crowded_text()
        .replace("sre = { members = [\"aoi\", \"hina\"] }", "sre = { members = [\"haru\", \"hina\"] }")
        .replace("passwords = [\"aoi\"]", "passwords = [\"aoi\", \"haru\"]");
    Policy::from_toml(&text).unwrap()
}

/// What was heard of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Heard {
    pub(super) by: Option<PersonId>,
    kind: Option<Kind>,
    at: Option<Timestamp>,
    digest: Option<Digest>,
    proposed: Option<Digest>,
    seed: String,
    ceremony: Option<Ceremony>,
    votes: BTreeMap<PersonId, (String, Timestamp)>,
    approved: Option<Timestamp>,
    window: i64,
    claimed: Option<PersonId>,
    pin: Option<crate::Mac>,
    wrong: u8,
    right: bool,
    steps: Vec<u64>,
    page: Option<String>,
    desk: Option<String>,
    stopped: bool,
    over: bool,
    owes: bool,
}

/// What was heard at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Facts {
    pub(super) requests: BTreeMap<RequestId, Heard>,
    revoked: BTreeSet<String>,
    sealed: bool,
    last_step: BTreeMap<String, u64>,
    seeds: BTreeMap<String, Digest>,
    known_seeds: BTreeSet<Digest>,
    policy: Option<Digest>,
    last: Option<Timestamp>,
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn ensure(condition: bool, what: &str) -> Checked<()> {
    if condition { Ok(()) } else { Err(what.to_owned()) }
}

/// Enough, said plainly: somebody of `security` and somebody else of `managers`, neither of them the requester.
fn is_enough(heard: &Heard, facts: &Facts, policy: &Policy, now: Timestamp) -> bool {
    let lasts = hours(2);
    let members = |group: &str| -> Vec<&PersonId> {
        let group = policy.file().groups.iter().find(|(name, _)| name.as_str() == group).unwrap().1;
        heard
            .votes
            .iter()
            .filter(|(person, (key, when))| {
                let is_live = now < *when + lasts && !facts.revoked.contains(key);
                is_live && group.members.contains(person) && heard.by.as_ref() != Some(person)
            })
            .map(|(person, _)| person)
            .collect()
    };
    let managers = members("managers");
    members("security").into_iter().any(|one| managers.iter().any(|other| *other != one))
}

fn is_in(policy: &Policy, person: &PersonId, group: &str) -> bool {
    policy
        .file()
        .groups
        .iter()
        .any(|(name, group_)| name.as_str() == group && group_.members.contains(person))
}

fn apart(heard: &Heard, person: &PersonId) -> bool {
    heard.by.as_ref() != Some(person)
        && !heard.votes.contains_key(person)
        && heard.claimed.as_ref() != Some(person)
}

impl Facts {
    /// What is heard of an event that was taken, or what must not have been taken.
    pub(super) fn hear(
        &self,
        before: &State,
        event: &Event,
        given: &Policy,
        now: Timestamp,
        (after, effects): (&State, &[Effect]),
    ) -> Checked<Self> {
        ensure(self.last.is_none_or(|last| last <= now), "I14: the log goes back in time")?;
        let [Effect::Append(leaf), rest @ ..] = effects else { return Err("I5: no leaf first".to_owned()) };
        ensure(leaf.event == *event && leaf.at == now, "I5: the leaf says something else")?;
        let leaves = rest.iter().filter(|effect| matches!(effect, Effect::Append(_))).count();
        ensure(leaves == 0 && after.size() == before.size() + 1, "I5, I6: one event is not one leaf")?;
        let policy = before.policy().ok_or("nothing is founded")?;
        ensure(given.version() == policy.version(), "I11: judged by another policy than that of the log")?;
        self.unchanged(before, after)?;
        let mut next = self.clone();
        next.last = Some(now);
        next.judge(event, policy, now, (after, rest))?;
        next.agrees(after)?;
        Ok(next)
    }

    /// I10: what was asked does not change.
    fn unchanged(&self, before: &State, after: &State) -> Checked<()> {
        for request in before.requests() {
            let same = after.request(&request.ask.id).ok_or("I10: a request is gone")?;
            ensure(
                same.ask == request.ask && same.digest == request.digest,
                "I10: what was signed has changed",
            )?;
        }
        for (seed, held) in before.seeds() {
            let now = after.seed(seed).ok_or("a seed is forgotten")?;
            ensure(now.last_step >= held.last_step, "I14: steps go back")?;
        }
        Ok(())
    }

    /// The state says of itself what was heard.
    fn agrees(&self, after: &State) -> Checked<()> {
        ensure(after.sealed().is_some() == self.sealed, "sealed or not is not what was heard")?;
        for request in after.requests() {
            let Some(heard) = self.requests.get(&request.ask.id) else { continue };
            ensure(request.is_live() != heard.over, "I9: what is over is not over, or the other way round")?;
            ensure(request.owes_review() == (heard.over && heard.owes), "a review is owed, or not")?;
            ensure(request.wrong_pins <= 3, "I13: more than three tries")?;
            ensure(request.wrong_pins < 3 || !request.is_live(), "I13: three wrong PINs and not locked")?;
            let stage = match request.stage {
                Stage::Pending => heard.approved.is_none() && heard.claimed.is_none(),
                Stage::Approved => heard.approved.is_some() && heard.claimed.is_none(),
                Stage::Armed => heard.approved.is_some() && heard.claimed.is_some(),
                Stage::Over => true,
            };
            ensure(stage, "the stage is not what was heard")?;
            let denied = request.end.as_ref().is_some_and(|end| matches!(end.how, How::Denied | How::Killed));
            ensure(!denied || heard.stopped, "denied, and nobody said so")?;
        }
        Ok(())
    }

    fn heard(&mut self, request: &RequestId) -> Checked<&mut Heard> {
        self.requests.get_mut(request).ok_or_else(|| "something happened to what nobody asked for".to_owned())
    }

    /// What is not over, nor over by the clock.
    fn in_time(&self, request: &RequestId, now: Timestamp) -> Checked<&Heard> {
        let heard = self.requests.get(request).ok_or("something happened to what nobody asked for")?;
        ensure(!heard.over, "I4: something happened to what is over")?;
        ensure(now < self.ends(heard), "I9: something happened after its time")?;
        Ok(heard)
    }

    fn ends(&self, heard: &Heard) -> Timestamp {
        let submitted = heard.at.unwrap_or(Timestamp::MAX);
        heard
            .approved
            .map_or(submitted + hours(2), |approved| approved + SignedDuration::from_secs(heard.window))
    }

    fn end(&mut self, request: &RequestId, owes: bool) -> Checked<()> {
        let heard = self.heard(request)?;
        let began = heard.kind == Some(Kind::Custody) && heard.claimed.is_some();
        (heard.over, heard.owes) = (true, owes || began || !heard.steps.is_empty());
        Ok(())
    }

    fn stop_all(&mut self, what: &str, after: &State) -> Checked<()> {
        let live: Vec<RequestId> =
            self.requests.iter().filter(|(_, heard)| !heard.over).map(|(id, _)| id.clone()).collect();
        for request in live {
            self.heard(&request)?.stopped = true;
            self.end(&request, false)?;
        }
        ensure(after.live().next().is_none(), what)
    }

    #[expect(clippy::too_many_lines, reason = "one arm an event: a table")]
    fn judge(
        &mut self,
        event: &Event,
        policy: &Policy,
        now: Timestamp,
        (after, effects): (&State, &[Effect]),
    ) -> Checked<()> {
        let codes = effects.iter().filter(|effect| matches!(effect, Effect::Code { .. })).count();
        let is_release = matches!(event, Event::Release { .. });
        ensure(codes == usize::from(is_release), "a code without its leaf")?;
        match event {
            Event::Found { .. } => return Err("founded twice".to_owned()),
            Event::Submit { by, draft, .. } => {
                ensure(!self.requests.contains_key(&draft.id), "I10: a name is used twice")?;
                let kind = draft.wish.kind();
                ensure(!self.sealed || kind == Kind::Govern, "asked for while sealed")?;
                let asks = match kind {
                    Kind::Govern => is_in(policy, by, "security") || is_in(policy, by, "managers"),
                    _ => is_in(policy, by, "sre"),
                };
                ensure(asks, "somebody asks who may not")?;
                ensure((1..=7200).contains(&draft.window.as_seconds()), "the window is too long")?;
                let own = self
                    .requests
                    .values()
                    .filter(|heard| !heard.over && heard.approved.is_none() && heard.by.as_ref() == Some(by));
                ensure(own.count() < 2, "too many wait of one person")?;
                if let Wish::Policy { policy: file } = &draft.wish {
                    let strangers = file.people.iter().any(|(name, person)| {
                        policy.person(name).is_some_and(|known| known.subject != person.subject)
                    });
                    ensure(!strangers, "somebody is replaced under their name")?;
                }
                if let Wish::RootCode { .. } = &draft.wish {
                    ensure(self.seeds.contains_key("root-main"), "a code of a seed that is not there")?;
                }
                let request = after.request(&draft.id).ok_or("it was submitted and is not there")?;
                ensure(request.digest == request.ask.digest(), "I10: the digest is of something else")?;
                self.hear_submitted(by, draft, request.digest, now);
            }
            Event::Approve { request, by, proof, share, .. } => {
                let key = proof.key.to_string();
                ensure(!self.revoked.contains(&key), "a key that counts no more approves")?;
                ensure(policy.key(by, &proof.key).is_some(), "a key of somebody else approves")?;
                let heard = self.in_time(request, now)?;
                ensure(heard.by.as_ref() != Some(by), "I2: somebody approves their own request")?;
                ensure(
                    is_in(policy, by, "security") || is_in(policy, by, "managers"),
                    "somebody approves who may not",
                )?;
                ensure(!heard.votes.contains_key(by), "somebody approves twice")?;
                ensure(heard.claimed.as_ref() != Some(by), "I2: the operator approves")?;
                let wants = matches!(heard.kind, Some(Kind::RootCode | Kind::Drill));
                ensure(share.is_some() || !wants, "an approval without its share")?;
                self.heard(request)?.votes.insert(by.clone(), (key, now));
                let heard = self.requests.get(request).ok_or("gone")?;
                let enough = is_enough(heard, self, policy, now);
                let heard = self.heard(request)?;
                if heard.approved.is_none() && enough {
                    heard.approved = Some(now);
                }
            }
            Event::Deny { request, by, .. } => {
                ensure(
                    is_in(policy, by, "security") || is_in(policy, by, "managers"),
                    "somebody denies who may not",
                )?;
                self.stopped(request)?;
            }
            Event::Cancel { request, by } => {
                let heard = self.heard(request)?;
                ensure(heard.by.as_ref() == Some(by), "somebody else takes it back")?;
                self.stopped(request)?;
            }
            Event::Kill { request, by, .. } => {
                let heard = self.heard(request)?;
                let own = heard.by.as_ref() == Some(by);
                let groups = ["security", "managers", "auditors", "operators"];
                let may = own || groups.iter().any(|group| is_in(policy, by, group));
                ensure(may, "somebody kills who may not")?;
                self.stopped(request)?;
            }
            Event::Expire { request } => {
                let heard = self.requests.get(request).ok_or("gone")?;
                ensure(!heard.over, "I4: what is over ends again")?;
                ensure(self.ends(heard) <= now, "it ends before its time")?;
                self.end(request, false)?;
            }
            Event::SetPin { request, mac, .. } => {
                let heard = self.in_time(request, now)?;
                ensure(heard.approved.is_some(), "a PIN of what is not approved")?;
                ensure(heard.pin.is_none(), "a second PIN")?;
                self.heard(request)?.pin = Some(*mac);
            }
            Event::Ready { request, by, viewer } => {
                let heard = self.in_time(request, now)?;
                ensure(heard.by.as_ref() == Some(by), "somebody else's page takes the code")?;
                self.heard(request)?.page = Some(viewer.0.clone());
            }
            Event::Claim { request, by, from, viewer, proof } => {
                let heard = self.in_time(request, now)?;
                ensure(heard.kind != Some(Kind::Govern), "a change of the desk is carried out by hand")?;
                ensure(heard.approved.is_some() && heard.claimed.is_none(), "claimed out of turn")?;
                ensure(is_in(policy, by, "operators"), "somebody operates who may not")?;
                ensure(apart(heard, by), "I2: the operator has another part")?;
                ensure(
                    from.is_some_and(|from| from.to_string().starts_with("203.0.113.")),
                    "operated from elsewhere",
                )?;
                ensure(!self.revoked.contains(proof.key.as_str()), "a key that counts no more claims")?;
                ensure(is_enough(heard, self, policy, now), "I1: claimed without enough approvals")?;
                let heard = self.heard(request)?;
                (heard.claimed, heard.desk) =
                    (Some(by.clone()), viewer.as_ref().map(|viewer| viewer.0.clone()));
            }
            Event::TryPin { request, by, mac } => {
                let heard = self.in_time(request, now)?;
                ensure(heard.claimed.as_ref() == Some(by), "somebody else types the PIN")?;
                ensure(
                    heard.pin.is_some() && !heard.right && heard.wrong < 3,
                    "I13: a PIN is typed out of turn",
                )?;
                let right = heard.pin == Some(*mac);
                let heard = self.heard(request)?;
                heard.right = right;
                heard.wrong += u8::from(!right);
                if heard.wrong == 3 {
                    self.end(request, true)?;
                }
                let stands = after.request(request).ok_or("gone")?;
                ensure(stands.is_verified == right, "a wrong PIN was taken, or a right one was not")?;
            }
            Event::Release { request, by, from, step, clock } => {
                let heard = self.in_time(request, now)?;
                ensure(!heard.stopped && !self.sealed, "I4: a code after a no")?;
                ensure(heard.claimed.as_ref() == Some(by), "somebody else releases")?;
                ensure(
                    apart(&Heard { claimed: None, ..heard.clone() }, by),
                    "I2: the operator has another part",
                )?;
                ensure(heard.right, "I13: a code without the PIN")?;
                ensure(is_enough(heard, self, policy, now), "I1: a code without enough live approvals")?;
                let asks = heard.by.as_ref().is_some_and(|by| is_in(policy, by, "sre"));
                ensure(asks, "a code for somebody who may ask no more")?;
                ensure(is_in(policy, by, "operators"), "somebody operates who may not")?;
                ensure(
                    from.is_some_and(|from| from.to_string().starts_with("203.0.113.")),
                    "operated from elsewhere",
                )?;
                ensure(heard.steps.len() < 2, "I3: more codes than approved")?;
                let last = self.last_step.get(&heard.seed).copied().unwrap_or(0);
                ensure(*step > last, "I3: two codes of one step")?;
                let current = u64::try_from(now.as_second()).map_err(|error| error.to_string())? / 30;
                ensure(*step == current, "a code of another time")?;
                let good =
                    clock.offsets_ms.len() >= 2 && clock.offsets_ms.iter().all(|offset| offset.abs() <= 2000);
                ensure(good, "a code by a wrong clock")?;
                let boot = at("2026-12-01T00:00:00Z");
                let up = u64::try_from((now - boot).as_secs()).map_err(|error| error.to_string())?;
                ensure(clock.up_seconds == up, "a code by a clock that went too far")?;
                self.sealed_to(request, effects, after)?;
                let seed = heard.seed.clone();
                self.last_step.insert(seed, *step);
                let heard = self.heard(request)?;
                heard.steps.push(*step);
                if heard.steps.len() == 2 {
                    self.end(request, true)?;
                }
            }
            Event::Shown { request, step } => {
                ensure(self.heard(request)?.steps.contains(step), "a code was shown that was not released")?;
            }
            Event::Finish { request, by } => {
                let heard = self.heard(request)?;
                ensure(!heard.over && !heard.steps.is_empty(), "finished before a code")?;
                let may = heard.by.as_ref() == Some(by) || heard.claimed.as_ref() == Some(by);
                ensure(may, "somebody else finishes it")?;
                self.end(request, true)?;
            }
            Event::Settle { request, by, outcome } => {
                let heard = self.in_time(request, now)?;
                ensure(heard.kind == Some(Kind::Custody), "a ceremony of another kind")?;
                ensure(heard.claimed.as_ref() == Some(by), "somebody else settles, or nobody began")?;
                ensure(!self.sealed && !heard.stopped, "I4: a ceremony after a no")?;
                let ceremony = heard.ceremony;
                match outcome {
                    Outcome::Failed { .. } => {}
                    Outcome::Gone {} => {
                        ensure(ceremony == Some(Ceremony::Retire), "a seed is gone by another ceremony")?;
                        self.seeds.remove("root-main");
                        self.end(request, true)?;
                    }
                    Outcome::Held { fingerprint, .. } => {
                        let fits = match ceremony {
                            Some(Ceremony::Enrol) => !self.seeds.contains_key("root-main"),
                            Some(Ceremony::Rotate) => self.seeds.contains_key("root-main"),
                            _ => false,
                        };
                        ensure(fits, "a seed comes by another ceremony")?;
                        ensure(self.known_seeds.insert(*fingerprint), "a seed comes twice")?;
                        self.seeds.insert("root-main".to_owned(), *fingerprint);
                        self.end(request, true)?;
                    }
                }
            }
            Event::Apply { request, by } | Event::BeginEpoch { request, by, .. } => {
                let heard = self.in_time(request, now)?;
                ensure(
                    heard.kind == Some(Kind::Govern) && heard.approved.is_some(),
                    "in force without approval",
                )?;
                let may = heard.by.as_ref() == Some(by) || heard.votes.contains_key(by);
                ensure(may, "somebody else puts it in force")?;
                ensure(is_enough(heard, self, policy, now), "I1: in force without enough live approvals")?;
                let asks = heard
                    .by
                    .as_ref()
                    .is_some_and(|by| is_in(policy, by, "security") || is_in(policy, by, "managers"));
                ensure(asks, "in force for somebody who may ask no more")?;
                match heard.proposed {
                    Some(version) => {
                        self.policy = Some(version);
                        let is = after.policy().map(|policy| policy.version());
                        ensure(is == Some(version), "another policy came into force")?;
                    }
                    None if matches!(event, Event::Apply { .. }) => self.sealed = false,
                    None => self.stop_all("something goes on after a roll-back", after)?,
                }
                self.end(request, true)?;
            }
            Event::Review { request, by, proof, .. } => {
                let revoked = self.revoked.contains(proof.key.as_str());
                let heard = self.heard(request)?;
                ensure(heard.over && heard.owes, "reviewed out of turn")?;
                ensure(apart(heard, by), "I2: the reviewer had a part in it")?;
                ensure(is_in(policy, by, "auditors"), "somebody reviews who may not")?;
                ensure(!revoked, "a key that counts no more reviews")?;
                heard.owes = false;
            }
            Event::Seal { by, .. } => {
                let may = ["security", "managers", "auditors"].iter().any(|group| is_in(policy, by, group));
                ensure(may, "somebody seals who may not")?;
                self.sealed = true;
                self.stop_all("I4: something goes on while sealed", after)?;
            }
            Event::RevokeKey { by, person, key, .. } => {
                let groups = ["security", "managers", "auditors"];
                let may = by == person || groups.iter().any(|group| is_in(policy, by, group));
                ensure(may, "somebody revokes who may not")?;
                self.revoked.insert(key.to_string());
                ensure(after.is_revoked(key), "a key is revoked and counts")?;
            }
        }
        Ok(())
    }

    fn hear_submitted(&mut self, by: &PersonId, draft: &crate::Draft, digest: Digest, now: Timestamp) {
        let heard = Heard {
            by: Some(by.clone()),
            kind: Some(draft.wish.kind()),
            window: draft.window.as_seconds().into(),
            at: Some(now),
            digest: Some(digest),
            seed: match &draft.wish {
                Wish::Drill { seed, .. } | Wish::Custody { seed, .. } => seed.to_string(),
                _ => "root-main".to_owned(),
            },
            proposed: match &draft.wish {
                Wish::Policy { policy } => Some(policy.version()),
                _ => None,
            },
            ceremony: match &draft.wish {
                Wish::Custody { ceremony, .. } => Some(*ceremony),
                _ => None,
            },
            ..Heard::default()
        };
        self.requests.insert(draft.id.clone(), heard);
    }

    fn stopped(&mut self, request: &RequestId) -> Checked<()> {
        let heard = self.heard(request)?;
        ensure(!heard.over, "I4: what is over is stopped")?;
        heard.stopped = true;
        self.end(request, false)
    }

    fn sealed_to(&self, request: &RequestId, effects: &[Effect], after: &State) -> Checked<()> {
        let heard = self.requests.get(request).ok_or("gone")?;
        let direct =
            after.request(request).and_then(|request| request.ask.matter.mode()) == Some(crate::Mode::Direct);
        let wanted = if direct { &heard.page } else { &heard.desk };
        let right = effects.iter().any(|effect| match effect {
            Effect::Code { viewer, .. } => Some(&viewer.0) == wanted.as_ref(),
            _ => false,
        });
        ensure(right, "T3: the code goes to another page")
    }

    /// As an observer begins who is told what was there: the seed of root, and what was used to enrol it.
    pub(super) fn beginning(state: &State) -> Self {
        let mut facts = Self { last: state.at(), ..Self::default() };
        for (seed, held) in state.seeds().filter(|(_, held)| held.is_held) {
            facts.last_step.insert(seed.to_string(), held.last_step);
            facts.known_seeds.extend(held.fingerprints.iter().copied());
            facts.seeds.extend(held.fingerprints.last().map(|last| (seed.to_string(), *last)));
        }
        facts
    }

    /// Without what makes no difference to what may come.
    pub(super) fn essence(&self, is_over: bool) -> Self {
        let mut facts = Self { last: None, ..self.clone() };
        for heard in facts.requests.values_mut() {
            if heard.right {
                heard.wrong = 0;
            }
            if heard.over {
                heard.votes.values_mut().for_each(|vote| vote.1 = Timestamp::UNIX_EPOCH);
                heard.steps.truncate(1);
                heard.steps.iter_mut().for_each(|step| *step = 0);
                (heard.pin, heard.right, heard.wrong, heard.stopped) = (None, false, 0, false);
                (heard.approved, heard.page) = (None, None);
            }
        }
        if is_over {
            facts.last_step.clear();
        }
        facts
    }

    pub(super) fn is_live(&self, name: &str) -> bool {
        self.requests.get(&id(name)).is_some_and(|heard| !heard.over)
    }
}
