//! The sessions of captures: whole ones, and those whose segments were lost, doubled, overlapping or out of order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../../decode/tests/support/conversation.rs"]
mod conversation;
mod support {
    pub mod frames;
    pub mod recorded;
    pub mod shown;
}

use std::sync::LazyLock;

use conversation::{begin, decode, transcript};
use decode::{Content, Record};
use proptest::prelude::*;
use replay::reassembly::Gap;
use rustls::Side;
use show::page::Grade;
use support::frames::{PcapNg, Tcp};
use support::recorded::{CLIENT_SYN, Recorded, SERVER_SYN, capture, syns};
use support::shown::{Shown, show};
use testing::configs::{Configs, Shape, suite};

static TLS13: LazyLock<Recorded> =
    LazyLock::new(|| Recorded::new(&Shape { mutual: true, ..Shape::default() }));
static TLS12: LazyLock<Recorded> = LazyLock::new(|| {
    Recorded::new(&Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), ..Shape::default() })
});

/// Shows the only session of a capture.
fn only(file: &[u8]) -> Shown {
    let (mut sessions, report) = show(file);
    assert!(report.broken.is_none(), "{:?}", report.broken);
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

/// Shows a capture of whole session with these segments between its SYNs and its FINs.
fn replayed(recorded: &Recorded, segments: Vec<Tcp>) -> Shown {
    let all = [syns().to_vec(), segments, recorded.fins().to_vec()].concat();
    only(&capture(&recorded.key_log, &all))
}

/// Returns the records of one sender.
fn sent_by(sender: Side, shown: &Shown) -> Vec<&Record> {
    shown.records.iter().filter(|record| record.sender == sender).collect()
}

fn assert_whole(recorded: &Recorded, shown: &Shown) {
    for side in [Side::Client, Side::Server] {
        assert_eq!(sent_by(side, shown), recorded.of(side));
    }
    assert_eq!(shown.gaps, []);
    let ends = "decrypted; client: close_notify, FIN; server: close_notify, FIN";
    assert!(shown.line.ends_with(ends), "{}", shown.line);
}

#[test]
fn a_whole_session_has_the_records_that_its_ends_exchanged() {
    for recorded in [&*TLS13, &*TLS12] {
        for size in [1, 100, 1460, 60_000] {
            let shown = replayed(recorded, recorded.segments(size));
            assert_eq!(transcript(&shown.records), transcript(&recorded.records));
            assert_whole(recorded, &shown);
            let [syn, syn_ack, fins @ ..] = &shown.events[1..] else { panic!("{:?}", shown.events) };
            assert_eq!([&*syn.1, &*syn_ack.1], ["Syn(Client)", "Syn(Server)"]);
            assert_eq!(fins.iter().map(|fin| &*fin.1).collect::<Vec<_>>(), ["Fin(Client)", "Fin(Server)"]);
            assert!(shown.line.contains("192.0.2.1:50000 → 192.0.2.2:443"), "{}", shown.line);
            assert!(shown.line.contains("server name localhost"), "{}", shown.line);
        }
    }
}

#[test]
fn without_secrets_the_readable_part_is_shown() {
    for (recorded, version) in [(&*TLS13, "TLS 1.3"), (&*TLS12, "TLS 1.2")] {
        let all = [syns().to_vec(), recorded.segments(1460), recorded.fins().to_vec()].concat();
        let shown = only(&capture("", &all));
        assert!(shown.line.contains(&format!(", {version} TLS_")), "{}", shown.line);
        assert!(shown.line.contains("not decrypted: no secrets"), "{}", shown.line);
        assert_eq!(shown.records.len(), recorded.records.len());
        for (shown, whole) in shown.records.iter().zip(&recorded.records) {
            assert_eq!(shown.wire, whole.wire);
            let content = if whole.is_encrypted() { &Content::Hidden } else { &whole.content };
            assert_eq!(&shown.content, content);
        }
    }
}

#[test]
fn secrets_may_stand_between_the_packets() {
    let recorded = &*TLS13;
    let segments = recorded.segments(60_000);
    let (hello, rest) = segments.split_first().expect("a ClientHello");
    let mut file = PcapNg::ethernet();
    file.segments(&syns()).tcp(hello).key_log(&recorded.key_log).segments(rest).segments(&recorded.fins());
    assert_whole(recorded, &only(&file.bytes()));
}

#[test]
fn a_capture_that_begins_between_syn_and_client_hello_is_whole() {
    let recorded = &*TLS13;
    let all = [recorded.segments(1460), recorded.fins().to_vec()].concat();
    let shown = only(&capture(&recorded.key_log, &all));
    assert_whole(recorded, &shown);
}

#[test]
fn a_capture_that_begins_in_the_middle_has_no_session_but_counts_it() {
    let recorded = &*TLS13;
    let segments = recorded.segments(60_000);
    let (sessions, report) = show(&capture(&recorded.key_log, &segments[segments.len() - 4..]));
    assert_eq!((sessions.len(), report.seen.headless, report.seen.others), (0, 1, 0));
}

#[test]
fn other_protocols_are_counted() {
    let tcp =
        |sender, sequence, payload: &[u8]| Tcp { sender, sequence, flags: "A", payload: payload.to_vec() };
    let segments =
        [tcp(Side::Client, 1, b"GET / HTTP/1.1\r\n\r\n"), tcp(Side::Server, 1, b"HTTP/1.1 200 OK\r\n")];
    let (sessions, report) = show(&capture("", &segments));
    assert_eq!((sessions.len(), report.seen.headless, report.seen.others), (0, 0, 1));
}

#[test]
fn a_lost_segment_is_a_gap_of_its_length_and_ends_its_direction() {
    for recorded in [&*TLS13, &*TLS12] {
        let segments = recorded.segments(1000);
        let is_late = |segment: &&Tcp| segment.payload.len() == 1000 && segment.sender == Side::Server;
        let lost = segments.iter().rposition(|segment| is_late(&segment)).expect("bulk data");
        let before: usize =
            segments[..lost].iter().filter(is_server).map(|segment| segment.payload.len()).sum();
        let mut rest = segments.clone();
        rest.remove(lost);
        let shown = replayed(recorded, rest);
        assert_eq!(shown.gaps, [(Side::Server, Gap { after: before as u64, missing: 1000 })]);
        assert_eq!(sent_by(Side::Client, &shown), recorded.of(Side::Client), "the other direction is whole");
        let server = sent_by(Side::Server, &shown);
        assert!(recorded.of(Side::Server).starts_with(&server) && !server.is_empty());
        let says = format!("server: 1000 bytes missing after byte {before}, FIN");
        assert!(shown.line.contains(&says), "{}", shown.line);
    }
}

fn is_server(segment: &&Tcp) -> bool {
    segment.sender == Side::Server
}

#[test]
fn without_a_server_hello_nothing_later_is_taken_for_clear_text() {
    let recorded = &*TLS13;
    let mut segments = recorded.segments(60_000);
    let hello = segments.iter().position(|segment| is_server(&segment)).expect("a flight");
    segments.remove(hello);
    let shown = replayed(recorded, segments);
    assert_eq!(sent_by(Side::Server, &shown).len(), 0);
    assert_eq!(shown.gaps.len(), 1);
    for record in &shown.records {
        assert!(!matches!(record.content, Content::ApplicationData(_)), "{record:?}");
    }
}

#[test]
fn the_end_is_told_as_it_was_captured() {
    let recorded = &*TLS13;
    let segments = recorded.segments(60_000);
    let [fin, _] = recorded.fins();
    let reset = Tcp { flags: "R", ..fin.clone() };
    let all = |last: &[Tcp]| only(&capture(&recorded.key_log, &[&syns(), &segments[..], last].concat())).line;
    for (last, end) in [
        (&[fin.clone(), reset][..], "client: close_notify, FIN, RST; server: close_notify"),
        (&[fin], "client: close_notify, FIN; server: close_notify; the capture ends here"),
        (&[], "client: close_notify; server: close_notify; the capture ends here"),
    ] {
        let line = all(last);
        assert!(line.ends_with(end), "{line}");
    }
}

/// Returns the line of a session of TLS 1.3 that ends with these records in clear text and FINs of both ends.
fn ended_by(key_log: &str, encrypted: bool, alert: &[u8]) -> String {
    let recorded = &*TLS13;
    let all = recorded.segments(60_000);
    let hello = all.iter().position(|segment| is_server(&segment)).expect("a flight");
    let mut segments = all[..=hello].to_vec();
    if !encrypted {
        segments.truncate(hello);
    }
    for sender in [Side::Client, Side::Server] {
        let of_sender = segments.iter().filter(|segment| segment.sender == sender);
        let sent = of_sender.map(|segment| segment.payload.len() as u32).sum::<u32>();
        let first = if sender == Side::Client { CLIENT_SYN } else { SERVER_SYN }.wrapping_add(1);
        let sequence = first.wrapping_add(sent);
        segments.push(Tcp { sender, sequence, flags: "FA", payload: alert.to_vec() });
    }
    let shown = only(&capture(key_log, &[&syns(), &segments[..]].concat()));
    format!("{}; {:?}", shown.line, shown.grade.expect("an end"))
}

const CLOSE_NOTIFY: [u8; 7] = [21, 3, 3, 0, 2, 1, 0];
const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// An attacker on the path can append such alerts to a session that he cuts off. Both ends refuse them.
#[test]
fn an_alert_in_clear_text_after_the_keys_does_not_end_a_session() {
    let forged = ended_by(&TLS13.key_log, true, &CLOSE_NOTIFY);
    let end = "unauthenticated close_notify (0) in clear text, FIN without close_notify";
    assert!(forged.ends_with(&format!("client: {end}; server: {end}; Doubtful")), "{forged}");
    let forged = ended_by("", true, &HANDSHAKE_FAILURE);
    let end = "unauthenticated handshake_failure (40) in clear text, FIN";
    assert!(forged.ends_with(&format!("client: {end}; server: {end}; Doubtful")), "{forged}");
}

#[test]
fn an_alert_in_clear_text_before_the_keys_is_a_report() {
    let refused = ended_by(&TLS13.key_log, false, &HANDSHAKE_FAILURE);
    let end = "alert handshake_failure (40), FIN";
    assert!(refused.ends_with(&format!("client: {end}; server: {end}; Failed")), "{refused}");
    let closed = ended_by(&TLS13.key_log, false, &CLOSE_NOTIFY);
    assert!(closed.ends_with("in clear text, FIN without close_notify; Failed"), "{closed}");
}

/// The handshake of TLS 1.2 has a ServerHello but no keys when both ends send close_notify.
#[test]
fn a_close_notify_in_clear_text_ends_no_session_of_tls_1_2_well() {
    let recorded = &*TLS12;
    let mut segments = recorded.segments(60_000)[..2].to_vec();
    assert!(is_server(&&segments[1]));
    for segment in &mut segments {
        segment.payload.extend(CLOSE_NOTIFY);
    }
    let shown = only(&capture(&recorded.key_log, &[&syns(), &segments[..]].concat()));
    assert_eq!(shown.grade, Some(Grade::Doubtful), "{}", shown.line);
    assert!(shown.line.contains("client: unauthenticated close_notify (0) in clear text"), "{}", shown.line);
}

#[test]
fn early_data_in_the_segment_of_its_client_hello_is_decrypted() {
    let shape = Shape { resumption: true, early_data: 1000, ..Shape::default() };
    let configs = Configs::new(&shape);
    let mut first = begin(&configs);
    first.exchange();
    first.close();
    let mut session = begin(&configs);
    session.send_early_data(b"early");
    session.exchange();
    session.close();
    let flights = session.flights;
    let secrets = flights.iter().flat_map(|flight| &flight.learnt);
    let key_log = secrets.map(|secret| secret.line() + "\n").collect();
    let records = decode(Side::Server, &flights);
    let recorded = Recorded { flights, key_log, records };
    for size in [7, 100, 60_000] {
        let shown = replayed(&recorded, recorded.segments(size));
        let early = shown.records.iter().find(|record| record.content == Content::ApplicationData(5));
        assert_eq!(early.map(Record::payload), Some(&b"early"[..]), "{size} {}", shown.line);
        assert_eq!(transcript(&shown.records), transcript(&recorded.records));
    }
}

#[test]
fn a_second_connection_with_the_same_ports_is_another_session() {
    let recorded = &*TLS13;
    let first = [syns().to_vec(), recorded.segments(60_000)].concat();
    let later = first
        .iter()
        .cloned()
        .map(|segment| Tcp { sequence: segment.sequence.wrapping_add(1 << 20), ..segment });
    let all = [first.clone(), first.clone(), later.collect()].concat();
    let (sessions, report) = show(&capture(&recorded.key_log, &all));
    assert_eq!((sessions.len(), report.seen.sessions), (2, 2), "the second time are retransmissions");
    for session in &sessions {
        assert_eq!(transcript(&session.records), transcript(&recorded.records));
    }
    assert!(sessions[0].line.contains("another connection with the same ports"), "{}", sessions[0].line);
}

/// What happens to a segment on the way to the capture.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// By how many places it comes later.
    late: usize,
    doubled: bool,
    /// How many bytes it repeats of its direction before it.
    overlap: usize,
    keep_alive: bool,
}

/// The most places by which a segment comes later.
const LATEST: usize = 30;

fn fate() -> impl Strategy<Value = Fate> {
    let late = prop_oneof![4 => Just(0), 1 => 0..LATEST];
    (
        late,
        prop::bool::weighted(0.1),
        prop_oneof![4 => Just(0), 1 => 0_usize..3000],
        prop::bool::weighted(0.05),
    )
        .prop_map(|(late, doubled, overlap, keep_alive)| Fate { late, doubled, overlap, keep_alive })
}

/// Applies the fates to the segments of one direction. The order of the two directions stays, because each waits for the
/// other.
fn disturb(recorded: &Recorded, size: usize, fates: &[Fate]) -> Vec<Tcp> {
    let mut disturbed: Vec<(usize, Tcp)> = Vec::new();
    let mut sent: [Vec<u8>; 2] = Default::default();
    let mut turn = (0, Side::Client);
    for (segment, fate) in recorded.segments(size).into_iter().zip(fates.iter().cycle()) {
        if segment.sender != turn.1 {
            turn = (turn.0 + 1, segment.sender);
        }
        let sent = &mut sent[usize::from(segment.sender == Side::Server)];
        let overlap = fate.overlap.min(sent.len());
        let payload = [&sent[sent.len() - overlap..], &segment.payload].concat();
        sent.extend_from_slice(&segment.payload);
        let sequence = segment.sequence.wrapping_sub(overlap as u32);
        let place = turn.0 * 1_000_000 + (disturbed.len() + fate.late) * 10;
        if fate.keep_alive {
            // A probe repeats an acknowledged byte, so it comes behind this byte, however late the byte is.
            let sequence = segment.sequence.wrapping_sub(1);
            disturbed.push((place + 10 * LATEST, Tcp { sequence, payload: vec![0], ..segment.clone() }));
        }
        let moved = Tcp { sequence, payload, ..segment };
        if fate.doubled {
            disturbed.push((place + 5, moved.clone()));
        }
        disturbed.push((place, moved));
    }
    disturbed.sort_by_key(|(place, _)| *place);
    disturbed.into_iter().map(|(_, segment)| segment).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn segments_that_are_late_doubled_or_overlapping_give_the_same_records(
        size in prop_oneof![1_usize..50, 50_usize..3000],
        fates in prop::collection::vec(fate(), 1..100),
        old in any::<bool>(),
    ) {
        let recorded = if old { &*TLS12 } else { &*TLS13 };
        let shown = replayed(recorded, disturb(recorded, size, &fates));
        assert_whole(recorded, &shown);
    }

    #[test]
    fn lost_segments_leave_a_true_beginning_and_a_gap(
        size in 50_usize..3000,
        fates in prop::collection::vec(fate(), 1..100),
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let recorded = &*TLS13;
        let mut segments = disturb(recorded, size, &fates);
        for index in lost {
            segments.remove(index.index(segments.len()));
        }
        let (sessions, _) = show(&capture(&recorded.key_log, &[&syns(), &segments[..], &recorded.fins()].concat()));
        for shown in &sessions {
            for side in [Side::Client, Side::Server] {
                let (records, whole) = (sent_by(side, shown), recorded.of(side));
                let is_whole = records.len() == whole.len();
                let has_gap = shown.gaps.iter().any(|(gap, _)| *gap == side);
                let other_gap = shown.gaps.iter().any(|(gap, _)| *gap != side);
                prop_assert!(is_whole || has_gap || other_gap);
                for (record, whole) in records.iter().zip(whole) {
                    prop_assert_eq!(&record.wire, &whole.wire);
                }
            }
        }
    }
}
