//! Calls that intruders make: who am I, what is here, what may I do, and what they do next. (Stratus Red Team's and Prowler's lists
//! agree on these.)

/// What is here, and what may I do.
pub const ENUMERATION: [&str; 16] = [
    "ListUsers",
    "ListRoles",
    "ListAccessKeys",
    "GetAccountAuthorizationDetails",
    "ListGroups",
    "ListAttachedUserPolicies",
    "ListUserPolicies",
    "GetSendQuota",
    "ListIdentities",
    "DescribeInstances",
    "ListBuckets",
    "ListSecrets",
    "GetAccountSummary",
    "ListFunctions20150331",
    "DescribeRegions",
    "ListFoundationModels",
];

/// More permissions, for oneself or for later.
pub const ESCALATION: [&str; 10] = [
    "CreateAccessKey",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "AttachUserPolicy",
    "PutUserPolicy",
    "AttachRolePolicy",
    "PutRolePolicy",
    "CreateUser",
    "UpdateAssumeRolePolicy",
    "CreatePolicyVersion",
];

/// Models at somebody else's expense.
pub const MODEL_ABUSE: [&str; 5] = [
    "InvokeModel",
    "InvokeModelWithResponseStream",
    "PutFoundationModelEntitlement",
    "PutUseCaseForModelAccess",
    "ListFoundationModelAgreementOffers",
];

/// Whether a call asks what is here.
pub(crate) fn is_enumeration(service: &str, name: &str) -> bool {
    (service, name) == ("sts", "GetCallerIdentity") || ENUMERATION.contains(&name)
}

/// Whether a call asks who is who and who may do what.
pub(crate) fn is_about_identity(service: &str, name: &str) -> bool {
    matches!(service, "iam" | "sts" | "organizations") && is_enumeration(service, name)
}

/// Whether a call gives more permissions.
pub(crate) fn is_escalation(service: &str, name: &str) -> bool {
    service == "iam" && ESCALATION.contains(&name)
}

/// Whether a call uses models.
pub(crate) fn is_model_abuse(service: &str, name: &str) -> bool {
    service == "bedrock" && MODEL_ABUSE.contains(&name)
}
