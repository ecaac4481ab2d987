//! The cases against clients: `mio-check --listen ADDRESS -- COMMAND` runs a client against servers that misbehave.
//!
//! Each case starts the client once. The verdict comes from its exit status, its output, and the time that it takes. A
//! script that calls the client sees nothing else.
//!
//! ```text
//! case         a case against a client: the server, and the meaning of the client's ends
//! process      the client: its command, its output, its end
//! identities   certificates of the server
//! message      the messages of the server
//! stage        the server that all cases share, and one client run after the other
//! visit        one connection of the client, for the code of a case
//! happened     the events of a case on all connections
//! clean        the clean session, in which the server makes no fault
//! judge        the verdict
//! ```

mod answers;
pub mod case;
mod certificates;
mod clean;
mod ends;
mod floods;
mod framing;
mod handshakes;
pub mod happened;
pub mod identities;
mod judge;
pub mod message;
pub mod process;
mod sealed;
pub mod stage;
pub mod visit;

pub use case::{ClientCase, ClientGroup};
pub use message::Mode;
pub use process::{ClientCommand, Ended, Run};
pub use stage::{ClientError, ClientFacts, ClientOutcome, Stage};

/// All cases, in the order in which they run.
pub fn all() -> impl Iterator<Item = &'static ClientCase> {
    let groups = [
        framing::CASES,
        answers::CASES,
        handshakes::CASES,
        ends::CASES,
        sealed::CASES,
        floods::CASES,
        certificates::CASES,
    ];
    groups.into_iter().flatten()
}

/// The case with this name.
pub fn find(name: &str) -> Option<&'static ClientCase> {
    all().find(|case| case.about.name == name)
}
