//! What is known of a condition key: its type, whether it has several values, whether every request has it.
//!
//! Global keys: IAM User Guide, `reference_policies_condition-keys`. Keys of services: the service reference. Keys of identity
//! providers begin with the provider's host name and are strings.

use crate::catalogue::Catalogue;

/// What a key's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Arn,
    Bool,
    Numeric,
    Date,
    Address,
    /// Both a date and a number of seconds.
    Epoch,
    /// Anything: the pages do not agree.
    Any,
}

/// How many values a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    One,
    Several,
    /// The pages do not agree.
    Either,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) kind: Type,
    pub(super) values: Values,
    /// Every signed request has it.
    pub(super) is_always_there: bool,
}

/// A key, looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    Known(Known),
    /// Of tags, and it does not say which tag.
    TagWithoutKey,
    /// There is no such global key.
    UnknownGlobal,
    /// AWS has given up the key.
    GivenUp,
    /// The service is known and has no such key.
    UnknownOfService,
    /// There is no such service.
    UnknownService,
    /// It has no prefix.
    NoPrefix,
}

const fn row(kind: Type, values: Values, is_always_there: bool) -> Known {
    Known { kind, values, is_always_there }
}

const TEXT: Known = row(Type::Text, Values::One, false);
const TEXTS: Known = row(Type::Text, Values::Several, false);
const ARN: Known = row(Type::Arn, Values::One, false);
const FLAG: Known = row(Type::Bool, Values::One, false);
const ADDRESS: Known = row(Type::Address, Values::One, false);

/// The day on which the table of global keys was compared with AWS's pages.
pub(super) const GLOBAL_DATE: &str = "2026-11-29";

/// Global keys after `aws:`, in lower case, sorted; those of 2026 from AWS's announcements and managed policies. Tags are not here.
const GLOBAL: &[(&str, Known)] = &[
    ("assumedroot", FLAG),
    ("calledvia", TEXTS),
    ("calledviaawsmcp", row(Type::Text, Values::Either, false)),
    ("calledviafirst", TEXT),
    ("calledvialast", TEXT),
    ("chatbotsourcearn", ARN),
    ("currenttime", row(Type::Date, Values::One, true)),
    ("ec2instancesourceprivateipv4", ADDRESS),
    ("ec2instancesourcevpc", TEXT),
    ("epochtime", row(Type::Epoch, Values::One, true)),
    ("federatedprovider", row(Type::Any, Values::One, false)),
    ("ismcpserviceaction", FLAG),
    ("multifactorauthage", row(Type::Numeric, Values::One, false)),
    ("multifactorauthpresent", FLAG),
    ("originidentity", row(Type::Any, Values::Either, false)),
    ("principalaccount", row(Type::Text, Values::One, true)),
    ("principalarn", row(Type::Arn, Values::One, true)),
    ("principalisawsservice", row(Type::Bool, Values::One, true)),
    ("principalorgid", TEXT),
    ("principalorgmasteraccountid", TEXT),
    ("principalorgpaths", TEXTS),
    ("principalservicename", TEXT),
    ("principalservicenameslist", TEXTS),
    ("principaltype", row(Type::Text, Values::One, true)),
    ("referer", TEXT),
    ("requestedregion", row(Type::Text, Values::One, true)),
    ("resourceaccount", row(Type::Text, Values::One, true)),
    ("resourceorgid", TEXT),
    ("resourceorgpaths", row(Type::Text, Values::Either, false)),
    ("securetransport", row(Type::Bool, Values::One, true)),
    ("signinsessionarn", ARN),
    ("sourceaccount", TEXT),
    ("sourcearn", ARN),
    ("sourceidentity", TEXT),
    ("sourceip", ADDRESS),
    ("sourceorgid", TEXT),
    ("sourceorgpaths", row(Type::Text, Values::Either, false)),
    ("sourceowner", TEXT),
    ("sourcevpc", TEXT),
    ("sourcevpcarn", ARN),
    ("sourcevpce", TEXT),
    ("tagkeys", TEXTS),
    ("tokenissuetime", row(Type::Date, Values::One, false)),
    ("useragent", row(Type::Text, Values::One, true)),
    ("userid", row(Type::Text, Values::One, true)),
    ("username", TEXT),
    ("viaawsmcpservice", row(Type::Bool, Values::One, true)),
    ("viaawsservice", row(Type::Bool, Values::One, true)),
    ("vpceaccount", TEXT),
    ("vpceorgid", TEXT),
    ("vpceorgpaths", row(Type::Text, Values::Either, false)),
    ("vpcsourceip", ADDRESS),
];

/// The global keys of tags, after `aws:`.
const TAGS: [&str; 3] = ["principaltag", "requesttag", "resourcetag"];

/// Looks a key up.
pub(super) fn lookup(key: &str) -> Lookup {
    let lower = key.to_ascii_lowercase();
    let Some((prefix, name)) = lower.split_once(':') else { return Lookup::NoPrefix };
    if prefix == "aws" {
        return global(name);
    }
    let is_provider = prefix.contains(['.', '/']) || prefix == "saml" || prefix.contains("${");
    if is_provider {
        let several = matches!(name, "amr" | "edupersonaffiliation" | "groups");
        return Lookup::Known(row(Type::Text, if several { Values::Several } else { Values::Either }, false));
    }
    let catalogue = Catalogue::embedded();
    match catalogue.key_type(key) {
        Some(found) => {
            let kind = match found.name {
                "ARN" => Type::Arn,
                "Bool" => Type::Bool,
                "Numeric" => Type::Numeric,
                "Date" => Type::Date,
                "IPAddress" => Type::Address,
                _ => Type::Text,
            };
            let values = match lower.as_str() {
                // A list in the data, and one text in AWS's own policies (AWSAuditManagerAdministratorAccess).
                "events:detail-type" | "events:source" => Values::Either,
                _ if found.multivalued => Values::Several,
                _ => Values::One,
            };
            Lookup::Known(row(kind, values, false))
        }
        None if catalogue.has_service(prefix) => Lookup::UnknownOfService,
        None => Lookup::UnknownService,
    }
}

fn global(name: &str) -> Lookup {
    if TAGS.contains(&name) {
        return Lookup::TagWithoutKey;
    }
    let (family, tag) = name.split_once('/').unwrap_or((name, ""));
    if TAGS.contains(&family) {
        return if tag.is_empty() { Lookup::TagWithoutKey } else { Lookup::Known(TEXT) };
    }
    if name == "arn" {
        return Lookup::GivenUp;
    }
    let place = GLOBAL.binary_search_by(|(known, _)| known.cmp(&name)).ok();
    place
        .and_then(|place| GLOBAL.get(place))
        .map_or(Lookup::UnknownGlobal, |(_, known)| Lookup::Known(*known))
}

/// The global key that was probably meant.
pub(super) fn nearest_global(key: &str) -> Option<String> {
    let name = key.split_once(':').map_or(key, |(_, name)| name);
    let names = GLOBAL.iter().map(|(known, _)| *known).chain(TAGS);
    super::typo::typo(name, names).map(|found| format!("aws:{found}"))
}

#[cfg(test)]
mod tests {
    use super::{GLOBAL, Lookup, Type, Values, lookup};

    #[test]
    fn the_table_is_sorted() {
        assert!(GLOBAL.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn lookups() {
        let known = |key: &str| match lookup(key) {
            Lookup::Known(known) => Some((known.kind, known.values)),
            _ => None,
        };
        for (key, expected) in [
            ("AWS:SourceIp", Some((Type::Address, Values::One))),
            ("aws:TagKeys", Some((Type::Text, Values::Several))),
            ("aws:RequestTag/team", Some((Type::Text, Values::One))),
            ("s3:ExistingObjectTag/team", Some((Type::Text, Values::One))),
            ("ec2:instancetype", Some((Type::Text, Values::One))),
            ("token.actions.githubusercontent.com:sub", Some((Type::Text, Values::Either))),
            ("aws:SourceIpp", None),
        ] {
            assert_eq!(known(key), expected, "{key}");
        }
        assert_eq!(lookup("aws:RequestTag/"), Lookup::TagWithoutKey);
        assert_eq!(lookup("mfa"), Lookup::NoPrefix);
        assert_eq!(lookup("s3:nosuchkey"), Lookup::UnknownOfService);
        assert_eq!(lookup("nosuch:key"), Lookup::UnknownService);
    }
}
