//! Many sessions under epoll(7), level-triggered, without mio.
//!
//! It teaches what a level-triggered loop has to do: epoll repeats what is ready, so a socket that wants nothing is not
//! registered. Otherwise its hang-up would wake the loop again and again. Only the system limits the number of clients.
//!
//! ```sh
//! cargo run --example on_epoll
//! openssl s_client -quiet -connect 127.0.0.1:8000
//! ```

mod support;

use std::collections::HashMap;
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustls::ServerConfig;
use tls_session::buffers::Buffers;
use tls_session::context::Context;
use tls_session::observer::SessionId;
use tls_session::readiness::{Interest, Readiness};
use tls_session::session::{Session, Turn, Wants};

/// The key of the listener. The first session is number 1.
const LISTENER: u64 = 0;

/// A session, what epoll watches it for, and the time of its next turn.
struct Client {
    session: Session<TcpStream, support::Echo>,
    watched: Interest,
    due: Option<Instant>,
}

/// Serves clients for ever.
fn serve(listener: &TcpListener, tls: &Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    let (mut clients, mut number) = (HashMap::<u64, Client>::new(), LISTENER);
    loop {
        let events = wait(&epoll, clients.values().filter_map(|client| client.due).min())?;
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        for event in events {
            if event.data.u64() == LISTENER {
                // One `accept` is enough: epoll reports the next client again.
                let Ok((socket, local, peer)) = support::accept(listener) else {
                    thread::sleep(support::PAUSE); // all sessions wait; the listener of `tls_session::mio` waits alone
                    continue;
                };
                number += 1;
                let session = support::begin(SessionId { number, peer }, local, socket, tls, cx)?;
                clients.insert(number, Client { session, watched: Interest::NONE, due: Some(cx.now) });
            } else if let Some(client) = clients.get_mut(&event.data.u64()) {
                client.session.ready(readiness(event.flags), cx);
                client.due = Some(cx.now);
            }
        }
        for key in clients.keys().copied().collect::<Vec<_>>() {
            let is_due = |client: &&mut Client| client.due.is_some_and(|at| at <= cx.now);
            let Some(client) = clients.get_mut(&key).filter(is_due) else { continue };
            let wants = match client.session.turn(cx) {
                Turn::Wait(wants) => wants,
                Turn::Again(wants) => Wants { deadline: Some(cx.now), ..wants },
                Turn::Done(reason) => {
                    support::say(format_args!("session {key}: {reason:?}"));
                    client.watch(&epoll, key, Interest::NONE)?;
                    let Some(Client { session, .. }) = clients.remove(&key) else { continue };
                    if session.needs_draining() {
                        // If the system has no thread, the socket is closed without draining.
                        let _ = thread::Builder::new().spawn(|| support::drain(session.into_parts().0));
                    }
                    continue;
                }
            };
            client.due = wants.deadline;
            client.watch(&epoll, key, wants.interest())?;
        }
    }
}

impl Client {
    /// Watches the socket for these events. It deletes a socket that wants nothing, because epoll would report its
    /// hang-up all the same, again and again.
    fn watch(&mut self, epoll: &OwnedFd, key: u64, interest: Interest) -> Result<(), Errno> {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, interest.readable);
        flags.set(EventFlags::OUT, interest.writable);
        let (data, socket) = (EventData::new_u64(key), self.session.transport_mut());
        match (self.watched, interest) {
            (before, after) if before == after => {}
            (Interest::NONE, _) => epoll::add(epoll, socket, data, flags)?,
            (_, Interest::NONE) => epoll::delete(epoll, socket)?,
            _ => epoll::modify(epoll, socket, data, flags)?,
        }
        self.watched = interest;
        Ok(())
    }
}

/// Waits until the deadline. Returns the events that came.
fn wait(epoll: &OwnedFd, deadline: Option<Instant>) -> Result<Vec<epoll::Event>, Errno> {
    let mut events = Vec::with_capacity(64);
    let waited = epoll::wait(epoll, spare_capacity(&mut events), support::timeout(deadline).as_ref());
    if waited == Err(Errno::INTR) { Ok(events) } else { waited.map(|_| events) }
}

fn readiness(flags: EventFlags) -> Readiness {
    let broken = flags.intersects(EventFlags::HUP | EventFlags::ERR);
    Readiness::new(
        flags.contains(EventFlags::IN) || broken,
        flags.contains(EventFlags::OUT) || broken,
        broken,
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    serve(&support::listen()?, &support::tls()?)
}
