//! `--illustrate`: a page for each session, and its line.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use rustls::Side;
use show::page::{CapturePages, Captured};
use tls_session::escaped::one_line;

use super::ending;
use super::summary::{self, Summary};
use crate::connections::Sink;
use crate::reassembly::Gap;
use crate::session::{Event, Session};

/// The most sessions that may be open at once. A page keeps less than a megabyte until its session ends.
const MAX_OPEN: usize = 512;

/// The most pages. A page has about 50 kB even if its session has only a ClientHello.
pub const MAX_PAGES: u64 = 1000;

/// Draws the pages, and writes the lines.
#[derive(Debug)]
pub struct Pages<W> {
    pages: CapturePages,
    summary: Summary<W>,
    open: HashMap<u64, Captured>,
    /// The number of pages that were begun.
    begun: u64,
    /// The number of sessions that have no page, because too many were open at once.
    pub too_many_open: u64,
    /// The number of sessions that have no page, because there are [`MAX_PAGES`] others.
    pub beyond_limit: u64,
}

impl<W: Write> Pages<W> {
    /// Makes the sink.
    pub fn new(pages: CapturePages, out: W) -> Self {
        let (summary, open) = (Summary::new(out), HashMap::new());
        Self { pages, summary, open, begun: 0, too_many_open: 0, beyond_limit: 0 }
    }

    /// Writes the rest of the lines, and completes the index of the folder. Returns the number of pages that were removed,
    /// because the folder had too many bytes.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(self) -> io::Result<u64> {
        self.summary.finish()?;
        Ok(self.pages.removed())
    }

    fn begin(&mut self, session: &Session) {
        if self.begun == MAX_PAGES {
            self.beyond_limit += 1;
            return;
        }
        if self.open.len() == MAX_OPEN {
            self.too_many_open += 1;
            return;
        }
        self.begun += 1;
        let (client, server) = (session.client.address, session.server.address);
        self.open.insert(session.number, Captured::new(session.number, client, server, session.began));
    }
}

impl<W: Write> Sink for Pages<W> {
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
        if let Event::Began = event {
            self.begin(session);
            return Ok(());
        }
        let Some(page) = self.open.get_mut(&session.number) else {
            return self.summary.event(at, session, event);
        };
        match event {
            Event::Began | Event::Syn(Side::Client) => {}
            Event::Syn(Side::Server) => page.connected(at),
            Event::Bytes { sender, length, records, .. } => page.bytes(at, sender, length, records),
            Event::Gap(sender, Gap { missing, .. }) => page.gap(at, sender, missing),
            Event::Fin(sender) => page.fin(at, sender),
            Event::Reset(sender) => page.reset(at, sender),
            Event::Ended(incomplete) => {
                let (sentence, grade) = ending::of(session);
                let decrypted = ending::decrypted(session);
                let is_whole = matches!(decrypted, "decrypted" | "nothing encrypted");
                let sentence = if is_whole { sentence } else { format!("{decrypted}; {sentence}") };
                if session.encrypted.needs_secrets() {
                    page.advise(ending::KEY_LOG_HINT);
                }
                page.close(at, &incomplete, sentence, grade);
                let path = self.pages.draw(page).map_err(io::Error::other)?;
                self.open.remove(&session.number);
                let path = one_line(&path.display().to_string());
                self.summary.add(session.number, format!("{}; {path}", summary::line(session)))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use show::page::Size;

    use super::*;

    #[test]
    fn sessions_beyond_the_limit_have_a_line_and_no_page() {
        let folder = testing::folder::TempDir::new();
        let mut pages = Pages::new(CapturePages::open(folder.path(), Size::default()).unwrap(), Vec::new());
        pages.begun = MAX_PAGES - 1;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        for number in 1..=3 {
            let session = Session::new(number, Duration::ZERO, address, address);
            for event in [Event::Began, Event::Ended(Vec::new())] {
                pages.event(Duration::ZERO, &session, event).unwrap();
            }
        }
        assert_eq!((pages.beyond_limit, pages.too_many_open), (2, 0));
        assert!(
            folder.path().join("capture-1.html").exists() && !folder.path().join("capture-2.html").exists()
        );
        let lines = String::from_utf8(pages.summary.out).unwrap();
        assert_eq!((lines.lines().count(), lines.matches(".html").count()), (3, 1), "{lines}");
    }
}
