//! The clients: programs that carry stdin through TLS to a server, and its answer to stdout.

use std::path::PathBuf;
use std::process::Command;

use testing::binaries::binary;
use testing::cpu;
use testing::echo_server::EchoServer;

/// A client.
pub struct Program {
    /// Its name in the table, `mio-client` for ours.
    pub name: &'static str,
    /// Its arguments as a pipe. `PORT` and `CERTIFICATE` stand for those of the server.
    pub pipe: &'static str,
    /// Its arguments for one session that sends nothing. `None`: it does not exit before the server does.
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
    Program { name: "ncat", pipe: "--ssl-verify --ssl-trustfile CERTIFICATE localhost PORT", session: None },
    Program { name: "socat", pipe: "-t 60 - OPENSSL:localhost:PORT,cafile=CERTIFICATE", session: None },
];

impl Program {
    fn path(&self) -> PathBuf {
        if self.name == "mio-client" { binary(self.name) } else { self.name.into() }
    }

    /// Whether it is installed. Prints a line if not.
    pub fn is_installed(&self) -> bool {
        let search = std::env::var_os("PATH").unwrap_or_default();
        let found = self.name == "mio-client"
            || std::env::split_paths(&search).any(|folder| folder.join(self.name).is_file());
        if !found {
            println!("{} is not installed: left out", self.name);
        }
        found
    }

    /// The command for this server, on this core.
    pub fn command(&self, arguments: &str, server: &EchoServer, core: usize) -> Command {
        let certificate = server.folder.path().join("certificates/certificate.pem");
        let port = server.address.port().to_string();
        let fill = |word: &str| {
            word.replace("CERTIFICATE", &certificate.display().to_string()).replace("PORT", &port)
        };
        let mut command = cpu::pinned(core, self.path());
        command.args(arguments.split(' ').map(fill));
        command
    }
}
