//! One build with all mutants; those that do not compile are taken out until the rest does.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::list::Mutant;
use super::switch::{Switched, switched};
use super::tree::write;

/// The switch. It also writes down which mutants a run comes by.
const SWITCH: &str = r#"
/// Which mutant is on.
mod switched_mutants {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::sync::{LazyLock, Mutex};

    static ON: LazyLock<Option<usize>> = LazyLock::new(|| std::env::var("MUTANT_ON").ok()?.parse().ok());
    static REACHED: LazyLock<Option<Mutex<std::fs::File>>> = LazyLock::new(|| {
        let path = std::env::var_os("MUTANTS_REACHED")?;
        std::fs::OpenOptions::new().create(true).append(true).open(path).ok().map(Mutex::new)
    });
    static SEEN: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

    pub(crate) fn on(number: usize) -> bool {
        if let Some(file) = &*REACHED
            && !SEEN[number].swap(true, Relaxed)
        {
            use std::io::Write as _;
            let _ = writeln!(file.lock().unwrap(), "{number}");
        }
        *ON == Some(number)
    }
}
"#;

/// Programs that run the crate's tests.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) programs: Vec<PathBuf>,
    /// Where Cargo runs them.
    pub(super) folder: PathBuf,
    /// Mutants without a meaning to the compiler.
    pub(super) not_compiled: BTreeSet<usize>,
    /// Mutants that cannot be switched.
    pub(super) left_out: BTreeSet<usize>,
}

pub(super) fn build(package: &str, tree: &Path, mutants: &[Mutant]) -> anyhow::Result<Built> {
    let folder = tree.join("core").join(package.trim_start_matches("kagimori-"));
    let library = folder.join("src/lib.rs");
    let mut switch = std::fs::read_to_string(&library)?;
    switch += &SWITCH.replace("COUNT", &mutants.len().max(1).to_string());
    write(&library, switch.as_bytes())?;
    let originals: BTreeMap<&str, String> = mutants
        .iter()
        .map(|mutant| Ok((mutant.file.as_str(), std::fs::read_to_string(tree.join(&mutant.file))?)))
        .collect::<anyhow::Result<_>>()?;
    let mut not_compiled = BTreeSet::new();
    loop {
        let mut left_out = BTreeSet::new();
        for (file, original) in &originals {
            let own = mutants.iter().enumerate();
            let own =
                own.filter(|(number, one)| one.file == *file && !not_compiled.contains(number)).collect();
            let Switched { text, left_out: of_file } =
                switched(original, &own).with_context(|| (*file).to_owned())?;
            left_out.extend(of_file);
            write(&tree.join(file), text.as_bytes())?;
        }
        let messages = compile(package, tree)?;
        let at_fault = at_fault(&messages, tree)?;
        if at_fault.is_empty() {
            let programs = programs(&messages);
            ensure!(!programs.is_empty(), "the tests do not compile: {}", errors(&messages));
            return Ok(Built { programs, folder, not_compiled, left_out });
        }
        writeln!(
            std::io::stderr(),
            "{package}: {} mutants do not compile and are taken out",
            at_fault.len()
        )?;
        not_compiled.extend(at_fault);
    }
}

/// What Cargo says of a build of the tests, a value a line.
fn compile(package: &str, tree: &Path) -> anyhow::Result<Vec<Value>> {
    writeln!(std::io::stderr(), "{package}: building with all mutants")?;
    let output = Command::new("cargo")
        .args(["test", "--no-run", "--lib", "--tests", "--message-format=json", "--package", package])
        .current_dir(tree)
        // Cargo calls the crates of both trees the same: in one folder the mutants would be taken for the real ones.
        .env("CARGO_TARGET_DIR", super::root()?.join("target/mutants/build"))
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn programs(messages: &[Value]) -> Vec<PathBuf> {
    let tests = messages
        .iter()
        .filter(|message| message.pointer("/profile/test").and_then(Value::as_bool) == Some(true));
    tests.filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from)).collect()
}

fn is_error(message: &Value) -> bool {
    message.pointer("/message/level").and_then(Value::as_str) == Some("error")
}

fn errors(messages: &[Value]) -> String {
    let all = messages.iter().filter(|message| is_error(message));
    all.filter_map(|message| message.pointer("/message/rendered")?.as_str()).collect::<Vec<_>>().join("\n")
}

/// The mutants in whose text the compiler finds an error.
fn at_fault(messages: &[Value], tree: &Path) -> anyhow::Result<BTreeSet<usize>> {
    let mut found = BTreeSet::new();
    for message in messages.iter().filter(|message| is_error(message)) {
        let spans = message.pointer("/message/spans").and_then(Value::as_array).into_iter().flatten();
        // the first place is where the error is, the others explain it
        let (first, others): (Vec<_>, Vec<_>) =
            spans.partition(|span| span.get("is_primary").and_then(Value::as_bool) == Some(true));
        for span in first.into_iter().chain(others) {
            let mutant = mutant_at(span, tree)?;
            if mutant.is_some() {
                found.extend(mutant);
                break;
            }
        }
    }
    Ok(found)
}

/// The mutant between whose marks a place lies: the last that began before it and ends behind it.
fn mutant_at(span: &Value, tree: &Path) -> anyhow::Result<Option<usize>> {
    let (Some(file), Some(at)) = (
        span.get("file_name").and_then(Value::as_str),
        span.get("byte_start").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok()),
    ) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(tree.join(file))?;
    let (Some(before), Some(behind)) = (text.get(..at), text.get(at..)) else { return Ok(None) };
    let number = before.rmatches_number("/*<", ">*/");
    Ok(number.into_iter().find(|number| behind.contains(&format!("/*</{number}>*/"))))
}

trait Marks {
    /// The numbers between two texts, the last first.
    fn rmatches_number(&self, open: &str, close: &str) -> Vec<usize>;
}

impl Marks for str {
    fn rmatches_number(&self, open: &str, close: &str) -> Vec<usize> {
        let after = self.rsplit(open).map(|rest| rest.split(close).next().unwrap_or_default());
        after.filter_map(|digits| digits.parse().ok()).collect()
    }
}
