//! A seed comes in: once, sealed to the vault on the custodian's page, and it leaves nothing behind but what is sealed.

use std::collections::BTreeSet;

use kagimori_custody::{Digest, Kind, PersonId, Policy, Request, RequestId, SeedId, Tier};
use kagimori_sealing::boxed::{OneTimeKey, PublicKey, Sealed};
use kagimori_sealing::protocol::{Answer, FOR_HELD_SHARE, FOR_SECRET, Refused, Why, about_held};
use kagimori_sealing::seal::{Label, SeedKey};
use kagimori_sealing::totp::Form;
use kagimori_sealing::{Algorithm, SealedSeed, Seed, otpauth};
use ring::rand::SecureRandom;

use super::code::{no_grant, page, sealed as sealed_code};
use super::{Answered, Vault, disk_failed, entropy, instant, no_random, refused};
use crate::keep::{self, Held, Lock, Record};
use crate::moment::Moment;
use crate::open::Enrolling;

/// Codes of one ceremony: two that the console takes, and those that were too late.
const CODES_MAX: usize = 6;

impl Vault {
    pub(super) fn begin(&mut self, id: RequestId, now: &Moment, random: &dyn SecureRandom) -> Answered {
        self.ceremony(&id, now)?;
        let key = OneTimeKey::new(random).map_err(|_| no_random())?;
        let public = key.public();
        self.open.begun.insert(id, key);
        Ok(Answer::Begun { key: public })
    }

    pub(super) fn enrol(
        &mut self,
        id: RequestId,
        sealed: &Sealed,
        now: &Moment,
        random: &dyn SecureRandom,
    ) -> Answered {
        let request = self.ceremony(&id, now)?.clone();
        let key = self.open.begun.remove(&id);
        let key = key.ok_or_else(|| {
            refused(Why::Seed, "the ceremony has not begun, or its key was used", "begin again")
        })?;
        let opened = key.open(sealed, FOR_SECRET, id.as_str().as_bytes());
        let text = opened.map_err(|error| refused(Why::Seed, error, "begin again"))?;
        let text = std::str::from_utf8(&text)
            .map_err(|_| refused(Why::Seed, "the secret is no text", "begin again"))?;
        let enrolment = otpauth::read(text).map_err(|error| refused(Why::Seed, &error, error.hint()))?;
        let (seed, label) = (enrolment.seed, enrolment.label);
        let fingerprint = self.new_fingerprint(&seed)?;
        let record = self.prepared(&request, &seed, fingerprint, random)?;
        keep::prepare(&mut self.disk, &id, &record).map_err(disk_failed)?;
        self.open.ceremonies.insert(id, Enrolling { seed, steps: Vec::new() });
        Ok(Answer::Enrolled { fingerprint, label })
    }

    pub(super) fn enrol_code(&mut self, id: &RequestId, now: &Moment, random: &dyn SecureRandom) -> Answered {
        let name = self.ceremony(id, now)?.ask.matter.seed().cloned();
        let none = || {
            refused(
                Why::Seed,
                "no seed was given in this ceremony since the vault began",
                "begin again with the QR code that the console shows",
            )
        };
        let (name, ceremony) = name.zip(self.open.ceremonies.remove(id)).ok_or_else(none)?;
        let answered = self.made(id, &name, &ceremony, now, random);
        let mut ceremony = ceremony;
        if let Ok(Answer::Code { step, .. }) = &answered {
            ceremony.steps.push(*step);
        }
        self.open.ceremonies.insert(id.clone(), ceremony);
        answered
    }

    fn made(
        &mut self,
        id: &RequestId,
        name: &SeedId,
        ceremony: &Enrolling,
        now: &Moment,
        random: &dyn SecureRandom,
    ) -> Answered {
        let seed = &ceremony.seed;
        let step = seed.form().step_at(u64::try_from(now.unix_seconds).unwrap_or_default());
        if ceremony.steps.len() >= CODES_MAX {
            return Err(refused(
                Why::Seed,
                format!("{CODES_MAX} codes were made in this ceremony"),
                "begin again with a new QR code",
            ));
        }
        let (viewer, proof) =
            self.follower.grant_enrolment(id, step, instant(now)).map_err(|no| no_grant(&no))?;
        let page = page(&viewer.0)?;
        self.spend(name, step, seed.form().period(), now)?;
        let code = seed
            .code_at(step, proof)
            .ok_or_else(|| refused(Why::Clock, "the grant is for another step", "take the next code"))?;
        sealed_code(&code, &page, step, seed, random)
    }

    fn ceremony(&self, id: &RequestId, now: &Moment) -> Result<&Request, Refused> {
        self.follower
            .ceremony(id, instant(now))
            .map_err(|refusal| refused(Why::Refused, refusal, "see the request's page"))
    }

    /// The same seed does not come twice: two names for one seed would be two codes of one step.
    fn new_fingerprint(&self, seed: &Seed) -> Result<Digest, Refused> {
        let fingerprint = Digest::from_bytes(seed.fingerprint(&self.host.fingerprint));
        let is_known =
            self.follower.state().seeds().any(|(_, held)| held.fingerprints.contains(&fingerprint));
        if is_known || self.records.values().any(|record| record.fingerprint == fingerprint) {
            return Err(refused(
                Why::Seed,
                "this seed is in custody already, or was",
                "add a new virtual device in the console, and use its QR code",
            ));
        }
        Ok(fingerprint)
    }

    fn prepared(
        &self,
        request: &Request,
        seed: &Seed,
        fingerprint: Digest,
        random: &dyn SecureRandom,
    ) -> Result<Record, Refused> {
        let state = self.follower.state();
        let (Some(policy), Some(name)) = (state.policy(), request.ask.matter.seed()) else {
            return Err(refused(Why::Refused, "the request is of no seed", "open another"));
        };
        let known = policy.seed(name);
        let known = known.ok_or_else(|| {
            refused(Why::Refused, format!("the policy has no seed `{name}`"), "add it to the policy first")
        })?;
        let form = form_of(known)?;
        if form != seed.form() {
            let message = format!(
                "the policy says {} digits of {} each {} s, and the secret says otherwise",
                form.digits(),
                form.algorithm(),
                form.period()
            );
            return Err(refused(
                Why::Seed,
                message,
                "correct the seed in the policy; AWS has 6 digits, SHA1, 30 s",
            ));
        }
        let generation = state.seed(name).map_or(1, |held| held.generation.saturating_add(1));
        let account = known.account.map(|account| account.to_string()).unwrap_or_default();
        let label =
            Label { seed: name.to_string(), generation, account, policy: policy.version().to_string() };
        let mut entropy = entropy(random)?;
        let key = SeedKey::new(&mut entropy).ok_or_else(no_random)?;
        let lock = match known.tier {
            Tier::T0 => {
                let key = key.wrapped(&self.host.wrap, &label, &mut entropy).ok_or_else(no_random)?;
                Lock::Host { key }
            }
            tier => shared(&key, tier, name, generation, policy, random)?,
        };
        let sealed = SealedSeed::of(seed, &key, label, &mut entropy).ok_or_else(no_random)?;
        Ok(Record { version: 1, sealed, lock, fingerprint })
    }
}

/// Shares for everybody who may approve a code of this seed, of which as many open it as must approve.
fn shared(
    key: &SeedKey,
    tier: Tier,
    name: &SeedId,
    generation: u32,
    policy: &Policy,
    random: &dyn SecureRandom,
) -> Result<Lock, Refused> {
    let known = policy.seed(name);
    let kind = if known.is_some_and(|seed| seed.practice) { Kind::Drill } else { Kind::RootCode };
    let rule = policy.rule(kind, known.and_then(|seed| seed.account));
    let (_, rule) = rule.ok_or_else(|| {
        refused(Why::Refused, format!("no rule of the policy is for codes of `{name}`"), "add one first")
    })?;
    let threshold = rule.approvals.iter().fold(0_u8, |sum, need| sum.saturating_add(need.count.get()));
    let approvers: BTreeSet<PersonId> = policy.members(rule.approvals.iter().map(|need| &need.group));
    let mut recipients = Vec::new();
    for person in approvers {
        let recipient = policy.person(&person).and_then(|person| person.recipient.clone());
        let recipient = recipient.ok_or_else(|| no_recipient(&person))?;
        let to = PublicKey::of_recipient(&recipient).map_err(|_| no_recipient(&person))?;
        recipients.push((person, recipient, to));
    }
    let parts = u8::try_from(recipients.len()).unwrap_or(u8::MAX);
    let shares = key.shared(parts, threshold, &mut entropy(random)?);
    let shares = shares.map_err(|error| {
        refused(Why::Shares, error, "name more approvers in the rule of this seed's codes")
    })?;
    let mut holders = Vec::new();
    for ((person, recipient, to), share) in recipients.into_iter().zip(shares) {
        let about = about_held(name, generation, &person);
        let share = to.seal(FOR_HELD_SHARE, &about, &share, random).map_err(|_| no_recipient(&person))?;
        holders.push(Held { person, recipient, share });
    }
    Ok(Lock::Shares { tier, threshold, holders })
}

fn no_recipient(person: &PersonId) -> Refused {
    let message = format!(
        "`{person}` may approve codes of this seed, and has no recipient to which a share could be sealed"
    );
    refused(
        Why::Shares,
        message,
        "they make a key with `age-keygen`, and its `age1…` goes into the policy as their recipient",
    )
}

fn form_of(seed: &kagimori_custody::Seed) -> Result<Form, Refused> {
    let algorithm = match seed.algorithm {
        kagimori_custody::Algorithm::Sha1 => Algorithm::Sha1,
        kagimori_custody::Algorithm::Sha256 => Algorithm::Sha256,
        kagimori_custody::Algorithm::Sha512 => Algorithm::Sha512,
    };
    Form::new(algorithm, seed.digits, seed.period)
        .map_err(|error| refused(Why::Refused, error, "correct the seed in the policy"))
}
