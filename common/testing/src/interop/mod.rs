//! The programs with TLS implementations of other makers, and a table of what they and ours do together.
//!
//! ```text
//! case       one cell: a version, and what is checked
//! chains     the certificates for it, of every kind of key
//! clients/   our server with other makers' clients, one file each; and the visit that all of them pay
//! servers/   our client with other makers' servers, one file each; and the visit that it pays all of them
//! table      the cells as Markdown, and those in README.md
//! ```
//!
//! A cell is measured with the programs as they are, at both ends: what arrived, byte for byte, what our program
//! logged, and what the other one says of the session where it says anything. Where the other program can do a thing
//! only in its own way, or not at all, the cell says so, and the check asks for exactly that.

mod case;
mod chains;
pub mod clients;
pub mod servers;
pub mod table;

use std::panic::catch_unwind;

use case::Case;
pub use case::{Check, Version};
use clients::Client;
use servers::Server;
use table::Row;

/// A program of another maker.
#[derive(Clone, Copy)]
pub enum Peer {
    /// One that connects to our server.
    Client(&'static dyn Client),
    /// One that our client connects to.
    Server(&'static dyn Server),
}

impl Peer {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Client(&clients::openssl::SClient),
        Self::Client(&clients::node::NodeClient),
        Self::Client(&clients::python::PythonClient),
        Self::Client(&clients::gnutls::GnutlsCli),
        Self::Client(&clients::curl::Curl),
        Self::Server(&servers::openssl::SServer),
        Self::Server(&servers::node::NodeServer),
        Self::Server(&servers::python::PythonServer),
        Self::Server(&servers::gnutls::GnutlsServ),
    ];

    /// The one of this name.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|peer| peer.name() == name).unwrap()
    }

    /// What the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client(client) => client.name(),
            Self::Server(server) => server.name(),
        }
    }

    /// Its rows of the table, one for each version. A cell that fails says why on stderr.
    pub fn measure(self) -> Vec<Row> {
        let row = |version| {
            let cells = Check::ALL.into_iter().map(|check| self.cell(Case { version, check })).collect();
            Row { peer: self.name().to_owned(), version: version.to_string(), cells }
        };
        Version::ALL.into_iter().map(row).collect()
    }

    fn cell(self, case: Case) -> String {
        let measured = catch_unwind(|| match self {
            Self::Client(client) => clients::visit(client, case),
            Self::Server(server) => servers::visit(server, case),
        });
        let cell = match (measured, self) {
            (Ok(()), Self::Client(client)) => client.cell(case.check),
            (Ok(()), Self::Server(server)) => server.cell(case.check),
            (Err(_), _) => {
                eprintln!("that was: {}, {case}\n", self.name());
                table::FAILED
            }
        };
        cell.to_owned()
    }
}
