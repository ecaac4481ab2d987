//! Servers that mean harm, against the real client: tables of what they do, with the exit status and the words that
//! must come of it, within the client's own deadlines.
//!
//! `CASE=words cargo test -p mio-client --test hostile` checks only the cases whose names contain these words.
#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod certificates;
mod ends;
mod first_words;
mod floods;
