//! Users, groups and roles made and deleted: with what, and what comes back.

use super::super::{
    Change, ChangeError, CredentialChange, Credentials, EntityChange, Holdings, IdentityChange, InlinePolicy,
    WayBack, apply, inverse, touched,
};
use super::{arn, document, estate, key};
use crate::fact::{Dataset, Known, SourceId};
use crate::model::{Estate, VirtualMfaDevice};
use kagimori_id::UniqueId;

fn deletion(estate: &Estate, identity: &str) -> Result<Change, ChangeError> {
    EntityChange::deletion(estate, &arn(identity))
}

fn holds(change: &Change) -> Holdings {
    let Change::Entity(change) = change else { panic!("{change}") };
    change.holds().clone()
}

/// The estate with kim's key off.
fn idle() -> Estate {
    let off = CredentialChange::SetAccessKeyStatus { user: arn("user/kim"), key: key(), active: false };
    apply(&estate(), &off.into()).unwrap()
}

/// Without what AWS gives nobody twice, and what no answer tells of what was just made.
fn without_the_lost(estate: &Estate, identity: &str) -> Estate {
    let (mut estate, arn) = (estate.clone(), arn(identity));
    let account = estate.accounts.values_mut().next().unwrap();
    if let Some(user) = account.users.get_mut(arn.name()) {
        user.created = Known::not_given(Dataset::AuthorizationDetails);
        user.report = Known::not_given(Dataset::CredentialReport);
        user.access_keys = Known::new(Vec::new(), SourceId::PLANNED);
        user.mfa_devices = Known::new(Vec::new(), SourceId::PLANNED);
        user.ssh_public_keys = Known::new(Vec::new(), SourceId::PLANNED);
        user.service_specific_credentials = Known::new(Vec::new(), SourceId::PLANNED);
        if let Known::Known(details) = &mut user.details {
            details.value.id = UniqueId::new("");
            details.source = SourceId::PLANNED;
        }
    }
    if let Some(role) = account.roles.get_mut(arn.name()) {
        (role.id, role.created, role.source) = (UniqueId::new(""), None, SourceId::PLANNED);
        role.last_used = Known::new(None, SourceId::PLANNED);
        role.max_session_seconds = Known::new(3_600, SourceId::PLANNED);
        role.description = Known::new(None, SourceId::PLANNED);
    }
    if let Some(group) = account.groups.get_mut(arn.name()) {
        (group.id, group.created, group.source) = (UniqueId::new(""), None, SourceId::PLANNED);
    }
    estate
}

#[test]
fn what_is_deleted_is_saved_and_what_can_come_back_does() {
    for (identity, way_back) in
        [("user/kim", WayBack::Partly), ("role/app", WayBack::Partly), ("group/dev", WayBack::Whole)]
    {
        let before = idle();
        let gone = deletion(&before, identity).unwrap();
        assert_eq!(gone.way_back(), way_back);
        let after = apply(&before, &gone).unwrap();
        let account = after.accounts.values().next().unwrap();
        let name = arn(identity).name().to_owned();
        assert!(!account.users.contains_key(&name) && !account.roles.contains_key(&name));
        assert!(!account.groups.contains_key(&name));
        let back = inverse(&before, &gone).unwrap();
        let again = apply(&after, &back).unwrap();
        assert_ne!(again, before, "{identity}: an id is given once");
        let mut expected = without_the_lost(&before, identity);
        if identity == "group/dev" {
            // its members have it last, and AWS tells them in its own order
            let kim = expected.accounts.values_mut().next().unwrap().users.get_mut("kim").unwrap();
            let Known::Known(details) = &mut kim.details else { panic!("they are known") };
            details.value.groups = vec!["ops".to_owned(), "dev".to_owned()];
        }
        assert!(without_the_lost(&again, identity) == expected, "{identity}");
        // and away again
        assert_eq!(apply(&again, &inverse(&after, &back).unwrap()).unwrap(), after, "{identity}");
    }
}

#[test]
fn a_deletion_holds_all_that_the_estate_knows() {
    let mut before = idle();
    let account = before.accounts.values_mut().next().unwrap();
    let serial = "arn:aws:iam::111122223333:mfa/kim".to_owned();
    let device = VirtualMfaDevice { serial: serial.clone(), owner: Some(arn("user/kim")), enabled: None };
    account.virtual_mfa_devices = Known::new(vec![device], SourceId(0));
    let gone = deletion(&before, "user/kim").unwrap();
    let held = holds(&gone);
    let names: Vec<&str> = held.inline.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!((names, held.groups.len()), (vec!["first", "second"], 2));
    assert_eq!(
        (held.attached.as_slice(), held.boundary.clone()),
        ([arn("policy/full")].as_slice(), Some(arn("policy/limit")))
    );
    assert_eq!(
        held.credentials,
        Credentials {
            password: true,
            access_keys: vec![key()],
            mfa_devices: vec![serial.clone()],
            ..Credentials::default()
        }
    );
    assert_eq!(
        gone.to_string(),
        format!(
            "delete {} with 2 inline policies, 1 attached policy, 2 groups, 1 console password, 1 access key, 1 MFA device",
            arn("user/kim")
        )
    );
    assert!(gone.japanese().contains("インラインポリシー 2、アタッチされたポリシー 1"));
    let lost: Vec<String> = gone.lost().into_iter().map(|(english, _)| english).collect();
    assert_eq!(lost, ["1 console password", "1 access key", "1 MFA device", "the id AIDAEXAMPLEEXAMPLE01"]);
    let after = apply(&before, &gone).unwrap();
    let devices = after.accounts.values().next().unwrap().virtual_mfa_devices.value().unwrap();
    assert!(devices.is_empty());
    let text = serde_json::to_string(&gone).unwrap();
    assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), gone);
    let back = holds(&inverse(&before, &gone).unwrap());
    assert_eq!((back.credentials, back.id, back.inline), (Credentials::default(), None, held.inline));
}

#[test]
fn nothing_is_deleted_that_is_in_use_or_that_the_change_does_not_name() {
    let active = deletion(&estate(), "user/kim").unwrap_err();
    assert_eq!(
        active.to_string(),
        format!("it may be in use: AKIAIOSFODNN7EXAMPLE of {} is Active", arn("user/kim"))
    );
    let gone = deletion(&idle(), "user/kim").unwrap();
    let more = IdentityChange::AttachPolicy {
        identity: arn("user/kim"),
        policy: arn("policy/spare"),
        position: None,
    };
    let more = apply(&idle(), &more.into()).unwrap();
    let error = apply(&more, &gone).unwrap_err().to_string();
    assert!(error.contains("does not hold just what the change names"), "{error}");
    for identity in ["role/aws-service-role/x.amazonaws.com/R", "role/aws-reserved/sso.amazonaws.com/R"] {
        let bare =
            Change::from(EntityChange::DeleteIdentity { identity: arn(identity), holds: Box::default() });
        assert!(apply(&estate(), &bare).unwrap_err().to_string().contains("by AWS itself"));
    }
    let delete = CredentialChange::DeleteAccessKey { user: arn("user/kim"), key: key() };
    assert!(matches!(apply(&estate(), &delete.clone().into()), Err(ChangeError::InUse(_))));
    assert!(apply(&idle(), &delete.into()).is_ok());
}

/// Policies that name an ARN or an id do not name the next of that name: AWS writes the id into a trust policy.
#[test]
fn what_names_it_is_told() {
    let mut before = idle();
    let account = before.accounts.values_mut().next().unwrap();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:AssumeRole"}}]}}"#,
        arn("user/lee")
    );
    let trust = super::parse(&text, super::Strictness::Strict).unwrap();
    account.roles.get_mut("app").unwrap().trust.document = Ok(trust);
    let named = holds(&deletion(&before, "user/lee").unwrap()).named_by;
    assert_eq!(named, [format!("the trust policy of {}", arn("role/app"))]);
    let lost = deletion(&before, "user/lee").unwrap().lost();
    assert!(lost.iter().any(|(english, _)| english.contains("role/app is about it")), "{lost:?}");
    assert!(holds(&deletion(&before, "user/kim").unwrap()).named_by.is_empty());
    let by_id = text.replace(arn("user/lee").as_str(), "AIDAEXAMPLEEXAMPLE02");
    let trust = super::parse(&by_id, super::Strictness::Strict).unwrap();
    before.accounts.values_mut().next().unwrap().roles.get_mut("app").unwrap().trust.document = Ok(trust);
    assert_eq!(holds(&deletion(&before, "user/lee").unwrap()).named_by.len(), 1);
}

#[test]
fn what_is_made_is_unmade() {
    let inline = || vec![InlinePolicy { name: "own".to_owned(), document: document() }];
    let user = Holdings {
        inline: inline(),
        attached: vec![arn("policy/spare")],
        boundary: Some(arn("policy/limit")),
        tags: [("Team".to_owned(), "海運".to_owned())].into(),
        groups: vec!["ops".to_owned()],
        ..Holdings::default()
    };
    let role = Holdings {
        inline: inline(),
        trust: Some(document()),
        description: Some("for tests".to_owned()),
        max_session_seconds: Some(7_200),
        instance_profiles: vec!["web".to_owned()],
        ..Holdings::default()
    };
    let group = Holdings { members: vec!["lee".to_owned()], inline: inline(), ..Holdings::default() };
    for (identity, holds) in [("user/team/new", user), ("role/new", role), ("group/new", group)] {
        let made =
            Change::from(EntityChange::CreateIdentity { identity: arn(identity), holds: Box::new(holds) });
        let after = apply(&estate(), &made).unwrap();
        assert_ne!(after, estate());
        let back = inverse(&estate(), &made).unwrap();
        assert_eq!(apply(&after, &back).unwrap(), estate(), "{identity}");
        assert_eq!(inverse(&after, &back).unwrap(), made);
        assert_eq!(made.way_back(), WayBack::Whole);
        assert!(matches!(apply(&after, &made), Err(ChangeError::NothingToDo(_))), "{identity}");
        // what somebody has since put into it is not deleted with it
        let own = IdentityChange::PutInlinePolicy {
            identity: arn(identity),
            name: "theirs".to_owned(),
            document: document(),
            position: None,
        };
        let theirs = apply(&after, &own.into()).unwrap();
        assert!(matches!(apply(&theirs, &back), Err(ChangeError::Refused(_))), "{identity}");
        let whom = touched(std::slice::from_ref(&made), &estate(), &after).unwrap();
        assert_eq!(whom.len(), usize::from(identity == "group/new"), "{identity}");
    }
}

#[test]
fn what_aws_would_not_make_is_not_planned() {
    let create = |identity: &str, holds: Holdings| {
        let made = EntityChange::CreateIdentity { identity: arn(identity), holds: Box::new(holds) };
        apply(&estate(), &made.into()).unwrap_err().to_string()
    };
    let trusted = || Holdings { trust: Some(document()), ..Holdings::default() };
    let of = |change: fn(&mut Holdings)| {
        let mut holds = trusted();
        change(&mut holds);
        holds
    };
    for (identity, holds, why) in [
        ("user/Kim", Holdings::default(), "from which AWS does not tell `Kim`"),
        ("user/a b", Holdings::default(), "is no name"),
        ("role/new", Holdings::default(), "no trust policy"),
        ("user/new", trusted(), "it has too much"),
        ("group/new", Holdings { groups: vec!["dev".to_owned()], ..Holdings::default() }, "it has too much"),
        (
            "user/new",
            Holdings { groups: vec!["none".to_owned()], ..Holdings::default() },
            "there is no group `none`",
        ),
        (
            "group/new",
            Holdings { members: vec!["nobody".to_owned()], ..Holdings::default() },
            "there is no user `nobody`",
        ),
        (
            "user/new",
            Holdings {
                credentials: Credentials { password: true, ..Credentials::default() },
                ..Holdings::default()
            },
            "cannot be made with credentials",
        ),
        ("role/new", of(|holds| holds.max_session_seconds = Some(60)), "3,600 to 43,200"),
        ("role/new", of(|holds| holds.description = Some("海運".to_owned())), "Latin-1"),
        (
            "role/new",
            of(|holds| drop(holds.tags.insert("aws:x".to_owned(), String::new()))),
            "begins with `aws:`",
        ),
        ("role/aws-service-role/x/new", trusted(), "by AWS itself"),
    ] {
        let told = create(identity, holds);
        assert!(told.contains(why), "{identity}: {told}");
    }
}
