//! What a program holds and needs, out of its bytes: pure, no file is opened here.
//!
//! * [`key_id`]: the ids of AWS, and the account that lies inside them.
//! * [`secret`]: what a secret access key looks like, as a value that cannot be printed.
//! * [`proof`]: whether a secret belongs to an id, told by a signature or a password that the same tree holds; no call is made.

pub mod key_id;
pub mod proof;
pub mod secret;
