//! The desk itself: its policy, its keys, its seal.

use std::sync::Arc;

use super::{Judged, Turn, must, must_be_text};
use crate::ask::Matter;
use crate::effect::{Effect, News};
use crate::guard::{Guard, holds};
use crate::name::{KeyName, PersonId, RequestId};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::request::{How, Request, Stage};
use crate::rollback::Rollback;
use crate::state::SealedBy;

impl Turn<'_> {
    pub(super) fn apply(&mut self, id: &RequestId, by: &PersonId) -> Judged {
        let request = self.may_apply(id, by)?;
        match request.ask.matter.clone() {
            Matter::Policy { .. } => self.change_policy(&request)?,
            Matter::LogKey { key } => {
                self.effects.push(Effect::SignWith { key: key.clone() });
                self.state.log_key = Some(key);
                self.tell_all(News::LogKeyChanged, Some(id));
            }
            Matter::Unseal {} => {
                if self.state.sealed.take().is_none() {
                    return Err(Refusal::NotSealed);
                }
                self.tell_all(News::Unsealed, Some(id));
            }
            _ => return Err(Refusal::NotThisKind),
        }
        self.end(request, How::Closed, Some(by), None);
        Ok(())
    }

    /// A request whose matter may come into force now.
    fn may_apply(&self, id: &RequestId, by: &PersonId) -> Result<Request, Refusal> {
        let request = self.in_time(id)?;
        must(Guard::ApprovedFirst, request.stage == Stage::Approved, || Refusal::NotNow(request.word()))?;
        let may = request.ask.by == *by || request.approvals.contains_key(by);
        must(Guard::MayDeny, may, || Refusal::NotTheirs(by.clone()))?;
        let asks = self.policy.is_in_any(&request.ask.by, &self.rule(&request)?.requesters);
        must(Guard::RequesterStill, asks, || Refusal::RequesterGone(request.ask.by.clone()))?;
        let is_enough = request.has_quorum(self.state, self.policy, self.now);
        must(Guard::QuorumAtApply, is_enough, || Refusal::NoQuorum)?;
        Ok(request)
    }

    /// The log goes on without what was lost. What was under way may have been stopped there.
    pub(super) fn begin_epoch(&mut self, id: &RequestId, by: &PersonId, rollback: &Rollback) -> Judged {
        let request = self.may_apply(id, by)?;
        if request.ask.matter != (Matter::Epoch { rollback: *rollback }) {
            return Err(Refusal::NotThisKind);
        }
        self.must_follow_from(rollback)?;
        self.state.epoch = rollback.number;
        self.effects.push(Effect::EpochIs(rollback.number));
        let others: Vec<Request> = self.state.live().filter(|other| other.ask.id != *id).cloned().collect();
        for other in others {
            self.end(other, How::RolledBack, Some(by), None);
        }
        self.tell_all(News::EpochBegun(rollback.lost()), Some(id));
        self.end(request, How::Closed, Some(by), None);
        Ok(())
    }

    /// Whether a log like this one can go on so. That the roots are those of its entries and of the witness, whoever has them looks at.
    pub(super) fn must_follow_from(&self, rollback: &Rollback) -> Judged {
        let no = |what| Err(Refusal::NotThisEpoch(what));
        match rollback {
            _ if rollback.number <= self.state.epoch() => no("that epoch has begun already"),
            _ if rollback.kept.size > self.state.size() => no("it has fewer entries than were kept"),
            _ if rollback.seen.size < rollback.kept.size => no("less was seen than was kept"),
            _ if rollback.seen == rollback.kept => no("nothing was lost"),
            _ => Ok(()),
        }
    }

    fn change_policy(&mut self, request: &Request) -> Judged {
        let proposed = request.proposed.as_ref().ok_or(Refusal::NotThisKind)?;
        // Seeds may have come, and keys gone, since it was submitted.
        self.must_follow(proposed)?;
        self.state.policy = Some(Arc::clone(proposed));
        self.effects.push(Effect::PolicyIs(proposed.version()));
        self.tell_all(News::PolicyChanged, Some(&request.ask.id));
        Ok(())
    }

    /// Whether a policy can take the place of this one.
    pub(super) fn must_follow(&self, next: &Policy) -> Judged {
        let cannot = |what: String| Err(Refusal::CannotFollow(what));
        let (old, new) = (self.policy.file(), next.file());
        if old.desk != new.desk {
            return cannot(format!(
                "the desk is called `{}`, and everything that was signed says so",
                old.desk
            ));
        }
        for (name, was) in &old.people {
            let is_same =
                new.people.get(name).is_none_or(|is| is.issuer == was.issuer && is.subject == was.subject);
            if !holds(Guard::SameSubject, is_same) {
                return cannot(format!("`{name}` would be somebody else"));
            }
        }
        for (seed, held) in self.state.seeds().filter(|(_, held)| held.is_held) {
            let (was, is) = (old.seeds.get(seed), new.seeds.get(seed));
            if was.map(|was| (was.account, was.tier)) != is.map(|is| (is.account, is.tier)) {
                let generation = held.generation;
                return cannot(format!(
                    "the seed `{seed}` (generation {generation}) is in custody: retire it first"
                ));
            }
        }
        self.must_keep_keys(next)
    }

    /// A name of a key is one key of one person for ever: approvals name it.
    fn must_keep_keys(&self, next: &Policy) -> Judged {
        let cannot = |what: String| Err(Refusal::CannotFollow(what));
        for (person, known) in next.people() {
            for key in &known.keys {
                if self.state.is_revoked(&key.name) {
                    return cannot(format!("the key `{}` was revoked: a new one gets a new name", key.name));
                }
                let mut owners = self.policy.people().iter();
                let was = owners.find_map(|(owner, known)| {
                    let same = known.keys.iter().find(|other| other.name == key.name);
                    same.map(|same| (owner, same))
                });
                if was.is_some_and(|(owner, was)| owner != person || was != key) {
                    return cannot(format!(
                        "the key `{}` would be another one: a new one gets a new name",
                        key.name
                    ));
                }
            }
        }
        Ok(())
    }

    pub(super) fn seal(&mut self, by: &PersonId, reason: &str) -> Judged {
        self.must_be_known(by)?;
        must_be_text("reason", reason, 2000)?;
        let may = self.policy.is_approver(by) || self.policy.is_auditor(by);
        must(Guard::MaySeal, may, || Refusal::NotTheirs(by.clone()))?;
        if self.state.sealed().is_some() {
            return Err(Refusal::Sealed);
        }
        self.state.sealed = Some(SealedBy { by: by.clone(), at: self.now, reason: reason.to_owned() });
        self.effects.push(Effect::Forget);
        if holds(Guard::SealHolds, false) {
            return Ok(());
        }
        let live: Vec<Request> = self.state.live().cloned().collect();
        for request in live {
            self.end(request, How::SealedHold, Some(by), Some(reason));
        }
        self.tell_all(News::Sealed(by.clone()), None);
        Ok(())
    }

    pub(super) fn revoke(&mut self, by: &PersonId, person: &PersonId, key: &KeyName) -> Judged {
        self.must_be_known(by)?;
        let may = by == person || self.policy.is_approver(by) || self.policy.is_auditor(by);
        must(Guard::MayRevoke, may, || Refusal::NotTheirs(by.clone()))?;
        if self.policy.key(person, key).is_none() || self.state.is_revoked(key) {
            return Err(Refusal::NoKey(key.clone()));
        }
        self.state.revoked.insert(key.clone());
        self.tell_all(News::KeyRevoked { person: person.clone(), key: key.clone() }, None);
        Ok(())
    }
}
