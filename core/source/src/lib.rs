//! What a program holds and needs, out of its bytes: pure, no file is opened here.
//!
//! * [`Scanner`]: the bytes of a file in, what they hold out ([`Holding`], [`Held`]): ids, the secrets beside them and why they are said to
//!   belong together, other credentials, each with its place and what it is written in.
//! * [`findings`]: one finding for each credential, joined with what is known of the company's keys ([`Owners`]).
//! * [`key_id`]: the ids of AWS, and the account that lies inside them.
//! * [`secret`]: what a secret access key looks like, as a value that cannot be printed.
//! * [`proof`]: whether a secret belongs to an id, told by a signature or a password that the same tree holds; no call is made.
//! * [`ir`] and [`needs`]: what a program says, whatever its language, and which permissions its calls of AWS's SDKs ask for.
//!
//! ```text
//! bytes ─► signs (anchor) ─► words (find, token, name, other; view: without escapes and seams) ─► pairs (scope, pair) ─► held
//!               ▲                 └─► texts inside (decode) ─┐
//!               └────────────────────────────────────────────┘
//! ```

mod anchor;
mod decode;
mod find;
pub mod finding;
pub mod held;
pub mod ir;
pub mod key_id;
mod name;
pub mod needs;
mod other;
mod pair;
pub mod proof;
mod scan;
mod scope;
pub mod secret;
mod sqlite;
mod token;
mod veil;
mod view;

pub use finding::{Finding, Owner, Owners, SecretState, Severity, Verdict, canaries, findings};
pub use held::{Beside, Claim, Held, Holding, Kind, Sealed, Signing, Why, Written};
pub use scan::Scanner;
pub use veil::Veil;
