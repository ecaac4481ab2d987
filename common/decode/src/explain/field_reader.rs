//! Reads bytes from front to back, and makes a field of each value.
//!
//! Other TLS parsers do not fit: `tls-parser`, which only knows messages of TLS 1.2, and the one inside rustls. They
//! return values without their places, and at the first fault they return nothing. People look at places, and mostly
//! at malformed messages. So each read here adds a [`Field`], and a fault adds one, too. The function that reads a
//! message looks like the definition of the message in its RFC.

use std::borrow::Cow;

use rustls::Side;
use tls_session::bytes::Bytes;

use super::choices::Choices;
use super::fault::Place;
use super::shown;
use super::{Field, LISTED, MALFORMED, Mark};
use crate::reader::number;

/// Reading has stopped. The last field says why.
#[derive(Debug)]
pub(super) struct Stop;

/// The result of reading a value.
pub(super) type Step<T = ()> = Result<T, Stop>;

/// The description of a field, without its value.
pub(super) struct About {
    name: Cow<'static, str>,
    says: Cow<'static, str>,
    rfc: &'static str,
}

/// Makes a description: name, sentence and RFC section.
pub(super) fn about(
    name: impl Into<Cow<'static, str>>,
    says: impl Into<Cow<'static, str>>,
    rfc: &'static str,
) -> About {
    About { name: name.into(), says: says.into(), rfc }
}

impl From<&'static str> for About {
    fn from(name: &'static str) -> Self {
        about(name, "", "")
    }
}

/// The meaning of a value. Its sentence and its RFC section, unless empty, replace those of the field.
pub(super) struct Meaning {
    pub(super) value: String,
    pub(super) says: Cow<'static, str>,
    pub(super) rfc: &'static str,
}

impl From<String> for Meaning {
    fn from(value: String) -> Self {
        Self { value, says: Cow::Borrowed(""), rfc: "" }
    }
}

/// Knowledge about the session of a message.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) choices: &'a Choices,
    pub(super) fault: Option<Place>,
    /// The receiver found the signature of the handshake wrong.
    pub(super) is_wrong_signature: bool,
}

impl Known<'_> {
    pub(super) const NOTHING: Self = Self { choices: &Choices::NONE, fault: None, is_wrong_signature: false };
}

/// A position in some bytes, the end of the enclosing field, and the fields so far.
pub(super) struct FieldReader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    fields: Vec<Field>,
    pub(super) known: Known<'a>,
}

/// Makes a function for each type of number. It reads a number as one field.
macro_rules! numbers {
    ($($number:ident)+) => {
        $(
            pub(super) fn $number<M: Into<Meaning>>(
                &mut self,
                about: impl Into<About>,
                meaning: impl FnOnce($number) -> M,
            ) -> Step<$number> {
                let number = |bytes: &[u8]| bytes.try_into().map(<$number>::from_be_bytes).unwrap_or_default();
                self.bytes(size_of::<$number>(), about, |bytes| meaning(number(bytes))).map(number)
            }
        )+
    };
}

impl<'a> FieldReader<'a> {
    /// Reads all bytes and returns their fields.
    pub(super) fn explain(
        bytes: &'a [u8],
        known: Known<'a>,
        inside: impl FnOnce(&mut Self) -> Step,
    ) -> Vec<Field> {
        let mut reader = Self { bytes, at: 0, end: bytes.len(), fields: Vec::new(), known };
        reader.whole(inside);
        reader.fields
    }

    /// Returns the bytes that are left in the enclosing field.
    pub(super) fn left(&self) -> &'a [u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left().is_empty()
    }

    numbers!(u8 u16 u32 u64);

    /// Reads a length, a number of `width` bytes.
    pub(super) fn length(&mut self, width: usize) -> Step<usize> {
        self.bytes(width, "length", |bytes| Bytes(number(bytes)).to_string()).map(number)
    }

    /// Reads `length` bytes as one field.
    pub(super) fn bytes<M: Into<Meaning>>(
        &mut self,
        length: usize,
        about: impl Into<About>,
        meaning: impl FnOnce(&'a [u8]) -> M,
    ) -> Step<&'a [u8]> {
        let (start, about) = (self.at, about.into());
        let Some(bytes) = self.left().get(..length) else {
            return Err(self.cut_short(length, &about));
        };
        self.at += length;
        self.push(start, about, meaning(bytes).into(), Vec::new());
        Ok(bytes)
    }

    /// Reads all bytes that are left as one field.
    pub(super) fn rest<M: Into<Meaning>>(
        &mut self,
        about: impl Into<About>,
        meaning: impl FnOnce(&'a [u8]) -> M,
    ) -> Step<&'a [u8]> {
        self.bytes(self.left().len(), about, meaning)
    }

    /// Reads a field that has other fields inside.
    pub(super) fn group<T>(
        &mut self,
        about: impl Into<About>,
        inside: impl FnOnce(&mut Self) -> Step<T>,
    ) -> Step<T> {
        let start = self.at;
        let around = std::mem::take(&mut self.fields);
        let done = inside(self);
        let fields = std::mem::replace(&mut self.fields, around);
        self.push(start, about.into(), String::new().into(), fields);
        done
    }

    /// Reads a vector: a length of `width` bytes (RFC 8446, 3.4) and its content. After a fault inside, reading
    /// continues behind the vector.
    pub(super) fn vector(
        &mut self,
        width: usize,
        about: impl Into<About>,
        inside: impl FnOnce(&mut Self) -> Step,
    ) -> Step {
        self.group(about, |r| {
            let length = r.length(width)?;
            r.within(length, inside)
        })
    }

    /// Reads a vector of bytes that are one value. The vector has the value. The length and the bytes are fields
    /// inside it, so that people can tell them apart.
    pub(super) fn opaque<M: Into<Meaning>>(
        &mut self,
        width: usize,
        about: impl Into<About>,
        meaning: impl FnOnce(&'a [u8]) -> M,
    ) -> Step<&'a [u8]> {
        let mut content = self.left();
        let done = self.vector(width, about, |r| {
            content = r.left();
            if r.is_empty() { Ok(()) } else { r.rest("content", |_| String::new()).map(drop) }
        });
        done?;
        let meaning = meaning(content).into();
        if let Some(vector) = self.fields.last_mut() {
            vector.set_meaning(meaning);
        }
        Ok(content)
    }

    /// Reads a vector of entries from which the end `by` has chosen one.
    pub(super) fn offered<T: PartialEq>(
        &mut self,
        width: usize,
        about: impl Into<About>,
        mut one: impl FnMut(&mut Self) -> Step<T>,
        (by, chosen): (Side, Option<T>),
    ) -> Step {
        let offer = |r: &mut Self| {
            let entry = one(r)?;
            r.mark_if(chosen == Some(entry), Mark::ChosenBy(by));
            Ok(())
        };
        self.vector(width, about, |r| r.list(offer))
    }

    /// Marks the last field.
    pub(super) fn mark_if(&mut self, applies: bool, mark: Mark) {
        if applies && let Some(field) = self.fields.last_mut() {
            field.mark = Some(mark);
        }
    }

    /// Reads entries to the end of the enclosing field. Each entry has at least one byte.
    pub(super) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Step<T>) -> Step {
        for _ in 0..LISTED {
            if self.is_empty() {
                return Ok(());
            }
            one(self)?;
        }
        self.more(one)
    }

    /// Reads `length` bytes with `inside`. It is a fault if `inside` does not read all of them.
    pub(super) fn within(&mut self, length: usize, inside: impl FnOnce(&mut Self) -> Step) -> Step {
        let (left, end) = (self.left().len(), self.end);
        if length > left {
            inside(self)?;
            let announced = Bytes(length);
            return Err(self.malformed(format!(
                "The length is too large: it announces {announced}, but there {}.",
                shown::are(left)
            )));
        }
        self.end = self.at + length;
        self.whole(inside);
        self.end = end;
        Ok(())
    }

    /// Makes all bytes that are left a malformed field.
    pub(super) fn malformed(&mut self, says: impl Into<Cow<'static, str>>) -> Stop {
        let value = if self.is_empty() { String::new() } else { shown::hex(self.left()) };
        let start = std::mem::replace(&mut self.at, self.end);
        self.push(start, about(MALFORMED, says, ""), value.into(), Vec::new());
        Stop
    }

    /// Calls `inside`. Bytes after its end are a fault. If it stops, it has used up the bytes already.
    fn whole(&mut self, inside: impl FnOnce(&mut Self) -> Step) {
        if let Ok(()) = inside(self)
            && !self.is_empty()
        {
            let surplus = Bytes(self.left().len());
            self.malformed(format!("{surplus} too many at the end."));
        }
    }

    /// Reads and counts the entries that are too many to be shown.
    fn more<T>(&mut self, mut one: impl FnMut(&mut Self) -> Step<T>) -> Step {
        let (start, shown) = (self.at, self.fields.len());
        let mut count = 0;
        let mut last = start;
        let mut done = Ok(());
        while done.is_ok() && !self.is_empty() {
            last = self.at;
            done = one(self).map(drop);
            self.fields.truncate(shown);
            count += usize::from(done.is_ok());
        }
        if done.is_err() {
            self.at = last;
        }
        if count > 0 {
            let says = format!("More entries follow. Only the first {LISTED} are shown.");
            self.push(start, about("more", says, ""), format!("{count} more").into(), Vec::new());
        }
        done.map_err(|_| self.malformed("The last entry is cut short."))
    }

    fn cut_short(&mut self, length: usize, about: &About) -> Stop {
        let (wanted, left) = (Bytes(length), shown::are(self.left().len()));
        self.malformed(format!("Cut short: {} needs {wanted}, but there {left}.", about.name))
    }

    fn push(&mut self, start: usize, about: About, meaning: Meaning, fields: Vec<Field>) {
        let About { name, says, rfc } = about;
        let (range, value) = (start..self.at, String::new());
        let mut field = Field { range, name, value, says, rfc, mark: None, fields };
        field.set_meaning(meaning);
        self.fields.push(field);
    }
}

impl Field {
    fn set_meaning(&mut self, meaning: Meaning) {
        self.value = meaning.value;
        if !meaning.says.is_empty() {
            self.says = meaning.says;
        }
        if !meaning.rfc.is_empty() {
            self.rfc = meaning.rfc;
        }
    }
}
