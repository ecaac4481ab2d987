//! Clients that end a session too early, too late, or twice.

use std::net::Shutdown;

use testing::peer::End;

use crate::case::{Case, VERSIONS, check_all, forger, greeted, greeted_then, read_end};

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
                    let bytes = [client.seal(b"hello"), client.seal_close_notify(), client.seal(b"more")];
                    client.write_raw(&bytes.concat());
                    let (echo, end) = client.receive_to_end();
                    assert_eq!(echo, b"hello");
                    end
                },
                End::CloseNotify,
                CLEANLY,
            ),
            // The six bytes stay unread in the socket. Without draining, a reset would destroy the answer in flight.
            Case::new(
                called("a megabyte, close_notify, six bytes, FIN"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    let bytes = [client.seal(&[b'x'; 1 << 20]), client.seal_close_notify(), b"unread".into()];
                    client.write_raw(&bytes.concat());
                    client.fin();
                    server.log().wait_for_line("1048576 bytes received"); // the client reads nothing before that
                    let (echo, end) = client.receive_to_end();
                    assert_eq!(echo.len(), 1 << 20);
                    end
                },
                End::CloseNotify,
                "closed cleanly, the client first; 1048576 bytes received",
            ),
            greeted_then(
                called("close_notify twice, then noise"),
                version,
                |client, _| {
                    client.send(b"hello");
                    let close_notify = client.seal_close_notify();
                    client.write_raw(&[&close_notify, &close_notify, &b"noise"[..]].concat());
                },
                End::CloseNotify,
                CLEANLY,
            ),
            greeted_then(
                called("a FIN without close_notify"),
                version,
                |client, _| {
                    client.send(b"hello");
                    client.fin();
                    assert_eq!(client.receive(5), b"hello", "complete records are answered");
                },
                End::Fin,
                "truncated: the client left without close_notify",
            ),
            greeted_then(
                called("a FIN in the middle of a record"),
                version,
                |client, _| {
                    let record = client.seal(b"hello");
                    client.write_raw(&record[..record.len() - 1]);
                    client.fin();
                },
                End::Fin,
                "truncated: the client left without close_notify",
            ),
            Case::new(called("a reset"), move |server| greeted(server, version).0.reset(), (), RESET),
            Case::new(
                called("a reset with an echo in flight"),
                move |server| {
                    let (mut client, _) = greeted(server, version);
                    let sender = client.send_in_background(&vec![0; 16 << 20]);
                    client.receive(1 << 20);
                    client.connection().socket().shutdown(Shutdown::Both).unwrap(); // ends the sender too
                    let _ = sender.join().unwrap();
                    client.reset();
                },
                (),
                "session 2: ",
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
                    read_end(client.into_connection())
                },
                End::Fin,
                "truncated: the client left before the handshake was done",
            ),
            Case::new(
                called("a reset instead of the Finished"),
                move |server| {
                    let (mut client, _) = forger(server, version);
                    client.second_flight();
                    client.reset();
                },
                (),
                "the client reset the connection during the handshake; the client had sent its ClientHello and nothing after it",
            ),
            Case::new(
                called("half of the last flight"),
                move |server| {
                    let (mut client, _) = forger(server, version);
                    let flight = client.second_flight();
                    client.write_raw(&flight[..flight.len() / 2]);
                    client.fin();
                    client.receive_to_end().1
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
                },
                (),
                "connected: ",
            ),
        ]);
    }
    check_all(&cases);
}
