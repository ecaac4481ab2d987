//! Names of records and messages, as the RFCs have them.

use rustls::{AlertDescription, ContentType};
use serde::{Deserialize, Serialize};
use tls_session::alert_name::AlertName;

use decode::{Alert, Content, Piece, Record, Sealed};

use super::numbers::bytes;
use crate::vocabulary::message_name;

/// The most messages that are named in one record.
const NAMED: usize = 8;

/// The look of a record: the shape of its chip and an icon. Its colour is that of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
            Content::Unprotected
            | Content::Other(_)
            | Content::Hidden
            | Content::Incomplete
            | Content::NotTls => Self::Unknown,
        }
    }

    /// Returns its name in the style sheet, and the name of its icon.
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
            Self::Unknown => "unknown, or not decrypted",
        }
    }
}

/// Returns a title for each message of a record.
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
        Content::Unprotected => vec!["Handshake record in clear text".to_owned()],
        Content::Other(content_type) => vec![format!("Content type {}", u8::from(*content_type))],
        Content::Hidden if record.is_sealed_by_tls13() => vec!["Encrypted: type is encrypted too".to_owned()],
        Content::Hidden => vec![format!("Encrypted: {}", outer(record.outer_type()))],
        Content::Incomplete => vec!["Incomplete record".to_owned()],
        Content::NotTls => vec!["Not TLS".to_owned()],
    }
}

fn outer(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::Handshake => "a handshake message",
        ContentType::Alert => "an alert",
        ContentType::ApplicationData => "application data",
        _ => "unknown type",
    }
}

/// Says why a record could not be decrypted.
pub(super) fn why_sealed(sealed: Sealed) -> &'static str {
    match sealed {
        Sealed::NoSecret => "It could not be decrypted here: its secret is not known.",
        Sealed::DoesNotOpen => {
            "It could not be decrypted with the secret of this session: it was damaged or forged on the way, or encrypted \
             with another key."
        }
    }
}

/// Returns whether the record is an alert that reports no error, or only a warning.
pub(super) fn is_peaceful(record: &Record) -> bool {
    const CLOSE: AlertDescription = AlertDescription::CloseNotify;
    record.is_warning() || matches!(record.content, Content::Alert(Alert { description: CLOSE, .. }))
}
