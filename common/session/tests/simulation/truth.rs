//! Whether the reason that a session gives for its end is what happened to it, as the network knows it.

use rustls::Error;
use tls_session::close_reason::{CloseReason, Doing, Party};

use crate::end::End;
use crate::scenario::{Ending, Side};
use crate::support::wire::records;
use crate::world::World;

/// One end of a run that is over, and what really happened to it.
pub struct Truth<'a> {
    world: &'a World,
    side: Side,
    end: &'a End,
    other: &'a End,
}

impl<'a> Truth<'a> {
    /// What happened to this end.
    pub fn about(world: &'a World, side: Side) -> Self {
        Self { world, side, end: &world.ends[side], other: &world.ends[side.other()] }
    }

    /// Whether this is why the session ended.
    pub fn allows(&self, reason: &CloseReason) -> bool {
        let record = &self.end.record;
        let network = self.world.network.borrow();
        let fin = network.lane(self.side.other()).fin_read;
        let reset = network.reset_told(self.side);
        let part = self.world.scenario.parts[self.side];
        match reason {
            CloseReason::Clean { first } => {
                let ours = *first == Party::Us;
                let phases = record.was("Closing") == ours && record.was("Finishing") != ours;
                phases && record.saw_close && self.other.record.closes() && self.has_everything()
            }
            CloseReason::Unconfirmed => record.was("Closing") && (fin || reset) && self.misses_close(),
            CloseReason::Truncated { established } => {
                fin && *established == record.was("Established")
                    && !record.was("Closing")
                    && self.misses_close()
            }
            CloseReason::Abandoned => part.told_to_close.is_some() && !record.was("Established"),
            CloseReason::AbandonedByApplication => {
                matches!(part.ending, Ending::Leaves(_)) && record.was("Failing")
            }
            CloseReason::PeerAlert(..) => self.other_failed() || self.handshake_damaged(self.side.other()),
            CloseReason::NotTls(_) => self.damage(self.side.other()) == Some(0),
            CloseReason::Unauthorized(_) => {
                Side::BOTH.into_iter().any(|writer| self.handshake_damaged(writer))
            }
            CloseReason::Tls(_) => {
                self.damage(self.side.other()).is_some() || self.handshake_damaged(self.side)
            }
            CloseReason::Transport { doing: Doing::Reading, .. } => reset && !record.was("Closing"),
            CloseReason::Transport { doing: Doing::Writing, .. } => reset && record.was("WriteFailed"),
            CloseReason::TimedOut(timeout) => record.fired == Some(*timeout),
        }
    }

    /// The other left without a close_notify: it has heard all that was said until then, if it still listened.
    pub fn allows_silence(&self, reason: &CloseReason) -> bool {
        let cut = *reason == CloseReason::Truncated { established: true };
        let (said, heard) = (self.end.record.said, self.other.record.heard);
        let listened = self.other.record.was("Established") && !self.other.record.was("Failing");
        !(cut && listened && Self::about(self.world, self.side.other()).has_everything()) || heard == said
    }

    /// The other's records before the damaged one are not lost with it.
    pub fn allows_loss(&self, reason: &CloseReason) -> bool {
        /// What the other said of its handshake in encrypted records, and its tickets.
        const HANDSHAKE: usize = 2000;
        /// What a record costs, at most.
        const OVERHEAD: usize = 32;
        let Some(at) = self.damage(self.side.other()) else { return true };
        if *reason != CloseReason::Tls(Error::DecryptError) || !self.end.record.was("Established") {
            return true;
        }
        let network = self.world.network.borrow();
        let whole = records(&network.lane(self.side.other()).log);
        let whole = whole.into_iter().take_while(|(start, length)| start + length <= at);
        let said: usize = whole.map(|(_, length)| length.saturating_sub(OVERHEAD)).sum();
        self.end.record.heard + HANDSHAKE >= said
    }

    /// The first damaged byte of what this end sent that the other has read.
    fn damage(&self, writer: Side) -> Option<usize> {
        self.world.network.borrow().lane(writer).damaged().min()
    }

    /// Whether what this end sent was damaged before both were through with the handshake. In TLS 1.2, and in the
    /// first flight of 1.3, nothing notices at once.
    fn handshake_damaged(&self, writer: Side) -> bool {
        let through = self.end.record.was("Established") && self.other.record.was("Established");
        self.damage(writer).is_some() && !through
    }

    fn other_failed(&self) -> bool {
        use CloseReason::{NotTls, Tls, Unauthorized};
        let reason = &self.other.reason;
        self.other.record.was("Failing") && matches!(reason, Some(Tls(_) | NotTls(_) | Unauthorized(_)))
    }

    /// Everything that the other wrote was read, and was as it had been written.
    fn has_everything(&self) -> bool {
        let network = self.world.network.borrow();
        let lane = network.lane(self.side.other());
        let taken = lane.taken == lane.log.len() && !lane.drained;
        taken && lane.damaged().all(|at| is_ignored(&lane.log, at, self.world.scenario.tls12))
    }

    /// The other's close_notify was not found, and not because it was overlooked.
    fn misses_close(&self) -> bool {
        let sent = match self.other.reason {
            Some(CloseReason::Clean { first: Party::Us }) => true,
            // Unless its close_notify found a connection that was gone, or nobody who took it in time.
            Some(CloseReason::AbandonedByApplication) => {
                let network = self.world.network.borrow();
                self.other.record.fired.is_none() && !network.reset_told(self.side.other())
            }
            _ => false,
        };
        !(self.end.record.saw_close || sent && self.has_everything())
    }
}

/// Whether nobody has to look at the byte there: which version a record says it is of, unless TLS 1.2 has encrypted
/// it and so authenticates its header as it came (RFC 8446, 5.1; RFC 5246, 6.2.3.3).
fn is_ignored(log: &[u8], at: usize, tls12: bool) -> bool {
    const APPLICATION_DATA: u8 = 23;
    let record = records(log).into_iter().find(|(start, length)| at < start + length);
    record.is_some_and(|(start, _)| {
        let encrypted = tls12 && log[start] == APPLICATION_DATA;
        (1..3).contains(&(at - start)) && !encrypted
    })
}
