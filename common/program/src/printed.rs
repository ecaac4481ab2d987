//! Texts that a program prints instead of running: `--list` and `--completions`.

use std::io::{self, Write as _};

use clap::{ArgMatches, Command, ValueEnum};
use clap_complete::{Shell, generate};
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, ALL_KX_GROUPS, default_provider};
use rustls::{ALL_VERSIONS, DEFAULT_VERSIONS, SupportedCipherSuite, SupportedProtocolVersion};

use crate::exit::ExitStatus;
use crate::logging;
use crate::parameters::{group_name, name_of, suite_name};

/// The flags that make a program print a text and end.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct PrintedArgs {
    /// Print what the program can use: suites, groups or versions
    #[arg(long, value_name = "WHAT", value_enum, hide_possible_values = true)]
    list: Option<List>,

    /// Print the completions for bash, elvish, fish, powershell or zsh
    #[arg(long, value_name = "SHELL", value_enum, hide_possible_values = true)]
    completions: Option<Shell>,
}

/// `--list`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Suites,
    Groups,
    Versions,
}

/// Returns the text that the arguments ask for. `None`: the program runs, or has no such flags.
pub(crate) fn requested(matches: &ArgMatches, command: &mut Command) -> Option<String> {
    if let Ok(Some(list)) = matches.try_get_one("list") {
        return Some(lines(*list));
    }
    let shell = matches.try_get_one("completions").ok().flatten()?;
    Some(completions(*shell, command))
}

/// Writes a text to stdout. Returns the exit status. A closed stdout is no error: `head -1` closes it early.
pub(crate) fn print(program: &str, text: &str) -> ExitStatus {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            logging::fail(program, &format_args!("cannot write to stdout: {error}"));
            crate::stderr::finish();
            ExitStatus::Configuration
        }
        _ => ExitStatus::Clean,
    }
}

fn completions(shell: Shell, command: &mut Command) -> String {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns a line for each name: first the defaults in order of preference, then all others.
fn lines(list: List) -> String {
    let provider = default_provider();
    match list {
        List::Suites => {
            let version = |suite: &SupportedCipherSuite| format!("TLS {}", name_of(suite.version()));
            table(&provider.cipher_suites, ALL_CIPHER_SUITES, suite_name, version, "--suite")
        }
        List::Groups => table(&provider.kx_groups, ALL_KX_GROUPS, group_name, versions_of, "--group"),
        List::Versions => {
            let rfc = |version: &&SupportedProtocolVersion| match name_of(version) {
                "1.2" => "RFC 5246".to_owned(),
                _ => "RFC 8446".to_owned(),
            };
            table(DEFAULT_VERSIONS, ALL_VERSIONS, |version| name_of(version), rfc, "--tls")
        }
    }
}

fn versions_of(group: &&'static dyn SupportedKxGroup) -> String {
    let versions = ALL_VERSIONS.iter().rev().filter(|version| group.usable_for_version(version.version));
    let names: Vec<&str> = versions.map(|version| name_of(version)).collect();
    format!("TLS {}", names.join(", "))
}

/// Returns a line for each of the defaults and for each other item. `flag` chooses the others.
fn table<T>(
    defaults: &[T],
    all: &[T],
    name: fn(&T) -> &'static str,
    about: fn(&T) -> String,
    flag: &str,
) -> String {
    let is_default = |item: &&T| defaults.iter().any(|default| name(default) == name(item));
    let others = all.iter().filter(|item| !is_default(item));
    let only = format!("only with {flag}");
    let rows = defaults.iter().map(|item| (item, "default")).chain(others.map(|item| (item, only.as_str())));
    let rows: Vec<_> = rows.map(|(item, mark)| (name(item), about(item), mark)).collect();
    let names = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let abouts = rows.iter().map(|(_, about, _)| about.len()).max().unwrap_or_default();
    rows.iter().map(|(name, about, mark)| format!("{name:names$}  {about:abouts$}  {mark}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    #[command(name = "program")]
    struct Cli {
        #[command(flatten)]
        _printed: PrintedArgs,
    }

    fn text(arguments: &[&str]) -> Option<String> {
        let mut command = <Cli as clap::CommandFactory>::command().name("dots");
        let matches = command.try_get_matches_from_mut(["program"].iter().chain(arguments)).unwrap();
        requested(&matches, &mut command)
    }

    #[test]
    fn the_lists_have_every_name_once_and_the_defaults_first() {
        for (list, number, defaults) in [
            ("suites", ALL_CIPHER_SUITES.len(), default_provider().cipher_suites.len()),
            ("groups", ALL_KX_GROUPS.len(), default_provider().kx_groups.len()),
            ("versions", 2, 2),
        ] {
            let text = text(&["--list", list]).unwrap();
            let mut names: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!((text.lines().count(), names.len()), (number, number), "{text}");
            let marks: Vec<bool> = text.lines().map(|line| line.ends_with("  default")).collect();
            assert!(
                marks[..defaults].iter().all(|mark| *mark) && !marks[defaults..].contains(&true),
                "{text}"
            );
        }
    }

    #[test]
    fn a_line_has_the_name_and_the_versions_of_its_item() {
        let words = |list| -> Vec<String> {
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            text(&["--list", list]).unwrap().lines().map(words).collect()
        };
        let groups = words("groups");
        assert_eq!(groups[..2], ["X25519MLKEM768 TLS 1.3 default", "X25519 TLS 1.2, 1.3 default"]);
        assert!(groups.contains(&"MLKEM1024 TLS 1.3 only with --group".to_owned()), "{groups:?}");
        let suites = words("suites");
        assert_eq!(suites[0], "TLS_AES_256_GCM_SHA384 TLS 1.3 default");
        assert!(suites.iter().any(|line| line.ends_with(" TLS 1.2 default")), "{suites:?}");
        assert_eq!(
            text(&["--list", "versions"]).unwrap(),
            "1.3  RFC 8446  default\n1.2  RFC 5246  default\n"
        );
    }

    #[test]
    fn completions_are_for_the_program_by_its_name() {
        for (shell, part) in
            [("bash", "complete -F _dots"), ("zsh", "#compdef dots"), ("fish", "complete -c dots -l list")]
        {
            let script = text(&["--completions", shell]).unwrap();
            assert!(script.contains(part) && script.contains("completions"), "{script}");
        }
        assert_eq!(text(&[]), None);
    }
}
