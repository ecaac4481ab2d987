//! How the other end of a connection ended it.

use std::io::{self, Read as _};
use std::net::TcpStream;

use rustls::AlertDescription;

/// How the other end ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With close_notify.
    CloseNotify,
    /// With a FIN alone.
    Fin,
    /// With this alert.
    Alert(AlertDescription),
    /// With a reset, before anything else was read.
    Reset,
    /// Not within the limit, or otherwise.
    Other(io::ErrorKind),
}

impl End {
    /// What a failed read or write says.
    pub fn of(error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match (tls, error.kind()) {
            (Some(rustls::Error::AlertReceived(alert)), _) => Self::Alert(*alert),
            (_, io::ErrorKind::UnexpectedEof) => Self::Fin,
            (_, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Self::Reset,
            (_, other) => Self::Other(other),
        }
    }

    /// Reads records that are not encrypted up to the FIN; what the last of them says if it is an alert. An alert with
    /// a reset behind it counts as a reset, since other systems would have lost it.
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

/// The records in these bytes, each with its head.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let [_, _, _, high, low, ..] = bytes else { return None };
        let length = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        let (record, rest) = bytes.split_at(length.min(bytes.len()));
        bytes = rest;
        Some(record)
    })
}
