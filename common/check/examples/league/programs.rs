//! The programs of the league: how each is started, and how each says its version.

use crate::version::{Version, locked, printed, with_openssl};

/// The side that a program plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It listens.
    Server,
    /// It connects.
    Client,
}

/// A program.
pub struct Program {
    /// Its name in the table, in the files and on the command line.
    pub name: &'static str,
    /// Its side.
    pub role: Role,
    /// What it is, and what its command line says beyond addresses and certificates. Markdown.
    pub about: &'static str,
    /// Returns its exact version. `None` if it is not installed.
    pub version: fn() -> Version,
    /// Its command line. `check` fills in `{host}` and `{port}`, and for a client `{ca}`.
    /// [`Setup`](crate::setup::Setup) fills in the other names in braces.
    pub command: &'static [&'static str],
}

impl Program {
    /// Returns the programs of these names, or all if there are no names.
    ///
    /// # Errors
    /// A name is unknown.
    pub fn named(names: &[String]) -> Result<Vec<&'static Self>, String> {
        if names.is_empty() {
            return Ok(PROGRAMS.iter().collect());
        }
        let find = |name: &String| {
            let known = || PROGRAMS.iter().map(|program| program.name).collect::<Vec<_>>().join(", ");
            let found = PROGRAMS.iter().find(|program| program.name == name);
            found.ok_or_else(|| format!("no program {name:?}: there are {}", known()))
        };
        names.iter().map(find).collect()
    }
}

/// All programs, in the order of the tables.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "openssl s_server",
        role: Role::Server,
        about: "`openssl s_server -rev`, which sends each line back, reversed. It serves one session at a time.",
        version: || printed(&["openssl", "version"], "OpenSSL "),
        command: &[
            "openssl",
            "s_server",
            "-rev",
            "-accept",
            "127.0.0.1:{port}",
            "-cert",
            "{folder}/certificate.pem",
            "-key",
            "{folder}/key.pem",
        ],
    },
    Program {
        name: "gnutls-serv",
        role: Role::Server,
        about: "`gnutls-serv --echo`, which echoes lines of text.",
        version: || printed(&["gnutls-serv", "--version"], "gnutls-serv "),
        command: &[
            "gnutls-serv",
            "--echo",
            "--port={port}",
            "--x509certfile={folder}/certificate.pem",
            "--x509keyfile={folder}/key.pem",
        ],
    },
    Program {
        name: "Node",
        role: Role::Server,
        about: "[`tls.createServer` and `pipe`](servers/node.js), with a listener that prints the errors of a socket.",
        version: node,
        command: &["node", "{servers}/node.js", "{port}", "{folder}/certificate.pem", "{folder}/key.pem"],
    },
    Program {
        name: "Python asyncio",
        role: Role::Server,
        about: "[`asyncio.start_server` with an `SSLContext`](servers/python.py).",
        version: python,
        command: &[
            "python3",
            "{servers}/python.py",
            "{port}",
            "{folder}/certificate.pem",
            "{folder}/key.pem",
        ],
    },
    Program {
        name: "Go",
        role: Role::Server,
        about: "[`tls.Listen` and `io.Copy`](servers/echo.go), with a goroutine for each connection.",
        version: go,
        command: &["{built}/echo-server", "{port}", "{folder}/certificate.pem", "{folder}/key.pem"],
    },
    Program {
        name: "tokio-rustls",
        role: Role::Server,
        about: "[`TlsAcceptor`, `copy` and `shutdown`](../examples/tokio_echo.rs), with a task for each connection.",
        version: || locked(&["tokio-rustls", "rustls"]),
        command: &["{examples}/tokio_echo", "{port}", "{folder}/certificate.pem", "{folder}/key.pem"],
    },
    Program {
        name: "rustls (blocking)",
        role: Role::Server,
        about: "[`rustls::StreamOwned`](../examples/blocking_echo.rs), with a thread for each connection.",
        version: || locked(&["rustls"]),
        command: &["{examples}/blocking_echo", "{port}", "{folder}/certificate.pem", "{folder}/key.pem"],
    },
    Program {
        name: "nginx",
        role: Role::Server,
        about: "[`stream`](servers/nginx.conf) in front of a TCP echo.",
        version: || with_openssl(printed(&["nginx", "-v"], "nginx/")),
        command: &[
            "{servers}/configured.sh",
            "{port}",
            "{backend}",
            "{folder}",
            "{servers}/nginx.conf",
            "nginx",
            "-c",
            "{folder}/nginx.conf",
        ],
    },
    Program {
        name: "HAProxy",
        role: Role::Server,
        about: "[`mode tcp`](servers/haproxy.cfg) in front of a TCP echo. By default it has no timeouts, and warns about it.",
        version: || with_openssl(printed(&["haproxy", "-v"], "version ")),
        command: &[
            "{servers}/configured.sh",
            "{port}",
            "{backend}",
            "{folder}",
            "{servers}/haproxy.cfg",
            "haproxy",
            "-f",
            "{folder}/haproxy.cfg",
        ],
    },
    Program {
        name: "stunnel",
        role: Role::Server,
        about: "[A service](servers/stunnel.conf) in front of a TCP echo.",
        version: || with_openssl(printed(&["stunnel", "-version"], "stunnel ")),
        command: &[
            "{servers}/configured.sh",
            "{port}",
            "{backend}",
            "{folder}",
            "{servers}/stunnel.conf",
            "stunnel",
            "{folder}/stunnel.conf",
        ],
    },
    Program {
        name: "hitch",
        role: Role::Server,
        about: "[A frontend](servers/hitch.conf) in front of a TCP echo. It refuses to run as root, and gets `--user` there.",
        version: || with_openssl(printed(&["hitch", "--version"], "hitch ")),
        command: &[
            "{servers}/configured.sh",
            "{port}",
            "{backend}",
            "{folder}",
            "{servers}/hitch.conf",
            "hitch",
            "--config={folder}/hitch.conf",
            "--user=nobody",
        ],
    },
    Program {
        name: "socat",
        role: Role::Server,
        about: "`socat OPENSSL-LISTEN:…,fork,verify=0 TCP:…` in front of a TCP echo. By default it demands a client \
                certificate, which `verify=0` switches off.",
        version: || with_openssl(printed(&["socat", "-V"], "socat version ")),
        command: &[
            "socat",
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,fork,verify=0,cert={folder}/certificate.pem,key={folder}/key.pem",
            "TCP:127.0.0.1:{backend}",
        ],
    },
    Program {
        name: "ncat",
        role: Role::Server,
        about: "`ncat --listen --keep-open --ssl --exec /bin/cat`.",
        version: || with_openssl(printed(&["ncat", "--version"], "Version ")),
        command: &[
            "ncat",
            "--listen",
            "--keep-open",
            "--ssl",
            "--ssl-cert={folder}/certificate.pem",
            "--ssl-key={folder}/key.pem",
            "--exec=/bin/cat",
            "127.0.0.1",
            "{port}",
        ],
    },
    Program {
        name: "mio-server",
        role: Role::Server,
        about: "Ours. It serves one session at a time by default. `--greeting ''` makes it a pure echo.",
        version: || locked(&["mio-server", "rustls"]),
        command: &[
            "{programs}/mio-server",
            "--listen=127.0.0.1:{port}",
            "--cert={folder}/certificate.pem",
            "--key={folder}/key.pem",
            "--greeting=",
        ],
    },
    Program {
        name: "openssl s_client",
        role: Role::Client,
        about: "`openssl s_client -CAfile`, with an open stdin.",
        version: || printed(&["openssl", "version"], "OpenSSL "),
        command: &[SILENT_STDIN, "openssl", "s_client", "-connect", "{host}:{port}", "-CAfile", "{ca}"],
    },
    Program {
        name: "gnutls-cli",
        role: Role::Client,
        about: "`gnutls-cli --x509cafile`, with an open stdin.",
        version: || printed(&["gnutls-cli", "--version"], "gnutls-cli "),
        command: &[SILENT_STDIN, "gnutls-cli", "--x509cafile={ca}", "--port={port}", "{host}"],
    },
    Program {
        name: "curl",
        role: Role::Client,
        about: "`curl --cacert`.",
        version: || with_openssl(printed(&["curl", "--version"], "curl ")),
        command: &["curl", "--cacert", "{ca}", "https://{host}:{port}/"],
    },
    Program {
        name: "Node https",
        role: Role::Client,
        about: "[`https.get` and `pipeline`](clients/https.js).",
        version: node,
        command: &["node", "{clients}/https.js", "{host}", "{port}", "{ca}"],
    },
    Program {
        name: "Node tls",
        role: Role::Client,
        about: "[`tls.connect` and `pipeline`](clients/tls.js).",
        version: node,
        command: &["node", "{clients}/tls.js", "{host}", "{port}", "{ca}"],
    },
    Program {
        name: "Python urllib",
        role: Role::Client,
        about: "[`urllib.request.urlopen` and `read`](clients/https.py).",
        version: python,
        command: &["python3", "{clients}/https.py", "{host}", "{port}", "{ca}"],
    },
    Program {
        name: "Python ssl",
        role: Role::Client,
        about: "[`SSLContext.wrap_socket`](clients/tls.py).",
        version: python,
        command: &["python3", "{clients}/tls.py", "{host}", "{port}", "{ca}"],
    },
    Program {
        name: "Go net/http",
        role: Role::Client,
        about: "[`http.Client`](clients/https.go).",
        version: go,
        command: &["{built}/https-client", "{host}", "{port}", "{ca}"],
    },
    Program {
        name: "Go crypto/tls",
        role: Role::Client,
        about: "[`tls.Dial`](clients/tls.go).",
        version: go,
        command: &["{built}/tls-client", "{host}", "{port}", "{ca}"],
    },
    Program {
        name: "ncat (client)",
        role: Role::Client,
        about: "`ncat --recv-only --ssl-verify --ssl-trustfile`. Without the last two options it verifies nothing. Without \
                `--recv-only` it waits for the end of its stdin when the server has closed the session.",
        version: || with_openssl(printed(&["ncat", "--version"], "Version ")),
        command: &["ncat", "--recv-only", "--ssl-verify", "--ssl-trustfile={ca}", "{host}", "{port}"],
    },
    Program {
        name: "socat (client)",
        role: Role::Client,
        about: "`socat - OPENSSL:…,cafile=…`, with an open stdin.",
        version: || with_openssl(printed(&["socat", "-V"], "socat version ")),
        command: &[SILENT_STDIN, "socat", "-", "OPENSSL:{host}:{port},cafile={ca}"],
    },
    Program {
        name: "mio-client",
        role: Role::Client,
        about: "Ours.",
        version: || locked(&["mio-client", "rustls"]),
        command: &["{programs}/mio-client", "{host}:{port}", "--ca={ca}"],
    },
];

/// Gives a client a stdin that stays open, and says nothing.
const SILENT_STDIN: &str = "{clients}/silent-stdin.sh";

fn node() -> Version {
    let openssl = printed(&["node", "--print", "process.versions.openssl"], "")?;
    Some(format!("{}, OpenSSL {openssl}", printed(&["node", "--version"], "v")?))
}

fn python() -> Version {
    let openssl = printed(&["python3", "-c", "import ssl; print(ssl.OPENSSL_VERSION)"], "OpenSSL ")?;
    Some(format!("{}, OpenSSL {openssl}", printed(&["python3", "--version"], "Python ")?))
}

fn go() -> Version {
    printed(&["go", "version"], "go version go")
}
