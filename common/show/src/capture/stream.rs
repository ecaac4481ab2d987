//! The TCP of a session, made up from what its two ends said: who has sent how much, and what each has acknowledged.
//!
//! Neither the segments nor the acknowledgements that the kernel exchanged are known here, and none is needed to read
//! a session. Each helping of bytes becomes as few segments as can hold it, and is acknowledged at once.

use std::io;

use etherparse::{TcpHeader, TcpOptionElement};

use super::packet::{self, Ends};

/// What the ends say about their receive buffers, in units of 2 to the power of [`SCALE`]: 8 MiB. One write has less,
/// and is acknowledged before the next.
const WINDOW: u16 = u16::MAX;
const SCALE: u8 = 7;

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the peer to us.
    In,
    /// From us to the peer.
    Out,
}

impl Way {
    pub(super) fn back(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }
}

/// A packet and the way it goes.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) way: Way,
    pub(super) bytes: Vec<u8>,
}

/// What a segment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first packet of a connection.
    Syn,
    /// The second.
    SynAck,
    /// Acknowledges all that came, and says nothing else.
    Ack,
    /// Carries bytes; the last segment of a helping is pushed.
    Data { push: bool },
    /// Ends one direction.
    Fin,
    /// Ends both.
    Reset,
}

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Stream {
    ends: Ends,
    /// The sequence numbers of what each end sends next.
    ours: u32,
    theirs: u32,
}

impl Stream {
    /// The connection of the session with this number. Both ends begin to count somewhere else in each session, so
    /// that two sessions with the same ports are not taken for one.
    pub(super) fn new(number: u64, ends: Ends) -> Self {
        // Any distance will do that is not made up soon. Only the lower half of the number counts.
        let theirs = (number as u32).wrapping_mul(0x9e37_79b1);
        Self { ends, ours: theirs.rotate_left(16), theirs }
    }

    /// How many bytes one segment carries at most.
    pub(super) fn segment_size(&self) -> usize {
        self.ends.maximum_segment_size().into()
    }

    /// The next segment that goes this way. Only [`Kind::Data`] has a payload, of at most
    /// [`segment_size`](Self::segment_size) bytes.
    pub(super) fn segment(&mut self, way: Way, kind: Kind, payload: &[u8]) -> io::Result<Packet> {
        let (from, to, sent, received) = match way {
            Way::In => (self.ends.theirs, self.ends.ours, &mut self.theirs, self.ours),
            Way::Out => (self.ends.ours, self.ends.theirs, &mut self.ours, self.theirs),
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
                TcpOptionElement::MaximumSegmentSize(self.ends.maximum_segment_size()),
                TcpOptionElement::Noop,
                TcpOptionElement::WindowScale(SCALE),
            ];
            header.set_options(&options).map_err(io::Error::other)?;
        }
        // SYN and FIN count as one byte each (RFC 9293, 3.4); a payload is never longer than a segment.
        let length = payload.len() as u32 + u32::from(header.syn || header.fin);
        *sent = sent.wrapping_add(length);
        Ok(Packet { way, bytes: packet::build(from.ip(), to.ip(), header, payload)? })
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
        Stream::new(number, Ends::new(address, address))
    }

    #[test]
    fn numbers_go_on_at_zero_after_the_last_one() {
        let mut stream = stream(1);
        stream.ours = u32::MAX - 1;
        let data = stream.segment(Way::Out, Kind::Data { push: true }, b"four").unwrap();
        assert_eq!(header(&data).sequence_number, u32::MAX - 1);
        let ack = stream.segment(Way::In, Kind::Ack, &[]).unwrap();
        assert_eq!(header(&ack).acknowledgment_number, 2);
        assert_eq!(header(&stream.segment(Way::Out, Kind::Fin, &[]).unwrap()).sequence_number, 2);
    }

    #[test]
    fn a_session_with_the_ports_of_another_counts_from_elsewhere() {
        let first =
            |number| header(&stream(number).segment(Way::In, Kind::Syn, &[]).unwrap()).sequence_number;
        let firsts: Vec<u32> = (1..=100).map(first).collect();
        for pair in firsts.windows(2) {
            assert!(pair[0].abs_diff(pair[1]) > 1 << 24, "{pair:?}");
        }
    }
}
