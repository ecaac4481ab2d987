//! Chapter 6: memory has a limit. A client that never reads keeps its session for ever.

use std::cell::RefCell;
use std::time::Duration;

use crate::peer::{Peer, drive, listener};
use crate::steps::step_04::Server;
use crate::steps::step_06::{Session, main};

const SHORT: Option<Duration> = Some(Duration::from_millis(1));

#[test]
fn chapter_06_runs() {
    main().unwrap();
}

#[test]
fn chapter_06_a_client_that_does_not_read_is_not_read_from() {
    let (listener, address) = listener();
    let server = RefCell::new(Server::<Session>::new(listener).unwrap());
    let most = RefCell::new(0);
    let turn = || {
        let mut server = server.borrow_mut();
        server.turn(SHORT).unwrap();
        let unsent: usize = server.sessions.values().map(Session::unsent).sum();
        most.replace_with(|most| unsent.max(*most));
    };
    let mut peer = Peer::established(address, turn);
    let request = vec![7; 3_000_000];
    peer.send(&request);
    peer.tls.send_close_notify();
    // Both directions are full, and the client does not read.
    drive(turn, || !peer.write() && server.borrow().sessions.values().all(Session::is_blocked));
    for _ in 0..100 {
        turn();
        assert!(!peer.write(), "the server takes more");
    }
    assert!(*most.borrow() < 20_000, "{most:?}");

    // It begins to read, and everything goes on by itself.
    peer.run_to_end(turn);
    assert_eq!(peer.end, Some(Ok(())));
    assert!(peer.received == request);
    assert!(*most.borrow() < 20_000, "{most:?}");
}

#[test]
fn chapter_06_the_blocked_client_stays_for_ever() {
    let (listener, address) = listener();
    let server = RefCell::new(Server::<Session>::new(listener).unwrap());
    let turn = || server.borrow_mut().turn(SHORT).unwrap();
    let mut peer = Peer::established(address, turn);
    peer.send(&[7; 3_000_000]);
    drive(turn, || !peer.write() && server.borrow().sessions.values().all(Session::is_blocked));
    server.borrow_mut().turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(server.borrow().sessions.len(), 1, "no event comes, and nothing else ends the session");
}
