//! What a plan's id holds, and what a plan refuses.

use kagimori_estate::change::{Change, CredentialChange, IdentityChange, WireDocument, inverse};
use kagimori_estate::fact::{Dataset, Known, SourceId};
use kagimori_estate::model::AccessKey;
use kagimori_id::{AccessKeyId, Arn};
use kagimori_policy::parse::{Strictness, parse};

use super::{Plan, PlanError};
use crate::replay::Evidence;
use crate::replay::tests::{USER, allow, estate};

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
    let edits: [(&str, &str, serde_json::Value); 7] = [
        ("title", "/title", "more".into()),
        ("what it was made from", "/made_from", "0".into()),
        ("a sentence", "/changes/0/sentence", "nothing".into()),
        ("a change", "/changes/0/change/put_inline_policy/name", "other".into()),
        ("the way back", "/way_back/0/change/put_inline_policy/document/Statement/0/Action", "*".into()),
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
