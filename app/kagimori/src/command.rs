//! One module a verb: what was typed becomes a question to the core, and its answer is shown.

mod apply;
pub(crate) mod ask;
mod bastion;
mod checks;
mod collect;
mod complete;
mod explain;
mod guard;
mod ingest;
mod journal;
mod lake;
mod leaked;
mod migrate;
#[cfg(feature = "needs")]
mod needs;
mod notify;
mod plan;
pub(crate) mod policy;
mod retire;
mod review;
mod scan;
mod tighten;
mod trail;
mod whatif;

use kagimori_plan::apply::Direction;

use crate::args::{Args, Command};
use crate::error::AppError;
use crate::exit::Exit;

/// Runs what was typed.
pub(crate) fn run(args: &Args) -> Result<Exit, AppError> {
    match &args.command {
        Command::Review(args) => review::run(args),
        Command::Collect(args) => collect::run(args),
        Command::Ingest(args) => ingest::run(args),
        Command::Lake(command) => lake::run(command),
        Command::Trail(command) => trail::run(command),
        Command::Explain(args) => explain::run(args),
        Command::Checks(args) => checks::run(args),
        Command::Ask(command) => ask::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Whatif(args) => whatif::run(args),
        Command::Tighten(args) => tighten::run(args),
        Command::Migrate(args) => migrate::run(args),
        #[cfg(feature = "needs")]
        Command::Needs(args) => needs::run(args),
        Command::Plan(command) => plan::run(command),
        Command::Apply(args) => apply::run(args, Direction::Apply),
        Command::Undo(args) => apply::run(args, Direction::Undo),
        Command::Scan(args) => scan::run(args),
        Command::Leaked(args) => leaked::run(args),
        Command::Retire(command) => retire::run(command),
        Command::Bastion(command) => bastion::run(command),
        Command::Guard(command) => guard::run(command),
        Command::Journal(command) => journal::run(command),
        Command::Notify(command) => notify::run(command),
        Command::Completions(args) => complete::script(args.shell),
        Command::Complete(args) => complete::run(&args.words),
        Command::Man(args) => complete::manual(args.out.as_deref()),
    }
}
