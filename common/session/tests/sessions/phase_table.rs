//! The table of phases, exhaustively: every phase, with every combination of facts.

use std::io;

use tls_session::close_reason::{CloseReason, Doing, Party};
use tls_session::deadline::Timeout;
use tls_session::phase::{Cause, Facts, PeerEnd, Phase};

/// Facts, some of which do not matter.
#[derive(Clone, Copy)]
struct When {
    owes: Option<bool>,
    peer_end: &'static [Option<PeerEnd>],
}

impl When {
    fn holds(self, facts: Facts) -> bool {
        self.owes.is_none_or(|owes| owes == facts.owes) && self.peer_end.contains(&facts.peer_end)
    }
}

const ALL_ENDS: &[Option<PeerEnd>] = &[None, Some(PeerEnd::CloseNotify), Some(PeerEnd::Fin)];
const OPEN: &[Option<PeerEnd>] = &[None];
const ENDED: &[Option<PeerEnd>] = &[Some(PeerEnd::CloseNotify), Some(PeerEnd::Fin)];
const CLOSE_NOTIFY: &[Option<PeerEnd>] = &[Some(PeerEnd::CloseNotify)];
const FIN: &[Option<PeerEnd>] = &[Some(PeerEnd::Fin)];

const ALWAYS: When = When { owes: None, peer_end: ALL_ENDS };
const OWING: When = When { owes: Some(true), ..ALWAYS };
const FLUSHED: When = When { owes: Some(false), ..ALWAYS };

const fn ended(when: When, peer_end: &'static [Option<PeerEnd>]) -> When {
    When { peer_end, ..when }
}

/// One phase, and where facts lead from it; `None` where they leave it as it is.
type Rows = (Phase, Vec<(When, Option<Phase>)>);

fn table() -> Vec<Rows> {
    let peer_closed = |end| Phase::PeerClosed { end };
    let closing = |cause| Phase::Closing { cause };
    let reset = || {
        let error = io::Error::from(io::ErrorKind::ConnectionReset);
        CloseReason::Transport { doing: Doing::Writing, kind: error.kind(), error: error.to_string() }
    };
    let failing = |reason| Phase::Failing { reason };
    let clean = |first| CloseReason::Clean { first };
    let cut = |established| CloseReason::Truncated { established };
    let idle = || CloseReason::TimedOut(Timeout::Idle);

    vec![
        // Never to Established: that is not for the table, but for whoever judges the peer.
        (
            Phase::Handshaking,
            vec![(ended(ALWAYS, OPEN), None), (ended(ALWAYS, ENDED), Some(failing(cut(false))))],
        ),
        (
            Phase::Established,
            vec![
                (ended(ALWAYS, OPEN), None),
                // The application says where its peer's close_notify leads.
                (ended(ALWAYS, CLOSE_NOTIFY), None),
                (ended(ALWAYS, FIN), Some(peer_closed(PeerEnd::Fin))),
            ],
        ),
        (Phase::HalfClosed, vec![(ALWAYS, None)]),
        (peer_closed(PeerEnd::CloseNotify), vec![(OWING, None), (FLUSHED, Some(Phase::Finishing))]),
        (peer_closed(PeerEnd::Fin), vec![(OWING, None), (FLUSHED, Some(Phase::Closed(cut(true))))]),
        (
            closing(Cause::Asked),
            vec![
                (ended(ALWAYS, OPEN), None),
                (ended(OWING, ENDED), None),
                (ended(FLUSHED, CLOSE_NOTIFY), Some(Phase::Closed(clean(Party::Us)))),
                (ended(FLUSHED, FIN), Some(Phase::Closed(CloseReason::Unconfirmed))),
            ],
        ),
        (
            closing(Cause::SaidAll),
            vec![
                (ended(ALWAYS, OPEN), None),
                (ended(OWING, ENDED), None),
                (ended(FLUSHED, CLOSE_NOTIFY), Some(Phase::Closed(clean(Party::Us)))),
                (ended(FLUSHED, FIN), Some(Phase::Closed(CloseReason::Unconfirmed))),
            ],
        ),
        (
            closing(Cause::TimedOut(Timeout::Idle)),
            vec![
                (ended(ALWAYS, OPEN), None),
                (ended(OWING, ENDED), None),
                (ended(FLUSHED, ENDED), Some(Phase::Closed(idle()))),
            ],
        ),
        (Phase::Finishing, vec![(OWING, None), (FLUSHED, Some(Phase::Closed(clean(Party::Peer))))]),
        (failing(reset()), vec![(OWING, None), (FLUSHED, Some(Phase::Closed(reset())))]),
        (
            Phase::Severed { reason: reset(), judged: false },
            vec![(ended(ALWAYS, OPEN), None), (ended(ALWAYS, ENDED), Some(Phase::Closed(reset())))],
        ),
        (
            Phase::Severed { reason: reset(), judged: true },
            vec![(ended(ALWAYS, OPEN), None), (ended(ALWAYS, ENDED), Some(Phase::Closed(reset())))],
        ),
        (Phase::Closed(idle()), vec![(ALWAYS, None)]),
    ]
}

fn all_facts() -> Vec<Facts> {
    let mut all = Vec::new();
    for owes in [false, true] {
        for &peer_end in ALL_ENDS {
            all.push(Facts { owes, peer_end });
        }
    }
    all
}

#[test]
fn every_phase_goes_where_the_table_says() {
    for (phase, rows) in table() {
        for facts in all_facts() {
            let matching: Vec<_> = rows.iter().filter(|(when, _)| when.holds(facts)).collect();
            let [(_, next)] = matching[..] else {
                panic!("{} rows of the table for {phase:?} with {facts:?}", matching.len());
            };
            assert_eq!(phase.next(facts), *next, "from {phase:?} with {facts:?}");
        }
    }
}

#[test]
fn the_table_has_every_phase() {
    let mut names: Vec<_> = table().iter().map(|(phase, _)| phase.name()).collect();
    names.dedup();
    let all = "Handshaking Established HalfClosed PeerClosed Closing Finishing Failing Severed Closed";
    assert_eq!(names.join(" "), all);
}

#[test]
fn no_facts_lead_round_in_a_circle() {
    for (phase, _) in table() {
        for facts in all_facts() {
            let mut phase = phase.clone();
            let mut steps = 0;
            while let Some(next) = phase.next(facts) {
                phase = next;
                steps += 1;
                assert!(steps < 4, "{phase:?} with {facts:?}");
            }
        }
    }
}
