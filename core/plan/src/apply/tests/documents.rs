//! Which texts are the same to AWS.

use serde_json::{Value, json};

use super::super::document::{found, written};
use super::plans::{allow, trust, wire};

#[test]
fn a_text_is_the_same_as_aws_gives_it_back() {
    let same = |written_text: &str, answer: Value| {
        assert_eq!(written(&wire(written_text)), found(&answer), "{answer}");
    };
    let plain: Value = serde_json::from_str(&allow("s3:GetObject")).unwrap();
    same(&allow("s3:GetObject"), plain.clone());
    same(&allow("s3:GetObject"), plain.to_string().into());
    let encoded: String = plain.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    same(&allow("s3:GetObject"), encoded.into());
    same(
        &allow("s3:GetObject"),
        json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] } }),
    );
    same(&trust("111122223333"), serde_json::from_str(&trust("arn:aws:iam::111122223333:root")).unwrap());
    let two = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["b:C","a:B"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}}]}"#;
    let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["a:B","b:C"],"Resource":["*"],"Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":["3600"]},"Bool":{"aws:SecureTransport":["false"]}}}]}"#;
    same(two, serde_json::from_str(other).unwrap());
}

#[test]
fn another_text_is_another() {
    let base = allow("s3:GetObject");
    for other in [
        allow("s3:PutObject"),
        allow("s3:getobject"),
        base.replace("Allow", "Deny"),
        base.replace("2012", "2008"),
    ] {
        assert_ne!(written(&wire(&base)), found(&serde_json::from_str(&other).unwrap()), "{other}");
    }
    assert_ne!(
        written(&wire(&trust("111122223333"))),
        found(&serde_json::from_str(&trust("444455556666")).unwrap())
    );
    assert_ne!(written(&wire(&base)), found(&"no JSON".into()));
    assert_ne!(written(&wire(&base)), found(&Value::Null));
    assert_ne!(written(&wire(&base)), found(&"%7".into()));
}
