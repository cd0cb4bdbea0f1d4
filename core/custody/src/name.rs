//! The names of the desk's own things: people, groups, rules, seeds, keys, requests. Short, lower case, and never shown as anything else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that cannot be a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError(String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().filter(|letter| !letter.is_control()).take(40).collect();
        write!(
            f,
            "`{shown}` cannot be a name: 1 to 64 of a-z, 0-9, `.`, `_` and `-`, a letter or digit first"
        )
    }
}

impl std::error::Error for NameError {}

fn checked(text: String) -> Result<String, NameError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let begins = text.bytes().next().is_some_and(is_plain);
    let goes_on = text.bytes().all(|byte| is_plain(byte) || b"._-".contains(&byte));
    if begins && goes_on && text.len() <= 64 { Ok(text) } else { Err(NameError(text)) }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads a name.
            ///
            /// # Errors
            /// [`NameError`] for anything else.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                checked(text.to_owned()).map(Self)
            }

            /// As written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                checked(text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

names! {
    /// A person (or a program) of the policy. Who that is, the issuer and subject beside it say, and they never change.
    PersonId
    /// A group of people.
    GroupName
    /// A rule of the policy.
    RuleName
    /// A seed in custody.
    SeedId
    /// A key that somebody signs with.
    KeyName
    /// A request.
    RequestId
}

#[cfg(test)]
mod tests {
    use super::PersonId;

    #[test]
    fn what_can_be_a_name() {
        for good in ["aoi", "a", "0", "req_01j.x-y", &"a".repeat(64)] {
            assert!(PersonId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Aoi", "-a", "a b", "a\n", "葵", "a/b", &"a".repeat(65)] {
            assert!(PersonId::parse(bad).is_err(), "{bad}");
        }
    }
}
