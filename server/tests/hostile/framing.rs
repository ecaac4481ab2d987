//! Records and messages that are cut and joined in unusual ways.

use check::case::Version::Tls13;
use check::wire::End;

use crate::case::{Case, check_all, row, rows};

/// 300 bytes, the request of a case, and the number of bytes that a case adds.
const REQUEST: &str = "closed cleanly, the client first; 300 bytes received";

/// The rows of this group.
pub fn table() -> Vec<Case> {
    let each = [
        rows("bytes-one-by-one", End::CloseNotify, REQUEST),
        rows("hello-in-records", End::CloseNotify, REQUEST),
        rows("coalesced-flights", End::CloseNotify, REQUEST),
        rows("small-records", End::CloseNotify, "closed cleanly, the client first; 1,000 bytes received"),
        rows(
            "ten-thousand-tiny-records",
            End::CloseNotify,
            "closed cleanly, the client first; 10,000 bytes received",
        ),
        rows("full-records", End::CloseNotify, "closed cleanly, the client first; 131,072 bytes received"),
        rows("empty-records", End::CloseNotify, "closed cleanly, the client first; 364 bytes received"),
        rows("huge-hello", End::CloseNotify, REQUEST),
        rows("unknown-values", End::CloseNotify, REQUEST),
        rows("split-records", End::CloseNotify, "closed cleanly, the client first"),
    ];
    let one = [
        row("finished-with-data", Tls13, End::CloseNotify, REQUEST),
        row(
            "padded-records",
            Tls13,
            End::CloseNotify,
            "closed cleanly, the client first; 192 bytes received",
        ),
        row("key-update", Tls13, End::CloseNotify, "closed cleanly, the client first; 664 bytes received"),
    ];
    each.into_iter().flatten().chain(one).collect()
}

#[test]
fn records_and_messages() {
    check_all(&table());
}
