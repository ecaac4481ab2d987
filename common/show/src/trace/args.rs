//! `--trace` on the command line.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Instant;

use program::ending::Endings;
use program::logging;
use program::stderr::TraceLines;
use rustls::Side;

use super::json::LogLines;
use super::{Trace, file, palette, wrap};
use crate::error::ShowError;
use crate::sink::Sink;

/// The flags of the trace.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct TraceArgs {
    /// Show each step of the loop and its sessions: text, or json
    #[arg(long, value_name = "FORM", value_enum, hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    trace: Option<Form>,

    /// Write the trace to FILE, a new file, instead of stderr
    #[arg(long, value_name = "FILE")]
    trace_to: Option<PathBuf>,
}

/// The form of a trace.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people: aligned, and coloured on a terminal.
    Text,
    /// For programs: one object a line. [`json`](super::json) has the schema.
    Json,
}

impl TraceArgs {
    /// Returns the form that the flags ask for, if any. `--trace-to` without a form means text.
    pub fn form(&self) -> Option<Form> {
        self.trace.or(self.trace_to.as_ref().map(|_| Form::Text))
    }

    /// Returns the form of the trace on stderr, if there is one.
    pub fn on_stderr(&self) -> Option<Form> {
        self.form().filter(|_| self.trace_to.is_none())
    }

    /// Makes all other lines on stderr JSON objects, if the trace there is JSON. Their times count from `start`.
    pub fn shape_log(&self, start: Instant) {
        if self.on_stderr() == Some(Form::Json) {
            logging::set_line_format(Box::new(LogLines { start }));
        }
    }

    /// Opens the trace that the flags ask for, if any. Its times count from `start`.
    ///
    /// While nobody reads stderr, a server drops lines, because it must not stop. A client keeps them and stops its session.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn open(&self, endings: &Endings, start: Instant) -> Result<Option<Box<dyn Sink>>, ShowError> {
        let Some(form) = self.form() else { return Ok(None) };
        if let Some(path) = &self.trace_to {
            let file = file::create(path)?;
            file::end_with_failure(path, &file, form, start)?;
            return Ok(Some(match form {
                Form::Text => Box::new(Trace::text(endings.clone(), start, file, false)),
                Form::Json => Box::new(Trace::json(endings.clone(), start, file)),
            }));
        }
        let lines = match endings.peer() {
            Side::Client => TraceLines::droppable(),
            Side::Server => TraceLines::lossless(),
        };
        Ok(Some(match form {
            Form::Text => {
                let coloured = palette::is_wanted(io::stderr().is_terminal());
                Box::new(Trace::text(endings.clone(), start, lines, coloured).wrapped(wrap::terminal_width))
            }
            Form::Json => Box::new(Trace::json(endings.clone(), start, lines)),
        }))
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
    fn the_form_is_text_unless_the_flag_says_json() {
        let form = |arguments: &[&str]| parse(arguments).unwrap().trace.form();
        assert_eq!(form(&[]), None);
        assert_eq!(form(&["--trace"]), Some(Form::Text));
        assert_eq!(form(&["--trace=text"]), Some(Form::Text));
        assert_eq!(form(&["--trace=json"]), Some(Form::Json));
        assert_eq!(form(&["--trace-to", "file"]), Some(Form::Text));
        assert_eq!(form(&["--trace=json", "--trace-to", "file"]), Some(Form::Json));
    }

    #[test]
    fn a_trace_in_a_file_is_not_on_stderr() {
        let on_stderr = |arguments: &[&str]| parse(arguments).unwrap().trace.on_stderr();
        assert_eq!(on_stderr(&["--trace=json"]), Some(Form::Json));
        assert_eq!(on_stderr(&["--trace=json", "--trace-to", "file"]), None);
        assert_eq!(on_stderr(&["--trace-to", "file"]), None);
    }

    #[test]
    fn a_word_after_the_flag_is_another_argument() {
        let cli = parse(&["--trace", "localhost:8000"]).unwrap();
        assert_eq!((cli.trace.form(), cli.rest.as_deref()), (Some(Form::Text), Some("localhost:8000")));
    }

    #[test]
    fn the_error_about_an_unknown_form_lists_the_known_ones() {
        let error = parse(&["--trace=xml"]).err().unwrap().to_string();
        assert!(error.contains("text, json"), "{error}");
    }
}
