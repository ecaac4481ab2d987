use std::thread::JoinHandle;

use super::*;
use crate::wire::{Server, fixture};

const LIMIT: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_millis(300);
/// More than the payload's period and the buffers of the kernel.
const TOTAL: usize = 20 << 20;

/// A pump at a server that does this, and the thread of the server.
fn pump(server: impl FnOnce(&mut Server) + Send + 'static) -> (Pump, JoinHandle<()>) {
    let (client, thread) = fixture::ready(server);
    (Pump::new(client, TOTAL).unwrap(), thread)
}

/// Echoes to the end. `change` sees each piece and its position.
fn echo(mut change: impl FnMut(usize, &mut Vec<u8>) + Send + 'static) -> impl FnOnce(&mut Server) + Send {
    move |peer| {
        let mut position = 0;
        while let Ok(mut piece) = peer.receive_some(16 * 1024) {
            let length = piece.len();
            change(position, &mut piece);
            if length == 0 || peer.send(&piece).is_err() {
                return;
            }
            position += length;
        }
    }
}

fn run(pump: &mut Pump, pace: Pace) -> Flow {
    pump.run(pace, LIMIT, Instant::now() + LIMIT).unwrap()
}

#[test]
fn every_byte_comes_back_at_each_pace() {
    for pace in [Pace::Fast, Pace::Slow(64 * 1024, Duration::from_millis(1)), Pace::OneByte(1000)] {
        let (mut pump, server) = pump(echo(|_, _| {}));
        assert_eq!((run(&mut pump, pace), pump.received()), (Flow::Complete, TOTAL));
        drop(pump);
        server.join().unwrap();
    }
}

#[test]
fn a_changed_byte_and_a_lost_byte_are_found() {
    for lost in [false, true] {
        let (mut pump, server) = pump(echo(move |position, piece| {
            if (position..position + piece.len()).contains(&1_000_000) {
                let at = 1_000_000 - position;
                piece[at] ^= 1;
                if lost {
                    piece.remove(at);
                }
            }
        }));
        let flow = run(&mut pump, Pace::Fast);
        assert!(matches!(&flow, Flow::Changed(why) if why.starts_with("byte 1000000")), "{flow:?}");
        drop(pump);
        server.join().unwrap();
    }
}

#[test]
fn an_end_before_the_last_byte_is_found() {
    let (mut pump, server) = pump(|peer| {
        let piece = peer.receive_some(1000).unwrap();
        peer.send(&piece).unwrap();
        peer.close_notify().unwrap();
        peer.receive_to_end();
    });
    assert_eq!(run(&mut pump, Pace::Fast), Flow::Ended(End::CloseNotify));
    drop(pump);
    server.join().unwrap();
}

#[test]
fn a_server_that_takes_no_more_stalls_and_its_reset_is_noticed_without_a_read() {
    let (go, wait) = std::sync::mpsc::channel();
    let (mut pump, server) = pump(move |peer| {
        wait.recv().unwrap();
        peer.connection().try_clone().unwrap().reset().unwrap();
    });
    assert_eq!(pump.run(Pace::Never, QUIET, Instant::now() + LIMIT).unwrap(), Flow::Stalled(QUIET));
    assert!(pump.taken() > 0 && pump.taken() < TOTAL, "{}", pump.taken());
    assert_eq!(pump.wait_for_break(QUIET).unwrap(), None);
    go.send(()).unwrap();
    server.join().unwrap();
    assert_eq!(pump.wait_for_break(LIMIT).unwrap(), Some(End::Reset));
}
