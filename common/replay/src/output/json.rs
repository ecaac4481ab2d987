//! `--trace=json`: an object for each event of a session, one a line.

use std::io::{self, Write};
use std::time::Duration;

use program::offer::version_name;
use rustls::Side;
use serde_json::{Map, Value, json};
use tls_session::escaped::Escaped;
use tls_session::handshake::suite_name;

use super::{ending, name, rfc_3339, write_line};
use crate::connections::Sink;
use crate::reassembly::Gap;
use crate::session::{Ended, Event, Session};

/// Writes the objects.
#[derive(Debug)]
pub struct Json<W>(pub W);

impl<W: Write> Sink for Json<W> {
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
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

fn of(session: &Session, event: Event<'_>) -> (&'static str, Value) {
    match event {
        Event::Began => {
            let (client, server) = (session.client.address.to_string(), session.server.address.to_string());
            ("began", json!({ "client": client, "server": server }))
        }
        Event::Syn(sender) => ("syn", json!({ "sender": name(sender) })),
        Event::Bytes { sender, length, records, left_over } => {
            let records: Vec<Value> = records.iter().map(show::trace::json::of_record).collect();
            let fields = json!({ "sender": name(sender), "bytes": length, "records": records, "left_over": left_over });
            ("bytes", fields)
        }
        Event::Gap(sender, Gap { after, missing }) => {
            ("gap", json!({ "sender": name(sender), "after": after, "missing": missing }))
        }
        Event::Fin(sender) => ("fin", json!({ "sender": name(sender) })),
        Event::Reset(sender) => ("reset", json!({ "sender": name(sender) })),
        Event::Ended(incomplete) => {
            let left_over = |side| {
                let record = incomplete.iter().find(|record| record.sender == side);
                record.map_or(0, |record| record.wire.len())
            };
            ("closed", closed(session, left_over(Side::Client), left_over(Side::Server)))
        }
    }
}

fn closed(session: &Session, client_left_over: usize, server_left_over: usize) -> Value {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| Escaped::new(bytes).to_string());
    let end = |side, left_over: usize| {
        let end = session.end(side);
        json!({
            "bytes": end.bytes,
            "records": end.records,
            "left_over": left_over,
            "close_notify": end.close_notify,
            "alert": end.alert.map(|alert| tls_session::alert_name::AlertName(alert).to_string()),
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
        "version": session.version.map(version_name),
        "suite": session.suite.map(|suite| suite_name(suite).to_string()),
        "server_name": text(&session.server_name),
        "alpn": text(&session.protocol),
        "decrypted": ending::decrypted(session),
        "client": end(Side::Client, client_left_over),
        "server": end(Side::Server, server_left_over),
    })
}
