//! Clients that mean harm, against the real server: tables of what they do, what they hear, and what the server says
//! of them. After each, the next client is served, and the server holds what it held before.
//!
//! `CASE=words cargo test -p mio-server --test hostile` checks only the cases whose names contain these words.
#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod certificates;
mod crowds;
mod ends;
mod first_words;
mod floods;
mod hellos;
mod late;
mod openssl;
mod sealed;
