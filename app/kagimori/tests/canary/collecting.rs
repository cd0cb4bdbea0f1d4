//! `kagimori collect` with secrets for credentials, from everywhere that credentials come from, and with AWS and others repeating
//! them: no file and no word tells one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use kagimori_fake_aws::live::{Faults, Files, Live};

use super::credentials::{Place, program};
use super::secret::Secrets;
use super::seek::{Pieces, files};

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("canary-collect-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn snapshot(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai/snapshots").join(name);
    let (mut found, mut folders) = (Files::new(), vec![root.clone()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn live() -> Live {
    let accounts: BTreeMap<_, _> = ACCOUNTS.map(|account| (account.to_owned(), snapshot(account))).into();
    Live::start(&accounts, &snapshot("organization"), Faults::default()).unwrap()
}

fn run(live: &Live, at: &Path, secrets: &Secrets, place: Place, arguments: &[&str]) -> Output {
    let mut command = program(&live.endpoint(), at, secrets, place);
    command.args(["collect", "--dir"]).arg(at).args(arguments).output().unwrap()
}

fn faults(
    operations: &[&str],
    into: impl Fn(&mut Faults) -> &mut std::collections::BTreeSet<String>,
) -> Faults {
    let mut faults = Faults::default();
    into(&mut faults).extend(operations.iter().map(|operation| (*operation).to_owned()));
    faults
}

#[test]
fn collect_tells_no_secret() {
    let secrets = Secrets::make();
    let (pieces, live, at) = (Pieces::of(&secrets), live(), folder("all"));
    live.hand_out(&secrets.key, &secrets.word);
    let repeated = |operations: &[&str]| faults(operations, |faults| &mut faults.repeated);
    let (mut found, mut count) = (Vec::new(), 0);
    let both = ["--account", ACCOUNTS[0], ACCOUNTS[1], "--role", "Audit"];
    let runs: [(Faults, &[&str], i32); 8] = [
        (Faults::default(), &[], 0),
        (Faults::default(), &both, 0),
        (Faults::default(), &[both.as_slice(), &["--format", "json"]].concat(), 0),
        (Faults { closed: [ACCOUNTS[1].to_owned()].into(), ..Faults::default() }, &both, 3),
        (repeated(&["ListRoles", "ListAccessKeys", "DescribeTrails"]), &both, 3),
        (repeated(&["AssumeRole"]), &both, 3),
        (repeated(&["GetCallerIdentity"]), &[], 2),
        (faults(&["ListRoles"], |faults| &mut faults.broken), &["--max-time", "2s"], 3),
    ];
    for (faults, arguments, code) in runs {
        for place in [Place::Variables, Place::File, Place::Process] {
            live.go_wrong(faults.clone());
            let output = run(&live, &at, &secrets, place, arguments);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{place:?} {arguments:?} {faults:?}: {told}");
            for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                found.extend(
                    pieces
                        .find(bytes)
                        .into_iter()
                        .map(|hit| format!("{place:?} {arguments:?} {stream}: {hit}")),
                );
            }
            files(&at, &mut |path, bytes| {
                count += 1;
                found.extend(pieces.find(bytes).into_iter().map(|hit| format!("{}: {hit}", path.display())));
            });
        }
    }
    // The secrets were used, and the seeker finds them where they are.
    assert!(count > 100 && live.counts()["AssumeRole"] > 10);
    assert!(!pieces.find(&fs::read(at.with_extension("beside").join("answer.json")).unwrap()).is_empty());
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "KAGIMORI_CANARY={}:\n{}", secrets.seed, found.join("\n"));
}
