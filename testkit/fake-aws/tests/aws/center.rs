//! Identity Center: tokens by device code and PKCE, their rotation, the portal, and sessions that are scoped down.

use kagimori_fake_aws::{Request, Trouble, bastion};
use serde_json::{Value, json};

use crate::client::{Answer, Aws, Keys};

const ALICE: &str = "alice@shiosai.example";

fn send(aws: &mut Aws, method: &str, target: &str, token: &str, body: &Value) -> (u16, Value, Answer) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = vec![
        ("host".to_owned(), "127.0.0.1:1".to_owned()),
        ("x-amz-sso_bearer_token".to_owned(), token.to_owned()),
    ];
    let request = Request {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers,
        body: body.to_string().into_bytes(),
        source_ip: [127, 0, 0, 1].into(),
    };
    let answer = aws.send(&request);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null), answer)
}

fn post(aws: &mut Aws, path: &str, body: &Value) -> Value {
    send(aws, "POST", path, "", body).1
}

fn client(aws: &mut Aws) -> (Value, Value) {
    let body = json!({
        "clientName": "kagi", "clientType": "public", "scopes": ["sso:account:access"],
        "grantTypes": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"], "issuerUrl": bastion::START_URL,
    });
    let made = post(aws, "/client/register", &body);
    (made["clientId"].clone(), made["clientSecret"].clone())
}

fn device(aws: &mut Aws, id: &Value, secret: &Value) -> Value {
    let body = json!({ "clientId": id, "clientSecret": secret, "startUrl": bastion::START_URL });
    post(aws, "/device_authorization", &body)
}

fn token_of(aws: &mut Aws, id: &Value, secret: &Value, device: &Value) -> Value {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let body = json!({ "clientId": id, "clientSecret": secret, "grantType": grant, "deviceCode": device["deviceCode"] });
    post(aws, "/token", &body)
}

fn logged_in(aws: &mut Aws) -> (Value, Value, Value) {
    let (id, secret) = client(aws);
    let device = device(aws, &id, &secret);
    let page = format!("/device?user_code={}", device["userCode"].as_str().unwrap());
    assert_eq!(send(aws, "GET", &page, "", &Value::Null).0, 200);
    let token = token_of(aws, &id, &secret, &device);
    assert!(token["accessToken"].is_string(), "{token}");
    (id, secret, token)
}

fn credentials(aws: &mut Aws, token: &Value, account: &str, role: &str) -> (u16, Keys, Value) {
    let target = format!("/federation/credentials?role_name={role}&account_id={account}");
    let (status, body, _) = send(aws, "GET", &target, token["accessToken"].as_str().unwrap(), &Value::Null);
    let text = |name: &str| body["roleCredentials"][name].as_str().unwrap_or_default().to_owned();
    (
        status,
        Keys { id: text("accessKeyId"), secret: text("secretAccessKey"), token: Some(text("sessionToken")) },
        body,
    )
}

#[test]
fn a_device_code_waits_for_the_person() {
    let mut aws = Aws::bastion();
    let (id, secret) = client(&mut aws);
    let code = device(&mut aws, &id, &secret);
    assert_eq!(token_of(&mut aws, &id, &secret, &code)["error"], "authorization_pending");
    assert_eq!(token_of(&mut aws, &id, &secret, &code)["error"], "slow_down", "asked again at once");
    aws.pass(10);
    assert_eq!(token_of(&mut aws, &id, &json!("x"), &code)["error"], "invalid_client");
    let page = format!("/device?user_code={}", code["userCode"].as_str().unwrap());
    send(&mut aws, "GET", &format!("{page}&deny=1"), "", &Value::Null);
    assert_eq!(token_of(&mut aws, &id, &secret, &code)["error"], "access_denied");
    let late = device(&mut aws, &id, &secret);
    aws.pass(600);
    assert_eq!(token_of(&mut aws, &id, &secret, &late)["error"], "expired_token");
    let elsewhere =
        json!({ "clientId": id, "clientSecret": secret, "startUrl": "https://other.awsapps.com/start" });
    assert_eq!(post(&mut aws, "/device_authorization", &elsewhere)["error"], "invalid_request");
}

#[test]
fn refresh_tokens_rotate_and_end_with_the_session() {
    let mut aws = Aws::bastion();
    let (id, secret, token) = logged_in(&mut aws);
    let refresh = |aws: &mut Aws, token: &Value| {
        let body = json!({ "clientId": id, "clientSecret": secret, "grantType": "refresh_token", "refreshToken": token["refreshToken"] });
        post(aws, "/token", &body)
    };
    let next = refresh(&mut aws, &token);
    assert!(next["accessToken"].is_string() && next["refreshToken"] != token["refreshToken"]);
    assert_eq!(refresh(&mut aws, &token)["error"], "invalid_grant", "a refresh token is good once");
    let access = next["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(send(&mut aws, "POST", "/logout", &access, &Value::Null).0, 200);
    assert_eq!(refresh(&mut aws, &next)["error"], "invalid_grant");
    assert_eq!(credentials(&mut aws, &next, bastion::WORKLOAD, "PowerUser").0, 401);
    let written = serde_json::to_string(aws.world.log()).unwrap();
    for secret in [&secret, &next["accessToken"], &next["refreshToken"]] {
        assert!(!written.contains(secret.as_str().unwrap()), "a secret is in the log");
    }
}

#[test]
fn the_authorization_code_is_bound_to_its_verifier() {
    let mut aws = Aws::bastion();
    let (id, secret) = client(&mut aws);
    // RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let redirect = "http://127.0.0.1:4321/oauth/callback";
    let query = |redirect: &str| {
        let pairs = [
            ("response_type", "code"),
            ("client_id", id.as_str().unwrap()),
            ("redirect_uri", redirect),
            ("state", "s"),
            ("code_challenge_method", "S256"),
            ("scopes", "sso:account:access"),
            ("code_challenge", challenge),
        ];
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("/authorize?{text}")
    };
    assert_eq!(send(&mut aws, "GET", &query("http://127.0.0.1:1/else"), "", &Value::Null).0, 400);
    let mut code = || {
        let (status, _, answer) = send(&mut aws, "GET", &query(redirect), "", &Value::Null);
        assert_eq!(status, 302);
        let headers = answer.reply.response.headers;
        let (_, to) = headers.into_iter().find(|(name, _)| name == "Location").unwrap();
        assert!(to.starts_with(&format!("{redirect}?code=")) && to.ends_with("&state=s"), "{to}");
        let (_, query) = to.split_once('?').unwrap();
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap().1.into_owned()
    };
    let codes = [code(), code()];
    let mut token = |code: &str, verifier: &str| {
        let body = json!({
            "clientId": id, "clientSecret": secret, "grantType": "authorization_code", "code": code,
            "redirectUri": redirect, "codeVerifier": verifier,
        });
        post(&mut aws, "/token", &body)
    };
    assert_eq!(token(&codes[0], "wrong")["error"], "invalid_grant");
    assert_eq!(token(&codes[0], verifier)["error"], "invalid_grant", "a code is tried once");
    assert!(token(&codes[1], verifier)["refreshToken"].is_string());
}

#[test]
fn the_portal_hands_out_roles_page_by_page() {
    let mut aws = Aws::bastion();
    let (_, _, token) = logged_in(&mut aws);
    let access = token["accessToken"].as_str().unwrap().to_owned();
    let first = send(&mut aws, "GET", "/assignment/accounts", &access, &Value::Null).1;
    assert_eq!((first["accountList"].as_array().unwrap().len(), &first["nextToken"]), (2, &json!("2")));
    let rest = send(&mut aws, "GET", "/assignment/accounts?next_token=2", &access, &Value::Null).1;
    assert_eq!((rest["accountList"].as_array().unwrap().len(), &rest["nextToken"]), (1, &Value::Null));
    let target = format!("/assignment/roles?account_id={}", bastion::WORKLOAD);
    let roles = send(&mut aws, "GET", &target, &access, &Value::Null).1;
    assert_eq!(roles["roleList"][0]["roleName"], "PowerUser");
    let (_, keys, body) = credentials(&mut aws, &token, bastion::WORKLOAD, "PowerUser");
    assert!(body["roleCredentials"]["expiration"].as_i64().unwrap() > 1_000_000_000_000, "milliseconds");
    let arn = aws.sts(&keys, "GetCallerIdentity", &[]).text("Arn").unwrap().to_owned();
    let head = format!("arn:aws:sts::{}:assumed-role/AWSReservedSSO_PowerUser_", bastion::WORKLOAD);
    assert!(arn.starts_with(&head) && arn.ends_with(&format!("/{ALICE}")), "{arn}");
    assert_eq!(credentials(&mut aws, &token, bastion::PRODUCTION, "PowerUser").0, 403);
    aws.world.plan(Some("GetRoleCredentials"), Some(1), Trouble::Throttle);
    assert_eq!(credentials(&mut aws, &token, bastion::WORKLOAD, "PowerUser").0, 429);
    aws.world.end_sessions_of(ALICE);
    assert_eq!(credentials(&mut aws, &token, bastion::WORKLOAD, "PowerUser").0, 401);
}

#[test]
fn a_session_is_scoped_down_and_never_up() {
    let mut aws = Aws::bastion();
    let (_, _, token) = logged_in(&mut aws);
    let (_, keys, _) = credentials(&mut aws, &token, bastion::WORKLOAD, "PowerUser");
    let reads = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sns:List*","iam:*"],"Resource":"*"}]}"#;
    let scope =
        |aws: &mut Aws, keys: &Keys, more: &[(&str, &str)]| aws.sts(keys, "GetScopedCredentials", more);
    let scoped = scope(&mut aws, &keys, &[("Policy", reads), ("ScopedSessionDescription", "why")]);
    assert_eq!(scoped.text("ScopedPoliciesCount"), Some("1"));
    let small = scoped.keys();
    assert_eq!(aws.sns(&small, "ListTopics", &[]).status, 200);
    assert_eq!(aws.sns(&keys, "CreateTopic", &[("Name", "x")]).status, 200, "the session itself may");
    assert_eq!(
        aws.sns(&small, "CreateTopic", &[("Name", "y")]).code(),
        "AccessDenied",
        "outside of the scope"
    );
    assert_eq!(aws.iam(&small, "ListUsers", &[]).code(), "AccessDenied", "outside of the session");
    let same =
        |keys: &Keys, aws: &mut Aws| aws.sts(keys, "GetCallerIdentity", &[]).text("Arn").unwrap().to_owned();
    assert_eq!(same(&keys, &mut aws), same(&small, &mut aws));
    assert_eq!(scope(&mut aws, &keys, &[]).code(), "ValidationError");
    assert_eq!(scope(&mut aws, &keys, &[("DurationSeconds", "7200")]).code(), "InsufficientSessionLifetime");
    let two = scope(&mut aws, &small, &[("Policy", reads)]).keys();
    let three = scope(&mut aws, &two, &[("Policy", reads)]).keys();
    assert_eq!(scope(&mut aws, &three, &[("Policy", reads)]).code(), "AccessDenied", "three layers at most");
    let short = scope(&mut aws, &three, &[("DurationSeconds", "60")]).keys();
    aws.pass(61);
    assert_eq!(aws.sts(&short, "GetCallerIdentity", &[]).code(), "ExpiredToken");
    let alice = aws.user("alice");
    assert_eq!(
        scope(&mut aws, &alice, &[("Policy", reads)]).code(),
        "AccessDenied",
        "not with a long-term key"
    );
}
