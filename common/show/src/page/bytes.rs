//! Draws the inside of an arrow: the bytes of its record, with a colour and an explanation for each field.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, html};
use rustls::Side;
use tls_session::escaped::Escaped;

use super::blocks::{Block, blocks};
use super::glance::capital;
use super::names;
use super::numbers::{bytes, count};
use super::rows::Drawn;
use decode::explain::{Field, Mark, Marks, link};
use decode::{Content, Protection, Record};

/// The most bytes that one block shows.
const SHOWN: usize = 4096;
/// The most fields that a page explains. A peer may send thousands in one record.
const FIELDS: usize = 8000;
/// The bytes of a row.
const ROW: usize = 8;
/// The bytes of a column, which has rows of [`ROW`] bytes. Columns stand side by side if they have room. All rows of a column
/// are one text, because a browser opens a page with few elements sooner.
const COLUMN: usize = 16 * ROW;
/// The anchor of the field with the reason of a failure.
pub(super) const REASON: &str = "reason";
/// The number of tints in the style sheet.
const TINTS: usize = 6;
/// The records of application data of each end whose fields are explained. Later ones have the same fields.
const EXPLAINED: usize = 4;

/// What the keys chapter says about a record.
#[derive(Debug, Default)]
pub(super) struct AboutKey {
    /// Which key protects it.
    pub(super) protection: Option<Markup>,
    /// The command that decrypts it.
    pub(super) decryption: Option<Markup>,
}

/// Draws bytes. It gives each field of the page a number, which links the field and its bytes.
#[derive(Debug, Default)]
pub(super) struct Painter {
    marks: Marks,
    fields: usize,
    leaves: usize,
    /// The places of the first records of application data, for the client and for the server.
    data: [Vec<u64>; 2],
    /// The field with the reason of a failure is drawn. It has an anchor.
    has_reason: bool,
}

/// A field and its number. The fields inside have the next numbers, up to `last`.
struct Numbered<'a> {
    field: &'a Field,
    number: usize,
    last: usize,
    /// Only fields without fields inside have a tint.
    tint: Option<usize>,
    /// It has the anchor of the reason.
    is_reason: bool,
    inside: Vec<Numbered<'a>>,
}

impl Painter {
    /// Makes a painter that marks fields of messages with these marks.
    pub(super) fn new(marks: Marks) -> Self {
        Self { marks, ..Self::default() }
    }

    /// Returns whether a link to [`REASON`] leads to a field with the reason of a failure.
    pub(super) fn has_reason(&self) -> bool {
        self.has_reason
    }

    /// Draws everything inside the arrow of a record.
    pub(super) fn record(&mut self, drawn: &Drawn, key: &AboutKey) -> Markup {
        let mut blocks = blocks(drawn, &self.marks);
        let explained_in = self.explained_in(drawn);
        if explained_in.is_some() {
            blocks.iter_mut().for_each(|block| block.fields.iter_mut().for_each(unexplain));
        }
        let blocks: Vec<Markup> = blocks.iter().map(|block| self.block(block)).collect();
        html! {
            div.inside {
                p.about {
                    (about(drawn))
                    @if let Some(protection) = &key.protection { (protection) }
                    @if let Some(place) = explained_in {
                        " " a href={ "#record-" (place) } { "Record #" (place) } " explains the same fields."
                    }
                }
                div.blocks.two[blocks.len() > 1] { @for block in &blocks { (block) } }
                @if drawn.messages_left_out > 0 {
                    p.cut {
                        (count(drawn.messages_left_out as u64, "message"))
                        " of this record cannot be explained: too long, or too many."
                    }
                }
                @if drawn.record.left_out > 0 {
                    p.cut { (drawn.record.left_out) " more keys and proofs of this record are left out: too many." }
                }
                @if let Some(decryption) = &key.decryption { (decryption) }
                @if let Some((text, whole)) = readable(drawn) {
                    div.readable {
                        h3 { "As text" }
                        pre tabindex="0" { (Escaped::new(text).to_string()) @if text.len() < whole { "…" } }
                    }
                }
            }
        }
    }

    /// Returns the place of the record that explains the same fields, if this one does not explain its fields.
    fn explained_in(&mut self, drawn: &Drawn) -> Option<u64> {
        let Record { sender, content: Content::ApplicationData(_), .. } = drawn.record else { return None };
        let explained = &mut self.data[usize::from(sender == Side::Server)];
        if explained.len() < EXPLAINED {
            explained.push(drawn.place);
            return None;
        }
        explained.first().copied()
    }

    fn block(&mut self, block: &Block<'_>) -> Markup {
        let shown = block.bytes.get(..SHOWN).unwrap_or(&block.bytes);
        let left_out = block.whole.saturating_sub(shown.len());
        let before = self.fields;
        let numbered = self.number(&block.fields);
        let cut = self.fields >= FIELDS && before < FIELDS;
        html! {
            section.block {
                (copy("Copy hex"))
                h3 { (block.title) " " small { (bytes(block.whole)) } }
                div.pane {
                    div.hex role="group" aria-label="Bytes in hexadecimal" tabindex="0" { (hex(shown, &numbered)) }
                    @if !numbered.is_empty() { (list(&numbered)) }
                }
                @if left_out > 0 { p.cut { "… and " (bytes(left_out)) " more that this page does not hold." } }
                @for certificate in certificates(&block.bytes, &numbered) { (pem(certificate)) }
                @if cut { p.cut { "The fields that follow are not explained: this page has too many." } }
            }
        }
    }

    fn number<'f>(&mut self, fields: &'f [Field]) -> Vec<Numbered<'f>> {
        let mut numbered = Vec::new();
        for field in fields {
            if self.fields >= FIELDS {
                break;
            }
            let number = self.fields;
            self.fields += 1;
            let inside = self.number(&field.fields);
            let tint = inside.is_empty().then(|| {
                self.leaves += 1;
                self.leaves % TINTS
            });
            let is_reason = is_fault(field) && !std::mem::replace(&mut self.has_reason, true);
            numbered.push(Numbered { field, number, last: self.fields - 1, tint, is_reason, inside });
        }
        numbered
    }
}

/// Draws the button that copies the bytes, or the text, beside it.
pub(super) fn copy(label: &str) -> Markup {
    html! { button.copy type="button" { (label) } }
}

/// Returns the bytes of each certificate in DER. Its field begins with the length, which has three bytes.
fn certificates<'b>(bytes: &'b [u8], fields: &[Numbered<'_>]) -> Vec<&'b [u8]> {
    let mut found = Vec::new();
    for Numbered { field, inside, .. } in fields {
        match &*field.name {
            "cert_data" | "ASN.1Cert" => found.extend(bytes.get(field.range.start + 3..field.range.end)),
            _ => found.extend(certificates(bytes, inside)),
        }
    }
    found
}

/// Draws a certificate as PEM (RFC 7468, 5.1).
fn pem(der: &[u8]) -> Markup {
    let base64: Vec<char> = BASE64_STANDARD.encode(der).chars().collect();
    html! {
        div.pem {
            (copy("Copy PEM"))
            h3 { "Certificate as PEM" }
            pre tabindex="0" {
                "-----BEGIN CERTIFICATE-----\n"
                @for line in base64.chunks(64) { (line.iter().collect::<String>()) "\n" }
                "-----END CERTIFICATE-----\n"
            }
        }
    }
}

fn about(drawn: &Drawn) -> Markup {
    let Record { sender, number, protection, content, .. } = &drawn.record;
    if *content == Content::NotTls {
        return html! {
            "The " (decode::side_name(*sender)) " sent bytes that are not a TLS record. No later bytes can be one, either."
        };
    }
    let which = format!(
        "record {} of the {}, number {} of the session",
        number + 1,
        decode::side_name(*sender),
        drawn.place
    );
    if *content == Content::Incomplete {
        return html! {
            "The beginning of " (which) ": " (bytes(drawn.wire))
            " arrived. The session ended before the rest arrived."
        };
    }
    html! {
        (capital(&which)) ", " (bytes(drawn.wire)) " on the wire. "
        @match protection {
            Protection::Clear => "It crossed the wire in clear text: any observer on the way can read it.",
            Protection::Opened { padding: 0, .. } => "It crossed the wire encrypted, and was decrypted here.",
            Protection::Opened { padding, .. } => {
                "It crossed the wire encrypted, with " (bytes(*padding)) " of padding, and was decrypted here."
            }
            Protection::Sealed(why) => (names::why_sealed(*why)),
        }
    }
}

/// Returns the bytes that may be readable text, and their full length.
pub(super) fn readable(drawn: &Drawn) -> Option<(&[u8], usize)> {
    match drawn.record.content {
        Content::ApplicationData(1..) => Some((drawn.record.payload(), drawn.payload)),
        Content::NotTls => Some((&drawn.record.wire, drawn.wire)),
        _ => None,
    }
}

/// The number and the tint of the innermost field around a byte.
type Owner = Option<(usize, Option<usize>)>;

fn hex(shown: &[u8], fields: &[Numbered<'_>]) -> Markup {
    let mut owners: Vec<Owner> = vec![None; shown.len()];
    own(&mut owners, fields);
    html! {
        @for (column, (bytes, owners)) in shown.chunks(COLUMN).zip(owners.chunks(COLUMN)).enumerate() {
            div {
                i aria-hidden="true" { (rows(bytes, |row, _| format!("{:04x}", column * COLUMN + row * ROW))) }
                code {
                    @for (at, owner, run) in runs(bytes, owners) {
                        @if at > 0 { (between(at)) }
                        (span(owner, at, run))
                    }
                }
                samp { (rows(bytes, |_, row| text(row))) }
            }
        }
    }
}

/// Returns a line for each row.
fn rows(bytes: &[u8], line: impl Fn(usize, &[u8]) -> String) -> String {
    let lines: Vec<String> = bytes.chunks(ROW).enumerate().map(|(row, bytes)| line(row, bytes)).collect();
    lines.join("\n")
}

/// Returns the character before the byte at this place of a column.
fn between(at: usize) -> char {
    if at.is_multiple_of(ROW) { '\n' } else { ' ' }
}

fn own(owners: &mut [Owner], fields: &[Numbered<'_>]) {
    for Numbered { field, number, tint, inside, .. } in fields {
        let range = field.range.start.min(owners.len())..field.range.end.min(owners.len());
        if let Some(owned) = owners.get_mut(range) {
            owned.fill(Some((*number, *tint)));
        }
        own(owners, inside);
    }
}

/// Splits bytes into runs with the same owner. Each run has its place.
fn runs<'a>(bytes: &'a [u8], owners: &'a [Owner]) -> impl Iterator<Item = (usize, Owner, &'a [u8])> {
    let mut at = 0;
    owners.chunk_by(|one, other| one == other).filter_map(move |run| {
        let start = at;
        at += run.len();
        Some((start, *run.first()?, bytes.get(start..at)?))
    })
}

/// Draws the run at this place of a column. It may have several rows.
fn span(owner: Owner, at: usize, run: &[u8]) -> Markup {
    let digits = run.iter().enumerate().map(|(index, byte)| match index {
        0 => format!("{byte:02x}"),
        _ => format!("{}{byte:02x}", between(at + index)),
    });
    let digits: String = digits.collect();
    let (number, tint) = (owner.map(|(number, _)| number), owner.and_then(|(_, tint)| tint));
    html! { b data-f=[number] data-tint=[tint] { (digits) } }
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| if matches!(byte, b' '..=b'~') { char::from(byte) } else { '·' }).collect()
}

/// Draws the name of a section as a link to it.
pub(super) fn reference(section: &str) -> Markup {
    html! {
        @match link(section) {
            Some(address) => a href=(address) rel="noreferrer" { (section) },
            None => (section),
        }
    }
}

fn marked(mark: Mark) -> Markup {
    html! {
        @match mark {
            Mark::ChosenBy(side) => strong.chosen { "✓ chosen by the " (decode::side_name(side)) },
            Mark::Fault => strong.why { "✖ this is why the certificate was refused" },
            Mark::Refused => strong.why { "✖ the other end refused this certificate" },
            Mark::WrongSignature => strong.why { "✖ the other end found this signature wrong" },
        }
    }
}

/// Removes the sentence and the reference of a field, and those of the fields inside.
fn unexplain(field: &mut Field) {
    (field.says, field.rfc) = (Cow::Borrowed(""), "");
    field.fields.iter_mut().for_each(unexplain);
}

fn is_fault(field: &Field) -> bool {
    matches!(field.mark, Some(Mark::Fault | Mark::Refused | Mark::WrongSignature))
}

// ---- fields ------------------------------------------------------------------------------------------------

fn list(fields: &[Numbered<'_>]) -> Markup {
    html! {
        ul.fields {
            @for Numbered { field, number, last, tint, is_reason, inside } in fields {
                li {
                    div.field.fault[is_fault(field)] id=[is_reason.then_some(REASON)]
                        tabindex="0" data-f=(number) data-last=[(last > number).then_some(last)] {
                        span.name data-tint=[tint] { (field.name) }
                        @if !field.value.is_empty() { " " span.value { (field.value) } }
                        @if let Some(mark) = field.mark { " " (marked(mark)) }
                        " " small.where { (bytes(field.range.len())) @if !field.rfc.is_empty() { " · " (reference(field.rfc)) } }
                        @if !field.says.is_empty() { " " span.says { (field.says) } }
                    }
                    @if !inside.is_empty() { (list(inside)) }
                }
            }
        }
    }
}
