//! Random scenarios in the format of `kagimori policy eval`, for comparing evaluators with each other.
//!
//! The vocabulary is small, so that statements meet their requests often and every layer has its say.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// One scenario after the other, from a seed.
#[derive(Debug)]
pub struct Scenarios {
    random: Random,
    number: u64,
    /// Leaves out what is known to be answered differently elsewhere (`divergences.toml`).
    agreed: bool,
}

const HOME: &str = "111111111111";
const AWAY: &str = "222222222222";

const ACTIONS: [(&str, &str); 14] = [
    ("s3:GetObject", "arn:aws:s3:::bkt/alice/k"),
    ("s3:GetObject", "arn:aws:s3:::bkt/bob/k"),
    ("s3:PutObject", "arn:aws:s3:::other/k"),
    ("s3:ListBucket", "arn:aws:s3:::bkt"),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:111111111111:key/k1"),
    ("kms:RetireGrant", "arn:aws:kms:us-east-1:111111111111:key/k1"),
    ("sts:AssumeRole", "arn:aws:iam::111111111111:role/target"),
    ("iam:PassRole", "arn:aws:iam::111111111111:role/target"),
    ("iam:GetUser", "arn:aws:iam::111111111111:user/bob"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:111111111111:table/t"),
    ("sns:Publish", "arn:aws:sns:us-east-1:111111111111:topic:a:b"),
    ("sts:GetFederationToken", "arn:aws:sts::111111111111:federated-user/bob"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:111111111111:q"),
    ("ec2:RunInstances", "arn:aws:ec2:us-east-1:111111111111:instance/*"),
];

const ACTION_PATTERNS: [&str; 18] = [
    "*",
    "s3:*",
    "s3:Get*",
    "S3:getobject",
    "s3:?etObject",
    "s3:*Object",
    "kms:*",
    "kms:Decrypt",
    "sts:*",
    "sts:AssumeRole",
    "iam:*",
    "iam:Get*",
    "dynamodb:*",
    "sns:Publish",
    "sqs:*",
    "ec2:*",
    "ec2:Run*",
    "*:*",
];

const RESOURCE_PATTERNS: [&str; 22] = [
    "*",
    "arn:aws:s3:::bkt",
    "arn:aws:s3:::bkt/*",
    "arn:aws:s3:::bkt/${aws:username}/*",
    "arn:aws:s3:::bkt/${aws:PrincipalTag/team, 'bob'}/k",
    "arn:aws:s3:::*/k",
    "arn:aws:s3:::bkt/???/k",
    "arn:aws:s3:::BKT/bob/k",
    "arn:aws:s3:::bkt/${*}",
    "arn:aws:kms:*:111111111111:key/*",
    "arn:aws:kms:us-east-1:111111111111:key/k1",
    "arn:aws:iam::111111111111:role/*",
    "arn:aws:iam::*:role/target",
    "arn:aws:iam::111111111111:user/Bob",
    "arn:aws:iam::111111111111:user/${aws:username}",
    "arn:aws:dynamodb:us-east-?:111111??????:table/t",
    "arn:aws:sns:us-east-1:111111111111:topic:*",
    "arn:aws:sqs:*",
    "arn:*",
    "arn:aws:ec2:us-east-1:111111111111:instance/*",
    "arn:aws:ec2:us-east-1:111111111111:*/*",
    "arn:aws:ec2:eu-*:111111111111:instance/*",
];

const PRINCIPALS: [&str; 12] = [
    "arn:aws:iam::111111111111:user/bob",
    "arn:aws:iam::111111111111:user/alice",
    "arn:aws:iam::111111111111:role/app",
    "arn:aws:sts::111111111111:assumed-role/app/s1",
    "arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForConfig/x",
    "arn:aws:sts::111111111111:federated-user/bob",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::222222222222:user/carol",
    "arn:aws:sts::222222222222:assumed-role/app/s1",
    "arn:aws:iam::222222222222:root",
    "cloudtrail.amazonaws.com",
    "",
];

const PRINCIPAL_ENTRIES: [&str; 13] = [
    "*",
    "111111111111",
    "222222222222",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::222222222222:root",
    "arn:aws:iam::111111111111:user/bob",
    "arn:aws:iam::111111111111:user/Bob",
    "arn:aws:iam::111111111111:role/app",
    "arn:aws:sts::111111111111:assumed-role/app/s1",
    "arn:aws:sts::111111111111:federated-user/bob",
    "arn:aws:iam::222222222222:user/carol",
    "AIDAEXAMPLEBOB",
    "AROAEXAMPLEAPP",
];

/// Keys with the values a request may have for them.
const KEYS: [(&str, &[&str]); 15] = [
    ("aws:username", &["bob", "alice", "*", ""]),
    (
        "aws:PrincipalArn",
        &["arn:aws:iam::111111111111:role/app", "arn:aws:iam::111111111111:user/bob", "no arn"],
    ),
    ("aws:PrincipalTag/team", &["bob", "Red", "red"]),
    ("aws:SourceIp", &["203.0.113.5", "2001:db8::1", "198.51.100.7"]),
    ("aws:CurrentTime", &["2026-01-01T00:00:00Z", "2026-01-01T09:00:00+09:00", "1767225600"]),
    ("aws:MultiFactorAuthPresent", &["true", "false"]),
    ("aws:MultiFactorAuthAge", &["100", "100.5", "7200"]),
    ("aws:TokenIssueTime", &["2026-01-01T00:00:00Z"]),
    ("aws:TagKeys", &["a", "b", ""]),
    ("aws:PrincipalOrgID", &["o-1", "o-2"]),
    ("aws:SourceVpce", &["vpce-1"]),
    ("aws:RequestTag/k", &["x", "X", "ß", "SS"]),
    ("aws:SecureTransport", &["true", "false"]),
    ("aws:userid", &["AIDAEXAMPLEBOB", "AROAEXAMPLEAPP:s1"]),
    ("s3:x-amz-server-side-encryption-customer-key-md5", &["QmFzZTY0"]),
];

/// Operators with the values a policy may compare with.
const OPERATORS: [(&str, &[&str]); 16] = [
    (
        "StringEquals",
        &[
            "bob",
            "red",
            "o-1",
            "vpce-1",
            "${aws:username}",
            "a",
            "x",
            "${*}",
            "${aws:PrincipalTag/team, 'x'}",
        ],
    ),
    ("StringNotEquals", &["bob", "red", "o-1", "vpce-1", "${aws:PrincipalTag/team}", "a"]),
    ("StringEqualsIgnoreCase", &["BOB", "RED", "X", "ss"]),
    ("StringNotEqualsIgnoreCase", &["BOB", "RED", "A"]),
    ("StringLike", &["b*", "*d", "?", "o-*", "${aws:username}*", "arn:aws:*"]),
    ("StringNotLike", &["b*", "vpce-*", "?"]),
    (
        "ArnLike",
        &["arn:aws:iam::111111111111:role/*", "arn:aws:*:role/x", "*", "arn:aws:iam::*:user/${aws:username}"],
    ),
    ("ArnNotEquals", &["arn:aws:iam::111111111111:role/app", "arn:aws:iam::111111111111:user/*"]),
    ("IpAddress", &["203.0.113.0/24", "203.0.113.5", "0.0.0.0/0", "2001:db8::/32", "203.0.113.5/24"]),
    ("NotIpAddress", &["203.0.113.0/24", "198.51.100.0/24"]),
    ("Bool", &["true", "false", "TRUE"]),
    ("NumericLessThan", &["101", "100.50", "3600"]),
    ("NumericNotEquals", &["100", "100.5"]),
    ("DateLessThan", &["2026-02-01T00:00:00Z", "2025-01-01", "1893456000", "2020"]),
    ("DateGreaterThanEquals", &["2026-01-01T00:00:00Z", "1767225600"]),
    ("BinaryEquals", &["QmFzZTY0", "b3RoZXI="]),
];

impl Scenarios {
    /// The scenarios of a seed.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed, "scenarios"), number: 0, agreed: false }
    }

    /// Scenarios whose choices are led by bytes, for a fuzzer.
    pub fn led_by(bytes: &[u8]) -> Self {
        Self { random: Random::led_by(bytes), number: 0, agreed: false }
    }

    /// The same without the constructs of `divergences.toml`, for comparing with a peer.
    #[must_use]
    pub fn agreed(self) -> Self {
        Self { agreed: true, ..self }
    }

    /// A set of identity policies.
    pub(crate) fn identity_documents(&mut self) -> Vec<Value> {
        let count = self.random.between(1, 3);
        (0..count).map(|_| self.document(Kind::Identity)).collect()
    }

    fn case(&mut self) -> Value {
        self.number = self.number.saturating_add(1);
        let (action, resource) = self.random.pick(&ACTIONS).copied().unwrap_or_default();
        let principal = self.random.word(&PRINCIPALS);
        let is_assumption = action == "sts:AssumeRole";
        let mut case = Map::new();
        case.insert("name".into(), json!(format!("random {}", self.number)));
        case.insert("request".into(), self.request(action, resource, principal));
        case.insert("identityPolicies".into(), self.documents(3, Kind::Identity));
        if self.random.chance(55) || is_assumption {
            let kind = if is_assumption { Kind::Trust } else { Kind::Resource };
            case.insert("resourcePolicy".into(), self.document(kind));
        }
        if self.random.chance(25) {
            case.insert("permissionBoundaries".into(), json!([self.document(Kind::Identity)]));
        }
        if self.random.chance(25) {
            case.insert("sessionPolicy".into(), self.document(Kind::Identity));
        }
        if self.random.chance(15) {
            case.insert("endpointPolicies".into(), json!([self.document(Kind::Endpoint)]));
        }
        if self.random.chance(40) {
            case.insert("serviceControlPolicies".into(), self.levels(Kind::Identity));
        }
        if self.random.chance(20) {
            case.insert("resourceControlPolicies".into(), self.levels(Kind::ResourceControl));
        }
        if self.random.chance(15) {
            let s3 = json!({"blockPublicAccess": self.random.chance(50), "bucketAbacEnabled": self.random.chance(50)});
            case.insert("additionalSettings".into(), json!({ "s3": s3 }));
        }
        if self.random.chance(20) {
            case.insert("simulation".into(), json!({"mode": "Discovery"}));
        }
        case.insert("expected".into(), json!({"response": "Allowed"}));
        if self.agreed {
            avoid_divergences(&mut case);
        }
        Value::Object(case)
    }

    fn request(&mut self, action: &str, resource: &str, principal: &str) -> Value {
        let wildcard_only = self.random.chance(8);
        let resource = if wildcard_only || self.random.chance(4) { "*" } else { resource };
        let owner = if self.random.chance(75) { HOME } else { AWAY };
        let principal = if principal.is_empty() { json!({"type": "Anonymous"}) } else { json!(principal) };
        json!({
            "action": action,
            "resource": {"resource": resource, "accountId": owner},
            "principal": principal,
            "context": self.context(),
            "wildcardOnlyAction": wildcard_only,
        })
    }

    fn context(&mut self) -> Value {
        let mut context = Map::new();
        for (key, values) in KEYS {
            if !self.random.chance(40) {
                continue;
            }
            let is_list = key == "aws:TagKeys" || self.random.chance(5);
            let value = if is_list {
                let count = self.random.between(0, 3);
                (0..count).map(|_| json!(self.random.word(values))).collect()
            } else {
                json!(self.random.word(values))
            };
            context.insert(key.into(), value);
        }
        Value::Object(context)
    }

    fn documents(&mut self, most: i64, kind: Kind) -> Value {
        let count = self.random.between(0, most.saturating_add(1));
        let mut documents: Vec<Value> = (0..count).map(|_| self.document(kind)).collect();
        if self.random.chance(50) {
            documents.push(json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"}]}));
        }
        Value::Array(documents)
    }

    fn levels(&mut self, kind: Kind) -> Value {
        let count = self.random.between(1, 4);
        let level = |number: i64, random: &mut Self| {
            let mut policies = vec![random.document(kind)];
            if kind == Kind::Identity && random.random.chance(75) {
                policies.push(json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*"}]}));
            }
            json!({"orgIdentifier": format!("l{number}"), "policies": policies})
        };
        (0..count).map(|number| level(number, self)).collect()
    }

    fn document(&mut self, kind: Kind) -> Value {
        let count = self.random.between(1, 4);
        let statements: Vec<Value> = (0..count).map(|_| self.statement(kind)).collect();
        let mut document = Map::new();
        if kind == Kind::ResourceControl || self.random.chance(85) {
            document.insert("Version".into(), json!("2012-10-17"));
        }
        document.insert("Statement".into(), json!(statements));
        Value::Object(document)
    }

    fn statement(&mut self, kind: Kind) -> Value {
        let is_deny = kind == Kind::ResourceControl || self.random.chance(25);
        let mut statement = Map::new();
        statement.insert("Effect".into(), json!(if is_deny { "Deny" } else { "Allow" }));
        if kind == Kind::ResourceControl {
            statement.insert("Principal".into(), json!("*"));
        } else if kind != Kind::Identity {
            let is_not = kind == Kind::Resource && self.random.chance(10);
            let principal = self.principal();
            statement.insert(if is_not { "NotPrincipal" } else { "Principal" }.into(), principal);
        }
        let is_not_action = matches!(kind, Kind::Identity | Kind::Resource) && self.random.chance(12);
        let actions = match kind {
            Kind::Trust => json!(["sts:*"]),
            Kind::ResourceControl => json!([self.random.word(&["s3:*", "kms:*", "sts:*", "sqs:*"])]),
            _ => self.words(&ACTION_PATTERNS, 3),
        };
        statement.insert(if is_not_action { "NotAction" } else { "Action" }.into(), actions);
        if kind != Kind::Trust {
            let is_not = self.random.chance(12);
            let patterns =
                if self.random.chance(45) { json!("*") } else { self.words(&RESOURCE_PATTERNS, 3) };
            let patterns = if kind == Kind::ResourceControl { json!("*") } else { patterns };
            statement.insert(if is_not { "NotResource" } else { "Resource" }.into(), patterns);
        }
        if self.random.chance(45) {
            statement.insert("Condition".into(), self.conditions());
        }
        Value::Object(statement)
    }

    fn principal(&mut self) -> Value {
        match self.random.between(0, 10) {
            0..=1 => json!("*"),
            2 => json!({"Service": "cloudtrail.amazonaws.com"}),
            3 => json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
            _ => json!({ "AWS": self.words(&PRINCIPAL_ENTRIES, 3) }),
        }
    }

    fn conditions(&mut self) -> Value {
        let mut conditions = Map::new();
        for _ in 0..self.random.between(1, 3) {
            let (operator, wanted) = self.random.pick(&OPERATORS).copied().unwrap_or_default();
            let (key, _) = self.random.pick(&KEYS).copied().unwrap_or_default();
            let operator = match self.random.between(0, 20) {
                0..=2 => format!("{operator}IfExists"),
                3..=4 => format!("ForAllValues:{operator}"),
                5..=6 => format!("ForAnyValue:{operator}"),
                7 => "Null".to_owned(),
                _ => operator.to_owned(),
            };
            let values =
                if operator == "Null" { json!(self.random.chance(50)) } else { self.words(wanted, 2) };
            conditions.insert(operator, json!({ key: values }));
        }
        Value::Object(conditions)
    }

    fn words(&mut self, from: &[&'static str], most: i64) -> Value {
        let count = self.random.between(1, most.saturating_add(1));
        (0..count).map(|_| json!(self.random.word(from))).collect()
    }
}

/// Takes out what `divergences.toml` lists, element by element.
fn avoid_divergences(case: &mut Map<String, Value>) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let request = case.get("request").cloned().unwrap_or_default();
    let action = text(request.get("action"));
    let principal = text(request.get("principal"));
    let is_session = principal.contains(":assumed-role/");
    if principal.contains("federated-user") || principal.ends_with(":root") {
        set_request(case, "principal", json!("arn:aws:iam::111111111111:user/bob"));
    }
    if !principal.starts_with("arn:") || principal.contains("AWSServiceRoleFor") {
        for layer in
            ["serviceControlPolicies", "resourceControlPolicies", "sessionPolicy", "permissionBoundaries"]
        {
            case.remove(layer);
        }
    }
    if action.starts_with("kms:") && request.pointer("/resource/resource") == Some(&json!("*")) {
        set_request(case, "wildcardOnlyAction", json!(true));
    }
    if !["s3", "sqs"].iter().any(|service| action.starts_with(service)) {
        case.remove("resourceControlPolicies");
    }
    if action.starts_with("sts:GetFederationToken") || action.starts_with("iam:") {
        set_request(case, "action", json!("sns:Publish"));
        set_request(case, "wildcardOnlyAction", json!(false));
        let resource = json!({"resource": "arn:aws:sns:us-east-1:111111111111:topic:a:b", "accountId": HOME});
        set_request(case, "resource", resource);
    }
    if action == "sts:AssumeRole" {
        let resource = json!({"resource": "arn:aws:iam::111111111111:role/target", "accountId": HOME});
        set_request(case, "resource", resource);
        set_request(case, "wildcardOnlyAction", json!(false));
    }
    if let Some(context) = case.get_mut("request").and_then(|request| request.get_mut("context")) {
        for value in context.as_object_mut().into_iter().flatten().map(|(_, value)| value) {
            if value.as_array().is_some_and(|values| values.is_empty() || values.contains(&json!(""))) {
                *value = json!(["a"]);
            }
        }
        context["aws:MultiFactorAuthAge"] = json!("100");
        context["aws:username"] = json!("bob");
        context["aws:PrincipalTag/team"] = json!("bob");
    }
    case.remove("additionalSettings");
    case.remove("simulation");
    let has_limits =
        is_session || case.contains_key("sessionPolicy") || case.contains_key("permissionBoundaries");
    let is_unnamed = case.get("request").is_some_and(|it| it.get("wildcardOnlyAction") == Some(&json!(true)));
    for (layer, value) in case.iter_mut().filter(|(layer, _)| {
        layer.ends_with("Policies") || layer.ends_with("Policy") || layer.as_str() == "permissionBoundaries"
    }) {
        let everyone_only = layer == "endpointPolicies" || layer == "resourceControlPolicies";
        visit_statements(value, &mut |statement| agree(statement, everyone_only, has_limits));
        if is_unnamed {
            visit_statements(value, &mut about_everything);
        }
    }
}

/// What a call without a resource is compared with, a peer takes for `*` always.
fn about_everything(statement: &mut Map<String, Value>) {
    let element = statement.remove("NotResource").or_else(|| statement.remove("Resource"));
    if element.is_some() {
        statement.insert("Resource".into(), json!("*"));
    }
}

fn set_request(case: &mut Map<String, Value>, field: &str, value: Value) {
    if let Some(Value::Object(request)) = case.get_mut("request") {
        request.insert(field.into(), value);
    }
}

fn visit_statements(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| visit_statements(value, visit)),
        Value::Object(object) => {
            if object.contains_key("Effect") {
                visit(object);
            } else {
                if object.contains_key("Statement") {
                    object.insert("Version".into(), json!("2012-10-17"));
                }
                object.values_mut().for_each(|value| visit_statements(value, visit));
            }
        }
        _ => {}
    }
}

fn agree(statement: &mut Map<String, Value>, everyone_only: bool, has_limits: bool) {
    for value in statement.values_mut().filter(|value| value.is_array()) {
        for text in value.as_array_mut().into_iter().flatten() {
            let odd = ["*:*", "arn:*", "arn:aws:sqs:*", "arn:aws:ec2:us-east-1:111111111111:*/*"];
            if odd.iter().any(|odd| text == odd) {
                *text = json!("*");
            }
        }
    }
    if everyone_only {
        statement.insert("Principal".into(), json!("*"));
    }
    let names_everyone =
        statement.get("Principal").is_some_and(|principal| principal.to_string().contains("\"*\""));
    let odd = ["CanonicalUser", "AIDA", "AROA", "assumed-role", ":user/"];
    let is_odd = |principal: &Value| odd.iter().any(|name| principal.to_string().contains(name));
    let must_change =
        statement.get("Principal").is_some_and(is_odd) || (names_everyone && has_limits && !everyone_only);
    if must_change || statement.remove("NotPrincipal").is_some() {
        statement.insert("Principal".into(), json!({"AWS": "111111111111"}));
    }
    if let Some(Value::Object(conditions)) = statement.get_mut("Condition") {
        conditions.retain(|operator, test| is_fitting(operator, test));
    }
}

/// Operators of numbers, dates and addresses on keys that hold such values.
fn is_fitting(operator: &str, test: &Value) -> bool {
    let key = test.as_object().and_then(|test| test.keys().next()).cloned().unwrap_or_default();
    let odd = ["${", "\"*\"", "1893456000", "1767225600", "2020\"", "0.0.0.0/0"];
    let is_odd = odd.iter().any(|odd| test.to_string().contains(odd));
    let wanted = match operator {
        _ if operator.contains("Numeric") => "aws:MultiFactorAuthAge",
        _ if operator.contains("Date") => "aws:TokenIssueTime",
        _ if operator.contains("Ip") => "aws:SourceIp",
        _ if operator.contains("Arn") => "aws:PrincipalArn",
        _ if operator.contains("Bool") => "aws:SecureTransport",
        _ => return !is_odd,
    };
    key == wanted && !is_odd
}

/// What a policy is attached to; the grammar differs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Identity,
    Resource,
    Trust,
    Endpoint,
    ResourceControl,
}

impl Iterator for Scenarios {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        Some(self.case())
    }
}
