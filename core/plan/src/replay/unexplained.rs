//! Calls that succeeded though the policies of the snapshot deny them, and calls whose other half another account decides.

use std::borrow::Cow;

use kagimori_estate::access::{Access, Question, Subject};
use kagimori_policy::policies::Layer;
use kagimori_trail::call::Check;

use super::judge::before_is_not_after;
use super::outsider::is_same_for_outsiders;
use super::said::{Said, said};
use super::{Denial, Replay, Told, Verdict, Why};

impl Replay<'_> {
    /// The same of a call that was let in.
    pub(super) fn said_let_in(
        &self,
        call: &Told<'_>,
        (before, after): (&Subject, &Subject),
        check: &Check,
        question: &Question,
    ) -> (Said, Said) {
        let later = call.later(question);
        let was = self.before.asking(before, question).let_in();
        let is = match &later {
            Cow::Borrowed(_) => self.after.asking_beside(after, question, &was),
            Cow::Owned(later) => self.after.asking(after, later),
        };
        let is = is.let_in();
        (said(self.before, before, check, question, &was), said(self.after, after, check, &later, &is))
    }

    /// A call that succeeded though the policies of the snapshot deny it: something that nobody gave allowed it. Whatever that was, what
    /// every Allow needs beside it may be gone, or it may be the policy that changes.
    pub(super) fn judge_unexplained(
        &self,
        call: &Told<'_>,
        check: &Check,
        question: &Question,
        (before, after): (&Subject, &Subject),
        (was, is): (&Said, &Said),
    ) -> (Verdict, Why) {
        let unexplained = |layer: &Layer, is_explicit: &bool| {
            (Verdict::Unexplained, Why::Denied(Denial { layer: *layer, is_explicit: *is_explicit }))
        };
        let Said::Denied(layer, is_explicit) = was else {
            return (Verdict::CannotTell, Why::UnexplainedLoss);
        };
        if *is_explicit {
            return unexplained(layer, is_explicit);
        }
        let denied = |layer: Layer, is_explicit: bool| {
            (Verdict::NewlyDenied, Why::Denied(Denial { layer, is_explicit }))
        };
        if let Said::Denied(layer, true) = is {
            return denied(*layer, true);
        }
        let owner = question.resource_account.unwrap_or(after.account);
        if !is_same_for_outsiders((self.before, self.after), question, owner) {
            return (Verdict::CannotTell, Why::UnexplainedLoss);
        }
        if !before_is_not_after(self, before, after) {
            return unexplained(layer, is_explicit);
        }
        let free = |access: &Access<'_>, subject: &Subject| access.with_every_permission(subject);
        let (had, has) = (free(self.before, before), free(self.after, after));
        match self.said_let_in(call, (&had, &has), check, question) {
            (Said::Denied(..), _) | (_, Said::Allowed) => unexplained(layer, is_explicit),
            // A policy of the resource that names the caller needs no boundary's leave (`access_policies_boundaries`).
            (_, Said::Denied(layer @ (Layer::ServiceControl | Layer::ResourceControl), is_explicit)) => {
                denied(layer, is_explicit)
            }
            (was, is) if was == is => unexplained(layer, is_explicit),
            _ => (Verdict::CannotTell, Why::UnexplainedLoss),
        }
    }
}

#[cfg(test)]
mod tests;
