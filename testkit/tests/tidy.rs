//! The rules of the house that a machine can hold: crate edges as in ARCHITECTURE.md, `//!` on every file, the
//! lints inherited by every crate, nothing in the tree that names the machine it was made on.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::Value;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
    }

    /// The files git tracks or would track.
    fn files(ending: &str) -> Vec<PathBuf> {
        let output = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "git ls-files failed: the tidy test needs a git checkout");
        let listed = String::from_utf8(output.stdout).unwrap();
        let files: Vec<_> = listed
            .lines()
            .filter(|line| line.ends_with(ending))
            .map(|line| root().join(line))
            .filter(|path| path.exists())
            .collect();
        assert!(!files.is_empty(), "no {ending} files: the test looks at the wrong place");
        files
    }

    /// Every workspace crate with its workspace dependencies: ordinary ones, and those for tests only.
    fn crates() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let ours: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
        let mut crates = BTreeMap::new();
        for package in packages {
            let (mut ordinary, mut dev) = (BTreeSet::new(), BTreeSet::new());
            for dependency in package["dependencies"].as_array().unwrap() {
                let name = dependency["name"].as_str().unwrap();
                if ours.contains(name) {
                    let set =
                        if dependency["kind"].as_str() == Some("dev") { &mut dev } else { &mut ordinary };
                    set.insert(name.to_owned());
                }
            }
            crates.insert(package["name"].as_str().unwrap().to_owned(), (ordinary, dev));
        }
        crates
    }

    /// The table of edges in ARCHITECTURE.md.
    fn allowed_edges() -> BTreeMap<String, BTreeSet<String>> {
        let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        let table = text.split("<!-- edges -->").nth(1).unwrap().split("<!-- /edges -->").next().unwrap();
        let names = |cell: &str| -> BTreeSet<String> {
            cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        table
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| {
                let mut cells = line.trim_matches('|').split('|');
                let from = names(cells.next().unwrap()).pop_first().unwrap();
                (from, names(cells.next().unwrap()))
            })
            .collect()
    }

    #[test]
    fn edges_are_those_of_the_architecture() {
        let allowed = allowed_edges();
        let crates = crates();
        assert_eq!(
            allowed.keys().collect::<Vec<_>>(),
            crates.keys().collect::<Vec<_>>(),
            "ARCHITECTURE.md's table lists every crate"
        );
        for (name, (ordinary, dev)) in &crates {
            for dependency in ordinary {
                assert!(allowed[name].contains(dependency), "`{name}` may not depend on `{dependency}`");
            }
            for dependency in dev {
                let for_tests = ["kagimori-testkit", "kagimori-fake-aws"];
                let known = allowed[name].contains(dependency) || for_tests.contains(&dependency.as_str());
                assert!(known, "`{name}` may not depend on `{dependency}`, not even in tests");
            }
        }
    }

    #[test]
    fn every_crate_inherits_the_lints() {
        for manifest in files("Cargo.toml") {
            let text = std::fs::read_to_string(&manifest).unwrap();
            if text.contains("[package]") && !manifest.starts_with(root().join("fuzz")) {
                assert!(text.contains("[lints]\nworkspace = true"), "{} lacks [lints]", manifest.display());
            }
        }
    }

    #[test]
    fn every_file_says_what_it_is_for() {
        for file in files(".rs") {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//!"), "{} does not begin with `//!`", file.display());
        }
    }

    #[test]
    fn the_core_depends_on_nothing_that_touches_the_world() {
        const TOUCHES_THE_WORLD: [&str; 12] = [
            "tokio",
            "rayon",
            "clap",
            "anstream",
            "indicatif",
            "rand",
            "getrandom",
            "reqwest",
            "ureq",
            "hyper",
            "tempfile",
            "walkdir",
        ];
        for manifest in files("Cargo.toml") {
            if !manifest.starts_with(root().join("core")) {
                continue;
            }
            let text = std::fs::read_to_string(&manifest).unwrap();
            let ordinary = text.split("[dev-dependencies]").next().unwrap();
            for name in TOUCHES_THE_WORLD {
                let depends = ordinary.lines().any(|line| {
                    line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} "))
                });
                assert!(!depends, "{} depends on `{name}`", manifest.display());
            }
        }
    }
}
