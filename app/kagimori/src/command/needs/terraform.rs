//! A policy as Terraform, with the places in the source that each statement stands for.

use std::fmt::Write;

use kagimori_policy::document::{OneOrMany, ResourceElement};
use kagimori_source::needs::policy::Composed;

pub(super) fn text(composed: &Composed) -> String {
    let mut text = "data \"aws_iam_policy_document\" \"needs\" {\n".to_owned();
    for (statement, grounds) in composed.document.statements.iter().zip(&composed.grounds) {
        let _ = writeln!(text, "  statement {{");
        for ground in grounds {
            // A path may hold anything: one line stays one line.
            let plain: String =
                ground.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
            let _ = writeln!(text, "    # why: {plain}");
        }
        if let Some(sid) = &statement.sid {
            let _ = writeln!(text, "    sid       = {}", quoted(sid));
        }
        let (actions, _) = statement.action.patterns();
        let _ = writeln!(text, "    actions   = {}", list(actions));
        if let Some(ResourceElement::Resource(resources)) = &statement.resource {
            let _ = writeln!(text, "    resources = {}", list(OneOrMany::as_slice(resources)));
        }
        for condition in &statement.conditions {
            let values: Vec<String> =
                condition.values.as_slice().iter().map(|value| value.text().to_owned()).collect();
            let _ = writeln!(
                text,
                "    condition {{\n      test     = {}\n      variable = {}\n      values   = {}\n    }}",
                quoted(&condition.operator),
                quoted(&condition.key),
                list(&values)
            );
        }
        let _ = writeln!(text, "  }}");
    }
    text.push_str("}\n");
    text
}

fn list(all: &[String]) -> String {
    match all {
        [one] => format!("[{}]", quoted(one)),
        several => {
            let lines: String = several.iter().map(|one| format!("      {},\n", quoted(one))).collect();
            format!("[\n{lines}    ]")
        }
    }
}

/// A text of Terraform. `${` and `%{` begin templates; doubled they are text.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    json.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn templates_of_terraform_are_text() {
        assert_eq!(quoted("a${b}\"%{c}"), "\"a$${b}\\\"%%{c}\"");
    }
}
