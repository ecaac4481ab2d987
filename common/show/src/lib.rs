//! What a session did, shown: everything here watches through [`common::observer`] and changes nothing.
//!
//! | module | what it makes |
//! |---|---|
//! | [`decode`] | records and messages of the bytes, decrypted with the session's own secrets |
//! | [`explain`] | what each of those bytes means: a tree of fields, with a sentence for people |
//! | [`trace`] | a line on stderr for each step, for people or for programs |
//! | [`key_log`] | the secrets of every session, for programs that decrypt with them |
//! | [`capture`] | the sessions and their secrets as a pcapng, for Wireshark |
//! | [`page`] | a page for each session that explains it to people, down to the bytes |
//!
//! It is a crate of its own so that `common`, which is there to be read, has neither its code nor its dependencies.
//!
//! A sink may fail: stderr is closed, a disk is full. That is reported once, and the sink is silent from then on; when
//! it was the last, nothing is decoded any more. It never changes a session. Pages are drawn on a thread of their own, and
//! each session tries again if a page could not be written. Only a stderr that is open and not read
//! from holds up whoever writes to it, with a trace as with the log.
//!
//! # What it costs
//!
//! Nothing when off: a program that is not asked for a sink does not have one among its observers. Being observable
//! costs, with nobody watching, 0.03 % of the instructions of a handshake and 0.07 % of those that echo 16 KiB, both
//! ends together, as `common/show/benches/instructions.sh` counts them: each step is a test that fails. The log, which
//! both programs keep, watches through the same seam and makes it 0.09 % and 0.27 %.

pub mod args;
pub mod capture;
pub mod decode;
pub mod explain;
pub mod key_log;
mod lines;
pub mod page;
mod phrases;
mod preview;
pub mod secrets;
pub mod show;
pub mod sink;
pub mod trace;
