//! The verdict on a client: from its end, its output and its time.

use std::time::Duration;

use rustix::process::Signal;

use super::case::{ClientCase, Expect, Reading, STUCK};
use super::message::{FORGED, Mode, ends_in_body, find, missing};
use super::process::Ended;
use super::stage::{ClientFacts, Encounter};
use crate::verdict::{Verdict, failed, not_applicable, noted};

/// A client that has shown a part of the body during this time before the limit is slow, but not stuck.
const LATELY: Duration = Duration::from_secs(1);

/// Judges one run of a client.
pub(super) fn judge(case: &ClientCase, facts: &ClientFacts, encounter: &Encounter) -> Verdict {
    let ended = encounter.run.ended;
    let took = encounter.run.took;
    // Rounded, so that two runs say the same.
    let took = match took.as_millis() {
        0..100 => "less than 0.1 s".to_owned(),
        _ => format!("{:.1} s", took.as_secs_f64()),
    };
    if encounter.connections == 0 {
        return Verdict::Inconclusive(format!("the client did not connect, and {ended}"));
    }
    if find(&encounter.run.stdout, FORGED.trim_ascii_end()).is_some() {
        return failed("it showed bytes that are not part of the answer");
    }
    let how = format!("{ended} after {took}");
    match ended {
        Ended::Signal(signal) if is_crash(signal) => return failed(format!("it crashed: {how}")),
        Ended::Signal(signal) if signal != Signal::PIPE.as_raw() => {
            return Verdict::Inconclusive(format!("another process ended the client: {how}"));
        }
        _ if encounter.facts.left_before => {
            return not_applicable("the client closed the session before the server could");
        }
        Ended::Running => return still_runs(case, facts, encounter, &how),
        _ if !encounter.facts.reached => {
            let why = encounter.facts.error.as_deref().unwrap_or("the connection ended");
            return Verdict::Inconclusive(format!("the client did not get that far: {how} ({why})"));
        }
        Ended::Status(_) | Ended::Signal(_) => {}
    }
    match ended {
        Ended::Status(0) if case.expect == Expect::SUCCESS && encounter.facts.complete.is_none() => {
            ended_early(facts, &how)
        }
        Ended::Status(0) => match lost(case, facts, encounter) {
            Some(lost) => failed(format!("{how}, but {lost}")),
            None => read(case.expect.success, facts, encounter, &how),
        },
        _ => read(case.expect.error, facts, encounter, &how),
    }
}

/// Judges a client that was still running at the limit.
fn still_runs(case: &ClientCase, facts: &ClientFacts, encounter: &Encounter, how: &str) -> Verdict {
    if encounter.connections > 1 {
        return noted(format!("{how}, and had connected {} times", encounter.connections));
    }
    if encounter.run.quiet < LATELY && ends_in_body(&encounter.run.stdout) {
        let shown = encounter.run.stdout.len() as f64 / 1e6;
        return noted(format!("{how}: slow, but at work. It had shown {shown:.1} MB"));
    }
    if case.expect.hang == STUCK && !encounter.facts.closed {
        let why = encounter.facts.error.as_deref().unwrap_or("the server waits for the client");
        return failed(format!("{how}, but the session did not go on: {why}"));
    }
    read(case.expect.hang, facts, encounter, how)
}

/// Judges a client that reports success, although the server could not finish its answer. Without a protocol a client may
/// close when it likes.
fn ended_early(facts: &ClientFacts, how: &str) -> Verdict {
    match facts.mode {
        Mode::Http => failed(format!("{how}, but it had not read the whole answer")),
        Mode::Echo => noted(format!("{how}, before the server could finish")),
    }
}

/// The missing part in the output of a client that reports success, if the answer was complete.
fn lost(case: &ClientCase, facts: &ClientFacts, encounter: &Encounter) -> Option<String> {
    let may_succeed = matches!(case.expect.success, Reading::Good | Reading::Allowed);
    let length = encounter.facts.complete.filter(|_| facts.shows && may_succeed)?;
    missing(&encounter.run.stdout, length)
}

fn read(reading: Reading, facts: &ClientFacts, encounter: &Encounter, how: &str) -> Verdict {
    let with_end = || match &encounter.facts.end {
        Some(end) if encounter.run.ended != Ended::Running => {
            format!("{how}, and ended the session with {end}")
        }
        _ => how.to_owned(),
    };
    match reading {
        Reading::Good => Verdict::Held,
        Reading::Allowed => noted(with_end()),
        Reading::BadInHttp(_) if facts.mode == Mode::Echo && encounter.facts.closed => {
            noted(format!("{how}, although the session was cut off"))
        }
        Reading::BadInHttp(_) if facts.mode == Mode::Echo => noted(with_end()),
        Reading::Bad(why) | Reading::BadInHttp(why) => failed(format!("{how}, but {why}")),
        Reading::Unverified(why) if facts.names_authority => failed(format!("{how}, but {why}")),
        Reading::UnverifiedName if facts.names_authority && facts.mode == Mode::Http => {
            failed(format!("{how}, but the certificate is for another name"))
        }
        Reading::Unverified(why) => noted(format!("accepted: its command names no authority, and {why}")),
        Reading::UnverifiedName => noted("accepted: the certificate is for another name".to_owned()),
    }
}

/// Whether a process that is ended by this signal has crashed.
fn is_crash(signal: i32) -> bool {
    let crashes =
        [Signal::SEGV, Signal::ABORT, Signal::ILL, Signal::BUS, Signal::FPE, Signal::TRAP, Signal::SYS];
    crashes.iter().any(|crash| crash.as_raw() == signal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Version;
    use crate::clients::find as find_case;
    use crate::clients::happened::Facts;
    use crate::clients::process::Run;
    use crate::evidence::Evidence;
    use crate::payload::payload;

    /// The verdict on a client that was cut off in the middle of an answer.
    fn cut(case: &str, mode: Mode, ended: Ended, stdout: Vec<u8>, quiet: Duration) -> Verdict {
        let facts = ClientFacts {
            version: Version::Tls13,
            mode,
            shows: true,
            end: String::new(),
            names_authority: true,
        };
        let encounter = Encounter {
            run: Run { ended, stdout, stderr: Vec::new(), took: Duration::from_secs(20), quiet },
            evidence: Evidence::default(),
            connections: 1,
            facts: Facts { reached: true, closed: true, ..Facts::default() },
        };
        judge(find_case(case).unwrap(), &facts, &encounter)
    }

    #[test]
    fn a_cut_answer_is_a_failure_only_in_http() {
        for case in ["cut-between-records", "cut-inside-a-record", "reset-after-half"] {
            let verdict = |mode| cut(case, mode, Ended::Status(0), payload(1024), Duration::ZERO);
            assert!(verdict(Mode::Http).is_failed(), "{case}");
            let Verdict::Noted(text) = verdict(Mode::Echo) else { panic!("{case}: {}", verdict(Mode::Echo)) };
            assert!(
                text.contains("exit status 0") && text.ends_with("although the session was cut off"),
                "{text}"
            );
        }
        let verdict =
            cut("fatal-alert-after-half", Mode::Echo, Ended::Status(0), payload(1024), Duration::ZERO);
        assert!(verdict.is_failed(), "{verdict}");
    }

    #[test]
    fn only_bytes_of_the_body_are_progress() {
        let lately = Duration::from_millis(100);
        let half = payload(1024);
        let waits = [&half[..], b"waiting\nwaiting\n"].concat();
        for (stdout, quiet, is_failed) in [
            (half.clone(), lately, false),
            (half, LATELY, true),
            (waits, lately, true),
            (Vec::new(), lately, true),
        ] {
            let verdict = cut("fin-after-body-without-length", Mode::Echo, Ended::Running, stdout, quiet);
            assert_eq!(verdict.is_failed(), is_failed, "{verdict}");
        }
    }
}
