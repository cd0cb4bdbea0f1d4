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
    let label = label(arn.name());
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
                    "\nresource \"aws_iam_policy\" \"{label}_{number}\" {{\n  name   = \"{}\"\n  path   = \"{path}\"\n  policy = {}\n}}\n\n\
                     resource \"aws_iam_{kind}_policy_attachment\" \"{label}_{number}\" {{\n  {kind}       = \"{}\"\n  policy_arn = aws_iam_policy.{label}_{number}.arn\n}}\n",
                    policy.name(),
                    heredoc(&document.0),
                    arn.name(),
                );
            }
            Change::Identity(IdentityChange::AttachPolicy { .. }) => {}
            gone => {
                let _ = writeln!(text, "\n# take out: {gone}");
            }
        }
    }
    text
}

/// JSON in a heredoc. `${` and `%{` begin templates of Terraform; doubled they are text.
fn heredoc(document: &Document) -> String {
    let json = print::print_pretty(document).replace("${", "$${").replace("%{", "%%{");
    let indented: String = json.lines().map(|line| format!("    {line}\n")).collect();
    format!("<<-JSON\n{indented}  JSON")
}

/// A name that Terraform takes as a label.
fn label(name: &str) -> String {
    let text: String = name
        .chars()
        .map(|one| if one.is_ascii_alphanumeric() || "_-".contains(one) { one } else { '_' })
        .collect();
    if text.starts_with(|one: char| one.is_ascii_digit() || one == '-') { format!("_{text}") } else { text }
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
        assert_eq!(label("1.a+b"), "_1_a_b");
    }
}
