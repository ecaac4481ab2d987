//! The outputs: a line for each session, the fields or the objects of its records, or its page.

pub mod ending;
pub mod fields;
pub mod json;
pub mod pages;
pub mod stdout;
pub mod summary;

use std::io::{self, Write};
use std::time::Duration;

use identity::Moment;
use rustls::pki_types::UnixTime;

use crate::session::Session;

/// Formats a time since 1970 for people: `2026-11-23 14:02:11.123456 UTC`.
fn date(time: Duration) -> String {
    let (seconds, micros) = (seconds(time), time.subsec_micros());
    format!("{seconds}.{micros:06} UTC")
}

/// Formats a time since 1970 for programs (RFC 3339): `2026-11-23T14:02:11.123456789Z`.
fn rfc_3339(time: Duration) -> String {
    let (seconds, nanos) = (seconds(time).replacen(' ', "T", 1), time.subsec_nanos());
    format!("{seconds}.{nanos:09}Z")
}

fn seconds(time: Duration) -> String {
    let moment = Moment::from(UnixTime::since_unix_epoch(Duration::from_secs(time.as_secs()))).to_string();
    moment.trim_end_matches(" UTC").to_owned()
}

/// Formats the time since a session began: `+0.012345 s`.
fn since_began(session: &Session, at: Duration) -> String {
    format!("+{:.6} s", at.saturating_sub(session.began).as_secs_f64())
}

fn write_line(out: &mut impl Write, line: &str) -> io::Result<()> {
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")
}
