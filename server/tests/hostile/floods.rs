//! Clients that send very much, in very small records, or do not read.

use std::thread;
use std::time::{Duration, Instant};

use check::wire::Connection;
use check::wire::hello::record;
use rustls::version::TLS13;
use testing::peer::{End, TlsClient};

use crate::case::{Case, check_all, greeted, send};

const LATE: &str = "timed out (--write-timeout)";

/// Reads to the end after a write timeout. There must be no close_notify, which would certify a complete answer.
fn assert_no_close_notify(mut client: TlsClient) {
    let (_, end) = client.receive_to_end();
    assert_ne!(end, End::CloseNotify, "close_notify after an incomplete echo");
}

#[test]
fn clients_that_do_not_read() {
    check_all(&[
        Case::new(
            "sends up to a quarter of a gigabyte and never reads",
            |server| {
                let (mut client, _) = greeted(server, &TLS13);
                let megabyte = vec![0; 1 << 20];
                let sent = (0..256).take_while(|_| client.try_send(&megabyte)).count();
                assert!(sent < 256, "the server took everything, while its echo was not read");
                assert_no_close_notify(client);
            },
            (),
            LATE,
        )
        .flags(&["--write-timeout", "500ms"]),
        Case::new(
            "reads one byte at a time, slowly",
            |server| {
                let socket = Connection::open_with_small_window(server.address, testing::LIMIT).unwrap();
                let mut client = TlsClient::new(socket, server.client_config());
                client.handshake().unwrap();
                let sender = client.send_in_background(&vec![0; 16 << 20]);
                let start = Instant::now();
                while start.elapsed() < Duration::from_secs(2) && server.log().lines(LATE).is_empty() {
                    client.receive(1);
                    thread::sleep(Duration::from_millis(100)); // slowly: this is the attack
                }
                assert_no_close_notify(client);
                drop(sender);
            },
            (),
            LATE,
        )
        .flags(&["--write-timeout", "500ms"]),
    ]);
}

#[test]
fn floods_of_useless_bytes() {
    let flood = |name: &str, bytes: Vec<u8>, log| {
        // The server closes the connection meanwhile, with a reset.
        Case::new(name, move |server| drop(send(server.connect_raw(), &bytes)), (), log)
    };
    check_all(&[
        flood("noise", vec![b'~'; 4 << 20], "does not speak TLS"),
        flood("empty application data", record(23, &[]).unwrap().repeat(100_000), "TLS failed"),
        flood("empty handshake records", record(22, &[]).unwrap().repeat(100_000), "TLS failed"),
        flood("ChangeCipherSpecs", record(20, &[1]).unwrap().repeat(100_000), "TLS failed"),
        flood("alerts", record(21, &[1, 90]).unwrap().repeat(100_000), "TLS failed"),
    ]);
}
