//! The names of extensions, and a sentence about each.

mod common;
mod rare;

use self::common::COMMON;
use self::rare::RARE;
use super::{is_grease, pair};
use crate::explain::field_reader::Meaning;

/// An extension in the tables.
#[derive(Debug)]
pub(in crate::explain) struct Extension {
    pub(in crate::explain) number: u16,
    pub(in crate::explain) name: &'static str,
    pub(in crate::explain) says: &'static str,
    pub(in crate::explain) rfc: &'static str,
}

const fn extension(number: u16, name: &'static str, rfc: &'static str, says: &'static str) -> Extension {
    Extension { number, name, says, rfc }
}

/// An unknown extension.
const UNKNOWN: Extension = extension(
    0,
    "unknown extension",
    "RFC 8446, 4.2",
    "An extension without a registered name. A receiver that does not know it ignores it.",
);

/// A GREASE extension.
const GREASE: Extension = extension(
    0,
    "GREASE",
    "RFC 8701, 2",
    "A reserved extension without a meaning. Clients send some, to find servers that fail on unknown \
     extensions, before real new ones exist.",
);

/// Returns the extension with this number.
pub(in crate::explain) fn extension_of(number: u16) -> &'static Extension {
    match find(number) {
        Some(known) => known,
        None if is_grease(number) => &GREASE,
        None => &UNKNOWN,
    }
}

/// Explains only the number of an extension. The field of the whole extension has the sentence.
pub(in crate::explain) fn extension_type(number: u16) -> Meaning {
    pair(find(number).map(|known| known.name), number)
}

fn find(number: u16) -> Option<&'static Extension> {
    all().find(|known| known.number == number)
}

fn all() -> impl Iterator<Item = &'static Extension> {
    COMMON.iter().chain(RARE)
}

#[cfg(test)]
mod tests {
    use rustls::internal::msgs::enums::ExtensionType;

    use super::*;
    use crate::explain::names::tests::{same_words, unique};

    #[test]
    fn every_extension_is_listed_once_and_explained() {
        unique(all().map(|known| known.number));
        unique(all().map(|known| known.name));
        assert!(all().all(|known| known.says.ends_with('.') && !known.rfc.is_empty()));
        assert!((0..=62).all(|number| extension_of(number).name != UNKNOWN.name));
        assert_eq!((extension_of(0x5a5a).name, extension_of(63).name), ("GREASE", "unknown extension"));
    }

    /// rustls keeps old names where IANA has changed them.
    #[test]
    fn names_of_rustls_are_the_same() {
        let renamed = [
            (9, "CertificateType"),
            (10, "EllipticCurves"),
            (16, "ALProtocolNegotiation"),
            (18, "SCT"),
            (46, "TicketEarlyDataInfo"),
            (57, "TransportParameters"),
            (30031, "ChannelId"),
            (64768, "EncryptedClientHelloOuterExtensions"),
            (65445, "TransportParametersDraft"),
        ];
        for number in 0..=u16::MAX {
            let Some(known) = ExtensionType::from(number).as_str() else { continue };
            let ours = extension_of(number).name;
            assert!(renamed.contains(&(number, known)) || same_words(ours, known), "{known}: {ours}");
            assert_ne!(ours, UNKNOWN.name, "{known}");
        }
    }
}
