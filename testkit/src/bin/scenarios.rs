//! Prints random scenarios for `kagimori policy eval` as a JSON array.

use std::io::{self, BufWriter, Write};

use clap::Parser;
use kagimori_testkit::scenarios::Scenarios;

/// Print random scenarios as a JSON array
#[derive(Debug, Parser)]
struct Args {
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Leave out the constructs of `divergences.toml`
    #[arg(long)]
    agreed: bool,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let all = Scenarios::new(args.seed);
    let scenarios = if args.agreed { all.agreed() } else { all };
    for (number, case) in scenarios.take(args.count).enumerate() {
        let before = if number == 0 { "[" } else { ",\n" };
        write!(out, "{before}{case}")?;
    }
    writeln!(out, "]")?;
    out.flush()
}
