//! Bulk: consecutive records of application data with the same size. The ladder folds them into one row.

use decode::{Content, Record};
use maud::{Markup, html};

use super::keys;
use super::ladder::icon;
use super::names::{self, Look};
use super::numbers::bytes;
use super::rows::Drawn;

/// Returns whether the next record belongs to the same run of bulk.
pub(super) fn continues(drawn: &Drawn, next: &Drawn) -> bool {
    let (one, other) = (&drawn.record, &next.record);
    size(drawn).is_some()
        && size(drawn) == size(next)
        && one.sender == other.sender
        && drawn.wire == next.wire
        && one.key == other.key
        && one.is_encrypted() == other.is_encrypted()
        && Look::of(one) == Look::of(other)
}

/// Draws the row of a run. `arrows` are its records, which the row opens into.
pub(super) fn fold(first: &Drawn, last: &Drawn, arrows: &[Markup]) -> Markup {
    let record = &first.record;
    let (sender, count) = (names::side(record.sender), arrows.len());
    let size = size(first).unwrap_or_default();
    html! {
        li.fold.(Look::of(record).class()).{ "from-" (sender) } .encrypted[record.is_encrypted()] {
            details {
                summary {
                    span.sr { (sender) " to " (names::side(decode::other_side(record.sender))) ": " }
                    span.line aria-hidden="true" {}
                    span.chip {
                        (icon(Look::of(record).class()))
                        span.titles { span { (name(record)) ", " (count) "\u{a0}×\u{a0}" (bytes(size)) } }
                        @if record.is_encrypted() { (icon("lock")) span.sr { "encrypted, " } }
                        @if let Some(sign) = keys::sign_of(first) { span.sign { span.sr { "key " } (sign) } }
                        span.size { (bytes(first.wire * count)) }
                    }
                }
                ol.arrows { @for arrow in arrows { (arrow) } }
            }
            span.anchor aria-hidden="true" { "#" (first.place) "–" (last.place) }
        }
    }
}

/// Returns the size that the title of a record has; `None` if the record is not bulk.
fn size(drawn: &Drawn) -> Option<usize> {
    match drawn.record.content {
        Content::ApplicationData(1..) => Some(drawn.payload),
        Content::Hidden => Some(drawn.wire),
        _ => None,
    }
}

fn name(record: &Record) -> &'static str {
    if record.content == Content::Hidden { "Encrypted" } else { "Application data" }
}
