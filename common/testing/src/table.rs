//! Checks tables of cases, several at the same time: most cases wait for a deadline and need no CPU.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::thread;

/// How many cases are checked at the same time.
const WORKERS: usize = 8;

/// Checks every case of a table. Panics with the names and messages of all cases that fail. With the environment
/// variable `CASE`, checks only cases whose names contain it.
pub fn check_all<C: Sync>(cases: &[C], name: fn(&C) -> &str, check: impl Fn(&C) + Sync) {
    let chosen = std::env::var("CASE").unwrap_or_default();
    let left = Mutex::new(cases.iter().filter(|case| name(case).contains(&chosen)));
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = next(&left) {
                    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| check(case))) {
                        failures.lock().unwrap().push(format!("- {}: {}", name(case), message(&*panic)));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn next<C>(left: &Mutex<impl Iterator<Item = C>>) -> Option<C> {
    left.lock().unwrap().next()
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}
