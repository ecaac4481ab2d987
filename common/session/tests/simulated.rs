//! The example `simulated` finds its bug, and nothing else.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../examples/simulated.rs"]
#[allow(dead_code, reason = "its main prints what this test checks")]
mod simulated;

#[test]
fn the_example_finds_its_bug_on_some_networks() {
    let failure = simulated::search(false).unwrap();
    assert!(failure.seed > 0, "the bug shows on every network");
    assert!(failure.repeats, "the seed does not repeat its run");
    assert!(failure.wrong.contains("35 bytes were asked"), "{failure}");
    let last = failure.journal.lines().last().unwrap();
    assert!(last.ends_with("client   is over 0"), "{failure}");
}

#[test]
fn the_repaired_application_holds_on_every_network() {
    assert_eq!(simulated::search(true), None);
}
