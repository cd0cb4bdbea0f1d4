//! The report's page in a real browser: headless Chromium opens it from disk, a self-test beside it clicks and types as a
//! person would, and writes what it found into the page, which comes back with `--dump-dom`.

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    const SELF_TEST: &str = include_str!("page/self-test.js");

    fn browser() -> Option<&'static str> {
        ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
            Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
        })
    }

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn review(directory: &Path, out: &Path) -> String {
        let status = Command::new(env!("CARGO_BIN_EXE_kagimori"))
            .arg("review")
            .arg(directory)
            .arg("--out")
            .arg(out)
            .args(["--now", "2026-11-01T00:00:00Z"])
            .output()
            .unwrap()
            .status;
        assert_eq!(status.code(), Some(1), "a review with findings");
        std::fs::read_to_string(out.join("index.html")).unwrap()
    }

    /// Opens a page with the self-test added and returns what the self-test wrote: one line per check.
    fn run(browser: &str, folder: &Path, page: &str) -> Vec<String> {
        let tested = page.replace("</body>", &format!("<script>{SELF_TEST}</script></body>"));
        assert_ne!(tested, page);
        let file = folder.join("tested.html");
        std::fs::write(&file, tested).unwrap();
        let output = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-quic"])
            .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=20000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .arg(format!("file://{}#lang=en", file.display()))
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        let console: Vec<&str> = complaints.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert!(console.is_empty(), "the console is not clean: {console:#?}");
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        let result = dom.split("<pre id=\"self-test\">").nth(1).and_then(|rest| rest.split("</pre>").next());
        let result = result.unwrap_or_else(|| panic!("the self-test did not finish; stderr: {complaints}"));
        result.lines().map(str::to_owned).collect()
    }

    fn tests_page(directory: &Path, name: &str) {
        let Some(browser) = browser() else {
            assert!(
                std::env::var_os("KAGIMORI_REQUIRE_CHROMIUM").is_none(),
                "Chromium is required and not installed"
            );
            eprintln!("SKIPPED: the page test needs Chromium (Debian: apt-get install chromium)");
            return;
        };
        let folder = folder(name);
        let page = review(directory, &folder.join("report"));
        let lines = run(browser, &folder, &page);
        let failed: Vec<_> = lines.iter().filter(|line| !line.starts_with("ok ")).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(lines.len() > 20, "the self-test checked too little: {lines:?}");
    }

    #[test]
    fn the_company_on_the_page() {
        let shiosai = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai");
        tests_page(&shiosai, "page-shiosai");
    }

    #[test]
    fn hostile_names_stay_text() {
        let directory = folder("page-hostile-input");
        let hostile = "</script><img src=x onerror=document.body.dataset.broken=1>";
        let json = serde_json::json!({
            "UserDetailList": [{"UserName": "x", "UserId": "AIDAEXAMPLEEXAMPLE", "Path": "/",
                "Arn": "arn:aws:iam::111122223333:user/x", "CreateDate": "2020-01-01T00:00:00+00:00",
                "Tags": [{"Key": "Owner", "Value": hostile}],
                "UserPolicyList": [{"PolicyName": hostile, "PolicyDocument":
                    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}],
            "RoleDetailList": [], "GroupDetailList": [], "Policies": [],
        });
        std::fs::write(directory.join("authorization-details.json"), json.to_string()).unwrap();
        tests_page(&directory, "page-hostile");
    }
}
