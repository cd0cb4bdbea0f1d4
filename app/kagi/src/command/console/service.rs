//! Pages of the console by the names people use for services (the paths are those of the console's own addresses).

use kagimori_session::value::shown;

use crate::error::KagiError;

/// Names whose page is called otherwise.
const PAGES: [(&str, &str); 35] = [
    ("apigw", "apigateway/main/apis"),
    ("billing", "billing/home"),
    ("cfn", "cloudformation/home"),
    ("cloudtrail", "cloudtrailv2/home"),
    ("cost", "costmanagement/home"),
    ("cw", "cloudwatch/home"),
    ("ddb", "dynamodbv2/home"),
    ("dynamodb", "dynamodbv2/home"),
    ("ecr", "ecr/private-registry/repositories"),
    ("ecs", "ecs/v2/clusters"),
    ("eks", "eks/clusters"),
    ("elb", "ec2/home#LoadBalancers:"),
    ("events", "events/home"),
    ("health", "health/home"),
    ("logs", "cloudwatch/home#logsV2:log-groups"),
    ("org", "organizations/v2/home"),
    ("organizations", "organizations/v2/home"),
    ("params", "systems-manager/parameters"),
    ("r53", "route53/v2/home"),
    ("route53", "route53/v2/home"),
    ("s3", "s3/buckets"),
    ("secrets", "secretsmanager/listsecrets"),
    ("secretsmanager", "secretsmanager/listsecrets"),
    ("sfn", "states/home"),
    ("sg", "ec2/home#SecurityGroups:"),
    ("sm", "secretsmanager/listsecrets"),
    ("sns", "sns/v3/home"),
    ("sqs", "sqs/v3/home"),
    ("ssm", "systems-manager/home"),
    ("sso", "singlesignon/home"),
    ("stepfunctions", "states/home"),
    ("trail", "cloudtrailv2/home"),
    ("vpc", "vpcconsole/home"),
    ("waf", "wafv2/homev2"),
    ("wafv2", "wafv2/homev2"),
];

/// The page of a service in a region, on the console's host.
pub(super) fn page(host: &str, name: &str, region: Option<&str>) -> Result<String, KagiError> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=40).contains(&name.len()) || !name.bytes().all(is_letter) {
        return Err(KagiError::argument(
            format!("`{}` is not the name of a service", shown(name)),
            "write it as in the console's address: `s3`, `ec2`, `cloudwatch`; other pages by `--destination`",
        ));
    }
    let known = PAGES.iter().find(|(known, _)| *known == name).map(|(_, page)| (*page).to_owned());
    let page = known.unwrap_or_else(|| format!("{name}/home"));
    let (path, fragment) =
        page.split_once('#').map_or((page.as_str(), ""), |(path, fragment)| (path, fragment));
    let region = region.map(|region| format!("?region={region}")).unwrap_or_default();
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    Ok(format!("https://{host}/{path}{region}{fragment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_by_the_names_people_use() {
        let of = |name: &str, region| page("console.aws.amazon.com", name, region).unwrap();
        assert_eq!(of("s3", None), "https://console.aws.amazon.com/s3/buckets");
        assert_eq!(of("ec2", Some("eu-west-1")), "https://console.aws.amazon.com/ec2/home?region=eu-west-1");
        assert_eq!(
            of("logs", Some("x")),
            "https://console.aws.amazon.com/cloudwatch/home?region=x#logsV2:log-groups"
        );
        assert!(PAGES.is_sorted_by(|one, two| one.0 < two.0));
        for wrong in ["", "S3", "../x", "a b", "evil.example"] {
            assert!(page("console.aws.amazon.com", wrong, None).is_err(), "{wrong}");
        }
    }
}
