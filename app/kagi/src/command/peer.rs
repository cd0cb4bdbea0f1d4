//! Whose connection is it? The kernel's table of TCP sockets says which user owns the other end.

use std::net::SocketAddr;

/// Whether this system says whose a connection is.
pub(crate) fn is_known() -> bool {
    std::fs::read_to_string("/proc/net/tcp").is_ok()
}

/// Whether the other end of a loopback connection is a socket of our own user. Where the table cannot be read (not
/// Linux) the token alone must do.
pub(crate) fn is_ours(peer: SocketAddr, own: SocketAddr) -> bool {
    let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else { return !cfg!(target_os = "linux") };
    owner(&table, peer, own) == Some(rustix::process::getuid().as_raw())
}

/// Whose socket of this machine the other end is; that of another machine, or of a container, is nobody's here.
pub(crate) fn owner_of(peer: SocketAddr, own: SocketAddr) -> Option<u32> {
    owner(&std::fs::read_to_string("/proc/net/tcp").ok()?, peer, own)
}

/// proc_pid_net(5): `sl local_address rem_address st … uid`; addresses in hexadecimal, the bytes of IPv4 in host order.
fn owner(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let (local, remote) = (kernel_form(local)?, kernel_form(remote)?);
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_it = fields.get(1) == Some(&local.as_str()) && fields.get(2) == Some(&remote.as_str());
        is_it.then(|| fields.get(7)?.parse().ok()).flatten()
    })
}

fn kernel_form(address: SocketAddr) -> Option<String> {
    match address {
        SocketAddr::V4(v4) => Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port())),
        SocketAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_read_from_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 1\n   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000   501        0 2\n";
        let server: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let client: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(owner(table, client, server), Some(501));
            assert_eq!(owner(table, "127.0.0.1:1".parse().unwrap(), server), None);
        }
    }

    #[test]
    fn our_own_connection_is_ours() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(is_ours(client.local_addr().unwrap(), listener.local_addr().unwrap()));
    }
}
