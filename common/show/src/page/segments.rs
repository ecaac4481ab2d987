//! TCP below TLS: how the connection begins and how each direction ends, as far as a program can know it.

use std::time::Duration;

use maud::{Markup, html};
use rustls::Side;
use serde::{Deserialize, Serialize};

use super::closure::Closure;
use super::numbers::duration;

/// An event of the TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Segment {
    /// The connection is established. This took so long; `None` if the time is not known.
    Connected(Option<Duration>),
    /// This side has sent its FIN.
    Fin {
        #[serde(with = "SideName")]
        sender: Side,
        /// How far the sender had closed before. The data of a page does not have it.
        #[serde(skip)]
        own: Closure,
        /// How far the other side had closed. The page with both ends finds it out, because one end does not know all.
        #[serde(skip)]
        other: Closure,
    },
    /// This side has reset the connection.
    Reset(#[serde(with = "SideName")] Side),
}

/// The names of the sides in the data of a page.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Side", rename_all = "snake_case")]
enum SideName {
    Client,
    Server,
}

impl Segment {
    /// Returns the side that sends it; `None` if both sides do.
    pub(super) fn sender(self) -> Option<Side> {
        match self {
            Self::Connected(_) => None,
            Self::Fin { sender, .. } | Self::Reset(sender) => Some(sender),
        }
    }

    /// Draws a thin arrow.
    pub(super) fn draw(self) -> Markup {
        let sender = self.sender();
        html! {
            p.segment.both[sender.is_none()].{ "from-" (decode::side_name(sender.unwrap_or(Side::Client))) } {
                span.line aria-hidden="true" {}
                (self.label())
            }
        }
    }

    /// Names it.
    pub(super) fn label(self) -> Markup {
        let (says, details) = match self {
            Self::Connected(took) => {
                let took = took.map_or_else(String::new, |took| format!(" in {}", duration(took)));
                (format!("TCP connected{took}"), "SYN, SYN-ACK, ACK".to_owned())
            }
            Self::Fin { sender, other, .. } => {
                ("FIN".to_owned(), other.after_fin(decode::other_side(sender)))
            }
            Self::Reset(_) => {
                let details = "reset: both directions are closed, and data may be lost";
                ("RST".to_owned(), details.to_owned())
            }
        };
        html! {
            span.label {
                @if let Some(sender) = self.sender() { span.sr { "from the " (decode::side_name(sender)) ": " } }
                strong { (says) } " " small { (details) }
            }
        }
    }
}
