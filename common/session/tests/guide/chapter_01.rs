//! Chapter 1: the exchange works, and a silent peer holds the thread.

use std::io::{ErrorKind, Read as _};

use crate::steps::step_01::{echo, exchange, main};
use crate::steps::tls;
use crate::wire;

#[test]
fn chapter_01_runs() {
    main().unwrap();
}

#[test]
fn chapter_01_the_answer_is_whole() {
    let request = vec![7; 50_000];
    let (answer, served) = wire::run(
        100_000,
        |socket| exchange(&mut tls::client(), socket, &request),
        |socket| echo(&mut tls::server(), socket),
    );
    assert_eq!(answer.unwrap(), request);
    served.unwrap();
}

#[test]
fn chapter_01_a_silent_server_holds_the_thread_of_the_client() {
    let (answer, _) = wire::run(
        4096,
        |socket| exchange(&mut tls::client(), socket, b"hello"),
        |socket| while socket.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {},
    );
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Deadlock);
}
