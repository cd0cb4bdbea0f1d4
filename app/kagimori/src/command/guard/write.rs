//! `guard new` and `guard plan`: a guard as files, and replayed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;
use kagimori_estate::change::{Change, OrganizationChange, WireDocument};
use kagimori_guard::{Guard, Kind, nodes, prove};
use kagimori_id::nearest;
use kagimori_lake::private::Edition;
use kagimori_plan::sentence::Language;
use kagimori_terminal::printer;

use super::prove::{text, verdict};
use super::{estate, exit, made, refused};
use crate::args::{Args, Command, Format, GuardNew, GuardPlan, Made};
use crate::command::whatif;
use crate::error::AppError;
use crate::exit::Exit;

/// What was written, or the proof that failed.
enum Written {
    Files { folder: PathBuf, name: &'static str, is_complete: bool },
    NotProved(Exit),
}

pub(super) fn new(args: &GuardNew) -> Result<Exit, AppError> {
    let folder = args.out.clone().unwrap_or_else(|| args.dir.join("guard"));
    let (folder, name, is_complete) = match write(&args.made, &args.dir, folder, args.on.as_deref())? {
        Written::Files { folder, name, is_complete } => (folder, name, is_complete),
        Written::NotProved(exit) => return Ok(exit),
    };
    let file = folder.join(name);
    let mut told = format!("{0}.json\n{0}.tf\n", file.display());
    if args.on.is_some() {
        told = format!("{told}{}.changes.json\n", file.display());
        printer::note(&format!(
            "what it would have broken: kagimori whatif --changes {}.changes.json --dir {} --save",
            file.display(),
            args.dir.display()
        ));
    }
    printer::text(&told)?;
    Ok(if is_complete { Exit::Clean } else { Exit::Incomplete })
}

pub(super) fn plan(args: &GuardPlan) -> Result<Exit, AppError> {
    let folder = args.dir.join("guard");
    let (folder, name) = match write(&args.made, &args.dir, folder, Some(&args.on))? {
        Written::Files { folder, name, .. } => (folder, name),
        Written::NotProved(exit) => return Ok(exit),
    };
    let file = folder.join(format!("{name}.changes.json"));
    let days = args.days.to_string();
    let format = match args.format {
        Format::Human => "human",
        Format::Json => "json",
    };
    let words = ["kagimori", "whatif", "--save", "--days", &days, "--format", format, "--dir"];
    let words = words.iter().map(|word| (*word).into());
    let words = words.chain([args.dir.clone().into(), "--changes".into(), file.into()]);
    let parsed = Args::try_parse_from(words.collect::<Vec<std::ffi::OsString>>());
    match parsed.map(|parsed| parsed.command) {
        Ok(Command::Whatif(args)) => whatif::run(&args),
        _ => Err(AppError::Argument {
            message: "internal error: the question of the guard is no `whatif`".to_owned(),
            hint: "this should not happen: please report it".to_owned(),
        }),
    }
}

/// Writes a guard that is proved.
fn write(made_of: &Made, dir: &Path, folder: PathBuf, on: Option<&str>) -> Result<Written, AppError> {
    let guard = made(made_of)?;
    let changes = on.map(|target| changes(&guard, target)).transpose()?;
    let (_, estate) = estate(dir)?;
    if let Some(target) = on {
        must_be_there(target, &nodes(&estate))?;
    }
    let proof = prove(&guard, &estate).map_err(|error| refused(&error))?;
    if !proof.is_whole() {
        printer::text(&text(&guard, &proof, Language::En))?;
        printer::failure(
            &"nothing is written: the guard is not proved",
            "change what is named above with `--set`; `kagimori guard show NAME` tells what can be set",
        );
        return Ok(Written::NotProved(verdict(&proof)));
    }
    let name = guard.template.name;
    let failed = |error| AppError::write(&folder, error);
    let edition = Edition::begin(&folder).map_err(failed)?;
    let put = |ending: &str, text: String| {
        edition.write(format!("{name}.{ending}"), |out| out.write_all(text.as_bytes()))
    };
    put("json", format!("{}\n", guard.minified())).map_err(failed)?;
    put("tf", terraform(&guard, on)).map_err(failed)?;
    if let Some(changes) = changes {
        let text = serde_json::to_string_pretty(&changes).map_err(AppError::Encode)?;
        put("changes.json", format!("{text}\n")).map_err(failed)?;
    }
    edition.publish().map_err(failed)?;
    let is_complete = exit(&estate, Exit::Clean) == Exit::Clean;
    Ok(Written::Files { folder, name, is_complete })
}

/// What is attached nowhere that is known is replayed for nobody, and an answer would mean nothing.
fn must_be_there(target: &str, known: &BTreeSet<String>) -> Result<(), AppError> {
    if known.contains(target) {
        return Ok(());
    }
    let hint = match nearest(target, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => {
            "no root, unit or account is known: `kagimori collect --organization` brings them".to_owned()
        }
        None => format!("known are {}", known.iter().take(12).cloned().collect::<Vec<_>>().join(", ")),
    };
    Err(AppError::Argument {
        message: format!("`{target}` is no root, unit or account of the snapshots"),
        hint,
    })
}

/// The policy made and attached.
fn changes(guard: &Guard, target: &str) -> Result<Vec<Change>, AppError> {
    let Some(kind) = guard.template.kind.of_organization() else {
        return Err(AppError::Argument {
            message: format!(
                "`{}` is a boundary: it is attached to users and roles, and to no unit",
                guard.template.name
            ),
            hint: "leave `--on` out; `kagimori whatif --boundary NAME=POLICY-ARN` replays it for one of them"
                .to_owned(),
        });
    };
    let id = format!("p-{}", guard.template.name);
    let made = OrganizationChange::CreateOrganizationPolicy {
        id: id.clone(),
        name: guard.template.name.to_owned(),
        kind: kind.to_owned(),
        document: WireDocument(guard.document.clone()),
    };
    let attached =
        OrganizationChange::AttachOrganizationPolicy { id, target: target.to_owned(), position: None };
    Ok(vec![Change::Organization(made), Change::Organization(attached)])
}

/// The guard for Terraform. The policy is its own file: minified, as the quota counts what comes through the API.
fn terraform(guard: &Guard, on: Option<&str>) -> String {
    let name = guard.template.name;
    let label = name.replace('-', "_");
    let content = format!("jsonencode(jsondecode(file(\"${{path.module}}/{name}.json\")))");
    let purpose = &guard.template.en.purpose;
    let Some(kind) = guard.template.kind.of_organization() else {
        return format!(
            "# {purpose}\nresource \"aws_iam_policy\" \"{label}\" {{\n  name   = \"{name}\"\n  path   = \"/boundary/\"\n  policy = {content}\n}}\n"
        );
    };
    debug_assert!(guard.template.kind != Kind::Boundary, "a boundary is none of the organization's");
    let policy = format!(
        "# {purpose}\nresource \"aws_organizations_policy\" \"{label}\" {{\n  name        = \"{name}\"\n  type        = \"{kind}\"\n  description = \"made by kagimori guard\"\n  content     = {content}\n}}\n"
    );
    match on {
        None => policy,
        Some(target) => format!(
            "{policy}\nresource \"aws_organizations_policy_attachment\" \"{label}\" {{\n  policy_id = aws_organizations_policy.{label}.id\n  target_id = \"{target}\"\n}}\n"
        ),
    }
}
