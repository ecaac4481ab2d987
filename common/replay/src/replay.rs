//! Reads a capture from its beginning to its end, and passes its TLS sessions to a sink.

use std::io::{self, Read};

use crate::connections::{Connections, Seen, Sink};
use crate::file::{FileError, Item, PassedOver, Reader};
use crate::key_log::{KeyLog, Lines};
use crate::packet::{self, NoSegment};

/// What was in a capture, for the user.
#[derive(Debug, Default)]
pub struct Report {
    /// The number of packets.
    pub packets: u64,
    /// Packets that the snap length of the capture has cut. Their bytes are missing in their sessions.
    pub cut: u64,
    /// Packets whose headers are malformed or incomplete.
    pub malformed: u64,
    /// Fragments of IP packets. They are not joined.
    pub fragments: u64,
    /// The first link type that is not known here, and the number of packets with such a type.
    pub unknown_link: Option<(u16, u64)>,
    /// Packets of an interface that the file does not describe.
    pub unknown_interface: u64,
    /// Decryption Secrets Blocks that are too long.
    pub long_secrets: u64,
    /// The connections.
    pub seen: Seen,
    /// The lines of the key logs in the capture.
    pub key_log: Lines,
    /// Why the rest of the file could not be read.
    pub broken: Option<FileError>,
}

/// Passes the sessions of a capture to `sink`. `key_log` has the secrets that are not in the capture.
///
/// # Errors
/// The errors of the sink. A file that is damaged ends the replay early, and the report says so.
pub fn replay<R: Read>(
    mut reader: Reader<R>,
    mut key_log: KeyLog,
    sink: &mut impl Sink,
) -> io::Result<Report> {
    let mut report = Report::default();
    let mut connections = Connections::default();
    loop {
        match reader.next_item() {
            Ok(None) => break,
            Ok(Some(Item::KeyLog(text))) => key_log.add(text)?,
            Ok(Some(Item::PassedOver(PassedOver::LongSecrets))) => report.long_secrets += 1,
            Ok(Some(Item::PassedOver(PassedOver::UnknownInterface))) => {
                report.packets += 1;
                report.unknown_interface += 1;
            }
            Ok(Some(Item::Packet(packet))) => {
                report.packets += 1;
                report.cut += u64::from(packet.data.len() < packet.length as usize);
                match packet::segment(&packet) {
                    Ok(segment) => connections.add(packet.time, &segment, &key_log, sink)?,
                    Err(reason) => report.count(reason),
                }
            }
            Err(error) => {
                report.broken = Some(error);
                break;
            }
        }
    }
    connections.finish(sink)?;
    report.seen = connections.seen;
    report.key_log = key_log.read;
    Ok(report)
}

impl Report {
    fn count(&mut self, reason: NoSegment) {
        match reason {
            NoSegment::OtherProtocol => {}
            NoSegment::Fragment => self.fragments += 1,
            NoSegment::Malformed => self.malformed += 1,
            NoSegment::UnknownLink(link) => self.unknown_link.get_or_insert((link, 0)).1 += 1,
        }
    }
}
