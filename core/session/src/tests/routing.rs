//! Routes of profiles, and why there is none.

use crate::profile::ProfileFiles;
use crate::route::{Access, Foreign, Route, RouteError, SourceIdentity, Target, resolve};

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
        (format!("[profile x]\n{role}credential_source = environment\n"), "cannot be `environment`"),
        (format!("[profile x]\n{role}source_profile = y\ncredential_source = Environment\n"), "has both"),
        ("[profile x]\ncredential_source = Environment\n".to_owned(), "without `role_arn`"),
        ("[profile x]\nsso_session = corp\n".to_owned(), "there is no `[sso-session corp]`"),
        ("[profile x]\nweb_identity_token_file = /t\n".to_owned(), "without `role_arn`"),
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
        (format!("[profile x]\n{role}source_profile = y\nread_only_extra = s3:*\n"), "not a resource with"),
        (
            format!("[profile x]\n{role}source_profile = y\n[kagi]\nread_only_extra = arn:aws:s3:::a/b = s3:PutObject\n"),
            "widen every profile",
        ),
        (
            "[profile x]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = ap-northeast-1\nsso_account_id = \
             222233334444\nsso_role_name = P\nread_only_role = V\nread_only_extra = arn:aws:s3:::a/b = s3:PutObject\n"
                .to_owned(),
            "cannot widen the permission set",
        ),
        (
            format!(
                "[profile x]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = ap-northeast-1\nsso_account_id = \
                 222233334444\nsso_role_name = P\nread_only_extra =\n  arn:aws:s3:::a/{0} = s3:PutObject\n  \
                 arn:aws:s3:::b/{0} = s3:PutObject\n",
                "a".repeat(800)
            ),
            "has no room",
        ),
    ];
    for (config, expected) in cases {
        let error = everyday(&config, "x").unwrap_err();
        assert!(error.to_string().contains(expected), "{config}\n{error}");
        assert!(!error.hint().is_empty());
    }
    let long: String =
        (0..40).map(|n| format!("[profile p{n}]\n{role}source_profile = p{}\n", n + 1)).collect();
    assert!(matches!(everyday(&long, "p0"), Err(RouteError::TooLong(_))));
    let of = |count: usize| {
        let role = |n| format!("[profile p{n}]\n{role}source_profile = p{}\n", n + 1);
        (0..count).map(role).collect::<String>()
    };
    assert_eq!(everyday(&of(16), "p0").map(|route| route.hops.len()), Ok(16));
    assert!(matches!(everyday(&of(17), "p0"), Err(RouteError::TooLong(_))));
}

#[test]
fn a_named_source_begins_the_route_and_our_section_wins() {
    let role = "role_arn = arn:aws:iam::222233334444:role/A\n";
    let of = |config: &str| {
        let route = everyday(config, "x").unwrap();
        (route.key_profile, route.foreign, route.hops.len())
    };
    for (word, foreign) in [
        ("Environment", Foreign::Environment),
        ("Ec2InstanceMetadata", Foreign::Instance),
        ("EcsContainer", Foreign::Container),
    ] {
        let config =
            format!("[profile x]\n{role}source_profile = y\n[profile y]\n{role}credential_source = {word}\n");
        assert_eq!(of(&config), ("y".to_owned(), Some(foreign), 2));
    }
    let theirs =
        format!("[profile x]\n{role}credential_source = Environment\n[kagi x]\nsource_profile = y\n");
    assert_eq!(of(&theirs), ("y".to_owned(), None, 1));
    let ours = format!("[profile x]\n{role}source_profile = y\n[kagi x]\ncredential_source = Environment\n");
    assert_eq!(of(&ours), ("x".to_owned(), Some(Foreign::Environment), 1));
    // botocore looks for nothing else where a token file is named.
    let token = format!("[profile x]\n{role}source_profile = y\nweb_identity_token_file = /run/token\n");
    assert_eq!(of(&token), ("x".to_owned(), Some(Foreign::WebIdentity("/run/token".to_owned())), 1));
    assert_eq!(of(&format!("{token}[kagi x]\nsource_profile = z\n")), ("z".to_owned(), None, 1));
    // What holds for all profiles is weaker than the profile's own.
    let all = format!("[profile x]\n{role}credential_source = Environment\n[kagi]\nsource_profile = y\n");
    assert_eq!(of(&all), ("x".to_owned(), Some(Foreign::Environment), 1));
}

#[test]
fn each_refusal_says_what_to_do() {
    let role = "role_arn = arn:aws:iam::222233334444:role/A\n";
    for (config, expected) in [
        (
            format!("[profile x]\n{role}source_profile = y\n[profile y]\n{role}source_profile = x\n"),
            "`kagi add`",
        ),
        (format!("[profile x]\n{role}"), "or set it in `[kagi x]`"),
        (format!("[profile x]\n{role}source_profile = y\nread_only = maybe\n"), "write `on` or `off`"),
        (format!("[profile x]\n{role}[profile x]\nsource_profile = y\n"), "keep one of them"),
    ] {
        let hint = everyday(&config, "x").unwrap_err().hint();
        assert!(hint.contains(expected), "{hint}");
    }
    let files = ProfileFiles::scan("[profile staging]\n", "");
    let of = |name: &str| crate::route::unknown(&files, name).hint();
    assert_eq!(of("stagin"), "did you mean `staging`? `kagi list` shows them all");
    assert!(of("nothing-like-it").contains("`kagi add NAME`"));
}

/// botocore's order: `sso_*`, `login_session`, `credential_process`; with a role each is asked for by `source_profile`.
#[test]
fn a_console_sign_in_begins_the_route_before_a_process() {
    let role = "role_arn = arn:aws:iam::222233334444:role/A\n";
    let login = "login_session = arn:aws:iam::111122223333:user/alice\n";
    let session = Some(Foreign::Login("arn:aws:iam::111122223333:user/alice".to_owned()));
    let config =
        format!("[profile x]\n{role}source_profile = y\n[profile y]\ncredential_process = /t\n{login}");
    let route = everyday(&config, "x").unwrap();
    assert_eq!((route.key_profile.as_str(), &route.foreign, route.narrowed), ("y", &session, true));
    let own = everyday(&format!("[profile x]\n{login}"), "x").unwrap();
    assert_eq!((&own.foreign, own.hops.len(), own.narrowed), (&session, 0, false));
    let alone = everyday(&format!("[profile x]\n{role}{login}"), "x");
    assert_eq!(alone.unwrap_err(), RouteError::NoSource("x".to_owned()));
    let itself = everyday(&format!("[profile x]\n{role}source_profile = x\n{login}"), "x").unwrap();
    assert_eq!(itself.foreign, session);
}

/// `kagi explain` says which line of which file decided.
#[test]
fn a_route_says_where_its_settings_stand() {
    let route = everyday(CHAIN, "b").unwrap();
    let origin = |name: &str| {
        let found = route.found.iter().find(|origin| origin.name == name);
        found.map(|origin| (origin.value.as_str(), origin.from.as_str()))
    };
    let role = "arn:aws:iam::333344445555:role/team/B";
    assert_eq!(origin("role_arn of `b`"), Some((role, "config line 7, [profile b]")));
    assert_eq!(origin("source_profile of `a`"), Some(("bastion", "config line 5, [profile a]")));
}

/// The AWS CLI reads `mfa_serial` of the role's own profile alone: with another tool the same profile asks for no code.
#[test]
fn an_inherited_device_is_told_of_roles_only() {
    let config = "[profile key]\nmfa_serial = arn:aws:iam::111122223333:mfa/alice\n[profile bare]\n\
                  [profile a]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = key\n\
                  [profile b]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = bare\n";
    let notes = |name: &str| everyday(config, name).unwrap().notes.len();
    assert_eq!((notes("key"), notes("a"), notes("b")), (0, 1, 0));
}

/// STS API Reference, AssumeRole: 50 tags, keys of 1 to 128 and values of at most 256 characters; 10 policies, one of them ours.
#[test]
fn what_sts_would_refuse_is_refused_before() {
    let of = |setting: &str| {
        let config = format!(
            "[profile x]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = y\n{setting}\n[profile y]\n"
        );
        everyday(&config, "x").map(|route| route.hops[0].clone()).map_err(|error| error.to_string())
    };
    let tags = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    assert_eq!(of(&format!("session_tags = {}", tags(50))).map(|hop| hop.tags.len()), Ok(50));
    assert!(of(&format!("session_tags = {}", tags(51))).unwrap_err().contains("more than 50"));
    for (tag, is_good) in [
        (format!("{}=v", "k".repeat(128)), true),
        (format!("{}=v", "k".repeat(129)), false),
        (format!("k={}", "v".repeat(256)), true),
        (format!("k={}", "v".repeat(257)), false),
        ("=v".to_owned(), false),
    ] {
        assert_eq!(of(&format!("session_tags = {tag}")).is_ok(), is_good, "{tag}");
    }
    let policies = |count: usize| {
        (0..count).map(|n| format!("arn:aws:iam::aws:policy/P{n}")).collect::<Vec<_>>().join(",")
    };
    assert_eq!(
        of(&format!("read_only = off\npolicy_arns = {}", policies(9))).map(|hop| hop.policy_arns.len()),
        Ok(9)
    );
    assert!(of(&format!("policy_arns = {}", policies(10))).unwrap_err().contains("more than 9"));
    for wrong in ["arn:aws:iam::aws:role/A", "x:policy/A"] {
        assert!(of(&format!("policy_arns = {wrong}")).unwrap_err().contains("ARN of a policy"), "{wrong}");
    }
    let identity = |text: &str| of(&format!("source_identity = {text}")).map(|hop| hop.source_identity);
    assert_eq!(identity("ci"), Ok(Some(SourceIdentity::Text("ci".to_owned()))));
    assert_eq!(
        identity("aws:x"),
        Err("config line 4, [profile x]: a source identity may not begin with `aws:`".to_owned())
    );
}

#[test]
fn where_a_reason_goes_and_what_is_on() {
    let elevated = |settings: &str| {
        let config = format!("{CHAIN}{settings}");
        let files = ProfileFiles::scan(&config, "");
        let access = Access::Elevated { reason: "fix #1".to_owned(), seconds: None };
        let mut route = resolve(&files, &Target::Profile("c".to_owned()), &access).unwrap();
        route.hops.remove(2)
    };
    let tags = |hop: &crate::route::Hop| hop.tags.iter().any(|(key, _)| key == "kagi:reason");
    let (log, tag, identity) = (
        elevated("reason_in = log\n"),
        elevated("reason_in = tag\n"),
        elevated("reason_in = source_identity\n"),
    );
    assert_eq!((tags(&log), tags(&tag), tags(&identity)), (false, true, false));
    assert_eq!(log.source_identity, Some(SourceIdentity::Person));
    assert_ne!(identity.source_identity, log.source_identity);
    for (word, narrowed) in
        [("on", true), ("true", true), ("YES", true), ("off", false), ("false", false), ("no", false)]
    {
        let config = CHAIN.replace("read_only = off", &format!("read_only = {word}"));
        assert_eq!(everyday(&config, "c").unwrap().narrowed, narrowed, "{word}");
    }
}

#[test]
fn times_are_told_to_the_second() {
    let time = "2026-11-01T09:30:00.75Z".parse().unwrap();
    assert_eq!(crate::route::rfc3339(time), "2026-11-01T09:30:00Z");
}

/// A header that one SDK skips makes a profile that exists for some tools and not for others.
#[test]
fn names_and_sections_as_sdks_read_them() {
    use crate::profile::is_portable_name;
    for (name, expected) in
        [("dev", true), ("a-b_c.d@e+f%g:h/i", true), ("", false), ("a b", false), ("開発", false)]
    {
        assert_eq!(is_portable_name(name), expected, "{name}");
    }
    let config = "[kagi a]\nread_only = off\n[profile a]\nregion = x\n[profile \"b\"c\"]\nregion = y\n[profile '']\nregion = z\n";
    let files = ProfileFiles::scan(config, "[a]\nregion = w\n[d]\nregion = v\n");
    let header = |section: Option<&crate::ini::Section<'_>>| {
        section.map(|section| (section.header.to_owned(), section.line))
    };
    assert_eq!(header(files.sdk_section("a")), Some(("profile a".to_owned(), 3)));
    assert_eq!(header(files.sdk_section("d")), None);
    assert_eq!(header(files.credentials_section("a")), Some(("a".to_owned(), 1)));
    assert_eq!(header(files.credentials_section("b")), None);
    for unread in ["b\"c", "b"] {
        assert!(!files.defines(unread), "{unread:?}");
    }
    // the same header in both files is no contradiction, and neither are a profile's two headers
    assert_eq!(files.defined_twice("a"), None);
    let both = ProfileFiles::scan("[default]\nregion = x\n", "[default]\nregion = y\n");
    assert_eq!(both.defined_twice("default"), None);
}

#[test]
fn no_other_policy_stands_beside_reading() {
    let config = |more: &str| {
        format!("[profile x]\nrole_arn = arn:aws:iam::222233334444:role/A\nsource_profile = y\n{more}")
    };
    // Session policies are a union: another one would widen it.
    let other = "policy_arns = arn:aws:iam::222233334444:policy/More\n";
    assert!(everyday(&config(other), "x").is_err());
    assert!(everyday(&config("policy_arns = arn:aws:iam::aws:policy/ReadOnlyAccess\n"), "x").is_ok());
    let off = everyday(&config(&format!("{other}read_only = off\n")), "x").unwrap();
    assert_eq!(off.hops[0].policy_arns, ["arn:aws:iam::222233334444:policy/More"]);
}
