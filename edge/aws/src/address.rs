//! Where a call goes: the address that was set for the service, else AWS's own of the partition, as the tables have it.

use std::collections::BTreeMap;

use kagimori_session::endpoint::Variant;

use crate::model::Model;

/// Where a call goes, and for which Region it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Scheme, host and port, maybe a path.
    pub(crate) url: String,
    pub(crate) signing_region: String,
}

/// Without a Region in any setting.
const NO_REGION: &str = "us-east-1";

/// The address of a service's calls; the error is a sentence about what is missing.
pub(crate) fn address(
    model: &Model,
    region: Option<&str>,
    variant: Variant,
    set: &BTreeMap<String, String>,
) -> Result<Address, String> {
    let region = region.unwrap_or(NO_REGION);
    let own = own(model, region, variant);
    match (set.get(&model.metadata.id), own) {
        (Some(url), own) => {
            let signing_region = own.map_or_else(|| region.to_owned(), |own| own.signing_region);
            Ok(Address { url: url.clone(), signing_region })
        }
        (None, Some(own)) => Ok(own),
        (None, None) => Err(format!("the service has no such address in {region}")),
    }
}

fn own(model: &Model, region: &str, variant: Variant) -> Option<Address> {
    let row = model.endpoints.get(region).or_else(|| model.endpoints.get(kagimori_id::partition(region)))?;
    let index = usize::from(variant.fips) + 2 * usize::from(variant.dual_stack);
    let template = row.get(index)?.as_deref()?;
    let (template, signed) =
        template.split_once(' ').map_or((template, None), |(url, region)| (url, Some(region)));
    Some(Address {
        url: template.replace("{region}", region),
        signing_region: signed.unwrap_or(region).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::model;

    /// Made with botocore 1.44.8's endpoint rules; `scripts/check-aws-client` compares every Region.
    #[test]
    fn addresses_of_all_partitions() {
        let plain = Variant::default();
        let fips = Variant { fips: true, dual_stack: false };
        let dual = Variant { fips: false, dual_stack: true };
        for (service, region, variant, url, signing) in [
            ("iam", "ap-northeast-1", plain, "https://iam.amazonaws.com", "us-east-1"),
            ("iam", "cn-northwest-1", plain, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("iam", "us-gov-east-1", dual, "https://iam.us-gov.api.aws", "us-gov-west-1"),
            (
                "organizations",
                "eu-west-1",
                plain,
                "https://organizations.us-east-1.amazonaws.com",
                "us-east-1",
            ),
            ("sts", "eu-west-1", fips, "https://sts-fips.eu-west-1.amazonaws.com", "eu-west-1"),
            ("sqs", "ap-east-1", dual, "https://sqs.ap-east-1.api.aws", "ap-east-1"),
            ("account-access", "us-east-1", plain, "https://account-access.us-east-1.api.aws", "us-east-1"),
            ("sso-admin", "mx-central-1", plain, "https://sso.mx-central-1.amazonaws.com", "mx-central-1"),
        ] {
            let found = address(model(service).unwrap(), Some(region), variant, &BTreeMap::new()).unwrap();
            assert_eq!(
                (found.url.as_str(), found.signing_region.as_str()),
                (url, signing),
                "{service} {region}"
            );
        }
        let none = address(model("s3").unwrap(), Some("cn-north-1"), fips, &BTreeMap::new());
        assert_eq!(none.unwrap_err(), "the service has no such address in cn-north-1");
        let set = BTreeMap::from([("iam".to_owned(), "http://127.0.0.1:1".to_owned())]);
        let found = address(model("iam").unwrap(), Some("eu-west-1"), plain, &set).unwrap();
        assert_eq!((found.url.as_str(), found.signing_region.as_str()), ("http://127.0.0.1:1", "us-east-1"));
    }
}
