//! `mio-check`: judges the event loop of any TLS server or client.
//!
//! A conformance suite judges the messages of the protocol. These cases judge the loop that carries them: how it cuts and
//! joins records, how it ends sessions, what it does with clients that do not read, and whether other clients are served
//! meanwhile. This crate uses rustls on blocking sockets. It shares no code with `tls-session`.
//!
//! ```text
//! case         a case: its description, the RFC that demands it, its code
//! cases/       the cases, one file for each group
//! clients/     the cases against clients
//! trial        one run of a case: connections, clients, limits, the evidence
//! verdict      held, failed, noted, not applicable, inconclusive
//! target       the server: address, name, trust, patience
//! probe        the first sessions: versions of TLS, echo, sessions at a time
//! usage        memory and descriptors of the server's processes
//! evidence     which bytes came, and when, as an arrow chart
//! run          all chosen cases, in order, with a good session behind each
//! command      starts, watches and ends a server
//! processes    the process group of a server or of a client, and its end
//! report       the report for a reader, for a program, for a CI server
//! cli          the command line of mio-check
//! wire/        connections below TLS, clients and servers that can misbehave, forged records and hellos
//! ```
//!
//! # From a test of your own loop
//!
//! The program starts a server with `mio-check localhost:0 --insecure -- COMMAND {port}`. A test can run the cases
//! against a loop on one of its threads:
//!
//! ```no_run
//! use std::net::SocketAddr;
//!
//! use check::case::Group;
//! use check::cases;
//! use check::run::{self, Event, Options};
//! use check::target::{Speaks, Target, Trust};
//!
//! # fn start_my_loop() -> SocketAddr { ([127, 0, 0, 1], 8000).into() }
//! // #[test]
//! fn my_loop_fails_no_case() -> Result<(), Box<dyn std::error::Error>> {
//!     let address: SocketAddr = start_my_loop(); // on a thread, at port 0
//!     let mut target = Target::new(address, "localhost".try_into()?, Trust::Any);
//!     target.speaks = Speaks::Echo;
//!     target.process = Some(std::process::id()); // its memory and descriptors are watched
//!
//!     let mut options = Options::default();
//!     options.cases = cases::all().filter(|case| case.group < Group::Backpressure).collect(); // the fast ones
//!     let report = run::run(&mut target, options, &mut |event| {
//!         if let Event::Ends(outcome) = event {
//!             println!("{}, {}: {}", outcome.case.about.name, outcome.version, outcome.verdict);
//!         }
//!     })?;
//!
//!     for outcome in report.failed() {
//!         println!("{}\n{}", outcome.case.about.good, outcome.evidence); // the arrow chart
//!     }
//!     assert_eq!(report.failed().count(), 0);
//!     assert!(report.not_run.is_empty(), "the loop did not survive a case");
//!     Ok(())
//! }
//! # my_loop_fails_no_case().unwrap();
//! ```
//!
//! A loop that can die should implement [`run::Restart`]: then the run starts it again and goes on.
//! [`command::Command`] does this for a program.

pub mod case;
pub mod cases;
pub mod cli;
pub mod clients;
pub mod command;
pub mod evidence;
pub mod exchange;
pub mod payload;
pub mod probe;
pub mod processes;
pub mod report;
pub mod run;
pub mod target;
pub mod trial;
pub mod usage;
pub mod verdict;
pub mod wire;
