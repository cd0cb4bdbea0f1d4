//! What are things called? The identifiers of AWS with types, in one place for every crate.
//!
//! * [`Arn`] is kept as written; [`ArnParts`] is the split that ARNs and patterns of ARNs share;
//! * [`partition`] knows which partition a Region belongs to;
//! * [`hex`] and [`nearest`] are how ids and names are shown to people.

pub mod account;
pub mod arn;
mod error;
pub mod hex;
pub mod key;
pub mod nearest;
pub mod partition;

pub use account::AccountId;
pub use arn::{Arn, ArnParts};
pub use error::IdError;
pub use hex::hex;
pub use key::{AccessKeyId, UniqueId};
pub use nearest::nearest;
pub use partition::partition;
