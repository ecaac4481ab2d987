//! Sends each client the time, and closes.

use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use tls_session::application::{Application, Next, Outbox};

struct Daytime;

impl Application for Daytime {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let time = humantime::format_rfc3339_seconds(SystemTime::now());
        outbox.send(format!("{time}\n").as_bytes());
        Next::Close
    }

    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }
}

fn main() -> ExitCode {
    mio_server::run("daytime", |_client| Daytime)
}
