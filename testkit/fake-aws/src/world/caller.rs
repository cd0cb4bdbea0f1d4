//! Who calls: from the signature of a request to a principal with its policies and condition keys.

use jiff::{SignedDuration, Timestamp};
use kagimori_policy::document::Document;
use kagimori_policy::policies::Policies;
use kagimori_policy::request::{Context, Fact, Principal};

use super::state::{
    AccountState, FederatedSession, Held, Owner, RoleSession, Session, SessionKind, SessionTag, State,
};
use crate::fault::Fault;
use crate::managed;
use crate::message::Request;
use crate::sigv4::Authorization;
use crate::xml;

/// STS refuses signatures that are older or newer; some services take five minutes only.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(15);

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) access_key_id: String,
    /// The region and service of the signature's scope.
    pub(crate) scope: (String, String),
    pub(crate) who: Who,
}

#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// A user or root with a long-term key.
    LongTerm(Owner),
    /// With temporary credentials.
    Temporary(Box<Session>),
}

impl State {
    /// Checks the signature of a request. `now` is the time of the world, `clock` that by which signatures are dated.
    pub(crate) fn authenticate(
        &self,
        request: &Request,
        now: Timestamp,
        clock: Timestamp,
    ) -> Result<Caller, Fault> {
        let authorization = Authorization::read(request)?;
        let token = request.header("x-amz-security-token");
        let (secret, who) = self.credentials(&authorization.access_key_id, token)?;
        if let Who::Temporary(session) = &who
            && now >= session.expires
        {
            return Err(Fault::expired_token());
        }
        if authorization.time.duration_since(clock).abs() > TOLERANCE {
            return Err(Fault::skewed(authorization.time, clock, TOLERANCE));
        }
        if !authorization.is_of(&secret, request) {
            return Err(Fault::wrong_signature());
        }
        let scope = (authorization.region, authorization.service);
        Ok(Caller { access_key_id: authorization.access_key_id, scope, who })
    }

    /// The secret of a key and whose it is.
    pub(crate) fn credentials(&self, id: &str, token: Option<&str>) -> Result<(String, Who), Fault> {
        if let Some(session) = self.sessions.get(id) {
            let is_known = token == Some(session.token.as_str()) && self.exists(&session.kind);
            let found = is_known.then(|| (session.secret.clone(), Who::Temporary(Box::new(session.clone()))));
            return found.ok_or_else(Fault::invalid_token);
        }
        match self.keys.get(id) {
            Some(key) if key.is_active && token.is_none() => {
                Ok((key.secret.clone(), Who::LongTerm(key.owner.clone())))
            }
            _ => Err(Fault::invalid_token()),
        }
    }

    /// Sessions end with the user or role they are of.
    fn exists(&self, kind: &SessionKind) -> bool {
        let of_owner = |owner: &Owner| {
            let account = self.accounts.get(&owner.account);
            account.is_some_and(|account| {
                owner.user.as_ref().is_none_or(|name| account.users.contains_key(name))
            })
        };
        match kind {
            SessionKind::Token { owner, .. } => of_owner(owner),
            SessionKind::Federated(session) => of_owner(&session.owner),
            SessionKind::Role(session) => self
                .accounts
                .get(&session.account)
                .is_some_and(|account| account.roles.contains_key(&session.role)),
        }
    }

    /// The caller as the policy engine knows it.
    pub(crate) fn principal(&self, caller: &Caller) -> Principal {
        match &caller.who {
            Who::LongTerm(owner) => self.owner(owner),
            Who::Temporary(session) => match &session.kind {
                SessionKind::Token { owner, .. } => self.owner(owner),
                SessionKind::Role(session) => Principal::Session {
                    account: session.account.clone(),
                    role: session.role.clone(),
                    arn: session.arn(),
                },
                SessionKind::Federated(session) => {
                    Principal::FederatedUser { account: session.owner.account.clone(), arn: session.arn() }
                }
            },
        }
    }

    fn owner(&self, owner: &Owner) -> Principal {
        let account = owner.account.clone();
        let user = owner.user.as_ref().and_then(|name| self.accounts.get(&account)?.users.get(name));
        match user {
            Some(user) => Principal::User { account, arn: user.arn.clone() },
            None => {
                let arn = format!("arn:aws:iam::{account}:root");
                Principal::Root { account, arn }
            }
        }
    }

    /// The unique id: `AIDA…`, `AROA…:session`, the account of a root user, `<account>:<name>` of a federated user.
    pub(crate) fn user_id(&self, caller: &Caller) -> String {
        let of_owner = |owner: &Owner| {
            let account = self.accounts.get(&owner.account);
            let user = owner.user.as_ref().and_then(|name| account?.users.get(name));
            user.map_or_else(|| owner.account.clone(), |user| user.id.clone())
        };
        match &caller.who {
            Who::LongTerm(owner) => of_owner(owner),
            Who::Temporary(session) => match &session.kind {
                SessionKind::Token { owner, .. } => of_owner(owner),
                SessionKind::Federated(session) => session.id(),
                SessionKind::Role(session) => {
                    let role = self
                        .accounts
                        .get(&session.account)
                        .and_then(|account| account.roles.get(&session.role));
                    format!("{}:{}", role.map_or("", |role| &role.id), session.name)
                }
            },
        }
    }

    /// The policies in effect for a caller; those of the resource are the call's own.
    pub(crate) fn policies(&self, caller: &Caller) -> Policies {
        let mut policies = Policies::default();
        let Some(account) = self.accounts.get(caller.account()) else { return policies };
        policies.service_control.clone_from(&account.service_control);
        let (held, session) = match caller.role_session() {
            Some(session) => {
                (account.roles.get(&session.role).map(|role| role.held.clone()), session.policy.clone())
            }
            None => {
                let policy = caller.federated().and_then(|session| session.policy.clone());
                (caller.user_name().and_then(|name| account.held_by(name)), policy)
            }
        };
        let Held { documents, boundary } = held.unwrap_or_default();
        policies.identity = documents;
        // A federated user has the permissions of the user who asked for it; the root user has all.
        if caller.federated().is_some_and(|session| session.owner.user.is_none()) {
            policies.identity.extend(account.managed.get(managed::ADMINISTRATOR_ACCESS).cloned());
        }
        policies.boundary = boundary.into_iter().collect();
        policies.session = session;
        policies
    }

    /// What is known of a caller whatever it calls.
    pub(crate) fn context(&self, caller: &Caller, now: Timestamp, source_ip: &str) -> Context {
        let mut context = Context::complete()
            .with("aws:CurrentTime", &xml::iso(now))
            .with("aws:EpochTime", &now.as_second().to_string())
            .with("aws:SourceIp", source_ip)
            // The loopback stands for TLS: the conditions of policies are those of AWS, not of the fake.
            .with("aws:SecureTransport", "true")
            .with("aws:RequestedRegion", &caller.scope.0)
            .with("aws:ViaAWSService", "false")
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:PrincipalAccount", caller.account())
            .with("aws:userid", &self.user_id(caller))
            .with("aws:PrincipalType", caller.principal_type())
            .with("aws:PrincipalArn", &self.principal_arn(caller));
        if let Some(name) = caller.user_name().filter(|_| caller.federated().is_none()) {
            context.set("aws:username", Fact::One(name.to_owned()));
        }
        if let Who::Temporary(session) = &caller.who {
            context.set("aws:TokenIssueTime", Fact::One(xml::iso(session.issued)));
            session.add_mfa(&mut context, now);
        }
        for (key, value) in self.principal_tags(caller) {
            context.set(&format!("aws:PrincipalTag/{key}"), Fact::One(value));
        }
        if let Some(identity) = caller.role_session().and_then(|session| session.source_identity.as_ref()) {
            context.set("aws:SourceIdentity", Fact::One(identity.clone()));
        }
        context
    }

    /// For a session the ARN of its role, as `aws:PrincipalArn` has it.
    fn principal_arn(&self, caller: &Caller) -> String {
        let role = caller
            .role_session()
            .and_then(|session| self.accounts.get(&session.account)?.roles.get(&session.role));
        match role {
            Some(role) => role.arn.clone(),
            None => self.principal(caller).arn().unwrap_or_default().to_owned(),
        }
    }

    /// Tags of the user or role; those of the session come over them (IAM User Guide, `id_session-tags`).
    fn principal_tags(&self, caller: &Caller) -> Vec<(String, String)> {
        let account = self.accounts.get(caller.account());
        let own = match caller.role_session() {
            Some(session) => account.and_then(|account| Some(account.roles.get(&session.role)?.tags.clone())),
            None => caller.user_name().and_then(|name| Some(account?.users.get(name)?.tags.clone())),
        };
        let of_session = caller.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone()));
        own.unwrap_or_default().into_iter().chain(of_session).collect()
    }
}

impl AccountState {
    /// The policies of a user and of its groups.
    fn held_by(&self, name: &str) -> Option<Held> {
        let user = self.users.get(name)?;
        let of_groups = user.groups.iter().filter_map(|group| self.groups.get(group));
        let mut held = user.held.clone();
        held.documents.extend(of_groups.flat_map(|group| group.documents.iter().cloned()));
        Some(held)
    }
}

impl Session {
    /// Sessions of GetSessionToken say whether a code was taken; in those of roles there is none, whatever was passed when
    /// the role was assumed (aws-sdk-java-v2#2554); federated ones do not carry it.
    fn add_mfa(&self, context: &mut Context, now: Timestamp) {
        let present = match &self.kind {
            SessionKind::Token { mfa_at, .. } => mfa_at.is_some(),
            SessionKind::Role(_) => false,
            SessionKind::Federated(_) => return,
        };
        context.set("aws:MultiFactorAuthPresent", Fact::One(present.to_string()));
        if let SessionKind::Token { mfa_at: Some(time), .. } = &self.kind {
            let age = now.duration_since(*time).as_secs();
            context.set("aws:MultiFactorAuthAge", Fact::One(age.to_string()));
        }
    }
}

impl RoleSession {
    /// The path of the role is not in it.
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{}", self.account, self.role, self.name)
    }
}

impl FederatedSession {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:sts::{}:federated-user/{}", self.owner.account, self.name)
    }

    pub(crate) fn id(&self) -> String {
        format!("{}:{}", self.owner.account, self.name)
    }
}

impl Caller {
    pub(crate) fn account(&self) -> &str {
        match &self.who {
            Who::LongTerm(owner) => &owner.account,
            Who::Temporary(session) => match &session.kind {
                SessionKind::Token { owner, .. } => &owner.account,
                SessionKind::Role(session) => &session.account,
                SessionKind::Federated(session) => &session.owner.account,
            },
        }
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        match &self.who {
            Who::LongTerm(_) => None,
            Who::Temporary(session) => Some(session),
        }
    }

    pub(crate) fn role_session(&self) -> Option<&RoleSession> {
        match self.session().map(|session| &session.kind) {
            Some(SessionKind::Role(session)) => Some(session),
            _ => None,
        }
    }

    pub(crate) fn federated(&self) -> Option<&FederatedSession> {
        match self.session().map(|session| &session.kind) {
            Some(SessionKind::Federated(session)) => Some(session),
            _ => None,
        }
    }

    /// The user or root behind the credentials; roles have none.
    pub(crate) fn owner(&self) -> Option<&Owner> {
        match &self.who {
            Who::LongTerm(owner) => Some(owner),
            Who::Temporary(session) => match &session.kind {
                SessionKind::Token { owner, .. } => Some(owner),
                SessionKind::Federated(session) => Some(&session.owner),
                SessionKind::Role(_) => None,
            },
        }
    }

    pub(crate) fn user_name(&self) -> Option<&str> {
        self.owner()?.user.as_deref()
    }

    pub(crate) fn is_root(&self) -> bool {
        self.federated().is_none() && self.owner().is_some_and(|owner| owner.user.is_none())
    }

    /// Whether IAM takes the credentials at all (`id_credentials_temp_request`): not without MFA those of
    /// GetSessionToken, never those of GetFederationToken.
    pub(crate) fn may_call_iam(&self) -> bool {
        match self.session().map(|session| &session.kind) {
            None | Some(SessionKind::Role(_)) => true,
            Some(SessionKind::Token { mfa_at, .. }) => mfa_at.is_some(),
            Some(SessionKind::Federated(_)) => false,
        }
    }

    fn tags(&self) -> &[SessionTag] {
        match self.session().map(|session| &session.kind) {
            Some(SessionKind::Role(session)) => &session.tags,
            Some(SessionKind::Federated(session)) => &session.tags,
            _ => &[],
        }
    }

    /// The value of `aws:PrincipalType`.
    fn principal_type(&self) -> &'static str {
        match self.session().map(|session| &session.kind) {
            Some(SessionKind::Role(_)) => "AssumedRole",
            Some(SessionKind::Federated(_)) => "FederatedUser",
            _ if self.is_root() => "Account",
            _ => "User",
        }
    }
}

/// Several session policies are one that allows what any of them allows.
pub(crate) fn united(documents: Vec<Document>) -> Option<Document> {
    documents.into_iter().reduce(|mut all, document| {
        all.statements.extend(document.statements);
        all
    })
}

impl State {
    /// The account temporary credentials are of.
    pub(crate) fn account_of_session(&self, access_key_id: &str) -> Option<String> {
        let kind = &self.sessions.get(access_key_id)?.kind;
        Some(match kind {
            SessionKind::Token { owner, .. } => owner.account.clone(),
            SessionKind::Role(session) => session.account.clone(),
            SessionKind::Federated(session) => session.owner.account.clone(),
        })
    }
}
