//! The reader of captures: files, packets, TCP streams, and what `mio-show` prints.
//!
//! The first byte of an input decides what is read. With 0 the rest of the input is the file. Otherwise it is a capture of
//! a real session, in segments whose size the byte decides. The rest of the input damages the capture, with four bytes for
//! each change. Bytes that are shown are bytes that were sent, unless a segment was changed.

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use decode::secrets::{Secret, Secrets};
use replay::connections::Sink;
use replay::file::Reader;
use replay::key_log::KeyLog;
use replay::output::fields::FieldLines;
use replay::output::json::Json;
use replay::output::summary;
use replay::replay::replay;
use replay::session::{Event, Session};
use rustls::Side;
use show::page::{Captured, Grade};

use crate::tls::{Versions, ends_with_log};

/// The first sequence numbers, which wrap in the handshake.
const FIRST: u32 = u32::MAX - 500;

/// Reads one input.
pub fn run(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else { return };
    if how == 0 {
        show(rest, None);
        return;
    }
    let segments = RECORDED.segments([1460, 1, 100, 60_000][usize::from(how & 3)]);
    let (segments, is_changed) = damage(segments, rest);
    let key_log: String = RECORDED.secrets.iter().map(|secret| secret.line() + "\n").collect();
    show(&file(&key_log, &segments), (!is_changed).then_some(&*RECORDED));
}

/// Shows a file in all forms. `sent` is what its session must consist of.
fn show(file: &[u8], sent: Option<&Recorded>) {
    let Ok(reader) = Reader::new(file) else { return };
    let mut all = All {
        sent,
        json: Json(io::sink()),
        fields: FieldLines::new(io::sink(), false),
        shown: Default::default(),
        page: None,
    };
    replay(reader, KeyLog::default(), &mut all).expect("nothing fails in memory");
}

/// All outputs, and what they got.
struct All<'a> {
    sent: Option<&'a Recorded>,
    json: Json<io::Sink>,
    fields: FieldLines<io::Sink>,
    /// The bytes of the records of each end.
    shown: [Vec<u8>; 2],
    page: Option<Captured>,
}

impl Sink for All<'_> {
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
        match &event {
            Event::Began => {
                let (client, server) = (session.client.address, session.server.address);
                self.page = Some(Captured::new(session.number, client, server, session.began));
                self.shown = Default::default();
            }
            Event::Bytes { sender, length, records, .. } => {
                let page = self.page.as_mut().expect("a session begins first");
                page.bytes(at, *sender, *length, records);
                let shown = &mut self.shown[usize::from(*sender == Side::Server)];
                records.iter().for_each(|record| shown.extend_from_slice(&record.wire));
                if let Some(sent) = self.sent {
                    assert!(sent.of(*sender).starts_with(shown), "bytes that were not sent");
                }
            }
            Event::Ended(incomplete) => {
                if let Some(mut page) = self.page.take() {
                    page.close(at, incomplete, summary::line(session), Grade::Clean);
                    assert!(page.size() < 4 << 20, "a page grows");
                }
                assert!(summary::line(session).is_ascii() || summary::line(session).contains('→'));
                for side in [Side::Client, Side::Server] {
                    let (shown, end) = (&self.shown[usize::from(side == Side::Server)], session.end(side));
                    let whole = self.sent.is_none_or(|sent| sent.of(side) == shown);
                    let is_excused = session.client.gap.is_some() || session.server.gap.is_some();
                    // Without its last segment and its FIN a direction looks as if it were open.
                    assert!(whole || is_excused || !end.fin, "bytes are missing without a gap");
                }
            }
            _ => {}
        }
        self.fields.event(at, session, event.clone())?;
        self.json.event(at, session, event)
    }
}

/// A segment: its sender, its sequence number, its flags, its payload.
#[derive(Clone)]
struct Segment {
    sender: Side,
    sequence: u32,
    flags: u8,
    payload: Vec<u8>,
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// Changes segments, four bytes for each change. Returns whether the content of one was changed.
fn damage(mut segments: Vec<Segment>, damages: &[u8]) -> (Vec<Segment>, bool) {
    let mut is_changed = false;
    for change in damages.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([change[1], change[2]])) % segments.len();
        let to = (at + usize::from(change[3])) % segments.len();
        // Without its SYN in front, a direction begins with any segment.
        is_changed |= [at, to].iter().any(|index| segments[*index].flags & SYN != 0);
        match change[0] % 8 {
            0 => drop(segments.remove(at)),
            1 => segments.insert(to, segments[at].clone()),
            2 => segments.swap(at, to),
            // A segment that repeats the one before it, too.
            3 if at > 0 && follows(&segments[at - 1], &segments[at]) => {
                let before = segments[at - 1].clone();
                segments[at].sequence = before.sequence;
                segments[at].payload.splice(0..0, before.payload);
            }
            4 => {
                let length = segments[at].payload.len();
                segments[at].payload.truncate(length.saturating_sub(usize::from(change[3])));
            }
            5 => {
                is_changed = true;
                segments[at].flags ^= [FIN, SYN, RST, ACK][usize::from(change[3] & 3)];
            }
            6 => {
                is_changed = true;
                segments[at].sequence = segments[at].sequence.wrapping_add(u32::from(change[3]) << 20);
            }
            _ => {
                is_changed = true;
                let length = segments[at].payload.len().max(1);
                let byte = segments[at].payload.get_mut(usize::from(change[3]) % length);
                byte.into_iter().for_each(|byte| *byte ^= change[0] | 1);
            }
        }
        if segments.is_empty() {
            break;
        }
    }
    (segments, is_changed)
}

fn follows(before: &Segment, segment: &Segment) -> bool {
    let end = before.sequence.wrapping_add(before.payload.len() as u32);
    before.sender == segment.sender && end == segment.sequence && (before.flags | segment.flags) & SYN == 0
}

/// Makes a pcapng file with one interface for raw IP.
fn file(key_log: &str, segments: &[Segment]) -> Vec<u8> {
    let mut file = Vec::new();
    block(&mut file, 0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    block(&mut file, 1, &[101, 0, 0, 0, 0, 0, 0, 0]);
    let length = (key_log.len() as u32).to_le_bytes();
    block(&mut file, 10, &[b"KSLT", &length[..], key_log.as_bytes()].concat());
    for (number, segment) in (0_u32..).zip(segments) {
        let packet = packet(segment);
        let length = (packet.len() as u32).to_le_bytes();
        let header = [[0; 4], [0; 4], number.to_le_bytes(), length, length].concat();
        block(&mut file, 6, &[header, packet].concat());
    }
    file
}

/// Adds a block to a file.
fn block(file: &mut Vec<u8>, kind: u32, content: &[u8]) {
    let padding = content.len().wrapping_neg() % 4;
    let length = (content.len() + padding + 12) as u32;
    file.extend_from_slice(&kind.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(content);
    file.extend_from_slice(&[0; 3][..padding]);
    file.extend_from_slice(&length.to_le_bytes());
}

/// Makes an IPv4 packet (RFC 791, 3.1; RFC 9293, 3.1). No reader checks its checksums.
fn packet(segment: &Segment) -> Vec<u8> {
    let (from, to) = match segment.sender {
        Side::Client => ([50_000_u16, 443], [1, 2]),
        Side::Server => ([443, 50_000], [2, 1]),
    };
    let length = (40 + segment.payload.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, to[0], 10, 0, 0, to[1]]);
    packet.extend(from.iter().flat_map(|port| port.to_be_bytes()));
    packet.extend_from_slice(&segment.sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 0x50, segment.flags, 1, 0, 0, 0, 0, 0]);
    packet.extend_from_slice(&segment.payload);
    packet
}

/// A session with data both ways, key updates, and a clean end.
struct Recorded {
    flights: Vec<(Side, Vec<u8>)>,
    client: Vec<u8>,
    server: Vec<u8>,
    secrets: Vec<Secret>,
}

static RECORDED: LazyLock<Recorded> = LazyLock::new(|| {
    let secrets = std::sync::Arc::new(Secrets::default());
    let ends = ends_with_log(Versions::Tls13, &secrets).shared();
    let mut flights = Vec::new();
    crate::seeds::converse(&ends, |sender, bytes| flights.push((sender, bytes.to_vec())));
    let of = |side| {
        flights.iter().filter(|(sender, _)| *sender == side).flat_map(|(_, bytes)| bytes.clone()).collect()
    };
    Recorded { client: of(Side::Client), server: of(Side::Server), secrets: secrets.take(), flights }
});

impl Recorded {
    fn of(&self, side: Side) -> &Vec<u8> {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// Returns the segments of the whole connection.
    fn segments(&self, size: usize) -> Vec<Segment> {
        let segment = |sender, sequence, flags, payload: &[u8]| Segment {
            sender,
            sequence,
            flags,
            payload: payload.to_vec(),
        };
        let mut next = [FIRST.wrapping_add(1); 2];
        let mut segments =
            vec![segment(Side::Client, FIRST, SYN, b""), segment(Side::Server, FIRST, SYN | ACK, b"")];
        for (sender, bytes) in &self.flights {
            let next = &mut next[usize::from(*sender == Side::Server)];
            for part in bytes.chunks(size) {
                segments.push(segment(*sender, *next, ACK, part));
                *next = next.wrapping_add(part.len() as u32);
            }
        }
        segments.push(segment(Side::Client, next[0], FIN | ACK, b""));
        segments.push(segment(Side::Server, next[1], FIN | ACK, b""));
        segments
    }
}

/// Returns a capture of the first segments, as a seed.
pub(crate) fn beginning() -> Vec<u8> {
    let segments = RECORDED.segments(1460);
    file("# no secrets\n", &segments[..4.min(segments.len())])
}
