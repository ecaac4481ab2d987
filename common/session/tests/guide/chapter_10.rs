//! Chapter 10: the front of a session takes the line, the ClientHello, and nothing more.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use rustls::server::{Accepted, Acceptor};
use rustls::{AlertDescription, Error};

use crate::steps::step_10::{ANSWER, COMMAND, Front, Progress, connect, main, serve_one};
use crate::steps::{step_02, step_03, tls};
use crate::wire;

#[test]
fn chapter_10_runs() {
    main().unwrap();
}

fn wait<S>(progress: Progress<S>) -> Front<S> {
    match progress {
        Progress::Wait(front) => front,
        Progress::Choose { .. } | Progress::Refuse { .. } => panic!("too early"),
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
    let tls = connect(*accepted, tls::server_config()).unwrap();
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
    let Progress::Refuse { refusal, .. } = Front::new(far).turn().unwrap() else {
        panic!("it is no ClientHello")
    };
    assert_eq!(refusal.bytes[..2], [21, 3], "an alert");
}

#[test]
fn chapter_10_another_line_is_an_error() {
    let (mut near, far) = wire::non_blocking(100_000);
    near.write_all(b"STOP\n").unwrap();
    assert_eq!(Front::new(far).turn().map(|_| ()).unwrap_err().kind(), ErrorKind::InvalidData);
}

/// Asks for TLS, and sends something else. Returns everything that comes until the FIN, and goes on sending.
fn send_garbage(mut socket: TcpStream) -> io::Result<Vec<u8>> {
    socket.write_all(COMMAND)?;
    socket.read_exact(&mut [0; ANSWER.len()])?;
    socket.write_all(&[b'x'; 20_000])?;
    let mut received = Vec::new();
    socket.read_to_end(&mut received)?;
    for _ in 0..100 {
        socket.write_all(&[b'x'; 200])?; // fails if the server has closed its socket
    }
    Ok(received)
}

#[test]
fn chapter_10_a_client_that_sends_no_client_hello_gets_an_alert_and_a_fin_and_no_reset() {
    let received = serve_one(tls::server_config(), send_garbage).unwrap().unwrap();
    assert_eq!(received[..2], [21, 3], "an alert");
}

#[test]
fn chapter_10_a_client_that_the_configuration_refuses_gets_an_alert() {
    let config = tls::server_config_of(&[&rustls::version::TLS13]);
    let error = serve_one(config, |mut socket| {
        socket.write_all(COMMAND)?;
        socket.read_exact(&mut [0; ANSWER.len()])?;
        let mut client = tls::client_of(&[&rustls::version::TLS12]).into();
        step_02::exchange(&mut client, &mut socket, b"hello")
    });
    let error = error.unwrap().unwrap_err();
    let error = error.get_ref().unwrap().downcast_ref::<Error>();
    assert_eq!(error, Some(&Error::AlertReceived(AlertDescription::ProtocolVersion)));
}

/// Returns a ClientHello with `more` behind it, as one read has brought them.
fn accepted(more: &[u8]) -> Accepted {
    let mut bytes = Vec::new();
    tls::client_of(&[&rustls::version::TLS12]).write_tls(&mut bytes).unwrap();
    bytes.extend(more);
    let mut acceptor = Acceptor::default();
    assert_eq!(acceptor.read_tls(&mut &bytes[..]).unwrap(), bytes.len());
    acceptor.accept().unwrap_or_else(|(error, _)| panic!("{error}")).unwrap()
}

#[test]
fn chapter_10_bytes_behind_the_client_hello_are_processed_without_a_read() {
    assert!(connect(accepted(&[]), tls::server_config()).is_ok());
    let refusal = connect(accepted(&[21, 3, 3, 0, 2, 2, 40]), tls::server_config()).unwrap_err();
    assert_eq!(refusal.error, Error::AlertReceived(AlertDescription::HandshakeFailure));
}
