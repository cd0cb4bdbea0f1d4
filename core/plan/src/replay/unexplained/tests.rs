//! What changes do to calls that the snapshot does not explain, and to what is asked of other accounts.

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, IdentityChange, WireDocument, apply};
use kagimori_id::{AccountId, Arn};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_trail::call::{Call, Check, CheckedResource, Outcome};

use crate::replay::tests::{USER, allow, arn, call, changed, classes, document, estate};
use crate::replay::{Replay, Telling, Verdict};

fn judged(before: &Estate, after: &Estate, call: &Call) -> Verdict {
    let (was, is) = (Access::of(before), Access::of(after));
    let class = classes(std::slice::from_ref(call), Telling::default()).remove(0);
    Replay::new(&was, &is).judge(&class).verdict
}

fn denied(action: &str) -> String {
    let all = r#"{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"}"#;
    document(&format!(r#"{all},{{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#))
}

/// Something that nobody gave allowed it: whatever that was, a Deny goes before it (IAM User Guide,
/// `reference_policies_evaluation-logic_policy-eval-denyallow`).
#[test]
fn what_a_new_deny_speaks_of_is_denied_whatever_allowed_it() {
    let before = estate(&allow("ec2:DescribeInstances", "*", ""));
    let volumes = call(1, "ec2:DescribeVolumes", CheckedResource::None, Outcome::Succeeded);
    for (after, expected) in [
        (changed(&before, &denied("ec2:DescribeVolumes")), Verdict::NewlyDenied),
        (changed(&before, &denied("ec2:*")), Verdict::NewlyDenied),
        // near: of something else, and nothing lost
        (changed(&before, &denied("ec2:DescribeImages")), Verdict::Unexplained),
        (changed(&before, &allow("s3:*", "*", "")), Verdict::Unexplained),
        (before.clone(), Verdict::Unexplained),
    ] {
        assert_eq!(judged(&before, &after, &volumes), expected);
    }
    // it was denied before as well, and succeeded: that changes nothing
    let quarantined = estate(&denied("ec2:DescribeVolumes"));
    assert_eq!(
        judged(&quarantined, &changed(&quarantined, &denied("ec2:*")), &volumes),
        Verdict::Unexplained
    );
}

/// A boundary limits what identity policies allow; what a resource's policy gives the user itself it does not.
#[test]
fn a_boundary_may_be_what_stops_it() {
    let before = estate(&allow("ec2:DescribeInstances", "*", ""));
    let bounded = |actions: &str| {
        let policy = Arn::parse("arn:aws:iam::111122223333:policy/limit").unwrap();
        let document = WireDocument(parse(&allow(actions, "*", ""), Strictness::Strict).unwrap());
        let made = Change::ManagedPolicy(kagimori_estate::change::ManagedPolicyChange::CreatePolicy {
            policy: policy.clone(),
            document,
        });
        let set =
            Change::Identity(IdentityChange::SetBoundary { identity: Arn::parse(USER).unwrap(), policy });
        let with = apply(&before, &made).unwrap();
        apply(&with, &set).unwrap()
    };
    let volumes = call(1, "ec2:DescribeVolumes", CheckedResource::None, Outcome::Succeeded);
    assert_eq!(judged(&before, &bounded("s3:*"), &volumes), Verdict::CannotTell);
    assert_eq!(judged(&before, &bounded("ec2:*"), &volumes), Verdict::Unexplained);
}

/// Both halves have to allow what is asked of another account; the other one was not given, and let it in
/// (`reference_policies_evaluation-logic-cross-account`).
#[test]
fn what_another_account_lets_in_hangs_on_ones_own_half() {
    let both =
        document(r#"{"Effect":"Allow","Action":["s3:GetObject","ec2:DescribeInstances"],"Resource":"*"}"#);
    let before = estate(&both);
    let of = |account: &str, outcome: Outcome| {
        let mut call = call(1, "s3:GetObject", arn("arn:aws:s3:::vendor/k"), outcome);
        call.checks = vec![Check {
            resource_account: AccountId::parse(account).ok(),
            ..Check::certain("s3:GetObject", arn("arn:aws:s3:::vendor/k"))
        }];
        call
    };
    let theirs = of("999988887777", Outcome::Succeeded);
    let without = changed(&before, &allow("ec2:DescribeInstances", "*", ""));
    let with = changed(&before, &allow("s3:GetObject", "arn:aws:s3:::vendor/*", ""));
    assert_eq!(judged(&before, &without, &theirs), Verdict::NewlyDenied);
    assert_eq!(judged(&before, &with, &theirs), Verdict::StillAllowed);
    // near: one's own bucket, whose policy may have let it in alone
    let own = of("111122223333", Outcome::Succeeded);
    assert_eq!(judged(&without, &before, &own), Verdict::Unexplained);
    // near: what was refused then is not let in by a wider policy of one's own
    assert_eq!(judged(&without, &before, &of("999988887777", Outcome::Denied)), Verdict::AlreadyDenied);
}
