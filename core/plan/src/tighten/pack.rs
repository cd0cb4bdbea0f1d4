//! Statements into documents within AWS's limits.

use kagimori_policy::document::{ActionElement, Document, OneOrMany, ResourceElement, Statement};
use kagimori_policy::print;

use super::{compose, document};
use crate::replacement::{ATTACHED_MAX, MANAGED_MAX, length};

/// Characters of a document around its statements.
const FRAME: usize = 40;

/// What fits into the managed policies of one identity, with some room for the frames and for what does not divide well.
pub(super) fn characters_max() -> usize {
    ATTACHED_MAX.saturating_sub(1).saturating_mul(MANAGED_MAX.saturating_sub(FRAME))
}

/// How long a statement is.
pub(super) fn characters(statement: &Statement) -> usize {
    print::print_statement(statement)
        .chars()
        .filter(|one| !one.is_ascii_whitespace())
        .count()
        .saturating_add(1)
}

/// One document where that has at most so many characters; else as few managed policies as filling them in order gives.
pub(super) fn documents(statements: &[Statement], whole_max: usize) -> Vec<Document> {
    if statements.is_empty() {
        return Vec::new();
    }
    let whole = document(statements.to_vec());
    if length(&whole) <= whole_max {
        return vec![whole];
    }
    let room = MANAGED_MAX.saturating_sub(FRAME);
    let mut documents = Vec::new();
    let mut held: Vec<Statement> = Vec::new();
    let mut used: usize = 0;
    for statement in statements.iter().flat_map(|statement| divide(statement, room)) {
        let length = characters(&statement);
        if !held.is_empty() && used.saturating_add(length) > room {
            documents.push(document(std::mem::take(&mut held)));
            used = 0;
        }
        used = used.saturating_add(length);
        held.push(statement);
    }
    documents.push(document(held));
    documents
}

/// A statement too long for one policy becomes several with the same meaning: its resources or its actions are divided.
fn divide(statement: &Statement, room: usize) -> Vec<Statement> {
    if characters(statement) <= room {
        return vec![statement.clone()];
    }
    let (first, second) = match (&statement.action, &statement.resource) {
        (_, Some(ResourceElement::Resource(OneOrMany::Many(all)))) if all.len() > 1 => {
            let (left, right) = all.split_at(all.len() / 2);
            let with = |part: &[String]| Statement {
                resource: Some(ResourceElement::Resource(OneOrMany::Many(part.to_vec()))),
                ..statement.clone()
            };
            (with(left), with(right))
        }
        (ActionElement::Action(OneOrMany::Many(all)), _) if all.len() > 1 => {
            let (left, right) = all.split_at(all.len() / 2);
            let with = |part: &[String]| Statement {
                action: ActionElement::Action(OneOrMany::Many(part.to_vec())),
                ..statement.clone()
            };
            (with(left), with(right))
        }
        // A Deny that cannot be divided without changing what it says.
        _ => return vec![statement.clone()],
    };
    let mut parts = divide(&first, room);
    parts.extend(divide(&second, room));
    for (number, part) in parts.iter_mut().enumerate() {
        // A Sid is unique within a document.
        part.sid = statement.sid.as_ref().map(|sid| format!("{sid}Part{}", compose::letters(number)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use kagimori_policy::compare::{Inclusion, included};
    use kagimori_policy::parse::{Strictness, parse};

    use super::*;

    #[test]
    fn a_long_statement_is_divided_and_says_the_same() {
        let names: Vec<String> =
            (0..900).map(|n| format!("\"arn:aws:s3:::bucket/folder-{n:04}/*\"")).collect();
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Long","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":[{}]}},
            {{"Sid":"Short","Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"}}]}}"#,
            names.join(",")
        );
        let whole = parse(&text, Strictness::Strict).unwrap();
        let parts = documents(&whole.statements, 10_240);
        assert!((5..10).contains(&parts.len()), "{}", parts.len());
        assert!(parts.iter().all(|part| length(part) <= MANAGED_MAX));
        let resources: usize = parts
            .iter()
            .flat_map(|part| &part.statements)
            .map(|s| s.resource.as_ref().unwrap().patterns().0.len())
            .sum();
        assert_eq!(resources, 901);
        let short = &whole.statements[1..];
        assert_eq!(documents(short, 2_048).len(), 1);
        assert_eq!(included(&documents(short, 2_048), &parts), Inclusion::Proved);
        assert!(documents(&[], 2_048).is_empty());
    }
}
