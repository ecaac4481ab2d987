//! A server that must close a connection, and has not closed it yet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{END_LIMIT, Trial};
use crate::verdict::{Verdict, failed, noted};
use crate::wire::Connection;

/// A connection that the server has not ended.
pub(super) struct Open {
    /// A second handle. `None` if nothing more can be read from it.
    pub(super) connection: Option<Connection>,
    /// When the case began to wait for its end.
    pub(super) since: Instant,
    /// How long the case has waited.
    pub(super) waited: Duration,
}

/// How a server closes its connections, as the cases of a run have seen it. A server that leaves every connection open must
/// not cost the patience in each case.
#[derive(Debug, Default)]
pub struct Closing {
    /// A connection was open for the whole patience.
    never: AtomicBool,
    /// A connection ended after [`END_LIMIT`]. So no other one counts as open before the patience is over.
    late: AtomicBool,
}

impl Trial<'_> {
    /// Judges a connection that the server must close, and that is still open. Waits until the patience is over. If the server
    /// closes the connection meanwhile, it is only slow: that is noted. `why` makes the sentence of a failure, from a time such
    /// as "20 s".
    pub fn left_open(&mut self, why: impl FnOnce(&str) -> String) -> Verdict {
        self.left_open_without(|_| false, why)
    }

    /// [`left_open`](Self::left_open) for a connection that may also end with these bytes.
    pub(super) fn left_open_without(
        &mut self,
        ending: impl Fn(&[u8]) -> bool,
        why: impl FnOnce(&str) -> String,
    ) -> Verdict {
        let patience = self.target.patience;
        let Some(Open { connection, since, waited }) = self.open.take() else {
            return failed(why(&seconds(END_LIMIT)));
        };
        let Some(mut connection) = connection.filter(|_| waited < patience) else {
            return failed(why(&seconds(waited)));
        };
        if self.closing.never.load(Ordering::Relaxed) && !self.closing.late.load(Ordering::Relaxed) {
            let time = format!("{}, and in an earlier case for {}", seconds(waited), seconds(patience));
            return failed(why(&time));
        }
        connection.set_limit(patience.saturating_sub(since.elapsed()));
        if connection.end_of_tcp_or(ending).is_open() {
            self.closing.never.store(true, Ordering::Relaxed);
            return failed(why(&seconds(patience)));
        }
        self.closing.late.store(true, Ordering::Relaxed);
        noted(format!("the server closed the connection only after {}", seconds(since.elapsed())))
    }
}

/// Prints "3 s" or "2.5 s".
fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;
    use crate::case::Version;
    use crate::cases;
    use crate::probe::Facts;
    use crate::target::{Target, Trust};
    use crate::trial::judge;
    use crate::wire::hello::fatal_alert;

    /// Longer than [`END_LIMIT`].
    const PATIENCE: Duration = Duration::from_millis(4500);

    /// A target that answers with an alert, and then does this with the connection.
    fn target(end: impl Fn(TcpStream) + Send + 'static) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                assert!(socket.read(&mut [0; 1024]).unwrap() > 0);
                socket.write_all(&fatal_alert(10)).unwrap();
                end(socket);
            }
        });
        let mut target = Target::new(address, "localhost".try_into().unwrap(), Trust::Any);
        target.patience = PATIENCE;
        target
    }

    fn verdict(target: &Target, closing: &Closing) -> Verdict {
        let facts = Facts { versions: Version::ALL.to_vec(), greeting: Vec::new(), at_once: 1 };
        let case = cases::all().find(|case| case.about.name == "data-first").unwrap();
        judge(target, &facts, closing, case, Version::Tls13, 1).verdict
    }

    #[test]
    fn a_server_that_closes_late_is_noted() {
        let target = target(|_socket| thread::sleep(END_LIMIT + Duration::from_millis(500)));
        let closing = Closing::default();
        closing.never.store(true, Ordering::Relaxed);
        closing.late.store(true, Ordering::Relaxed);
        for closing in [Closing::default(), closing] {
            let verdict = verdict(&target, &closing);
            let expected = "noted: the server closed the connection only after 3.";
            assert!(verdict.to_string().starts_with(expected), "{verdict}");
        }
    }

    #[test]
    fn a_server_that_never_closes_fails_and_costs_the_patience_once() {
        let target = target(std::mem::forget);
        let closing = Closing::default();
        for time in ["within 4.5 s (", " s, and in an earlier case for 4.5 s ("] {
            let verdict = verdict(&target, &closing);
            assert!(verdict.is_failed() && verdict.text().contains(time), "{verdict}");
        }
    }
}
