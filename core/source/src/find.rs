//! The words of one text: ids, what may be their secrets, and other credentials; on the text as it is written, and as it reads without
//! escapes and seams.

use crate::anchor::{Anchors, Sign};
use crate::decode;
use crate::held::{Claim, Kind, Written};
use crate::key_id::{LENGTH as ID_LENGTH, Prefix, is_documented};
use crate::name::{self, Telling};
use crate::other::{self, Around};
use crate::secret::{self, LENGTH, Looks, Secret, looks};
use crate::token::{Span, id_at, is_counted, is_word, runs};
use crate::view::{View, joined, unescaped, untagged};

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
/// How many times something is written with escapes: JSON in JSON in JSON.
const ESCAPES_MAX: usize = 3;
/// How much is read around a sign, each way.
const AROUND_BYTES: usize = 16 << 10;

/// The words of a text.
pub(crate) fn find(anchors: &Anchors, text: &[u8]) -> Found {
    let mut found = Found::default();
    let signs = anchors.find(text);
    let document = untagged(text);
    if signs.is_empty() && document.is_none() {
        return found;
    }
    let mut reader = Reading { anchors, found: &mut found, promising: Vec::new() };
    reader.read(text, &signs, None, &|at| at);
    if let Some(view) = document {
        reader.view(&view.text, Written::Pieces, &|at| view.source(at));
    }
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
    /// A part without its escapes (of escapes, too), without its seams, and without both.
    fn views(&mut self, part: &[u8], from: usize) {
        let mut layers: Vec<View> = Vec::new();
        loop {
            let origin = |at: usize| from + layers.iter().rev().fold(at, |at, layer| layer.source(at));
            let text = layers.last().map_or(part, |layer| &layer.text);
            if !layers.is_empty() {
                self.view(text, Written::Escapes, &origin);
            }
            if let Some(view) = joined(text) {
                self.view(&view.text, Written::Pieces, &|at| origin(view.source(at)));
            }
            match unescaped(text).filter(|_| layers.len() < ESCAPES_MAX) {
                Some(layer) => layers.push(layer),
                None => return,
            }
        }
    }

    fn view(&mut self, text: &[u8], written: Written, origin: Origin<'_>) {
        let signs = self.anchors.find(text);
        self.read(text, &signs, Some(written), origin);
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
        let mut read_to = 0;
        for at in std::mem::take(&mut here.ids) {
            let (from, to) = near(here.text, at);
            // ids that stand close to each other have the same words beside them
            self.beside(&here, at, (from.max(read_to).min(to), to));
            read_to = to.max(read_to);
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
    fn beside(&mut self, here: &Here<'_>, id: usize, (from, to): Span) {
        let (begins, ends) = near(here.text, id);
        let words = runs(here.text, (from, to), LENGTH);
        let is_mail = words.iter().any(|span| is_word(here.text, *span, 44))
            && holds_mail(here.text.get(begins..ends).unwrap_or_default());
        for span in words {
            let span = after_id(here.text, span);
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

/// Without the id that a word begins with: `ID/SECRET`.
fn after_id(text: &[u8], (start, end): Span) -> Span {
    let secret = start + ID_LENGTH + 1;
    let is_pair = end == secret + LENGTH && text.get(secret - 1) == Some(&b'/');
    if is_pair && id_at(text, start) == Some(secret - 1) { (secret, end) } else { (start, end) }
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
    let end = if is_counted(text, start, LENGTH) { end.min(start + LENGTH) } else { end };
    let word = text.get(start..end)?;
    if end - start == LENGTH {
        let is_whole = is_counted(text, start, LENGTH) || is_word(text, (start, end), LENGTH);
        let is_secret = looks(word) >= least && is_whole && !secret::is_documented(word);
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
    // each with its turn: what was read first, the text as it is written, wins
    let mut words: Vec<(usize, Word)> = std::mem::take(&mut found.words).into_iter().enumerate().collect();
    words.sort_by_key(|(turn, word)| (class(word), word.span.0, *turn));
    let mut kept: Vec<(usize, Word)> = Vec::new();
    for (turn, word) in words {
        match kept.last_mut().filter(|(_, other)| class(other) == class(&word) && word.span.0 < other.span.1)
        {
            Some((first, other)) if *first < turn => merge(other, word),
            Some(kept) => {
                let later = std::mem::replace(kept, (turn, word));
                merge(&mut kept.1, later.1);
            }
            None => kept.push((turn, word)),
        }
    }
    let mut kept: Vec<Word> = kept.into_iter().map(|(_, word)| word).collect();
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
