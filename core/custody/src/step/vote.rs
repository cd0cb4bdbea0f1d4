//! People decide: yes, no, stop, and afterwards the review.

use std::net::IpAddr;

use super::{Judged, Turn, must, must_be_text};
use crate::ask::Kind;
use crate::digest::Digest;
use crate::effect::{Effect, News};
use crate::event::{Finding, Proof};
use crate::guard::{Guard, holds};
use crate::name::{PersonId, RequestId};
use crate::policy::{Being, Tier};
use crate::refusal::Refusal;
use crate::request::{Approval, How, Request, Review, Stage};

impl Turn<'_> {
    pub(super) fn approve(
        &mut self,
        id: &RequestId,
        by: &PersonId,
        from: Option<IpAddr>,
        proof: &Proof,
        share: Option<Digest>,
    ) -> Judged {
        let mut request = self.in_time(id)?;
        must(Guard::NotSelf, request.ask.by != *by, || Refusal::OwnRequest)?;
        must(Guard::Approver, self.approves(&request, by), || Refusal::NotApprover(by.clone()))?;
        must(Guard::ApproverNotOperator, request.operator() != Some(by), || Refusal::TookPart(by.clone()))?;
        self.must_be_proof(by, proof)?;
        if !self.policy.is_allowed_from(|networks| &networks.approvers, from) {
            return Err(Refusal::Place);
        }
        must(Guard::FirstVote, !request.approvals.contains_key(by), || Refusal::ApprovedAlready)?;
        must(Guard::ShareTravels, share.is_some() || !self.wants_share(&request, by), || Refusal::NoShare)?;
        let approval = Approval { at: self.now, proof: proof.clone(), share };
        request.approvals.insert(by.clone(), approval);
        let is_enough = request.has_quorum(self.state, self.policy, self.now);
        if request.stage == Stage::Pending && holds(Guard::QuorumFirst, is_enough) {
            self.approved(&mut request);
        } else {
            self.tell_approvers(&request, News::ApprovedBy(by.clone()));
        }
        self.state.put(request);
        Ok(())
    }

    /// Whether the seed cannot be opened without this approver's share. A program holds none.
    fn wants_share(&self, request: &Request, by: &PersonId) -> bool {
        let seed = request.ask.matter.seed().filter(|_| request.ask.kind() != Kind::Custody);
        let tier = seed.and_then(|seed| self.policy.seed(seed)).map(|seed| seed.tier);
        let is_person = self.policy.person(by).is_some_and(|person| person.is == Being::Person);
        is_person && matches!(tier, Some(Tier::T1 | Tier::T2))
    }

    fn approved(&mut self, request: &mut Request) {
        request.stage = Stage::Approved;
        request.approved_at = Some(self.now);
        let id = request.ask.id.clone();
        match request.ask.kind() {
            Kind::RootCode | Kind::Drill => {
                self.effects.push(Effect::MakePin { request: id });
                self.tell_operators(request, News::Approved);
            }
            Kind::Custody => self.tell_operators(request, News::Approved),
            Kind::Govern => {
                self.tell_those_of(request, News::Approved);
                self.effects.push(Effect::ApplyNext { request: id });
            }
        }
    }

    pub(super) fn deny(&mut self, id: &RequestId, by: &PersonId, reason: &str) -> Judged {
        let request = self.live(id)?;
        must_be_text("reason", reason, 2000)?;
        must(Guard::MayDeny, self.approves(&request, by), || Refusal::NotTheirs(by.clone()))?;
        // A no counts whenever something can still be stopped (Teleport ignores it after the first decision: #10018).
        if request.stage != Stage::Pending && holds(Guard::LateNo, false) {
            return Err(Refusal::NotNow(request.word()));
        }
        self.end(request, How::Denied, Some(by), Some(reason));
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: &RequestId, by: &PersonId) -> Judged {
        let request = self.live(id)?;
        must(Guard::MayDeny, request.ask.by == *by, || Refusal::NotTheirs(by.clone()))?;
        self.end(request, How::Cancelled, Some(by), None);
        Ok(())
    }

    pub(super) fn kill(&mut self, id: &RequestId, by: &PersonId, reason: &str) -> Judged {
        let request = self.live(id)?;
        must_be_text("reason", reason, 2000)?;
        let operates = self.rule(&request).is_ok_and(|rule| self.policy.is_in_any(by, &rule.operators));
        let may =
            request.ask.by == *by || operates || self.approves(&request, by) || self.policy.is_auditor(by);
        must(Guard::MayDeny, may, || Refusal::NotTheirs(by.clone()))?;
        self.end(request, How::Killed, Some(by), Some(reason));
        Ok(())
    }

    pub(super) fn expire(&mut self, id: &RequestId) -> Judged {
        let request = self.live(id)?;
        let deadline = request.deadline().unwrap_or(self.now);
        must(Guard::NotEarly, deadline <= self.now, || Refusal::NotOver(deadline))?;
        let how = if request.releases.is_empty() { How::Expired } else { How::Closed };
        self.end(request, how, None, None);
        Ok(())
    }

    pub(super) fn review(
        &mut self,
        id: &RequestId,
        by: &PersonId,
        from: Option<IpAddr>,
        (proof, evidence, finding): (&Proof, Digest, &Finding),
    ) -> Judged {
        let mut request = self.request(id)?;
        must(Guard::ReviewOwed, request.owes_review(), || Refusal::NoReview)?;
        let reviews = self.reviewers(&request).contains(by);
        must(Guard::Reviewer, reviews, || Refusal::NotTheirs(by.clone()))?;
        must(Guard::ReviewerApart, !request.took_part(by), || Refusal::TookPart(by.clone()))?;
        self.must_be_proof(by, proof)?;
        if !self.policy.is_allowed_from(|networks| &networks.reviewers, from) {
            return Err(Refusal::Place);
        }
        if let Finding::Concern { what } = finding {
            must_be_text("concern", what, 2000)?;
        }
        let (finding, proof) = (finding.clone(), proof.clone());
        let is_fine = matches!(finding, Finding::Fine {});
        request.review = Some(Review { by: by.clone(), at: self.now, proof, evidence, finding });
        if is_fine {
            self.tell_those_of(&request, News::Reviewed);
        } else {
            self.tell_all(News::Concern, Some(id));
        }
        self.state.put(request);
        Ok(())
    }
}
