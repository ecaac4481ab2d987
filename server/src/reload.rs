//! Loads the terms of new sessions again, after SIGHUP.

use std::time::{Duration, Instant};

use program::observer::{LoopContext, LoopEvent};

use crate::descriptors;
use crate::terms::{Load, Terms};

/// The pause before the next attempt of a reload that found no free descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// A reload that may have to be tried again.
#[derive(Default)]
pub struct Reload {
    retry_at: Option<Instant>,
}

impl Reload {
    /// Returns the time of the next attempt.
    pub fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Loads the terms if that is requested, or if it is time for another attempt. Returns the new terms. If the files
    /// cannot be used, the observer hears why. If no descriptors are left, another attempt follows.
    pub fn run(&mut self, is_requested: bool, load: &Load<'_>, cx: &mut LoopContext<'_>) -> Option<Terms> {
        if !is_requested && self.retry_at.is_none_or(|at| at > cx.now) {
            return None;
        }
        let is_retry = self.retry_at.take().is_some();
        match load() {
            Ok(terms) => {
                cx.event_loop(&LoopEvent::Reloaded { error: None });
                return Some(terms);
            }
            Err(error) if descriptors::are_exhausted() => {
                self.retry_at = Some(cx.now + PAUSE);
                if !is_retry {
                    cx.event_loop(&LoopEvent::ReloadPostponed { error: &error });
                }
            }
            Err(error) => cx.event_loop(&LoopEvent::Reloaded { error: Some(&error) }),
        }
        None
    }
}
