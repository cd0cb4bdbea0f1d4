//! A fake AWS with the bastion of S0, for scripts: prints one line of JSON and serves until it is ended.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use jiff::Timestamp;
use kagimori_fake_aws::{Account, Company, FakeAws, User, World, bastion};
use serde_json::{Value, json};

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
    /// The accounts of a folder `snapshots/` in place of the bastion; each user has one key and no device.
    #[arg(long)]
    snapshots: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let wall = Timestamp::now();
    let now = arguments.at.unwrap_or(wall);
    let company = match &arguments.snapshots {
        Some(folder) => Company::of_snapshots(folder)?,
        None => Company::bastion(),
    };
    let named = |account: &Account| -> Vec<String> {
        account.users.iter().map(|user| user_arn(&account.id, user)).collect()
    };
    let users: Vec<String> = company.accounts.iter().flat_map(named).collect();
    let mut world = World::new(&company.seeded(arguments.seed), now)?;
    world.set_time(wall, now);
    let aws = FakeAws::resume(world, arguments.port)?;
    let users = users.into_iter().map(|arn| {
        let key = aws.access_key(&arn);
        json!({
            "arn": arn,
            "access_key_id": key.as_ref().map(|key| &key.access_key_id),
            "secret_access_key": key.as_ref().map(|key| &key.secret_access_key),
        })
    });
    let users: Vec<Value> = users.collect();
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

fn user_arn(account: &str, user: &User) -> String {
    let path = if user.path.is_empty() { "/" } else { &user.path };
    format!("arn:aws:iam::{account}:user{path}{}", user.name)
}
