//! What the examples share, and what has nothing to do with their loops.
#![allow(dead_code, reason = "no example uses everything")]

use std::error::Error;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use tls_session::application::{Application, Next, Outbox};
use tls_session::authorize::VerifiedByRustls;
use tls_session::context::Context;
use tls_session::deadline::Timeouts;
use tls_session::observer::SessionId;
use tls_session::session::{Session, SessionConfig};
use tls_session::transport::Transport;

/// Greets the client, and sends back what the client sends.
pub struct Echo;

impl Application for Echo {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(b"welcome!\n");
        Next::Continue
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(plaintext);
        }
        Next::Continue
    }
}

/// Returns the configuration of rustls. The certificate is for `localhost`, and its key is public.
pub fn tls() -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../../src/simulation/certificate.pem"))?;
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../src/simulation/key.pem"))?;
    Ok(Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key)?))
}

/// Begins the session of a client that was accepted.
pub fn begin<T: Transport>(
    id: SessionId,
    local: SocketAddr,
    socket: T,
    tls: &Arc<ServerConfig>,
    cx: &mut Context<'_>,
) -> Result<Session<T, Echo>, rustls::Error> {
    let tls = ServerConnection::new(Arc::clone(tls))?;
    let config = SessionConfig { authorize: Arc::new(VerifiedByRustls), timeouts: Timeouts::default() };
    Ok(Session::new(id, local, tls, socket, Echo, Arc::new(config), cx))
}

/// Accepts a client. Returns its socket, which does not block, and the local and the peer's address.
pub fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr, SocketAddr)> {
    let (socket, peer) = listener.accept()?;
    socket.set_nonblocking(true)?;
    let _ = socket.set_nodelay(true); // fails if the client is gone, which the first read reports
    let local = socket.local_addr()?;
    Ok((socket, local, peer))
}

/// How long to wait after an accept that failed. File descriptors may have run out.
pub const PAUSE: Duration = Duration::from_millis(100);

/// Prints a line. If no program reads it, the server goes on.
pub fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Returns the time until a deadline, as poll(2) and epoll(7) want it.
pub fn timeout(deadline: Option<Instant>) -> Option<Timespec> {
    let left = deadline?.saturating_duration_since(Instant::now());
    Timespec::try_from(left).ok()
}

/// Listens on the address in the first argument, or on port 8000.
pub fn listen() -> Result<TcpListener, Box<dyn Error>> {
    let address: SocketAddr = std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:8000").parse()?;
    let listener = TcpListener::bind(address)?;
    say(format_args!("listening on {}", listener.local_addr()?));
    Ok(listener)
}

/// Reads what the peer still sends: at most 64 KiB, in about 2 seconds. Closing a socket with unread bytes resets the
/// connection, and the reset can destroy our last output. This blocks, so an event loop calls it in a thread.
pub fn drain(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let until = Instant::now() + Duration::from_secs(2);
    let (mut left, mut sink) = (64 * 1024_usize, [0; 4096]);
    while left > 0 && Instant::now() < until {
        match socket.read(&mut sink) {
            Ok(length @ 1..) => left = left.saturating_sub(length),
            _ => break, // the peer's FIN, a reset, or no byte for 2 seconds
        }
    }
    Ok(())
}
