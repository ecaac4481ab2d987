//! What must hold for any two sessions: after each round of an end, and when both are over.

use rustls::Error;

use super::Side;
use super::network::Fault;
use super::truth::Truth;
use super::world::World;
use crate::application::{Application, HIGH_WATER_MARK};
use crate::close_reason::CloseReason;

/// Fails with what is wrong.
///
/// # Errors
/// If it does not hold.
pub fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Checks an end after one of its rounds.
pub(super) fn after_round<A: Application>(world: &mut World<A>, side: Side) -> Result<(), String> {
    let uncompared = std::mem::take(&mut world.ends[side].seen.uncompared);
    let (end, other) = (&world.ends[side], &world.ends[side.other()]);
    let checker = &end.seen;
    if let Some(wrong) = &checker.wrong {
        return Err(wrong.clone());
    }
    let before = checker.received - uncompared.len();
    ensure(other.seen.sent.get(before..checker.received) == Some(&uncompared), || {
        format!("{side:?}: what was received after {before} bytes is not what was sent")
    })?;
    let is_kept = end.is_runnable() || checker.pending > HIGH_WATER_MARK;
    let has_ended = checker.saw_close_notify || end.reason().is_some() || checker.was("Failing");
    ensure(checker.unread == 0 || is_kept || has_ended, || {
        format!("{side:?}: {} bytes of a read are left behind", checker.unread)
    })?;
    ensure(end.reason().is_none() || checker.sent_fin, || format!("{side:?}: is over without a FIN"))?;
    // A session that has refused or abandoned its peer, or has failed, does not listen any more.
    let listens = !checker.has_refused_peer && !checker.was("Failing");
    if checker.saw_close_notify && listens { certified(world, side) } else { Ok(()) }
}

/// Invariant I6, as the receiver of a close_notify sees it: it has received everything that was sent. Its own close_notify
/// came first, unless the peer ended the session.
fn certified<A: Application>(world: &World<A>, side: Side) -> Result<(), String> {
    let (end, other) = (&world.ends[side], &world.ends[side.other()]);
    let (received, sent) = (end.seen.received, other.seen.sent.len());
    ensure(received == sent, || format!("{side:?}: a close_notify after {received} of {sent} bytes (I6)"))?;
    let peer_ended = other.seen.was("Closing") || other.seen.was("Failing");
    ensure(peer_ended || other.seen.saw_close_notify, || {
        format!("{side:?}: a close_notify that answers none (I6)")
    })
}

/// Checks both ends when both sessions are over.
pub(super) fn at_the_end<A: Application>(world: &World<A>) -> Result<(), String> {
    for side in Side::BOTH {
        let reason = world.ends[side].reason();
        // As text, because some errors of rustls do not equal themselves (`OtherError`).
        let is_reported = format!("{:?}", world.ends[side].seen.reason) == format!("{reason:?}");
        ensure(is_reported, || format!("{side:?}: two reasons"))?;
        let reason = reason.ok_or("not over")?;
        let truth = Truth::about(world, side);
        ensure(truth.allows(reason), || format!("{side:?}: {reason:?} is not what happened"))?;
        ensure(truth.allows_loss(reason), || {
            format!("{side:?}: {reason:?}, and some of the records before it were not received")
        })?;
        ensure(truth.allows_silence(reason), || {
            format!("{side:?}: {reason:?}, and what the peer had sent before was not answered (I3)")
        })?;
    }
    alert_arrives(world)
}

/// A session met a damaged record and sent an alert. The peer has received it, if it still listened and nothing else
/// happened.
fn alert_arrives<A: Application>(world: &World<A>) -> Result<(), String> {
    let [(writer, Fault::Flip(_))] = world.plan.faults[..] else { return Ok(()) };
    if Side::BOTH.into_iter().any(|side| world.plan.loops[side].stops.is_some()) {
        return Ok(()); // the peer's deadlines may pass meanwhile
    }
    if world.network.has_stopped_draining(writer.other()) {
        return Ok(()); // the reset may destroy the alert
    }
    let (writer, reader) = (&world.ends[writer], &world.ends[writer.other()]);
    let has_failed =
        reader.seen.was("Failing") && reader.reason() == Some(&CloseReason::Tls(Error::DecryptError));
    let listened = !writer.seen.was("PeerClosed")
        && !matches!(
            writer.reason(),
            Some(CloseReason::AbandonedByApplication | CloseReason::Abandoned | CloseReason::Aborted)
        )
        && writer.seen.fired.is_none()
        && reader.seen.fired.is_none();
    let has_alert = matches!(writer.reason(), Some(CloseReason::PeerAlert(..) | CloseReason::Tls(_)));
    ensure(!has_failed || !listened || has_alert, || {
        format!("an alert was sent, and the reason of the peer is {:?} (I3)", writer.reason())
    })
}
