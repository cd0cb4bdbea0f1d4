//! `kagimori ask …`: what the principals of a directory may do.

mod can;
mod paths;
mod question;
mod what_can;
mod who_can;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::fact::GapReason;
use kagimori_estate::model::Listing;
use kagimori_terminal::printer;
pub(crate) use question::{policy_file, subject};

use crate::args::AskCommand;
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;

pub(crate) fn run(command: &AskCommand) -> Result<Exit, AppError> {
    match command {
        AskCommand::Can(args) => can::run(args, false),
        AskCommand::Why(args) => can::run(args, true),
        AskCommand::WhoCan(args) => who_can::run(args),
        AskCommand::WhatCan(args) => what_can::run(args),
        AskCommand::Paths(args) => paths::run(args),
    }
}

/// Every action that a principal may call on something: its name, and whether surely or under conditions.
pub(crate) fn everything(
    estate: &Estate,
    principal: &str,
    dir: &std::path::Path,
    now: Timestamp,
) -> Result<Vec<(String, bool)>, AppError> {
    what_can::everything(estate, principal, dir, now)
}

/// Reads the estate of a directory, with the instant that is asked about: `as_of` of the settings, else the clock. What could
/// not be read is told.
fn estate(dir: &std::path::Path) -> Result<(Estate, Timestamp), AppError> {
    let directory = Directory::open(dir)?;
    let settings = directory.settings()?;
    let estate = directory.estate(settings.as_of)?;
    for problem in &estate.problems {
        printer::warning(&format!("`{}`: {}", problem.file, problem.message));
    }
    Ok((estate, settings.as_of.unwrap_or_else(Timestamp::now)))
}

/// What a question about everybody is not asked of: a list that an answer of AWS leaves out (`--query`) is not an empty one. What was cut off
/// or could not be read is among the problems already.
fn unlisted(estate: &Estate) -> Vec<String> {
    let of = |(id, account): (&kagimori_id::AccountId, &kagimori_estate::model::Account)| {
        let absent = Listing::ALL.into_iter().filter(|listing| {
            let gap = account.listing(*listing).gap().map(|gap| gap.reason.clone());
            matches!(gap, Some(GapReason::FieldAbsent(_)))
        });
        let members: Vec<&str> = absent.map(Listing::member).collect();
        (!members.is_empty()).then(|| {
            format!(
                "account {id}: the authorization details leave out {}: nobody in it is asked about, and what it grants is not known; give the whole answer of `aws iam get-account-authorization-details`",
                members.join(", ")
            )
        })
    };
    estate.accounts.iter().filter_map(of).collect()
}

/// The exit of a question about everybody, which is not answered where a list of them was not given.
fn exit_of_all(estate: &Estate, answered: Exit) -> Exit {
    let unlisted = unlisted(estate);
    unlisted.iter().for_each(|what| printer::warning(what));
    match answered {
        Exit::Failed => Exit::Failed,
        _ if !unlisted.is_empty() => Exit::Incomplete,
        answered => exit(estate, answered),
    }
}

/// An incomplete estate makes a complete answer incomplete.
fn exit(estate: &Estate, exit: Exit) -> Exit {
    if estate.problems.is_empty() || exit == Exit::Failed { exit } else { Exit::Incomplete }
}

#[cfg(test)]
mod tests {
    use kagimori_estate::read::{Assembler, File, read};
    use kagimori_id::AccountId;

    use super::*;

    fn estate(text: &str) -> Estate {
        let account = AccountId::parse("111122223333").ok();
        let mut assembler = Assembler::default();
        assembler.add(read(File { path: "authorization-details.json", account, bytes: text.as_bytes() }));
        assembler.finish(None)
    }

    #[test]
    fn a_list_that_is_left_out_is_told_and_an_empty_one_is_not() {
        const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
        let of = |left_out: &str| {
            let lists = LISTS.into_iter().filter(|list| *list != left_out);
            let members: Vec<String> = lists.map(|list| format!(r#""{list}":[]"#)).collect();
            estate(&format!(r#"{{{},"IsTruncated":false}}"#, members.join(",")))
        };
        assert_eq!(unlisted(&of("")), Vec::<String>::new());
        assert!(matches!(exit_of_all(&of(""), Exit::Clean), Exit::Clean));
        for list in LISTS {
            let estate = of(list);
            let told = unlisted(&estate).concat();
            assert!(told.contains(list) && told.contains("111122223333"), "{told}");
            assert!(matches!(exit_of_all(&estate, Exit::Clean), Exit::Incomplete), "{list}");
            assert!(matches!(exit_of_all(&estate, Exit::Failed), Exit::Failed), "{list}");
        }
    }
}
