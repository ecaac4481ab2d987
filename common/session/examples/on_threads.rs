//! One thread for each session: a non-blocking socket, and poll(2) until the session's deadline.
//!
//! It teaches that a session needs no event loop. `turn` says what to wait for, and a thread can wait for that alone.
//! Only the system limits the number of clients.
//!
//! ```sh
//! cargo run --example on_threads
//! openssl s_client -quiet -connect 127.0.0.1:8000
//! ```

mod support;

use std::error::Error;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustls::ServerConfig;
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::Context;
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, Turn, Wants};

use self::support::Echo;

/// Accepts clients for ever, and gives each a thread.
fn serve(listener: &TcpListener, tls: &Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    for number in 1.. {
        let Ok((socket, local, peer)) = support::accept(listener) else {
            thread::sleep(support::PAUSE);
            continue;
        };
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        let session = support::begin(SessionId { number, peer }, local, socket, tls, cx)?;
        let session = move || support::say(format_args!("session {number}: {:?}", run(session)));
        if let Err(error) = thread::Builder::new().spawn(session) {
            support::say(format_args!("session {number} has no thread: {error}"));
        }
    }
    Ok(())
}

/// Runs one session to its end.
fn run(mut session: Session<TcpStream, Echo>) -> io::Result<CloseReason> {
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    loop {
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        let wants = match session.turn(cx) {
            Turn::Wait(wants) => wants,
            // No other session has a turn in between. The socket has to be asked all the same, without sleeping.
            Turn::Again(wants) => Wants { deadline: Some(cx.now), ..wants },
            Turn::Done(reason) => {
                if session.needs_draining() {
                    support::drain(session.into_parts().0)?;
                }
                return Ok(reason);
            }
        };
        let readiness = wait(session.transport_mut(), wants)?;
        session.ready(readiness, cx);
    }
}

/// Waits until the socket is ready, or until the deadline.
fn wait(socket: &TcpStream, wants: Wants) -> io::Result<Readiness> {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, wants.readable);
    flags.set(PollFlags::OUT, wants.writable);
    let mut watched = vec![PollFd::new(socket, flags)];
    if flags.is_empty() {
        watched.clear(); // poll(2) reports a hang-up even of a socket that wants nothing, again and again
    }
    match poll(&mut watched, support::timeout(wants.deadline).as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let seen = watched.first().map_or(PollFlags::empty(), PollFd::revents);
    let broken = seen.intersects(PollFlags::HUP | PollFlags::ERR);
    Ok(Readiness::new(
        seen.contains(PollFlags::IN) || broken,
        seen.contains(PollFlags::OUT) || broken,
        broken,
    ))
}

fn main() -> Result<(), Box<dyn Error>> {
    serve(&support::listen()?, &support::tls()?)
}
