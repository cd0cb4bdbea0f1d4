//! CSV as spreadsheets read it: RFC 4180, comma, LF.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"), also when the sign is
//! written full-width, as spreadsheets in Japan read it, or stands behind blanks and control characters that they pass over.

use std::borrow::Cow;
use std::io::{self, Write};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A CSV file being written.
pub(crate) struct Table<'a>(csv::Writer<&'a mut dyn Write>);

impl<'a> Table<'a> {
    pub(crate) fn begin(out: &'a mut dyn Write, bom: bool, header: &[&str]) -> io::Result<Self> {
        if bom {
            out.write_all(BYTE_ORDER_MARK)?;
        }
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(header)?;
        Ok(Self(writer))
    }

    pub(crate) fn row(&mut self, cells: &[impl AsRef<str>]) -> io::Result<()> {
        for cell in cells {
            self.0.write_field(harmless(cell.as_ref()).as_bytes())?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What begins a formula, in either width.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

fn harmless(cell: &str) -> Cow<'_, str> {
    let passed_over = |letter: char| letter.is_whitespace() || letter.is_control() || is_invisible(letter);
    let begins = cell.trim_start_matches(passed_over);
    let leads = cell.starts_with(['\t', '\r', '\n', '\0']);
    // NUL ends a cell in some programs, and hides what stands behind it in others
    let cell = if cell.contains('\0') { cell.replace('\0', "\u{fffd}").into() } else { Cow::Borrowed(cell) };
    if leads || begins.starts_with(FORMULA) { format!("'{cell}").into() } else { cell }
}

/// Takes no room: byte order mark, joiners, marks of direction.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_defused() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        for hostile in [
            "-1+1",
            "+1",
            "@SUM(A1)",
            "＝1+1",
            "＋1",
            "－1",
            "＠A1",
            " =1",
            "\u{3000}＝1",
            "\n=1",
            "\r=1",
            "\t=1",
            "\u{feff}=1",
            "\u{200b}-1",
        ] {
            assert_eq!(harmless(hostile), format!("'{hostile}"));
        }
        assert_eq!(harmless("\0=1"), "'\u{fffd}=1");
        assert_eq!(harmless("a=b"), "a=b");
        assert_eq!(harmless("arn:aws:iam::111122223333:user/a"), "arn:aws:iam::111122223333:user/a");
        assert_eq!(harmless("鍵守"), "鍵守");
    }
}
