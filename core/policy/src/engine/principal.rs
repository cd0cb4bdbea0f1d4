//! Principals of resource policies, sorted by what they name.

use crate::document::{Effect, PrincipalElement, PrincipalKind, Principals, Statement};
use crate::engine::bind::Bound;
use crate::engine::truth::Truth;
use crate::policies::Layer;
use crate::request::{Fact, Principal};
use kagimori_id::ArnParts;

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug)]
pub(super) struct CompiledPrincipals {
    negated: bool,
    effect: Effect,
    entries: Box<[Entry]>,
}

#[derive(Clone, Debug)]
enum Entry {
    Everyone,
    /// By its id or the ARN of its root.
    Account(Box<str>),
    /// A role, by its ARN, account and name.
    Role {
        arn: Box<str>,
        account: Box<str>,
        name: Box<str>,
    },
    /// A session of a role, by its ARN, account and the role's name.
    Session {
        arn: Box<str>,
        account: Box<str>,
        role: Box<str>,
    },
    Arn(Box<str>),
    UserId(Box<str>),
    RoleId(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    /// Who that is, no policy tells.
    Opaque,
}

/// How a statement names the caller, by what its grant needs besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    /// The caller itself, or everybody: nothing else.
    pub(super) direct: Truth,
    /// Its role, or its user: the limits of the session and the boundary.
    pub(super) owner: Truth,
    /// Its account: an identity policy too.
    pub(super) account: Truth,
}

impl Named {
    const NOT: Self = Self { direct: Truth::False, owner: Truth::False, account: Truth::False };

    pub(super) fn any(self) -> Truth {
        self.direct.or(self.owner).or(self.account)
    }
}

/// One entry against the caller.
enum Match {
    No,
    Everyone,
    Direct(Truth),
    Owner(Truth),
    Account(Truth),
}

impl CompiledPrincipals {
    pub(super) fn compile(statement: &Statement) -> Option<Self> {
        let element = statement.principal.as_ref()?;
        let (principals, negated) = match element {
            PrincipalElement::Principal(principals) => (principals, false),
            PrincipalElement::NotPrincipal(principals) => (principals, true),
        };
        Some(Self { negated, effect: statement.effect, entries: entries(principals).into() })
    }

    pub(super) fn name(&self, request: &Bound<'_>, layer: Layer, has_boundary: bool) -> Named {
        if self.negated {
            let excluded = self.excluded(request, has_boundary);
            return Named { direct: excluded.negate(), ..Named::NOT };
        }
        let mut named = Named::NOT;
        for entry in &self.entries {
            match entry.matches(request) {
                Match::No => {}
                Match::Everyone => named.direct = Truth::True,
                Match::Direct(truth) => named.direct = named.direct.or(truth),
                Match::Owner(truth) => named.owner = named.owner.or(truth),
                Match::Account(truth) => named.account = named.account.or(truth),
            }
        }
        // In the policy of a gateway endpoint an account is its root user only.
        let is_gateway = matches!(request.service(), "s3" | "dynamodb");
        if layer == Layer::Endpoint && is_gateway {
            named.account = Truth::False;
        }
        named
    }

    /// When `NotPrincipal` leaves the caller out: with Deny all of its names must be listed.
    fn excluded(&self, request: &Bound<'_>, has_boundary: bool) -> Truth {
        let (mut everyone, mut named) = (Truth::False, Named::NOT);
        for entry in &self.entries {
            match entry.matches(request) {
                Match::No => {}
                Match::Everyone => everyone = Truth::True,
                Match::Direct(truth) => named.direct = named.direct.or(truth),
                Match::Owner(truth) => named.owner = named.owner.or(truth),
                Match::Account(truth) => named.account = named.account.or(truth),
            }
        }
        if self.effect == Effect::Allow {
            return everyone.or(named.any());
        }
        let itself = match &request.asked.principal {
            Principal::User { .. } | Principal::FederatedUser { .. } => named.direct.and(named.account),
            Principal::Role { .. } | Principal::Session { .. } => {
                named.direct.and(named.owner).and(named.account)
            }
            Principal::Root { .. }
            | Principal::Federated { .. }
            | Principal::Service { .. }
            | Principal::Anonymous => named.direct,
        };
        everyone.or(if has_boundary { Truth::False } else { itself })
    }
}

fn entries(principals: &Principals) -> Vec<Entry> {
    let Principals::Listed(kinds) = principals else { return vec![Entry::Everyone] };
    let mut entries = Vec::new();
    for (kind, names) in kinds {
        entries.extend(names.iter().map(|name| match kind {
            PrincipalKind::Aws => Entry::aws(name),
            PrincipalKind::Service => Entry::Service(name.as_str().into()),
            PrincipalKind::Federated => Entry::Federated(name.as_str().into()),
            PrincipalKind::CanonicalUser | PrincipalKind::Other(_) => Entry::Opaque,
        }));
    }
    entries
}

impl Entry {
    fn aws(name: &str) -> Self {
        let Some(arn) = ArnParts::parse(name) else {
            return match name {
                "*" => Self::Everyone,
                _ if name.starts_with("AIDA") => Self::UserId(name.into()),
                _ if name.starts_with("AROA") => Self::RoleId(name.into()),
                _ => Self::Account(name.into()),
            };
        };
        match (arn.service, arn.resource.rsplit_once('/')) {
            ("iam", None) if arn.resource == "root" => Self::Account(arn.account.into()),
            ("iam", Some((_, role))) if arn.resource.starts_with("role/") => {
                Self::Role { arn: name.into(), account: arn.account.into(), name: role.into() }
            }
            _ => match Principal::parse(name) {
                Ok(Principal::Session { account, role, arn }) => {
                    Self::Session { arn: arn.into(), account: account.into(), role: role.into() }
                }
                _ => Self::Arn(name.into()),
            },
        }
    }

    fn matches(&self, request: &Bound<'_>) -> Match {
        let caller = &request.asked.principal;
        match self {
            Self::Everyone => Match::Everyone,
            Self::Account(account) if caller.account() == Some(account) => match caller {
                Principal::Root { .. } => Match::Direct(Truth::True),
                _ => Match::Account(Truth::True),
            },
            Self::Role { arn, account, name } => {
                let is_own = match caller {
                    Principal::Role { arn: own, .. } => **arn == **own,
                    Principal::Session { account: own, role, .. } => **account == **own && **name == **role,
                    _ => false,
                };
                if is_own { Match::Owner(Truth::True) } else { Match::No }
            }
            Self::Session { arn, account, role } => match caller {
                Principal::Session { arn: own, .. } if **arn == **own => Match::Direct(Truth::True),
                // A role is a session whose name is not known.
                Principal::Role { account: own, .. }
                    if **account == **own && caller.role_name() == Some(role) =>
                {
                    Match::Direct(Truth::Unknown)
                }
                _ => Match::No,
            },
            Self::Arn(arn) => match caller {
                Principal::User { arn: own, .. } | Principal::FederatedUser { arn: own, .. }
                    if **arn == **own =>
                {
                    Match::Direct(Truth::True)
                }
                _ if request.owner.as_deref() == Some(arn) => Match::Owner(Truth::True),
                _ => Match::No,
            },
            Self::UserId(id) if matches!(caller, Principal::User { .. }) => {
                Match::Direct(has_id(request, id))
            }
            Self::RoleId(id) if caller.role_name().is_some() => Match::Owner(has_id(request, id)),
            Self::Service(name) => match caller {
                Principal::Service { name: own } if **name == **own => Match::Direct(Truth::True),
                _ => Match::No,
            },
            Self::Federated(provider) => match caller {
                Principal::Federated { provider: own } if **provider == **own => Match::Direct(Truth::True),
                _ => Match::No,
            },
            Self::Opaque if caller.account().is_some() => Match::Account(Truth::Unknown),
            Self::Account(_) | Self::UserId(_) | Self::RoleId(_) | Self::Opaque => Match::No,
        }
    }
}

/// The unique id of the caller is in `aws:userid`; a session's is followed by its name.
fn has_id(request: &Bound<'_>, wanted: &str) -> Truth {
    match request.fact_by_name("aws:userid") {
        Fact::One(id) => Truth::of(id.split(':').next() == Some(wanted)),
        Fact::Absent | Fact::Many(_) => Truth::False,
        Fact::Present | Fact::Unknown => Truth::Unknown,
    }
}
