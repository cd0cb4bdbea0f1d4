//! Where a secret is: never the secret itself.

use std::fmt;

/// A secret by reference: the name of a variable, a file, or what a command prints.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reference {
    /// `env:NAME`
    Env(String),
    /// `file:PATH`, a relative one from the folder of `kagimori.toml`
    File(String),
    /// `exec:COMMAND WORD…`, without a shell
    Exec(Vec<String>),
}

impl Reference {
    /// Reads `env:NAME`, `file:PATH` or `exec:COMMAND`; anything else may be a secret, and is not repeated in any message.
    pub fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let rest = rest.trim();
        match scheme {
            "env" if is_variable(rest) => Some(Self::Env(rest.to_owned())),
            "file" if !rest.is_empty() && !rest.contains('\0') => Some(Self::File(rest.to_owned())),
            "exec" => words(rest).filter(|words| !words.is_empty()).map(Self::Exec),
            _ => None,
        }
    }
}

/// What people see of it: of a command its name alone, since words behind it may be anything.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Exec(words) => {
                let (name, more) =
                    words.split_first().map_or(("", false), |(name, rest)| (name, !rest.is_empty()));
                write!(f, "exec:{name}{}", if more { " …" } else { "" })
            }
        }
    }
}

fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Words between blanks; quotes of both kinds hold blanks together. `None`: a quote is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_ascii_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_references_are_read() {
        let exec = |words: &[&str]| Reference::Exec(words.iter().map(|word| (*word).to_owned()).collect());
        for (text, expected) in [
            ("env:SLACK_URL", Some(Reference::Env("SLACK_URL".to_owned()))),
            ("env: SLACK_URL ", Some(Reference::Env("SLACK_URL".to_owned()))),
            ("env:", None),
            ("env:1X", None),
            ("env:A B", None),
            ("file:/run/secrets/x", Some(Reference::File("/run/secrets/x".to_owned()))),
            ("file:", None),
            ("exec:op read 'op://a b/key' \"\"", Some(exec(&["op", "read", "op://a b/key", ""]))),
            ("exec:a'b c'd", Some(exec(&["ab cd"]))),
            ("exec: ", None),
            ("exec:op 'read", None),
            ("Env:X", None),
            ("https://hooks.example.com/x", None),
            ("whsec_x", None),
            ("", None),
        ] {
            assert_eq!(Reference::read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_follows_a_command_is_not_shown() {
        assert_eq!(Reference::read("exec:op read op://x").unwrap().to_string(), "exec:op …");
        assert_eq!(Reference::read("exec:mine").unwrap().to_string(), "exec:mine");
        assert_eq!(Reference::read("file:a/b").unwrap().to_string(), "file:a/b");
    }
}
