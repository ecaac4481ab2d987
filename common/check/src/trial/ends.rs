//! Waits for the end of a session or a connection, and judges it.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustls::{AlertDescription, ContentType};

use super::closing::Open;
use super::{END_LIMIT, Trial};
use crate::case::Version;
use crate::exchange;
use crate::verdict::{Judgement, Stop, Verdict, failed, noted};
use crate::wire::{Client, Connection, End};

impl Trial<'_> {
    /// Sends these records on a thread, and receives the echo of this plaintext meanwhile. A server may stop to read
    /// while its answer is not read.
    ///
    /// # Errors
    /// [`Stop::Failed`]: the echo does not come, is not complete, or is not the right one.
    pub fn echo_of(&self, client: &mut Client, records: Vec<u8>, plaintext: &[u8]) -> Result<(), Stop> {
        let (received, end) =
            receive_while(client, Duration::ZERO, plaintext.len(), move |sender| sender.send(&records))?;
        exchange::compare(plaintext, &received, end)
    }

    /// Calls `send` on a thread. Meanwhile, but not before this pause, receives until the server ends the session.
    /// Returns the plaintext and the end. Keeps the end for the outcome. After this many bytes the end has to come
    /// within [`END_LIMIT`].
    ///
    /// # Errors
    /// There is no free file descriptor.
    pub fn end_behind(
        &mut self,
        client: &mut Client,
        pause: Duration,
        expected: usize,
        send: impl FnOnce(&mut Connection) -> io::Result<()> + Send + 'static,
    ) -> io::Result<(Vec<u8>, End)> {
        let (mut received, end) = receive_while(client, pause, expected, send)?;
        let end = match end {
            Some(end) => {
                let waited = client.connection().limit();
                self.open = Some(Open { connection: None, since: Instant::now(), waited }); // it was shut down
                self.keep_end(&end);
                end
            }
            None => {
                let (more, end) = self.end_of(client);
                received.extend(more);
                end
            }
        };
        Ok((received, end))
    }

    /// Receives until the server ends the session, or for [`END_LIMIT`]. Keeps the end for the outcome.
    pub fn end_of(&mut self, client: &mut Client) -> (Vec<u8>, End) {
        let since = Instant::now();
        client.connection().set_limit(END_LIMIT);
        let (plaintext, end) = client.receive_to_end();
        self.keep_end_of(client.connection(), since, &end);
        (plaintext, end)
    }

    /// Reads until the server ends an unencrypted connection, or for [`END_LIMIT`]. Keeps the end for the outcome.
    pub fn end_of_connection(&mut self, connection: &mut Connection) -> (Vec<u8>, End) {
        let since = Instant::now();
        connection.set_limit(END_LIMIT);
        let (bytes, end) = connection.read_to_end();
        self.keep_end_of(connection, since, &end);
        (bytes, end)
    }

    /// [`end_of`](Self::end_of) for a session with an error: see [`closed_after`](Self::closed_after).
    pub fn end_after_error(&mut self, client: &mut Client) -> (Vec<u8>, End) {
        let (plaintext, end) = self.end_of(client);
        (plaintext, self.closed_after(client, end))
    }

    /// Checks that the server closes the connection after this end of a session, as it must after an alert. Returns
    /// [`End::Open`] if it does not. Keeps the end for the outcome.
    pub fn closed_after(&mut self, client: &mut Client, end: End) -> End {
        match end {
            // It came from the caller's call, or from `end_of`, which has kept the connection.
            End::Open if self.open.is_none() => {
                let waited = client.connection().limit();
                let now = Instant::now();
                self.keep_end_of(client.connection(), now.checked_sub(waited).unwrap_or(now), &end);
            }
            End::Alert(_) | End::Other(_) => {
                let since = Instant::now();
                client.connection().set_limit(END_LIMIT);
                if client.connection().read_to_end().1.is_open() {
                    client.connection().note(format!("the server did not close the connection after {end}"));
                    self.unclosed = Some(end);
                    self.keep_end_of(client.connection(), since, &End::Open);
                    return End::Open;
                }
                self.keep_end(&end);
            }
            _ => self.keep_end(&end),
        }
        end
    }

    /// The bytes or the alert instead of an end, from a server that did not close the connection: see
    /// [`closed_after`](Self::closed_after).
    pub fn unclosed(&self) -> Option<&End> {
        self.unclosed.as_ref()
    }

    /// Keeps this end for the outcome.
    pub fn keep_end(&mut self, end: &End) {
        self.end = Some(end.clone());
    }

    /// Keeps this end for the outcome. If the connection is open, keeps it for [`left_open`](Self::left_open). `since` is when
    /// the case began to wait.
    pub fn keep_end_of(&mut self, connection: &Connection, since: Instant, end: &End) {
        self.keep_end(end);
        self.open = end.is_open().then(|| Open {
            connection: connection.try_clone().ok(), // without a descriptor, the case has waited long enough
            since,
            waited: since.elapsed(),
        });
    }

    /// Judges how the server answered close_notify.
    pub fn answer_to_close_notify(&mut self, end: &End) -> Verdict {
        match (end, self.version) {
            (End::CloseNotify, _) => Verdict::Held,
            // In TLS 1.3 each side closes its direction when it wants to.
            (End::Open, Version::Tls13) => noted(format!(
                "the server neither answers close_notify nor closes the connection within {} s",
                END_LIMIT.as_secs()
            )),
            (End::Alert(_), _) => noted(format!("the answer to close_notify was {end}")),
            // In TLS 1.2 the type of the record shows that it is an alert.
            (End::Open, Version::Tls12) => self.left_open_without(
                |bytes| bytes.first() == Some(&u8::from(ContentType::Alert)),
                |time| {
                    format!(
                        "close_notify was not answered within {time} (RFC 5246, 7.2.1: MUST respond with close_notify)"
                    )
                },
            ),
            (_, Version::Tls13) => failed(format!(
                "the answer to close_notify was {end} (RFC 8446, 6.1: MUST send close_notify before it closes)"
            )),
            (_, Version::Tls12) => failed(format!(
                "the answer to close_notify was {end} (RFC 5246, 7.2.1: MUST respond with close_notify)"
            )),
        }
    }

    /// The rule that a fatal alert ends the connection.
    pub fn close_rule(&self) -> &'static str {
        match self.version {
            Version::Tls13 => "RFC 8446, 6.2: MUST immediately close",
            Version::Tls12 => "RFC 5246, 7.2.2: both parties immediately close",
        }
    }

    /// Judges the end of a connection that must end because of an error (RFC 8446, 6.2). One of these alerts holds.
    /// Another end is noted. A connection that stays open for the patience has failed.
    pub fn must_end(&mut self, end: &End, alerts: &[AlertDescription]) -> Judgement {
        Ok(match end {
            End::Alert(alert) if alerts.contains(alert) => Verdict::Held,
            End::Open => {
                let after = self.unclosed.as_ref().map(|end| format!(" after {end}")).unwrap_or_default();
                let rule = self.close_rule();
                self.left_open(|time| {
                    format!("the server did not close the connection{after} within {time} ({rule})")
                })
            }
            End::Fin | End::Reset => noted(format!("no alert: the connection ended with {end}")),
            other => noted(format!("the connection ended with {other}")),
        })
    }
}

/// Calls `send` on a thread. Meanwhile, but not before this pause, receives this much plaintext. Returns it. If it is
/// less, also returns the end.
fn receive_while(
    client: &mut Client,
    pause: Duration,
    expected: usize,
    send: impl FnOnce(&mut Connection) -> io::Result<()> + Send + 'static,
) -> io::Result<(Vec<u8>, Option<End>)> {
    let mut connection = client.connection().try_clone()?;
    let sender = thread::spawn(move || send(&mut connection));
    thread::sleep(pause);
    let (received, end) = client.receive_up_to(expected);
    if end.is_some() {
        client.connection().shut_down(); // ends the thread
    }
    let _ = sender.join(); // the received bytes show the result
    Ok((received, end))
}
