//! The network a call comes from: the neighbourhood of its address, a VPC endpoint, or a platform whose addresses change.

use std::hash::Hash;
use std::net::IpAddr;

use rustc_hash::FxHasher;

use crate::caller::CallerKind;
use crate::history::Made;

/// Hashes the network of a call.
pub(super) fn hash(
    made: &Made<'_>,
    kind: CallerKind,
    environment: Option<CallerKind>,
    hasher: &mut FxHasher,
) {
    if let Some(platform) = platform(kind, environment) {
        return platform.hash(hasher);
    }
    let address = made.address.unwrap_or_default();
    match (address.parse::<IpAddr>(), made.vpc_endpoint) {
        (Ok(address), Some(endpoint)) if is_private(address) => endpoint.hash(hasher),
        (Ok(address), _) => neighbourhood(address).hash(hasher),
        (Err(_), _) => address.hash(hasher),
    }
}

/// The same for people.
pub(super) fn text(made: &Made<'_>, kind: CallerKind, environment: Option<CallerKind>) -> String {
    if let Some(platform) = platform(kind, environment) {
        return platform.as_str().to_owned();
    }
    let address = made.address.unwrap_or_default();
    match (address.parse::<IpAddr>(), made.vpc_endpoint) {
        (Ok(parsed), Some(endpoint)) if is_private(parsed) => endpoint.to_string(),
        _ => network_text(address),
    }
}

/// Where AWS or a CI service runs the program, its addresses are drawn from a pool: the platform is the place.
fn platform(kind: CallerKind, environment: Option<CallerKind>) -> Option<CallerKind> {
    let is_pool = matches!(
        kind,
        CallerKind::Lambda
            | CallerKind::Ecs
            | CallerKind::OtherAwsCompute
            | CallerKind::CloudShell
            | CallerKind::ContinuousIntegration
    );
    (is_pool && environment.is_some()).then_some(kind)
}

/// The neighbourhood of an address: /24 of IPv4, /48 of IPv6; home connections move within these.
pub fn network(address: &str) -> Option<[u16; 4]> {
    address.parse().ok().map(neighbourhood)
}

fn neighbourhood(address: IpAddr) -> [u16; 4] {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets().map(u16::from);
            [a, b, c, 4]
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            [a, b, c, 6]
        }
    }
}

/// The neighbourhood of an address for people: `203.0.113.0/24`; what is no address as it is.
pub fn network_text(address: &str) -> String {
    match network(address) {
        Some([a, b, c, 4]) => format!("{a}.{b}.{c}.0/24"),
        Some([a, b, c, _]) => format!("{a:x}:{b:x}:{c:x}::/48"),
        None => address.to_owned(),
    }
}

/// Behind an endpoint of a VPC, the address is the private one; with another, the endpoint is AWS's own.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.octets().first() == Some(&100),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}
