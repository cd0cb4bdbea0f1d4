//! ARNs and patterns of them, in their six parts.

pub use kagimori_id::arn::{ArnParts as Arn, padded_parts};
