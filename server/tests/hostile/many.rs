//! Many clients at the same time, and queued clients.

use check::case::Version::Tls13;
use check::wire::Connection;
use testing::echo_server::EchoServer;
use testing::peer::{End, TlsClient};

use crate::case::{Case, alert, check_all, client_hello, read_end, row, send};

/// The rows of crowds.
pub fn table() -> Vec<Case> {
    vec![
        row("connect-and-leave-fin", Tls13, (), "left without sending anything"),
        row("connect-and-leave-rst", Tls13, (), "left without sending anything"),
        row("hello-and-rst", Tls13, (), "the client reset the connection during the handshake"),
    ]
}

#[test]
fn crowds() {
    check_all(&table());
}

#[test]
fn many_clients() {
    check_all(&[
        Case::new(
            "two thousand connect and leave at once",
            |server| (0..2000).for_each(|_| drop(server.connect_raw())),
            (),
            "left without sending anything",
        ),
        Case::new(
            "five hundred send nothing and leave",
            |server| {
                let clients: Vec<Connection> = (0..500).map(|_| server.connect_raw()).collect();
                server.log().wait_for_line("number 499 in the accept queue");
                drop(clients);
            },
            (),
            "left without sending anything",
        )
        .flags(&["--waiting", "600", "--trace"]),
        Case::new(
            "five hundred sessions at the same time, all reset",
            |server| {
                let hello = client_hello(server, rustls::DEFAULT_VERSIONS);
                let clients: Vec<Connection> = (0..500).map(|_| send(server.connect_raw(), &hello)).collect();
                for mut socket in clients {
                    socket.read_record().unwrap();
                    socket.reset().unwrap();
                }
                let line = server.log().wait_for_line(" clients lost their connection");
                assert!(line.contains(" in the last second also: "), "{line}");
            },
            (),
            "reset the connection",
        )
        .flags(&["--slots", "500", "--waiting", "600"]),
    ]);
}

/// A client that does this while another client has the slot. Then the slot is free, and the client reads until the
/// end.
fn queued(name: &str, act: fn(&mut TlsClient), end: End, log: &'static str) -> Case {
    let client = move |server: &EchoServer| {
        let first = server.connect();
        let mut queued = TlsClient::new(server.connect_raw(), server.client_config());
        act(&mut queued);
        server.log().wait_for_line("in the accept queue");
        first.close();
        read_end(queued.into_connection())
    };
    Case::new(name, client, end, log)
}

#[test]
fn queued_clients() {
    check_all(&[
        queued(
            "HTTP before the client is served",
            |client| client.write_raw(b"GET / HTTP/1.1\r\n\r\n"),
            alert(rustls::AlertDescription::DecodeError),
            "it speaks HTTP",
        ),
        queued(
            "half a ClientHello before the client is served, then a FIN",
            |client| {
                client.send_half_a_client_hello();
                client.fin();
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
                queued.reset();
                first.close();
            },
            (),
            "reset the connection",
        ),
    ]);
}
