//! What may happen to a session, and how an input encodes it: a byte for the operation, and one or two for its size.

use arbitrary::{Arbitrary, Result, Unstructured};

/// A session, and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The ends. One bit is the side of the session, two are the version of TLS, one is for a server that asks for a
    /// certificate, two are the application, and one is for a script that begins after the handshake.
    pub setting: u8,
    /// What happens, in order.
    pub operations: Vec<Operation>,
}

/// One thing that happens. What the peer sends is on its way, and arrives when the script says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Everything arrives, both ways, until nothing moves.
    Pass,
    /// `n` more bytes of the peer arrive.
    Arrive(u16),
    /// The peer sends `n` bytes of plaintext, in one record if they fit.
    Send(u16),
    /// The peer sends `n` bytes of plaintext, each in its own record.
    SendBytes(u8),
    /// The peer sends close_notify.
    CloseNotify,
    /// The peer updates its keys, and asks for an update of ours.
    UpdateKeys,
    /// The peer sends a FIN.
    Fin,
    /// The connection is reset after `n` more bytes.
    Reset(u8),
    /// An attacker adds this byte, `n` times.
    Inject(u8, u8),
    /// The byte after `n` others arrives damaged.
    Flip(u16),
    /// The read after `n / 2` others fails once: `WouldBlock` if `n` is even, `Interrupted` if it is odd.
    ReadFails(u8),
    /// The same for a write.
    WriteFails(u8),
    /// From now on a read returns `n` bytes at most. 0 removes the limit.
    Segment(u8),
    /// From now on a write takes `n` bytes at most. 0 removes the limit.
    Chunk(u8),
    /// From now on there is room for `n` times 16 bytes on the way to the peer.
    Room(u16),
    /// From now on every write fails.
    Break,
    /// The peer stops reading, or it reads again.
    PausePeer,
    /// `n` quarters of a second pass.
    Wait(u8),
    /// The session is closed from outside.
    Close,
    /// The application has finished sending.
    FinishSending,
    /// `n` bytes are sent from outside, if there is room.
    SendFromOutside(u16),
    /// The poll reports that everything is ready, whether or not it is.
    ReportReady,
}

impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let setting = input.arbitrary()?;
        let mut operations = Vec::new();
        while !input.is_empty() {
            operations.push(input.arbitrary()?);
        }
        Ok(Self { setting, operations })
    }
}

impl<'a> Arbitrary<'a> for Operation {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match input.arbitrary::<u8>()? % 22 {
            0 => Self::Pass,
            1 => Self::Arrive(input.arbitrary()?),
            2 => Self::Send(input.arbitrary()?),
            3 => Self::SendBytes(input.arbitrary()?),
            4 => Self::CloseNotify,
            5 => Self::UpdateKeys,
            6 => Self::Fin,
            7 => Self::Reset(input.arbitrary()?),
            8 => Self::Inject(input.arbitrary()?, input.arbitrary()?),
            9 => Self::Flip(input.arbitrary()?),
            10 => Self::ReadFails(input.arbitrary()?),
            11 => Self::WriteFails(input.arbitrary()?),
            12 => Self::Segment(input.arbitrary()?),
            13 => Self::Chunk(input.arbitrary()?),
            14 => Self::Room(input.arbitrary()?),
            15 => Self::Break,
            16 => Self::PausePeer,
            17 => Self::Wait(input.arbitrary()?),
            18 => Self::Close,
            19 => Self::FinishSending,
            20 => Self::SendFromOutside(input.arbitrary()?),
            _ => Self::ReportReady,
        })
    }
}

impl Script {
    /// The input that encodes this.
    pub fn encode(&self) -> Vec<u8> {
        let mut input = vec![self.setting];
        self.operations.iter().for_each(|operation| operation.encode(&mut input));
        input
    }
}

impl Operation {
    fn encode(self, input: &mut Vec<u8>) {
        let (code, small, large): (u8, &[u8], Option<u16>) = match self {
            Self::Pass => (0, &[], None),
            Self::Arrive(n) => (1, &[], Some(n)),
            Self::Send(n) => (2, &[], Some(n)),
            Self::SendBytes(n) => (3, &[n], None),
            Self::CloseNotify => (4, &[], None),
            Self::UpdateKeys => (5, &[], None),
            Self::Fin => (6, &[], None),
            Self::Reset(n) => (7, &[n], None),
            Self::Inject(byte, n) => (8, &[byte, n], None),
            Self::Flip(n) => (9, &[], Some(n)),
            Self::ReadFails(n) => (10, &[n], None),
            Self::WriteFails(n) => (11, &[n], None),
            Self::Segment(n) => (12, &[n], None),
            Self::Chunk(n) => (13, &[n], None),
            Self::Room(n) => (14, &[], Some(n)),
            Self::Break => (15, &[], None),
            Self::PausePeer => (16, &[], None),
            Self::Wait(n) => (17, &[n], None),
            Self::Close => (18, &[], None),
            Self::FinishSending => (19, &[], None),
            Self::SendFromOutside(n) => (20, &[], Some(n)),
            Self::ReportReady => (21, &[], None),
        };
        input.push(code);
        input.extend_from_slice(small);
        input.extend(large.into_iter().flat_map(u16::to_le_bytes));
    }
}
