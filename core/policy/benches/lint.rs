//! How fast a document of 30 statements is linted: the target is half a millisecond.

use divan::Bencher;
use kagimori_policy::lint::{Options, check};

fn main() {
    // The service reference is read once, before the clock runs.
    let _ = check(&document(1), "", &Options::default());
    divan::main();
}

/// Statements as parliament's figure has them, three wildcard actions each; with a resource that fits, and two condition keys.
fn document(statements: usize) -> String {
    let services = [
        ("s3", "arn:aws:s3:::data"),
        ("ec2", "arn:aws:ec2:*:*:instance/i-"),
        ("dynamodb", "arn:aws:dynamodb:*:*:table/t"),
        ("sqs", "arn:aws:sqs:*:*:q"),
        ("sns", "arn:aws:sns:*:*:t"),
        ("logs", "arn:aws:logs:*:*:log-group:/app/"),
        ("kms", "arn:aws:kms:*:*:key/"),
        ("lambda", "arn:aws:lambda:*:*:function:f"),
        ("ecr", "arn:aws:ecr:*:*:repository/r"),
        ("ssm", "arn:aws:ssm:*:*:parameter/p"),
    ];
    let statement = |number: usize| {
        let (service, arn) = services.get(number % services.len()).copied().unwrap_or(("s3", ""));
        let condition =
            r#"{"StringEquals":{"aws:PrincipalTag/team":"red","aws:RequestedRegion":"ap-northeast-1"}}"#;
        format!(
            r#"{{"Sid":"S{number}","Effect":"Allow","Action":["{service}:Get*","{service}:List*","{service}:*Tag*"],"Resource":"{arn}{number:02}-*","Condition":{condition}}}"#
        )
    };
    let statements: Vec<String> = (0..statements).map(statement).collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

#[divan::bench(args = [1, 30])]
fn statements(bencher: Bencher<'_, '_>, count: usize) {
    let (text, options) = (document(count), Options::default());
    bencher.bench_local(|| check(divan::black_box(&text), "", &options));
}

/// Everything, with a witness for each grant.
#[divan::bench]
fn administrator(bencher: Bencher<'_, '_>) {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    bencher.bench_local(|| check(divan::black_box(text), "", &Options::default()));
}
