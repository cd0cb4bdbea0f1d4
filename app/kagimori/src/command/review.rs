//! `kagimori review`: files → estate and usage → review → summary and report.

mod earlier;

use std::path::PathBuf;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_plan::review::compared::compare;
use kagimori_plan::{Review, review};
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
    let mut estate = directory.estate(settings.as_of)?;
    let usage = read_usage(args, &directory, &mut estate)?;
    estate.problems.extend(settings.contradictions(&estate));
    estate.problems.sort();
    let now = args.now.or(settings.as_of).unwrap_or_else(Timestamp::now);
    estate.problems.extend(estate.too_old(now));
    estate.problems.sort();
    let earlier = args.against.as_deref().map(earlier::read).transpose()?;
    let review = review(&estate, usage.as_ref(), &settings, now);
    let compared = earlier.map(|earlier| Comparison::of(&review, &estate, earlier));
    let input = ReportInput {
        review: &review,
        estate: &estate,
        usage: usage.as_ref(),
        settings: &settings,
        compared: compared.as_ref(),
    };
    publish(args, &directory, &input)?;
    Ok(exit(&review, &estate))
}

impl Comparison {
    fn of(review: &Review, estate: &Estate, earlier: EarlierReview) -> Self {
        let compared = compare(review, estate, &earlier.findings);
        Self { path: earlier.path, now: earlier.now, earlier: earlier.findings, compared }
    }
}

/// The trail's usage; what was wrong with its files joins the estate's problems.
fn read_usage(
    args: &args::Review,
    directory: &Directory,
    estate: &mut Estate,
) -> Result<Option<Usage>, AppError> {
    let source = if args.no_trail { None } else { Source::find(directory, args.trail.as_deref())? };
    let Some(source) = source else { return Ok(None) };
    let reading = source.usage_with_history(directory, &Selection::default())?;
    estate.problems.extend(reading.problems);
    estate.problems.sort();
    Ok(Some(reading.usage))
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
