//! What the kind of credentials forbids, whatever the policies say.
//!
//! `id_credentials_temp_request`, "Comparing AWS STS API operations". In a request, `aws:TokenIssueTime` shows temporary
//! credentials; a user or root with it holds those of `GetSessionToken`, or root those of `AssumeRoot`, which `aws:AssumedRoot` shows.

use crate::formula::{Atom, Formula};
use crate::request::{Fact, Principal, Request};
use crate::value;

/// When the credentials can make this call at all.
pub(super) fn permit(request: &Request) -> Formula {
    let action = request.action.to_ascii_lowercase();
    let (service, name) = action.split_once(':').unwrap_or((&action, ""));
    match &request.principal {
        // STS `AssumeRole`: "You cannot call AssumeRole by using AWS account root user credentials".
        Principal::Root { .. } if action == "sts:assumerole" => Formula::FALSE,
        Principal::User { .. } | Principal::Root { .. } => {
            let of_session_token = match (service, name) {
                // Its task may be one of IAM's (`IAMDeleteRootUserCredentials`).
                ("iam", _) if is_assumed_root(request) => Formula::TRUE,
                ("iam", _) => has_mfa(request),
                // The latter two are no calls, but permissions that an AssumeRole with tags or source identity needs too
                // (`id_session-tags`, `id_credentials_temp_control-access_monitor`).
                ("sts", "assumerole" | "getcalleridentity" | "tagsession" | "setsourceidentity") => {
                    Formula::TRUE
                }
                ("sts", _) => Formula::FALSE,
                _ => Formula::TRUE,
            };
            has_token(request).negate().or(of_session_token)
        }
        Principal::Role { .. } | Principal::Session { .. } => {
            let is_refused = matches!(action.as_str(), "sts:getfederationtoken" | "sts:getsessiontoken");
            Formula::Constant(!is_refused)
        }
        Principal::FederatedUser { .. } => Formula::Constant(!matches!(service, "iam" | "sts")),
        Principal::Federated { .. } | Principal::Service { .. } | Principal::Anonymous => Formula::TRUE,
    }
}

fn has_token(request: &Request) -> Formula {
    presence(request, "aws:tokenissuetime", |_| true)
}

fn has_mfa(request: &Request) -> Formula {
    presence(request, "aws:multifactorauthpresent", |text| value::boolean(text) == Some(true))
}

/// A session of a root user for one task (STS `AssumeRoot`), as far as the request tells: whoever does not say so is not one.
fn is_assumed_root(request: &Request) -> bool {
    let told = request.context.get("aws:assumedroot");
    let is_true = matches!(told, Fact::One(text) if value::boolean(text) == Some(true));
    is_true && matches!(request.principal, Principal::Root { .. })
}

fn presence(request: &Request, key: &str, is_met: impl Fn(&str) -> bool) -> Formula {
    match request.context.get(key) {
        Fact::Absent | Fact::Many(_) => Formula::FALSE,
        Fact::One(text) => Formula::Constant(is_met(text)),
        Fact::Present | Fact::Unknown => Formula::Atom(Atom::Credential { key: key.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use crate::decision::Answer;
    use crate::engine::decide_once;
    use crate::parse::{Strictness, parse};
    use crate::policies::{Layer, Policies};
    use crate::reference::decide;
    use crate::request::{Context, Principal, Request};

    /// `AssumeRoot` hands out a session without MFA whose task may be to delete root's credentials.
    #[test]
    fn a_root_session_for_a_task_may_call_iam() {
        let everything = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        let policies = Policies {
            identity: vec![parse(everything, Strictness::Strict).unwrap()],
            ..Policies::default()
        };
        let token = Context::complete().with("aws:TokenIssueTime", "2026-11-25T09:00:00Z");
        let refused = Answer::ImplicitlyDenied(Layer::Credential);
        for (principal, context, expected) in [
            (
                "arn:aws:iam::111122223333:root",
                token.clone().with("aws:AssumedRoot", "true"),
                Answer::Allowed,
            ),
            ("arn:aws:iam::111122223333:root", token.clone().with("aws:AssumedRoot", "false"), refused),
            ("arn:aws:iam::111122223333:root", token.clone(), refused),
            ("arn:aws:iam::111122223333:user/alice", token.with("aws:AssumedRoot", "true"), refused),
        ] {
            let request = Request {
                principal: Principal::parse(principal).unwrap(),
                action: "iam:DeleteAccessKey".into(),
                resource: "*".into(),
                resource_account: "111122223333".into(),
                wildcard_only: false,
                context,
            };
            assert_eq!(decide(&request, &policies).answer, expected, "{principal}");
            assert_eq!(decide_once(&request, &policies), expected, "{principal}");
        }
    }

    /// With an MFA session one may tag the session of the role one assumes; both evaluators say so.
    #[test]
    fn sessions_may_carry_tags_and_source_identity_into_a_role() {
        let text = r#"{"Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}"#;
        let trust =
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:*"}}"#;
        let policies = Policies {
            identity: vec![parse(text, Strictness::Strict).unwrap()],
            resource: Some(parse(trust, Strictness::Strict).unwrap()),
            ..Policies::default()
        };
        for (action, expected) in [
            ("sts:AssumeRole", Answer::Allowed),
            ("sts:TagSession", Answer::Allowed),
            ("sts:SetSourceIdentity", Answer::Allowed),
            ("sts:GetAccessKeyInfo", Answer::ImplicitlyDenied(Layer::Credential)),
        ] {
            let request = Request {
                principal: Principal::parse("arn:aws:iam::111122223333:user/alice").unwrap(),
                action: action.into(),
                resource: "arn:aws:iam::222233334444:role/Power".into(),
                resource_account: "222233334444".into(),
                wildcard_only: false,
                context: Context::complete().with("aws:TokenIssueTime", "2026-11-25T09:00:00Z"),
            };
            assert_eq!(decide(&request, &policies).answer, expected, "{action}");
            assert_eq!(decide_once(&request, &policies), expected, "{action}");
        }
    }
}
