//! `retire tick`, `stop` and `panic`: a round over the retirements of the journal.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kagimori_journal::{Journal, JournalError};
use kagimori_plan::Settings;
use kagimori_policy::pattern::matches_ignoring_case;
use kagimori_retire::{Circumstances, Credential, Event, Phase, State};
use kagimori_terminal::printer;

use super::super::apply::{aws, held};
use super::super::notify::deliver::afterwards;
use super::drive::Hands;
use super::told::command;
use super::{book, book_of, key, panicking, policy, show, titled, zone};
use crate::args::{RetirePanic, RetireStop, RetireTick, Way};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;

/// Runs `tick`.
pub(super) fn run(args: &RetireTick) -> Result<Exit, AppError> {
    if args.print_policy {
        let settings = Directory::open(&args.dir)?.settings()?;
        printer::json(&policy::executor(
            &protected_tags(&settings),
            !settings.apply.protected_units.is_empty(),
        ))?;
        return Ok(Exit::Clean);
    }
    // Where nothing was begun no journal is made.
    let before = book(&args.dir).inspect_err(|_| titles(&args.dir))?.states();
    if before.is_empty() {
        if !stages(&args.dir)?.is_empty() {
            must_be_there(&args.dir)?;
        }
        printer::text(&show::nothing(&args.dir, args.format)?)?;
        return Ok(Exit::Clean);
    }
    let settings = settings(&args.dir);
    let taken = hands(&args.dir, &args.way, "retire tick", settings.as_ref().ok());
    // Beside another tick this one is not needed.
    let is_left = !matches!(taken, Err(AppError::Journal(JournalError::Busy { .. })));
    let now = Timestamp::now();
    let overdue = before.iter().filter(|state| is_left && state.on_since(now).is_some());
    let mut hands = taken.inspect_err(|_| show::by_hand(overdue))?;
    let mut states = book_of(&hands.held)?.states();
    let circumstances = match &settings {
        Ok(settings) => circumstances(settings, &states, args.irreversible)?,
        Err(_) => {
            // What is overdue comes on whatever the settings say; nothing goes off without them.
            let now = Timestamp::now();
            states.retain(|state| state.on_since(now).is_some());
            unsettled(&Settings::default())?
        }
    };
    let states = hands.drive(states, &[], &circumstances)?;
    show::print(&hands.done, &states, args.format, "kagimori.retire-tick", &args.dir)?;
    afterwards(&args.dir, settings?.channels);
    Ok(exit(&states, &hands))
}

/// Runs `stop`.
pub(super) fn stop(args: &RetireStop) -> Result<Exit, AppError> {
    let key = key(&args.key)?;
    let unknown = |message: String| AppError::Argument {
        message,
        hint: "`kagimori retire status` shows what is being retired".to_owned(),
    };
    must_be_there(&args.dir)?;
    let book_before = book(&args.dir).inspect_err(|_| titles(&args.dir))?;
    if book_before.live(&key).is_none() {
        return Err(unknown(match book_before.last(&key) {
            Some(told) => format!(
                "the retirement of {key} is over: {}",
                super::told::stands(&told.state, Timestamp::now())
            ),
            None => format!("{key} is not being retired"),
        }));
    }
    let taken = patiently(&args.dir, &args.way, "retire stop");
    let live = book_before.live(&key).map(|told| &told.state);
    let mut hands = taken.inspect_err(|_| show::by_hand(live))?;
    let states: Vec<State> =
        book_of(&hands.held)?.live(&key).map(|told| told.state.clone()).into_iter().collect();
    let by = by(&hands);
    let event = match &args.needed {
        Some(reason) if reason.trim().is_empty() => {
            return Err(AppError::Argument {
                message: "`--needed` says nothing".to_owned(),
                hint: "say what the key is needed for: whoever asks next year will read it".to_owned(),
            });
        }
        Some(reason) => Event::Complaint { by, reason: reason.clone() },
        None => Event::Stop { by, reason: args.reason.clone() },
    };
    let circumstances = unsettled(&Settings::default())?;
    let before: Vec<State> = states.clone();
    let driven = hands.drive(states, &[(key.clone(), event)], &circumstances);
    let only =
        |states: Vec<State>| states.into_iter().filter(|state| *state.key() == key).collect::<Vec<_>>();
    let states = driven.inspect_err(|_| show::by_hand(&only(left(&args.dir, &before))))?;
    show::print(&hands.done, &states, args.format, "kagimori.retire-stop", &args.dir)?;
    afterwards(&args.dir, settings(&args.dir).unwrap_or_default().channels);
    Ok(all_on(&states))
}

/// Runs `panic`.
pub(super) fn panic(args: &RetirePanic) -> Result<Exit, AppError> {
    must_be_there(&args.dir)?;
    let before = book(&args.dir).inspect_err(|_| titles(&args.dir))?.states();
    if before.is_empty() {
        settled(&args.dir);
        printer::text(&show::nothing(&args.dir, args.format)?)?;
        return Ok(Exit::Clean);
    }
    let taken = patiently(&args.dir, &args.way, "retire panic");
    let mut hands = taken.inspect_err(|_| show::by_hand(&before))?;
    let mut states = book_of(&hands.held)?.states();
    // What is off comes first, and of that what did not fail before.
    states.sort_by_key(|state| (!state.may_be_off(), state.standing.trouble.is_some()));
    let by = by(&hands);
    let happened: Vec<_> =
        states.iter().map(|state| (state.key().clone(), Event::Panic { by: by.clone() })).collect();
    let circumstances = unsettled(&Settings::default())?;
    let driven = hands.drive(states, &happened, &circumstances);
    let states = driven.inspect_err(|_| show::by_hand(&left(&args.dir, &before)))?;
    show::print(&hands.done, &states, args.format, "kagimori.retire-panic", &args.dir)?;
    if all_on(&states) == Exit::Clean {
        settled(&args.dir);
    }
    afterwards(&args.dir, settings(&args.dir).unwrap_or_default().channels);
    Ok(all_on(&states))
}

/// What goes on when something broke off: as the journal has it, or as it was before.
fn left(dir: &Path, before: &[State]) -> Vec<State> {
    book(dir).map_or_else(|_| before.to_vec(), |book| book.states())
}

/// The keys, with their users, of the retirements that plans of `plans/` belong to.
fn stages(dir: &Path) -> Result<BTreeMap<String, String>, AppError> {
    Ok(super::super::plan::all(dir)?.iter().filter_map(|plan| titled(&plan.title)).collect())
}

/// Where the journal tells nothing the titles of the plans tell which keys to look at.
pub(super) fn titles(dir: &Path) {
    for (key, user) in stages(dir).unwrap_or_default() {
        printer::failure(
            &format!("{key} of {user} was being retired here and may be off"),
            &format!("look with `aws iam list-access-keys --user-name {user}`; {}", command(&user, &key)),
        );
    }
}

/// Without a journal nobody can say that everything is on.
fn must_be_there(dir: &Path) -> Result<(), AppError> {
    if Journal::path_in(dir).exists() {
        return Ok(());
    }
    titles(dir);
    Err(AppError::Argument {
        message: format!("there is no journal in `{}`: what is off cannot be told from it", dir.display()),
        hint: "name the directory of the retirements with `--dir`, or put its `journal.db` back".to_owned(),
    })
}

fn settled(dir: &Path) {
    if let Err(error) = panicking::done(dir) {
        printer::warning(&format!(
            "`{}` cannot be removed ({error}): nothing goes off while it is there",
            panicking::path_in(dir).display()
        ));
    }
}

/// How long `stop` and `panic` wait for a tick, which takes so long for one key at most.
const PATIENTLY: Duration = Duration::from_secs(60);

/// The journal, also when a tick holds it; a panic leaves word meanwhile, so that the tick switches nothing off.
fn patiently<'a>(dir: &Path, way: &'a Way, verb: &str) -> Result<Hands<'a>, AppError> {
    let until = Instant::now() + PATIENTLY;
    let is_panic = verb == "retire panic";
    let mut is_told = false;
    loop {
        let error = match hands(dir, way, verb, settings(dir).as_ref().ok()) {
            Err(error @ AppError::Journal(JournalError::Busy { .. })) => error,
            other => return other,
        };
        if !is_told {
            is_told = true;
            let who = aws::who();
            let left = is_panic && panicking::ask(dir, &format!("{}@{}", who.person, who.host)).is_ok();
            let word = if left { "; it was told to switch nothing off" } else { "" };
            printer::note(&format!("{error}{word}: waiting for its end"));
        }
        if Instant::now() >= until {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The settings; a directory whose settings cannot be used is no reason to leave anything off.
fn settings(dir: &Path) -> Result<Settings, AppError> {
    Directory::open(dir)?.settings()
}

fn hands<'a>(
    dir: &Path,
    way: &'a Way,
    verb: &str,
    settings: Option<&Settings>,
) -> Result<Hands<'a>, AppError> {
    let who = aws::who();
    let held = held(dir, &who, verb)?;
    held.verify(None)?;
    let retire = settings.map(|settings| &settings.retire);
    Ok(Hands {
        held,
        dir: dir.to_owned(),
        way,
        who,
        accounts: None,
        channels: retire.map(|retire| retire.channels.clone()).unwrap_or_default(),
        protected_tags: settings.map(protected_tags).unwrap_or_default(),
        protected_units: settings.map(|settings| settings.apply.protected_units.clone()).unwrap_or_default(),
        done: Vec::new(),
    })
}

fn by(hands: &Hands<'_>) -> String {
    format!("{}@{}", hands.who.person, hands.who.host)
}

fn circumstances(settings: &Settings, states: &[State], may_delete: bool) -> Result<Circumstances, AppError> {
    let is_protected = |state: &&State| protection(settings, &state.start.credential).is_some();
    Ok(Circumstances {
        windows: zone::windows(settings)?,
        protected: states.iter().filter(is_protected).map(|state| state.key().clone()).collect(),
        may_delete,
    })
}

/// What holds where nothing is to go off.
fn unsettled(settings: &Settings) -> Result<Circumstances, AppError> {
    circumstances(settings, &[], false)
}

/// The tags that protect a user: `KEY` or `KEY=VALUE`.
pub(super) fn protected_tags(settings: &Settings) -> Vec<String> {
    let mut tags = settings.apply.protected_tags.clone();
    if !tags.contains(&settings.retire.protected_tag) {
        tags.push(settings.retire.protected_tag.clone());
    }
    tags
}

/// The pattern of the settings that protects a key: by its id, its user, its account.
pub(super) fn protection(settings: &Settings, credential: &Credential) -> Option<String> {
    let user = &credential.user;
    let account = user.account().map(|account| account.to_string()).unwrap_or_default();
    let names = [credential.key.as_str(), user.as_str(), user.name(), account.as_str()];
    let patterns = settings.retire.protected.iter().chain(&settings.apply.protected);
    let matches = |pattern: &&String| names.iter().any(|name| matches_ignoring_case(pattern, name));
    patterns.into_iter().find(matches).cloned()
}

/// A tick has failed when something could not be done; what drifted in it wants a person.
fn exit(states: &[State], hands: &Hands<'_>) -> Exit {
    let is_stuck = states.iter().any(|state| !state.is_over() && state.standing.trouble.is_some());
    let is_left = hands.done.iter().any(|written| {
        matches!(written.state.standing.phase, Phase::Drifted { .. } | Phase::Protected { .. })
    });
    match (is_stuck, is_left) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    }
}

fn all_on(states: &[State]) -> Exit {
    if states.iter().all(State::is_over) { Exit::Clean } else { Exit::Failed }
}
