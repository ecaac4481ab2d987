//! The sessions that are being served.

use std::time::Instant;

use common::registrar::Registrar;
use common::session::Session;
use mio::net::TcpStream;
use slab::Slab;

use crate::echo::Echo;

/// The places for sessions. There is one, unless the loop is built with more: the original serves one at a time.
pub struct Slots {
    slots: Slab<Slot>,
    places: usize,
}

/// A session that is served, and its registration with the poll.
pub struct Slot {
    /// The session.
    pub session: Session<TcpStream, Echo>,
    /// Its registration.
    pub registrar: Registrar,
    /// Whether it wants a turn without waiting for anything: it is new, something has happened, or its last turn
    /// ended before it was done.
    pub runnable: bool,
}

impl Slots {
    /// Empty slots.
    pub fn new(places: usize) -> Self {
        Self { slots: Slab::with_capacity(places), places }
    }

    /// Whether nobody is served.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The key of a free slot, if there is one.
    pub fn vacant_key(&self) -> Option<usize> {
        (self.slots.len() < self.places).then(|| self.slots.vacant_key())
    }

    /// Fills the slot that [`vacant_key`](Self::vacant_key) named.
    pub fn insert(&mut self, slot: Slot) {
        self.slots.insert(slot);
    }

    /// A slot by its key.
    pub fn get_mut(&mut self, key: usize) -> Option<&mut Slot> {
        self.slots.get_mut(key)
    }

    /// Frees a slot.
    pub fn remove(&mut self, key: usize) -> Option<Slot> {
        self.slots.try_remove(key)
    }

    /// All that are served.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().map(|(_, slot)| slot)
    }

    /// Whether one wants a turn now.
    pub fn any_runnable(&self) -> bool {
        self.slots.iter().any(|(_, slot)| slot.runnable)
    }

    /// The keys of those that want a turn, or whose deadline has passed.
    pub fn due(&self, now: Instant) -> Vec<usize> {
        let due = |slot: &Slot| slot.runnable || slot.session.earliest_deadline().is_some_and(|at| at <= now);
        self.slots.iter().filter(|(_, slot)| due(slot)).map(|(key, _)| key).collect()
    }

    /// The earliest deadline of them all.
    pub fn deadline(&self) -> Option<Instant> {
        self.slots.iter().filter_map(|(_, slot)| slot.session.earliest_deadline()).min()
    }
}
