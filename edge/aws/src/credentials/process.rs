//! What a `credential_process` prints (AWS CLI User Guide, "Sourcing credentials with an external process").

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use kagimori_session::credentials::{LongTermKey, SessionCredentials, is_key_id};
use kagimori_session::heading::words;
use kagimori_session::value::shown;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{CredentialsError, Held};

/// Java's SDK reads no more of a `credential_process` either.
const MOST_BYTES: u64 = 64_000;
/// kagi asks a person for a code and gives up by itself before this.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    #[serde(deserialize_with = "kagimori_session::secret::deserialize")]
    secret_access_key: SecretString,
    #[serde(default, deserialize_with = "kagimori_session::secret::option::deserialize")]
    session_token: Option<SecretString>,
    #[serde(default)]
    expiration: Option<Timestamp>,
}

/// Runs it as botocore does: split into words, no shell.
pub(super) fn run(
    command: &str,
    profile: &str,
    now: Timestamp,
    left: Option<Duration>,
) -> Result<Held, CredentialsError> {
    let failed = |what: &str| {
        CredentialsError::new(
            format!("the `credential_process` of `{}` {what}", shown(profile)),
            format!("run it by hand to see what it says: `{}`", shown(command)),
        )
    };
    let words = words(command).filter(|words| !words.is_empty()).ok_or_else(|| failed("is no command"))?;
    let output = output(&words, left.unwrap_or(PATIENCE).min(PATIENCE))
        .ok_or_else(|| failed("failed, or did not end in time"))?;
    let printed: Printed = serde_json::from_slice(&output)
        .map_err(|_| failed("did not print the JSON of one (`Version`, `AccessKeyId`, `SecretAccessKey`)"))?;
    if printed.version != 1
        || !is_key_id(&printed.access_key_id)
        || printed.secret_access_key.expose_secret().is_empty()
    {
        return Err(failed("printed another version, or no access key"));
    }
    if printed.expiration.is_some_and(|end| end <= now) {
        return Err(failed("printed credentials that have ended"));
    }
    let (access_key_id, secret_access_key) = (printed.access_key_id, printed.secret_access_key);
    Ok(match printed.session_token.filter(|token| !token.expose_secret().is_empty()) {
        None => Held::Key(LongTermKey { access_key_id, secret_access_key }),
        Some(session_token) => Held::Session(SessionCredentials {
            access_key_id,
            secret_access_key,
            session_token,
            // Where the tool names no end clients ask again after an hour.
            expiration: printed.expiration.unwrap_or_else(|| now + SignedDuration::from_hours(1)),
        }),
    })
}

/// What the tool printed; nothing when it failed or took too long.
fn output(words: &[String], patience: Duration) -> Option<Zeroizing<Vec<u8>>> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(8 * 1024));
        stdout.and_then(|stdout| stdout.take(MOST_BYTES).read_to_end(&mut bytes).ok()).map(|_| bytes)
    });
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return reader.join().ok().flatten().filter(|_| status.success()),
            Ok(None) if begun.elapsed() < patience => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(json: &str) -> Result<String, String> {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        run(&format!("printf %s '{json}'"), "p", now, None)
            .map(|held| held.signer().access_key_id().to_owned())
            .map_err(|error| error.message)
    }

    #[test]
    fn a_process_prints_a_key_or_a_session() {
        let key = r#"{"Version":1,"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"s"}"#;
        assert_eq!(printed(key).unwrap(), "AKIAIOSFODNN7EXAMPLE");
        for (from, to, what) in [
            ("1,", "2,", "printed another version"),
            ("\"s\"", "\"\"", "no access key"),
            ("\"s\"", "\"s\",\"Expiration\":\"2020-01-01T00:00:00Z\"", "have ended"),
            ("{", "", "did not print the JSON"),
        ] {
            let error = printed(&key.replace(from, to)).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
        for (command, what) in [("false", "failed"), ("", "is no command"), ("/nowhere/x", "failed")] {
            let error = run(command, "p", Timestamp::UNIX_EPOCH, None).unwrap_err();
            assert!(error.message.contains(what), "{error}");
        }
    }
}
