//! The session that another session resumes.

use maud::{Markup, Render, html};

use super::file_name::Name;

/// The session whose ticket or session ID another session uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Its number in this program, or in the capture.
    pub(super) session: u64,
    /// Its page, if the folder has it.
    pub(super) page: Option<Name>,
    /// It is in the same capture.
    pub(super) is_captured: bool,
}

/// Names the session, with a link to its page.
impl Render for Origin {
    fn render(&self) -> Markup {
        html! {
            "session " (self.session) " of this " (if self.is_captured { "capture" } else { "program" })
            @if let Some(page) = self.page { " (" a href={ (page) ".html" } { (page) } ")" }
        }
    }
}
