//! Handshakes that take too long.

use std::thread;
use std::time::Duration;

use check::wire::hello::{ClientHello, EARLY_DATA, record};
use rustls::version::TLS13;
use testing::echo_server::EchoServer;
use testing::peer::End;

use crate::case::{Case, VERSIONS, check_all, client_hello, forger, read_end, send, send_and_read_end};

/// A client whose handshake times out. The well-behaved client after it has the same timeout.
fn late(name: &str, client: impl Fn(&EchoServer) -> End + Sync + 'static) -> Case {
    Case::new(name, client, End::Fin, "timed out (--handshake-timeout)").flags(&["--handshake-timeout", "3s"])
}

/// Sends its ClientHello slowly, one byte at a time: this is the attack.
fn trickle(server: &EchoServer) -> End {
    let (mut client, _) = forger(server, &TLS13);
    let hello = client.outgoing();
    let mut socket = client.into_connection();
    for byte in hello.chunks(1).take(100) {
        socket = send(socket, byte);
        thread::sleep(Duration::from_millis(40));
    }
    read_end(socket)
}

/// Sends a ClientHello with early data that no ticket allows, and this many records of it.
fn early(server: &EchoServer, records: usize) -> End {
    let mut hello = ClientHello::parse(&client_hello(server, &[&TLS13])).unwrap();
    hello.set(EARLY_DATA, Some(&[]));
    send_and_read_end(
        server,
        &[hello.record().unwrap(), record(23, &[0; 1000]).unwrap().repeat(records)].concat(),
    )
}

#[test]
fn unfinished_handshakes_time_out() {
    let [hello_1_2, hello_1_3] = VERSIONS.map(|(name, version)| {
        late(name, move |server| send_and_read_end(server, &client_hello(server, &[version])))
    });
    check_all(&[
        Case::new(
            "nothing",
            |server| read_end(server.connect_raw()),
            End::Fin,
            "sent nothing for 3s and was disconnected",
        )
        .flags(&["--handshake-timeout", "3s"]),
        late("a slow ClientHello", trickle),
        hello_1_2,
        hello_1_3,
        // rustls ignores a warning before it knows the version. Some versions of rustls then wanted neither to read
        // nor to write (CVE-2024-32650), and a loop that relied on that alone was busy for ever.
        late("close_notify", |server| send_and_read_end(server, &record(21, &[1, 0]).unwrap())),
        // The server skips early data up to a limit (RFC 8446, 4.2.10). Its alert is encrypted, because a client that
        // had continued its handshake could read it.
        late("a little early data", |server| early(server, 1)),
        Case::new("too much early data", |server| early(server, 50), End::Fin, "TLS failed"),
    ]);
}
