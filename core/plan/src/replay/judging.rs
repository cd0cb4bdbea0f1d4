//! Calls judged while they are read: so many classes of them at a time, each judged once and let go, so that a trail of any length
//! takes the memory of these.

use std::collections::BTreeSet;

use kagimori_id::AccessKeyId;
use kagimori_trail::call::Call;

use super::{Chain, Class, Classes, Evidence, Verdict};

/// How many classes are held before they are judged. A class that comes again afterwards is judged again: the more are held the fewer
/// do.
const CLASSES_MAX: usize = 1 << 14;

/// A fold over calls that judges them; see [`Chain::judging`].
pub struct Judging<'c, 'a> {
    chain: &'c Chain<'a>,
    counts: &'c (dyn Fn(&Class) -> bool + Sync),
    classes: Classes,
    classes_max: usize,
    found: Found,
}

/// What judged calls showed. Folds merge in any order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Found {
    /// Of the calls that count.
    pub evidence: Evidence,
    /// Of the others.
    pub suspected: Evidence,
    /// The keys of sessions that calls handed out which would be denied.
    pub(super) ended: BTreeSet<AccessKeyId>,
}

impl<'c, 'a> Judging<'c, 'a> {
    pub(super) fn new(chain: &'c Chain<'a>, counts: &'c (dyn Fn(&Class) -> bool + Sync)) -> Self {
        let classes = Classes::new(chain.telling().clone());
        Self { chain, counts, classes, classes_max: CLASSES_MAX, found: Found::default() }
    }

    /// Takes in a call, if the question is about it.
    pub fn add(&mut self, call: &Call) {
        if !self.chain.is_about(call) {
            return;
        }
        self.classes.add(call);
        if self.classes.len() >= self.classes_max {
            self.judge();
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Found {
        self.judge();
        self.found
    }

    fn judge(&mut self) {
        for class in self.classes.drain() {
            let judgement = self.chain.judge(&class);
            if !(self.counts)(&class) {
                self.found.suspected.add(&class, &judgement);
                continue;
            }
            self.found.evidence.add(&class, &judgement);
            if judgement.verdict == Verdict::NewlyDenied {
                self.found.ended.extend(class.issued);
            }
        }
    }
}

impl Found {
    /// With what another thread found.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.evidence.merge(other.evidence);
        self.suspected.merge(other.suspected);
        self.ended.extend(other.ended);
        self
    }
}

impl std::fmt::Debug for Judging<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judging").field("classes", &self.classes.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use kagimori_estate::access::Access;
    use kagimori_trail::call::{Call, CheckedResource, Outcome};

    use super::*;
    use crate::replay::tests::{allow, arn, call, changed, classes, estate};

    fn calls() -> Vec<Call> {
        let actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage"];
        let one = |time: i64| {
            let of = |many: i64| usize::try_from(time * 7 % many).unwrap();
            let resource = match of(5) {
                0 => CheckedResource::Unknown,
                _ => arn(&format!("arn:aws:s3:::b/{}", of(29))),
            };
            let outcome = [Outcome::Succeeded, Outcome::Succeeded, Outcome::Denied, Outcome::Failed][of(4)];
            Call {
                region: Some(["eu-west-1", "us-east-1"][of(2)].into()),
                ..call(time, actions[of(3)], resource, outcome)
            }
        };
        (0..400).map(one).collect()
    }

    /// However many are held at a time, and on however many threads: what all classes say, each judged once.
    #[test]
    fn few_at_a_time_say_what_all_at_once_say() {
        let estate = estate(&allow("s3:*", "*", r#"{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#));
        let after = changed(&estate, &allow("s3:*Object", "arn:aws:s3:::b/1*", ""));
        let (before, after) = (Access::of(&estate), Access::of(&after));
        let chain = Chain::new(&before, &after, &[], None);
        let (calls, counts) = (calls(), |class: &Class| class.call.region.as_deref() == Some("eu-west-1"));
        let (mut evidence, mut suspected) = (Evidence::default(), Evidence::default());
        for class in &classes(&calls, chain.telling().clone()) {
            let slot = if counts(class) { &mut evidence } else { &mut suspected };
            slot.add(class, &chain.judge(class));
        }
        assert!(evidence.totals.newly_denied > 20 && evidence.totals.still_allowed > 10, "{evidence:?}");
        assert!(suspected.totals.unexplained > 20, "{suspected:?}");
        for (classes_max, threads) in [(1, 1), (3, 2), (7, 5), (1_000, 1), (1_000, 3)] {
            let found = (0..threads).map(|thread| {
                let mut judging = Judging { classes_max, ..chain.judging(&counts) };
                calls.iter().skip(thread).step_by(threads).for_each(|call| judging.add(call));
                judging.finish()
            });
            let found = found.reduce(Found::and).unwrap();
            assert_eq!(
                (found.evidence, found.suspected),
                (evidence.clone(), suspected.clone()),
                "{classes_max}"
            );
        }
    }
}
