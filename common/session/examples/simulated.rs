//! A test of an application on a thousand simulated networks. It finds a bug that most networks hide.
//!
//! [`Lines`] answers each line in capital letters. Its bug: it answers one line of each `received`. The client sends
//! a line each 100 ms, so the bug shows only if two lines arrive together.
//!
//! ```sh
//! cargo run --package tls-session --example simulated --features simulation
//! ```

use std::time::{Duration, Instant};

use tls_session::application::{Application, Next, Outbox};
use tls_session::simulation::invariants::ensure;
use tls_session::simulation::plan::Plan;
use tls_session::simulation::roles::Talker;
use tls_session::simulation::seeds::{Failure, first_failure};
use tls_session::simulation::tls::{Tls, VERSIONS};
use tls_session::simulation::world::{Hooks, World};
use tls_session::simulation::{Each, Side};

/// The server's application.
struct Lines {
    unanswered: Vec<u8>,
    is_repaired: bool,
}

impl Application for Lines {
    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        self.unanswered.extend_from_slice(plaintext);
        let Some(outbox) = outbox else { return Next::Continue };
        while let Some(end) = self.unanswered.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unanswered.drain(..=end).collect();
            outbox.send(&line.to_ascii_uppercase());
            if !self.is_repaired {
                break; // the bug: the next line waits for more plaintext, and nothing more may come
            }
        }
        Next::Continue
    }
}

/// The promise of `Lines`: if close_notify certifies the answer to the client, each line is answered.
struct AnswersEachLine;

impl Hooks<Box<dyn Application>> for AnswersEachLine {
    fn after_round(&mut self, world: &World<Box<dyn Application>>, _side: Side) -> Result<(), String> {
        let (asked, answer) = (world.received(Side::Server), world.sent(Side::Server));
        let is_answered = !world.is_certified(Side::Client) || answer == asked.to_ascii_uppercase();
        ensure(is_answered, || format!("{} bytes were asked, {} answered", asked.len(), answer.len()))
    }
}

/// Runs a thousand seeds. Returns the first that fails.
pub fn search(is_repaired: bool) -> Option<Failure> {
    let tls = Tls::new(VERSIONS[0]).shared();
    let message = b"a line\n".repeat(5);
    first_failure(0..1000, |seed, journal| {
        let client = Talker::sends(&message).pauses(7, Duration::from_millis(100)).closes_after(0);
        let server = Lines { unanswered: Vec::new(), is_repaired };
        let applications =
            Each::<Box<dyn Application>> { client: Box::new(client), server: Box::new(server) };
        let plan = Plan::of(seed, Each { client: message.len(), server: message.len() });
        World::new(&plan, &tls, applications, journal).run(&mut AnswersEachLine)
    })
}

fn main() {
    match search(false) {
        Some(failure) => println!("{failure}"), // the journal, the seed, and what is wrong
        None => println!("no seed has found the bug"),
    }
    match search(true) {
        Some(failure) => println!("{failure}"),
        None => println!("repaired: nothing is wrong with any seed"),
    }
}
