//! One lake.

use std::fs;
use std::path::{Path, PathBuf};

use kagimori_lake::care::{Depth, look, repair};
use kagimori_lake::ingest::Options;
use kagimori_lake::{Lake, read_trail};
use kagimori_trail::call::Call;
use kagimori_trail::selection::Selection;

use super::lakes::{bodies_in, event, fill, folder, ids, open, parts, put, records, run, small, wrong};

#[track_caller]
fn assert_same_usage(root: &Path) {
    let files = read_trail(&root.join("trail"), root, &Selection::default(), &|_| ());
    let (mut ours, mut theirs) = (open(root).usage(&Selection::default()).unwrap(), files.usage);
    // how often files were read is told of the lake, not of the trail
    (ours.totals, theirs.totals) = Default::default();
    assert_eq!(ours, theirs);
}

/// The good copy has the size and the time of the bad one, as `aws s3 cp` gives it.
#[test]
fn what_was_damaged_is_read_when_its_content_is_another() {
    let root = folder("damaged");
    put(&root, "a.json", &["a"]);
    put(&root, "b.json", &["b"]);
    let good = fs::read(root.join("trail/b.json")).unwrap();
    let mut bad = good.clone();
    bad[40] = b'\x01';
    let time = fs::metadata(root.join("trail/b.json")).unwrap().modified().unwrap();
    let write = |bytes: &[u8]| {
        fs::write(root.join("trail/b.json"), bytes).unwrap();
        let file = fs::File::options().write(true).open(root.join("trail/b.json")).unwrap();
        file.set_modified(time).unwrap();
    };
    write(&bad);
    let first = fill(&root);
    assert_eq!((first.problems.len(), first.lake.events, first.lake.files), (1, 1, 2));
    let same = fill(&root);
    assert_eq!((same.problems.len(), same.counts.files, same.known_files), (1, 0, 1));
    let batches = fs::read_dir(root.join("lake/_kagimori/batches")).unwrap().count();
    write(&good);
    let second = fill(&root);
    assert_eq!((second.problems.len(), second.counts.files, second.lake.events), (0, 1, 2));
    assert_eq!((second.lake.files, second.lake.damaged_events), (2, 0));
    let third = fill(&root);
    assert_eq!((third.counts.files, third.known_files), (0, 2));
    assert_eq!(fs::read_dir(root.join("lake/_kagimori/batches")).unwrap().count(), batches + 2);
    assert_same_usage(&root);
}

#[test]
fn what_was_taken_away_is_told_no_more() {
    let root = folder("away");
    put(&root, "a.json", &["a"]);
    fs::write(root.join("trail/notes.txt"), "hello").unwrap();
    assert_eq!(fill(&root).problems.len(), 1);
    fs::remove_file(root.join("trail/notes.txt")).unwrap();
    assert_eq!(fill(&root).problems, []);
}

#[test]
fn a_file_is_read_again_when_somebody_says_so() {
    let root = folder("again");
    put(&root, "a.json", &["a"]);
    fill(&root);
    let again = Options { again: vec![root.join("trail/a.json")], ..Options::default() };
    let report = run(&root, &again);
    assert_eq!((report.counts.files, report.counts.duplicates, report.lake.events), (1, 1, 1));
    assert_eq!((report.lake.files, report.lake.duplicates), (1, 0));
}

#[cfg(unix)]
#[test]
fn links_and_pipes() {
    let root = folder("links");
    put(&root, "a.json", &["a"]);
    let trail = root.join("trail");
    std::os::unix::fs::symlink(&trail, trail.join("0-self")).unwrap();
    std::os::unix::fs::symlink(&trail, trail.join("1-self")).unwrap();
    std::os::unix::fs::symlink(root.join("nowhere"), trail.join("dangling")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(trail.join("pipe")).status().unwrap();
    assert!(made.success());
    let report = fill(&root);
    let named: Vec<&str> = report.problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!((report.counts.files, named), (1, vec!["trail/dangling", "trail/pipe"]));
}

#[cfg(unix)]
#[test]
fn a_name_is_one_line() {
    let root = folder("name");
    put(&root, "a\nwarning: x.json", &["a"]);
    fs::write(root.join("trail/b\n.json"), "no").unwrap();
    let report = fill(&root);
    assert_eq!(report.problems[0].file, r"trail/b\u{a}.json");
    assert_eq!(fill(&root).known_files, 1);
    // of one size and one time, and told apart
    let time = fs::metadata(root.join("trail/a\nwarning: x.json")).unwrap().modified().unwrap();
    for (name, id) in
        [("c\n.json", "c"), ("c\r.json", "d"), (r"e\f.json", "e"), ("e/f.json", "f"), (r"c\u{a}.json", "g")]
    {
        fs::create_dir_all(root.join("trail/e")).unwrap();
        put(&root, name, &[id]);
        fs::File::options()
            .write(true)
            .open(root.join("trail").join(name))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    fill(&root);
    assert_eq!(ids(&root), ["a", "c", "d", "e", "f", "g"]);
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_a_lake() {
    use std::os::unix::fs::PermissionsExt;
    fn walk(path: &Path, seen: &mut u32) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        *seen += 1;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{path:?}");
            fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), seen));
        } else {
            assert_eq!(mode, 0o600, "{path:?}");
        }
    }
    let root = folder("modes");
    put(&root, "a.json", &["a"]);
    run(&root, &Options { bodies: true, ..Options::default() });
    let mut seen = 0;
    walk(&root.join("lake"), &mut seen);
    assert!(seen > 8);
}

/// A batch left out what another had first; that one was cut off, and its file is gone.
#[test]
fn who_left_out_what_is_lost_reads_again() {
    let root = folder("need");
    put(&root, "1.json", &["a", "b"]);
    put(&root, "2.json", &["b", "c"]);
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| run(&root, &small()));
    assert_eq!(ids(&root), ["a", "b", "c"]);
    // The state after a kill: the second batch is done and needs the first, the first has its plan alone.
    let batches = root.join("lake/_kagimori/batches");
    let mut plans: Vec<PathBuf> = fs::read_dir(&batches).unwrap().map(|file| file.unwrap().path()).collect();
    plans.retain(|path| path.extension().is_some_and(|ending| ending == "plan"));
    let is_first = |path: &PathBuf| fs::read_to_string(path).unwrap().contains("1.json");
    let (first, second): (Vec<PathBuf>, Vec<PathBuf>) = plans.into_iter().partition(is_first);
    let id = first[0].file_stem().unwrap().to_str().unwrap().to_owned();
    let done = second[0].with_extension("done");
    let text = fs::read_to_string(&done).unwrap();
    fs::write(&done, text.replacen('{', &format!(r#"{{"needs":["{id}"],"#), 1)).unwrap();
    fs::remove_file(first[0].with_extension("done")).unwrap();
    for set in ["events", "daily_actions", "daily_places", "daily_origins"] {
        for part in parts(&root, set) {
            if part.to_string_lossy().contains(&id) {
                fs::remove_file(part).unwrap();
            }
        }
    }
    fs::remove_file(root.join("trail/1.json")).unwrap();
    let report = fill(&root);
    assert_eq!(ids(&root), ["b", "c"]);
    let told: Vec<&str> = report.problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(told, ["trail/1.json"], "{:?}", report.problems);
    assert_eq!(fill(&root).problems, []);
    assert!(look(&root.join("lake"), Depth::Parts).unwrap().is_sound());
}

/// Whoever reads while small parts become one reads on: the parts that were replaced are there until the next ingest, and
/// when they are gone, the lake is asked again.
#[test]
fn readers_are_not_disturbed() {
    let root = folder("readers");
    for n in 0..12 {
        put(&root, &format!("{n}.json"), &[&format!("e{n:02}")]);
        if n < 8 {
            run(&root, &small());
        }
    }
    let early = open(&root);
    run(&root, &small());
    let count = |lake: &Lake| lake.usage(&Selection::default()).unwrap().totals.events;
    // Small parts were joined, and the old ones are still there.
    assert_eq!(count(&early), 8);
    assert!(parts(&root, "events").len() > 12);
    put(&root, "z.json", &["z"]);
    fill(&root);
    assert!(parts(&root, "events").len() < 9);
    assert_eq!(count(&early), 13);
    let keep = |ids: &mut u64, _: &Call| *ids += 1;
    assert_eq!(early.calls(&Selection::default(), u64::default, keep).unwrap().iter().sum::<u64>(), 13);
}

/// Whoever moves a lake away gives whoever reads it no empty answer.
#[test]
fn a_lake_that_goes_away_is_no_empty_one() {
    let root = folder("moved");
    put(&root, "a.json", &["a", "b"]);
    fill(&root);
    let lake = open(&root);
    let whole = lake.usage(&Selection::default()).unwrap();
    assert_eq!(whole.totals.events, 2);
    fs::rename(root.join("lake"), root.join("elsewhere")).unwrap();
    let error = lake.usage(&Selection::default()).unwrap_err();
    assert!(error.to_string().contains("is gone"), "{error}");
    assert!(lake.history(&Selection::default()).is_err());
    assert!(lake.calls(&Selection::default(), || 0_u64, |count, _: &Call| *count += 1).is_err());
    fs::rename(root.join("elsewhere"), root.join("lake")).unwrap();
    assert_eq!(lake.usage(&Selection::default()).unwrap(), whole);
}

/// No ingest reads a file whose name is no text, and nobody says that it would.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_told_apart() {
    use std::os::unix::ffi::OsStrExt;
    let root = folder("nameless");
    put(&root, "a.json", &["a"]);
    fill(&root);
    put(&root, "b.json", &["b"]);
    fs::copy(root.join("trail/b.json"), root.join("trail").join(std::ffi::OsStr::from_bytes(b"\xff.json")))
        .unwrap();
    let unread = || open(&root).unread(&root.join("trail"), &root).unwrap();
    assert_eq!((unread().new, unread().nameless), (1, 1));
    fill(&root);
    assert_eq!((unread().new, unread().nameless), (0, 1));
}

#[test]
fn readers_and_a_writer_at_once() {
    let root = folder("race");
    put(&root, "first.json", &["first"]);
    fill(&root);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..30 {
                put(&root, &format!("{n}.json"), &[&format!("e{n}"), &format!("f{n}")]);
                run(&root, &small());
            }
        });
        let mut least = 1;
        while !writer.is_finished() {
            let seen = open(&root).usage(&Selection::default()).unwrap().totals.events;
            assert!(seen >= least, "{seen} after {least}");
            least = seen;
        }
    });
    assert_eq!(ids(&root).len(), 61);
}

#[test]
fn a_changed_lost_or_copied_part_is_seen_and_mended() {
    let root = folder("mend");
    put(&root, "1.json", &["a", "b"]);
    put(&root, "2.json", &["c"]);
    run(&root, &small());
    assert_eq!(wrong(&root), [""; 0]);
    let every = ["events", "daily_actions", "daily_places", "daily_origins"];
    for (set, byte) in every.iter().flat_map(|set| [(set, true), (set, false)]) {
        // takes away what was replaced
        fill(&root);
        let part = parts(&root, set).remove(0);
        if byte {
            let mut bytes = fs::read(&part).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            fs::write(&part, bytes).unwrap();
        } else {
            fs::remove_file(&part).unwrap();
        }
        assert_eq!(wrong(&root).len(), 1, "{set}");
        let (mended, problems) = repair(&root.join("lake")).unwrap();
        assert_eq!((mended.len(), mended[0].after, problems.len()), (1, 3, 0), "{set} {mended:?}");
        assert_eq!(wrong(&root), [""; 0], "{set}");
        assert_eq!(ids(&root), ["a", "b", "c"]);
        assert_same_usage(&root);
    }
    // without the trail's files what is lost is lost, and what is there is kept
    fill(&root);
    let stray = parts(&root, "events").remove(0);
    fs::copy(&stray, stray.with_file_name("part-0123456789abcdef-0.parquet")).unwrap();
    assert_eq!(wrong(&root).len(), 1);
    fs::remove_dir_all(root.join("trail")).unwrap();
    let (mended, _) = repair(&root.join("lake")).unwrap();
    assert_eq!((mended[0].before, mended[0].after, mended[0].is_less()), (3, 3, false));
    assert_eq!((ids(&root).len(), wrong(&root).len()), (3, 0));
}

#[test]
fn bodies_are_mended_too() {
    let root = folder("bodies");
    let with_body =
        |id: &str| event(id, "2026-03-01T12:00:00Z").replacen('{', r#"{"requestParameters":{"a":"b"},"#, 1);
    let put = |name: &str, ids: &[&str]| {
        fs::write(root.join("trail").join(name), records(ids.iter().map(|id| with_body(id)))).unwrap();
    };
    let options = Options { bodies: true, ..small() };
    put("1.json", &["a", "b"]);
    put("2.json", &["c"]);
    run(&root, &options);
    // read without its bodies, and so it stays
    put("3.json", &["d"]);
    fill(&root);
    for byte in [true, false] {
        let part = parts(&root, "bodies").remove(0);
        if byte {
            let mut bytes = fs::read(&part).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            fs::write(&part, bytes).unwrap();
        } else {
            fs::remove_file(&part).unwrap();
        }
        assert_eq!(wrong(&root).len(), 1, "{byte} {:?}", wrong(&root));
        let (mended, problems) = repair(&root.join("lake")).unwrap();
        let told = (mended[0].bodies_before, mended[0].bodies_after, mended[0].is_less());
        assert_eq!((told, problems.len()), ((3, 3, false), 0), "{mended:?}");
        assert_eq!(
            (wrong(&root), ids(&root)),
            (vec![], vec!["a".into(), "b".into(), "c".into(), "d".into()])
        );
        // takes away what was replaced
        fill(&root);
        assert_eq!(bodies_in(&root), 3);
    }
    // Parts of another lake, or of a batch of which nothing is known: none of their files stays behind.
    let copy = |set: &str| {
        let part = parts(&root, set).remove(0);
        fs::copy(&part, part.with_file_name("part-0123456789abcdef-0.parquet")).unwrap();
    };
    ["events", "daily_actions", "daily_places", "bodies"].into_iter().for_each(copy);
    let (mended, _) = repair(&root.join("lake")).unwrap();
    assert_eq!((mended[0].after, mended[0].bodies_after), (4, 3), "{mended:?}");
    fill(&root);
    assert_eq!((bodies_in(&root), wrong(&root).len()), (3, 0));
    // What nothing holds any more is lost, and said.
    fs::remove_dir_all(root.join("trail")).unwrap();
    fs::remove_file(parts(&root, "bodies").remove(0)).unwrap();
    let (mended, _) = repair(&root.join("lake")).unwrap();
    let told = (mended[0].after, mended[0].bodies_before, mended[0].bodies_after, mended[0].is_less());
    assert_eq!((told, wrong(&root).len()), ((4, 3, 0, true), 0), "{mended:?}");
}

/// Somebody writes a copy of a call with the id of another: which one counts hangs on what they say, not on who came first.
#[test]
fn of_copies_with_one_id_the_content_chooses() {
    let copy = |bucket: &str| {
        event("e-1", "2026-03-01T00:00:00Z")
            .replacen(
                '{',
                &format!(r#"{{"sharedEventID":"s-1","requestParameters":{{"bucketName":"{bucket}"}},"#),
                1,
            )
            .replace("ec2.amazonaws.com", "s3.amazonaws.com")
            .replace("DescribeInstances", "ListObjects")
            .replace(r#""recipientAccountId":"111122223333""#, r#""recipientAccountId":"444455556666""#)
    };
    let mut answers = Vec::new();
    for (at, order) in [["one", "other"], ["other", "one"]].into_iter().enumerate() {
        let root = folder(&format!("copies-{at}"));
        for (name, bucket) in order.into_iter().enumerate() {
            fs::write(root.join(format!("trail/{name}.json")), records([copy(bucket)])).unwrap();
            run(&root, &small());
        }
        assert_same_usage(&root);
        let keep = |calls: &mut Vec<Call>, call: &Call| calls.push(call.clone());
        let of_lake = open(&root).calls(&Selection::default(), Vec::new, keep).unwrap();
        let of_files = kagimori_lake::read_calls(&root.join("trail"), &root, &|_| (), Vec::new, keep).states;
        let calls = |hands: Vec<Vec<Call>>| hands.into_iter().flatten().collect::<Vec<Call>>();
        answers.extend([calls(of_lake), calls(of_files)]);
    }
    assert_eq!(answers[0].len(), 1);
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
}

#[test]
fn a_lost_plan_or_result_stops_nobody() {
    let root = folder("plan");
    put(&root, "1.json", &["a", "b"]);
    fill(&root);
    let batches = root.join("lake/_kagimori/batches");
    let files = |ending: &str| {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&batches).unwrap().map(|file| file.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|of| of == ending));
        files
    };
    for (ending, content) in [("plan", None), ("plan", Some("{")), ("done", None), ("done", Some("\u{0}"))] {
        fs::remove_dir_all(root.join("lake")).unwrap();
        fill(&root);
        for path in files(ending) {
            match content {
                None => fs::remove_file(path).unwrap(),
                Some(text) => fs::write(path, text).unwrap(),
            }
        }
        let report = fill(&root);
        assert_eq!(
            (report.problems, ids(&root)),
            (vec![], vec!["a".to_owned(), "b".to_owned()]),
            "{ending} {content:?}"
        );
        assert_eq!(wrong(&root), [""; 0], "{ending} {content:?}");
    }
    // of a batch of which nothing is known any more, the parts are taken in
    fs::remove_dir_all(&batches).unwrap();
    fs::remove_dir_all(root.join("trail")).unwrap();
    fs::create_dir(root.join("trail")).unwrap();
    put(&root, "2.json", &["c"]);
    let report = fill(&root);
    assert_eq!((report.problems.len(), ids(&root)), (1, vec!["c".to_owned()]));
    repair(&root.join("lake")).unwrap();
    assert_eq!(ids(&root), ["a", "b", "c"]);
    assert_eq!(fill(&root).problems, []);
}

/// Two events with one id: both count, whoever comes first, and however many times.
#[test]
fn events_with_one_id_and_other_contents_are_all_there() {
    let other = |id: &str, bucket: &str| {
        event(id, "2026-03-01T00:00:00Z").replacen(
            '{',
            &format!(r#"{{"requestParameters":{{"bucketName":"{bucket}"}},"#),
            1,
        )
    };
    let contents = [
        records([other("e-1", "one"), other("e-2", "one")]),
        records([other("e-1", "other"), other("e-2", "one"), other("e-1", "other")]),
        // as the first, with blanks between the tokens
        records([other("e-1", "one").replace("\":", "\": ")]),
    ];
    let orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]];
    let mut answers = Vec::new();
    for (at, order) in orders.into_iter().enumerate() {
        let root = folder(&format!("one-id-{at}"));
        fs::create_dir_all(root.join("trail")).unwrap();
        let of_each = at % 2 == 1;
        for (name, content) in order.into_iter().enumerate() {
            fs::write(root.join(format!("trail/{name}.json")), &contents[content]).unwrap();
            if of_each {
                run(&root, &Options::default());
            }
        }
        let report = run(&root, &small());
        assert_eq!((report.lake.events, report.lake.contradicting), (3, 1), "{order:?}");
        assert!(report.problems.iter().any(|problem| problem.message.contains("has the id of another")));
        assert_same_usage(&root);
        let files = kagimori_lake::read_trail(&root.join("trail"), &root, &Selection::default(), &|_| {});
        assert_eq!(files.problems, open(&root).problems().unwrap());
        assert_eq!(wrong(&root), [""; 0]);
        answers.push((ids(&root), files.usage));
    }
    assert_eq!(answers[0].0, ["e-1", "e-1", "e-2"]);
    assert!(answers.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn a_time_beyond_all_calendars_is_no_time() {
    let root = folder("calendar");
    let text = records([event("a", "9999-12-31T23:59:59Z"), event("b", "2026-03-01T00:00:00Z")]);
    fs::write(root.join("trail/a.json"), text).unwrap();
    let report = fill(&root);
    assert_eq!((report.counts.events, report.counts.damaged_events, report.problems.len()), (1, 1, 1));
}
