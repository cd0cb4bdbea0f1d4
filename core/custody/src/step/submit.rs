//! Somebody asks.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Judged, Turn, must, must_be_text};
use crate::ask::{Ask, Ceremony, Draft, Kind, Matter, NamedAccount, Wish};
use crate::effect::News;
use crate::guard::Guard;
use crate::lasting::Lasting;
use crate::name::{PersonId, SeedId};
use crate::policy::{Being, Policy, Rule, Seed};
use crate::refusal::Refusal;
use crate::request::{Request, Stage};

impl Turn<'_> {
    pub(super) fn submit(
        &mut self,
        by: &PersonId,
        from: Option<IpAddr>,
        through: Option<&PersonId>,
        draft: &Draft,
    ) -> Judged {
        must(Guard::IdOnce, self.state.request(&draft.id).is_none(), || Refusal::IdUsed(draft.id.clone()))?;
        must_be_text("reason", &draft.reason, 2000)?;
        draft.ticket.as_deref().map_or(Ok(()), |ticket| must_be_text("ticket", ticket, 200))?;
        if let Some(other) = draft.follows.as_ref().filter(|other| self.state.request(other).is_none()) {
            return Err(Refusal::NoRequest(other.clone()));
        }
        self.must_be_asking(by, from, through)?;
        let kind = draft.wish.kind();
        must(Guard::SealedAsks, self.state.sealed().is_none() || kind == Kind::Govern, || Refusal::Sealed)?;
        let matter = self.matter(&draft.wish)?;
        let rule = self.policy.rule(kind, matter.account()).ok_or(Refusal::NoRule(kind))?;
        must(Guard::Eligible, self.policy.is_in_any(by, &rule.1.requesters), || {
            Refusal::NotRequester(by.clone(), rule.0.clone())
        })?;
        let within = draft.window > Lasting::seconds(0) && draft.window <= rule.1.window;
        must(Guard::WindowBound, within, || Refusal::Window(draft.window, rule.1.window))?;
        if matter.mode().is_some_and(|mode| !rule.1.modes.contains(&mode)) {
            return Err(Refusal::Mode);
        }
        self.must_be_few(by)?;
        let proposed = self.proposed(&draft.wish)?;
        let ask = Ask { rule: rule.0.clone(), ..self.ask(by, through, draft, matter, rule.1)? };
        let request = Request::new(ask, proposed);
        self.tell_approvers(&request, News::Submitted);
        self.state.put(request);
        Ok(())
    }

    fn must_be_asking(&self, by: &PersonId, from: Option<IpAddr>, through: Option<&PersonId>) -> Judged {
        let person = self.policy.person(by).ok_or_else(|| Refusal::NoPerson(by.clone()))?;
        if person.is == Being::Program {
            return Err(Refusal::NotProgram(by.clone()));
        }
        if let Some(program) = through {
            let known = self.policy.person(program).ok_or_else(|| Refusal::NoPerson(program.clone()))?;
            if known.is != Being::Program {
                return Err(Refusal::NotProgram(program.clone()));
            }
        }
        let is_there = self.policy.is_allowed_from(|networks| &networks.requesters, from);
        if is_there { Ok(()) } else { Err(Refusal::Place) }
    }

    /// Undecided requests wake people: there are not endlessly many of them.
    fn must_be_few(&self, by: &PersonId) -> Judged {
        let limits = &self.policy.file().limits;
        let undecided = || self.state.live().filter(|request| request.stage == Stage::Pending);
        let own = undecided().filter(|request| request.ask.by == *by).count();
        must(Guard::Quota, own < limits.pending_per_person.into(), || {
            Refusal::TooMany(limits.pending_per_person)
        })?;
        must(Guard::Quota, undecided().count() < limits.pending.into(), || Refusal::TooMany(limits.pending))
    }

    fn ask(
        &self,
        by: &PersonId,
        through: Option<&PersonId>,
        draft: &Draft,
        matter: Matter,
        rule: &Rule,
    ) -> Result<Ask, Refusal> {
        let person = self.policy.person(by).ok_or_else(|| Refusal::NoPerson(by.clone()))?;
        let (name, _) =
            self.policy.rule(matter.kind(), matter.account()).ok_or(Refusal::NoRule(matter.kind()))?;
        Ok(Ask {
            desk: self.policy.file().desk.clone(),
            id: draft.id.clone(),
            by: by.clone(),
            issuer: person.issuer.clone(),
            subject: person.subject.clone(),
            through: through.cloned(),
            codes: if matter.kind().has_codes() { rule.codes } else { 0 },
            matter,
            reason: draft.reason.clone(),
            ticket: draft.ticket.clone(),
            follows: draft.follows.clone(),
            window: draft.window,
            rule: name.clone(),
            needs: rule.approvals.clone(),
            votes_last: rule.votes_last,
            decide_before: rule.decide_within.after(self.now),
            policy: self.policy.version(),
            at: self.now,
        })
    }

    /// What is asked for, with every name as the desk knows it.
    fn matter(&self, wish: &Wish) -> Result<Matter, Refusal> {
        Ok(match wish {
            Wish::RootCode { account, mode } => {
                let known = self.policy.account(*account).ok_or(Refusal::NoRule(Kind::RootCode))?;
                let (seed, _) = self.policy.seed_of(*account).ok_or(Refusal::NoRule(Kind::RootCode))?;
                self.must_be_held(seed)?;
                let account = NamedAccount { id: *account, name: known.name.clone() };
                Matter::RootCode { account, seed: seed.clone(), mode: *mode }
            }
            Wish::Drill { seed, mode } => {
                if !self.known(seed)?.practice {
                    return Err(Refusal::Seed(
                        seed.clone(),
                        "is of a real account, and drills use practice seeds",
                    ));
                }
                self.must_be_held(seed)?;
                Matter::Drill { seed: seed.clone(), mode: *mode }
            }
            Wish::Custody { seed, ceremony } => {
                let account = self.known(seed)?.account;
                self.must_be_ready(seed, *ceremony)?;
                let name =
                    |id| self.policy.account(id).map(|known| NamedAccount { id, name: known.name.clone() });
                Matter::Custody { account: account.and_then(name), seed: seed.clone(), ceremony: *ceremony }
            }
            Wish::Policy { policy } => Matter::Policy { version: policy.version() },
            Wish::LogKey { key } => {
                must_be_text("key", key, 500)?;
                Matter::LogKey { key: key.clone() }
            }
            Wish::Epoch { rollback } => {
                self.must_follow_from(rollback)?;
                Matter::Epoch { rollback: *rollback }
            }
            Wish::Unseal {} if self.state.sealed().is_none() => return Err(Refusal::NotSealed),
            Wish::Unseal {} => Matter::Unseal {},
        })
    }

    fn known(&self, seed: &SeedId) -> Result<&Seed, Refusal> {
        self.policy.seed(seed).ok_or_else(|| Refusal::Seed(seed.clone(), "is not in the policy"))
    }

    pub(super) fn must_be_held(&self, seed: &SeedId) -> Judged {
        let is_held = self.state.seed(seed).is_some_and(|held| held.is_held);
        must(Guard::SeedHeld, is_held, || Refusal::Seed(seed.clone(), "is not in custody"))
    }

    /// Whether a ceremony fits how the seed stands.
    pub(super) fn must_be_ready(&self, seed: &SeedId, ceremony: Ceremony) -> Judged {
        let wrong = |what| Err(Refusal::Seed(seed.clone(), what));
        match (self.state.seed(seed), ceremony) {
            (None, Ceremony::Enrol) => Ok(()),
            (Some(held), Ceremony::Rotate | Ceremony::Retire) if held.is_held => Ok(()),
            (Some(held), Ceremony::Enrol) if held.is_held => wrong("is in custody already: rotate it"),
            (Some(_), Ceremony::Enrol) => wrong("was retired: a new one gets a new name"),
            _ => wrong("is not in custody"),
        }
    }

    fn proposed(&self, wish: &Wish) -> Result<Option<Arc<Policy>>, Refusal> {
        let Wish::Policy { policy } = wish else { return Ok(None) };
        let policy = Policy::load((**policy).clone()).map_err(Refusal::Faults)?;
        self.must_follow(&policy)?;
        Ok(Some(Arc::new(policy)))
    }
}
