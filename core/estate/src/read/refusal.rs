//! The AWS CLI's error text in place of an answer: AWS refused the call, and said why.
//!
//! `An error occurred (AccessDenied) when calling the GetCredentialReport operation: User: … is not authorized …`.
//! It gets into a file by `2>&1`; the CLI puts an empty line before it, newer ones `aws: [ERROR]: `.

use super::fault::{Fault, quote};
use crate::fact::{Dataset, Silence};

/// One refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The error code: `AccessDenied`.
    pub(super) code: String,
    /// The operation: `GetCredentialReport`.
    pub(super) operation: String,
}

/// What there is none of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSuch {
    /// The account is in no organization, says the answer of this dataset.
    Organization(Dataset),
    /// No feature of centralised root access can be on.
    Features,
}

/// How messages of the CLI begin that come from the CLI itself, not from AWS.
const OWN_ERRORS: [&str; 6] = [
    "Unable to locate credentials",
    "The config profile",
    "Error when retrieving token",
    "Error loading SSO Token",
    "Partial credentials found",
    "usage: aws",
];

/// How messages begin that say that a call got no answer: the CLI's (`botocore/exceptions.py` of 1.44.8: `EndpointConnectionError`,
/// `ConnectTimeoutError`, `ReadTimeoutError`, `SSLError`, `ProxyConnectionError`, `ConnectionClosedError`,
/// `ResponseStreamingError`), and the one of `kagimori collect`.
const SILENT: [(&str, Silence); 8] = [
    ("Could not connect to the endpoint URL", Silence::NoConnection),
    ("Connect timeout on endpoint URL", Silence::TooLong),
    ("Read timeout on endpoint URL", Silence::TooLong),
    ("SSL validation failed", Silence::Tls),
    ("Failed to connect to proxy URL", Silence::Proxy),
    ("Connection was closed before we received a valid response from endpoint URL", Silence::Broken),
    ("An error occurred while reading from response stream", Silence::Broken),
    ("The time was over before the answer", Silence::OutOfTime),
];

/// The beginning of the line that tells of a call without an answer.
pub(crate) fn silent(silence: Silence) -> &'static str {
    SILENT.iter().find(|(_, of)| *of == silence).map_or("", |(start, _)| start)
}

impl Refusal {
    /// The refusal at the beginning of a text, and how many bytes it takes (to the end of its line).
    pub(super) fn parse(text: &str) -> Option<(Self, usize)> {
        let line = text.lines().next()?;
        let rest = unmarked(line).strip_prefix("An error occurred (")?;
        let (code, rest) = rest.split_once(')')?;
        let rest = rest.strip_prefix(" when calling the ")?;
        let (operation, _) = rest.split_once(" operation")?;
        Some((Self { code: code.to_owned(), operation: operation.to_owned() }, line.len()))
    }

    /// The dataset whose call was refused.
    pub(super) fn dataset(&self) -> Option<Dataset> {
        let operation = match self.operation.as_str() {
            "GenerateCredentialReport" => "GetCredentialReport",
            "DescribePolicy" | "ListTargetsForPolicy" => "ListPolicies",
            "ListAccountsForParent" | "ListChildren" | "ListOrganizationalUnitsForParent" | "ListRoots" => {
                "ListParents"
            }
            "DescribePermissionSet"
            | "GetInlinePolicyForPermissionSet"
            | "GetPermissionsBoundaryForPermissionSet"
            | "ListAccountsForProvisionedPermissionSet"
            | "ListCustomerManagedPolicyReferencesInPermissionSet"
            | "ListManagedPoliciesInPermissionSet" => "ListPermissionSets",
            operation => operation,
        };
        Dataset::ALL
            .into_iter()
            // IAM has operations of these names, too: a file of Identity Center is called so.
            .filter(|dataset| !matches!(dataset, Dataset::CenterUsers | Dataset::CenterGroups))
            .find(|dataset| dataset.api().split_once(':').is_some_and(|(_, name)| name == operation))
    }

    /// Whether it says that the account has no password policy.
    pub(super) fn no_password_policy(&self) -> bool {
        self.code == "NoSuchEntity" && self.operation == "GetAccountPasswordPolicy"
    }

    /// Whether it says that a permission set has no boundary.
    pub(super) fn no_boundary(&self) -> bool {
        self.operation == "GetPermissionsBoundaryForPermissionSet" && self.code == "ResourceNotFoundException"
    }

    /// Whether it says that a resource has no policy.
    pub(super) fn no_resource_policy(&self) -> bool {
        matches!(
            (self.operation.as_str(), self.code.as_str()),
            ("GetBucketPolicy", "NoSuchBucketPolicy")
                | ("GetPolicy", "ResourceNotFoundException")
                | ("GetRepositoryPolicy", "RepositoryPolicyNotFoundException")
        )
    }

    /// What AWS says that is no refusal: there is none (Organizations API Reference and IAM API Reference, the errors of each operation).
    pub(super) fn none(&self, named: Option<Dataset>) -> Option<NoSuch> {
        let dataset = self.dataset().or(named)?;
        let is_of_organization = matches!(
            dataset,
            Dataset::Organization
                | Dataset::OrganizationAccounts
                | Dataset::OrganizationPolicies
                | Dataset::OrganizationTree
                | Dataset::OrganizationFeatures
        );
        let code = self.code.strip_suffix("Exception").unwrap_or(&self.code);
        match (dataset, code) {
            (_, "AWSOrganizationsNotInUse") if is_of_organization => Some(NoSuch::Organization(dataset)),
            (Dataset::OrganizationFeatures, "OrganizationNotFound") => Some(NoSuch::Organization(dataset)),
            (
                Dataset::OrganizationFeatures,
                "ServiceAccessNotEnabled" | "OrganizationNotInAllFeaturesMode",
            ) => Some(NoSuch::Features),
            _ => None,
        }
    }

    /// The refusal that a JSON object holds: `{"Error": {"Code": …}}` of an SDK, `{"__type": …}` as AWS sends it.
    pub(super) fn of_json(json: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Error {
            #[serde(rename = "Error")]
            error: Option<Code>,
            #[serde(rename = "__type")]
            kind: Option<String>,
        }
        #[derive(serde::Deserialize)]
        struct Code {
            #[serde(rename = "Code")]
            code: String,
        }
        let Error { error, kind } = serde_json::from_str(json).ok()?;
        let code = error.map(|error| error.code).or(kind)?;
        let code = code.rsplit('#').next()?.to_owned();
        Some(Self { code, operation: String::new() })
    }

    /// What it means and what to do.
    pub(super) fn fault(&self) -> Fault {
        let dataset = self.dataset();
        let named = if self.operation.is_empty() { "what was asked" } else { self.operation.as_str() };
        let api = dataset.map_or(named, |dataset| dataset.api());
        let message = match self.operation.as_str() {
            "" => format!("AWS refused the call: {}", quote(&self.code)),
            operation => format!("AWS refused {}: {}", quote(operation), quote(&self.code)),
        };
        let run = dataset.map_or_else(
            || "run the command again".to_owned(),
            |dataset| format!("run again: `{}`", dataset.command()),
        );
        Fault::new(message).hint(match self.code.as_str() {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                format!("let the role that collects call `{api}`, then {run}")
            }
            "ExpiredToken" | "InvalidClientTokenId" | "ExpiredTokenException" => {
                format!("sign in again, then {run}")
            }
            _ => run,
        })
    }
}

/// A call without an answer, when the text begins with its message: why, how many bytes the line takes, and what is wrong.
pub(super) fn silence(text: &str) -> Option<(Silence, usize, Fault)> {
    let line = text.lines().next()?;
    let own = unmarked(line);
    let (_, silence) = SILENT.iter().find(|(start, _)| own.starts_with(start))?;
    let hint = match silence {
        Silence::NoConnection => "check the network, the Region and `AWS_ENDPOINT_URL`",
        Silence::Tls => "where a proxy opens TLS, name its certificates in `AWS_CA_BUNDLE`",
        Silence::Proxy => "check `HTTPS_PROXY` and `NO_PROXY`",
        Silence::OutOfTime => "give it more time",
        Silence::TooLong | Silence::Broken => "wait a while",
    };
    let message = match silence {
        Silence::OutOfTime => format!("the time for collecting was over: {}", quote(own)),
        _ => format!("the file holds an error message of the AWS CLI: {}", quote(own)),
    };
    let fault = Fault::new(message).hint(format!("{hint}, and run the command again"));
    Some((*silence, line.len(), fault))
}

/// What the CLI itself complains of, when a text is such a complaint.
pub(super) fn cli_error(text: &str) -> Option<Fault> {
    let line = text.trim_start().lines().next()?;
    let own = unmarked(line);
    OWN_ERRORS.iter().any(|start| own.starts_with(start)).then(|| {
        Fault::new(format!("the file holds an error message of the AWS CLI: {}", quote(own)))
            .hint("put right what it says and run the command again")
    })
}

fn unmarked(line: &str) -> &str {
    line.strip_prefix("aws: [ERROR]: ").unwrap_or(line)
}
