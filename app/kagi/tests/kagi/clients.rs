//! Clients that no registry here has: what their makers document of how they look for credentials, walked over the environment and
//! the files that kagi gives a program. The pages are cited with each; the real clients that can be had are tried by
//! `scripts/check-kagi`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Machine, Run};

/// Where a client looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `AWS_ACCESS_KEY_ID` and its companions.
    EnvironmentKeys,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`.
    WebIdentity,
    /// `sso_*` of the profile.
    IdentityCenter,
    /// `login_session` of the profile.
    ConsoleLogin,
    /// `role_arn` of the profile.
    Role,
    /// `credential_process` in the config file.
    Process,
    /// Keys in the credentials file, then in the config file.
    Keys,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`, or the relative one.
    Container,
    /// IMDS, unless `AWS_EC2_METADATA_DISABLED`.
    Instance,
}
use Place::{
    ConsoleLogin, Container, EnvironmentKeys, IdentityCenter, Instance, Keys, Process, Role, WebIdentity,
};

struct Client {
    name: &'static str,
    /// The page that says so.
    page: &'static str,
    chain: &'static [Place],
}

const CLIENTS: [Client; 5] = [
    Client {
        name: "Java 2.x",
        page: "https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/credentials-chain.html",
        // In a profile it takes what it finds first: a role, Identity Center, a login, a process, keys.
        chain: &[
            EnvironmentKeys,
            WebIdentity,
            Role,
            IdentityCenter,
            ConsoleLogin,
            Process,
            Keys,
            Container,
            Instance,
        ],
    },
    Client {
        name: "PHP 3",
        page: "https://docs.aws.amazon.com/sdk-for-php/v3/developer-guide/guide_credentials_default_chain.html",
        // The process and the keys of the credentials file come before those of the config file; kagi leaves no keys in the first.
        chain: &[
            EnvironmentKeys,
            WebIdentity,
            IdentityCenter,
            ConsoleLogin,
            Keys,
            Process,
            Role,
            Container,
            Instance,
        ],
    },
    Client {
        name: ".NET 4",
        page: "https://docs.aws.amazon.com/sdk-for-net/v4/developer-guide/creds-assign.html",
        chain: &[
            EnvironmentKeys,
            WebIdentity,
            Role,
            IdentityCenter,
            ConsoleLogin,
            Process,
            Keys,
            Container,
            Instance,
        ],
    },
    Client {
        name: "Terraform's provider for AWS 6",
        page: "https://registry.terraform.io/providers/hashicorp/aws/latest/docs#authentication-and-configuration",
        // It is built on Go v2, whose order in a profile is this; static keys of either file win over a process.
        chain: &[
            EnvironmentKeys,
            WebIdentity,
            Keys,
            IdentityCenter,
            ConsoleLogin,
            Role,
            Process,
            Container,
            Instance,
        ],
    },
    Client {
        name: "Terraform's S3 backend",
        page: "https://developer.hashicorp.com/terraform/language/backend/s3#credentials-and-shared-configuration",
        chain: &[
            EnvironmentKeys,
            WebIdentity,
            Keys,
            IdentityCenter,
            ConsoleLogin,
            Role,
            Process,
            Container,
            Instance,
        ],
    },
];

type Environment = BTreeMap<String, String>;

fn environment(text: &str) -> Environment {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The settings of a section, read plainly.
fn section(file: &str, headers: &[String]) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let (mut is_it, mut settings) = (false, BTreeMap::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            is_it = headers.iter().any(|it| header.trim_end_matches(']') == it);
        } else if let Some((key, value)) = line.split_once('=').filter(|_| is_it) {
            settings.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    settings
}

/// Where a client's search ends.
fn walk(client: &Client, around: &Environment) -> Option<Place> {
    let set = |name: &str| around.get(name).is_some_and(|value| !value.is_empty());
    let profile = around.get("AWS_PROFILE").cloned().unwrap_or_else(|| "default".to_owned());
    let path = |name: &str, default: &str| {
        around.get(name).cloned().unwrap_or_else(|| format!("{}/.aws/{default}", around["HOME"]))
    };
    let config =
        section(&path("AWS_CONFIG_FILE", "config"), &[format!("profile {profile}"), profile.clone()]);
    let credentials = section(&path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), &[profile]);
    let has = |key: &str| config.contains_key(key) || credentials.contains_key(key);
    client.chain.iter().copied().find(|place| match place {
        EnvironmentKeys => set("AWS_ACCESS_KEY_ID") && set("AWS_SECRET_ACCESS_KEY"),
        WebIdentity => set("AWS_WEB_IDENTITY_TOKEN_FILE") && set("AWS_ROLE_ARN"),
        IdentityCenter => has("sso_session") || has("sso_account_id"),
        ConsoleLogin => has("login_session"),
        Role => has("role_arn"),
        Process => has("credential_process"),
        Keys => has("aws_access_key_id"),
        Container => {
            set("AWS_CONTAINER_CREDENTIALS_FULL_URI") || set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        }
        Instance => around.get("AWS_EC2_METADATA_DISABLED").is_none_or(|value| value != "true"),
    })
}

const HOSTILE: [(&str, &str); 7] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
    ("AWS_ROLE_ARN", "arn:aws:iam::444455556666:role/other"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token"),
    ("AWS_PROFILE", "default"),
];

/// A machine where every other way to credentials is open, and leads to somebody else.
fn machine() -> Machine {
    let machine = Machine::enrolled();
    let files = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = \
                 wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";
    machine.write("aws/credentials", files);
    machine.write(
        "aws/config",
        &format!("{files}role_arn = arn:aws:iam::444455556666:role/other\n{}", machine.read("aws/config")),
    );
    machine.ok(&["login", "bastion"]);
    machine
}

fn with_hostile(machine: &Machine, arguments: &[&str]) -> Run {
    let mut command = machine.command(arguments);
    command.envs(HOSTILE);
    Run::of(command.output().unwrap())
}

/// What a client gets of the process that it runs, by a shell as most of them do.
fn account_by_process(machine: &Machine, around: &Environment) -> String {
    let profile = around["AWS_PROFILE"].clone();
    let line =
        section(&around["AWS_CONFIG_FILE"], &[format!("profile {profile}"), profile])["credential_process"]
            .clone();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &line]).env_clear().envs(around).env("AWS_ENDPOINT_URL", machine.aws.endpoint());
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 0, "{line}: {}", run.stderr);
    serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()["AccountId"].as_str().unwrap().to_owned()
}

#[test]
fn whatever_is_around_the_documented_search_ends_at_kagi() {
    let machine = machine();
    let exec = with_hostile(&machine, &["exec", "dev", "--", "env"]);
    let script = format!("eval \"$({} env --shell bash dev)\" && env", env!("CARGO_BIN_EXE_kagi"));
    let mut shell = machine.command(&[]);
    shell.envs(HOSTILE);
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", &script]).env_clear();
    for (name, value) in shell.get_envs() {
        bash.env(name, value.unwrap_or_default());
    }
    let env = Run::of(bash.output().unwrap());
    for (way, run) in [("exec", exec), ("env", env)] {
        assert_eq!(run.code, 0, "{way}: {}", run.stderr);
        let around = environment(&run.stdout);
        for client in &CLIENTS {
            assert_eq!(walk(client, &around), Some(Process), "{} ({}) under {way}", client.name, client.page);
        }
        assert_eq!(account_by_process(&machine, &around), "222233334444", "{way}");
    }
    let frozen = environment(&with_hostile(&machine, &["exec", "--env-keys", "dev", "--", "env"]).stdout);
    for client in &CLIENTS {
        assert_eq!(walk(client, &frozen), Some(EnvironmentKeys), "{} ({})", client.name, client.page);
    }
    assert!(frozen["AWS_ACCESS_KEY_ID"].starts_with("ASIA") && frozen.contains_key("AWS_SESSION_TOKEN"));
    let served = environment(&with_hostile(&machine, &["serve", "dev", "--", "env"]).stdout);
    for client in &CLIENTS {
        assert_eq!(walk(client, &served), Some(Container), "{} ({})", client.name, client.page);
    }
    assert_ne!(served["AWS_CONTAINER_CREDENTIALS_FULL_URI"], "http://127.0.0.1:9/");
    assert!(Path::new(&served["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).is_absolute());
}

#[test]
fn an_added_profile_is_found_by_each_and_before_that_it_is_not() {
    let machine = machine();
    let around = |machine: &Machine| -> Environment {
        [
            ("HOME", machine.home.display().to_string()),
            ("AWS_PROFILE", "dev".to_owned()),
            ("AWS_CONFIG_FILE", machine.path("aws/config").display().to_string()),
            ("AWS_SHARED_CREDENTIALS_FILE", machine.path("aws/credentials").display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    };
    assert!(CLIENTS.iter().all(|client| walk(client, &around(&machine)) == Some(Role)));
    machine.ok(&["add", "dev"]);
    for client in &CLIENTS {
        assert_eq!(walk(client, &around(&machine)), Some(Process), "{} ({})", client.name, client.page);
    }
}

/// A configuration with several providers names several profiles; each must be itself (registry.terraform.io, "profile").
#[test]
fn several_providers_of_one_configuration_are_each_themselves() {
    let machine = machine();
    let run = with_hostile(&machine, &["exec", "dev", "--with", "prod", "--", "env"]);
    let around = environment(&run.stdout);
    for (profile, account) in [("dev", "222233334444"), ("prod", "333344445555")] {
        let named = Environment::from_iter(
            around.clone().into_iter().chain([("AWS_PROFILE".to_owned(), profile.to_owned())]),
        );
        assert!(CLIENTS.iter().all(|client| walk(client, &named) == Some(Process)), "{profile}");
        let mut inside = named.clone();
        inside.insert("HOME".to_owned(), machine.home.display().to_string());
        assert_eq!(account_by_process(&machine, &inside), account);
    }
}
