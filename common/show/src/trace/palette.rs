//! The colours of the text trace.

use anstyle::{AnsiColor, Style};

use crate::vocabulary::Tone;

/// Returns the colour of a line. All are among the sixteen that every terminal theme makes readable. Most lines have the
/// default one.
pub(super) fn style_of(tone: Tone) -> Style {
    match tone {
        Tone::Woke => Style::new().bold(),
        Tone::In => AnsiColor::Cyan.on_default(),
        Tone::Out => AnsiColor::Green.on_default(),
        Tone::Tls => Style::new(),
        Tone::Phase => AnsiColor::Magenta.on_default().bold(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Stalled => AnsiColor::Yellow.on_default(),
        Tone::Trouble => AnsiColor::Red.on_default().bold(),
    }
}

/// The style of times that repeat, and of the rule that joins a turn.
pub(super) const FAINT: Style = Style::new().dimmed();

/// Returns whether to write colours: to a terminal that supports them, unless NO_COLOR is set and not empty
/// (<https://no-color.org>).
pub(super) fn is_wanted(terminal: bool) -> bool {
    terminal && anstyle_query::term_supports_color() && !anstyle_query::no_color()
}
