//! Many at once, and those who wait.

use std::net::TcpStream;

use testing::echo_server::EchoServer;
use testing::end::End;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;
use testing::raw;

use crate::case::{Case, after_one_client, alert, assert_as_before, check_all, client_hello, hear, say_more};

#[test]
fn crowds() {
    check_all(&[
        Case::new(
            "two thousand who come and leave at once",
            |server| {
                (0..2000).for_each(|_| drop(server.connect_raw()));
                None
            },
            None,
            "left without sending anything",
        ),
        Case::new(
            "five hundred who say nothing, and leave",
            |server| {
                let crowd: Vec<TcpStream> = (0..500).map(|_| server.connect_raw()).collect();
                server.log().wait_for_line("number 499 in the accept queue");
                drop(crowd);
                None
            },
            None,
            "left without sending anything",
        )
        .flags(&["--waiting", "600", "--trace"]),
        Case::new(
            "five hundred at once, each in a slot of its own, who reset their connections",
            |server| {
                let hello = client_hello(server, rustls::DEFAULT_VERSIONS);
                let crowd: Vec<TcpStream> =
                    (0..500).map(|_| say_more(server.connect_raw(), &hello)).collect();
                for mut socket in crowd {
                    raw::read_record(&mut socket);
                    raw::reset(socket);
                }
                let line = server.log().wait_for_line(" clients lost their connection");
                assert!(line.contains(" in the last second also: "), "{line}");
                None
            },
            None,
            "reset the connection",
        )
        .flags(&["--slots", "500", "--waiting", "600"]),
    ]);
}

#[test]
fn waiters() {
    check_all(&[
        Case::new(
            "one that speaks HTTP before its turn",
            |server| {
                let first = server.connect();
                let waiter = say_more(server.connect_raw(), b"GET / HTTP/1.1\r\n\r\n");
                server.log().wait_for_line("waits for its turn");
                first.close();
                hear(waiter)
            },
            alert(rustls::AlertDescription::DecodeError),
            "it speaks HTTP",
        ),
        Case::new(
            "one that says its hello before its turn, and is welcome",
            |server| {
                let first = server.connect();
                let mut waiter = TlsClient::new(server.connect_raw(), server.client_config());
                waiter.send_client_hello();
                server.log().wait_for_line("waits for its turn");
                first.close();
                waiter.handshake().unwrap();
                waiter.close_notify();
                Some(waiter.receive_to_end().1)
            },
            End::CloseNotify,
            "closed cleanly",
        ),
        Case::new(
            "one that says half its hello before its turn, and leaves",
            |server| {
                let first = server.connect();
                let mut waiter = TlsClient::new(server.connect_raw(), server.client_config());
                waiter.send_half_a_client_hello();
                waiter.fin();
                first.close();
                hear(waiter.into_socket())
            },
            End::Fin,
            "truncated: the client left before the handshake was done",
        ),
        Case::new(
            // Its bytes are still there, and so it gets its turn.
            "one that says its hello and resets before its turn",
            |server| {
                let first = server.connect();
                let mut waiter = TlsClient::new(server.connect_raw(), server.client_config());
                waiter.send_client_hello();
                server.log().wait_for_line("waits for its turn");
                raw::reset(waiter.into_socket());
                first.close();
                None
            },
            None,
            "reset the connection",
        ),
    ]);
}

/// Out of file descriptors, with hundreds behind whom no event announces any more.
#[test]
fn more_than_there_are_file_descriptors_for() {
    let folder = TempDir::new();
    let launch = Launch::server_limited("-n 40", folder.path());
    let server = EchoServer::launch(launch, folder);
    let before = after_one_client(&server, EchoServer::serves_a_client);
    let crowd: Vec<TcpStream> = (0..100).map(|_| server.connect_raw()).collect();
    server.log().wait_for_line("accepting a connection failed");
    drop(crowd);
    server.serves_a_client();
    assert_as_before(&server, before);
}
