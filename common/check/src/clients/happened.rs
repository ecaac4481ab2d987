//! The events of a case on all connections of the client.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::message::Mode;
use crate::case::Version;
use crate::wire::End;

/// The most connections of one client in one case.
const MOST: usize = 1000;

/// The events of a case on all connections.
#[derive(Default)]
pub struct Happened {
    /// Second handles of the connections that are served. A shutdown of them ends the waits of the servers.
    sockets: Mutex<Vec<Option<TcpStream>>>,
    /// Whether the client has ended.
    over: AtomicBool,
    /// How many connections are being served.
    serving: AtomicUsize,
    /// How servers were left, and other facts.
    facts: Mutex<Facts>,
}

/// Facts about the sessions of a case.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whether a server got to the point that the case is about.
    pub reached: bool,
    /// Whether the client has closed a session before that point.
    pub left_before: bool,
    /// The version of the last session.
    pub version: Option<Version>,
    /// How the client ended its last session, where the case has read up to that.
    pub end: Option<End>,
    /// Whether the server has ended its side of the last connection.
    pub closed: bool,
    /// The protocol of the client, if it was found out.
    pub mode: Option<Mode>,
    /// The body that the server has sent completely, and has closed with close_notify.
    pub complete: Option<usize>,
    /// Why the last server has stopped.
    pub error: Option<String>,
}

impl Happened {
    /// Adds a connection, and returns its number. `None` if there are too many, or the client has ended.
    pub fn add(&self, socket: &TcpStream) -> Option<usize> {
        let mut sockets = self.sockets();
        let copy = socket.try_clone().ok().filter(|_| sockets.len() < MOST && !self.over())?;
        sockets.push(Some(copy));
        self.serving.fetch_add(1, Ordering::SeqCst);
        Some(sockets.len() - 1)
    }

    /// Says that a connection is served no longer.
    pub fn served(&self, number: usize) {
        self.forget(number);
        self.serving.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether a connection is being served.
    pub fn serving(&self) -> bool {
        self.serving.load(Ordering::SeqCst) > 0
    }

    /// The number of connections.
    pub fn connections(&self) -> usize {
        self.sockets().len()
    }

    /// Says that the client has ended, and ends the waits of its servers. Bytes that have arrived can still be read.
    pub fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        for socket in self.sockets().iter().flatten() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether the client has ended.
    pub fn over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Drops our second handle of a connection, so that its server can close it.
    pub(super) fn forget(&self, number: usize) {
        if let Some(socket) = self.sockets().get_mut(number) {
            *socket = None;
        }
    }

    fn sockets(&self) -> MutexGuard<'_, Vec<Option<TcpStream>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The facts.
    pub fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
