//! Certificates that the client must not accept.

use crate::row::{Row, check_rows, row};

/// The cases of this group.
pub fn rows() -> Vec<Row> {
    let rows = [
        row("expired-certificate", 3, "the server is not authorized: its certificate expired on 2021-01-01"),
        row(
            "unknown-authority",
            3,
            "the server is not authorized: unknown issuer CN=mio-check unknown authority",
        ),
        row("self-signed-certificate", 3, "the server is not authorized: unknown issuer CN=localhost"),
        row(
            "other-name",
            3,
            "the server is not authorized: its certificate is for other.invalid, not for 127.0.0.1",
        ),
    ];
    rows.map(|row| row.shows(0)).into()
}

#[test]
fn certificates_that_must_not_be_accepted() {
    check_rows(&rows());
}
