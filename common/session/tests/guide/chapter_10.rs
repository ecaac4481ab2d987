//! Chapter 10: the front of a session takes the line, the ClientHello, and nothing more.

use std::io::{ErrorKind, Read as _, Write as _};

use crate::steps::step_10::{ANSWER, COMMAND, Front, Progress, main};
use crate::steps::{step_03, tls};
use crate::wire;

#[test]
fn chapter_10_runs() {
    main().unwrap();
}

fn wait<S>(progress: Progress<S>) -> Front<S> {
    match progress {
        Progress::Wait(front) => front,
        Progress::Choose { .. } => panic!("too early"),
    }
}

#[test]
fn chapter_10_the_session_begins_behind_the_line() {
    let (mut near, far) = wire::non_blocking(100_000);
    let mut front = wait(Front::new(far).turn().unwrap());
    for byte in COMMAND {
        near.write_all(&[*byte]).unwrap();
        front = wait(front.turn().unwrap());
    }
    let mut answer = [0; ANSWER.len()];
    near.read_exact(&mut answer).unwrap();
    assert_eq!(answer, ANSWER);

    let mut client = step_03::client(near, b"hello");
    client.turn().unwrap();
    let Progress::Choose { name, accepted, socket } = front.turn().unwrap() else { panic!("no ClientHello") };
    assert_eq!(name.as_deref(), Some("localhost"));
    let tls = accepted.into_connection(tls::server_config()).unwrap_or_else(|(error, _)| panic!("{error}"));
    let mut server = step_03::Session::new(tls, socket);
    while !client.is_over() || !server.is_over() {
        let has_moved = [step_03::echo_turn(&mut server).unwrap(), client.turn().unwrap()];
        assert!(has_moved.contains(&true), "stuck");
    }
    assert_eq!(step_03::answer(client), b"hello");
}

#[test]
fn chapter_10_a_command_that_was_sent_with_the_line_is_not_taken_for_a_protected_one() {
    let (mut near, far) = wire::non_blocking(100_000);
    near.write_all(COMMAND).unwrap();
    near.write_all(b"DELETE everything\n").unwrap();
    assert_eq!(
        Front::new(far).turn().map(|_| ()).unwrap_err().kind(),
        ErrorKind::Other,
        "it is no ClientHello"
    );
    let mut answer = [0; ANSWER.len() + 2];
    near.read_exact(&mut answer).unwrap();
    assert_eq!(answer[ANSWER.len()..], [21, 3], "an alert");
}

#[test]
fn chapter_10_another_line_is_an_error() {
    let (mut near, far) = wire::non_blocking(100_000);
    near.write_all(b"STOP\n").unwrap();
    assert_eq!(Front::new(far).turn().map(|_| ()).unwrap_err().kind(), ErrorKind::InvalidData);
}
