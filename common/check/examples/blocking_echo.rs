//! A TLS echo server on blocking sockets: `rustls::StreamOwned`, and a thread for each connection.
//!
//! ```sh
//! cargo run -p check --example blocking_echo -- 8000 certificates/certificate.pem certificates/key.pem
//! ```
//!
//! It is written as rustls' documentation has it. At the client's close_notify it sends its own.

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, certificate, key] = arguments.as_slice() else {
        return Err("usage: blocking_echo PORT CERTIFICATE KEY".into());
    };
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                let config = Arc::clone(&config);
                thread::spawn(move || {
                    echo(socket, config).unwrap_or_else(|error| eprintln!("session failed: {error}"))
                });
            }
            Err(error) => eprintln!("cannot accept: {error}"),
        }
    }
}

fn echo(socket: TcpStream, config: Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    let mut tls = StreamOwned::new(ServerConnection::new(config)?, socket);
    let mut buffer = [0; 16 * 1024];
    loop {
        match tls.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => tls.write_all(&buffer[..n])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    tls.conn.send_close_notify();
    Ok(tls.flush()?)
}
