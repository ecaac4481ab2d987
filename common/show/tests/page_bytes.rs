//! Pages: the bytes of a record and the fields beside them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod drawn;
    pub mod memory;
}

use support::drawn::{Page, draw};
use support::memory::{Setup, Talk};

/// Draws both ends of a session that sends this message several times.
fn pages(message: &[u8], times: usize) -> [Page; 2] {
    draw(Setup::new(), 256 * 1024, Talk::new(message, times))
}

#[test]
fn a_field_that_is_cut_has_its_full_size() {
    let [page, _] = pages(&[b'x'; 1000], 1);
    let data = page
        .texts(".field:has(> .name)")
        .into_iter()
        .find(|text| text.starts_with("application_data "))
        .unwrap();
    assert!(data.starts_with("application_data 1\u{202f}000\u{a0}B · "), "{data}");
}
