//! The proxy the environment names, read as the AWS CLI reads it: `https_proxy` before `HTTPS_PROXY`, and `NO_PROXY` by
//! names with or without a leading dot (Python's `urllib.request.proxy_bypass_environment`).

use crate::error::StsError;

/// Where `https://` goes through, in this order.
const VARIABLES: [&str; 6] =
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];

/// A proxy and what goes by it.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) proxy: ureq::Proxy,
    /// For messages: `proxy.example:3128 of HTTPS_PROXY`.
    pub(crate) name: String,
    no_proxy: String,
}

impl Outside {
    /// Reads the variables; a proxy that cannot be read is an error, since going past it is not what was asked.
    pub(crate) fn find(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, StsError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let found = VARIABLES.into_iter().find_map(|name| Some((name, set(name)?)));
        let Some((name, value)) = found else { return Ok(None) };
        let proxy = ureq::Proxy::new(value.trim()).map_err(|_| StsError::Proxy { variable: name })?;
        let no_proxy = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
        let name = format!("{}:{} of {name}", proxy.host(), proxy.port());
        Ok(Some(Self { proxy, name, no_proxy }))
    }

    /// Whether a host is reached without the proxy; `port` may stand in the list as well.
    pub(crate) fn is_passed_by(&self, host: &str, authority: &str) -> bool {
        self.no_proxy
            .split([',', ' '])
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .any(|entry| entry == "*" || [host, authority].iter().any(|name| is_below(name, entry)))
    }
}

/// `amazonaws.com`, `.amazonaws.com` and `*.amazonaws.com` all mean the name and everything below it.
fn is_below(name: &str, entry: &str) -> bool {
    let entry = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    name == entry || name.strip_suffix(&entry).is_some_and(|head| head.ends_with('.')) && !entry.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(variables: &[(&str, &str)]) -> Result<Option<Outside>, StsError> {
        let find = |wanted: &str| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        };
        Outside::find(find)
    }

    #[test]
    fn what_goes_by_the_proxy() {
        let host = "sts.ap-northeast-1.amazonaws.com";
        for (no_proxy, expected) in [
            ("amazonaws.com", true),
            (".amazonaws.com", true),
            ("*.amazonaws.com", true),
            ("localhost, AMAZONAWS.com", true),
            ("sts.ap-northeast-1.amazonaws.com", true),
            ("sts.ap-northeast-1.amazonaws.com:443", true),
            ("*", true),
            ("zonaws.com", false),
            ("sts.amazonaws.com", false),
            (".", false),
            ("", false),
        ] {
            let found =
                outside(&[("HTTPS_PROXY", "http://10.0.0.1:3128"), ("NO_PROXY", no_proxy)]).unwrap().unwrap();
            assert_eq!(found.is_passed_by(host, &format!("{host}:443")), expected, "{no_proxy}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_read_is_not_passed_over() {
        assert!(outside(&[]).unwrap().is_none());
        assert!(outside(&[("HTTPS_PROXY", " ")]).unwrap().is_none());
        let found = outside(&[("HTTPS_PROXY", "http://u:p@one:1"), ("http_proxy", "http://two:2")]);
        assert_eq!(found.unwrap().unwrap().name, "one:1 of HTTPS_PROXY");
        for bad in ["http://", "ftp://x:1", "http://a b"] {
            let found = outside(&[("HTTPS_PROXY", bad), ("HTTP_PROXY", "http://two:2")]);
            assert!(matches!(found, Err(StsError::Proxy { variable: "HTTPS_PROXY" })), "{bad}");
        }
    }
}
