//! The run queue: the order in which sessions get their turns in a round of the loop.

use std::collections::VecDeque;

/// The largest number of handshaking sessions that get a turn in one round.
///
/// A turn in a handshake signs and agrees on keys. That costs as much as echoing twenty messages. Without a limit,
/// all ClientHellos that arrive together form one round, and every established session waits for them. With a limit,
/// the other handshakes keep their order and run in the next rounds. The loop polls and serves the established
/// sessions in between.
///
/// With 1,000 ClientHellos at once, the median message of a quiet session took 460 ms without a limit, 18 ms with 64,
/// 2.9 ms with 16, 0.7 ms with 4 and 0.2 ms with 1 (debug build, busy machine with two cores). The server's CPU time
/// was the same down to 4, and a third higher with 1.
pub const HANDSHAKES_PER_ROUND: usize = 4;

/// The keys of the runnable sessions, in the order in which they became runnable.
#[derive(Default)]
pub struct RunQueue {
    established: VecDeque<usize>,
    handshaking: VecDeque<usize>,
    /// How many established and handshaking sessions have not had their turn in this round yet.
    left: (usize, usize),
}

impl RunQueue {
    /// Adds a session at the end. A session that is added during a round has its turn in the next round.
    pub fn push(&mut self, key: usize, is_handshaking: bool) {
        if is_handshaking {
            self.handshaking.push_back(key);
        } else {
            self.established.push_back(key);
        }
    }

    /// Returns whether no session is runnable.
    pub fn is_empty(&self) -> bool {
        self.established.is_empty() && self.handshaking.is_empty()
    }

    /// Begins a round. It consists of all established sessions that are runnable now, and of a limited number of
    /// handshakes.
    pub fn begin_round(&mut self) {
        self.left = (self.established.len(), self.handshaking.len().min(HANDSHAKES_PER_ROUND));
    }

    /// Removes and returns the next session of this round.
    pub fn next(&mut self) -> Option<usize> {
        let (established, handshaking) = &mut self.left;
        let (left, keys) = if *established > 0 {
            (established, &mut self.established)
        } else {
            (handshaking, &mut self.handshaking)
        };
        *left = left.checked_sub(1)?;
        keys.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(queue: &mut RunQueue) -> Vec<usize> {
        queue.begin_round();
        std::iter::from_fn(|| queue.next()).collect()
    }

    #[test]
    fn established_sessions_run_before_and_between_many_handshakes() {
        let mut queue = RunQueue::default();
        let handshakes: Vec<usize> = (100..100 + 3 * HANDSHAKES_PER_ROUND).collect();
        for key in &handshakes {
            queue.push(*key, true);
        }
        for handshakes in handshakes.chunks(HANDSHAKES_PER_ROUND) {
            queue.push(1, false);
            queue.push(2, false);
            assert_eq!(round(&mut queue), [&[1, 2], handshakes].concat());
        }
        assert!(queue.is_empty());
        assert!(round(&mut queue).is_empty());
    }

    #[test]
    fn a_session_that_is_added_during_a_round_runs_in_the_next() {
        let mut queue = RunQueue::default();
        queue.push(1, false);
        queue.push(2, true);
        queue.begin_round();
        assert_eq!(queue.next(), Some(1));
        queue.push(1, false);
        assert_eq!(queue.next(), Some(2));
        queue.push(2, true);
        assert_eq!(queue.next(), None);
        assert_eq!(round(&mut queue), [1, 2]);
    }
}
