//! `kagimori review`: files → estate and usage → review → summary and report.

mod desk;
mod earlier;
mod scanned;

use std::path::PathBuf;
use std::thread;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_lake::TrailReading;
use kagimori_plan::review::compared::compare;
use kagimori_plan::{Groundwork, Review, blind, review_beside};
use kagimori_terminal::printer;
use kagimori_trail::Usage;
use kagimori_trail::selection::Selection;

use self::earlier::EarlierReview;
use crate::args::{self, Format};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::report::{self, Comparison, ReportInput};
use crate::source::Source;

/// Runs the command.
pub(crate) fn run(args: &args::Review) -> Result<Exit, AppError> {
    let directory = Directory::open(args.directory())?;
    let settings = directory.settings()?;
    let estate = directory.estate(settings.as_of)?;
    let source = if args.no_trail { None } else { Source::find(&directory, args.trail.as_deref())? };
    let earlier = args.against.as_deref().map(earlier::read).transpose()?;
    let desk = desk::beside(args, &directory, source.as_ref())?;
    let sources = args.scan.as_deref().map(scanned::read).transpose()?;
    let now = args.now.or(settings.as_of).unwrap_or_else(Timestamp::now);
    let (groundwork, reading) = both(&estate, &directory, source.as_ref(), now)?;
    let (usage, unread) = reading.map_or((None, Vec::new()), |read| (Some(read.usage), read.problems));
    let seen = usage.as_ref().and_then(|usage: &Usage| usage.history.as_ref());
    let unselected =
        seen.map(|seen| blind::contradictions(&blind::sight(seen, &estate), &estate)).unwrap_or_default();
    let wrong = unread.into_iter().chain(settings.contradictions(&estate)).chain(estate.too_old(now));
    let wrong = wrong.chain(unselected);
    let whole = estate.with_problems(wrong);
    let review = review_beside(groundwork, &whole, usage.as_ref(), desk.as_ref(), &settings);
    let compared = earlier.map(|earlier| Comparison::of(&review, &whole, earlier));
    let input = ReportInput {
        review: &review,
        estate: &whole,
        usage: usage.as_ref(),
        settings: &settings,
        compared: compared.as_ref(),
        sources: sources.as_ref(),
    };
    publish(args, &directory, &input)?;
    let exit = exit(&review, &whole);
    // The process ends here: giving back a large company's values piece by piece takes as long as one of its files.
    std::mem::forget((review, usage, whole));
    Ok(exit)
}

/// What the estate tells of who could become whom, and what the trail tells: neither needs the other, and either takes its time.
fn both<'e>(
    estate: &'e Estate,
    directory: &Directory,
    source: Option<&Source>,
    now: Timestamp,
) -> Result<(Groundwork<'e>, Option<TrailReading>), AppError> {
    let Some(source) = source else { return Ok((Groundwork::of(estate, now), None)) };
    thread::scope(|scope| {
        let reading = scope.spawn(|| source.usage_with_history(directory, &Selection::default()));
        let groundwork = Groundwork::of(estate, now);
        let reading = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((groundwork, Some(reading)))
    })
}

impl Comparison {
    fn of(review: &Review, estate: &Estate, earlier: EarlierReview) -> Self {
        let compared = compare(review, estate, &earlier.findings);
        Self { path: earlier.path, now: earlier.now, earlier: earlier.findings, compared }
    }
}

/// Writes the report and prints what was asked for.
fn publish(args: &args::Review, directory: &Directory, input: &ReportInput<'_>) -> Result<(), AppError> {
    let folder = args.out.clone().unwrap_or_else(|| directory.root.join("report"));
    let written: Option<PathBuf> = if args.no_report {
        None
    } else {
        report::write_all(&folder, input, args.csv_bom, args.room.bytes())
            .map_err(|error| AppError::write(&folder, error))?;
        Some(folder)
    };
    match args.format {
        Format::Human => {
            printer::text(&report::terminal::summary(input, written.as_deref(), args.language.into()))?;
        }
        Format::Json => printer::stream(|out| report::json::write(input, out))?,
    }
    Ok(())
}

fn exit(review: &Review, estate: &Estate) -> Exit {
    if !estate.problems.is_empty() {
        Exit::Incomplete
    } else if review.has_failures() {
        Exit::Findings
    } else {
        Exit::Clean
    }
}
