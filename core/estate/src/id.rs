//! Identifiers with types: those of [`kagimori_id`], by the names that the estate's readers use.

pub use kagimori_id::{AccessKeyId, AccountId, Arn, IdError, UniqueId};
