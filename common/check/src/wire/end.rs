//! How the peer ended a connection.

use std::fmt;
use std::io;

use rustls::AlertDescription;

/// How the peer ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With close_notify.
    CloseNotify,
    /// With a FIN, without close_notify.
    Fin,
    /// With this fatal alert.
    Alert(AlertDescription),
    /// With a reset.
    Reset,
    /// Not within the limit.
    Open,
    /// With bytes that are not valid TLS, or otherwise: the error.
    Other(String),
}

impl End {
    /// The end that a failed read or write reports.
    pub fn of(error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match (tls, error.kind()) {
            (Some(rustls::Error::AlertReceived(alert)), _) => Self::Alert(*alert),
            (_, io::ErrorKind::UnexpectedEof) => Self::Fin,
            (_, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Self::Reset,
            (_, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => Self::Open,
            _ => Self::Other(error.to_string()),
        }
    }

    /// The end after these unencrypted records and a FIN. If the last record is an alert, it is the end.
    pub fn of_unencrypted(bytes: &[u8]) -> Self {
        match records(bytes).last() {
            Some([21, _, _, 0, 2, _, 0]) => Self::CloseNotify,
            Some([21, _, _, 0, 2, 2, description]) => Self::Alert((*description).into()),
            _ => Self::Fin,
        }
    }

    /// Whether the peer has left the connection open.
    pub fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloseNotify => f.write_str("close_notify"),
            Self::Fin => f.write_str("a FIN without close_notify"),
            Self::Alert(alert) => {
                let name = alert.as_str().map_or("unknown".to_owned(), snake_case);
                write!(f, "the alert {name} ({})", u8::from(*alert))
            }
            Self::Reset => f.write_str("a reset"),
            Self::Open => f.write_str("nothing: the connection stays open"),
            Self::Other(error) => f.write_str(error),
        }
    }
}

/// The name of an alert as the RFCs write it: `UnknownCA` is `unknown_ca`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut letters = name.chars().peekable();
    let mut before_is_small = false;
    while let Some(letter) = letters.next() {
        let after_is_small = letters.peek().is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && !snake.is_empty() && (before_is_small || after_is_small) {
            snake.push('_');
        }
        before_is_small = letter.is_ascii_lowercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The records in these bytes, with their headers. The last one may be incomplete.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let [_, _, _, high, low, ..] = bytes else { return None };
        let length = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        let (record, rest) = bytes.split_at(length.min(bytes.len()));
        bytes = rest;
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_rfcs() {
        for (alert, name) in [
            (rustls::AlertDescription::UnknownCA, "the alert unknown_ca (48)"),
            (rustls::AlertDescription::UnknownPSKIdentity, "the alert unknown_psk_identity (115)"),
            (rustls::AlertDescription::BadRecordMac, "the alert bad_record_mac (20)"),
            (rustls::AlertDescription::Unknown(200), "the alert unknown (200)"),
        ] {
            assert_eq!(End::Alert(alert).to_string(), name);
        }
    }
}
