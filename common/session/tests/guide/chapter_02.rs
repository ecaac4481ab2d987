//! Chapter 2: the obvious loop hangs, and a flush before each wait repairs it.

use std::io::{self, ErrorKind, Read, Write};

use rustls::Connection;

use crate::peer::shake_hands;
use crate::steps::step_02::{echo, exchange, flush, main, obvious_exchange, obvious_handshake, receive};
use crate::steps::tls;
use crate::wire;

#[test]
fn chapter_02_runs() {
    main().unwrap();
}

#[test]
fn chapter_02_the_obvious_exchange_hangs() {
    let (answer, served) =
        wire::run(100_000, |socket| obvious_exchange(&mut tls::client().into(), socket, b"hello"), serve);
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!(served.unwrap_err().kind(), ErrorKind::Deadlock);
}

#[test]
fn chapter_02_a_finished_handshake_is_not_a_flushed_one() {
    let (waited, served) = wire::run(
        100_000,
        |socket| {
            let mut tls = tls::client().into();
            obvious_handshake(&mut tls, socket).unwrap();
            assert!(!tls.is_handshaking());
            assert!(tls.wants_write(), "the Finished of the client is still inside rustls");
            tls.read_tls(socket)
        },
        serve,
    );
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!(served.unwrap_err().kind(), ErrorKind::Deadlock);
}

#[test]
fn chapter_02_the_exchange_with_flushes_does_not_hang() {
    for length in [0, 5, 5000, 200_000] {
        let request = vec![7; length];
        let (answer, served) =
            wire::run(1_000_000, |socket| exchange(&mut tls::client().into(), socket, &request), serve);
        assert_eq!(answer.unwrap(), request);
        served.unwrap();
    }
}

fn serve(socket: &mut wire::End) -> io::Result<()> {
    echo(&mut tls::server().into(), socket)
}

#[test]
fn chapter_02_a_fin_during_the_handshake_makes_the_obvious_loop_spin() {
    let mut socket = OnlyFin { reads: 0 };
    let error = obvious_handshake(&mut tls::client().into(), &mut socket).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(socket.reads, 1000, "each of these reads returned 0, and the loop read again");

    let mut socket = OnlyFin { reads: 0 };
    let error = receive(&mut tls::client().into(), &mut socket, &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(socket.reads, 1);
}

#[test]
fn chapter_02_the_plaintext_before_a_bad_record_is_not_lost() {
    let (mut client, mut server) = established();
    let mut bytes = Vec::new();
    client.writer().write_all(b"hello").unwrap();
    flush(&mut client, &mut bytes).unwrap();
    bytes.extend([23, 3, 3, 0, 20]);
    bytes.extend([0; 20]);
    let (length, mut plaintext) = (bytes.len(), Vec::new());
    let mut socket = io::Cursor::new(bytes);
    let error = receive(&mut server, &mut socket, &mut plaintext).unwrap_err();
    assert_eq!((error.kind(), &plaintext[..]), (ErrorKind::Other, &b"hello"[..]));
    assert!(socket.into_inner().len() > length, "an alert");
}

#[test]
fn chapter_02_both_ends_write_and_neither_reads() {
    let (answer, served) =
        wire::run(50_000, |socket| exchange(&mut tls::client().into(), socket, &[7; 1_000_000]), serve);
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!(served.unwrap_err().kind(), ErrorKind::Deadlock);
}

/// A peer that takes everything and has sent a FIN. After 1000 reads it loses patience.
struct OnlyFin {
    reads: usize,
}

impl Read for OnlyFin {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        if self.reads == 1000 {
            return Err(ErrorKind::TimedOut.into());
        }
        self.reads += 1;
        Ok(0)
    }
}

impl Write for OnlyFin {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two ends after their handshake, with nothing left to write.
fn established() -> (Connection, Connection) {
    let mut ends = [tls::client().into(), tls::server().into()];
    shake_hands(&mut ends);
    ends.into()
}
