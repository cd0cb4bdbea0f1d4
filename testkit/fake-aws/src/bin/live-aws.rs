//! Live accounts out of the snapshots of a kagimori directory, for scripts: prints its address and serves until it is ended.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use kagimori_fake_aws::live::{Faults, Files, Live};

/// Serve the accounts of a kagimori directory on the loopback.
#[derive(Parser)]
struct Arguments {
    /// The kagimori directory.
    dir: PathBuf,
    /// Milliseconds before each answer.
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Items of a page at most.
    #[arg(long)]
    page: Option<usize>,
    /// Of a hundred requests so many are one too many.
    #[arg(long, default_value_t = 0)]
    throttled: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut accounts = BTreeMap::new();
    for entry in std::fs::read_dir(arguments.dir.join("snapshots"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        accounts.insert(name, files(&path)?);
    }
    let organization = accounts.remove("organization").unwrap_or_default();
    let faults = Faults {
        page: arguments.page,
        throttled_percent: arguments.throttled,
        delay: Duration::from_millis(arguments.delay),
        ..Faults::default()
    };
    let live = Live::start(&accounts, &organization, faults)?;
    writeln!(std::io::stdout(), "{}", live.endpoint())?;
    loop {
        std::thread::park();
    }
}

fn files(folder: &Path) -> std::io::Result<Files> {
    let mut found = Files::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let below = files(&path)?;
            found.extend(below.into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(found)
}
