//! Users, groups and roles: made, and then given what they hold; deleted after all that they hold, in the order that AWS asks for
//! (IAM API Reference, `DeleteUser`, `DeleteRole`, `DeleteGroup`: `DeleteConflict`).

use kagimori_estate::change::{EntityChange, Holdings};
use kagimori_id::Arn;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::document::{text, written};
use super::super::look::{EntityLook, Look, kind_of, named, with};
use super::super::state::Expected;
use super::Move;
use super::resting::id_name;

/// The moves of a change.
pub(super) fn moves(change: &EntityChange) -> Vec<Move> {
    let (identity, holds) = (change.identity(), change.holds());
    match change {
        EntityChange::CreateIdentity { .. } => {
            let mut all = vec![created(identity, holds)];
            all.extend(pieces(identity, holds).into_iter().map(Piece::given));
            all
        }
        EntityChange::DeleteIdentity { .. } => {
            let mut all: Vec<Move> = credentials(identity, holds);
            all.extend(pieces(identity, holds).into_iter().map(Piece::taken));
            all.push(deleted(identity, holds));
            all
        }
    }
}

/// Something that an identity holds and that can be given again.
struct Piece {
    look: Look,
    there: Expected,
    give: Call,
    take: Call,
}

impl Piece {
    fn given(self) -> Move {
        Move::new(self.look, Expected::Absent, self.there, self.give)
    }

    fn taken(self) -> Move {
        Move::new(self.look, self.there, Expected::Nothing, self.take)
    }
}

fn pieces(identity: &Arn, holds: &Holdings) -> Vec<Piece> {
    let kind = kind_of(identity);
    let of = |operation: String, more: &[(&str, Value)]| {
        Call::iam(identity.account(), operation, with(named(identity), more))
    };
    let attached = holds.attached.iter().map(|policy| Piece {
        look: Look::Attachment { identity: identity.clone(), policy: policy.clone() },
        there: Expected::is(true),
        give: of(format!("Attach{kind}Policy"), &[("PolicyArn", json!(policy))]),
        take: of(format!("Detach{kind}Policy"), &[("PolicyArn", json!(policy))]),
    });
    let inline = holds.inline.iter().map(|held| {
        let (name, text) = (json!(held.name), json!(text(&held.document)));
        Piece {
            look: Look::InlinePolicy { identity: identity.clone(), name: held.name.clone() },
            there: Expected::Is(written(&held.document)),
            give: of(format!("Put{kind}Policy"), &[("PolicyName", name.clone()), ("PolicyDocument", text)]),
            take: of(format!("Delete{kind}Policy"), &[("PolicyName", name)]),
        }
    });
    let membership = |user: Value, group: Value, look: Look| {
        let input = json!({ "UserName": user, "GroupName": group });
        let call = |operation: &str| Call::iam(identity.account(), operation, input.clone());
        Piece {
            look,
            there: Expected::is(true),
            give: call("AddUserToGroup"),
            take: call("RemoveUserFromGroup"),
        }
    };
    let groups = holds.groups.iter().map(|group| {
        let look = Look::Membership { user: identity.clone(), group: group.clone() };
        membership(json!(identity.name()), json!(group), look)
    });
    let members = holds.members.iter().map(|user| {
        let look = Look::Member { group: identity.clone(), user: user.clone() };
        membership(json!(user), json!(identity.name()), look)
    });
    let profiles = holds.instance_profiles.iter().map(|profile| {
        let more = [("InstanceProfileName", json!(profile))];
        let look = EntityLook::InstanceProfile { role: identity.clone(), profile: profile.clone() };
        Piece {
            look: Look::Entity(look),
            there: Expected::is(true),
            give: of("AddRoleToInstanceProfile".to_owned(), &more),
            take: of("RemoveRoleFromInstanceProfile".to_owned(), &more),
        }
    });
    profiles.chain(attached).chain(inline).chain(groups).chain(members).collect()
}

/// What nothing gives again.
fn credentials(user: &Arn, holds: &Holdings) -> Vec<Move> {
    let held = &holds.credentials;
    let of = |operation: &str, more: &[(&str, Value)]| {
        Call::iam(user.account(), operation, with(named(user), more))
    };
    let gone = |look: EntityLook, call: Call| {
        Move::new(Look::Entity(look), Expected::Present, Expected::Nothing, call)
    };
    let mut all = Vec::new();
    if held.password {
        let look = EntityLook::Password { user: user.clone() };
        all.push(gone(look, of("DeleteLoginProfile", &[])));
    }
    for key in &held.access_keys {
        let look = Look::AccessKey { user: user.clone(), key: key.clone() };
        let call = of("DeleteAccessKey", &[("AccessKeyId", json!(key))]);
        all.push(Move::new(look, Expected::is("Inactive"), Expected::Nothing, call));
    }
    for left in (0..held.signing_certificates).rev() {
        let count = |count: u64| Expected::Has(vec![("number of signing certificates", json!(count))]);
        let look = Look::Entity(EntityLook::Certificates { user: user.clone() });
        let made =
            Move::new(look, count(left.saturating_add(1)), count(left), of("DeleteSigningCertificate", &[]));
        all.push(Move { from_found: Some(("CertificateId", "/id")), is_repeatable: false, ..made });
    }
    for id in &held.ssh_public_keys {
        let look = EntityLook::SshPublicKey { user: user.clone(), id: id.clone() };
        all.push(gone(look, of("DeleteSSHPublicKey", &[("SSHPublicKeyId", json!(id))])));
    }
    for id in &held.service_specific {
        let look = EntityLook::ServiceSpecific { user: user.clone(), id: id.clone() };
        let more = [("ServiceSpecificCredentialId", json!(id))];
        all.push(gone(look, of("DeleteServiceSpecificCredential", &more)));
    }
    for serial in &held.mfa_devices {
        let look = EntityLook::MfaDevice { user: user.clone(), serial: serial.clone() };
        all.push(gone(look, of("DeactivateMFADevice", &[("SerialNumber", json!(serial))])));
        if serial.contains(":mfa/") {
            let look = EntityLook::VirtualMfaDevice { user: user.clone(), serial: serial.clone() };
            let input = json!({ "SerialNumber": serial });
            all.push(gone(look, Call::iam(user.account(), "DeleteVirtualMFADevice", input)));
        }
    }
    all
}

fn created(identity: &Arn, holds: &Holdings) -> Move {
    let mut more = vec![("Path", json!(path(identity)))];
    if !holds.tags.is_empty() {
        let tags = holds.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        more.push(("Tags", tags.collect()));
    }
    more.extend(holds.boundary.as_ref().map(|arn| ("PermissionsBoundary", json!(arn))));
    more.extend(holds.trust.as_ref().map(|trust| ("AssumeRolePolicyDocument", json!(text(trust)))));
    more.extend(holds.description.as_ref().map(|told| ("Description", json!(told))));
    more.extend(holds.max_session_seconds.map(|seconds| ("MaxSessionDuration", json!(seconds))));
    let operation = format!("Create{}", kind_of(identity));
    let call = Call::iam(identity.account(), operation, with(named(identity), &more));
    let look = Look::Entity(EntityLook::Being { identity: identity.clone() });
    let made = Move::new(look, Expected::Absent, Expected::Has(exactly(identity, holds)), call);
    Move { is_of_being: true, learns: Some((id_name(identity), "/id")), ..made }
}

fn deleted(identity: &Arn, holds: &Holdings) -> Move {
    let call = Call::iam(identity.account(), format!("Delete{}", kind_of(identity)), named(identity));
    let look = Look::Entity(EntityLook::Whole { identity: identity.clone() });
    let whole = Expected::Whole { exactly: exactly(identity, holds), at_most: at_most(holds) };
    let made = Move::new(look, whole, Expected::Nothing, call);
    Move { is_of_being: true, ..made }
}

/// What goes with it, and was given when it was made.
fn exactly(identity: &Arn, holds: &Holdings) -> Vec<(&'static str, Value)> {
    let mut all = vec![("path", json!(path(identity)))];
    if kind_of(identity) == "Group" {
        return all;
    }
    all.extend([("boundary", json!(holds.boundary)), ("tags", json!(holds.tags))]);
    if let Some(trust) = &holds.trust {
        all.extend([
            ("description", json!(holds.description)),
            ("longest session", json!(holds.max_session_seconds.unwrap_or(3_600))),
            ("trust policy", written(trust)),
        ]);
    }
    all
}

/// What it may hold when it goes: what is not named here was not known when the plan was made.
fn at_most(holds: &Holdings) -> Vec<(&'static str, Vec<String>)> {
    let credentials = &holds.credentials;
    let certificates = (1..=credentials.signing_certificates).map(|number| number.to_string());
    let password = credentials.password.then(|| "password".to_owned());
    vec![
        ("inline policy", holds.inline.iter().map(|held| held.name.clone()).collect()),
        ("attached policy", holds.attached.iter().map(ToString::to_string).collect()),
        ("group", holds.groups.clone()),
        ("member", holds.members.clone()),
        ("instance profile", holds.instance_profiles.clone()),
        ("console password", password.into_iter().collect()),
        ("access key", credentials.access_keys.iter().map(ToString::to_string).collect()),
        ("MFA device", credentials.mfa_devices.clone()),
        ("SSH public key", credentials.ssh_public_keys.clone()),
        ("signing certificate", certificates.collect()),
        ("service-specific credential", credentials.service_specific.clone()),
    ]
}

/// `/` or `/path/`
fn path(identity: &Arn) -> String {
    let rest = identity.resource().split_once('/').map_or("", |(_, rest)| rest);
    format!("/{}", rest.strip_suffix(identity.name()).unwrap_or_default())
}
