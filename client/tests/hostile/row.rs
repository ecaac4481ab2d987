//! Rows of tables: a case of mio-check, and the exact end of our client.

use std::time::Duration;

use check::case::Version;
use check::clients::{self, ClientCommand, ClientFacts, ClientOutcome, Ended, Mode, Stage};
use check::verdict::Verdict;
use check::wire::End;
use testing::binaries::binary;
use testing::table;

/// The longest time until the client ends: longer than all deadlines of a case, on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// A case of mio-check, and the expected result.
pub struct Row {
    name: &'static str,
    flags: Vec<&'static str>,
    status: i32,
    last_line: &'static str,
    shown: Option<usize>,
    end: Option<End>,
}

/// Runs a case of mio-check. Its verdict must be *held* or *noted*. The client must end with this status, and its last line must
/// contain this text.
pub fn row(name: &'static str, status: i32, last_line: &'static str) -> Row {
    Row { name, flags: Vec::new(), status, last_line, shown: None, end: None }
}

impl Row {
    /// Adds flags for the client.
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    /// The client must write exactly this many bytes to stdout.
    pub fn shows(mut self, bytes: usize) -> Self {
        self.shown = Some(bytes);
        self
    }

    /// The client must end its session like this.
    pub fn ends(mut self, end: End) -> Self {
        self.end = Some(end);
        self
    }

    /// The name of the case.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self) {
        let ClientOutcome { verdict, run, end, evidence, .. } = self.outcome();
        let run = run.unwrap_or_else(|| panic!("{verdict}"));
        let log = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.ended, Ended::Status(self.status), "{verdict}\n{evidence}{log}");
        assert!(matches!(verdict, Verdict::Held | Verdict::Noted(_)), "{verdict}\n{evidence}");
        assert_last_line(&log, self.status, self.last_line);
        if let Some(bytes) = self.shown {
            assert_eq!(run.stdout.len(), bytes, "{evidence}");
        }
        if self.end.is_some() {
            assert_eq!(end, self.end, "{evidence}");
        }
    }

    fn outcome(&self) -> ClientOutcome {
        let address = "127.0.0.1:0".parse().unwrap();
        let stage = Stage::new(address, "127.0.0.1", Some(Mode::Echo), &Version::ALL, SOON).unwrap();
        let facts = ClientFacts {
            version: Version::Tls13,
            mode: Mode::Echo,
            shows: true,
            end: String::new(),
            names_authority: true,
        };
        stage.run(&self.command(), &facts, clients::find(self.name).unwrap()).unwrap()
    }

    /// The client, without variables that change what it does.
    fn command(&self) -> ClientCommand {
        let mut words = vec!["env".to_owned()];
        for variable in ["RUST_LOG", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"] {
            words.extend(["-u".to_owned(), variable.to_owned()]);
        }
        words.push(binary("mio-client").to_str().unwrap().to_owned());
        words.extend(["{host}:{port}", "--ca", "{ca}"].map(ToOwned::to_owned));
        words.extend(self.flags.iter().map(|flag| (*flag).to_owned()));
        ClientCommand::new(words, None)
    }
}

/// Checks a table of cases of mio-check.
pub fn check_rows(rows: &[Row]) {
    table::check_all(rows, Row::name, Row::check);
}

/// The last line says why the client has failed, and only then.
pub fn assert_last_line(log: &str, status: i32, text: &str) {
    let last = log.lines().last().unwrap_or_default();
    assert!(last.contains(text), "'{text}' is not in the last line of:\n{log}");
    assert_eq!(last.starts_with("mio-client: "), status != 0, "{log}");
    assert!(!log.contains("panicked") && !log.contains('\x1b'), "{log}");
}
