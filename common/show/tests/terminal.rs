//! Colours of the trace on terminals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use testing::folder::TempDir;
use testing::program::{Launch, Output};
use testing::terminal;

/// Returns the first line of a server's trace that says "woke", which is bold in colour. stderr is a terminal.
fn on_terminal(argument: &str, (variable, value): (&str, &str)) -> String {
    let (folder, (screen, terminal)) = (TempDir::new(), terminal::open());
    let launch = Launch::server(folder.path()).args([argument]).env("TERM", "xterm").env("NO_COLOR", "");
    let mut server = launch.env(variable, value).stderr(terminal).start();
    let screen = Output::collect(screen);
    screen.wait_for_line("listening");
    server.interrupt();
    server.expect_exit(0);
    screen.wait_for_line("woke")
}

#[test]
fn a_terminal_gets_colours_unless_it_is_dumb_or_no_color_is_set() {
    for variable in [("TERM", "xterm"), ("NO_COLOR", "")] {
        let line = on_terminal("--trace", variable);
        assert!(line.contains("\x1b[1mwoke"), "{variable:?}: {line}");
    }
    for variable in [("NO_COLOR", "1"), ("NO_COLOR", "0"), ("TERM", "dumb")] {
        let line = on_terminal("--trace", variable);
        assert!(line.ends_with(" loop ┌ woke                  1 event"), "{variable:?}: {line}");
    }
    assert!(on_terminal("--trace=json", ("TERM", "xterm")).starts_with("{\"time\":\""));
}

#[test]
fn a_pipe_gets_no_colours() {
    let folder = TempDir::new();
    let mut server = Launch::server(folder.path()).args(["--trace"]).env("TERM", "xterm").start();
    server.stderr.wait_for_line("listening");
    server.interrupt();
    server.expect_exit(0);
    let line = server.stderr.wait_for_line("woke");
    assert!(line.starts_with('+') && !server.stderr.text().contains('\x1b'), "{line}");
    let legend = "times in ms; ◀ from the peer, ▶ to it; {…} crossed the wire encrypted\n";
    assert!(server.stderr.text().starts_with(legend));
}
