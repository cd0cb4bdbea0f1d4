//! Guards of the fictional company.

use std::sync::LazyLock;

use kagimori_estate::Estate;
use kagimori_estate::fact::{Known, SourceId};
use kagimori_estate::model::{OrganizationPolicy, Policy};
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::AccountId;
use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_testkit::{Options, generate};

use super::{guard, told};
use crate::{Effect, Kind, Settings, budget, explain, nodes, prove, template, templates};

static COMPANY: LazyLock<Estate> = LazyLock::new(|| {
    let files = generate(&Options { users: 0, roles: 0, days: 0, ..Options::default() });
    let mut assembler = Assembler::default();
    for (path, bytes) in files.iter().filter(|(path, _)| path.contains('/')) {
        let account = path.split('/').nth(1).and_then(|folder| AccountId::parse(folder).ok());
        assembler.add(read(File { path, account, bytes }));
    }
    assembler.finish(None)
});

fn document(text: &str) -> Document {
    parse(text, Strictness::Strict).unwrap()
}

#[test]
fn every_template_is_proved_of_the_companys_own_principals() {
    for template in templates() {
        let proof = prove(&guard(template), &COMPANY).unwrap();
        assert!(proof.is_whole(), "{}: {}", template.name, told(&proof));
        let of_estate: usize = proof.obligations.iter().map(|held| held.of_estate).sum();
        assert!(of_estate > 0 || template.name == "github-tenant", "{}", template.name);
    }
}

/// Who is exempt by a setting is not asked about as anybody else, and a guard that forgets its exception is told with names.
#[test]
fn a_policy_without_its_exception_is_broken_for_those_who_are_exempt() {
    let template = template("protect-trail").unwrap();
    let keeper = "arn:aws:iam::444455556666:role/DBOperator";
    let settings = Settings::from([("keepers".to_owned(), vec![keeper.to_owned()])]);
    let guard = crate::Guard::new(template, &settings).unwrap();
    let proof = prove(&guard, &COMPANY).unwrap();
    assert!(proof.is_whole(), "{keeper}: {}", told(&proof));
    let forgetful = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":["cloudtrail:UpdateTrail"],"Resource":"*"}}"#;
    let proof = prove(&guard.with(document(forgetful)), &COMPANY).unwrap();
    assert!(proof.is_broken());
    let broken: Vec<&str> =
        proof.obligations.iter().flat_map(|held| &held.broken).map(|broken| broken.who.as_str()).collect();
    assert!(broken.contains(&keeper), "{broken:?}");
}

/// A guard from which everybody is exempt denies nobody anything, and is not proved.
#[test]
fn a_guard_without_anybody_left_is_not_proved() {
    let template = template("kms-keys").unwrap();
    let all = ["arn:aws:iam::*:role/*".to_owned(), "arn:aws:iam::*:user/*".to_owned()];
    let settings = Settings::from([("keepers".to_owned(), all.to_vec())]);
    let proof = prove(&crate::Guard::new(template, &settings).unwrap(), &COMPANY).unwrap();
    let deny = proof.obligations.iter().find(|held| held.case.deny).unwrap();
    assert!(deny.is_kept() && deny.requests > 0, "root is left");
    assert!(proof.obligations.iter().any(|held| !held.is_kept()), "{}", told(&proof));
}

fn attached(id: &str, kind: &str, text: Option<&str>, targets: Option<&[&str]>) -> OrganizationPolicy {
    let told =
        |text: &str| Known::new(Policy { document: parse(text, Strictness::Strict) }, SourceId::PLANNED);
    let dataset = kagimori_estate::Dataset::OrganizationPolicies;
    OrganizationPolicy {
        id: id.to_owned(),
        name: id.to_owned(),
        kind: kind.to_owned(),
        aws_managed: false,
        document: text.map_or(Known::not_given(dataset), told),
        targets: match targets {
            Some(targets) => {
                Known::new(targets.iter().map(|target| (*target).to_owned()).collect(), SourceId::PLANNED)
            }
            None => Known::not_given(dataset),
        },
    }
}

const LEAVE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
const CLOSE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"account:CloseAccount","Resource":"*"}]}"#;

#[test]
fn room_is_counted_where_policies_are_attached() {
    let scp = "SERVICE_CONTROL_POLICY";
    let mut estate = Estate::empty();
    assert!(budget(&estate).is_none(), "what was not given is not empty");
    let policies = vec![
        attached("p-a", scp, Some(LEAVE), Some(&["r-1", "ou-1"])),
        attached("p-b", scp, Some(CLOSE), Some(&["ou-1"])),
        attached("p-c", scp, None, Some(&["ou-1"])),
        attached("p-d", scp, Some(CLOSE), None),
        attached("p-r", "RESOURCE_CONTROL_POLICY", Some(CLOSE), Some(&["r-1"])),
    ];
    estate.organization.policies = Known::new(policies, SourceId::PLANNED);
    assert!(nodes(&estate).contains("ou-1"));
    let budget = budget(&estate).unwrap();
    let unit = budget.iter().find(|node| node.id == "ou-1" && node.kind == Kind::ServiceControl).unwrap();
    assert_eq!((unit.attached.len(), unit.free), (3, 7));
    assert_eq!(unit.attached[0].characters, Some(LEAVE.len()));
    assert_eq!(unit.attached[2].characters, None, "a text that was not given has no size");
    assert_eq!(unit.untold, ["p-d"], "whose targets are not known may be anywhere");
    let merge = unit.merges.first().unwrap();
    assert_eq!(merge.ids, ["p-a", "p-b"]);
    let both = [document(LEAVE), document(CLOSE)];
    let open =
        document(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#);
    let verdict = kagimori_policy::compare::compare(
        &[open.clone(), both[0].clone(), both[1].clone()],
        &[open, merge.document.clone()],
    );
    assert_eq!(verdict.verdict(), kagimori_policy::compare::Verdict::Equal);
    let root = budget.iter().find(|node| node.id == "r-1" && node.kind == Kind::ResourceControl).unwrap();
    assert_eq!((root.attached.len(), root.free, root.attached[0].most), (1, 4, 5_120));
}

fn counts(text: &str, kind: Kind, action: &str) -> Vec<(Effect, usize)> {
    let explained = explain(&document(text), kind, &COMPANY).unwrap();
    let row = explained.rows.iter().find(|row| row.action == action).unwrap();
    row.groups.iter().map(|group| (group.effect.clone(), group.count)).collect()
}

#[test]
fn a_policy_of_somebody_else_is_a_table() {
    let everybody = explain(&document(LEAVE), Kind::ServiceControl, &COMPANY).unwrap().principals;
    let told = counts(LEAVE, Kind::ServiceControl, "organizations:LeaveOrganization");
    let [(Effect::Denied, denied), (Effect::Allowed, let_be)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(denied + let_be, everybody);
    let management = COMPANY.organization.management_account.value().unwrap();
    let account = COMPANY.accounts.get(management).unwrap();
    let linked = COMPANY
        .accounts
        .iter()
        .filter(|(id, _)| *id != management)
        .flat_map(|(_, account)| account.roles.values())
        .filter(|role| role.path.starts_with("/aws-service-role/"))
        .count();
    assert_eq!(*let_be, account.users.len() + account.roles.len() + 1 + linked, "whom no SCP binds");
}

/// An allow list denies what it does not name; a condition on what nobody knows is no answer.
#[test]
fn allow_lists_and_conditions_are_told() {
    let list = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let denied = |action| {
        counts(list, Kind::ServiceControl, action).iter().any(|(effect, _)| *effect == Effect::Denied)
    };
    assert!(denied("ec2:RunInstances"));
    assert!(!denied("s3:GetObject"));
    let regions = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"ap-northeast-1"}}}]}"#;
    let told = counts(regions, Kind::ServiceControl, "ec2:RunInstances");
    assert!(told.contains(&(Effect::Depends(vec!["aws:requestedregion".to_owned()]), told[0].1)), "{told:?}");
    assert!(
        explain(&document(regions), Kind::ServiceControl, &COMPANY)
            .unwrap()
            .rows
            .iter()
            .all(|row| row.action != "iam:CreateUser")
    );
}
