//! A trust policy as conditions: who it lets in, over all requests.
//!
//! `kagimori_policy::compare` proves things of policies without principals. A principal of a trust policy says something of the
//! caller that condition keys say, too: an account is `aws:PrincipalAccount`, a user or role `aws:PrincipalArn`
//! (`reference_policies_condition-keys`, "Properties of the principal"). Written so, a trust policy can be proved to let in nobody but
//! some. Where a principal cannot be written so, an Allow is told apart and a Deny left out: both only ever make a proof harder.

use kagimori_id::AccountId;
use kagimori_policy::compare::{self, Verdict};
use kagimori_policy::document::{
    Condition, ConditionValue, ConditionValues, Document, Effect, OneOrMany, PrincipalElement, PrincipalKind,
    Principals, ResourceElement, Statement,
};

/// Who a trust policy lets in.
pub(super) struct Admitted {
    /// Callers of AWS accounts, as conditions.
    pub(super) callers: Document,
    /// Whoever cannot be written so, in words: services, identity providers.
    pub(super) others: Vec<String>,
}

/// Who a trust policy lets in.
pub(super) fn admitted(trust: &Document) -> Admitted {
    let mut admitted =
        Admitted { callers: Document { statements: Vec::new(), ..trust.clone() }, others: Vec::new() };
    for statement in &trust.statements {
        match &statement.principal {
            Some(PrincipalElement::Principal(Principals::Everyone)) => admitted.add(statement, &[]),
            Some(PrincipalElement::Principal(Principals::Listed(kinds))) => {
                for (kind, names) in kinds {
                    names.iter().for_each(|name| admitted.name(statement, kind, name));
                }
            }
            Some(PrincipalElement::NotPrincipal(_)) | None => {
                admitted.other(statement, "whoever it does not name".to_owned());
            }
        }
    }
    admitted
}

/// Whether it is proved that two trust policies let in the same.
pub(super) fn is_same(one: &Document, other: &Document) -> bool {
    let (one, other) = (admitted(one), admitted(other));
    one.others == other.others
        && compare::compare(&[one.callers], &[other.callers]).verdict() == Verdict::Equal
}

impl Admitted {
    fn name(&mut self, statement: &Statement, kind: &PrincipalKind, name: &str) {
        match kind {
            PrincipalKind::Aws if name == "*" => self.add(statement, &[]),
            PrincipalKind::Aws => match caller(name) {
                Caller::Account(id) => self.add(statement, &[("StringEquals", "aws:PrincipalAccount", &id)]),
                Caller::Identity(_) if statement.effect == Effect::Deny => {}
                // The account is said, too, because nothing else tells a proof whose an ARN is.
                Caller::Identity(id) => {
                    let is_account = ("StringEquals", "aws:PrincipalAccount", id.as_str());
                    self.add(statement, &[("ArnEquals", "aws:PrincipalArn", name), is_account]);
                }
                // What AWS writes for a principal that was deleted: nobody ever has that id again.
                Caller::Deleted => {}
                Caller::Other => self.other(statement, name.to_owned()),
            },
            _ => self.other(statement, name.to_owned()),
        }
    }

    fn other(&mut self, statement: &Statement, who: String) {
        if statement.effect == Effect::Allow && !self.others.contains(&who) {
            self.others.push(who);
        }
    }

    fn add(&mut self, statement: &Statement, who: &[(&str, &str, &str)]) {
        let mut conditions = statement.conditions.clone();
        conditions.extend(who.iter().map(|(operator, key, value)| Condition {
            operator: (*operator).to_owned(),
            key: (*key).to_owned(),
            values: ConditionValues::One(ConditionValue::Text((*value).to_owned())),
        }));
        self.callers.statements.push(Statement {
            // Sids are unique in a document, and one statement may become several.
            sid: None,
            principal: None,
            // A trust policy is about the one role.
            resource: Some(ResourceElement::Resource(OneOrMany::One("*".to_owned()))),
            conditions,
            ..statement.clone()
        });
    }
}

enum Caller {
    Account(String),
    /// A user or role, with its account.
    Identity(String),
    Deleted,
    Other,
}

/// The forms of a principal (`reference_policies_elements_principal`).
fn caller(name: &str) -> Caller {
    if AccountId::parse(name).is_ok() {
        return Caller::Account(name.to_owned());
    }
    let Some(arn) = kagimori_id::ArnParts::parse(name) else {
        let is_id =
            name.starts_with('A') && name.len() > 12 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return if is_id { Caller::Deleted } else { Caller::Other };
    };
    match (arn.service, arn.resource.split('/').next()) {
        ("iam", Some("root")) => Caller::Account(arn.account.to_owned()),
        ("iam", Some("user" | "role")) => Caller::Identity(arn.account.to_owned()),
        _ => Caller::Other,
    }
}
