//! Requests that say in a place of their own what they are about: several items in one, tables as keys, statements, keys of KMS.

use std::rc::Rc;

use serde_json::Value as Json;

use super::{Fields, Marks, json};
use crate::needs::calls::SourceCall;
use crate::needs::value::Value;

/// The operations that one request makes together (DynamoDB Developer Guide, *transactions and IAM*); nothing where it is one.
pub(super) fn of(call: &SourceCall, fields: &Fields) -> Vec<SourceCall> {
    if call.service != "dynamodb" || !matches!(call.operation, "TransactWriteItems" | "TransactGetItems") {
        return Vec::new();
    }
    let items = fields.get("TransactItems").into_iter().flat_map(|values| values.iter());
    let mut parts = Vec::new();
    for value in items {
        let Value::List(items) = value else { return Vec::new() };
        for item in items.iter().flat_map(|item| item.iter()) {
            let (Value::Map(kinds) | Value::Request(_, kinds)) = item else { return Vec::new() };
            for (kind, inner) in &kinds.entries {
                let operation = match &**kind {
                    "Put" | "put" => "PutItem",
                    "Update" | "update" => "UpdateItem",
                    "Delete" | "delete" => "DeleteItem",
                    "ConditionCheck" | "conditionCheck" => "ConditionCheckItem",
                    "Get" | "get" => "GetItem",
                    _ => return Vec::new(),
                };
                for inner in inner.iter() {
                    let (Value::Map(fields) | Value::Request(_, fields)) = inner else { return Vec::new() };
                    let because = Some("an item of a transaction");
                    parts.push(SourceCall {
                        operation,
                        because,
                        fields: Fields::clone(fields),
                        ..call.clone()
                    });
                }
            }
        }
    }
    parts
}

/// The table that a request of DynamoDB names otherwise than as `TableName`.
pub(super) fn table(call: &SourceCall, fields: &Fields, marks: &mut Marks) -> Option<(String, Json)> {
    if call.service != "dynamodb" {
        return None;
    }
    let name = "tableName".to_owned();
    match call.operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let items = fields.get("RequestItems")?;
            let mut tables = Vec::new();
            for value in items.iter() {
                let Value::Map(tables_of) = value else { return Some((name, json(items, marks))) };
                tables.extend(tables_of.entries.iter().map(|(table, _)| Json::String(table.to_string())));
            }
            (!tables.is_empty()).then_some((name, Json::Array(tables)))
        }
        "ExecuteStatement" => {
            let text = fields.get("Statement")?.first()?.known()?;
            Some((name, Json::String(table_of(&text)?)))
        }
        _ => None,
    }
}

/// The table of a statement of PartiQL (DynamoDB Developer Guide, *PartiQL reference*): `FROM`, `INTO`, `UPDATE`.
fn table_of(statement: &str) -> Option<String> {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let after = |word: &str| {
        let at = words.iter().position(|known| known.eq_ignore_ascii_case(word))?;
        words.get(at.checked_add(1)?).copied()
    };
    let named = after("FROM").or_else(|| after("INTO")).or_else(|| after("UPDATE"))?;
    let table = named.trim_matches(['"', '\'', '`', '(', ')', ';', ',']).split(['.', '"']).next()?;
    (!table.is_empty()).then(|| table.to_owned())
}

/// The key of KMS that a request of another service names.
pub(super) fn key(fields: &Fields) -> Option<String> {
    let names = ["SSEKMSKeyId", "KmsKeyId", "KMSKeyId", "KmsMasterKeyId", "KmsKey"];
    let given = names.iter().find_map(|name| fields.get(name))?;
    let given: &Rc<[Value]> = given;
    given.first()?.known().filter(|key| key.starts_with("arn:") && key.contains(":key/"))
}

/// The domain's identity, of an address's.
pub(super) fn domain(action: &str, resource: &str) -> Option<String> {
    let (head, address) = resource.split_once(":identity/").filter(|_| action.starts_with("ses:Send"))?;
    let (_, domain) = address.split_once('@')?;
    let domain = domain.trim_end_matches('>');
    Some(format!("{head}:identity/{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_statements() {
        for (statement, table) in [
            ("SELECT * FROM \"orders\" WHERE id = ?", Some("orders")),
            ("select * from orders", Some("orders")),
            ("INSERT INTO orders VALUE {'id': ?}", Some("orders")),
            ("UPDATE orders SET x = 1", Some("orders")),
            ("DELETE FROM \"orders\".\"index\" WHERE x", Some("orders")),
            ("EXISTS(", None),
        ] {
            assert_eq!(table_of(statement).as_deref(), table, "{statement}");
        }
    }

    #[test]
    fn identities_of_addresses() {
        let of = |resource| domain("ses:SendEmail", resource);
        assert_eq!(
            of("arn:aws:ses:*:*:identity/a@example.com").as_deref(),
            Some("arn:aws:ses:*:*:identity/example.com")
        );
        assert_eq!(of("arn:aws:ses:*:*:identity/example.com"), None);
    }
}
