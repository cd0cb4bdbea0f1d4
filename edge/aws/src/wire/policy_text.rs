//! IAM sends policy documents as URL-encoded text; the AWS CLI prints them as objects (botocore's `json_decode_policies`).

use serde_json::Value;

use crate::model::{At, Kind};

/// The shape that IAM's model has for such texts.
const DOCUMENT: &str = "policyDocumentType";

/// Makes objects of the documents in an answer. What is no JSON stays the text that it is.
pub(super) fn decode(value: &mut Value, shape: At<'_>) {
    match (shape.shape.kind, value) {
        (Kind::Structure, Value::Object(fields)) => {
            for (name, value) in fields.iter_mut() {
                let Some(member) = shape.named(name) else { continue };
                if member.shape_name == DOCUMENT {
                    decoded(value);
                } else {
                    decode(value, member);
                }
            }
        }
        (Kind::List, Value::Array(items)) => {
            if let Some(item) = shape.item() {
                items.iter_mut().for_each(|value| decode(value, item));
            }
        }
        _ => {}
    }
}

fn decoded(value: &mut Value) {
    if let Some(document) = value.as_str().and_then(|text| serde_json::from_str(&unquoted(text)).ok()) {
        *value = document;
    }
}

/// Python's `urllib.parse.unquote`: a plus sign stays one, and what is no escape stays as it is.
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped =
            behind.get(..2).filter(|_| *first == b'%').and_then(|digits| str::from_utf8(digits).ok());
        let byte = escaped
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn as_python_reads_escapes() {
        for (text, expected) in [
            ("%7B%22a%22%3A1%7D", "{\"a\":1}"),
            ("a+b", "a+b"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%E9%8D%B5", "鍵"),
            ("%+1", "%+1"),
        ] {
            assert_eq!(unquoted(text), expected);
        }
    }
}
