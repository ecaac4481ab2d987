//! TCP below TLS: how the connection begins and how each direction ends, as far as a program can know it.

use std::time::Duration;

use maud::{Markup, html};
use rustls::Side;

use super::names;
use super::numbers::duration;

/// An event of the TCP connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Segment {
    /// The connection is established. This took so long; `None` if the time is not known.
    Connected(Option<Duration>),
    /// This side has sent its FIN.
    Fin {
        sender: Side,
        /// The other side has sent its FIN before.
        last: bool,
    },
    /// This side has reset the connection.
    Reset(Side),
}

impl Segment {
    /// Draws a thin arrow.
    pub(super) fn draw(self) -> Markup {
        let (sender, says, details) = match self {
            Self::Connected(took) => {
                let took = took.map_or_else(String::new, |took| format!(" in {}", duration(took)));
                (None, format!("TCP connected{took}"), "SYN, SYN-ACK, ACK".to_owned())
            }
            Self::Fin { sender, last: false } => {
                let other = names::side(decode::other_side(sender));
                (Some(sender), "FIN".to_owned(), format!("half-closed: the {other} can still send"))
            }
            Self::Fin { sender, last: true } => {
                (Some(sender), "FIN".to_owned(), "both directions are closed".to_owned())
            }
            Self::Reset(sender) => {
                let details = "reset: both directions are closed, and data may be lost";
                (Some(sender), "RST".to_owned(), details.to_owned())
            }
        };
        html! {
            p.segment.both[sender.is_none()].{ "from-" (names::side(sender.unwrap_or(Side::Client))) } {
                span.line aria-hidden="true" {}
                span.label {
                    @if let Some(sender) = sender { span.sr { "from the " (names::side(sender)) ": " } }
                    strong { (says) } " " small { (details) }
                }
            }
        }
    }
}
