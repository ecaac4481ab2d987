//! Wireshark reads the captures of both programs. Needs tshark.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod pcapng;
    pub mod shapes;
    pub mod tshark;
}

use std::path::Path;

use decode::{Content, Record};
use rustls::Side;
use support::pcapng::Capture;
use support::shapes::{Shape, capturing_server, greeted};
use support::tshark::{Seen, fields, records, tshark};
use testing::echo_server::EchoServer;

/// Matches every packet that Wireshark marks, in the colours of its packet list or in its expert information.
const OBJECTIONS: &str = "tcp.analysis.flags || _ws.malformed || _ws.expert.severity == error \
     || _ws.expert.severity == warning";

/// Asserts that Wireshark marks no packet, that all checksums are right, and that the sessions have these types of
/// handshake messages.
fn assert_valid(name: &str, file: &Path, port: u16, expected: &[&[u8]]) {
    assert_eq!(tshark(file, port, &["-Y", OBJECTIONS, "-V"]), "", "{name}: {}", file.display());
    let mut handshakes: Vec<Vec<u8>> = Vec::new();
    let names = ["tcp.stream", "tcp.checksum.status", "ip.checksum.status", "tls.handshake.type"];
    for line in fields(file, port, "tcp", &names) {
        let [stream, tcp, ip, types] = &line[..] else { panic!("{line:?}") };
        assert_eq!(tcp, "1", "{name}: its TCP checksum is not good");
        assert!(["1", ""].contains(&ip.as_str()), "{name}: its IP checksum, of IPv4, is not good");
        let stream: usize = stream.parse().unwrap();
        handshakes.resize(handshakes.len().max(stream + 1), Vec::new());
        let types = types.split(',').filter(|number| !number.is_empty());
        handshakes[stream].extend(types.map(|number| number.parse::<u8>().unwrap()));
    }
    assert_eq!(handshakes, expected, "{name}: {}", file.display());
}

/// Returns the number of packets that match a filter.
fn count(file: &Path, port: u16, filter: &str) -> usize {
    fields(file, port, filter, &["frame.number"]).len()
}

// ---- our decoder ------------------------------------------------------------------------

fn of_record(record: &Record) -> Seen {
    let content_type = match &record.content {
        Content::ChangeCipherSpec => 20,
        Content::Alert(_) => 21,
        Content::Handshake(_) => 22,
        Content::ApplicationData(_) => 23,
        other => panic!("{other:?}"),
    };
    let handshake_types = record.messages().map(|message| message.kind.into()).collect();
    Seen { from_server: record.sender == Side::Server, content_type, handshake_types }
}

/// Asserts that our decoder and Wireshark find the same records, and as many bytes of application data.
fn assert_same(name: &str, file: &Path, port: u16) {
    let (ours, theirs) = (Capture::read(file).decoded(), records(file, port));
    for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(of_record(ours), *theirs, "{name}: record {number}");
    }
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let data = ours.iter().filter(|record| matches!(record.content, Content::ApplicationData(_)));
    let lengths = fields(file, port, "data", &["data.len"]).concat().join(",");
    let lengths = lengths.split(',').filter(|length| !length.is_empty());
    let sum: usize = lengths.map(|length| length.parse::<usize>().unwrap()).sum();
    assert_eq!(data.map(|record| record.payload().len()).sum::<usize>(), sum, "{name}");
}

// ---- the shapes --------------------------------------------------------------------------------------------

/// Matches the message of the client and its echo.
const HELLO: &str = "data.data contains \"hello there\"";

fn check(group: &str, filter: &str, matches: usize) {
    for shape in Shape::of(group) {
        let taken = shape.take();
        for file in [&taken.server, &taken.client] {
            let matches = matches * shape.handshakes.len();
            assert_eq!(count(file, taken.port, filter), matches, "{}: {}", shape.name, file.display());
            assert_valid(shape.name, file, taken.port, shape.handshakes);
            assert_same(shape.name, file, taken.port);
        }
    }
}

#[test]
#[ignore = "needs tshark"]
fn all_suites_are_decrypted() {
    check("suite", HELLO, 2);
}

#[test]
#[ignore = "needs tshark"]
fn all_handshakes_are_decrypted() {
    check("handshake", HELLO, 2);
}

#[test]
#[ignore = "needs tshark"]
fn the_alert_of_a_refusing_client_is_decrypted() {
    check("refused", "tls.alert_message.desc == 48", 1);
}

#[test]
#[ignore = "needs tshark"]
fn ipv4_and_ipv6_are_valid() {
    check("address", HELLO, 2);
}

#[test]
#[ignore = "needs tshark"]
fn an_echo_of_ten_million_bytes_is_decrypted() {
    check("large", "data.data contains \"welcome!\"", 1);
}

// ---- sessions that our client does not have ---------------------------------------------------------------------------

/// Waits for the end of a server, checks its file, and compares the numbers of packets that match each filter.
fn check_server(mut server: EchoServer, ends: &[(&str, usize)]) {
    server.program.expect_exit(0);
    let file = server.folder.path().join("server.pcapng");
    let port = server.address.port();
    assert_same("", &file, port);
    for (filter, packets) in ends {
        assert_eq!(count(&file, port, filter), *packets, "{filter}");
    }
    // Wireshark warns of each reset.
    let filter = format!("({OBJECTIONS}) && tcp.flags.reset == 0");
    assert_eq!(tshark(&file, port, &["-Y", &filter, "-V"]), "");
}

#[test]
#[ignore = "needs tshark"]
fn a_truncated_session_has_no_close_notify() {
    let server = capturing_server(&["--sessions", "1"]);
    let mut client = greeted(&server);
    client.fin();
    client.receive_to_end();
    let from_client = format!("tcp.dstport == {}", server.address.port());
    check_server(
        server,
        &[
            (&format!("{from_client} && tcp.flags.fin == 1"), 1),
            (&format!("{from_client} && tls.alert_message"), 0),
            ("tcp.flags.reset == 1", 0),
        ],
    );
}

#[test]
#[ignore = "needs tshark"]
fn a_reset_is_recognised() {
    let server = capturing_server(&["--sessions", "1"]);
    let client = greeted(&server);
    client.reset();
    check_server(server, &[("tcp.flags.reset == 1", 1), ("tcp.flags.fin == 1", 0)]);
}

#[test]
#[ignore = "needs tshark"]
fn thousands_of_small_records_in_one_read_are_all_decrypted() {
    for version in ["1.2", "1.3"] {
        let server = capturing_server(&["--sessions", "1", "--tls", version]);
        let mut client = greeted(&server);
        server.program.signal("STOP"); // otherwise the server would read them one by one
        (0..3000).for_each(|_| client.send(b"x"));
        server.program.signal("CONT");
        assert_eq!(client.receive(3000), [b'x'; 3000]);
        client.close();
        check_server(server, &[("_ws.expert.severity == error", 0)]);
    }
}
