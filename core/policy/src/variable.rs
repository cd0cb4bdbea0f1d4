//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`, `${$}`.
//!
//! IAM User Guide, `reference_policies_variables`. Only Version 2012-10-17 has them; without it the text is literal.

use crate::document::Version;
use crate::glob::Token;

/// One piece of a text with variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a text is made of these two")]
pub enum Piece {
    /// A character or a wildcard.
    Token(Token),
    /// A variable.
    Variable {
        /// The condition key, in lower case.
        key: String,
        /// What stands for it when the request does not have the key.
        default: Option<String>,
    },
}

/// Reads a text into pieces. Wildcards are `*` and `?`; for comparisons without wildcards the caller reads them as
/// characters. A `${` without its `}` is literal.
pub fn pieces(text: &str, version: Option<Version>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if version == Some(Version::V2012)
            && let Some((piece, after)) = variable(rest)
        {
            pieces.push(piece);
            rest = after;
            continue;
        }
        pieces.push(Piece::Token(match c {
            '*' => Token::Many,
            '?' => Token::One,
            c => Token::Char(c),
        }));
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    pieces
}

/// The variable a text begins with, and what follows it.
fn variable(text: &str) -> Option<(Piece, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let piece = match inside {
        "*" => Piece::Token(Token::Char('*')),
        "?" => Piece::Token(Token::Char('?')),
        "$" => Piece::Token(Token::Char('$')),
        _ => {
            let (key, default) = match inside.split_once(',') {
                None => (inside, None),
                Some((key, default)) => (key, Some(quoted(default.trim())?.to_owned())),
            };
            Piece::Variable { key: key.trim().to_lowercase(), default }
        }
    };
    Some((piece, after))
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.strip_suffix('\'')
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};
    use crate::document::Version;
    use crate::glob::Token;

    #[test]
    fn variables_and_escapes() {
        let of = |text| pieces(text, Some(Version::V2012));
        assert_eq!(of("${*}"), [Piece::Token(Token::Char('*'))]);
        assert_eq!(of("*"), [Piece::Token(Token::Many)]);
        let name = |default: Option<&str>| Piece::Variable {
            key: "aws:username".to_owned(),
            default: default.map(str::to_owned),
        };
        assert_eq!(of("${aws:UserName}"), [name(None)]);
        assert_eq!(of("${aws:username, 'x y'}"), [name(Some("x y"))]);
        assert_eq!(of("${aws:username, x}").len(), "${aws:username, x}".len());
        assert_eq!(of("${aws:username").len(), "${aws:username".len());
        assert_eq!(pieces("${a}", Some(Version::V2008)).len(), 4);
        assert_eq!(pieces("${a}", None).len(), 4);
    }
}
