//! A proposal as Terraform: the resources that hold the new policies. What goes is said in comments, because whoever
//! wrote its Terraform knows where it stands.

use std::fmt::Write;

use kagimori_estate::change::{Change, IdentityChange, ManagedPolicyChange};
use kagimori_policy::document::Document;
use kagimori_policy::print;

use super::Proposal;

pub(super) fn text(proposal: &Proposal) -> String {
    let arn = &proposal.tightened.principal;
    let is_user = arn.resource().starts_with("user/");
    let kind = if is_user { "user" } else { "role" };
    let label = label(kind, arn.name());
    let mut text = format!("# {arn}: least privilege from real use, plan {}\n", proposal.plan.id);
    let mut number = 0_usize;
    for change in &proposal.tightened.changes {
        match change {
            Change::Identity(IdentityChange::PutInlinePolicy { name, document, .. }) => {
                let _ = write!(
                    text,
                    "\nresource \"aws_iam_{kind}_policy\" \"{label}\" {{\n  name   = \"{name}\"\n  {kind}   = \"{}\"\n  policy = {}\n}}\n",
                    arn.name(),
                    heredoc(&document.0)
                );
            }
            Change::ManagedPolicy(ManagedPolicyChange::CreatePolicy { policy, document }) => {
                number = number.saturating_add(1);
                let path = policy.resource().trim_start_matches("policy").trim_end_matches(policy.name());
                let _ = write!(
                    text,
                    "\nresource \"aws_iam_policy\" \"{label}_part{number}\" {{\n  name   = \"{}\"\n  path   = \"{path}\"\n  policy = {}\n}}\n",
                    policy.name(),
                    heredoc(&document.0),
                );
                let is_boundary = |change: &Change| matches!(change, Change::Identity(IdentityChange::SetBoundary { policy: held, .. }) if held == policy);
                if proposal.tightened.changes.iter().any(is_boundary) {
                    let _ = writeln!(
                        text,
                        "\n# of the user that is there: permissions_boundary = aws_iam_policy.{label}_part{number}.arn"
                    );
                    continue;
                }
                let _ = write!(
                    text,
                    "\nresource \"aws_iam_{kind}_policy_attachment\" \"{label}_part{number}\" {{\n  {kind}       = \"{}\"\n  policy_arn = aws_iam_policy.{label}_part{number}.arn\n}}\n",
                    arn.name(),
                );
            }
            Change::ManagedPolicy(ManagedPolicyChange::CreatePolicyVersion { policy, document, .. }) => {
                number = number.saturating_add(1);
                let path = policy.resource().trim_start_matches("policy").trim_end_matches(policy.name());
                let _ = write!(
                    text,
                    "\n# the policy that is there: `terraform import aws_iam_policy.{label}_part{number} {policy}`, where it is not yet yours\n\
                     resource \"aws_iam_policy\" \"{label}_part{number}\" {{\n  name   = \"{}\"\n  path   = \"{path}\"\n  policy = {}\n}}\n",
                    policy.name(),
                    heredoc(&document.0),
                );
            }
            Change::Identity(IdentityChange::AttachPolicy { .. } | IdentityChange::SetBoundary { .. }) => {}
            gone => {
                let _ = writeln!(text, "\n# take out: {gone}");
            }
        }
    }
    text
}

/// JSON in a heredoc. `${` and `%{` begin templates of Terraform; doubled they are text.
pub(crate) fn heredoc(document: &Document) -> String {
    let json = print::print_pretty(document).replace("${", "$${").replace("%{", "%%{");
    let indented: String = json.lines().map(|line| format!("    {line}\n")).collect();
    format!("<<-JSON\n{indented}  JSON")
}

/// A name that Terraform takes as a label, its own for each principal of an account and each part of its policies: what a label may
/// not have becomes `_` and two hexadecimal digits, and a `_` two of it.
pub(crate) fn label(kind: &str, name: &str) -> String {
    let mut text = format!("{kind}_");
    for byte in name.bytes() {
        match byte {
            b'_' => text.push_str("__"),
            b'-' => text.push('-'),
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            _ => text.push_str(&format!("_{byte:02x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use kagimori_policy::parse::{Strictness, parse};

    use super::{heredoc, label};

    #[test]
    fn templates_of_terraform_are_text() {
        let document = parse(
            r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/%{x}"}]}"#,
            Strictness::Strict,
        )
        .unwrap();
        let text = heredoc(&document);
        assert!(text.contains("b/$${aws:username}/%%{x}"), "{text}");
    }

    #[test]
    fn no_two_principals_share_a_label() {
        assert_eq!(label("user", "1.a+b_c"), "user_1_2ea_2bb__c");
        assert_ne!(label("user", "a.b"), label("user", "a_b"));
        assert_ne!(label("user", "a_b"), label("user", "a__b"));
        assert_ne!(label("user", "a+x"), label("user", "a@x"));
        assert_ne!(label("user", "deploy"), label("role", "deploy"));
        assert_ne!(format!("{}_part1", label("user", "a")), label("user", "a_part1"));
    }
}
