//! Pages in windows of several widths, in Chromium.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support {
    pub mod browser;
    pub mod memory;
    pub mod pair;
}

use support::browser::Browser;
use support::memory::{Setup, Talk};
use support::pair::draw_setup;
use testing::folder::TempDir;

#[test]
#[ignore = "needs chromium"]
fn the_index_and_the_page_of_both_ends_fit_every_window() {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    draw_setup(&folder, Setup::new(), Talk::new(&[b'x'; 100_000], 1), || {});
    for page in ["pair-1.html", "index.html"] {
        browser.open(&folder.path().join(page), "");
        for width in [360, 390, 900, 1400] {
            browser.look(width, 1000, "light");
            let scroll = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(scroll <= u64::from(width), "{page}: {scroll} in {width}");
        }
    }
}

#[test]
#[ignore = "needs chromium"]
fn no_chip_covers_the_number_of_its_record() {
    const COVERED: &str = "[...document.querySelectorAll('.arrow:has(> .anchor)')].filter(arrow => { \
        const [number, chip] = ['.anchor', '.chip'].map(part => arrow.querySelector(part).getBoundingClientRect()); \
        return number.left < chip.right && chip.left < number.right; }).length";
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    draw_setup(&folder, Setup::new(), Talk::new(b"hello", 50), || {});
    browser.open(&folder.path().join("client-1.html"), "");
    assert_ne!(browser.evaluate("document.querySelectorAll('.arrow > .anchor').length"), 0);
    for width in [360, 390, 900] {
        browser.look(width, 1000, "light");
        assert_eq!(browser.evaluate(COVERED), 0, "{width}");
    }
}
