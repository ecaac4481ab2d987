//! How sessions end.

use crate::case::{About, Case, Group, Needs, Versions};
use crate::trial::Trial;
use crate::verdict::Judgement;

/// The cases of this group.
pub static CASES: &[Case] = &[Case {
    about: About {
        name: "close-notify-answered",
        tries: "The client sends close_notify after an exchange, and keeps its side of the connection open.",
        good: "The server answers with close_notify, and then closes the connection.",
        source: "RFC 8446, 6.1; RFC 5246, 7.2.1",
        guide: "05-the-end.md",
    },
    group: Group::End,
    versions: Versions::Each,
    needs: Needs::Nothing,
    run: close_notify_answered,
}];

fn close_notify_answered(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    trial.exchange(&mut client)?;
    client.close_notify()?;
    let (_, end) = trial.end_of(&mut client);
    Ok(trial.answer_to_close_notify(&end))
}
