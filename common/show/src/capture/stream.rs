//! Invents the TCP segments of a session, with correct sequence numbers.
//!
//! The real segments and acknowledgements are not known here, and they are not needed to read a session. The bytes of each
//! read or write become as few segments as can hold them, and are acknowledged at once.

use std::io;

use etherparse::{TcpHeader, TcpOptionElement};

use super::packet::{self, Endpoints};

/// The receive window of both ends in units of 2 to the power of [`SCALE`]: 8 MiB. One write is smaller, and is
/// acknowledged before the next.
const WINDOW: u16 = u16::MAX;
const SCALE: u8 = 7;

/// The direction of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the peer to us.
    In,
    /// From us to the peer.
    Out,
}

impl Direction {
    /// Returns the other direction.
    pub(super) fn reverse(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }
}

/// A packet and its direction.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) direction: Direction,
    pub(super) bytes: Vec<u8>,
}

/// The purpose of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first packet of a connection.
    Syn,
    /// The second packet.
    SynAck,
    /// Acknowledges all bytes so far, and carries none.
    Ack,
    /// Carries bytes. The last segment of a read or write has the PSH flag.
    Data { push: bool },
    /// Ends one direction.
    Fin,
    /// Ends both directions.
    Reset,
}

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Stream {
    endpoints: Endpoints,
    /// The next sequence number of each end.
    ours: u32,
    theirs: u32,
}

impl Stream {
    /// Makes the connection of the session with this number. Each session has other initial sequence numbers, so that
    /// Wireshark does not take two sessions with the same ports for one.
    pub(super) fn new(number: u64, endpoints: Endpoints) -> Self {
        // The factor spreads the initial numbers widely. The upper half of the session number is not used.
        let theirs = (number as u32).wrapping_mul(0x9e37_79b1);
        Self { endpoints, ours: theirs.rotate_left(16), theirs }
    }

    /// Returns the most bytes in one segment.
    pub(super) fn segment_size(&self) -> usize {
        self.endpoints.maximum_segment_size().into()
    }

    /// Returns the next segment in this direction. Only [`Kind::Data`] has a payload, of at most
    /// [`segment_size`](Self::segment_size) bytes.
    pub(super) fn segment(&mut self, direction: Direction, kind: Kind, payload: &[u8]) -> io::Result<Packet> {
        let (from, to, sent, received) = match direction {
            Direction::In => (self.endpoints.theirs, self.endpoints.ours, &mut self.theirs, self.ours),
            Direction::Out => (self.endpoints.ours, self.endpoints.theirs, &mut self.ours, self.theirs),
        };
        let mut header = TcpHeader::new(from.port(), to.port(), *sent, WINDOW);
        header.syn = matches!(kind, Kind::Syn | Kind::SynAck);
        header.ack = kind != Kind::Syn;
        header.psh = kind == Kind::Data { push: true };
        header.fin = kind == Kind::Fin;
        header.rst = kind == Kind::Reset;
        if header.ack {
            header.acknowledgment_number = received;
        }
        if header.syn {
            let options = [
                TcpOptionElement::MaximumSegmentSize(self.endpoints.maximum_segment_size()),
                TcpOptionElement::Noop,
                TcpOptionElement::WindowScale(SCALE),
            ];
            header.set_options(&options).map_err(io::Error::other)?;
        }
        // SYN and FIN count as one byte each (RFC 9293, 3.4). A payload is never longer than a segment.
        let length = payload.len() as u32 + u32::from(header.syn || header.fin);
        *sent = sent.wrapping_add(length);
        Ok(Packet { direction, bytes: packet::build(from.ip(), to.ip(), header, payload)? })
    }
}

#[cfg(test)]
mod tests {
    use etherparse::{PacketHeaders, TransportHeader};

    use super::*;

    fn header(packet: &Packet) -> TcpHeader {
        match PacketHeaders::from_ip_slice(&packet.bytes).unwrap().transport {
            Some(TransportHeader::Tcp(header)) => header,
            other => panic!("{other:?}"),
        }
    }

    fn stream(number: u64) -> Stream {
        let address = "127.0.0.1:8000".parse().unwrap();
        Stream::new(number, Endpoints::new(address, address))
    }

    #[test]
    fn sequence_numbers_wrap_to_zero() {
        let mut stream = stream(1);
        stream.ours = u32::MAX - 1;
        let data = stream.segment(Direction::Out, Kind::Data { push: true }, b"four").unwrap();
        assert_eq!(header(&data).sequence_number, u32::MAX - 1);
        let ack = stream.segment(Direction::In, Kind::Ack, &[]).unwrap();
        assert_eq!(header(&ack).acknowledgment_number, 2);
        assert_eq!(header(&stream.segment(Direction::Out, Kind::Fin, &[]).unwrap()).sequence_number, 2);
    }

    #[test]
    fn each_session_has_other_initial_sequence_numbers() {
        let first =
            |number| header(&stream(number).segment(Direction::In, Kind::Syn, &[]).unwrap()).sequence_number;
        let firsts: Vec<u32> = (1..=100).map(first).collect();
        for pair in firsts.windows(2) {
            assert!(pair[0].abs_diff(pair[1]) > 1 << 24, "{pair:?}");
        }
    }
}
