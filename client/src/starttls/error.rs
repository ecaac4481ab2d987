//! The errors of STARTTLS.

use std::fmt;
use std::io;

use tls_session::escaped::Escaped;

use super::dialogue::{MAX_LINE, MAX_LINES, NOTHING};

/// An answer of the server, by the command before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer(pub(super) &'static str);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NOTHING => f.write_str("greeting"),
            command => write!(f, "answer to {command}"),
        }
    }
}

/// Why TLS does not begin.
#[derive(Debug)]
pub enum StartTlsError {
    /// The answer is this line, which is escaped.
    Refused(Answer, String),
    /// The server does not offer STARTTLS.
    NotOffered,
    /// The server sent these bytes behind an answer, although it was the client's turn.
    OutOfTurn(Answer, Vec<u8>),
    /// These bytes came behind the last answer, where TLS begins.
    Injected(Answer, Vec<u8>),
    /// A line of the server is too long.
    LongLine,
    /// An answer has too many lines.
    ManyLines,
    /// The server closed the connection before this answer.
    Closed(Answer),
    /// The server closed the connection after the last answer.
    ClosedBeforeTls(Answer),
    /// The answer did not come in time.
    TimedOut(Answer),
    /// The connection failed before this answer.
    Failed(Answer, io::Error),
    /// The connection failed after the last answer.
    FailedBeforeTls(Answer, io::Error),
}

impl fmt::Display for StartTlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(answer, line) => write!(f, "the server's {answer} is \"{line}\""),
            Self::NotOffered => f.write_str("the server does not offer STARTTLS"),
            Self::OutOfTurn(answer, bytes) => {
                write!(f, "the server sent more behind its {answer}: \"{}\"", Escaped::new(bytes))
            }
            Self::Injected(answer, bytes) => write!(
                f,
                "the server sent plaintext behind its {answer}: \"{}\"; an attacker on the path may have injected it \
                 (CVE-2011-0411)",
                Escaped::new(bytes)
            ),
            Self::LongLine => write!(f, "the server sent a line of more than {MAX_LINE} bytes before TLS"),
            Self::ManyLines => {
                write!(f, "the server sent more than {MAX_LINES} lines in one answer before TLS")
            }
            Self::Closed(answer) => write!(f, "the server closed the connection before its {answer}"),
            Self::ClosedBeforeTls(answer) => {
                write!(f, "the server closed the connection after its {answer}, before TLS began")
            }
            Self::TimedOut(answer) => {
                write!(f, "the server's {answer} did not come within --connect-timeout")
            }
            Self::Failed(answer, error) => {
                write!(f, "the connection failed before the server's {answer}: {error}")
            }
            Self::FailedBeforeTls(answer, error) => {
                write!(f, "the connection failed after the server's {answer}, before TLS began: {error}")
            }
        }
    }
}
