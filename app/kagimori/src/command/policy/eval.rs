//! `kagimori policy eval`: runs scenario files, one JSON line per case.

use std::path::Path;

use kagimori_lake::private;
use kagimori_policy::scenario::{self, Report};
use kagimori_terminal::printer;
use serde::Serialize;

use crate::args::Eval;
use crate::command::policy::json_files::{JsonFiles, json_files};
use crate::error::AppError;
use crate::exit::Exit;
use crate::given;
use crate::show::numbers::counted;

/// One line of the results.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(flatten)]
    report: &'a Report,
}

/// How the cases came out, together.
#[derive(Default)]
struct Tally {
    cases: usize,
    differing: usize,
    skipped: usize,
    unread: usize,
    /// Files and folders that were not opened.
    passed_over: usize,
    /// Cases that could not be read.
    damaged: usize,
}

pub(crate) fn run(args: &Eval) -> Result<Exit, AppError> {
    let JsonFiles { files, passed_over, .. } = json_files(&args.cases)?;
    if files.is_empty() && passed_over.is_empty() {
        return Err(AppError::NoCases(args.cases.clone()));
    }
    let mut tally = Tally::default();
    for (path, message) in &passed_over {
        tally.passed_over = tally.passed_over.saturating_add(1);
        printer::warning(&format!("`{}` was passed over: {message}", path.display()));
    }
    let mut lines = String::new();
    for file in &files {
        run_file(file, &mut tally, &mut lines)?;
    }
    match &args.out {
        Some(out) => private::write(out, |file| file.write_all(lines.as_bytes()))
            .map_err(|source| AppError::write(out, source))?,
        None => printer::stream(|out| out.write_all(lines.as_bytes()))?,
    }
    printer::note(&tally.summary(files.len()));
    Ok(tally.exit())
}

/// Runs the cases of one file. A file that cannot be read is told and counted; the others go on.
fn run_file(file: &Path, tally: &mut Tally, lines: &mut String) -> Result<(), AppError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let open = |name: &str| {
        let path = folder.join(name);
        given::text(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    let read = given::text(file).map_err(|error| error.to_string());
    let cases = read.and_then(|text| scenario::read_each(&text, &open).map_err(|error| error.to_string()));
    let cases = match cases {
        Ok(cases) => cases,
        Err(message) => {
            tally.unread = tally.unread.saturating_add(1);
            printer::warning(&format!("`{}` was left out: {message}", file.display()));
            return Ok(());
        }
    };
    let name = file.display().to_string();
    for case in &cases {
        let case = match case {
            Ok(case) => case,
            Err(error) => {
                tally.damaged = tally.damaged.saturating_add(1);
                printer::warning(&format!("`{name}`, {error}: it was left out, the others are run"));
                continue;
            }
        };
        for field in &case.unknown_fields {
            printer::warning(&format!(
                "`{name}`, case `{}`: the field `{field}` means nothing here",
                case.name
            ));
        }
        if case.skip {
            tally.skipped = tally.skipped.saturating_add(1);
            continue;
        }
        let report = scenario::run(case);
        tally.cases = tally.cases.saturating_add(1);
        tally.differing = tally.differing.saturating_add(usize::from(!report.ok));
        let line = serde_json::to_string(&Line { file: &name, report: &report }).map_err(AppError::Encode)?;
        lines.push_str(&line);
        lines.push('\n');
        if !report.ok {
            printer::warning(&differs(&name, &report));
        }
    }
    Ok(())
}

/// A case that did not come out as expected, for a person.
fn differs(file: &str, report: &Report) -> String {
    let expected = report.expected.map(|expected| format!(", expected {expected:?}")).unwrap_or_default();
    let why = report.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let at = report.at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
    format!("`{file}`, case `{}`: {:?}{expected}{at}{why}", report.name, report.response)
}

impl Tally {
    fn summary(&self, files: usize) -> String {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        let not_read = |count: usize, what: &str| {
            if count > 0 { format!(", {} not read", counted(count, what)) } else { String::new() }
        };
        let unread =
            not_read(self.damaged, "case") + &not_read(self.unread.saturating_add(self.passed_over), "file");
        let as_expected = self.cases.saturating_sub(self.differing);
        let (cases, files) = (counted(self.cases, "case"), counted(files, "file"));
        format!("{as_expected} of {cases} as expected in {files}{skipped}{unread}")
    }

    fn exit(&self) -> Exit {
        if self.unread > 0 || self.damaged > 0 {
            Exit::Failed
        } else if self.passed_over > 0 {
            if self.cases > 0 { Exit::Incomplete } else { Exit::Failed }
        } else if self.differing > 0 {
            Exit::Findings
        } else {
            Exit::Clean
        }
    }
}
