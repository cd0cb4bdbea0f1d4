//! Guardrails: what nobody may do, whoever grants it.
//!
//! * [`Template`]: a guard as data (`data/*.toml`): its purpose, its parameters, its policy with holes, and its *obligations*: what it
//!   must deny and what it must still allow, to whom.
//! * [`Guard`]: a template with its holes filled.
//! * [`prove`]: the obligations, decided by both evaluators for every principal of the estate that they are about, and for one that is
//!   made up where the estate has none; and two things over all requests: that nothing else is touched, and that whoever is exempt
//!   loses nothing.
//! * [`budget`]: how many policies of each kind are attached where, how large they are, which could be one.
//! * [`explain`]: what a policy that somebody else wrote denies, and to whom of the estate.
//!
//! A guard is proved alone, beside a policy that allows everything: what it denies is denied, whatever stands beside it. What it
//! would have broken in the past is replayed (`kagimori whatif --scp`), and not asked here.

mod budget;
mod cast;
mod explain;
mod fill;
mod obligation;
mod parameter;
mod policies;
mod proof;
mod template;
#[cfg(test)]
mod tests;

pub use budget::{Attached, Merge, Node, budget, nodes};
pub use explain::{Effect, Explained, Group, Row, explain};
pub use fill::Guard;
pub use obligation::{Broken, Obligation, Outcome};
pub use parameter::{GuardError, Kind as ParameterKind, Parameter, Settings};
pub use proof::{Everywhere, Proof, prove};
pub use template::{Case, Kind, Template, Words, template, templates};
