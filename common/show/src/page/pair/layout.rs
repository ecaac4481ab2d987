//! The rows of the page. An arrow covers the rows from its beginning to its end.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::joined::{Arrow, Block, Joined};
use super::fold::{self, PAUSE};

/// A row of the page.
pub(super) enum Row<'a> {
    Pause(Duration),
    /// Steps of one end: one block, or several that are folded.
    Steps(&'a [Block<'a>]),
    /// The arrow of a run begins.
    Begin(usize),
    /// The arrow of a run ends.
    End(usize),
}

/// Records that share one arrow, or a segment.
pub(super) struct Run<'a> {
    pub(super) first: &'a Arrow<'a>,
    pub(super) last: &'a Arrow<'a>,
    pub(super) count: u64,
    /// The first and the last row of the arrow.
    rows: [Option<usize>; 2],
}

/// The rows, and the style that puts them in their places.
#[derive(Default)]
pub(super) struct Layout<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) runs: Vec<Run<'a>>,
    pub(super) style: String,
}

/// Lays out both ends of a session.
pub(super) fn of<'a>(joined: &'a Joined<'a>) -> Layout<'a> {
    let mut layout = Layout::default();
    // The run of each arrow.
    let mut places: Vec<Option<usize>> = vec![None; joined.arrows.len()];
    let mut before = Duration::ZERO;
    for steps in fold::blocks(joined) {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { continue };
        let pause = first.at.saturating_sub(before);
        if pause >= PAUSE && !layout.rows.is_empty() {
            layout.push(Row::Pause(pause));
        }
        before = before.max(last.at);
        let row = layout.rows.len();
        layout.rows.push(Row::Steps(steps));
        layout.arrows(steps, joined, &mut places);
        place(&mut layout.style, 'r', row, [row, layout.rows.len() - 1]);
    }
    let _ = write!(layout.style, ".all{{grid-row:1/{}}}", layout.rows.len() + 2);
    for (index, run) in layout.runs.iter().enumerate() {
        // A record that only one end has gets an arrow in one row.
        let rows = run.rows.into_iter().flatten();
        if let (Some(first), Some(last)) = (rows.clone().min(), rows.max()) {
            place(&mut layout.style, 'a', index, [first, last]);
        }
    }
    layout
}

impl<'a> Layout<'a> {
    /// Adds the beginnings and the ends of the arrows of these steps.
    fn arrows(&mut self, steps: &'a [Block<'a>], joined: &'a Joined<'a>, places: &mut [Option<usize>]) {
        let of_client = steps.iter().any(|block| block.of_client);
        let here = || steps.iter().flat_map(|block| block.arrows.iter().copied());
        let arrow = |index: usize| Some((index, joined.arrows.get(index)?));
        let is_new = |(index, _): &(usize, _)| places.get(*index) == Some(&None);
        let new: Vec<(usize, &Arrow<'_>)> = here().filter_map(arrow).filter(is_new).collect();
        for run in new.chunk_by(|(_, one), (_, next)| fold::continues(one, next)) {
            let ([(_, first), ..], [.., (_, last)]) = (run, run) else { continue };
            for (index, _) in run {
                if let Some(place) = places.get_mut(*index) {
                    *place = Some(self.runs.len());
                }
            }
            self.runs.push(Run { first, last, count: run.len() as u64, rows: [None; 2] });
        }
        for (index, arrow) in here().filter_map(arrow) {
            let Some(place) = places.get(index).copied().flatten() else { continue };
            let Some(run) = self.runs.get_mut(place) else { continue };
            let begins = arrow.from_client == of_client;
            if !std::ptr::eq(arrow, if begins { run.first } else { run.last }) {
                continue;
            }
            let [first, last] = &mut run.rows;
            *(if begins { first } else { last }) = Some(self.rows.len());
            self.push(if begins { Row::Begin(place) } else { Row::End(place) });
        }
    }

    /// Adds a row at its own place.
    fn push(&mut self, row: Row<'a>) {
        let index = self.rows.len();
        place(&mut self.style, 'r', index, [index; 2]);
        self.rows.push(row);
    }
}

/// Adds a rule that gives an element its rows. The heads of the columns are above row 0.
fn place(style: &mut String, kind: char, index: usize, [first, last]: [usize; 2]) {
    // Writing to a string cannot fail.
    let _ = write!(style, ".{kind}{index}{{--s:{};--e:{}}}", first + 2, last + 3);
}
