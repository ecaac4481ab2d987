//! Properties of the explanation of arbitrary bytes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod tree;
}

use check::wire::hello::handshake;
use decode::explain::{self, Field};
use decode::{Alert, Content, Protection, Record, Sealed};
use proptest::collection::vec;
use proptest::prelude::*;
use rustls::{AlertDescription, ContentType, ProtocolVersion, Side};
use support::tree::{
    PLACES, are_nested, are_readable, cover, known_messages, message, message_with, with_length,
};

/// Asserts that the fields are in order and cover all bytes.
fn hold(fields: &[Field], length: usize) {
    are_nested(fields, &(0..length));
    cover(fields, length);
    are_readable(fields);
}

fn explained_in_any_version(bytes: &[u8]) {
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3, ProtocolVersion::Unknown(7)] {
        hold(&explain::message(&message(bytes.to_vec(), version)), bytes.len());
    }
}

/// Generates message types. Most have an explained body.
fn kind() -> impl Strategy<Value = u8> {
    prop_oneof![0u8..=26, any::<u8>()]
}

/// Generates extension types, mostly known ones.
fn extension() -> impl Strategy<Value = u16> {
    let known = prop::sample::select(vec![13172u16, 17513, 64768, 65037, 65281]);
    prop_oneof![8 => 0u16..64, 2 => known, 1 => any::<u16>()]
}

/// Generates bytes, many of them small: these are lengths that often fit.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![3 => 0u8..8, 1 => any::<u8>()], 0..200)
}

proptest! {
    #[test]
    fn any_message_is_explained(kind in kind(), body in bytes(), cut in 0usize..8, claim in any::<bool>()) {
        let mut bytes = handshake(kind, &body).unwrap();
        bytes.truncate(if claim { bytes.len() } else { bytes.len().saturating_sub(cut) });
        explained_in_any_version(&bytes);
    }

    #[test]
    fn any_extension_of_any_message_is_explained(
        number in extension(), content in bytes(), more in bytes()
    ) {
        let extension = [&number.to_be_bytes()[..], &with_length(2, &content)].concat();
        for place in PLACES {
            explained_in_any_version(&message_with(place, &[&extension[..], &more].concat()));
        }
    }

    #[test]
    fn changed_messages_are_explained(
        which in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let known = known_messages();
        let mut bytes = known[which.index(known.len())].1.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        explained_in_any_version(&bytes);
    }

    #[test]
    fn any_record_is_explained(wire in vec(any::<u8>(), 0..80), plaintext in prop::option::of(bytes()), kind in 0..8, version in 0..3_usize) {
        let content = match kind {
            0 => Content::Handshake(Vec::new()),
            1 => Content::Alert(Alert {
                level: 1,
                description: AlertDescription::CloseNotify,
                unauthenticated: false,
            }),
            2 => Content::ChangeCipherSpec,
            3 => Content::ApplicationData(3),
            4 => Content::Other(ContentType::Heartbeat),
            5 => Content::Hidden,
            6 => Content::Incomplete,
            _ => Content::NotTls,
        };
        let protection = match plaintext {
            Some(plaintext) => Protection::Opened { plaintext, padding: 0 },
            None if kind == 5 => Protection::Sealed(Sealed::NoSecret),
            None => Protection::Clear,
        };
        let version = [None, Some(ProtocolVersion::TLSv1_2), Some(ProtocolVersion::TLSv1_3)][version];
        let (key, derivations, checks) = (None, Vec::new(), Vec::new());
        let record = Record {
            sender: Side::Client,
            number: 0,
            version,
            wire,
            sealing: None,
            protection,
            content,
            key,
            derivations,
            checks,
            left_out: 0,
        };
        if !matches!(record.content, Content::NotTls | Content::Incomplete) {
            hold(&explain::header(&record), record.wire.len().min(5));
        }
        if kind != 0 {
            hold(&explain::content(&record), record.payload().len());
        }
    }
}
