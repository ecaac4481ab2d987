//! Our programs with programs that use other TLS implementations, and the table of results.
//!
//! ```text
//! case       one cell: a version and a check
//! chains     the certificates, with every kind of key
//! clients/   our server with other clients: one file each, and the session that all of them have
//! servers/   our client with other servers: one file each, and the session that all of them have
//! table      the cells as Markdown, and those in README.md
//! ```
//!
//! A cell is measured with the real programs on both sides. The check compares every byte that arrived, the log of
//! our program, and what the other program reports of the session. If the other program can do something only in its
//! own way, or not at all, the cell says so, and the check expects exactly that.

mod case;
mod chains;
mod clients;
mod servers;
pub mod table;

use std::panic::catch_unwind;
use std::thread;

use case::Case;
use case::{Check, Version};
use clients::Client;
use servers::Server;
use table::Row;

/// A program that uses another TLS implementation.
#[derive(Clone, Copy)]
pub enum Peer {
    /// A client, which connects to our server.
    Client(&'static dyn Client),
    /// A server, which our client connects to.
    Server(&'static dyn Server),
}

impl Peer {
    /// All programs, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Client(&clients::openssl::SClient),
        Self::Client(&clients::script::NODE),
        Self::Client(&clients::script::PYTHON),
        Self::Client(&clients::gnutls::GnutlsCli),
        Self::Client(&clients::curl::Curl),
        Self::Server(&servers::openssl::SServer),
        Self::Server(&servers::script::NODE),
        Self::Server(&servers::script::PYTHON),
        Self::Server(&servers::gnutls::GnutlsServ),
    ];

    /// Returns the program of this name.
    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|peer| peer.name() == name).unwrap()
    }

    /// Its name in the table.
    fn name(self) -> &'static str {
        match self {
            Self::Client(client) => client.name(),
            Self::Server(server) => server.name(),
        }
    }

    /// Measures all rows of the table, all programs at the same time.
    pub fn measure_all() -> Vec<Row> {
        thread::scope(|scope| {
            let measuring = Self::ALL.map(|peer| scope.spawn(move || peer.measure()));
            measuring.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// Measures its rows of the table, one for each version. Prints the reason for a failed cell on stderr.
    fn measure(self) -> Vec<Row> {
        let row = |version| {
            let cells = Check::ALL.into_iter().map(|check| self.cell(Case { version, check })).collect();
            Row { peer: self.name().to_owned(), version: version.to_string(), cells }
        };
        Version::ALL.into_iter().map(row).collect()
    }

    fn cell(self, case: Case) -> String {
        let measured = catch_unwind(|| match self {
            Self::Client(client) => clients::check(client, case),
            Self::Server(server) => servers::check(server, case),
        });
        let cell = match (measured, self) {
            (Ok(()), Self::Client(client)) => client.cell(case.check),
            (Ok(()), Self::Server(server)) => server.cell(case.check),
            (Err(_), _) => {
                eprintln!("failed: {}, {case}\n", self.name());
                table::FAILED
            }
        };
        cell.to_owned()
    }
}
