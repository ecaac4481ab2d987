//! What TLS costs: the bytes on the wire that are not content.

use decode::{Content, HEADER, Protection, Record};
use maud::{Markup, html};
use rustls::Side;

use super::facts::Facts;
use super::numbers::{bytes, count, grouped};

/// The bytes of the records of one end, by their purpose. All bytes on the wire are counted once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overhead {
    encrypted: u64,
    /// Records that could not be decrypted.
    pub(super) sealed: u64,
    headers: u64,
    nonces: u64,
    types: u64,
    padding: u64,
    tags: u64,
    handshake: u64,
    data: u64,
    /// Alerts, ChangeCipherSpec, and records that could not be decrypted.
    others: u64,
    /// The overhead of the last encrypted record, without padding.
    each: Option<Each>,
}

/// The overhead of one encrypted record in bytes.
#[derive(Clone, Copy, Debug)]
struct Each {
    nonce: usize,
    kind: usize,
    tag: usize,
}

impl Overhead {
    pub(super) fn add(&mut self, record: &Record) {
        let header = if record.content == Content::NotTls { 0 } else { HEADER.min(record.wire.len()) };
        self.headers += header as u64;
        if let (Protection::Opened { padding, .. }, Some(sealing)) = (&record.protection, record.sealing) {
            let kind = usize::from(record.is_sealed_by_tls13());
            let each = Each { nonce: sealing.explicit_nonce, kind, tag: sealing.tag };
            self.encrypted += 1;
            self.nonces += each.nonce as u64;
            self.types += each.kind as u64;
            self.tags += each.tag as u64;
            self.padding += *padding as u64;
            self.each = Some(each);
        }
        self.sealed += u64::from(record.content == Content::Hidden);
        *match record.content {
            Content::Handshake(_) => &mut self.handshake,
            Content::ApplicationData(_) => &mut self.data,
            _ => &mut self.others,
        } += record.payload().len() as u64;
    }

    /// Returns the bytes that encryption and framing add.
    fn added(&self) -> u64 {
        self.headers + self.nonces + self.types + self.padding + self.tags
    }

    fn total(&self) -> u64 {
        self.added() + self.handshake + self.data + self.others
    }
}

/// One of the sums of an end.
type Sum = fn(&Overhead) -> u64;

/// Draws the sums of a session. There is nothing if no record crossed the wire.
pub(super) fn of(facts: &Facts) -> Markup {
    let ends = [Side::Client, Side::Server].map(|side| facts.of(side).overhead);
    let rows: [(&str, &str, Sum); 8] = [
        ("record headers", "type, version and length: 5 bytes of each record", |end| end.headers),
        ("nonces", "the part of the nonce that AES-GCM sends in TLS 1.2", |end| end.nonces),
        ("content types", "the real type, which TLS 1.3 encrypts with the content", |end| end.types),
        ("padding", "zeros that hide the length of the content", |end| end.padding),
        ("tags", "the checksums with which the receiver finds every change", |end| end.tags),
        ("handshake messages", "hellos, certificates, proofs and tickets", |end| end.handshake),
        ("other content", "alerts, ChangeCipherSpec, and content that could not be decrypted", |end| {
            end.others
        }),
        ("application data", "the bytes for which the session exists", |end| end.data),
    ];
    let total: u64 = ends.iter().map(Overhead::total).sum();
    html! {
        @if total > 0 {
            section #overhead aria-labelledby="overhead-title" {
                h2 #overhead-title { "What TLS costs" }
                p.lead { (sentence(&ends)) }
                table.costs {
                    thead { tr { th scope="col" { "bytes of" } th scope="col" { "client →" } th scope="col" { "← server" } } }
                    tbody {
                        @for (name, says, number) in rows {
                            @if ends.iter().any(|end| number(end) > 0) {
                                tr {
                                    th scope="row" { (name) " " small { (says) } }
                                    @for end in &ends { td { (grouped(number(end))) } }
                                }
                            }
                        }
                        tr.sum { th scope="row" { "all complete records" } @for end in &ends { td { (grouped(end.total())) } } }
                    }
                }
            }
        }
    }
}

fn sentence(ends: &[Overhead; 2]) -> Markup {
    let [encrypted, sealed] = [|end: &Overhead| end.encrypted, |end: &Overhead| end.sealed]
        .map(|of| ends.iter().map(of).sum::<u64>());
    let (added, data): (u64, u64) =
        ends.iter().fold((0, 0), |(added, data), end| (added + end.added(), data + end.data));
    let handshake: u64 = ends.iter().map(|end| end.handshake).sum();
    html! {
        @match ends.iter().find_map(|end| end.each) {
            Some(Each { nonce, kind, tag }) => {
                "Encryption makes a record longer by " (bytes(nonce + kind + tag)) ": "
                @if nonce > 0 { (nonce) " for the nonce, and " }
                @if kind > 0 { (kind) " for the real type, and " }
                (tag) " for the tag. Each record also has a header of " (bytes(HEADER)) ". This session has " (count(encrypted, "encrypted record")) ". "
            }
            None if sealed > 0 => "No record of this session was decrypted here. ",
            None => "No record of this session was encrypted. ",
        }
        @if sealed > 0 {
            "The content of " (count(sealed, "encrypted record")) " is not known. The other records carry "
        } @else { "Its records carry " }
        @if data > 0 || sealed == 0 { (grouped(data)) "\u{a0}B of application data and " }
        (grouped(handshake)) "\u{a0}B of handshake messages, and " (grouped(added))
        "\u{a0}B are around the content of all records."
        @if data > 0 {
            " The handshake has to be paid once. Long records make the rest cheap: the overhead of a record does not grow \
             with its content."
        }
    }
}
