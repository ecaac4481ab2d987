//! What has to hold: after each round of an end, and when all is over.

use rustls::Error;
use tls_session::application::HIGH_WATER_MARK;
use tls_session::close_reason::{CloseReason, Party};
use tls_session::deadline::Timeouts;

use crate::scenario::{Ending, Fault, Side};
use crate::support::seconds;
use crate::support::tls::TIMEOUTS;
use crate::truth::Truth;
use crate::world::World;

/// What one turn can take in: a large helping, and the record that it completes.
const READ_SIZE: usize = 64 * 1024 + 18 * 1024;
/// What TLS adds: a header and a tag to each record, and its own handshake messages.
const SLACK: usize = 8 * 1024;

/// The deadlines of both ends.
pub const DEADLINES: Timeouts = Timeouts { wait: Some(seconds(20)), ..TIMEOUTS };

/// Fails with what is wrong.
fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// After each round of an end.
///
/// # Errors
/// What is not as it has to be.
pub fn after_a_round(world: &World, side: Side) -> Result<(), String> {
    let (end, other) = (&world.ends[side], &world.ends[side.other()]);
    let record = &end.record;
    if let Some(wrong) = &record.wrong {
        return Err(wrong.clone());
    }
    let kept = end.is_runnable() || record.owes > HIGH_WATER_MARK;
    let ended = record.saw_close || end.reason.is_some() || record.was("Failing");
    ensure(record.unread == 0 || kept || ended, || {
        format!("{side:?}: {} bytes of a read are left behind", record.unread)
    })?;
    let part = world.scenario.parts[side];
    let late_answer = part.answers_after.map_or(0, |_| end.role().heard); // the role sends it as one piece
    let bound = HIGH_WATER_MARK + READ_SIZE + SLACK + part.says + late_answer;
    ensure(record.peak <= bound, || format!("{side:?}: owes {}, more than {bound} (I4)", record.peak))?;
    ensure(record.heard <= other.record.said, || format!("{side:?}: heard more than was said"))?;
    ensure(end.reason.is_none() || record.left, || format!("{side:?}: is over without a FIN"))?;
    // Who has left, or met something worse, does not listen any more.
    if record.saw_close && !record.was("Failing") { certified(world, side) } else { Ok(()) }
}

/// Invariant I6, seen by the one who got the close_notify: it has everything that was said, and the answer to
/// everything that was accepted, unless it was the other who ended the conversation.
fn certified(world: &World, side: Side) -> Result<(), String> {
    let (end, other) = (&world.ends[side], &world.ends[side.other()]);
    let (heard, said) = (end.record.heard, other.record.said);
    ensure(heard == said, || format!("{side:?}: a close_notify behind {heard} of {said} bytes (I6)"))?;
    if other.record.was("Closing") || other.record.was("Failing") {
        return Ok(());
    }
    ensure(other.record.saw_close, || format!("{side:?}: a close_notify that answers none (I6)"))?;
    let part = world.scenario.parts[side.other()];
    let answer = part.says + other.role().heard;
    ensure(!part.echoes || said == answer && other.role().unanswered == 0, || {
        format!("{side:?}: a close_notify behind {said} bytes of an answer of {answer} (I6)")
    })
}

/// When both sessions are over.
///
/// # Errors
/// What is not as it has to be.
pub fn in_the_end(world: &World) -> Result<(), String> {
    for side in Side::BOTH {
        let reason = world.ends[side].reason.as_ref();
        ensure(world.ends[side].record.reason.as_ref() == reason, || format!("{side:?}: two reasons"))?;
        let reason = reason.ok_or("not over")?;
        let truth = Truth::about(world, side);
        ensure(truth.allows(reason), || format!("{side:?}: {reason:?} is not what happened"))?;
        ensure(truth.allows_loss(reason), || {
            format!("{side:?}: {reason:?}, and of the records before it some were not heard")
        })?;
        ensure(truth.allows_silence(reason), || {
            format!("{side:?}: {reason:?}, and what the other had said before was not answered (I3)")
        })?;
    }
    if world.scenario.is_calm() { all_is_well(world) } else { alarms(world) }
}

/// Nothing went wrong, so nobody may say that something did.
fn all_is_well(world: &World) -> Result<(), String> {
    let reasons = Side::BOTH.map(|side| world.ends[side].reason.clone());
    let left = |reason: &Option<CloseReason>| matches!(reason, Some(CloseReason::AbandonedByApplication));
    if reasons.iter().any(left) {
        return Ok(()); // it reads nothing more, so its close_notify may be late
    }
    for side in Side::BOTH {
        let fired = world.ends[side].record.fired;
        ensure(fired.is_none(), || {
            format!("{side:?}: a deadline passed, and nothing was in its way: {fired:?}")
        })?;
    }
    if reasons.contains(&Some(CloseReason::Abandoned)) {
        return Ok(());
    }
    let clean = reasons.iter().all(|reason| matches!(reason, Some(CloseReason::Clean { .. })));
    let first = reasons.iter().any(|reason| *reason == Some(CloseReason::Clean { first: Party::Us }));
    ensure(clean && first, || format!("nothing went wrong, and still {reasons:?}"))?;
    if world.ends.server.record.was("Closing") || world.scenario.parts.client.told_to_close.is_some() {
        return Ok(()); // the answer may be a part
    }
    let expected = match world.scenario.parts.client.ending {
        Ending::Closes(heard) => heard,
        _ => world.scenario.says(Side::Server),
    };
    let heard = world.ends.client.record.heard;
    ensure(heard >= expected, || format!("the client heard {heard} of {expected} bytes"))
}

/// Somebody met a damaged record and said so: the other has heard it, if it still listened and nothing else happened.
fn alarms(world: &World) -> Result<(), String> {
    let [(writer, Fault::Flip(_))] = world.scenario.faults[..] else { return Ok(()) };
    if Side::BOTH.into_iter().any(|side| world.scenario.parts[side].stops.is_some()) {
        return Ok(()); // the other's deadlines may pass meanwhile
    }
    let (writer, reader) = (&world.ends[writer], &world.ends[writer.other()]);
    let alarmed =
        reader.record.was("Failing") && reader.reason == Some(CloseReason::Tls(Error::DecryptError));
    let listened = !writer.record.was("PeerClosed")
        && !matches!(writer.reason, Some(CloseReason::AbandonedByApplication | CloseReason::Abandoned))
        && writer.record.fired.is_none()
        && reader.record.fired.is_none();
    let heard = matches!(writer.reason, Some(CloseReason::PeerAlert(..) | CloseReason::Tls(_)));
    ensure(!alarmed || !listened || heard, || {
        format!("an alert was sent, and the other says {:?} (I3)", writer.reason)
    })
}
