//! The calls of a rotation, and what signs each of them.

use std::time::Duration;

use kagimori_aws::{AccessKey, Cause, StsError};
use kagimori_session::credentials::{SessionCredentials, Signer};
use kagimori_session::plan::Call;
use kagimori_session::rotation::Rotation;
use kagimori_session::route::{Access, Target};
use kagimori_terminal::printer;

use super::Work;
use crate::broker::Broker;
use crate::error::{KagiError, quoted};
use crate::vault::StoredKey;

/// A new key takes some seconds to be known everywhere (IAM is eventually consistent).
const VERIFY_ATTEMPTS: u32 = 12;

impl Work<'_, '_> {
    /// Creates a key. It is in the vault before anything else happens: AWS shows the secret once.
    pub(super) fn create(&self) -> Result<String, KagiError> {
        let current = self.key()?;
        let created = self
            .with_signer(&current, |broker, signer| {
                broker
                    .client()?
                    .create_access_key(&self.iam, signer, self.context.now())
                    .map_err(|error| self.failed(error))
            })
            .inspect_err(|error| {
                // No key was made: what comes later is nobody's orphan. If this cannot be written, the next run asks.
                if !error.may_be_done() {
                    let _ = self.finish();
                }
            })?;
        let new = StoredKey {
            access_key_id: created.key.access_key_id.clone(),
            secret_access_key: created.key.secret_access_key,
            stored_at: self.now(),
            ..current.clone()
        };
        if let Err(error) = self.vault.put_note("pending", &self.profile, &new) {
            // It cannot be kept, and here it is known whose it is.
            self.delete(&current, &new.access_key_id)?;
            return Err(error);
        }
        printer::note(&format!("{} is created", new.access_key_id));
        Ok(new.access_key_id)
    }

    /// Calls AWS with the new key itself, until it is known there.
    pub(super) fn verify(&self) -> Result<(), KagiError> {
        let new =
            self.note("pending")?.ok_or_else(|| KagiError::Form("a rotation without its new key".into()))?;
        let key = new.key();
        let client = crate::broker::client(self.context, &self.profile)?;
        let mut pause = Duration::from_millis(250);
        for attempt in 1..=VERIFY_ATTEMPTS {
            match client.get_caller_identity(&self.sts, &Signer::LongTerm(&key), self.context.now()) {
                Ok(caller) if caller.arn == new.user_arn || !new.user_arn.starts_with("arn:") => {
                    return Ok(());
                }
                Ok(caller) => return Err(KagiError::WrongRole { got: caller.arn, wanted: new.user_arn }),
                Err(error) if error.cause() == Some(Cause::UnknownKey) && attempt < VERIFY_ATTEMPTS => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(4));
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
        Err(KagiError::Busy)
    }

    /// Signs with the new key: the old one could not repeat a call whose answer was lost. With a device the day's session is
    /// of the old key still, and serves as long as AWS takes it, so that nobody is asked for a second code.
    pub(super) fn deactivate(&self, old: &str) -> Result<(), KagiError> {
        let new = self.key()?;
        let previous = self.note("previous")?;
        if let Some(previous) = previous.filter(|_| self.has_device(&new)) {
            match self.set_active(&previous, old, false) {
                Err(error) if error.cause() == Some(Cause::UnknownKey) => {}
                other => return other,
            }
        }
        self.set_active(&new, old, false)
    }

    pub(super) fn has_device(&self, key: &StoredKey) -> bool {
        key.mfa_serial.is_some() || self.context.files.get(&self.profile, "mfa_serial").is_some()
    }

    /// An old key that somebody has deleted meanwhile cannot be gone back to: the new one stays.
    pub(super) fn activate_old(&self, current: &StoredKey, rotation: &Rotation) -> Result<(), KagiError> {
        match self.set_active(current, &rotation.old, true) {
            Err(error) if error.cause() == Some(Cause::NotFound) => {
                if let Some(new) = self.note("pending")? {
                    self.vault.put_key(&new)?;
                }
                self.finish()?;
                Err(KagiError::argument(
                    format!("{} is deleted at AWS and cannot be gone back to", rotation.old),
                    format!("the new key stays in use; try it with `kagi login {}`", quoted(&self.profile)),
                ))
            }
            other => other,
        }
    }

    pub(super) fn keys_at_aws(&self, by: &StoredKey) -> Result<Vec<AccessKey>, KagiError> {
        self.with_signer(by, |broker, signer| {
            broker
                .client()?
                .list_access_keys(&self.iam, signer, self.context.now())
                .map_err(|error| self.failed(error))
        })
    }

    pub(super) fn set_active(&self, by: &StoredKey, id: &str, active: bool) -> Result<(), KagiError> {
        self.with_signer(by, |broker, signer| {
            let client = broker.client()?;
            client
                .update_access_key(&self.iam, signer, id, active, self.context.now())
                .map_err(|error| self.failed(error))
        })
    }

    /// Deleting what is not there any more is done already: a crash may have come after the call.
    pub(super) fn delete(&self, by: &StoredKey, id: &str) -> Result<(), KagiError> {
        self.with_signer(by, |broker, signer| {
            match broker.client()?.delete_access_key(&self.iam, signer, id, self.context.now()) {
                Err(error) if error.cause() == Some(Cause::NotFound) => Ok(()),
                other => other.map_err(|error| self.failed(error)),
            }
        })
    }

    /// Signs by the MFA session of a key, since policies ask for MFA before keys are touched; by the key itself when
    /// its user has no device, since a session without MFA may not call IAM at all.
    pub(super) fn with_signer<T>(
        &self,
        key: &StoredKey,
        call: impl Fn(&Broker<'_, '_>, &Signer<'_>) -> Result<T, KagiError>,
    ) -> Result<T, KagiError> {
        let mut route = self.context.route(&Target::Profile(self.profile.clone()), &Access::Everyday)?;
        route.hops.clear();
        let broker = Broker::with_key(self.context, self.vault.clone(), route, key.clone())?;
        let session: Option<SessionCredentials> = match broker.plan.steps.first() {
            Some(step) if step.mfa_serial.is_some() && matches!(step.call, Call::GetSessionToken { .. }) => {
                Some(broker.session()?.credentials()?)
            }
            _ => None,
        };
        let long_term = key.key();
        let signer = session.as_ref().map_or(Signer::LongTerm(&long_term), Signer::Session);
        call(&broker, &signer)
    }

    pub(super) fn failed(&self, error: StsError) -> KagiError {
        KagiError::call(error, &format!("the user of `{}`", self.profile))
    }
}
