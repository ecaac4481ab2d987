//! A client, and a server on a thread, for the tests.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::ServerConfig;

use super::{Client, Connection, Server};
use crate::evidence::Evidence;
use crate::target::{Target, Trust};

/// The limit of the server's calls.
const LIMIT: Duration = Duration::from_secs(60);

/// A client before its handshake, and the thread of this server.
pub(crate) fn client(server: impl FnOnce(Connection) + Send + 'static) -> (Client, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || server(Connection::new(listener.accept().unwrap().0, LIMIT).unwrap()));
    let target = Target::new(address, "localhost".try_into().unwrap(), Trust::Any);
    let connection = target.connect(&Evidence::default()).unwrap();
    (target.client_with(target.config(rustls::ALL_VERSIONS).unwrap(), connection).unwrap(), thread)
}

/// A client after its handshake, and the thread of the server, which does this then.
pub(super) fn ready(server: impl FnOnce(&mut Server) + Send + 'static) -> (Client, JoinHandle<()>) {
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (vec![identity.cert.der().clone()], identity.signing_key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(chain, key.try_into().unwrap()).unwrap());
    let (mut client, thread) = client(move |connection| {
        let mut peer = Server::new(connection, config).unwrap();
        peer.handshake().unwrap();
        server(&mut peer);
    });
    client.handshake().unwrap();
    (client, thread)
}
