//! Who allows, layer by layer, and what a grant of each kind needs besides.
//!
//! `reference_policies_evaluation-logic`, `reference_policies_evaluation-logic-cross-account`.

use crate::document::Effect;
use crate::formula::{Atom, Formula};
use crate::policies::{Layer, Policies};
use crate::protected;
use crate::request::{Principal, Request};

use super::principal::Naming;
use super::statement::Applicable;
use super::{binds, credential, public, service_of};

/// What each layer allows.
#[derive(Clone, Debug)]
pub(super) struct Grants {
    scene: Scene,
    /// AWS lets somebody do it at all.
    possible: Formula,
    /// The kind of credentials can make the call.
    credential: Formula,
    /// Every level of SCPs allows.
    service_control: Formula,
    endpoint: Formula,
    /// Not kept out by S3 Block Public Access.
    not_public: Formula,
    identity: Formula,
    boundary: Formula,
    session: Formula,
    /// The resource's policy names the caller, or everybody.
    resource_direct: Formula,
    /// The resource's policy names the caller's role, or the user of a federated session.
    resource_owner: Formula,
    /// The resource's policy names the caller's account.
    resource_account: Formula,
}

/// Which of the procedures decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    /// Caller and resource are of one account: identity or resource policy.
    SameAccount,
    /// The same, but the resource's policy must take part: role trust policies and KMS key policies.
    SameAccountByPolicy,
    /// Both accounts must allow.
    CrossAccount,
    /// The caller has no identity policies: services, identity providers, nobody.
    ResourceOnly,
}

impl Grants {
    pub(super) fn sum_up(request: &Request, policies: &Policies, applicable: &[Applicable]) -> Self {
        let by = |layer: Layer, wanted: &dyn Fn(&Applicable) -> bool| {
            let allows = applicable
                .iter()
                .filter(|found| found.effect == Effect::Allow && found.place.layer == layer && wanted(found));
            Formula::any(allows.map(|found| found.holds.clone()))
        };
        let any = |layer: Layer| by(layer, &|_| true).or(missing(policies, layer));
        let named = |namings: &[Naming]| by(Layer::Resource, &|found| namings.contains(&found.naming));
        let is_missing = |layer: Layer| policies.missing.iter().any(|document| document.layer == layer);
        let limit = |layer: Layer, is_there: bool| {
            if is_there || is_missing(layer) { any(layer) } else { Formula::TRUE }
        };
        let levels = (0..policies.service_control.len()).map(|level| {
            by(Layer::ServiceControl, &|found| found.place.level == level)
                .or(missing(policies, Layer::ServiceControl))
        });
        // A federated user without session policy has no permissions; a role session without one has all of its role's.
        let needs_session = matches!(request.principal, Principal::FederatedUser { .. });
        Self {
            scene: Scene::of(request, policies),
            possible: Formula::Constant(!protected::is_protected(request)),
            credential: credential::permit(request),
            service_control: if binds(Layer::ServiceControl, request) {
                Formula::all(levels)
            } else {
                Formula::TRUE
            },
            endpoint: limit(Layer::Endpoint, !policies.endpoint.is_empty()),
            not_public: Formula::Constant(!public::blocks(request, policies)),
            identity: if is_root(request) { Formula::TRUE } else { any(Layer::Identity) },
            boundary: limit(Layer::Boundary, !policies.boundary.is_empty()),
            session: limit(Layer::Session, needs_session || policies.session.is_some()),
            resource_direct: named(&[Naming::Direct, Naming::EveryoneWithArn, Naming::Everyone])
                .or(missing(policies, Layer::Resource)),
            resource_owner: named(&[Naming::Owner]),
            resource_account: named(&[Naming::Account]),
        }
    }

    /// Everything that must allow, does.
    pub(super) fn allowed(&self) -> Formula {
        let limits = self.outer_limits().into_iter().map(|(_, formula)| formula);
        self.granted(&self.boundary, &self.session).and(Formula::all(limits))
    }

    /// What the identity's, the resource's and the session's policies grant, the boundary aside.
    pub(super) fn core(&self) -> Formula {
        self.granted(&Formula::TRUE, &self.session)
    }

    fn granted(&self, boundary: &Formula, session: &Formula) -> Formula {
        let limits = boundary.clone().and(session.clone());
        let identity = self.identity.clone().and(limits.clone());
        let direct = self.resource_direct.clone();
        let owner = self.resource_owner.clone();
        let account = self.resource_account.clone();
        match self.scene {
            Scene::SameAccount => Formula::any([identity, direct, owner.and(limits)]),
            Scene::SameAccountByPolicy => Formula::any([direct, owner.and(limits), account.and(identity)]),
            Scene::CrossAccount => identity.and(Formula::any([direct, owner, account])),
            Scene::ResourceOnly => direct,
        }
    }

    /// The limits that bind every grant, in the order they are looked at.
    fn outer_limits(&self) -> [(Layer, Formula); 5] {
        [
            (Layer::Aws, self.possible.clone()),
            (Layer::Credential, self.credential.clone()),
            (Layer::ServiceControl, self.service_control.clone()),
            (Layer::Endpoint, self.endpoint.clone()),
            (Layer::BlockPublicAccess, self.not_public.clone()),
        ]
    }

    /// The first layer without an allow; meant for requests that are implicitly denied.
    pub(super) fn first_silent_layer(&self) -> Layer {
        let is_silent = |formula: &Formula| formula.known() == Some(false);
        let outer = self.outer_limits().into_iter().find(|(_, formula)| is_silent(formula));
        if let Some((layer, _)) = outer.filter(|(layer, _)| *layer != Layer::BlockPublicAccess) {
            return layer;
        }
        let grants = |boundary: &Formula, session: &Formula| !is_silent(&self.granted(boundary, session));
        if grants(&self.boundary, &self.session) {
            Layer::BlockPublicAccess
        } else if grants(&Formula::TRUE, &self.session) {
            Layer::Boundary
        } else if grants(&self.boundary, &Formula::TRUE) {
            Layer::Session
        } else if grants(&Formula::TRUE, &Formula::TRUE) {
            Layer::Boundary
        } else {
            let by_resource = [&self.resource_direct, &self.resource_owner, &self.resource_account];
            let needs_resource = self.scene != Scene::SameAccount;
            if needs_resource && by_resource.into_iter().all(is_silent) {
                Layer::Resource
            } else {
                Layer::Identity
            }
        }
    }

    /// The limits that turn a grant into an implicit denial.
    pub(super) fn silent_limits(&self) -> Vec<Layer> {
        let is_silent = |formula: &Formula| formula.known() == Some(false);
        let outer =
            self.outer_limits().into_iter().filter(|(_, formula)| is_silent(formula)).map(|(layer, _)| layer);
        let boundary = is_silent(&self.granted(&self.boundary, &self.session)).then_some(Layer::Boundary);
        outer.chain(boundary).collect()
    }

    /// Whether a boundary or session policy is there that does not allow.
    pub(super) fn limits_are_silent(&self) -> bool {
        self.scene == Scene::SameAccount
            && [&self.boundary, &self.session].into_iter().any(|formula| formula.known() == Some(false))
    }
}

impl Scene {
    fn of(request: &Request, policies: &Policies) -> Self {
        match request.principal.account() {
            None => Self::ResourceOnly,
            Some(account) if account != request.resource_account => Self::CrossAccount,
            Some(_) if needs_resource_policy(request, policies) => Self::SameAccountByPolicy,
            Some(_) => Self::SameAccount,
        }
    }
}

/// Role trust policies and KMS key policies must allow by themselves (`reference_policies_evaluation-logic`, step 3;
/// KMS `key-policies`): without them not even the account's root user is in.
fn needs_resource_policy(request: &Request, policies: &Policies) -> bool {
    let action = request.action.to_ascii_lowercase();
    let resource = kagimori_id::arn::padded_parts(&request.resource)[5];
    let is_key = resource.starts_with("key/") || (resource.contains('*') && policies.resource.is_some());
    super::is_of_trust(&action) || (service_of(&action) == "kms" && is_key && !request.wildcard_only)
}

/// The account's root user may do everything by itself (`id_root-user`).
fn is_root(request: &Request) -> bool {
    matches!(request.principal, Principal::Root { .. })
}

fn missing(policies: &Policies, layer: Layer) -> Formula {
    let documents = policies.missing.iter().filter(|document| document.layer == layer);
    Formula::any(documents.map(|document| Formula::Atom(Atom::MissingAllows(document.clone()))))
}
