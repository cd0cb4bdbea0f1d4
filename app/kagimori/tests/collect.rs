//! `kagimori collect` against live accounts that answer out of the snapshots of the fictional company.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use kagimori_fake_aws::live::{Faults, Files, Live};

    const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

    fn shiosai() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai/snapshots")
    }

    fn files(folder: &Path) -> Files {
        let mut found = Files::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, std::fs::read(&path).unwrap());
                }
            }
        }
        found
    }

    fn live(faults: Faults) -> Live {
        let accounts = ACCOUNTS.map(|account| (account.to_owned(), files(&shiosai().join(account))));
        Live::start(&accounts.into(), &files(&shiosai().join("organization")), faults).unwrap()
    }

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("collect-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn kagimori(live: &Live, folder: &Path, arguments: &[&str]) -> Output {
        kagimori_in(folder, live, folder, arguments)
    }

    fn kagimori_in(at: &Path, live: &Live, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagimori"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .args(["collect", "--dir"])
            .arg(folder)
            .args(arguments)
            .current_dir(at)
            .env("AWS_ENDPOINT_URL", live.endpoint())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            .env("AWS_CONFIG_FILE", folder.join("none"))
            .env("AWS_SHARED_CREDENTIALS_FILE", folder.join("none"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .unwrap()
    }

    /// Collects both accounts; the files of the snapshots without what tells of the run.
    fn collected(name: &str, faults: Faults) -> (BTreeMap<String, Files>, Output, Live) {
        let (live, folder) = (live(faults), folder(name));
        let output = kagimori(&live, &folder, &["--account", ACCOUNTS[0], ACCOUNTS[1], "--role", "Audit"]);
        let snapshots = ACCOUNTS.map(|account| {
            let mut found = files(&folder.join("snapshots").join(account));
            found.remove("collected.json");
            (account.to_owned(), found)
        });
        (snapshots.into(), output, live)
    }

    #[test]
    fn pages_and_throttling_and_lost_replies_change_nothing() {
        let (whole, output, live) = collected("whole", Faults::default());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(live.counts().len() > 10);
        for page in [1, 2, 1000] {
            let name = format!("page-{page}");
            let (found, ..) = collected(&name, Faults { page: Some(page), ..Faults::default() });
            assert!(found == whole, "pages of {page} give another snapshot");
        }
        let troubled = Faults { throttled_percent: 20, ..Faults::default() };
        assert!(collected("throttled", troubled).0 == whole, "throttling gives another snapshot");
        let troubled = Faults { lost_percent: 10, ..Faults::default() };
        assert!(collected("lost", troubled).0 == whole, "lost replies give another snapshot");
        let waited = Faults { report_in_progress: 2, ..Faults::default() };
        assert!(collected("waited", waited).0 == whole, "a report that takes long gives another snapshot");
    }

    #[test]
    fn what_is_denied_is_told_and_never_empty() {
        for operation in
            ["GetAccountAuthorizationDetails", "GetCredentialReport", "ListAccessKeys", "ListRoles"]
        {
            let faults = Faults { denied: [operation.to_owned()].into(), ..Faults::default() };
            let (found, output, _) = collected(&format!("denied-{operation}"), faults);
            assert_eq!(output.status.code(), Some(3), "{operation}");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains(&format!("iam:{operation}")) && said.contains("AccessDenied"), "{said}");
            let text = format!("An error occurred (AccessDenied) when calling the {operation} operation");
            let tells =
                |files: &Files| files.values().any(|bytes| String::from_utf8_lossy(bytes).contains(&text));
            assert!(found.values().all(tells), "{operation}");
        }
    }

    #[test]
    fn an_account_that_cannot_be_entered_stops_no_other() {
        let faults = Faults { closed: [ACCOUNTS[1].to_owned()].into(), ..Faults::default() };
        let (found, output, _) = collected("closed", faults);
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("444455556666: failed") && said.contains("111122223333: "), "{said}");
        let details = String::from_utf8_lossy(&found[ACCOUNTS[1]]["authorization-details.json"]).into_owned();
        assert!(!details.contains("UserDetailList") && details.contains("AssumeRole"), "{details}");
    }

    #[test]
    fn what_was_collected_whole_is_kept_when_asked() {
        let (live, folder) = (live(Faults::default()), folder("resume"));
        let run = |arguments: &[&str]| {
            let output = kagimori(&live, &folder, arguments);
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        assert!(run(&[]).contains("all answered"));
        let before = live.counts();
        assert!(run(&["--resume"]).contains("111122223333: kept"));
        let mut after = live.counts();
        let asked = after.insert("GetCallerIdentity".to_owned(), before["GetCallerIdentity"]);
        assert!(asked > before.get("GetCallerIdentity").copied());
        assert_eq!(after, before);
    }

    /// What the run before left unanswered is asked, and nothing else; a file of it that is not written any more goes.
    #[test]
    fn only_what_is_missing_is_asked_again() {
        let denied = ["ListRoles", "ListAccessKeys"].map(str::to_owned);
        let (live, folder) = (live(Faults { denied: denied.into(), ..Faults::default() }), folder("missing"));
        assert_eq!(kagimori(&live, &folder, &[]).status.code(), Some(3));
        let snapshot = folder.join("snapshots").join(ACCOUNTS[0]);
        let record = std::fs::read_to_string(snapshot.join("collected.json")).unwrap();
        let record = record.replace("\"file\": \"roles.json\"", "\"file\": \"roles-of-old.json\"");
        std::fs::write(snapshot.join("collected.json"), record).unwrap();
        std::fs::write(snapshot.join("roles-of-old.json"), "{}").unwrap();
        std::fs::write(snapshot.join("notes.txt"), "mine").unwrap();
        let before = live.counts();
        live.go_wrong(Faults::default());
        assert_eq!(kagimori(&live, &folder, &["--resume"]).status.code(), Some(0));
        let after = live.counts();
        let again: Vec<&str> = after
            .iter()
            .filter(|(name, count)| before.get(*name) != Some(count))
            .map(|(name, _)| name.as_str())
            .collect();
        // The example's report is older than AWS keeps one.
        let report = ["GenerateCredentialReport", "GetCredentialReport"];
        let again: Vec<&str> = again.into_iter().filter(|name| !report.contains(name)).collect();
        assert_eq!(again, ["GetCallerIdentity", "ListAccessKeys", "ListRoles"]);
        assert_eq!(after["ListAccessKeys"], 2 * before["ListAccessKeys"]);
        assert!(snapshot.join("notes.txt").exists() && !snapshot.join("roles-of-old.json").exists());
        let mut found = files(&snapshot);
        found.remove("collected.json");
        found.remove("notes.txt");
        assert!(found == collected("whole-again", Faults::default()).0[ACCOUNTS[0]]);
    }

    #[test]
    fn four_calls_of_an_account_are_under_way_at_a_time() {
        let faults = Faults { delay: std::time::Duration::from_millis(20), ..Faults::default() };
        let (live, folder) = (live(faults), folder("width"));
        assert_eq!(kagimori(&live, &folder, &["--account", ACCOUNTS[0]]).status.code(), Some(0));
        assert_eq!(live.most_at_a_time(), 4);
    }

    fn organization(faults: Faults) -> Live {
        let accounts = ACCOUNTS.map(|account| (account.to_owned(), files(&shiosai().join(account))));
        let file = |name: &str, value: serde_json::Value| (name.to_owned(), value.to_string().into_bytes());
        let account = |id: &str, state: &str| serde_json::json!({ "Id": id, "Name": id, "State": state });
        let (own, other, gone) = (
            account(ACCOUNTS[0], "ACTIVE"),
            account(ACCOUNTS[1], "ACTIVE"),
            account("333344445555", "CLOSED"),
        );
        let organization = Files::from([
            file("accounts.json", serde_json::json!({ "Accounts": [own, other, gone] })),
            file("roots.json", serde_json::json!({ "Roots": [{ "Id": "r-ab12", "Name": "Root" }] })),
            file(
                "units-r-ab12.json",
                serde_json::json!({ "OrganizationalUnits": [{ "Id": "ou-ab12-11111111" }] }),
            ),
            file(
                "units-ou-ab12-11111111.json",
                serde_json::json!({ "OrganizationalUnits": [{ "Id": "ou-ab12-22222222" }] }),
            ),
            file("accounts-r-ab12.json", serde_json::json!({ "Accounts": [own, gone] })),
            file("accounts-ou-ab12-22222222.json", serde_json::json!({ "Accounts": [other] })),
        ]);
        Live::start(&accounts.into(), &organization, faults).unwrap()
    }

    /// Units are meant with all that lies in them; an account of which nobody knows where it lies is no account that was not meant.
    #[test]
    fn units_and_accounts_are_chosen() {
        let (live, folder) = (organization(Faults::default()), folder("units"));
        let run = |arguments: &[&str]| {
            let all = [&["--organization", "--role", "Audit"], arguments].concat();
            let output = kagimori(&live, &folder, &all);
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            (output.status.code(), said)
        };
        // A closed account was collected once; another account has left since.
        let gone = folder.join("snapshots").join("333344445555");
        for (id, name) in [("222233334444", "roles.json"), ("333344445555", "roles.json")] {
            let of = folder.join("snapshots").join(id);
            std::fs::create_dir_all(&of).unwrap();
            std::fs::write(of.join(name), "{}").unwrap();
            let record = r#"{"record":{"calls":[{"file":"roles.json"}]}}"#;
            std::fs::write(of.join("collected.json"), record).unwrap();
        }
        let (code, said) = run(&["--ou", "ou-ab12-11111111"]);
        assert!(
            std::fs::read_dir(&gone).unwrap().next().is_none(),
            "files of a closed account speak of another day"
        );
        assert!(said.contains("222233334444` is of an account that is not in the organization"), "{said}");
        assert!(folder.join("snapshots/222233334444/roles.json").exists());
        assert!(
            code == Some(0)
                && said.contains("111122223333 (111122223333): skipped: it lies in none of the units"),
            "{said}"
        );
        assert!(
            said.contains("444455556666 (444455556666): 32 calls")
                && said.contains("skipped: the account is CLOSED"),
            "{said}"
        );
        let (code, said) = run(&["--ou", "r-ab12", "--exclude", ACCOUNTS[1]]);
        assert!(
            code == Some(0) && said.contains("444455556666 (444455556666): skipped: it is excluded"),
            "{said}"
        );
        assert!(said.contains("111122223333 (111122223333): 22 calls"), "{said}");
        let (code, said) = run(&["--ou", "ou-ab12-99999999"]);
        assert!(code == Some(2) && said.contains("`ou-ab12-99999999` is no account, unit or root"), "{said}");
        live.go_wrong(Faults { denied: ["ListAccountsForParent".to_owned()].into(), ..Faults::default() });
        let (code, said) = run(&["--ou", "ou-ab12-11111111"]);
        assert!(code == Some(3) && said.contains("failed: AWS did not tell in which unit it lies"), "{said}");
    }

    /// What lies beside the snapshots is written there, and what is left out is told.
    #[test]
    fn what_was_used_lies_beside_the_snapshots() {
        let (live, folder) = (live(Faults::default()), folder("accessed"));
        let output = kagimori(&live, &folder, &["--last-accessed", "3"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.code() == Some(0) && said.contains("users and roles beyond --last-accessed"),
            "{said}"
        );
        let of_users = files(&folder.join("last-accessed").join(ACCOUNTS[0]));
        assert!(of_users.len() == 3 && of_users.keys().all(|name| name.starts_with("user/")), "{of_users:?}");
        // Without it the files of the run before go.
        assert_eq!(kagimori(&live, &folder, &[]).status.code(), Some(0));
        assert!(files(&folder.join("last-accessed").join(ACCOUNTS[0])).is_empty());
    }

    /// A run that has no time ends at once, keeps what it has, and says what it lacks.
    #[test]
    fn time_ends_it() {
        // Three answers come at once, and then none.
        let delay = std::time::Duration::from_secs(600);
        let faults = Faults { delay, at_once: 3, ..Faults::default() };
        let (live, folder) = (live(faults), folder("time"));
        let begun = std::time::Instant::now();
        let output = kagimori(&live, &folder, &["--account-time", "4s"]);
        assert!(begun.elapsed().as_secs() < 300, "{:?}", begun.elapsed());
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("the time was over"), "{said}");
        let found = files(&folder.join("snapshots").join(ACCOUNTS[0]));
        let is_over = |bytes: &Vec<u8>| bytes.starts_with(b"The time was over");
        let over = found.values().filter(|bytes| is_over(bytes)).count();
        assert!(over > 2 && over + 1 < found.len(), "{over} of {}", found.len());
        // The same within the time of all, also where the role is never handed out; both accounts are told of.
        let live = self::live(Faults { delay, at_once: 1, ..Faults::default() });
        let arguments =
            ["--account", ACCOUNTS[0], ACCOUNTS[1], "--role", "Audit", "--max-time", "4s", "--parallel", "1"];
        let said = String::from_utf8_lossy(&kagimori(&live, &folder, &arguments).stdout).into_owned();
        assert!(ACCOUNTS.iter().all(|account| said.contains(account)), "{said}");
        // And where not even the first call is answered.
        let live = self::live(Faults { delay, ..Faults::default() });
        let output = kagimori(&live, &folder, &["--max-time", "1s"]);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(begun.elapsed().as_secs() < 500, "{:?}", begun.elapsed());
    }

    /// What the book shows is what is printed; `TRYCMD=overwrite` writes it there.
    #[test]
    fn the_book_shows_what_is_printed() {
        let live = live(Faults { closed: [ACCOUNTS[1].to_owned()].into(), ..Faults::default() });
        let folder = folder("book");
        let dir = folder.join("my-company");
        std::fs::create_dir_all(&dir).unwrap();
        let arguments = ["--account", ACCOUNTS[0], ACCOUNTS[1], "--role", "KagimoriAudit"];
        let output = kagimori_in(&folder, &live, Path::new("my-company"), &arguments);
        let printed = String::from_utf8(output.stdout).unwrap();
        let (path, begin) =
            (Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/collecting.md"), "```text\n");
        let book = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = book.split_once(begin).unwrap();
        let (shown, after) = rest.split_once("```\n").unwrap();
        if std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite") {
            std::fs::write(&path, format!("{before}{begin}{printed}```\n{after}")).unwrap();
        } else {
            assert_eq!(shown, printed);
        }
    }

    #[test]
    fn the_policy_is_printed_without_any_account() {
        let live = live(Faults::default());
        let output = kagimori(&live, &folder("policy"), &["--print-policy"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("iam:GetAccountAuthorizationDetails"));
        assert!(live.counts().is_empty());
    }
}
