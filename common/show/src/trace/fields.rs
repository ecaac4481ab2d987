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
use std::collections::{HashMap, HashSet};

use anstyle::Style;
use decode::Record;
use decode::explain::{Field, MALFORMED};
use rustls::Side;
use tls_session::bytes::Count;
use tls_session::observer::{SessionId, Step};

use super::contents;
use super::palette::{FAINT, NAME, WRONG, paint, style_of_sender};
use super::wrap::{Width, wrap};
use crate::page::{Explained, explained};
use crate::sink::Carried;

/// The most lines for the records of one call, with the note. A peer may send thousands of fields in one record.
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
/// The note has room for two numbers of this size.
const LARGEST_COUNT: usize = 9_999_999;

/// The fields of all open sessions.
#[derive(Debug)]
pub(super) struct OpenSessions {
    local: Side,
    coloured: bool,
    /// Each session remembers which sentences it has printed. A session that has completed no record is not in here.
    open: HashMap<u64, Fields>,
}

impl OpenSessions {
    pub(super) fn new(local: Side, coloured: bool) -> Self {
        Self { local, coloured, open: HashMap::new() }
    }

    /// Returns the lines for the records of a step. Most steps have none.
    pub(super) fn lines(
        &mut self,
        id: SessionId,
        step: &Step<'_>,
        carried: &Carried,
        width: &Width,
    ) -> Vec<String> {
        let Carried { records, incomplete, .. } = carried;
        let mut lines = Vec::new();
        if !records.is_empty() || !incomplete.is_empty() {
            let (local, coloured) = (self.local, self.coloured);
            let fields = self.open.entry(id.number).or_insert_with(|| Fields::new(local, coloured));
            lines = fields.lines(records.iter().chain(incomplete), **width);
        }
        if let Step::Closed { .. } = step {
            self.open.remove(&id.number);
        }
        lines
    }
}

/// Writes the fields of the records of one session as text.
///
/// It needs no session of ours: a program that reads captures can use it too. All text is escaped, and has no keys. The
/// number of lines of each call and the width of each line are bounded.
#[derive(Debug)]
pub struct Fields {
    local: Side,
    coloured: bool,
    /// The sentences that were printed before.
    told: HashSet<&'static str>,
}

impl Fields {
    /// Makes the text of one session. Records that `local` sends have ▶, the others have ◀.
    pub fn new(local: Side, coloured: bool) -> Self {
        Self { local, coloured, told: HashSet::new() }
    }

    /// Returns the lines for these records, without newlines. They are at most 2,000. If that is too few, the last of them
    /// are a note, which counts the fields and the records that have no lines. Lines are broken at `width` columns; `None`
    /// stands for 100.
    pub fn lines<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record>,
        width: Option<usize>,
    ) -> Vec<String> {
        let mut text = Text::new(width, self.coloured);
        for record in records {
            self.record(record, &mut text);
        }
        text.finish()
    }

    fn record(&mut self, record: &Record, text: &mut Text) {
        if text.is_full {
            text.records_left_out += 1;
            return;
        }
        let arrow = if record.sender == self.local { "▶" } else { "◀" };
        let sender = decode::side_name(record.sender);
        let (number, content, size) = (record.number, contents::of_record(record), record.wire.len());
        let line = format!("{sender} record {number}: {content}, {size} B on the wire");
        let style = style_of_sender(record.sender).bold();
        if !text.push((style, arrow), 2, &[(style, &line)]) {
            text.records_left_out += 1;
            return;
        }
        for Explained { title, length, fields } in explained(record) {
            text.push((FAINT, "     at  size"), NUMBERS, &[(Style::new(), &format!("{title}, {length} B"))]);
            self.fields(&fields, 0, text);
        }
    }

    fn fields(&mut self, fields: &[Field], depth: usize, text: &mut Text) {
        for field in fields {
            if !self.field(field, depth, text) {
                text.fields_left_out += 1;
            }
            self.fields(&field.fields, depth + 1, text);
        }
    }

    /// Adds a field together with its sentence. Returns `false`, and adds nothing, if there is no room for both.
    fn field(&mut self, field: &Field, depth: usize, text: &mut Text) -> bool {
        let Field { range, name, value, says, rfc, .. } = field;
        let indent = NUMBERS + LEVEL * depth.min(DEEPEST);
        let numbers = format!("{:>7} {:>5}", range.start, range.len());
        let style = if name == MALFORMED { WRONG } else { NAME };
        let value = if value.is_empty() { String::new() } else { format!(": {value}") };
        let rfc = if rfc.is_empty() { String::new() } else { format!(" ·{KEEP}{}", rfc.replace(' ', KEEP)) };
        let before = text.lines.len();
        if !text.push((FAINT, &numbers), indent, &[(style, name), (Style::new(), &value), (FAINT, &rfc)]) {
            return false;
        }
        let is_new = !says.is_empty() && !self.told.contains(says.as_ref());
        if is_new && !text.push((FAINT, ""), indent + LEVEL, &[(FAINT, says)]) {
            text.lines.truncate(before);
            return false;
        }
        if let (true, Cow::Borrowed(sentence)) = (is_new, says) {
            self.told.insert(sentence);
        }
        true
    }
}

/// The lines so far.
struct Text {
    lines: Vec<String>,
    columns: usize,
    coloured: bool,
    /// The most lines in front of the note.
    most: usize,
    /// Something had no room. From then on nothing has.
    is_full: bool,
    /// The number of fields without a line in the last record that has a line.
    fields_left_out: usize,
    /// The number of records behind it.
    records_left_out: usize,
}

impl Text {
    fn new(width: Option<usize>, coloured: bool) -> Self {
        let columns = width.unwrap_or(WIDTH).clamp(NARROWEST, WIDEST);
        let longest = note(LARGEST_COUNT, LARGEST_COUNT).unwrap_or_default();
        let most = LINES.saturating_sub(broken(&longest, columns, NUMBERS).len());
        let (fields_left_out, records_left_out) = (0, 0);
        Self { lines: Vec::new(), columns, coloured, most, is_full: false, fields_left_out, records_left_out }
    }

    /// Returns the lines, with the note behind them if anything has no line.
    fn finish(mut self) -> Vec<String> {
        if let Some(note) = note(self.fields_left_out, self.records_left_out) {
            (self.is_full, self.most) = (false, LINES);
            self.push((FAINT, ""), NUMBERS, &[(Style::new(), &note)]);
        }
        self.lines
    }

    /// Adds text in several styles, broken into lines that begin at the column `indent`. `before` is in front of the
    /// first line, in its own style. Returns `false`, and adds nothing, if there is no room for all of these lines.
    fn push(&mut self, (style, before): (Style, &str), indent: usize, parts: &[(Style, &str)]) -> bool {
        if self.is_full {
            return false;
        }
        let whole: String = parts.iter().map(|(_, part)| *part).collect();
        let pieces = broken(&whole, self.columns, indent);
        if self.lines.len() + pieces.len() > self.most {
            self.is_full = true;
            return false;
        }
        let mut styles = parts.iter().flat_map(|(style, part)| part.chars().map(|_| *style));
        let mut at = 0;
        for (index, piece) in pieces.into_iter().enumerate() {
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
        true
    }
}

/// Breaks text into lines that begin at the column `indent`.
fn broken(text: &str, columns: usize, indent: usize) -> Vec<&str> {
    let room = columns.saturating_sub(indent).max(NARROWEST / 2);
    wrap(text, room, room)
}

/// Returns the note about fields and records without lines; `None` if all have lines.
fn note(fields: usize, records: usize) -> Option<String> {
    let fields_of_record = (fields > 0).then(|| format!("{} of this record", Count(fields, "more field")));
    let records_after = (records > 0).then(|| Count(records, "more record").to_string());
    let parts: Vec<String> = [fields_of_record, records_after].into_iter().flatten().collect();
    let is = if fields + records == 1 { "is" } else { "are" };
    (!parts.is_empty()).then(|| format!("… {} {is} not shown", parts.join(" and ")))
}
