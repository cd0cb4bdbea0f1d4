//! `cargo xtask mutants`: would the tests notice if a line were wrong?
//!
//! `cargo mutants --list` says which mutants there are. All of a group are compiled at once, each behind a switch, and the crate's
//! own tests run once with every switch off, which tells what each test reaches. A mutant then costs a run of the tests that reach
//! it, and no build: minutes on two cores, where a build for each takes a night.

mod accepted;
mod build;
mod list;
mod run;
mod switch;
mod tree;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, ensure};

use accepted::Accepted;
use list::Mutant;
use run::Fate;

/// Parts of the core that are measured by name; a killed share below [`BAR`] fails the run.
const GROUPS: [(&str, &[&str]); 5] = [
    ("session", &["core/session/src/**"]),
    ("change", &["core/estate/src/change.rs", "core/estate/src/change/**"]),
    ("access", &["core/estate/src/access.rs", "core/estate/src/access/**"]),
    ("replay", &["core/plan/src/replay.rs", "core/plan/src/replay/**"]),
    ("tighten", &["core/plan/src/tighten.rs", "core/plan/src/tighten/**"]),
];

/// The share of the viable mutants, in percent, that tests must kill.
const BAR: usize = 90;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// `session`, `change`, `access`, `replay`, `tighten`, or a file of `core/` [default: all five]
    what: Vec<String>,
    /// Only so many mutants of each, drawn by the seed
    #[arg(long)]
    sample: Option<usize>,
    /// Draws another sample
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Files of one crate, and the name they are asked for by.
struct Group {
    name: String,
    package: String,
    globs: Vec<String>,
}

impl Group {
    fn read(name: &str) -> anyhow::Result<Self> {
        let known = GROUPS.iter().find(|(known, _)| *known == name);
        let globs: Vec<String> = known.map_or_else(
            || vec![name.to_owned()],
            |(_, globs)| globs.iter().map(|&glob| glob.to_owned()).collect(),
        );
        let first = globs.first().map_or("", String::as_str);
        let mut parts = first.split('/');
        let (Some("core"), Some(name_of_crate), Some("src")) = (parts.next(), parts.next(), parts.next())
        else {
            anyhow::bail!("`{name}` is neither a group nor a file `core/CRATE/src/...`");
        };
        Ok(Self { name: name.to_owned(), package: format!("kagimori-{name_of_crate}"), globs })
    }
}

pub(crate) fn main(args: &Args) -> anyhow::Result<()> {
    let names: Vec<String> = if args.what.is_empty() {
        GROUPS.iter().map(|(name, _)| (*name).to_owned()).collect()
    } else {
        args.what.clone()
    };
    let accepted = Accepted::read()?;
    let mut by_package: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    for name in &names {
        let group = Group::read(name)?;
        by_package.entry(group.package.clone()).or_default().push(group);
    }
    let mut is_good = true;
    for (package, groups) in &by_package {
        is_good &= package_is_good(package, groups, args, &accepted)?;
    }
    ensure!(
        is_good,
        "fewer than {BAR} % of a group's mutants are killed: write the test that tells the survivors apart"
    );
    Ok(())
}

/// One build for all groups of a package.
fn package_is_good(
    package: &str,
    groups: &[Group],
    args: &Args,
    accepted: &Accepted,
) -> anyhow::Result<bool> {
    let mut mutants = Vec::new();
    let mut group_of = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        let found = list::sampled(list::list(package, &group.globs)?, args.sample, args.seed);
        group_of.extend(std::iter::repeat_n(place, found.len()));
        mutants.extend(found);
    }
    let tree = tree::copy().context("copying the working tree to target/mutants")?;
    let built = build::build(package, &tree, &mutants)?;
    let fates = run::all(&built, &mutants)?;
    let mut is_good = true;
    for (place, group) in groups.iter().enumerate() {
        let own: Vec<(&Mutant, Fate)> = mutants
            .iter()
            .zip(&fates)
            .zip(&group_of)
            .filter(|(_, of)| **of == place)
            .map(|((mutant, fate), _)| (mutant, *fate))
            .collect();
        is_good &= report(group, &own, accepted)?;
    }
    Ok(is_good)
}

/// The survivors and the totals of a group; whether enough are killed.
fn report(group: &Group, own: &[(&Mutant, Fate)], accepted: &Accepted) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    let count = |wanted: Fate| own.iter().filter(|(_, fate)| *fate == wanted).count();
    for (mutant, fate) in own {
        let why = accepted.reason(mutant).map(|why| format!("  # {why}")).unwrap_or_default();
        match fate {
            Fate::Survived => writeln!(out, "survived   {}{why}", mutant.name)?,
            Fate::NotReached => writeln!(out, "no test    {}{why}", mutant.name)?,
            Fate::NotRun => writeln!(out, "not run    {}", mutant.name)?,
            Fate::Killed | Fate::TimedOut | Fate::DoesNotCompile => {}
        }
    }
    let killed = count(Fate::Killed) + count(Fate::TimedOut);
    let viable = killed + count(Fate::Survived) + count(Fate::NotReached);
    let percent = if viable == 0 {
        100.0
    } else {
        f64::from(u32::try_from(killed)?) * 100.0 / f64::from(u32::try_from(viable)?)
    };
    let explained = own
        .iter()
        .filter(|(mutant, fate)| {
            matches!(fate, Fate::Survived | Fate::NotReached) && accepted.reason(mutant).is_some()
        })
        .count();
    writeln!(
        out,
        "{}: {killed} of {viable} viable mutants killed, {percent:.1} % ({} by time); {} survived, {explained} of them explained; {} do not compile, {} not run",
        group.name,
        count(Fate::TimedOut),
        viable - killed,
        count(Fate::DoesNotCompile),
        count(Fate::NotRun),
    )?;
    Ok(killed * 100 >= viable * BAR)
}

/// The workspace.
fn root() -> anyhow::Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).context("xtask lies in the workspace")
}
