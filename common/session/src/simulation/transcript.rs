//! An observer that writes down what a session did.

use std::time::Instant;

use crate::deadline::Timeout;
use crate::observer::{Observer, SessionId, Step};
use rustls::{HandshakeKind, ProtocolVersion};

/// Everything that a session did, as lines that a test can compare, and as bytes.
///
/// Lines have no sizes of ciphertext, because these differ from one version of rustls to the next.
#[derive(Debug, Default)]
pub struct Transcript {
    /// What the session did, in order.
    pub lines: Vec<String>,
    /// The deadlines that were started, moved and stopped, in order.
    pub deadlines: Vec<(Timeout, Option<Instant>)>,
    /// The ciphertext that was read.
    pub ciphertext_in: Vec<u8>,
    /// The ciphertext that was written.
    pub ciphertext_out: Vec<u8>,
    /// The plaintext that the application received.
    pub plaintext_in: Vec<u8>,
    /// The plaintext that the application sent.
    pub plaintext_out: Vec<u8>,
    /// The most output that was ever pending, in bytes of ciphertext.
    pub peak_pending: usize,
}

impl Transcript {
    /// The index of the first line like this.
    pub fn position(&self, line: &str) -> Option<usize> {
        self.lines.iter().position(|other| other == line)
    }

    /// Returns whether the session was ever in this phase.
    pub fn entered(&self, phase: &str) -> bool {
        let suffix = format!("-> {phase}");
        self.lines.iter().any(|line| line.ends_with(&suffix))
    }
}

impl Observer for Transcript {
    fn step(&mut self, _now: Instant, _id: SessionId, step: &Step<'_>) {
        let line = match step {
            Step::Received([]) => "recv FIN".into(),
            Step::Received(bytes) => {
                self.ciphertext_in.extend_from_slice(bytes);
                "recv".into()
            }
            // Steps of the loop, and steps that change nothing.
            Step::Began { .. }
            | Step::Ready(_)
            | Step::InterestChanged(_)
            | Step::ReadBlocked
            | Step::TimerSet(_)
            | Step::TimerFired
            | Step::Yielded => {
                return;
            }
            Step::ReadTls([]) => return, // a FIN, which has its line
            Step::ReadTls(_) => "read_tls".into(),
            Step::Processed(Ok(state)) => {
                self.peak_pending = self.peak_pending.max(state.tls_bytes_to_write());
                "processed".into()
            }
            Step::Processed(Err(error)) => format!("processed: {error:?}"),
            Step::Established(handshake) => {
                let version = match handshake.version {
                    Some(ProtocolVersion::TLSv1_2) => "TLS1.2",
                    Some(ProtocolVersion::TLSv1_3) => "TLS1.3",
                    _ => "unknown version",
                };
                let resumed = handshake.kind == Some(HandshakeKind::Resumed);
                let standing = if handshake.authorization.is_warning { "UNAUTHORIZED" } else { "fine" };
                format!("handshake {version}, {}, {standing}", if resumed { "resumed" } else { "full" })
            }
            Step::PlaintextIn(plaintext) => {
                self.plaintext_in.extend_from_slice(plaintext);
                format!("plaintext_in {}", plaintext.len())
            }
            Step::PlaintextOut(plaintext) => {
                self.plaintext_out.extend_from_slice(plaintext);
                format!("plaintext_out {}", plaintext.len())
            }
            Step::Sent(bytes) => {
                self.ciphertext_out.extend_from_slice(bytes);
                return; // `WroteTls` follows
            }
            Step::WroteTls(_) => "write_tls".into(),
            Step::WriteBlocked => "write blocked".into(),
            Step::PhaseChanged { from, to } => format!("{} -> {}", from.name(), to.name()),
            Step::DeadlineSet(timeout, at) => return self.deadlines.push((*timeout, *at)),
            Step::DeadlineFired(timeout) => format!("deadline {}", timeout.name()),
            Step::SentFin(Ok(())) => "send FIN".into(),
            Step::SentFin(Err(error)) => format!("send FIN: {:?}", error.kind()),
            Step::Closed { reason, received, sent, .. } => format!("{reason:?}, {received} in, {sent} out"),
        };
        self.lines.push(line);
    }
}
