//! `--show-certs`: writes the certificates of each client to stdout.
//!
//! A report is written when the handshake ends. A client could present the certificate of another client. Only the
//! signature of the handshake proves that the client has the key.
//!
//! The loop never waits for the reader of stdout. While many bytes are pending, reports are dropped and counted.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use identity::{LastPresented, Presented};
use log::warn;
use program::ending::Endings;
use program::observer::Observer;
use program::outlet::{Outlet, Queue};
use program::stderr;
use tls_session::bytes::{Bytes, Count};
use tls_session::observer::{SessionId, Step};

/// How many bytes may be pending when a report is made.
const LIMIT: usize = 64 * 1024;
/// How long to wait before the next try to write pending bytes.
const RETRY: Duration = Duration::from_millis(100);

/// The observer that writes the certificates of clients.
pub struct Certificates {
    presented: LastPresented,
    /// The certificates of clients whose handshake has not ended, by the number of the session.
    unfinished: HashMap<u64, Presented>,
    endings: Endings,
    /// stdout. `None` once a write to it has failed.
    stdout: Option<Queue>,
    /// How many reports were dropped and not yet counted in stdout.
    dropped: u64,
    /// Set while bytes are pending.
    retry_at: Option<Instant>,
}

impl Certificates {
    /// Creates the observer. The verifiers of clients keep the certificates in `presented`.
    ///
    /// # Errors
    /// No file descriptors are left.
    pub fn new(presented: LastPresented, endings: Endings) -> io::Result<Self> {
        Ok(Self::to(Queue::new(Outlet::new(io::stdout().as_fd())?), presented, endings))
    }

    fn to(stdout: Queue, presented: LastPresented, endings: Endings) -> Self {
        let unfinished = HashMap::new();
        Self { presented, unfinished, endings, stdout: Some(stdout), dropped: 0, retry_at: None }
    }

    /// Writes a line with the session, the report, and the reason if the handshake failed. Drops the report if too many
    /// bytes are pending.
    fn show(&mut self, now: Instant, id: SessionId, presented: &Presented, failure: Option<&str>) {
        let Some(stdout) = &self.stdout else { return };
        if stdout.len() > LIMIT {
            self.dropped += 1;
            return;
        }
        let mut text = String::new();
        if self.dropped > 0 {
            let missing = Count(std::mem::take(&mut self.dropped), "session");
            let _ = writeln!(text, "{missing} missing here: stdout took no more\n"); // a String takes all
        }
        let _ = writeln!(text, "{id}\n{}", presented.report(failure));
        self.write(now, text.as_bytes());
    }

    /// Writes pending bytes and then these. A failure of stdout is final.
    fn write(&mut self, now: Instant, text: &[u8]) {
        let Some(stdout) = &mut self.stdout else { return };
        match stdout.push(text) {
            Ok(()) => self.retry_at = (!stdout.is_empty()).then(|| now + RETRY),
            Err(error) => {
                warn!("--show-certs: cannot write to stdout: {error}; later clients are not shown");
                (self.stdout, self.retry_at) = (None, None);
            }
        }
    }
}

impl tls_session::observer::Observer for Certificates {
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        match step {
            // The verifier has run in `process_new_packets`, and this step follows at once. So the certificates are those
            // of this session.
            Step::Processed(_) => {
                self.unfinished.extend(self.presented.take().map(|presented| (id.number, presented)));
            }
            Step::Established(_) => {
                if let Some(presented) = self.unfinished.remove(&id.number) {
                    self.show(now, id, &presented, None);
                }
            }
            Step::Closed { reason, until, .. } => {
                if let Some(presented) = self.unfinished.remove(&id.number) {
                    let failure = self.endings.describe_end(reason, *until).to_string();
                    self.show(now, id, &presented, Some(&failure));
                }
            }
            _ => {}
        }
    }
}

impl Observer for Certificates {
    fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    fn timer(&mut self, now: Instant) {
        if self.retry_at.is_some_and(|at| at <= now) {
            self.write(now, b"");
        }
    }
}

/// Waits for the reader of stdout for a moment.
impl Drop for Certificates {
    fn drop(&mut self) {
        let Some(stdout) = &mut self.stdout else { return };
        // The error is ignored, because the line below counts the bytes that were not written.
        let _ = stdout.finish(stderr::end_of_last_wait());
        if !stdout.is_empty() || self.dropped > 0 {
            let (bytes, dropped) = (Bytes(stdout.len()), Count(self.dropped, "session"));
            warn!("--show-certs: stdout had no reader: lost {bytes}, and the certificates of {dropped}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::sync::Arc;

    use identity::{Peer, Trust};
    use rustls::Side;
    use rustls::pki_types::UnixTime;
    use testing::certificates::{Identity, der};

    fn observer(writer: &io::PipeWriter) -> Certificates {
        let endings = Endings::of(Side::Server);
        Certificates::to(Queue::new(Outlet::new(writer.as_fd()).unwrap()), LastPresented::default(), endings)
    }

    fn presented() -> Presented {
        let own = der(&Identity::for_names(&["alice"]).certificate);
        Presented::new(&own, &[], Peer::Client, &[], Arc::new(Trust::nothing()), UnixTime::now())
    }

    fn id(number: u64) -> SessionId {
        SessionId { number, peer: ([127, 0, 0, 1], 1).into() }
    }

    #[test]
    fn reports_are_dropped_and_counted_while_the_reader_of_stdout_sleeps() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut certificates = observer(&writer);
        let (now, presented) = (Instant::now(), presented());
        let mut shown = 0;
        while certificates.dropped < 2 {
            shown += 1;
            certificates.show(now, id(shown), &presented, None);
        }
        shown -= 2;
        assert_eq!(certificates.deadline(), Some(now + RETRY));
        let pending = certificates.stdout.as_ref().unwrap().len();
        assert!(pending <= LIMIT + presented.to_string().len() + 100, "{pending}");

        let mut text = Vec::new();
        let mut buffer = vec![0; 1 << 20];
        while let Some(at) = certificates.deadline() {
            let length = reader.read(&mut buffer).unwrap();
            text.extend_from_slice(&buffer[..length]);
            certificates.timer(at);
        }
        certificates.show(now, id(shown + 3), &presented, None);
        drop((certificates, writer));
        reader.read_to_end(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches("CN=alice UNAUTHORIZED").count() as u64, shown + 1);
        let missing = format!("\n\n2 sessions missing here: stdout took no more\n\n{}\n", id(shown + 3));
        assert!(text.contains(&missing), "{text}");
    }

    #[test]
    fn a_closed_stdout_ends_the_reports_and_nothing_else() {
        let (reader, writer) = io::pipe().unwrap();
        let mut certificates = observer(&writer);
        drop(reader);
        for number in [1, 2] {
            certificates.show(Instant::now(), id(number), &presented(), None);
            assert!(certificates.stdout.is_none() && certificates.deadline().is_none());
        }
    }
}
