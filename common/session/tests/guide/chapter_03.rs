//! Chapter 3: on a non-blocking socket neither direction holds up the other. But the kernel does not say when to try again.

use std::io::{ErrorKind, Read, Write};

use crate::steps::step_02;
use crate::steps::step_03::{Session, answer, client, echo_turn, main};
use crate::steps::tls;
use crate::wire;

#[test]
fn chapter_03_runs() {
    main().unwrap();
}

#[test]
fn chapter_03_would_block_is_an_error_to_the_program_of_chapter_2() {
    let (mut near, _far) = wire::non_blocking(50_000);
    let error = step_02::exchange(&mut tls::client().into(), &mut near, b"hello").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

/// Runs an exchange, one turn at a time, until both ends are over. Fails if nothing moves any more.
fn exchange(capacity: usize, request: &[u8]) -> Vec<u8> {
    let (near, far) = wire::non_blocking(capacity);
    let (mut client, mut server) = (client(near, request), Session::new(tls::server(), far));
    while !client.is_over() || !server.is_over() {
        let has_moved = [client.turn().unwrap(), echo_turn(&mut server).unwrap()];
        assert!(has_moved.contains(&true), "stuck");
    }
    answer(client)
}

#[test]
fn chapter_03_both_ends_write_and_both_read() {
    let request = vec![7; 1_000_000];
    assert_eq!(exchange(50_000, &request), request);
}

#[test]
fn chapter_03_a_write_of_one_byte_at_a_time_loses_nothing() {
    assert_eq!(exchange(1, b"hello"), b"hello");
}

#[test]
fn chapter_03_a_program_that_drops_the_rest_of_a_short_write_breaks_the_session() {
    let (mut near, far) = wire::non_blocking(100);
    let mut server = Session::new(tls::server(), far);
    let mut client = tls::client();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    let taken = near.write(&bytes).unwrap();
    assert!(taken < bytes.len());
    while server.turn().unwrap() {}
    let rest_is_dropped = b"\x17\x03\x03\x00\x05hello"; // the next record comes in the middle of the last one
    let mut answer = [0; 100];
    let error = loop {
        let _ = near.write(rest_is_dropped);
        if let Err(error) = server.turn() {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::Other, "{error}");
    assert!(near.read(&mut answer).unwrap() > 0, "an alert");
}

#[test]
fn chapter_03_an_idle_session_asks_the_kernel_in_each_turn() {
    let (near, mut far) = wire::non_blocking(50_000);
    let mut client = client(near, b"hello");
    while client.turn().unwrap() {}
    let before = client.socket().calls;
    for _ in 0..1000 {
        assert!(!client.turn().unwrap());
    }
    assert_eq!(client.socket().calls - before, 1000, "each turn is one system call for nothing");
    assert!(far.read(&mut [0; 4096]).unwrap() > 0);
}
