//! The thread that draws pages. The event loop queues a finished session and continues.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

/// A thread with a queue of items. The total size of the items is limited.
#[derive(Debug)]
pub(super) struct Drawer<T> {
    queue: Sender<(T, usize)>,
    thread: JoinHandle<Draw<T>>,
    /// The size of all items that are queued or being drawn.
    queued: Arc<AtomicUsize>,
    limit: usize,
}

/// Draws one item.
pub(super) type Draw<T> = Box<dyn FnMut(&T) + Send>;

/// The reason why an item is not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The queue is full.
    Full,
    /// The thread has failed.
    Gone,
}

impl<T: Send + 'static> Drawer<T> {
    /// Starts the thread. `limit` is the total size of the items in its queue.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub(super) fn start(limit: usize, mut draw: Draw<T>) -> io::Result<Self> {
        let (queue, items) = mpsc::channel::<(T, usize)>();
        let queued = Arc::<AtomicUsize>::default();
        let drawn = Arc::clone(&queued);
        let thread = thread::Builder::new().name("pages".to_owned()).spawn(move || {
            for (item, size) in items {
                draw(&item);
                drop(item);
                drawn.fetch_sub(size, Ordering::Relaxed);
            }
            draw
        })?;
        Ok(Self { queue, thread, queued, limit })
    }

    /// Queues an item without waiting. An item that is larger than the limit is taken if the queue is empty.
    ///
    /// # Errors
    /// The item does not fit, or the thread has failed.
    pub(super) fn add(&self, item: T, size: usize) -> Result<(), Refused> {
        let queued = self.queued.load(Ordering::Relaxed);
        if queued > 0 && queued.saturating_add(size) > self.limit {
            return Err(Refused::Full);
        }
        self.queued.fetch_add(size, Ordering::Relaxed);
        self.queue.send((item, size)).map_err(|_| Refused::Gone)
    }

    /// Waits until all items are drawn, and returns the function that draws; `None` if it panicked.
    pub(super) fn finish(self) -> Option<Draw<T>> {
        let Self { queue, thread, .. } = self;
        drop(queue);
        thread.join().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn items_beyond_the_limit_are_refused_and_the_others_are_drawn_in_order() {
        let (permit, permissions) = mpsc::channel();
        let (drawn, all_drawn) = mpsc::channel();
        let draw = move |item: &u32| {
            permissions.recv_timeout(Duration::from_secs(60)).unwrap();
            drawn.send(*item).unwrap();
        };
        let drawer = Drawer::start(10, Box::new(draw)).unwrap();
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
}
