//! The tests run once with every switch off, each on its own; then, for each mutant, those that reach it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::build::Built;
use super::list::Mutant;

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A test failed.
    Killed,
    /// A test did not end.
    TimedOut,
    /// Every test that reaches it passed.
    Survived,
    /// No test reaches it.
    NotReached,
    /// The compiler refuses it.
    DoesNotCompile,
    /// It cannot be switched: in a constant, or of a type without a name.
    NotRun,
}

/// A test by its program and name.
#[derive(Debug)]
struct Test<'b> {
    program: &'b Path,
    name: String,
    took: Duration,
    reaches: BTreeSet<usize>,
}

/// Tests that take less together are run by one process.
const BATCH: Duration = Duration::from_secs(1);

pub(super) fn all(built: &Built, mutants: &[Mutant]) -> anyhow::Result<Vec<Fate>> {
    let mut tests = Vec::new();
    for program in &built.programs {
        for name in names(program, &built.folder)? {
            tests.push(alone(program, name, &built.folder)?);
        }
    }
    tests.sort_by_key(|test| test.took);
    let mut fates = Vec::new();
    for number in 0..mutants.len() {
        let fate = if built.not_compiled.contains(&number) {
            Fate::DoesNotCompile
        } else if built.left_out.contains(&number) {
            Fate::NotRun
        } else {
            fate(number, &tests, &built.folder)?
        };
        fates.push(fate);
        if fates.len() % 20 == 0 {
            writeln!(std::io::stderr(), "{} of {} mutants", fates.len(), mutants.len())?;
        }
    }
    Ok(fates)
}

fn names(program: &Path, folder: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new(program).args(["--list", "--format", "terse"]).current_dir(folder).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Runs a test with every switch off and sees what it reaches.
fn alone<'b>(program: &'b Path, name: String, folder: &Path) -> anyhow::Result<Test<'b>> {
    let seen = super::root()?.join("target/mutants/reached");
    let _ = std::fs::remove_file(&seen);
    let begin = Instant::now();
    let status = command(program, &[&name], folder).env("MUTANTS_REACHED", &seen).status()?;
    ensure!(status.success(), "the test `{name}` fails without any mutant");
    let took = begin.elapsed();
    let reached = std::fs::read_to_string(&seen).unwrap_or_default();
    let reaches = reached.lines().map(str::parse).collect::<Result<_, _>>().context("what was reached")?;
    Ok(Test { program, name, took, reaches })
}

fn command(program: &Path, names: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--exact").args(names).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn fate(number: usize, tests: &[Test<'_>], folder: &Path) -> anyhow::Result<Fate> {
    let mut batches: BTreeMap<&Path, (Duration, Vec<&str>)> = BTreeMap::new();
    let mut is_reached = false;
    for test in tests.iter().filter(|test| test.reaches.contains(&number)) {
        is_reached = true;
        let (took, names) = batches.entry(test.program).or_default();
        *took += test.took;
        names.push(&test.name);
        if *took > BATCH {
            let batch = std::mem::take(names);
            let killed = killed(number, test.program, &batch, std::mem::take(took), folder)?;
            if killed.is_some() {
                return Ok(killed.unwrap_or(Fate::Killed));
            }
        }
    }
    for (program, (took, names)) in batches.into_iter().filter(|(_, (_, names))| !names.is_empty()) {
        if let Some(fate) = killed(number, program, &names, took, folder)? {
            return Ok(fate);
        }
    }
    Ok(if is_reached { Fate::Survived } else { Fate::NotReached })
}

/// Runs tests with one mutant on; `None`: all pass.
fn killed(
    number: usize,
    program: &Path,
    names: &[&str],
    took: Duration,
    folder: &Path,
) -> anyhow::Result<Option<Fate>> {
    let mut child = command(program, names, folder).env("MUTANT_ON", number.to_string()).spawn()?;
    let end = Instant::now() + Duration::from_secs(20) + 10 * took;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((!status.success()).then_some(Fate::Killed));
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Ok(Some(Fate::TimedOut));
        }
        std::thread::sleep(Duration::from_millis(5));
        if !program.exists() {
            bail!("`{}` was taken away while its mutants were run", program.display());
        }
    }
}
