//! Where a call goes: the partition of a region, and the endpoints a person or a test has set instead.
//!
//! AWS SDKs and Tools Reference Guide, "Service-specific endpoints": the service's variable, the global variable, the
//! profile's `services` section, the profile's `endpoint_url`, then AWS's own address.

use std::net::IpAddr;

use crate::profile::{Place, ProfileFiles};
use crate::value::{Refused, shown};

/// A service that is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Security Token Service
    Sts,
    /// Identity and Access Management
    Iam,
    /// The sign-in page's federation endpoint
    Signin,
}

impl Service {
    /// The name in `AWS_ENDPOINT_URL_*` and in a `services` section.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Signin => "signin",
        }
    }
}

/// What the environment says about endpoints.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `AWS_ENDPOINT_URL`
    pub endpoint_url: Option<String>,
    /// `AWS_ENDPOINT_URL_STS`
    pub sts: Option<String>,
    /// `AWS_ENDPOINT_URL_IAM`
    pub iam: Option<String>,
    /// `AWS_ENDPOINT_URL_SIGNIN`
    pub signin: Option<String>,
    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`
    pub ignore_configured: bool,
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`
    pub region: Option<String>,
}

/// Where a call goes and for which region it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme, host and port.
    pub url: String,
    /// The region of the signature.
    pub signing_region: String,
    /// The setting or variable that said so; empty for AWS's own address.
    pub from: String,
}

/// The region of a profile: its setting, else the environment's.
#[must_use]
pub fn region(files: &ProfileFiles<'_>, profile: &str, around: &Surroundings) -> Option<(String, String)> {
    match files.get(profile, "region") {
        Some(found) => Some((found.value.into_owned(), found.place.to_string())),
        None => around.region.clone().map(|region| (region, "environment".to_owned())),
    }
}

/// The endpoint of a service for calls of a profile.
pub fn endpoint(
    service: Service,
    files: &ProfileFiles<'_>,
    profile: &str,
    around: &Surroundings,
) -> Result<Endpoint, Refused> {
    let region = region(files, profile, around).map(|(region, _)| region);
    if let Some(region) = &region
        && !(region.len() <= 64 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    {
        return Err(Refused::new(
            format!("`{}` is not a region", shown(region)),
            format!("correct `region` of profile `{}`; it looks like `ap-northeast-1`", shown(profile)),
        ));
    }
    let own = aws_endpoint(service, region.as_deref());
    match configured(service, files, profile, around) {
        Some((url, from)) => Ok(Endpoint { url: checked(&url, &from)?, from, ..own }),
        None => Ok(own),
    }
}

fn aws_endpoint(service: Service, region: Option<&str>) -> Endpoint {
    let partition = kagimori_id::partition(region.unwrap_or_default());
    let (url, signing_region) = match (service, partition, region) {
        // Without a region STS's global endpoint, which is in us-east-1.
        (Service::Sts, _, None) => ("https://sts.amazonaws.com".to_owned(), "us-east-1"),
        (Service::Sts, _, Some(region)) => (format!("https://sts.{region}.{}", suffix(partition)), region),
        // IAM has one endpoint a partition (IAM endpoints and quotas).
        (Service::Iam, "aws-cn", _) => ("https://iam.cn-north-1.amazonaws.com.cn".to_owned(), "cn-north-1"),
        (Service::Iam, "aws-us-gov", _) => ("https://iam.us-gov.amazonaws.com".to_owned(), "us-gov-west-1"),
        (Service::Iam, "aws-eusc", _) => {
            ("https://iam.eusc-de-east-1.amazonaws.eu".to_owned(), "eusc-de-east-1")
        }
        (Service::Iam, _, _) => ("https://iam.amazonaws.com".to_owned(), "us-east-1"),
        (Service::Signin, "aws-cn", _) => ("https://signin.amazonaws.cn".to_owned(), "cn-north-1"),
        (Service::Signin, "aws-us-gov", _) => {
            ("https://signin.amazonaws-us-gov.com".to_owned(), "us-gov-west-1")
        }
        (Service::Signin, "aws-eusc", _) => ("https://signin.amazonaws-eusc.eu".to_owned(), "eusc-de-east-1"),
        (Service::Signin, _, _) => ("https://signin.aws.amazon.com".to_owned(), "us-east-1"),
    };
    Endpoint { url, signing_region: signing_region.to_owned(), from: String::new() }
}

fn suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

fn configured(
    service: Service,
    files: &ProfileFiles<'_>,
    profile: &str,
    around: &Surroundings,
) -> Option<(String, String)> {
    let variable = match service {
        Service::Sts => &around.sts,
        Service::Iam => &around.iam,
        Service::Signin => &around.signin,
    };
    if around.ignore_configured {
        return None;
    }
    if let Some(url) = variable {
        return Some((url.clone(), format!("AWS_ENDPOINT_URL_{}", service.name().to_uppercase())));
    }
    if let Some(url) = &around.endpoint_url {
        return Some((url.clone(), "AWS_ENDPOINT_URL".to_owned()));
    }
    let place = |place: Place| place.to_string();
    services_url(service, files, profile).or_else(|| {
        files.get(profile, "endpoint_url").map(|found| (found.value.into_owned(), place(found.place)))
    })
}

/// `services = local` and `[services local]` with the nested `sts =` / `endpoint_url = …`.
fn services_url(service: Service, files: &ProfileFiles<'_>, profile: &str) -> Option<(String, String)> {
    let name = files.get(profile, "services")?;
    let wanted = format!("services {}", name.value);
    let document = files.document(crate::profile::File::Config);
    let section = document.sections().iter().find(|section| section.header.trim() == wanted)?;
    let nested = section.setting(service.name())?;
    let url = nested.value.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "endpoint_url").then(|| value.trim().to_owned())
    })?;
    Some((url, format!("config line {}, [{wanted}]", nested.line)))
}

/// The host of an address without its scheme: `host:port/path`, `[::1]:80`.
#[must_use]
pub fn host_of(rest: &str) -> &str {
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Whether a host is this machine, by an address that says so and not by a name that looks so: whoever owns
/// `127.evil.example` says where it leads.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Credentials travel in the answers: without TLS only to this machine.
fn checked(url: &str, from: &str) -> Result<String, Refused> {
    let url = url.trim_end_matches('/');
    if url.contains(['@', '?', '#', ' ']) || url.chars().any(char::is_control) {
        return Err(Refused::new(
            format!("the endpoint of {from} is not a plain address"),
            "write it as `https://host` or `http://127.0.0.1:4566`",
        ));
    }
    if let Some(rest) = url.strip_prefix("https://")
        && !host_of(rest).is_empty()
    {
        return Ok(url.to_owned());
    }
    if let Some(rest) = url.strip_prefix("http://")
        && is_this_machine(host_of(rest))
    {
        return Ok(url.to_owned());
    }
    Err(Refused::new(
        format!("the endpoint `{}` of {from} is neither https nor on this machine", shown(url)),
        "credentials travel in the answers: use `https://`, or `http://127.0.0.1:PORT` for a local test server",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_in_their_order() {
        let config = "[profile a]\nregion = ap-northeast-1\nendpoint_url = https://own.example\nservices = local\n[services local]\nsts =\n  endpoint_url = http://127.0.0.1:1\n[profile b]\nregion = cn-north-1\n";
        let files = ProfileFiles::scan(config, "");
        let mut around = Surroundings::default();
        let url =
            |service, profile, around: &Surroundings| endpoint(service, &files, profile, around).unwrap().url;
        assert_eq!(url(Service::Sts, "a", &around), "http://127.0.0.1:1");
        assert_eq!(url(Service::Iam, "a", &around), "https://own.example");
        assert_eq!(url(Service::Sts, "b", &around), "https://sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(url(Service::Sts, "none", &around), "https://sts.amazonaws.com");
        around.endpoint_url = Some("http://localhost:4566/".to_owned());
        assert_eq!(url(Service::Sts, "a", &around), "http://localhost:4566");
        around.sts = Some("https://vpce.example".to_owned());
        assert_eq!(url(Service::Sts, "a", &around), "https://vpce.example");
        around.ignore_configured = true;
        assert_eq!(url(Service::Sts, "a", &around), "https://sts.ap-northeast-1.amazonaws.com");
    }

    #[test]
    fn no_credentials_over_plain_http() {
        for bad in [
            "http://sts.example",
            "ftp://x",
            "https://",
            "http://127.0.0.1@evil",
            "https://u:p@h",
            "http://localhost.evil.example",
            "http://127.evil.example",
            "http://127.0.0.1.evil.example:80",
            "http://127.1",
            "http://[::1.evil.example]",
            "http://[2001:db8::1]",
            "http://10.0.0.1",
        ] {
            assert!(checked(bad, "test").is_err(), "{bad}");
        }
        for good in [
            "http://[::1]:80",
            "http://127.0.0.1",
            "http://127.9.9.9:1/x",
            "http://LOCALHOST:80",
            "https://x",
        ] {
            assert!(checked(good, "test").is_ok(), "{good}");
        }
    }
}
