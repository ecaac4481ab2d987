//! The inputs to start from: bytes of real peers, bytes of other protocols, and scripts.

use std::io::{Read as _, Write as _};

use rustls::{Connection, Side};
use tls_session::simulation::tls::{CERTIFICATE_PEM, KEY_PEM, Shared, certificate};

use crate::capture;
use crate::operations::Operation::{
    self, Arrive, Break, Chunk, Close, CloseNotify, Fin, FinishSending, Flip, Inject, Pass, PausePeer,
    ReadFails, ReportReady, Reset, Room, Segment, Send, SendBytes, SendFromOutside, UpdateKeys, Wait,
    WriteFails,
};
use crate::operations::Script;
use crate::tls::{Versions, ends};

/// An input and its target.
pub struct Seed {
    /// Its target.
    pub target: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The input.
    pub input: Vec<u8>,
}

/// All seeds.
pub fn all() -> Vec<Seed> {
    let seed = |target, name, input| Seed { target, name, input };
    let mut seeds = Vec::new();
    for (name, versions, asks) in [
        ("tls13", Versions::Tls13, 0),
        ("tls12", Versions::Tls12, 0),
        ("tls13-certificate", Versions::Tls13, 32),
        ("tls12-certificate", Versions::Tls12, 32),
    ] {
        let to_server = flights_of(Side::Client, versions, asks != 0);
        let to_client = flights_of(Side::Server, versions, asks != 0);
        seeds.push(seed("server_bytes", name, [&[asks], &to_server[..]].concat()));
        seeds.push(seed("client_bytes", name, [&[asks], &to_client[..]].concat()));
    }
    for (name, bytes) in FOREIGN {
        let input = [&[0], bytes].concat();
        seeds.push(seed("server_bytes", name, input.clone()));
        seeds.push(seed("client_bytes", name, input));
        seeds.push(seed("parsers", name, [&[1], bytes].concat()));
    }
    seeds.extend(scripts().into_iter().map(|(name, script)| seed("operations", name, script.encode())));
    for (name, input) in decoded() {
        seeds.push(seed("decoder", name, input));
    }
    for (name, input) in captured() {
        seeds.push(seed("capture", name, input));
    }
    for (name, input) in parsed() {
        seeds.push(seed("parsers", name, input));
    }
    seeds
}

/// Bytes of other protocols, and single alerts.
const FOREIGN: [(&str, &[u8]); 6] = [
    ("http", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("http-answer", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("sslv2", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"),
    ("alert", b"\x15\x03\x03\x00\x02\x02\x28"),
    ("close-notify", b"\x15\x03\x03\x00\x02\x01\x00"),
];

/// Runs a session to its end: data both ways, a key update in TLS 1.3, and a clean end. `told` gets each flight.
pub fn converse(ends: &Shared, mut told: impl FnMut(Side, &[u8])) {
    let mut client = Connection::from(ends.client());
    let mut server = Connection::from(ends.server());
    let mut pass = |client: &mut Connection, server: &mut Connection| {
        while deliver(client, server, Side::Client, &mut told)
            | deliver(server, client, Side::Server, &mut told)
        {}
    };
    pass(&mut client, &mut server);
    client.writer().write_all(b"hello").expect("room");
    server.writer().write_all(b"welcome!\n").expect("room");
    pass(&mut client, &mut server);
    if client.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3) {
        client.refresh_traffic_keys().expect("TLS 1.3");
        server.refresh_traffic_keys().expect("TLS 1.3");
    }
    client.writer().write_all(&[b'x'; 40]).expect("room");
    server.writer().write_all(&[b'y'; 40]).expect("room");
    pass(&mut client, &mut server);
    client.send_close_notify();
    server.send_close_notify();
    pass(&mut client, &mut server);
}

fn deliver(
    from: &mut Connection,
    to: &mut Connection,
    side: Side,
    told: &mut impl FnMut(Side, &[u8]),
) -> bool {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).expect("a vector takes everything");
    }
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        to.read_tls(&mut rest).expect("room");
        to.process_new_packets().expect("an honest peer");
        let _ = to.reader().read_to_end(&mut Vec::new()); // ends in WouldBlock, having read it all
    }
    if !bytes.is_empty() {
        told(side, &bytes);
    }
    !bytes.is_empty()
}

/// Everything that one side sends in a session.
fn flights_of(by: Side, versions: Versions, asks: bool) -> Vec<u8> {
    let (client, server) = match by {
        Side::Client => (versions, Versions::Both),
        Side::Server => (Versions::Both, versions),
    };
    let mut sent = Vec::new();
    converse(&ends(client, server, asks).shared(), |sender, bytes| {
        if sender == by {
            sent.extend_from_slice(bytes);
        }
    });
    sent
}

/// The settings of the scripts below. See [`Script::setting`].
const CLIENT: u8 = 1;
const TLS12: u8 = 2;
const ASKS: u8 = 8;
const ESTABLISHED: u8 = 64;

/// Scripts: a name, a setting, and operations.
const SCRIPTS: [(&str, u8, &[Operation]); 14] = [
    ("echo", ESTABLISHED, &[Send(100), Pass, Send(20_000), Pass, CloseNotify, Pass]),
    ("echo-tls12", TLS12 | ESTABLISHED, &[Send(100), Pass, CloseNotify, Pass, Fin]),
    ("client", CLIENT | ESTABLISHED, &[Send(100), Pass, Wait(12), Pass, CloseNotify, Pass]),
    (
        "client-tls12",
        CLIENT | TLS12 | ESTABLISHED,
        &[SendFromOutside(500), Pass, FinishSending, Pass, CloseNotify, Pass],
    ),
    ("certificate", ASKS, &[Pass, Send(1), Pass, CloseNotify, Pass]),
    ("cut", 0, &[Arrive(5), Arrive(100), Arrive(400), Pass, Send(10), Arrive(20), Arrive(7), Fin]),
    ("slow", 0, &[Segment(1), Chunk(7), Pass, Send(50), Pass, Close, Pass]),
    (
        "paused",
        ESTABLISHED,
        &[
            Room(100),
            PausePeer,
            Send(60_000),
            Send(60_000),
            Send(60_000),
            Send(60_000),
            Pass,
            Wait(99),
            PausePeer,
            Pass,
        ],
    ),
    (
        "records",
        ESTABLISHED,
        &[PausePeer, Room(0), SendBytes(255), SendBytes(255), SendBytes(255), Pass, UpdateKeys, Pass],
    ),
    ("damage", ESTABLISHED, &[Send(10), Flip(9), Pass, Inject(23, 3), Pass]),
    ("damage-after-close", ESTABLISHED, &[Pass, Close, Send(10), Flip(9), Pass]),
    (
        "failed-calls",
        0,
        &[ReadFails(2), WriteFails(0), Pass, ReadFails(1), WriteFails(3), Send(9), Pass, ReportReady],
    ),
    ("reset", CLIENT, &[Pass, Send(3), Reset(4), Pass]),
    ("broken", ESTABLISHED, &[Send(9), Break, Pass, ReportReady]),
];

fn scripts() -> Vec<(&'static str, Script)> {
    let script = |setting, operations: &[Operation]| Script { setting, operations: operations.to_vec() };
    SCRIPTS.iter().map(|(name, setting, operations)| (*name, script(*setting, operations))).collect()
}

fn decoded() -> Vec<(&'static str, Vec<u8>)> {
    let mut pieces = vec![0];
    for (side, bytes) in [(0, FOREIGN[4].1), (128, FOREIGN[5].1), (0, &b"\x16\x03\x01\x00\x04\x0e\0\0\0"[..])]
    {
        pieces.push(side | u8::try_from(bytes.len()).expect("a short one"));
        pieces.extend_from_slice(bytes);
    }
    vec![
        ("alerts", pieces),
        ("tls13", vec![1]),
        ("tls12", vec![3]),
        ("tls13-no-secrets", vec![1 | 12]),
        ("tls13-bytewise", vec![1 | 16]),
        ("tls13-damaged", vec![1, 0, 50, 0, 1, 1, 100, 0, 1]),
        ("tls12-damaged", vec![3, 0, 6, 0, 1, 66, 9, 0, 1]),
    ]
}

fn captured() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("pcapng", [&[0], &capture::beginning()[..]].concat()),
        ("pcap", [&[0], &b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..], &[0; 12], &[1, 0, 0, 0], &[0; 16]].concat()),
        ("whole", vec![1]),
        ("bytewise", vec![5]),
        ("moved", vec![4, 2, 5, 0, 1, 2, 9, 0, 2, 1, 3, 0, 4]),
        ("overlapping", vec![6, 3, 4, 0, 0, 3, 9, 0, 0]),
        ("lost", vec![4, 0, 8, 0, 0]),
        ("changed", vec![4, 7, 5, 0, 9, 6, 8, 0, 1, 5, 9, 0, 2]),
    ]
}

/// An OCSP response.
const GOOD: &[u8] = include_bytes!("../../identity/tests/identity/fixtures/ocsp/good.der");

fn parsed() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("host", b"\0example.org:443".to_vec()),
        ("host-ipv6", b"\0[fe80::1%eth0]:443".to_vec()),
        ("time", b"\x001h 30m".to_vec()),
        ("pem", [b"\x02", CERTIFICATE_PEM.as_bytes(), KEY_PEM.as_bytes()].concat()),
        ("certificate", [b"\x03", certificate().as_ref()].concat()),
        ("certificate-patched", b"\x04\x20\x00\x01".to_vec()),
        ("ocsp", [b"\x06", GOOD].concat()),
        ("escaped", b"\x05\x1b[2J\\ \xe2\x80\xae".to_vec()),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arbitrary::{Arbitrary as _, Unstructured};
    use tls_session::close_reason::{CloseReason, Endpoint};

    use super::{all, scripts};
    use crate::operations::Script;
    use crate::{bytes, capture, decoder, parsers, play};

    #[test]
    fn the_seeds_in_the_folder_are_up_to_date() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
        for seed in all() {
            let file = folder.join(seed.target).join(seed.name);
            let kept = std::fs::read(&file).unwrap_or_default();
            assert!(kept == seed.input, "{}: run `cargo run --example seeds`", file.display());
        }
    }

    #[test]
    fn bytes_of_a_real_peer_are_valid_in_every_run() {
        for seed in all().iter().filter(|seed| seed.name.starts_with("tls")) {
            let ended = match seed.target {
                "server_bytes" => bytes::to_server(&seed.input),
                "client_bytes" => bytes::to_client(&seed.input),
                _ => continue,
            };
            assert_eq!(ended, Some(CloseReason::Clean { first: Endpoint::Peer }), "{}", seed.name);
        }
    }

    #[test]
    fn an_encoded_script_can_be_decoded() {
        for (name, script) in scripts() {
            let input = script.encode();
            assert_eq!(Script::arbitrary(&mut Unstructured::new(&input)).as_ref(), Ok(&script), "{name}");
        }
    }

    #[test]
    fn no_seed_finds_a_fault() {
        scripts().iter().for_each(|(_, script)| drop(play::play(script)));
        for seed in all() {
            match seed.target {
                "decoder" => decoder::run(&seed.input),
                "capture" => capture::run(&seed.input),
                "parsers" => parsers::run(&seed.input),
                _ => {}
            }
        }
    }
}
