//! What the kind of credentials forbids, whatever the policies say.
//!
//! `id_credentials_temp_request`, "Comparing AWS STS API operations". In a request, `aws:TokenIssueTime` shows temporary
//! credentials; a user or root with it holds those of `GetSessionToken`.

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
                ("iam", _) => has_mfa(request),
                ("sts", "assumerole") => Formula::TRUE,
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

fn presence(request: &Request, key: &str, is_met: impl Fn(&str) -> bool) -> Formula {
    match request.context.get(key) {
        Fact::Absent | Fact::Many(_) => Formula::FALSE,
        Fact::One(text) => Formula::Constant(is_met(text)),
        Fact::Present | Fact::Unknown => Formula::Atom(Atom::Credential { key: key.to_owned() }),
    }
}
