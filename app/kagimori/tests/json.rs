//! Every JSON answer says what it is, and docs/json.md says what stands in it: the commands of its table are run, and the
//! members they print are compared with those it names.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::Value;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }

    /// The words between backticks.
    fn words(cell: &str) -> Vec<&str> {
        cell.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn what_is_printed_is_what_is_documented() {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("json-company");
        let _ = fs::remove_dir_all(&directory);
        copy(&root().join("examples/shiosai"), &directory);
        let book = fs::read_to_string(root().join("docs/json.md")).unwrap();
        let rows: Vec<Vec<&str>> = book
            .lines()
            .filter(|line| line.starts_with("| `kagimori."))
            .map(|line| line.trim_matches('|').split(" | ").collect())
            .collect();
        assert!(rows.len() > 20, "{} rows", rows.len());
        for row in rows {
            let [schema, command, members, ..] = row.as_slice() else { panic!("{row:?}") };
            let (schema, command) = (words(schema)[0], words(command)[0]);
            let arguments: Vec<String> = command
                .split(' ')
                .skip(1)
                .map(|word| word.replace("DIR", directory.to_str().unwrap()))
                .collect();
            let output = Command::new(env!("CARGO_BIN_EXE_kagimori"))
                .args(&arguments)
                .args(["--format", "json"])
                .current_dir(root())
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let answer: Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{command}: {told}"));
            assert_eq!(answer["schema"]["name"], schema, "{command}");
            assert!(answer["schema"]["version"].is_u64(), "{command}");
            let printed: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
            let named: BTreeSet<&str> = words(members).into_iter().chain(["schema"]).collect();
            let sure: BTreeSet<&str> =
                named.iter().copied().filter(|name| !members.contains(&format!("`{name}`?"))).collect();
            assert!(sure.is_subset(&printed), "{command} does not print {:?}", sure.difference(&printed));
            assert!(
                printed.is_subset(&named),
                "docs/json.md lacks {:?} of {schema}",
                printed.difference(&named)
            );
            if let Some(now) = answer.get("now") {
                assert!(now.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{command}: {now}");
            }
        }
    }
}
