//! `kagi unlock`, `kagi lock`, `kagi passphrase`, and the making of the vault.

use std::cell::OnceCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use kagimori_session::value::{seconds, within, words};
use kagimori_terminal::printer;
use secrecy::{ExposeSecret, SecretString};

use super::first::no_vault;
use crate::args;
use crate::context::{Caller, Context, Texts};
use crate::error::KagiError;
use crate::place::Places;
use crate::prompt::{Ask, Prompter};
use crate::vault::{Keeper, Locked, Vault};

/// Shorter ones are guessed in an afternoon, argon2id or not.
const LEAST_LETTERS: usize = 8;

/// `kagi unlock`
pub(crate) fn unlock(arguments: &args::Unlock) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let length = match &arguments.seconds {
            Some(text) => within("--for", seconds(text)?, 60, 7 * 86_400)?,
            None => context.unlocked_seconds()?,
        };
        let Some(locked) = Locked::find(&context.places.home)? else { return Err(no_vault(context)) };
        let keeper = context.keeper()?;
        let prompter = context.prompter("kagi unlock".to_owned())?;
        context.open(&locked, &keeper, length, &prompter)?;
        if locked.unlocked(&keeper, context.now()).is_some() {
            printer::note(&format!("the vault is open for {}", words(i64::from(length))));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `kagi lock`
pub(crate) fn lock() -> Result<ExitCode, KagiError> {
    with_context(|context| {
        if let Some(locked) = Locked::find(&context.places.home)? {
            locked.lock(&context.keeper()?)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `kagi passphrase`
pub(crate) fn change_passphrase() -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let Some(locked) = Locked::find(&context.places.home)? else { return Err(no_vault(context)) };
        let prompter = context.prompter("kagi passphrase".to_owned())?;
        // The old one is asked for although the vault may be open: whoever finds the screen must not be able to.
        let old = context.passphrase(&prompter, "kagi: old passphrase")?;
        let vault = locked.open(&old)?;
        let new = new_passphrase(context, &prompter)?;
        if new.expose_secret() == old.expose_secret() {
            return Err(same_again(context));
        }
        vault.rewrap(&locked, &new)?;
        printer::note("the passphrase is changed");
        Ok(ExitCode::SUCCESS)
    })
}

/// A program that looks the passphrase up prints the old one twice.
fn same_again(context: &Context<'_>) -> KagiError {
    let hint = match context.passphrase_program() {
        Some(_) => {
            "take `passphrase_program` out of `[kagi]` for this command, type the new one, and store it where the program \
                    finds it"
        }
        None => "type another one",
    };
    KagiError::argument("the new passphrase is the old one: nothing is changed", hint)
}

/// The vault, made first if there is none; `command` is named when nobody can be asked for its passphrase.
pub(crate) fn open_or_create(context: &Context<'_>, command: &str) -> Result<Vault, KagiError> {
    if Locked::find(&context.places.home)?.is_some() {
        return context.vault();
    }
    let prompter = context.prompter(command.to_owned())?;
    // Of several at once one makes it, and the others open it.
    let patience = prompter.patience + Duration::from_secs(1);
    let _lock = crate::lock::lock(&context.places.home.join("locks/make"), patience)?;
    if Locked::find(&context.places.home)?.is_some() {
        return context.vault();
    }
    printer::note("making the vault: choose a passphrase; it cannot be recovered");
    let passphrase = new_passphrase(context, &prompter)?;
    let (locked, vault) = Vault::create(&context.places.home, &passphrase)?;
    let keeper = context.keeper()?;
    if keeper != Keeper::Nowhere
        && let Err(why) = locked.keep(&vault, &keeper, context.unlocked_seconds()?, context.now())
    {
        printer::warning(&format!("the vault does not stay unlocked: {why}"));
    }
    Ok(context.opened.get_or_init(|| vault).clone())
}

fn new_passphrase(context: &Context<'_>, prompter: &Prompter) -> Result<SecretString, KagiError> {
    let first = context.passphrase(prompter, "kagi: new passphrase")?;
    let first_text = first.expose_secret();
    if first_text.chars().count() < LEAST_LETTERS {
        return Err(KagiError::argument(
            format!("the passphrase has fewer than {LEAST_LETTERS} letters"),
            "four or five random words are easy to remember and hard to guess",
        ));
    }
    if context.passphrase_program().is_none() {
        let second = prompter.ask(Ask::Secret("the passphrase"), "kagi: the same again")?;
        if second.as_str() != first_text {
            return Err(KagiError::argument("the two passphrases differ", "run the command again"));
        }
    }
    Ok(first)
}

/// Runs something with the profile files read.
pub(crate) fn with_context<T>(
    work: impl FnOnce(&Context<'_>) -> Result<T, KagiError>,
) -> Result<T, KagiError> {
    with_texts(|context| work(&context))
}

fn with_texts<T>(work: impl FnOnce(Context<'_>) -> Result<T, KagiError>) -> Result<T, KagiError> {
    let places = Places::find()?;
    let texts = Texts::read(&places)?;
    work(Context::new(places, &texts, Caller::Person))
}

/// The same with a vault that a context before this one may have opened.
pub(crate) fn with_context_and<T>(
    opened: &Rc<OnceCell<Vault>>,
    work: impl FnOnce(&Context<'_>) -> Result<T, KagiError>,
) -> Result<T, KagiError> {
    with_texts(|context| work(&Context { opened: Rc::clone(opened), ..context }))
}
