//! `kagimori ingest`: CloudTrail files → the lake, and what came of it.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use kagimori_aws::{Access, Caller};
use kagimori_estate::model::Problem;
use kagimori_lake::ingest::{Options, Report, ingest};
use kagimori_lake::{Counts, Coverage, S3, S3Credentials, Validation};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;

use crate::args::{Format, Ingest};
use crate::command::collect::session_name;
use crate::error::AppError;
use crate::exit::Exit;
use crate::progress;
use crate::show::numbers::counted;

/// Names of a list that are printed.
const SHOWN_MAX: usize = 5;

/// Runs the command.
pub(crate) fn run(args: &Ingest) -> Result<Exit, AppError> {
    let sources = sources(args)?;
    let lake = args.dir.join("lake");
    let options = Options {
        bodies: args.bodies,
        public_keys: args.public_keys.clone(),
        is_named: !args.sources.is_empty(),
        again: args.again.clone(),
        from_lakes: args.from_lake.clone(),
        s3: s3(args)?,
        batch_bytes: args.batch_bytes,
    };
    let report = {
        let bar = progress::Bar::new("ingesting CloudTrail");
        ingest(&lake, &sources, &args.dir, &options, &|step| bar.step(step))?
    };
    match args.format {
        Format::Human => printer::text(&text(&report))?,
        Format::Json => printer::json(&Output::of(&report))?,
    }
    Ok(exit(&report))
}

/// Who reads from S3: credentials and addresses are found as `collect` finds them. Nobody is looked for where nothing lies there.
fn s3(args: &Ingest) -> Result<Option<S3>, AppError> {
    if !cfg!(feature = "s3") || !args.sources.iter().any(|source| source.starts_with("s3://")) {
        return Ok(None);
    }
    let access = Access::find(&Caller {
        user_agent: concat!("kagimori/", env!("CARGO_PKG_VERSION")).to_owned(),
        session_name: session_name(),
        ..Caller::default()
    })?;
    let (region, endpoint) =
        (access.api.region().map(str::to_owned), access.api.set_address("s3").map(str::to_owned));
    let credentials = Arc::new(move || {
        let held = access.api.signer().map_err(|error| format!("{error}; {}", error.hint))?;
        let signer = held.signer();
        Ok(S3Credentials {
            access_key_id: signer.access_key_id().to_owned(),
            secret_access_key: signer.secret_access_key().to_owned().into(),
            session_token: signer.session_token().map(|token| token.to_owned().into()),
        })
    });
    Ok(Some(S3 { region, endpoint, credentials }))
}

fn sources(args: &Ingest) -> Result<Vec<PathBuf>, AppError> {
    std::fs::metadata(&args.dir).map_err(|source| AppError::read(&args.dir, source))?;
    if let Some(source) = args.sources.iter().find(|source| source.join("kagimori.toml").is_file()) {
        let source = source.display();
        return Err(AppError::Argument {
            message: format!(
                "`{source}` is a kagimori directory, and a source is a folder of CloudTrail files"
            ),
            hint: format!("ingest its trail with `kagimori ingest --dir {source}`"),
        });
    }
    if !args.sources.is_empty() {
        return Ok(args.sources.clone());
    }
    let trail = args.dir.join("trail");
    if !args.from_lake.is_empty() && !trail.is_dir() {
        return Ok(Vec::new());
    }
    if trail.is_dir() { Ok(vec![trail]) } else { Err(AppError::NoTrail(args.dir.clone())) }
}

fn exit(report: &Report) -> Exit {
    let validation = &report.validation;
    let changed =
        [&validation.changed, &validation.missing, &validation.forged].iter().any(|names| !names.is_empty());
    if !report.problems.is_empty() {
        Exit::Incomplete
    } else if changed {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    /// What this run read.
    run: Counts,
    known_files: u64,
    insight_files: u64,
    /// What the lake holds.
    lake: Counts,
    lake_bytes: u64,
    validation: &'a Validation,
    coverage: &'a Coverage,
    problems: Vec<Wrong<'a>>,
}

#[derive(Serialize)]
struct Wrong<'a> {
    file: &'a str,
    message: &'a str,
    hint: &'a str,
}

impl<'a> Output<'a> {
    fn of(report: &'a Report) -> Self {
        let wrong = |problem: &'a Problem| Wrong {
            file: &problem.file,
            message: &problem.message,
            hint: &problem.hint,
        };
        Self {
            schema: Schema { name: "kagimori.ingest", version: 1 },
            now: Timestamp::now(),
            run: report.counts,
            known_files: report.known_files,
            insight_files: report.insights,
            lake: report.lake,
            lake_bytes: report.lake_bytes,
            validation: &report.validation,
            coverage: &report.coverage,
            problems: report.problems.iter().map(wrong).collect(),
        }
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    let (run, lake) = (&report.counts, &report.lake);
    let _ = writeln!(
        text,
        "Read {} ({} known): {}, {} that had come before, {} of uncompressed JSON",
        counted(run.files, "new file"),
        report.known_files,
        counted(run.events, "event"),
        run.duplicates,
        size(run.bytes)
    );
    let set_aside = [
        (run.damaged_events, ["record was damaged and set aside", "records were damaged and set aside"]),
        (
            run.updates,
            [
                "event repeats an earlier one with other fields; it is marked and not counted",
                "events repeat earlier ones with other fields; they are marked and not counted",
            ],
        ),
        (
            run.contradicting,
            [
                "event has the id of another and other content; both count",
                "events have the id of another and other content; all count",
            ],
        ),
        (
            run.not_calls,
            [
                "record is no call (an Insight, a count of calls, or an event that is not CloudTrail's)",
                "records are no calls (Insights, counts of calls, or events that are not CloudTrail's)",
            ],
        ),
        (report.insights, ["Insight file was passed over", "Insight files were passed over"]),
        (
            run.odd_types,
            [
                "field had another type than it should; it counts as absent",
                "fields had another type than they should; they count as absent",
            ],
        ),
    ];
    for (count, [one, many]) in set_aside.into_iter().filter(|(count, _)| *count > 0) {
        let _ = writeln!(text, "  {count} {}", if count == 1 { one } else { many });
    }
    let share = if lake.bytes == 0 { 0.0 } else { report.lake_bytes as f64 * 100.0 / lake.bytes as f64 };
    let _ = writeln!(
        text,
        "The lake holds {} of {} in {} ({share:.1} % of the uncompressed JSON)",
        counted(lake.events, "event"),
        counted(lake.files, "file"),
        size(report.lake_bytes)
    );
    cover(&mut text, &report.coverage);
    validated(&mut text, &report.validation);
    wrong(&mut text, &report.problems);
    text
}

/// `12.3 MiB`
fn size(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes >= 1024.0 { format!("{:.1} GiB", mebibytes / 1024.0) } else { format!("{mebibytes:.1} MiB") }
}

fn cover(text: &mut String, coverage: &Coverage) {
    let (Some(first), Some(last)) = (&coverage.first, &coverage.last) else { return };
    let accounts: std::collections::BTreeSet<&str> =
        coverage.regions.iter().map(|region| region.account.as_str()).collect();
    let regions: std::collections::BTreeSet<&str> =
        coverage.regions.iter().map(|region| region.region.as_str()).collect();
    let _ = writeln!(
        text,
        "It covers {first} to {last}: {}, {}",
        counted(accounts.len(), "account"),
        counted(regions.len(), "region")
    );
    let holed = coverage.regions.iter().filter(|region| !region.holes.is_empty()).count();
    if holed > 0 {
        let _ = writeln!(
            text,
            "  {holed} of {} {} days without an event: `kagimori trail coverage` lists them",
            counted(coverage.regions.len(), "account region"),
            if holed == 1 { "has" } else { "have" }
        );
    }
}

fn validated(text: &mut String, validation: &Validation) {
    if validation.digests == 0 {
        let _ =
            writeln!(text, "Log file validation: no digest file was found, so nothing is said of the files");
        return;
    }
    let _ = writeln!(
        text,
        "Log file validation: {} ({} signed, {} with a signature that could not be checked); {} valid, \
         {} changed, {} missing, {} not covered",
        counted(validation.digests, "digest"),
        validation.signed,
        validation.unsigned,
        counted(validation.valid, "file"),
        validation.changed.len(),
        validation.missing.len(),
        validation.not_covered
    );
    named(text, "changed", &validation.changed);
    named(text, "missing", &validation.missing);
    named(text, "digest with a wrong signature or changed later", &validation.forged);
    named(text, "no digest between", &validation.gaps);
}

fn named(text: &mut String, what: &str, names: &[String]) {
    for name in names.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "  {what}: {name}");
    }
    if names.len() > SHOWN_MAX {
        let _ = writeln!(text, "  … and {} more", names.len() - SHOWN_MAX);
    }
}

fn wrong(text: &mut String, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "{} {} damaged or could not be read:",
        counted(problems.len(), "file"),
        if problems.len() == 1 { "was" } else { "were" }
    );
    for problem in problems.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "  {}: {}\n    hint: {}", problem.file, problem.message, problem.hint);
    }
    if problems.len() > SHOWN_MAX {
        let _ = writeln!(text, "  … and {} more; `--format json` lists them all", problems.len() - SHOWN_MAX);
    }
}
