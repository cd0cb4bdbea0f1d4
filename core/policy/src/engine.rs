//! The engine that serves: policies are compiled once, a request is bound once, a decision allocates nothing.
//!
//! It gives the same answers as [`crate::reference`], which is the readable one; property tests compare them. Ask the
//! reference for the whole explanation of one decision.
//!
//! ```
//! use kagimori_policy::engine::{Compiler, Stack};
//! use kagimori_policy::parse::{parse, Strictness};
//! use kagimori_policy::request::{Context, Principal, Request};
//! use kagimori_policy::decision::Answer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#;
//! let mut compiler = Compiler::default();
//! let policy = compiler.compile(&parse(text, Strictness::Strict)?);
//! let request = Request {
//!     principal: Principal::parse("arn:aws:iam::111122223333:user/bob")?,
//!     action: "s3:GetObject".into(),
//!     resource: "arn:aws:s3:::bucket/key".into(),
//!     resource_account: "111122223333".into(),
//!     wildcard_only: false,
//!     context: Context::complete(),
//! };
//! let request = compiler.bind(&request);
//! let stack = Stack { identity: &[&policy], ..Stack::default() };
//! assert_eq!(stack.decide(&request), Answer::Allowed);
//! # Ok(())
//! # }
//! ```

mod action;
mod bind;
mod condition;
mod decide;
mod once;
mod principal;
mod resource;
mod text;
mod truth;

use crate::document::{Document, Effect};
use crate::policies::S3Settings;
use crate::reference;
use crate::request::Request;

use action::Actions;
pub use bind::Bound;
use bind::Keys;
use condition::CompiledCondition;
pub use once::decide_once;
use principal::CompiledPrincipals;
use resource::Resources;

/// Compiles policies and binds requests. Policies and requests that meet must come from the same compiler, because they
/// share its numbering of condition keys.
#[derive(Clone, Debug, Default)]
pub struct Compiler {
    keys: Keys,
}

/// A compiled policy.
#[derive(Clone, Debug)]
pub struct Compiled {
    statements: Box<[CompiledStatement]>,
    /// S3 calls this bucket policy public.
    is_public: bool,
}

#[derive(Clone, Debug)]
struct CompiledStatement {
    effect: Effect,
    actions: Actions,
    resources: Option<Resources>,
    principals: Option<CompiledPrincipals>,
    conditions: Box<[CompiledCondition]>,
}

impl Compiled {
    /// Whether an Allow statement names an action, given in lower case. Without one the policy allows it to nobody: a
    /// question that is cheaper than a decision.
    pub fn names_action(&self, lower_case_action: &str) -> bool {
        let allows = self.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        allows.into_iter().any(|statement| statement.actions.hold(lower_case_action))
    }

    /// The places of the statements, of either effect, that name an action, given in lower case.
    pub fn statements_naming(&self, lower_case_action: &str) -> impl Iterator<Item = usize> {
        let naming = self.statements.iter().enumerate();
        naming.filter(move |(_, statement)| statement.actions.hold(lower_case_action)).map(|(place, _)| place)
    }
}

/// The compiled policies in effect for one principal and one resource; see [`crate::policies::Policies`].
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Stack<'a> {
    /// Identity policies.
    pub identity: &'a [&'a Compiled],
    /// SCPs by level, the root first.
    pub service_control: &'a [&'a [&'a Compiled]],
    /// RCPs by level.
    pub resource_control: &'a [&'a [&'a Compiled]],
    /// The resource's policy.
    pub resource: Option<&'a Compiled>,
    /// Permissions boundaries.
    pub boundary: &'a [&'a Compiled],
    /// The session policy.
    pub session: Option<&'a Compiled>,
    /// Endpoint policies.
    pub endpoint: &'a [&'a Compiled],
    /// Layers in which a policy is in effect that was not given.
    pub missing: Missing,
    /// S3 settings.
    pub s3: S3Settings,
}

/// The layers in which a policy is in effect whose text is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "one flag for each layer that has policies")]
pub struct Missing {
    /// An identity policy.
    pub identity: bool,
    /// An SCP.
    pub service_control: bool,
    /// An RCP.
    pub resource_control: bool,
    /// The resource's policy.
    pub resource: bool,
    /// The boundary.
    pub boundary: bool,
    /// The session policy.
    pub session: bool,
    /// The endpoint's policy.
    pub endpoint: bool,
}

impl Compiler {
    /// Compiles a policy.
    pub fn compile(&mut self, document: &Document) -> Compiled {
        let statements = document.statements.iter().map(|statement| CompiledStatement {
            effect: statement.effect,
            actions: Actions::compile(&statement.action),
            resources: statement
                .resource
                .as_ref()
                .map(|resource| Resources::compile(resource, document.version, statement.effect)),
            principals: CompiledPrincipals::compile(statement),
            conditions: statement
                .conditions
                .iter()
                .map(|condition| CompiledCondition::compile(condition, document.version, &mut self.keys))
                .collect(),
        });
        Compiled { statements: statements.collect(), is_public: reference::is_public(document) }
    }

    /// Makes a request ready.
    pub fn bind<'r>(&self, request: &'r Request) -> Bound<'r> {
        Bound::new(&self.keys, request)
    }
}
