//! A session under tokio: a task waits for readiness, and drives the session.
//!
//! It teaches how a session works with a runtime that remembers readiness too. tokio forgets a direction only if
//! `try_read` or `try_write` returns `WouldBlock`. The session does the same, so the two cannot disagree. Only the
//! system limits the number of clients.
//!
//! ```sh
//! cargo run --example on_tokio
//! openssl s_client -quiet -connect 127.0.0.1:8000
//! ```

mod support;

use std::error::Error;
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::Context;
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, Turn, Wants};
use tls_session::transport::Transport;
use tokio::io::{AsyncReadExt as _, Interest, Ready};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout, timeout_at};

/// A socket of tokio, whose calls do not wait.
struct Socket(TcpStream);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // the socket has no buffer of its own
    }
}

impl Transport for Socket {
    fn shutdown_write(&mut self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&self.0, rustix::net::Shutdown::Write)?)
    }
}

/// Accepts clients for ever, and gives each a task.
async fn serve(listener: TcpListener, tls: Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    for number in 1.. {
        let Ok((socket, peer)) = listener.accept().await else {
            sleep(support::PAUSE).await;
            continue;
        };
        let _ = socket.set_nodelay(true); // fails if the client is gone, which the first read reports
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        let local = socket.local_addr()?;
        let session = support::begin(SessionId { number, peer }, local, Socket(socket), &tls, cx)?;
        tokio::spawn(async move { support::say(format_args!("session {number}: {:?}", run(session).await)) });
    }
    Ok(())
}

/// Runs one session to its end.
async fn run(mut session: Session<Socket, support::Echo>) -> io::Result<CloseReason> {
    let mut buffers = Buffers::default();
    loop {
        let turn = session.turn(&mut Context::new(Instant::now(), &mut buffers, &mut ()));
        let ready = match turn {
            Turn::Wait(wants) => wait(&session.transport_mut().0, wants).await?,
            Turn::Again(_) => {
                tokio::task::yield_now().await; // the other tasks have their turns
                Ready::READABLE | Ready::WRITABLE // whether it is: a call of tokio's socket says it without a system call
            }
            Turn::Done(reason) => {
                if session.needs_draining() {
                    drain(session.into_parts().0.0).await;
                }
                return Ok(reason);
            }
        };
        let readiness = Readiness::new(ready.is_readable(), ready.is_writable(), ready.is_read_closed());
        session.ready(readiness, &mut Context::new(Instant::now(), &mut buffers, &mut ()));
    }
}

/// Waits until the socket is ready, or until the deadline.
async fn wait(socket: &TcpStream, wants: Wants) -> io::Result<Ready> {
    let ready = async {
        match (wants.readable, wants.writable) {
            (true, true) => socket.ready(Interest::READABLE | Interest::WRITABLE).await,
            (true, false) => socket.ready(Interest::READABLE).await,
            (false, true) => socket.ready(Interest::WRITABLE).await,
            (false, false) => std::future::pending().await,
        }
    };
    match wants.deadline {
        Some(at) => timeout_at(at.into(), ready).await.unwrap_or(Ok(Ready::EMPTY)),
        None => ready.await,
    }
}

/// Reads what the peer still sends: at most 64 KiB, in at most 2 seconds. Closing a socket with unread bytes resets the
/// connection, and the reset can destroy our last output.
async fn drain(socket: TcpStream) {
    let mut sink = tokio::io::sink();
    let mut rest = socket.take(64 * 1024);
    let _ = timeout(Duration::from_secs(2), tokio::io::copy(&mut rest, &mut sink)).await;
}

fn main() -> Result<(), Box<dyn Error>> {
    let (listener, tls) = (support::listen()?, support::tls()?);
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { serve(TcpListener::from_std(listener)?, tls).await })
}
