//! Which facts of a condition key there can be: IAM User Guide, `reference_policies_condition-keys`, and the service
//! reference. What neither tells may be absent, one text, or a list.

use crate::catalogue::Catalogue;
use crate::value::{self, Decimal};

/// What the values of a key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Any texts.
    Texts,
    /// `true` or `false`.
    Booleans,
    /// ARNs.
    Arns,
    /// Numbers.
    Numbers,
    /// Points in time.
    Instants,
    /// IP addresses.
    Addresses,
}

/// The facts there can be of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyKind {
    /// Every request of a user or role has it.
    pub(super) is_always_there: bool,
    /// It can be one text, not in a list.
    pub(super) may_be_one: bool,
    /// It can be a list.
    pub(super) may_be_list: bool,
    /// It is a list as a rule.
    pub(super) prefers_list: bool,
    pub(super) values: Values,
}

/// Keys of every service, in lower case: "always included in the request context", in every signed call.
const ALWAYS: [(&str, Values); 11] = [
    ("aws:currenttime", Values::Instants),
    ("aws:epochtime", Values::Instants),
    ("aws:principalaccount", Values::Texts),
    ("aws:principalarn", Values::Arns),
    ("aws:principalisawsservice", Values::Booleans),
    ("aws:principaltype", Values::Texts),
    ("aws:requestedregion", Values::Texts),
    ("aws:securetransport", Values::Booleans),
    ("aws:useragent", Values::Texts),
    ("aws:userid", Values::Texts),
    ("aws:viaawsservice", Values::Booleans),
];

/// Keys of every service that are there now and then, with one value.
const NOW_AND_THEN: [(&str, Values); 22] = [
    ("aws:assumedroot", Values::Booleans),
    ("aws:calledviafirst", Values::Texts),
    ("aws:calledvialast", Values::Texts),
    ("aws:federatedprovider", Values::Texts),
    ("aws:multifactorauthage", Values::Numbers),
    ("aws:multifactorauthpresent", Values::Booleans),
    ("aws:principalorgid", Values::Texts),
    ("aws:principalservicename", Values::Texts),
    ("aws:referer", Values::Texts),
    ("aws:resourceaccount", Values::Texts),
    ("aws:resourceorgid", Values::Texts),
    ("aws:sourceaccount", Values::Texts),
    ("aws:sourcearn", Values::Arns),
    ("aws:sourceidentity", Values::Texts),
    ("aws:sourceip", Values::Addresses),
    ("aws:sourceorgid", Values::Texts),
    ("aws:sourcevpc", Values::Texts),
    ("aws:sourcevpce", Values::Texts),
    ("aws:tokenissuetime", Values::Instants),
    ("aws:username", Values::Texts),
    ("aws:vpcsourceip", Values::Addresses),
    ("aws:ec2instancesourcevpc", Values::Texts),
];

/// Keys of tags, each of which has one value.
const TAGS: [&str; 3] = ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"];

/// Keys of every service with several values.
const LISTS: [&str; 6] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
];

impl KeyKind {
    /// The facts there can be of a key, given in lower case.
    pub(super) fn of(key: &str) -> Self {
        let find =
            |known: &[(&str, Values)]| known.iter().find(|(name, _)| *name == key).map(|(_, values)| *values);
        if let Some(values) = find(&ALWAYS) {
            return Self { is_always_there: true, ..Self::one(values) };
        }
        if let Some(values) = find(&NOW_AND_THEN) {
            return Self::one(values);
        }
        if TAGS.iter().any(|tag| key.starts_with(tag)) {
            return Self::one(Values::Texts);
        }
        let is_global = key.starts_with("aws:");
        match Catalogue::embedded().key_type(key).filter(|_| !is_global) {
            _ if LISTS.contains(&key) => Self::list(),
            Some(kind) if kind.multivalued => Self::list(),
            Some(kind) => Self::one(Values::named(kind.name)),
            None => Self { prefers_list: false, ..Self::list() },
        }
    }

    const fn one(values: Values) -> Self {
        Self { is_always_there: false, may_be_one: true, may_be_list: false, prefers_list: false, values }
    }

    const fn list() -> Self {
        Self {
            is_always_there: false,
            may_be_one: true,
            may_be_list: true,
            prefers_list: true,
            values: Values::Texts,
        }
    }

    /// A value that requests commonly have, where the key is always there.
    pub(super) fn common(key: &str) -> Option<&'static str> {
        Some(match key {
            "aws:currenttime" => "2026-01-01T00:00:00Z",
            "aws:epochtime" => "1767225600",
            "aws:principalaccount" => "111122223333",
            "aws:principalarn" => "arn:aws:iam::111122223333:role/example",
            "aws:principalisawsservice" | "aws:viaawsservice" => "false",
            "aws:principaltype" => "AssumedRole",
            "aws:requestedregion" => "us-east-1",
            "aws:securetransport" => "true",
            "aws:useragent" => "example",
            "aws:userid" => "AROAEXAMPLE:session",
            _ => return None,
        })
    }
}

impl Values {
    /// The service reference's name of a type.
    fn named(name: &str) -> Self {
        match name {
            "Bool" => Self::Booleans,
            "ARN" => Self::Arns,
            "Numeric" => Self::Numbers,
            "Date" => Self::Instants,
            "IPAddress" => Self::Addresses,
            _ => Self::Texts,
        }
    }

    /// Whether a text is one of these.
    pub(super) fn admit(self, text: &str) -> bool {
        match self {
            Self::Texts => true,
            Self::Booleans => matches!(text, "true" | "false"),
            Self::Arns => kagimori_id::ArnParts::parse(text).is_some(),
            Self::Numbers => Decimal::parse(text).is_some(),
            Self::Instants => value::instant(text).is_some(),
            Self::Addresses => text.parse::<std::net::IpAddr>().is_ok(),
        }
    }

    /// One of these, to begin with.
    pub(super) fn samples(self) -> &'static [&'static str] {
        match self {
            Self::Texts => &["x"],
            Self::Booleans => &["true", "false"],
            Self::Arns => &["arn:aws:iam::111122223333:role/example"],
            Self::Numbers => &["1"],
            Self::Instants => &["2026-01-01T00:00:00Z"],
            Self::Addresses => &["203.0.113.7"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALWAYS, KeyKind, Values};

    #[test]
    fn kinds() {
        for (key, values, is_always_there, may_be_list) in [
            ("aws:securetransport", Values::Booleans, true, false),
            ("aws:multifactorauthpresent", Values::Booleans, false, false),
            ("aws:requestedregion", Values::Texts, true, false),
            ("aws:principaltag/team", Values::Texts, false, false),
            ("aws:tagkeys", Values::Texts, false, true),
            ("aws:sourceip", Values::Addresses, false, false),
            ("s3:max-keys", Values::Numbers, false, false),
            ("aws:madetomorrow", Values::Texts, false, true),
            ("nosuch:key", Values::Texts, false, true),
        ] {
            let kind = KeyKind::of(key);
            assert_eq!((kind.values, kind.is_always_there), (values, is_always_there), "{key}");
            assert_eq!(kind.may_be_list, may_be_list, "{key}");
        }
        for (key, values) in ALWAYS {
            assert!(values.admit(KeyKind::common(key).unwrap()), "{key}");
        }
    }
}
