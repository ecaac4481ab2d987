//! Finds the TCP segment in a packet.

use std::net::SocketAddr;

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};

use crate::file::Packet;

/// The link types that can be read (<https://www.tcpdump.org/linktypes.html>).
mod link {
    pub(super) const NULL: u16 = 0;
    pub(super) const ETHERNET: u16 = 1;
    /// Raw IP. Some systems write the number that it has inside of them.
    pub(super) const RAW: [u16; 5] = [12, 14, 101, 228, 229];
    pub(super) const LOOP: u16 = 108;
    pub(super) const LINUX_SLL: u16 = 113;
    pub(super) const LINUX_SLL2: u16 = 276;
}

/// A TCP segment (RFC 9293, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Its sender.
    pub from: SocketAddr,
    /// Its receiver.
    pub to: SocketAddr,
    /// The sequence number of its first byte, or of its SYN.
    pub sequence: u32,
    /// It begins a direction.
    pub syn: bool,
    /// It acknowledges something. A SYN without it is the first segment of a connection.
    pub ack: bool,
    /// It ends a direction.
    pub fin: bool,
    /// It ends the connection.
    pub rst: bool,
    /// The captured bytes.
    pub payload: &'a [u8],
    /// The number of bytes behind them that the snap length of the capture has cut off.
    pub cut: usize,
}

/// Why a packet has no segment for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSegment {
    /// It belongs to another protocol than TCP.
    OtherProtocol,
    /// It is a fragment of an IP packet.
    Fragment,
    /// It is malformed, or was cut off inside its headers.
    Malformed,
    /// The link type of its interface is not known here.
    UnknownLink(u16),
}

/// Returns the TCP segment of a packet. Checksums are not checked: the network card computes them for many captures.
///
/// # Errors
/// The packet has no TCP segment, or its headers are not complete.
pub fn segment<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, NoSegment> {
    let sliced = slice(packet.link, packet.data)?;
    let (from, to, payload, expected) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let expected = usize::from(header.total_len()).saturating_sub(header.slice().len());
            (header.source_addr().into(), header.destination_addr().into(), ip.payload(), expected)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let expected = usize::from(ip.header().payload_length());
            let expected = expected.saturating_sub(ip.extensions().slice().len());
            (ip.header().source_addr().into(), ip.header().destination_addr().into(), ip.payload(), expected)
        }
        _ if sliced.stop_err.is_some() => return Err(NoSegment::Malformed),
        _ => return Err(NoSegment::OtherProtocol),
    };
    if payload.fragmented {
        return Err(NoSegment::Fragment);
    }
    let tcp = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => tcp,
        None if sliced.stop_err.is_some() => return Err(NoSegment::Malformed),
        _ => return Err(NoSegment::OtherProtocol),
    };
    let cut = if payload.incomplete { expected.saturating_sub(payload.payload.len()) } else { 0 };
    Ok(of_tcp((from, to), tcp, cut))
}

fn of_tcp<'a>(
    (from, to): (std::net::IpAddr, std::net::IpAddr),
    tcp: &TcpSlice<'a>,
    cut: usize,
) -> Segment<'a> {
    Segment {
        from: (from, tcp.source_port()).into(),
        to: (to, tcp.destination_port()).into(),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        ack: tcp.ack(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
        cut,
    }
}

/// Finds the headers of a packet, behind that of its link.
fn slice(link: u16, data: &[u8]) -> Result<LaxSlicedPacket<'_>, NoSegment> {
    let malformed = |_| NoSegment::Malformed;
    match link {
        link::ETHERNET => LaxSlicedPacket::from_ethernet(data).map_err(|_| NoSegment::Malformed),
        // The type of the next header is the last field of the old link header, and the first one of the new.
        link::LINUX_SLL => of_ether_type(data, 14..16, 16),
        link::LINUX_SLL2 => of_ether_type(data, 0..2, 20),
        // The header is the number of an address family. Each system has its own, but IP says which version it has.
        link::NULL | link::LOOP => {
            LaxSlicedPacket::from_ip(data.get(4..).ok_or(NoSegment::Malformed)?).map_err(malformed)
        }
        link if link::RAW.contains(&link) => LaxSlicedPacket::from_ip(data).map_err(malformed),
        link => Err(NoSegment::UnknownLink(link)),
    }
}

fn of_ether_type(
    data: &[u8],
    at: std::ops::Range<usize>,
    length: usize,
) -> Result<LaxSlicedPacket<'_>, NoSegment> {
    let kind: [u8; 2] = data.get(at).and_then(|kind| kind.try_into().ok()).ok_or(NoSegment::Malformed)?;
    let rest = data.get(length..).ok_or(NoSegment::Malformed)?;
    Ok(LaxSlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(kind)), rest))
}
