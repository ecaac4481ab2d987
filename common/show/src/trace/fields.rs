//! The fields of records as text: what a page of `--illustrate` explains, for terminals and files.
//!
//! ```text
//! ◀ server record 6: {Alert: close_notify}, 24 B on the wire
//!      at  size  On the wire, encrypted, 24 B
//!       0     5  record header
//!       0     1    type: application_data (23) · RFC 8446, 5.1
//!       1     2    legacy_record_version: TLS 1.2 (0x0303) · RFC 8446, 5.1
//!       3     2    length: 19 bytes · RFC 8446, 5.1
//!       5     0  nonce: computed from the number 3 · RFC 8446, 5.3
//!       5     3  ciphertext · RFC 8446, 5.2
//!       8    16  tag: f3aba7251f3496c476291d515b782e00 · RFC 8446, 5.2
//!      at  size  Decrypted, 2 B
//!       0     1  level: warning (1) · RFC 8446, 6
//!                  Says whether the session continues. TLS 1.3 ignores it: the description decides.
//!       1     1  description: close_notify (0) · RFC 8446, 6
//!                  The sender has finished sending: the data before this alert is complete.
//! ```
//!
//! The first line of a record has its direction, its sender, its number, its content and its size. `at` counts the bytes
//! of a block from 0. `size` is a number of bytes. A field that is indented lies inside the field above it. Each sentence
//! is printed once for each session, where it first applies.

use std::borrow::Cow;
use std::collections::HashSet;

use anstyle::Style;
use decode::Record;
use decode::explain::{Field, MALFORMED};
use rustls::Side;

use super::contents;
use super::palette::{FAINT, NAME, WRONG, paint, style_of_sender};
use super::wrap::wrap;
use crate::page::{Explained, explained};

/// The most lines for the records of one call. A peer may send thousands of fields in one record.
const LINES: usize = 2000;
/// The width in columns, if no terminal decides it.
const WIDTH: usize = 100;
/// The widest and the narrowest text, whatever the terminal has.
const WIDEST: usize = 160;
const NARROWEST: usize = 40;
/// Columns of the offset and the size, in front of the names.
const NUMBERS: usize = "     at  size  ".len();
/// Columns for each level of fields inside fields.
const LEVEL: usize = 2;
/// A space at which no line is broken. Only an RFC and its section have it.
const KEEP: &str = "\u{a0}";
/// Deeper fields are not indented any further.
const DEEPEST: usize = 8;

/// Writes the fields of the records of one session as text.
///
/// It needs no session of ours: a program that reads captures can use it too. All text is escaped, and has no keys. The
/// number of lines of each call and the width of each line are bounded.
#[derive(Debug)]
pub struct Fields {
    local: Side,
    coloured: bool,
    /// Returns the width of the terminal, if there is one.
    pub(super) width: fn() -> Option<usize>,
    /// The sentences that were printed before.
    told: HashSet<&'static str>,
}

impl Fields {
    /// Makes the text of one session. Records that `local` sends have ▶, the others have ◀. Lines are broken at the
    /// number of columns that `width` returns; `None` stands for 100.
    pub fn new(local: Side, coloured: bool, width: fn() -> Option<usize>) -> Self {
        Self { local, coloured, width, told: HashSet::new() }
    }

    /// Begins another session: all sentences are printed again.
    pub fn begin_session(&mut self) {
        self.told.clear();
    }

    /// Returns the lines for these records, without newlines. If they are too many, a note counts the rest.
    pub fn lines(&mut self, records: &[Record]) -> Vec<String> {
        let columns = (self.width)().unwrap_or(WIDTH).clamp(NARROWEST, WIDEST);
        let mut text = Text { lines: Vec::new(), columns, coloured: self.coloured, left_out: 0 };
        for (index, record) in records.iter().enumerate() {
            if text.is_full() {
                text.note(&format!("… {} more records have no fields here", records.len() - index));
                break;
            }
            self.record(record, &mut text);
        }
        text.lines
    }

    fn record(&mut self, record: &Record, text: &mut Text) {
        let arrow = if record.sender == self.local { "▶" } else { "◀" };
        let sender = match record.sender {
            Side::Client => "client",
            Side::Server => "server",
        };
        let (number, content, size) = (record.number, contents::of_record(record), record.wire.len());
        let line = format!("{sender} record {number}: {content}, {size} B on the wire");
        let style = style_of_sender(record.sender).bold();
        text.push((style, arrow), 2, &[(style, &line)]);
        for Explained { title, length, fields } in explained(record) {
            text.push((FAINT, "     at  size"), NUMBERS, &[(Style::new(), &format!("{title}, {length} B"))]);
            self.fields(&fields, 0, text);
        }
        if text.left_out > 0 {
            let left_out = std::mem::take(&mut text.left_out);
            text.note(&format!("… {left_out} more fields of this record are not shown"));
        }
    }

    fn fields(&mut self, fields: &[Field], depth: usize, text: &mut Text) {
        for field in fields {
            if text.is_full() {
                text.left_out += 1;
            } else {
                self.field(field, depth, text);
            }
            self.fields(&field.fields, depth + 1, text);
        }
    }

    fn field(&mut self, field: &Field, depth: usize, text: &mut Text) {
        let Field { range, name, value, says, rfc, .. } = field;
        let indent = NUMBERS + LEVEL * depth.min(DEEPEST);
        let numbers = format!("{:>7} {:>5}", range.start, range.len());
        let style = if name == MALFORMED { WRONG } else { NAME };
        let value = if value.is_empty() { String::new() } else { format!(": {value}") };
        let rfc = if rfc.is_empty() { String::new() } else { format!(" ·{KEEP}{}", rfc.replace(' ', KEEP)) };
        text.push((FAINT, &numbers), indent, &[(style, name), (Style::new(), &value), (FAINT, &rfc)]);
        let is_new = match says {
            Cow::Borrowed(sentence) => !sentence.is_empty() && self.told.insert(sentence),
            Cow::Owned(sentence) => !sentence.is_empty(),
        };
        if is_new {
            text.push((FAINT, ""), indent + LEVEL, &[(FAINT, says)]);
        }
    }
}

/// The lines so far.
struct Text {
    lines: Vec<String>,
    columns: usize,
    coloured: bool,
    /// The number of fields that have no line.
    left_out: usize,
}

impl Text {
    fn is_full(&self) -> bool {
        self.lines.len() >= LINES
    }

    fn note(&mut self, words: &str) {
        self.push((FAINT, ""), NUMBERS, &[(Style::new(), words)]);
    }

    /// Adds text in several styles, broken into lines that begin at the column `indent`. `before` is in front of the
    /// first line, in its own style.
    fn push(&mut self, (style, before): (Style, &str), indent: usize, parts: &[(Style, &str)]) {
        let whole: String = parts.iter().map(|(_, part)| *part).collect();
        let room = self.columns.saturating_sub(indent).max(NARROWEST / 2);
        let mut styles = parts.iter().flat_map(|(style, part)| part.chars().map(|_| *style));
        let mut at = 0;
        for (index, piece) in wrap(&whole, room, room).into_iter().enumerate() {
            let mut line = String::new();
            let before = if index == 0 { before } else { "" };
            paint(&mut line, self.coloured, style, &format!("{before:<indent$}"));
            // `wrap` has removed the spaces between the pieces.
            let start = whole.get(at..).and_then(|rest| rest.find(piece)).map_or(at, |skipped| at + skipped);
            let skipped = whole.get(at..start).map_or(0, |spaces| spaces.chars().count());
            at = start + piece.len();
            let letters: Vec<(char, Style)> = piece.chars().zip(styles.by_ref().skip(skipped)).collect();
            for run in letters.chunk_by(|(_, one), (_, next)| one == next) {
                let Some((_, style)) = run.first() else { continue };
                let run: String = run.iter().map(|(letter, _)| letter).collect();
                paint(&mut line, self.coloured, *style, &run);
            }
            self.lines.push(line.trim_end().replace(KEEP, " "));
        }
    }
}
