//! A long run of the real server: `cargo run --release --package testing --example soak -- SESSIONS MEGABYTES`.

use testing::echo_server::EchoServer;
use testing::soak::{self, Length};

fn main() {
    let length = Length { sessions: 200_000, megabytes: 10_000 }.parse(std::env::args().skip(1));
    let server = EchoServer::start(&[]);
    for (name, samples) in [
        ("sessions", soak::sessions(&server, length.sessions)),
        ("echo", soak::echo(&server, length.megabytes)),
    ] {
        let [first, last] = samples.heaps();
        println!("{name}: {first} bytes of heap in the first third, {last} in the last");
        samples.assert_flat();
    }
    println!("{length:?}: flat");
}
