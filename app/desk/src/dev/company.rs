//! The people and the policy of the play desk.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kagimori_custody::{Faults, Key, KeyKind, KeyName, PersonId, Policy, PolicyFile};
use kagimori_passkey::SoftwareKey;
use kagimori_sealing::boxed::HolderKey;
use zeroize::Zeroizing;

use crate::dev::Dev;
use crate::{random, recipient};

/// Id, name in English and Japanese, role in English and Japanese.
const CAST: [(&str, &str, &str, &str, &str); 5] = [
    (
        "keiko",
        "Keiko Shimizu",
        "清水 恵子",
        "asks; knows root's password",
        "申請者（root のパスワードを知る）",
    ),
    ("aoi", "Aoi Mori", "森 葵", "approves (security)", "承認者（セキュリティ）"),
    ("minato", "Minato Matsuda", "松田 湊", "approves (platform)", "承認者（基盤）"),
    ("riku", "Riku Ogawa", "小川 陸", "operates; custodian", "オペレーター（保管担当）"),
    ("tetsuo", "Tetsuo Ono", "大野 哲雄", "audits and reviews", "監査・レビュー担当"),
];

/// The policy of the play desk; `aoi` and `minato` sit in groups of their own, so that both have to say yes.
const POLICY: &str = include_str!("policy.toml");

/// The people with new keys, and the policy that names them.
///
/// # Errors
/// A sentence, when the machine gives no random bytes or the policy is not one.
pub(crate) fn found() -> Result<(Dev, PolicyFile), String> {
    let mut file: PolicyFile = toml::from_str(POLICY).map_err(|error| error.to_string())?;
    let (mut keys, mut shares, mut people) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (id, en, ja, role, role_ja) in CAST {
        let person = PersonId::parse(id).map_err(|error| error.to_string())?;
        let seed = random::bytes::<32>().map_err(|error| error.to_string())?;
        let software = SoftwareKey::from_seed(&seed).map_err(|error| error.to_string())?;
        let credential = URL_SAFE_NO_PAD.encode(random::bytes::<16>().map_err(|error| error.to_string())?);
        let known = file.people.get_mut(&person).ok_or("the policy lacks somebody")?;
        known.keys.push(key(id, &software, &credential)?);
        let secret = Zeroizing::new(random::bytes::<32>().map_err(|error| error.to_string())?);
        let holder = HolderKey::from_bytes(secret.clone());
        known.recipient = Some(recipient::text(holder.public().as_bytes()));
        shares.insert(person.clone(), secret);
        keys.insert(person, (credential, software));
        people.push((id.to_owned(), (en.to_owned(), ja.to_owned()), (role.to_owned(), role_ja.to_owned())));
    }
    Policy::load(file.clone()).map_err(|faults: Faults| faults.to_string())?;
    Ok((Dev { people, keys, shares }, file))
}

fn key(person: &str, software: &SoftwareKey, credential: &str) -> Result<Key, String> {
    let name = KeyName::parse(&format!("{person}-software")).map_err(|error| error.to_string())?;
    let public = URL_SAFE_NO_PAD.encode(software.public().to_cose());
    Ok(Key { name, kind: KeyKind::Webauthn, public, credential: Some(credential.to_owned()) })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_play_policy_has_no_faults() {
        let (dev, file) = super::found().unwrap();
        assert_eq!(file.people.values().filter(|person| person.keys.len() == 1).count(), dev.people.len());
    }
}
