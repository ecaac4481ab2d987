//! The colours and the width of a terminal.

use std::io::{self, IsTerminal as _};

use anstyle::{AnsiColor, Style};

use crate::verdict::Verdict;

/// The colours of a text. [`Colours::OFF`] has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours(bool);

impl Colours {
    /// No colours.
    pub const OFF: Self = Self(false);

    /// The colours for stdout: on a terminal that supports them, unless NO_COLOR is set (<https://no-color.org>).
    pub fn of_stdout() -> Self {
        Self(io::stdout().is_terminal() && anstyle_query::term_supports_color() && !anstyle_query::no_color())
    }

    /// Paints a text.
    pub fn paint(self, style: Style, text: &str) -> String {
        match self.0 {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }
}

/// The colour of a verdict. All are among the sixteen that every terminal theme makes readable.
pub fn style_of(verdict: &Verdict) -> Style {
    match verdict {
        Verdict::Held => AnsiColor::Green.on_default(),
        Verdict::Failed(_) => AnsiColor::Red.on_default().bold(),
        Verdict::Noted(_) => AnsiColor::Cyan.on_default(),
        Verdict::NotApplicable(_) => Style::new().dimmed(),
        Verdict::Inconclusive(_) => AnsiColor::Magenta.on_default(),
    }
}

/// The style of headings.
pub const HEADING: Style = Style::new().bold();
/// The style of less important text.
pub const FAINT: Style = Style::new().dimmed();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_the_text_is_plain() {
        let red = style_of(&Verdict::Failed(String::new()));
        assert_eq!(Colours::OFF.paint(red, "failed"), "failed");
        assert_eq!(Colours(true).paint(red, "failed"), "\x1b[1m\x1b[31mfailed\x1b[0m");
    }
}
