//! Who signed this? WebAuthn (W3C, Level 3) as the desk needs it: a person's key signs a challenge that says what is approved.
//!
//! No clock, no files, no network, no randomness: bytes in, a verdict out. Challenges are the caller's matter: what they are made of, and
//! that each is used once.
//!
//! * [`PublicKey`]: ES256 or Ed25519, as a text that can stand in a policy.
//! * [`register`]: what a browser brings when a key is made. Nothing is attested: whose a key is, a quorum decides.
//! * [`Assertion::verify`]: that the key signed this challenge, for this desk, with the person verified.
//! * [`SoftwareKey`]: a key without a device, for `dev`, for tests and for the command line.

mod client;
mod data;
mod error;
mod key;
mod software;
#[cfg(test)]
mod tests;

pub use client::{Ceremony, RelyingParty, client_data};
pub use data::{Registered, authenticator_data, register};
pub use error::PasskeyError;
pub use key::{Assertion, PublicKey, Verified};
pub use software::SoftwareKey;
