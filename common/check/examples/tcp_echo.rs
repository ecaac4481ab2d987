//! A TCP echo server without TLS, which the proxies of the league stand in front of.
//!
//! ```sh
//! cargo run -p check --example tcp_echo -- 8001
//! ```
//!
//! It serves each connection in a thread of its own. At the client's FIN it has written everything, and closes.

use std::env;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = env::args().nth(1).ok_or("usage: tcp_echo PORT (0 picks a free port)")?.parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                thread::spawn(move || echo(&stream));
            }
            Err(error) => eprintln!("cannot accept: {error}"),
        }
    }
}

fn echo(stream: &TcpStream) {
    if let Err(error) = io::copy(&mut &*stream, &mut &*stream) {
        eprintln!("connection failed: {error}");
    }
}
