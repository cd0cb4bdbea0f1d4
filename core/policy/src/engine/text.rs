//! Matching texts without allocation.

use crate::engine::bind::Bound;
use crate::glob::Token;
use crate::request::Fact;
use crate::variable::Piece;

/// Whether a text matches a pattern of `*` and `?`. Without `?`, or in ASCII, bytes are as good as characters.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    if text.is_ascii() || !pattern.contains('?') {
        glob_bytes(pattern.as_bytes(), text.as_bytes())
    } else {
        crate::pattern::matches(pattern, text)
    }
}

/// Greedy matching that returns to the last `*` on a mismatch.
fn glob_bytes(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0_usize, 0_usize);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                at = at.wrapping_add(1);
                retry = Some((at, read));
                continue;
            }
            Some(wanted) if wanted == byte || *wanted == b'?' => {
                at = at.wrapping_add(1);
                read = read.wrapping_add(1);
                continue;
            }
            _ => {}
        }
        let Some((after_star, swallowed)) = retry else { return false };
        at = after_star;
        read = swallowed.wrapping_add(1);
        retry = Some((after_star, read));
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// The same over tokens, as a policy variable may stand for characters that look like wildcards.
pub(super) fn glob_tokens(mut pattern: impl Iterator<Item = Token> + Clone, text: &str) -> bool {
    let mut text = text.chars();
    let mut retry = None;
    loop {
        let (mut next_pattern, mut next_text) = (pattern.clone(), text.clone());
        match (next_pattern.next(), next_text.next()) {
            (Some(Token::Many), _) => {
                retry = Some((next_pattern.clone(), text.clone()));
                pattern = next_pattern;
                continue;
            }
            (Some(Token::One), Some(_)) => {
                (pattern, text) = (next_pattern, next_text);
                continue;
            }
            (Some(Token::Char(wanted)), Some(c)) if wanted == c => {
                (pattern, text) = (next_pattern, next_text);
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((after_star, mut swallowed)) = retry else { return false };
        if swallowed.next().is_none() {
            return false;
        }
        (pattern, text) = (after_star.clone(), swallowed.clone());
        retry = Some((after_star, swallowed));
    }
}

/// A text with policy variables.
#[derive(Clone, Debug)]
pub(super) struct Template(Box<[Piece]>);

/// What the variables of a template come to in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// Each has a value.
    Complete,
    /// One has none: the text matches nothing.
    NoValue,
    /// One is not known.
    Unknown,
}

impl Template {
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        Self(pieces.into())
    }

    pub(super) fn has_variables(pieces: &[Piece]) -> bool {
        pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. }))
    }

    pub(super) fn resolution(&self, request: &Bound<'_>) -> Resolution {
        let mut resolution = Resolution::Complete;
        for piece in &self.0 {
            let Piece::Variable { key, default } = piece else { continue };
            match request.fact_by_name(key) {
                Fact::One(_) => {}
                Fact::Absent if default.is_some() => {}
                Fact::Absent | Fact::Many(_) => return Resolution::NoValue,
                Fact::Present | Fact::Unknown => resolution = Resolution::Unknown,
            }
        }
        resolution
    }

    /// The tokens with the variables replaced; an unknown one may stand for anything.
    pub(super) fn tokens<'a>(&'a self, request: &'a Bound<'_>) -> impl Iterator<Item = Token> + Clone + 'a {
        self.0.iter().flat_map(move |piece| {
            let (token, value) = match piece {
                Piece::Token(token) => (Some(*token), ""),
                Piece::Variable { key, default } => match request.fact_by_name(key) {
                    Fact::One(value) => (None, value.as_str()),
                    Fact::Absent | Fact::Many(_) => (None, default.as_deref().unwrap_or_default()),
                    Fact::Present | Fact::Unknown => (Some(Token::Many), ""),
                },
            };
            token.into_iter().chain(value.chars().map(Token::Char))
        })
    }

    /// The same for a comparison without wildcards.
    pub(super) fn chars<'a>(&'a self, request: &'a Bound<'_>) -> impl Iterator<Item = char> + Clone + 'a {
        self.tokens(request).map(|token| match token {
            Token::Char(c) => c,
            Token::One => '?',
            Token::Many => '*',
        })
    }
}
