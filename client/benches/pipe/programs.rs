//! Who is measured: programs that carry stdin through TLS to a server, and its answer to stdout.

use std::path::PathBuf;

use testing::binaries::binary;
use testing::echo_server::EchoServer;

/// A client.
pub struct Program {
    /// Its name in the table, `mio-client` for ours.
    pub name: &'static str,
    /// Its arguments as a pipe. `PORT` and `CERTIFICATE` stand for those of the server.
    pub pipe: &'static str,
    /// Its arguments for one session that says nothing, if it can have one.
    pub session: Option<&'static str>,
}

/// All of them, ours first. Each verifies the server's certificate.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "mio-client",
        pipe: "-q -i --ca CERTIFICATE localhost:PORT",
        session: Some("-q --linger 0s --ca CERTIFICATE localhost:PORT"),
    },
    Program {
        name: "openssl",
        pipe: "s_client -quiet -verify_return_error -CAfile CERTIFICATE -connect localhost:PORT",
        session: Some("s_client -verify_return_error -CAfile CERTIFICATE -connect localhost:PORT"),
    },
    Program {
        name: "ncat",
        pipe: "--ssl-verify --ssl-trustfile CERTIFICATE localhost PORT",
        session: None, // it does not end before the server does
    },
    Program {
        name: "socat",
        pipe: "-t 60 - OPENSSL:localhost:PORT,cafile=CERTIFICATE",
        session: None, // nor does it
    },
];

impl Program {
    /// Where it is.
    pub fn path(&self) -> PathBuf {
        if self.name == "mio-client" { binary(self.name) } else { self.name.into() }
    }

    /// Whether it is there. Says so if not.
    pub fn is_installed(&self) -> bool {
        let search = std::env::var_os("PATH").unwrap_or_default();
        let found = self.name == "mio-client"
            || std::env::split_paths(&search).any(|folder| folder.join(self.name).is_file());
        if !found {
            println!("{} is not installed: left out", self.name);
        }
        found
    }

    /// Its arguments for this server.
    pub fn arguments(&self, template: &str, server: &EchoServer) -> Vec<String> {
        let certificate = server.folder.path().join("certificates/certificate.pem");
        let port = server.address.port().to_string();
        let fill = |word: &str| {
            word.replace("CERTIFICATE", &certificate.display().to_string()).replace("PORT", &port)
        };
        template.split(' ').map(fill).collect()
    }
}
