//! What both programs share: flags, log lines, exit statuses, signals, and the sentence for every end of a session.
//!
//! | module | what it knows |
//! |---|---|
//! | [`command_line`], [`parameters`], [`alpn`], [`time_limit`], [`count`], [`host_port`] | what both programs take |
//! | [`exit`] | what both programs return |
//! | [`ending`], [`alert_context`], [`peer_bytes`], [`offer`] | why a session ended, in a sentence |
//! | [`reporter`], [`short_time`] | log lines about sessions |
//! | [`logging`], [`status_line`] | the format of log lines, and the last line of a terminal |
//! | [`outlet`], [`stderr`] | writes that never wait for a reader |
//! | [`signals`] | Ctrl-C and SIGHUP as events |

pub mod alert_context;
pub mod alpn;
mod certificate_request;
pub mod command_line;
pub mod count;
pub mod ending;
pub mod exit;
pub mod host_port;
mod in_common;
pub mod logging;
pub mod observer;
pub mod offer;
pub mod outlet;
pub mod parameters;
pub mod peer_bytes;
mod repeats;
pub mod reporter;
pub mod short_time;
pub mod signals;
pub mod status_line;
pub mod stderr;
pub mod time_limit;
