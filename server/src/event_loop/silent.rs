//! Clients that hold a slot and have sent nothing: they begin a session with their first byte, or lose the slot.

use std::time::Instant;

use program::observer::{EventSource, LoopContext, LoopEvent, SkipReason};
use tls_session::mio::Registration;
use tls_session::readiness::{Interest, Readiness};

use super::EventLoop;
use crate::accept_queue::{PASS_INTERVAL, Peeked, QueuedClient};
use crate::service::Service;
use crate::slots::Silent;
use crate::tokens::Source;

impl<S: Service> EventLoop<S> {
    /// Returns when the first silent client in a slot has to be closed or replaced.
    pub(super) fn deadline_of_silent(&self) -> Option<Instant> {
        let (_, silent) = self.slots.first_silent()?;
        [self.silence_deadline(silent), self.replacement_deadline(silent)].into_iter().flatten().min()
    }

    /// Returns when a client that holds a slot has been silent for too long.
    fn silence_deadline(&self, silent: &Silent) -> Option<Instant> {
        silent.client.since.checked_add(self.handshake_timeout()?)
    }

    /// Returns when to search the queue for a client with data that can replace this silent client.
    fn replacement_deadline(&self, silent: &Silent) -> Option<Instant> {
        let end = silent.held_since + PASS_INTERVAL;
        (self.queue.len() > 0).then(|| self.queue.next_pass().map_or(end, |at| at.max(end)))
    }

    /// Handles the silent clients that the poll has reported. Begins a session, or frees the slot if the client has
    /// closed.
    pub(super) fn begin_reported_sessions(&mut self, cx: &mut LoopContext<'_>) {
        for (key, readiness) in self.slots.take_reported() {
            let Some(silent) = self.slots.silent(key) else { continue };
            // A readable socket without a FIN holds data. With a FIN, only a peek can tell.
            let peeked = if readiness.is_read_closed() { silent.client.peek() } else { Peeked::Data };
            if !matches!(peeked, Peeked::Silent) {
                self.end_silence(key, peeked, readiness, cx);
            }
        }
    }

    /// Closes the connections of clients that hold a slot and have been silent for longer than the handshake timeout.
    pub(super) fn close_silent(&mut self, cx: &mut LoopContext<'_>) {
        while let Some((key, silent)) = self.slots.first_silent()
            && self.silence_deadline(silent).is_some_and(|at| at <= cx.now)
        {
            let peeked = silent.client.peek(); // the loop may be late, and data may have arrived
            self.end_silence(key, peeked, Readiness::all(), cx);
        }
    }

    /// Begins the session of a silent client in a slot, or frees the slot, by the result of a peek at the client.
    fn end_silence(&mut self, key: usize, peeked: Peeked, readiness: Readiness, cx: &mut LoopContext<'_>) {
        let Some(Silent { client, registration, .. }) = self.slots.remove_silent(key) else { return };
        match peeked {
            Peeked::Data => self.begin(key, client, registration, readiness, cx),
            Peeked::Failed(error) => self.queue.skip(&client, SkipReason::Error(&error), cx),
            Peeked::Fin => self.queue.skip(&client, SkipReason::Fin, cx),
            Peeked::Silent => {
                self.queue.skip(&client, SkipReason::Silent(cx.now - client.since), cx);
                client.close();
            }
        }
    }

    /// Gives a free slot to a silent client. The poll will report its first byte.
    pub(super) fn hold_slot(
        &mut self,
        slot: usize,
        mut client: QueuedClient,
        mut registration: Registration,
        cx: &mut LoopContext<'_>,
    ) {
        let wanted = Interest::READABLE;
        if let Err(error) = registration.apply(self.poll.registry(), &mut client.socket, wanted) {
            return self.queue.skip(&client, SkipReason::Error(&error), cx);
        }
        let peer = client.peer;
        cx.event_loop(&LoopEvent::SlotHeld { peer, slot, waiting: self.queue.len() });
        cx.event_loop(&LoopEvent::InterestChanged(EventSource::Queued(peer), wanted));
        self.slots.insert_silent(Silent { client, registration, held_since: cx.now });
    }

    /// Takes slots from silent clients, and gives them to queued clients with data. A silent client keeps its slot
    /// for at least [`PASS_INTERVAL`], because its first byte may be on its way.
    pub(super) fn replace_silent(&mut self, cx: &mut LoopContext<'_>) {
        if self.queue.next_pass().is_some_and(|at| at > cx.now) {
            return;
        }
        while let Some((key, silent)) = self.slots.first_silent()
            && silent.held_since + PASS_INTERVAL <= cx.now
        {
            let Some(next) = self.queue.next_with_data(cx) else { return };
            let Some(Silent { mut client, mut registration, .. }) = self.slots.remove_silent(key) else {
                return;
            };
            let peer = client.peer;
            match registration.apply(self.poll.registry(), &mut client.socket, Interest::NONE) {
                Ok(_) => self.queue.put_back(client),
                Err(error) => self.queue.skip(&client, SkipReason::Error(&error), cx),
            }
            cx.event_loop(&LoopEvent::SlotGivenUp { peer, slot: key, waiting: self.queue.len() });
            let registration = Registration::new(Source::Slot(key).into());
            self.begin(key, next, registration, Readiness::all(), cx);
        }
    }
}
