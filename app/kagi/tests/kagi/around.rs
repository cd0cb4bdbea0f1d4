//! Roles whose source is named by `credential_source`: the environment, the instance, the container.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::support::{Machine, Run};

const CAROL: &str = "arn:aws:iam::111122223333:user/carol";
const CAROL_MFA: &str = "arn:aws:iam::111122223333:mfa/carol";

/// A server on the loopback that answers as `answer` says to `METHOD PATH` and the headers, and keeps what was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(&str, &str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = || {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    line.trim_end().to_owned()
                };
                let first = line();
                let headers: Vec<_> =
                    std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty())).collect();
                let length = headers
                    .iter()
                    .find_map(|header| header.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut body).unwrap();
                let body = String::from_utf8(body).unwrap();
                let what = first.trim_end_matches(" HTTP/1.1");
                let (status, body) =
                    answer(what, &format!("{}\n\n{body}", headers.join("\n").to_lowercase()));
                kept.lock().unwrap().push(format!("{what} {status}"));
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A machine whose profile `x` assumes a role with what `credential_source` names.
fn machine(source: &str) -> Machine {
    let machine = Machine::enrolled();
    machine.write(
        "aws/config",
        &format!(
            "[profile x]\nregion = ap-northeast-1\nrole_arn = arn:aws:iam::222233334444:role/Power\ncredential_source = {source}\n"
        ),
    );
    machine
}

/// A session of alice's, as an instance or container would have one: what the endpoints hand out.
fn session(machine: &Machine) -> serde_json::Value {
    machine.answer_with_code();
    machine.write("aws/bastion", "[profile bastion]\nregion = ap-northeast-1\n");
    let mut command = machine.command(&["credentials", "bastion"]);
    let run = Run::of(command.env("AWS_CONFIG_FILE", machine.path("aws/bastion")).output().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn endpoint_json(session: &serde_json::Value) -> String {
    serde_json::json!({
        "Code": "Success",
        "AccessKeyId": session["AccessKeyId"],
        "SecretAccessKey": session["SecretAccessKey"],
        "Token": session["SessionToken"],
        "Expiration": session["Expiration"],
    })
    .to_string()
}

fn run(mut command: Command) -> Run {
    Run::of(command.output().unwrap())
}

fn account(run: &Run) -> serde_json::Value {
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()["AccountId"].clone()
}

#[test]
fn the_environment_begins_a_route_and_is_handed_to_no_program() {
    let machine = machine("Environment");
    let session = session(&machine);
    let with = |arguments: &[&str]| {
        let mut command = machine.command(arguments);
        for (name, key) in [
            ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
            ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
            ("AWS_SESSION_TOKEN", "SessionToken"),
        ] {
            command.env(name, session[key].as_str().unwrap());
        }
        run(command)
    };
    assert_eq!(account(&with(&["credentials", "x"])), "222233334444");
    assert!(with(&["explain", "x"]).stdout.contains("of the environment (`AWS_ACCESS_KEY_ID`)"));
    // The command has none of the variables, is told so, and is served what was obtained.
    let script = "test -z \"$AWS_ACCESS_KEY_ID$AWS_SESSION_TOKEN\" || exit 9; sed -n 's/^credential_process = //p' \"$AWS_CONFIG_FILE\" | sh";
    let inside = with(&["exec", "x", "--", "sh", "-c", script]);
    assert_eq!(account(&inside), "222233334444");
    assert!(inside.stderr.contains("is not renewed, and ends in"), "{}", inside.stderr);
    assert!(with(&["exec", "--with", "x", "bastion", "--", "true"]).code != 0);
    // Without them the message says which is missing; what was cached under them is not served.
    let bare = machine.run(&["credentials", "x"]);
    assert!(bare.code == 2 && bare.stderr.contains("`AWS_ACCESS_KEY_ID` is not set"), "{}", bare.stderr);
    assert!(bare.stderr.contains("export the variables"), "{}", bare.stderr);
    // A user's own key may stand there as well, with a device.
    let key = machine.aws.access_key(CAROL).unwrap();
    machine.answer(&machine.aws.totp(CAROL_MFA).unwrap());
    machine.write("aws/config", &(machine.read("aws/config") + "mfa_serial = " + CAROL_MFA + "\n"));
    let mut command = machine.command(&["credentials", "x"]);
    command.env("AWS_ACCESS_KEY_ID", &key.access_key_id).env("AWS_SECRET_ACCESS_KEY", &key.secret_access_key);
    assert_eq!(account(&run(command)), "222233334444");
}

#[test]
fn the_instance_is_asked_with_a_token_only() {
    let machine = machine("Ec2InstanceMetadata");
    let body = endpoint_json(&session(&machine));
    let server = Server::start(move |what, headers| match what {
        "PUT /latest/api/token" if headers.contains("x-aws-ec2-metadata-token-ttl-seconds: 21600") => {
            (200, "imds-token".to_owned())
        }
        _ if !headers.contains("x-aws-ec2-metadata-token: imds-token") => (401, String::new()),
        "GET /latest/meta-data/iam/security-credentials/" => (200, "app".to_owned()),
        "GET /latest/meta-data/iam/security-credentials/app" => (200, body.clone()),
        _ => (404, String::new()),
    });
    let with = |arguments: &[&str]| {
        let mut command = machine.command(arguments);
        command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &server.url);
        command
    };
    assert_eq!(account(&run(with(&["credentials", "x"]))), "222233334444");
    assert_eq!(server.asked().len(), 3, "{:?}", server.asked());
    // From the cache nobody is asked.
    assert_eq!(account(&run(with(&["credentials", "x"]))), "222233334444");
    assert_eq!(server.asked().len(), 3, "{:?}", server.asked());
    // `kagi exec` forbids programs to ask the instance; the kagi that they run asks it all the same.
    machine.ok(&["forget", "--sessions"]);
    let script = format!(
        "test \"$AWS_EC2_METADATA_DISABLED\" = true || exit 9; {kagi} forget --sessions && {kagi} credentials x",
        kagi = env!("CARGO_BIN_EXE_kagi")
    );
    assert_eq!(account(&run(with(&["exec", "x", "--", "sh", "-c", &script]))), "222233334444");
    assert_eq!(server.asked().len(), 9, "{:?}", server.asked());
    // The person's own no counts.
    machine.ok(&["forget", "--sessions"]);
    let mut command = with(&["credentials", "x"]);
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let refused = run(command);
    assert!(
        refused.code == 2 && refused.stderr.contains("unset `AWS_EC2_METADATA_DISABLED`"),
        "{}",
        refused.stderr
    );
    // No token, no credentials: the old way without one is not taken.
    let old = Server::start(|what, _| match what {
        "PUT /latest/api/token" => (403, String::new()),
        _ => (200, "app".to_owned()),
    });
    let mut command = machine.command(&["credentials", "x"]);
    command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &old.url);
    let refused = run(command);
    assert!(refused.stderr.contains("no `token of IMDSv2` (HTTP 403)"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hop limit"), "{}", refused.stderr);
    assert_eq!(old.asked(), ["PUT /latest/api/token 403"]);
}

#[test]
fn the_container_is_asked_as_its_variables_say() {
    let machine = machine("EcsContainer");
    let body = endpoint_json(&session(&machine));
    let server = Server::start(move |what, headers| match what {
        "GET /v1/credentials" if headers.contains("authorization: pod-token") => (200, body.clone()),
        _ => (403, String::new()),
    });
    let url = format!("{}/v1/credentials", server.url);
    machine.write("token", "pod-token");
    let token_file = machine.path("token");
    let with = |arguments: &[&str]| {
        let mut command = machine.command(arguments);
        command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url);
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token_file);
        command
    };
    assert_eq!(account(&run(with(&["credentials", "x"]))), "222233334444");
    let explain = run(with(&["explain", "x"])).stdout;
    assert!(explain.contains("of the container (127.0.0.1:") && !explain.contains("/v1/"), "{explain}");
    // A program does not follow the variables, and what it runs renews.
    let script = format!(
        "test -z \"$AWS_CONTAINER_CREDENTIALS_FULL_URI$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\" || exit 9; \
         {kagi} forget --sessions && {kagi} credentials x && {kagi} env --unset --shell bash >&2",
        kagi = env!("CARGO_BIN_EXE_kagi")
    );
    let inside = run(with(&["exec", "x", "--", "sh", "-c", &script]));
    assert_eq!(account(&inside), "222233334444");
    assert_eq!(server.asked().len(), 2, "{:?}", server.asked());
    let line = format!("export AWS_CONTAINER_CREDENTIALS_FULL_URI='{url}'");
    assert!(inside.stderr.contains(&line), "{}", inside.stderr);
    assert!(!inside.stderr.contains("unset AWS_CONTAINER_CREDENTIALS_FULL_URI\n"), "{}", inside.stderr);
    // A token in a variable works too; programs do not get it, and are told.
    machine.ok(&["forget", "--sessions"]);
    let mut command = machine.command(&["exec", "x", "--", "sh", "-c", "env"]);
    command
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod-token");
    let inside = run(command);
    assert!(inside.code == 0 && !inside.stdout.contains("pod-token"), "{}", inside.stdout);
    assert!(inside.stderr.contains("is not renewed"), "{}", inside.stderr);
    machine.ok(&["forget", "--sessions"]);
    for (url, token, says) in [
        (None, "pod-token", "neither `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` nor"),
        (Some("http://credentials.example/x"), "pod-token", "a host that SDKs do not ask"),
        (Some(url.as_str()), "pod-token\n", "line ends"),
        (Some(url.as_str()), "another", "(HTTP 403)"),
    ] {
        machine.write("token", token);
        let mut command = machine.command(&["credentials", "x"]);
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token_file);
        if let Some(url) = url {
            command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
        }
        let refused = run(command);
        assert!(refused.code == 2 && refused.stderr.contains(says), "{says}: {}", refused.stderr);
        assert!(!refused.stderr.contains("pod-token"), "{}", refused.stderr);
    }
}

#[test]
fn a_token_in_a_file_begins_a_route() {
    let machine = machine("Environment");
    let session = session(&machine);
    let file = machine.path("token");
    machine.write("token", "header.first.signature\n");
    let role = "arn:aws:iam::222233334444:role/Power";
    let token = file.display();
    let config = format!(
        "[profile x]\nregion = ap-northeast-1\nrole_arn = {role}\nduration_seconds = 7200\nrole_session_name = build\n\
         web_identity_token_file = {token}\n[profile next]\nrole_arn = arn:aws:iam::333344445555:role/Power\nsource_profile = x\n"
    );
    machine.write("aws/config", &config);
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    let answer = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId>\
         <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>\
         <AssumedRoleUser><Arn>arn:aws:sts::222233334444:assumed-role/Power/build</Arn></AssumedRoleUser>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        text("AccessKeyId"),
        text("SecretAccessKey"),
        text("SessionToken"),
        text("Expiration")
    );
    let sts = Server::start(move |_, request| {
        let has = |text: &str| request.contains(text);
        assert!(has("Action=AssumeRoleWithWebIdentity") && !has("authorization:"), "{request}");
        assert!(
            has("DurationSeconds=7200") && has("ReadOnlyAccess") && has("RoleSessionName=build"),
            "{request}"
        );
        if has("WebIdentityToken=header.first.signature") {
            return (200, answer.clone());
        }
        (400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no</Message></Error></ErrorResponse>".to_owned())
    });
    let with = || {
        let mut command = machine.command(&["credentials", "x"]);
        command.env("AWS_ENDPOINT_URL_STS", &sts.url);
        run(command)
    };
    assert_eq!(account(&with()), "222233334444");
    assert_eq!(account(&with()), "222233334444");
    assert_eq!(sts.asked(), ["POST / 200"]);
    let explain = machine.ok(&["explain", "next"]);
    assert!(
        explain.contains("1. AssumeRoleWithWebIdentity arn:aws:iam::222233334444:role/Power as build"),
        "{explain}"
    );
    assert!(explain.contains("2. AssumeRole arn:aws:iam::333344445555:role/Power"), "{explain}");
    // The file is read for each call; what AWS does not take is told with the file, not with the token.
    machine.ok(&["forget", "--sessions"]);
    machine.write("token", "header.second.signature");
    let refused = with();
    assert!(refused.code == 2 && refused.stderr.contains("have it issued anew"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("second"), "{}", refused.stderr);
    std::fs::remove_file(&file).unwrap();
    assert!(with().stderr.contains("check that you may read it"));
}
