//! `--trace=json`: an object for each event of a session, one a line.

use std::io::{self, Write};
use std::time::Duration;

use decode::{Record, side_name};
use program::offer::version_name;
use rustls::Side;
use serde_json::{Map, Value, json};
use tls_session::alert_name::AlertName;
use tls_session::escaped::Escaped;
use tls_session::handshake::suite_name;

use super::{ending, rfc_3339, write_line};
use crate::connections::Sink;
use crate::reassembly::Gap;
use crate::session::{Ended, Event, Session};

/// The most records in one object. An object is built in memory before it is written.
const MAX_RECORDS: usize = 256;

/// Writes the objects.
#[derive(Debug)]
pub struct Json<W>(pub W);

impl<W: Write> Sink for Json<W> {
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
        if let Event::Bytes { sender, length, records, left_over } = event
            && records.len() > MAX_RECORDS
        {
            return self.parts(at, session, sender, length, records, left_over);
        }
        let (name, fields) = of(session, event);
        let mut object = Map::new();
        object.insert("time".into(), rfc_3339(at).into());
        object.insert("session".into(), session.number.into());
        object.insert("event".into(), name.into());
        if let Value::Object(fields) = fields {
            object.extend(fields);
        }
        write_line(&mut self.0, &Value::Object(object).to_string())
    }
}

impl<W: Write> Json<W> {
    /// Writes the bytes of an end as several objects.
    fn parts(
        &mut self,
        at: Duration,
        session: &Session,
        sender: Side,
        length: usize,
        records: &[Record],
        left_over: usize,
    ) -> io::Result<()> {
        let size = |records: &[Record]| records.iter().map(|record| record.wire.len()).sum::<usize>();
        // The first record may begin with earlier bytes.
        let mut earlier = (size(records) + left_over).saturating_sub(length);
        let mut parts = records.chunks(MAX_RECORDS).peekable();
        while let Some(records) = parts.next() {
            let left_over = if parts.peek().is_some() { 0 } else { left_over };
            let length = (size(records) + left_over).saturating_sub(std::mem::take(&mut earlier));
            self.event(at, session, Event::Bytes { sender, length, records, left_over })?;
        }
        Ok(())
    }
}

fn of(session: &Session, event: Event<'_>) -> (&'static str, Value) {
    match event {
        Event::Began => {
            let (client, server) = (session.client.address.to_string(), session.server.address.to_string());
            ("began", json!({ "client": client, "server": server }))
        }
        Event::Syn(sender) => ("syn", json!({ "sender": side_name(sender) })),
        Event::Bytes { sender, length, records, left_over } => {
            let records: Vec<Value> = records.iter().map(show::trace::json::of_record).collect();
            let fields = json!({ "sender": side_name(sender), "bytes": length, "records": records, "left_over": left_over });
            ("bytes", fields)
        }
        Event::Gap(sender, Gap { after, missing }) => {
            ("gap", json!({ "sender": side_name(sender), "after": after, "missing": missing }))
        }
        Event::Fin(sender) => ("fin", json!({ "sender": side_name(sender) })),
        Event::Reset(sender) => ("reset", json!({ "sender": side_name(sender) })),
        Event::Ended(incomplete) => ("closed", closed(session, &incomplete)),
    }
}

fn closed(session: &Session, incomplete: &[Record]) -> Value {
    let text = |bytes: Option<&[u8]>| bytes.map(|bytes| Escaped::new(bytes).to_string());
    let end = |side| {
        let end = session.end(side);
        let left_over = incomplete.iter().find(|record| record.sender == side);
        json!({
            "bytes": end.bytes,
            "records": end.records,
            "left_over": left_over.map_or(0, |record| record.wire.len()),
            "close_notify": end.close_notify,
            "alert": end.alert.map(|alert| AlertName(alert).to_string()),
            "unauthenticated_alert": end.unauthenticated.map(|alert| AlertName(alert).to_string()),
            "fin": end.fin,
            "reset": end.reset,
            "missing": end.gap.map(|gap| gap.missing),
        })
    };
    let duration = session.last.saturating_sub(session.began);
    json!({
        "sentence": ending::of(session).0,
        "ended": match session.ended {
            None | Some(Ended::Closed) => "closed",
            Some(Ended::EndOfCapture) => "end_of_capture",
            Some(Ended::Replaced) => "replaced",
            Some(Ended::Forgotten) => "forgotten",
        },
        "duration_ns": u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
        "version": session.choices.version().map(version_name),
        "suite": session.choices.suite().map(|suite| suite_name(suite).to_string()),
        "server_name": text(session.server_name.as_deref()),
        "alpn": text(session.choices.protocol()),
        "decrypted": ending::decrypted(session),
        "client": end(Side::Client),
        "server": end(Side::Server),
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;
    use crate::key_log::KeyLog;

    /// An object is a tree in memory until it is written.
    #[test]
    fn many_records_are_written_as_several_objects() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let mut session = Session::new(1, Duration::ZERO, address, address);
        let mut out = Vec::new();
        let alerts = [21, 3, 3, 0, 2, 1, 90].repeat(1000);
        for bytes in [&alerts[..3], &alerts[3..6999]] {
            let (records, left_over) = session.feed(Side::Client, bytes, &KeyLog::default());
            let event =
                Event::Bytes { sender: Side::Client, length: bytes.len(), records: &records, left_over };
            Json(&mut out).event(Duration::ZERO, &session, event).unwrap();
        }
        let objects = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let objects = objects.map(|line| serde_json::from_slice::<Value>(line).unwrap());
        let numbers = objects.map(|object| {
            let records = object["records"].as_array().unwrap().len();
            [object["bytes"].as_u64().unwrap(), records as u64, object["left_over"].as_u64().unwrap()]
        });
        let expected = [[3, 0, 3], [1789, 256, 0], [1792, 256, 0], [1792, 256, 0], [1623, 231, 6]];
        assert_eq!(numbers.collect::<Vec<_>>(), expected);
    }
}
