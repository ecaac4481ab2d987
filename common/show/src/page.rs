//! `--illustrate`: draws a page for each session, for people who want to understand the session, or TLS.
//!
//! The top of the page is a summary. Below it is a ladder: client and server are two vertical lines, and each record
//! is an arrow between them. Our line has the steps of the event loop beside it, turn by turn, with the time that it
//! slept. Each arrow opens. It shows the bytes of its record, encrypted and decrypted, with a sentence for each
//! field.
//!
//! A page is one file that loads nothing. Its content security policy enforces that: it allows only the page's own style
//! and script, by their hashes. The size of a page is bounded: it has the first 400 rows of the ladder and the last 200,
//! 128 KiB of handshake records, and 128 bytes of each record with application data. The page says what it leaves out.
//!
//! A page is drawn when its session ends, on another thread, so that the event loop does not wait. The sessions in
//! the queue of this thread may keep 64 MiB together, which is a thousand usual sessions. The page of a session that
//! does not fit is not drawn. The log says so once, and counts the missing pages at the end. The program waits for
//! all queued pages before it ends.
//!
//! A page has decrypted data. It has no keys, unless the program was started with `--illustrate-keys`. Then the page also has
//! the values of all secrets that the session derived, and a banner that says so. Private keys are never in a page.
//!
//! The folder has an index of its pages. A folder with more bytes than a limit loses its oldest pages.

mod blocks;
mod bulk;
mod bytes;
mod capture_pages;
mod captured;
mod closure;
mod document;
mod drawer;
mod early;
mod entry;
mod facts;
mod file_name;
mod flights;
mod folder;
mod glance;
mod index;
mod index_page;
mod indexed_folder;
mod joined;
mod ladder;
mod legend;
mod limit;
mod list;
mod lock;
mod names;
mod numbers;
mod origin;
mod pages;
mod pair;
mod python;
mod rows;
mod saved;
mod sealed;
mod segments;
mod story;
mod strip;

mod fault;
mod keys;
mod overhead;

use std::collections::HashMap;
use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use decode::tickets::Tickets;
use identity::Moment;
use log::warn;
use program::ending::Endings;
use program::observer::LoopEvent;
use rustls::Side;
use rustls::pki_types::UnixTime;
use tls_session::bytes::Count;
use tls_session::observer::{SessionId, Step};

pub(crate) use self::blocks::{Explained, explained};
pub use self::capture_pages::CapturePages;
pub use self::captured::Captured;
use self::drawer::{Draw as _, Drawer, Refused};
use self::early::Round;
pub use self::facts::Grade;
pub use self::file_name::{Name, Role};
pub use self::folder::Folder;
pub use self::limit::Size;
use self::pages::Pages;
use self::rows::Row;
use self::story::Story;
pub use crate::clock::Clock;
use crate::error::ShowError;
use crate::sink::{Carried, Sink};
use crate::vocabulary;

/// The most bytes that finished sessions may keep in the queue of the drawing thread.
const MAX_QUEUED: usize = 64 * 1024 * 1024;

/// The sink that draws sessions.
#[derive(Debug)]
pub struct Illustrator {
    endings: Endings,
    clock: Clock,
    /// `None` after its thread has failed.
    drawer: Option<Drawer<Pages>>,
    /// The number of sessions that found the queue full.
    not_drawn: u64,
    /// The tickets of all sessions so far.
    tickets: Tickets,
    round: Round,
    stories: HashMap<u64, Story>,
}

impl Illustrator {
    /// Makes the sink that draws pages into `folder`, in which it removes the oldest pages beyond `limit`.
    ///
    /// # Errors
    /// The system cannot start the thread that draws.
    pub fn new(endings: Endings, clock: Clock, folder: Folder, limit: Size) -> Result<Self, ShowError> {
        let drawer = Drawer::start(MAX_QUEUED, Pages::new(folder, limit)).map_err(|error| {
            ShowError(format!("cannot start the thread that draws pages for --illustrate: {error}"))
        })?;
        let round = Round::default();
        Ok(Self {
            endings,
            clock,
            drawer: Some(drawer),
            not_drawn: 0,
            tickets: Tickets::default(),
            round,
            stories: HashMap::new(),
        })
    }

    fn begin(&mut self, now: Instant, id: SessionId, local: SocketAddr) {
        let mut story = Story::new(now, id, self.endings.clone(), local, self.clock.since_1970(now));
        story.turn(self.round.wake, now);
        self.round.begin(&mut story);
        self.stories.insert(id.number, story);
    }

    /// Draws a connection on which TLS did not begin. Its page begins when TCP was connected.
    fn fail(&mut self, now: Instant, id: SessionId, local: SocketAddr, event: &LoopEvent<'_>) {
        let began = self.round.connected_at().unwrap_or(now);
        let mut story = Story::new(began, id, self.endings.clone(), local, self.clock.since_1970(began));
        self.round.fail(began, &mut story);
        let call = vocabulary::of_event(event);
        story.facts.lasted = now.saturating_duration_since(began);
        story.facts.fail_before_tls(call.details.clone());
        story.rows.push(Row::Call(call));
        self.queue(story);
    }

    /// Queues the page of a session that has ended.
    fn queue(&mut self, story: Story) {
        let Some(drawer) = &self.drawer else { return };
        let (id, size) = (story.id, story.size());
        match drawer.add(story, size) {
            Ok(()) => {}
            Err(Refused::Full) => {
                if self.not_drawn == 0 {
                    warn!("{id} page not drawn: too many pages are queued; further ones are counted");
                }
                self.not_drawn += 1;
            }
            Err(Refused::Gone) => {
                warn!("{id} page not drawn: the thread that draws pages failed; no more pages are drawn");
                self.drawer = None;
                self.stories.clear();
            }
        }
    }
}

impl Sink for Illustrator {
    fn is_watching(&self) -> bool {
        self.drawer.is_some()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        if let Step::Began { local } = step {
            self.begin(now, id, *local);
        }
        let Some(story) = self.stories.get_mut(&id.number) else { return };
        story.turn(self.round.wake, now);
        story.step(now, step, carried);
        carried.records.iter().for_each(|record| story.facts.resume(record, &mut self.tickets));
        if let Step::Closed { .. } = step
            && let Some(story) = self.stories.remove(&id.number)
        {
            self.queue(story);
        }
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        if let LoopEvent::Woke { events, timeout } = event {
            self.round.wake(now, *events, *timeout);
            return;
        }
        if let LoopEvent::PreambleFailed { id, local, .. } = event {
            return self.fail(now, *id, *local, event);
        }
        if !is_shown(event) {
            return;
        }
        self.round.connect(now, event);
        let call = vocabulary::of_event(event);
        // The events of a client's loop all concern its one session.
        let concerns_all = self.endings.peer() == Side::Server || matches!(event, LoopEvent::Stopping { .. });
        if concerns_all && !self.stories.is_empty() {
            for story in self.stories.values_mut() {
                story.turn(self.round.wake, now);
                story.rows.push(Row::Call(call.clone()));
            }
        } else {
            self.round.keep(event, call);
        }
    }
}

/// Waits for the queued pages. Draws the sessions that have not ended, too.
impl Drop for Illustrator {
    fn drop(&mut self) {
        let mut unfinished: Vec<Story> = mem::take(&mut self.stories).into_values().collect();
        unfinished.sort_by_key(|story| story.id.number);
        let Some(drawer) = self.drawer.take() else { return };
        match drawer.finish() {
            Some(mut pages) => {
                unfinished.iter().for_each(|story| pages.draw(story));
            }
            None => warn!("pages are missing: the thread that draws pages failed"),
        }
        if self.not_drawn > 0 {
            warn!("too many pages were queued: {} missing", Count(self.not_drawn, "page"));
        }
    }
}

/// Formats a time since 1970: `2026-11-23 14:02:11 UTC`.
fn date(since_1970: Duration) -> String {
    Moment::from(UnixTime::since_unix_epoch(since_1970)).to_string()
}

/// Returns whether the page of a session shows this event.
fn is_shown(event: &LoopEvent<'_>) -> bool {
    matches!(
        event,
        LoopEvent::Ready(_)
            | LoopEvent::InterestChanged(..)
            | LoopEvent::Accepted(_)
            | LoopEvent::Promoted { .. }
            | LoopEvent::StdinRead(_)
            | LoopEvent::Connecting(_)
            | LoopEvent::ConnectFailed(..)
            | LoopEvent::Connected(_)
            | LoopEvent::PreambleIn(..)
            | LoopEvent::PreambleOut(..)
            | LoopEvent::Stopping { .. }
    )
}
