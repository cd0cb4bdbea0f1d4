//! What a text says once its escapes, or the seams of its literals, are gone; each byte knows where it came from.

/// A text made of another.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) text: Vec<u8>,
    /// From this byte of the text on, bytes stand one after the other from that byte of the source.
    steps: Vec<(usize, usize)>,
}

impl View {
    /// Where a byte of the text stands in the source.
    pub(crate) fn source(&self, at: usize) -> usize {
        let next = self.steps.partition_point(|(begins, _)| *begins <= at);
        match next.checked_sub(1).and_then(|step| self.steps.get(step)) {
            Some((begins, source)) => source + (at - begins),
            None => at,
        }
    }

    fn push(&mut self, byte: u8, source: usize) {
        let at = self.text.len();
        if self.steps.is_empty() || self.source(at) != source {
            self.steps.push((at, source));
        }
        self.text.push(byte);
    }

    fn copy(&mut self, bytes: &[u8], source: usize) {
        let at = self.text.len();
        if self.steps.is_empty() || self.source(at) != source {
            self.steps.push((at, source));
        }
        self.text.extend_from_slice(bytes);
    }
}

/// Takes out escapes of JSON and program text (`\/`, `\u002F`, `\x2f`, `\n`), percent signs (`%2F`) and entities (`&#43;`).
///
/// Nothing when there are none.
pub(crate) fn unescaped(text: &[u8]) -> Option<View> {
    let mut view = View::default();
    let (mut copied, mut changed) = (0, false);
    for at in memchr::memchr3_iter(b'\\', b'%', b'&', text) {
        if at < copied {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let Some((byte, length)) = escape(rest) else { continue };
        view.copy(text.get(copied..at).unwrap_or_default(), copied);
        view.push(byte, at);
        (copied, changed) = (at + length, true);
    }
    if !changed {
        return None;
    }
    view.copy(text.get(copied..).unwrap_or_default(), copied);
    Some(view)
}

/// What an escape stands for, and how long it is.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'\\', b'n', ..] => Some((b'\n', 2)),
        [b'\\', b'r', ..] => Some((b'\r', 2)),
        [b'\\', b't', ..] => Some((b'\t', 2)),
        [b'\\', b'u', a, b, c, d, ..] => ascii(&[*a, *b, *c, *d]).map(|byte| (byte, 6)),
        [b'\\', b'x', a, b, ..] => ascii(&[*a, *b]).map(|byte| (byte, 4)),
        [b'\\', byte @ (b'/' | b'"' | b'\'' | b'\\' | b'=' | b'+' | b':'), ..] => Some((*byte, 2)),
        [b'%', a, b, ..] => ascii(&[*a, *b]).map(|byte| (byte, 3)),
        [b'&', ..] => entity(rest),
        _ => None,
    }
}

/// A printable letter by its hexadecimal number.
fn ascii(digits: &[u8]) -> Option<u8> {
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    let byte = u8::try_from(number).ok()?;
    (byte.is_ascii_graphic() || byte.is_ascii_whitespace()).then_some(byte)
}

fn entity(rest: &[u8]) -> Option<(u8, usize)> {
    let end = rest.iter().take(9).position(|byte| *byte == b';')?;
    let byte = match rest.get(1..end)? {
        b"amp" => b'&',
        b"quot" => b'"',
        b"apos" => b'\'',
        b"lt" => b'<',
        b"gt" => b'>',
        [b'#', b'x' | b'X', digits @ ..] => ascii(digits)?,
        [b'#', digits @ ..] => {
            let number: u8 = std::str::from_utf8(digits).ok()?.parse().ok()?;
            number.is_ascii_graphic().then_some(number)?
        }
        _ => return None,
    };
    Some((byte, end + 1))
}

/// Takes out what stands between two literals that the program puts together (`"AKIA…" + "…"`), and the ends of lines that go on (`\`).
///
/// Nothing when there is no such seam.
pub(crate) fn joined(text: &[u8]) -> Option<View> {
    let mut view = View::default();
    let (mut copied, mut changed) = (0, false);
    for at in memchr::memchr3_iter(b'"', b'\'', b'\\', text) {
        if at < copied {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let Some(length) = seam(rest) else { continue };
        view.copy(text.get(copied..at).unwrap_or_default(), copied);
        (copied, changed) = (at + length, true);
    }
    if !changed {
        return None;
    }
    view.copy(text.get(copied..).unwrap_or_default(), copied);
    Some(view)
}

/// How long a seam is that begins here.
fn seam(rest: &[u8]) -> Option<usize> {
    let (first, after) = rest.split_first()?;
    if *first == b'\\' {
        let line = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n"))?;
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        return Some(rest.len() - line.len() + indent);
    }
    let is_glue = |byte: &u8| byte.is_ascii_whitespace() || b"+.&|\\_()".contains(byte);
    let glue = after.iter().take(200).take_while(|byte| is_glue(byte)).count();
    let mut next = after.get(glue..)?;
    let mut length = 1 + glue;
    // the letter before a literal: r"…", b"…", f"…", u"…"
    if let [b'r' | b'b' | b'f' | b'u' | b'R' | b'B' | b'F' | b'U' | b'@' | b'L', quote, ..] = next
        && quote == first
    {
        next = next.get(1..)?;
        length += 1;
    }
    (next.first() == Some(first)).then_some(length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(view: Option<View>) -> String {
        String::from_utf8(view.unwrap().text).unwrap()
    }

    #[test]
    fn escapes_are_taken_out() {
        let table = [
            (r"a\/b\u002Fc\x2fd", "a/b/c/d"),
            (r#"\"k\": \"v\"\n"#, "\"k\": \"v\"\n"),
            ("a%2Fb%2Bc", "a/b+c"),
            ("a&#43;b&#x2F;c&quot;&amp;", "a+b/c\"&"),
        ];
        for (given, expected) in table {
            assert_eq!(text(unescaped(given.as_bytes())), expected);
        }
        assert!(unescaped(b"100 % of R&D \\d").is_none());
    }

    #[test]
    fn literals_are_joined_over_what_programs_write_between_them() {
        let table = [
            (r#"x = "AB" + "CD""#, r#"x = "ABCD""#),
            ("'AB' .\n   'CD'", "'ABCD'"),
            ("(\"AB\"\n  \"CD\")", "(\"ABCD\")"),
            ("\"AB\\\n   CD\"", "\"ABCD\""),
            (r#""AB" + f"CD""#, r#""ABCD""#),
        ];
        for (given, expected) in table {
            assert_eq!(text(joined(given.as_bytes())), expected);
        }
        assert!(joined(br#"("AB", "CD")"#).is_none());
    }

    #[test]
    fn each_byte_knows_where_it_came_from() {
        let view = unescaped(br"ab\/cd\u002Fe").unwrap();
        assert_eq!(view.text, b"ab/cd/e");
        let places: Vec<usize> = (0..7).map(|at| view.source(at)).collect();
        assert_eq!(places, [0, 1, 2, 4, 5, 6, 12]);
    }
}
