//! The decision itself. The order of the layers is that of [`crate::reference`].

use crate::decision::Answer;
use crate::document::Effect;
use crate::engine::bind::Bound;
use crate::engine::principal::Named;
use crate::engine::truth::Truth;
use crate::engine::{Compiled, CompiledStatement, Stack};
use crate::policies::{Layer, StatementRef};
use crate::reference;
use crate::request::{Fact, Principal};
use crate::value;

impl Stack<'_> {
    /// Decides a request. Allocates only when the request's resource is a pattern.
    pub fn decide(&self, request: &Bound<'_>) -> Answer {
        if reference::needs_no_permission(&request.action, &request.asked.principal) {
            return match credential(request) {
                Truth::True => Answer::Allowed,
                Truth::False => Answer::ImplicitlyDenied(Layer::Credential),
                Truth::Unknown => Answer::Indeterminate,
            };
        }
        match Sums::of(self, request) {
            Err(denied) => Answer::ExplicitlyDenied(denied),
            Ok(sums) => sums.answer(),
        }
    }
}

/// What the layers say, summed up.
struct Sums {
    scene: Scene,
    /// Some layer denies; never true, that ends the search.
    deny: Truth,
    possible: Truth,
    credential: Truth,
    service_control: Truth,
    endpoint: Truth,
    not_public: Truth,
    identity: Truth,
    boundary: Truth,
    session: Truth,
    named: Named,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    SameAccount,
    SameAccountByPolicy,
    CrossAccount,
    ResourceOnly,
}

/// What one layer says so far.
struct Layered {
    allow: Truth,
    deny: Truth,
}

impl Sums {
    /// `Err`: the first statement that denies for sure.
    fn of(stack: &Stack<'_>, request: &Bound<'_>) -> Result<Self, StatementRef> {
        let missing = stack.missing;
        let of_account = request.asked.principal.account().is_some();
        let mut deny = Truth::False;
        let mut service_control = Truth::True;
        if of_account && !request.is_service_linked {
            for (level, policies) in stack.service_control.iter().enumerate() {
                let said = flat(stack, request, Layer::ServiceControl, level, policies)?;
                service_control = service_control.and(said.allow.or(unknown(missing.service_control)));
                deny = deny.or(said.deny);
            }
            deny = deny.or(unknown(missing.service_control));
        }
        if request.is_resource_controlled {
            for (level, policies) in stack.resource_control.iter().enumerate() {
                deny = deny.or(flat(stack, request, Layer::ResourceControl, level, policies)?.deny);
            }
            deny = deny.or(unknown(missing.resource_control));
        }
        let endpoint =
            limit(stack, request, Layer::Endpoint, stack.endpoint, missing.endpoint, false, &mut deny)?;
        // What belongs to a caller without account cannot be missing; what is given of it can still deny.
        let may_miss = |is_missing: bool| is_missing && of_account;
        if request.asked.principal == Principal::Anonymous {
            return Self::of_nobody(stack, request, deny, endpoint);
        }
        let said = flat(stack, request, Layer::Identity, 0, stack.identity)?;
        let missing_identity = unknown(may_miss(missing.identity));
        let mut identity = said.allow.or(missing_identity);
        deny = deny.or(said.deny).or(missing_identity);
        let named = resource(stack, request, &mut deny)?;
        let is_missing = may_miss(missing.boundary);
        let boundary = limit(stack, request, Layer::Boundary, stack.boundary, is_missing, false, &mut deny)?;
        // Without session policy a federated user may do nothing, a session of a role all that its role may.
        let needs_session = matches!(request.asked.principal, Principal::FederatedUser { .. });
        let is_missing = may_miss(missing.session);
        let policies = stack.session.as_slice();
        let session = limit(stack, request, Layer::Session, policies, is_missing, needs_session, &mut deny)?;
        if matches!(request.asked.principal, Principal::Root { .. }) {
            identity = Truth::True;
        }
        Ok(Self {
            scene: Scene::of(stack, request),
            deny,
            possible: Truth::of(!request.is_protected),
            credential: credential(request),
            service_control,
            endpoint,
            not_public: Truth::of(!is_kept_out(stack, request)),
            identity,
            boundary,
            session,
            named,
        })
    }

    /// An unsigned request: there is nobody who could have policies.
    fn of_nobody(
        stack: &Stack<'_>,
        request: &Bound<'_>,
        mut deny: Truth,
        endpoint: Truth,
    ) -> Result<Self, StatementRef> {
        let named = resource(stack, request, &mut deny)?;
        Ok(Self {
            scene: Scene::ResourceOnly,
            deny,
            possible: Truth::of(!request.is_protected),
            credential: Truth::True,
            service_control: Truth::True,
            endpoint,
            not_public: Truth::of(!is_kept_out(stack, request)),
            identity: Truth::False,
            boundary: Truth::True,
            session: Truth::True,
            named,
        })
    }

    fn answer(&self) -> Answer {
        let limits = [self.possible, self.credential, self.service_control, self.endpoint, self.not_public];
        let outer = Truth::all(limits.into_iter());
        match (self.granted(self.boundary, self.session).and(outer), self.deny) {
            (Truth::False, _) => Answer::ImplicitlyDenied(self.first_silent_layer()),
            (Truth::True, Truth::False) => Answer::Allowed,
            _ => Answer::Indeterminate,
        }
    }

    fn granted(&self, boundary: Truth, session: Truth) -> Truth {
        let limits = boundary.and(session);
        let identity = self.identity.and(limits);
        let Named { direct, owner, account } = self.named;
        match self.scene {
            Scene::SameAccount => identity.or(direct).or(owner.and(limits)),
            Scene::SameAccountByPolicy => direct.or(owner.and(limits)).or(account.and(identity)),
            Scene::CrossAccount => identity.and(self.named.any()),
            Scene::ResourceOnly => direct,
        }
    }

    fn first_silent_layer(&self) -> Layer {
        let outer = [
            (Layer::Aws, self.possible),
            (Layer::Credential, self.credential),
            (Layer::ServiceControl, self.service_control),
            (Layer::Endpoint, self.endpoint),
        ];
        if let Some((layer, _)) = outer.into_iter().find(|(_, truth)| *truth == Truth::False) {
            return layer;
        }
        let inner = [
            (Layer::BlockPublicAccess, self.boundary, self.session),
            (Layer::Boundary, Truth::True, self.session),
            (Layer::Session, self.boundary, Truth::True),
            (Layer::Boundary, Truth::True, Truth::True),
        ];
        let grants = |boundary, session| self.granted(boundary, session) != Truth::False;
        if let Some((layer, ..)) =
            inner.into_iter().find(|(_, boundary, session)| grants(*boundary, *session))
        {
            return layer;
        }
        let needs_resource = self.scene != Scene::SameAccount;
        if needs_resource && self.named.any() == Truth::False { Layer::Resource } else { Layer::Identity }
    }
}

impl Scene {
    fn of(stack: &Stack<'_>, request: &Bound<'_>) -> Self {
        match request.asked.principal.account() {
            None => Self::ResourceOnly,
            Some(account) if account != request.asked.resource_account => Self::CrossAccount,
            Some(_) if needs_resource_policy(stack, request) => Self::SameAccountByPolicy,
            Some(_) => Self::SameAccount,
        }
    }
}

/// Role trust policies and KMS key policies must allow by themselves.
fn needs_resource_policy(stack: &Stack<'_>, request: &Bound<'_>) -> bool {
    let action = request.action.as_str();
    let [.., resource] = &request.parts;
    let is_key = resource.starts_with("key/") || (resource.contains('*') && stack.resource.is_some());
    reference::is_of_trust(action) || (request.service() == "kms" && is_key && !request.asked.wildcard_only)
}

fn unknown(is_missing: bool) -> Truth {
    if is_missing { Truth::Unknown } else { Truth::False }
}

/// A layer that limits when it is there.
fn limit(
    stack: &Stack<'_>,
    request: &Bound<'_>,
    layer: Layer,
    policies: &[&Compiled],
    is_missing: bool,
    is_needed: bool,
    deny: &mut Truth,
) -> Result<Truth, StatementRef> {
    let said = flat(stack, request, layer, 0, policies)?;
    *deny = deny.or(said.deny).or(unknown(is_missing));
    let is_there = is_needed || is_missing || !policies.is_empty();
    Ok(if is_there { said.allow.or(unknown(is_missing)) } else { Truth::True })
}

/// The policies of one level of a layer, in which it does not matter how the caller is named.
fn flat(
    stack: &Stack<'_>,
    request: &Bound<'_>,
    layer: Layer,
    level: usize,
    policies: &[&Compiled],
) -> Result<Layered, StatementRef> {
    let mut said = Layered { allow: Truth::False, deny: Truth::False };
    for (policy, compiled) in policies.iter().enumerate() {
        for (number, statement) in compiled.statements.iter().enumerate() {
            if statement.effect == Effect::Allow && said.allow == Truth::True {
                continue;
            }
            let holds = statement.holds(stack, request, layer);
            if holds == Truth::False {
                continue;
            }
            let named = statement.named(stack, request, layer).any();
            match (statement.effect, holds.and(named)) {
                (Effect::Allow, truth) => said.allow = said.allow.or(truth),
                (Effect::Deny, Truth::True) => {
                    return Err(StatementRef { layer, level, policy, statement: number });
                }
                (Effect::Deny, truth) => said.deny = said.deny.or(truth),
            }
        }
    }
    Ok(said)
}

/// The resource's policy, by how it names the caller.
fn resource(stack: &Stack<'_>, request: &Bound<'_>, deny: &mut Truth) -> Result<Named, StatementRef> {
    let layer = Layer::Resource;
    let missing = unknown(stack.missing.resource);
    let mut sum = Named { direct: missing, owner: Truth::False, account: Truth::False };
    *deny = deny.or(missing);
    for (number, statement) in
        stack.resource.map_or(&[][..], |compiled| &compiled.statements).iter().enumerate()
    {
        if !statement.actions.hold(&request.action) {
            continue;
        }
        let named = statement.named(stack, request, layer);
        if named.any() == Truth::False {
            continue;
        }
        let holds = statement.holds(stack, request, layer);
        match statement.effect {
            Effect::Allow => {
                sum.direct = sum.direct.or(named.direct.and(holds));
                sum.owner = sum.owner.or(named.owner.and(holds));
                sum.account = sum.account.or(named.account.and(holds));
            }
            Effect::Deny if named.any().and(holds) == Truth::True => {
                return Err(StatementRef { layer, level: 0, policy: 0, statement: number });
            }
            Effect::Deny => *deny = deny.or(named.any().and(holds)),
        }
    }
    Ok(sum)
}

impl CompiledStatement {
    /// Action, resource, conditions; the cheapest first.
    fn holds(&self, stack: &Stack<'_>, request: &Bound<'_>, layer: Layer) -> Truth {
        if !self.actions.hold(&request.action) {
            return Truth::False;
        }
        let of_resource = matches!(layer, Layer::Resource | Layer::Endpoint);
        let resource =
            self.resources.as_ref().map_or(Truth::True, |resources| resources.hold(request, of_resource));
        if resource == Truth::False {
            return Truth::False;
        }
        let hides_tags = stack.s3.bucket_abac == Some(false);
        resource.and(Truth::all(self.conditions.iter().map(|condition| condition.holds(request, hides_tags))))
    }

    fn named(&self, stack: &Stack<'_>, request: &Bound<'_>, layer: Layer) -> Named {
        let direct = |truth: Truth| Named { direct: truth, owner: Truth::False, account: Truth::False };
        match &self.principals {
            Some(principals) => principals.name(request, layer, !stack.boundary.is_empty()),
            // An identity policy is about its owner; a resource policy without principal about nobody.
            None => direct(Truth::of(!matches!(layer, Layer::Resource | Layer::Endpoint))),
        }
    }
}

/// What the kind of credentials allows at all (`id_credentials_temp_request`).
fn credential(request: &Bound<'_>) -> Truth {
    let action = request.action.as_str();
    match &request.asked.principal {
        Principal::Root { .. } if action == "sts:assumerole" => Truth::False,
        Principal::User { .. } | Principal::Root { .. } => {
            let of_session_token = match request.service() {
                "iam" if is_assumed_root(request) => Truth::True,
                "iam" => {
                    known(request, "aws:multifactorauthpresent", |text| value::boolean(text) == Some(true))
                }
                "sts" => Truth::of(matches!(
                    action,
                    "sts:assumerole" | "sts:getcalleridentity" | "sts:tagsession" | "sts:setsourceidentity"
                )),
                _ => return Truth::True,
            };
            known(request, "aws:tokenissuetime", |_| true).negate().or(of_session_token)
        }
        Principal::Role { .. } | Principal::Session { .. } => {
            Truth::of(!matches!(action, "sts:getfederationtoken" | "sts:getsessiontoken"))
        }
        Principal::FederatedUser { .. } => Truth::of(!matches!(request.service(), "iam" | "sts")),
        Principal::Federated { .. } | Principal::Service { .. } | Principal::Anonymous => Truth::True,
    }
}

/// A session of a root user by STS `AssumeRoot`, as far as the request tells.
fn is_assumed_root(request: &Bound<'_>) -> bool {
    let is_root = matches!(request.asked.principal, Principal::Root { .. });
    is_root && known(request, "aws:assumedroot", |text| value::boolean(text) == Some(true)) == Truth::True
}

fn known(request: &Bound<'_>, key: &str, is_met: impl Fn(&str) -> bool) -> Truth {
    match request.fact_by_name(key) {
        Fact::Absent | Fact::Many(_) => Truth::False,
        Fact::One(text) => Truth::of(is_met(text)),
        Fact::Present | Fact::Unknown => Truth::Unknown,
    }
}

/// S3 Block Public Access keeps strangers out of buckets with a public policy.
fn is_kept_out(stack: &Stack<'_>, request: &Bound<'_>) -> bool {
    let is_insider = request.asked.principal.account() == Some(request.asked.resource_account.as_str())
        || matches!(request.asked.principal, Principal::Service { .. });
    stack.s3.restrict_public_buckets
        && request.is_s3
        && !is_insider
        && stack.resource.is_some_and(|policy| policy.is_public)
}
