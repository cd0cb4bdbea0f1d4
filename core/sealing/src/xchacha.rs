//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03 §2): HChaCha20 makes a key of the key and 16 bytes of the nonce, and ChaCha20-Poly1305
//! does the rest. The tests hold it against another library.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// Bytes of a nonce: long enough to be drawn at random.
pub(crate) const NONCE: usize = 24;

/// Encrypts in place and puts the tag at the end; `None`: too long.
pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; NONCE], aad: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    let (key, nonce) = inner(key, nonce)?;
    key.seal_in_place_append_tag(nonce, Aad::from(aad), bytes).ok()
}

/// Decrypts; `None`: another key, nonce or aad, or altered.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    aad: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (key, nonce) = inner(key, nonce)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(aad), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

fn inner(key: &[u8; 32], nonce: &[u8; NONCE]) -> Option<(LessSafeKey, Nonce)> {
    let (first, last) = nonce.split_first_chunk::<16>()?;
    let subkey = hchacha20(key, first);
    let mut short = [0; 12];
    short.last_chunk_mut::<8>()?.copy_from_slice(last);
    let key = UnboundKey::new(&CHACHA20_POLY1305, subkey.as_slice()).ok()?;
    Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(short)))
}

/// §2.2: the rounds of ChaCha20 over constants, key and nonce; of what comes out, the first and the last row.
fn hchacha20(key: &[u8; 32], nonce: &[u8; 16]) -> Zeroizing<[u8; 32]> {
    const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
    let mut state = Zeroizing::new([0_u32; 16]);
    let words =
        key.as_chunks::<4>().0.iter().chain(nonce.as_chunks::<4>().0).map(|word| u32::from_le_bytes(*word));
    for (place, word) in state.iter_mut().zip(CONSTANTS.into_iter().chain(words)) {
        *place = word;
    }
    for _ in 0..10 {
        let s = &mut *state;
        quarter(s, [0, 4, 8, 12]);
        quarter(s, [1, 5, 9, 13]);
        quarter(s, [2, 6, 10, 14]);
        quarter(s, [3, 7, 11, 15]);
        quarter(s, [0, 5, 10, 15]);
        quarter(s, [1, 6, 11, 12]);
        quarter(s, [2, 7, 8, 13]);
        quarter(s, [3, 4, 9, 14]);
    }
    let mut out = Zeroizing::new([0; 32]);
    let rows = state.iter().take(4).chain(state.iter().skip(12));
    for (place, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(rows) {
        *place = word.to_le_bytes();
    }
    out
}

#[expect(clippy::indexing_slicing, reason = "the places are those of the eight calls, all below 16")]
#[expect(clippy::many_single_char_names, reason = "the names of RFC 8439 §2.1")]
fn quarter(s: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    s[a] = s[a].wrapping_add(s[b]);
    s[d] = (s[d] ^ s[a]).rotate_left(16);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_left(12);
    s[a] = s[a].wrapping_add(s[b]);
    s[d] = (s[d] ^ s[a]).rotate_left(8);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_left(7);
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::XChaCha20Poly1305;
    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    use proptest::prelude::*;

    use super::*;

    /// draft-irtf-cfrg-xchacha-03 §2.2.1.
    #[test]
    fn the_subkey_is_that_of_the_draft() {
        let key: [u8; 32] = std::array::from_fn(|at| at as u8);
        let nonce = [0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0, 0x31, 0x41, 0x59, 0x27];
        let subkey: String = hchacha20(&key, &nonce).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(subkey, "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc");
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_what_another_library_seals(
            key: [u8; 32], nonce: [u8; 24], aad in prop::collection::vec(any::<u8>(), 0..40), text in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let other = XChaCha20Poly1305::new(&key.into());
            let expected = other.encrypt(&nonce.into(), Payload { msg: &text, aad: &aad }).unwrap();
            let mut ours = text.clone();
            seal(&key, &nonce, &aad, &mut ours).unwrap();
            prop_assert_eq!(&ours, &expected);
            prop_assert_eq!(&*open(&key, &nonce, &aad, &ours).unwrap(), &text);
            ours[0] ^= 1;
            prop_assert!(open(&key, &nonce, &aad, &ours).is_none());
        }
    }
}
