//! `kagimori apply` and `kagimori undo`: a stored plan followed in live accounts.
//!
//! The core says what to look at, to write down and to call; this has the journal, the way to AWS, the clock and the person.

pub(crate) mod aws;
pub(crate) mod drive;
mod notices;
pub(crate) mod show;

use std::path::Path;

use jiff::Timestamp;
use kagimori_journal::{Held, Holder, Journal};
use kagimori_plan::Plan;
use kagimori_plan::apply::{Direction, Ended, History, Report, Run, Terms};
use kagimori_terminal::printer;

use self::aws::Accounts;
use self::drive::{Driver, Told};
use super::notify::deliver::afterwards;
use super::plan::{entries, find, history};
use super::retire::stage_of;
use crate::args::{Follow, Format};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(args: &Follow, direction: Direction) -> Result<Exit, AppError> {
    let plan = find(&args.dir, &args.id)?;
    if direction == Direction::Apply {
        refuse_stage(&plan, &args.dir)?;
    }
    let settings = Directory::open(&args.dir)?.settings()?;
    let who = aws::who();
    let terms = Terms {
        irreversible: args.irreversible,
        dry_run: args.dry_run,
        ..Terms::new(&format!("{}@{}", who.person, who.host), &settings)
    };
    let mut accounts = Accounts::find(&args.way, &who)?;
    // A dry run writes nothing, and so needs nobody's leave.
    let (mut held, history) = if args.dry_run {
        (None, history(&plan, &entries(&args.dir)?)?)
    } else {
        let held = held(&args.dir, &who, direction.word())?;
        let history = history_of(&held, &plan)?;
        (Some(held), history)
    };
    let run = Run::new(&plan, direction, terms, history);
    let by = format!("{}@{}", who.person, who.host);
    let mut driver = Driver {
        plan: &plan,
        accounts: &mut accounts,
        held: held.as_mut(),
        words: args.alias.clone(),
        patience: args.way.patience,
        step: None,
        halt: None,
        acted: false,
        told: Some(Told { channels: settings.apply.channels.clone(), by }),
    };
    let followed = driver.follow(run);
    // The journal is free again: telling people writes in it, too.
    drop(held);
    let exit = followed.and_then(|report| shown(&plan, &report, args.format));
    if !args.dry_run && !settings.apply.channels.is_empty() {
        afterwards(&args.dir, settings.channels);
    }
    exit
}

/// A stage of a retirement has its windows, its notice and its end, which only the tick keeps. Taking it back is always safe.
fn refuse_stage(plan: &Plan, dir: &Path) -> Result<(), AppError> {
    let Some(key) = stage_of(plan, &entries(dir)?) else { return Ok(()) };
    Err(AppError::Argument {
        message: format!(
            "this plan is a stage of the retirement of {key}: `kagimori retire tick` follows it"
        ),
        hint: format!("nothing was changed; `kagimori retire status {key}` shows when it is due"),
    })
}

fn shown(plan: &Plan, report: &Report, format: Format) -> Result<Exit, AppError> {
    match format {
        Format::Human => printer::text(&show::text(plan, report))?,
        Format::Json => printer::json(&show::json(plan, report))?,
    }
    if !matches!(report.ended, Ended::Done | Ended::NothingToDo | Ended::WouldDo(_)) {
        printer::failure(&show::why(plan, &report.ended), report.hint());
    }
    Ok(exit(report))
}

fn exit(report: &Report) -> Exit {
    let is_not_all_back = report.direction == Direction::Undo && !report.one_way.is_empty();
    match &report.ended {
        Ended::Done | Ended::NothingToDo if is_not_all_back => Exit::Findings,
        Ended::Done | Ended::NothingToDo | Ended::WouldDo(_) => Exit::Clean,
        Ended::Moved(_) => Exit::Findings,
        Ended::Unusable(_)
        | Ended::OneWay(_)
        | Ended::NotConfirmed
        | Ended::OtherAccount(_)
        | Ended::OtherRegion(_)
        | Ended::Stopped { .. } => Exit::Failed,
    }
}

/// The journal, for this process alone.
pub(crate) fn held(dir: &Path, who: &aws::Who, verb: &str) -> Result<Held, AppError> {
    let name = format!("{} (kagimori {verb}, process {})", who.person, std::process::id());
    let holder = Holder { name, host: who.host.clone() };
    Ok(Held::take(&Journal::path_in(dir), holder, Timestamp::now())?)
}

/// What the journal says of the plan; a journal that is not what was written is no ground to act on.
pub(crate) fn history_of(held: &Held, plan: &Plan) -> Result<History, AppError> {
    held.verify(None)?;
    let entries: Vec<Vec<u8>> = held.entries()?.into_iter().map(|entry| entry.bytes).collect();
    history(plan, &entries)
}
