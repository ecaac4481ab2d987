//! The server's memory and descriptors do not grow over many sessions, or over a long one.
//!
//! A run of hours: `SESSIONS=200000 MEGABYTES=10000 cargo test --release -p mio-server --test soak -- --ignored`.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(target_os = "linux")] // `/proc` has the figures

use testing::echo_server::EchoServer;
use testing::usage::Usage;

const MEGABYTE: usize = 1 << 20;
/// How often the server is measured.
const SAMPLES: usize = 30;
/// How much larger the heap may be in the last third than in the first, on average: an allocator keeps some memory.
const GROWTH: usize = 512 * 1024;

/// The number in this environment variable, or the usual number.
fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |number| number.parse().unwrap())
}

/// Does the same work many times. Panics if memory or descriptors of the server have grown.
fn assert_flat(server: &EchoServer, mut work: impl FnMut()) {
    let mut sample = |_| {
        work();
        server.program.usage().unwrap()
    };
    let samples: Vec<Usage> = (0..SAMPLES).map(&mut sample).collect();
    let third = SAMPLES / 3;
    let heap = |samples: &[Usage]| samples.iter().map(|sample| sample.heap).sum::<usize>() / third;
    let (first, last) = (heap(&samples[..third]), heap(&samples[SAMPLES - third..]));
    assert!(last < first + GROWTH, "the heap grew from {first} to {last}: {samples:?}");
    let descriptors = samples.iter().map(|sample| sample.descriptors);
    // The last session may still be open when its descriptors are counted.
    assert!(descriptors.clone().max() <= descriptors.min().map(|least| least + 1), "{samples:?}");
}

#[test]
#[ignore = "takes a minute"]
fn many_sessions_do_not_grow_the_server() {
    let server = EchoServer::start(&[]);
    let session = || {
        let mut client = server.connect();
        client.close_notify();
        assert_eq!(client.receive_to_end().0, b"welcome!\n");
    };
    (0..100).for_each(|_| session()); // the store of tickets grows
    assert_flat(&server, || (0..number("SESSIONS", 30_000) / SAMPLES).for_each(|_| session()));
}

#[test]
#[ignore = "takes a minute"]
fn a_long_echo_does_not_grow_the_server() {
    let server = EchoServer::start(&[]);
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    let mut megabyte = || {
        let sender = client.send_in_background(&vec![b'~'; MEGABYTE]);
        assert!(client.receive(MEGABYTE).iter().all(|byte| *byte == b'~'));
        sender.join().unwrap().unwrap();
    };
    megabyte();
    assert_flat(&server, || (0..number("MEGABYTES", 4_500) / SAMPLES).for_each(|_| megabyte()));
    assert_eq!(client.close(), b"");
}
