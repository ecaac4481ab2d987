//! `mio-check`: judges the event loop of anybody's TLS server.
//!
//! A conformance suite judges the messages of the protocol. These cases judge the loop that carries them: how it cuts and
//! joins records, how it ends sessions, what it does with clients that do not read, and whether other clients are served
//! meanwhile. This crate uses rustls on blocking sockets. It shares no code with `tls-session`.
//!
//! ```text
//! case         a case: what is tried, what a good server does, which RFC demands it, the code
//! cases/       the cases, one file for each group
//! clients/     the cases against clients
//! trial        what the code of a case has in hand: connections, clients, limits, the evidence
//! verdict      held, failed, noted, not applicable, inconclusive
//! target       the server: address, name, trust, patience
//! probe        the first sessions: versions of TLS, echo, sessions at a time
//! usage        memory and descriptors of the server's processes
//! evidence     which bytes came, and when, as an arrow chart
//! run          all chosen cases, in order, with a good session behind each
//! command      starts, watches and ends a server
//! report       the report for a reader, for a program, for a CI server
//! cli          the command line of mio-check
//! wire/        connections below TLS, clients and servers that can misbehave, forged records and hellos
//! ```

pub mod case;
pub mod cases;
pub mod cli;
pub mod clients;
pub mod command;
pub mod evidence;
pub mod exchange;
pub mod payload;
pub mod probe;
pub mod report;
pub mod run;
pub mod target;
pub mod trial;
pub mod usage;
pub mod verdict;
pub mod wire;
