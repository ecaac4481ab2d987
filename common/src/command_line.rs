//! From the arguments to a checked command line, or to the end of the program.

use std::env;
use std::ffi::OsString;

use clap::Parser;
use clap::error::{Error, ErrorKind};

use crate::exit::ExitStatus;
use crate::logging::write_line;

/// Parses the program's arguments, then asks `check` for what clap cannot know.
///
/// # Errors
///
/// The status to exit with at once, when everything has been said: help or version on stdout
/// ([`ExitStatus::Clean`]), or the error, which begins with the program's name, on stderr
/// ([`ExitStatus::Usage`]). A closed stdout or stderr changes nothing.
pub fn parse<P: Parser>(check: impl FnOnce(&P) -> Result<(), String>) -> Result<P, ExitStatus> {
    parse_from(env::args_os(), check).map_err(|error| report::<P>(&error))
}

/// [`parse`] for given arguments, of which the first is the program, and without the report.
///
/// # Errors
///
/// clap's own (help and version are two of its kinds), and what `check` says, as
/// [`ErrorKind::ArgumentConflict`].
pub fn parse_from<P: Parser>(
    arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    check: impl FnOnce(&P) -> Result<(), String>,
) -> Result<P, Error> {
    let parsed = P::try_parse_from(arguments)?;
    match check(&parsed) {
        Ok(()) => Ok(parsed),
        Err(message) => Err(P::command().error(ErrorKind::ArgumentConflict, message)),
    }
}

fn report<P: Parser>(error: &Error) -> ExitStatus {
    if !error.use_stderr() {
        // Ignored: `--help | head -1` has what it wanted.
        let _ = error.print();
        return ExitStatus::Clean;
    }
    write_line(message(P::command().get_name(), error));
    ExitStatus::Usage
}

/// clap begins with `error: `, every other message of the programs with the program's name.
fn message(program: &str, error: &Error) -> String {
    let text = error.render().to_string();
    let text = text.trim_end();
    format!("{program}: {}", text.strip_prefix("error: ").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser, Debug)]
    #[command(name = "program", version = "1")]
    struct Cli {
        #[arg(long)]
        number: Option<u8>,
    }

    fn run(arguments: &[&str]) -> Result<Cli, Error> {
        parse_from(["program"].iter().chain(arguments), |cli: &Cli| match cli.number {
            Some(13) => Err("--number 13 brings bad luck".to_owned()),
            _ => Ok(()),
        })
    }

    #[test]
    fn an_error_begins_with_the_programs_name() {
        for (arguments, begin) in [
            (["--number=x"], "program: invalid value 'x' for '--number <NUMBER>'"),
            (["--number=13"], "program: --number 13 brings bad luck\n\nUsage: program"),
            (["--nunber=13"], "program: unexpected argument '--nunber' found"),
        ] {
            let error = run(&arguments).unwrap_err();
            assert!(message("program", &error).starts_with(begin), "{error}");
            assert!(error.use_stderr());
        }
        assert_eq!(run(&["--number=12"]).unwrap().number, Some(12));
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for argument in ["--help", "--version"] {
            assert!(!run(&[argument]).unwrap_err().use_stderr());
        }
    }
}
