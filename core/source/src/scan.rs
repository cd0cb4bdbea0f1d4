//! What a text holds: words found, paired, and told with their places; texts inside of texts, a few deep.

use crate::anchor::Anchors;
use crate::decode;
use crate::find::{Found, Inner, Token, Word, find, kind_of};
use crate::held::{Beside, Claim, Held, Holding, Kind, Sealed, Written};
use crate::name::Telling;
use crate::pair::{Is, Partner, Piece, pair};
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::sqlite;
use crate::token::Span;

/// How many encodings may lie in each other.
const DEPTH_MAX: usize = 5;

/// Looks for credentials in bytes. Made once, used by all threads.
#[derive(Debug)]
pub struct Scanner {
    anchors: Anchors,
}

impl Scanner {
    /// A scanner; nothing when its literals cannot be compiled, which no input can cause.
    pub fn new() -> Option<Self> {
        Anchors::new().ok().map(|anchors| Self { anchors })
    }

    /// What the bytes of a file, or of a part of one, hold.
    pub fn scan(&self, bytes: &[u8]) -> Holding {
        let mut holding = Holding { sealed: sealed(bytes), ..Holding::default() };
        match decode::utf16(bytes) {
            Some(text) => self.text(&text, &[Written::Utf16], None, &mut holding),
            None => self.text(bytes, &[], None, &mut holding),
        }
        if let Some(rows) = sqlite::rows(bytes) {
            let place = Place { offset: 0, line: 1, column: 1, length: 16, silenced: false };
            self.text(&rows, &[Written::Sqlite], Some(&place), &mut holding);
        }
        holding
    }

    /// `outer` is the place of the text, when it lies inside of another.
    fn text(&self, text: &[u8], written: &[Written], outer: Option<&Place>, holding: &mut Holding) {
        let Found { words, inner, examples } = find(&self.anchors, text);
        holding.examples += examples;
        if !words.is_empty() || !inner.is_empty() {
            let scopes = Scopes::of(text);
            let places = Places { text, scopes: &scopes, outer };
            told(&words, &places, written, holding);
            for part in inner {
                self.inner(&part, &places, written, holding);
            }
        }
    }

    fn inner(&self, part: &Inner, places: &Places<'_>, written: &[Written], holding: &mut Holding) {
        let written = [written, &part.written].concat();
        if !part.is_whole {
            holding.unread.push("a gzip stream inside of a text is too large, or broken");
        }
        if written.len() > DEPTH_MAX {
            holding.unread.push("encodings lie too deep in each other");
            return;
        }
        let place = places.of(part.span);
        match decode::utf16(&part.bytes) {
            Some(text) => {
                self.text(&text, &[&written[..], &[Written::Utf16]].concat(), Some(&place), holding);
            }
            None => self.text(&part.bytes, &written, Some(&place), holding),
        }
    }
}

/// A place in what was scanned.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: usize,
    line: usize,
    column: usize,
    length: usize,
    silenced: bool,
}

struct Places<'a> {
    text: &'a [u8],
    scopes: &'a Scopes,
    outer: Option<&'a Place>,
}

impl Places<'_> {
    fn of(&self, (start, end): Span) -> Place {
        if let Some(outer) = self.outer {
            return *outer;
        }
        let before = self.text.get(..start).unwrap_or_default();
        let begins = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let rest = self.text.get(begins..).unwrap_or_default();
        let line =
            rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len()).min(4096)).unwrap_or_default();
        let silenced = is_silenced(line);
        Place {
            offset: start,
            line: self.line(start),
            column: start - begins + 1,
            length: end - start,
            silenced,
        }
    }

    fn line(&self, at: usize) -> usize {
        self.outer.map_or_else(|| self.scopes.line(at) + 1, |outer| outer.line)
    }
}

/// Comments that ask scanners to be silent.
fn is_silenced(line: &[u8]) -> bool {
    const PRAGMAS: [&[u8]; 5] =
        [b"gitleaks:allow", b"allowlist secret", b"kingfisher:ignore", b"trufflehog:ignore", b"nosec"];
    PRAGMAS.iter().any(|pragma| memchr::memmem::find(line, pragma).is_some())
}

/// The words of a text as what they are.
fn told(words: &[Word], places: &Places<'_>, written: &[Written], holding: &mut Holding) {
    let (pieces, of_words) = pieces(words);
    let partners = pair(&pieces, places.scopes);
    let mut used = vec![false; pieces.len()];
    let line = |piece: usize| pieces.get(piece).map_or(1, |piece| places.line(piece.span.0));
    let mut ids: Vec<(usize, Held)> = Vec::new();
    for (piece, word) in of_words.iter().enumerate() {
        let Some(word) = words.get(*word) else { continue };
        let Token::Id { id, around } = &word.is else { continue };
        let mut held = held(word, places, written, kind_of(id), id.clone());
        held.expires = around.expires;
        held.signing.clone_from(&around.signing);
        held.claims.clone_from(&around.claims);
        if around.is_url {
            held.kind = Kind::PresignedUrl;
        } else if around.signing.is_some() {
            held.kind = Kind::SignedRequest;
        }
        held.beside = match partners.get(&piece) {
            Some(Partner::One { piece, why }) => {
                mark(&mut used, *piece);
                match pieces.get(*piece).map(|piece| &piece.is) {
                    Some(Is::Secret { secret, .. }) => {
                        Beside::Paired { secret: secret.clone(), line: line(*piece), why: *why }
                    }
                    Some(Is::Encrypted(by)) => Beside::Encrypted(by),
                    _ => Beside::NotFound,
                }
            }
            Some(Partner::Possible(list)) => {
                list.iter().for_each(|piece| mark(&mut used, *piece));
                let secret = |piece: &usize| match pieces.get(*piece).map(|piece| &piece.is) {
                    Some(Is::Secret { secret, .. }) => Some((line(*piece), secret.clone())),
                    _ => None,
                };
                Beside::Possible(list.iter().filter_map(secret).collect())
            }
            Some(Partner::None) | None => Beside::NotFound,
        };
        ids.push((word.span.0, held));
    }
    others(words, places, written, &mut ids);
    for (piece, word) in of_words.iter().enumerate().filter(|(piece, _)| used.get(*piece) == Some(&false)) {
        let Some(Piece { is: Is::Secret { secret, telling: Some(Telling::Clearly) }, .. }) =
            pieces.get(piece)
        else {
            continue;
        };
        let Some(word) = words.get(*word) else { continue };
        let mut held = held(word, places, written, Kind::SecretAlone, String::new());
        held.value = Some(secret.clone());
        ids.push((word.span.0, held));
    }
    ids.sort_by_key(|(at, _)| *at);
    holding.held.extend(ids.into_iter().map(|(_, held)| held));
}

fn mark(used: &mut [bool], piece: usize) {
    if let Some(used) = used.get_mut(piece) {
        *used = true;
    }
}

/// Ids and secrets as pieces to pair, and which word each is.
fn pieces(words: &[Word]) -> (Vec<Piece>, Vec<usize>) {
    let piece = |word: &Word| {
        let is = match &word.is {
            Token::Id { id, .. } => Is::Id(id.clone()),
            Token::Secret { secret, telling } => Is::Secret { secret: secret.clone(), telling: *telling },
            Token::Encrypted(by) => Is::Encrypted(by),
            _ => return None,
        };
        Some(Piece { span: word.span, name: word.name.clone(), is })
    };
    let pieces = words.iter().enumerate().filter_map(|(at, word)| piece(word).map(|piece| (piece, at)));
    pieces.unzip()
}

/// What is no id with a secret. An SMTP password belongs to the nearest id, which is its user's name; so does a logged string to sign.
fn others(words: &[Word], places: &Places<'_>, written: &[Written], ids: &mut Vec<(usize, Held)>) {
    let mut more = Vec::new();
    for word in words {
        let claim = match &word.is {
            Token::Other { kind, named } => {
                let mut held = held(word, places, written, *kind, named.name.clone());
                (held.account, held.expires) = (named.account, named.expires);
                held.value = named.value.as_deref().map(Secret::new);
                more.push((word.span.0, held));
                continue;
            }
            Token::Smtp(password) => Claim::Smtp(password.clone()),
            Token::Claim(claim) => (**claim).clone(),
            _ => continue,
        };
        match ids.iter_mut().min_by_key(|(at, _)| at.abs_diff(word.span.0)) {
            Some((_, held)) => held.claims.push(claim),
            None => {
                let Claim::Smtp(password) = claim else { continue };
                let mut held = held(word, places, written, Kind::SmtpPassword, String::new());
                held.value = Some(password);
                more.push((word.span.0, held));
            }
        }
    }
    ids.extend(more);
}

fn held(word: &Word, places: &Places<'_>, written: &[Written], kind: Kind, name: String) -> Held {
    let Place { offset, line, column, length, silenced } = places.of(word.span);
    let written = written.iter().copied().chain(word.written).collect();
    Held {
        kind,
        name,
        account: None,
        expires: None,
        signing: None,
        beside: Beside::NotFound,
        value: None,
        claims: Vec::new(),
        offset,
        line,
        column,
        length,
        written,
        silenced,
    }
}

/// What a file is sealed with.
fn sealed(bytes: &[u8]) -> Option<Sealed> {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let holds = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    if head.starts_with(b"\0GITCRYPT\0") {
        return Some(Sealed::GitCrypt);
    }
    if head.starts_with(b"$ANSIBLE_VAULT;") {
        return Some(Sealed::AnsibleVault);
    }
    if head.starts_with(b"age-encryption.org/v1") || head.starts_with(b"-----BEGIN AGE ENCRYPTED FILE") {
        return Some(Sealed::Age);
    }
    let head_is = |mark: &[u8]| head.starts_with(mark);
    if head_is(b"-----BEGIN PGP MESSAGE-----") {
        return Some(Sealed::Pgp);
    }
    if head_is(b"Salted__") {
        return Some(Sealed::Openssl);
    }
    if head_is(&[0x03, 0xd9, 0xa2, 0x9a]) {
        return Some(Sealed::KeePass);
    }
    holds(b"ENC[AES256_GCM,").then_some(Sealed::Sops)
}
