//! Changes beside policies, and the policies that mean "off".

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{
    Change, EntityChange, OidcProvider, ProviderChange, SamlProvider, TagChange, apply, deny_older_sessions,
    quarantine,
};
use kagimori_id::{AccessKeyId, Arn};
use kagimori_trail::call::{Call, Caller, CheckedResource, MapGap, Outcome};
use kagimori_trail::event::Principal;

use crate::replay::tests::{USER, allow, arn, call, classes, document, estate};
use crate::replay::{Replay, Telling, Verdict};

fn judged(before: &Estate, change: &Change, call: &Call) -> (Verdict, Vec<String>) {
    let after = apply(before, change).unwrap();
    let class = classes(std::slice::from_ref(call), Telling::default()).remove(0);
    let (before, after) = (Access::of(before), Access::of(&after));
    let judged = Replay::new(&before, &after).altered(std::slice::from_ref(change)).judge(&class);
    (judged.verdict, judged.keys)
}

fn in_a_session(call: Call) -> Call {
    let mut call = call;
    call.caller.access_key = AccessKeyId::parse("ASIAIOSFODNN7EXAMPLE").ok();
    call
}

fn user() -> Arn {
    Arn::parse(USER).unwrap()
}

#[test]
fn whoever_is_in_quarantine_is_denied_with_keys_and_in_sessions() {
    let estate = estate(&allow("s3:GetObject", "*", ""));
    let off = quarantine(&estate, &user()).unwrap();
    let read = || call(1, "s3:GetObject", arn("arn:aws:s3:::b/k"), Outcome::Succeeded);
    assert_eq!(judged(&estate, &off, &read()).0, Verdict::NewlyDenied);
    assert_eq!(judged(&estate, &off, &in_a_session(read())).0, Verdict::NewlyDenied);
    let refused = call(1, "sqs:SendMessage", arn("arn:aws:sqs:us-east-1:111122223333:q"), Outcome::Denied);
    assert_eq!(judged(&estate, &off, &refused).0, Verdict::AlreadyDenied);
}

/// The event does not tell when its session was made, so nobody knows; a key is no session.
#[test]
fn sessions_that_may_be_older_are_not_told_and_keys_go_on() {
    let estate = estate(&allow("s3:GetObject", "*", ""));
    let ended = deny_older_sessions(&estate, &user(), "2026-12-01T00:00:00Z".parse().unwrap()).unwrap();
    let read = || call(1, "s3:GetObject", arn("arn:aws:s3:::b/k"), Outcome::Succeeded);
    assert_eq!(judged(&estate, &ended, &read()).0, Verdict::StillAllowed);
    let (verdict, keys) = judged(&estate, &ended, &in_a_session(read()));
    assert_eq!(
        (verdict, keys.as_slice()),
        (Verdict::CannotTell, ["aws:tokenissuetime".to_owned()].as_slice())
    );
}

#[test]
fn a_tag_of_the_caller_decides() {
    let condition = r#"{"StringEquals":{"aws:PrincipalTag/Team":"sea"}}"#;
    let estate = estate(&allow("s3:GetObject", "*", condition));
    let set = |value: &str| {
        let (key, value) = ("Team".to_owned(), value.to_owned());
        Change::from(TagChange::SetTag { identity: user(), key, value, was: None })
    };
    let tagged = apply(&estate, &set("sea")).unwrap();
    let read = |outcome| call(1, "s3:GetObject", arn("arn:aws:s3:::b/k"), outcome);
    assert_eq!(judged(&tagged, &set("land"), &read(Outcome::Succeeded)).0, Verdict::NewlyDenied);
    assert_eq!(judged(&estate, &set("sea"), &read(Outcome::Denied)).0, Verdict::NewlyAllowed);
    let remove = Change::from(TagChange::RemoveTag { identity: user(), key: "Team".to_owned(), was: None });
    assert_eq!(judged(&tagged, &remove, &read(Outcome::Succeeded)).0, Verdict::NewlyDenied);
}

/// No event tells the tags of what is called upon: where a policy asks for one that changes, "it was allowed then" proves nothing.
#[test]
fn a_tag_of_what_is_called_upon_leaves_it_open() {
    let condition = r#"{"StringEquals":{"aws:ResourceTag/Team":"sea"}}"#;
    let estate = estate(&document(&format!(
        r#"{{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"*","Condition":{condition}}},{{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}}"#
    )));
    let set = |key: &str| {
        let (key, value) = (key.to_owned(), "land".to_owned());
        Change::from(TagChange::SetTag { identity: user(), key, value, was: None })
    };
    let on = |action: &str, resource, outcome| call(1, action, resource, outcome);
    let create = |resource| on("iam:CreateAccessKey", resource, Outcome::Succeeded);
    let other = || arn("arn:aws:iam::111122223333:user/other");
    let (verdict, keys) = judged(&estate, &set("team"), &create(arn(USER)));
    assert_eq!((verdict, keys.len()), (Verdict::CannotTell, 1), "keys of tags have no case");
    assert_eq!(judged(&estate, &set("team"), &create(other())).0, Verdict::StillAllowed);
    assert_eq!(judged(&estate, &set("Stage"), &create(arn(USER))).0, Verdict::StillAllowed);
    assert_eq!(judged(&estate, &set("team"), &create(CheckedResource::Unknown)).0, Verdict::CannotTell);
    assert_eq!(
        judged(&estate, &set("team"), &on("iam:GetUser", arn(USER), Outcome::Succeeded)).0,
        Verdict::StillAllowed
    );
    let refused = on("iam:CreateAccessKey", arn(USER), Outcome::Denied);
    assert_eq!(judged(&estate, &set("team"), &refused).0, Verdict::CannotTell);
    assert_eq!(judged(&estate, &set("Stage"), &refused).0, Verdict::AlreadyDenied);
}

/// Whatever it did breaks, what needs no permission, too; and so does what others did to it.
#[test]
fn who_is_deleted_calls_nothing_and_is_called_by_nobody() {
    let estate = estate(&allow("s3:GetObject", "*", ""));
    let deleted = EntityChange::deletion(&estate, &user()).unwrap();
    let read = |outcome| call(1, "s3:GetObject", arn("arn:aws:s3:::b/k"), outcome);
    assert_eq!(judged(&estate, &deleted, &read(Outcome::Succeeded)).0, Verdict::NewlyDenied);
    assert_eq!(judged(&estate, &deleted, &in_a_session(read(Outcome::Failed))).0, Verdict::NewlyDenied);
    assert_eq!(judged(&estate, &deleted, &read(Outcome::Denied)).0, Verdict::AlreadyDenied);
    let identity = Call { checks: Vec::new(), gap: Some(MapGap::NotAuthorized), ..read(Outcome::Succeeded) };
    assert_eq!(judged(&estate, &deleted, &identity).0, Verdict::NewlyDenied);
    let by_a_service = |resource: &str| {
        let caller = Caller::bare(Principal::Service("ec2.amazonaws.com".into()));
        Call { caller, ..call(1, "iam:GetUser", arn(resource), Outcome::Succeeded) }
    };
    assert_eq!(judged(&estate, &deleted, &by_a_service(USER)).0, Verdict::NewlyDenied);
    let other = "arn:aws:iam::111122223333:user/other";
    assert_eq!(judged(&estate, &deleted, &by_a_service(other)).0, Verdict::NotAsked);
}

/// Whoever comes by a SAML provider is told by its ARN, as those who come by tokens are; the two do not meet.
#[test]
fn who_comes_by_a_saml_provider_that_is_gone_does_not_come() {
    let mut estate = estate(&allow("s3:GetObject", "*", ""));
    let provider =
        |name: &str| Arn::parse(&format!("arn:aws:iam::111122223333:saml-provider/{name}")).unwrap();
    let account = estate.accounts.values_mut().next().unwrap();
    account.saml_providers = kagimori_estate::fact::Known::new(
        vec![provider("okta"), provider("entra")],
        kagimori_estate::fact::SourceId(0),
    );
    let by = |action: &str, text: &str| {
        let caller = Caller { other: Some(text.into()), ..Caller::bare(Principal::Other) };
        let role = arn("arn:aws:iam::111122223333:role/deploy");
        Call { caller, ..call(1, action, role, Outcome::Succeeded) }
    };
    let named = |name: &str| by("sts:AssumeRoleWithSAML", &format!("{}:kim", provider(name)));
    let made_of = SamlProvider { metadata: "m".repeat(1_000), ..SamlProvider::default() };
    let gone = ProviderChange::DeleteSamlProvider { provider: provider("okta"), made_of };
    let other = ProviderChange::SetSamlMetadata {
        provider: provider("okta"),
        metadata: "n".repeat(1_000),
        was: "m".repeat(1_000),
    };
    for (change, call, expected) in [
        (&gone, named("okta"), Verdict::NewlyDenied),
        (&other, named("okta"), Verdict::CannotTell),
        (&gone, by("sts:AssumeRoleWithSAML", "somebody"), Verdict::CannotTell),
    ] {
        assert_eq!(judged(&estate, &change.clone().into(), &call).0, expected, "{change:?}");
    }
    for call in [named("entra"), by("sts:AssumeRoleWithWebIdentity", "somebody")] {
        let verdict = judged(&estate, &gone.clone().into(), &call).0;
        assert!(verdict > Verdict::CannotTell, "{verdict:?}");
    }
}

/// The caller's name tells the provider; for which audience the token was, nothing does.
#[test]
fn who_comes_by_a_provider_that_is_gone_does_not_come() {
    let mut estate = estate(&allow("s3:GetObject", "*", ""));
    let provider =
        |host: &str| Arn::parse(&format!("arn:aws:iam::111122223333:oidc-provider/{host}")).unwrap();
    let account = estate.accounts.values_mut().next().unwrap();
    let there = vec![provider("gitlab.com"), provider("github.com")];
    account.oidc_providers = kagimori_estate::fact::Known::new(there, kagimori_estate::fact::SourceId(0));
    let by = |text: &str| {
        let caller = Caller { other: Some(text.into()), ..Caller::bare(Principal::Other) };
        let role = arn("arn:aws:iam::111122223333:role/deploy");
        Call { caller, ..call(1, "sts:AssumeRoleWithWebIdentity", role, Outcome::Succeeded) }
    };
    let named = |host: &str| by(&format!("{}:repo:x", provider(host)));
    let gone = ProviderChange::DeleteOidcProvider {
        provider: provider("github.com"),
        takes: OidcProvider::default(),
    };
    let less =
        ProviderChange::RemoveAudience { provider: provider("github.com"), audience: "sts".to_owned() };
    let more = ProviderChange::AddAudience { provider: provider("github.com"), audience: "sts".to_owned() };
    for (change, call, expected) in [
        (&gone, named("github.com"), Verdict::NewlyDenied),
        (&less, named("github.com"), Verdict::CannotTell),
        (&gone, by("somebody"), Verdict::CannotTell),
    ] {
        assert_eq!(judged(&estate, &change.clone().into(), &call).0, expected, "{change:?}");
    }
    for (change, call) in
        [(&gone, named("gitlab.com")), (&more, named("github.com")), (&less, named("gitlab.com"))]
    {
        let verdict = judged(&estate, &change.clone().into(), &call).0;
        assert!(verdict > Verdict::CannotTell, "{change:?}: {verdict:?}");
    }
}
