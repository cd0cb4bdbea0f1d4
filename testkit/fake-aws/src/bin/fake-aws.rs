//! A fake AWS with the bastion of S0, for scripts: prints one line of JSON and serves until it is ended.

use std::error::Error;
use std::io::Write;

use clap::Parser;
use jiff::Timestamp;
use kagimori_fake_aws::{Company, FakeAws, World, bastion};
use serde_json::json;

/// Serve a fake STS and IAM on the loopback.
#[derive(Parser)]
struct Arguments {
    /// The port; any free one by default.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The seed of ids, secrets and codes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The time it starts at, such as `2026-11-25T09:00:00Z`; the real one by default.
    #[arg(long)]
    at: Option<Timestamp>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let wall = Timestamp::now();
    let now = arguments.at.unwrap_or(wall);
    let mut world = World::new(&Company::bastion().seeded(arguments.seed), now)?;
    world.set_time(wall, now);
    let aws = FakeAws::resume(world, arguments.port)?;
    let users = ["alice", "bob", "carol", "root-keeper"].map(|name| {
        let arn = format!("arn:aws:iam::{}:user/{name}", bastion::BASTION);
        let key = aws.access_key(&arn);
        json!({
            "arn": arn,
            "access_key_id": key.as_ref().map(|key| &key.access_key_id),
            "secret_access_key": key.as_ref().map(|key| &key.secret_access_key),
        })
    });
    let line = json!({
        "endpoint": aws.endpoint(),
        "users": users,
        "mfa_serial": bastion::ALICE_MFA,
        "start_url": bastion::START_URL,
        "sso_region": bastion::SSO_REGION,
        "tenant": bastion::TENANT,
    });
    writeln!(std::io::stdout(), "{line}")?;
    aws.wait();
    Ok(())
}
