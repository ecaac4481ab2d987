//! A renegotiation that a real OpenSSL client requests.

use testing::end::End;
use testing::program::Launch;

use crate::case::{Case, check_all};

/// `R` at the beginning of a line requests a renegotiation.
#[test]
#[ignore = "needs openssl"]
fn openssl_gets_no_renegotiation() {
    check_all(&[Case::new(
        "s_client, R",
        |server| {
            let address = server.address.to_string();
            let mut client = Launch::new("openssl", server.folder.path())
                .args(["s_client", "-connect", &address, "-tls1_2"])
                .start();
            client.stdout.wait_for_text("welcome!");
            client.type_in("R\n");
            client.stderr.wait_for_line("no renegotiation");
            None::<End>
        },
        None,
        "session 2: ",
    )]);
}
