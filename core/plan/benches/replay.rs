//! How fast calls are replayed: one principal's tightened policy, on one thread, calls already in memory.

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, IdentityChange, WireDocument, apply};
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_plan::replay::{Classes, Evidence, Replay, Telling};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_trail::call::{Call, Caller, Check, CheckedResource, Outcome};
use kagimori_trail::event::Principal;

const USER: &str = "arn:aws:iam::111122223333:user/app";
const CALLS: usize = 100_000;
/// How often they come by: a million calls in all.
const ROUNDS: usize = 10;
/// Different objects among the calls.
const OBJECTS: usize = 2_000;

fn main() {
    divan::main();
}

fn estate() -> Estate {
    let text = format!(
        r#"{{"UserDetailList":[{{"Path":"/","UserName":"app","UserId":"AIDAEXAMPLEEXAMPLE01","Arn":"{USER}",
        "CreateDate":"2026-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[],"Tags":[],
        "UserPolicyList":[{{"PolicyName":"work","PolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*"}}]}}}}]}}],
        "GroupDetailList":[],"RoleDetailList":[],"Policies":[],"IsTruncated":false}}"#
    );
    let account = AccountId::parse("111122223333").ok();
    let mut assembler = Assembler::default();
    assembler.add(read(File { path: "authorization-details.json", account, bytes: text.as_bytes() }));
    assembler.finish(None)
}

fn tightened(estate: &Estate) -> Option<Estate> {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::app-data/raw/*"},
        {"Effect":"Allow","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:ap-northeast-1:111122223333:table/app"}]}"#;
    let document = WireDocument(parse(text, Strictness::Strict).ok()?);
    let identity = Arn::parse(USER).ok()?;
    apply(
        estate,
        &Change::Identity(IdentityChange::PutInlinePolicy {
            identity,
            name: "work".to_owned(),
            document,
            position: None,
        }),
    )
    .ok()
}

fn calls() -> Vec<Call> {
    let principal = Arn::parse(USER).map_or(Principal::Other, Principal::User);
    let one = |number: usize| {
        let action = if number.is_multiple_of(3) { "s3:PutObject" } else { "s3:GetObject" };
        let folder = if number.is_multiple_of(50) { "other" } else { "raw" };
        let name = action.split(':').nth(1).unwrap_or_default();
        let resource = CheckedResource::Arn(
            format!("arn:aws:s3:::app-data/{folder}/{:05}.parquet", number % OBJECTS).into(),
        );
        let caller = Caller {
            arn: Some(USER.into()),
            account: AccountId::parse("111122223333").ok(),
            access_key: AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").ok(),
            address: Some(format!("203.0.113.{}", number % 250).into()),
            agent: Some("Boto3/1.40.11 md/Botocore#1.40.11 exec-env/EC2".into()),
            ..Caller::bare(principal.clone())
        };
        Call {
            time: 1_780_000_000 + i64::try_from(number).unwrap_or_default(),
            event_id: Some(format!("3f0c7a52-9d1e-4b8a-8c55-{number:012}").into()),
            account: AccountId::parse("111122223333").ok(),
            region: Some("ap-northeast-1".into()),
            outcome: Outcome::Succeeded,
            checks: vec![Check::certain(action, resource)],
            ..Call::bare(caller, "s3.amazonaws.com", name)
        }
    };
    (0..CALLS).map(one).collect()
}

/// Counting, deciding and summing up, every time from nothing.
#[divan::bench(sample_count = 10)]
fn one_principal(bencher: divan::Bencher<'_, '_>) {
    let (estate, calls) = (estate(), calls());
    let Some(after) = tightened(&estate) else { return };
    let (before, after) = (Access::of(&estate), Access::of(&after));
    bencher.counter(divan::counter::ItemsCount::new(CALLS * ROUNDS)).bench(|| {
        let mut classes = Classes::new(Telling::default());
        for _ in 0..ROUNDS {
            for call in &calls {
                classes.add(call);
            }
        }
        let replay = Replay::new(&before, &after);
        let mut evidence = Evidence::default();
        for class in classes.finish() {
            evidence.add(&class, &replay.judge(&class));
        }
        evidence.totals.newly_denied
    });
}
