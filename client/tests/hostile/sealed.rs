//! Encrypted records that must not come.

use check::wire::End;
use rustls::AlertDescription;

use crate::row::{Row, check_rows, row};

const DAMAGED: &str =
    "TLS failed: cannot decrypt peer's message; the record was damaged in transit, or forged";

/// The cases of this group.
pub fn rows() -> Vec<Row> {
    let damaged = ["damaged-record", "invalid-record-and-more", "unencrypted-record", "replayed-record"]
        .map(|name| row(name, 3, DAMAGED).ends(End::Alert(AlertDescription::BadRecordMac)));
    let messages = [
        row("second-finished", 3, "TLS failed: received unexpected handshake message: got Finished")
            .ends(End::Alert(AlertDescription::UnexpectedMessage)),
        row("hello-request", 3, "TLS failed: received unexpected handshake message: got HelloRequest")
            .ends(End::Alert(AlertDescription::UnexpectedMessage)),
        row("late-certificate-request", 3, "TLS failed: received corrupt message of type TrailingData")
            .ends(End::Alert(AlertDescription::DecodeError)),
        row("invalid-key-update", 3, "TLS failed: received corrupt message of type InvalidKeyUpdate")
            .ends(End::Alert(AlertDescription::IllegalParameter)),
        row("empty-ticket", 3, "TLS failed: received corrupt message of type EmptyTicketValue")
            .ends(End::Alert(AlertDescription::DecodeError)),
    ];
    // The first half of the answer has arrived before.
    damaged.into_iter().chain(messages).map(|row| row.shows(1024).flags(&["--linger", "off"])).collect()
}

#[test]
fn records_that_must_not_come() {
    check_rows(&rows());
}
