//! Hostile servers against the real client. Each table lists what the servers do, and the client's exit status and
//! last log line. The client must end within its own deadlines.
//!
//! `CASE=words cargo test -p mio-client --test hostile` checks only the cases whose names contain these words.
#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod ends;
mod first_words;
mod floods;
