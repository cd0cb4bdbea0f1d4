//! Where a call goes: the partition of a region, and the endpoints a person or a test has set instead.
//!
//! AWS SDKs and Tools Reference Guide, "Service-specific endpoints": the service's variable, the global variable, the
//! profile's `services` section, the profile's `endpoint_url`, then AWS's own address.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::heading::{Heading, heading};
use crate::profile::{Found, ProfileFiles};
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
    /// The sign-in service's tokens (`aws login`), an address a Region
    SigninToken,
    /// The access portal of Identity Center
    Sso,
    /// The OIDC service of Identity Center
    SsoOidc,
    /// Account access manager's roles and their credentials
    AccountAccess,
}

impl Service {
    /// The name in `AWS_ENDPOINT_URL_*` and in a `services` section.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Signin | Self::SigninToken => "signin",
            Self::Sso => "sso",
            Self::SsoOidc => "sso_oidc",
            Self::AccountAccess => "account_access_runtime",
        }
    }
}

/// What the environment says about endpoints.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `AWS_ENDPOINT_URL`
    pub endpoint_url: Option<String>,
    /// `AWS_ENDPOINT_URL_<SERVICE>`, by the service's name in small letters: `sts`, `sso_oidc`.
    pub services: BTreeMap<String, String>,
    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`
    pub ignore_configured: bool,
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`
    pub region: Option<String>,
    /// `AWS_USE_FIPS_ENDPOINT`
    pub use_fips: Option<bool>,
    /// `AWS_USE_DUALSTACK_ENDPOINT`
    pub use_dual_stack: Option<bool>,
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

impl Endpoint {
    /// Whose sessions these are: AWS's partition whichever of its addresses is called, else the address that was set. A
    /// session of any regional address is good in all regions, so one code serves them all.
    #[must_use]
    pub fn identity(&self) -> &str {
        if self.from.is_empty() { kagimori_id::partition(&self.signing_region) } else { &self.url }
    }
}

/// A setting of the first of these profiles that has it.
fn of_first<'a>(files: &ProfileFiles<'a>, profiles: &[&str], key: &str) -> Option<Found<'a>> {
    profiles.iter().find_map(|profile| files.get(profile, key))
}

/// The region: the environment's, as in every SDK, else the first profile's that has one.
fn region(files: &ProfileFiles<'_>, profiles: &[&str], around: &Surroundings) -> Option<String> {
    let found = || of_first(files, profiles, "region").map(|found| found.value.into_owned());
    around.region.clone().or_else(found)
}

/// The endpoint of a service for calls of a profile; what it does not say, the profiles after it do: the one whose key
/// the calls begin with.
pub fn endpoint(
    service: Service,
    files: &ProfileFiles<'_>,
    profiles: &[&str],
    around: &Surroundings,
) -> Result<Endpoint, Refused> {
    endpoint_in(service, region(files, profiles, around).as_deref(), files, profiles, around)
}

/// The same in a Region that is known: Identity Center's, wherever the person works.
pub fn endpoint_in(
    service: Service,
    region: Option<&str>,
    files: &ProfileFiles<'_>,
    profiles: &[&str],
    around: &Surroundings,
) -> Result<Endpoint, Refused> {
    if let Some(region) = region {
        check_region(region, profiles)?;
    }
    // Without a region the one AWS's global addresses are in; the regional address, since what the global one gives out is
    // not taken in regions that were opted into (STS, "Managing AWS STS in an AWS Region").
    let own = aws_endpoint(service, region.unwrap_or("us-east-1"), variant(files, profiles, around));
    match set_instead(service.name(), files, profiles, around)? {
        Some((url, from)) => Ok(Endpoint { url, from, ..own }),
        None => Ok(own),
    }
}

/// A region becomes part of a host's name.
fn check_region(region: &str, profiles: &[&str]) -> Result<(), Refused> {
    if region.len() <= 64 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(());
    }
    Err(Refused::new(
        format!("`{}` is not a region", shown(region)),
        format!(
            "correct `region` of profile `{}`, or `AWS_REGION`; it looks like `ap-northeast-1`",
            shown(profiles.first().copied().unwrap_or_default())
        ),
    ))
}

/// The region of calls of these profiles, checked: the environment's, else the first profile's that has one.
pub fn region_of(
    files: &ProfileFiles<'_>,
    profiles: &[&str],
    around: &Surroundings,
) -> Result<Option<String>, Refused> {
    let region = region(files, profiles, around);
    region.as_deref().map_or(Ok(()), |region| check_region(region, profiles))?;
    Ok(region)
}

/// Which of AWS's addresses are called.
#[must_use]
pub fn variant(files: &ProfileFiles<'_>, profiles: &[&str], around: &Surroundings) -> Variant {
    Variant {
        fips: is_on(around.use_fips, "use_fips_endpoint", files, profiles),
        dual_stack: is_on(around.use_dual_stack, "use_dualstack_endpoint", files, profiles),
    }
}

fn is_on(variable: Option<bool>, key: &str, files: &ProfileFiles<'_>, profiles: &[&str]) -> bool {
    variable.unwrap_or_else(|| {
        of_first(files, profiles, key).is_some_and(|found| found.value.eq_ignore_ascii_case("true"))
    })
}

/// The address that a person or a test has set for a service, and where; checked. `name` is the service's in
/// `AWS_ENDPOINT_URL_<SERVICE>`, in small letters.
pub fn set_instead(
    name: &str,
    files: &ProfileFiles<'_>,
    profiles: &[&str],
    around: &Surroundings,
) -> Result<Option<(String, String)>, Refused> {
    let ignored = around.ignore_configured.then_some(true);
    if is_on(ignored, "ignore_configured_endpoint_urls", files, profiles) {
        return Ok(None);
    }
    let found = configured(name, files, profiles, around);
    found.map(|(url, from)| Ok((checked(&url, &from)?, from))).transpose()
}

/// Which of a service's addresses (SDKs and Tools Reference Guide, "Dual-stack and FIPS endpoints").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Variant {
    /// `AWS_USE_FIPS_ENDPOINT`
    pub fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`
    pub dual_stack: bool,
}

/// AWS's own address, as botocore's endpoint rules have it.
fn aws_endpoint(service: Service, region: &str, variant: Variant) -> Endpoint {
    let partition = kagimori_id::partition(region);
    let (host, signing_region) = match service {
        Service::Sts => (sts_host(partition, region, variant), region),
        Service::Iam => iam_host(partition, variant),
        Service::Signin => signin_host(partition),
        Service::SigninToken => (format!("{region}.{}", signin_host(partition).0), region),
        Service::Sso => (named_host("portal.sso", partition, region, variant), region),
        Service::SsoOidc => (named_host("oidc", partition, region, variant), region),
        // It has dual-stack names only (botocore's endpoint rules).
        Service::AccountAccess => {
            let variant = Variant { dual_stack: true, ..variant };
            (named_host("account-access-runtime", partition, region, variant), region)
        }
    };
    Endpoint {
        url: format!("https://{host}"),
        signing_region: signing_region.to_owned(),
        from: String::new(),
    }
}

fn sts_host(partition: &str, region: &str, variant: Variant) -> String {
    // GovCloud's addresses are FIPS addresses.
    let is_named = variant.fips && (partition != "aws-us-gov" || variant.dual_stack);
    let name = if is_named { "sts-fips" } else { "sts" };
    format!("{name}.{region}.{}", suffix(partition, variant.dual_stack))
}

fn named_host(name: &str, partition: &str, region: &str, variant: Variant) -> String {
    let fips = if variant.fips { "-fips" } else { "" };
    format!("{name}{fips}.{region}.{}", suffix(partition, variant.dual_stack))
}

/// IAM has one address a partition (IAM endpoints and quotas).
fn iam_host(partition: &str, variant: Variant) -> (String, &'static str) {
    let (host, signing_region) = match (partition, variant.fips, variant.dual_stack) {
        ("aws-us-gov", _, false) => ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ("aws-us-gov", _, true) => ("iam.us-gov.api.aws", "us-gov-west-1"),
        ("aws-cn", false, false) => ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("aws-cn", false, true) => ("iam.global.api.amazonwebservices.com.cn", "cn-north-1"),
        ("aws-cn", true, false) => ("iam-fips.amazonaws.com.cn", "cn-northwest-1"),
        ("aws-cn", true, true) => ("iam-fips.api.amazonwebservices.com.cn", "cn-northwest-1"),
        ("aws-eusc", false, false) => ("iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("aws-eusc", false, true) => ("iam.api.amazonwebservices.eu", "eusc-de-east-1"),
        ("aws-eusc", true, false) => ("iam-fips.amazonaws.eu", "eusc-de-east-1"),
        ("aws-eusc", true, true) => ("iam-fips.api.amazonwebservices.eu", "eusc-de-east-1"),
        (_, false, false) => ("iam.amazonaws.com", "us-east-1"),
        (_, false, true) => ("iam.global.api.aws", "us-east-1"),
        (_, true, false) => ("iam-fips.amazonaws.com", "us-east-1"),
        (_, true, true) => ("iam-fips.global.api.aws", "us-east-1"),
    };
    (host.to_owned(), signing_region)
}

fn signin_host(partition: &str) -> (String, &'static str) {
    let (host, signing_region) = match partition {
        "aws-cn" => ("signin.amazonaws.cn", "cn-north-1"),
        "aws-us-gov" => ("signin.amazonaws-us-gov.com", "us-gov-west-1"),
        "aws-eusc" => ("signin.amazonaws-eusc.eu", "eusc-de-east-1"),
        _ => ("signin.aws.amazon.com", "us-east-1"),
    };
    (host.to_owned(), signing_region)
}

fn suffix(partition: &str, dual_stack: bool) -> &'static str {
    match (partition, dual_stack) {
        ("aws-cn", false) => "amazonaws.com.cn",
        ("aws-cn", true) => "api.amazonwebservices.com.cn",
        ("aws-eusc", false) => "amazonaws.eu",
        ("aws-eusc", true) => "api.amazonwebservices.eu",
        (_, false) => "amazonaws.com",
        (_, true) => "api.aws",
    }
}

fn configured(
    name: &str,
    files: &ProfileFiles<'_>,
    profiles: &[&str],
    around: &Surroundings,
) -> Option<(String, String)> {
    if let Some(url) = around.services.get(name) {
        return Some((url.clone(), format!("AWS_ENDPOINT_URL_{}", name.to_uppercase())));
    }
    if let Some(url) = &around.endpoint_url {
        return Some((url.clone(), "AWS_ENDPOINT_URL".to_owned()));
    }
    profiles.iter().find_map(|profile| {
        let of_profile = || {
            let found = files.get(profile, "endpoint_url")?;
            Some((found.value.into_owned(), found.place.to_string()))
        };
        services_url(name, files, profile).or_else(of_profile)
    })
}

/// `services = local` and `[services local]` with the nested `sts =` / `endpoint_url = …`.
fn services_url(service: &str, files: &ProfileFiles<'_>, profile: &str) -> Option<(String, String)> {
    let name = files.get(profile, "services")?;
    let document = files.document(crate::profile::File::Config);
    let is_it = |header: &str| matches!(heading(header), Heading::Services(found) if found == name.value);
    // Of two of one name botocore keeps the last.
    let section = document.sections().iter().rfind(|section| is_it(section.header))?;
    let nested = section.setting(service)?;
    let url = nested.value.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "endpoint_url").then(|| value.trim().to_owned())
    })?;
    Some((url, format!("config line {}, [{}]", nested.line, section.header)))
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
        let url = |service, profile, around: &Surroundings| {
            endpoint(service, &files, &[profile], around).unwrap().url
        };
        assert_eq!(url(Service::Sts, "a", &around), "http://127.0.0.1:1");
        assert_eq!(url(Service::Iam, "a", &around), "https://own.example");
        assert_eq!(url(Service::Sts, "b", &around), "https://sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(url(Service::Sts, "none", &around), "https://sts.us-east-1.amazonaws.com");
        around.endpoint_url = Some("http://localhost:4566/".to_owned());
        assert_eq!(url(Service::Sts, "a", &around), "http://localhost:4566");
        around.services.insert("sts".to_owned(), "https://vpce.example".to_owned());
        assert_eq!(url(Service::Sts, "a", &around), "https://vpce.example");
        around.ignore_configured = true;
        assert_eq!(url(Service::Sts, "a", &around), "https://sts.ap-northeast-1.amazonaws.com");
    }

    #[test]
    fn a_region_is_looked_for_in_order_and_checked() {
        let files = ProfileFiles::scan("[profile a]\nregion = x/../y\n[profile b]\nregion = eu-west-1\n", "");
        let of = |profiles: &[&str], around: &Surroundings| region_of(&files, profiles, around);
        let mut around = Surroundings::default();
        assert_eq!(of(&["none", "b"], &around), Ok(Some("eu-west-1".to_owned())));
        assert_eq!(of(&["none"], &around), Ok(None));
        assert!(of(&["a", "b"], &around).unwrap_err().message.contains("is not a region"));
        around.region = Some("us-east-2".to_owned());
        assert_eq!(of(&["a"], &around), Ok(Some("us-east-2".to_owned())));
    }

    #[test]
    fn the_target_speaks_before_the_profile_of_its_key() {
        let config = "[profile key]\nregion = us-east-1\nendpoint_url = https://key.example\n\
                      [profile local]\nservices = local\nregion = ap-east-1\n[profile bare]\n\
                      [profile own]\nignore_configured_endpoint_urls = true\nregion = ap-east-1\n\
                      [services local]\nsts =\n  endpoint_url = http://127.0.0.1:4566\n";
        let files = ProfileFiles::scan(config, "");
        let at = |profile, around: &Surroundings| {
            let found = endpoint(Service::Sts, &files, &[profile, "key"], around).unwrap();
            (found.url, found.signing_region)
        };
        let pair = |url: &str, region: &str| (url.to_owned(), region.to_owned());
        let around = Surroundings::default();
        assert_eq!(at("local", &around), pair("http://127.0.0.1:4566", "ap-east-1"));
        assert_eq!(at("bare", &around), pair("https://key.example", "us-east-1"));
        assert_eq!(at("own", &around), pair("https://sts.ap-east-1.amazonaws.com", "ap-east-1"));
        // One session serves all regions of AWS's own addresses, and none of another's.
        let identity =
            |profile| endpoint(Service::Sts, &files, &[profile], &around).unwrap().identity().to_owned();
        assert_eq!((identity("own"), identity("bare")), ("aws".to_owned(), "aws".to_owned()));
        assert_eq!(identity("local"), "http://127.0.0.1:4566");
        let around = Surroundings { region: Some("eu-west-1".to_owned()), ..Surroundings::default() };
        assert_eq!(at("own", &around), pair("https://sts.eu-west-1.amazonaws.com", "eu-west-1"));
        assert_eq!(at("local", &around), pair("http://127.0.0.1:4566", "eu-west-1"));
    }

    /// Made with botocore 1.43.11, `construct_endpoint` of GetCallerIdentity and ListUsers.
    #[test]
    fn the_addresses_of_botocore() {
        let cases = [
            (Service::Sts, "ap-east-1", false, true, "sts.ap-east-1.api.aws", "ap-east-1"),
            (Service::Sts, "us-east-1", true, false, "sts-fips.us-east-1.amazonaws.com", "us-east-1"),
            (Service::Sts, "us-east-1", true, true, "sts-fips.us-east-1.api.aws", "us-east-1"),
            (Service::Sts, "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            (Service::Sts, "us-gov-west-1", true, true, "sts-fips.us-gov-west-1.api.aws", "us-gov-west-1"),
            (
                Service::Sts,
                "cn-north-1",
                false,
                true,
                "sts.cn-north-1.api.amazonwebservices.com.cn",
                "cn-north-1",
            ),
            (Service::Sso, "ap-east-1", false, false, "portal.sso.ap-east-1.amazonaws.com", "ap-east-1"),
            (Service::Sso, "us-east-1", true, true, "portal.sso-fips.us-east-1.api.aws", "us-east-1"),
            (
                Service::SsoOidc,
                "us-gov-west-1",
                true,
                false,
                "oidc-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
            ),
            (
                Service::SsoOidc,
                "cn-north-1",
                false,
                true,
                "oidc.cn-north-1.api.amazonwebservices.com.cn",
                "cn-north-1",
            ),
            (
                Service::Sso,
                "eusc-de-east-1",
                false,
                false,
                "portal.sso.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
            ),
            (
                Service::AccountAccess,
                "ap-east-1",
                false,
                false,
                "account-access-runtime.ap-east-1.api.aws",
                "ap-east-1",
            ),
            (
                Service::AccountAccess,
                "us-east-1",
                true,
                false,
                "account-access-runtime-fips.us-east-1.api.aws",
                "us-east-1",
            ),
            (Service::Iam, "ap-east-1", false, false, "iam.amazonaws.com", "us-east-1"),
            (Service::Iam, "ap-east-1", false, true, "iam.global.api.aws", "us-east-1"),
            (Service::Iam, "us-east-1", true, false, "iam-fips.amazonaws.com", "us-east-1"),
            (Service::Iam, "us-gov-west-1", true, false, "iam.us-gov.amazonaws.com", "us-gov-west-1"),
            (Service::Iam, "us-gov-west-1", true, true, "iam.us-gov.api.aws", "us-gov-west-1"),
            (
                Service::Iam,
                "cn-north-1",
                false,
                true,
                "iam.global.api.amazonwebservices.com.cn",
                "cn-north-1",
            ),
        ];
        for (service, region, fips, dual_stack, host, signing_region) in cases {
            let config = format!(
                "[profile a]\nregion = {region}\nuse_fips_endpoint = {fips}\nuse_dualstack_endpoint = {dual_stack}\n"
            );
            let files = ProfileFiles::scan(&config, "");
            let by_file = endpoint(service, &files, &["a"], &Surroundings::default()).unwrap();
            let around = Surroundings {
                region: Some(region.to_owned()),
                use_fips: Some(fips),
                use_dual_stack: Some(dual_stack),
                ..Surroundings::default()
            };
            let by_variables = endpoint(service, &ProfileFiles::scan("", ""), &["a"], &around).unwrap();
            for found in [by_file, by_variables] {
                let expected = (format!("https://{host}"), signing_region.to_owned());
                assert_eq!((found.url, found.signing_region), expected);
            }
        }
    }

    /// `kagi console` signs in at the partition's own page (IAM User Guide, "Enabling custom identity broker access").
    #[test]
    fn the_sign_in_page_is_the_partition_s() {
        for (region, url, signing_region) in [
            ("ap-northeast-1", "https://signin.aws.amazon.com", "us-east-1"),
            ("cn-northwest-1", "https://signin.amazonaws.cn", "cn-north-1"),
            ("us-gov-east-1", "https://signin.amazonaws-us-gov.com", "us-gov-west-1"),
            ("eusc-de-east-1", "https://signin.amazonaws-eusc.eu", "eusc-de-east-1"),
        ] {
            let around = Surroundings { region: Some(region.to_owned()), ..Surroundings::default() };
            let found = endpoint(Service::Signin, &ProfileFiles::scan("", ""), &["a"], &around).unwrap();
            assert_eq!((found.url.as_str(), found.signing_region.as_str()), (url, signing_region));
        }
    }

    /// Made with botocore 1.44.8, the client `signin` and its CreateOAuth2Token.
    #[test]
    fn the_tokens_of_a_sign_in_come_from_its_region() {
        for (region, url) in [
            ("ap-northeast-1", "https://ap-northeast-1.signin.aws.amazon.com"),
            ("cn-north-1", "https://cn-north-1.signin.amazonaws.cn"),
            ("us-gov-west-1", "https://us-gov-west-1.signin.amazonaws-us-gov.com"),
            ("eusc-de-east-1", "https://eusc-de-east-1.signin.amazonaws-eusc.eu"),
        ] {
            let (files, around) = (ProfileFiles::scan("", ""), Surroundings::default());
            let found = endpoint_in(Service::SigninToken, Some(region), &files, &[], &around).unwrap();
            assert_eq!(found.url, url);
            let services = [("signin".to_owned(), "http://127.0.0.1:1".to_owned())].into();
            let around = Surroundings { services, ..around };
            let found = endpoint_in(Service::SigninToken, Some(region), &files, &[], &around).unwrap();
            assert_eq!(found.url, "http://127.0.0.1:1");
        }
    }

    /// A region becomes part of a host's name.
    #[test]
    fn a_region_is_letters_digits_and_hyphens() {
        let refused = |region: &str| {
            let around = Surroundings { region: Some(region.to_owned()), ..Surroundings::default() };
            endpoint(Service::Sts, &ProfileFiles::scan("", ""), &["a"], &around).is_err()
        };
        assert!(!refused("mx-central-1"));
        for wrong in ["evil.example/", "a@b", "us-east-1 ", &"a".repeat(65)] {
            assert!(refused(wrong), "{wrong}");
        }
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
