//! A TLS echo server on tokio: `TlsAcceptor`, `split` and `copy`, and a task for each connection.
//!
//! ```sh
//! cargo run -p check --example tokio_echo -- 8000 certificates/certificate.pem certificates/key.pem
//! ```
//!
//! It is written as the example of tokio-rustls is. That example ends with `flush`. This one ends with `shutdown`, which
//! sends close_notify, as tokio's documentation demands before a stream is dropped.

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, certificate, key] = arguments.as_slice() else {
        return Err("usage: tokio_echo PORT CERTIFICATE KEY".into());
    };
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(serve(port.parse()?, TlsAcceptor::from(Arc::new(config))))
}

async fn serve(port: u16, acceptor: TlsAcceptor) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Err(error) = echo(socket, acceptor).await {
                        eprintln!("session failed: {error}");
                    }
                });
            }
            Err(error) => eprintln!("cannot accept: {error}"),
        }
    }
}

async fn echo(socket: TcpStream, acceptor: TlsAcceptor) -> Result<(), Box<dyn Error>> {
    let tls = acceptor.accept(socket).await?;
    let (mut reader, mut writer) = split(tls);
    copy(&mut reader, &mut writer).await?;
    Ok(writer.shutdown().await?)
}
