//! `kagimori bastion plan` and `check`: a file that says who may become what, against the accounts.

mod show;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::change::apply_all;
use kagimori_id::AccountId;
use kagimori_lake::private::Edition;
use kagimori_plan::Plan;
use kagimori_plan::bastion::{
    self, Bastion, Differences, Held, Promise, Target, cloudformation, differences, promises, terraform,
};
use kagimori_plan::plan::PlanError;
use kagimori_plan::settings::Settings;
use kagimori_terminal::printer;

use crate::args::{BastionCheck, BastionCommand, BastionPlan, Format};
use crate::command::whatif;
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;
use crate::given;
use crate::show::names::Names;

/// Runs the command.
pub(crate) fn run(command: &BastionCommand) -> Result<Exit, AppError> {
    match command {
        BastionCommand::Plan(args) => plan(args),
        BastionCommand::Check(args) => check(args),
    }
}

/// What was read.
struct Given {
    directory: Directory,
    settings: Settings,
    estate: Estate,
    now: Timestamp,
    target: Target,
}

/// What is shown, in every format.
struct Shown<'a> {
    target: &'a Target,
    differences: &'a Differences,
    promises: &'a [Promise],
    /// Of the accounts as they are, or as they would be.
    is_plan: bool,
    plan: Option<&'a Plan>,
    names: Names,
    now: Timestamp,
}

impl Given {
    fn read(file: &Path, dir: &Path) -> Result<Self, AppError> {
        let text = given::text(file).map_err(|source| AppError::read(file, source))?;
        let bastion = Bastion::parse(&text)
            .map_err(|error| argument(format!("`{}`: {error}", file.display()), error.hint()))?;
        let directory = Directory::open(dir)?;
        let settings = directory.settings()?;
        let estate = directory.estate(settings.as_of)?;
        for problem in &estate.problems {
            printer::warning(&format!("`{}`: {}", problem.file, problem.message));
        }
        let target = Target::of(&bastion, &estate)
            .map_err(|error| argument(format!("`{}`: {error}", file.display()), error.hint()))?;
        let now = settings.as_of.unwrap_or_else(Timestamp::now);
        Ok(Self { directory, settings, estate, now, target })
    }

    fn shown<'a>(
        &'a self,
        differences: &'a Differences,
        promises: &'a [Promise],
        is_plan: bool,
        plan: Option<&'a Plan>,
    ) -> Shown<'a> {
        let names = Names::of(&self.settings);
        Shown { target: &self.target, differences, promises, is_plan, plan, names, now: self.now }
    }

    /// An incomplete estate makes a complete answer incomplete.
    fn exit(&self, exit: Exit) -> Exit {
        if self.estate.problems.is_empty() || exit == Exit::Failed { exit } else { Exit::Incomplete }
    }
}

fn check(args: &BastionCheck) -> Result<Exit, AppError> {
    let given = Given::read(&args.file, &args.dir)?;
    let found = differences(&given.target, &given.estate);
    let promises = promises(&given.target, &given.estate, given.now);
    print(&given.shown(&found, &promises, false, None), args.format)?;
    let is = |wanted: Held| promises.iter().any(|promise| promise.held() == wanted);
    let exit = if !found.found.is_empty() || is(Held::Broken) {
        Exit::Findings
    } else if !found.unknown.is_empty() || is(Held::Unknown) {
        Exit::Failed
    } else {
        Exit::Clean
    };
    Ok(given.exit(exit))
}

fn plan(args: &BastionPlan) -> Result<Exit, AppError> {
    let given = Given::read(&args.file, &args.dir)?;
    let found = differences(&given.target, &given.estate);
    let changes = found.changes();
    let after = apply_all(&given.estate, &changes).map_err(|(place, error)| {
        let sentence = changes.get(place).map(ToString::to_string).unwrap_or_default();
        argument(format!("cannot {sentence}: {error}"), error.hint())
    })?;
    let promises = promises(&given.target, &after, given.now);
    let is_kept = promises.iter().all(|promise| promise.held() == Held::Proved);
    if !is_kept || !found.unknown.is_empty() {
        print(&given.shown(&found, &promises, true, None), args.format)?;
        printer::failure(
            &"no plan is made: not everything that is promised is proved of the accounts as they would be",
            "change what is named above (`kagimori whatif --help` plans it), take a fresh snapshot, and plan again",
        );
        return Ok(Exit::Failed);
    }
    let plan = match changes.is_empty() {
        true => None,
        false => {
            let title = format!("the bastion {} as `{}` says", given.target.account, args.file.display());
            let plan = Plan::new(&title, &given.estate, &changes)
                .map_err(|error: PlanError| argument(error.to_string(), error.hint()))?;
            let folder = whatif::save(&given.directory.root, [&plan])?;
            printer::note(&format!("plan: {}", folder.join(format!("{}.json", plan.id)).display()));
            Some(plan)
        }
    };
    if let Some(folder) = &args.terraform {
        write(folder, "bastion.tf", &terraform(&given.target))?;
    }
    if let Some(folder) = &args.cloudformation {
        write(folder, "bastion.template.json", &cloudformation(&given.target))?;
    }
    print(&given.shown(&found, &promises, true, plan.as_ref()), args.format)?;
    Ok(given.exit(Exit::Clean))
}

fn print(shown: &Shown<'_>, format: Format) -> Result<(), AppError> {
    match format {
        Format::Human => printer::text(&show::text(shown))?,
        Format::Json => printer::json(&show::json(shown))?,
    }
    Ok(())
}

/// Files of several accounts, whole and together.
fn write(folder: &Path, name: &str, files: &BTreeMap<AccountId, String>) -> Result<(), AppError> {
    let failed = |error| AppError::write(folder, error);
    let edition = Edition::begin(folder).map_err(failed)?;
    for (account, text) in files {
        let file = Path::new(&account.to_string()).join(name);
        edition.write(file, |out| out.write_all(text.as_bytes())).map_err(failed)?;
    }
    edition.publish().map_err(failed)?;
    printer::note(&format!("written: {}/ACCOUNT/{name}", folder.display()));
    Ok(())
}

fn argument(message: String, hint: &str) -> AppError {
    AppError::Argument { message, hint: hint.to_owned() }
}

/// How a promise stands, in one word.
fn word(held: bastion::Held) -> &'static str {
    match held {
        Held::Proved => "proved",
        Held::Broken => "broken",
        Held::Unknown => "unknown",
    }
}
