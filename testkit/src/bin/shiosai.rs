//! Writes the fictional company into a directory: `cargo run --release -p kagimori-testkit --bin shiosai`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Parser;
use kagimori_testkit::{Options, generate};

/// Write the fictional company Shiosai as a kagimori directory.
#[derive(Parser)]
struct Arguments {
    /// The directory; its snapshots/, resource-policies/ and trail/ are replaced.
    #[arg(long)]
    out: PathBuf,
    /// The seed of everything that is dealt out.
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// Accounts, at least six.
    #[arg(long, default_value_t = Options::default().accounts)]
    accounts: usize,
    /// IAM users over all accounts.
    #[arg(long, default_value_t = Options::default().users)]
    users: usize,
    /// Roles over all accounts.
    #[arg(long, default_value_t = Options::default().roles)]
    roles: usize,
    /// Days of CloudTrail; 0 for none.
    #[arg(long, default_value_t = Options::default().days)]
    days: i64,
    /// How many calls of these days are written at most [default: all].
    #[arg(long)]
    calls_max: Option<usize>,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let Arguments { seed, accounts, users, roles, days, calls_max, ref out } = arguments;
    let files = generate(&Options { seed, accounts, users, roles, days, calls_max });
    clear(out)?;
    for (path, bytes) in files {
        let path = out.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// Removes what an earlier run wrote; the READMEs and reports beside it stay.
fn clear(out: &Path) -> io::Result<()> {
    for folder in ["snapshots", "resource-policies", "trail"] {
        let folder = out.join(folder);
        if folder.is_dir() {
            fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}
