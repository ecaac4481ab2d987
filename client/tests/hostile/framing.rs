//! Good sessions with unusual records.

use crate::row::{Row, check_rows, row};

const CLEAN: &str = "closed cleanly, the server first; 2,048 bytes received, 0 sent";

/// The cases of this group.
pub fn rows() -> Vec<Row> {
    let rows = [
        row("bytes-one-by-one", 0, CLEAN).shows(2048),
        row("answer-and-end-in-one-write", 0, CLEAN).shows(2048),
        row("split-records", 0, CLEAN).shows(2048),
        row("tiny-records", 0, "closed cleanly, the server first; 6,400 bytes received").shows(6400),
        row("full-records", 0, "closed cleanly, the server first; 163,840 bytes received").shows(163_840),
        row("empty-records", 0, CLEAN).shows(2048),
        row("padded-records", 0, CLEAN).shows(2048),
        row("key-update", 0, CLEAN).shows(2048),
    ];
    rows.map(|row| row.flags(&["--linger", "off"])).into()
}

#[test]
fn unusual_records_in_good_sessions() {
    check_rows(&rows());
}
