//! Many seeds, and the report of the first one that fails.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::journal::Journal;

/// The journal of a run, as [`World::new`](super::world::World::new) takes it.
pub type SharedJournal = Rc<RefCell<Journal>>;

/// A seed whose run fails. As text it is a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The first thing that was wrong: an error of the run, or a panic of a session or of an application.
    pub wrong: String,
    /// Everything that happened until then, one event on each line.
    pub journal: String,
    /// Whether the second run of the seed was the same as the first.
    pub repeats: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}seed {}: {}", self.journal, self.seed, self.wrong)?;
        if !self.repeats {
            write!(
                f,
                "\nThe first run of this seed was different. Something decides that is not in the seed."
            )?;
        }
        Ok(())
    }
}

/// Runs these seeds until one fails, and runs that one again for its journal.
pub fn first_failure<R>(
    seeds: impl IntoIterator<Item = u64>,
    run: impl Fn(u64, &SharedJournal) -> Result<R, String>,
) -> Option<Failure> {
    seeds.into_iter().find_map(|seed| {
        let first = SharedJournal::default();
        let wrong = attempt(seed, &first, &run)?;
        let second = Rc::new(RefCell::new(Journal::with_lines()));
        let again = attempt(seed, &second, &run);
        let (first, second) = (first.borrow(), second.borrow());
        let repeats = again.as_ref() == Some(&wrong) && first.digest() == second.digest();
        Some(Failure { seed, wrong, journal: second.lines().to_owned(), repeats })
    })
}

/// Returns what is wrong with a run, if anything is.
fn attempt<R>(
    seed: u64,
    journal: &SharedJournal,
    run: &impl Fn(u64, &SharedJournal) -> Result<R, String>,
) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| run(seed, journal).err())) {
        Ok(wrong) => wrong,
        Err(panic) => Some(format!("a panic: {}", message(panic.as_ref()))),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::super::Side;
    use super::*;

    #[test]
    fn the_first_seed_that_fails_is_reported_with_its_journal() {
        let failure = first_failure(0..10, |seed, journal| {
            journal.borrow_mut().note(Duration::ZERO, Side::Client, "recv", 5);
            if seed < 3 { Ok(()) } else { Err("too many".into()) }
        });
        let failure = failure.unwrap();
        assert!(failure.repeats);
        assert_eq!(failure.to_string(), "      0.000000 client   recv 5\nseed 3: too many");
    }

    #[test]
    fn a_panic_is_a_failure_of_its_seed() {
        let failure = first_failure::<()>([7], |seed, _| panic!("seed {seed} is odd")).unwrap();
        assert_eq!((failure.seed, &*failure.wrong), (7, "a panic: seed 7 is odd"));
    }

    #[test]
    fn a_run_that_does_not_repeat_is_reported() {
        let runs = Cell::new(0);
        let failure = first_failure::<()>([7], |_, journal| {
            runs.set(runs.get() + 1);
            journal.borrow_mut().note(Duration::ZERO, Side::Client, "recv", runs.get());
            Err("wrong".into())
        });
        assert!(!failure.unwrap().repeats);
    }
}
