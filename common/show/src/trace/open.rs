//! Opens the trace that the command line asks for.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::time::Instant;

use program::ending::Endings;
use program::stderr::TraceLines;
use rustls::Side;

use super::{Trace, file, is_coloured, wrap};
use crate::clock::Clock;
use crate::error::ShowError;

/// The form of a trace.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people: aligned, and coloured on a terminal.
    Text,
    /// The text, and the fields of all records: [`fields`](super::fields) has the format.
    Fields,
    /// For programs: one object a line. [`json`](super::json) has the schema.
    Json,
}

/// Opens a trace in this form to a new file or, without one, to stderr. Its times count from `start`.
///
/// While no program reads stderr, a server drops lines, because it must not stop. A client keeps them and stops its session.
///
/// # Errors
/// The file cannot be created.
pub(crate) fn open(
    form: Form,
    to: Option<&Path>,
    endings: &Endings,
    start: Instant,
) -> Result<Trace<Box<dyn Write>>, ShowError> {
    let writer: Box<dyn Write> = match (to, endings.peer()) {
        (Some(path), _) => {
            let file = file::create(path)?;
            file::end_with_failure(path, &file, form, start)?;
            Box::new(file)
        }
        (None, Side::Client) => Box::new(TraceLines::droppable()),
        (None, Side::Server) => Box::new(TraceLines::lossless()),
    };
    let coloured = to.is_none() && is_coloured(io::stderr().is_terminal());
    let width = if to.is_none() { wrap::terminal_width } else { || None };
    Ok(match form {
        Form::Text => Trace::text(endings.clone(), start, writer, coloured).wrapped(width).with_legend(),
        Form::Fields => Trace::fields(endings.clone(), start, writer, coloured).wrapped(width).with_legend(),
        Form::Json => Trace::json(endings.clone(), Clock::at(start), writer),
    })
}
