//! The finished page in a real browser: headless Chromium opens it from disk, a script uses it as a person would.
//!
//! Without Chromium the tests say loudly that they were skipped; with `KAGIMORI_REQUIRE_CHROMIUM=1` they fail instead.

#[cfg(test)]
mod page {
    use std::env;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::Deserialize;

    const TRAP: &str = include_str!("page/trap.js");
    const DRIVE: &str = include_str!("page/drive.js");
    #[cfg(unix)]
    const DRIVE_TIGHTEN: &str = include_str!("page/tighten.js");
    const DRIVE_UNFOLDING: &str = include_str!("page/unfolding.js");
    const DRIVE_MISSING: &str = include_str!("page/missing.js");
    const DRIVE_LISTS: &str = include_str!("page/lists.js");

    /// What the script saw.
    #[derive(Deserialize)]
    struct Report {
        seen: Vec<Seen>,
        troubles: Vec<String>,
    }

    #[derive(Deserialize)]
    struct Seen {
        what: String,
        right: bool,
        detail: String,
    }

    fn tests_folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
    }

    /// A folder of this test alone, below Cargo's own.
    fn scratch(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Where Chromium is; `None`, said loudly, when it is not there.
    fn chromium() -> Option<PathBuf> {
        let paths = env::var_os("PATH").unwrap_or_default();
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let found = env::split_paths(&paths)
            .flat_map(|folder| names.map(|name| folder.join(name)))
            .find(|program| program.is_file());
        if found.is_none() {
            let required = env::var("KAGIMORI_REQUIRE_CHROMIUM").is_ok_and(|value| value == "1");
            assert!(!required, "KAGIMORI_REQUIRE_CHROMIUM=1 and there is no Chromium on the PATH");
            println!("SKIPPED: no Chromium on the PATH, THE PAGE WAS NOT TESTED (install `chromium`)");
        }
        found
    }

    /// Reviews a directory into a scratch folder and gives the page.
    fn review(directory: &Path, folder: &Path, room: &str) -> PathBuf {
        let status = Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .arg("review")
            .arg(directory)
            .args(["--page-room", room])
            .arg("--out")
            .arg(folder)
            .output()
            .unwrap()
            .status;
        assert_eq!(status.code(), Some(1), "the directory has findings");
        folder.join("index.html")
    }

    #[cfg(unix)]
    /// The example company without what commands write into it.
    fn company(folder: &Path) -> PathBuf {
        let company = folder.join("company");
        fs::create_dir_all(&company).unwrap();
        for name in ["kagimori.toml", "snapshots", "resource-policies"] {
            let from = tests_folder().join("../../../examples/shiosai").join(name).canonicalize().unwrap();
            std::os::unix::fs::symlink(from, company.join(name)).unwrap();
        }
        company
    }

    #[cfg(unix)]
    /// What the program makes of the example company with these words, and that something wants a look.
    fn ask(company: &Path, words: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .args(words)
            .arg("--dir")
            .arg(company)
            .arg("--trail")
            .arg(tests_folder().join("../../../examples/shiosai/trail"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
    }

    #[cfg(unix)]
    /// Proposals for the example company, and their page: one is of a user whose key an intruder had.
    fn tighten(folder: &Path, room: &str) -> PathBuf {
        let company = company(folder);
        let out = folder.to_str().unwrap();
        ask(&company, &["tighten", "--all", "--holdout", "30", "--out", out, "--page-room", room]);
        folder.join("index.html")
    }

    #[cfg(unix)]
    /// What would have broken, had nobody been allowed anything. The page's name is none of an address.
    fn whatif(folder: &Path, room: &str) -> PathBuf {
        let (company, page) = (company(folder), folder.join("what if? 100% #1.html"));
        let scp = folder.join("scp.json");
        let nothing =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
        fs::write(&scp, nothing).unwrap();
        let (scp, name) = (scp.to_str().unwrap(), page.to_str().unwrap());
        ask(&company, &["whatif", "--scp", scp, "--page", name, "--page-room", room]);
        page
    }

    /// The document after its scripts ran, and what the console said.
    fn open(chromium: &Path, page: &Path, folder: &Path) -> (String, Vec<String>) {
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ];
        let profile = folder.join("profile");
        let output = Command::new(chromium)
            .args(flags)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(
                format!("file://{}", page.display())
                    .replace('%', "%25")
                    .replace('#', "%23")
                    .replace('?', "%3F"),
            )
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        let console = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
        (String::from_utf8_lossy(&output.stdout).into_owned(), console)
    }

    /// A copy of the page with the trap before and the driver behind its own scripts.
    fn copy_to_drive(page: &Path, driver: &str, folder: &Path) -> PathBuf {
        let text = fs::read_to_string(page).unwrap();
        let text = text.replacen("<title>", &format!("<script>{TRAP}</script><title>"), 1);
        let (before, after) = text.rsplit_once("</body>").unwrap();
        let copy = folder.join("driven.html");
        fs::write(&copy, format!("{before}<script>{driver}</script></body>{after}")).unwrap();
        copy
    }

    fn drive(directory: &Path, name: &str) {
        let Some(chromium) = chromium() else { return };
        let folder = scratch(name);
        let page = review(directory, &folder, "4");

        let (document, console) = open(&chromium, &page, &folder);
        assert!(console.is_empty(), "the console of the untouched page is not silent: {console:#?}");
        assert!(
            document.contains("id=\"tab-overview\""),
            "the page's own script did not run under its policy"
        );

        let (document, console) = open(&chromium, &copy_to_drive(&page, DRIVE, &folder), &folder);
        judge(&document, &console, 30);
    }

    /// All that the driver saw is right, and it saw so much.
    fn judge(document: &str, console: &[String], least: usize) {
        let report = report(document);
        let wrong: Vec<String> = report
            .seen
            .iter()
            .filter(|seen| !seen.right)
            .map(|seen| format!("{}: {}", seen.what, seen.detail))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(report.seen.len() > least, "the driver stopped early: {} observations", report.seen.len());
        assert!(report.troubles.is_empty(), "{:#?}", report.troubles);
        assert!(console.is_empty(), "{console:#?}");
    }

    fn report(document: &str) -> Report {
        let encoded = document
            .split_once("<pre id=\"seen\">")
            .and_then(|(_, rest)| rest.split_once("</pre>"))
            .map(|(encoded, _)| encoded)
            .unwrap_or_else(|| {
                panic!("the driver left nothing: {}", document.chars().take(2000).collect::<String>())
            });
        serde_json::from_slice(&STANDARD.decode(encoded).unwrap()).unwrap()
    }

    #[test]
    fn the_example_company_can_be_read_by_people() {
        drive(&tests_folder().join("../../../examples/shiosai"), "shiosai");
    }

    #[test]
    fn hostile_names_stay_names() {
        drive(&tests_folder().join("page/hostile"), "hostile");
    }

    #[cfg(unix)]
    #[test]
    fn proposals_can_be_searched_by_people() {
        let Some(chromium) = chromium() else { return };
        let folder = scratch("tighten");
        let page = tighten(&folder, "4");
        let (document, console) = open(&chromium, &copy_to_drive(&page, DRIVE_TIGHTEN, &folder), &folder);
        judge(&document, &console, 10);
    }

    /// How many things of a page can be searched, those without a proposal aside.
    #[cfg(unix)]
    fn found(page: &Path) -> usize {
        let text = fs::read_to_string(page).unwrap();
        assert!(!text.contains("data-parts=\""), "all of it is in the page");
        let text = text.split("Nothing is proposed for these").next().unwrap();
        text.matches("<div class=\"found\"").count()
    }

    #[cfg(unix)]
    fn unfolds(name: &str, make: fn(&Path, &str) -> PathBuf, word: &str) {
        let Some(chromium) = chromium() else { return };
        let (folder, whole) = (scratch(name), scratch(&format!("{name}-whole")));
        let total = found(&make(&whole, "4"));
        let page = make(&folder, "0");
        let length = |page: &Path| fs::metadata(page).unwrap().len();
        assert!(length(&page) < 600_000, "{}", length(&page));
        let (document, console) = open(&chromium, &page, &folder);
        assert!(console.is_empty() && document.contains("data-parts"), "{console:#?}");
        let driver = format!("const wanted={{total:{total},word:'{word}'}};{DRIVE_UNFOLDING}");
        let (document, console) = open(&chromium, &copy_to_drive(&page, &driver, &folder), &folder);
        judge(&document, &console, 18);
    }

    #[cfg(unix)]
    #[test]
    fn what_stands_beside_the_page_of_tighten_is_read_when_somebody_asks() {
        unfolds("tighten-beside", tighten, "ferry");
    }

    #[cfg(unix)]
    #[test]
    fn what_stands_beside_the_page_of_whatif_is_read_when_somebody_asks() {
        unfolds("whatif-beside", whatif, "ferry");
    }

    #[cfg(unix)]
    #[test]
    fn a_page_without_its_files_says_so() {
        let Some(chromium) = chromium() else { return };
        let folder = scratch("missing");
        let page = tighten(&folder, "0");
        fs::remove_dir_all(folder.join("lists")).unwrap();
        let (document, _) = open(&chromium, &copy_to_drive(&page, DRIVE_MISSING, &folder), &folder);
        judge(&document, &[], 5);
    }

    #[test]
    fn lists_beside_a_review_are_read_when_somebody_asks() {
        let Some(chromium) = chromium() else { return };
        for (name, directory) in
            [("shiosai-lists", "../../../examples/shiosai"), ("hostile-lists", "page/hostile")]
        {
            let folder = scratch(name);
            let page = review(&tests_folder().join(directory), &folder, "0");
            let (document, console) = open(&chromium, &copy_to_drive(&page, DRIVE_LISTS, &folder), &folder);
            judge(&document, &console, 7);
        }
    }
}
