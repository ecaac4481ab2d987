//! Draws the pages of both ends of a session into one folder.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use decode::secrets::Secrets;
use program::ending::Endings;
use rustls::Side;
use show::page::{Clock, Folder, Illustrator, Size};
use show::show::Show;
use show::sink::Sink;
use testing::folder::TempDir;
use tls_session::observer::{SessionId, Step};

use super::memory::{Setup, Talk};

type End = Show<Vec<Box<dyn Sink>>>;

/// Runs a session of two programs that draw into one folder. `meddle` is called when the client's program has ended.
pub fn draw_setup(folder: &TempDir, setup: Setup, talk: Talk, meddle: impl FnOnce()) {
    let start = Instant::now();
    let end = |local| -> (End, Arc<Secrets>) {
        let clock = Clock { instant: start, utc: SystemTime::now() };
        let pages = Folder::open(folder.path(), local).unwrap();
        let page = Illustrator::new(Endings::of(local), clock, pages, Size::default()).unwrap();
        let secrets = Arc::<Secrets>::default();
        (Show::new(local, Arc::clone(&secrets), vec![Box::new(page) as Box<dyn Sink>]), secrets)
    };
    let (mut client, client_secrets) = end(Side::Client);
    let setup = setup.adjusted(|client, _| client.key_log = client_secrets);
    // The server's page is written second, when its program ends.
    let (mut server, server_secrets) = end(Side::Server);
    let setup = setup.adjusted(|_, server| server.key_log = server_secrets);
    setup.converse(1 << 20, talk, start, &mut client, &mut Held(&mut server));
    drop(client);
    meddle();
    drop(server);
}

/// Hears everything except the end of the session, so that the page is drawn when the program ends.
struct Held<'a>(&'a mut End);

impl tls_session::observer::Observer for Held<'_> {
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        if !matches!(step, Step::Closed { .. }) {
            self.0.step(now, id, step);
        }
    }
}

impl program::observer::Observer for Held<'_> {
    fn event_loop(&mut self, now: Instant, event: &program::observer::LoopEvent<'_>) {
        self.0.event_loop(now, event);
    }
}
