//! The places of a repository that can hold a key, made with git when the test runs.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use kagimori_source::Scanner;
    use kagimori_testkit::keys;
    use kagimori_tree::{Scanned, Where, git};

    const ACCOUNT: u64 = 444_455_556_666;

    struct Repository(PathBuf);

    impl Repository {
        fn new(name: &str, arguments: &[&str]) -> Self {
            let path = std::env::temp_dir().join(format!("kagimori-git-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            let repository = Self(path);
            repository.git(&[&["init", "-q", "-b", "main"], arguments].concat());
            repository
        }

        fn run(&self, day: u32, arguments: &[&str]) -> String {
            let date = format!("2026-01-{day:02}T00:00:00Z");
            let output = Command::new("git")
                .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
                .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
                .args(arguments)
                .current_dir(&self.0)
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_AUTHOR_DATE", &date)
                .env("GIT_COMMITTER_DATE", &date)
                .env_remove("GIT_DIR")
                .env_remove("GIT_INDEX_FILE")
                .output()
                .unwrap();
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        }

        fn git(&self, arguments: &[&str]) -> String {
            self.run(1, arguments)
        }

        fn write(&self, name: &str, number: u64) {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("id = {}\nsecret_key = {}\n", id(number), keys::secret(number))).unwrap();
        }

        fn commit(&self, day: u32, message: &str) -> String {
            self.run(day, &["add", "-A"]);
            self.run(day, &["commit", "-q", "--allow-empty", "-m", message]);
            self.git(&["rev-parse", "HEAD"])
        }

        fn scan(&self) -> Scanned {
            git::scan(&Scanner::new().unwrap(), &self.0, 0, &|_| ())
        }
    }

    impl Drop for Repository {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn id(number: u64) -> String {
        keys::id("AKIA", ACCOUNT, number)
    }

    /// Where a key is: its path and a word for the place.
    fn at(scanned: &Scanned, number: u64) -> Vec<(String, String)> {
        let found = scanned.found.iter().filter(|found| found.held.name == id(number));
        let word = |at: &Where| match at {
            Where::Commit { commit, at_head, .. } => {
                format!("{commit}{}", if *at_head { " head" } else { "" })
            }
            Where::Index => "index".to_owned(),
            Where::Unreachable { .. } => "unreachable".to_owned(),
            Where::CommitMessage { .. } => "message".to_owned(),
            Where::TagMessage => "tag".to_owned(),
            Where::GitFolder => "folder".to_owned(),
            _ => "else".to_owned(),
        };
        found.map(|found| (found.place.path.clone(), word(&found.place.at))).collect()
    }

    fn one(path: &str, word: &str) -> Vec<(String, String)> {
        vec![(path.to_owned(), word.to_owned())]
    }

    #[test]
    fn every_place_of_a_repository_is_read() {
        let repository = Repository::new("places", &[]);
        repository.write("head.env", 1);
        let first = repository.commit(1, "first");
        repository.write("gone.env", 2);
        let second = repository.commit(2, "second");
        fs::remove_file(repository.0.join("gone.env")).unwrap();
        repository.commit(3, "third");
        // a branch, and a merge that brings what neither side has
        repository.git(&["checkout", "-q", "-b", "side", &first]);
        repository.write("side.env", 3);
        let side = repository.commit(4, "side");
        repository.git(&["checkout", "-q", "main"]);
        repository.run(5, &["merge", "-q", "--no-ff", "--no-commit", "side"]);
        repository.write("evil.env", 4);
        let merge = repository.commit(5, "merge");
        // a pull request, a note, a message, a tag
        repository.write("pull.env", 5);
        let pull = repository.commit(6, "pull");
        repository.git(&["update-ref", "refs/pull/7/head", &pull]);
        repository.git(&["reset", "-q", "--hard", &merge]);
        repository.run(7, &["notes", "add", "-m", &id(6)]);
        repository.commit(8, &format!("the key was {}", id(7)));
        repository.run(8, &["tag", "-a", "v1", "-m", &id(8)]);
        // stashes: tracked and untracked
        repository.write("head.env", 9);
        repository.write("untracked.env", 10);
        repository.run(9, &["stash", "-q", "-u"]);
        // amended away; staged, then reset
        repository.write("amended.env", 11);
        repository.commit(10, "to be amended");
        fs::remove_file(repository.0.join("amended.env")).unwrap();
        repository.git(&["add", "-A"]);
        repository.run(10, &["commit", "-q", "--amend", "--allow-empty", "-m", "amended"]);
        repository.write("dangling.env", 12);
        repository.git(&["add", "dangling.env"]);
        repository.git(&["rm", "-q", "-f", "--cached", "dangling.env"]);
        fs::remove_file(repository.0.join("dangling.env")).unwrap();
        // the configuration, a link's target, the index
        repository.git(&["remote", "add", "origin", &format!("s3://{}:x@bucket", id(13))]);
        std::os::unix::fs::symlink(format!("/keys?id={}", id(14)), repository.0.join("link")).unwrap();
        let link = repository.commit(11, "link");
        repository.write("staged.env", 15);
        repository.git(&["add", "staged.env"]);
        repository.git(&["pack-refs", "--all"]);

        let scanned = repository.scan();
        assert_eq!(scanned.problems, []);
        assert_eq!(at(&scanned, 1), one("head.env", &format!("{first} head")));
        assert_eq!(at(&scanned, 2), one("gone.env", &second));
        assert_eq!(at(&scanned, 3), one("side.env", &format!("{side} head")));
        assert_eq!(at(&scanned, 4), one("evil.env", &format!("{merge} head")));
        assert_eq!(at(&scanned, 5), one("pull.env", &pull));
        assert_eq!(at(&scanned, 6).len(), 1, "the note");
        assert!(at(&scanned, 7).iter().any(|(_, word)| word == "message"));
        assert_eq!(at(&scanned, 8).iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>(), ["tag"]);
        assert_eq!(at(&scanned, 9)[0].0, "head.env");
        assert_eq!(at(&scanned, 10)[0].0, "untracked.env");
        assert_eq!(at(&scanned, 11), one("amended.env", "unreachable"));
        assert_eq!(
            at(&scanned, 12).iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>(),
            ["unreachable"]
        );
        assert!(at(&scanned, 13).iter().all(|(_, word)| word == "folder") && !at(&scanned, 13).is_empty());
        assert_eq!(at(&scanned, 14), one("link", &format!("{link} head")));
        assert_eq!(at(&scanned, 15), one("staged.env", "index"));
        // packed, the answer is the same
        repository.git(&["repack", "-q", "-a", "-d", "-k"]);
        let packed = repository.scan();
        for number in 1..=15 {
            assert_eq!(at(&packed, number), at(&scanned, number), "{number}");
        }
        let staged = git::scan_staged(&Scanner::new().unwrap(), &repository.0, 0);
        assert_eq!(staged.found.iter().map(|found| found.held.name.clone()).collect::<Vec<_>>(), [id(15)]);
    }

    fn problems(scanned: &Scanned) -> String {
        scanned.problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
    }

    fn clone(repository: &Repository, name: &str, arguments: &[&str]) -> Repository {
        let path = std::env::temp_dir().join(format!("kagimori-git-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        let from = format!("file://{}", repository.0.display());
        repository.git(&[&["clone", "-q"], arguments, &[&from, &path.to_string_lossy()]].concat());
        Repository(path)
    }

    #[test]
    fn what_is_not_here_is_said() {
        let repository = Repository::new("origin", &[]);
        repository.git(&["config", "uploadpack.allowFilter", "true"]);
        repository.write("a.env", 1);
        repository.commit(1, "first");
        repository.write("a.env", 2);
        repository.commit(2, "second");
        let shallow = clone(&repository, "shallow", &["--depth", "1"]).scan();
        assert!(problems(&shallow).contains("shallow"), "{}", problems(&shallow));
        assert_eq!(at(&shallow, 2).len(), 1);
        let partial = clone(&repository, "partial", &["--no-checkout", "--filter=blob:none"]).scan();
        assert!(problems(&partial).contains("not here"), "{}", problems(&partial));
        let bare = clone(&repository, "bare", &["--mirror"]).scan();
        assert_eq!((problems(&bare), at(&bare, 1).len(), at(&bare, 2).len()), (String::new(), 1, 1));
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
        fs::write(repository.0.join("large.bin"), pointer).unwrap();
        repository.commit(3, "pointer");
        assert!(problems(&repository.scan()).contains("LFS"));
    }

    #[test]
    fn alternates_worktrees_and_submodules_are_read() {
        let repository = Repository::new("base", &[]);
        repository.write("a.env", 1);
        repository.commit(1, "first");
        let shared = clone(&repository, "shared", &["--shared"]);
        assert_eq!(at(&shared.scan(), 1).len(), 1, "alternates");
        let tree = std::env::temp_dir().join(format!("kagimori-git-{}-tree", std::process::id()));
        let _ = fs::remove_dir_all(&tree);
        repository.git(&["worktree", "add", "-q", &tree.to_string_lossy()]);
        let tree = Repository(tree);
        assert_eq!(at(&tree.scan(), 1).len(), 1, "a worktree's `.git` is a file");
        let outer = Repository::new("outer", &[]);
        outer.git(&["submodule", "add", "-q", &format!("file://{}", repository.0.display()), "inner"]);
        outer.commit(1, "submodule");
        assert_eq!(at(&outer.scan(), 1).len(), 1, "a submodule's objects lie in `.git/modules`");
    }

    #[test]
    fn a_repository_of_sha256_is_read_and_a_damaged_one_told() {
        let repository = Repository::new("sha256", &["--object-format=sha256"]);
        repository.write("a.env", 1);
        repository.commit(1, "first");
        assert_eq!(at(&repository.scan(), 1).len(), 1);
        let damaged = Repository::new("damaged", &[]);
        damaged.write("a.env", 1);
        damaged.commit(1, "first");
        damaged.write("b.env", 2);
        damaged.commit(2, "second");
        let blob = damaged.git(&["rev-parse", "HEAD:b.env"]);
        let (folder, file) = blob.split_at(2);
        let path: &Path = &damaged.0.join(".git/objects").join(folder).join(file);
        let mut permissions = fs::metadata(path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
        fs::set_permissions(path, permissions).unwrap();
        fs::write(path, b"damage").unwrap();
        let scanned = damaged.scan();
        assert_eq!(at(&scanned, 1).len(), 1, "the rest is read");
        assert!(problems(&scanned).contains("cannot be read"), "{}", problems(&scanned));
        // Bytes that unpack to something are not yet what the name says.
        let other = damaged.git(&["rev-parse", "HEAD:a.env"]);
        let (folder, file) = other.split_at(2);
        fs::write(path, fs::read(damaged.0.join(".git/objects").join(folder).join(file)).unwrap()).unwrap();
        let scanned = damaged.scan();
        assert_eq!(at(&scanned, 1).len(), 1, "{scanned:?}");
        assert!(problems(&scanned).contains("not what its name says"), "{}", problems(&scanned));
    }
}
