//! AssumeRole: the caller's own policies and the role's trust policy, with what each of them sees.

use kagimori_policy::document::Document;
use kagimori_policy::request::{Context, Fact};

use super::super::state::{RoleSession, RoleState, SessionKind, SessionTag};
use super::{LEAST_SECONDS, check_token_size, issue, narrowing, pass_mfa};
use crate::fault::Fault;
use crate::limits::{
    Checks, EXTERNAL_ID, ROLE_ARN, SERIAL_NUMBER, SESSION_NAME, SOURCE_IDENTITY, TOKEN_CODE, whole,
};
use crate::message::Parameters;
use crate::world::authorise::Question;
use crate::world::call::add_request_tags;
use crate::world::{Call, World};
use crate::xml::Xml;

const MOST_SECONDS: i64 = 43_200;
const DEFAULT_SECONDS: i64 = 3600;
/// "Role chaining limits your AWS CLI or AWS API role session to a maximum of one hour" (`id_roles`).
const CHAINED_SECONDS: i64 = 3600;

/// The names under which a trust policy sees MFA when the caller's own policies do not.
const SEEN_BY_TRUST: [(&str, &str); 2] = [
    ("aws:MultiFactorAuthPresent", "fake:TrustSeesMultiFactorAuthPresent"),
    ("aws:MultiFactorAuthAge", "fake:TrustSeesMultiFactorAuthAge"),
];

pub(super) fn assume_role(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let parameters = call.parameters;
    let wanted = whole(parameters.get("DurationSeconds"))?;
    check(parameters, wanted)?;
    if call.caller.is_root() {
        return Err(Fault::root_assumes());
    }
    let has_code = pass_mfa(world, call)?;
    let asked = Asked::read(call)?;
    authorise(world, call, &asked, has_code)?;
    // Without a role there is no trust policy that could have allowed.
    let role = asked.role(world).ok_or_else(|| Fault::access_denied("Access denied"))?;
    let is_chained = call.caller.session().is_some_and(|session| session.kind.chains());
    let seconds = seconds(wanted, role.max_session_seconds, is_chained)?;
    let id = format!("{}:{}", role.id, asked.session_name);
    let policy = narrowing::session_policy(parameters, world.state.accounts.get(asked.account))?;
    let percent = narrowing::packed_percent(parameters, &asked.tags)?.map(|percent| percent.to_string());
    let session = asked.session(policy, is_chained);
    let user = Xml::new().leaf("AssumedRoleId", &id).leaf("Arn", &session.arn());
    let identity = session.source_identity.clone();
    let credentials = issue(world, call, seconds, SessionKind::Role(session))?;
    let result = Xml::new()
        .node("Credentials", &credentials)
        .node("AssumedRoleUser", &user)
        .maybe("PackedPolicySize", percent.as_deref())
        .maybe("SourceIdentity", identity.as_deref());
    Ok(Some(result))
}

fn check(parameters: &Parameters, wanted: Option<i64>) -> Result<(), Fault> {
    let mut checks = Checks::default();
    checks.required("roleArn", parameters.get("RoleArn"), &ROLE_ARN);
    checks.required("roleSessionName", parameters.get("RoleSessionName"), &SESSION_NAME);
    checks.number("durationSeconds", wanted, LEAST_SECONDS, MOST_SECONDS);
    checks.text("externalId", parameters.get("ExternalId"), &EXTERNAL_ID);
    checks.text("serialNumber", parameters.get("SerialNumber"), &SERIAL_NUMBER);
    checks.text("tokenCode", parameters.get("TokenCode"), &TOKEN_CODE);
    checks.text("sourceIdentity", parameters.get("SourceIdentity"), &SOURCE_IDENTITY);
    check_token_size(&mut checks, parameters)?;
    narrowing::check(&mut checks, parameters);
    checks.done()
}

/// What is asked for, apart from how long.
struct Asked<'a> {
    arn: &'a str,
    account: &'a str,
    /// The role's name, without its path.
    role_name: &'a str,
    session_name: &'a str,
    source_identity: Option<String>,
    tags: Vec<SessionTag>,
}

impl<'a> Asked<'a> {
    fn read(call: &'a Call<'_>) -> Result<Self, Fault> {
        let parameters = call.parameters;
        let arn = parameters.get("RoleArn").unwrap_or_default();
        let mut parts = arn.splitn(6, ':');
        let account = parts.nth(4).filter(|account| account.len() == 12);
        let role = parts.next().and_then(|resource| resource.strip_prefix("role/"));
        let (Some(account), Some(role)) = (account, role) else {
            return Err(Fault::validation(format!("{arn} is invalid")));
        };
        let caller = call.caller.role_session();
        let inherited = caller.map(|session| session.tags.as_slice()).unwrap_or_default();
        let given = parameters.get("SourceIdentity");
        let sticky = caller.and_then(|session| session.source_identity.clone());
        if sticky.as_deref().is_some_and(|sticky| given.is_some_and(|given| given != sticky)) {
            return Err(Fault::access_denied("The source identity of the calling session cannot be changed"));
        }
        Ok(Self {
            arn,
            account,
            role_name: role.rsplit('/').next().unwrap_or(role),
            session_name: parameters.get("RoleSessionName").unwrap_or_default(),
            source_identity: sticky.or(given.map(str::to_owned)),
            tags: narrowing::session_tags(parameters, inherited)?,
        })
    }

    /// The role, when there is one of this name and path.
    fn role<'w>(&self, world: &'w World) -> Option<&'w RoleState> {
        let role = world.state.accounts.get(self.account)?.roles.get(self.role_name)?;
        Some(role).filter(|role| role.arn == self.arn)
    }

    fn session(self, policy: Option<Document>, is_chained: bool) -> RoleSession {
        RoleSession {
            account: self.account.to_owned(),
            role: self.role_name.to_owned(),
            name: self.session_name.to_owned(),
            source_identity: self.source_identity,
            tags: self.tags,
            policy,
            is_chained,
        }
    }
}

/// AssumeRole itself, and the permissions to tag and to name the person, when that is done (`id_session-tags`,
/// `id_credentials_temp_control-access_monitor`): also when tags or source identity come along in a chain.
fn authorise(world: &World, call: &Call<'_>, asked: &Asked<'_>, has_code: bool) -> Result<(), Fault> {
    let (context, trust) = views(world, call, asked, has_code);
    let mut actions = vec!["sts:AssumeRole"];
    if !asked.tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if asked.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    for action in actions {
        let question = world.question(call, action, asked.arn.to_owned());
        let (context, trust) = (context.clone(), trust.clone());
        world.state.authorise(Question { account: asked.account, context, trust, ..question })?;
    }
    Ok(())
}

/// The request's keys, and the trust policy in terms of them.
///
/// A code passed with the call is seen by the trust policy. Whether the caller's own policies see it too is not documented
/// (and a setting); when they do not, the trust policy asks for the key under another name.
fn views(world: &World, call: &Call<'_>, asked: &Asked<'_>, has_code: bool) -> (Context, Option<Document>) {
    let mut context = request_keys(world, call, asked);
    let role = asked.role(world);
    for (key, value) in role.into_iter().flat_map(|role| &role.tags) {
        context.set(&format!("aws:ResourceTag/{key}"), Fact::One(value.clone()));
        context.set(&format!("iam:ResourceTag/{key}"), Fact::One(value.clone()));
    }
    let mut trust = role.map(|role| role.trust.clone());
    if has_code {
        for ((key, alias), value) in SEEN_BY_TRUST.into_iter().zip(["true", "0"]) {
            let name = if world.settings.identity_sees_code { key } else { alias };
            context.set(name, Fact::One(value.to_owned()));
            if let Some(document) = trust.as_mut().filter(|_| name == alias) {
                rename(document, key, alias);
            }
        }
    }
    (context, trust)
}

fn rename(document: &mut Document, key: &str, alias: &str) {
    let conditions = document.statements.iter_mut().flat_map(|statement| &mut statement.conditions);
    for condition in conditions.filter(|condition| condition.key.eq_ignore_ascii_case(key)) {
        alias.clone_into(&mut condition.key);
    }
}

fn request_keys(world: &World, call: &Call<'_>, asked: &Asked<'_>) -> Context {
    let parameters = call.parameters;
    let mut context = world.context(call).with("sts:RoleSessionName", asked.session_name);
    if let Some(id) = parameters.get("ExternalId") {
        context.set("sts:ExternalId", Fact::One(id.to_owned()));
    }
    if let Some(identity) = parameters.get("SourceIdentity") {
        context.set("sts:SourceIdentity", Fact::One(identity.to_owned()));
    }
    add_request_tags(&mut context, &parameters.tags());
    let transitive = parameters.list("TransitiveTagKeys");
    if !transitive.is_empty() {
        let keys = transitive.into_iter().map(str::to_owned).collect();
        context.set("sts:TransitiveTagKeys", Fact::Many(keys));
    }
    context
}

/// How long the session lives; the order of the two refusals is not documented.
fn seconds(wanted: Option<i64>, role_maximum: i64, is_chained: bool) -> Result<i64, Fault> {
    let seconds = wanted.unwrap_or(DEFAULT_SECONDS);
    if is_chained && seconds > CHAINED_SECONDS {
        return Err(Fault::chained_too_long());
    }
    if seconds > role_maximum {
        return Err(Fault::above_role_maximum());
    }
    Ok(seconds)
}
