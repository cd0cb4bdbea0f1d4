//! The policy documents of a bastion.

use kagimori_policy::document::{
    ActionElement, Condition, ConditionValue, ConditionValues, Document, Effect, OneOrMany, PrincipalElement,
    PrincipalKind, Principals, ResourceElement, Statement, Version,
};

/// What one needs to enrol a first device and to sign in for the first time, done to oneself and to a device of one's own name.
/// Changing the password is part of it: a forced change comes before anything else, and asks for the old one (IAM User
/// Guide, `id_credentials_passwords_enable-user-change`).
const ENROL_SELF: [&str; 5] =
    ["iam:ChangePassword", "iam:EnableMFADevice", "iam:GetMFADevice", "iam:GetUser", "iam:ListMFADevices"];
const ENROL_DEVICE: [&str; 1] = ["iam:CreateVirtualMFADevice"];
/// Calls that name no resource, or a list of which nothing is secret.
const ENROL_ANYWHERE: [&str; 2] = ["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"];
/// What one does to oneself with MFA.
const CARE_SELF: [&str; 7] = [
    "iam:CreateAccessKey",
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:GetAccessKeyLastUsed",
    "iam:ListAccessKeys",
    "iam:ResyncMFADevice",
    "iam:UpdateAccessKey",
];
const CARE_DEVICE: [&str; 1] = ["iam:DeleteVirtualMFADevice"];
/// AWS asks no permission for these (`id_credentials_temp_control-access_getsessiontoken`; STS API Reference, `GetCallerIdentity`).
pub(super) const SESSION: [&str; 2] = ["sts:GetCallerIdentity", "sts:GetSessionToken"];
/// What a boundary keeps roles from: identities, permissions and accounts themselves, further roles, and who else may come in.
pub(super) const ABOVE: [&str; 9] = [
    "account-access:*",
    "account:*",
    "iam:*",
    "identitystore:*",
    "organizations:*",
    "sso-directory:*",
    "sso:*",
    "sts:AssumeRole*",
    "sts:AssumeRoot",
];

const MFA: &str = "aws:MultiFactorAuthPresent";
const WHO: &str = "aws:PrincipalArn";
/// The variable of a user's own name (`reference_policies_variables`).
pub(super) const NAME: &str = "${aws:username}";

/// Where a person's own things are: `arn:aws:iam::111122223333:user/people/`, for each path that people have, and
/// `arn:aws:iam::111122223333:mfa/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) users: Vec<String>,
    pub(super) devices: String,
}

impl Own {
    /// Oneself, however a policy writes it: names are unique in an account whatever their paths, and calls of IAM are about the own
    /// account, whatever account a pattern leaves open.
    pub(super) fn however_written(partition: &str) -> Self {
        let users = ["user/", "user/*/"].map(|path| format!("arn:{partition}:iam::*:{path}"));
        Self { users: users.into(), devices: format!("arn:{partition}:iam::*:mfa/") }
    }

    fn users(&self) -> Vec<String> {
        self.users.iter().map(|place| format!("{place}{NAME}")).collect()
    }

    fn devices(&self) -> Vec<String> {
        vec![format!("{}{NAME}", self.devices)]
    }
}

fn document(statements: Vec<Statement>) -> Document {
    Document { version: Some(Version::V2012), id: None, statements }
}

fn list<T: AsRef<str>>(texts: &[T]) -> OneOrMany {
    match texts {
        [only] => OneOrMany::One(only.as_ref().to_owned()),
        many => OneOrMany::Many(many.iter().map(|text| text.as_ref().to_owned()).collect()),
    }
}

fn allow<A: AsRef<str>, R: AsRef<str>>(sid: &str, actions: &[A], resources: &[R]) -> Statement {
    Statement {
        sid: Some(sid.to_owned()),
        effect: Effect::Allow,
        principal: None,
        action: ActionElement::Action(list(actions)),
        resource: Some(ResourceElement::Resource(list(resources))),
        conditions: Vec::new(),
    }
}

fn condition(operator: &str, key: &str, values: &[String]) -> Condition {
    let text = |value: &String| ConditionValue::Text(value.clone());
    let values = match values {
        [only] => ConditionValues::One(text(only)),
        many => ConditionValues::Many(many.iter().map(text).collect()),
    };
    Condition { operator: operator.to_owned(), key: key.to_owned(), values }
}

/// Holds only for sessions that were handed out with MFA: with a long-term key the key is absent, and `Bool` fails
/// (`id_credentials_mfa_configure-api-require`).
fn with_mfa() -> Condition {
    condition("Bool", MFA, &["true".to_owned()])
}

fn guarded(statement: Statement) -> Statement {
    Statement { conditions: vec![with_mfa()], ..statement }
}

/// What may be done without MFA.
fn enrolment(own: &Own) -> [Statement; 3] {
    [
        allow("EnrolYourself", &ENROL_SELF, &own.users()),
        allow("EnrolYourDevice", &ENROL_DEVICE, &own.devices()),
        allow("SeeWhatIsAsked", &ENROL_ANYWHERE, &["*"]),
    ]
}

/// What people may do to themselves with MFA.
fn care(own: &Own) -> [Statement; 2] {
    [
        guarded(allow("LookAfterYourself", &CARE_SELF, &own.users())),
        guarded(allow("LookAfterYourDevice", &CARE_DEVICE, &own.devices())),
    ]
}

/// The group's inline policy. The last statement holds whatever else a person is allowed: `BoolIfExists`, because with a long-term key
/// there is nothing to compare, and a `Bool` would not deny.
pub(super) fn group(own: &Own, roles: &[String]) -> Document {
    let mut spared: Vec<&str> = [&ENROL_SELF[..], &ENROL_DEVICE, &ENROL_ANYWHERE, &SESSION].concat();
    spared.sort_unstable();
    let deny = Statement {
        sid: Some("NothingElseWithoutMfa".to_owned()),
        effect: Effect::Deny,
        action: ActionElement::NotAction(list(&spared)),
        conditions: vec![condition("BoolIfExists", MFA, &["false".to_owned()])],
        ..allow("", &["*"], &["*"])
    };
    let leave = guarded(allow("LeaveForTheseRoles", &["sts:AssumeRole"], roles));
    let mut statements = enrolment(own).to_vec();
    statements.extend(care(own));
    statements.extend([leave, deny]);
    document(statements)
}

/// Whatever is done with MFA, and without it enrolment and sessions: what a person's policies have to lie in.
pub(super) fn without_mfa_at_most(own: &Own) -> Document {
    let mut statements = enrolment(own).to_vec();
    statements.push(allow("Sessions", &SESSION, &["*"]));
    statements.push(guarded(allow("Guarded", &["*"], &["*"])));
    document(statements)
}

/// Enrolment, sessions, care for oneself and the roles: what a person's policies have to lie in.
pub(super) fn at_most(own: &Own, roles: &[String]) -> Document {
    let mut statements = enrolment(own).to_vec();
    statements.push(allow("Sessions", &SESSION, &["*"]));
    statements.extend(care(own));
    statements.push(guarded(allow("Roles", &["sts:AssumeRole"], roles)));
    document(statements)
}

/// The boundary of the roles: everything but what is above them. Denied and not left out, because what another policy names a session
/// for goes past a boundary that merely does not allow it (`access_policies_boundaries`).
pub(super) fn boundary() -> Document {
    let above = Statement { effect: Effect::Deny, ..allow("NothingAbove", &ABOVE, &["*"]) };
    document(vec![allow("WhatItsPoliciesSay", &["*"], &["*"]), above])
}

/// What the policies of a role within its boundary have to lie in.
pub(super) fn below_iam() -> Document {
    document(vec![Statement {
        action: ActionElement::NotAction(list(&ABOVE)),
        ..allow("BelowIam", &["*"], &["*"])
    }])
}

/// The trust policy of the roles: the account as principal, and the ARNs of the people or a pattern of them as condition.
pub(super) fn trust(account_root: &str, operator: &str, who: &[String]) -> Document {
    let principals = Principals::Listed(vec![(PrincipalKind::Aws, vec![account_root.to_owned()])]);
    document(vec![Statement {
        sid: Some("PeopleOfTheBastion".to_owned()),
        effect: Effect::Allow,
        principal: Some(PrincipalElement::Principal(principals)),
        action: ActionElement::Action(list(&["sts:AssumeRole"])),
        resource: None,
        conditions: vec![with_mfa(), condition(operator, WHO, who)],
    }])
}

/// Who may come in at most, as conditions: what a trust policy, written as conditions, has to lie in.
pub(super) fn comes_in(operator: &str, who: &[String]) -> Document {
    let statement = allow("People", &["sts:AssumeRole"], &["*"]);
    document(vec![Statement { conditions: vec![with_mfa(), condition(operator, WHO, who)], ..statement }])
}

/// Everything: in place of a policy whose text is not known, where what follows must hold whatever it says.
pub(super) fn everything() -> Document {
    document(vec![allow("Anything", &["*"], &["*"])])
}
