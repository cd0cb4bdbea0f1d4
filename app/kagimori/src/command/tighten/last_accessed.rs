//! What `aws iam get-service-last-accessed-details` says: `last-accessed/<account>/user/<name>.json`, or `role/`.
//!
//! The answer does not name the principal it is about, so its place does.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::id::Arn;
use kagimori_plan::tighten::LastAccessed;
use serde::Deserialize;

use super::propose::LastAccessedOf;
use crate::company::listing;
use crate::error::AppError;
use crate::printer;

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "JobStatus")]
    status: String,
    #[serde(rename = "ServicesLastAccessed", default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "ServiceNamespace")]
    namespace: String,
    #[serde(rename = "LastAuthenticated")]
    last: Option<Timestamp>,
}

/// Every answer below `last-accessed/`; none when there is no such folder.
pub(super) fn read(root: &Path) -> Result<LastAccessedOf, AppError> {
    let mut all = LastAccessedOf::new();
    for (account, folder) in listing(&root.join("last-accessed"))? {
        for kind in ["user", "role"] {
            for (file, path) in listing(&folder.join(kind))? {
                let Some(name) = file.strip_suffix(".json") else { continue };
                let Ok(arn) = Arn::parse(&format!("arn:aws:iam::{account}:{kind}/{name}")) else { continue };
                let text = std::fs::read_to_string(&path).map_err(|source| AppError::read(&path, source))?;
                match serde_json::from_str::<Answer>(&text) {
                    Ok(answer) if answer.status == "COMPLETED" => drop(all.insert(arn, services(answer))),
                    Ok(answer) => tell(&path, &format!("its job is {}", answer.status)),
                    Err(error) => tell(&path, &format!("it is no last-accessed data: {error}")),
                }
            }
        }
    }
    Ok(all)
}

/// What a principal is called here: its ARN without its path, which no two of a kind in an account share.
pub(super) fn key(principal: &Arn) -> Option<Arn> {
    let kind = principal.resource().split('/').next()?;
    let account = principal.account()?;
    Arn::parse(&format!("arn:aws:iam::{account}:{kind}/{}", principal.name())).ok()
}

fn services(answer: Answer) -> BTreeMap<String, LastAccessed> {
    let service = |service: Service| {
        (service.namespace.to_ascii_lowercase(), LastAccessed { at: service.last.map(Timestamp::as_second) })
    };
    answer.services.into_iter().map(service).collect()
}

fn tell(path: &Path, why: &str) {
    printer::warning(&format!("`{}` is left out: {why}", path.display()));
}

#[cfg(test)]
mod tests {
    use super::{Answer, services};

    /// As the IAM API reference shows it, `GetServiceLastAccessedDetails`.
    #[test]
    fn an_answer_of_aws() {
        let text = r#"{"JobStatus":"COMPLETED","JobType":"SERVICE_LEVEL","JobCreationDate":"2026-10-01T01:02:03+00:00",
            "ServicesLastAccessed":[
              {"ServiceName":"Amazon S3","LastAuthenticated":"2026-09-30T11:12:13+00:00","ServiceNamespace":"s3",
               "LastAuthenticatedEntity":"arn:aws:iam::111122223333:user/app","TotalAuthenticatedEntities":1},
              {"ServiceName":"Amazon SNS","ServiceNamespace":"sns","TotalAuthenticatedEntities":0}],
            "JobCompletionDate":"2026-10-01T01:02:04+00:00","IsTruncated":false}"#;
        let told = services(serde_json::from_str::<Answer>(text).unwrap());
        assert_eq!(told["s3"].at, Some(1_790_766_733));
        assert_eq!(told["sns"].at, None);
    }
}
