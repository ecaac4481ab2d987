//! Handshakes that take too long, whatever is done meanwhile.

use std::thread;
use std::time::Duration;

use rustls::version::TLS13;
use testing::echo_server::EchoServer;
use testing::end::End;
use testing::hello::{ClientHello, EARLY_DATA, record};

use crate::case::{Case, VERSIONS, check_all, client_hello, forger, hear, say, say_more};

/// A client whose time runs out; the next one, which is none of these, has to keep it too.
fn late(name: &str, client: impl Fn(&EchoServer) -> Option<End> + Sync + 'static) -> Case {
    Case::new(name, client, End::Fin, "timed out (--handshake-timeout)").flags(&["--handshake-timeout", "3s"])
}

/// Its hello, one byte at a time; slowly, that is its way of being hostile.
fn trickle(server: &EchoServer) -> Option<End> {
    let (mut client, _) = forger(server, &TLS13);
    let hello = client.outgoing();
    let mut socket = client.into_socket();
    for byte in hello.chunks(1).take(100) {
        socket = say_more(socket, byte);
        thread::sleep(Duration::from_millis(40));
    }
    hear(socket)
}

/// A hello that announces early data, though no ticket allows it, and so much of it.
fn early(server: &EchoServer, records: usize) -> Option<End> {
    let mut hello = ClientHello::parse(&client_hello(server, &[&TLS13]));
    hello.set(EARLY_DATA, Some(&[]));
    say(server, &[hello.record(), record(23, &[0; 1000]).repeat(records)].concat())
}

#[test]
fn who_does_not_finish_is_timed() {
    let [hello_1_2, hello_1_3] = VERSIONS
        .map(|(name, version)| late(name, move |server| say(server, &client_hello(server, &[version]))));
    check_all(&[
        Case::new(
            "nothing",
            |server| hear(server.connect_raw()),
            End::Fin,
            "sent nothing for 3s and was disconnected",
        )
        .flags(&["--handshake-timeout", "3s"]),
        late("a trickle", trickle),
        late("half a hello", |server| {
            let hello = client_hello(server, &[&TLS13]);
            say(server, &hello[..hello.len() / 2])
        }),
        hello_1_2,
        hello_1_3,
        // rustls ignores a warning that comes before it knows the version, and some versions of it then wanted
        // neither to read nor to write (CVE-2024-32650): a loop that relies on that alone spins.
        late("close_notify", |server| say(server, &record(21, &[1, 0]))),
        // Early data is skipped as far as a server has to, and no further (RFC 8446, 4.2.10). The alert is encrypted,
        // for a client that had gone on with its handshake.
        late("a little early data", |server| early(server, 1)),
        Case::new("too much early data", |server| early(server, 50), End::Fin, "TLS failed"),
    ]);
}
