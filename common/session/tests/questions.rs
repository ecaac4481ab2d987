//! Facts that the page `src/guide/symptoms.md` states, and that no other test shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::server::{Acceptor, ServerSessionMemoryCache};
use rustls::version::TLS13;
use rustls::{ClientConnection, Error, HandshakeKind, NamedGroup};
use tls_session::buffers::Buffers;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::context::Context;
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, Turn};
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::{Shared, Tls};
use tls_session::transport::Transport;

use support::{Pair, output, receive, seal};

#[allow(dead_code, reason = "the tests of rustls' calls use the rest")]
#[path = "contract/support.rs"]
mod support;

#[test]
fn a_client_uses_each_ticket_once() {
    let mut tls = Tls::resuming(&TLS13);
    tls.server.send_tls13_tickets = 1;
    let first = tls.clone().shared();
    tls.server.send_tls13_tickets = 0;
    let second = tls.shared(); // the same stores

    for (tls, kind) in
        [(&first, HandshakeKind::Full), (&second, HandshakeKind::Resumed), (&second, HandshakeKind::Full)]
    {
        assert_eq!(Pair::of(tls).settled().client.handshake_kind(), Some(kind));
    }
}

/// The count of key updates without data is at most 32. Older versions of rustls counted those of the whole connection.
#[test]
fn data_starts_the_count_of_key_updates_again() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    for _ in 0..3 {
        for _ in 0..32 {
            client.refresh_traffic_keys().unwrap();
            receive(&mut server, &output(&mut client)).unwrap();
        }
        receive(&mut server, &seal(&mut client, b"data")).unwrap();
    }
}

/// A transport that first returns bytes that were read before the session began.
struct Replay {
    socket: UnixStream,
    kept: io::Cursor<Vec<u8>>,
}

impl io::Read for Replay {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.kept.read(buffer)? {
            0 => self.socket.read(buffer),
            length => Ok(length),
        }
    }
}

impl io::Write for Replay {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// `EDGE_TRIGGERED` is false: the last of the kept bytes make a short read, and the socket may hold more.
impl Transport for Replay {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }
}

/// Serves one client whose first bytes have been read.
fn serve(tls: &Shared, socket: UnixStream, kept: Vec<u8>) -> CloseReason {
    socket.set_nonblocking(true).unwrap();
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    let transport = Replay { socket, kept: io::Cursor::new(kept) };
    let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
    let config = Arc::clone(&tls.server_sessions);
    let (id, echo) = (SessionId { number: 1, peer }, Echo::default());
    let mut session = Session::new(id, peer, tls.server(), transport, echo, config, cx);
    loop {
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        session.ready(Readiness::all(), cx); // no event comes for bytes that are already here
        match session.turn(cx) {
            Turn::Done(reason) => return reason,
            Turn::Again(_) | Turn::Wait(_) => thread::yield_now(),
        }
    }
}

/// Starts a client that sends `prefix` before its ClientHello, and expects an echo.
fn start_client(tls: &Shared, prefix: &'static [u8]) -> (UnixStream, thread::JoinHandle<()>) {
    let (here, mut there) = UnixStream::pair().unwrap();
    let mut client = tls.client();
    let thread = thread::spawn(move || {
        let mut first = prefix.to_vec();
        client.write_tls(&mut first).unwrap();
        there.write_all(&first).unwrap();
        client.writer().write_all(b"hello").unwrap();
        let mut echo = [0; 5];
        rustls::Stream::new(&mut client, &mut there).read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"hello");
        client.send_close_notify();
        client.complete_io(&mut there).unwrap();
        let end = rustls::Stream::new(&mut client, &mut there).read(&mut echo);
        assert_eq!(end.unwrap(), 0);
    });
    (here, thread)
}

#[test]
fn bytes_behind_a_proxy_header_belong_to_the_session() {
    let tls = Tls::new(&TLS13).shared();
    let header = b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n";
    let (mut socket, client) = start_client(&tls, header);
    let mut read = vec![0; 200]; // the header, and a part of the ClientHello
    let length = socket.read(&mut read).unwrap();
    read.truncate(length);
    assert!(length > header.len());
    let end = read.windows(2).position(|bytes| bytes == b"\r\n").unwrap() + 2;
    let kept = read.split_off(end);
    assert_eq!(read, header);
    assert_eq!(serve(&tls, socket, kept), CloseReason::Clean { first: Endpoint::Peer });
    client.join().unwrap();
}

#[test]
fn a_configuration_is_chosen_by_the_name_in_the_hello() {
    let tls = Tls::new(&TLS13).shared();
    let (mut socket, client) = start_client(&tls, b"");
    let (mut acceptor, mut kept) = (Acceptor::default(), Vec::new());
    let accepted = loop {
        let mut read = [0; 50];
        let length = socket.read(&mut read).unwrap();
        kept.extend(&read[..length]);
        acceptor.read_tls(&mut &read[..length]).unwrap();
        if let Some(accepted) = acceptor.accept().expect("a ClientHello") {
            break accepted;
        }
    };
    assert_eq!(accepted.client_hello().server_name(), Some("localhost"));
    assert_eq!(serve(&tls, socket, kept), CloseReason::Clean { first: Endpoint::Peer });
    client.join().unwrap();
}

/// A store of tickets that ignores the name, as a hostile client may.
#[derive(Debug)]
struct Nameless(ClientSessionMemoryCache);

/// The one name under which it stores everything.
fn one_name() -> ServerName<'static> {
    ServerName::try_from("one.example").unwrap()
}

impl ClientSessionStore for Nameless {
    fn set_kx_hint(&self, _name: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(one_name(), group);
    }

    fn kx_hint(&self, _name: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(&one_name())
    }

    fn set_tls12_session(&self, _name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(one_name(), value);
    }

    fn tls12_session(&self, _name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(&one_name())
    }

    fn remove_tls12_session(&self, _name: &ServerName<'static>) {
        self.0.remove_tls12_session(&one_name());
    }

    fn insert_tls13_ticket(&self, _name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(one_name(), value);
    }

    fn take_tls13_ticket(&self, _name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(&one_name())
    }
}

/// rustls compares the name of the ticket with the name in the ClientHello (RFC 6066, 3).
#[test]
fn a_ticket_resumes_no_session_under_another_name() {
    let mut tls = Tls::resuming(&TLS13);
    tls.client.resumption = Resumption::store(Arc::new(Nameless(ClientSessionMemoryCache::new(8))));
    let config = Arc::new(tls.client.clone());
    let tls = tls.shared();
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        assert_eq!(Pair::of(&tls).settled().client.handshake_kind(), Some(kind));
    }
    let other = ServerName::try_from("admin.example").unwrap();
    let mut client = ClientConnection::new(config, other).unwrap().into();
    let mut server = tls.server().into();
    receive(&mut server, &output(&mut client)).unwrap();
    assert_eq!(server.handshake_kind(), Some(HandshakeKind::Full));
}

/// The second configuration demands a certificate. It shares the store of the first one, so no server asks.
#[test]
fn a_ticket_resumes_a_session_of_another_configuration_that_shares_its_store() {
    let mut open = Tls::resuming(&TLS13);
    let mut strict = Tls::with_client_certificate(&TLS13);
    open.server.session_storage = ServerSessionMemoryCache::new(8);
    strict.server.session_storage = Arc::clone(&open.server.session_storage);
    strict.client = open.client.clone();

    assert_eq!(Pair::of(open).settled().client.handshake_kind(), Some(HandshakeKind::Full));
    let server = Pair::of(strict.clone()).settled().server;
    assert_eq!(server.handshake_kind(), Some(HandshakeKind::Resumed));
    assert!(server.peer_certificates().is_none(), "the client has shown no certificate");

    strict.server.session_storage = ServerSessionMemoryCache::new(8);
    let Pair { mut client, mut server } = Pair::of(strict);
    receive(&mut server, &output(&mut client)).unwrap();
    receive(&mut client, &output(&mut server)).unwrap();
    let refused = receive(&mut server, &output(&mut client)).unwrap_err();
    assert_eq!(refused, Error::NoCertificatesPresented);
}

#[test]
fn a_client_that_connects_to_an_address_sends_no_name() {
    let address = ServerName::try_from("127.0.0.1").unwrap();
    assert!(matches!(address, ServerName::IpAddress(_)));
    let config = Arc::new(Tls::new(&TLS13).client);
    let mut client = ClientConnection::new(config, address).unwrap().into();
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut &output(&mut client)[..]).unwrap();
    let accepted = acceptor.accept().expect("a ClientHello").expect("the whole of it");
    assert_eq!(accepted.client_hello().server_name(), None);
}
