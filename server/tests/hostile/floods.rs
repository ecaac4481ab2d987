//! Clients that send very much, in very small records, or do not read.

use check::case::Version::Tls13;
use rustls::version::TLS13;
use testing::peer::{End, TlsClient};

use crate::case::{Case, check_all, greeted, row, rows};

const LATE: &str = "timed out (--write-timeout)";

/// Reads to the end after a write timeout. There must be no close_notify, which would certify a complete answer.
fn assert_no_close_notify(mut client: TlsClient) {
    let (_, end) = client.receive_to_end();
    assert_ne!(end, End::CloseNotify, "close_notify after an incomplete echo");
}

#[test]
fn a_client_that_does_not_read() {
    check_all(&[Case::new(
        "sends up to a quarter of a gigabyte and never reads",
        |server| {
            let (mut client, _) = greeted(server, &TLS13);
            let megabyte = vec![0; 1 << 20];
            let sent = (0..256).take_while(|_| client.try_send(&megabyte)).count();
            assert!(sent < 256, "the server took everything, while its echo was not read");
            assert_no_close_notify(client);
        },
        (),
        LATE,
    )
    .flags(&["--write-timeout", "500ms"])]);
}

/// The rows of clients that flood the server, or read late.
pub fn table() -> Vec<Case> {
    let slow = [
        rows("late-reader", (), "closed cleanly, the client first; 12,582,912 bytes received"),
        rows("both-directions-full", (), "closed cleanly, the client first; 6,291,456 bytes received"),
        rows("one-byte-reads", (), "closed cleanly, the client first; 2,097,152 bytes received"),
    ];
    let before = row("floods-before-the-handshake", Tls13, (), "does not speak TLS").also_logs(&[
        "TLS failed: received unexpected message: got ApplicationData when expecting Handshake",
        "TLS failed: received corrupt message of type InvalidEmptyPayload",
        "TLS failed: received unexpected message: got ChangeCipherSpec when expecting Handshake",
        "TLS failed: peer misbehaved: TooManyWarningAlertsReceived",
    ]);
    // A slow machine has no time for all of the hundred KeyUpdates with data.
    let updates = row("many-key-updates", Tls13, (), "TLS failed: peer misbehaved: TooManyKeyUpdateRequests")
        .noted(" KeyUpdates with data, and 10000 in a row with a FIN without close_notify");
    slow.into_iter().flatten().chain([before, updates]).collect()
}

#[test]
fn floods_and_late_readers() {
    check_all(&table());
}
