//! Other clients beside a hostile one, many clients, and floods.

mod beside;
mod crowd;
mod floods;
mod hostile;

use beside::beside;
use crowd::{Leaves, crowd};

use crate::case::{About, Case, Group, Needs, Versions};
use crate::trial::Trial;
use crate::verdict::{Judgement, Verdict, failed, noted};

const SERVED: &str = "The server serves the others meanwhile, about as fast as without this client.";
const SERVED_WITH_A_LIMIT: &str = "The server serves the others meanwhile. If it allows fewer sessions than these, its \
                                    deadline for a handshake is short. One such client must not stop it.";
const DEAF: &str = "a server that serves no client";
const MANY_SESSIONS: &str = "08-many-sessions.md";

/// How many clients hold a connection.
const MANY: usize = 50;

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).source(DEAF)
}

/// The cases of this group.
pub static CASES: &[Case] = &[
    about("beside-unread-answer")
        .tries("A client sends until the server takes no more, and reads nothing. Others exchange meanwhile.")
        .good(SERVED)
        .guide("06-backpressure.md")
        .case(Group::Neighbours, Versions::Highest, Needs::EchoAndNeighbours, |trial| {
            beside(trial, "beside a client that does not read", hostile::does_not_read)
        }),
    about("beside-silent-connections")
        .tries("Fifty clients connect and send nothing. Others exchange meanwhile.")
        .good(SERVED_WITH_A_LIMIT)
        .guide("traps.md#a-client-connects-and-sends-nothing-the-server-serves-no-other-client")
        .case(Group::Neighbours, Versions::Highest, Needs::Neighbours, |trial| {
            beside_many(trial, "silent connections", &[])
        }),
    about("beside-half-hellos")
        .tries(
            "Fifty clients send the first half of a ClientHello and nothing more. Others exchange meanwhile.",
        )
        .good(SERVED_WITH_A_LIMIT)
        .guide("traps.md#a-client-connects-and-sends-nothing-the-server-serves-no-other-client")
        .case(Group::Neighbours, Versions::Highest, Needs::Neighbours, |trial| {
            let hello = trial.hello()?;
            beside_many(trial, "half ClientHellos", &hello[..hello.len() / 2])
        }),
    about("beside-handshake-storm")
        .tries(
            "Two clients make handshakes without end, and leave each session at once. Others exchange \
             meanwhile.",
        )
        .good("The server serves the others meanwhile. Handshakes cost much time, so the others are slower.")
        .guide("08-many-sessions.md#other-work-that-takes-time")
        .case(Group::Neighbours, Versions::Highest, Needs::Neighbours, |trial| {
            beside(trial, "beside a storm of handshakes", hostile::storm)
        }),
    about("beside-key-updates")
        .tries("A client sends KeyUpdates and short lines without end. Others exchange meanwhile.")
        .good(SERVED)
        .guide("08-many-sessions.md#bytes-are-not-work")
        .case(Group::Neighbours, Versions::Only13, Needs::EchoAndNeighbours, |trial| {
            beside(trial, "beside a client with many KeyUpdates", hostile::key_updates)
        }),
    about("beside-tiny-records")
        .tries(
            "A client sends records of one byte without end, and reads their echo. Others exchange \
             meanwhile.",
        )
        .good(SERVED)
        .guide("08-many-sessions.md#bytes-are-not-work")
        .case(Group::Neighbours, Versions::Highest, Needs::EchoAndNeighbours, |trial| {
            beside(trial, "beside a client with tiny records", |place, signals| {
                hostile::sends_without_end(place, signals, 1)
            })
        }),
    about("beside-a-bulk-sender")
        .tries(
            "A client sends as much as it can, and reads the echo as fast as it can. Others exchange \
             meanwhile.",
        )
        .good(SERVED)
        .guide("08-many-sessions.md#edges-against-fairness")
        .case(Group::Neighbours, Versions::Highest, Needs::EchoAndNeighbours, |trial| {
            beside(trial, "beside a bulk sender", |place, signals| {
                hostile::sends_without_end(place, signals, usize::MAX)
            })
        }),
    about("connect-and-leave-fin")
        .tries("Two hundred clients connect and close at once, up to 20 at a time.")
        .good(
            "The server accepts all clients that wait, and closes their sockets. It serves the next client.",
        )
        .guide("traps.md#one-accept-for-each-event-clients-wait-in-the-backlog-until-another-one-connects")
        .case(Group::Neighbours, Versions::Highest, Needs::Nothing, |trial| crowd(trial, Leaves::Fin)),
    about("connect-and-leave-rst")
        .tries("Two hundred clients connect and reset the connection at once, up to 20 at a time.")
        .good("An error of one socket ends only its connection. The server serves the next client.")
        .guide("04-mio.md#accepting")
        .case(Group::Neighbours, Versions::Highest, Needs::Nothing, |trial| crowd(trial, Leaves::Reset)),
    about("hello-and-rst")
        .tries(
            "Two hundred clients send a ClientHello and reset the connection. Half of them read a record \
             before.",
        )
        .good("A write to a socket that was reset ends only this session. The server serves the next client.")
        .guide("traps.md#a-write-fails-with-broken-pipe-and-the-clients-last-data-is-never-read")
        .case(Group::Neighbours, Versions::Highest, Needs::Nothing, |trial| {
            crowd(trial, Leaves::ResetBehindHello)
        }),
    about("many-key-updates")
        .tries("A client sends a KeyUpdate before each of 100 lines, and then 10,000 KeyUpdates in a row.")
        .good("The server carries out the first hundred. It may have a limit for KeyUpdates without data.")
        .source("RFC 8446, 4.6.3")
        .guide("symptoms.md#what-is-toomanykeyupdaterequests")
        .case(Group::Neighbours, Versions::Only13, Needs::Echo, floods::many_key_updates),
    about("floods-before-the-handshake")
        .tries(
            "Clients send megabytes of noise, or a hundred thousand empty records, instead of a ClientHello.",
        )
        .good("The server ends each connection soon, and serves the next client.")
        .source("RFC 8446, 5 and 5.1")
        .guide(MANY_SESSIONS)
        .case(Group::Neighbours, Versions::Highest, Needs::Nothing, floods::before_the_handshake),
];

/// Measures beside many connections on which these bytes were sent. If no new client is served, it tries again beside one:
/// a limit of sessions is a policy, but one connection must not stop a server that serves several.
fn beside_many(trial: &Trial<'_>, what: &str, first: &[u8]) -> Judgement {
    let hold = |count: usize| {
        beside(trial, &format!("beside {count} {what}"), move |place, signals| {
            hostile::hold_many(place, signals, count, first)
        })
    };
    let why = match hold(MANY)? {
        Verdict::Failed(why) => why,
        other => return Ok(other),
    };
    match hold(1) {
        Ok(Verdict::Noted(served)) => Ok(noted(format!("{why} (beside one of them: {served})"))),
        _ => Ok(failed(format!("{why}, and none beside a single one"))),
    }
}
