//! Chapter 1: the exchange works, and a silent peer holds the thread.

use std::io::{ErrorKind, Read as _};
use std::thread;

use crate::steps::step_01::{echo, exchange, main};
use crate::steps::tls;
use crate::wire;

#[test]
fn chapter_01_runs() {
    main().unwrap();
}

#[test]
fn chapter_01_the_answer_is_whole() {
    let (mut near, mut far) = wire::blocking(100_000);
    let request = vec![7; 50_000];
    thread::scope(|scope| {
        let server = scope.spawn(|| echo(&mut tls::server(), &mut far));
        assert_eq!(exchange(&mut tls::client(), &mut near, &request).unwrap(), request);
        server.join().unwrap().unwrap();
    });
}

#[test]
fn chapter_01_a_silent_server_holds_the_thread_of_the_client() {
    let (mut near, mut far) = wire::blocking(4096);
    thread::scope(|scope| {
        scope.spawn(move || while far.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {});
        let error = exchange(&mut tls::client(), &mut near, b"hello").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
    });
}
