//! The values of keys belong to their own session, although one recorder serves all sessions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use decode::recorder::Recorder;
use decode::schedule::{Key, Value};
use decode::secrets::Secrets;
use program::observer::LoopEvent;
use rustls::{ClientConnection, Connection, ServerConnection, Side};
use show::show::Show;
use show::sink::{Carried, Sink};
use testing::configs::{Configs, Shape, suite};
use tls_session::close_reason::{CloseReason, Endpoint, Until};
use tls_session::observer::{Observer as _, SessionId, Step};

/// The values of each session, by its number.
type Values = Rc<RefCell<HashMap<u64, BTreeMap<Key, Value>>>>;

/// Collects the values of derivations.
struct Collector(Values);

impl Sink for Collector {
    fn step(&mut self, _now: Instant, id: SessionId, _step: &Step<'_>, carried: &Carried) {
        let mut sessions = self.0.borrow_mut();
        let values = sessions.entry(id.number).or_default();
        let derivations = carried.records.iter().flat_map(|record| &record.derivations);
        values.extend(derivations.map(|known| (known.key, known.value.clone().unwrap())));
    }

    fn event_loop(&mut self, _now: Instant, _event: &LoopEvent<'_>) {}
}

/// A program that plays one role in several sessions.
struct Program {
    show: Show<Collector>,
    values: Values,
}

impl Program {
    fn new(local: Side, recorder: &Recorder, secrets: &Arc<Secrets>) -> Self {
        let values = Values::default();
        let show = Show::new(local, Arc::clone(secrets), Collector(Rc::clone(&values)));
        Self { show: show.with_recorder(Some(recorder.clone())), values }
    }

    fn step(&mut self, number: u64, step: &Step<'_>) {
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 4433));
        self.show.step(Instant::now(), SessionId { number, peer }, step);
    }

    fn begin(&mut self, number: u64) {
        self.step(number, &Step::Began { local: SocketAddr::from((Ipv4Addr::LOCALHOST, 4433)) });
    }

    fn write(&mut self, number: u64, tls: &mut Connection) -> Vec<u8> {
        let mut bytes = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut bytes).unwrap();
        }
        if !bytes.is_empty() {
            self.step(number, &Step::Sent(&bytes));
            self.step(number, &Step::WroteTls(bytes.len()));
        }
        bytes
    }

    fn read(&mut self, number: u64, tls: &mut Connection, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let before = bytes;
            let length = tls.read_tls(&mut bytes).unwrap();
            self.step(number, &Step::ReadTls(&before[..length]));
            self.step(number, &Step::Processed(&tls.process_new_packets()));
        }
    }

    fn close(&mut self, number: u64) {
        let reason = &CloseReason::Clean { first: Endpoint::Local };
        let (until, duration) = (Until::Established, Duration::ZERO);
        self.step(number, &Step::Closed { reason, until, received: 0, sent: 0, duration });
    }

    /// Returns the values of a session.
    fn values(&self, number: u64) -> BTreeMap<Key, Value> {
        self.values.borrow()[&number].clone()
    }
}

/// A client program and a server program.
struct Pair {
    configs: Configs,
    client: Program,
    server: Program,
}

impl Pair {
    fn new(shape: &Shape) -> Self {
        let recorders = [Recorder::default(), Recorder::default()];
        let secrets = [Arc::<Secrets>::default(), Arc::<Secrets>::default()];
        let mut configs = Configs::with_providers(shape, |side, provider| {
            recorders[usize::from(side == Side::Server)].provider(&provider)
        });
        configs.client.key_log = Arc::clone(&secrets[0]) as _;
        configs.server.key_log = Arc::clone(&secrets[1]) as _;
        Self {
            configs,
            client: Program::new(Side::Client, &recorders[0], &secrets[0]),
            server: Program::new(Side::Server, &recorders[1], &secrets[1]),
        }
    }

    /// Runs sessions with these numbers at the same time. In each round every session passes on what its ends have written.
    fn converse(&mut self, numbers: &[u64]) {
        let config = Arc::new(self.configs.client.clone());
        let server_config = Arc::new(self.configs.server.clone());
        let mut sessions: Vec<(u64, Connection, Connection)> = Vec::new();
        for number in numbers {
            let client = ClientConnection::new(Arc::clone(&config), "localhost".try_into().unwrap()).unwrap();
            self.client.begin(*number);
            let server = ServerConnection::new(Arc::clone(&server_config)).unwrap();
            self.server.begin(*number);
            sessions.push((*number, client.into(), server.into()));
        }
        while sessions.iter().any(|(_, client, server)| client.wants_write() || server.wants_write()) {
            for (number, client, server) in &mut sessions {
                let bytes = self.client.write(*number, client);
                self.server.read(*number, server, &bytes);
            }
            for (number, client, server) in &mut sessions {
                let bytes = self.server.write(*number, server);
                self.client.read(*number, client, &bytes);
            }
        }
        for number in numbers {
            self.client.close(*number);
            self.server.close(*number);
        }
    }
}

fn shape(name: &str) -> Shape {
    Shape { suite: suite(name), resumption: true, ticketer: true, ..Shape::default() }
}

const TLS13: &str = "TLS13_AES_128_GCM_SHA256";
const TLS12: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";

#[test]
fn sessions_at_the_same_time_have_their_own_values() {
    for (name, shared, least) in [(TLS13, Key::SharedSecret, 16), (TLS12, Key::Premaster, 5)] {
        let mut pair = Pair::new(&shape(name));
        pair.converse(&[1, 2, 3]);
        let server: Vec<_> = (1..=3).map(|number| pair.server.values(number)).collect();
        for (number, values) in (1..).zip(&server) {
            assert_eq!(*values, pair.client.values(number), "{name}, session {number}");
            assert!(values.len() >= least, "{name}: {}", values.len());
        }
        assert!(server[0][&shared] != server[1][&shared] && server[1][&shared] != server[2][&shared]);
    }
}

/// A client derives the PSK and the binder in `ClientConnection::new`, before the session begins.
#[test]
fn the_psk_of_a_resumed_session_is_that_of_a_ticket_of_the_session_before() {
    let mut pair = Pair::new(&shape(TLS13));
    pair.converse(&[1]);
    pair.converse(&[2]);
    let (first, second) = (pair.client.values(1), pair.client.values(2));
    let tickets = first.iter().filter(|(key, _)| matches!(key, Key::TicketPsk(_)));
    assert!(tickets.into_iter().any(|(_, psk)| *psk == second[&Key::Psk]));
    assert!(!first.contains_key(&Key::Psk));
    assert!(second.contains_key(&Key::BinderFinishedKey));
    assert_eq!(second, pair.server.values(2));
}

#[test]
fn a_resumed_session_of_tls_1_2_has_the_master_secret_of_the_session_before() {
    let mut pair = Pair::new(&shape(TLS12));
    pair.converse(&[1]);
    pair.converse(&[2]);
    let (first, second) = (pair.client.values(1), pair.client.values(2));
    assert_eq!(first[&Key::Master], second[&Key::Master]);
    assert_ne!(first[&Key::KeyBlock], second[&Key::KeyBlock]);
    assert_eq!(second, pair.server.values(2));
}
