//! Each path of the catalogue on an estate made for it: found there, with the certainty it deserves; and not found once one
//! thing of it is taken away, or something stands in its way.
//!
//! That each is found is asked of all of them; what stands in the way of one path of each shape, by default, and of all with
//! `KAGIMORI_MATRIX=all`.

use std::collections::BTreeSet;

use kagimori_estate::access::May;
use serde_json::{Value, json};

use super::{BOUNDARY, HOME, NOW, Tiny, allow, deny, edges, trusts};
use crate::escalation::catalogue::{Gain, Need, On, PathKind, Precondition, Victim};
use crate::escalation::{Goal, Graph};

const VICTIM_POLICY: &str = "arn:aws:iam::111122223333:policy/of-victim";
const OWN_POLICY: &str = "arn:aws:iam::111122223333:policy/of-caller";

/// The identity provider of an EKS cluster.
const EKS: &str = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";

/// A service that takes roles and that no path is about.
const ELSEWHERE: &str = "pipes.amazonaws.com";

/// The paths, but for those by which one takes a limit from oneself, or an older version of a policy: see `limits`.
fn paths() -> impl Iterator<Item = &'static PathKind> {
    let is_ordinary = |path: &&PathKind| {
        !matches!(path.gains, Gain::Freed | Gain::Arranged | Gain::Through)
            && !path.requires.contains(&Precondition::UnreadVersions)
    };
    crate::escalation::catalogue::paths().iter().filter(is_ordinary)
}

/// One path of each shape: paths of the same shape differ in the names of their actions and services alone.
fn shapes() -> impl Iterator<Item = &'static PathKind> {
    let mut seen = BTreeSet::new();
    paths().filter(move |path| {
        let needs: BTreeSet<String> = path.needs.iter().map(|need| format!("{:?}", need.on)).collect();
        let what = (path.victim, path.gains, path.elsewhere, path.services.is_empty(), certainty(path));
        seen.insert(format!("{what:?} {:?} {needs:?}", path.requires)) || crate::tests::is_whole()
    })
}

fn is_role(path: &PathKind) -> bool {
    path.victim == Victim::SelfRole
}

fn caller(path: &PathKind) -> String {
    format!("arn:aws:iam::{HOME}:{}/caller", if is_role(path) { "role" } else { "user" })
}

fn victim(path: &PathKind) -> String {
    match path.victim {
        Victim::User => format!("arn:aws:iam::{HOME}:user/victim"),
        Victim::Role => format!("arn:aws:iam::{HOME}:role/{}", role_name(path)),
        Victim::SelfUser | Victim::SelfRole => caller(path),
        Victim::OwnPolicy => OWN_POLICY.to_owned(),
        Victim::OwnGroup => format!("arn:aws:iam::{HOME}:group/own"),
        Victim::Group | Victim::AnyGroup => format!("arn:aws:iam::{HOME}:group/other"),
        Victim::Made | Victim::OwnLimit => "*".to_owned(),
    }
}

fn role_name(path: &PathKind) -> &'static str {
    let is_default = path.requires.contains(&Precondition::DefaultStackSetRole);
    if is_default { "AWSCloudFormationStackSetAdministrationRole" } else { "victim" }
}

fn resource(path: &PathKind, need: &Need) -> String {
    match need.on {
        On::Anything => "*".to_owned(),
        On::PolicyOfVictim => VICTIM_POLICY.to_owned(),
        On::Victim | On::Passed | On::Assumed | On::AssumedOnceTrusted | On::Limit => victim(path),
        On::ProviderOfVictim => provider(path).unwrap().to_owned(),
        On::NewUser => format!("arn:aws:iam::{HOME}:user/new-*"),
        On::NewRole => format!("arn:aws:iam::{HOME}:role/new-*"),
        On::NewGroup => format!("arn:aws:iam::{HOME}:group/new-*"),
        On::NewInstanceProfile => format!("arn:aws:iam::{HOME}:instance-profile/new-*"),
    }
}

/// The identity provider that the victim trusts.
fn provider(path: &PathKind) -> Option<&'static str> {
    let need = path.needs.iter().find(|need| need.on == On::ProviderOfVictim)?;
    Some(if need.action.contains("SAML") {
        "arn:aws:iam::111122223333:saml-provider/idp"
    } else {
        "arn:aws:iam::111122223333:oidc-provider/idp.example.com"
    })
}

/// What the caller is granted, need by need.
fn grants(path: &PathKind) -> Vec<Value> {
    // Who is named by a trust policy of its own account needs no grant.
    let is_granted = |need: &&Need| {
        need.on != On::AssumedOnceTrusted && (need.action != "sts:AssumeRole" || need.on == On::Assumed)
    };
    let granted = path.needs.iter().filter(is_granted);
    let mut grants: Vec<Value> = granted.map(|need| allow(&[&need.action], &resource(path, need))).collect();
    grants.extend(path.elsewhere.then(|| allow(&["pipes:*"], "*")));
    let besides = format!("arn:aws:iam::{HOME}:role/besides");
    grants.extend(path.beside.as_ref().map(|_| allow(&["iam:PassRole"], &besides)));
    grants
}

fn tiny(path: &PathKind) -> Tiny {
    let mut tiny = Tiny::default();
    tiny.group(HOME, "own");
    tiny.group(HOME, "other").statements = if matches!(path.gains, Gain::Membership | Gain::NewMember) {
        vec![allow(&["*"], "*")]
    } else {
        Vec::new()
    };
    tiny.policy(HOME, "of-victim", vec![allow(&["s3:ListAllMyBuckets"], "*")]);
    tiny.policy(HOME, "of-caller", vec![allow(&["s3:ListAllMyBuckets"], "*")]);
    if path.requires.contains(&Precondition::FullOfVersions) {
        tiny.policies.get_mut(&super::key(HOME, "of-caller")).unwrap().1 = 5;
    }
    let caller = if is_role(path) { tiny.role(HOME, "caller") } else { tiny.user(HOME, "caller") };
    caller.statements = grants(path);
    caller.attached = vec!["of-caller".to_owned()];
    caller.groups = if is_role(path) { Vec::new() } else { vec!["own".to_owned()] };
    let keys = if path.requires.contains(&Precondition::TwoKeys) { 2 } else { 1 };
    let password = path.requires.contains(&Precondition::Password);
    let is_acted_as = matches!(path.gains, Gain::Victim | Gain::Unbounded);
    let exec = format!("arn:aws:iam::{HOME}:role/exec");
    let rights = match path.gains {
        _ if is_acted_as => vec![allow(&["*"], "*")],
        Gain::Assumes => vec![allow(&["sts:AssumeRole"], &exec)],
        _ => Vec::new(),
    };
    if path.gains == Gain::Assumes {
        let role = tiny.role(HOME, "exec");
        role.statements = vec![allow(&["*"], "*")];
        role.trust = vec![trusts("AWS", &format!("arn:aws:iam::{HOME}:role/{}", role_name(path)))];
    }
    if let Some(service) = &path.beside {
        let role = tiny.role(HOME, "besides");
        (role.trust, role.instance_profile) = (vec![trusts("Service", service)], true);
    }
    tiny.providers = path.requires.contains(&Precondition::NoProvider).then(Vec::new);
    let is_bounded = path.requires.contains(&Precondition::Boundary);
    let user = tiny.user(HOME, "victim");
    (user.credentials, user.statements) = (Some((keys, password)), rights.clone());
    user.boundary = is_bounded;
    let assumed = path.needs.iter().any(|need| need.on == On::Assumed);
    let role = tiny.role(HOME, role_name(path));
    role.statements = rights;
    role.attached = vec!["of-victim".to_owned()];
    role.boundary = is_bounded;
    let service = path.services.first().map(String::as_str).or(path.elsewhere.then_some(ELSEWHERE));
    role.trust = match service {
        _ if provider(path).is_some() => vec![federates(provider(path).unwrap())],
        Some(service) => vec![serves(service)],
        None if path.issuer.is_some() => vec![federates(EKS)],
        None if assumed => vec![trusts("AWS", "arn:aws:iam::111122223333:root")],
        None => vec![trusts("Service", "ec2.amazonaws.com")],
    };
    if path.requires.contains(&Precondition::IdentityCenter) {
        tiny.role(HOME, "of-identity-center").path = "/aws-reserved/sso.amazonaws.com/";
    }
    tiny.manages = path.requires.contains(&Precondition::ManagementAccount);
    let role = tiny.role(HOME, role_name(path));
    role.instance_profile = path.requires.contains(&Precondition::InstanceProfile);
    tiny
}

/// With all that the service does with a role.
fn serves(service: &str) -> Value {
    let mut trust = trusts("Service", service);
    trust["Action"] = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    trust
}

fn federates(provider: &str) -> Value {
    let action =
        if provider.contains("saml") { "sts:AssumeRoleWithSAML" } else { "sts:AssumeRoleWithWebIdentity" };
    json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action})
}

fn certainty(path: &PathKind) -> May {
    match (&path.given, &path.unknown) {
        (_, Some(_)) => May::Unknown,
        (Some(_), None) => May::If,
        (None, None) => May::Surely,
    }
}

/// How surely the caller has the edge that the path is about.
fn found(tiny: &Tiny, path: &PathKind) -> May {
    let estate = tiny.estate();
    let edges = edges(&Graph::without_edges(&estate, NOW), &caller(path));
    edges.get(&(path.id.as_str(), victim(path))).copied().unwrap_or(May::No)
}

#[test]
fn every_path_is_found_and_leads_to_an_administrator() {
    for path in paths() {
        let tiny = tiny(path);
        assert_eq!(found(&tiny, path), certainty(path), "{}", path.id);
        let estate = tiny.estate();
        let graph = Graph::of(&estate, NOW);
        let found = graph.find(&Goal::Administrator, Some(&caller(path))).unwrap();
        let [route] = found.routes.as_slice() else { panic!("{}: {found:?}", path.id) };
        assert!(route.certainty() >= certainty(path), "{}", path.id);
        let steps = graph.steps(route);
        let all_sure = steps
            .iter()
            .all(|step| step.conditions.is_empty() && step.witnesses.iter().all(|witness| witness.is_sure));
        assert_eq!(all_sure, route.certainty() == May::Surely, "{}: {steps:?}", path.id);
        for step in steps {
            assert!(!step.witnesses.is_empty(), "{}", path.id);
            // what allows it is named, but for what needs no grant
            for witness in step.witnesses.iter().filter(|witness| witness.action != "sts:AssumeRole") {
                assert!(witness.because.iter().all(|because| because.file.is_some()), "{}", path.id);
                assert!(!witness.because.is_empty(), "{}: {witness:?}", path.id);
            }
        }
    }
}

#[test]
fn without_one_of_its_actions_a_path_is_gone() {
    for path in shapes() {
        for left_out in 0..grants(path).len() {
            let mut tiny = tiny(path);
            let caller = if is_role(path) { tiny.role(HOME, "caller") } else { tiny.user(HOME, "caller") };
            caller.statements.remove(left_out);
            assert_eq!(found(&tiny, path), May::No, "{} without {left_out}", path.id);
        }
    }
}

#[test]
fn a_deny_a_guardrail_and_a_boundary_each_take_a_path_away() {
    for path in shapes() {
        for need in &path.needs {
            let stop = deny(&[&need.action], &resource(path, need));
            let mut denied = tiny(path);
            let caller =
                if is_role(path) { denied.role(HOME, "caller") } else { denied.user(HOME, "caller") };
            caller.statements.push(stop.clone());
            assert_eq!(found(&denied, path), May::No, "{}: Deny {}", path.id, need.action);

            // SCPs never bind the management account.
            if path.requires.contains(&Precondition::ManagementAccount) {
                continue;
            }
            let mut guarded = tiny(path);
            guarded.guardrails = vec![("SERVICE_CONTROL_POLICY", vec![stop])];
            assert_eq!(found(&guarded, path), May::No, "{}: SCP denies {}", path.id, need.action);
        }
        let mut bounded = tiny(path);
        let caller = if is_role(path) { bounded.role(HOME, "caller") } else { bounded.user(HOME, "caller") };
        caller.boundary = true;
        assert_eq!(found(&bounded, path), May::No, "{}: boundary `{BOUNDARY}`", path.id);

        // somebody else's resource is not the victim
        let mut elsewhere = tiny(path);
        let caller =
            if is_role(path) { elsewhere.role(HOME, "caller") } else { elsewhere.user(HOME, "caller") };
        // what is made can have any name
        if path
            .needs
            .iter()
            .any(|need| matches!(need.on, On::NewUser | On::NewRole | On::NewGroup | On::NewInstanceProfile))
        {
            continue;
        }
        let is_targeted =
            path.needs.iter().any(|need| !matches!(need.on, On::Anything | On::AssumedOnceTrusted));
        for statement in &mut caller.statements {
            if statement["Resource"] != "*" {
                statement["Resource"] = json!("arn:aws:iam::111122223333:*/nobody");
            }
        }
        assert_eq!(found(&elsewhere, path) == May::No, is_targeted, "{}", path.id);
    }
}

#[test]
fn what_must_be_true_of_the_victim_is_looked_at() {
    for path in shapes() {
        for precondition in &path.requires {
            let mut broken = tiny(path);
            match precondition {
                Precondition::FewerThanTwoKeys => broken.user(HOME, "victim").credentials = Some((2, false)),
                Precondition::TwoKeys => broken.user(HOME, "victim").credentials = Some((1, false)),
                Precondition::NoPassword => broken.user(HOME, "victim").credentials = Some((1, true)),
                Precondition::Password => broken.user(HOME, "victim").credentials = Some((1, false)),
                Precondition::InstanceProfile => broken.role(HOME, "victim").instance_profile = false,
                Precondition::IdentityCenter => {
                    broken.roles.remove(&super::key(HOME, "of-identity-center"));
                }
                Precondition::DefaultStackSetRole => {
                    let key = |name| super::key(HOME, name);
                    let role = broken.roles.remove(&key(role_name(path))).unwrap();
                    broken.roles.insert(key("another"), role);
                }
                Precondition::ManagementAccount => broken.manages = false,
                Precondition::Boundary => {
                    broken.role(HOME, "victim").boundary = false;
                    broken.user(HOME, "victim").boundary = false;
                }
                Precondition::RoomForAVersion => {
                    broken.policies.get_mut(&super::key(HOME, "of-caller")).unwrap().1 = 5;
                }
                Precondition::FullOfVersions => {
                    broken.policies.get_mut(&super::key(HOME, "of-caller")).unwrap().1 = 4;
                }
                Precondition::NoProvider => {
                    broken.providers = Some(vec![provider(path).unwrap().to_owned()]);
                }
                Precondition::UnreadVersions => panic!("such paths are left out: see `limits`"),
            }
            assert_eq!(found(&broken, path), May::No, "{}: {precondition:?}", path.id);
            // without the credential report nobody knows
            let mut unknown = tiny(path);
            unknown.user(HOME, "victim").credentials = None;
            let is_told = |one: &&Precondition| {
                !matches!(
                    one,
                    Precondition::Boundary
                        | Precondition::IdentityCenter
                        | Precondition::ManagementAccount
                        | Precondition::DefaultStackSetRole
                )
            };
            let asks_for_report = path.requires.iter().find(is_told).is_some();
            let is_open = path.victim == Victim::User && asks_for_report;
            let expected = if is_open { May::If } else { certainty(path) };
            assert_eq!(found(&unknown, path), expected, "{}: {precondition:?}", path.id);
        }
        let trust_matters = path.victim == Victim::Role
            && !path.elsewhere
            && (!path.services.is_empty()
                || path.issuer.is_some()
                || path.needs.iter().any(|need| need.on == On::Assumed));
        if trust_matters {
            let mut distrusted = tiny(path);
            distrusted.role(HOME, role_name(path)).trust = vec![trusts("Service", "nowhere.amazonaws.com")];
            assert_eq!(found(&distrusted, path), May::No, "{}: trust", path.id);
        }
        if path.victim == Victim::Role {
            let mut linked = tiny(path);
            let mut role = linked.roles.remove(&super::key(HOME, role_name(path))).unwrap();
            role.path = "/aws-service-role/x.amazonaws.com/";
            linked.roles.insert(super::key(HOME, role_name(path)), role);
            let estate = linked.estate();
            let found = edges(&Graph::without_edges(&estate, NOW), &caller(path));
            assert!(!found.keys().any(|(_, arn)| arn.contains("aws-service-role")), "{}", path.id);
        }
        // what any permission would be worth is capped by the boundary of who gets it
        if path.gains == Gain::Permissions && matches!(path.victim, Victim::User | Victim::Role) {
            let mut capped = tiny(path);
            capped.user(HOME, "victim").boundary = true;
            capped.role(HOME, "victim").boundary = true;
            assert_eq!(found(&capped, path), May::No, "{}: the victim is bounded", path.id);
        }
    }
}

/// What is granted on some name is granted; the actions of a path must be granted on the same one.
#[test]
fn a_name_that_some_policy_singles_out_will_do() {
    let names = [
        (On::NewUser, "user"),
        (On::NewRole, "role"),
        (On::NewGroup, "group"),
        (On::NewInstanceProfile, "instance-profile"),
    ];
    for path in shapes() {
        for (on, kind) in names {
            let made: Vec<&Need> = path.needs.iter().filter(|need| need.on == on).collect();
            let named = |need: &Need, name: &str| {
                allow(&[&need.action], &format!("arn:aws:iam::{HOME}:{kind}/{name}"))
            };
            let apart = |name: &dyn Fn(usize) -> String| {
                let mut tiny = tiny(path);
                let caller =
                    if is_role(path) { tiny.role(HOME, "caller") } else { tiny.user(HOME, "caller") };
                caller.statements.retain(|statement| {
                    !statement["Resource"].as_str().unwrap().ends_with(&format!("{kind}/new-*"))
                });
                caller
                    .statements
                    .extend(made.iter().enumerate().map(|(place, need)| named(need, &name(place))));
                found(&tiny, path)
            };
            if made.is_empty() {
                continue;
            }
            assert_eq!(apart(&|_| "one".to_owned()), certainty(path), "{}: one name", path.id);
            let both = |place| if place == 0 { "x-*".to_owned() } else { "*-y".to_owned() };
            assert_eq!(apart(&both), certainty(path), "{}: a name that fits both", path.id);
            let assumes = made.iter().any(|need| need.action == "sts:AssumeRole");
            if made.len() > 2 || (made.len() == 2 && !assumes) {
                assert_eq!(apart(&|place| format!("of-{place}")), May::No, "{}: names of their own", path.id);
            }
        }
    }
}

#[test]
fn a_condition_makes_a_path_conditional() {
    for path in shapes() {
        let mut tiny = tiny(path);
        let caller = if is_role(path) { tiny.role(HOME, "caller") } else { tiny.user(HOME, "caller") };
        let Some(statement) = caller.statements.first_mut() else { continue };
        statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}});
        assert_eq!(found(&tiny, path), certainty(path).min(May::If), "{}", path.id);
    }
}
