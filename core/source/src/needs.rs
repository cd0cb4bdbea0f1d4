//! Which permissions a program's calls of AWS's SDKs ask for.
//!
//! The walk: units ([`crate::ir`]) → what each expression may be ([`flow`]) → which calls of an SDK that makes ([`sdk`]), by names of the
//! generated [`table`] → requests that are partly unknown → the permissions AWS would check, by the same map that reads CloudTrail
//! (`kagimori_trail::actions`).

mod calls;
mod flow;
pub mod policy;
mod program;
mod request;
mod sdk;
pub mod settings;
mod table;
mod value;

pub use calls::{Analysis, SourceCall, Told, Untold, analyse};
pub use request::{Need, Place};
pub use value::{Reason, Why};
