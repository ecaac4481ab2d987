//! Two sessions in memory that only exist to have their instructions counted: `instructions.sh` runs this.
//!
//! ```sh
//! cargo bench --bench observer -- OBSERVER HANDSHAKES RECORDS
//! ```
//!
//! makes HANDSHAKES full handshakes, and echoes RECORDS records of 16 KiB in each session. OBSERVER watches both ends:
//! `nobody` is `()`, `count` says how often it was told something, `reporter` writes the log and is
//! what the programs have without `--trace`, `text` and `json` trace to nowhere.

#[path = "../tests/support/memory.rs"]
mod memory;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use memory::{Setup, Talk};
use program::ending::Endings;
use program::reporter::Reporter;
use rustls::Side;
use show::show::Show;
use show::trace::Trace;
use tls_session::observer::{LoopEvent, Observer, SessionId, Step};

#[derive(Default)]
struct Count(u64);

impl Observer for Count {
    fn step(&mut self, _now: Instant, _id: SessionId, _step: &Step<'_>) {
        self.0 += 1;
    }

    fn event_loop(&mut self, _now: Instant, _event: &LoopEvent<'_>) {
        self.0 += 1;
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [observer, handshakes, records] = &arguments[..] else {
        // `cargo test --benches` and the like.
        return eprintln!(
            "usage: cargo bench --bench observer -- nobody|count|reporter|text|json HANDSHAKES RECORDS"
        );
    };
    let (Ok(handshakes), Ok(records)) = (handshakes.parse(), records.parse()) else {
        return eprintln!("HANDSHAKES and RECORDS are numbers");
    };
    let start = Instant::now();
    let mut count = Count::default();
    match observer.as_str() {
        "nobody" => run(handshakes, records, start, [&mut (), &mut ()]),
        "count" => {
            let mut other = Count::default();
            run(handshakes, records, start, [&mut count, &mut other]);
            println!("{}", count.0 + other.0);
        }
        "reporter" => {
            run(
                handshakes,
                records,
                start,
                [
                    &mut Reporter::new(Endings::of(Side::Client)),
                    &mut Reporter::new(Endings::of(Side::Server)),
                ],
            );
        }
        "text" => {
            let trace = |local| show(local, Trace::text(Endings::of(local), start, io::sink(), false));
            run(handshakes, records, start, [&mut trace(Side::Client), &mut trace(Side::Server)]);
        }
        "json" => {
            let trace = |local| show(local, Trace::json(Endings::of(local), start, io::sink()));
            run(handshakes, records, start, [&mut trace(Side::Client), &mut trace(Side::Server)]);
        }
        other => eprintln!("no such observer: {other}"),
    }
}

fn show(local: Side, trace: Trace<io::Sink>) -> Show<Trace<io::Sink>> {
    Show::new(local, Arc::default(), trace)
}

fn run(handshakes: u32, records: usize, start: Instant, [client, server]: [&mut dyn Observer; 2]) {
    let setup = Setup::new();
    for _ in 0..handshakes {
        setup.converse(256 * 1024, Talk::new(&[b'x'; 16 * 1024], records), start, client, server);
    }
}
