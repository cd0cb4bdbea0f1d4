//! `kagimori policy minimise FILE…`: the same policies, shorter.

use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::document::Document;
use kagimori_policy::minimise::{Minimised, Options, Sameness, Size, minimise_telling};
use kagimori_policy::print::{print, print_pretty};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::{Format, Minimise};
use crate::command::ask::policy_file;
use crate::error::AppError;
use crate::exit::Exit;
use crate::progress::Steps;
use crate::show::numbers::counted;

pub(crate) fn run(args: &Minimise) -> Result<Exit, AppError> {
    let documents: Vec<Document> =
        args.files.iter().map(|file| policy_file(file)).collect::<Result<_, _>>()?;
    let options = Options {
        wildcards: args.wildcards,
        sids: !args.drop_sids,
        document_size: args.size,
        documents_max: args.documents,
    };
    let steps = Steps::new("statement");
    let minimised = minimise_telling(&documents, options, &|done, total| steps.reach(done, total));
    drop(steps);
    match args.format {
        Format::Human => printer::data(&text(&minimised))?,
        Format::Json => printer::json(&output(&minimised)?)?,
    }
    printer::note(&summary(&minimised));
    if minimised.documents.is_empty() {
        printer::warning("the policies allow nothing and deny nothing: no document is left");
    }
    if !minimised.fits {
        printer::warning(&format!(
            "it does not fit {} of {} characters; a statement with `NotAction` or `NotResource` is not divided",
            counted(options.documents_max, "document"),
            options.document_size
        ));
    }
    Ok(match (&minimised.sameness, minimised.fits) {
        (Sameness::Unchanged(_), _) => Exit::Failed,
        (_, true) => Exit::Clean,
        (_, false) => Exit::Findings,
    })
}

/// One document as itself; several as a list.
fn text(minimised: &Minimised) -> String {
    match minimised.documents.as_slice() {
        [one] => format!("{}\n", print_pretty(one)),
        several => {
            let documents: Vec<String> = several.iter().map(print_pretty).collect();
            format!("[{}]\n", documents.join(",\n"))
        }
    }
}

fn summary(minimised: &Minimised) -> String {
    let Minimised { before, after, sameness, .. } = minimised;
    let saved = before.characters.saturating_sub(after.characters) * 100 / before.characters.max(1);
    let proof = match sameness {
        Sameness::EveryAction => "the same meaning, proved".to_owned(),
        Sameness::KnownActions(version) => format!(
            "the same meaning for every action of the service reference {version}, proved; new wildcards may name actions that AWS adds"
        ),
        Sameness::Unchanged(why) => format!("given back as it was: {why}"),
    };
    format!(
        "{} → {} ({saved} % less), {} → {}, {} → {}; {proof}",
        before.characters,
        counted(after.characters, "character"),
        before.statements,
        counted(after.statements, "statement"),
        before.documents,
        counted(after.documents, "document")
    )
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    service_reference: &'a str,
    proof: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    fits: bool,
    before: SizeOutput,
    after: SizeOutput,
    documents: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
struct SizeOutput {
    documents: usize,
    statements: usize,
    characters: usize,
}

impl From<Size> for SizeOutput {
    fn from(size: Size) -> Self {
        Self { documents: size.documents, statements: size.statements, characters: size.characters }
    }
}

fn output(minimised: &Minimised) -> Result<Output<'_>, AppError> {
    let raw = |document: &Document| RawValue::from_string(print(document)).map_err(AppError::Encode);
    let (proof, reason) = match &minimised.sameness {
        Sameness::EveryAction => ("every_action", None),
        Sameness::KnownActions(_) => ("known_actions", None),
        Sameness::Unchanged(why) => ("not_proved", Some(why.as_str())),
    };
    Ok(Output {
        schema: Schema { name: "kagimori.minimised", version: 1 },
        service_reference: Catalogue::embedded().version(),
        proof,
        reason,
        fits: minimised.fits,
        before: minimised.before.into(),
        after: minimised.after.into(),
        documents: minimised.documents.iter().map(raw).collect::<Result<_, _>>()?,
    })
}
