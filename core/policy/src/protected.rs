//! What AWS lets nobody do, whatever the policies say: changing what belongs to AWS in a customer's account, and assuming the
//! root user of one's own.

use crate::glob::Glob;
use crate::request::{Principal, Request};
use kagimori_id::arn::padded_parts;

/// Actions that nobody has on some resources.
pub(crate) struct Protected {
    /// In lower case.
    actions: &'static [&'static str],
    /// The service and the beginning of the resource part, and the account where that tells.
    service: &'static str,
    account: Option<&'static str>,
    resource: &'static str,
}

/// Managed policies of AWS: "You cannot change the permissions defined in AWS managed policies"
/// (`access_policies_managed-vs-inline`), nor tag them (`id_tags_customer-managed-policies`).
///
/// Roles of IAM Identity Center: "you can't modify" them from IAM (Identity Center User Guide, `referencingpermissionsets`).
///
/// Service-linked roles: "you cannot edit the permissions" and only the service deletes them (`using-service-linked-roles`);
/// no boundary (API `PutRolePermissionsBoundary`).
///
/// Aliases of AWS managed keys: "you cannot create, update, or delete" what begins with `alias/aws/` (KMS API `CreateAlias`).
const PROTECTED: [Protected; 4] = [
    Protected {
        actions: &[
            "iam:createpolicy",
            "iam:createpolicyversion",
            "iam:deletepolicy",
            "iam:deletepolicyversion",
            "iam:setdefaultpolicyversion",
            "iam:tagpolicy",
            "iam:untagpolicy",
        ],
        service: "iam",
        account: Some("aws"),
        resource: "policy/",
    },
    Protected {
        actions: &[
            "iam:attachrolepolicy",
            "iam:createrole",
            "iam:deleterole",
            "iam:deleterolepermissionsboundary",
            "iam:deleterolepolicy",
            "iam:detachrolepolicy",
            "iam:putrolepermissionsboundary",
            "iam:putrolepolicy",
            "iam:tagrole",
            "iam:untagrole",
            "iam:updateassumerolepolicy",
            "iam:updaterole",
            "iam:updateroledescription",
        ],
        service: "iam",
        account: None,
        resource: "role/aws-reserved/",
    },
    Protected {
        actions: &[
            "iam:attachrolepolicy",
            "iam:createrole",
            "iam:deleterole",
            "iam:deleterolepermissionsboundary",
            "iam:deleterolepolicy",
            "iam:detachrolepolicy",
            "iam:putrolepermissionsboundary",
            "iam:putrolepolicy",
            "iam:updateassumerolepolicy",
        ],
        service: "iam",
        account: None,
        resource: "role/aws-service-role/",
    },
    Protected {
        actions: &["kms:createalias", "kms:deletealias", "kms:updatealias"],
        service: "kms",
        account: None,
        resource: "alias/aws/",
    },
];

/// Whether AWS lets nobody make this request: for a pattern, on none of its resources. AWS's own services may.
pub(crate) fn is_protected(request: &Request) -> bool {
    let is_service = matches!(request.principal, Principal::Service { .. });
    if is_service || request.principal.is_service_linked_role() {
        return false;
    }
    is_own_root(request) || of_action(&request.action).any(|protected| protected.holds(&request.resource))
}

/// `sts:AssumeRoot` is called from the management account, or a delegated administrator of IAM, on a member account (STS API
/// `AssumeRoot`): nobody becomes the root user of his own account by it.
fn is_own_root(request: &Request) -> bool {
    request.action.eq_ignore_ascii_case("sts:AssumeRoot")
        && request.principal.account() == Some(padded_parts(&request.resource)[4])
}

/// The protected resources of an action, as patterns of ARNs.
pub(crate) fn patterns(action: &str) -> impl Iterator<Item = String> {
    of_action(action)
        .map(|it| format!("arn:*:{}:*:{}:{}*", it.service, it.account.unwrap_or("*"), it.resource))
}

fn of_action(action: &str) -> impl Iterator<Item = &'static Protected> {
    let is_of = |it: &&Protected| it.actions.iter().any(|known| known.eq_ignore_ascii_case(action));
    PROTECTED.iter().filter(is_of)
}

impl Protected {
    /// Whether a resource, or every resource of a pattern, is one of these.
    fn holds(&self, resource: &str) -> bool {
        let [_, _, service, _, account, rest] = padded_parts(resource);
        service == self.service
            && self.account.is_none_or(|own| own == account)
            && Glob::policy(&format!("{}*", self.resource)).covers(&Glob::request(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::is_protected;
    use crate::decision::Answer;
    use crate::engine::decide_once;
    use crate::parse::{Strictness, parse};
    use crate::policies::{Layer, Policies};
    use crate::reference::decide;
    use crate::request::{Context, Principal, Request};

    #[test]
    fn what_belongs_to_aws_is_changed_by_nobody() {
        let ann = "arn:aws:iam::111122223333:user/ann";
        let sso = "arn:aws:iam::111122223333:role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO";
        let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef";
        let linked = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        for (principal, action, resource, is_possible) in [
            (ann, "iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", false),
            (ann, "sts:AssumeRoot", "arn:aws:iam::111122223333:root", false),
            (ann, "sts:AssumeRoot", "arn:aws:iam::444455556666:root", true),
            (ann, "iam:createpolicyversion", "arn:aws:iam::aws:policy/ReadOnlyAccess", false),
            (ann, "iam:DeletePolicy", "arn:aws:iam::aws:policy/job-function/Billing", false),
            (ann, "iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", true),
            (ann, "iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/own", true),
            (ann, "iam:AttachRolePolicy", reserved, false),
            (ann, "iam:GetRole", reserved, true),
            (ann, "iam:PassRole", reserved, true),
            (sso, "iam:AttachRolePolicy", reserved, true),
            (ann, "iam:PutRolePolicy", linked, false),
            (ann, "iam:UpdateRoleDescription", linked, true),
            (ann, "iam:DeleteServiceLinkedRole", linked, true),
            (ann, "iam:PutRolePolicy", "arn:aws:iam::111122223333:role/*", true),
            (ann, "iam:PutRolePolicy", "arn:aws:iam::111122223333:role/aws-reserved/*", false),
            (ann, "kms:UpdateAlias", "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3", false),
            (ann, "kms:UpdateAlias", "arn:aws:kms:eu-west-1:111122223333:alias/awsome", true),
        ] {
            let request = Request {
                principal: Principal::parse(principal).unwrap(),
                action: action.to_owned(),
                resource: resource.to_owned(),
                resource_account: "111122223333".to_owned(),
                wildcard_only: false,
                context: Context::complete(),
            };
            assert_eq!(is_protected(&request), !is_possible, "{action} {resource}");
            let text = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
            let document = parse(text, Strictness::Strict).unwrap();
            let policies = Policies { identity: vec![document], ..Policies::default() };
            let expected = if is_possible { Answer::Allowed } else { Answer::ImplicitlyDenied(Layer::Aws) };
            assert_eq!(decide(&request, &policies).answer, expected, "{action} {resource}");
            assert_eq!(decide_once(&request, &policies), expected, "{action} {resource}");
        }
    }
}
