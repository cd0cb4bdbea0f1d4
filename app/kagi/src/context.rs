//! What a command works with: the profile files, the places, the vault and how it is opened.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use kagimori_session::endpoint::{Endpoint, Service, Surroundings, endpoint};
use kagimori_session::heading::words;
use kagimori_session::profile::ProfileFiles;
use kagimori_session::route::{Access, Foreign, Route, RouteError, Target, resolve, unknown, unknown_source};
use kagimori_session::value::{seconds, shown, within};
use kagimori_terminal::printer;
use secrecy::SecretString;

use crate::broker::{ForeignSource, Origin};
use crate::error::KagiError;
use crate::files::read_profiles;
use crate::lock::{Waited, lock_or};
use crate::place::{Places, surroundings, variable};
use crate::prompt::{Ask, CALLED_BY_A_PERSON, CALLED_BY_AN_SDK, Prompter};
use crate::vault::{Keeper, Locked, StoredKey, Vault};

/// For how long `kagi unlock` opens the vault, unless told otherwise.
const UNLOCKED_SECONDS: u32 = 12 * 3600;

/// The texts of the profile files.
pub(crate) struct Texts {
    pub(crate) config: String,
    pub(crate) credentials: String,
}

impl Texts {
    /// Reads both files.
    pub(crate) fn read(places: &Places) -> Result<Self, KagiError> {
        Ok(Self { config: read_profiles(&places.config)?, credentials: read_profiles(&places.credentials)? })
    }
}

/// Who waits for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// An SDK, which gives up soon.
    Sdk,
    /// A person.
    Person,
}

/// What a command works with.
pub(crate) struct Context<'a> {
    pub(crate) places: Places,
    pub(crate) around: Surroundings,
    /// Whether the region around us was typed for this command.
    pub(crate) region_is_typed: bool,
    pub(crate) files: ProfileFiles<'a>,
    pub(crate) caller: Caller,
    /// When the command began.
    pub(crate) began: Timestamp,
    /// The vault, once it is open: where it does not stay so, the passphrase is asked for once for a command all the same.
    pub(crate) opened: Rc<OnceCell<Vault>>,
}

/// A command line in words, quotes as a shell has them; nothing is expanded.
pub(crate) fn split(setting: &str, command: &str) -> Result<Vec<String>, KagiError> {
    words(command).ok_or_else(|| {
        KagiError::argument(
            format!("`{setting}` has a quote without its end: `{}`", shown(command)),
            "quote as in a shell: `op item get \"AWS prod\" --otp`",
        )
    })
}

impl<'a> Context<'a> {
    /// A context over texts that were read.
    pub(crate) fn new(places: Places, texts: &'a Texts, caller: Caller) -> Self {
        let files = ProfileFiles::scan(&texts.config, &texts.credentials);
        Self {
            places,
            around: surroundings(),
            region_is_typed: false,
            files,
            caller,
            began: Timestamp::now(),
            opened: Rc::default(),
        }
    }

    /// The clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// A setting of `[kagi]`; the environment wins.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        let of_environment = variable(&format!("KAGI_{}", name.to_uppercase()));
        of_environment.or_else(|| self.files.global(name).map(|found| found.value.into_owned()))
    }

    /// How a person is asked; `command` is named when nobody can be.
    pub(crate) fn prompter(&self, command: String) -> Result<Prompter, KagiError> {
        let program = self.setting("prompt_program").unwrap_or_default();
        Ok(Prompter {
            program: split("prompt_program", &program)?,
            terminal: variable("KAGI_TTY").is_none_or(|value| value != "0"),
            patience: self.patience()?,
            command,
        })
    }

    /// How long an answer may take; `prompt_for` is for SDKs that wait longer, or shorter, than most.
    fn patience(&self) -> Result<Duration, KagiError> {
        Ok(match (self.caller, self.setting("prompt_for")) {
            (Caller::Person, _) => CALLED_BY_A_PERSON,
            (Caller::Sdk, None) => CALLED_BY_AN_SDK,
            (Caller::Sdk, Some(text)) => {
                Duration::from_secs(u64::from(within("prompt_for", seconds(&text)?, 1, 300)?))
            }
        })
    }

    /// Where the unlocked key waits.
    pub(crate) fn keeper(&self) -> Result<Keeper, KagiError> {
        Keeper::named(self.setting("unlock").as_deref(), self.places.runtime.as_deref())
    }

    /// For how long the vault stays unlocked.
    pub(crate) fn unlocked_seconds(&self) -> Result<u32, KagiError> {
        match self.setting("unlock_for") {
            None => Ok(UNLOCKED_SECONDS),
            Some(text) => Ok(within("unlock_for", seconds(&text)?, 60, 7 * 86_400)?),
        }
    }

    /// The vault, opened: by its keeper, else by the passphrase, which is asked for once whoever waits.
    pub(crate) fn vault(&self) -> Result<Vault, KagiError> {
        if let Some(vault) = self.opened.get() {
            return Ok(vault.clone());
        }
        let vault = self.open_vault()?;
        Ok(self.opened.get_or_init(|| vault).clone())
    }

    fn open_vault(&self) -> Result<Vault, KagiError> {
        let Some(locked) = Locked::find(&self.places.home)? else { return Err(KagiError::NoVault) };
        let keeper = self.keeper()?;
        if let Some(vault) = locked.unlocked(&keeper, self.now()) {
            return Ok(vault);
        }
        let prompter = self.prompter("kagi unlock".to_owned())?;
        if self.passphrase_program().is_none() && !prompter.can_ask_for_a_secret() {
            return Err(KagiError::Locked);
        }
        let waited = lock_or(
            &self.places.home.join("locks/unlock"),
            prompter.patience + Duration::from_secs(1),
            || locked.unlocked(&keeper, self.now()),
        )?;
        match waited {
            Waited::Done(vault) => Ok(vault),
            Waited::Locked(_lock) => self.open(&locked, &keeper, self.unlocked_seconds()?, &prompter),
        }
    }

    /// Asks for the passphrase and leaves the key with the keeper.
    pub(crate) fn open(
        &self,
        locked: &Locked,
        keeper: &Keeper,
        seconds: u32,
        prompter: &Prompter,
    ) -> Result<Vault, KagiError> {
        let attempts = if self.passphrase_program().is_some() { 1 } else { 3 };
        let mut attempt = 1;
        let vault = loop {
            match locked.open(&self.passphrase(prompter, "kagi: passphrase of the vault")?) {
                Err(KagiError::WrongPassphrase) if attempt < attempts => {
                    prompter.say("kagi: the passphrase does not open the vault");
                    attempt += 1;
                }
                other => break other?,
            }
        };
        if *keeper != Keeper::Nowhere
            && let Err(why) = locked.keep(&vault, keeper, seconds, self.now())
            && self.caller == Caller::Person
        {
            printer::warning(&format!(
                "the vault does not stay unlocked: {why}; with `unlock = runtime-dir` in `[kagi]` the key waits in a \
                 file of `XDG_RUNTIME_DIR` instead"
            ));
        }
        Ok(vault)
    }

    /// The passphrase: printed by a program, or asked for.
    pub(crate) fn passphrase(&self, prompter: &Prompter, text: &str) -> Result<SecretString, KagiError> {
        if let Some(program) = self.passphrase_program() {
            let prompter = Prompter {
                program: split("passphrase_program", &program)?,
                terminal: false,
                ..prompter.clone()
            };
            return Ok(prompter.ask(Ask::LookedUp, text)?.as_str().into());
        }
        Ok(prompter.ask(Ask::Secret("the passphrase"), text)?.as_str().into())
    }

    pub(crate) fn passphrase_program(&self) -> Option<String> {
        self.setting("passphrase_program")
    }

    /// The route of a target; a name that neither the files nor the vault know is an error with a suggestion.
    pub(crate) fn route(&self, target: &Target, access: &Access) -> Result<Route, RouteError> {
        resolve(&self.files, target, access)
    }

    /// The key a route begins with.
    pub(crate) fn key(&self, vault: &Vault, route: &Route) -> Result<StoredKey, KagiError> {
        match vault.key(&route.key_profile)? {
            Some(key) => Ok(key),
            None => Err(self.no_key(route).unwrap_or_else(|| KagiError::NoKey(route.key_profile.clone()))),
        }
    }

    /// Why storing a key under the name a route begins with is no way out: nothing has this name, or it is not for kagi.
    pub(crate) fn no_key(&self, route: &Route) -> Option<KagiError> {
        let name = &route.key_profile;
        if !self.files.defines(name) {
            let is_source = *name != route.name;
            let error =
                if is_source { unknown_source(&self.files, route) } else { unknown(&self.files, name) };
            return Some(error.into());
        }
        let sections = [self.files.credentials_section(name), self.files.sdk_section(name)];
        let is_temporary = sections.into_iter().flatten().any(|it| it.setting("aws_session_token").is_some());
        is_temporary.then(|| {
            KagiError::argument(
                format!("`{}` has temporary credentials in the file, which kagi does not keep", shown(name)),
                "SDKs use them as they are until they end; kagi begins with a user's own key, with a sign-in, or with the tool \
                 that writes them, as the profile's `credential_process`",
            )
        })
    }

    /// What a route without a sign-in begins with: what `credential_source` names, the key in the vault, else what another
    /// tool prints.
    pub(crate) fn origin(&self, vault: &Vault, route: &Route) -> Result<Origin, KagiError> {
        let foreign = |from: &Foreign| {
            Origin::Foreign(ForeignSource { profile: route.key_profile.clone(), from: from.clone() })
        };
        match &route.foreign {
            Some(from @ (Foreign::Process(_) | Foreign::Login(_))) => {
                Ok(vault.key(&route.key_profile)?.map_or_else(|| foreign(from), Origin::Key))
            }
            Some(from) => Ok(foreign(from)),
            None => self.key(vault, route).map(Origin::Key),
        }
    }

    /// The endpoint of a service for calls that begin with a profile's key.
    pub(crate) fn endpoint(&self, service: Service, profile: &str) -> Result<Endpoint, KagiError> {
        Ok(endpoint(service, &self.files, &[profile], &self.around)?)
    }

    /// The endpoint of a service for the calls of a route.
    pub(crate) fn endpoint_of(&self, service: Service, route: &Route) -> Result<Endpoint, KagiError> {
        Ok(endpoint(service, &self.files, &[&route.settings_of, &route.key_profile], &self.around)?)
    }
}
