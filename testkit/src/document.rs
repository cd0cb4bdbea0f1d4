//! Policy documents, written in the order in which people write them.

use std::collections::BTreeMap;

use serde::Serialize;

/// A policy document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Statement {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Texts>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<String, BTreeMap<String, Texts>>,
}

/// One text or several: AWS keeps the form that the author wrote.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Texts {
    One(String),
    Many(Vec<String>),
}

/// Who is meant: everybody, or names by kind.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Principal {
    Anyone(&'static str),
    Named(BTreeMap<&'static str, Texts>),
}

impl Texts {
    fn of(texts: &[&str]) -> Self {
        match texts {
            [one] => Self::One((*one).to_owned()),
            many => Self::Many(many.iter().map(|text| (*text).to_owned()).collect()),
        }
    }
}

impl Document {
    /// A document of statements.
    pub(crate) fn new(statement: Vec<Statement>) -> Self {
        Self { version: "2012-10-17", statement }
    }

    /// One statement that allows actions on resources.
    pub(crate) fn allow(actions: &[&str], resources: &[&str]) -> Self {
        Self::new(vec![Statement::allow(actions, resources)])
    }

    /// Compact JSON, as bucket policies and event bodies carry it.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Statement {
    /// Allows actions on resources.
    pub(crate) fn allow(actions: &[&str], resources: &[&str]) -> Self {
        Self {
            effect: "Allow",
            action: Some(Texts::of(actions)),
            resource: Some(Texts::of(resources)),
            ..Self::default()
        }
    }

    /// Allows everything but actions, on everything.
    pub(crate) fn allow_all_but(actions: &[&str]) -> Self {
        Self {
            effect: "Allow",
            not_action: Some(Texts::of(actions)),
            resource: Some(Texts::of(&["*"])),
            ..Self::default()
        }
    }

    /// Denies actions on resources.
    pub(crate) fn deny(actions: &[&str], resources: &[&str]) -> Self {
        Self { effect: "Deny", ..Self::allow(actions, resources) }
    }

    /// Denies everything but actions, on everything.
    pub(crate) fn deny_all_but(actions: &[&str]) -> Self {
        Self { effect: "Deny", ..Self::allow_all_but(actions) }
    }

    /// A trust statement: principals of one kind may use an action of STS.
    pub(crate) fn trust(action: &str, kind: &'static str, principals: &[&str]) -> Self {
        Self {
            effect: "Allow",
            principal: Some(Principal::Named(BTreeMap::from([(kind, Texts::of(principals))]))),
            action: Some(Texts::of(&[action])),
            ..Self::default()
        }
    }

    /// A trust statement for everybody.
    pub(crate) fn trust_anyone() -> Self {
        let named = Self::trust("sts:AssumeRole", "AWS", &[]);
        Self { principal: Some(Principal::Anyone("*")), ..named }
    }

    /// Adds a principal: statements of resource policies.
    pub(crate) fn to(mut self, kind: &'static str, principals: &[&str]) -> Self {
        self.principal = Some(Principal::Named(BTreeMap::from([(kind, Texts::of(principals))])));
        self
    }

    /// Adds an id.
    pub(crate) fn sid(mut self, sid: &str) -> Self {
        self.sid = Some(sid.to_owned());
        self
    }

    /// Adds a condition.
    pub(crate) fn when(mut self, operator: &str, key: &str, values: &[&str]) -> Self {
        self.condition.entry(operator.to_owned()).or_default().insert(key.to_owned(), Texts::of(values));
        self
    }

    /// Only with MFA.
    pub(crate) fn with_mfa(self) -> Self {
        self.when("Bool", "aws:MultiFactorAuthPresent", &["true"])
    }
}

/// A service may assume the role.
pub(crate) fn service(service: &str) -> Statement {
    Statement::trust("sts:AssumeRole", "Service", &[service])
}

/// Principals (ARNs, account ids) may assume the role.
pub(crate) fn principals(principals: &[&str]) -> Statement {
    Statement::trust("sts:AssumeRole", "AWS", principals)
}
