//! The names of extensions, and a sentence about each. The table is in `extensions.txt`.

use std::sync::LazyLock;

use super::pair;
use crate::explain::field_reader::Meaning;
use crate::is_grease;

/// An extension in the table.
#[derive(Debug)]
pub(in crate::explain) struct Extension {
    pub(in crate::explain) number: u16,
    pub(in crate::explain) name: &'static str,
    pub(in crate::explain) rfc: &'static str,
    pub(in crate::explain) says: &'static str,
}

static TABLE: LazyLock<Vec<Extension>> =
    LazyLock::new(|| include_str!("extensions.txt").lines().filter_map(parse).collect());

fn parse(line: &'static str) -> Option<Extension> {
    let mut cells = line.split(" | ");
    let number = cells.next()?.parse().ok()?;
    Some(Extension { number, name: cells.next()?, rfc: cells.next()?, says: cells.next()? })
}

/// An unknown extension.
const UNKNOWN: Extension = Extension {
    number: 0,
    name: "unknown extension",
    rfc: "RFC 8446, 4.2",
    says: "An extension without a registered name. A receiver that does not know it ignores it.",
};

/// A GREASE extension.
const GREASE: Extension = Extension {
    number: 0,
    name: "GREASE",
    rfc: "RFC 8701, 2",
    says: "A reserved extension without a meaning. Clients send some, to find servers that fail on unknown \
           extensions, before real new ones exist.",
};

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
    TABLE.iter().find(|known| known.number == number)
}

#[cfg(test)]
mod tests {
    use rustls::internal::msgs::enums::ExtensionType;

    use super::*;
    use crate::explain::names::tests::{same_words, unique};

    #[test]
    fn every_extension_is_listed_once_and_explained() {
        assert_eq!(
            TABLE.len(),
            include_str!("extensions.txt").lines().count() - 1,
            "all lines but the first"
        );
        unique(TABLE.iter().map(|known| known.number));
        unique(TABLE.iter().map(|known| known.name));
        assert!(TABLE.iter().all(|known| known.says.ends_with('.') && !known.rfc.is_empty()));
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
