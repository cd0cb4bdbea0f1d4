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

/// Takes out escapes of JSON and program text (`\/`, `\u002F`, `\x2f`, `\075`, `\n`), percent signs (`%2F`), entities (`&#43;`), and what
/// terminals and mail write between letters: colours (`ESC [ 32 m`), quoted-printable (`=3D`, RFC 2045 §6.7).
///
/// Nothing when there are none.
pub(crate) fn unescaped(text: &[u8]) -> Option<View> {
    let is_mail = memchr::memmem::find(text, b"=3D").is_some();
    let mut view = View::default();
    let (mut copied, mut changed) = (0, false);
    let marks = memchr::memchr3_iter(b'\\', b'%', b'&', text);
    let rarer = memchr::memchr2_iter(0x1b, if is_mail { b'=' } else { 0x1b }, text);
    for at in merged(marks, rarer) {
        if at < copied {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let Some((byte, length)) = escape(rest) else { continue };
        view.copy(text.get(copied..at).unwrap_or_default(), copied);
        if let Some(byte) = byte {
            view.push(byte, at);
        }
        (copied, changed) = (at + length, true);
    }
    if !changed {
        return None;
    }
    view.copy(text.get(copied..).unwrap_or_default(), copied);
    Some(view)
}

/// Two rising lists of places as one.
fn merged(a: impl Iterator<Item = usize>, b: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(first), Some(second)) if second < first => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

/// What an escape stands for, when it stands for a letter, and how long it is.
fn escape(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    match rest {
        [0x1b, b'[', ..] => colour(rest).map(|length| (None, length)),
        [b'=', b'\n', ..] => Some((None, 2)),
        [b'=', b'\r', b'\n', ..] => Some((None, 3)),
        [b'=', a, b, ..] => ascii(&[*a, *b]).map(|byte| (Some(byte), 3)),
        _ => letter(rest).map(|(byte, length)| (Some(byte), length)),
    }
}

/// How long a sequence is that sets colours or clears a line (ECMA-48).
fn colour(rest: &[u8]) -> Option<usize> {
    let parameters =
        rest.iter().skip(2).take(32).take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    rest.get(2 + parameters).is_some_and(|end| matches!(end, b'm' | b'K')).then_some(3 + parameters)
}

fn letter(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            let byte = (a - b'0') << 6 | (b - b'0') << 3 | (c - b'0');
            (byte.is_ascii_graphic() || byte.is_ascii_whitespace()).then_some((byte, 4))
        }
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

/// Takes out the tags of a document of an office program, whose words may be cut anywhere (`<w:t>AK</w:t>…<w:t>IA…</w:t>`); a
/// paragraph is a line. Nothing for other texts.
pub(crate) fn untagged(text: &[u8]) -> Option<View> {
    let is_xml = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    if !is_xml || memchr::memmem::find(text, b"</w:t>").or(memchr::memmem::find(text, b"</a:t>")).is_none() {
        return None;
    }
    let mut view = View::default();
    let mut copied = 0;
    for at in memchr::memchr_iter(b'<', text) {
        let Some(rest) = text.get(at..).filter(|_| at >= copied) else { continue };
        view.copy(text.get(copied..at).unwrap_or_default(), copied);
        let ends_line = [&b"</w:p>"[..], b"</a:p>", b"<w:br", b"<w:tab", b"</w:tc>"];
        if ends_line.iter().any(|tag| rest.starts_with(tag)) {
            view.push(b'\n', at);
        }
        copied = at + memchr::memchr(b'>', rest).map_or(rest.len(), |end| end + 1);
    }
    view.copy(text.get(copied..).unwrap_or_default(), copied);
    Some(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_documents_are_whole() {
        let given = "<w:p><w:r><w:t>AK</w:t></w:r><w:proofErr/><w:r><w:t>IA</w:t></w:r></w:p><w:p>x</w:p>";
        assert_eq!(text(untagged(given.as_bytes())), "AKIA\nx\n");
        assert!(untagged(b"<a>AK</a>").is_none());
    }

    fn text(view: Option<View>) -> String {
        String::from_utf8(view.unwrap().text).unwrap()
    }

    #[test]
    fn escapes_are_taken_out() {
        let table = [
            (r"a\/b\u002Fc\x2fd", "a/b/c/d"),
            (r"id\075a\012", "id=a\n"),
            ("\x1b[1;32mid\x1b[0m=a\x1b[K", "id=a"),
            ("id=3Da=\r\nb=2Fc", "id=ab/c"),
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
