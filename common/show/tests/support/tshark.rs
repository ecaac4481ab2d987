//! Reads captures with Wireshark.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs tshark on a file, with checksums verified. `port` is the server's. tshark needs to know it, because it may take a
/// random port for another protocol.
pub fn tshark(file: &Path, port: u16, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(["-d", &format!("tcp.port=={port},tls")])
        .args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"])
        .args(arguments)
        .env("HOME", file.parent().unwrap()) // no personal preferences
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}: {errors}", file.display(), output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Returns these fields of each packet that matches the filter. Commas join several values of one field.
pub fn fields(file: &Path, port: u16, filter: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = vec!["-Y", filter, "-T", "fields"];
    arguments.extend(names.iter().flat_map(|name| ["-e", name]));
    let lines = tshark(file, port, &arguments);
    lines.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// A record in Wireshark, decrypted if possible.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub from_server: bool,
    pub content_type: u8,
    pub handshake_types: Vec<u8>,
}

/// Returns all records of a file.
pub fn records(file: &Path, port: u16) -> Vec<Seen> {
    let text = tshark(file, port, &["-Y", "tls", "-T", "json", "--no-duplicate-keys", "-J", "tcp tls"]);
    let packets: Vec<Value> = serde_json::from_str(&text).unwrap();
    packets.iter().flat_map(|packet| records_of(packet, port)).collect()
}

fn records_of(packet: &Value, port: u16) -> Vec<Seen> {
    let layers = &packet["_source"]["layers"];
    let from_server = layers["tcp"]["tcp.srcport"].as_str().unwrap() == port.to_string();
    let seen = |record: &Value| Seen {
        from_server,
        content_type: number(record, "tls.record.content_type").unwrap(),
        handshake_types: each(&record["tls.handshake"])
            .filter_map(|message| number(message, "tls.handshake.type"))
            .collect(),
    };
    each(&layers["tls"]).flat_map(|layer| each(&layer["tls.record"])).map(seen).collect()
}

/// Iterates over a value. tshark makes an array of values that occur more than once.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(values) => values.iter(),
        Value::Null => [].iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn number(value: &Value, name: &str) -> Option<u8> {
    value[name].as_str().map(|text| text.parse().unwrap())
}
