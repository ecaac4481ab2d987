//! One packet: an IP header, a TCP header, and what they carry.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use etherparse::{PacketBuilder, TcpHeader};

/// As Linux and most others begin to count.
const TIME_TO_LIVE: u8 = 64;

/// The two ends of a connection, in one family of addresses: the one that its packets have on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) ours: SocketAddr,
    pub(super) theirs: SocketAddr,
}

impl Ends {
    /// A socket of both families shows IPv4 as `::ffff:192.0.2.1`, and that is not what the wire sees.
    pub(super) fn new(ours: SocketAddr, theirs: SocketAddr) -> Self {
        let theirs_ip = theirs.ip().to_canonical();
        let ours_ip = match (ours.ip().to_canonical(), theirs_ip) {
            (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
            (ip, _) => ip,
        };
        Self { ours: (ours_ip, ours.port()).into(), theirs: (theirs_ip, theirs.port()).into() }
    }

    /// How many bytes one packet carries at most: as many as on Ethernet. Loopback has larger packets, but
    /// in one of those there can be more small records than Wireshark dissects. IPv6 has a longer header.
    pub(super) fn maximum_segment_size(self) -> u16 {
        if self.ours.is_ipv4() { 1460 } else { 1440 }
    }
}

/// The bytes of a packet, its lengths and checksums right. The ports are those of the header.
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

    fn ends(ours: &str, theirs: &str) -> (String, String) {
        let ends = Ends::new(ours.parse().unwrap(), theirs.parse().unwrap());
        (ends.ours.to_string(), ends.theirs.to_string())
    }

    #[test]
    fn an_ipv4_client_of_an_ipv6_socket_is_an_ipv4_client() {
        let expected = ("127.0.0.1:8000".to_owned(), "127.0.0.2:50000".to_owned());
        assert_eq!(ends("[::ffff:127.0.0.1]:8000", "[::ffff:127.0.0.2]:50000"), expected);
        assert_eq!(ends("127.0.0.1:8000", "127.0.0.2:50000"), expected);
        assert_eq!(ends("[::]:8000", "[::ffff:127.0.0.2]:50000").0, "0.0.0.0:8000");
        assert_eq!(ends("[::1]:8000", "[::1]:50000").0, "[::1]:8000");
    }

    #[test]
    fn the_largest_segment_makes_a_packet_of_ethernets_size_in_either_family() {
        for address in ["127.0.0.1:1", "[::1]:1"] {
            let ends = Ends::new(address.parse().unwrap(), address.parse().unwrap());
            let payload = vec![0; ends.maximum_segment_size().into()];
            let packet = build(ends.ours.ip(), ends.theirs.ip(), TcpHeader::default(), &payload).unwrap();
            assert_eq!(packet.len(), 1500);
        }
    }
}
