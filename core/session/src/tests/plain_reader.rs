//! A second reading of profile files, transcribed from the loop of Python's `configparser._read` (3.11), slow and plain,
//! beside the scanner that serves.

use proptest::prelude::*;

use crate::ini::Document;

type Sections = Vec<(String, Vec<(String, String)>)>;

/// What `configparser` would hold, sections and options kept in the order of the file and never merged.
fn plain(text: &str) -> (Sections, usize) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What Python's `str.isspace` holds of each letter of `value`.
    let is_space = |letter: char| letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter);
    let (mut sections, mut faults): (Sections, usize) = (Vec::new(), 0);
    let (mut indent_level, mut has_option) = (0, false);
    for line in text.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
        let value = line.trim_matches(is_space);
        let is_comment = value.starts_with('#') || value.starts_with(';');
        let value = if is_comment { "" } else { value };
        if value.is_empty() {
            if !is_comment && has_option {
                append(&mut sections, "");
            }
            continue;
        }
        let current = line.chars().take_while(|letter| is_space(*letter)).count();
        if !sections.is_empty() && has_option && current > indent_level {
            append(&mut sections, value);
            continue;
        }
        indent_level = current;
        if let Some(end) = value.rfind(']').filter(|end| value.starts_with('[') && *end > 1) {
            sections.push((value.get(1..end).unwrap().to_owned(), Vec::new()));
            has_option = false;
            continue;
        }
        let delimiter = value.find(['=', ':']).filter(|at| *at > 0);
        match (sections.last_mut(), delimiter) {
            (Some((_, options)), Some(at)) => {
                let (key, rest) = value.split_at(at);
                let rest = rest.split_at(1).1.trim_matches(is_space);
                options.push((key.trim_end_matches(is_space).to_owned(), rest.to_owned()));
                has_option = true;
            }
            _ => faults += 1,
        }
    }
    for (_, options) in &mut sections {
        for (_, value) in options {
            value.truncate(value.trim_end_matches(is_space).len());
        }
    }
    (sections, faults)
}

fn append(sections: &mut Sections, line: &str) {
    if let Some((_, value)) = sections.last_mut().and_then(|(_, options)| options.last_mut()) {
        value.push('\n');
        value.push_str(line);
    }
}

fn scanned(text: &str) -> (Sections, usize) {
    let document = Document::scan(text);
    let sections = document.sections().iter().map(|section| {
        let settings = section.settings().map(|it| (it.key.to_owned(), it.value.trim_end().to_owned()));
        (section.header.to_owned(), settings.collect())
    });
    let marks = usize::from(text.starts_with('\u{feff}'));
    (sections.collect(), document.faults().len() - marks)
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[a]"),
        Just("[profile b]"),
        Just(" [c]"),
        Just("[]"),
        Just("["),
        Just("k = v"),
        Just("k:v"),
        Just("  k = v"),
        Just("\tmore"),
        Just("= v"),
        Just("word"),
        Just("# c"),
        Just(" ; c"),
        Just("x = # c"),
        Just("\u{3000}wide = 1"),
        Just("\u{feff}mark = 1"),
        Just("\u{1f}unit = 1\u{1c}"),
        Just("鍵 = 守"),
        Just("  "),
        Just(""),
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("")];
    let lines = proptest::collection::vec((piece, end), 0..20);
    (any::<bool>(), lines).prop_map(|(mark, lines)| {
        let text: String = lines.into_iter().flat_map(|(piece, end)| [piece, end]).collect();
        if mark { format!("\u{feff}{text}") } else { text }
    })
}

proptest! {
    #[test]
    fn the_scanner_reads_as_the_plain_reader(text in texts()) {
        prop_assert_eq!(scanned(&text), plain(&text));
    }

    #[test]
    fn on_any_text_too(text in "\\PC*|[\\[\\]=:#; \t\r\nab]{0,80}") {
        prop_assert_eq!(scanned(&text), plain(&text));
    }
}
