//! A key that signs, and everything about its signature that may be wrong.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::*;

fn desk() -> RelyingParty {
    RelyingParty { id: "desk.example".to_owned(), origin: "https://desk.example".to_owned() }
}

fn key() -> SoftwareKey {
    SoftwareKey::from_seed(&[7; 32]).unwrap()
}

#[test]
fn a_key_signs_a_challenge_once_for_one_desk() {
    let (desk, key) = (desk(), key());
    let assertion = key.sign(&desk, b"approve");
    let verify = |assertion: &Assertion, party: &RelyingParty, challenge: &[u8]| {
        assertion.verify(party, &key.public(), challenge, 0).map(|verified| verified.counter)
    };
    assert_eq!(verify(&assertion, &desk, b"approve"), Ok(0));
    assert_eq!(verify(&assertion, &desk, b"deny"), Err(PasskeyError::Challenge));
    let elsewhere = RelyingParty { origin: "https://desk.example.evil".to_owned(), ..desk.clone() };
    assert_eq!(verify(&assertion, &elsewhere, b"approve"), Err(PasskeyError::Origin));
    let other = RelyingParty { id: "example".to_owned(), ..desk.clone() };
    assert_eq!(verify(&assertion, &other, b"approve"), Err(PasskeyError::RelyingParty));
    let stranger = SoftwareKey::from_seed(&[8; 32]).unwrap();
    assert_eq!(assertion.verify(&desk, &stranger.public(), b"approve", 0), Err(PasskeyError::Signature));
}

#[test]
fn every_flipped_bit_is_found() {
    let (desk, key) = (desk(), key());
    let assertion = key.sign(&desk, b"approve");
    for part in 0..3 {
        let length =
            [&assertion.client_data, &assertion.authenticator_data, &assertion.signature][part].len();
        for bit in 0..length * 8 {
            let mut changed = assertion.clone();
            let bytes = [&mut changed.client_data, &mut changed.authenticator_data, &mut changed.signature];
            bytes.into_iter().nth(part).unwrap()[bit / 8] ^= 1 << (bit % 8);
            assert!(changed.verify(&desk, &key.public(), b"approve", 0).is_err(), "part {part}, bit {bit}");
        }
    }
}

#[test]
fn flags_counter_and_frames_are_looked_at() {
    let (desk, key) = (desk(), key());
    let said = client_data(&desk, Ceremony::Get, b"x");
    let verify = |client: Vec<u8>, data: Vec<u8>, counter: u32| {
        key.signed(client, data).verify(&desk, &key.public(), b"x", counter).map(|verified| verified.counter)
    };
    let flags = |flags: u8| {
        let mut data = authenticator_data(&desk, 0, None);
        data[32] = flags;
        data
    };
    assert_eq!(verify(said.clone(), flags(1), 0), Err(PasskeyError::NotVerified));
    assert_eq!(verify(said.clone(), flags(4), 0), Err(PasskeyError::NotPresent));
    assert_eq!(verify(said.clone(), flags(5), 0), Ok(0));
    for (kept, sent, expected) in [
        (0, 0, Ok(0)),
        (0, 1, Ok(1)),
        (1, 2, Ok(2)),
        (2, 2, Err(PasskeyError::Counter)),
        (3, 2, Err(PasskeyError::Counter)),
        // A device that counted does not stop to.
        (3, 0, Err(PasskeyError::Counter)),
    ] {
        assert_eq!(
            verify(said.clone(), authenticator_data(&desk, sent, None), kept),
            expected,
            "{kept} {sent}"
        );
    }
    let text = String::from_utf8(said).unwrap();
    let framed = text.replace("\"crossOrigin\":false", "\"crossOrigin\":true").into_bytes();
    assert_eq!(verify(framed, flags(5), 0), Err(PasskeyError::Framed));
    let made = client_data(&desk, Ceremony::Create, b"x");
    assert_eq!(verify(made, flags(5), 0), Err(PasskeyError::Ceremony));
    assert_eq!(verify(b"{}".to_vec(), flags(5), 0), Err(PasskeyError::ClientData));
    assert_eq!(verify(text.into_bytes(), vec![0; 36], 0), Err(PasskeyError::AuthenticatorData));
}

/// A device's own kind of key: made, registered, and its signature verified.
#[expect(
    clippy::disallowed_methods,
    reason = "ECDSA cannot sign without randomness; what is verified does not hang on it"
)]
#[test]
fn an_es256_key_is_registered_and_signs() {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let public = PublicKey::Es256(*point[1..].first_chunk().unwrap(), *point[33..].first_chunk().unwrap());
    let desk = desk();
    let made = client_data(&desk, Ceremony::Create, b"new");
    let data = authenticator_data(&desk, 0, Some((b"name", &public)));
    let registered = register(&desk, b"new", &made, &data).unwrap();
    assert_eq!((registered.credential.as_slice(), registered.key), (b"name".as_slice(), public));
    for length in 0..data.len() {
        assert!(register(&desk, b"new", &made, &data[..length]).is_err(), "cut at {length}");
    }
    let client_data = client_data(&desk, Ceremony::Get, b"approve");
    let authenticator_data = authenticator_data(&desk, 5, None);
    let signed =
        [&authenticator_data, ring::digest::digest(&ring::digest::SHA256, &client_data).as_ref()].concat();
    let signature = pair.sign(&random, &signed).unwrap().as_ref().to_vec();
    let mut assertion = Assertion { client_data, authenticator_data, signature };
    assert_eq!(assertion.verify(&desk, &public, b"approve", 4).map(|verified| verified.counter), Ok(5));
    assertion.signature[10] ^= 1;
    assert_eq!(assertion.verify(&desk, &public, b"approve", 4), Err(PasskeyError::Signature));
}

#[test]
fn keys_are_texts() {
    for key in [PublicKey::Ed25519([3; 32]), PublicKey::Es256([1; 32], [2; 32])] {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    for text in ["", "es256", "es256:", "ed25519:AAAA", "rsa:AAAA", "es256:!"] {
        assert_eq!(text.parse::<PublicKey>(), Err(PasskeyError::KeyText), "{text}");
    }
}

#[test]
fn a_packed_assertion_is_whole() {
    let assertion = key().sign(&desk(), b"approve");
    let packed = assertion.packed().unwrap();
    assert_eq!(Assertion::unpacked(&packed), Ok(assertion.clone()));
    for length in 0..packed.len() {
        assert_eq!(Assertion::unpacked(&packed[..length]), Err(PasskeyError::Packed), "cut at {length}");
    }
    let longer = [packed.as_slice(), b"x"].concat();
    assert_eq!(Assertion::unpacked(&longer), Err(PasskeyError::Packed));
    let endless = Assertion { signature: vec![0; 65_536], ..assertion };
    assert_eq!(endless.packed(), None);
    for key in [PublicKey::Ed25519([3; 32]), PublicKey::Es256([1; 32], [2; 32])] {
        assert_eq!(PublicKey::of_cose(&key.to_cose()), Ok(key));
    }
}
