//! What can be wrong with a collection, each with what is said of it and what to do: no case ends in silence, in a panic, or with an
//! account that looks collected.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use kagimori_fake_aws::live::{Faults, Files, Live};

    const OWN: &str = "111122223333";
    const OTHER: &str = "444455556666";
    /// AWS's documented example.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// What is wrong, and what is to be said.
    #[derive(Default)]
    struct Row {
        name: &'static str,
        arguments: Vec<String>,
        /// Variables, in place of those that are set else; an empty value takes one away.
        variables: Vec<(&'static str, String)>,
        config: String,
        faults: Faults,
        /// What lies in the directory before.
        before: Option<fn(&Path)>,
        code: i32,
        /// Of stdout and stderr together.
        said: Vec<&'static str>,
    }

    fn row(name: &'static str, arguments: &[&str], code: i32, said: &[&'static str]) -> Row {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Row { name, arguments, code, said: said.to_vec(), ..Row::default() }
    }

    impl Row {
        fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
            self.variables.push((name, value.into()));
            self
        }

        fn config(mut self, text: &str) -> Self {
            self.config = text.to_owned();
            let taken = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
            self.variables.extend(taken.map(|name| (name, String::new())));
            self
        }

        fn refused(mut self, operation: &str, status: u16, code: &str, message: &str) -> Self {
            let refusal = (status, code.to_owned(), message.to_owned());
            self.faults.refused.insert(operation.to_owned(), refusal);
            self
        }

        fn before(mut self, before: fn(&Path)) -> Self {
            self.before = Some(before);
            self
        }
    }

    /// A server that says one thing to whoever comes; gives its address.
    fn saying(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        address
    }

    /// Nobody listens there.
    fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    }

    fn rows() -> Vec<Row> {
        let other = ["--account", OTHER, "--role", "Audit"];
        let both = ["--account", OWN, OTHER, "--role", "Audit"];
        let forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let denied = "User: x is not authorized to perform: sts:AssumeRole";
        vec![
            // who asks
            row("session ended", &[], 2, &["ExpiredToken", "hint: the session has ended", "kagi exec"])
                .refused("GetCallerIdentity", 403, "ExpiredToken", "The security token included in the request is expired"),
            row("key deleted", &[], 2, &["InvalidClientTokenId", "hint: AWS does not know the access key"])
                .refused("GetCallerIdentity", 403, "InvalidClientTokenId", "The security token included in the request is invalid."),
            row("wrong secret", &[], 2, &["SignatureDoesNotMatch", "hint: the secret access key does not belong"])
                .refused("GetCallerIdentity", 403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
            row("clock wrong by an hour", &[], 2, &["Signature expired", "hint: set this machine's clock"])
                .refused("GetCallerIdentity", 403, "RequestExpired", "Signature expired: 20261130T120000Z is now earlier than 20261130T130000Z"),
            row("clock wrong, as STS says it", &[], 2, &["Signature expired", "hint: set this machine's clock"])
                .refused("GetCallerIdentity", 403, "SignatureDoesNotMatch", "Signature expired: 20261130T120000Z is now earlier than 20261130T125500Z (20261130T131000Z - 15 min.)"),
            row("nobody", &[], 2, &["no credentials", "hint: "])
                .with("AWS_ACCESS_KEY_ID", "").with("AWS_SECRET_ACCESS_KEY", ""),
            row("half a key", &[], 2, &["AWS_SECRET_ACCESS_KEY", "hint: "]).with("AWS_SECRET_ACCESS_KEY", ""),
            row("no such profile", &["--profile", "nobody"], 2, &["`nobody`", "hint: "]),
            row("profile without a key", &[], 2, &["hint: "]).config("[default]\nregion = us-east-1\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"),
            row("profiles in a circle", &["--profile", "a"], 2, &["hint: "])
                .config("[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::111122223333:role/B\nsource_profile = a\n"),
            row("profile of Identity Center", &["--profile", "sso"], 2, &["hint: "])
                .config("[profile sso]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = Audit\n"),
            row("profile that wants a code", &["--profile", "mfa"], 2, &["hint: "])
                .config("[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = k\nmfa_serial = arn:aws:iam::111122223333:mfa/x\n[profile k]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"),
            row("process fails", &[], 2, &["credential_process", "hint: "]).config("[default]\ncredential_process = false\n"),
            row("process is not there", &[], 2, &["hint: "]).config("[default]\ncredential_process = /no/such/program\n"),
            row("process says nothing", &[], 2, &["hint: "]).config("[default]\ncredential_process = true\n"),
            row("token is not there", &[], 2, &["no-such-token", "hint: "])
                .config("").with("AWS_WEB_IDENTITY_TOKEN_FILE", "/no-such-token").with("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/A"),
            row("role of variables is none", &[], 2, &["hint: "])
                .config("").with("AWS_WEB_IDENTITY_TOKEN_FILE", "/no-such-token").with("AWS_ROLE_ARN", "Audit"),
            row("attempts are none", &[], 2, &["`none` is no number of attempts", "hint: "]).with("AWS_MAX_ATTEMPTS", "none"),
            // which accounts
            row("id too short", &["--account", "12"], 2, &["`12` is not a 12-digit AWS account id", "hint: "]),
            row("another account without a role", &["--account", OTHER], 2, &["hint: name the role", "`--role NAME`"]),
            row("role with a path that is none", &["--account", OTHER, "--role", "a b"], 2, &["hint: "]),
            row("external id without a role", &["--external-id", "x"], 2, &["--role"]),
            row("both ways", &["--organization", "--account", OWN], 2, &["cannot be used with"]),
            row("none at a time", &["--parallel", "0"], 2, &["--parallel"]),
            row("no time", &["--max-time", "0s"], 2, &["`90s`, `20m`, `2h`"]),
            row("wrong role", &other, 2, &["failed", "cannot be assumed", "the trust policy of", "must name the caller"])
                .refused("AssumeRole", 403, "AccessDenied", denied),
            row("wrong role in one of two", &both, 3, &["444455556666: failed", "111122223333: ", "Next: "])
                .refused("AssumeRole", 403, "AccessDenied", denied),
            row("session is of another account", &other, 2, &["failed", "the role's session is of account 999988887777"]).posing("999988887777"),
            row("STS off in the Region", &other, 2, &["failed", "STS is not"])
                .refused("AssumeRole", 403, "RegionDisabledException", "STS is not activated in this region for account:444455556666."),
            row("session longer than the role allows", &other, 2, &["failed", "allows no session of"])
                .refused("AssumeRole", 400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
            row("account closed, suspended", &["--organization", "--role", "Audit"], 0, &["skipped: the account is SUSPENDED", "skipped: the account is CLOSED"]),
            row("Region not opted into", &[], 3, &["cloudtrail:DescribeTrails: OptInRequired"])
                .refused("DescribeTrails", 403, "OptInRequired", "The AWS Access Key Id needs a subscription for the service"),
            row("not the management account", &["--organization", "--role", "Audit"], 2, &["the accounts of the organization are not known", "hint: run it with credentials of the management account"])
                .refused("ListAccounts", 400, "AccessDeniedException", "You don't have permissions to access this resource."),
            row("in no organization", &["--organization", "--role", "Audit"], 2, &["AWSOrganizationsNotInUseException", "hint: "])
                .refused("ListAccounts", 400, "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."),
            // the way there
            row("nobody listens", &[], 2, &["the connection was refused", "hint: check the connection"])
                .with("AWS_ENDPOINT_URL", format!("http://{}", nobody())).with("AWS_MAX_ATTEMPTS", "1"),
            row("no TLS", &[], 2, &["hint: "])
                .with("AWS_ENDPOINT_URL", format!("https://{}", saying(forbidden))).with("AWS_MAX_ATTEMPTS", "1"),
            row("proxy refuses", &[], 2, &["proxy", "hint: "])
                .with("AWS_ENDPOINT_URL", "https://iam.example").with("HTTPS_PROXY", format!("http://{}", saying(forbidden))).with("AWS_MAX_ATTEMPTS", "1"),
            row("proxy is not there", &[], 2, &["proxy", "hint: check the connection"])
                .with("AWS_ENDPOINT_URL", "https://iam.example").with("HTTPS_PROXY", format!("http://{}", nobody())).with("AWS_MAX_ATTEMPTS", "1"),
            row("proxy is none", &[], 2, &["HTTPS_PROXY", "hint: "]).with("HTTPS_PROXY", "::::"),
            row("endpoint is none", &[], 2, &["hint: "]).with("AWS_ENDPOINT_URL", "iam.example"),
            row("certificates are not there", &[], 2, &["/no/such.pem", "AWS_CA_BUNDLE"]).with("AWS_CA_BUNDLE", "/no/such.pem"),
            row("certificates are none", &[], 2, &["holds no certificate", "hint: check `AWS_CA_BUNDLE`"]).with("AWS_CA_BUNDLE", "/etc/hostname"),
            row("somebody else answers", &[], 2, &["hint: "]).also_pages(&["GetCallerIdentity"]),
            row("somebody else answers a call", &[], 3, &["iam:ListRoles: the answer cannot be read"]).also_pages(&["ListRoles"]),
            row("AWS fails inside", &[], 3, &["iam:ListRoles: AWS failed"]).refused("ListRoles", 500, "ServiceFailure", "x").with("AWS_MAX_ATTEMPTS", "1"),
            row("always one too many", &[], 3, &["iam:ListRoles: Throttling"]).refused("ListRoles", 400, "Throttling", "Rate exceeded").with("AWS_MAX_ATTEMPTS", "2"),
            // where it goes
            row("no such directory", &["--dir", "/no/such/directory"], 2, &["cannot read `/no/such/directory`", "hint: "]),
            row("directory is a file", &["--dir", "/etc/hostname"], 2, &["cannot read `/etc/hostname`: not a directory", "hint: "]),
            row("directory cannot be written", &["--dir", "/proc/self"], 2, &["cannot write `/proc/self/snapshots`", "hint: "]),
            row("snapshots is a file", &[], 2, &["cannot write", "snapshots", "hint: "])
                .before(|at| fs::write(at.join("snapshots"), "").unwrap()),
            row("account's folder is a file", &[], 2, &["cannot write", OWN, "hint: "]).before(|at| {
                fs::create_dir(at.join("snapshots")).unwrap();
                fs::write(at.join("snapshots").join(OWN), "").unwrap();
            }),
            row("a folder in place of a file", &[], 2, &["cannot write", "roles.json", "hint: "])
                .before(|at| fs::create_dir_all(at.join("snapshots").join(OWN).join("roles.json/x")).unwrap()),
            row("no room", &[], 2, &["cannot write", "hint: "]).with("KAGIMORI_TEST_ROOM", "8"),
        ]
    }

    impl Row {
        fn posing(mut self, account: &str) -> Self {
            self.faults.posing = Some(account.to_owned());
            self
        }

        fn also_pages(mut self, operations: &[&str]) -> Self {
            self.faults.pages.extend(operations.iter().map(|operation| (*operation).to_owned()));
            self
        }
    }

    fn snapshot(name: &str) -> Files {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai/snapshots").join(name);
        let entries =
            fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        entries
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
            .collect()
    }

    /// Two accounts, and an organization in which two more are gone.
    fn live() -> Live {
        let accounts: BTreeMap<_, _> =
            [OWN, OTHER].map(|account| (account.to_owned(), snapshot(account))).into();
        let listed = serde_json::json!({ "Accounts": [
            { "Id": OWN, "Name": "bastion", "State": "ACTIVE" }, { "Id": OTHER, "Name": "prod", "State": "ACTIVE" },
            { "Id": "222233334444", "Name": "left", "State": "SUSPENDED" }, { "Id": "333344445555", "Name": "gone", "State": "CLOSED" },
        ] });
        let organization = Files::from([("accounts.json".to_owned(), listed.to_string().into_bytes())]);
        Live::start(&accounts, &organization, Faults::default()).unwrap()
    }

    fn run(live: &Live, at: &Path, row: &Row) -> Output {
        live.go_wrong(row.faults.clone());
        let config = at.with_extension("config");
        fs::write(&config, &row.config).unwrap();
        let program = env!("CARGO_BIN_EXE_kagimori");
        let room = row.variables.iter().find(|(name, _)| *name == "KAGIMORI_TEST_ROOM");
        let mut command = match room {
            // Files of so many blocks at most, and no signal when there is no more room.
            Some((_, blocks)) => {
                let mut shell = Command::new("bash");
                shell.args([
                    "-c",
                    &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
                    "bash",
                    program,
                ]);
                shell
            }
            None => Command::new(program),
        };
        for (name, _) in std::env::vars()
            .filter(|(name, _)| name.starts_with("AWS_") || name.to_uppercase().ends_with("_PROXY"))
        {
            command.env_remove(name);
        }
        command.arg("collect");
        if !row.arguments.iter().any(|argument| argument == "--dir") {
            command.arg("--dir").arg(at);
        }
        command
            .args(&row.arguments)
            .env("AWS_ENDPOINT_URL", live.endpoint())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_CONFIG_FILE", config)
            .env("AWS_SHARED_CREDENTIALS_FILE", at.join("none"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_MAX_ATTEMPTS", "2");
        for (name, value) in &row.variables {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        command.output().unwrap()
    }

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("collect-wrong")
            .join(name.replace([' ', ',', '\''], "-"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_what_to_do() {
        let (live, rows) = (live(), rows());
        assert!(rows.len() >= 40, "{} rows", rows.len());
        let mut wrong = Vec::new();
        for row in &rows {
            let at = folder(row.name);
            if let Some(before) = row.before {
                before(&at);
            }
            let output = run(&live, &at, row);
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            let lacks: Vec<_> = row.said.iter().filter(|word| !said.contains(**word)).collect();
            let is_right = output.status.code() == Some(row.code) && lacks.is_empty();
            if !is_right || said.contains("panicked") || said.contains(SECRET) {
                wrong.push(format!(
                    "{}: exit {:?}, lacks {lacks:?}:\n{said}",
                    row.name,
                    output.status.code()
                ));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    }
}
