//! Where a request comes from. A header is believed only from a proxy that `desk.toml` names.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The address of whoever asks.
///
/// `X-Forwarded-For` is read from its end, as long as what stands there is a proxy that is trusted: the first other one is the visitor's.
/// What cannot be read is the proxy's own address, which is in no network of people.
pub(crate) fn of(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let peer = peer.ip().to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default());
    let hops: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut address = peer;
    for hop in hops.iter().rev() {
        let Ok(found) = hop.parse::<IpAddr>() else { return peer };
        address = found.to_canonical();
        if !is_trusted(address) {
            break;
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_header_is_believed_of_nobody() {
        let proxies: Vec<IpNet> = vec!["10.0.0.0/24".parse().unwrap()];
        for (peer, header, trusted, expected) in [
            // No proxy is named: the header says nothing, whoever sends it.
            ("203.0.113.9", Some("192.0.2.1"), false, "203.0.113.9"),
            ("127.0.0.1", Some("192.0.2.1"), false, "127.0.0.1"),
            ("10.0.0.1", Some("192.0.2.1"), false, "10.0.0.1"),
            // One is named, and somebody else sends it.
            ("203.0.113.9", Some("192.0.2.1"), true, "203.0.113.9"),
            ("10.0.0.1", Some("192.0.2.1"), true, "192.0.2.1"),
            ("10.0.0.1", None, true, "10.0.0.1"),
            // What the visitor wrote himself stands before what the proxy wrote.
            ("10.0.0.1", Some("192.0.2.1, 203.0.113.9"), true, "203.0.113.9"),
            ("10.0.0.1", Some("192.0.2.1, 203.0.113.9, 10.0.0.7"), true, "203.0.113.9"),
            ("10.0.0.1", Some("192.0.2.1, somebody"), true, "10.0.0.1"),
            ("::ffff:10.0.0.1", Some("192.0.2.1"), true, "192.0.2.1"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert("x-forwarded-for", header.parse().unwrap());
            }
            let peer = SocketAddr::new(peer.parse().unwrap(), 1);
            let trusted = if trusted { proxies.as_slice() } else { &[] };
            assert_eq!(of(peer, &headers, trusted).to_string(), expected, "{peer} {header:?}");
        }
    }
}
