//! Ids of AWS by their four letters, and the account inside (IAM User Guide, "IAM identifiers"; the layout: awsteele.com, "AWS Access Key ID
//! formats", 2020).

use kagimori_id::AccountId;
use serde::Serialize;

/// What an id names, by its first four letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Prefix {
    /// `AKIA`: a long-term access key of a user, or of root.
    AccessKey,
    /// `ASIA`: a temporary access key of STS; a credential together with its secret and its token.
    SessionKey,
    /// `ABIA`: a bearer token of an AWS service.
    BearerToken,
    /// `ACCA`: the id of a context-specific or service-specific credential.
    ServiceSpecific,
    /// `APKA`: a public key: a user's SSH key, or a key pair of CloudFront.
    PublicKey,
    /// `ASCA`: a server certificate.
    Certificate,
    /// `AIDA`, `AROA`, `AGPA`, `AIPA`, `ANPA`, `ANVA`, `AAGA`: users, roles, groups, profiles, policies. No credential.
    Entity,
}

/// What an id tells of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Inside {
    /// The account that made it.
    Account(AccountId),
    /// Made before ids held accounts: nobody can tell.
    Old,
    /// No id of AWS: a wrong letter, a wrong length, or a number that no account has.
    NoId,
}

impl Prefix {
    /// The prefix of a text.
    pub fn of(text: &[u8]) -> Option<Self> {
        Some(match text.get(..4)? {
            b"AKIA" => Self::AccessKey,
            b"ASIA" => Self::SessionKey,
            b"ABIA" => Self::BearerToken,
            b"ACCA" => Self::ServiceSpecific,
            b"APKA" => Self::PublicKey,
            b"ASCA" => Self::Certificate,
            b"AIDA" | b"AROA" | b"AGPA" | b"AIPA" | b"ANPA" | b"ANVA" | b"AAGA" => Self::Entity,
            _ => return None,
        })
    }

    /// Whether ids of this kind may have so many letters: keys have 20, the others 20 or 21 (the older ones 20).
    pub fn fits(self, length: usize) -> bool {
        match self {
            Self::AccessKey | Self::SessionKey | Self::BearerToken => length == 20,
            _ => length == 20 || length == 21,
        }
    }

    /// Whether somebody who holds this thing, with what belongs to it, may call AWS.
    pub fn is_credential(self) -> bool {
        !matches!(self, Self::Entity | Self::Certificate)
    }
}

/// Whether a byte may stand in the tail of an id: `A-Z` and `2-7`.
pub fn is_id_letter(byte: u8) -> bool {
    digit(byte).is_some()
}

fn digit(byte: u8) -> Option<u64> {
    match byte {
        b'A'..=b'Z' => Some(u64::from(byte - b'A')),
        b'2'..=b'7' => Some(u64::from(byte - b'2') + 26),
        _ => None,
    }
}

/// The account inside an id.
///
/// After the prefix stand base-32 letters, five bits each. The first bit tells the generation; when it is set, the next forty are the account.
pub fn inside(id: &str) -> Inside {
    let bytes = id.as_bytes();
    match Prefix::of(bytes) {
        Some(prefix) if prefix.fits(bytes.len()) => told(bytes),
        _ => Inside::NoId,
    }
}

fn told(bytes: &[u8]) -> Inside {
    let tail = bytes.get(4..).unwrap_or_default();
    if !tail.iter().all(|byte| is_id_letter(*byte)) {
        return Inside::NoId;
    }
    let value =
        tail.iter().take(12).filter_map(|byte| digit(*byte)).fold(0_u64, |value, digit| value << 5 | digit);
    if value >> 59 == 0 {
        return Inside::Old;
    }
    let number = (value >> 19) & ((1 << 40) - 1);
    AccountId::parse(&format!("{number:012}")).map_or(Inside::NoId, Inside::Account)
}

/// How many letters ids have at least; those of keys have no more.
pub const LENGTH: usize = 20;

/// Whether this is an id out of AWS's documentation: the whole id ends with `EXAMPLE`.
pub fn is_documented(id: &str) -> bool {
    const PRINTED: [&str; 2] = ["AKIAI44QH8DHBEXAMPLE", "AKIAIOSFODNN7EXAMPLE"];
    let tail = id.get(4..).unwrap_or_default();
    PRINTED.contains(&id) || tail.ends_with("EXAMPLE") || is_placeholder(tail)
}

/// `XXXXXXXXXXXXXXXX`, `AAAA…`: at most two different letters.
fn is_placeholder(tail: &str) -> bool {
    let mut letters: Vec<u8> = tail.bytes().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_lies_inside_the_id() {
        let account = |number| Inside::Account(AccountId::parse(number).unwrap());
        let table = [
            // awsteele.com and TalBeerySec's write-up
            (concat!("ASIA", "Y34FZKBOKMUTVV7A"), account("609629065308")),
            (concat!("ASIA", "QNZGKIQY56JQ7WML"), account("029608264753")),
            // a canary of Thinkst
            (concat!("AKIA", "SP2TPHJSQH3FJRUX"), account("171436882533")),
            // AWS's documentation
            ("AKIAIOSFODNN7EXAMPLE", Inside::Old),
            ("AIDACKCEVSQ6C2EXAMPLE", Inside::Old),
            ("AROADBQP57FF2AEXAMPLE", Inside::Old),
            ("AKIAI44QH8DHBEXAMPLE", Inside::NoId),
            ("AKIAIOSFODNN7EXAMPL", Inside::NoId),
            ("", Inside::NoId),
        ];
        for (id, expected) in table {
            assert_eq!(inside(id), expected, "{id}");
        }
    }

    #[test]
    fn the_first_letters_a_to_p_tell_no_account() {
        for letter in b'A'..=b'P' {
            let id = format!("AKIA{}QQQQQQQQQQQQQQQ", char::from(letter));
            assert_eq!(inside(&id), Inside::Old, "{id}");
        }
    }

    #[test]
    fn keys_have_twenty_letters_and_users_may_have_one_more() {
        assert!(Prefix::AccessKey.fits(20) && !Prefix::AccessKey.fits(21));
        assert!(Prefix::Entity.fits(20) && Prefix::Entity.fits(21));
    }

    #[test]
    fn examples_are_told_by_the_whole_id() {
        assert!(is_documented("AKIAIOSFODNN7EXAMPLE") && is_documented("AKIAXXXXXXXXXXXXXXXX"));
        assert!(!is_documented(concat!("AKIA", "SP2TPHJSQH3FJRUX")));
    }
}
