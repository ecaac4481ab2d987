//! Builds a packet: an IP header, a TCP header and a payload.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use etherparse::{PacketBuilder, TcpHeader};

/// The initial time to live of Linux and most other systems.
const TIME_TO_LIVE: u8 = 64;

/// The two addresses of a connection, in the address family of its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) ours: SocketAddr,
    pub(super) theirs: SocketAddr,
}

impl Endpoints {
    /// Makes endpoints. A dual-stack socket reports an IPv4 address as `::ffff:192.0.2.1`. Packets have the IPv4 address.
    pub(super) fn new(ours: SocketAddr, theirs: SocketAddr) -> Self {
        let theirs_ip = theirs.ip().to_canonical();
        let ours_ip = match (ours.ip().to_canonical(), theirs_ip) {
            (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
            (ip, _) => ip,
        };
        Self { ours: (ours_ip, ours.port()).into(), theirs: (theirs_ip, theirs.port()).into() }
    }

    /// Returns the most bytes in one packet: the limit of Ethernet. Loopback allows larger packets, but these may
    /// hold more small records than Wireshark dissects. The header of IPv6 is longer.
    pub(super) fn maximum_segment_size(self) -> u16 {
        if self.ours.is_ipv4() { 1460 } else { 1440 }
    }
}

/// Returns the bytes of a packet with correct lengths and checksums. `header` has the ports.
pub(super) fn build(from: IpAddr, to: IpAddr, header: TcpHeader, payload: &[u8]) -> io::Result<Vec<u8>> {
    let ip = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), TIME_TO_LIVE),
        (from, to) => PacketBuilder::ipv6(octets(from), octets(to), TIME_TO_LIVE),
    };
    let builder = ip.tcp_header(header);
    let mut packet = Vec::with_capacity(builder.size(payload.len()));
    builder.write(&mut packet, payload).map_err(io::Error::other)?;
    Ok(packet)
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(ours: &str, theirs: &str) -> (String, String) {
        let endpoints = Endpoints::new(ours.parse().unwrap(), theirs.parse().unwrap());
        (endpoints.ours.to_string(), endpoints.theirs.to_string())
    }

    #[test]
    fn an_ipv4_client_of_a_dual_stack_socket_gets_ipv4_packets() {
        let expected = ("127.0.0.1:8000".to_owned(), "127.0.0.2:50000".to_owned());
        assert_eq!(endpoints("[::ffff:127.0.0.1]:8000", "[::ffff:127.0.0.2]:50000"), expected);
        assert_eq!(endpoints("127.0.0.1:8000", "127.0.0.2:50000"), expected);
        assert_eq!(endpoints("[::]:8000", "[::ffff:127.0.0.2]:50000").0, "0.0.0.0:8000");
        assert_eq!(endpoints("[::1]:8000", "[::1]:50000").0, "[::1]:8000");
    }

    #[test]
    fn the_largest_packet_has_1500_bytes_in_either_family() {
        for address in ["127.0.0.1:1", "[::1]:1"] {
            let endpoints = Endpoints::new(address.parse().unwrap(), address.parse().unwrap());
            let payload = vec![0; endpoints.maximum_segment_size().into()];
            let packet =
                build(endpoints.ours.ip(), endpoints.theirs.ip(), TcpHeader::default(), &payload).unwrap();
            assert_eq!(packet.len(), 1500);
        }
    }
}
