//! A trust policy that asks people for MFA.
//!
//! Whether a statement asks for it is the engine's word, not the look of a condition: one that holds without
//! `aws:MultiFactorAuthPresent`, or with `false`, does not (IAM User Guide, `id_credentials_mfa_configure-api-require`).
//! Services and identity providers never have MFA in AWS: what a statement grants them goes on in a statement of its own.

use kagimori_policy::compare;
use kagimori_policy::decision::Answer;
use kagimori_policy::document::{
    Condition, ConditionValue, ConditionValues, Document, Effect, OneOrMany, PrincipalElement, PrincipalKind,
    Principals, ResourceElement, Statement,
};
use kagimori_policy::request::{Context, Fact, Principal, Request};

const KEY: &str = "aws:MultiFactorAuthPresent";

/// What becomes of a trust policy that is to ask people for MFA.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever asks has a sentence for each")]
pub enum Asked {
    /// The trust policy in which principals of AWS need MFA.
    Now(Document),
    /// Nothing is to be changed: every principal of AWS that it lets in needs MFA already.
    Already,
    /// Nothing is to be changed: it lets in services and identity providers, which never have MFA, or nobody.
    OfNobody,
    /// A statement lets in whoever it does not name (`NotPrincipal`): whom MFA could be asked of, it does not tell.
    Untold,
}

/// The trust policy in which principals of AWS need MFA, or why there is none.
pub fn require_mfa(trust: &Document) -> Asked {
    let statements: Vec<Statement> = trust.statements.iter().flat_map(with_mfa).collect();
    if statements != trust.statements {
        return Asked::Now(Document { statements, ..trust.clone() });
    }
    let allowing = || trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let names_others = |statement: &Statement| {
        matches!(statement.principal, Some(PrincipalElement::NotPrincipal(_))) && works_without_mfa(statement)
    };
    if allowing().any(names_others) {
        Asked::Untold
    } else if allowing().any(|statement| parted(statement).is_some()) {
        Asked::Already
    } else {
        Asked::OfNobody
    }
}

/// A statement as it would be: itself, itself with MFA, or one part with and one without.
fn with_mfa(statement: &Statement) -> Vec<Statement> {
    if statement.effect != Effect::Allow || !works_without_mfa(statement) {
        return vec![statement.clone()];
    }
    let Some((people, others)) = parted(statement) else { return vec![statement.clone()] };
    let bounded =
        Statement { conditions: asking(&statement.conditions), principal: Some(people), ..statement.clone() };
    let Some(others) = others else { return vec![bounded] };
    // Sids are unique in a document; the part that stays as it was keeps its name.
    let bounded = Statement { sid: bounded.sid.as_ref().map(|sid| format!("{sid}WithMfa")), ..bounded };
    vec![Statement { principal: Some(others), ..statement.clone() }, bounded]
}

/// Who may have MFA, and the others of the statement; `None`: nobody may.
fn parted(statement: &Statement) -> Option<(PrincipalElement, Option<PrincipalElement>)> {
    match &statement.principal {
        Some(everyone @ PrincipalElement::Principal(Principals::Everyone)) => Some((everyone.clone(), None)),
        Some(PrincipalElement::Principal(Principals::Listed(kinds))) => {
            let (people, others): (Vec<_>, Vec<_>) =
                kinds.iter().cloned().partition(|(kind, _)| *kind == PrincipalKind::Aws);
            let listed = |kinds| PrincipalElement::Principal(Principals::Listed(kinds));
            (!people.is_empty()).then(|| (listed(people), (!others.is_empty()).then(|| listed(others))))
        }
        _ => None,
    }
}

/// The conditions with MFA asked for; an own test of the same key gives way to it.
fn asking(conditions: &[Condition]) -> Vec<Condition> {
    let is_bool = |operator: &str| {
        let plain = operator.to_ascii_lowercase();
        plain == "bool" || plain == "boolifexists"
    };
    let other =
        |condition: &&Condition| !(condition.key.eq_ignore_ascii_case(KEY) && is_bool(&condition.operator));
    let mut conditions: Vec<Condition> = conditions.iter().filter(other).cloned().collect();
    conditions.push(Condition {
        operator: "Bool".to_owned(),
        key: KEY.to_owned(),
        values: ConditionValues::One(ConditionValue::Text("true".to_owned())),
    });
    conditions
}

/// Whether the conditions of a statement may hold for somebody without MFA.
fn works_without_mfa(statement: &Statement) -> bool {
    let bare = Statement {
        principal: None,
        resource: Some(ResourceElement::Resource(OneOrMany::One("*".to_owned()))),
        ..statement.clone()
    };
    let document = Document { version: None, id: None, statements: vec![bare] };
    let asked = |fact: Fact, action: &str| {
        let account = "111122223333".to_owned();
        let arn = format!("arn:aws:iam::{account}:user/anybody");
        let mut context = Context::partial();
        context.set(KEY, fact);
        let request = Request {
            principal: Principal::User { account: account.clone(), arn },
            action: action.to_owned(),
            resource: format!("arn:aws:iam::{account}:role/any"),
            resource_account: account,
            wildcard_only: false,
            context,
        };
        compare::decide(&request, std::slice::from_ref(&document)).answer
    };
    let facts = [Fact::Absent, Fact::One("false".to_owned())];
    let may = |answer: Answer| matches!(answer, Answer::Allowed | Answer::Indeterminate);
    facts.into_iter().any(|fact| {
        ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "sts:TagSession"]
            .into_iter()
            .any(|action| may(asked(fact.clone(), action)))
    })
}

#[cfg(test)]
mod tests {
    use kagimori_policy::parse::{Strictness, parse};
    use kagimori_policy::print;

    use super::{Asked, require_mfa};

    const PEOPLE: &str = r#""AWS":"arn:aws:iam::111122223333:root""#;
    const ASKS: &str = r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;

    fn trust(statements: &[String]) -> String {
        let all: Vec<String> = statements
            .iter()
            .map(|rest| format!(r#"{{"Effect":"Allow",{rest},"Action":"sts:AssumeRole"}}"#))
            .collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, all.join(","))
    }

    fn people(condition: &str) -> String {
        let comma = if condition.is_empty() { "" } else { "," };
        trust(&[format!(r#""Principal":{{{PEOPLE}}}{comma}{condition}"#)])
    }

    /// What becomes of a trust policy, in one form for comparing.
    fn changed(text: &str) -> Option<String> {
        match require_mfa(&parse(text, Strictness::Strict).unwrap()) {
            Asked::Now(document) => Some(print::print(&document)),
            Asked::Already | Asked::OfNobody | Asked::Untold => None,
        }
    }

    #[test]
    fn why_nothing_is_changed_is_told() {
        let why =
            |statements: &[String]| require_mfa(&parse(&trust(statements), Strictness::Strict).unwrap());
        let service = r#""Principal":{"Service":"ec2.amazonaws.com"}"#.to_owned();
        let asks = format!(r#""Principal":{{{PEOPLE}}},{ASKS}"#);
        let others = format!(r#""NotPrincipal":{{{PEOPLE}}}"#);
        assert_eq!(why(std::slice::from_ref(&asks)), Asked::Already);
        assert_eq!(why(&[asks.clone(), service.clone()]), Asked::Already);
        assert_eq!(why(std::slice::from_ref(&service)), Asked::OfNobody);
        assert_eq!(why(&[r#""Principal":{"Federated":"accounts.google.com"}"#.to_owned()]), Asked::OfNobody);
        assert_eq!(why(&[asks, others.clone()]), Asked::Untold);
        assert_eq!(why(&[service, format!("{others},{ASKS}")]), Asked::OfNobody);
    }

    fn same(text: &str) -> String {
        print::print(&parse(text, Strictness::Strict).unwrap())
    }

    #[test]
    fn whoever_could_come_without_is_asked() {
        let asked = same(&people(ASKS));
        for condition in [
            "",
            r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
            r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":["true","false"]}}"#,
            r#""Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#,
            r#""Condition":{"BoolIfExists":{"AWS:multifactorauthpresent":"false"}}"#,
        ] {
            assert_eq!(changed(&people(condition)).as_ref(), Some(&asked), "{condition}");
        }
    }

    #[test]
    fn whoever_needs_it_already_is_left_alone() {
        for condition in [
            ASKS,
            r#""Condition":{"Bool":{"AWS:MultiFactorAuthPresent":true}}"#,
            r#""Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"},"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            r#""Condition":{"StringEquals":{"aws:MultiFactorAuthPresent":"true"}}"#,
        ] {
            assert_eq!(changed(&people(condition)), None, "{condition}");
        }
        assert_eq!(changed(&trust(&[r#""Principal":{"Service":"ec2.amazonaws.com"}"#.to_owned()])), None);
        assert_eq!(changed(&trust(&[r#""Principal":{"Federated":"accounts.google.com"}"#.to_owned()])), None);
    }

    #[test]
    fn services_go_on_in_a_statement_of_their_own() {
        let mixed = format!(r#""Sid":"Both","Principal":{{{PEOPLE},"Service":"ec2.amazonaws.com"}}"#);
        let split = trust(&[
            r#""Sid":"Both","Principal":{"Service":"ec2.amazonaws.com"}"#.to_owned(),
            format!(r#""Sid":"BothWithMfa","Principal":{{{PEOPLE}}},{ASKS}"#),
        ]);
        assert_eq!(changed(&trust(&[mixed])), Some(same(&split)));
    }

    #[test]
    fn other_conditions_stay() {
        let id = r#""StringEquals":{"sts:ExternalId":"x"}"#;
        let before = people(&format!(r#""Condition":{{{id}}}"#));
        let after =
            people(&format!(r#""Condition":{{{id},"Bool":{{"aws:MultiFactorAuthPresent":"true"}}}}"#));
        assert_eq!(changed(&before), Some(same(&after)));
    }
}
