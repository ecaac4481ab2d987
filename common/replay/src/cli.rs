//! The command line, and the program.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use log::{info, warn};
use program::{command_line, logging};
use show::args::LimitArgs;
use show::page::CapturePages;
use tls_session::bytes::Count;
use tls_session::escaped::one_line;

use crate::exit::{Exit, TABLE};
use crate::file::Reader;
use crate::key_log::{KeyLog, Lines};
use crate::output::ending::KEY_LOG_HINT;
use crate::output::fields::FieldLines;
use crate::output::json::Json;
use crate::output::pages::{MAX_PAGES, Pages};
use crate::output::stdout::Stdout;
use crate::output::summary::Summary;
use crate::replay::{Report, replay};

/// The name of the program.
const PROGRAM: &str = "mio-show";

/// Shows the TLS sessions of a packet capture: of curl, a browser, a server
#[derive(Parser, Clone, Debug)]
#[command(name = PROGRAM, version, max_term_width = 100, after_help = after_help())]
pub struct Cli {
    /// The capture: pcap or pcapng, from tcpdump, tshark, Wireshark or --capture
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Decrypt with the secrets in FILE too, a key log as programs write it to $SSLKEYLOGFILE
    #[arg(long, value_name = "FILE")]
    key_log: Option<PathBuf>,

    /// Write the records of all sessions to stdout: their fields as text, or json for programs
    #[arg(long, value_name = "FORM", value_enum, require_equals = true)]
    trace: Option<Form>,

    /// Draw each session as a page with decrypted data: DIR/capture-N.html
    #[arg(long, value_name = "DIR", conflicts_with = "trace")]
    illustrate: Option<PathBuf>,

    #[command(flatten)]
    limit: LimitArgs,
}

fn after_help() -> String {
    format!(
        "\
Examples:
  tcpdump -i any -s 0 -w web.pcap port 443 &     capture all packets of a port, as root
  tshark -i any -f 'port 443' -w web.pcap &      the same with tshark
  SSLKEYLOGFILE=keys.log curl https://host.lan/  write a key log: curl, Firefox and Chromium can
  mio-show web.pcap --key-log keys.log           a line for each session
  mio-show web.pcap --key-log keys.log --illustrate drawn  a page for each session
  mio-show web.pcap --trace=fields               each field of the records; encrypted ones stay closed

{TABLE}"
    )
}

/// The form of a trace.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// For people: each field with its sentence.
    Fields,
    /// For programs: one object a line.
    Json,
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let cli = match command_line::parse::<Cli>(PROGRAM, |_| None, |_| Ok(())) {
        Ok(cli) => cli,
        Err(status) => return status.into(),
    };
    logging::init(PROGRAM, 0);
    match show(&cli) {
        Ok(exit) => exit.into(),
        Err(message) => {
            logging::fail(PROGRAM, &message);
            Exit::Failed.into()
        }
    }
}

/// Shows the sessions. Returns the sentence about an error.
fn show(cli: &Cli) -> Result<Exit, String> {
    let key_log = cli.key_log.as_deref().map_or_else(|| Ok(KeyLog::default()), read_key_log)?;
    let cannot = |error: String| format!("cannot read the capture {}: {error}", shown(&cli.file));
    let file = File::open(&cli.file).map_err(|error| cannot(error.to_string()))?;
    let reader = Reader::new(BufReader::with_capacity(256 * 1024, file));
    let reader = reader.map_err(|error| cannot(error.to_string()))?;
    let stdout = io::stdout();
    let mut out = BufWriter::new(Stdout { out: stdout.lock(), may_close: cli.illustrate.is_some() });
    let report = match (cli.trace, &cli.illustrate) {
        (None, Some(folder)) => {
            let pages = CapturePages::open(folder, cli.limit.size()).map_err(|error| error.to_string())?;
            illustrate(reader, key_log, pages, &mut out)
        }
        (None, None) => {
            let mut summary = Summary::new(&mut out);
            let report = replay(reader, key_log, &mut summary);
            report.and_then(|report| summary.finish().map(|()| report))
        }
        (Some(Form::Json), _) => replay(reader, key_log, &mut Json(&mut out)),
        (Some(Form::Fields), _) => {
            let coloured = show::trace::is_coloured(stdout.is_terminal());
            replay(reader, key_log, &mut FieldLines::new(&mut out, coloured))
        }
    };
    let report = report.and_then(|report| out.flush().map(|()| report));
    match report {
        Ok(report) => Ok(tell(&report, cli)),
        // `mio-show FILE | head` closes stdout early.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Shown),
        Err(error) => Err(format!("cannot write the output: {error}")),
    }
}

/// Reads the file of `--key-log`, and warns about its malformed lines.
fn read_key_log(path: &Path) -> Result<KeyLog, String> {
    let cannot = |error| format!("cannot read the key log {}: {error}", shown(path));
    let mut key_log = KeyLog::default();
    key_log.add(BufReader::new(File::open(path).map_err(cannot)?)).map_err(cannot)?;
    // The report has the lines of the capture.
    let lines = std::mem::take(&mut key_log.read);
    if lines.all == lines.malformed {
        return Err(format!(
            "cannot use {}: it has no line of a key log, which has a label, the client random and a secret; curl \
             and browsers write such a file if SSLKEYLOGFILE names it",
            shown(path)
        ));
    }
    tell_lines(&shown(path), lines);
    Ok(key_log)
}

fn illustrate(
    reader: Reader<impl Read>,
    key_log: KeyLog,
    pages: CapturePages,
    out: impl Write,
) -> io::Result<Report> {
    let mut pages = Pages::new(pages, out);
    let report = replay(reader, key_log, &mut pages)?;
    if pages.too_many_open > 0 {
        let missing = Count(pages.too_many_open, "session");
        warn!("no page for {missing}: too many were open at once");
    }
    if pages.beyond_limit > 0 {
        warn!(
            "no page for {}: only the first {MAX_PAGES} are drawn; write a part of the capture with \
             `tshark -r FILE -Y FILTER -w PART`",
            Count(pages.beyond_limit, "session")
        );
    }
    let removed = pages.finish()?;
    if removed > 0 {
        let pages = Count(removed, "page");
        warn!("removed {pages} from the folder, the oldest first; --illustrate-limit SIZE keeps more");
    }
    Ok(report)
}

/// Writes to the log what the user should know about the capture.
fn tell(report: &Report, cli: &Cli) -> Exit {
    let Report { packets, cut, malformed, fragments, unknown_link, seen, key_log, broken, .. } = report;
    if let Some((link, count)) = unknown_link {
        let packets = Count(*count, "packet");
        warn!("passed over {packets} with an unknown link type; the type of the first one is {link}");
    }
    if report.unknown_interface > 0 {
        let packets = Count(report.unknown_interface, "packet");
        warn!("passed over {packets} of an interface that the file does not describe");
    }
    if report.long_secrets > 0 {
        let blocks = Count(report.long_secrets, "Decryption Secrets Block");
        warn!("passed over {blocks} of more than 16 MiB; name the file of the secrets with --key-log");
    }
    if *cut > 0 {
        let cut = Count(*cut, "cut packet");
        warn!("the file has {cut} among its {packets}; capture whole packets with `tcpdump -s 0`");
    }
    if *malformed > 0 {
        warn!("passed over {} with malformed or incomplete headers", Count(*malformed, "packet"));
    }
    if *fragments > 0 {
        warn!("passed over {} of IP packets", Count(*fragments, "fragment"));
    }
    if seen.headless > 0 {
        let connections = Count(seen.headless, "TLS connection");
        warn!("passed over {connections} from before the capture");
    }
    if seen.forgotten > 0 {
        let connections = Count(seen.forgotten, "connection");
        warn!("too many connections were open at once: the end of {connections} is missing");
    }
    tell_lines("the key log in the capture", *key_log);
    let file = shown(&cli.file);
    if let Some(error) = broken {
        logging::fail(
            PROGRAM,
            &format_args!("the capture {file} is shown up to the place where it is damaged: {error}"),
        );
        return Exit::Failed;
    }
    if seen.sessions == 0 {
        let (packets, others) = (Count(*packets, "packet"), Count(seen.others, "other TCP connection"));
        logging::fail(
            PROGRAM,
            &format_args!("{file} has no TLS session with its beginning: {packets}, {others} with data"),
        );
        return Exit::NoSession;
    }
    if seen.without_secrets > 0 {
        let sessions = Count(seen.without_secrets, "session");
        let remedy = match &cli.key_log {
            None => KEY_LOG_HINT.to_owned(),
            Some(path) => format!("{} has secrets of other sessions", shown(path)),
        };
        info!("{sessions} not decrypted: {remedy}");
    }
    if cli.trace.is_none() && cli.illustrate.is_none() {
        info!(
            "--illustrate DIR draws each session, --trace=fields shows its fields, --trace=json is for programs"
        );
    }
    Exit::Shown
}

/// Writes to the log which lines of a key log are not used.
fn tell_lines(key_log: &str, lines: Lines) {
    if let Some(first) = lines.first_malformed {
        let bad = Count(lines.malformed, "malformed line");
        warn!("{key_log} has {bad} among its {}; the first one is line {first}", lines.all);
    }
    if lines.too_many > 0 {
        let lines = Count(lines.too_many, "line");
        warn!("passed over {lines} of {key_log} beyond the limit");
    }
}

fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}
