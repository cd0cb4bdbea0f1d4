//! Edits of a profile file that leave every other byte as it was: comments, order, unknown keys, line ends.

use std::ops::Range;

use crate::ini::{Document, Fault, FaultKind, Section};
use crate::refusal::refusals;

/// The line because of which a file is not edited: what no SDK reads the same way cannot be changed safely.
#[must_use]
pub fn obstacle(text: &str) -> Option<Fault> {
    refusals(&Document::scan(text)).into_iter().find(|fault| fault.kind != FaultKind::ByteOrderMark)
}

/// Removes the settings of these keys from every section the predicate picks. A key's continuation lines go with it.
#[must_use]
pub fn remove(text: &str, picks: impl Fn(&str) -> bool, keys: &[&str]) -> String {
    let document = Document::scan(text);
    let mut cuts = Vec::new();
    for section in document.sections().iter().filter(|section| picks(section.header)) {
        let named =
            section.settings().filter(|setting| keys.iter().any(|key| setting.key.eq_ignore_ascii_case(key)));
        cuts.extend(named.map(|setting| (setting.span, String::new())));
    }
    splice(text, cuts)
}

/// Sets one setting in the first section the predicate picks, or in a new section at the end with this header.
#[must_use]
pub fn set(text: &str, picks: impl Fn(&str) -> bool, header: &str, key: &str, value: &str) -> String {
    let document = Document::scan(text);
    let document_ending = line_ending(text);
    let setting = format!("{key} = {value}");
    let Some(section) = document.sections().iter().find(|section| picks(section.header)) else {
        return append_section(text, header, &setting, document_ending);
    };
    if let Some(old) = section.setting(key) {
        let (indent, ending) = (indent_at(text, old.span.start), ending_before(text, old.span.end));
        return splice(text, vec![(old.span, format!("{indent}{setting}{ending}"))]);
    }
    let at = end_of_settings(section);
    let indent = indent_for(text, section);
    // The new line ends as the one above it, so that it cannot melt with the line end below.
    let added = match ending_before(text, at) {
        "" => format!("{document_ending}{indent}{setting}{document_ending}"),
        ending => format!("{indent}{setting}{ending}"),
    };
    splice(text, vec![(at..at, added)])
}

/// Removes a whole section when nothing but blank lines is left in it.
#[must_use]
pub fn drop_empty_sections(text: &str, picks: impl Fn(&str) -> bool) -> String {
    let document = Document::scan(text);
    let empty = document.sections().iter().filter(|section| {
        let body = text.get(section.body_span()).unwrap_or_default();
        picks(section.header) && body.trim().is_empty()
    });
    let cuts = empty.map(|section| (section.header_span.start..section.body_span().end, String::new()));
    splice(text, cuts.collect())
}

/// Behind the last setting, else behind the header: before the blank lines and comments that lead to the next section.
fn end_of_settings(section: &Section<'_>) -> usize {
    section.settings().last().map_or(section.header_span.end, |setting| setting.span.end)
}

/// A line indented less than what follows it would swallow that as its continuation: keep the neighbours' indentation.
fn indent_for<'a>(text: &'a str, section: &Section<'_>) -> &'a str {
    match section.settings().last() {
        Some(last) => indent_at(text, last.span.start),
        // Nothing but blank lines and comments stands between this header and the next.
        None => {
            let after = text.get(section.body_span().end..).unwrap_or_default();
            indent_at(after.split(['\n', '\r']).next().unwrap_or_default(), 0)
        }
    }
}

fn indent_at(text: &str, at: usize) -> &str {
    let line = text.get(at..).unwrap_or_default();
    line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
}

fn append_section(text: &str, header: &str, setting: &str, ending: &str) -> String {
    let lead = match text {
        "" => "",
        _ if text.ends_with(['\n', '\r']) => ending,
        _ => &format!("{ending}{ending}"),
    };
    format!("{text}{lead}[{header}]{ending}{setting}{ending}")
}

/// The line end that stands before this place.
fn ending_before(text: &str, at: usize) -> &'static str {
    match text.get(..at).unwrap_or_default().as_bytes() {
        [.., b'\r', b'\n'] => "\r\n",
        [.., b'\n'] => "\n",
        [.., b'\r'] => "\r",
        _ => "",
    }
}

/// The end of the first line: edits below it do not change what this says.
pub(crate) fn line_ending(text: &str) -> &'static str {
    let first = text.find(['\n', '\r']).and_then(|at| text.get(at..)).unwrap_or_default();
    match first.as_bytes() {
        [b'\r', b'\n', ..] => "\r\n",
        [b'\r', ..] => "\r",
        _ => "\n",
    }
}

fn splice(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| span.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (span, new) in edits {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(&new);
        at = span.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEYS: [&str; 2] = ["aws_access_key_id", "aws_secret_access_key"];

    #[test]
    fn plain_keys_go_and_the_rest_stays() {
        let text = "# mine\r\n[a]\r\n# key\r\nAWS_ACCESS_KEY_ID = x\r\naws_secret_access_key=y\r\nregion = z\r\n\r\n[b]\r\naws_access_key_id = stays\r\n";
        let expected = "# mine\r\n[a]\r\n# key\r\nregion = z\r\n\r\n[b]\r\naws_access_key_id = stays\r\n";
        assert_eq!(remove(text, |header| header == "a", &KEYS), expected);
    }

    #[test]
    fn a_setting_is_replaced_or_added_in_place() {
        let set = |text: &str| set(text, |header| header == "profile a", "profile a", "k", "new");
        assert_eq!(set("[profile a]\nk = old\n  more\nl = w\n"), "[profile a]\nk = new\nl = w\n");
        assert_eq!(
            set("[profile a]\nl = w\n\n# b\n[profile b]\n"),
            "[profile a]\nl = w\nk = new\n\n# b\n[profile b]\n"
        );
        assert_eq!(set("[profile a]"), "[profile a]\nk = new\n");
        assert_eq!(set(""), "[profile a]\nk = new\n");
        assert_eq!(set("[b]\r\nx=1"), "[b]\r\nx=1\r\n\r\n[profile a]\r\nk = new\r\n");
        assert_eq!(set("[b]\nx=1\n"), "[b]\nx=1\n\n[profile a]\nk = new\n");
        assert_eq!(set("[b]\rx=1\r"), "[b]\rx=1\r\r[profile a]\rk = new\r");
    }

    /// SDKs read such a line differently, so a change beside it may mean something else to each.
    #[test]
    fn what_no_sdk_reads_the_same_way_is_not_edited() {
        for (text, expected) in [
            ("[a]\nk = v\n", None),
            ("\u{feff}[a]\nk = v\n", None),
            ("k = v\n[a]\n", Some((FaultKind::BeforeSection, 1))),
            ("[a]\nnonsense\n", Some((FaultKind::NotASetting, 2))),
            ("\u{feff}[a]\nnonsense\n", Some((FaultKind::NotASetting, 2))),
        ] {
            let found = obstacle(text).map(|fault| (fault.kind, fault.line));
            assert_eq!(found, expected, "{text:?}");
            assert_eq!(Document::scan(text).text(), text);
        }
        assert!(FaultKind::BeforeSection.sentence().contains("before the first `[section]`"));
        assert!(FaultKind::NotASetting.sentence().contains("`key = value`"));
        assert!(FaultKind::ByteOrderMark.sentence().contains("byte order mark"));
    }

    #[test]
    fn an_emptied_section_can_go() {
        let text = "[a]\n\n[b]\nk = v\n[c]\n# note\n";
        assert_eq!(drop_empty_sections(text, |_| true), "[b]\nk = v\n[c]\n# note\n");
    }

    fn files() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            Just("[a]".to_owned()),
            Just("[profile b]".to_owned()),
            Just("  [odd]".to_owned()),
            Just("aws_access_key_id = AKIA".to_owned()),
            Just("aws_secret_access_key : s".to_owned()),
            Just("# note \u{9375}".to_owned()),
            Just("\t continued = x".to_owned()),
            Just(String::new()),
            "[a-z\u{e9}]{1,3} ?[=:][a-z\u{e9}=:#; \\[\\]]{0,8}",
        ];
        let ending = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
        (proptest::collection::vec((line, ending), 0..24), any::<bool>()).prop_map(|(lines, cut)| {
            let text: String = lines.iter().map(|(line, end)| format!("{line}{end}")).collect();
            if cut { text.trim_end_matches(['\n', '\r']).to_owned() } else { text }
        })
    }

    /// Every line belongs to something; a section may stand twice, which is harder than what is edited.
    fn is_whole(text: &str) -> bool {
        Document::scan(text).faults().is_empty()
    }

    /// Lines of `after` are lines of `before` in the same order, and only lines of `gone` are missing.
    fn is_cut(before: &str, after: &str) -> bool {
        let mut rest = after;
        for line in before.split_inclusive(['\n', '\r']) {
            rest = rest.strip_prefix(line).unwrap_or(rest);
        }
        rest.is_empty()
    }

    proptest! {
        #[test]
        fn removing_only_cuts_and_is_complete(text in files()) {
            prop_assume!(is_whole(&text));
            let after = remove(&text, |header| header == "a", &KEYS);
            prop_assert!(is_cut(&text, &after));
            let document = Document::scan(&after);
            let left = document.sections().iter().filter(|section| section.header == "a").any(|section| section.setting(KEYS[0]).is_some());
            prop_assert!(!left);
            let others = |text: &str| -> Vec<String> {
                let document = Document::scan(text);
                let others = document.sections().iter().filter(|section| section.header != "a");
                others.map(|section| text.get(section.body_span()).unwrap().to_owned()).collect()
            };
            prop_assert_eq!(others(&text), others(&after));
        }

        #[test]
        fn setting_is_read_back_and_touches_one_place(text in files()) {
            prop_assume!(is_whole(&text));
            let after = set(&text, |header| header == "profile b", "profile b", "credential_process", "/x y");
            let document = Document::scan(&after);
            let section = document.sections().iter().find(|section| section.header == "profile b").unwrap();
            prop_assert_eq!(section.setting("credential_process").unwrap().value, "/x y");
            let common_head = text.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
            let tail = text.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
            prop_assert!(common_head + tail >= text.len(), "more than one place changed");
            let again = set(&after, |header| header == "profile b", "profile b", "credential_process", "/x y");
            prop_assert_eq!(again, after);
        }
    }
}
