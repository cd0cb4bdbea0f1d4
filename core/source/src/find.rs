//! The words of one text: ids, what may be their secrets, and other credentials; on the text as it is written, and as it reads without
//! escapes and seams.

use crate::anchor::{Anchors, Sign};
use crate::decode;
use crate::held::{Claim, Kind, Written};
use crate::key_id::{Prefix, is_documented};
use crate::name::{self, Telling};
use crate::other::{self, Around};
use crate::secret::{self, LENGTH, Looks, Secret, looks};
use crate::token::{Span, id_at, is_word, runs};
use crate::view::{View, joined, unescaped};

/// A word of a text.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) span: Span,
    pub(crate) name: String,
    pub(crate) written: Option<Written>,
    pub(crate) is: Token,
}

#[derive(Clone, Debug)]
pub(crate) enum Token {
    Id { id: String, around: Box<Around> },
    Secret { secret: Secret, telling: Option<Telling> },
    Smtp(Secret),
    Encrypted(&'static str),
    Other { kind: Kind, named: Box<other::Named> },
    Claim(Box<Claim>),
}

/// Bytes inside of a text that are a text themselves.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) span: Span,
    pub(crate) bytes: Vec<u8>,
    pub(crate) written: Vec<Written>,
    /// Whether all of it could be read.
    pub(crate) is_whole: bool,
}

/// What was found in one text.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) words: Vec<Word>,
    pub(crate) inner: Vec<Inner>,
    pub(crate) examples: usize,
}

/// Texts up to this are read without escapes as a whole; of longer ones, what stands around a sign.
const WHOLE_BYTES_MAX: usize = 256 << 10;
/// How much is read around a sign, each way.
const AROUND_BYTES: usize = 16 << 10;

/// The words of a text.
pub(crate) fn find(anchors: &Anchors, text: &[u8]) -> Found {
    let mut found = Found::default();
    let signs = anchors.find(text);
    if signs.is_empty() {
        return found;
    }
    let mut reader = Reading { anchors, found: &mut found, promising: Vec::new() };
    reader.read(text, &signs, None, &|at| at);
    let parts = parts(std::mem::take(&mut reader.promising), text.len());
    for (from, to) in parts {
        reader.views(text.get(from..to).unwrap_or_default(), from);
    }
    settle(&mut found);
    found
}

/// The parts of a text around its promising places.
fn parts(mut places: Vec<usize>, length: usize) -> Vec<Span> {
    if places.is_empty() {
        return Vec::new();
    }
    if length <= WHOLE_BYTES_MAX {
        return vec![(0, length)];
    }
    places.sort_unstable();
    let mut parts: Vec<Span> = Vec::new();
    for place in places {
        let (from, to) = (place.saturating_sub(AROUND_BYTES), length.min(place + AROUND_BYTES));
        match parts.last_mut() {
            Some(last) if last.1 >= from => last.1 = to,
            _ => parts.push((from, to)),
        }
    }
    parts
}

struct Reading<'a> {
    anchors: &'a Anchors,
    found: &'a mut Found,
    /// Where an id or a secret may stand that is not written plainly.
    promising: Vec<usize>,
}

type Origin<'a> = &'a dyn Fn(usize) -> usize;

impl Reading<'_> {
    /// A part without its escapes, without its seams, and without both.
    fn views(&mut self, part: &[u8], from: usize) {
        let plain = unescaped(part);
        if let Some(view) = &plain {
            self.view(view, Written::Escapes, &|at| from + view.source(at));
        }
        if let Some(view) = joined(part) {
            self.view(&view, Written::Pieces, &|at| from + view.source(at));
        }
        if let Some(plain) = plain
            && let Some(view) = joined(&plain.text)
        {
            self.view(&view, Written::Pieces, &|at| from + plain.source(view.source(at)));
        }
    }

    fn view(&mut self, view: &View, written: Written, origin: Origin<'_>) {
        let signs = self.anchors.find(&view.text);
        self.read(&view.text, &signs, Some(written), origin);
    }

    fn read(
        &mut self,
        text: &[u8],
        signs: &[(Sign, usize, usize)],
        written: Option<Written>,
        origin: Origin<'_>,
    ) {
        let mut here = Here { text, written, origin, ids: Vec::new(), decoded_to: 0 };
        for (sign, start, end) in signs {
            self.sign(&mut here, *sign, *start, *end);
        }
        for at in std::mem::take(&mut here.ids) {
            self.beside(&here, at);
        }
    }

    fn sign(&mut self, here: &mut Here<'_>, sign: Sign, start: usize, end: usize) {
        let text = here.text;
        match sign {
            Sign::Id => self.id(here, start),
            Sign::Name => {
                let named = name::named(text, start);
                self.named(here, start, named);
            }
            Sign::Label => {
                let named = name::labelled(text, end);
                self.named(here, start, named);
            }
            Sign::Base64 | Sign::Gzip => self.base64(here, start),
            Sign::Utf16 => self.wide(here, start),
            Sign::At => self.other(here, Kind::ServicePassword, other::service_password(text, start)),
            Sign::Bedrock => self.other(here, Kind::BedrockKey, other::bedrock(text, start)),
            Sign::Seed => self.other(here, Kind::MfaSeed, other::seed(text, start)),
            Sign::Console => self.other(here, Kind::ConsolePassword, other::console(text, start)),
            Sign::Portal => self.other(here, Kind::SignInToken, other::sign_in(text, start)),
            Sign::Token => self.token(here, start, end),
            Sign::Signed => {
                self.promising.push(start);
                if let Some(claim) = other::to_sign(text, start) {
                    self.push(here, (start, end), String::new(), Token::Claim(Box::new(claim)));
                }
            }
        }
    }

    fn push(&mut self, here: &Here<'_>, span: Span, name: String, is: Token) {
        let span = ((here.origin)(span.0), (here.origin)(span.1.max(span.0 + 1) - 1) + 1);
        self.found.words.push(Word { span, name, written: here.written, is });
    }

    fn id(&mut self, here: &mut Here<'_>, start: usize) {
        self.promising.push(start);
        let Some(end) = id_at(here.text, start) else { return };
        let id = String::from_utf8_lossy(here.text.get(start..end).unwrap_or_default()).into_owned();
        if is_documented(&id) {
            self.found.examples += usize::from(here.written.is_none());
            return;
        }
        here.ids.push(start);
        let around = Box::new(other::around(here.text, start, end));
        let name = name::name_before(here.text, start);
        self.push(here, (start, end), name, Token::Id { id, around });
    }

    /// A value that its name calls a secret.
    fn named(&mut self, here: &Here<'_>, at: usize, named: Option<name::Named>) {
        let Some(named) = named else { return };
        self.promising.push(at);
        if let Some(by) = named.encrypted {
            return self.push(here, named.value, named.name, Token::Encrypted(by));
        }
        if let Some((secret, span)) = forty(here.text, named.value, Looks::Named) {
            let telling = Some(named.telling);
            self.push(here, span, named.name, Token::Secret { secret, telling });
        }
    }

    /// What looks like a secret near an id.
    fn beside(&mut self, here: &Here<'_>, at: usize) {
        let (from, to) = near(here.text, at);
        let is_mail = holds_mail(here.text.get(from..to).unwrap_or_default());
        for span in runs(here.text, (from, to), LENGTH) {
            if let Some((secret, span)) = forty(here.text, span, Looks::Random) {
                let name = name::name_before(here.text, span.0);
                let is_sum =
                    ["sha", "digest", "checksum", "hash", "integrity"].iter().any(|word| name.contains(word));
                if !is_sum {
                    self.push(here, span, name, Token::Secret { secret, telling: None });
                }
            } else if is_mail && is_word(here.text, span, 44) {
                let word = here.text.get(span.0..span.1).unwrap_or_default();
                if crate::proof::is_smtp_password(word) {
                    self.push(here, span, "smtp".to_owned(), Token::Smtp(Secret::new(word)));
                }
            }
        }
    }

    /// A run of base64 in which something begins as an id does.
    fn base64(&mut self, here: &mut Here<'_>, at: usize) {
        if at < here.decoded_to {
            return;
        }
        let (start, end) = decode::run_around(here.text, at);
        here.decoded_to = end;
        if end - start < 24 {
            return;
        }
        let Some(bytes) = here.text.get(start..end).and_then(decode::base64) else { return };
        let trimmed = bytes.trim_ascii();
        if id_at(trimmed, 0) == Some(trimmed.len()) {
            let id = String::from_utf8_lossy(trimmed).into_owned();
            if is_documented(&id) {
                self.found.examples += 1;
                return;
            }
            here.ids.push(start);
            let name = name::name_before(here.text, start);
            let outer = here.written.replace(Written::Base64);
            self.push(here, (start, end), name, Token::Id { id, around: Box::default() });
            here.written = outer;
            return;
        }
        let (bytes, written, is_whole) = match decode::gzip(&bytes) {
            Some((inflated, is_whole)) => (inflated, vec![Written::Base64, Written::Gzip], is_whole),
            None => (bytes, vec![Written::Base64], true),
        };
        self.inner(here, (start, end), bytes, written, is_whole);
    }

    fn inner(
        &mut self,
        here: &Here<'_>,
        span: Span,
        bytes: Vec<u8>,
        mut written: Vec<Written>,
        is_whole: bool,
    ) {
        if let Some(outer) = here.written {
            written.insert(0, outer);
        }
        let span = ((here.origin)(span.0), (here.origin)(span.1.max(1) - 1) + 1);
        self.found.inner.push(Inner { span, bytes, written, is_whole });
    }

    fn wide(&mut self, here: &mut Here<'_>, at: usize) {
        if at < here.decoded_to {
            return;
        }
        let (text, start) = decode::wide_around(here.text, at);
        let end = start + 2 * text.len();
        here.decoded_to = end;
        self.inner(here, (start, end), text, vec![Written::Utf16], true);
    }

    /// A token that is a presigned URL in base64.
    fn token(&mut self, here: &mut Here<'_>, start: usize, end: usize) {
        let letters = here.text.get(end..).unwrap_or_default();
        let length = letters
            .iter()
            .take(8192)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte))
            .count();
        if length < 60 {
            return;
        }
        here.decoded_to = end + length;
        if let Some(bytes) = letters.get(..length).and_then(decode::base64) {
            self.inner(here, (start, end + length), bytes, vec![Written::Token], true);
        }
    }

    fn other(&mut self, here: &Here<'_>, kind: Kind, named: Option<other::Named>) {
        if let Some(named) = named {
            let span = (named.start, named.end);
            self.push(here, span, String::new(), Token::Other { kind, named: Box::new(named) });
        }
    }
}

/// One text, and where its bytes come from.
struct Here<'a> {
    text: &'a [u8],
    written: Option<Written>,
    origin: Origin<'a>,
    ids: Vec<usize>,
    /// Up to here runs were decoded.
    decoded_to: usize,
}

/// The text around an id in which its secret is looked for.
fn near(text: &[u8], at: usize) -> Span {
    const BYTES: usize = 3200;
    const LINES: usize = 12;
    let before = text.get(at.saturating_sub(BYTES)..at).unwrap_or_default();
    let after = text.get(at..text.len().min(at + BYTES)).unwrap_or_default();
    let from = memchr::memrchr_iter(b'\n', before).nth(LINES).map_or(0, |line| line + 1);
    let to = memchr::memchr_iter(b'\n', after).nth(LINES).unwrap_or(after.len());
    (at - before.len() + from, at + to)
}

/// Whether a text speaks of mail.
fn holds_mail(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    [&b"smtp"[..], b"mail", b"ses_", b"sasl"].iter().any(|word| memchr::memmem::find(&text, word).is_some())
}

/// The forty letters of a secret: as they are, or in base64.
fn forty(text: &[u8], (start, end): Span, least: Looks) -> Option<(Secret, Span)> {
    let word = text.get(start..end)?;
    if end - start == LENGTH {
        let is_secret =
            looks(word) >= least && is_word(text, (start, end), LENGTH) && !secret::is_documented(word);
        return is_secret.then(|| (Secret::new(word), (start, end)));
    }
    if !(53..=56).contains(&(end - start)) {
        return None;
    }
    let bytes = zeroize::Zeroizing::new(decode::base64(word)?);
    let plain = bytes.trim_ascii();
    (looks(plain) >= least && !secret::is_documented(plain)).then(|| (Secret::new(plain), (start, end)))
}

/// Puts the words into the order of the text, each once: what is plainly written wins over what is not.
fn settle(found: &mut Found) {
    let class = |word: &Word| match &word.is {
        Token::Id { .. } => 0,
        Token::Secret { .. } | Token::Smtp(_) | Token::Encrypted(_) => 1,
        Token::Other { .. } => 2,
        Token::Claim(_) => 3,
    };
    let mut kept: Vec<Word> = Vec::new();
    for word in std::mem::take(&mut found.words) {
        let same = |other: &&mut Word| {
            class(other) == class(&word) && other.span.0 < word.span.1 && word.span.0 < other.span.1
        };
        match kept.iter_mut().find(same) {
            Some(other) => merge(other, word),
            None => kept.push(word),
        }
    }
    kept.sort_by_key(|word| word.span);
    found.words = kept;
    let mut inner: Vec<Inner> = Vec::new();
    for part in std::mem::take(&mut found.inner) {
        if !inner.iter().any(|other| other.bytes == part.bytes) {
            inner.push(part);
        }
    }
    found.inner = inner;
}

/// The same word, met again.
fn merge(kept: &mut Word, again: Word) {
    match (&mut kept.is, again.is) {
        (Token::Id { around, .. }, Token::Id { around: other, .. }) => {
            if around.signing.is_none() {
                **around = *other;
            } else if around.claims.is_empty() {
                around.claims = other.claims;
            }
        }
        (Token::Secret { telling, .. }, Token::Secret { telling: other @ Some(_), .. })
            if telling.is_none() =>
        {
            *telling = other;
            kept.name = again.name;
        }
        _ => {}
    }
}

/// The kind of credential that an id is the id of.
pub(crate) fn kind_of(id: &str) -> Kind {
    match Prefix::of(id.as_bytes()) {
        Some(Prefix::SessionKey) => Kind::SessionKey,
        Some(Prefix::BearerToken) => Kind::BearerToken,
        Some(Prefix::ServiceSpecific) => Kind::ServiceSpecificId,
        Some(Prefix::PublicKey) => Kind::PublicKey,
        _ => Kind::AccessKey,
    }
}
