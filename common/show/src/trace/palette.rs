//! The colours of the text trace.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use decode::other_side;
use rustls::Side;
use tls_session::escaped::one_line;

use crate::vocabulary::Tone;

/// Returns the colour of a line of the program that plays the role `local`. A line with bytes has the colour of their
/// sender. All colours are among the sixteen that every terminal theme makes readable. Most lines have the default one.
pub(super) fn style_of(tone: Tone, local: Side) -> Style {
    match tone {
        Tone::Woke => Style::new().bold(),
        Tone::In => style_of_sender(other_side(local)),
        Tone::Out => style_of_sender(local),
        Tone::Tls => Style::new(),
        Tone::Phase => AnsiColor::Magenta.on_default().bold(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Stalled => AnsiColor::Magenta.on_default(),
        Tone::Trouble => AnsiColor::Red.on_default().bold(),
    }
}

/// Returns the colour of the bytes that this side sent. The client has a warm colour and the server a cool one, as on the
/// page of `--illustrate`.
pub(super) fn style_of_sender(sender: Side) -> Style {
    match sender {
        Side::Client => AnsiColor::Yellow.on_default(),
        Side::Server => AnsiColor::Cyan.on_default(),
    }
}

/// The style of times that repeat, of the rule that joins a turn, and of sentences about fields.
pub(super) const FAINT: Style = Style::new().dimmed();
/// The style of the name of a field.
pub(super) const NAME: Style = Style::new().bold();
/// The style of the name of a field that is malformed.
pub(super) const WRONG: Style = AnsiColor::Red.on_default().bold();

/// Appends text in a style. Only this function writes escape sequences: `one_line` replaces those of the text.
pub(super) fn paint(line: &mut String, coloured: bool, style: Style, text: &str) {
    let text = one_line(text);
    // Writing to a String does not fail.
    let _ = match coloured && style != Style::new() {
        true => write!(line, "{style}{text}{style:#}"),
        false => write!(line, "{text}"),
    };
}

/// Returns whether to write colours: to a terminal that supports them, unless NO_COLOR is set and not empty
/// (<https://no-color.org>).
pub fn is_coloured(terminal: bool) -> bool {
    terminal && anstyle_query::term_supports_color() && !anstyle_query::no_color()
}
