//! One code. Everything is checked first; what was cosigned and the step are on the disk before the code is made.

use kagimori_custody::RequestId;
use kagimori_ledger::Checkpoint;
use kagimori_ledger::epoch::Head;
use kagimori_sealing::boxed::PublicKey;
use kagimori_sealing::follow::NoGrant;
use kagimori_sealing::protocol::{Answer, FOR_CODE, Refused, Why};
use kagimori_sealing::{Code, Seed};
use ring::rand::SecureRandom;

use super::{Answered, Vault, disk_failed, instant, refused};
use crate::moment::Moment;
use crate::used::UsedError;

/// The wall clock may have been set by so much since the vault began (desk.md T11).
const MOST_SET_SECONDS: u64 = 2;

/// A release is answered within so long of this machine's own clock.
const MOST_UP_SECONDS: u64 = 120;

impl Vault {
    pub(super) fn code(
        &mut self,
        id: &RequestId,
        leaf: u64,
        checkpoint: &str,
        now: &Moment,
        random: &dyn SecureRandom,
    ) -> Answered {
        self.must_be_trusted()?;
        self.must_be_the_time(now)?;
        let granted = self.follower.grant(id, leaf, checkpoint, &self.settings.trust, instant(now));
        let (grant, proof) = granted.map_err(|no| no_grant(&no))?;
        self.must_be_of_this_machine(id, leaf, now)?;
        self.used.must_be_fresh(&grant.seed, grant.step).map_err(unspent)?;
        let record = self.record(&grant.seed, grant.generation)?;
        let page = page(&grant.viewer.0)?;
        let key = self.opened(&record, &grant, now)?;
        let seed = record.sealed.open(&key).map_err(|error| {
            refused(Why::Shares, error, "the approvers give their shares again, in a new request; if it fails again, restore the vault's folder `seeds`")
        })?;
        self.has_seen(head_of(checkpoint, self)?).map_err(disk_failed)?;
        self.spend(&grant.seed, grant.step, seed.form().period(), now)?;
        let code = seed
            .code_at(grant.step, proof)
            .ok_or_else(|| refused(Why::Clock, "the grant is for another step", "release the next code"))?;
        sealed(&code, &page, grant.step, &seed, random)
    }

    pub(super) fn spend(
        &mut self,
        seed: &kagimori_custody::SeedId,
        step: u64,
        period: u32,
        now: &Moment,
    ) -> Result<(), Refused> {
        self.used.spend(&mut self.disk, seed, step, period, now).map_err(unspent)
    }

    fn must_be_trusted(&self) -> Result<(), Refused> {
        if let Some(why) = self.trouble.first() {
            return Err(refused(
                Why::Files,
                why,
                "release nothing until somebody has looked at log and vault; start it again when it is right",
            ));
        }
        let (size, seen) = (self.follower.head().size, self.seen.map_or(0, |seen| seen.head.size));
        if self.is_another {
            return Err(refused(
                Why::Files,
                format!("the first {seen} entries of the log are not those that the witness had cosigned"),
                "release nothing until somebody has looked at log and vault; a quorum can begin a new epoch of the log (`kagimori-desk doctor`)",
            ));
        }
        if size < seen {
            let message = format!(
                "the vault has seen {seen} entries cosigned, and was given {size}: the log is older than the vault's files"
            );
            return Err(refused(
                Why::Log,
                message,
                "give it the rest of the log; if that is all, the log was rolled back: release nothing, and let a quorum begin a new epoch of it",
            ));
        }
        Ok(())
    }

    fn must_be_the_time(&self, now: &Moment) -> Result<(), Refused> {
        let set = now.set_since(&self.started).unwrap_or_default();
        if set.unsigned_abs() <= MOST_SET_SECONDS {
            return Ok(());
        }
        let message = format!("the wall clock was set by {set} s since the vault began");
        Err(refused(
            Why::Clock,
            message,
            "compare the clock with others; when it is right, start the vault again",
        ))
    }

    /// The clocks that the release tells of are those of this start of this machine.
    fn must_be_of_this_machine(&self, id: &RequestId, leaf: u64, now: &Moment) -> Result<(), Refused> {
        let clock = self.clocks.iter().find(|(request, index, _)| request == id && *index == leaf);
        let is_ours = clock.is_some_and(|(_, _, clock)| {
            clock.boot == now.boot && clock.up_seconds.abs_diff(now.up_seconds) <= MOST_UP_SECONDS
        });
        if is_ours {
            return Ok(());
        }
        let message = "the release tells of another start of the machine, or of more than two minutes ago";
        Err(refused(Why::Clock, message, "ask the vault for its clock, and release the next code"))
    }
}

fn unspent(error: UsedError) -> Refused {
    match error {
        UsedError::Used { .. } => refused(Why::StepUsed, error, "wait for the next code, 30 seconds at most"),
        UsedError::TooFar => {
            refused(Why::Clock, error, "look at the clock of the custody host, then start the vault again")
        }
        UsedError::Damaged(_) | UsedError::Disk(_) => disk_failed(error),
    }
}

pub(super) fn page(key: &str) -> Result<PublicKey, Refused> {
    PublicKey::parse(key).map_err(|error| refused(Why::Refused, error, "open the page again"))
}

/// A code for one page, and from when to when it counts.
pub(super) fn sealed(
    code: &Code,
    page: &PublicKey,
    step: u64,
    seed: &Seed,
    random: &dyn SecureRandom,
) -> Answered {
    let code = page.seal(FOR_CODE, b"", code.expose().as_bytes(), random);
    let code =
        code.map_err(|error| refused(Why::Machine, error, "open the page again, and release the next code"))?;
    let period = i64::from(seed.form().period());
    let from = i64::try_from(step).unwrap_or(i64::MAX).saturating_mul(period);
    Ok(Answer::Code { code, step, from, until: from.saturating_add(period) })
}

pub(super) fn no_grant(no: &NoGrant) -> Refused {
    let why = match no {
        NoGrant::Checkpoint(_)
        | NoGrant::NoWitness
        | NoGrant::NotCovered { .. }
        | NoGrant::OtherLog { .. }
        | NoGrant::OtherEpoch { .. } => Why::Checkpoint,
        NoGrant::Refused(_) => Why::Refused,
        NoGrant::NotNow { .. } => Why::Clock,
    };
    refused(why, no, no.hint())
}

/// Size and root of a checkpoint that was believed a moment ago.
fn head_of(checkpoint: &str, vault: &Vault) -> Result<Head, Refused> {
    let trusted = vault.settings.trust.of_epoch(checkpoint).check(checkpoint);
    let trusted = trusted.map_err(|error| refused(Why::Checkpoint, &error, error.hint()))?;
    let checkpoint: &Checkpoint = &trusted.checkpoint;
    Ok(Head { size: checkpoint.size(), root: *checkpoint.root() })
}
