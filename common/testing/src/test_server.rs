//! A server that does what the test says, for the client under test.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;

use rustls::ServerConfig;

use crate::LIMIT;
use crate::certificates::Identity;
use crate::folder::TempDir;
use crate::peer::TlsServer;
use crate::program::{Launch, Program};
use crate::raw;

/// A listener, an identity, and the folder in which a client finds the certificate to trust.
pub struct TestServer {
    listener: TcpListener,
    config: Arc<ServerConfig>,
    /// Where clients are started.
    pub folder: TempDir,
}

impl TestServer {
    /// A server that a client can authorize.
    pub fn new() -> Self {
        Self::with(&Identity::localhost())
    }

    /// A server with this identity, which the clients trust.
    pub fn with(identity: &Identity) -> Self {
        Self::with_config(identity, identity.server_config())
    }

    /// A server with this configuration, whose clients trust this identity.
    pub fn with_config(trusted: &Identity, config: Arc<ServerConfig>) -> Self {
        let folder = TempDir::new();
        trusted.write(&folder);
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), config, folder }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Starts a `mio-client` that connects to it.
    pub fn start_client(&self, arguments: &[&str]) -> Program {
        self.client().args(arguments).start()
    }

    /// A `mio-client` that will connect to it.
    pub fn client(&self) -> Launch {
        Launch::client(self.folder.path()).args([self.address().to_string()])
    }

    /// Stops listening; the folder stays.
    pub fn into_folder(self) -> TempDir {
        self.folder
    }

    /// The next client's connection.
    pub fn accept_raw(&self) -> TcpStream {
        // accept(2) on a std listener cannot be limited, but waiting for another thread's can.
        let listener = self.listener.try_clone().unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(listener.accept().map(|(socket, _)| socket)));
        raw::limited(receiver.recv_timeout(LIMIT).expect("no client came").unwrap())
    }

    /// The next client, before its handshake.
    pub fn accept_before_handshake(&self) -> TlsServer {
        TlsServer::new(self.accept_raw(), Arc::clone(&self.config))
    }

    /// The next client, after its handshake.
    pub fn accept(&self) -> TlsServer {
        let mut server = self.accept_before_handshake();
        server.handshake().unwrap();
        server
    }
}

impl Default for TestServer {
    fn default() -> Self {
        Self::new()
    }
}
