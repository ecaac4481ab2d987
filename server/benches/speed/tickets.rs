//! The tickets of the clients.
//!
//! A rustls server sends two tickets in each session, full or resumed, and accepts each ticket once. Node (OpenSSL)
//! sends two in a full session and none in a resumed one. The clients collect tickets before the measurement, so that
//! every measured session can be resumed. They use the newest ticket first, because a rustls server with its default
//! store remembers only the last 256.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

/// The tickets of one server. No session uses them before [`open`](Self::open).
#[derive(Debug, Default)]
pub struct Tickets {
    stock: Mutex<Vec<Tls13ClientSessionValue>>,
    open: AtomicBool,
}

impl Tickets {
    /// Lets sessions resume from now on.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None // there is one group
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner).push(ticket);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let open = self.open.load(Ordering::Relaxed);
        open.then(|| self.stock.lock().unwrap_or_else(PoisonError::into_inner).pop()).flatten()
    }
}
