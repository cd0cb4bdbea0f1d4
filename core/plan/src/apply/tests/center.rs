//! Permission sets and assignments: what AWS does after its answer, and whose account it is that people come into.

use kagimori_estate::center::Principal;
use kagimori_estate::change::{CenterChange, Change};
use kagimori_id::AccountId;

use super::super::{
    Asked, Call, Direction, Ended, History, Outcome, Reason, Report, Run, Taken, Terms, Wanted,
};
use super::plans::{SET, allow, aws, identity_center, plan};
use super::world::Aws;
use super::world::center::INSTANCE;
use crate::settings::apply::Apply;
use crate::{Plan, Settings};

const OTHER: &str = "444455556666";

fn terms() -> Terms {
    Terms::new("mika", &Settings::default())
}

/// Follows a plan; some calls are answered otherwise. What was asked of a person, and the calls that were made.
fn answered(
    plan: &Plan,
    terms: Terms,
    aws: &mut Aws,
    mut other: impl FnMut(&Call) -> Option<Outcome>,
) -> (Report, Vec<Asked>, Vec<Call>) {
    let mut run = Run::new(plan, Direction::Apply, terms, History::default());
    let (mut asked, mut calls) = (Vec::new(), Vec::new());
    loop {
        let taken = match run.next() {
            Wanted::Call(call) => {
                let answer = other(&call).unwrap_or_else(|| aws.call(&call));
                calls.push(call);
                Taken::Outcome(answer)
            }
            Wanted::Journal(_) => Taken::Journalled,
            Wanted::Wait { .. } => Taken::Waited,
            Wanted::Typed(question) => {
                let word = question.word.clone();
                asked.push(question);
                Taken::Typed(word)
            }
            Wanted::Nothing => return (run.report().clone(), asked, calls),
        };
        run.take(taken);
    }
}

fn edit() -> Plan {
    let is_edit =
        |(change, _): &(Change, _)| matches!(change, Change::Center(CenterChange::SetPermissionSet { .. }));
    let pairs: Vec<_> = identity_center().into_iter().filter(is_edit).collect();
    assert_eq!(pairs.len(), 1);
    plan(&pairs)
}

fn provisions(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.operation == "ProvisionPermissionSet").count()
}

fn lost() -> Outcome {
    Outcome::Unknown { why: "the connection broke".to_owned() }
}

#[test]
fn an_edit_is_brought_into_the_accounts_and_waited_for() {
    let mut aws = aws();
    let (told, _, calls) = answered(&edit(), terms(), &mut aws, |_| None);
    assert_eq!((told.ended, told.done), (Ended::Done, vec![0]));
    assert!(!aws.world.center[SET].is_outdated);
    assert_eq!(provisions(&calls), 1);
    let asked = |call: &&Call| call.operation == "DescribePermissionSetProvisioningStatus";
    assert_eq!(calls.iter().filter(asked).count(), 2, "until AWS says that it is done");
}

#[test]
fn what_aws_does_not_say_of_provisioning_is_not_known() {
    let status = |status: &'static str| {
        move |call: &Call| {
            let is_it = call.operation == "DescribePermissionSetProvisioningStatus";
            let told = serde_json::json!({ "PermissionSetProvisioningStatus": { "Status": status, "FailureReason": "no role" } });
            is_it.then_some(Outcome::Answer(told))
        }
    };
    for (said, why) in [
        ("FAILED", "could not provision it: no role"),
        ("IN_PROGRESS", "is at provisioning it still"),
        ("", "does not say what came of"),
    ] {
        let (told, _, calls) = answered(&edit(), terms(), &mut aws(), status(said));
        let Ended::Stopped { step: 0, in_doubt: true, why: told } = told.ended else { panic!("{told:?}") };
        assert!(told.contains(why), "{told}");
        assert_eq!(provisions(&calls), 1);
    }
    // An answer that names no request.
    let unnamed = |call: &Call| {
        let is_it = call.operation == "ProvisionPermissionSet";
        is_it.then(|| Outcome::Answer(serde_json::json!({})))
    };
    let (told, _, calls) = answered(&edit(), terms(), &mut aws(), unnamed);
    assert!(matches!(told.ended, Ended::Stopped { in_doubt: true, .. }), "{told:?}");
    assert_eq!(provisions(&calls), 1);
}

#[test]
fn provisioning_whose_answer_was_lost_is_made_again() {
    let mut is_first = true;
    let first_lost = move |call: &Call| {
        let is_it = call.operation == "ProvisionPermissionSet" && std::mem::take(&mut is_first);
        is_it.then(lost)
    };
    let mut aws = aws();
    let (told, _, calls) = answered(&edit(), terms(), &mut aws, first_lost);
    assert_eq!(told.ended, Ended::Done);
    assert_eq!(provisions(&calls), 2);
    assert!(!aws.world.center[SET].is_outdated);
}

/// It would come into the accounts along with the edit.
#[test]
fn what_nobody_names_is_not_provisioned() {
    let mut aws = aws();
    aws.world.center.get_mut(SET).unwrap().managed.insert("arn:aws:iam::aws:policy/IAMFullAccess".to_owned());
    let (told, _, _) = answered(&edit(), terms(), &mut aws, |_| None);
    let Ended::Moved(moved) = &told.ended else { panic!("{told:?}") };
    assert!(moved[0].what.contains("IAMFullAccess"), "{moved:?}");
    assert!(aws.made.is_empty());
    // What comes meanwhile stops it right before.
    let mut aws = super::plans::aws();
    let mut world = aws.clone();
    let late = |call: &Call| {
        let answer = world.call(call);
        if call.operation == "PutInlinePolicyToPermissionSet" {
            let held = world.world.center.get_mut(SET).unwrap();
            held.managed.insert("arn:aws:iam::aws:policy/IAMFullAccess".to_owned());
        }
        Some(answer)
    };
    let (told, _, calls) = answered(&edit(), terms(), &mut aws, late);
    assert!(matches!(&told.ended, Ended::Stopped { why, .. } if why.contains("IAMFullAccess")), "{told:?}");
    assert_eq!(provisions(&calls), 0);
}

/// A permission set that is given to somebody in another account.
fn assigned() -> Plan {
    let account = AccountId::parse(OTHER).unwrap();
    let principal = Principal::User("u-1".to_owned());
    let (instance, set) = (INSTANCE.to_owned(), SET.to_owned());
    let made = CenterChange::CreateAccountAssignment {
        instance: instance.clone(),
        set: set.clone(),
        account,
        principal: principal.clone(),
    };
    let gone = CenterChange::DeleteAccountAssignment { instance, set, account, principal };
    plan(&[(made.into(), Some(gone.into()))])
}

#[test]
fn the_alias_of_the_account_that_people_come_into_is_asked_for() {
    let (told, asked, _) = answered(&assigned(), terms(), &mut aws(), |_| None);
    assert_eq!((told.ended, asked), (Ended::Done, Vec::new()));
    let mut production = aws();
    production.aliases.insert(OTHER.to_owned(), "shiosai-prod".to_owned());
    let (told, asked, calls) = answered(&assigned(), terms(), &mut production, |_| None);
    assert_eq!(told.ended, Ended::Done);
    let [question] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((question.account.to_string().as_str(), question.word.as_str()), (OTHER, "shiosai-prod"));
    assert_eq!(question.reasons, [Reason::Production { alias: "shiosai-prod".to_owned() }]);
    let there = |call: &&Call| call.account.is_some();
    assert!(calls.iter().filter(there).all(Aws::only_looks), "nothing is changed in the account itself");
    // Protected by the settings.
    let care = Apply { protected: vec![OTHER.to_owned()], ..Apply::default() };
    let (_, asked, _) = answered(&assigned(), Terms { care, ..terms() }, &mut aws(), |_| None);
    assert_eq!(asked[0].reasons, [Reason::Protected { what: format!("the account {OTHER}") }]);
    assert_eq!(asked[0].word, OTHER);
}

#[test]
fn an_account_that_nobody_can_ask_may_be_protected() {
    let shut = |call: &Call| {
        let refusal = Outcome::Refused { code: "AccessDenied".to_owned(), message: "not you".to_owned() };
        call.account.is_some().then_some(refusal)
    };
    let (told, asked, _) = answered(&assigned(), terms(), &mut aws(), shut);
    assert_eq!(told.ended, Ended::Done);
    let [question] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(question.word, OTHER);
    let [Reason::Protected { what }] = question.reasons.as_slice() else { panic!("{question:?}") };
    assert!(what.contains("perhaps: its alias is not known") && what.contains("AccessDenied"), "{what}");
}

/// A deletion names who has the set: somebody else who came to it since stops it before anything is taken away.
#[test]
fn a_set_that_somebody_else_was_given_is_not_deleted() {
    let pairs: Vec<_> = identity_center().into_iter().take(2).collect();
    let plan = plan(&pairs);
    let mut driver = super::driver::Driver::new(aws(), &[], &[]);
    let ended = |driver: &mut super::driver::Driver, direction| match driver.run(&plan, direction, &terms()) {
        super::driver::End::Reported(report) => report.ended,
        super::driver::End::Died => panic!("nobody dies here"),
    };
    assert_eq!(ended(&mut driver, Direction::Apply), Ended::Done);
    let held = driver.aws.world.center.values_mut().find(|held| held.name == "Reader").unwrap();
    held.assigned.insert((OTHER.to_owned(), "GROUP".to_owned(), "g-9".to_owned()));
    let made = driver.aws.made.len();
    let Ended::Moved(moved) = ended(&mut driver, Direction::Undo) else { panic!("it is not told") };
    assert!(moved[0].what.contains("GROUP g-9 in 444455556666"), "{moved:?}");
    assert_eq!(driver.aws.made.len(), made);
    let held = driver.aws.world.center.values_mut().find(|held| held.name == "Reader").unwrap();
    held.assigned.retain(|(account, ..)| account != OTHER);
    held.inline = allow("s3:Get*");
    assert_eq!(ended(&mut driver, Direction::Undo), Ended::Done);
    assert!(driver.aws.world.center.values().all(|held| held.name != "Reader"));
}

/// In another Region all of it would look as if it were gone.
#[test]
fn an_instance_of_another_region_is_told() {
    let elsewhere = |call: &Call| {
        let is_it = call.operation == "ListInstances";
        is_it.then(|| Outcome::Answer(serde_json::json!({ "Instances": [] })))
    };
    let mut aws = aws();
    let (told, _, _) = answered(&edit(), terms(), &mut aws, elsewhere);
    assert_eq!(told.ended, Ended::OtherRegion(INSTANCE.to_owned()));
    assert!(told.hint().contains("AWS_REGION"));
    assert!(aws.made.is_empty());
}
