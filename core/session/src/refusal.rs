//! What makes botocore refuse a profile file, every profile of it: Python's `configparser` is strict, and a nested value
//! must be a list of settings.
//!
//! kagi itself reads on, as other SDKs do; `kagi doctor` names the lines, and kagi edits no file that has one.

use std::collections::HashMap;

use crate::ini::{Document, Fault, FaultKind, Section};

/// The lines because of which botocore refuses the file, in its order.
#[must_use]
pub fn refusals(document: &Document<'_>) -> Vec<Fault> {
    let mut faults = document.faults().to_vec();
    let (mut headers, mut settings) = (HashMap::new(), HashMap::new());
    for section in document.sections() {
        if let Some(first) =
            headers.insert(section.header, section.line).filter(|_| section.header != DEFAULTS)
        {
            faults.push(Fault { line: section.line, kind: FaultKind::SectionTwice { first } });
        }
        twice(section, &mut settings, &mut faults);
        nested(document, section, &mut faults);
    }
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// The one section that may stand twice: its settings hold for all others (Python, `configparser`, `DEFAULTSECT`).
pub const DEFAULTS: &str = "DEFAULT";

fn twice<'a>(section: &Section<'a>, seen: &mut HashMap<(&'a str, String), u32>, faults: &mut Vec<Fault>) {
    for setting in section.settings() {
        if let Some(first) = seen.insert((section.header, setting.key.to_lowercase()), setting.line) {
            faults.push(Fault { line: setting.line, kind: FaultKind::SettingTwice { first } });
        }
    }
}

fn nested(document: &Document<'_>, section: &Section<'_>, faults: &mut Vec<Fault>) {
    // A default is read with each section that does not have the setting itself.
    let is_read = |key: &str| {
        let mut others = document.sections().iter().filter(|other| other.header != DEFAULTS);
        section.header != DEFAULTS || others.any(|other| other.setting(key).is_none())
    };
    let is_list = |value: &str| {
        let mut lines = value.split(is_line_end);
        lines.all(|line| line.trim().is_empty() || line.contains('='))
    };
    for setting in section.settings() {
        if setting.value.strip_prefix('\n').is_some_and(|value| !is_list(value)) && is_read(setting.key) {
            faults.push(Fault { line: setting.line, kind: FaultKind::NestedLine });
        }
    }
}

/// Where Python's `str.splitlines` splits.
fn is_line_end(letter: char) -> bool {
    matches!(
        letter,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_botocore_refuses_is_named_by_its_line() {
        let lines = |text: &str| -> Vec<u32> {
            refusals(&Document::scan(text)).iter().map(|fault| fault.line).collect()
        };
        let cases: [(&str, &[u32]); 12] = [
            ("[DEFAULT]\ns3 =\n  word\n", &[]),
            ("[DEFAULT]\ns3 =\n  word\n[a]\n", &[2]),
            ("[a]\nk = 1\nK = 2\n", &[3]),
            ("[a]\nk = 1\n[b]\nk = 1\n", &[]),
            ("[a]\n[b]\n[a]\nk = 1\n", &[3]),
            ("[profile a]\n[profile  a]\n", &[]),
            ("[DEFAULT]\nk = 1\n[DEFAULT]\nl = 2\n", &[]),
            ("[DEFAULT]\nk = 1\n[DEFAULT]\nk = 2\n", &[4]),
            ("[a]\ns3 =\n  x = 1\n  word\n", &[2]),
            ("[a]\ns3 = y\n  word\n", &[]),
            ("[a]\nword\nk = 1\nk = 2\n", &[2, 4]),
            ("\u{feff}[a]\n", &[1]),
        ];
        for (text, expected) in cases {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }
}
