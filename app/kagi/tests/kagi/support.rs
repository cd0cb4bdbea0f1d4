//! A person's machine for a test: a home of its own, the fake AWS, a prompt program that counts how often it was asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kagimori_fake_aws::{Company, FakeAws, bastion};

/// The profiles most tests use.
pub(crate) const CONFIG: &str = "\
# my profiles
[profile bastion]
region = ap-northeast-1

[profile dev]
role_arn = arn:aws:iam::222233334444:role/Power
source_profile = bastion

[profile prod]
role_arn = arn:aws:iam::333344445555:role/Power
source_profile = bastion

[profile deploy]
role_arn = arn:aws:iam::333344445555:role/delivery/Deploy
source_profile = dev
";

/// AWS's documented example.
pub(crate) const FICTIONAL_KEY: &str = "\
[x]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
";

pub(crate) const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

pub(crate) struct Machine {
    pub(crate) home: PathBuf,
    pub(crate) aws: FakeAws,
    is_kept: bool,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Machine {
    /// A machine whose `bastion` profile has alice's key in plaintext.
    pub(crate) fn new() -> Self {
        let machine = Self::empty();
        let key = machine.aws.access_key(ALICE).unwrap();
        let credentials = format!(
            "# keys\n[bastion]\naws_access_key_id = {}\naws_secret_access_key = {}\n\n[other]\n# stays\nregion = x\n",
            key.access_key_id, key.secret_access_key
        );
        machine.write("aws/credentials", &credentials);
        machine.write("aws/config", CONFIG);
        machine
    }

    /// The same, the key already in the vault.
    pub(crate) fn enrolled() -> Self {
        // The fake deals out the same keys each time, so one enrolment serves every test.
        static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let machine = Self::new();
            machine.ok(&["add", "bastion"]);
            let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kagi-enrolled");
            let _ = fs::remove_dir_all(&home);
            for folder in ["aws", "kagi"] {
                copy_folder(&machine.path(folder), &home.join(folder));
            }
            home
        });
        let machine = Self::empty();
        for folder in ["aws", "kagi"] {
            copy_folder(&template.join(folder), &machine.path(folder));
        }
        machine
    }

    pub(crate) fn empty() -> Self {
        Self::of(Company::bastion())
    }

    /// With another company than the bastion.
    pub(crate) fn of(company: Company) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kagi-{}-{number}", std::process::id()));
        let machine = Self::bare(home, company);
        machine.copy_vault();
        machine
    }

    /// Without a vault.
    fn bare(home: PathBuf, company: Company) -> Self {
        let _ = fs::remove_dir_all(&home);
        for folder in ["aws", "run/kagi", "bin", "kagi"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        for folder in ["run/kagi", "kagi"] {
            fs::set_permissions(home.join(folder), fs::Permissions::from_mode(0o700)).unwrap();
        }
        let aws = FakeAws::start(company).unwrap();
        // A code lives as long as a slow machine may need to send it.
        aws.set(|settings| settings.window_steps = 6);
        let machine = Self { home, aws, is_kept: false };
        machine.script("bin/prompt", "echo \"$1\" >> \"$0.asked\"; cat \"$0.answer\"");
        machine.script("bin/passphrase", "echo 'correct horse battery'");
        machine.answer_with_code();
        machine
    }

    /// Deriving a key from a passphrase is slow on purpose: all machines have the same vault key, made once.
    fn copy_vault(&self) {
        static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kagi-template");
            let mut machine = Self::bare(home.clone(), Company::bastion());
            machine.write("aws/credentials", FICTIONAL_KEY);
            machine.ok(&["add", "--offline", "--leave-files", "x"]);
            machine.is_kept = true;
            home
        });
        fs::copy(template.join("kagi/vault.json"), self.path("kagi/vault.json")).unwrap();
        for entry in fs::read_dir(template.join("run/kagi")).unwrap().flatten() {
            fs::copy(entry.path(), self.path("run/kagi").join(entry.file_name())).unwrap();
        }
    }

    /// A machine on which kagi was never used.
    pub(crate) fn without_vault() -> Self {
        let machine = Self::new();
        fs::remove_file(machine.path("kagi/vault.json")).unwrap();
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn script(&self, name: &str, body: &str) {
        self.write(name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the prompt program answers from now on.
    pub(crate) fn answer(&self, text: &str) {
        let new = self.path("bin/prompt.answer.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path("bin/prompt.answer")).unwrap();
    }

    /// The code the device shows now.
    pub(crate) fn answer_with_code(&self) {
        self.answer(&self.aws.totp(bastion::ALICE_MFA).unwrap());
    }

    /// How often a person was asked for a code.
    pub(crate) fn prompts(&self) -> usize {
        self.read("bin/prompt.asked").lines().count()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagi"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", &self.home)
            .env("KAGI_HOME", self.path("kagi"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("KAGI_UNLOCK", "runtime-dir")
            .env("KAGI_TTY", "0")
            .env("KAGI_PROMPT_PROGRAM", self.path("bin/prompt"))
            .env("KAGI_PASSPHRASE_PROGRAM", self.path("bin/passphrase"))
            .env("AWS_CONFIG_FILE", self.path("aws/config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.path("aws/credentials"))
            .env("AWS_ENDPOINT_URL", self.aws.endpoint())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs and insists on success; returns stdout.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "kagi {arguments:?}\n{}\n{}", run.stdout, run.stderr);
        run.stdout
    }

    /// The credentials of a profile.
    pub(crate) fn credentials(&self, arguments: &[&str]) -> serde_json::Value {
        let arguments: Vec<_> = std::iter::once("credentials").chain(arguments.iter().copied()).collect();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    pub(crate) fn calls(&self, operation: &str) -> u64 {
        let count = self.aws.counters().of(operation);
        count.succeeded + count.failed
    }

    /// Every file of kagi's with its bytes.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, out: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, out);
                } else {
                    out.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        let mut out = Vec::new();
        walk(&self.path("kagi"), &mut out);
        out
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if !self.is_kept && !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.home);
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// However slow the machine is; what never comes is the end of a test in a quarter of an hour.
#[track_caller]
pub(crate) fn wait_for(mut is_there: impl FnMut() -> bool) {
    for _ in 0..90_000 {
        if is_there() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came");
}

#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
