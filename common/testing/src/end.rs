//! How the peer ended a connection.

use std::io::{self, Read as _};
use std::net::TcpStream;

use rustls::AlertDescription;

/// How the peer ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With close_notify.
    CloseNotify,
    /// With a FIN, without close_notify.
    Fin,
    /// With this alert.
    Alert(AlertDescription),
    /// With a reset.
    Reset,
    /// Not within [`LIMIT`](crate::LIMIT), or with another error.
    Other(io::ErrorKind),
}

impl End {
    /// The end that a failed read or write reports.
    pub fn of(error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match (tls, error.kind()) {
            (Some(rustls::Error::AlertReceived(alert)), _) => Self::Alert(*alert),
            (_, io::ErrorKind::UnexpectedEof) => Self::Fin,
            (_, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Self::Reset,
            (_, other) => Self::Other(other),
        }
    }

    /// Reads unencrypted records up to the FIN. If the last record is an alert, the end is this alert. An alert
    /// before a reset counts as a reset, since other systems would lose the alert.
    pub fn of_unencrypted(socket: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        if let Err(error) = socket.read_to_end(&mut bytes) {
            return Self::of(&error);
        }
        match records(&bytes).last() {
            Some([21, _, _, 0, 2, _, 0]) => Self::CloseNotify,
            Some([21, _, _, 0, 2, 2, description]) => Self::Alert((*description).into()),
            _ => Self::Fin,
        }
    }
}

/// The records in these bytes, with their headers.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let [_, _, _, high, low, ..] = bytes else { return None };
        let length = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        let (record, rest) = bytes.split_at(length.min(bytes.len()));
        bytes = rest;
        Some(record)
    })
}
