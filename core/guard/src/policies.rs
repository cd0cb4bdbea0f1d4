//! Where a guard stands: beside policies that allow everything.

use kagimori_policy::decision::Answer;
use kagimori_policy::document::{Document, Effect};
use kagimori_policy::engine::{Compiled, Compiler, Stack};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::policies::{Level, Policies};
use kagimori_policy::reference;
use kagimori_policy::request::Request;

use crate::cast::Caller;
use crate::parameter::GuardError;
use crate::template::Kind;

/// Policies that allow everything, each in its grammar.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// As an identity policy, `FullAWSAccess` and `RCPFullAWSAccess`'s like.
    pub(crate) everything: Document,
    resource_control: Document,
    /// The resource's own policy.
    resource: Document,
    /// A role's trust policy.
    trust: Document,
}

impl Open {
    pub(crate) fn new() -> Result<Self, GuardError> {
        let read = |rest: &str| {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{rest}}}]}}"#);
            parse(&text, Strictness::Strict)
                .map_err(|error| GuardError::Internal { template: "open", what: error.to_string() })
        };
        Ok(Self {
            everything: read(r#""Action":"*","Resource":"*""#)?,
            resource_control: read(r#""Principal":"*","Action":"*","Resource":"*""#)?,
            resource: read(r#""Principal":"*","Action":"*","Resource":"*""#)?,
            trust: read(r#""Principal":{"AWS":"*","Federated":"*","Service":"*"},"Action":"*""#)?,
        })
    }

    /// What is in effect for calls, when this policy is attached above the account.
    fn around(&self, document: &Document, kind: Kind, is_of_management: bool, is_trust: bool) -> Policies {
        // A policy that allows something itself stands alone: beside `FullAWSAccess` what it leaves out would not show.
        let is_alone = document.statements.iter().any(|statement| statement.effect == Effect::Allow);
        let level = |open: &Document| {
            let beside = (!is_alone).then(|| open.clone());
            let policies = beside.into_iter().chain([document.clone()]).collect();
            vec![Level { id: "r-root".to_owned(), policies }]
        };
        let mut policies = Policies { identity: vec![self.everything.clone()], ..Policies::default() };
        if is_trust {
            policies.resource = Some(self.trust.clone());
        }
        match kind {
            // No SCP binds the management account, no RCP its resources (Organizations User Guide, `orgs_manage_policies_scps`).
            Kind::ServiceControl | Kind::ResourceControl if is_of_management => {}
            Kind::ServiceControl => policies.service_control = level(&self.everything),
            Kind::ResourceControl => {
                policies.resource_control = level(&self.resource_control);
                policies.resource.get_or_insert_with(|| self.resource.clone());
            }
            Kind::Boundary => policies.boundary = vec![document.clone()],
        }
        policies
    }
}

/// A policy where it stands, ready for many questions.
pub(crate) struct Bench {
    /// For calls in a member account and in the management account, of each those that a trust policy decides too.
    standings: [Standing; 4],
}

/// The policies of one kind of call, and the same compiled.
pub(crate) struct Standing {
    pub(crate) policies: Policies,
    compiler: Compiler,
    identity: Vec<Compiled>,
    service_control: Vec<Compiled>,
    resource_control: Vec<Compiled>,
    boundary: Vec<Compiled>,
    resource: Option<Compiled>,
}

impl Bench {
    pub(crate) fn new(document: &Document, kind: Kind, open: &Open) -> Self {
        let standing = |is_of_management, is_trust| {
            Standing::new(open.around(document, kind, is_of_management, is_trust))
        };
        Self {
            standings: [
                standing(false, false),
                standing(false, true),
                standing(true, false),
                standing(true, true),
            ],
        }
    }

    /// Where a call of a caller is decided.
    pub(crate) fn standing(&self, caller: &Caller, action: &str) -> &Standing {
        let [member, trusted, management, trusted_management] = &self.standings;
        match (caller.is_of_management, reference::is_of_trust(action)) {
            (false, false) => member,
            (false, true) => trusted,
            (true, false) => management,
            (true, true) => trusted_management,
        }
    }
}

impl Standing {
    fn new(policies: Policies) -> Self {
        let mut compiler = Compiler::default();
        let mut compile = |documents: &[Document]| -> Vec<Compiled> {
            documents.iter().map(|document| compiler.compile(document)).collect()
        };
        let of_level =
            |levels: &[Level]| levels.first().map(|level| level.policies.clone()).unwrap_or_default();
        let identity = compile(&policies.identity);
        let service_control = compile(&of_level(&policies.service_control));
        let resource_control = compile(&of_level(&policies.resource_control));
        let boundary = compile(&policies.boundary);
        let resource = compile(policies.resource.as_slice()).pop();
        Self { policies, compiler, identity, service_control, resource_control, boundary, resource }
    }

    pub(crate) fn decide(&self, request: &Request) -> Answer {
        fn each(compiled: &[Compiled]) -> Vec<&Compiled> {
            compiled.iter().collect()
        }
        let (service_control, resource_control) = (each(&self.service_control), each(&self.resource_control));
        let (service_control, resource_control) = (level(&service_control), level(&resource_control));
        let stack = Stack {
            identity: &each(&self.identity),
            service_control: &service_control,
            resource_control: &resource_control,
            boundary: &each(&self.boundary),
            resource: self.resource.as_ref(),
            ..Stack::default()
        };
        stack.decide(&self.compiler.bind(request))
    }
}

/// One level, or none where there is no policy.
fn level<'l, 'p>(policies: &'l [&'p Compiled]) -> Vec<&'l [&'p Compiled]> {
    if policies.is_empty() { Vec::new() } else { vec![policies] }
}
