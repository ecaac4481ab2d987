//! Hostile clients against the real server. Each table lists what the clients do, how the server ends their
//! connection, and what it logs. After each case the server serves the next client, and its memory and descriptors
//! are as before.
//!
//! `CASE=words cargo test -p mio-server --test hostile` checks only the cases whose names contain these words.
#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod certificates;
mod ends;
mod first_words;
mod floods;
mod hellos;
mod late;
mod many;
mod sealed;
