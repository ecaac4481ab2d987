//! Parses and checks the command line, or ends the program.

use std::env;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{ArgMatches, Command, Parser};

use crate::exit::ExitStatus;
use crate::printed;
use crate::stderr;

/// An argument that the program does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// The flag without its value; `None` if the argument is not a flag.
    pub flag: Option<String>,
    /// The flag's value, or the whole argument if it is not a flag.
    pub value: Option<String>,
}

impl Unknown {
    /// Returns the value, if it is a port.
    pub fn port(&self) -> Option<u16> {
        self.value.as_deref()?.parse().ok()
    }
}

/// Returns what to write instead of an unknown argument, if the program knows it from other programs.
pub type MeantHere = fn(&Unknown) -> Option<String>;

/// Parses the arguments of the program `name`. `check` makes the checks that clap cannot make. `meant_here` knows
/// flags of other programs.
///
/// # Errors
///
/// The exit status, with which the program should end at once. Then this function has written help, version or a
/// [text](crate::printed) to stdout ([`ExitStatus::Clean`]), or the error to stderr ([`ExitStatus::Usage`]). The error begins with `name`. A closed stdout
/// or stderr changes nothing.
pub fn parse<P: Parser>(
    name: &'static str,
    meant_here: MeantHere,
    check: impl FnOnce(&P) -> Result<(), String>,
) -> Result<P, ExitStatus> {
    let arguments: Vec<OsString> = env::args_os().collect();
    let mut command = P::command().name(name);
    let matches = matches(&mut command, &arguments);
    if let Ok(matches) = &matches
        && let Some(text) = printed::requested(matches, &mut command)
    {
        return Err(printed::print(name, &text));
    }
    matches
        .and_then(|matches| checked(&mut command, &matches, check))
        .map_err(|error| report(name, &explained::<P>(&mut command, error, &arguments, meant_here)))
}

/// Parses the given arguments, and writes nothing. The first argument is the program.
///
/// # Errors
///
/// The errors of clap, which include help and version. An error of `check` becomes [`ErrorKind::ArgumentConflict`].
pub fn parse_from<P: Parser>(
    arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    check: impl FnOnce(&P) -> Result<(), String>,
) -> Result<P, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let mut command = P::command();
    let matches = matches(&mut command, &arguments)?;
    checked(&mut command, &matches, check)
}

/// Parses the given arguments for this definition of the command line.
fn matches(command: &mut Command, arguments: &[OsString]) -> Result<ArgMatches, Error> {
    if let Some(message) = detached_value(command, arguments) {
        return Err(command.error(ErrorKind::InvalidValue, message));
    }
    command.try_get_matches_from_mut(arguments)
}

fn checked<P: Parser>(
    command: &mut Command,
    matches: &ArgMatches,
    check: impl FnOnce(&P) -> Result<(), String>,
) -> Result<P, Error> {
    let parsed = P::from_arg_matches(matches).map_err(|error| error.format(command))?;
    match check(&parsed) {
        Ok(()) => Ok(parsed),
        Err(message) => Err(command.error(ErrorKind::ArgumentConflict, message)),
    }
}

/// Finds a mistake such as `--trace json`. A flag with an optional value takes it only after an equals sign, so clap
/// would read `json` as another argument.
fn detached_value(command: &Command, arguments: &[OsString]) -> Option<String> {
    let mut flags = command.get_arguments().filter(|argument| argument.is_require_equals_set());
    flags.find_map(|argument| {
        let flag = format!("--{}", argument.get_long()?);
        arguments.windows(2).filter(|pair| pair[0] == *flag).find_map(|pair| {
            let value = pair[1].to_str()?;
            let is_value = argument.get_possible_values().iter().any(|possible| possible.get_name() == value);
            is_value.then(|| format!("{flag} takes its value after an equals sign: write {flag}={value}"))
        })
    })
}

/// Returns clap's error, or a better one for an argument that clap does not know.
fn explained<P: Parser>(
    command: &mut Command,
    mut error: Error,
    arguments: &[OsString],
    meant_here: MeantHere,
) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    error.remove(ContextKind::Suggested); // it says "use '-- -p'", but our arguments never begin with a dash
    let Some(at) = position_of_unknown(&error, arguments) else { return error };
    if let Some(better) = negative_value::<P>(at, arguments) {
        return better;
    }
    let unknown = unknown(at, arguments);
    match meant_here(&unknown) {
        Some(meant) => {
            let name = unknown.flag.or(unknown.value).unwrap_or_default();
            let problem = match name.starts_with('-') {
                true => format!("{name} is not a flag of this program"),
                false => format!("unexpected argument {name}"),
            };
            command.error(ErrorKind::UnknownArgument, format!("{problem}: {meant}"))
        }
        None => error,
    }
}

/// Finds the argument that clap does not know. For `-CAfile`, clap's error names `-C`.
fn position_of_unknown(error: &Error, arguments: &[OsString]) -> Option<usize> {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return None };
    let letter = named.strip_prefix('-').filter(|letter| !letter.starts_with('-'));
    arguments
        .iter()
        .skip(1)
        .position(|argument| {
            let argument = argument.to_string_lossy();
            let flag = argument.split('=').next().unwrap_or_default();
            let is_cluster = flag.starts_with('-') && !flag.starts_with("--");
            flag == named
                || argument == *named
                || is_cluster && letter.is_some_and(|letter| flag.contains(letter))
        })
        .map(|position| position + 1)
}

fn unknown(at: usize, arguments: &[OsString]) -> Unknown {
    let text = |at: usize| arguments.get(at).map(|argument| argument.to_string_lossy().into_owned());
    let argument = text(at).unwrap_or_default();
    match argument.split_once('=') {
        _ if !argument.starts_with('-') => Unknown { flag: None, value: Some(argument) },
        Some((flag, value)) => Unknown { flag: Some(flag.to_owned()), value: Some(value.to_owned()) },
        None => Unknown { flag: Some(argument), value: text(at + 1) },
    }
}

/// Returns the error of the flag for a mistake such as `--linger -1s`. clap reads `-1s` as a flag.
fn negative_value<P: Parser>(at: usize, arguments: &[OsString]) -> Option<Error> {
    let value = arguments.get(at)?.to_str()?;
    let flag = arguments.get(at - 1)?.to_str()?;
    let is_negative = value.strip_prefix('-')?.starts_with(|first: char| first.is_ascii_digit());
    if !is_negative || !flag.starts_with("--") {
        return None;
    }
    let mut joined = arguments.to_vec();
    joined.splice(at - 1..=at, [format!("{flag}={value}").into()]);
    P::try_parse_from(joined).err().filter(|error| error.kind() == ErrorKind::ValueValidation)
}

fn report(program: &str, error: &Error) -> ExitStatus {
    if !error.use_stderr() {
        // An error is ignored: in `--help | head -1` the reader has closed stdout.
        let _ = error.print();
        return ExitStatus::Clean;
    }
    stderr::write_last_line(&message(program, error));
    stderr::finish();
    ExitStatus::Usage
}

/// Returns clap's message, which begins with `error: `, in the form of our other messages: after the program's name.
fn message(program: &str, error: &Error) -> String {
    let text = error.render().to_string();
    let text = text.trim_end();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    // clap quotes the argument. With `--key "$(cat key.pem)"` it would quote the private key.
    match text.contains("-----BEGIN ") {
        true => format!("{program}: an argument is PEM text; name the file that holds it instead"),
        false => format!("{program}: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[derive(Parser, Debug)]
    #[command(name = "program", version = "1")]
    struct Cli {
        #[arg(long)]
        number: Option<u8>,
        #[arg(long, num_args = 0..=1, require_equals = true, value_parser = ["text", "json"])]
        #[arg(default_missing_value = "text")]
        form: Option<String>,
        #[arg(short)]
        verbose: bool,
        target: Option<String>,
    }

    fn run(arguments: &[&str]) -> Result<Cli, Error> {
        parse_from(["program"].iter().chain(arguments), |cli: &Cli| match cli.number {
            Some(13) => Err("--number 13 brings bad luck".to_owned()),
            _ => Ok(()),
        })
    }

    /// The message to the user.
    fn message_for(arguments: &[&str]) -> String {
        let meant_here: MeantHere = |unknown| match unknown.flag.as_deref() {
            Some("-CAfile" | "--cacert") => Some(format!("--ca names {:?}", unknown.value)),
            Some("-p") => Some(format!("port {:?}", unknown.port())),
            Some(_) => None,
            None => Some(format!("--target {}", unknown.value.as_deref()?)),
        };
        let all: Vec<OsString> = ["program"].iter().chain(arguments).map(OsString::from).collect();
        let mut command = Cli::command();
        let error = matches(&mut command, &all).unwrap_err();
        message("program", &explained::<Cli>(&mut command, error, &all, meant_here))
    }

    /// An example of the server has the definition of the library, and its own name.
    #[test]
    fn a_program_can_have_another_name_than_its_definition() {
        for (argument, begin) in
            [("--version", "dots 1\n"), ("--help", "Usage: dots "), ("--wrong", "error: unexpected argument")]
        {
            let mut command = Cli::command().name("dots");
            let arguments = ["folder/dots", argument].map(OsString::from);
            let error = matches(&mut command, &arguments).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(begin) && !text.contains("program"), "{text}");
        }
    }

    #[test]
    fn an_error_begins_with_the_programs_name() {
        for (arguments, begin) in [
            (["--number=x"], "program: invalid value 'x' for '--number <NUMBER>'"),
            (["--number=13"], "program: --number 13 brings bad luck\n\nUsage: program"),
            (["--nunber=13"], "program: unexpected argument '--nunber' found"),
            (["-----BEGIN PRIVATE KEY-----\nMIG"], "program: an argument is PEM text; name the file"),
        ] {
            let error = run(&arguments).unwrap_err();
            assert!(message("program", &error).starts_with(begin), "{error}");
            assert!(error.use_stderr());
        }
        let parsed = run(&["--number=12", "-v", "--form=json", "here"]).unwrap();
        assert_eq!((parsed.number, parsed.verbose), (Some(12), true));
        assert_eq!((parsed.form.as_deref(), parsed.target.as_deref()), (Some("json"), Some("here")));
    }

    #[test]
    fn help_and_version_are_not_written_to_stderr() {
        for argument in ["--help", "--version"] {
            assert!(!run(&[argument]).unwrap_err().use_stderr());
        }
    }

    #[test]
    fn a_flag_of_another_program_is_translated() {
        for (arguments, begin) in [
            (&["--cacert", "f"][..], "--cacert is not a flag of this program: --ca names Some(\"f\")"),
            (&["-v", "--cacert=f"], "--cacert is not a flag of this program: --ca names Some(\"f\")"),
            (&["-CAfile"], "-CAfile is not a flag of this program: --ca names None"),
            (&["-p", "9000"], "-p is not a flag of this program: port Some(9000)"),
            (&["a", "b:1"], "unexpected argument b:1: --target b:1"),
            (&["--else"], "unexpected argument '--else' found"),
        ] {
            let message = message_for(arguments);
            assert!(message.starts_with(&format!("program: {begin}")), "{arguments:?}: {message}");
            assert!(message.contains("Usage: program"), "{message}");
            assert!(!message.contains("use '-- "), "a host never begins with a dash: {message}");
        }
    }

    #[test]
    fn a_negative_value_gets_the_error_of_its_flag() {
        let message = message_for(&["--number", "-1"]);
        assert!(message.starts_with("program: invalid value '-1' for '--number <NUMBER>'"), "{message}");
    }

    #[test]
    fn a_value_without_its_equals_sign_is_explained() {
        let message = message_for(&["--form", "json"]);
        let expected = "program: --form takes its value after an equals sign: write --form=json";
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(run(&["--form", "elsewhere"]).unwrap().target.as_deref(), Some("elsewhere"));
    }
}
