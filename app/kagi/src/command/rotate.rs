//! `kagi rotate`: does what `kagimori_session::rotation` says next, and writes each state down before its step.

use std::process::ExitCode;
use std::time::Duration;

use kagimori_session::credentials::{SessionCredentials, Signer};
use kagimori_session::endpoint::{Endpoint, Service};
use kagimori_session::plan::Call;
use kagimori_session::rotation::{Action, Facts, Rotation, State};
use kagimori_session::route::{Access, Target, rfc3339};
use kagimori_session::value::seconds;
use kagimori_sts::{Cause, StsError};

use super::target::default_profile;
use super::vault::with_context;
use crate::args;
use crate::broker::Broker;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::lock::lock;
use crate::log;
use crate::printer;
use crate::vault::{StoredKey, Vault};

/// A new key takes some seconds to be known everywhere (IAM is eventually consistent).
const VERIFY_ATTEMPTS: u32 = 12;
/// No state machine of six states needs more.
const MOST_STEPS: u32 = 20;

/// `kagi rotate`
pub(crate) fn run(arguments: &args::Rotate) -> Result<ExitCode, KagiError> {
    let grace_seconds = i64::from(seconds(&arguments.grace)?);
    with_context(|context| {
        let vault = context.vault()?;
        let profile = default_profile(arguments.profile.as_deref());
        let _lock = lock(&vault.lock_path("rotate"), Duration::from_secs(1))?;
        let work = Work::new(context, &vault, profile, grace_seconds)?;
        if arguments.status {
            return work.status();
        }
        if arguments.undo {
            work.begin_undo()?;
        }
        work.go_on()
    })
}

struct Work<'c, 'a> {
    context: &'c Context<'a>,
    vault: &'c Vault,
    profile: String,
    iam: Endpoint,
    sts: Endpoint,
    grace_seconds: i64,
}

impl<'c, 'a> Work<'c, 'a> {
    fn new(
        context: &'c Context<'a>,
        vault: &'c Vault,
        profile: String,
        grace_seconds: i64,
    ) -> Result<Self, KagiError> {
        let iam = context.endpoint(Service::Iam, &profile)?;
        let sts = context.endpoint(Service::Sts, &profile)?;
        Ok(Self { context, vault, profile, iam, sts, grace_seconds })
    }

    fn status(&self) -> Result<ExitCode, KagiError> {
        let text = match self.journal()? {
            Some(rotation) => rotation.sentence(self.grace_seconds),
            None => format!("no rotation of `{}` is under way", self.profile),
        };
        printer::data(&format!("{text}\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    fn begin_undo(&self) -> Result<(), KagiError> {
        let Some(rotation) = self.journal()? else {
            return Err(KagiError::argument(
                format!("no rotation of `{}` is under way", self.profile),
                "once the old key is deleted nothing can bring it back",
            ));
        };
        let pending = self.note("pending")?.map(|key| key.access_key_id);
        if let (State::Creating { existing }, None) = (&rotation.state, &pending) {
            self.delete_orphans(existing)?;
        }
        self.write(&rotation.undoing(pending.as_deref()))
    }

    /// A key that was created and whose secret nobody has seen.
    fn delete_orphans(&self, existing: &[String]) -> Result<(), KagiError> {
        let current = self.key()?;
        let keys = self.keys_at_aws(&current)?;
        keys.iter().filter(|key| !existing.contains(key)).try_for_each(|orphan| self.delete(&current, orphan))
    }

    /// Step by step until there is nothing to do now.
    fn go_on(&self) -> Result<ExitCode, KagiError> {
        let current = self.key()?;
        let rotation = match self.journal()? {
            Some(rotation) => rotation,
            None => {
                let keys = self.keys_at_aws(&current)?;
                let rotation = Rotation::begin(&current.access_key_id, &keys);
                self.write(&rotation)?;
                rotation
            }
        };
        let mut rotation = rotation;
        for _ in 0..MOST_STEPS {
            match self.step(&rotation)? {
                Some(next) => {
                    self.write(&next)?;
                    rotation = next;
                }
                None => return Ok(ExitCode::SUCCESS),
            }
        }
        Err(KagiError::Form("a rotation that does not end".into()))
    }

    /// Does the next step; the state after it, or nothing when there is nothing left to do now.
    fn step(&self, rotation: &Rotation) -> Result<Option<Rotation>, KagiError> {
        let pending = self.note("pending")?;
        let keys = match rotation.state {
            State::Creating { .. } => self.keys_at_aws(&self.key()?)?,
            _ => Vec::new(),
        };
        let facts = Facts {
            keys: &keys,
            pending: pending.as_ref().map(|key| key.access_key_id.as_str()),
            now: self.now(),
            grace_seconds: self.grace_seconds,
        };
        let after = |state| Some(Rotation { old: rotation.old.clone(), state });
        Ok(match rotation.next(&facts) {
            Action::DeleteOrphan(id) => {
                self.delete(&self.key()?, &id)?;
                Some(rotation.clone())
            }
            Action::Create => after(State::Created { new: self.create()? }),
            Action::Found(new) => after(State::Created { new }),
            Action::Verify(new) => {
                self.verify()?;
                after(State::Verified { new })
            }
            Action::MakeCurrent(new) => {
                self.make_current(rotation)?;
                after(State::Current { new })
            }
            Action::Deactivate(old) => {
                self.set_active(&self.note_or_key("previous")?, &old, false)?;
                printer::note(&format!("{old} is deactivated"));
                let new = self.key()?.access_key_id;
                after(State::Deactivated { new, at: self.now() })
            }
            Action::Wait { until } => {
                self.say_wait(rotation, until);
                None
            }
            Action::Delete(old) => {
                self.delete(&self.key()?, &old)?;
                printer::note(&format!("{old} is deleted"));
                self.finish()?;
                None
            }
            Action::Undo { new } => {
                self.undo(rotation, new.as_deref())?;
                None
            }
            Action::NoRoom(other) => {
                self.finish()?;
                return Err(KagiError::argument(
                    format!("the user has a second access key, {other}, and AWS allows two"),
                    format!(
                        "delete it if nothing uses it (`aws iam delete-access-key --access-key-id {other}`)"
                    ),
                ));
            }
            Action::OldIsGone => {
                self.finish()?;
                return Err(KagiError::argument(
                    format!("{} is not one of the user's keys any more", rotation.old),
                    format!("run `kagi add {}` with the present key", quoted(&self.profile)),
                ));
            }
        })
    }

    fn say_wait(&self, rotation: &Rotation, until: i64) {
        let until = jiff::Timestamp::from_second(until).map(rfc3339).unwrap_or_default();
        let profile = quoted(&self.profile);
        printer::note(&format!(
            "{} stays, deactivated, until {until}: run `kagi rotate {profile}` again then, or `kagi rotate --undo \
             {profile}` if something breaks",
            rotation.old
        ));
    }

    /// Creates a key. It is in the vault before anything else happens: AWS shows the secret once.
    fn create(&self) -> Result<String, KagiError> {
        let current = self.key()?;
        let created = self.with_signer(&current, |broker, signer| {
            broker
                .client()?
                .create_access_key(&self.iam, signer, self.context.now())
                .map_err(|error| self.failed(error))
        })?;
        let new = StoredKey {
            access_key_id: created.key.access_key_id.clone(),
            secret_access_key: created.key.secret_access_key,
            stored_at: self.now(),
            ..current
        };
        self.vault.put_note("pending", &self.profile, &new)?;
        printer::note(&format!("{} is created", new.access_key_id));
        Ok(new.access_key_id)
    }

    /// Calls AWS with the new key itself, until it is known there.
    fn verify(&self) -> Result<(), KagiError> {
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

    fn make_current(&self, rotation: &Rotation) -> Result<(), KagiError> {
        let new =
            self.note("pending")?.ok_or_else(|| KagiError::Form("a rotation without its new key".into()))?;
        let current = self.key()?;
        // After a crash between these lines the current key is the new one already.
        if current.access_key_id == rotation.old {
            self.vault.put_note("previous", &self.profile, &current)?;
        }
        self.vault.put_key(&new)?;
        self.log("key-rotated", &new.access_key_id);
        printer::note(&format!("{} is verified and in use", new.access_key_id));
        Ok(())
    }

    fn undo(&self, rotation: &Rotation, new: Option<&str>) -> Result<(), KagiError> {
        let current = self.key()?;
        let previous = self.note("previous")?;
        if let Some(previous) = previous {
            self.set_active(&current, &rotation.old, true)?;
            self.vault.put_key(&previous)?;
            self.log("key-rotation-undone", &previous.access_key_id);
        }
        if let Some(new) = new {
            self.delete(&self.key()?, new)?;
        }
        self.finish()?;
        printer::note(&format!("{} is in use again", rotation.old));
        Ok(())
    }

    fn keys_at_aws(&self, by: &StoredKey) -> Result<Vec<String>, KagiError> {
        let keys = self.with_signer(by, |broker, signer| {
            broker
                .client()?
                .list_access_keys(&self.iam, signer, self.context.now())
                .map_err(|error| self.failed(error))
        })?;
        Ok(keys.into_iter().map(|key| key.id).collect())
    }

    fn set_active(&self, by: &StoredKey, id: &str, active: bool) -> Result<(), KagiError> {
        self.with_signer(by, |broker, signer| {
            let client = broker.client()?;
            client
                .update_access_key(&self.iam, signer, id, active, self.context.now())
                .map_err(|error| self.failed(error))
        })
    }

    /// Deleting what is not there any more is done already: a crash may have come after the call.
    fn delete(&self, by: &StoredKey, id: &str) -> Result<(), KagiError> {
        self.with_signer(by, |broker, signer| {
            match broker.client()?.delete_access_key(&self.iam, signer, id, self.context.now()) {
                Err(error) if error.cause() == Some(Cause::NotFound) => Ok(()),
                other => other.map_err(|error| self.failed(error)),
            }
        })
    }

    /// Signs by the MFA session of a key, since policies ask for MFA before keys are touched; by the key itself when
    /// its user has no device, since a session without MFA may not call IAM at all.
    fn with_signer<T>(
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

    fn key(&self) -> Result<StoredKey, KagiError> {
        self.vault.key(&self.profile)?.ok_or_else(|| KagiError::NoKey(self.profile.clone()))
    }

    fn note(&self, kind: &'static str) -> Result<Option<StoredKey>, KagiError> {
        self.vault.note(kind, &self.profile)
    }

    fn note_or_key(&self, kind: &'static str) -> Result<StoredKey, KagiError> {
        match self.note(kind)? {
            Some(key) => Ok(key),
            None => self.key(),
        }
    }

    fn journal(&self) -> Result<Option<Rotation>, KagiError> {
        self.vault.note("rotation", &self.profile)
    }

    fn write(&self, rotation: &Rotation) -> Result<(), KagiError> {
        self.vault.put_note("rotation", &self.profile, rotation)
    }

    /// Forgets the rotation; the journal first, since without it the other notes mean nothing.
    fn finish(&self) -> Result<(), KagiError> {
        for kind in ["rotation", "pending", "previous"] {
            self.vault.remove_note(kind, &self.profile)?;
        }
        Ok(())
    }

    fn log(&self, event: &str, access_key_id: &str) {
        let access_key_id = Some(access_key_id.to_owned());
        log::append(
            self.vault,
            log::Event { access_key_id, ..log::event(event, &self.profile, self.context.now()) },
        );
    }

    fn failed(&self, error: StsError) -> KagiError {
        KagiError::call(error, &format!("the user of `{}`", self.profile))
    }

    fn now(&self) -> i64 {
        self.context.now().as_second()
    }
}
