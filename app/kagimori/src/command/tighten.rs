//! `kagimori tighten`: least privilege from real use, with proof and evidence.

mod files;
mod last_accessed;
mod page;
mod propose;
mod show;
pub(crate) mod terraform;

use std::path::{Path, PathBuf};

use kagimori_policy::compare::Inclusion;
use kagimori_policy::print;
use kagimori_terminal::{printer, turn};
use kagimori_trail::origin::{Judgement, Origin};

use crate::args::{self, Format};
use crate::company::Company;
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::numbers::counted;

use propose::{Outcome, Proposal};

/// Runs the command.
pub(crate) fn run(args: &args::Tighten) -> Result<Exit, AppError> {
    if args.holdout >= args.days {
        return Err(AppError::Argument {
            message: format!(
                "a holdout of {} leaves nothing of {}",
                counted(args.holdout, "day"),
                counted(args.days, "day")
            ),
            hint: "hold fewer days back, or give more `--days`".to_owned(),
        });
    }
    let company = Company::open(&args.dir, args.trail.as_ref())?;
    let outcome = propose::all(&company, args)?;
    turn::begin_answer();
    let written = if args.no_files {
        None
    } else if outcome.proposals.is_empty() {
        // An answer that failed takes the place of none.
        printer::note(
            "nothing is proposed, so no files were written; what an earlier run wrote stays as it is",
        );
        None
    } else {
        let folder = args.out.clone().unwrap_or_else(|| company.directory.root.join("tighten"));
        tell_earlier(&files::write(&folder, &company.directory.root, &outcome, args)?, &folder);
        Some(folder)
    };
    match args.format {
        Format::Human => printer::text(&show::text(&outcome, args, written.as_deref()))?,
        Format::Json => printer::json(&show::json(&outcome, args))?,
    }
    Ok(company.exit(&outcome.problems, exit(&outcome)))
}

/// Files of other principals stay: somebody may be at work on them.
fn tell_earlier(earlier: &[PathBuf], folder: &Path) {
    let Some(first) = earlier.first() else { return };
    let first = folder.join(first);
    let others = match earlier.len() {
        1 => "is".to_owned(),
        count => format!("and {} more there are", count.saturating_sub(1)),
    };
    printer::warning(&format!(
        "`{}` {others} of an earlier run: this one's page does not speak of them; take them away or give `--out` another folder",
        first.display()
    ));
}

/// The policies proposed for one principal, and whether they are proved to grant nothing new; else why there are none.
pub(crate) fn policies(
    company: &Company,
    args: &args::Tighten,
) -> Result<Result<(Vec<String>, bool), String>, AppError> {
    let outcome = propose::all(company, args)?;
    if let Some(proposal) = outcome.proposals.first() {
        let texts = proposal.tightened.new.iter().map(print::print_pretty).collect();
        return Ok(Ok((texts, proposal.tightened.soundness == Inclusion::Proved)));
    }
    let why = outcome.refused.first().map(|(_, refused)| refused.sentence());
    Ok(Err(why.unwrap_or_else(|| "nothing is proposed".to_owned())))
}

fn exit(outcome: &Outcome) -> Exit {
    if outcome.proposals.is_empty() {
        Exit::Failed
    } else if outcome.proposals.iter().any(Proposal::wants_a_look) {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

impl Proposal {
    /// Whether a person should look before it goes further.
    fn wants_a_look(&self) -> bool {
        let is_suspected = |origin: &Origin| origin.judgement == Judgement::Suspected;
        self.tightened.soundness != Inclusion::Proved
            || !self.tightened.unexplained.is_empty()
            || self.origins.iter().any(is_suspected)
            || !self.verified.failing.is_empty()
            || self.holdout.as_ref().is_some_and(|holdout| !holdout.failing.is_empty())
    }
}
