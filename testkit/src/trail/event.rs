//! One call as CloudTrail writes it (CloudTrail User Guide, "CloudTrail record contents").

use serde_json::{Map, Value, json};

use crate::calendar::zulu;
use crate::model::{Account, Role, User};
use crate::random::Random;

/// Somebody who calls.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// A user with a long-term key.
    Key { arn: String, id: String, name: String, account: String, key: String },
    /// A user's session: console, or GetSessionToken with MFA.
    Session { arn: String, id: String, name: String, account: String, mfa: bool, console: bool },
    /// A role's session.
    Role { role_arn: String, role_id: String, role: String, account: String, session: String },
    /// Root, with a key or in the console.
    Root { account: String, key: Option<String> },
    /// A principal of another account, as the account of the called role sees it.
    Abroad { id: String, account: String },
    /// An AWS service by itself.
    Service { account: String, service: String },
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at: i64,
    /// When the session began, for callers that are sessions.
    pub(crate) since: i64,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) caller: Caller,
    pub(crate) address: String,
    pub(crate) agent: String,
    pub(crate) request: Value,
    pub(crate) response: Value,
    pub(crate) error: Option<(&'static str, String)>,
    pub(crate) read_only: bool,
    pub(crate) data: bool,
    pub(crate) endpoint: Option<&'static str>,
    pub(crate) shared: Option<String>,
    pub(crate) sign_in: Option<bool>,
}

impl Caller {
    /// A user's long-term key.
    pub(crate) fn key(account: &Account, user: &User, key: &str) -> Self {
        Self::Key {
            arn: account.user_arn(user),
            id: user.id.clone(),
            name: user.name.clone(),
            account: account.id.clone(),
            key: key.to_owned(),
        }
    }

    /// A user's session.
    pub(crate) fn session(account: &Account, user: &User, mfa: bool, console: bool) -> Self {
        Self::Session {
            arn: account.user_arn(user),
            id: user.id.clone(),
            name: user.name.clone(),
            account: account.id.clone(),
            mfa,
            console,
        }
    }

    /// A session of a role.
    pub(crate) fn role(account: &Account, role: &Role, session: &str) -> Self {
        Self::Role {
            role_arn: account.role_arn(role),
            role_id: role.id.clone(),
            role: role.name.clone(),
            account: account.id.clone(),
            session: session.to_owned(),
        }
    }

    /// The id of the temporary credentials of a session that began then; a long-term key's own id.
    pub(crate) fn key_id(&self, since: i64) -> String {
        let label = match self {
            Self::Key { key, .. } | Self::Root { key: Some(key), .. } => return key.clone(),
            Self::Session { arn, .. } => arn.clone(),
            Self::Role { role_arn, session, .. } => format!("{role_arn}/{session}"),
            Self::Root { account, .. } | Self::Abroad { account, .. } | Self::Service { account, .. } => {
                account.clone()
            }
        };
        format!("ASIASHIOSAI{}", Random::new(0, &format!("{label}/{since}")).base32(9))
    }

    /// Who signs in: no session yet, so no key.
    fn signing_in(&self) -> Value {
        match self {
            Self::Session { arn, id, name, account, .. } | Self::Key { arn, id, name, account, .. } => {
                json!({"type": "IAMUser", "principalId": id, "arn": arn, "accountId": account,
                "accessKeyId": "", "userName": name})
            }
            _ => self.root_identity(""),
        }
    }

    fn root_identity(&self, key: &str) -> Value {
        let (Self::Root { account, .. }
        | Self::Role { account, .. }
        | Self::Abroad { account, .. }
        | Self::Service { account, .. }
        | Self::Session { account, .. }
        | Self::Key { account, .. }) = self;
        json!({"type": "Root", "principalId": account, "arn": format!("arn:aws:iam::{account}:root"),
            "accountId": account, "accessKeyId": key})
    }

    fn identity(&self, since: i64) -> Value {
        match self {
            Self::Key { arn, id, name, account, key } => {
                json!({"type": "IAMUser", "principalId": id, "arn": arn,
                "accountId": account, "accessKeyId": key, "userName": name})
            }
            Self::Session { arn, id, name, account, mfa, .. } => {
                json!({"type": "IAMUser", "principalId": id, "arn": arn,
                "accountId": account, "accessKeyId": self.key_id(since), "userName": name,
                "sessionContext": {"sessionIssuer": {}, "webIdFederationData": {},
                    "attributes": {"creationDate": zulu(since), "mfaAuthenticated": mfa.to_string()}}})
            }
            Self::Role { role_arn, role_id, role, account, session } => json!({"type": "AssumedRole",
                "principalId": format!("{role_id}:{session}"),
                "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"), "accountId": account,
                "accessKeyId": self.key_id(since),
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": role_id, "arn": role_arn,
                    "accountId": account, "userName": role},
                    "attributes": {"creationDate": zulu(since), "mfaAuthenticated": "false"}}}),
            Self::Root { .. } => self.root_identity(&self.key_id(since)),
            Self::Abroad { id, account } => {
                json!({"type": "AWSAccount", "principalId": id, "accountId": account})
            }
            Self::Service { account, service } => {
                json!({"accountId": account, "invokedBy": format!("{service}.amazonaws.com")})
            }
        }
    }

    /// Whether it is a key of a user of that name.
    pub(crate) fn is_key_of(&self, user: &str) -> bool {
        matches!(self, Self::Key { name, .. } if name == user)
    }

    fn is_console(&self) -> bool {
        matches!(self, Self::Session { console: true, .. })
    }
}

impl Call {
    /// A call that succeeds and changes nothing, through no endpoint, as a management event.
    pub(crate) fn new(at: i64, caller: Caller, service: &str, name: &str) -> Self {
        let account = match &caller {
            Caller::Key { account, .. }
            | Caller::Session { account, .. }
            | Caller::Role { account, .. }
            | Caller::Root { account, .. }
            | Caller::Abroad { account, .. }
            | Caller::Service { account, .. } => account.clone(),
        };
        let reads = ["Get", "List", "Describe", "Head", "Assume", "Receive"];
        Self {
            at,
            since: at - at.rem_euclid(3600) - 600,
            account,
            region: if matches!(service, "iam" | "sts" | "signin") { "us-east-1" } else { "ap-northeast-1" }
                .to_owned(),
            service: service.to_owned(),
            name: name.to_owned(),
            caller,
            address: String::new(),
            agent: String::new(),
            request: Value::Null,
            response: Value::Null,
            error: None,
            read_only: reads.iter().any(|prefix| name.starts_with(prefix)),
            data: false,
            endpoint: None,
            shared: None,
            sign_in: None,
        }
    }

    /// From an address, with a user agent.
    pub(crate) fn from(mut self, address: &str, agent: &str) -> Self {
        address.clone_into(&mut self.address);
        agent.clone_into(&mut self.agent);
        self
    }

    /// In a region.
    pub(crate) fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// With request parameters.
    pub(crate) fn asking(mut self, request: Value) -> Self {
        self.request = request;
        self
    }

    /// Refused for lack of permission.
    pub(crate) fn denied(mut self) -> Self {
        let code = if self.service == "ec2" { "Client.UnauthorizedOperation" } else { "AccessDenied" };
        let who = match &self.caller {
            Caller::Key { arn, .. } | Caller::Session { arn, .. } => arn.clone(),
            Caller::Role { role_arn, .. } => role_arn.clone(),
            Caller::Root { account, .. }
            | Caller::Abroad { account, .. }
            | Caller::Service { account, .. } => account.clone(),
        };
        let action = format!("{}:{}", self.service, self.name);
        let text = format!(
            "User: {who} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
        );
        self.error = Some((code, text));
        self
    }

    /// The event.
    pub(crate) fn json(&self, random: &mut Random) -> String {
        let mut event = Map::new();
        let mut set = |key: &str, value: Value| {
            event.insert(key.to_owned(), value);
        };
        set("eventVersion", json!("1.11"));
        let identity =
            if self.sign_in.is_some() { self.caller.signing_in() } else { self.caller.identity(self.since) };
        set("userIdentity", identity);
        set("eventTime", json!(zulu(self.at)));
        set("eventSource", json!(format!("{}.amazonaws.com", self.service)));
        set("eventName", json!(self.name));
        set("awsRegion", json!(self.region));
        set("sourceIPAddress", json!(self.address));
        set("userAgent", json!(self.agent));
        if let Some((code, text)) = &self.error {
            set("errorCode", json!(code));
            set("errorMessage", json!(text));
        }
        // A failed sign-in has a message and no code.
        if self.sign_in.is_some()
            && self.response.get("ConsoleLogin").and_then(Value::as_str) == Some("Failure")
        {
            set("errorMessage", json!("Failed authentication"));
        }
        set("requestParameters", self.request.clone());
        set("responseElements", self.response.clone());
        set("requestID", json!(random.uuid()));
        set("eventID", json!(random.uuid()));
        set("readOnly", json!(self.read_only));
        set("eventType", json!(self.event_type()));
        set("managementEvent", json!(!self.data));
        set("recipientAccountId", json!(self.account));
        set("eventCategory", json!(if self.data { "Data" } else { "Management" }));
        if let Some(endpoint) = self.endpoint {
            set("vpcEndpointId", json!(endpoint));
        }
        if let Some(shared) = &self.shared {
            set("sharedEventID", json!(shared));
        }
        if self.caller.is_console() && self.sign_in.is_none() {
            set("sessionCredentialFromConsole", json!("true"));
        }
        if let Some(mfa) = self.sign_in {
            let used = if mfa { "Yes" } else { "No" };
            set(
                "additionalEventData",
                json!({"LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No", "MFAUsed": used}),
            );
        }
        Value::Object(event).to_string()
    }

    fn event_type(&self) -> &'static str {
        match (&self.caller, self.sign_in) {
            (Caller::Service { .. }, _) => "AwsServiceEvent",
            (_, Some(_)) => "AwsConsoleSignIn",
            _ => "AwsApiCall",
        }
    }
}
