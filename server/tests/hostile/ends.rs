//! Clients that end a session too early, too late, or twice.

use std::io::Write as _;
use std::net::Shutdown;
use std::thread;

use testing::end::End;
use testing::raw;

use crate::case::{Case, VERSIONS, check_all, forger, greeted, read_end};

const CLEANLY: &str = "closed cleanly, the client first; 5 bytes received";
const RESET: &str = "the client reset the connection after the handshake, so something may be missing";

#[test]
fn ends_of_an_established_session() {
    let mut cases = Vec::new();
    for (name, version) in VERSIONS {
        let called = |what: &str| format!("{what}, {name}");
        cases.extend([
            Case::new(
                called("close_notify, then data"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    let mut bytes = client.seal(b"hello");
                    bytes.extend(client.seal_close_notify());
                    bytes.extend(client.seal(b"more"));
                    client.write_raw(&bytes);
                    let (echo, end) = client.receive_to_end();
                    assert_eq!(echo, b"hello");
                    Some(end)
                },
                End::CloseNotify,
                CLEANLY,
            ),
            // The bytes stay unread in the socket. Without draining, a reset would destroy the answer in flight.
            Case::new(
                called("a megabyte, close_notify, six bytes"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    let mut bytes = Vec::new();
                    for _ in 0..64 {
                        bytes.extend(client.seal(&[b'x'; 16 * 1024]));
                    }
                    bytes.extend(client.seal_close_notify());
                    bytes.extend(b"unread");
                    client.write_raw(&bytes);
                    server.log().wait_for_line("1048576 bytes received"); // the client reads nothing before that
                    let (echo, end) = client.receive_to_end();
                    assert_eq!(echo.len(), 1024 * 1024);
                    Some(end)
                },
                End::CloseNotify,
                "closed cleanly, the client first; 1048576 bytes received",
            ),
            Case::new(
                called("close_notify twice, then noise"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    client.send(b"hello");
                    let close_notify = client.seal_close_notify();
                    client.write_raw(&[&close_notify, &close_notify, &b"noise"[..]].concat());
                    Some(client.receive_to_end().1)
                },
                End::CloseNotify,
                CLEANLY,
            ),
            Case::new(
                called("a FIN without close_notify"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    client.send(b"hello");
                    client.fin();
                    let (echo, end) = client.receive_to_end();
                    assert_eq!(echo, b"hello", "complete records are answered");
                    Some(end)
                },
                End::Fin,
                "truncated: the client left without close_notify",
            ),
            Case::new(
                called("a FIN in the middle of a record"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    let record = client.seal(b"hello");
                    client.write_raw(&record[..record.len() - 1]);
                    client.fin();
                    Some(client.receive_to_end().1)
                },
                End::Fin,
                "truncated: the client left without close_notify",
            ),
            Case::new(
                called("a reset"),
                move |server| {
                    raw::reset(greeted(server, version).0.into_socket());
                    None
                },
                None,
                RESET,
            ),
            Case::new(
                called("a reset with an echo in flight"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    let sender = client.send_in_background(&vec![0; 16 << 20]);
                    client.receive(1 << 20);
                    client.socket().shutdown(Shutdown::Both).unwrap(); // ends the sender too
                    let _ = sender.join().unwrap();
                    raw::reset(client.into_socket());
                    None
                },
                None,
                "session 2: ",
            ),
            Case::new(
                called("a large request, then close_notify and FIN at once"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    let request: Vec<u8> = (0..4 << 20).map(|at: u32| (at ^ (at >> 9)) as u8).collect();
                    let mut bytes = client.seal(&request);
                    bytes.extend(client.seal_close_notify());
                    let mut socket = client.socket().try_clone().unwrap();
                    let sender = thread::spawn(move || {
                        socket.write_all(&bytes).unwrap();
                        socket.shutdown(Shutdown::Write).unwrap();
                    });
                    let (answer, end) = client.receive_to_end();
                    sender.join().unwrap();
                    assert!(answer == request, "{} of {} bytes", answer.len(), request.len());
                    Some(end)
                },
                End::CloseNotify,
                "closed cleanly, the client first; 4194304 bytes received",
            ),
        ]);
    }
    check_all(&cases);
}

#[test]
fn ends_during_the_handshake() {
    let mut cases = Vec::new();
    for (name, version) in VERSIONS {
        let called = |what: &str| format!("{what}, {name}");
        cases.extend([
            Case::new(
                called("a FIN after the ClientHello"),
                move |server| {
                    let (mut client, _) = forger(server, version);
                    client.send_client_hello();
                    client.fin();
                    read_end(client.into_socket())
                },
                End::Fin,
                "truncated: the client left before the handshake was done",
            ),
            Case::new(
                called("a reset instead of the Finished"),
                move |server| {
                    let (mut client, _) = forger(server, version);
                    client.second_flight();
                    raw::reset(client.into_socket());
                    None
                },
                None,
                "the client reset the connection during the handshake; the client had sent its ClientHello and nothing after it",
            ),
            Case::new(
                called("half of the last flight"),
                move |server| {
                    let (mut client, _) = forger(server, version);
                    let flight = client.second_flight();
                    client.write_raw(&flight[..flight.len() / 2]);
                    client.fin();
                    Some(client.receive_to_end().1)
                },
                End::Fin,
                "truncated: the client left before the handshake was done",
            ),
            Case::new(
                called("the last flight, close_notify and FIN at once"),
                move |server| {
                    let (mut client, _) = forger(server, version);
                    let mut bytes = client.second_flight();
                    if name == "TLS 1.3" {
                        bytes.extend(client.seal_close_notify());
                    }
                    client.write_raw(&bytes);
                    client.fin();
                    let (greeting, end) = client.receive_to_end();
                    assert_eq!(greeting, b"welcome!\n");
                    assert_eq!(end == End::CloseNotify, name == "TLS 1.3");
                    None
                },
                None,
                "connected: ",
            ),
        ]);
    }
    check_all(&cases);
}
