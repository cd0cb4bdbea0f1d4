//! `kagi rotate`: does what `kagimori_session::rotation` says next, and writes each state down before its step.

mod calls;
mod names;
mod say;

use std::process::ExitCode;
use std::time::Duration;

use kagimori_aws::AccessKey;
use kagimori_session::endpoint::{Endpoint, Service};
use kagimori_session::rotation::{Action, Facts, Rotation, State, Word};
use kagimori_session::route::{Access, Target};
use kagimori_session::value::{seconds, shown};
use kagimori_terminal::printer;

use super::target::default_profile;
use super::vault::with_context;
use crate::args;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::lock::lock;
use crate::log;
use crate::vault::{StoredKey, Vault};

/// No state machine of six states needs more.
const MOST_STEPS: u32 = 20;

/// `kagi rotate`
pub(crate) fn run(arguments: &args::Rotate) -> Result<ExitCode, KagiError> {
    let grace_seconds = arguments.grace.as_deref().map(seconds).transpose()?.map(i64::from);
    with_context(|context| {
        let vault = context.vault()?;
        let profile = names::leader(&vault, default_profile(arguments.profile.as_deref()))?;
        let profile = key_of(context, &vault, profile)?;
        let _lock = lock(&vault.lock_path("rotate"), Duration::from_secs(1))?;
        let work = Work { word: word(arguments), ..Work::new(context, &vault, profile, grace_seconds)? };
        if arguments.status {
            return work.status();
        }
        work.check_word()?;
        if arguments.undo {
            work.begin_undo()?;
        }
        work.go_on()
    })
}

/// A role has no key of its own: whoever names it may mean the key it begins with, and is told its name.
fn key_of(context: &Context<'_>, vault: &Vault, profile: String) -> Result<String, KagiError> {
    if vault.key(&profile)?.is_some() {
        return Ok(profile);
    }
    let Ok(route) = context.route(&Target::Profile(profile.clone()), &Access::Everyday) else {
        return Ok(profile);
    };
    if route.key_profile == profile || vault.key(&route.key_profile)?.is_none() {
        return Ok(profile);
    }
    let source = quoted(&route.key_profile);
    Err(KagiError::argument(
        format!("`{}` has no key of its own: it begins with the one of `{source}`", shown(&profile)),
        format!("`kagi rotate {source}`"),
    ))
}

fn word(arguments: &args::Rotate) -> Option<Word> {
    let deleted = arguments.delete_lost.clone().map(Word::DeleteLost);
    deleted.or_else(|| arguments.keep.clone().map(Word::Keep))
}

struct Work<'c, 'a> {
    context: &'c Context<'a>,
    vault: &'c Vault,
    profile: String,
    iam: Endpoint,
    sts: Endpoint,
    grace_seconds: Option<i64>,
    word: Option<Word>,
}

impl<'c, 'a> Work<'c, 'a> {
    fn new(
        context: &'c Context<'a>,
        vault: &'c Vault,
        profile: String,
        grace_seconds: Option<i64>,
    ) -> Result<Self, KagiError> {
        let iam = context.endpoint(Service::Iam, &profile)?;
        let sts = context.endpoint(Service::Sts, &profile)?;
        Ok(Self { context, vault, profile, iam, sts, grace_seconds, word: None })
    }

    fn status(&self) -> Result<ExitCode, KagiError> {
        let text = match self.journal()? {
            Some(rotation) => rotation.sentence(),
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
        if let (State::Creating { .. }, None) = (&rotation.state, &pending) {
            self.settle_lost(&rotation)?;
        }
        self.write(&rotation.undoing(pending.as_deref()))
    }

    fn facts<'f>(
        &'f self,
        rotation: &Rotation,
        ids: &'f [String],
        keys: &[AccessKey],
        pending: Option<&'f str>,
    ) -> Facts<'f> {
        Facts {
            keys: ids,
            old_is_active: keys.iter().find(|key| key.id == rotation.old).map(|key| key.active),
            word: self.word.as_ref(),
            pending,
            now: self.now(),
        }
    }

    /// Step by step until there is nothing to do now.
    fn go_on(&self) -> Result<ExitCode, KagiError> {
        // What was seen at the beginning is what the first step goes by: between two looks somebody may make a key.
        let (mut rotation, mut seen) = match self.journal()? {
            Some(rotation) => (self.with_grace(rotation)?, None),
            None => {
                let current = self.key()?;
                let keys = self.keys_at_aws(&current)?;
                let rotation = Rotation::begin(&current.access_key_id, &ids(&keys));
                // A run that was killed while it forgot its rotation may have left the key that is now in use as pending.
                for kind in ["pending", "previous"] {
                    self.vault.remove_note(kind, &self.profile)?;
                }
                let rotation = Rotation {
                    grace_seconds: self.grace_seconds.unwrap_or(rotation.grace_seconds),
                    ..rotation
                };
                self.write(&rotation)?;
                (rotation, Some(keys))
            }
        };
        for _ in 0..MOST_STEPS {
            match self.step(&rotation, seen.take())? {
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
    fn step(&self, rotation: &Rotation, seen: Option<Vec<AccessKey>>) -> Result<Option<Rotation>, KagiError> {
        let pending = self.note("pending")?;
        let keys = match (seen, &rotation.state) {
            (Some(keys), _) => keys,
            (None, State::Creating { .. }) => self.keys_at_aws(&self.key()?)?,
            (None, State::Deactivated { at, .. }) if self.now() >= at + rotation.grace_seconds => {
                self.keys_at_aws(&self.key()?)?
            }
            _ => Vec::new(),
        };
        let ids = ids(&keys);
        let pending = pending.as_ref().map(|key| key.access_key_id.as_str());
        let facts = self.facts(rotation, &ids, &keys, pending);
        let after = |state| Some(rotation.with(state));
        Ok(match rotation.next(&facts) {
            Action::AskAbout(new) => return Err(self.ask_about(&new, &keys)),
            Action::DeleteLost(id) => {
                self.delete(&self.key()?, &id)?;
                printer::note(&format!("{id} is deleted"));
                Some(rotation.clone())
            }
            Action::OldIsInUse(old) => return Err(self.in_use(&old)),
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
                self.deactivate(&old)?;
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
                        "find out who uses it, perhaps kagi on another machine (`aws iam get-access-key-last-used \
                         --access-key-id {other}`); once nobody does, delete it in IAM and run this again"
                    ),
                ));
            }
            Action::OldIsGone => {
                self.finish()?;
                return Err(KagiError::argument(
                    format!("{} is not one of the user's keys any more", rotation.old),
                    format!("run `kagi add --replace {}` with the present key", quoted(&self.profile)),
                ));
            }
        })
    }

    fn make_current(&self, rotation: &Rotation) -> Result<(), KagiError> {
        let new =
            self.note("pending")?.ok_or_else(|| KagiError::Form("a rotation without its new key".into()))?;
        let current = self.key()?;
        // After a crash between these lines the current key is the new one already.
        if current.access_key_id == rotation.old {
            self.vault.put_note("previous", &self.profile, &current)?;
        }
        let names = self.move_names(&rotation.old, &new)?;
        self.log("key-rotated", &new.access_key_id);
        printer::note(&format!("{} is verified and in use{names}", new.access_key_id));
        Ok(())
    }

    fn undo(&self, rotation: &Rotation, new: Option<&str>) -> Result<(), KagiError> {
        let current = self.key()?;
        let previous = self.note("previous")?;
        if let Some(previous) = previous {
            self.activate_old(&current, rotation)?;
            self.move_names(new.unwrap_or(&current.access_key_id), &previous)?;
            self.log("key-rotation-undone", &previous.access_key_id);
        }
        if let Some(new) = new {
            self.delete(&self.key()?, new)?;
        }
        self.finish()?;
        printer::note(&format!("{} is in use again", rotation.old));
        Ok(())
    }

    /// What was lost is spoken of only where something may be: a word never begins a rotation.
    fn check_word(&self) -> Result<(), KagiError> {
        if self.word.is_none() {
            return Ok(());
        }
        let pending = self.note("pending")?.map(|key| key.access_key_id);
        let rotation = self.journal()?;
        if rotation.is_some_and(|rotation| rotation.may_have_lost_a_key(pending.as_deref())) {
            return Ok(());
        }
        Err(KagiError::argument(
            format!(
                "no answer of AWS's was lost in a rotation of `{}`: nothing is to be kept or deleted",
                shown(&self.profile)
            ),
            format!("`kagi rotate --status {}` says where it stands", quoted(&self.profile)),
        ))
    }

    /// Another grace than the one that was written down is written down.
    fn with_grace(&self, rotation: Rotation) -> Result<Rotation, KagiError> {
        match self.grace_seconds.filter(|seconds| *seconds != rotation.grace_seconds) {
            None => Ok(rotation),
            Some(grace_seconds) => {
                let rotation = Rotation { grace_seconds, ..rotation };
                self.write(&rotation)?;
                Ok(rotation)
            }
        }
    }

    fn key(&self) -> Result<StoredKey, KagiError> {
        self.vault.key(&self.profile)?.ok_or_else(|| KagiError::NoKey(self.profile.clone()))
    }

    fn note(&self, kind: &'static str) -> Result<Option<StoredKey>, KagiError> {
        self.vault.note(kind, &self.profile)
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

    fn now(&self) -> i64 {
        self.context.now().as_second()
    }
}

fn ids(keys: &[AccessKey]) -> Vec<String> {
    keys.iter().map(|key| key.id.clone()).collect()
}
