//! Finds the blocks of a PEM text, and the damaged lines.
//!
//! The file may hold a private key, so no error keeps or shows a part of the text. Damage is a line number and a kind.

use std::fmt;
use std::ops::Range;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// A PEM block. It has a BEGIN line, a matching END line, and no other BEGIN or END line between them.
pub(super) struct Block<'a> {
    /// The label of the BEGIN line, or nothing if the label is not UTF-8. It is a part of the file, so an error may only
    /// show it if it is a known one.
    pub(super) label: &'a str,
    /// The number of the BEGIN line, from 1.
    pub(super) line: usize,
    /// All lines of the block, including the BEGIN and the END line.
    pub(super) text: &'a [u8],
}

/// A damaged line of a PEM file. It holds no part of the file.
pub(super) struct Damage {
    /// Names the line and the kind of damage.
    pub(super) sentence: String,
    /// The `sed` script that repairs it, if there is one.
    pub(super) script: Option<&'static str>,
}

const UNINDENT: &str = "s/^[[:blank:]]*//";
const SPLIT_LINES: &str = r"s/\\n/\n/g; s/-----BEGIN [^-]*-----/\n&\n/g; s/-----END [^-]*-----/\n&\n/g";

impl Damage {
    /// Returns the damage of line `line`. `predicate` completes the sentence.
    fn new(line: usize, predicate: impl fmt::Display) -> Self {
        Self { sentence: format!("line {line} {predicate}"), script: None }
    }
}

/// Finds all blocks of a text, in their order. Other lines, such as comments, may be between the blocks.
///
/// A line that is almost a BEGIN or END line is an error. Other PEM readers skip such a line, and its block too.
pub(super) fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, Damage> {
    let mut blocks = Vec::new();
    let mut open: Option<Open<'_>> = None;
    for (line, range) in lines(text) {
        match (Line::of(&text[range.clone()]), &open) {
            (Line::Other, _) => {}
            (Line::Damaged(predicate, script), _) => {
                return Err(Damage { script, ..Damage::new(line, predicate) });
            }
            (Line::Begin(label), None) => open = Some(Open { label, line, start: range.start }),
            (Line::Begin(_), Some(Open { line: begun, .. })) => {
                let predicate = format_args!("begins a block before the block of line {begun} has ended");
                return Err(Damage::new(line, predicate));
            }
            (Line::End(_), None) => return Err(Damage::new(line, "ends a block that no line begins")),
            (Line::End(label), Some(Open { line: begun, label: begun_label, .. }))
                if label != *begun_label =>
            {
                let predicate = format_args!("ends another kind of block than line {begun} begins");
                return Err(Damage::new(line, predicate));
            }
            (Line::End(label), Some(block)) => {
                let label = str::from_utf8(label).unwrap_or_default();
                blocks.push(Block { label, line: block.line, text: &text[block.start..range.end] });
                open = None;
            }
        }
    }
    match open {
        Some(block) => Err(Damage::new(block.line, "begins a block that no line ends")),
        None => Ok(blocks),
    }
}

impl Block<'_> {
    /// Returns whether the block is encrypted in OpenSSL's older format, which has a header for that.
    pub(super) fn has_encryption_header(&self) -> bool {
        lines(self.text).any(|(_, range)| self.text[range].starts_with(b"Proc-Type: 4,ENCRYPTED"))
    }

    /// Finds the line in which the content of the block is not base64.
    pub(super) fn base64_damage(&self) -> Damage {
        let is_foreign = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"+/= \t".contains(byte));
        let mut content =
            lines(self.text).filter(|(_, range)| !self.text[range.clone()].starts_with(b"-----"));
        let foreign = content.find(|(_, range)| self.text[range.clone()].iter().any(is_foreign));
        match foreign {
            Some((line, _)) => Damage::new(self.line + line - 1, "is not base64"),
            None => {
                let line = self.line;
                let sentence = format!("the base64 of the block that begins in line {line} is incomplete");
                Damage { sentence, script: None }
            }
        }
    }
}

/// A block whose END line has not come yet.
struct Open<'a> {
    label: &'a [u8],
    line: usize,
    start: usize,
}

/// The meaning of one line.
enum Line<'a> {
    Begin(&'a [u8]),
    End(&'a [u8]),
    /// The predicate of a sentence about the line, and the script that repairs it.
    Damaged(&'static str, Option<&'static str>),
    Other,
}

impl<'a> Line<'a> {
    const WRONG_DASHES: Self = Self::Damaged("needs exactly five dashes on each side", None);

    fn of(line: &'a [u8]) -> Self {
        let line = line.trim_ascii_end();
        let unindented = line.trim_ascii_start();
        if let Some(label) = label(line, BEGIN) {
            Self::Begin(label)
        } else if let Some(label) = label(line, END) {
            Self::End(label)
        } else if unindented.starts_with(b"#") {
            Self::Other
        } else if label(unindented, BEGIN).or(label(unindented, END)).is_some() {
            Self::Damaged("is indented", Some(UNINDENT))
        } else if contains(line, BEGIN) || contains(line, END) {
            damage_of_mark(line)
        } else if contains(line, b"BEGIN ") && has_two_dashes(line) {
            Self::WRONG_DASHES
        } else {
            Self::Other
        }
    }
}

/// Returns the damage of a line that holds a BEGIN or END mark, but is neither a BEGIN nor an END line.
fn damage_of_mark(line: &[u8]) -> Line<'_> {
    let marks = [BEGIN, END].map(|mark| line.strip_prefix(mark)).into_iter().flatten();
    let is_label_and_dashes = |rest: &[u8]| !rest.trim_ascii_end().is_empty() && !has_inner_dash(rest);
    if contains(line, br"\n") {
        Line::Damaged(r"has \n instead of line ends", Some(SPLIT_LINES))
    } else if marks.into_iter().any(is_label_and_dashes) {
        Line::WRONG_DASHES
    } else {
        Line::Damaged("lacks a line end before or after its five dashes", Some(SPLIT_LINES))
    }
}

/// Returns the label of a line that consists of this mark, the label and five dashes.
fn label<'a>(line: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let label = line.strip_prefix(mark)?.strip_suffix(b"-----")?;
    (!contains(label, b"--") && !label.ends_with(b"-")).then_some(label)
}

/// Returns whether the text has a dash before the dashes at its end.
fn has_inner_dash(text: &[u8]) -> bool {
    let end = text.iter().rposition(|&byte| byte != b'-').map_or(0, |last| last + 1);
    text[..end].contains(&b'-')
}

/// Returns whether the line has two adjacent dashes, or a long dash of a word processor (U+2013, U+2014).
fn has_two_dashes(line: &[u8]) -> bool {
    [&b"--"[..], b"\xe2\x80\x93", b"\xe2\x80\x94"].iter().any(|dashes| contains(line, dashes))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Returns the lines of a text and their numbers, from 1. A line ends with LF, CR or both.
///
/// A byte order mark at the beginning of a line is not a part of the line. `cat` can put one into the middle of a file.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut next = 0;
    let lines = std::iter::from_fn(move || {
        let rest = text.get(next..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(rest.len());
        let start = if rest.starts_with(BYTE_ORDER_MARK) { next + BYTE_ORDER_MARK.len() } else { next };
        let range = start..next + length;
        let line_end = if rest[length..].starts_with(b"\r\n") { 2 } else { 1 };
        next += length + line_end;
        Some(range)
    });
    (1..).zip(lines)
}
