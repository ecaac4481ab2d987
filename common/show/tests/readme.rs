//! Checks the README.md of this crate: its trace is that of a session.
//! This command updates the trace: `UPDATE_README=1 cargo test -p show --test readme`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod memory;
}

use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

use decode::secrets::Secrets;
use program::ending::Endings;
use rustls::Side;
use show::show::Show;
use show::trace::Trace;
use support::memory::{Setup, Talk};
use testing::configs::Shape;
use tls_session::close_reason::{CloseReason, Endpoint};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- trace:begin -->";
const END: &str = "<!-- trace:end -->";
const UPDATE: &str = "UPDATE_README";

/// Returns the traces of the client and of the server, for a session without flags.
fn traces() -> [String; 2] {
    let start = Instant::now();
    let [client_secrets, server_secrets] = [(); 2].map(|()| Arc::<Secrets>::default());
    let watch = |local, secrets: &Arc<Secrets>| {
        Show::new(local, Arc::clone(secrets), Trace::text(Endings::of(local), start, Vec::new(), false))
    };
    let mut client = watch(Side::Client, &client_secrets);
    let mut server = watch(Side::Server, &server_secrets);
    let shape = Shape { real_groups: true, resumption: true, ..Shape::default() };
    let setup = Setup::shaped(&shape).adjusted(|client, server| {
        (client.key_log, server.key_log) = (client_secrets, server_secrets);
    });
    let talk = Talk::new(b"hello", 1).greeted(b"welcome!\n");
    let (end, _) = setup.converse(1 << 20, talk, start, &mut client, &mut server);
    assert_eq!(end, CloseReason::Clean { first: Endpoint::Local });
    [client, server].map(|show| String::from_utf8(show.into_sink().into_writer().unwrap()).unwrap())
}

/// Returns the turn of the loop that has this text.
fn turn(trace: &str, part: &str) -> String {
    let lines: Vec<&str> = trace.lines().collect();
    let mut turns = lines.chunk_by(|_, next| !next.contains(" woke "));
    turns.find(|turn| turn.iter().any(|line| line.contains(part))).expect(part).join("\n")
}

/// Replaces the path of the certificate by that of the programs.
fn with_usual_certificate(trace: &str) -> String {
    match trace.split_once("certificate is in ") {
        None => trace.to_owned(),
        Some((before, rest)) => {
            let (_, after) = rest.split_once(')').unwrap();
            format!("{before}certificate is in certificates/certificate.pem){after}")
        }
    }
}

/// Returns the text between the two marks in README.md.
fn section() -> String {
    let [client, server] = traces();
    let client = with_usual_certificate(&turn(&client, ": ServerHello"));
    let server = turn(&server, "{Finished}");
    format!(
        "\n\nThe client, when the server's flight comes:\n\n```text\n{client}\n```\n\n\
         The server, when the client's answer comes:\n\n```text\n{server}\n```\n\n"
    )
}

#[test]
fn the_trace_in_the_readme_is_up_to_date() {
    let readme = fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect(BEGIN);
    let (shown, after) = rest.split_once(END).expect(END);
    let section = section();
    if env::var_os(UPDATE).is_some() {
        fs::write(README, format!("{before}{BEGIN}{section}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        shown, section,
        "the trace in README.md is out of date: `{UPDATE}=1 cargo test -p show --test readme` writes the new one"
    );
}
