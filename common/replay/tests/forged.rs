//! Captures with forged segments, conflicting retransmissions and cut packets.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support {
    pub mod frames;
}

use std::io;
use std::time::Duration;

use replay::connections::Sink;
use replay::file::Reader;
use replay::key_log::KeyLog;
use replay::replay::replay;
use replay::session::{Event, Session};
use rustls::Side;
use support::frames::{PcapNg, Tcp, client_hello};

/// A record with one byte of application data.
const RECORD: [u8; 6] = [23, 3, 3, 0, 1, 7];

/// What a sink got, as text. A number of milliseconds is in front of each event.
#[derive(Default)]
struct Log {
    events: Vec<String>,
    lines: Vec<String>,
    wire: Vec<u8>,
    most_records: usize,
    longest_name: usize,
}

impl Sink for Log {
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
        let at = at.as_millis();
        self.longest_name = self.longest_name.max(session.server_name.as_ref().map_or(0, Vec::len));
        match event {
            Event::Bytes { sender, records, .. } => {
                self.most_records = self.most_records.max(records.len());
                records
                    .iter()
                    .filter(|_| sender == Side::Server)
                    .for_each(|record| self.wire.extend(&record.wire));
            }
            Event::Ended(_) => self.lines.push(replay::output::summary::line(session)),
            Event::Began => {}
            event => self.events.push(format!("{at}: {event:?}")),
        }
        Ok(())
    }
}

fn replayed(file: &PcapNg) -> Log {
    let mut log = Log::default();
    let report = replay(Reader::new(&*file.bytes()).unwrap(), KeyLog::default(), &mut log).unwrap();
    assert!(report.broken.is_none());
    log
}

fn shown(segments: &[Tcp]) -> Log {
    replayed(PcapNg::ethernet().segments(segments))
}

fn tcp(sender: Side, sequence: u32, flags: &'static str, payload: &[u8]) -> Tcp {
    Tcp { sender, sequence, flags, payload: payload.to_vec() }
}

/// Returns a segment of the server. Its first byte is at position 0.
fn server(position: u32, flags: &'static str, payload: &[u8]) -> Tcp {
    tcp(Side::Server, position.wrapping_add(1), flags, payload)
}

/// Returns both SYNs and a ClientHello.
fn begun() -> Vec<Tcp> {
    vec![
        tcp(Side::Client, 0, "S", b""),
        tcp(Side::Server, 0, "SA", b""),
        tcp(Side::Client, 1, "A", &client_hello(b"localhost")),
    ]
}

fn five_records(from: u32) -> Vec<Tcp> {
    (0..5).map(|number| server(from + number * 6, "A", &RECORD)).collect()
}

#[test]
fn many_waiting_records_are_decoded_in_parts() {
    let empty = [23, 3, 3, 0, 0].repeat(6000);
    let mut segments = begun();
    segments.extend((0..20).map(|number| server(5 + number * 30_000, "A", &empty)));
    segments.push(server(0, "A", &empty[..5]));
    let log = shown(&segments);
    assert!(log.lines[0].contains("1 record from the client, 120001 from the server"), "{}", log.lines[0]);
    assert!(log.most_records <= 6000, "{} records at once", log.most_records);
}

#[test]
fn a_large_segment_is_decoded_in_parts() {
    let hello = client_hello(b"localhost");
    let empty = [23, 3, 3, 0, 0].repeat(13_000);
    let mut segments = begun();
    segments.insert(2, server(0, "A", &RECORD));
    segments.insert(3, server(6, "A", &empty[..12_000]));
    segments.push(tcp(Side::Client, 1 + hello.len() as u32, "A", &empty));
    assert!(shown(&segments).most_records <= 64 * 1024 / 5 + 1);
}

#[test]
fn an_rst_far_from_the_next_byte_is_ignored() {
    for position in [1_000_000_000, 805_306_312, u32::MAX - 1_000_000_000, 30 + 1024 * 1024 + 1] {
        let segments = [begun(), vec![server(position, "R", b"")], five_records(0)].concat();
        let line = &shown(&segments).lines[0];
        assert!(line.contains("1 record from the client, 5 from the server"), "{position}: {line}");
        assert!(!line.contains("RST") && !line.contains("missing"), "{position}: {line}");
    }
}

#[test]
fn an_rst_near_the_next_byte_ends_the_session() {
    for position in [30, 31, 24, 1000] {
        let segments = [begun(), five_records(0), vec![server(position, "R", b"")]].concat();
        let line = &shown(&segments).lines[0];
        assert!(line.ends_with("server: RST"), "{position}: {line}");
    }
}

#[test]
fn an_rst_before_the_first_segment_of_its_sender_is_ignored() {
    let mut segments = [begun(), five_records(0)].concat();
    segments.insert(1, tcp(Side::Server, 500_000, "R", b"forged"));
    let line = &shown(&segments).lines[0];
    assert!(
        line.contains("1 record from the client, 5 from the server") && !line.contains("missing"),
        "{line}"
    );
}

#[test]
fn a_forged_fin_does_not_hide_the_real_one() {
    for position in [500_000_000, 1000, 13] {
        let forged = vec![server(position, "FA", b"")];
        let segments = [begun(), forged, five_records(0), vec![server(30, "FA", b"")]].concat();
        let log = shown(&segments);
        assert!(log.events.contains(&"10: Fin(Server)".to_owned()), "{position}: {:?}", log.events);
        assert!(log.lines[0].contains("1 record from the client, 5 from the server"), "{}", log.lines[0]);
        assert!(!log.lines[0].contains("missing"), "{position}: {}", log.lines[0]);
    }
}

#[test]
fn a_syn_without_an_answer_does_not_end_a_session() {
    for forged in [
        vec![tcp(Side::Client, 77, "S", b"")],
        vec![tcp(Side::Server, 77, "SA", b"")],
        vec![tcp(Side::Server, 77, "S", b""), tcp(Side::Client, 77, "S", b"")],
        vec![tcp(Side::Client, 77, "S", b""), tcp(Side::Server, 0, "SA", b"")],
    ] {
        let log = shown(&[begun(), forged, five_records(0)].concat());
        assert_eq!(log.lines.len(), 1);
        assert!(log.lines[0].contains("1 record from the client, 5 from the server"), "{}", log.lines[0]);
    }
}

#[test]
fn a_syn_with_an_answer_begins_another_session_at_its_own_time() {
    let later = begun().into_iter().map(|segment| Tcp { sequence: segment.sequence + 5000, ..segment });
    let log = shown(&[begun(), later.collect()].concat());
    assert_eq!(log.lines.len(), 2);
    let syns = ["1: Syn(Client)", "2: Syn(Server)", "4: Syn(Client)", "5: Syn(Server)"];
    assert_eq!(log.events, syns);
    assert!(log.lines[0].contains("another connection with the same ports"), "{}", log.lines[0]);
}

#[test]
fn a_syn_replaces_a_connection_without_data() {
    let refused = [tcp(Side::Client, 9000, "S", b""), tcp(Side::Server, 0, "RA", b"")];
    let log = shown(&[refused.to_vec(), begun(), five_records(0)].concat());
    assert!(log.lines[0].contains("1 record from the client, 5 from the server"), "{}", log.lines[0]);
}

#[test]
fn a_conflicting_retransmission_is_counted_and_the_first_bytes_win() {
    let other = [23, 3, 3, 0, 1, 8];
    let third = &[RECORD, RECORD, RECORD].concat();
    for (name, segments) in [
        (
            "after delivery",
            vec![server(0, "A", &RECORD), server(0, "A", &other), server(6, "A", &third[..12])],
        ),
        ("across delivery", vec![server(0, "A", &third[..12]), server(6, "A", &[other, RECORD].concat())]),
        (
            "while waiting",
            vec![server(6, "A", &third[..12]), server(6, "A", &other), server(0, "A", &RECORD)],
        ),
        (
            "longer while waiting",
            vec![
                server(12, "A", &RECORD),
                server(6, "A", &[RECORD, other].concat()),
                server(0, "A", &RECORD),
            ],
        ),
        ("at release", vec![server(6, "A", &third[..12]), server(0, "A", &[RECORD, other].concat())]),
    ] {
        let log = shown(&[begun(), segments].concat());
        assert_eq!(log.wire, *third, "{name}");
        assert!(
            log.lines[0].contains("server: left open, retransmissions with 1 other byte"),
            "{}",
            log.lines[0]
        );
    }
    let same = shown(&[begun(), five_records(0), five_records(0), vec![server(29, "A", &[0])]].concat());
    assert!(!same.lines[0].contains("other byte"), "a keep-alive probe is no conflict: {}", same.lines[0]);
}

#[test]
fn a_keep_alive_probe_that_is_too_early_does_not_replace_a_byte() {
    let segments = [begun(), vec![server(11, "A", &[0]), server(6, "A", &RECORD), server(0, "A", &RECORD)]];
    let log = shown(&segments.concat());
    assert_eq!(log.wire, [RECORD, RECORD].concat());
    assert!(!log.lines[0].contains("other byte"), "{}", log.lines[0]);
}

/// Adds a packet of which the capture lacks the last bytes.
fn cut(file: &mut PcapNg, segment: &Tcp, lacks: usize) {
    let packet = segment.ipv4();
    file.packet(0, 50_000, &packet[..packet.len() - lacks], packet.len() as u32 + 14);
}

#[test]
fn a_cut_packet_is_a_gap_as_soon_as_the_next_one_does_not_fill_it() {
    for is_filled in [false, true] {
        let mut file = PcapNg::ethernet();
        file.segments(&begun());
        cut(&mut file, &server(0, "A", &RECORD.repeat(3)), 8);
        if is_filled {
            file.tcp(&server(0, "A", &RECORD.repeat(3)));
        } else {
            file.tcp(&server(18, "A", &RECORD));
        }
        (0..10).for_each(|number| {
            file.tcp(&server(18 + number * 6, "A", &RECORD));
        });
        let log = replayed(&file);
        let gap = (!is_filled).then(|| "4: Gap(Server, Gap { after: 10, missing: 8 })".to_owned());
        let gaps: Vec<_> = log.events.into_iter().filter(|event| event.contains("4: Gap")).collect();
        assert_eq!(gaps, Vec::from_iter(gap));
    }
}

#[test]
fn a_server_name_is_kept_up_to_256_bytes() {
    let mut segments = begun();
    segments[2] = tcp(Side::Client, 1, "A", &client_hello(&[b'a'; 16_000]));
    assert_eq!(shown(&segments).longest_name, 256);
}
