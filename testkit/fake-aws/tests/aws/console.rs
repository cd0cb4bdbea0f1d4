//! Console federation: credentials, sign-in token, login.

use kagimori_fake_aws::{Company, Permissions, Request, User, bastion};
use serde_json::{Value, json};

use crate::client::{Answer, Aws, DEPLOY, Keys};

fn post(aws: &mut Aws, parameters: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let request = Request {
        method: "POST".into(),
        path: "/federation".into(),
        query: String::new(),
        headers: Vec::new(),
        body: body.into_bytes(),
        source_ip: [127, 0, 0, 1].into(),
    };
    aws.send(&request)
}

fn session(keys: &Keys) -> String {
    json!({ "sessionId": keys.id, "sessionKey": keys.secret, "sessionToken": keys.token }).to_string()
}

fn token(aws: &mut Aws, keys: &Keys, more: &[(&str, &str)]) -> Answer {
    let session = session(keys);
    post(aws, &[&[("Action", "getSigninToken"), ("Session", &session)], more].concat())
}

#[test]
fn a_login() {
    let mut aws = Aws::bastion();
    let power = aws.power();
    let answer = token(&mut aws, &power, &[]).ok();
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let signin = body["SigninToken"].as_str().unwrap().to_owned();
    let console = ("Destination", "https://console.aws.amazon.com/");
    let login = [("Action", "login"), ("Issuer", ""), console, ("SigninToken", &signin)];
    let answer = post(&mut aws, &login);
    assert_eq!(answer.status, 302);
    assert!(answer.reply.response.headers.contains(&("Location".into(), console.1.into())));
    aws.pass(15 * 60);
    assert_eq!(post(&mut aws, &login).status, 400, "the URL is valid for a quarter of an hour");
    assert_eq!(post(&mut aws, &[("Action", "login"), console, ("SigninToken", "x")]).status, 400);
    assert_eq!(post(&mut aws, &[("Action", "logout")]).status, 400);
    let written = serde_json::to_string(aws.world.log()).unwrap();
    assert!(!written.contains(&signin) && !written.contains(&power.secret), "no secret in the log");
    assert_eq!(aws.world.counters().of("getSigninToken").succeeded, 1);
}

#[test]
fn which_credentials_and_for_how_long() {
    let mut company = Company::bastion();
    let all = Permissions::attached("arn:aws:iam::aws:policy/AdministratorAccess");
    company.account_mut(bastion::BASTION).unwrap().users.push(User::new("federator").permissions(all));
    let mut aws = Aws::of(&company);
    let (alice, mfa, power) = (aws.user("alice"), aws.mfa_session("alice"), aws.power());
    let (carol, code) = (aws.user("carol"), aws.code("carol"));
    let serial = "arn:aws:iam::111122223333:mfa/carol";
    let with_code = [("SerialNumber", serial), ("TokenCode", code.as_str())];
    let direct = aws.assume(&carol, crate::client::POWER, &with_code).keys();
    let chained = aws.assume(&power, DEPLOY, &[]).keys();
    let federator = aws.user("federator");
    let federated = aws.sts(&federator, "GetFederationToken", &[("Name", "ci")]).keys();
    let mut wrong_secret = direct.clone();
    wrong_secret.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into();
    for (kind, keys, alone, with_duration) in [
        ("user key", &alice, 400, 400),
        ("MFA session", &mfa, 400, 400),
        ("role, directly", &direct, 200, 200),
        ("role, from a session", &power, 200, 400),
        ("role of a role", &chained, 200, 400),
        ("federated", &federated, 200, 400),
        ("wrong secret", &wrong_secret, 403, 403),
    ] {
        assert_eq!(token(&mut aws, keys, &[]).status, alone, "{kind}");
        let hours = [("SessionDuration", "43200")];
        assert_eq!(token(&mut aws, keys, &hours).status, with_duration, "{kind} with a duration");
    }
    assert_eq!(token(&mut aws, &direct, &[("SessionDuration", "899")]).status, 400);
    aws.pass(3600);
    assert_eq!(token(&mut aws, &direct, &[]).status, 403, "expired");
    assert_eq!(post(&mut aws, &[("Action", "getSigninToken"), ("Session", "{")]).status, 400);
}
