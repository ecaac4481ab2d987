//! A server that the test controls, for the client under test.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;

use check::wire::Connection;
use rustls::ServerConfig;

use crate::LIMIT;
use crate::certificates::Identity;
use crate::folder::TempDir;
use crate::peer::TlsServer;
use crate::program::{Launch, Program};

/// A listener, an identity, and a folder with the certificate that clients trust.
pub struct TestServer {
    listener: TcpListener,
    config: Arc<ServerConfig>,
    /// The current folder of the clients.
    pub folder: TempDir,
}

impl TestServer {
    /// Creates a server that its clients trust.
    pub fn new() -> Self {
        Self::with(&Identity::localhost())
    }

    /// Creates a server with this identity, which its clients trust.
    pub fn with(identity: &Identity) -> Self {
        Self::with_config(identity, identity.server_config())
    }

    /// Creates a server with this configuration. Its clients trust this identity.
    pub fn with_config(trusted: &Identity, config: Arc<ServerConfig>) -> Self {
        let folder = TempDir::new();
        trusted.write(&folder);
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), config, folder }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Starts a `mio-client` that connects to it.
    pub fn start_client(&self, arguments: &[&str]) -> Program {
        self.client().args(arguments).start()
    }

    /// Prepares a `mio-client` that connects to it.
    pub fn client(&self) -> Launch {
        Launch::client(self.folder.path()).args([self.address().to_string()])
    }

    /// Stops listening, and keeps the folder.
    pub fn into_folder(self) -> TempDir {
        self.folder
    }

    /// Accepts the next client's connection.
    pub fn accept_raw(&self) -> Connection {
        // accept(2) on a std listener has no timeout, but waiting for another thread has one.
        let listener = self.listener.try_clone().unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(listener.accept().map(|(socket, _)| socket)));
        let socket = receiver.recv_timeout(LIMIT).expect("no client has connected").unwrap();
        Connection::new(socket, LIMIT).unwrap()
    }

    /// Accepts the next client, before its handshake.
    pub fn accept_before_handshake(&self) -> TlsServer {
        TlsServer::new(self.accept_raw(), Arc::clone(&self.config))
    }

    /// Accepts the next client, and finishes the handshake.
    pub fn accept(&self) -> TlsServer {
        let mut server = self.accept_before_handshake();
        server.handshake().unwrap();
        server
    }
}

/// Starts a client with these arguments and a server for one session, and finishes the handshake.
pub fn session(arguments: &[&str]) -> (Program, TlsServer) {
    let server = TestServer::new();
    let client = server.start_client(arguments);
    (client, server.accept())
}

impl Default for TestServer {
    fn default() -> Self {
        Self::new()
    }
}
