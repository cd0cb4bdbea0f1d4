//! Writes one full account into a directory: `cargo run --release -p kagimori-testkit --bin large-account`.

use std::path::PathBuf;
use std::{fs, io};

use clap::Parser;
use kagimori_testkit::LargeAccount;

/// Write one account of thousands of roles and policies as a kagimori directory.
#[derive(Parser)]
struct Arguments {
    /// The directory.
    #[arg(long)]
    out: PathBuf,
    /// The seed of everything that is dealt out.
    #[arg(long, default_value_t = 20_261_129)]
    seed: u64,
    /// Roles.
    #[arg(long, default_value_t = 5_000)]
    roles: usize,
    /// Customer managed policies, of five versions each.
    #[arg(long, default_value_t = 1_500)]
    policies: usize,
}

fn main() -> io::Result<()> {
    let Arguments { out, seed, roles, policies } = Arguments::parse();
    for (path, bytes) in (LargeAccount { seed, roles, policies }).generate() {
        let path = out.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}
