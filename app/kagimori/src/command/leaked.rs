//! `kagimori leaked`: all that is to be known of a key that leaked, in one answer. Every figure is another command's: this asks and puts together.

mod brief;
pub(crate) mod gather;
mod page;
mod steps;
mod told;

use kagimori_terminal::{printer, turn};

pub(crate) use self::brief::brief;
pub(crate) use self::told::parts;

use crate::args::{Format, Leaked};
use crate::company::Company;
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(args: &Leaked) -> Result<Exit, AppError> {
    check(&args.key)?;
    let company = Company::open(&args.dir, args.trail.as_ref())?;
    let case = gather::gather(&company, args)?;
    turn::begin_answer();
    if let Some(path) = &args.page {
        let markup = page::page(&case).markup(&[]);
        kagimori_lake::private::write(path, |out| out.write_all(markup.as_bytes()))
            .map_err(|error| AppError::write(path, error))?;
        printer::note(&format!("page: {}", path.display()));
    }
    match args.format {
        Format::Human => printer::text(&told::text(&case, args.language))?,
        Format::Json => printer::json(&told::json(&case))?,
    }
    let exit = if case.is_untold() {
        Exit::Failed
    } else if case.is_live() || case.is_suspected() {
        Exit::Findings
    } else {
        Exit::Clean
    };
    let is_whole = case.unread.is_empty() && company.estate.problems.is_empty();
    Ok(if is_whole || exit == Exit::Failed { exit } else { Exit::Incomplete })
}

/// A secret that somebody types in place of the id must not be repeated by an error.
fn check(key: &str) -> Result<(), AppError> {
    let is_id = kagimori_source::key_id::Prefix::of(key.as_bytes())
        == Some(kagimori_source::key_id::Prefix::AccessKey)
        && key.len() == 20
        && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_id {
        return Ok(());
    }
    Err(AppError::Argument {
        message: "this is not the id of a long-term access key".to_owned(),
        hint: "it begins with `AKIA` and has 20 letters; never give the secret".to_owned(),
    })
}
