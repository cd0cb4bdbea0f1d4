//! What is kept, and how does it stay so? The secrets of a desk: seeds of TOTP, the shares of their keys, and boxes that one page opens.
//!
//! No clock, no files, no network, no randomness: what is random is an argument.
//!
//! * [`Seed`]: the secret of a second factor. It has no way out: nothing prints, copies or writes it; it makes codes, one for each step and
//!   grant, and is sealed.
//! * [`otpauth`]: how a seed comes in, once.
//! * [`shamir`]: a key in shares, byte for byte as Vault and OpenBao have them.
//! * [`SealedSeed`]: how a seed lies on a disk.
//! * [`Follower`]: the log of the desk, verified and folded by whoever does not believe the desk: what alone grants a code.
//! * [`record`]: a published log, read by whoever believes nobody.
//! * [`protocol`]: what the desk and its vault say to each other.
//! * [`boxed`]: boxes for one reader: a share for an approver, a share for the vault, a code for one open page.

pub mod boxed;
pub mod follow;
pub mod otpauth;
pub mod protocol;
pub mod record;
pub mod seal;
pub mod shamir;
pub mod totp;
mod xchacha;

pub use follow::Follower;
pub use seal::SealedSeed;
pub use totp::{Algorithm, Code, GrantProof, Seed};

use ring::hmac;
use zeroize::Zeroizing;

/// 32 random bytes that are used for one thing, and how many bytes it takes are drawn from them (HKDF's expansion, RFC 5869 §2.3).
pub struct Entropy {
    key: hmac::Key,
    block: Zeroizing<Vec<u8>>,
    count: u8,
    at: usize,
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}

impl Entropy {
    /// From random bytes that nothing else was made of.
    pub fn new(random: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, random), block: Zeroizing::default(), count: 0, at: 0 }
    }

    /// The next byte; `None` after 255 blocks, where the expansion ends.
    fn next(&mut self) -> Option<u8> {
        if self.at == self.block.len() {
            self.count = self.count.checked_add(1)?;
            let block = hmac::sign(
                &self.key,
                &[&self.block, b"kagimori/entropy/1".as_slice(), &[self.count]].concat(),
            );
            self.block = Zeroizing::new(block.as_ref().to_vec());
            self.at = 0;
        }
        let byte = self.block.get(self.at).copied();
        self.at = self.at.saturating_add(1);
        byte
    }

    /// Fills; `None` where there is not enough.
    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        bytes.iter_mut().try_for_each(|byte| {
            *byte = self.next()?;
            Some(())
        })
    }

    fn array<const N: usize>(&mut self) -> Option<Zeroizing<[u8; N]>> {
        let mut bytes = Zeroizing::new([0; N]);
        self.fill(bytes.as_mut_slice())?;
        Some(bytes)
    }
}
