//! How a work is measured: rounds of all servers in an order that rotates. Each run starts its server anew.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::client::Resumption;
use testing::cpu;
use testing::usage::Usage;

use crate::certificate::Certificate;
use crate::client::{self, Client, Input};
use crate::options::Options;
use crate::report::Report;
use crate::sample::{self, Metric, Sample, add_latencies, speed};
use crate::servers::{Kind, Running, Server};
use crate::tickets::Tickets;
use crate::work::{BUSY, Flood, Load, QUIET, Work};
use crate::{busy, fairness, memory, transfer};

/// The core of the servers, and the core of the clients.
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;

/// The wait before a clock is read: what the server does after its last byte (close, go to sleep) counts too.
const SETTLE: Duration = Duration::from_millis(5);

/// Measures one work on all servers.
///
/// # Errors
/// A server does not start, or does not echo. A wrong figure is worse than none.
pub fn work(
    work: &Work,
    servers: &[Server],
    options: &Options,
    certificate: &Certificate,
    report: &mut Report,
) -> io::Result<()> {
    let able: Vec<_> = servers.iter().filter(|server| can(server, work)).collect();
    for round in 0..options.rounds(work) as usize {
        for position in 0..able.len() {
            let server = able[(position + round) % able.len()];
            eprintln!("{} round {} {}", work.name, round + 1, server.kind.name());
            let sample = run(work, server, options, certificate).map_err(|error| {
                io::Error::new(error.kind(), format!("{} on {}: {error}", work.name, server.kind.name()))
            })?;
            report.add(work, server.kind, sample);
        }
    }
    Ok(())
}

/// Whether a server can take a work. Prints the reason if not.
fn can(server: &Server, work: &Work) -> bool {
    let too_many = (work.load.sessions() + work.load.queued() + 50) as u64 > cpu::descriptor_limit();
    let why_not = server.cannot(work.load).or(too_many.then_some("too few descriptors, see ulimit -n"));
    if let Some(why) = why_not {
        eprintln!("left out: {} on {}: {why}", work.name, server.kind.name());
    }
    why_not.is_none()
}

fn run(work: &Work, server: &Server, options: &Options, certificate: &Certificate) -> io::Result<Sample> {
    if server.kind == Kind::Memory {
        cpu::pin_this_process(SERVER_CORE)?;
        if let Some(sample) = memory::run(work.load, options, certificate)? {
            return Ok(sample);
        }
    }
    cpu::pin_this_process(if work.load.on_one_core() { SERVER_CORE } else { CLIENT_CORE })?;
    let running = server.start(work.load, SERVER_CORE)?;
    let tickets = Arc::new(Tickets::default());
    let resumption = match work.load {
        Load::Sessions { resumed: true, .. } => Resumption::store(Arc::clone(&tickets) as _),
        _ => Resumption::disabled(),
    };
    let tls = (server.kind != Kind::Raw).then(|| certificate.client_config(resumption)).transpose()?;
    let mut clients = Clients { running: &running, tls, input: client::input() };
    match work.load {
        Load::Sessions { count, resumed } => {
            clients.sessions(options.amount(count), resumed.then_some(&*tickets))
        }
        Load::PingPong { count } => clients.ping_pong(options.amount(count)),
        Load::Bulk { total, window } => clients.bulk(options.amount(total), window.unwrap_or(usize::MAX)),
        Load::Busy { idle, count } => clients.busy(idle, options.amount(count)),
        Load::Fairness { count, flood } => clients.fairness(options.amount(count), flood),
        Load::Memory { count, carried } => clients.memory(count, carried),
        Load::Queued { count } => clients.queued(count),
    }
}

/// The clients of one run.
struct Clients<'a> {
    running: &'a Running,
    tls: Option<Arc<ClientConfig>>,
    input: Input,
}

/// The wall clock, and the CPU time of the server.
struct Clocks {
    wall: Instant,
    server: Duration,
}

impl Clients<'_> {
    /// Full sessions, or sessions that are resumed with these tickets.
    fn sessions(&mut self, count: usize, tickets: Option<&Tickets>) -> io::Result<Sample> {
        let warm_up = if tickets.is_some() { count / 2 } else { 20 };
        for _ in 0..warm_up {
            self.session(false)?;
        }
        if let Some(tickets) = tickets {
            tickets.open();
        }
        let start = self.clocks()?;
        for _ in 0..count {
            self.session(tickets.is_some())?;
        }
        self.speed_since(&start, count as f64)
    }

    fn session(&mut self, must_be_resumed: bool) -> io::Result<()> {
        let mut client = self.connect()?;
        if must_be_resumed && self.tls.is_some() && !client.is_resumed() {
            return Err(io::Error::other("a session was not resumed"));
        }
        client.ping(2, &mut self.input)?;
        client.close(&mut self.input)
    }

    fn ping_pong(&mut self, count: usize) -> io::Result<Sample> {
        let mut client = self.connect()?;
        for _ in 0..count / 20 {
            client.ping(1, &mut self.input)?;
        }
        let mut latencies = Vec::with_capacity(count);
        let start = self.clocks()?;
        for _ in 0..count {
            let sent = Instant::now();
            client.ping(1, &mut self.input)?;
            latencies.push(sent.elapsed());
        }
        let mut sample = self.speed_since(&start, count as f64)?;
        add_latencies(&mut sample, latencies);
        Ok(sample)
    }

    fn bulk(&mut self, total: usize, window: usize) -> io::Result<Sample> {
        let mut client = self.connect()?;
        client.ping(2, &mut self.input)?;
        let start = self.clocks()?;
        transfer::run(client, total, window, &mut self.input)?;
        self.speed_since(&start, total as f64 / 1e6)
    }

    fn busy(&mut self, idle: usize, count: usize) -> io::Result<Sample> {
        let _idle = self.connect_many(idle, 1)?;
        let mut busy = self.connect_nonblocking(BUSY)?;
        busy::run(&mut busy, count / 20, &mut self.input)?;
        let start = self.clocks()?;
        let latencies = busy::run(&mut busy, count, &mut self.input)?;
        let mut sample = self.speed_since(&start, latencies.len() as f64)?;
        add_latencies(&mut sample, latencies);
        Ok(sample)
    }

    fn fairness(&mut self, count: usize, flood: Flood) -> io::Result<Sample> {
        let mut quiet = self.connect_nonblocking(QUIET)?;
        let mut flooding = self.connect()?.nonblocking()?;
        let outcome = fairness::run(&mut quiet, &mut flooding, flood, count, &mut self.input)?;
        let megabytes = flooding.received() as f64 / 1e6;
        Ok(sample::fairness(outcome, megabytes))
    }

    fn memory(&mut self, count: usize, carried: usize) -> io::Result<Sample> {
        let _first = self.connect_many(20, carried)?; // what a server allocates once is not part of a session
        let before = cpu::resident_memory_of(self.running.pid())?;
        let _idle = self.connect_many(count, carried)?;
        std::thread::sleep(SETTLE);
        self.memory_each(before, count)
    }

    /// One session has the slot. The others connect and send nothing.
    fn queued(&mut self, count: usize) -> io::Result<Sample> {
        let _served = self.connect()?;
        let _first = self.queue(20)?;
        let before = cpu::resident_memory_of(self.running.pid())?;
        let _others = self.queue(count)?;
        self.memory_each(before, count)
    }

    fn memory_each(&self, before: u64, count: usize) -> io::Result<Sample> {
        let after = cpu::resident_memory_of(self.running.pid())?;
        Ok(BTreeMap::from([(Metric::Bytes, after.saturating_sub(before) as f64 / count as f64)]))
    }

    /// Connects this many more clients, and waits until the server has accepted all of them.
    fn queue(&self, count: usize) -> io::Result<Vec<TcpStream>> {
        let before = Usage::of(self.running.pid()).ok_or(io::ErrorKind::NotFound)?.descriptors;
        let clients = (0..count).map(|_| TcpStream::connect(self.running.address()));
        let clients = clients.collect::<io::Result<Vec<_>>>()?;
        Usage::wait_for_descriptors(self.running.pid(), before + count);
        Ok(clients)
    }

    /// Sessions that have each had this many bytes echoed, and stay open.
    fn connect_many(&mut self, count: usize, carried: usize) -> io::Result<Vec<Client<TcpStream>>> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            let mut client = self.connect()?;
            client.ping(carried, &mut self.input)?;
            clients.push(client);
        }
        Ok(clients)
    }

    fn connect_nonblocking(&mut self, count: usize) -> io::Result<Vec<Client<mio::net::TcpStream>>> {
        self.connect_many(count, 1)?.into_iter().map(Client::nonblocking).collect()
    }

    fn connect(&mut self) -> io::Result<Client<TcpStream>> {
        Client::connect(self.running.address(), self.tls.as_ref(), &mut self.input)
    }

    fn clocks(&self) -> io::Result<Clocks> {
        std::thread::sleep(SETTLE);
        let server = cpu::time_of(self.running.pid())?;
        Ok(Clocks { wall: Instant::now(), server })
    }

    fn speed_since(&self, start: &Clocks, amount: f64) -> io::Result<Sample> {
        let wall = start.wall.elapsed();
        let end = self.clocks()?;
        Ok(speed(amount, wall, end.server - start.server))
    }
}
