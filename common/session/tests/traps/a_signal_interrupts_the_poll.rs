//! # Ctrl-Z and `fg`, a debugger or a signal handler ends the server: `Interrupted system call`
//!
//! **Symptom:** `called Result::unwrap() on an Err value: Os { code: 4, kind: Interrupted, message: "Interrupted
//! system call" }`, or the program ends with this error. It happens after Ctrl-Z and `fg`, when `strace` or a
//! debugger attaches, after a laptop's sleep, or when a handler for SIGINT was installed to shut down properly.
//!
//! **Cause:** A signal ends `epoll_wait` and `kevent` with `EINTR`, with or without a handler: on Linux a stop and a
//! SIGCONT are enough (signal(7), "Interruption of system calls and library functions by stop signals"). mio 0.6
//! tried again by itself. Since 0.7 `Poll::poll` returns the error (mio, `src/poll.rs`, `Poll::poll`).
//!
//! **Rule:** `Interrupted` is no error. Poll again, with a timeout that is computed afresh: with the old one a
//! deadline moves at each signal. If the handler of Ctrl-C only sets a flag, look at the flag before you poll again.
//!
//! **Ours:** `server/src/event_loop.rs`, `EventLoop::wait`; `common/session/src/session.rs`, `Session::read`
//!
//! **Seen in:** tokio-rs/mio#494, vorner/signal-hook#98, rust-lang/futures-rs#2, rosenpass/rosenpass#522
//!
//! **Note:** `EventLoop` is in another crate. So our test runs a loop of its own, which handles `Interrupted` in the
//! same way.

use std::io;
use std::process::{Command, Stdio};
use std::time::Instant;

use mio::{Events, Poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::sockets::{LIMIT, in_a_child};

/// A server without clients.
fn naive() -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    loop {
        poll.poll(&mut events, None).unwrap();
        for _event in &events {
            // a client
        }
    }
}

/// The loop of the crate's first page. It ends after some signals.
fn ours(signals: usize) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    let mut interrupted = 0;
    while interrupted < signals {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                interrupted += 1;
            }
            other => other?,
        }
    }
    Ok(())
}

/// Runs a test in a child, and stops and continues the child until it ends. Returns its exit status and its messages.
#[expect(clippy::zombie_processes, reason = "waitpid(2) reaps it")]
fn stop_and_continue(mut child: Command) -> (i32, String) {
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let started = Instant::now();
    loop {
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("the child does not end");
        }
        kill_process(pid, Signal::STOP).unwrap();
        let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().expect("a status");
        if let Some(status) = status.exit_status() {
            let messages = io::read_to_string(child.stderr.take().unwrap()).unwrap();
            return (status, messages);
        }
        assert!(status.stopped(), "{status:?}");
        kill_process(pid, Signal::CONT).unwrap();
    }
}

#[test]
fn the_naive_loop_panics_after_a_stop() {
    match in_a_child("a_signal_interrupts_the_poll::the_naive_loop_panics_after_a_stop", &[]) {
        None => naive().unwrap(),
        Some(child) => {
            let (status, messages) = stop_and_continue(child);
            assert_eq!(status, 101, "a panic");
            assert!(messages.contains("Interrupted system call"), "{messages}");
        }
    }
}

#[test]
fn ours_polls_again() {
    match in_a_child("a_signal_interrupts_the_poll::ours_polls_again", &[]) {
        None => ours(3).unwrap(),
        Some(child) => assert_eq!(stop_and_continue(child).0, 0),
    }
}
