//! The target as Terraform, a file an account.

use std::collections::BTreeMap;
use std::fmt::Write;

use kagimori_id::{AccountId, Arn};
use kagimori_policy::document::Document;
use kagimori_policy::print;

use super::target::GROUP_POLICY;
use super::{Target, TargetRole};

/// What stands in the file of each account.
pub fn terraform(target: &Target) -> BTreeMap<AccountId, String> {
    let mut files: BTreeMap<AccountId, String> = BTreeMap::new();
    for account in target.accounts() {
        files.insert(account, roles(target, account));
    }
    files.insert(target.account, people(target));
    files
}

const IMPORT: &str =
    "# What is there already: `terraform import ADDRESS NAME` (of a policy its ARN) before the first plan.\n";

fn people(target: &Target) -> String {
    let group = &target.group;
    let users: String = target.people.iter().map(|user| format!("    {},\n", quoted(user.name()))).collect();
    format!(
        "# The bastion account {}: people enrol MFA here and leave for their roles.\n{IMPORT}\n\
         resource \"aws_iam_group\" \"bastion\" {{\n  name = {name}\n  path = {path}\n}}\n\n\
         resource \"aws_iam_group_policy\" \"bastion\" {{\n  name   = {policy_name}\n  group  = aws_iam_group.bastion.name\n  policy = {policy}\n}}\n\n\
         resource \"aws_iam_group_membership\" \"bastion\" {{\n  name  = \"bastion\"\n  group = aws_iam_group.bastion.name\n  users = [\n{users}  ]\n}}\n",
        target.account,
        name = quoted(group.name()),
        path = quoted(&path(group)),
        policy_name = quoted(GROUP_POLICY),
        policy = heredoc(&target.group_policy),
    )
}

fn roles(target: &Target, account: AccountId) -> String {
    let roles: Vec<&TargetRole> = target.roles.iter().filter(|role| role.account == account).collect();
    let mut text =
        format!("# Roles of {account} for the people of the bastion account {}.\n{IMPORT}", target.account);
    if let Some(first) = roles.first() {
        let _ = write!(
            text,
            "\nresource \"aws_iam_policy\" \"bastion_boundary\" {{\n  name   = {}\n  path   = {}\n  policy = {}\n}}\n",
            quoted(first.boundary.name()),
            quoted(&path(&first.boundary)),
            heredoc(&target.boundary),
        );
    }
    for role in roles {
        let label = label(role.arn.name());
        let policies: Vec<String> = role.policies.iter().map(|policy| quoted(policy.as_str())).collect();
        let _ = write!(
            text,
            "\nresource \"aws_iam_role\" \"{label}\" {{\n  name                 = {}\n  path                 = {}\n  max_session_duration = {}\n  permissions_boundary = aws_iam_policy.bastion_boundary.arn\n  assume_role_policy   = {}\n}}\n\n\
             resource \"aws_iam_role_policy_attachment\" \"{label}\" {{\n  for_each   = toset([{}])\n  role       = aws_iam_role.{label}.name\n  policy_arn = each.value\n}}\n",
            quoted(role.arn.name()),
            quoted(&path(&role.arn)),
            role.session_seconds,
            heredoc(&target.trust),
            policies.join(", "),
        );
    }
    text
}

/// `/` or `/people/`
pub(super) fn path(arn: &Arn) -> String {
    let rest = arn.resource().split_once('/').map_or("", |(_, rest)| rest);
    format!("/{}", rest.strip_suffix(arn.name()).unwrap_or_default())
}

/// Names and paths of IAM have neither quotes nor `$`; what begins a template of Terraform is doubled all the same.
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{")
    )
}

/// JSON in a heredoc. `${` and `%{` begin templates of Terraform; doubled they are text.
fn heredoc(document: &Document) -> String {
    let json = print::print_pretty(document).replace("${", "$${").replace("%{", "%%{");
    let indented: String = json.lines().map(|line| format!("    {line}\n")).collect();
    format!("<<-JSON\n{indented}  JSON")
}

/// A name that Terraform takes as a label, another for each name.
fn label(name: &str) -> String {
    let mut text = "role_".to_owned();
    for byte in name.bytes() {
        match byte {
            b'_' => text.push_str("__"),
            b'-' => text.push('-'),
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "_{byte:02x}");
            }
        }
    }
    text
}
