//! What people, machines and enemies get wrong: each with its exit code, its message and its hint. No message repeats a
//! secret, and none is Rust's.

use std::fs;
use std::process::Command;

use kagimori_fake_aws::Trouble;

use crate::support::{ALICE, FICTIONAL_KEY, Machine, Run};

/// One mistake: how the machine is spoilt, what is run, what must be said.
struct Mistake {
    name: &'static str,
    spoil: fn(&Machine, &mut Command),
    run: &'static [&'static str],
    says: &'static [&'static str],
}

fn config(machine: &Machine, text: &str) {
    machine.write("aws/config", text);
}

fn dev(machine: &Machine, line: &str) {
    let config = machine.read("aws/config").replace("[profile dev]\n", &format!("[profile dev]\n{line}\n"));
    machine.write("aws/config", &config);
}

fn key(machine: &Machine, id: &str, secret: &str) {
    machine.write(
        "aws/credentials",
        &format!("[x]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
    );
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const DEV: &[&str] = &["credentials", "dev"];

/// On a machine where everything is in order, but for one thing.
const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "misspelt profile",
        spoil: |_, _| {},
        run: &["credentials", "bastoin"],
        says: &["there is no profile `bastoin`", "did you mean `bastion`?"],
    },
    Mistake {
        name: "unknown profile",
        spoil: |_, _| {},
        run: &["credentials", "zzz"],
        says: &["there is no profile `zzz`", "kagi list"],
    },
    Mistake {
        name: "hostile profile name",
        spoil: |_, _| {},
        run: &["credentials", "a\u{1b}[31m\nb"],
        says: &["there is no profile `a\\u{1b}[31m\\nb`"],
    },
    Mistake {
        name: "cycle",
        spoil: |machine, _| {
            config(
                machine,
                "[profile dev]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::222233334444:role/B\nsource_profile = dev\n",
            )
        },
        run: DEV,
        says: &["goes round in a circle: dev → b → dev", "kagi add"],
    },
    Mistake {
        name: "no source",
        spoil: |machine, _| config(machine, "[profile dev]\nrole_arn = arn:aws:iam::222233334444:role/A\n"),
        run: DEV,
        says: &["says not from where", "source_profile"],
    },
    Mistake {
        name: "source without a key",
        spoil: |machine, _| {
            config(
                machine,
                "[profile dev]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = nobody\n",
            )
        },
        run: DEV,
        says: &["there is no profile `nobody`, with whose key `dev` begins", "kagi add nobody"],
    },
    Mistake {
        name: "twice",
        spoil: |machine, _| {
            config(machine, &format!("{}[profile dev]\nregion = x\n", machine.read("aws/config")))
        },
        run: DEV,
        says: &["`[profile dev]` stands twice, on lines", "keep one"],
    },
    Mistake {
        name: "not UTF-8",
        spoil: |machine, _| fs::write(machine.path("aws/config"), b"[profile dev]\nregion = \xff\n").unwrap(),
        run: DEV,
        says: &["line 2: the text is not UTF-8", "save the file as UTF-8"],
    },
    Mistake {
        name: "a directory as config",
        spoil: |machine, _| {
            fs::remove_file(machine.path("aws/config")).unwrap();
            fs::create_dir(machine.path("aws/config")).unwrap();
        },
        run: DEV,
        says: &["cannot read", "ls -ld"],
    },
    Mistake {
        name: "endless config",
        spoil: |_, command| {
            command.env("AWS_CONFIG_FILE", "/dev/zero");
        },
        run: DEV,
        says: &["longer than", "right file"],
    },
    Mistake {
        name: "bad role ARN",
        spoil: |machine, _| config(machine, "[profile dev]\nrole_arn = Power\nsource_profile = bastion\n"),
        run: DEV,
        says: &["config line 2, [profile dev]", "`Power` is not the ARN of a role", "arn:aws:iam::"],
    },
    Mistake {
        name: "hostile role name",
        spoil: |_, _| {},
        run: &["credentials", "--account", "222233334444", "--role", "x\n[profile evil]"],
        says: &["is not the name of a role", "1 to 64 letters"],
    },
    Mistake {
        name: "ARN as role name",
        spoil: |_, _| {},
        run: &["credentials", "--account", "222233334444", "--role", "arn:aws:iam::222233334444:role/Power"],
        says: &["is not the name of a role", "not the ARN"],
    },
    Mistake {
        name: "short account",
        spoil: |_, _| {},
        run: &["credentials", "--account", "22223333444", "--role", "Power"],
        says: &["not a 12-digit AWS account id", "leading zeroes"],
    },
    Mistake {
        name: "account without role",
        spoil: |_, _| {},
        run: &["credentials", "--account", "222233334444"],
        says: &["--role"],
    },
    Mistake {
        name: "profile and account",
        spoil: |_, _| {},
        run: &["credentials", "dev", "--account", "222233334444", "--role", "Power"],
        says: &["both given", "--source"],
    },
    Mistake {
        name: "duration in words",
        spoil: |machine, _| dev(machine, "duration_seconds = long"),
        run: DEV,
        says: &["not a length of time", "12h"],
    },
    Mistake {
        name: "duration too short",
        spoil: |machine, _| dev(machine, "duration_seconds = 60"),
        run: DEV,
        says: &["900 to 43200 are taken", "15m"],
    },
    Mistake {
        name: "session name",
        spoil: |machine, _| dev(machine, "role_session_name = a b"),
        run: DEV,
        says: &["cannot be the name of a session", "2 to 64"],
    },
    Mistake {
        name: "user as device",
        spoil: |machine, _| dev(machine, "mfa_serial = arn:aws:iam::111122223333:user/alice"),
        run: DEV,
        says: &["ARN of a user, not of an MFA device", ":mfa/"],
    },
    Mistake {
        name: "someone else's device",
        spoil: |machine, _| dev(machine, "mfa_serial = arn:aws:iam::111122223333:mfa/carol"),
        run: DEV,
        says: &["unable to validate MFA code", "list-mfa-devices"],
    },
    Mistake {
        name: "read_only maybe",
        spoil: |machine, _| dev(machine, "read_only = maybe"),
        run: DEV,
        says: &["neither `on` nor `off`"],
    },
    Mistake {
        name: "nobody signed in at the console",
        spoil: |machine, _| config(machine, "[profile dev]\nlogin_session = corp\n"),
        run: DEV,
        says: &["console sign-in of `dev`: nobody is signed in", "`aws login --profile dev`"],
    },
    Mistake {
        name: "http endpoint",
        spoil: |_, command| {
            command.env("AWS_ENDPOINT_URL", "http://sts.example");
        },
        run: DEV,
        says: &["neither https nor on this machine", "https://"],
    },
    Mistake {
        name: "endpoint with a password",
        spoil: |_, command| {
            command.env("AWS_ENDPOINT_URL", "https://user:hunter2@sts.example");
        },
        run: DEV,
        says: &["not a plain address"],
    },
    Mistake {
        name: "nobody at the endpoint",
        spoil: |_, command| {
            command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        },
        run: DEV,
        says: &["connection", "kagi explain"],
    },
    Mistake {
        name: "bad region",
        spoil: |machine, command| {
            dev(machine, "");
            config(machine, &machine.read("aws/config").replace("ap-northeast-1", "x/../y"));
            command.env_remove("AWS_ENDPOINT_URL");
        },
        run: DEV,
        says: &["is not a region", "ap-northeast-1"],
    },
    Mistake {
        name: "no trust",
        spoil: |machine, _| {
            config(machine, &machine.read("aws/config").replace("444:role/Power", "444:role/Admin"))
        },
        run: DEV,
        says: &[
            "not authorized to perform: sts:AssumeRole",
            "trust policy of `arn:aws:iam::222233334444:role/Admin`",
        ],
    },
    Mistake {
        name: "MFA at the second hop",
        spoil: |machine, _| {
            config(machine, &machine.read("aws/config").replace("delivery/Deploy", "DeployWithMfa"))
        },
        run: &["credentials", "deploy"],
        says: &["not authorized", "never sees MFA"],
    },
    Mistake {
        name: "throttled for long",
        spoil: |machine, _| machine.aws.plan("AssumeRole", 9, Trouble::Throttle),
        run: DEV,
        says: &["Rate exceeded", "try again"],
    },
    Mistake {
        name: "clock",
        spoil: |machine, _| machine.aws.set(|settings| settings.date_skew_seconds = 3600),
        run: DEV,
        says: &["Signature expired", "clock is 1h behind AWS's"],
    },
    Mistake {
        name: "key revoked",
        spoil: |machine, _| {
            machine.aws.plan(
                "GetSessionToken",
                1,
                Trouble::Fail {
                    status: 403,
                    code: "InvalidClientTokenId".into(),
                    message: "The security token included in the request is invalid".into(),
                },
            )
        },
        run: DEV,
        says: &["InvalidClientTokenId", "deleted or deactivated"],
    },
    Mistake {
        name: "letters as a code",
        spoil: |machine, _| machine.answer("sesame"),
        run: DEV,
        says: &["MFA code of six digits", "kagi login bastion"],
    },
    Mistake {
        name: "wrong code",
        spoil: |machine, _| machine.script("bin/prompt", "echo x >> $0.n; echo 99999$(wc -l < $0.n)"),
        run: DEV,
        says: &["AWS did not take the MFA code", "clock"],
    },
    Mistake {
        name: "prompt program missing",
        spoil: |_, command| {
            command.env("KAGI_PROMPT_PROGRAM", "/no/such/program");
        },
        run: DEV,
        says: &["the program `/no/such/program` could not be run", "prompt_program"],
    },
    Mistake {
        name: "prompt cancelled",
        spoil: |machine, _| machine.script("bin/prompt", "exit 1"),
        run: DEV,
        says: &["asked for and not given", "kagi login bastion"],
    },
    Mistake {
        name: "locked and nobody to ask",
        spoil: |machine, command| {
            fs::remove_dir_all(machine.path("run/kagi")).unwrap();
            command.env("KAGI_PASSPHRASE_PROGRAM", "").env("KAGI_PROMPT_PROGRAM", "");
        },
        run: DEV,
        says: &["the vault is locked", "kagi unlock"],
    },
    Mistake {
        name: "wrong passphrase",
        spoil: |machine, _| {
            fs::remove_dir_all(machine.path("run/kagi")).unwrap();
            machine.script("bin/passphrase", "echo wrong");
        },
        run: DEV,
        says: &["the passphrase does not open the vault", "cannot be recovered"],
    },
    Mistake {
        name: "damaged vault",
        spoil: |machine, _| machine.write("kagi/vault.json", "{"),
        run: DEV,
        says: &["vault.json` is damaged", "backup"],
    },
    Mistake {
        name: "vault of the future",
        spoil: |machine, _| {
            fs::remove_dir_all(machine.path("run/kagi")).unwrap();
            machine.write(
                "kagi/vault.json",
                &machine.read("kagi/vault.json").replace("\"version\": 1", "\"version\": 9"),
            );
        },
        run: DEV,
        says: &["unknown form: vault.json", "newer version"],
    },
    Mistake {
        name: "damaged key",
        spoil: |machine, _| {
            for (path, _) in machine.files() {
                if path.extension().is_some_and(|it| it == "key") {
                    fs::write(path, b"x").unwrap();
                }
            }
        },
        run: DEV,
        says: &["is damaged or belongs to another vault", "kagi add"],
    },
    Mistake {
        name: "no HOME",
        spoil: |_, command| {
            command.env_remove("HOME").env_remove("KAGI_HOME").env_remove("AWS_CONFIG_FILE");
        },
        run: DEV,
        says: &["`HOME` is not set", "set `HOME`"],
    },
    Mistake {
        name: "home without a root",
        spoil: |_, command| {
            command.env("KAGI_HOME", "~/kagi");
        },
        run: DEV,
        says: &["`KAGI_HOME` is `~/kagi`, which begins at no root", "the whole path"],
    },
    #[cfg(target_os = "linux")]
    Mistake {
        name: "profile files that cannot be written",
        spoil: |machine, command| {
            let alice = machine.aws.access_key(ALICE).unwrap();
            key(machine, &alice.access_key_id, &alice.secret_access_key);
            command.env("AWS_CONFIG_FILE", "/proc/kagi-config");
        },
        run: &["add", "x"],
        says: &["cannot write `/proc/kagi-config`", "kagi add --leave-files"],
    },
    Mistake {
        name: "unlock elsewhere",
        spoil: |_, command| {
            command.env("KAGI_UNLOCK", "cloud");
        },
        run: DEV,
        says: &["`unlock` cannot be `cloud`", "kernel"],
    },
    Mistake {
        name: "patience in words",
        spoil: |_, command| {
            command.env("KAGI_PROMPT_FOR", "a while");
        },
        run: DEV,
        says: &["`a while` is not a length of time"],
    },
    Mistake {
        name: "no runtime directory",
        spoil: |_, command| {
            command.env_remove("XDG_RUNTIME_DIR");
        },
        run: DEV,
        says: &["`XDG_RUNTIME_DIR` is not", "kernel"],
    },
    Mistake {
        name: "no certificates",
        spoil: |machine, command| {
            command.env("AWS_CA_BUNDLE", machine.path("aws/config"));
        },
        run: DEV,
        says: &["holds no certificate", "PEM"],
    },
    Mistake {
        name: "elevate without a reason",
        spoil: |_, _| {},
        run: &["exec", "--elevate", "--reason", " ", "dev", "--", "true"],
        says: &["the reason is empty", "--reason"],
    },
    Mistake {
        name: "elevate without a role",
        spoil: |_, _| {},
        run: &["exec", "--elevate", "--reason", "to fix it", "bastion", "--", "true"],
        says: &["`bastion` has no role to elevate", "leave `--elevate` out"],
    },
    Mistake {
        name: "elevate for a day",
        spoil: |_, _| {},
        run: &["exec", "--elevate", "--reason", "to fix it", "--for", "24h", "dev", "--", "true"],
        says: &["900 to 3600 are taken"],
    },
    Mistake {
        name: "command missing",
        spoil: |_, _| {},
        run: &["exec", "dev", "--", "no-such"],
        says: &["cannot run `no-such`", "check its name"],
    },
    Mistake {
        name: "not a session",
        spoil: |_, _| {},
        run: &["credentials", "--session", "xyz"],
        says: &["not the key of a session"],
    },
    Mistake {
        name: "temporary key",
        spoil: |machine, _| key(machine, "ASIAIOSFODNN7EXAMPLE", SECRET),
        run: &["add", "x"],
        says: &["belongs to temporary credentials", "AKIA"],
    },
    Mistake {
        name: "not a key id",
        spoil: |machine, _| key(machine, "alice", SECRET),
        run: &["add", "x"],
        says: &["`alice` is not an access key id", "AKIAIOSFODNN7EXAMPLE"],
    },
    Mistake {
        name: "secret cut",
        spoil: |machine, _| key(machine, "AKIAIOSFODNN7EXAMPLE", "wJalr"),
        run: &["add", "x"],
        says: &["not the form", "cut while copying"],
    },
    Mistake {
        name: "half a key",
        spoil: |machine, _| {
            machine.write("aws/credentials", "[x]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n")
        },
        run: &["add", "x"],
        says: &["half a key", "both"],
    },
    Mistake {
        name: "unknown key",
        spoil: |machine, _| machine.write("aws/credentials", FICTIONAL_KEY),
        run: &["add", "x"],
        says: &["InvalidClientTokenId", "kagi add"],
    },
    Mistake {
        name: "wrong secret",
        spoil: |machine, _| key(machine, &machine.aws.access_key(ALICE).unwrap().access_key_id, SECRET),
        run: &["add", "x"],
        says: &["SignatureDoesNotMatch", "not this key's"],
    },
    Mistake {
        name: "root key",
        spoil: |machine, _| {
            let root = machine.aws.access_key("arn:aws:iam::111122223333:root").unwrap();
            key(machine, &root.access_key_id, &root.secret_access_key);
        },
        run: &["add", "x"],
        says: &["key of the root user", "delete it"],
    },
    Mistake {
        name: "name that a shell would read otherwise",
        spoil: |_, _| {},
        run: &["add", "a $b"],
        says: &["a profile called `a $b` cannot be written", "use letters"],
    },
    Mistake {
        name: "nonsense in the config",
        spoil: |machine, _| {
            let alice = machine.aws.access_key(ALICE).unwrap();
            key(machine, &alice.access_key_id, &alice.secret_access_key);
            config(machine, "[profile x]\nnonsense\n");
        },
        run: &["add", "x"],
        says: &["line 2: the line is neither", "does not edit a file that SDKs read differently"],
    },
    Mistake {
        name: "role of a foreign key",
        spoil: |machine, _| {
            config(machine, "[profile x]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = y\n")
        },
        run: &["add", "x"],
        says: &["there is no profile `y`"],
    },
    Mistake {
        name: "forget nobody",
        spoil: |_, _| {},
        run: &["forget", "nobody", "--yes"],
        says: &["no key for profile `nobody`"],
    },
    Mistake {
        name: "forget and nobody to ask",
        spoil: |_, command| {
            command.env("KAGI_PROMPT_PROGRAM", "");
        },
        run: &["forget", "bastion"],
        says: &["a confirmation is needed", "`kagi forget bastion --yes`"],
    },
    Mistake {
        name: "console to a script",
        spoil: |_, _| {},
        run: &["console", "--destination", "javascript:alert(1)", "dev"],
        says: &["not an https address"],
    },
    Mistake {
        name: "rotate without a key",
        spoil: |_, _| {},
        run: &["rotate", "other"],
        says: &["no key for profile `other`"],
    },
    Mistake {
        name: "grace in words",
        spoil: |_, _| {},
        run: &["rotate", "bastion", "--grace", "soon"],
        says: &["not a length of time"],
    },
    Mistake {
        name: "restore nothing",
        spoil: |_, _| {},
        run: &["restore", "/no/such.backup"],
        says: &["there is no backup `/no/such.backup`", "`kagi restore` lists them"],
    },
];

#[test]
fn each_mistake_has_its_message_and_hint() {
    assert!(MISTAKES.len() >= 40);
    for mistake in MISTAKES {
        let machine = Machine::enrolled();
        let mut command = machine.command(mistake.run);
        (mistake.spoil)(&machine, &mut command);
        let run = Run::of(command.output().unwrap());
        let context = format!("{}: {}\n{}", mistake.name, run.code, run.stderr);
        assert!(matches!(run.code, 2 | 127), "{context}");
        assert!(run.stdout.is_empty(), "{context}");
        for text in mistake.says {
            assert!(run.stderr.contains(text), "`{text}` is not said\n{context}");
        }
        let alice = machine.aws.access_key(ALICE).unwrap();
        for secret in
            [alice.secret_access_key.as_str(), SECRET, "hunter2", "correct horse", "panicked", "unwrap"]
        {
            assert!(!run.stderr.contains(secret), "{context}");
        }
    }
}
