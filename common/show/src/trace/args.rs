//! `--trace` on the command line.

use std::io::{self, IsTerminal as _};
use std::time::Instant;

use common::stderr::TraceLines;
use rustls::Side;

use super::{Trace, palette};

/// Whether to trace, and for whom.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct TraceArgs {
    /// Show each step of the loop and its sessions: text, or json
    #[arg(long, value_name = "FORM", value_enum, hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    trace: Option<Form>,
}

/// For whom a trace is written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people: aligned, and in colour on a terminal.
    Text,
    /// For programs: one object a line, see [`json`](super::json).
    Json,
}

impl TraceArgs {
    /// What was asked for, if anything.
    pub fn form(self) -> Option<Form> {
        self.trace
    }

    /// The trace that was asked for, on stderr, its times counted from `start`; `peer` is the side that the other
    /// ends play.
    ///
    /// While nobody reads stderr, a server drops lines, because it has to go on, and a client keeps them, because it
    /// can stop its session.
    pub fn open(self, peer: Side, start: Instant) -> Option<Trace<TraceLines>> {
        let form = self.trace?;
        let lines = match peer {
            Side::Client => TraceLines::droppable(),
            Side::Server => TraceLines::lossless(),
        };
        Some(match form {
            Form::Text => {
                let coloured = palette::is_wanted(io::stderr().is_terminal());
                Trace::text(peer, start, lines, coloured)
            }
            Form::Json => Trace::json(peer, start, lines),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        trace: TraceArgs,
        rest: Option<String>,
    }

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["program"].iter().chain(arguments))
    }

    #[test]
    fn text_is_meant_unless_json_is_said() {
        let form = |arguments: &[&str]| parse(arguments).unwrap().trace.form();
        assert_eq!(form(&[]), None);
        assert_eq!(form(&["--trace"]), Some(Form::Text));
        assert_eq!(form(&["--trace=text"]), Some(Form::Text));
        assert_eq!(form(&["--trace=json"]), Some(Form::Json));
    }

    #[test]
    fn what_follows_without_an_equals_sign_is_another_argument() {
        let cli = parse(&["--trace", "localhost:8000"]).unwrap();
        assert_eq!((cli.trace.form(), cli.rest.as_deref()), (Some(Form::Text), Some("localhost:8000")));
    }

    #[test]
    fn an_unknown_form_lists_the_known_ones() {
        let error = parse(&["--trace=xml"]).err().unwrap().to_string();
        assert!(error.contains("text, json"), "{error}");
    }
}
