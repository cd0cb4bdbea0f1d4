//! Whose document it is, and whose it is not: the accounts that witnesses are about.
//!
//! A document mostly tells its account: in the ARNs of its resources, in the provider of a trust policy, in the key policy's
//! statement for the account itself. Where it does not, witnesses have the account that AWS's pages write.

use crate::document::{Document, PrincipalElement, Principals};
use crate::validate::PolicyKind;
use kagimori_id::ArnParts;

/// The account of AWS's examples, where the document names none.
pub(super) const OWNER: &str = "123456789012";

/// Accounts of AWS's examples for somebody else.
const OUTSIDERS: [&str; 3] = ["999999999999", "888888888888", "666666666666"];

/// Every account that a document names.
pub(super) fn accounts(document: &Document) -> Vec<&str> {
    let mut accounts: Vec<&str> = principals(document).filter_map(account).collect();
    let conditions = document.statements.iter().flat_map(|statement| &statement.conditions);
    let values = conditions.flat_map(|condition| condition.values.as_slice()).map(|value| value.text());
    accounts.extend(resources(document).chain(values).filter_map(account));
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// The account that owns the document, as far as it tells.
pub(super) fn owner(document: &Document, kind: PolicyKind) -> Option<&str> {
    let of_provider = || principals(document).filter(|name| name.contains("-provider/")).find_map(account);
    // The account itself in a policy on a resource is the owner, by custom (KMS Developer Guide, `key-policy-default`).
    let of_root = || principals(document).filter(|name| name.ends_with(":root")).find_map(account);
    let of_resource = || resources(document).find_map(account);
    match kind {
        PolicyKind::Trust => of_provider(),
        PolicyKind::Resource => of_resource().or_else(of_root),
        _ => of_resource(),
    }
}

/// An account that the document does not name.
pub(super) fn outsider(named: &[&str]) -> &'static str {
    let [first, ..] = OUTSIDERS;
    OUTSIDERS.into_iter().find(|account| !named.contains(account)).unwrap_or(first)
}

/// The partition of a document's ARNs.
pub(super) fn partition(document: &Document) -> &'static str {
    let of = |partition: &str| {
        let begins = |text: &str| text.strip_prefix("arn:").is_some_and(|rest| rest.starts_with(partition));
        resources(document).chain(principals(document)).any(begins)
    };
    ["aws-cn:", "aws-us-gov:"]
        .into_iter()
        .find(|name| of(name))
        .map_or("aws", |name| name.trim_end_matches(':'))
}

fn resources(document: &Document) -> impl Iterator<Item = &str> {
    let elements = document.statements.iter().filter_map(|statement| statement.resource.as_ref());
    elements.flat_map(|element| element.patterns().0).map(String::as_str)
}

fn principals(document: &Document) -> impl Iterator<Item = &str> {
    let elements = document.statements.iter().filter_map(|statement| statement.principal.as_ref());
    let listed = elements.filter_map(|element| match element {
        PrincipalElement::Principal(Principals::Listed(kinds))
        | PrincipalElement::NotPrincipal(Principals::Listed(kinds)) => Some(kinds),
        _ => None,
    });
    listed.flatten().flat_map(|(_, names)| names).map(String::as_str)
}

/// The account of an ARN, or the text itself when it is one.
fn account(text: &str) -> Option<&str> {
    let is_account = |text: &&str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    Some(text).filter(is_account).or_else(|| ArnParts::split(text).map(|arn| arn.account).filter(is_account))
}

#[cfg(test)]
mod tests {
    use super::{accounts, outsider, owner, partition};
    use crate::parse::{Strictness, parse};
    use crate::validate::PolicyKind;

    #[test]
    fn documents_tell_whose_they_are() {
        for (kind, statement, expected) in [
            (
                PolicyKind::Identity,
                r#""Action":"sqs:*","Resource":"arn:aws:sqs:*:555566667777:q""#,
                Some("555566667777"),
            ),
            (PolicyKind::Identity, r#""Action":"s3:*","Resource":"arn:aws:s3:::b""#, None),
            (
                PolicyKind::Trust,
                r#""Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::555566667777:root"}"#,
                None,
            ),
            (
                PolicyKind::Trust,
                r#""Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::555566667777:oidc-provider/gitlab.com"}"#,
                Some("555566667777"),
            ),
            (
                PolicyKind::Resource,
                r#""Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::555566667777:root"}"#,
                Some("555566667777"),
            ),
        ] {
            let text = format!(r#"{{"Statement":{{"Effect":"Allow",{statement}}}}}"#);
            let document = parse(&text, Strictness::Strict).unwrap();
            assert_eq!(owner(&document, kind), expected, "{statement}");
            assert_eq!(partition(&document), "aws");
        }
    }

    #[test]
    fn strangers_are_not_in_the_document() {
        let text = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":
            {"aws:PrincipalAccount":["999999999999","111122223333"]}}}}"#;
        let document = parse(text, Strictness::Strict).unwrap();
        let named = accounts(&document);
        assert_eq!((named.len(), outsider(&named)), (2, "888888888888"));
    }
}
