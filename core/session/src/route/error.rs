//! Why there is no route, and what to do about it.

use super::MOST_HOPS;
use crate::heading::{Heading, heading, is_portable_name};
use crate::profile::{File, Place, Twice};
use crate::value::{Refused, shown};

/// Why there is no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Nothing is known of this name.
    #[error("there is no profile `{}`", shown(.name))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name that was probably meant.
        near: Option<String>,
    },
    /// Nothing is known of the profile that a chain begins with.
    #[error("there is no profile `{}`, with whose key `{}` begins", shown(.name), shown(.of))]
    UnknownSource {
        /// What `source_profile`, or the command line, names.
        name: String,
        /// Whose source it is.
        of: String,
        /// The name that was probably meant.
        near: Option<String>,
    },
    /// The chain of `source_profile` comes back to where it was.
    #[error("`source_profile` goes round in a circle: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// The chain is too long to be meant.
    #[error("profile `{0}` passes through more than {MOST_HOPS} roles")]
    TooLong(String),
    /// A profile has two sections.
    #[error("{}", .0.sentence())]
    Twice(Box<Twice>),
    /// A setting cannot be used.
    #[error("{place}: {source}")]
    Setting {
        /// Where it stands.
        place: Place,
        /// What is wrong.
        source: Refused,
    },
    /// A role without a source.
    #[error("profile `{0}` has `role_arn` and says not from where")]
    NoSource(String),
    /// A value of the command line cannot be used.
    #[error(transparent)]
    Argument(#[from] Refused),
}

fn is_ours(place: &Place) -> bool {
    place.file == File::Config && matches!(heading(&place.header), Heading::Kagi(_))
}

impl RouteError {
    /// The next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { near: Some(near), .. } => {
                format!("did you mean `{near}`? `kagi list` shows them all")
            }
            Self::Unknown { near: None, .. } => {
                "`kagi list` shows the profiles, `kagi add NAME` stores a key under a new one".to_owned()
            }
            Self::UnknownSource { near: Some(near), .. } => {
                format!(
                    "did you mean `{near}`? correct `source_profile`; `kagi explain` shows where it stands"
                )
            }
            Self::UnknownSource { name, near: None, .. } => {
                let typed = if is_portable_name(name) { name } else { "NAME" };
                format!("correct `source_profile`, or store the key under that name: `kagi add {typed}`")
            }
            Self::Cycle(_) => {
                "one of them must name the profile whose key you stored with `kagi add`".to_owned()
            }
            Self::TooLong(_) => "shorten the chain of `source_profile`".to_owned(),
            Self::Twice(twice) if is_ours(&twice.first) => "keep one of them, with what both say".to_owned(),
            Self::Twice(twice) if twice.first.header == twice.second.header => {
                "keep one of them, with what both say: botocore refuses the whole file".to_owned()
            }
            Self::Twice(_) => "keep one of them: SDKs disagree which one counts".to_owned(),
            Self::Setting { source, .. } => source.hint.clone(),
            Self::NoSource(name) => {
                format!(
                    "add `source_profile` to it, the profile whose key you stored, or set it in `[kagi {name}]`"
                )
            }
            Self::Argument(refused) => refused.hint.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_that_stand_twice_have_their_own_advice() {
        let place = |header: &str, line| Place { file: File::Config, header: header.to_owned(), line };
        let hint = |first: &str, second: &str| {
            RouteError::Twice(Box::new(Twice { second: place(second, 2), first: place(first, 1) })).hint()
        };
        // No SDK reads our own sections.
        assert!(!hint("kagi dev", "kagi dev").contains("botocore"));
        assert!(hint("profile dev", "profile dev").contains("botocore refuses the whole file"));
        assert!(hint("profile dev", "profile  dev").contains("SDKs disagree"));
    }
}
