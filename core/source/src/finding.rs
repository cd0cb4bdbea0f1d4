//! One finding for each credential, however many places hold it: whose it is, whether it lives, and which secret is proved to be its.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_id::{AccountId, hex};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::find::kind_of;
use crate::held::{Beside, Claim, Held, Kind, Why};
use crate::key_id::{Inside, inside};
use crate::secret::Secret;

/// What is known of the company's keys.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by whoever knows the company")]
pub struct Owners {
    /// The keys that are listed, by id.
    pub keys: BTreeMap<String, Owner>,
    /// The company's accounts, and whether all keys of each are listed.
    pub accounts: BTreeMap<AccountId, bool>,
    /// Accounts whose keys are laid out as bait: those of [`canaries`] and the user's own.
    pub canaries: BTreeSet<AccountId>,
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "made by whoever knows the company")]
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// The user's name; `<root_account>` of root.
    pub user: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it is active; nothing when nobody knows.
    pub active: Option<bool>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was used last.
    pub last_used: Option<Timestamp>,
}

/// What is said of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Listed, and active.
    Active,
    /// Listed, and nobody knows whether it is active.
    Listed,
    /// Of an account of the company whose keys are not all known.
    OursUnknown,
    /// Of the company by what is written beside it (a name and an account), no key that a list tells.
    Ours,
    /// Of an account that is not the company's.
    Anothers,
    /// It does not say whose it is.
    Unknown,
    /// Listed, and inactive.
    Inactive,
    /// Of an account of the company that lists all its keys, and not this one.
    Deleted,
    /// It ended.
    Expired,
    /// Laid out as bait: whoever uses it is seen.
    Canary,
}

impl Verdict {
    /// The word for it in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Listed => "listed",
            Self::OursUnknown => "ours-unknown",
            Self::Ours => "ours",
            Self::Anothers => "anothers",
            Self::Unknown => "unknown",
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
            Self::Expired => "expired",
            Self::Canary => "canary",
        }
    }

    /// Whether somebody may use it now, as far as anybody knows.
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Inactive | Self::Deleted | Self::Expired | Self::Canary)
    }
}

/// How bad it is that a credential lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Severity {
    /// Whoever reads the place is somebody else for as long as he likes.
    Critical,
    /// Whoever reads the place can call AWS.
    High,
    /// Half of a credential, or nobody knows.
    Medium,
    /// It does not work any more, or tells only who uses what.
    Low,
}

impl Severity {
    /// The word for it in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What is known of the secret of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretState {
    /// A signature or an SMTP password in what was scanned was made with it.
    Proved,
    /// It stands beside the id.
    Beside(Why),
    /// One of several, in these numbers of lines; nothing says which.
    Possible(usize),
    /// Somebody encrypted it.
    Encrypted(&'static str),
    /// An SMTP password made of it stands beside the id.
    SmtpPassword,
    /// The thing is itself secret.
    Itself,
    /// Nowhere.
    NotFound,
}

impl SecretState {
    /// Whether somebody who reads the place has the secret, or may have.
    pub fn is_there(&self) -> bool {
        !matches!(self, Self::Encrypted(_) | Self::NotFound)
    }
}

/// One credential and all of its places.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding<P> {
    /// The same in every run: of kind, id and account. Of what has no id, of its first place.
    pub uid: String,
    /// What it is.
    pub kind: Kind,
    /// The key id, or what else names it.
    pub name: String,
    /// The account: inside the id, written beside it, or of the list.
    pub account: Option<AccountId>,
    /// Whose it is, when a list tells.
    pub owner: Option<Owner>,
    /// Whether it lives.
    pub verdict: Verdict,
    /// How bad it is.
    pub severity: Severity,
    /// When the last of its places says that it ends.
    pub expires: Option<Timestamp>,
    /// Its secret.
    pub secret: SecretState,
    /// Everything that holds it.
    pub places: Vec<(Held, P)>,
}

impl<P> Finding<Option<P>> {
    /// Without what has no place: something that was asked for, and not found.
    pub fn placed(self) -> Finding<P> {
        let places = self.places.into_iter().filter_map(|(held, place)| place.map(|place| (held, place)));
        Finding {
            places: places.collect(),
            uid: self.uid,
            kind: self.kind,
            name: self.name,
            account: self.account,
            owner: self.owner,
            verdict: self.verdict,
            severity: self.severity,
            expires: self.expires,
            secret: self.secret,
        }
    }
}

/// The accounts of Thinkst's canaries and their look-alikes, as facts (trufflesecurity/trufflehog tells them apart by these numbers).
pub fn canaries() -> BTreeSet<AccountId> {
    const KNOWN: [&str; 26] = [
        "052310077262",
        "171436882533",
        "534261010715",
        "595918472158",
        "717712589309",
        "819147034852",
        "992382622183",
        "730335385048",
        "266735846894",
        "893192397702",
        "044858866125",
        "251535659677",
        "344043088457",
        "351906852752",
        "390477818340",
        "426127672474",
        "427150556519",
        "439872796651",
        "445142720921",
        "465867158099",
        "637958123769",
        "693412236332",
        "732624840810",
        "735421457923",
        "959235150393",
        "982842642351",
    ];
    KNOWN.iter().filter_map(|number| AccountId::parse(number).ok()).collect()
}

/// Makes findings of what was found, the worst first. `place` is the text by which something without an id is told from others.
pub fn findings<P: Clone + Ord>(
    found: Vec<(Held, P)>,
    owners: &Owners,
    now: Timestamp,
    place: impl Fn(&P) -> String,
) -> Vec<Finding<P>> {
    let secrets = Secrets::of(&found);
    let mut groups: BTreeMap<Key, Vec<(Held, P)>> = BTreeMap::new();
    for (held, at) in found {
        groups.entry(Key::of(&held)).or_default().push((held, at));
    }
    let mut findings: Vec<Finding<P>> =
        groups.into_values().filter_map(|places| finding(places, owners, &secrets, now, &place)).collect();
    findings.sort_by(|a, b| {
        let key = |finding: &Finding<P>| {
            (finding.severity, finding.verdict, finding.kind, finding.name.clone(), finding.uid.clone())
        };
        key(a).cmp(&key(b))
    });
    findings
}

/// What makes one credential of many places: its id; of what has none, its value (by a sum that stays in memory).
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Id(String),
    Value(Kind, [u8; 32]),
}

impl Key {
    fn of(held: &Held) -> Self {
        match &held.value {
            Some(value) => Self::Value(held.kind, Sha256::digest(value.expose()).into()),
            None => Self::Id(held.name.clone()),
        }
    }
}

/// All secrets that were found, for proofs.
struct Secrets(Vec<Secret>);

impl Secrets {
    fn of<P>(found: &[(Held, P)]) -> Self {
        let mut all: BTreeMap<[u8; 32], Secret> = BTreeMap::new();
        let mut take = |secret: &Secret| {
            all.insert(Sha256::digest(secret.expose()).into(), secret.clone());
        };
        for (held, _) in found {
            match &held.beside {
                Beside::Paired { secret, .. } => take(secret),
                Beside::Possible(list) => list.iter().for_each(|(_, secret)| take(secret)),
                _ => {}
            }
            if held.kind == Kind::SecretAlone {
                held.value.iter().for_each(&mut take);
            }
        }
        Self(all.into_values().collect())
    }

    fn prove(&self, claims: &[&Claim]) -> bool {
        claims.iter().any(|claim| self.0.iter().any(|secret| claim.is_made_with(secret)))
    }
}

fn finding<P: Clone + Ord>(
    mut places: Vec<(Held, P)>,
    owners: &Owners,
    secrets: &Secrets,
    now: Timestamp,
    place: &impl Fn(&P) -> String,
) -> Option<Finding<P>> {
    places.sort_by(|(a, p), (b, q)| (p, a.offset).cmp(&(q, b.offset)));
    let (first, at) = places.first()?;
    let name = first.name.clone();
    let kind = kind(&places);
    let is_id = first.value.is_none();
    let told = match inside(&name) {
        Inside::Account(account) if is_id => Some(account),
        _ => places.iter().find_map(|(held, _)| held.account),
    };
    let owner = owners.keys.get(&name).cloned();
    let account = owner.as_ref().map(|owner| owner.account).or(told);
    let claims: Vec<&Claim> = places.iter().flat_map(|(held, _)| &held.claims).collect();
    let secret = secret(&places, !claims.is_empty() && secrets.prove(&claims));
    let ends: Option<Vec<Timestamp>> = places.iter().map(|(held, _)| held.expires).collect();
    let expires = ends.and_then(|ends| ends.into_iter().max());
    let verdict = verdict(owner.as_ref(), account, owners, is_id, kind, expires.filter(|end| *end <= now));
    let of = if is_id {
        format!("{}:{name}", kind_of(&name).word())
    } else {
        format!("{}:{name}:{}", kind.word(), place(at))
    };
    let account_text = account.map(|account| account.to_string()).unwrap_or_default();
    let uid = hex(Sha256::digest(format!("{of}:{account_text}")).get(..8).unwrap_or_default());
    let severity = severity(kind, &secret, verdict);
    Some(Finding { uid, kind, name, account, owner, verdict, severity, expires, secret, places })
}

/// A key that only signed is told as what it signed; anywhere else it is a key.
fn kind<P>(places: &[(Held, P)]) -> Kind {
    let kinds: BTreeSet<Kind> = places.iter().map(|(held, _)| held.kind).collect();
    let base = kinds.iter().find(|kind| !matches!(kind, Kind::PresignedUrl | Kind::SignedRequest));
    base.or(kinds.first()).copied().unwrap_or(Kind::AccessKey)
}

fn secret<P>(places: &[(Held, P)], is_proved: bool) -> SecretState {
    if places.iter().any(|(held, _)| held.value.is_some()) {
        return SecretState::Itself;
    }
    if is_proved {
        return SecretState::Proved;
    }
    let why = places.iter().filter_map(|(held, _)| match &held.beside {
        Beside::Paired { why, .. } => Some(*why),
        _ => None,
    });
    let has_password =
        places.iter().any(|(held, _)| held.claims.iter().any(|claim| matches!(claim, Claim::Smtp(_))));
    // a password that the nearest secret did not make speaks against it
    if let Some(why) = why.min().filter(|why| !has_password || *why < Why::Nearest) {
        return SecretState::Beside(why);
    }
    let possible = places.iter().filter_map(|(held, _)| match &held.beside {
        Beside::Possible(list) => Some(list.len()),
        _ => None,
    });
    if let Some(count) = possible.max() {
        return SecretState::Possible(count);
    }
    if has_password {
        return SecretState::SmtpPassword;
    }
    if places.iter().any(|(held, _)| held.kind == Kind::PresignedUrl) {
        return SecretState::Itself;
    }
    let encrypted = places.iter().find_map(|(held, _)| match &held.beside {
        Beside::Encrypted(by) => Some(*by),
        _ => None,
    });
    encrypted.map_or(SecretState::NotFound, SecretState::Encrypted)
}

fn verdict(
    owner: Option<&Owner>,
    account: Option<AccountId>,
    owners: &Owners,
    is_id: bool,
    kind: Kind,
    ended: Option<Timestamp>,
) -> Verdict {
    if account.is_some_and(|account| owners.canaries.contains(&account)) {
        return Verdict::Canary;
    }
    if ended.is_some() {
        return Verdict::Expired;
    }
    if let Some(owner) = owner {
        return match owner.active {
            Some(true) => Verdict::Active,
            Some(false) => Verdict::Inactive,
            None => Verdict::Listed,
        };
    }
    let is_key = is_id && matches!(kind, Kind::AccessKey | Kind::PresignedUrl | Kind::SignedRequest);
    match account.map(|account| owners.accounts.get(&account)) {
        Some(Some(true)) if is_key => Verdict::Deleted,
        Some(Some(_)) if is_key => Verdict::OursUnknown,
        Some(Some(_)) => Verdict::Ours,
        Some(None) => Verdict::Anothers,
        None => Verdict::Unknown,
    }
}

fn severity(kind: Kind, secret: &SecretState, verdict: Verdict) -> Severity {
    if !verdict.is_live() || kind == Kind::SignedRequest {
        return Severity::Low;
    }
    let is_known = matches!(verdict, Verdict::Active | Verdict::Ours);
    match kind {
        Kind::MfaSeed => Severity::Critical,
        Kind::AccessKey if matches!(secret, SecretState::NotFound | SecretState::Encrypted(_)) => {
            if is_known { Severity::Medium } else { Severity::Low }
        }
        Kind::AccessKey | Kind::BedrockKey | Kind::ConsolePassword if is_known => Severity::Critical,
        Kind::PublicKey | Kind::ServiceSpecificId => Severity::Low,
        Kind::SessionKey if !secret.is_there() => Severity::Low,
        _ => Severity::High,
    }
}

#[cfg(test)]
mod tests {
    use kagimori_testkit::keys;

    use super::*;
    use crate::Scanner;

    const ACCOUNT: u64 = 444_455_556_666;

    fn told(text: &str, owners: &Owners) -> Vec<Finding<usize>> {
        let held = Scanner::new().unwrap().scan(text.as_bytes()).held;
        let found = held.into_iter().enumerate().map(|(at, held)| (held, at)).collect();
        findings(found, owners, Timestamp::from_second(1_790_000_000).unwrap(), ToString::to_string)
    }

    fn owners(active: Option<bool>, whole: bool) -> Owners {
        let account = AccountId::parse("444455556666").unwrap();
        let owner = Owner {
            account,
            user: "svc".to_owned(),
            arn: String::new(),
            active,
            created: None,
            last_used: None,
        };
        Owners {
            keys: BTreeMap::from([(keys::id("AKIA", ACCOUNT, 1), owner)]),
            accounts: BTreeMap::from([(account, whole)]),
            canaries: canaries(),
        }
    }

    #[test]
    fn verdicts_come_from_the_list_and_the_account_inside() {
        let (listed, other) = (keys::id("AKIA", ACCOUNT, 1), keys::id("AKIA", ACCOUNT, 2));
        let table = [
            (&listed, owners(Some(true), true), Verdict::Active),
            (&listed, owners(Some(false), true), Verdict::Inactive),
            (&listed, owners(None, true), Verdict::Listed),
            (&other, owners(Some(true), true), Verdict::Deleted),
            (&other, owners(Some(true), false), Verdict::OursUnknown),
            (&keys::id("AKIA", 123_456_789_012, 1), owners(None, true), Verdict::Anothers),
            (&keys::id("AKIA", 171_436_882_533, 1), owners(None, true), Verdict::Canary),
            (&"AKIAIQQQQQQQQQQQABCD".to_owned(), owners(None, true), Verdict::Unknown),
        ];
        for (id, owners, verdict) in table {
            let found = told(&format!("id = {id}\n"), &owners);
            assert_eq!(found.iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [verdict], "{id}");
        }
    }

    #[test]
    fn one_finding_for_each_credential() {
        let (id, secret) = (keys::id("AKIA", ACCOUNT, 1), keys::secret(1));
        let text = format!("id={id}\nsecret_key={secret}\n\n\n\nlog {id}\n");
        let found = told(&text, &owners(Some(true), true));
        assert_eq!(found.iter().map(|finding| finding.places.len()).collect::<Vec<_>>(), [2]);
        assert_eq!(
            (found[0].severity, &found[0].secret),
            (Severity::Critical, &SecretState::Beside(Why::Together))
        );
        let again = told(&format!("{id}\n"), &Owners::default());
        assert_eq!(again[0].uid, found[0].uid, "a place changes no uid");
    }

    #[test]
    fn an_smtp_password_proves_its_secret_however_far_apart() {
        let id = keys::id("AKIA", ACCOUNT, 1);
        let (right, wrong) = (keys::secret(1), keys::secret(2));
        let password = crate::proof::smtp_password_for_tests(&right);
        let far = "some more text\n".repeat(300);
        for (secret, expected) in [(&right, SecretState::Proved), (&wrong, SecretState::SmtpPassword)] {
            let text =
                format!("SMTP_USER={id}\nSMTP_PASSWORD={password}\n{far}\naws_secret_access_key={secret}\n");
            let found = told(&text, &owners(Some(true), true));
            let key = found.iter().find(|finding| finding.name == id).unwrap();
            assert_eq!(key.secret, expected);
        }
    }
}
