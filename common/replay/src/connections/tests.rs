//! The bound of memory of all connections.

use super::*;

struct Nothing;

impl Sink for Nothing {
    fn event(&mut self, _: Duration, _: &Session, _: Event<'_>) -> std::io::Result<()> {
        Ok(())
    }
}

/// Adds one segment for each of 1,000 connections, and returns the connections and the most that they needed.
fn flood(sequence: impl Fn(usize) -> u32, payload: &[u8]) -> (Connections, usize) {
    let mut connections = Connections { max_weight: 1 << 20, ..Connections::default() };
    let key_log = KeyLog::default();
    let mut most = 0;
    for number in 0..1000 {
        let from = SocketAddr::from(([10, 0, 0, 1], 1000 + number));
        let to = SocketAddr::from(([10, 0, 0, 2], 443));
        for part in 0..2 {
            let segment = Segment {
                from,
                to,
                sequence: sequence(part),
                syn: part == 0,
                ack: part > 0,
                fin: false,
                rst: false,
                payload: if part == 0 { &[] } else { payload },
                cut: 0,
            };
            connections.add(Duration::ZERO, &segment, &key_log, &mut Nothing).unwrap();
            let needed: usize =
                connections.connections.values().map(|connection| CONNECTION + connection.weight()).sum();
            assert_eq!(connections.weight, needed);
            most = most.max(needed);
        }
    }
    (connections, most)
}

#[test]
fn connections_that_need_too_much_memory_are_forgotten() {
    // A ClientHello of 15,000 bytes lacks its last byte.
    let mut hello = vec![22, 3, 1, 0x3a, 0x9d, 1, 0, 0x3a, 0x99];
    hello.resize(15_000, 0);
    let other = vec![b'x'; 15_000];
    for (payload, second, sessions) in [(&hello, 1, 1000), (&other, 1, 0), (&other, 500, 0)] {
        let (mut connections, most) = flood(|part| if part == 0 { 0 } else { second }, payload);
        assert!(most <= 1 << 20, "{most}");
        assert!(connections.connections.len() < 80, "{}", connections.connections.len());
        assert_eq!(connections.seen.forgotten as usize, 1000 - connections.connections.len());
        assert_eq!(connections.seen.sessions, sessions);
        connections.finish(&mut Nothing).unwrap();
    }
}

#[test]
fn the_connections_that_were_silent_for_the_longest_time_are_forgotten() {
    let (connections, _) = flood(|part| part as u32, &[b'x'; 15_000]);
    let last = connections.connections.values().map(|connection| connection.last_segment).min();
    let remaining = connections.connections.len() as u64;
    assert_eq!(last, Some(2000 - 2 * (remaining - 1)));
}
