//! The server under test.

use std::net::SocketAddr;
use std::sync::Arc;

use check::case::Version;
use check::cases;
use check::probe::Facts;
use check::target::{Target, Trust};
use check::trial::{Closing, Outcome, judge};
use check::wire::Connection;
use rustls::ClientConfig;

use crate::certificates::{Identity, root_store};
use crate::folder::TempDir;
use crate::peer::{TlsClient, client_config, connect};
use crate::program::{Launch, Output, Program};

/// A running `mio-server`.
pub struct EchoServer {
    /// The process.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its current folder.
    pub folder: TempDir,
}

impl EchoServer {
    /// Starts it in a new folder, where it makes its certificate.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(TempDir::new(), arguments)
    }

    /// Starts it in a new folder with this identity.
    pub fn with_identity(identity: &Identity, arguments: &[&str]) -> Self {
        let folder = TempDir::new();
        identity.write(&folder);
        Self::start_in(folder, arguments)
    }

    /// Starts it at this address, with port 0.
    pub fn start_at(listen: &str) -> Self {
        let folder = TempDir::new();
        Self::launch(Launch::server_at(listen, folder.path()), folder)
    }

    /// Starts it in this folder.
    pub fn start_in(folder: TempDir, arguments: &[&str]) -> Self {
        let launch = Launch::server(folder.path());
        Self::launch(launch.args(arguments), folder)
    }

    /// Starts a prepared server, which runs in this folder.
    pub fn launch(launch: Launch, folder: TempDir) -> Self {
        let program = launch.start();
        let line = program.stderr.wait_for_line("listening on ");
        let address = listening_on(&line);
        Self { program, address, folder }
    }

    /// Its log.
    pub fn log(&self) -> &Output {
        &self.program.stderr
    }

    /// Its certificate, in PEM.
    pub fn certificate(&self) -> String {
        self.folder.read("certificates/certificate.pem")
    }

    /// The configuration of a client that trusts it.
    pub fn client_config(&self) -> Arc<ClientConfig> {
        client_config(&self.certificate())
    }

    /// Prepares a `mio-client` that connects to it by the name `localhost`, in its folder, where the certificate to
    /// trust is.
    pub fn client(&self, arguments: &[&str]) -> Launch {
        let target = format!("localhost:{}", self.address.port());
        Launch::client(self.folder.path()).args([target.as_str()]).args(arguments)
    }

    /// Opens a TCP connection to it.
    pub fn connect_raw(&self) -> Connection {
        connect(self.address)
    }

    /// Connects a client and finishes the handshake. If there is no free slot, the client waits in the accept queue.
    pub fn connect(&self) -> TlsClient {
        TlsClient::connect(self.address, self.client_config())
    }

    /// Judges it by the case of mio-check with this name. Does not probe it: the facts are known.
    pub fn judge(&self, case: &str, version: Version) -> Outcome {
        let name = "localhost".try_into().unwrap();
        let target = Target::new(self.address, name, Trust::Roots(root_store(&self.certificate())));
        let facts = Facts { versions: Version::ALL.to_vec(), greeting: b"welcome!\n".to_vec(), at_once: 1 };
        let case = cases::find(case).unwrap_or_else(|| panic!("no case {case}"));
        judge(&target, &facts, &Closing::default(), case, version, 1)
    }

    /// Asserts that it serves a client, which has one line echoed and closes cleanly.
    pub fn serves_a_client(&self) {
        let mut client = self.connect();
        assert_eq!(client.receive(9), b"welcome!\n");
        client.send(b"still there?\n");
        assert_eq!(client.receive(13), b"still there?\n");
        assert_eq!(client.close(), b"");
    }
}

/// Returns the address in the line that a server prints when it listens.
pub fn listening_on(line: &str) -> SocketAddr {
    // With --trace=json the line is an object, and the address is in its last field.
    let address = line.rsplit("listening on ").next().unwrap().trim_end().trim_end_matches("\"}");
    address.parse().unwrap_or_else(|error| panic!("{line}: {error}"))
}
