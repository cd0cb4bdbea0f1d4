//! What `collect` could not ask makes no verdict better: the company is collected in memory, once whole, and then with each call
//! denied, throttled for good, not answered, and torn; each verdict stays as it was or becomes `UNKNOWN`.
//!
//! The company is its bastion account by default; with `KAGIMORI_MATRIX=all` half of all its accounts.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Silence;
use kagimori_estate::collect::{
    Account, Answer, Ask, Failure, Given, Options, Organization, Recorded, Wanted,
};
use kagimori_fake_aws::live::Answers;
use serde_json::{Value, json};

use super::deny_matrix::compare;
use super::{Files, estate, everything, half, is_whole, now, settings, usage};

/// A way for a call to go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    Denied,
    Throttled,
    Unanswered,
    /// Its file is cut off in the middle.
    Torn,
}

const LOSSES: [Loss; 4] = [Loss::Denied, Loss::Throttled, Loss::Unanswered, Loss::Torn];

const BASTION: &str = "111122223333";

/// The company's live accounts; and beside them what no collection brings.
fn company() -> (Answers, Files) {
    let (mut accounts, mut organization, mut rest) =
        (BTreeMap::<String, Files>::new(), Files::new(), Files::new());
    for (path, bytes) in half() {
        let within = path.strip_prefix("snapshots/").and_then(|path| path.split_once('/'));
        match within {
            Some(("organization", name)) => drop(organization.insert(name.to_owned(), bytes)),
            Some((account, _)) if !is_whole() && account != BASTION => {}
            Some((account, name)) => {
                accounts.entry(account.to_owned()).or_default().insert(name.to_owned(), bytes);
            }
            None => drop(rest.insert(path, bytes)),
        }
    }
    let ids: Vec<&str> = accounts.keys().map(String::as_str).collect();
    rooted(&mut organization, &ids);
    (Answers::new(&accounts, &organization), rest)
}

/// A root beneath which all accounts hang, and a resource control policy on it.
fn rooted(organization: &mut Files, accounts: &[&str]) {
    let accounts: Vec<_> =
        accounts.iter().map(|id| json!({ "Id": id, "Name": id, "State": "ACTIVE" })).collect();
    let document = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*",
        "Condition": { "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-shiosai001" } },
    }] });
    let summary =
        json!({ "Id": "p-rcpshio1", "Name": "ours", "Type": "RESOURCE_CONTROL_POLICY", "AwsManaged": false });
    for (name, value) in [
        ("roots.json", json!({ "Roots": [{ "Id": "r-ab12", "Name": "Root" }] })),
        ("accounts-r-ab12.json", json!({ "Accounts": accounts })),
        ("policies-rcp.json", json!({ "Policies": [summary] })),
        (
            "policy-p-rcpshio1.json",
            json!({ "Policy": { "PolicySummary": summary, "Content": document.to_string() } }),
        ),
        ("policy-targets/p-rcpshio1.json", json!({ "Targets": [{ "TargetId": "r-ab12", "Type": "ROOT" }] })),
    ] {
        organization.insert(name.to_owned(), value.to_string().into_bytes());
    }
}

/// What a collection leaves: its files, and which call each is the answer of.
#[derive(Default)]
struct Snapshots {
    files: Files,
    of_call: BTreeMap<String, BTreeSet<String>>,
}

/// Something that says what to ask.
enum Machine {
    Account(Box<Account>),
    Organization(Box<Organization>),
}

impl Machine {
    fn run(mut self, answer: impl Fn(&Ask) -> Answer) -> (Vec<(String, Vec<u8>)>, Vec<Recorded>) {
        let mut at = now();
        loop {
            let wanted = match &mut self {
                Self::Account(account) => account.next(at),
                Self::Organization(organization) => organization.next(at),
            };
            match (wanted, &mut self) {
                (Wanted::Ask(ask), Self::Account(account)) => account.take(ask.id, &answer(&ask), at),
                (Wanted::Ask(ask), Self::Organization(organization)) => {
                    organization.take(ask.id, &answer(&ask), at);
                }
                (Wanted::Wait(until), _) => at = until,
                (Wanted::Answer, _) => panic!("every call is answered at once"),
                (Wanted::Nothing, _) => break,
            }
        }
        let (files, record) = match self {
            Self::Account(account) => account.finished(),
            Self::Organization(organization) => organization.finished(),
        };
        (files, record.calls)
    }
}

fn collected(answers: &Answers, failing: &dyn Fn(&Ask) -> Option<Failure>) -> Snapshots {
    let mut snapshots = Snapshots::default();
    let options = Options { ssh_keys: true, ..Options::default() };
    let accounts =
        answers.accounts().map(|id| (id, Machine::Account(Box::new(Account::new(options.clone(), now())))));
    let organization = Machine::Organization(Box::new(Organization::new(now())));
    for (folder, machine) in accounts.chain([("organization", organization)]) {
        let (files, calls) = machine.run(|ask| {
            if let Some(failure) = failing(ask) {
                return Answer::Failed(failure);
            }
            match answers.answer(folder, ask.operation, &ask.input) {
                Ok(value) => Answer::Given(Given { value, pages: 1, attempts: 1, ..Given::default() }),
                Err((code, message)) => {
                    Answer::Failed(Failure { code: Some(code), message, ..Failure::default() })
                }
            }
        });
        for call in calls.into_iter().filter(|call| !call.file.is_empty()) {
            let path = format!("snapshots/{folder}/{}", call.file);
            snapshots.of_call.entry(kind(&call.call, &call.about)).or_default().insert(path);
        }
        snapshots
            .files
            .extend(files.into_iter().map(|(name, bytes)| (format!("snapshots/{folder}/{name}"), bytes)));
    }
    snapshots
}

/// Calls that go wrong together: all of an operation; but lists of different policies fail each on their own.
fn kind(call: &str, about: &str) -> String {
    if call == "organizations:ListPolicies" { format!("{call} {about}") } else { call.to_owned() }
}

fn failure(loss: Loss) -> Failure {
    let code =
        |code: &str| Failure { code: Some(code.to_owned()), message: "m".to_owned(), ..Failure::default() };
    match loss {
        Loss::Denied => code("AccessDenied"),
        Loss::Throttled => code("Throttling"),
        Loss::Unanswered | Loss::Torn => {
            Failure { silence: Silence::Broken, message: "m".to_owned(), ..Failure::default() }
        }
    }
}

#[test]
fn no_verdict_improves_when_a_call_goes_wrong() {
    let (answers, rest) = company();
    let (trail, settings) = (usage(&rest), settings(&rest));
    let whole = collected(&answers, &|_| None);
    let review = |files: &Files| everything(&estate(files), Some(&trail), &settings);
    let full = review(&whole.files);
    assert!(full.outcomes.len() > 500, "{}", full.outcomes.len());
    // What was collected and what the CLI wrote are judged alike, but for what the collection leaves out.
    assert!(whole.of_call.len() > 20, "{:?}", whole.of_call.keys());
    for (call, files) in &whole.of_call {
        for loss in LOSSES {
            let less = match loss {
                Loss::Torn => {
                    let cut = |(path, bytes): (&String, &Vec<u8>)| {
                        let end = if files.contains(path) { bytes.len() / 2 } else { bytes.len() };
                        (path.clone(), bytes[..end].to_vec())
                    };
                    whole.files.iter().map(cut).collect()
                }
                _ => {
                    let is_it = |ask: &Ask| {
                        let about = ask.input.get("Filter").and_then(Value::as_str).unwrap_or_default();
                        kind(&format!("{}:{}", ask.service, ask.operation), about) == *call
                    };
                    collected(&answers, &|ask| is_it(ask).then(|| failure(loss))).files
                }
            };
            compare(&full, &review(&less), &format!("{call} {loss:?}"));
        }
    }
}
