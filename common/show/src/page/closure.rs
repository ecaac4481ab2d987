//! How far each side has closed its direction: with close_notify, with a fatal alert, or with a FIN.

use decode::{Alert, Content, Record};
use rustls::{AlertDescription, ContentType, Side};
use serde::{Deserialize, Serialize};

/// How far one side has closed its direction. A later value replaces an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Closure {
    /// It can send data.
    Open,
    /// It may have sent an alert: a record cannot be decrypted, or is missing.
    #[default]
    Unknown,
    /// It has sent close_notify.
    CloseNotify,
    /// A fatal alert of either side has ended the session.
    FatalAlert,
    /// It has sent its FIN, or the connection was reset.
    Closed,
}

/// The closure of the client and of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closures {
    client: Closure,
    server: Closure,
}

impl Closure {
    /// Returns how far a record closes the direction of its sender.
    pub(super) fn by(record: &Record) -> Self {
        let may_be_alert = record.is_sealed_by_tls13() || record.outer_type() == ContentType::Alert;
        match record.content {
            Content::Hidden if may_be_alert => Self::Unknown,
            Content::Alert(alert) if alert.unauthenticated || record.is_warning() => Self::Open,
            Content::Alert(Alert { description: AlertDescription::CloseNotify, .. }) => Self::CloseNotify,
            Content::Alert(_) => Self::FatalAlert,
            _ => Self::Open,
        }
    }

    /// Says what `side`, which has closed so far, may send after the FIN of the other side.
    pub(super) fn after_fin(self, side: Side) -> String {
        let side = decode::side_name(side);
        match self {
            Self::Open => format!("half-closed: the {side} can still send"),
            Self::Unknown => format!("half-closed: it is not known whether the {side} has sent close_notify"),
            Self::CloseNotify => {
                format!("half-closed: the {side} has sent close_notify, so only its FIN may follow")
            }
            Self::FatalAlert => "half-closed: a fatal alert has ended the session".to_owned(),
            Self::Closed => "both directions are closed".to_owned(),
        }
    }
}

impl Closures {
    /// Neither side has closed.
    pub(super) const NONE: Self = Self { client: Closure::Open, server: Closure::Open };

    pub(super) fn of(self, side: Side) -> Closure {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }

    /// Notes how far `side` has closed. A fatal alert closes the other direction, too.
    pub(super) fn close(&mut self, side: Side, closure: Closure) {
        match side {
            _ if closure == Closure::FatalAlert => self.close_both(closure),
            Side::Client => self.client = self.client.max(closure),
            Side::Server => self.server = self.server.max(closure),
        }
    }

    pub(super) fn close_both(&mut self, closure: Closure) {
        self.client = self.client.max(closure);
        self.server = self.server.max(closure);
    }
}
