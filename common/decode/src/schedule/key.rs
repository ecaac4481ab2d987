//! The names of the secrets and keys of a session.

use std::borrow::Cow;
use std::cmp::Ordering;

use rustls::Side;

use crate::side_name;

/// The name of a secret or a key of one session. It contains no key material.
///
/// A renegotiation of TLS 1.2 uses the same names for new keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Key {
    /// The result of the key exchange in TLS 1.3: (EC)DHE, ML-KEM, or both (RFC 8446, 7.4).
    SharedSecret,
    /// The PSK of an earlier session, which this session resumes (RFC 8446, 4.2.11). An external PSK looks the same in
    /// ClientHello, but its binder_key has the label "ext binder". The decoder takes each PSK for one of an earlier session.
    Psk,
    /// Early Secret (RFC 8446, 7.1).
    EarlySecret,
    /// binder_key (RFC 8446, 7.1).
    BinderKey,
    /// finished_key of the binder: it is derived from binder_key (RFC 8446, 4.2.11.2).
    BinderFinishedKey,
    /// client_early_traffic_secret (RFC 8446, 7.1).
    EarlyTraffic,
    /// Handshake Secret (RFC 8446, 7.1).
    HandshakeSecret,
    /// client_handshake_traffic_secret or server_handshake_traffic_secret (RFC 8446, 7.1).
    HandshakeTraffic(Side),
    /// finished_key of one end (RFC 8446, 4.4.4).
    FinishedKey(Side),
    /// Master Secret (RFC 8446, 7.1).
    MasterSecret,
    /// client_application_traffic_secret_N or server_application_traffic_secret_N. The first has N = 0. Each KeyUpdate of
    /// this end makes the next one (RFC 8446, 7.2).
    ApplicationTraffic(Side, u32),
    /// exporter_master_secret (RFC 8446, 7.5).
    ExporterMaster,
    /// resumption_master_secret (RFC 8446, 7.1).
    ResumptionMaster,
    /// The PSK of a NewSessionTicket, by its number in this session, from 0 (RFC 8446, 4.6.1).
    TicketPsk(u32),
    /// pre_master_secret of TLS 1.2 (RFC 5246, 8.1).
    Premaster,
    /// master_secret of TLS 1.2 (RFC 5246, 8.1; RFC 7627, 4).
    Master,
    /// key_block of TLS 1.2 (RFC 5246, 6.3).
    KeyBlock,
    /// The AEAD key and the IV that protect the records of one end (RFC 8446, 7.3; RFC 5246, 6.3).
    Record(Side, Epoch),
}

/// The time in which one end uses the same key for its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// Early data of TLS 1.3 (RFC 8446, 2.3).
    Early,
    /// The handshake of TLS 1.3, after ServerHello.
    Handshake,
    /// TLS 1.3 after Finished. The number is that of the traffic secret.
    Application(u32),
    /// TLS 1.2 after ChangeCipherSpec.
    Tls12,
}

impl Key {
    /// Returns its name in the RFCs.
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::SharedSecret => "shared secret",
            Self::Psk => "PSK",
            Self::EarlySecret => "Early Secret",
            Self::BinderKey => "binder_key",
            Self::BinderFinishedKey => "finished_key of the binder",
            Self::EarlyTraffic => "client_early_traffic_secret",
            Self::HandshakeSecret => "Handshake Secret",
            Self::HandshakeTraffic(side) => {
                return format!("{}_handshake_traffic_secret", side_name(side)).into();
            }
            Self::FinishedKey(side) => return format!("finished_key of the {}", side_name(side)).into(),
            Self::MasterSecret => "Master Secret",
            Self::ApplicationTraffic(side, number) => {
                return format!("{}_application_traffic_secret_{number}", side_name(side)).into();
            }
            Self::ExporterMaster => "exporter_master_secret",
            Self::ResumptionMaster => "resumption_master_secret",
            Self::TicketPsk(number) => return format!("PSK of ticket {}", u64::from(number) + 1).into(),
            Self::Premaster => "pre_master_secret",
            Self::Master => "master_secret",
            Self::KeyBlock => "key_block",
            Self::Record(side, epoch) => {
                let end = side_name(side);
                return match epoch {
                    Epoch::Early => format!("{end}_write_key for early data"),
                    Epoch::Handshake => format!("{end}_write_key of the handshake"),
                    Epoch::Application(number) => format!("{end}_write_key {number}"),
                    Epoch::Tls12 => format!("{end}_write_key"),
                }
                .into();
            }
        })
    }
}

// `Side` of rustls has only `PartialEq`, so `Key` cannot derive these.
impl Eq for Key {}

/// Compares the names. No two keys have the same name.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(&other.name())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
