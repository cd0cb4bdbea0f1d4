//! Where else than on the loopback `kagi serve` may listen: a bridge that a container engine made on this machine, and no
//! network that other machines are on. And whom it answers there.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::peer;
use crate::args;
use crate::error::KagiError;

/// The hosts that SDKs ask for credentials without TLS (botocore 1.44, `ContainerMetadataFetcher`), the loopback apart.
const ASKED_BY_SDKS: [Ipv4Addr; 2] = [Ipv4Addr::new(169, 254, 170, 2), Ipv4Addr::new(169, 254, 170, 23)];

/// How a network is made whose bridge every SDK asks.
pub(crate) const NETWORK: &str =
    "docker network create --subnet 169.254.170.0/24 --gateway 169.254.170.2 kagi";

/// A bridge of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bridge {
    address: Ipv4Addr,
    /// The network behind it.
    network: Network,
    /// The only container that is answered.
    only: Option<Ipv4Addr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    begin: Ipv4Addr,
    mask: Ipv4Addr,
}

impl Network {
    fn holds(self, address: Ipv4Addr) -> bool {
        address.to_bits() & self.mask.to_bits() == self.begin.to_bits()
    }
}

impl Bridge {
    /// The bridge that was named; refused where it is none, or leads off this machine.
    pub(crate) fn find(arguments: &args::Serve) -> Result<Option<Self>, KagiError> {
        let Some(address) = arguments.bridge else { return Ok(None) };
        let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
        let refused = |why: &str| KagiError::argument(format!("{address} {why}"), hint());
        let (interface, network) =
            network_of(&routes, address).ok_or_else(|| refused("is in no network of this machine"))?;
        let at = Path::new("/sys/class/net").join(interface);
        if !at.join("bridge").is_dir() {
            return Err(refused(&format!("is on `{interface}`, which is no bridge of containers")));
        }
        if let Some(port) = port_to_others(&at) {
            return Err(refused(&format!(
                "is on `{interface}`, which other machines are on too, by `{port}`"
            )));
        }
        Ok(Some(Self { address, network, only: arguments.peer }))
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Whether SDKs in a container ask this address.
    pub(crate) fn is_asked_by_sdks(&self) -> bool {
        ASKED_BY_SDKS.contains(&self.address)
    }

    /// Whether this connection is answered. Of a process of this machine the kernel says whose it is; of one in a container
    /// it does not, and there the network, the address that was named, and the token must do.
    pub(crate) fn admits(&self, peer: SocketAddr, own: SocketAddr) -> bool {
        let SocketAddr::V4(from) = peer else { return false };
        match peer::owner_of(peer, own) {
            Some(uid) => uid == rustix::process::getuid().as_raw(),
            None => self.is_container(*from.ip()),
        }
    }

    fn is_container(&self, from: Ipv4Addr) -> bool {
        from != self.address && self.network.holds(from) && self.only.is_none_or(|only| only == from)
    }
}

fn hint() -> String {
    format!("make a network of containers, `{NETWORK}`, and name its gateway: `--bridge 169.254.170.2`")
}

/// The interface whose own network (a route without a gateway) holds the address, the narrowest of several. The columns of
/// /proc/net/route are `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, addresses as the machine's words hold them.
fn network_of(routes: &str, address: Ipv4Addr) -> Option<(&str, Network)> {
    let found = routes.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let at = |index: usize| fields.get(index).and_then(|field| word(field));
        let network = Network { begin: at(1)?, mask: at(7)? };
        let is_own = at(2)?.is_unspecified() && !network.mask.is_unspecified();
        (is_own && network.holds(address)).then_some((*fields.first()?, network))
    });
    found.max_by_key(|(_, network)| network.mask.to_bits())
}

fn word(field: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(field, 16).ok().map(|word| Ipv4Addr::from(word.to_ne_bytes()))
}

/// A port of the bridge that is not the end of a container's pair: a network card, or what stands on one (VLAN, bond, macvlan) or
/// leads through one (VXLAN).
fn port_to_others(bridge: &Path) -> Option<String> {
    let Ok(ports) = std::fs::read_dir(bridge.join("brif")) else {
        return Some("a port that cannot be looked at".to_owned());
    };
    ports.flatten().find_map(|entry| {
        let port = entry.file_name();
        let at = bridge.parent()?.join(&port);
        let has_kind = std::fs::read_to_string(at.join("uevent")).unwrap_or_default().contains("DEVTYPE=");
        let stands_on_another = || {
            let mut entries = std::fs::read_dir(&at).ok()?.flatten();
            entries.find(|entry| entry.file_name().to_string_lossy().starts_with("lower_"))
        };
        let leads_off = at.join("device").exists() || has_kind || stands_on_another().is_some();
        leads_off.then(|| port.to_string_lossy().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                          eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                          br-1\t00AAFEA9\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
                          wide\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
                          far\t000010AC\t010200C0\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
                          short\t000010AC\n";

    fn bridge(only: Option<Ipv4Addr>) -> Bridge {
        let network =
            Network { begin: Ipv4Addr::new(169, 254, 170, 0), mask: Ipv4Addr::new(255, 255, 255, 0) };
        Bridge { address: Ipv4Addr::new(169, 254, 170, 2), network, only }
    }

    #[test]
    fn the_narrowest_network_of_this_machine_holds_an_address() {
        if cfg!(target_endian = "little") {
            let of = |address: [u8; 4]| network_of(ROUTES, address.into()).map(|(interface, _)| interface);
            assert_eq!(of([169, 254, 170, 2]), Some("br-1"));
            assert_eq!(of([169, 254, 171, 2]), Some("wide"));
            // Behind a gateway, or only by the default route: not ours.
            assert_eq!(of([172, 16, 0, 1]), None);
            assert_eq!(of([0, 0, 0, 0]), None);
            assert_eq!(of([203, 0, 113, 1]), None);
        }
    }

    #[test]
    fn containers_are_those_of_the_network_and_the_one_that_was_named() {
        let container = Ipv4Addr::new(169, 254, 170, 3);
        assert!(bridge(None).is_container(container));
        assert!(bridge(Some(container)).is_container(container));
        assert!(!bridge(Some(Ipv4Addr::new(169, 254, 170, 4))).is_container(container));
        assert!(!bridge(None).is_container(Ipv4Addr::new(169, 254, 171, 3)), "another network");
        assert!(!bridge(None).is_container(Ipv4Addr::new(169, 254, 170, 2)), "this machine itself");
    }

    #[test]
    fn a_bridge_with_a_network_card_leads_to_other_machines() {
        let home = std::env::temp_dir().join(format!("kagi-bridge-{}", std::process::id()));
        let make = |name: &str| std::fs::create_dir_all(home.join(name)).unwrap();
        make("br-1/brif/veth1");
        make("veth1");
        assert_eq!(port_to_others(&home.join("br-1")), None);
        make("br-1/brif/vlan1");
        make("vlan1");
        std::fs::write(home.join("vlan1/uevent"), "DEVTYPE=vlan\n").unwrap();
        assert_eq!(port_to_others(&home.join("br-1")).as_deref(), Some("vlan1"));
        std::fs::remove_file(home.join("vlan1/uevent")).unwrap();
        assert_eq!(port_to_others(&home.join("br-1")), None);
        make("vlan1/lower_eth0");
        assert_eq!(port_to_others(&home.join("br-1")).as_deref(), Some("vlan1"));
        make("br-2/brif/eth0");
        make("eth0/device");
        assert_eq!(port_to_others(&home.join("br-2")).as_deref(), Some("eth0"));
        assert!(port_to_others(&home.join("br-3")).is_some(), "unknown was taken for none");
        std::fs::remove_dir_all(&home).unwrap();
    }
}
