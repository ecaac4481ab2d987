//! Whether the reason that a session gives for its end is what happened to it, as the network knows it.

use rustls::Error;

use super::Side;
use super::checker::Checker;
use super::driver::Driver;
use super::network::records;
use super::world::World;
use crate::application::Application;
use crate::close_reason::{CloseReason, Endpoint, Operation};

/// What really happened to one end of a run that is over.
pub(super) struct Truth<'a, A> {
    world: &'a World<A>,
    side: Side,
    end: &'a Driver<A, Checker>,
    other: &'a Driver<A, Checker>,
}

impl<'a, A: Application> Truth<'a, A> {
    pub(super) fn about(world: &'a World<A>, side: Side) -> Self {
        Self { world, side, end: &world.ends[side], other: &world.ends[side.other()] }
    }

    /// Returns whether this is why the session ended.
    pub(super) fn allows(&self, reason: &CloseReason) -> bool {
        let seen = &self.end.seen;
        let fin = self.world.network.lane(self.side.other()).fin_read;
        let reset = self.world.network.has_told_reset(self.side);
        match reason {
            CloseReason::Clean { first } => {
                let is_ours = *first == Endpoint::Local;
                let phases = seen.was("Closing") == is_ours && seen.was("Finishing") != is_ours;
                phases && seen.saw_close_notify && self.other.seen.closes() && self.has_everything()
            }
            CloseReason::Unconfirmed => seen.was("Closing") && (fin || reset) && self.misses_close_notify(),
            CloseReason::Truncated { established } => {
                fin && *established == seen.was("Established")
                    && !seen.was("Closing")
                    && self.misses_close_notify()
            }
            CloseReason::Abandoned => {
                self.world.plan.loops[self.side].closes_at.is_some() && !seen.was("Established")
            }
            CloseReason::AbandonedByApplication => seen.was("Failing"),
            CloseReason::PeerAlert(..) => self.other_failed() || self.handshake_damaged(self.side.other()),
            CloseReason::NotTls(_) => self.damage(self.side.other()) == Some(0),
            CloseReason::Unauthorized(_) => {
                seen.has_refused_peer || Side::BOTH.into_iter().any(|writer| self.handshake_damaged(writer))
            }
            CloseReason::Tls(_) => {
                self.damage(self.side.other()).is_some() || self.handshake_damaged(self.side)
            }
            CloseReason::KeysUsedUp { .. } => false, // no run has so many records
            // Only the application or the loop aborts. Invariant I6: the peer gets no close_notify.
            CloseReason::Aborted => seen.closes() || !self.other.seen.saw_close_notify,
            CloseReason::Transport { operation: Operation::Read, .. } => reset && !seen.was("Closing"),
            CloseReason::Transport { operation: Operation::Write, .. } => reset && seen.was("WriteFailed"),
            CloseReason::TimedOut(timeout) => seen.fired == Some(*timeout),
        }
    }

    /// If the peer left without a close_notify: it has received everything that was sent until then, if it still
    /// listened.
    pub(super) fn allows_silence(&self, reason: &CloseReason) -> bool {
        let is_cut = *reason == CloseReason::Truncated { established: true };
        let (sent, received) = (self.end.seen.sent.len(), self.other.seen.received);
        let has_aborted = self.other.reason() == Some(&CloseReason::Aborted);
        let listened = self.other.seen.was("Established") && !self.other.seen.was("Failing") && !has_aborted;
        let is_complete = Self::about(self.world, self.side.other()).has_everything();
        !(is_cut && listened && is_complete) || received == sent
    }

    /// The peer's records before the damaged one are not lost with it.
    pub(super) fn allows_loss(&self, reason: &CloseReason) -> bool {
        /// What the peer sent of its handshake in encrypted records, and its tickets.
        const HANDSHAKE: usize = 2000;
        /// What a record costs, at most.
        const OVERHEAD: usize = 32;
        let Some(at) = self.damage(self.side.other()) else { return true };
        if *reason != CloseReason::Tls(Error::DecryptError) || !self.end.seen.was("Established") {
            return true;
        }
        let whole = records(&self.world.network.lane(self.side.other()).log);
        let whole = whole.into_iter().take_while(|(start, length)| start + length <= at);
        let sent: usize = whole.map(|(_, length)| length.saturating_sub(OVERHEAD)).sum();
        self.end.seen.received + HANDSHAKE >= sent
    }

    /// The first damaged byte of what this end sent that the other has read.
    fn damage(&self, writer: Side) -> Option<usize> {
        self.world.network.lane(writer).damaged().min()
    }

    /// Returns whether what this end sent was damaged before both had finished the handshake. In TLS 1.2, and in the
    /// first flight of 1.3, nothing notices at once.
    fn handshake_damaged(&self, writer: Side) -> bool {
        let finished = self.end.seen.was("Established") && self.other.seen.was("Established");
        self.damage(writer).is_some() && !finished
    }

    /// Returns whether the other has failed, so that it has sent an alert. An application may have abandoned the session
    /// just then.
    fn other_failed(&self) -> bool {
        use CloseReason::{AbandonedByApplication, NotTls, Tls, Unauthorized};
        self.other.seen.was("Failing")
            && match self.other.reason() {
                Some(Tls(_) | NotTls(_) | Unauthorized(_)) => true,
                Some(AbandonedByApplication) => self.damage(self.side).is_some(),
                _ => false,
            }
    }

    /// Returns whether everything that the other wrote was read, as it had been written.
    fn has_everything(&self) -> bool {
        let lane = self.world.network.lane(self.side.other());
        let is_tls12 = self.end.seen.is_tls12 || self.other.seen.is_tls12;
        lane.taken == lane.log.len() && lane.damaged().all(|at| is_ignored(&lane.log, at, is_tls12))
    }

    /// Returns whether the other's close_notify was not found, and was not overlooked.
    fn misses_close_notify(&self) -> bool {
        let is_sent = match self.other.reason() {
            Some(CloseReason::Clean { first: Endpoint::Local }) => true,
            // Unless its close_notify met a connection that was gone, or the peer did not take it in time.
            Some(CloseReason::AbandonedByApplication) => {
                self.other.seen.fired.is_none() && !self.world.network.has_told_reset(self.side.other())
            }
            _ => false,
        };
        !(self.end.seen.saw_close_notify || is_sent && self.has_everything())
    }
}

/// Returns whether no receiver has to look at the byte: the version in the header of a record, unless TLS 1.2 has
/// encrypted the record and so authenticates its header as it came (RFC 8446, 5.1; RFC 5246, 6.2.3.3).
fn is_ignored(log: &[u8], at: usize, is_tls12: bool) -> bool {
    const APPLICATION_DATA: u8 = 23;
    let record = records(log).into_iter().find(|(start, length)| at < start + length);
    record.is_some_and(|(start, _)| {
        let is_encrypted = is_tls12 && log[start] == APPLICATION_DATA;
        (1..3).contains(&(at - start)) && !is_encrypted
    })
}
