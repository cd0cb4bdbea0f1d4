//! Error codes and texts, row by row: what clients tell apart.

use kagimori_fake_aws::bastion;

use crate::client::{Answer, Aws, LONG_JOB, POWER, serial};

type Case = (&'static str, fn(&mut Aws) -> Answer, (u16, &'static str, &'static str));

const WRONG_CODE: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
const WRONG_SERIAL: &str = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
const HALF: &str =
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
const INVALID: &str = "The security token included in the request is invalid";

fn session_token(aws: &mut Aws, serial: &str, code: &str) -> Answer {
    let alice = aws.user("alice");
    aws.sts(&alice, "GetSessionToken", &[("SerialNumber", serial), ("TokenCode", code)])
}

fn with_code(aws: &mut Aws, serial: &str) -> Answer {
    let code = aws.code("alice");
    session_token(aws, serial, &code)
}

const CASES: &[Case] = &[
    (
        "a code of a step far away",
        |aws| {
            let old = aws.code("alice");
            aws.pass(90);
            session_token(aws, bastion::ALICE_MFA, &old)
        },
        (403, "AccessDenied", WRONG_CODE),
    ),
    (
        "a used code",
        |aws| {
            let code = aws.code("alice");
            session_token(aws, bastion::ALICE_MFA, &code).ok();
            session_token(aws, bastion::ALICE_MFA, &code)
        },
        (403, "AccessDenied", WRONG_CODE),
    ),
    (
        "an older code after a newer one",
        |aws| {
            let old = aws.code("alice");
            aws.pass(30);
            with_code(aws, bastion::ALICE_MFA).ok();
            session_token(aws, bastion::ALICE_MFA, &old)
        },
        (403, "AccessDenied", WRONG_CODE),
    ),
    (
        "a used code with AssumeRole",
        |aws| {
            let (alice, code) = (aws.user("alice"), aws.code("alice"));
            session_token(aws, bastion::ALICE_MFA, &code).ok();
            aws.assume(&alice, POWER, &[("SerialNumber", bastion::ALICE_MFA), ("TokenCode", &code)])
        },
        (403, "AccessDenied", WRONG_CODE),
    ),
    ("an unknown serial", |aws| with_code(aws, &serial("nobody")), (403, "AccessDenied", WRONG_SERIAL)),
    ("another user's serial", |aws| with_code(aws, &serial("carol")), (403, "AccessDenied", WRONG_SERIAL)),
    (
        "the user's ARN instead of the serial",
        |aws| with_code(aws, "arn:aws:iam::111122223333:user/alice"),
        (403, "AccessDenied", WRONG_SERIAL),
    ),
    (
        "a serial without a code",
        |aws| {
            let alice = aws.user("alice");
            aws.sts(&alice, "GetSessionToken", &[("SerialNumber", bastion::ALICE_MFA)])
        },
        (403, "AccessDenied", HALF),
    ),
    (
        "a code without a serial",
        |aws| {
            let alice = aws.user("alice");
            aws.assume(&alice, POWER, &[("TokenCode", "123456")])
        },
        (403, "AccessDenied", HALF),
    ),
    (
        "a code of seven digits",
        |aws| session_token(aws, bastion::ALICE_MFA, "1234567"),
        (
            400,
            "ValidationError",
            "1 validation error detected: Value '1234567' at 'tokenCode' failed to satisfy constraint: Member must have length less than or equal to 6",
        ),
    ),
    (
        "a code of letters",
        |aws| session_token(aws, bastion::ALICE_MFA, "abcdef"),
        (
            400,
            "ValidationError",
            r"1 validation error detected: Value 'abcdef' at 'tokenCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [\d]*",
        ),
    ),
    (
        "too long",
        |aws| {
            let alice = aws.user("alice");
            aws.sts(&alice, "GetSessionToken", &[("DurationSeconds", "129601")])
        },
        (
            400,
            "ValidationError",
            "1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600",
        ),
    ),
    (
        "two faults",
        |aws| {
            let alice = aws.user("alice");
            aws.sts(
                &alice,
                "AssumeRole",
                &[("RoleArn", POWER), ("RoleSessionName", "a b"), ("DurationSeconds", "60")],
            )
        },
        (
            400,
            "ValidationError",
            r"2 validation errors detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*; Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
        ),
    ),
    (
        "no role",
        |aws| {
            let alice = aws.user("alice");
            aws.sts(&alice, "AssumeRole", &[("RoleSessionName", "s1")])
        },
        (
            400,
            "ValidationError",
            "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
    ),
    (
        "above the role's maximum",
        |aws| {
            let (carol, code) = (aws.user("carol"), aws.code("carol"));
            let mfa = [("SerialNumber", "arn:aws:iam::111122223333:mfa/carol"), ("TokenCode", code.as_str())];
            aws.assume(&carol, POWER, &[&mfa[..], &[("DurationSeconds", "7200")]].concat())
        },
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
    ),
    (
        "chained for more than an hour",
        |aws| {
            let session = aws.mfa_session("alice");
            aws.assume(&session, LONG_JOB, &[("DurationSeconds", "7200")])
        },
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ),
    ),
    (
        "not authorised, across accounts",
        |aws| {
            let session = aws.mfa_session("alice");
            aws.assume(&session, "arn:aws:iam::222233334444:role/Admin", &[])
        },
        (
            403,
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222233334444:role/Admin because no role trust policy allows the sts:AssumeRole action",
        ),
    ),
    (
        "not authorised, without the reason",
        |aws| {
            aws.world.settings_mut().denial_reasons = false;
            let alice = aws.user("alice");
            aws.assume(&alice, POWER, &[])
        },
        (
            403,
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222233334444:role/Power",
        ),
    ),
    (
        "the root user assumes a role",
        |aws| {
            let root = aws.user("root");
            aws.assume(&root, POWER, &[])
        },
        (403, "AccessDenied", "Roles may not be assumed by root accounts."),
    ),
    (
        "GetSessionToken with a session",
        |aws| {
            let session = aws.mfa_session("alice");
            aws.sts(&session, "GetSessionToken", &[])
        },
        (403, "AccessDenied", "Cannot call GetSessionToken with session credentials"),
    ),
    (
        "GetSessionToken with a role",
        |aws| {
            let role = aws.power();
            aws.sts(&role, "GetSessionToken", &[])
        },
        (403, "AccessDenied", "Cannot call GetSessionToken with session credentials"),
    ),
    (
        "GetFederationToken with a role",
        |aws| {
            let role = aws.power();
            aws.sts(&role, "GetFederationToken", &[("Name", "x1")])
        },
        (403, "AccessDenied", "Cannot call GetFederationToken with session credentials"),
    ),
    (
        "an unknown key",
        |aws| {
            let mut keys = aws.user("alice");
            keys.id = "AKIAIOSFODNN7EXAMPLE".into();
            aws.sts(&keys, "GetCallerIdentity", &[])
        },
        (403, "InvalidClientTokenId", INVALID),
    ),
    (
        "a session's key without its token",
        |aws| {
            let mut keys = aws.mfa_session("alice");
            keys.token = None;
            aws.sts(&keys, "GetCallerIdentity", &[])
        },
        (403, "InvalidClientTokenId", INVALID),
    ),
    (
        "a session's key with another token",
        |aws| {
            let mut keys = aws.mfa_session("alice");
            keys.token = aws.mfa_session("carol").token;
            aws.sts(&keys, "GetCallerIdentity", &[])
        },
        (403, "InvalidClientTokenId", INVALID),
    ),
    (
        "a long-term key with a token",
        |aws| {
            let mut keys = aws.user("alice");
            keys.token = Some("left over".into());
            aws.sts(&keys, "GetCallerIdentity", &[])
        },
        (403, "InvalidClientTokenId", INVALID),
    ),
    (
        "IAM with a session without MFA",
        |aws| {
            let alice = aws.user("alice");
            let session = aws.sts(&alice, "GetSessionToken", &[]).keys();
            aws.iam(&session, "ListMFADevices", &[])
        },
        (403, "InvalidClientTokenId", INVALID),
    ),
    (
        "expired",
        |aws| {
            let session = aws.mfa_session("alice");
            aws.pass(43_200);
            aws.sts(&session, "GetCallerIdentity", &[])
        },
        (403, "ExpiredToken", "The security token included in the request is expired"),
    ),
    (
        "a wrong secret",
        |aws| {
            let mut keys = aws.user("alice");
            keys.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into();
            aws.sts(&keys, "GetCallerIdentity", &[])
        },
        (
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ),
    ),
    (
        "the server's clock is ahead",
        |aws| {
            aws.world.settings_mut().date_skew_seconds = 901;
            let alice = aws.user("alice");
            aws.sts(&alice, "GetCallerIdentity", &[])
        },
        (
            403,
            "SignatureDoesNotMatch",
            "Signature expired: 20261125T090000Z is now earlier than 20261125T090001Z (20261125T091501Z - 15 min.)",
        ),
    ),
    (
        "the server's clock is behind",
        |aws| {
            aws.world.settings_mut().date_skew_seconds = -901;
            let alice = aws.user("alice");
            aws.sts(&alice, "GetCallerIdentity", &[])
        },
        (
            403,
            "SignatureDoesNotMatch",
            "Signature not yet current: 20261125T090000Z is still later than 20261125T085959Z (20261125T084459Z + 15 min.)",
        ),
    ),
    (
        "too many tags",
        |aws| {
            let session = aws.mfa_session("alice");
            let value = "x".repeat(250);
            let names: Vec<(String, String)> =
                (1..=9).map(|n| (format!("Tags.member.{n}.Key"), format!("Tags.member.{n}.Value"))).collect();
            let keys: Vec<String> = (1..=9).map(|n| format!("k{n}")).collect();
            let mut tags = Vec::new();
            for ((name, text), key) in names.iter().zip(&keys) {
                tags.extend([(name.as_str(), key.as_str()), (text.as_str(), value.as_str())]);
            }
            aws.assume(&session, POWER, &tags)
        },
        (400, "PackedPolicyTooLarge", "Packed size of session tags consumes 567% of allotted space."),
    ),
    (
        "a session policy that is none",
        |aws| {
            let session = aws.mfa_session("alice");
            aws.assume(&session, POWER, &[("Policy", "{")])
        },
        (
            400,
            "MalformedPolicyDocument",
            "Syntax errors in policy: EOF while parsing an object (line 1, column 1)",
        ),
    ),
    (
        "throttled",
        |aws| {
            aws.world.plan(None, Some(1), kagimori_fake_aws::Trouble::Throttle);
            let alice = aws.user("alice");
            aws.sts(&alice, "GetCallerIdentity", &[])
        },
        (400, "Throttling", "Rate exceeded"),
    ),
    (
        "an unknown operation",
        |aws| {
            let alice = aws.user("alice");
            aws.sts(&alice, "AssumeEverything", &[])
        },
        (400, "InvalidAction", "Could not find operation AssumeEverything for version 2011-06-15"),
    ),
];

#[test]
fn each_row() {
    for (case, run, (status, code, message)) in CASES {
        let answer = run(&mut Aws::bastion());
        let expected = (*status, (*code).to_owned(), (*message).to_owned());
        assert_eq!(answer.outcome(), expected, "{case}");
        assert!(answer.body.contains("<Type>Sender</Type>") && answer.body.contains("<RequestId>"), "{case}");
    }
}

/// The wrapper of the error document, whole.
#[test]
fn the_error_document() {
    let mut aws = Aws::bastion();
    let root = aws.user("root");
    let answer = aws.assume(&root, POWER, &[]);
    let id = answer.text("RequestId").unwrap();
    assert_eq!(
        answer.body,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Roles may not be assumed by root accounts.</Message></Error><RequestId>{id}</RequestId></ErrorResponse>\n"
        )
    );
    let header = answer.reply.response.headers.iter().find(|(name, _)| name == "x-amzn-RequestId");
    assert_eq!(header.map(|(_, value)| value.as_str()), Some(id));
}
