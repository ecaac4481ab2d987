//! The texts that a program prints to stdout and ends: its help, its version, its lists and its completions.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::folder::TempDir;
use crate::program::{Launch, assert_says};

/// Asserts that `--help` has these parts, and that `--version` and `-V` print the version of the program.
pub fn assert_help_and_version(launch: fn(&Path) -> Launch, name: &str, version: &str, help: &[&str]) {
    let folder = TempDir::new();
    let printed = |argument| {
        let mut program = launch(folder.path()).args([argument]).start();
        program.expect_exit(0);
        program.stdout.text()
    };
    assert_says(&printed("--help"), help);
    let text = printed("--version");
    assert!(text.starts_with(&format!("{name} {version}")), "{text}");
    assert_says(text.lines().nth(1).unwrap(), &["rustls 0.23.", "aws-lc-rs 1."]);
    assert_eq!(printed("-V"), format!("{name} {version}\n"));
}

/// Asserts that the lists and the completions are printed to stdout. A text is printed even if the other arguments do
/// not go together. A reader may stop after the first line.
pub fn assert_lists_and_completions(launch: fn(&Path) -> Launch, name: &str) {
    let folder = TempDir::new();
    let completions = format!("_{}() {{\n", name.replace('-', "__"));
    for (arguments, begin) in [
        (&["--list", "suites"][..], "TLS_AES_256_GCM_SHA384"),
        (&["--list=groups", "--tls=1.2", "--group=MLKEM768"], "X25519MLKEM768"),
        (&["--list", "versions"], "1.3"),
        (&["--completions", "bash"], &completions),
    ] {
        let mut program = launch(folder.path()).args(arguments).start();
        program.expect_exit(0);
        assert!(program.stdout.text().starts_with(begin), "{arguments:?}: {}", program.stdout.text());
        assert_eq!(program.stderr.text(), "");
        assert!(!folder.path().join("certificates").exists());

        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        launch(folder.path()).args(arguments).stdout(writer).start().expect_exit(0);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut program = launch(folder.path()).args(arguments).stdout(full).start();
        program.expect_exit(1);
        assert_says(&program.stderr.text(), &[&format!("{name}: cannot write to stdout: ")]);
    }
}
