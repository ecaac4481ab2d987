//! The colours of the text, by what a line tells of.

use anstyle::{AnsiColor, Style};

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The loop woke: a turn begins.
    Woke,
    /// Bytes from the peer.
    In,
    /// Bytes to the peer.
    Out,
    /// A call on the TLS state machine.
    Tls,
    /// Where the session stands.
    Phase,
    /// What matters now and then: deadlines, interests, readiness.
    Quiet,
    /// Nothing is wrong, and it goes no further for now.
    Stalled,
    /// Something failed.
    Trouble,
}

impl Kind {
    /// The colours are the sixteen that every terminal's theme makes readable, and the default one for most.
    pub(super) fn style(self) -> Style {
        match self {
            Self::Woke => Style::new().bold(),
            Self::In => AnsiColor::Cyan.on_default(),
            Self::Out => AnsiColor::Green.on_default(),
            Self::Tls => Style::new(),
            Self::Phase => AnsiColor::Magenta.on_default().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Stalled => AnsiColor::Yellow.on_default(),
            Self::Trouble => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// For what stays in the background.
pub(super) const FAINT: Style = Style::new().dimmed();

/// Whether to write colours: to a terminal that has them, unless NO_COLOR is set and not empty
/// (<https://no-color.org>).
pub(super) fn is_wanted(terminal: bool) -> bool {
    terminal && anstyle_query::term_supports_color() && !anstyle_query::no_color()
}
