//! The program with made-up secrets for credentials, from everywhere that credentials come from.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::secret::Secrets;

/// Whose secrets they are: an id of AWS's documentation.
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// Where the credentials are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Variables,
    File,
    Process,
}

/// The program, calling an address with the secrets; what it needs beside a directory lies beside that.
pub(crate) fn program(endpoint: &str, at: &Path, secrets: &Secrets, place: Place) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let beside = at.with_extension("beside");
    fs::create_dir_all(&beside).unwrap();
    let (config, credentials) = (beside.join("config"), beside.join("credentials"));
    let Secrets { key, word, .. } = secrets;
    let text = match place {
        Place::Variables => {
            command
                .env("AWS_ACCESS_KEY_ID", KEY)
                .env("AWS_SECRET_ACCESS_KEY", key)
                .env("AWS_SESSION_TOKEN", word);
            String::new()
        }
        Place::File => {
            format!(
                "[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {key}\naws_session_token = {word}\n"
            )
        }
        Place::Process => {
            let answer = serde_json::json!({
                "Version": 1, "AccessKeyId": KEY, "SecretAccessKey": key, "SessionToken": word, "Expiration": "2099-01-01T00:00:00Z",
            });
            fs::write(beside.join("answer.json"), answer.to_string()).unwrap();
            format!("[default]\ncredential_process = cat {}\n", beside.join("answer.json").display())
        }
    };
    fs::write(&credentials, text).unwrap();
    fs::write(&config, "").unwrap();
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", config)
        .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_COLOR", "1");
    command
}
