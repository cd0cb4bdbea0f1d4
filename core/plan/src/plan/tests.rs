//! What a plan's id holds, and what a plan refuses.

use kagimori_estate::change::{
    Change, CredentialChange, EntityChange, IdentityChange, WireDocument, inverse,
};
use kagimori_estate::fact::{Dataset, Known, SourceId};
use kagimori_estate::model::AccessKey;
use kagimori_id::{AccessKeyId, Arn};
use kagimori_policy::parse::{Strictness, parse};

use super::{Plan, PlanError};
use crate::replay::Evidence;
use crate::replay::tests::{USER, allow, estate, read_estate};

fn plan() -> Plan {
    let document = WireDocument(parse(&allow("s3:GetObject", "*", ""), Strictness::Strict).unwrap());
    let identity = Arn::parse(USER).unwrap();
    let change = Change::Identity(IdentityChange::PutInlinePolicy {
        identity,
        name: "work".to_owned(),
        document,
        position: None,
    });
    let estate = estate(&allow("s3:*", "*", ""));
    Plan::new("less", &estate, &[change]).unwrap().with_evidence(&Evidence::default()).unwrap()
}

#[test]
fn a_plan_is_read_back() {
    let plan = plan();
    assert_eq!(plan.id.len(), 64);
    assert!(plan.id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(Plan::read(&serde_json::to_string_pretty(&plan).unwrap()), Ok(plan));
}

/// Whatever is shown to who approves it.
#[test]
fn whatever_is_edited_the_plan_is_refused() {
    let edits: [(&str, &str, serde_json::Value); 8] = [
        ("title", "/title", "more".into()),
        ("what it was made from", "/made_from", "0".into()),
        ("a sentence", "/changes/0/sentence", "nothing".into()),
        ("a change", "/changes/0/change/put_inline_policy/name", "other".into()),
        ("the way back", "/way_back/0/change/put_inline_policy/document/Statement/0/Action", "*".into()),
        ("whom it is about", &format!("/rests_on/ids/{}", USER.replace('/', "~1")), "AIDAOTHER".into()),
        ("the evidence", "/evidence/newly_denied", 7.into()),
        ("that there is evidence", "/evidence", serde_json::Value::Null),
    ];
    for (what, place, value) in edits {
        let mut json = serde_json::to_value(plan()).unwrap();
        *json.pointer_mut(place).unwrap() = value;
        assert!(matches!(Plan::read(&json.to_string()), Err(PlanError::Edited(_))), "{what}");
    }
}

#[test]
fn what_it_is_not_is_said() {
    let mut json = serde_json::to_value(plan()).unwrap();
    json["approved"] = true.into();
    assert!(matches!(Plan::read(&json.to_string()), Err(PlanError::Unreadable(_))));
    let newer = r#"{"schema":{"name":"kagimori.plan","version":7},"id":"90454b7ab7233a89"}"#;
    assert_eq!(Plan::read(newer), Err(PlanError::OtherVersion(7)));
    let other = r#"{"schema":{"name":"kagimori.review","version":1}}"#;
    assert_eq!(Plan::read(other), Err(PlanError::Unreadable("it is a `kagimori.review`".to_owned())));
}

/// A step that nothing undoes does not take the way back of the others away.
#[test]
fn what_can_be_undone_is_kept_beside_what_cannot() {
    let user = Arn::parse(USER).unwrap();
    let name = "work".to_owned();
    let document = WireDocument(parse(&allow("s3:GetObject", "*", ""), Strictness::Strict).unwrap());
    let put = Change::Identity(IdentityChange::PutInlinePolicy {
        identity: user.clone(),
        name,
        document,
        position: None,
    });
    let mut estate = estate(&allow("s3:*", "*", ""));
    let key = AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap();
    let account = user.account().unwrap();
    let held = AccessKey {
        id: Some(key.clone()),
        slot: None,
        active: Known::new(false, SourceId::PLANNED),
        created: Known::not_given(Dataset::AccessKeys),
        last_used: Known::not_given(Dataset::AccessKeys),
    };
    let held = Known::new(vec![held], SourceId::PLANNED);
    estate.accounts.get_mut(&account).unwrap().users.get_mut(user.name()).unwrap().access_keys = held;
    let gone = Change::Credential(CredentialChange::DeleteAccessKey { user, key });
    let plan = Plan::new("less", &estate, &[gone.clone(), put.clone()]).unwrap();
    assert_eq!(plan.one_way().map(|step| &step.change).collect::<Vec<_>>(), [&gone]);
    let back = inverse(&estate, &put).unwrap();
    assert_eq!(plan.way_back.iter().map(|step| &step.change).collect::<Vec<_>>(), [&back]);
    assert!(plan.still_fits(&estate));
}

/// Who is changed and what is attached, as the estate shows it; not of a key, which has an id of its own.
#[test]
fn what_it_rests_on_is_kept() {
    let text = format!(
        r#"{{"UserDetailList":[{{"Path":"/","UserName":"app","UserId":"AIDAEXAMPLEEXAMPLE01","Arn":"{USER}",
        "CreateDate":"2026-01-01T00:00:00+00:00","GroupList":["crew"],"AttachedManagedPolicies":[],"Tags":[],"UserPolicyList":[]}}],
        "GroupDetailList":[{{"Path":"/","GroupName":"crew","GroupId":"AGPAEXAMPLEEXAMPLE01","Arn":"arn:aws:iam::111122223333:group/crew",
        "CreateDate":"2026-01-01T00:00:00+00:00","AttachedManagedPolicies":[{{"PolicyName":"p","PolicyArn":"arn:aws:iam::111122223333:policy/p"}},
        {{"PolicyName":"ReadOnlyAccess","PolicyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}],"GroupPolicyList":[]}}],
        "RoleDetailList":[],"Policies":[{{"PolicyName":"p","PolicyId":"ANPAEXAMPLEEXAMPLE01","Arn":"arn:aws:iam::111122223333:policy/p","Path":"/",
        "DefaultVersionId":"v1","AttachmentCount":1,"PermissionsBoundaryUsageCount":0,"IsAttachable":true,"CreateDate":"2026-01-01T00:00:00+00:00",
        "UpdateDate":"2026-01-01T00:00:00+00:00","PolicyVersionList":[{{"Document":{},"VersionId":"v1","IsDefaultVersion":true,
        "CreateDate":"2026-01-01T00:00:00+00:00"}}]}}],"IsTruncated":false}}"#,
        allow("s3:GetObject", "*", "")
    );
    let estate = read_estate(&text);
    let (user, policy) =
        (Arn::parse(USER).unwrap(), Arn::parse("arn:aws:iam::111122223333:policy/p").unwrap());
    let attach =
        IdentityChange::AttachPolicy { identity: user.clone(), policy: policy.clone(), position: None };
    let attach = Plan::new("more", &estate, &[attach.into()]).unwrap();
    let rests = serde_json::to_value(&attach).unwrap()["rests_on"].clone();
    assert_eq!(rests["ids"][USER], "AIDAEXAMPLEEXAMPLE01");
    assert_eq!(rests["policies"][policy.as_str()]["Statement"][0]["Action"], "s3:GetObject");
    assert_eq!(rests.get("groups"), None);
    // out of the group, and back into it
    let leave = IdentityChange::RemoveFromGroup { user: user.clone(), group: "crew".to_owned() };
    let leave = Plan::new("less", &estate, &[leave.into()]).unwrap();
    assert!(leave.still_fits(&estate));
    let attached = leave.rests_on.groups.values().next().unwrap().attached.clone();
    assert_eq!(attached.len(), 2);
    assert_eq!(leave.rests_on.policies.keys().collect::<Vec<_>>(), [&policy]);
    let other = read_estate(&text.replace("AIDAEXAMPLEEXAMPLE01", "AIDAEXAMPLEEXAMPLE02"));
    assert!(!leave.still_fits(&other));
    // what the plan makes has no id yet
    let made = EntityChange::CreateIdentity {
        identity: Arn::parse("arn:aws:iam::111122223333:group/new").unwrap(),
        holds: Box::default(),
    };
    let made = Plan::new("new", &estate, &[made.into()]).unwrap();
    assert!(made.rests_on.is_empty());
    assert!(!serde_json::to_string(&made).unwrap().contains("rests_on"), "as plans were before");
    assert_eq!(Plan::read(&serde_json::to_string(&leave).unwrap()), Ok(leave));
}
