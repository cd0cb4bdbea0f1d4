//! Routes of profiles, and why there is none.

use crate::profile::ProfileFiles;
use crate::route::{Access, Route, RouteError, SourceIdentity, Target, resolve};

fn everyday(config: &str, name: &str) -> Result<Route, RouteError> {
    resolve(&ProfileFiles::scan(config, ""), &Target::Profile(name.to_owned()), &Access::Everyday)
}

const CHAIN: &str = "\
[profile bastion]
mfa_serial = arn:aws:iam::111122223333:mfa/alice
[profile a]
role_arn = arn:aws:iam::222233334444:role/A
source_profile = bastion
[profile b]
role_arn = arn:aws:iam::333344445555:role/team/B
source_profile = a
mfa_serial = arn:aws:iam::111122223333:mfa/alice
[kagi c]
role_arn = arn:aws:iam::444455556666:role/C
source_profile = b
read_only = off
external_id = ext
source_identity = person
session_tags = team=pay, env = dev
";

#[test]
fn chains_of_any_length() {
    let route = everyday(CHAIN, "c").unwrap();
    let roles: Vec<_> = route.hops.iter().map(|hop| hop.role.name()).collect();
    assert_eq!(roles, ["A", "B", "C"]);
    assert_eq!(route.key_profile, "bastion");
    assert_eq!(route.mfa_serial.as_deref(), Some("arn:aws:iam::111122223333:mfa/alice"));
    assert_eq!(route.notes.len(), 2, "the unused serial of b, the inherited one: {:?}", route.notes);
    let last = route.hops.last().unwrap();
    assert_eq!(last.external_id.as_deref(), Some("ext"));
    assert_eq!(last.source_identity, Some(SourceIdentity::Person));
    assert_eq!(last.tags, [("team".to_owned(), "pay".to_owned()), ("env".to_owned(), "dev".to_owned())]);
}

#[test]
fn only_the_last_role_is_narrowed() {
    let route = everyday(CHAIN, "b").unwrap();
    assert!(route.narrowed && route.hops[0].policy_arns.is_empty());
    assert_eq!(route.hops[1].policy_arns, ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    let off = everyday(CHAIN, "c").unwrap();
    assert!(!off.narrowed && off.hops.iter().all(|hop| hop.policy_arns.is_empty()));
}

#[test]
fn elevated_is_short_and_not_narrowed() {
    let files = ProfileFiles::scan(CHAIN, "");
    let elevated = |seconds| {
        let access = Access::Elevated { reason: "fix #1".to_owned(), seconds };
        resolve(&files, &Target::Profile("b".to_owned()), &access)
    };
    let route = elevated(None).unwrap();
    assert_eq!((route.hops[1].seconds, route.narrowed), (1800, false));
    assert!(route.hops[1].policy_arns.is_empty());
    assert_eq!(elevated(Some(900)).unwrap().hops[1].seconds, 900);
    assert!(matches!(elevated(Some(7200)), Err(RouteError::Argument(_))));
}

#[test]
fn a_reason_can_go_to_aws() {
    let config = format!("{CHAIN}reason_in = tag\n");
    let files = ProfileFiles::scan(&config, "");
    let access = Access::Elevated { reason: "fix #1".to_owned(), seconds: None };
    let route = resolve(&files, &Target::Profile("c".to_owned()), &access).unwrap();
    assert!(route.hops[2].tags.contains(&("kagi:reason".to_owned(), "fix -1".to_owned())));
}

#[test]
fn a_role_needs_no_profile() {
    let files = ProfileFiles::scan("[profile bastion]\nregion = cn-north-1\n", "");
    let target = |account: &str, role: &str| Target::Role {
        account: account.to_owned(),
        role: role.to_owned(),
        source: "bastion".to_owned(),
    };
    let route = resolve(&files, &target("222233334444", "Power"), &Access::Everyday).unwrap();
    assert_eq!(route.hops[0].role.as_str(), "arn:aws-cn:iam::222233334444:role/Power");
    assert_eq!(route.name, "222233334444/Power");
    for (account, role) in
        [("1", "Power"), ("222233334444", ""), ("222233334444", "a b"), ("222233334444", "a\nb")]
    {
        assert!(resolve(&files, &target(account, role), &Access::Everyday).is_err(), "{account} {role}");
    }
}

#[test]
fn a_profile_may_name_itself() {
    let config = "[profile me]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = me\n";
    let route = everyday(config, "me").unwrap();
    assert_eq!((route.key_profile.as_str(), route.hops.len()), ("me", 1));
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let role = "role_arn = arn:aws:iam::222233334444:role/A\n";
    let cases = [
        (
            format!("[profile x]\n{role}source_profile = y\n[profile y]\n{role}source_profile = x\n"),
            "x → y → x",
        ),
        (format!("[profile x]\n{role}"), "says not from where"),
        (format!("[profile x]\n{role}credential_source = Environment\n"), "credential_source"),
        ("[profile x]\nsso_session = corp\n".to_owned(), "there is no `[sso-session corp]`"),
        ("[profile x]\nlogin_session = a\n".to_owned(), "login_session"),
        ("[profile x]\nrole_arn = Power\nsource_profile = y\n".to_owned(), "config line 2, [profile x]"),
        (format!("[profile x]\n{role}source_profile = y\nduration_seconds = 60\n"), "900 to 43200"),
        (format!("[profile x]\n{role}source_profile = y\nduration_seconds = long\n"), "not a length of time"),
        (format!("[profile x]\n{role}source_profile = y\nrole_session_name = a b\n"), "name of a session"),
        (format!("[profile x]\n{role}source_profile = y\nexternal_id = a\n"), "external id"),
        (format!("[profile x]\n{role}source_profile = y\nsource_identity = aws:x\n"), "aws:"),
        (format!("[profile x]\n{role}source_profile = y\nsession_tags = nonsense\n"), "session tag"),
        (format!("[profile x]\n{role}source_profile = y\npolicy_arns = ReadOnly\n"), "ARN of a policy"),
        (
            format!("[profile x]\n{role}source_profile = y\nmfa_serial = arn:aws:iam::111122223333:user/a\n"),
            "ARN of a user",
        ),
        (format!("[profile x]\n{role}source_profile = y\nread_only = maybe\n"), "neither `on` nor `off`"),
        (format!("[profile x]\n{role}source_profile = y\nreason_in = mail\n"), "reason_in"),
        (format!("[profile x]\n{role}source_profile = y\n[kagi]\nsession_seconds = 60\n"), "900 to 129600"),
        (format!("[profile x]\n{role}[profile x]\nsource_profile = y\n"), "stands twice"),
    ];
    for (config, expected) in cases {
        let error = everyday(&config, "x").unwrap_err();
        assert!(error.to_string().contains(expected), "{config}\n{error}");
        assert!(!error.hint().is_empty());
    }
    let long: String =
        (0..40).map(|n| format!("[profile p{n}]\n{role}source_profile = p{}\n", n + 1)).collect();
    assert!(matches!(everyday(&long, "p0"), Err(RouteError::TooLong(_))));
}
