//! The bastion (S0): people have users in one account, where they may enrol an MFA device and, with MFA, assume roles elsewhere.
//!
//! * [`file`](Bastion::parse): a short TOML says who may become what, where.
//! * [`Target`]: what that comes to in AWS: documents, group, members, roles, boundaries. A function of the file and of what
//!   the estate tells of the users' paths.
//! * [`differences`]: where an estate is not so, each with the changes that make it so.
//! * [`promises`]: what holds of an estate over *all* requests, proved by `kagimori_policy::compare`, or a request that breaks it.
//! * [`terraform`] and [`cloudformation`]: the same target as text.
//!
//! # How the roles are trusted
//!
//! A trust policy names the bastion *account* and asks for the ARNs of the people in `aws:PrincipalArn`. Users as principals would
//! do the same, but AWS turns each into its unique id when the policy is saved and refuses every later edit once one of them is
//! deleted (IAM User Guide, `reference_policies_elements_principal`); and a group cannot be a principal at all. The account
//! as principal also leaves the second lock in place: across accounts a user's own policies have to allow the call, too, so that
//! whoever leaves the group is out of every role at once. Where the ARNs do not fit into a trust policy
//! (2,048 characters), it asks for any user of the account; who may then come in is what the policies of the bastion account say,
//! and the promises are decided over everybody in it. Tags are not used: whoever may tag users or pass session tags would decide.

mod cloudformation;
mod differences;
mod documents;
mod file;
mod promises;
mod spread;
mod target;
mod terraform;
#[cfg(test)]
mod tests;
mod trust;

pub use cloudformation::cloudformation;
pub use differences::{Difference, Differences, Unknown, differences};
pub use file::{Bastion, FileError, RoleWish, Users};
pub use promises::{Breach, Held, Promise, Promised, promises};
pub use target::{Admission, Target, TargetError, TargetRole};
pub use terraform::terraform;
