//! The session that another session resumes.

use decode::schedule::Key;
use maud::{Markup, Render, html};

use super::file_name::Name;
use super::keys::anchor;

/// The session whose ticket or session ID another session uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Its number in this program, or in the capture.
    pub(super) session: u64,
    /// Its page, if the folder has it.
    pub(super) page: Option<Name>,
    /// It issued a ticket. Otherwise its session ID is used.
    pub(super) has_ticket: bool,
    /// The key that both ends have kept.
    pub(super) kept: Key,
    /// It is in the same capture.
    pub(super) is_captured: bool,
}

/// Names the session, with a link to the key on its page.
impl Render for Origin {
    fn render(&self) -> Markup {
        html! {
            "session " (self.session) " of this " (if self.is_captured { "capture" } else { "program" })
            @if let Some(page) = self.page { " (" a href={ (page) ".html#" (anchor(self.kept)) } { (page) } ")" }
        }
    }
}
