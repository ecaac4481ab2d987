//! The command-line flags of all sinks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use log::warn;
use program::ending::Endings;
use program::logging;
use program::observer::Observer;
use rustls::KeyLog;
use rustls::crypto::CryptoProvider;

use crate::capture;
use crate::clock::Clock;
use crate::error::ShowError;
use crate::key_log::{self, FanOut};
use crate::page::{Folder, Illustrator, Size};
use crate::show::Show;
use crate::sink::Sink;
use crate::trace::{self, Form, LogLines};
use decode::recorder::Recorder;
use decode::secrets::Secrets;

/// The warning at the start of a program with `--illustrate-keys`.
const KEYS_WARNING: &str = "--illustrate-keys: the pages will have the KEYS of all sessions: any reader of a page can \
                            decrypt its session, so use this for tests only, and delete the pages";

/// The flags of all sinks.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ShowArgs {
    /// Show each step of the program, from its wake-up to its writes: as text, fields or json
    #[arg(long, value_name = "FORM", value_enum, hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    trace: Option<Form>,

    /// Write the trace to FILE, a new file, instead of stderr
    #[arg(long, value_name = "FILE")]
    trace_to: Option<PathBuf>,

    /// Append the secrets of each session to FILE [default: $SSLKEYLOGFILE]
    #[arg(long, value_name = "FILE")]
    key_log: Option<PathBuf>,

    /// Write all sessions and their secrets to the new FILE, for Wireshark; `-` means stdout
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,

    /// Draw each session as a page with decrypted data: DIR/server-N.html or DIR/client-N.html
    #[arg(long, value_name = "DIR")]
    illustrate: Option<PathBuf>,

    /// Draw the keys of each session too: any reader of such a page can decrypt its session
    #[arg(long, requires = "illustrate")]
    illustrate_keys: bool,

    #[command(flatten)]
    limit: LimitArgs,
}

/// The flag for the size of a folder of pages. Its command has `--illustrate`.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct LimitArgs {
    /// Remove the oldest pages in DIR beyond SIZE [default: 256MiB]
    #[arg(long, value_name = "SIZE", requires = "illustrate")]
    illustrate_limit: Option<Size>,
}

impl LimitArgs {
    /// Returns the limit of the folder.
    pub fn size(self) -> Size {
        self.illustrate_limit.unwrap_or_default()
    }
}

/// The observer that shows sessions, and what it needs from rustls.
pub struct Shown {
    /// The log and all sinks.
    pub observer: Box<dyn Observer>,
    /// Belongs into the TLS configuration.
    pub hooks: TlsHooks,
}

/// The connection of the sinks to rustls: it receives secrets. Clones belong to the same sinks.
#[derive(Clone, Debug)]
pub struct TlsHooks {
    key_log: Arc<dyn KeyLog>,
    /// Only with `--illustrate-keys`.
    recorder: Option<Recorder>,
}

impl TlsHooks {
    /// Returns the `key_log` of a TLS configuration.
    pub fn key_log(&self) -> Arc<dyn KeyLog> {
        Arc::clone(&self.key_log)
    }

    /// Returns the provider that a TLS configuration has to use instead of this one. With `--illustrate-keys` it records
    /// the key schedule. Otherwise it is the same provider.
    pub fn provider(&self, provider: Arc<CryptoProvider>) -> Arc<CryptoProvider> {
        match &self.recorder {
            Some(recorder) => Arc::new(recorder.provider(&provider)),
            None => provider,
        }
    }
}

impl ShowArgs {
    /// Returns the form of the trace, if there is one. `--trace-to` without a form means text.
    fn form(&self) -> Option<Form> {
        self.trace.or(self.trace_to.as_ref().map(|_| Form::Text))
    }

    /// Returns whether a trace goes to stderr.
    pub fn traces(&self) -> bool {
        self.trace.is_some() && self.trace_to.is_none()
    }

    /// Makes log lines JSON objects if they share stderr with a trace in JSON. Call this before anything is logged, with
    /// the same `start` as [`open`](Self::open).
    pub fn shape_log(&self, start: Instant) {
        if self.traces() && self.trace == Some(Form::Json) {
            logging::set_line_format(Box::new(LogLines::since(start)));
        }
    }

    /// Returns whether a capture goes to stdout.
    pub fn takes_stdout(&self) -> bool {
        self.capture.as_deref().is_some_and(capture::is_stdout)
    }

    /// Checks that a capture and `--show-certs` do not both write to stdout.
    ///
    /// # Errors
    /// A sentence that names the flags.
    pub fn check_stdout(&self, show_certs: bool) -> Result<(), String> {
        match show_certs && self.takes_stdout() {
            true => {
                let text = "--show-certs and --capture - both write to stdout; name a file for the capture";
                Err(text.to_owned())
            }
            false => Ok(()),
        }
    }

    /// Opens the sinks that the flags ask for, and returns them together with `log`. Their times count from `start`.
    /// Without flags the observer is `log` alone, so that nothing is decoded.
    ///
    /// # Errors
    /// A sink cannot be opened.
    pub fn open(
        &self,
        log: Box<dyn Observer>,
        endings: &Endings,
        start: Instant,
    ) -> Result<Shown, ShowError> {
        let mut key_logs: Vec<Arc<dyn KeyLog>> = Vec::new();
        if let Some(key_log) = key_log::open(self.key_log.as_deref())? {
            key_logs.push(Arc::new(key_log));
        }
        let sinks = self.sinks(endings, start)?;
        let recorder = self.illustrate_keys.then(Recorder::default);
        if recorder.is_some() {
            warn!("{KEYS_WARNING}");
        }
        let observer = if sinks.is_empty() {
            log
        } else {
            let secrets = Arc::<Secrets>::default();
            key_logs.push(Arc::clone(&secrets) as _);
            let show = Show::new(endings.local(), secrets, sinks).with_recorder(recorder.clone());
            Box::new((log, show))
        };
        Ok(Shown { observer, hooks: TlsHooks { key_log: Arc::new(FanOut(key_logs)), recorder } })
    }

    fn sinks(&self, endings: &Endings, start: Instant) -> Result<Vec<Box<dyn Sink>>, ShowError> {
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        if let Some(form) = self.form() {
            sinks.push(Box::new(trace::open(form, self.trace_to.as_deref(), endings, start)?));
        }
        if let Some(path) = &self.capture {
            sinks.push(Box::new(capture::open(path, endings.local(), start)?));
        }
        if let Some(path) = &self.illustrate {
            let clock = Clock::at(start);
            let folder = Folder::open(path, endings.local())?;
            let limit = self.limit.size();
            sinks.push(Box::new(Illustrator::new(endings.clone(), clock, folder, limit)?));
        }
        Ok(sinks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use rustls::crypto::aws_lc_rs::default_provider;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        show: ShowArgs,
        rest: Option<String>,
    }

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["program"].iter().chain(arguments))
    }

    #[test]
    fn the_form_is_text_unless_the_flag_says_json() {
        for (arguments, form) in [
            (&[][..], None),
            (&["--trace"], Some(Form::Text)),
            (&["--trace=text"], Some(Form::Text)),
            (&["--trace=fields"], Some(Form::Fields)),
            (&["--trace=json"], Some(Form::Json)),
            (&["--trace-to", "file"], Some(Form::Text)),
            (&["--trace=json", "--trace-to", "file"], Some(Form::Json)),
        ] {
            assert_eq!(parse(arguments).unwrap().show.form(), form, "{arguments:?}");
        }
    }

    #[test]
    fn a_word_after_the_flag_is_another_argument() {
        let cli = parse(&["--trace", "localhost:8000"]).unwrap();
        assert_eq!((cli.show.form(), cli.rest.as_deref()), (Some(Form::Text), Some("localhost:8000")));
    }

    #[test]
    fn keys_need_pages() {
        assert!(parse(&["--illustrate-keys", "--illustrate", "pages"]).unwrap().show.illustrate_keys);
        let error = parse(&["--illustrate-keys"]).err().unwrap().to_string();
        assert!(error.contains("--illustrate <DIR>"), "{error}");
    }

    #[test]
    fn the_provider_is_recorded_only_for_pages_with_keys() {
        let own = Arc::new(default_provider());
        for keys in [false, true] {
            let recorder = keys.then(Recorder::default);
            let hooks = TlsHooks { key_log: Arc::new(FanOut(Vec::new())), recorder };
            assert_eq!(Arc::ptr_eq(&hooks.provider(Arc::clone(&own)), &own), !keys);
        }
    }

    #[test]
    fn the_error_about_an_unknown_form_lists_the_known_ones() {
        let error = parse(&["--trace=xml"]).err().unwrap().to_string();
        assert!(error.contains("text, fields, json"), "{error}");
    }
}
