//! Pairs of policies that are close to each other, and requests at their edges, for attacking what compares policies.

use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::scenarios::Scenarios;

/// One pair after the other, and requests for each.
#[derive(Debug)]
pub struct Pairs {
    random: Random,
    documents: Scenarios,
}

/// Two sets of identity policies.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a pair")]
pub struct Pair {
    /// One side.
    pub left: Vec<Value>,
    /// The other.
    pub right: Vec<Value>,
}

/// What a request may be about.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a request is these three")]
pub struct Probe {
    /// `service:Action`.
    pub action: String,
    /// An ARN.
    pub resource: String,
    /// Each key with one value (a string) or several (a list).
    pub context: Vec<(String, Value)>,
}

/// A small vocabulary in which patterns overlap, cover each other together, and leave single texts out.
const RESOURCES: [&str; 27] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/a*",
    "arn:aws:s3:::b/*a",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/??*",
    "arn:aws:s3:::b/",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/ab",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:username}*",
    "arn:aws:s3:::b/${aws:username, 'a'}",
    "arn:*:s3:::b/*",
    "arn:aws:*:*:*:b/*",
    "arn:aws:iam::1:user/A*",
    "arn:aws:iam::1:user/a",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:s?:*",
    "arn:aws:s3:*:a*",
    // Keys of S3 may hold the characters of wildcards.
    "arn:aws:s3:::b/${*}",
    "arn:aws:s3:::b/a${*}",
    "arn:aws:s3:::b/${?}",
    "arn:aws:s3:::b/*${*}*",
    "arn:aws:s3:::b/${*}a*",
    // What AWS compares where a call names no resource.
    "arn:aws:s3:::*",
    "arn:aws:s3:::${*}",
];

const ACTIONS: [&str; 14] = [
    "*",
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObject*",
    "s3:?etObject",
    "s3:ListAllMyBuckets",
    "s3:List*",
    "s3:GetSoon",
    "*:Get*",
    "ec2:Describe*",
    "ec2:DescribeInstances",
    "s3:Put*",
];

/// Stand for the characters of wildcards while an ARN is made.
const STAR: &str = "\u{1}";
const QUESTION_MARK: &str = "\u{2}";

/// Operators with values for one key, so that the conditions of two statements meet.
const TESTS: [(&str, &str, &[&str]); 26] = [
    ("StringEquals", "aws:username", &["a", "ab", "b", ""]),
    ("StringNotEquals", "aws:username", &["a", "ab"]),
    ("StringLike", "aws:username", &["a*", "*b", "?", "*", "?*", "${aws:userid}", ""]),
    ("StringNotLike", "aws:username", &["a*", "?", "*"]),
    ("StringEqualsIgnoreCase", "aws:username", &["A", "aB", "k", "ß"]),
    ("StringNotEqualsIgnoreCase", "aws:username", &["A", "K"]),
    ("StringEquals", "aws:RequestTag/t", &["a", "${aws:username}", "x-${aws:username}", "true"]),
    ("StringLike", "aws:RequestTag/t", &["a*", "${aws:username}*", "x-*", "*"]),
    ("StringNotLike", "aws:RequestTag/t", &["a?", "${aws:username}"]),
    ("Bool", "aws:RequestTag/t", &["true", "false"]),
    ("StringEquals", "aws:TagKeys", &["a", "b"]),
    ("StringLike", "aws:TagKeys", &["a*", "?", "*"]),
    ("StringNotEquals", "aws:TagKeys", &["a", "b", ""]),
    ("NumericEquals", "s3:max-keys", &["10", "10.0", "9.5", "0", "-1"]),
    ("NumericNotEquals", "s3:max-keys", &["10", "0"]),
    ("NumericLessThan", "s3:max-keys", &["10", "10.5", "-1", "0"]),
    ("NumericGreaterThanEquals", "s3:max-keys", &["10", "9", "-1", "0"]),
    ("DateLessThan", "aws:CurrentTime", &["2026-01-01T00:00:00Z", "1767225600", "2026-01-02"]),
    ("DateGreaterThanEquals", "aws:CurrentTime", &["2026-01-01T00:00:00Z", "1767225601"]),
    ("IpAddress", "aws:SourceIp", &["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.2.3", "2001:db8::/32"]),
    ("NotIpAddress", "aws:SourceIp", &["10.0.0.0/9", "2001:db8::/33", "0.0.0.0/0"]),
    ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::1:role/*", "arn:aws:iam::*:role/a", "*"]),
    ("ArnNotLike", "aws:PrincipalArn", &["arn:aws:iam::1:role/a", "arn:aws:iam::?:role/*"]),
    ("StringLike", "aws:PrincipalArn", &["arn:aws:iam::*:role/a", "arn:*", "*"]),
    ("Bool", "aws:SecureTransport", &["true", "false", "TRUE"]),
    ("StringEquals", "aws:SecureTransport", &["true", "TRUE", "yes"]),
];

impl Pairs {
    /// The pairs of a seed.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed, "pairs"), documents: Scenarios::new(seed) }
    }

    /// Pairs whose choices are led by bytes, for a fuzzer.
    pub fn led_by(bytes: &[u8]) -> Self {
        Self { random: Random::led_by(bytes), documents: Scenarios::led_by(bytes) }
    }

    /// Two sides: the second is the first with changes, or unlike it.
    pub fn pair(&mut self) -> Pair {
        let left = self.side();
        let right = if self.random.chance(60) { self.changed(&left) } else { self.side() };
        Pair { left, right }
    }

    fn side(&mut self) -> Vec<Value> {
        if self.random.chance(15) {
            return self.documents.identity_documents();
        }
        let count = self.random.between(1, 3);
        (0..count).map(|_| self.document()).collect()
    }

    fn document(&mut self) -> Value {
        let count = self.random.between(1, 4);
        let statements: Vec<Value> = (0..count).map(|_| self.statement()).collect();
        let version = if self.random.chance(90) { "2012-10-17" } else { "2008-10-17" };
        json!({"Version": version, "Statement": statements})
    }

    fn statement(&mut self) -> Value {
        let mut statement = Map::new();
        let effect = if self.random.chance(25) { "Deny" } else { "Allow" };
        statement.insert("Effect".into(), json!(effect));
        let element = if self.random.chance(12) { "NotAction" } else { "Action" };
        statement.insert(element.into(), self.words(&ACTIONS));
        let element = if self.random.chance(12) { "NotResource" } else { "Resource" };
        statement.insert(element.into(), self.words(&RESOURCES));
        if self.random.chance(50) {
            statement.insert("Condition".into(), self.conditions());
        }
        Value::Object(statement)
    }

    fn conditions(&mut self) -> Value {
        let mut conditions = Map::new();
        for _ in 0..self.random.between(1, 3) {
            let Some((operator, key, wanted)) = self.random.pick(&TESTS).copied() else { continue };
            let operator = match self.random.between(0, 12) {
                0..=1 => format!("{operator}IfExists"),
                2..=3 => format!("ForAllValues:{operator}"),
                4..=5 => format!("ForAnyValue:{operator}"),
                6 => "Null".to_owned(),
                _ => operator.to_owned(),
            };
            let values = if operator == "Null" { json!(self.random.chance(50)) } else { self.words(wanted) };
            conditions.insert(operator, json!({ key: values }));
        }
        Value::Object(conditions)
    }

    fn words(&mut self, from: &[&'static str]) -> Value {
        let count = self.random.between(1, 4);
        (0..count).map(|_| json!(self.random.word(from))).collect()
    }

    /// The same policies with one to three changes.
    fn changed(&mut self, side: &[Value]) -> Vec<Value> {
        let mut side = side.to_vec();
        for _ in 0..self.random.between(0, 4) {
            let place = self.random.between(0, i64::try_from(side.len()).unwrap_or_default());
            let fresh = self.statement();
            let Some(document) = usize::try_from(place).ok().and_then(|place| side.get_mut(place)) else {
                continue;
            };
            let Some(Value::Array(statements)) = document.get_mut("Statement") else { continue };
            let at = self.random.between(0, i64::try_from(statements.len()).unwrap_or_default());
            let at = usize::try_from(at).unwrap_or_default();
            match self.random.between(0, 6) {
                0 => statements.push(fresh),
                1 if statements.len() > 1 => drop(statements.remove(at)),
                change => {
                    if let Some(Value::Object(statement)) = statements.get_mut(at) {
                        take_over(statement, &fresh, change);
                    }
                }
            }
        }
        side
    }

    /// A request at the edges of what the pair is about.
    pub fn probe(&mut self, pair: &Pair) -> Probe {
        let sides = || pair.left.iter().chain(&pair.right);
        let mut statements = Vec::new();
        for document in sides() {
            statements.extend(document.get("Statement").and_then(Value::as_array).into_iter().flatten());
        }
        let texts = |elements: [&str; 2]| -> Vec<&str> {
            let of = statements.iter().flat_map(|it| elements.iter().filter_map(|name| it.get(*name)));
            of.flat_map(texts_of).collect()
        };
        let (actions, resources) = (texts(["Action", "NotAction"]), texts(["Resource", "NotResource"]));
        let action = self.random.pick(&actions).copied().unwrap_or("s3:GetObject").to_owned();
        let resource = self.random.pick(&resources).copied().unwrap_or("*").to_owned();
        let mut context: Vec<(String, Value)> = Vec::new();
        let tests = statements.iter().filter_map(|it| it.get("Condition")?.as_object()).flatten();
        let tests: Vec<(&String, &Value)> =
            tests.filter_map(|(_, test)| test.as_object()).flatten().collect();
        let variables = ["aws:username", "aws:userid"].map(str::to_owned);
        let mut keys: Vec<&String> = tests.iter().map(|(key, _)| *key).chain(&variables).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let wanted: Vec<&str> = tests
                .iter()
                .filter(|(own, _)| *own == key)
                .flat_map(|(_, values)| texts_of(values))
                .collect();
            if self.random.chance(75) {
                let value = self.value(&wanted);
                context.push((key.clone(), value));
            }
        }
        let (action, resource) = (self.filled(&action, false), self.arn(&resource, &context));
        Probe { action, resource, context }
    }

    fn value(&mut self, wanted: &[&str]) -> Value {
        let is_list = self.random.chance(30);
        let count = if is_list { self.random.between(0, 4) } else { 1 };
        let mut values: Vec<Value> = (0..count).map(|_| json!(self.one_value(wanted))).collect();
        if is_list { Value::Array(values) } else { values.pop().unwrap_or_default() }
    }

    fn one_value(&mut self, wanted: &[&str]) -> String {
        let odd = [
            "",
            "a",
            "ab",
            "B",
            "x",
            "\u{212a}",
            "true",
            "10.1",
            "10.2.3.4",
            "2001:db8:8000::1",
            "arn:aws:iam::1:x:role/a",
        ];
        let text = match self.random.pick(wanted).copied() {
            Some(text) if self.random.chance(75) => text.to_owned(),
            _ => return self.random.word(&odd).to_owned(),
        };
        if let Some((address, _)) = text.split_once('/').filter(|(address, _)| !address.contains(['a', ':']))
        {
            let edge = address
                .replace(".0.0.0", self.random.word(&[".0.0.0", ".127.255.255", ".255.255.255", ".128.0.0"]));
            return edge;
        }
        self.filled(&text.replace("${aws:username}", "a").replace("${aws:userid}", "ab"), true)
    }

    /// A text of a pattern, and now and then one beside it.
    fn filled(&mut self, pattern: &str, keeps_stars: bool) -> String {
        let mut text = String::new();
        for c in pattern.chars() {
            match c {
                '*' if keeps_stars && self.random.chance(10) => text.push('*'),
                '*' => text.push_str(self.random.word(&["", "a", "b", "ab", "Object", "x/y"])),
                '?' => text.push_str(self.random.word(&["a", "b", "G", "x"])),
                c => text.push(c),
            }
        }
        match self.random.between(0, 16) {
            0 => drop(text.pop()),
            1 => text.push('a'),
            2 => text = text.to_uppercase(),
            _ => {}
        }
        text
    }

    /// An ARN of a pattern: six parts, no wildcards; its variables stand for what the context holds. A literal star, of the
    /// pattern or by chance, is written `${*}`.
    fn arn(&mut self, pattern: &str, context: &[(String, Value)]) -> String {
        let mut pattern = pattern.to_owned();
        for (key, value) in context {
            if let Some(value) = value.as_str() {
                pattern = pattern.replace(&format!("${{{key}}}"), value);
            }
        }
        pattern = pattern.replace("${aws:username, 'a'}", "a").replace("${aws:username}", "a");
        pattern = pattern.replace("${*}", STAR).replace("${?}", QUESTION_MARK);
        let mut parts: Vec<String> = pattern.splitn(6, ':').map(|part| self.filled(part, false)).collect();
        while parts.len() < 6 {
            let part = self.random.word(&["", "a", "s3", "b/a", "b/ab"]);
            parts.push(part.to_owned());
        }
        if let Some(scheme) = parts.first_mut() {
            "arn".clone_into(scheme);
        }
        if let Some(resource) = parts.get_mut(5).filter(|_| self.random.chance(20)) {
            *resource = resource.replacen('a', STAR, 1);
        }
        parts.join(":").replace('*', "a").replace(STAR, "${*}").replace(QUESTION_MARK, "?")
    }
}

fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// One element of another statement instead of its own.
fn take_over(statement: &mut Map<String, Value>, from: &Value, change: i64) {
    let elements: &[&str] = match change {
        2 => &["Action", "NotAction"],
        3 => &["Resource", "NotResource"],
        4 => &["Effect"],
        _ => &["Condition"],
    };
    for element in elements {
        statement.remove(*element);
        if let Some(value) = from.get(*element) {
            statement.insert((*element).to_owned(), value.clone());
        }
    }
}
