//! Files for people: whole or not there, of one run, for their owner alone, and never through a link.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};

    use kagimori_lake::private::{self, Edition, is_unfinished};

    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("private-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn all(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                names.extend(all(&path).into_iter().map(|below| format!("{name}/{below}")));
            } else {
                names.push(name);
            }
        }
        names.sort();
        names
    }

    fn text(text: &str) -> impl FnOnce(&mut dyn Write) -> io::Result<()> + '_ {
        move |out| out.write_all(text.as_bytes())
    }

    #[test]
    fn all_of_it_or_nothing() {
        let root = folder("all");
        fs::write(root.join("a.csv"), "old").unwrap();
        let begin = || Edition::begin(&root.join("made/here")).and_then(|_| Edition::begin(&root)).unwrap();
        let edition = begin();
        edition.write("a.csv", text("new")).unwrap();
        let full = |out: &mut dyn Write| {
            out.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        let error = edition.write("lists/b.js", full).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().contains("`lists/b.js`")),
            (io::ErrorKind::StorageFull, true)
        );
        drop(edition);
        assert_eq!(
            (all(&root), fs::read(root.join("a.csv")).unwrap()),
            (vec!["a.csv".to_owned()], b"old".into())
        );
        let edition = begin();
        edition.write("a.csv", text("new")).unwrap();
        let mut draft = edition.draft().unwrap();
        draft.write_all(b"b").unwrap();
        edition.keep(draft, "lists/b.js").unwrap();
        assert_eq!(fs::read(root.join("a.csv")).unwrap(), b"old");
        edition.publish().unwrap();
        assert_eq!(
            (all(&root), fs::read(root.join("a.csv")).unwrap()),
            (vec!["a.csv".into(), "lists/b.js".into()], b"new".into())
        );
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let root = folder("out");
        let edition = Edition::begin(&root).unwrap();
        for name in ["../a", "/a", "lists/../../a"] {
            assert_eq!(
                edition.write(name, text("x")).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{name}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link_or_a_pipe() {
        use std::os::unix::fs::symlink;
        let (root, elsewhere) = (folder("links"), folder("links-elsewhere"));
        fs::write(elsewhere.join("target"), "theirs").unwrap();
        symlink(elsewhere.join("target"), root.join("file")).unwrap();
        symlink(elsewhere.join("nothing"), root.join("dangling")).unwrap();
        symlink(&elsewhere, root.join("lists")).unwrap();
        fs::create_dir(root.join("folder")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
        for name in ["file", "dangling", "lists/a.js", "folder", "pipe"] {
            let edition = Edition::begin(&root).unwrap();
            edition.write("other.csv", text("x")).unwrap();
            edition.write(name, text("x")).unwrap();
            let error = edition.publish_with_page("index.html").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}: {error}");
            assert!(!root.join("other.csv").exists() && !root.join("index.html").exists(), "{name}");
        }
        assert!(private::write(&root.join("file"), text("x")).is_err());
        assert!(private::write(Path::new("/dev/null"), text("x")).is_err());
        assert_eq!(
            (all(&elsewhere), fs::read(elsewhere.join("target")).unwrap()),
            (vec!["target".to_owned()], b"theirs".into())
        );
        assert!(fs::symlink_metadata(root.join("file")).unwrap().is_symlink());
    }

    #[test]
    fn what_was_cut_off_goes_and_what_is_being_made_stays() {
        let root = folder("left");
        let left = root.join(".kagimori-1-0.tmp");
        for name in [".kagimori-1-0.tmp", ".kagimori-2-0.tmp"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::write(left.join("lock"), "").unwrap();
        fs::write(left.join("0"), "half").unwrap();
        fs::write(root.join(".kagimori-notes.tmp"), "somebody's").unwrap();
        let first = Edition::begin(&root).unwrap();
        first.write("first", text("1")).unwrap();
        private::write(&root.join("second"), text("2")).unwrap();
        first.publish().unwrap();
        assert_eq!(all(&root), [".kagimori-notes.tmp", "first", "second"]);
        assert_eq!(fs::read_dir(&root).unwrap().count(), 3);
    }

    #[test]
    fn what_is_named_by_its_content_is_another_when_that_is() {
        let root = folder("content");
        let publish = |rows: &str| {
            let edition = Edition::begin(&root).unwrap();
            for old in all(&root) {
                edition.retire(old);
            }
            let name = |sum: &str| PathBuf::from(format!("lists/{sum}.js"));
            let name = edition.write_by_content(name, text(rows)).unwrap();
            edition.write("index.html", text(name.to_str().unwrap())).unwrap();
            edition.publish_with_page("index.html").unwrap();
            name
        };
        let first = publish("one");
        assert_eq!(publish("one"), first);
        let second = publish("two");
        assert_ne!(second, first);
        assert_eq!(all(&root), ["index.html", second.to_str().unwrap()]);
    }

    /// Whoever reads a page, the files that it speaks of, and the same page again has files of that page.
    #[test]
    fn files_are_of_one_run_or_the_page_says_so() {
        let root = folder("turns");
        let names = ["a.csv", "b.csv", "lists/c.js"];
        let publish = |run: u32| {
            let edition = Edition::begin(&root).unwrap();
            for name in names.iter().chain(&["index.html"]) {
                edition.write(name, text(&run.to_string())).unwrap();
            }
            edition.publish_with_page("index.html").unwrap();
        };
        publish(0);
        let (mut seen, mut notices) = (0, 0);
        std::thread::scope(|scope| {
            let writers: Vec<_> = (1..3_u32)
                .map(|writer| scope.spawn(move || (0..40).for_each(|n| publish(writer * 1_000 + n))))
                .collect();
            while !writers.iter().all(|writer| writer.is_finished()) {
                let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
                let page = read("index.html");
                let files = names.map(read);
                if page.starts_with("<!doctype") {
                    notices +=
                        u32::from(is_unfinished(&root.join("index.html")) || read("index.html") != page);
                } else if read("index.html") == page {
                    assert!(files.iter().all(|file| *file == page), "{page}: {files:?}");
                    seen += 1;
                }
            }
        });
        assert!(seen > 0, "{seen} {notices}");
        assert!(!is_unfinished(&root.join("index.html")));
        assert_eq!(fs::read_dir(&root).unwrap().count(), 4);
    }
}
