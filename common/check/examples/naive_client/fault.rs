//! The faults.

use clap::ValueEnum;

/// A way in which a client goes wrong. `common/check/tests/clients.txt` has the cases that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// A correct client.
    None,
    /// A FIN without close_notify counts as the end of the answer.
    FinIsTheEnd,
    /// The client does not compare the body with its length, and does not look for the last chunk.
    LengthIgnored,
    /// The end of the session counts as the end of the answer, however it came. The client ignores the length.
    TruncationIgnored,
    /// A reset counts as the end of the answer.
    ResetIsTheEnd,
    /// A fatal alert counts as the end of the answer.
    AlertIsTheEnd,
    /// Every error is printed, and the exit status is 0.
    ErrorIsSuccess,
    /// The exit status is 0 if the server is silent for too long.
    SilenceIsSuccess,
    /// The client does not notice that a read has returned 0, and goes on waiting.
    FinIgnored,
    /// The client prints an error, and waits for the server to close the connection.
    WaitsAfterAnError,
    /// Every certificate is accepted.
    AnyCertificate,
    /// The name in the certificate is not compared.
    AnyName,
    /// An expired certificate is accepted.
    AnyTime,
    /// An error of TLS aborts the process.
    ErrorAborts,
    /// A byte of the body is changed.
    ChangedByte,
    /// Records that bring no plaintext count as the end of the answer.
    EmptyRecordIsTheEnd,
    /// A read that brings an incomplete record is an error.
    PartOfARecordIsAnError,
    /// If the handshake fails, the client prints what the server sent without TLS, and succeeds.
    PlaintextFallback,
    /// The client fails if stdout takes nothing for two seconds.
    OutputTimesOut,
    /// The client closes as soon as half of the body is there.
    ClosesEarly,
}
