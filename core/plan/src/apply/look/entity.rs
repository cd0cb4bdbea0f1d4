//! Looking at users, groups and roles themselves, at what only they have, and at all that one holds.

use kagimori_id::Arn;
use serde_json::{Map, Value, json};

use super::super::call::Call;
use super::super::document;
use super::super::state::State;
use super::{Answers, Reading, find, gone, id_of, is_there, kind_of, listed, member, named, with};

/// What a move that makes or deletes one touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum EntityLook {
    /// The user, group or role: what it was made with.
    Being { identity: Arn },
    /// The same, and what it holds besides, by kind.
    Whole { identity: Arn },
    /// The console password of a user.
    Password { user: Arn },
    /// An MFA device of a user.
    MfaDevice { user: Arn, serial: String },
    /// A virtual MFA device, whoever's it is.
    VirtualMfaDevice { user: Arn, serial: String },
    /// An SSH public key of a user: its text.
    SshPublicKey { user: Arn, id: String },
    /// The signing certificates of a user: how many, and the first of them.
    Certificates { user: Arn },
    /// A service-specific credential of a user.
    ServiceSpecific { user: Arn, id: String },
    /// A role in an instance profile.
    InstanceProfile { role: Arn, profile: String },
    /// An OpenID Connect provider: what it takes.
    OidcProvider { provider: Arn },
    /// A SAML provider: what it is made of.
    SamlProvider { provider: Arn },
    /// An audience of an OpenID Connect provider.
    Audience { provider: Arn, audience: String },
}

type Found<T> = Result<T, Box<Reading>>;

impl EntityLook {
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Being { identity } | Self::Whole { identity } => identity.to_string(),
            Self::Password { user }
            | Self::MfaDevice { user, .. }
            | Self::SshPublicKey { user, .. }
            | Self::Certificates { user }
            | Self::ServiceSpecific { user, .. } => user.to_string(),
            Self::VirtualMfaDevice { serial, .. } => serial.clone(),
            Self::InstanceProfile { role, .. } => role.to_string(),
            Self::OidcProvider { provider }
            | Self::SamlProvider { provider }
            | Self::Audience { provider, .. } => provider.to_string(),
        }
    }

    pub(super) fn state(&self, answers: &mut Answers<'_>) -> Found<State> {
        match self {
            Self::Being { identity } => {
                Ok(being(identity, answers)?.map_or(State::Absent, |held| State::Is(held.into())))
            }
            Self::Whole { identity } => {
                Ok(whole(identity, answers)?.map_or(State::Absent, |held| State::Is(held.into())))
            }
            Self::Password { user } => {
                let answer = answers.iam(Call::iam(user.account(), "GetLoginProfile", named(user)))?;
                Ok(is_there(answer))
            }
            Self::MfaDevice { user, serial } => {
                one_of(user, answers, "ListMFADevices", ("MFADevices", "SerialNumber", serial))
            }
            Self::VirtualMfaDevice { user, serial } => {
                let call = Call::iam(user.account(), "ListVirtualMFADevices", json!({}));
                let pages = answers.iam_pages(call)?.unwrap_or_default();
                Ok(is_there(find(&pages, "VirtualMFADevices", "SerialNumber", serial)))
            }
            Self::SshPublicKey { user, id } => ssh_public_key(user, id, answers),
            Self::Certificates { user } => certificates(user, answers),
            Self::ServiceSpecific { user, id } => one_of(
                user,
                answers,
                "ListServiceSpecificCredentials",
                ("ServiceSpecificCredentials", "ServiceSpecificCredentialId", id),
            ),
            Self::InstanceProfile { role, profile } => one_of(
                role,
                answers,
                "ListInstanceProfilesForRole",
                ("InstanceProfiles", "InstanceProfileName", profile),
            ),
            Self::OidcProvider { provider } => {
                Ok(oidc_provider(provider, answers)?.map_or(State::Absent, State::Is))
            }
            Self::SamlProvider { provider } => {
                Ok(saml_provider(provider, answers)?.map_or(State::Absent, State::Is))
            }
            Self::Audience { provider, audience } => Ok(match oidc_provider(provider, answers)? {
                None => gone(provider),
                Some(held) => {
                    let audiences = held.get("audiences").and_then(Value::as_array);
                    is_there(audiences.into_iter().flatten().find(|held| *held == audience))
                }
            }),
        }
    }
}

fn oidc_provider(provider: &Arn, answers: &mut Answers<'_>) -> Found<Option<Value>> {
    let input = json!({ "OpenIDConnectProviderArn": provider });
    let answer = answers.iam(Call::iam(provider.account(), "GetOpenIDConnectProvider", input))?;
    Ok(answer.map(|answer| {
        let sorted = |list: &str| {
            let all = answer.get(list).and_then(Value::as_array).into_iter().flatten();
            let mut all: Vec<&str> = all.filter_map(Value::as_str).collect();
            all.sort_unstable();
            json!(all)
        };
        let tag = |tag: &Value| Some((member(tag, "Key").as_str()?.to_owned(), member(tag, "Value")));
        let tags: Map<String, Value> = listed(&[answer], "Tags").filter_map(tag).collect();
        json!({ "audiences": sorted("ClientIDList"), "thumbprints": sorted("ThumbprintList"), "tags": tags })
    }))
}

fn saml_provider(provider: &Arn, answers: &mut Answers<'_>) -> Found<Option<Value>> {
    let input = json!({ "SAMLProviderArn": provider });
    let answer = answers.iam(Call::iam(provider.account(), "GetSAMLProvider", input))?;
    Ok(answer.map(|answer| {
        let tag = |tag: &Value| Some((member(tag, "Key").as_str()?.to_owned(), member(tag, "Value")));
        let tags: Map<String, Value> = listed(&[answer], "Tags").filter_map(tag).collect();
        let keys = listed(&[answer], "PrivateKeyList").count();
        json!({ "metadata": member(answer, "SAMLMetadataDocument"), "tags": tags, "private keys": keys })
    }))
}

/// Whether a list of an identity holds something.
fn one_of(
    identity: &Arn,
    answers: &mut Answers<'_>,
    operation: &str,
    (list, name, value): (&'static str, &str, &str),
) -> Found<State> {
    let pages = answers.iam_pages(Call::iam(identity.account(), operation, named(identity)))?;
    Ok(pages.map_or_else(|| gone(identity), |pages| is_there(find(&pages, list, name, value))))
}

/// With its text, which AWS gives to whoever asks: the journal keeps it.
fn ssh_public_key(user: &Arn, id: &str, answers: &mut Answers<'_>) -> Found<State> {
    let pages = answers.iam_pages(Call::iam(user.account(), "ListSSHPublicKeys", named(user)))?;
    let Some(pages) = pages else { return Ok(gone(user)) };
    let Some(listed) = find(&pages, "SSHPublicKeys", "SSHPublicKeyId", id) else { return Ok(State::Absent) };
    let input = with(named(user), &[("SSHPublicKeyId", id.into()), ("Encoding", "SSH".into())]);
    let answer = answers.iam(Call::iam(user.account(), "GetSSHPublicKey", input))?;
    Ok(State::Is(answer.map_or_else(|| listed.clone(), |answer| member(answer, "SSHPublicKey"))))
}

fn certificates(user: &Arn, answers: &mut Answers<'_>) -> Found<State> {
    let pages = answers.iam_pages(Call::iam(user.account(), "ListSigningCertificates", named(user)))?;
    let Some(pages) = pages else { return Ok(gone(user)) };
    let all: Vec<&Value> = listed(&pages, "Certificates").collect();
    let first = all.first().map(|held| (member(held, "CertificateId"), member(held, "CertificateBody")));
    Ok(State::Is(match first {
        Some((id, body)) => json!({ "number of signing certificates": all.len(), "id": id, "body": body }),
        None => json!({ "number of signing certificates": 0 }),
    }))
}

/// What a user, group or role was made with.
fn being(identity: &Arn, answers: &mut Answers<'_>) -> Found<Option<Map<String, Value>>> {
    let kind = kind_of(identity);
    let Some(told) = answers.identity(identity)? else { return Ok(None) };
    let mut held = Map::new();
    held.insert("path".to_owned(), member(told, "Path"));
    held.extend(id_of(identity, told).map(|id| ("id".to_owned(), id.into())));
    if kind == "Group" {
        return Ok(Some(held));
    }
    let boundary = told.pointer("/PermissionsBoundary/PermissionsBoundaryArn").cloned().unwrap_or_default();
    held.insert("boundary".to_owned(), boundary);
    let call = Call::iam(identity.account(), format!("List{kind}Tags"), named(identity));
    let Some(pages) = answers.iam_pages(call)? else { return Ok(None) };
    let tag = |tag: &Value| Some((member(tag, "Key").as_str()?.to_owned(), member(tag, "Value")));
    let tags: Map<String, Value> = listed(&pages, "Tags").filter_map(tag).collect();
    held.insert("tags".to_owned(), tags.into());
    if kind == "Role" {
        let description = member(told, "Description");
        let description = if description == json!("") { Value::Null } else { description };
        held.insert("description".to_owned(), description);
        held.insert("longest session".to_owned(), member(told, "MaxSessionDuration"));
        held.insert("trust policy".to_owned(), document::found(&member(told, "AssumeRolePolicyDocument")));
    }
    Ok(Some(held))
}

/// Which list of which operation names what an identity holds, by what a person calls one of them.
type Held = (&'static str, &'static str, &'static str, &'static str);

const OF_USER: [Held; 6] = [
    ("access key", "ListAccessKeys", "AccessKeyMetadata", "AccessKeyId"),
    ("MFA device", "ListMFADevices", "MFADevices", "SerialNumber"),
    ("group", "ListGroupsForUser", "Groups", "GroupName"),
    ("SSH public key", "ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
    ("signing certificate", "ListSigningCertificates", "Certificates", "CertificateId"),
    (
        "service-specific credential",
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
    ),
];
const OF_GROUP: [Held; 1] = [("member", "GetGroup", "Users", "UserName")];
const OF_ROLE: [Held; 1] =
    [("instance profile", "ListInstanceProfilesForRole", "InstanceProfiles", "InstanceProfileName")];

fn whole(identity: &Arn, answers: &mut Answers<'_>) -> Found<Option<Map<String, Value>>> {
    let kind = kind_of(identity);
    let Some(mut held) = being(identity, answers)? else { return Ok(None) };
    let attached = format!("ListAttached{kind}Policies");
    held.insert(
        "attached policy".to_owned(),
        names(identity, answers, &attached, ("AttachedPolicies", "PolicyArn"))?,
    );
    let call = Call::iam(identity.account(), format!("List{kind}Policies"), named(identity));
    let pages = answers.iam_pages(call)?.unwrap_or_default();
    let inline = pages.iter().flat_map(|page| page.get("PolicyNames").and_then(Value::as_array)).flatten();
    held.insert("inline policy".to_owned(), inline.cloned().collect());
    let others: &[Held] = match kind {
        "User" => &OF_USER,
        "Group" => &OF_GROUP,
        _ => &OF_ROLE,
    };
    for (what, operation, list, name) in others {
        let found = names(identity, answers, operation, (*list, *name))?;
        let found = if *what == "signing certificate" { numbered(&found) } else { found };
        held.insert((*what).to_owned(), found);
    }
    if kind == "User" {
        let password = answers.iam(Call::iam(identity.account(), "GetLoginProfile", named(identity)))?;
        let password: Vec<Value> = password.map(|_| json!("password")).into_iter().collect();
        held.insert("console password".to_owned(), password.into());
    }
    Ok(Some(held))
}

fn names(
    identity: &Arn,
    answers: &mut Answers<'_>,
    operation: &str,
    (list, name): (&'static str, &str),
) -> Found<Value> {
    let pages = answers.iam_pages(Call::iam(identity.account(), operation, named(identity)))?;
    Ok(listed(&pages.unwrap_or_default(), list).map(|held| member(held, name)).collect())
}

/// The plan knows how many there are, and not which.
fn numbered(found: &Value) -> Value {
    (1..=found.as_array().map_or(0, Vec::len)).map(|number| json!(number.to_string())).collect()
}
