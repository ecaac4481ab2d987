//! Sends each line to all clients. The answers of a session come from other sessions. Try it with `--slots 10`.

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use mio_server::{Round, Service};
use tls_session::application::{Application, Next, Outbox};
use tls_session::observer::SessionId;

/// The largest length of a line.
const MAX_LINE: usize = 1024;

/// The lines that were received in this round of the loop.
type Lines = Rc<RefCell<Vec<Vec<u8>>>>;

/// One client.
struct Member {
    lines: Lines,
    /// The beginning of the next line.
    partial: Vec<u8>,
}

impl Application for Member {
    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if outbox.is_none() {
            return Next::Continue; // a member that has left
        }
        for part in plaintext.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(part);
            if self.partial.len() > MAX_LINE {
                return Next::Abort;
            }
            if self.partial.ends_with(b"\n") {
                self.lines.borrow_mut().push(std::mem::take(&mut self.partial));
            }
        }
        Next::Continue
    }
}

/// All clients.
#[derive(Default)]
struct Chat {
    lines: Lines,
}

impl Service for Chat {
    type Application = Member;

    fn application(&mut self, _client: SessionId) -> Member {
        Member { lines: Rc::clone(&self.lines), partial: Vec::new() }
    }

    /// A member that does not read its lines misses some.
    fn after_round(&mut self, round: &mut Round<'_, '_, Member>) {
        let lines = self.lines.take().concat();
        if lines.is_empty() {
            return;
        }
        let members = round.sessions().filter(|session| session.has_room()).map(|session| session.id());
        for member in members.collect::<Vec<_>>() {
            // A session that has ended meanwhile takes nothing.
            let _ = round.send(member, &lines);
        }
    }
}

fn main() -> ExitCode {
    mio_server::run("chat", Chat::default())
}
