//! What is in a record, in the names of the RFCs.

use rustls::{AlertDescription, ContentType, Side};
use tls_session::alert_name::AlertName;

use decode::{Content, Piece, Record, Sealed};

use super::numbers::bytes;
use crate::vocabulary::message_name;

/// How many messages of one record are named.
const NAMED: usize = 8;

/// The looks of a record: a colour and a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Handshake,
    Alert,
    ChangeCipherSpec,
    Data,
    Unknown,
}

impl Look {
    pub(super) const ALL: [Self; 5] =
        [Self::Handshake, Self::Data, Self::ChangeCipherSpec, Self::Alert, Self::Unknown];

    pub(super) fn of(record: &Record) -> Self {
        match record.content {
            Content::Handshake(_) => Self::Handshake,
            Content::Alert(_) => Self::Alert,
            Content::ChangeCipherSpec => Self::ChangeCipherSpec,
            Content::ApplicationData(_) => Self::Data,
            Content::Other(_) | Content::Hidden | Content::Incomplete | Content::NotTls => Self::Unknown,
        }
    }

    /// Its name in the style sheet, and that of its shape.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Alert => "alert",
            Self::ChangeCipherSpec => "ccs",
            Self::Data => "data",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Alert => "alert",
            Self::ChangeCipherSpec => "change_cipher_spec",
            Self::Data => "application data",
            Self::Unknown => "unknown, or not opened",
        }
    }
}

/// What is in a record, one name for each message.
pub(super) fn titles(record: &Record) -> Vec<String> {
    match &record.content {
        Content::Handshake(pieces) => {
            let part = || "part of a message".to_owned();
            let title = |piece: &Piece| piece.message.as_deref().map_or_else(part, message_name);
            let mut titles: Vec<String> = pieces.iter().take(NAMED).map(title).collect();
            if pieces.len() > NAMED {
                titles.push(format!("{} more", pieces.len() - NAMED));
            }
            titles
        }
        Content::Alert(alert) => vec![format!("Alert: {}", AlertName(alert.description))],
        Content::ChangeCipherSpec => vec!["ChangeCipherSpec".to_owned()],
        Content::ApplicationData(length) => vec![format!("Application data, {}", bytes(*length))],
        Content::Other(content_type) => vec![format!("Content type {}", u8::from(*content_type))],
        Content::Hidden => vec![format!("Encrypted: {}", outer(record.outer_type()))],
        Content::Incomplete => vec!["Incomplete record".to_owned()],
        Content::NotTls => vec!["Not TLS".to_owned()],
    }
}

fn outer(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::Handshake => "a handshake message",
        ContentType::Alert => "an alert",
        ContentType::ApplicationData => "its type too",
        _ => "something",
    }
}

/// Why a record stays encrypted.
pub(super) fn why_sealed(sealed: Sealed) -> &'static str {
    match sealed {
        Sealed::NoSecret => "It stays encrypted here: the secret that opens it is not known.",
        Sealed::DoesNotOpen => {
            "It does not open with the secret of this session: it was damaged or forged on its way, or made with \
             another key."
        }
    }
}

/// Whether this alert says that nothing is wrong.
pub(super) fn is_peaceful(record: &Record) -> bool {
    matches!(&record.content, Content::Alert(alert)
        if matches!(alert.description, AlertDescription::CloseNotify | AlertDescription::UserCanceled))
}

/// The side as a noun.
pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}
