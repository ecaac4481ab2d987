//! What a session did, shown: everything here watches through [`tls_session::observer`] and changes nothing.
//!
//! | module | what it makes |
//! |---|---|
//! | [`trace`] | a line on stderr for each step, for people or for programs |
//! | [`key_log`] | the secrets of every session, for programs that decrypt with them |
//! | [`capture`] | the sessions and their secrets as a pcapng, for Wireshark |
//! | [`page`] | a page for each session that explains it to people, down to the bytes |
//!
//! A sink may fail: a disk is full, or the reader of a pipe has gone. That never changes a session. A sink whose reader has
//! gone ends; when it was the last, nothing is decoded any more. Every other sink tries again later, a capture with the
//! next session. The log says once that a sink fails, and once that it goes on. Pages are drawn on a thread of their own.
//! No sink waits for a reader. A trace on a stderr that nobody reads loses lines at the server, and stops the session at
//! the client.
//!
//! # What it costs
//!
//! Nothing when off: a program that is not asked for a sink does not have one among its observers. Being observable
//! costs, with nobody watching, 0.03 % of the instructions of a handshake and 0.07 % of those that echo 16 KiB, both
//! ends together, as callgrind counted them: each step is a test that fails. The log, which
//! both programs keep, watches through the same seam and makes it 0.09 % and 0.27 %.

pub mod args;
pub mod capture;
pub mod key_log;
mod lines;
mod links;
pub mod page;
mod preview;
pub mod show;
pub mod sink;
pub mod trace;
mod vocabulary;
