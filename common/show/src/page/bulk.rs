//! Bulk: records of application data with the same size. The ladder folds consecutive ones into one row.
//!
//! In a capture each packet begins a turn, so it has a transfer of some megabytes in hundreds of turns. Consecutive turns that
//! have nothing but bulk are a stretch. It is one row, which opens into its turns. A page of a program has no stretches: each
//! of its turns has steps of the event loop.

use std::time::Duration;

use decode::{Content, Record};
use maud::{Markup, html};

use super::keys;
use super::ladder::icon;
use super::names::Look;
use super::numbers::{bytes, duration};
use super::rows::{Drawn, Row, Turn};

/// The shortest pause that ends a stretch. A reader has to see it.
const PAUSE: Duration = Duration::from_millis(100);

/// The rows of a turn, with their indexes.
pub(super) type TurnRows<'s, 'a> = &'s [(usize, &'a Row)];

/// Records of one end with the same size.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    first: &'a Drawn,
    last: &'a Drawn,
    count: usize,
    /// The times of the first record and of the last one, if the records are in several turns.
    began: Duration,
    ended: Duration,
}

/// One turn, or consecutive turns of a capture in which both ends send nothing but bulk.
pub(super) struct Stretch<'s, 'a> {
    pub(super) turns: Vec<TurnRows<'s, 'a>>,
    /// The bulk of the client, and of the server. There is none if the turn has something else.
    runs: [Option<Run<'a>>; 2],
}

impl<'a> Run<'a> {
    fn of(drawn: &'a Drawn, at: Duration) -> Self {
        Self { first: drawn, last: drawn, count: 1, began: at, ended: at }
    }

    /// Adds the next record.
    fn add(&mut self, drawn: &'a Drawn, at: Duration) {
        (self.last, self.ended) = (drawn, at);
        self.count += 1;
    }

    /// Joins records of one turn; `None` if there is at most one.
    pub(super) fn of_turn(drawn: &[&'a Drawn]) -> Option<Self> {
        let [first, .., last] = drawn else { return None };
        let (began, ended) = (Duration::ZERO, Duration::ZERO);
        Some(Self { first, last, count: drawn.len(), began, ended })
    }

    /// Draws its arrow.
    fn draw(&self) -> Markup {
        let record = &self.first.record;
        let (sender, count) = (decode::side_name(record.sender), self.count);
        let size = size(self.first).unwrap_or_default();
        let took = self.ended.saturating_sub(self.began);
        html! {
            div.run.(Look::of(record).class()).{ "from-" (sender) } .encrypted[record.is_encrypted()]
                data-key=[keys::anchor_of(self.first)] {
                span.sr { (sender) " to " (decode::side_name(decode::other_side(record.sender))) ": " }
                span.line aria-hidden="true" {}
                span.chip {
                    (icon(Look::of(record).class()))
                    span.titles { span { (name(record)) ", " @if count > 1 { (count) "\u{a0}×\u{a0}" } (bytes(size)) } }
                    @if record.is_encrypted() { (icon("lock")) span.sr { "encrypted, " } }
                    @if let Some(sign) = keys::sign_of(self.first) { span.sign { span.sr { "key " } (sign) } }
                    span.size {
                        (bytes(self.first.wire * count))
                        @if !took.is_zero() { " in " (duration(took)) }
                    }
                }
            }
        }
    }
}

impl<'s, 'a> Stretch<'s, 'a> {
    /// Joins consecutive turns of bulk. `has_caption` says that the row with this index has a caption, which has to stay visible.
    pub(super) fn of(
        turns: impl Iterator<Item = TurnRows<'s, 'a>>,
        has_caption: impl Fn(usize) -> bool,
    ) -> Vec<Self> {
        let mut stretches: Vec<Self> = Vec::new();
        for turn in turns {
            let before =
                stretches.last().map(|stretch| stretch.runs).filter(|runs| runs.iter().any(Option::is_some));
            let is_close = head(turn).is_some_and(|turn| turn.gap < PAUSE);
            let longer = before.filter(|_| is_close).and_then(|runs| with(runs, turn, &has_caption));
            match (longer, stretches.last_mut()) {
                (Some(runs), Some(stretch)) => {
                    stretch.runs = runs;
                    stretch.turns.push(turn);
                }
                _ => {
                    let runs = with([None; 2], turn, &has_caption).unwrap_or_default();
                    stretches.push(Self { turns: vec![turn], runs });
                }
            }
        }
        stretches
    }

    /// Returns the runs, if a row for each of them is shorter than the turns.
    pub(super) fn runs(&self) -> Option<Vec<Run<'a>>> {
        let mut runs: Vec<Run<'a>> = self.runs.into_iter().flatten().collect();
        runs.sort_by_key(|run| run.first.place);
        (self.turns.len() > runs.len()).then_some(runs).filter(|runs| !runs.is_empty())
    }
}

/// Adds the records of a turn to runs; `None` if the turn has something else.
fn with<'a>(
    mut runs: [Option<Run<'a>>; 2],
    turn: TurnRows<'_, 'a>,
    has_caption: &impl Fn(usize) -> bool,
) -> Option<[Option<Run<'a>>; 2]> {
    let at = head(turn)?.at;
    for (index, row) in turn.get(1..)? {
        let drawn = row.record().filter(|drawn| size(drawn).is_some() && !has_caption(*index))?;
        let [client, server] = &mut runs;
        let run = if drawn.record.sender == rustls::Side::Client { client } else { server };
        match run {
            None => *run = Some(Run::of(drawn, at)),
            Some(run) if continues(run.first, drawn) => run.add(drawn, at),
            Some(_) => return None,
        }
    }
    Some(runs)
}

/// Returns the turn that rows begin with.
pub(super) fn head<'a>(rows: TurnRows<'_, 'a>) -> Option<&'a Turn> {
    match rows {
        [(_, Row::Turn(turn)), ..] => Some(turn),
        _ => None,
    }
}

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

/// Draws a row that opens into `inside`. It has an arrow for each run.
pub(super) fn fold(runs: &[Run<'_>], inside: &Markup) -> Markup {
    let places = || runs.iter().flat_map(|run| [run.first.place, run.last.place]);
    let (first, last) = (places().min().unwrap_or_default(), places().max().unwrap_or_default());
    html! {
        li.fold {
            details {
                summary { @for run in runs { (run.draw()) } }
                (inside)
            }
            span.anchor aria-hidden="true" { "#" (first) "–" (last) }
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
