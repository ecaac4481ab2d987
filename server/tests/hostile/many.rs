//! Many clients at the same time, and queued clients.

use std::net::TcpStream;

use testing::echo_server::EchoServer;
use testing::end::End;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;
use testing::raw;

use crate::case::{Case, after_one_client, alert, assert_as_before, check_all, client_hello, read_end, send};

#[test]
fn many_clients() {
    check_all(&[
        Case::new(
            "two thousand connect and leave at once",
            |server| {
                (0..2000).for_each(|_| drop(server.connect_raw()));
                None
            },
            None,
            "left without sending anything",
        ),
        Case::new(
            "five hundred send nothing and leave",
            |server| {
                let clients: Vec<TcpStream> = (0..500).map(|_| server.connect_raw()).collect();
                server.log().wait_for_line("number 499 in the accept queue");
                drop(clients);
                None
            },
            None,
            "left without sending anything",
        )
        .flags(&["--waiting", "600", "--trace"]),
        Case::new(
            "five hundred sessions at the same time, all reset",
            |server| {
                let hello = client_hello(server, rustls::DEFAULT_VERSIONS);
                let clients: Vec<TcpStream> = (0..500).map(|_| send(server.connect_raw(), &hello)).collect();
                for mut socket in clients {
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
fn queued_clients() {
    check_all(&[
        Case::new(
            "HTTP before the client is served",
            |server| {
                let first = server.connect();
                let queued = send(server.connect_raw(), b"GET / HTTP/1.1\r\n\r\n");
                server.log().wait_for_line("in the accept queue");
                first.close();
                read_end(queued)
            },
            alert(rustls::AlertDescription::DecodeError),
            "it speaks HTTP",
        ),
        Case::new(
            "a ClientHello before the client is served",
            |server| {
                let first = server.connect();
                let mut queued = TlsClient::new(server.connect_raw(), server.client_config());
                queued.send_client_hello();
                server.log().wait_for_line("in the accept queue");
                first.close();
                queued.handshake().unwrap();
                queued.close_notify();
                Some(queued.receive_to_end().1)
            },
            End::CloseNotify,
            "closed cleanly",
        ),
        Case::new(
            "half a ClientHello before the client is served, then a FIN",
            |server| {
                let first = server.connect();
                let mut queued = TlsClient::new(server.connect_raw(), server.client_config());
                queued.send_half_a_client_hello();
                queued.fin();
                first.close();
                read_end(queued.into_socket())
            },
            End::Fin,
            "truncated: the client left before the handshake was done",
        ),
        Case::new(
            // The ClientHello is still in the socket, so the client gets a session.
            "a ClientHello and a reset before the client is served",
            |server| {
                let first = server.connect();
                let mut queued = TlsClient::new(server.connect_raw(), server.client_config());
                queued.send_client_hello();
                server.log().wait_for_line("in the accept queue");
                raw::reset(queued.into_socket());
                first.close();
                None
            },
            None,
            "reset the connection",
        ),
    ]);
}

/// The clients in the backlog cause no new event.
#[test]
fn more_clients_than_file_descriptors() {
    let folder = TempDir::new();
    let launch = Launch::server_limited("-n 40", folder.path());
    let server = EchoServer::launch(launch, folder);
    let before = after_one_client(&server, EchoServer::serves_a_client);
    let clients: Vec<TcpStream> = (0..100).map(|_| server.connect_raw()).collect();
    server.log().wait_for_line("accepting a connection failed");
    drop(clients);
    server.serves_a_client();
    assert_as_before(&server, before);
}
