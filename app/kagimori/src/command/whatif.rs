//! `kagimori whatif`: what would changes have broken, had they been made before the trail?

mod changes;
mod identity;
mod losses;
mod page;
pub(crate) mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_id::Arn;
use kagimori_lake::private::{self, Edition};
use kagimori_plan::Plan;
use kagimori_plan::blind::Loss;
use kagimori_plan::plan::PlanError;
use kagimori_plan::replay::Evidence;
use kagimori_terminal::{printer, turn};
use kagimori_trail::origin::Origin;

use crate::args::{self, Format};
use crate::company::{Company, DAY, Window};
use crate::error::AppError;
use crate::exit::Exit;
use crate::history::Wanted;
use crate::show::lists::Beside;
use crate::show::names::Names;
use crate::show::numbers::counted;
use crate::show::silence::Silent;
use crate::show::unfolding::Unfolding;

/// What is shown, in every format.
struct Shown<'a> {
    plan: &'a Plan,
    evidence: &'a Evidence,
    /// What would have become of calls that are not counted.
    suspected: &'a Evidence,
    /// Where the calls of those come from whom the changes touch.
    origins: &'a BTreeMap<Arn, Vec<Origin>>,
    /// Whom the changes touch, when that is not everybody.
    touched: Option<&'a BTreeSet<Arn>>,
    /// What the changes take away of which the trail would not have shown the use.
    losses: &'a [Loss],
    /// When the trail is silent.
    silent: &'a Silent,
    /// Calls of others in the same time, when those whom the changes touch made none.
    others: u64,
    window: Window,
    /// When the trail begins, where that is within the window.
    begins: Option<i64>,
    days: i64,
    /// What the accounts are called.
    names: Names,
    /// The instant of the question.
    now: Timestamp,
}

impl Shown<'_> {
    /// There was nothing to replay, of anybody.
    fn is_empty(&self) -> bool {
        self.evidence.totals.total() == 0 && self.suspected.totals.total() == 0 && self.others == 0
    }

    /// How many days of trail there are of those that were asked for.
    fn days_held(&self) -> i64 {
        let held =
            |begins: i64| self.window.until.saturating_sub(begins).saturating_add(DAY - 1).div_euclid(DAY);
        self.begins.map_or(self.days, held)
    }

    /// Whether it cannot be told that nothing breaks: of calls it is open, or the trail would not have shown all of them.
    fn is_untold(&self) -> bool {
        let is_blind = self.losses.iter().any(Loss::counts) || !self.silent.is_empty();
        self.evidence.totals.cannot_tell > 0 || self.is_empty() || is_blind
    }
}

/// Runs the command.
pub(crate) fn run(args: &args::WhatIf) -> Result<Exit, AppError> {
    let company = Company::open(&args.dir, args.trail.as_ref())?;
    let wanted = changes::read(args, &company.estate, company.now)?;
    let refused =
        |error: PlanError| AppError::Argument { message: error.to_string(), hint: error.hint().to_owned() };
    let plan = Plan::new(&wanted.title, &company.estate, &wanted.changes).map_err(refused)?;
    let window = company.last_days(args.days);
    let asked =
        Wanted { logged: &args.logged, origins: &args.origin, include_suspected: args.include_suspected };
    let replayed = company.replay(&wanted.changes, window, asked)?;
    let plan = plan.with_evidence(&replayed.evidence).map_err(refused)?;
    let shown = Shown {
        plan: &plan,
        evidence: &replayed.evidence,
        touched: replayed.touched.as_ref(),
        suspected: &replayed.suspected,
        origins: &replayed.origins,
        losses: &replayed.losses,
        silent: &replayed.silent,
        others: replayed.others,
        window,
        begins: replayed.begins,
        days: args.days,
        names: Names::of(&company.directory.settings()?),
        now: company.now,
    };
    turn::begin_answer();
    if shown.is_empty() {
        printer::warning(&format!(
            "the trail holds no call of the last {}: nothing was replayed",
            counted(args.days, "day")
        ));
    }
    if let Some(path) = &args.page {
        write_page(path, args.room.bytes(), &shown).map_err(|error| AppError::write(path, error))?;
        printer::note(&format!("page: {}", path.display()));
    }
    if args.save {
        let path = save(&company.directory.root, [&plan])?.join(file_name(&plan));
        printer::note(&format!("plan: {}", path.display()));
    }
    match args.format {
        Format::Human => printer::text(&show::text(&shown))?,
        Format::Json => printer::json(&show::json(&shown))?,
    }
    let totals = &replayed.evidence.totals;
    let exit = if totals.newly_denied > 0 {
        Exit::Findings
    } else if shown.is_untold() {
        Exit::Failed
    } else {
        Exit::Clean
    };
    Ok(company.exit(&replayed.problems, exit))
}

/// Writes the page, and the files beside it for which it has no room.
fn write_page(path: &Path, room: usize, shown: &Shown<'_>) -> io::Result<()> {
    let (edition, name) = private::begin(path)?;
    let unfolding = Unfolding::new(Beside::of(&edition, name), room);
    let page = page::page(shown, &unfolding);
    let files = unfolding.finish()?;
    edition.write(name, |out| out.write_all(page.markup(&files).as_bytes()))?;
    if files.is_empty() { edition.publish() } else { edition.publish_with_page(name) }
}

/// Stores plans as `plans/<id>.json`: each speaks for itself, and its id is its content. Returns their folder.
pub(crate) fn save<'p>(root: &Path, plans: impl IntoIterator<Item = &'p Plan>) -> Result<PathBuf, AppError> {
    let folder = root.join("plans");
    let failed = |error| AppError::write(&folder, error);
    let edition = Edition::begin(&folder).map_err(failed)?;
    for plan in plans {
        let text = serde_json::to_string_pretty(plan).map_err(AppError::Encode)?;
        edition.write(file_name(plan), |out| writeln!(out, "{text}")).map_err(failed)?;
    }
    edition.publish().map_err(failed)?;
    Ok(folder)
}

fn file_name(plan: &Plan) -> String {
    format!("{}.json", plan.id)
}
