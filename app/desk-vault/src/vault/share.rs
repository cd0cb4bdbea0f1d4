//! Shares of approvers: who may give one, and what opens with them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{Digest, Grant, PersonId, RequestId, SeedId, Tier};
use kagimori_sealing::boxed::{OneTimeKey, Sealed};
use kagimori_sealing::protocol::{Answer, FOR_SHARE, Holder, Refused, Why, about_held, about_share};
use kagimori_sealing::seal::SeedKey;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::{Answered, Vault, names, no_random, refused};
use crate::keep::{Lock, Record};
use crate::moment::Moment;

/// A seed of tier T1 stays open for so long (desk.md §3.3).
const WINDOW_SECONDS: u64 = 15 * 60;

impl Vault {
    pub(super) fn keys(&mut self, id: &RequestId, random: &dyn SecureRandom) -> Answered {
        let request = self.live(id)?;
        let requester = request.ask.by.clone();
        let seed = request.ask.matter.seed().filter(|_| request.ask.kind().has_codes()).cloned();
        let held = seed.and_then(|seed| {
            let generation = self.follower.state().seed(&seed).filter(|held| held.is_held)?.generation;
            Some((seed, generation))
        });
        let (seed, generation) = held.ok_or_else(|| {
            refused(
                Why::Refused,
                format!("the request `{id}` is of no seed in custody"),
                "see the request's page",
            )
        })?;
        let record = self.record(&seed, generation)?;
        let Lock::Shares { threshold, holders, .. } = record.lock.clone() else {
            return Ok(Answer::Keys { threshold: 0, holders: Vec::new() });
        };
        let mut given = Vec::new();
        for held in holders.into_iter().filter(|held| held.person != requester) {
            let key = self.key_for(id, &held.person, random)?;
            let about_held = STANDARD.encode(about_held(&seed, generation, &held.person));
            given.push(Holder { person: held.person, held: held.share, about_held, key });
        }
        Ok(Answer::Keys { threshold, holders: given })
    }

    /// The key that waits for somebody's share: the same until it is used.
    fn key_for(
        &mut self,
        id: &RequestId,
        person: &PersonId,
        random: &dyn SecureRandom,
    ) -> Result<kagimori_sealing::boxed::PublicKey, Refused> {
        let place = (id.clone(), person.clone());
        if let Some(key) = self.open.keys.get(&place) {
            return Ok(key.public());
        }
        let key = OneTimeKey::new(random).map_err(|_| no_random())?;
        let public = key.public();
        self.open.keys.insert(place, key);
        Ok(public)
    }

    pub(super) fn share(&mut self, id: RequestId, person: PersonId, sealed: &Sealed) -> Answered {
        let request = self.live(&id)?;
        let about = about_share(&request.digest, &person);
        let named = request.approvals.get(&person).and_then(|approval| approval.share);
        let place = (id, person);
        // Another one would not be that of the approval, and the seed would not open.
        if named.is_some() && self.open.shares.get(&place).map(|(digest, _)| *digest) == named {
            let message = format!("the share of `{}` is here, and their approval names it", place.1);
            return Err(refused(Why::Shares, message, "nothing is to be done"));
        }
        let key = self.open.keys.remove(&place);
        let key = key.ok_or_else(|| {
            refused(
                Why::Shares,
                format!("no share of `{}` is waited for", place.1),
                "ask for the keys of the request again",
            )
        })?;
        let opened = key.open(sealed, FOR_SHARE, &about);
        let share = opened.map_err(|error| {
            refused(
                Why::Shares,
                format!("the share of `{}`: {error}", place.1),
                "ask for the keys of the request again, and seal the share once more",
            )
        })?;
        let digest = Digest::of(&[sealed.key().as_bytes().as_slice(), sealed.sealed().as_bytes()].concat());
        self.open.shares.insert(place, (digest, share));
        Ok(Answer::Taken { share: digest })
    }

    pub(super) fn record(&self, seed: &SeedId, generation: u32) -> Result<Record, Refused> {
        self.records.get(&(seed.clone(), generation)).cloned().ok_or_else(|| {
            let message = format!("the vault has no file of the seed `{seed}`, generation {generation}");
            refused(Why::Seed, message, "restore the vault's folder `seeds` from a backup; without one, enrol a new device by root's other way")
        })
    }

    /// The key of a seed, opened as its tier asks.
    pub(super) fn opened(
        &mut self,
        record: &Record,
        grant: &Grant,
        now: &Moment,
    ) -> Result<SeedKey, Refused> {
        match &record.lock {
            Lock::Host { key } => {
                let key = SeedKey::unwrapped(key, &self.host.wrap, record.sealed.label());
                key.map_err(|error| {
                    refused(
                        Why::Files,
                        error,
                        "give the vault the key of the host with which the seed was enrolled",
                    )
                })
            }
            Lock::Shares { tier, threshold, holders } => {
                let holders: Vec<&PersonId> = holders.iter().map(|held| &held.person).collect();
                let shares = self.shares_of(grant, &holders);
                if shares.len() < usize::from(*threshold) {
                    return self.window(grant, *tier).ok_or_else(|| too_few(&shares, *threshold, &holders));
                }
                let shares: Vec<Zeroizing<Vec<u8>>> = shares.into_values().collect();
                let key = SeedKey::of_shares(&shares, *threshold).map_err(|error| {
                    refused(Why::Shares, error, "the approvers give their shares again, in a new request")
                })?;
                if *tier == Tier::T1 {
                    let until = now.up_seconds.saturating_add(WINDOW_SECONDS);
                    self.open.windows.insert(grant.seed.clone(), (key.again(), until));
                }
                Ok(key)
            }
        }
    }

    fn window(&self, grant: &Grant, tier: Tier) -> Option<SeedKey> {
        // Windows that are over were closed before this call was looked at.
        self.open.windows.get(&grant.seed).filter(|_| tier == Tier::T1).map(|(key, _)| key.again())
    }

    /// Shares of those whose approval counts and names that share.
    fn shares_of(&self, grant: &Grant, holders: &[&PersonId]) -> BTreeMap<PersonId, Zeroizing<Vec<u8>>> {
        let of = |(person, digest): &(PersonId, Option<Digest>)| {
            let (known, share) = self.open.shares.get(&(grant.request.clone(), person.clone()))?;
            let is_it = *digest == Some(*known) && holders.contains(&person);
            is_it.then(|| (person.clone(), share.clone()))
        };
        grant.approvers.iter().filter_map(of).collect()
    }
}

fn too_few(shares: &BTreeMap<PersonId, Zeroizing<Vec<u8>>>, threshold: u8, holders: &[&PersonId]) -> Refused {
    let missing = holders.iter().copied().filter(|person| !shares.contains_key(*person));
    let message = format!(
        "{} shares open the seed, and {} are here; {} have one",
        threshold,
        shares.len(),
        names(missing)
    );
    refused(
        Why::Shares,
        message,
        "they give their share with their approval; after a restart of the vault, in a new request",
    )
}
