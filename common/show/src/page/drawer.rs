//! The thread that draws pages. The event loop queues a finished session and continues.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// Draws items on the thread of a [`Drawer`].
pub(super) trait Draw: Send + 'static {
    /// An item, for example a finished session.
    type Item: Send + 'static;

    /// Draws an item.
    fn draw(&mut self, item: &Self::Item);

    /// Returns the time at which [`catch_up`](Self::catch_up) has to be called if no item comes before.
    fn due(&self) -> Option<Instant>;

    /// Does the work that was postponed.
    fn catch_up(&mut self);
}

/// A thread with a queue of items. The total size of the items is limited.
#[derive(Debug)]
pub(super) struct Drawer<D: Draw> {
    queue: Sender<(D::Item, usize)>,
    thread: JoinHandle<D>,
    /// The size of all items that are queued or being drawn.
    queued: Arc<AtomicUsize>,
    limit: usize,
}

/// The reason why an item is not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The queue is full.
    Full,
    /// The thread has failed.
    Gone,
}

impl<D: Draw> Drawer<D> {
    /// Starts the thread. `limit` is the total size of the items in its queue.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub(super) fn start(limit: usize, mut draw: D) -> io::Result<Self> {
        let (queue, items) = mpsc::channel();
        let queued = Arc::<AtomicUsize>::default();
        let drawn = Arc::clone(&queued);
        let thread = thread::Builder::new().name("pages".to_owned()).spawn(move || {
            run(&mut draw, &items, &drawn);
            draw
        })?;
        Ok(Self { queue, thread, queued, limit })
    }

    /// Queues an item without waiting. An item that is larger than the limit is taken if the queue is empty.
    ///
    /// # Errors
    /// The item does not fit, or the thread has failed.
    pub(super) fn add(&self, item: D::Item, size: usize) -> Result<(), Refused> {
        let queued = self.queued.load(Ordering::Relaxed);
        if queued > 0 && queued.saturating_add(size) > self.limit {
            return Err(Refused::Full);
        }
        self.queued.fetch_add(size, Ordering::Relaxed);
        self.queue.send((item, size)).map_err(|_| Refused::Gone)
    }

    /// Waits until all items are drawn, and returns the value that draws; `None` if it panicked. The caller does the work
    /// that is still postponed.
    pub(super) fn finish(self) -> Option<D> {
        let Self { queue, thread, .. } = self;
        drop(queue);
        thread.join().ok()
    }
}

/// Draws items until the queue is closed and empty.
fn run<D: Draw>(draw: &mut D, items: &Receiver<(D::Item, usize)>, drawn: &AtomicUsize) {
    loop {
        let next = match draw.due() {
            None => items.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => items.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match next {
            Ok((item, size)) => {
                draw.draw(&item);
                drop(item);
                drawn.fetch_sub(size, Ordering::Relaxed);
            }
            Err(RecvTimeoutError::Timeout) => draw.catch_up(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// Draws an item when it gets a permit.
    struct Permitted {
        permissions: Receiver<()>,
        drawn: Sender<u32>,
    }

    impl Draw for Permitted {
        type Item = u32;

        fn draw(&mut self, item: &u32) {
            self.permissions.recv_timeout(LIMIT).unwrap();
            self.drawn.send(*item).unwrap();
        }

        fn due(&self) -> Option<Instant> {
            None
        }

        fn catch_up(&mut self) {}
    }

    #[test]
    fn items_beyond_the_limit_are_refused_and_the_others_are_drawn_in_order() {
        let (permit, permissions) = mpsc::channel();
        let (drawn, all_drawn) = mpsc::channel();
        let drawer = Drawer::start(10, Permitted { permissions, drawn }).unwrap();
        assert_eq!(drawer.add(1, 99), Ok(()), "an empty queue takes any item");
        assert_eq!(drawer.add(2, 1), Err(Refused::Full));
        permit.send(()).unwrap();
        while drawer.queued.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        let results: Vec<_> = (3..=6).map(|item| drawer.add(item, 4)).collect();
        assert_eq!(results, [Ok(()), Ok(()), Err(Refused::Full), Err(Refused::Full)]);
        permit.send(()).unwrap();
        permit.send(()).unwrap();
        drop(drawer.finish().unwrap());
        assert_eq!(all_drawn.iter().collect::<Vec<_>>(), [1, 3, 4]);
    }

    /// Postpones work until it is due.
    struct Postponing {
        due: Option<Instant>,
        done: Sender<()>,
    }

    impl Draw for Postponing {
        type Item = ();

        fn draw(&mut self, (): &()) {
            self.due = Some(Instant::now());
        }

        fn due(&self) -> Option<Instant> {
            self.due
        }

        fn catch_up(&mut self) {
            self.due = None;
            self.done.send(()).unwrap();
        }
    }

    #[test]
    fn postponed_work_is_done_when_it_is_due_although_no_item_comes() {
        let (done, is_done) = mpsc::channel();
        let drawer = Drawer::start(10, Postponing { due: None, done }).unwrap();
        drawer.add((), 1).unwrap();
        is_done.recv_timeout(LIMIT).unwrap();
        drop(drawer.finish().unwrap());
        assert_eq!(is_done.iter().count(), 0, "once");
    }
}
