//! The people and the policy of the play desk.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kagimori_custody::{Faults, Key, KeyKind, KeyName, PersonId, Policy, PolicyFile};
use kagimori_passkey::SoftwareKey;
use kagimori_sealing::boxed::HolderKey;
use zeroize::Zeroizing;

use crate::dev::Dev;
use crate::random;

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
    let (mut keys, mut people) = (BTreeMap::new(), Vec::new());
    for (id, en, ja, role, role_ja) in CAST {
        let person = PersonId::parse(id).map_err(|error| error.to_string())?;
        let seed = random::bytes::<32>().map_err(|error| error.to_string())?;
        let software = SoftwareKey::from_seed(&seed).map_err(|error| error.to_string())?;
        let credential = URL_SAFE_NO_PAD.encode(random::bytes::<16>().map_err(|error| error.to_string())?);
        let known = file.people.get_mut(&person).ok_or("the policy lacks somebody")?;
        known.keys.push(key(id, &software, &credential)?);
        known.recipient = Some(recipient(&random::bytes::<32>().map_err(|error| error.to_string())?));
        keys.insert(person, (credential, software));
        people.push((id.to_owned(), (en.to_owned(), ja.to_owned()), (role.to_owned(), role_ja.to_owned())));
    }
    Policy::load(file.clone()).map_err(|faults: Faults| faults.to_string())?;
    Ok((Dev { people, keys }, file))
}

/// An age recipient (C2SP `age`): Bech32 (BIP 173) of the public half of an X25519 key.
fn recipient(secret: &[u8; 32]) -> String {
    let holder = HolderKey::from_bytes(Zeroizing::new(*secret));
    bech32("age", holder.public().as_bytes())
}

fn bech32(prefix: &str, bytes: &[u8; 32]) -> String {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let mut values = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = held << 8 & 0xfff | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            values.push(held >> bits & 31);
        }
    }
    values.push(held << (5 - bits) & 31);
    let expanded = prefix.bytes().map(|byte| u32::from(byte) >> 5).chain([0]);
    let expanded = expanded.chain(prefix.bytes().map(|byte| u32::from(byte) & 31));
    let sum = expanded.chain(values.iter().copied()).chain([0; 6]).fold(1_u32, |sum, value| {
        let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        let next = (sum & 0x01ff_ffff) << 5 ^ value;
        let used = generators.into_iter().enumerate().filter(|(place, _)| sum >> 25 >> place & 1 == 1);
        used.fold(next, |next, (_, generator)| next ^ generator)
    }) ^ 1;
    let check = (0..6).map(|place| sum >> (5 * (5 - place)) & 31);
    let letter =
        |value: u32| LETTERS.get(usize::try_from(value).unwrap_or(0)).copied().map_or('q', char::from);
    format!("{prefix}1{}", values.into_iter().chain(check).map(letter).collect::<String>())
}

fn key(person: &str, software: &SoftwareKey, credential: &str) -> Result<Key, String> {
    let name = KeyName::parse(&format!("{person}-software")).map_err(|error| error.to_string())?;
    let public = URL_SAFE_NO_PAD.encode(software.public().to_cose());
    Ok(Key { name, kind: KeyKind::Webauthn, public, credential: Some(credential.to_owned()) })
}

#[cfg(test)]
mod tests {
    use kagimori_sealing::boxed::PublicKey;

    #[test]
    fn the_play_policy_has_no_faults() {
        let (dev, file) = super::found().unwrap();
        assert_eq!(file.people.values().filter(|person| person.keys.len() == 1).count(), dev.people.len());
    }

    #[test]
    fn recipients_are_those_of_age() {
        for byte in [0, 7, 255] {
            let text = super::bech32("age", &[byte; 32]);
            assert_eq!(PublicKey::of_recipient(&text), Ok(PublicKey::from_bytes([byte; 32])), "{text}");
        }
    }
}
