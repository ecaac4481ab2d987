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

/// A browser needs time for each element.
#[test]
fn the_bytes_of_a_field_are_one_element() {
    let [page, _] = pages(&[b'x'; 20], 1);
    let xs = |count: usize| vec!["78"; count].join(" ");
    let rows = [xs(8), xs(8), xs(4)].join("\n");
    assert_eq!(page.texts(".hex b").iter().filter(|run| **run == rows).count(), 2, "sent and received");
    let offsets = page.texts(".hex > div > i[aria-hidden]");
    assert!(offsets.iter().any(|offsets| offsets == "0000\n0008\n0010"), "{offsets:?}");
    // A long field has an element for each 128 bytes.
    assert!(offsets[1].starts_with("0080\n0088\n"), "{offsets:?}");
    assert!(page.texts(".hex > div > samp").iter().any(|text| text.contains("xxxxxxxx\nxxxxxxxx\nxxxx")));
}

#[test]
fn only_the_first_records_of_application_data_explain_their_fields() {
    for page in pages(b"hello", 6) {
        for end in ["client", "server"] {
            let explain = format!(".arrow.data.from-{end}:has(.says):has(.where a)");
            assert_eq!(page.count(&explain), 4);
            let first = page.texts(&format!(".arrow.data.from-{end} > .anchor")).swap_remove(0);
            let others = format!(".arrow.data.from-{end}:not(:has(.says)):not(:has(.where a)) .about a");
            let links = page.texts(&others);
            assert_eq!(
                links.iter().filter(|link| **link == format!("Record {first}")).count(),
                2,
                "{links:?}"
            );
        }
        assert_eq!(page.count(".arrow:not(.data):not(:has(.says))"), 0);
    }
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
