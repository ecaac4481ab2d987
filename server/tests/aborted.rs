//! Connections that are aborted before `accept`. Linux rarely reports them, so strace injects the error.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::binaries::binary;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::Launch;

/// The log of strace, in the server's folder.
const LOG: &str = "system_calls.txt";

#[test]
#[ignore = "needs strace"]
fn an_aborted_connection_does_not_delay_the_next_one() {
    let folder = TempDir::new();
    let launch = Launch::new("strace", folder.path())
        .args(["-D", "-o", LOG, "-e", "trace=accept4"])
        .args(["-e", "inject=accept4:error=ECONNABORTED:when=1+2"]) // every second call
        .args([binary("mio-server")])
        .args(["--listen", "127.0.0.1:0"]);
    let server = EchoServer::launch(launch, folder);
    for _ in 0..3 {
        server.serves_a_client();
    }
    assert!(server.folder.read(LOG).matches("ECONNABORTED").count() >= 3); // at least one before each client
    let text = server.log().text();
    assert!(!text.contains("accepting a connection failed"), "{text}");
}
