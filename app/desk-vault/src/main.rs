//! `kagimori-desk-vault`: sets the vault up, runs it, or makes a code without a desk.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use kagimori_desk_vault::args::{self, Command, HELP, Run};
use kagimori_desk_vault::disk::{self, Disk};
use kagimori_desk_vault::moment::{self, Moment};
use kagimori_desk_vault::vault::{HostKey, Settings, Vault};
use kagimori_desk_vault::{serve, walls};
use kagimori_id::hex;
use kagimori_ledger::TrustPolicy;
use kagimori_passkey::RelyingParty;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

/// What is wrong, and what to do next.
struct Failure(String, String);

type Done = Result<(), Failure>;

fn main() -> ExitCode {
    let done = args::read(std::env::args().skip(1))
        .map_err(|error| Failure(error, "see `kagimori-desk-vault --help`".to_owned()))
        .and_then(did);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message, hint)) => {
            say(&format!("error: {message}"));
            say(&format!("hint: {hint}"));
            ExitCode::from(2)
        }
    }
}

/// To stderr; who does not listen is not told.
fn say(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

fn did(command: Command) -> Done {
    match command {
        Command::Help => data(HELP),
        Command::Version => data(concat!("kagimori-desk-vault ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Init { dir, host_key } => init(&dir, &host_key),
        Command::Walls { dir } => tried(&dir),
        Command::Run(run) => served(&run),
        Command::Offline { seed, keys, dir } => made_offline(&seed, &keys, &dir),
    }
}

fn data(text: &str) -> Done {
    let written = io::stdout().write_all(text.as_bytes());
    written.map_err(|error| {
        Failure(format!("nothing could be printed: {error}"), "look at where it is printed to".to_owned())
    })
}

fn init(dir: &Path, host_key: &Path) -> Done {
    let cannot = |path: &Path, error: io::Error| {
        Failure(
            format!("`{}` cannot be made: {error}", path.display()),
            "choose a place that is not there yet".to_owned(),
        )
    };
    let mut key = Zeroizing::new([0; 32]);
    let random = SystemRandom::new();
    random
        .fill(key.as_mut_slice())
        .map_err(|_| Failure("the machine gave no random bytes".to_owned(), "start it again".to_owned()))?;
    let file = fs::File::options().write(true).create_new(true).mode(0o600).open(host_key);
    let mut file = file.map_err(|error| cannot(host_key, error))?;
    let text = Zeroizing::new(hex(key.as_slice()) + "\n");
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| cannot(host_key, error))?;
    Disk::new(dir).map(drop).map_err(|error| cannot(dir, error))?;
    say(&format!("made `{}` and `{}`", dir.display(), host_key.display()));
    Ok(())
}

fn served(run: &Run) -> Done {
    let boot = moment::boot();
    let random = SystemRandom::new();
    let host = host_key(&run.host_key)?;
    let settings = Settings {
        trust: trust(&run.trust)?,
        party: RelyingParty { id: run.rp_id.clone(), origin: run.origin.clone() },
        founding: run.policy,
        after_restore: run.after_restore,
    };
    let unusable = |error: io::Error| {
        Failure(
            format!("`{}` cannot be used: {error}", run.dir.display()),
            "make it with `kagimori-desk-vault init`".to_owned(),
        )
    };
    let disk = Disk::new(&run.dir).map_err(unusable)?;
    let taken = |error: io::Error| {
        let message =
            format!("`{}` is in use by another vault, or cannot be locked: {error}", run.dir.display());
        Failure(message, "one vault runs on a folder: stop the other one first".to_owned())
    };
    let _alone = disk::lock(&run.dir).map_err(taken)?;
    let no_socket = |error: io::Error| {
        Failure(
            format!("the socket `{}` cannot be made: {error}", run.socket.display()),
            "choose a folder that the vault may write, such as its RuntimeDirectory".to_owned(),
        )
    };
    let listener = serve::listen(&run.socket).map_err(no_socket)?;
    let missing = walls::up(&run.dir);
    let started = Vault::start(disk, settings, host, &Moment::now(&boot), &random);
    let mut vault = started.map_err(|error| {
        Failure(
            error.to_string(),
            "restore the vault's folder from a backup, then start once with `--after-restore`".to_owned(),
        )
    })?;
    for wall in missing {
        say(&format!("warning: a wall is missing: {wall}"));
        vault.warn(format!("a wall is missing: {wall}"));
    }
    let uid = run.uid.unwrap_or_else(|| rustix::process::getuid().as_raw());
    say("listening");
    serve::serve(&listener, &mut vault, uid, &boot, &random).map_err(no_socket)
}

fn tried(dir: &Path) -> Done {
    let made = |error: io::Error| {
        Failure(format!("`{}` cannot be used: {error}", dir.display()), "make it first".to_owned())
    };
    Disk::new(dir).map_err(made)?;
    let outside = std::env::current_exe().map_err(made)?;
    let beside = std::env::temp_dir().join(format!("kagimori-desk-vault-hole-{}", std::process::id()));
    let missing = walls::up(dir);
    let holes = walls::holes(&outside, &beside);
    missing.iter().for_each(|wall| say(&format!("warning: a wall is missing: {wall}")));
    if holes.is_empty() {
        return data("everything that was tried was refused\n");
    }
    Err(Failure(
        holes.join("; "),
        "give the host a kernel with Landlock and seccomp, or let its unit forbid it".to_owned(),
    ))
}

fn host_key(path: &Path) -> Result<HostKey, Failure> {
    let failed = |why: String| {
        Failure(
            format!("the key of the host `{}` {why}", path.display()),
            "make one with `kagimori-desk-vault init`, or restore it".to_owned(),
        )
    };
    let text = fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| failed(format!("cannot be read: {error}")))?;
    let key = unhex(text.trim()).ok_or_else(|| failed("is not 64 hexadecimal digits".to_owned()))?;
    Ok(HostKey::new(&key))
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().as_chunks::<2>().0) {
        let [high, low] = pair;
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(key)
}

fn trust(path: &Path) -> Result<TrustPolicy, Failure> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| {
        Failure(
            format!("the trust policy `{}` cannot be read: {error}", path.display()),
            "give the file with `--trust`".to_owned(),
        )
    })?;
    text.parse().map_err(|error: kagimori_ledger::trust::PolicyError| {
        Failure(error.to_string(), error.hint().to_owned())
    })
}

#[cfg(not(feature = "offline"))]
fn made_offline(_: &Path, _: &[std::path::PathBuf], _: &Path) -> Done {
    let message = "this vault was built without `offline`".to_owned();
    Err(Failure(message, "use the program from the safe, which has it".to_owned()))
}

#[cfg(feature = "offline")]
fn made_offline(seed: &Path, keys: &[std::path::PathBuf], dir: &Path) -> Done {
    use kagimori_desk_vault::offline;
    use kagimori_sealing::boxed::HolderKey;
    let unread = |path: &Path, why: String| {
        Failure(format!("`{}` {why}", path.display()), "look at the file".to_owned())
    };
    let record = fs::read(seed).map_err(|error| unread(seed, format!("cannot be read: {error}")))?;
    let mut holders = Vec::new();
    for path in keys {
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| unread(path, format!("cannot be read: {error}")))?;
        let line = text.lines().find(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty());
        let key = line.and_then(|line| HolderKey::of_identity(line).ok());
        holders.push(key.ok_or_else(|| unread(path, "has no `AGE-SECRET-KEY-1…`".to_owned()))?);
    }
    let mut disk = Disk::new(dir).map_err(|error| unread(dir, format!("cannot be used: {error}")))?;
    let now = Moment::now(&moment::boot());
    let made = offline::code(&record, &holders, &mut disk, &now)
        .map_err(|error| Failure(error.to_string(), error.hint().to_owned()))?;
    say(&format!("seed `{}`, step {}, opened by {}", made.seed, made.step, made.holders.join(", ")));
    say(&format!(
        "{} seconds left; tell the desk's log of it when there is one again",
        made.until.saturating_sub(now.unix_seconds)
    ));
    let line = Zeroizing::new(format!("{}\n", made.code.expose()));
    data(&line)
}
