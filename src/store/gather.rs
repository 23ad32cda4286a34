//! Asking together: requests that want the same kind of answer at the same moment share one query. Nobody gets an answer
//! that is older than its question: a question waits for a query that begins after it was asked, and is never added to one
//! that is under way.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{StoreError, StoreResult};

/// Queries that may be under way at once: with one, a slow answer would hold everybody up.
const UNDER_WAY: usize = 2;
/// Questions in one query.
const TOGETHER: usize = 64;

/// Questions of one kind. `K` is a question, `V` its answer.
pub struct Gather<K, V> {
    queue: Mutex<Queue<K, V>>,
}

struct Queue<K, V> {
    waiting: Vec<(K, oneshot::Sender<StoreResult<V>>)>,
    under_way: usize,
}

/// How many questions of one kind are answered at once. Every question that was asked is among the answers.
pub trait Answers<K, V>: Clone + Send + Sync + 'static {
    fn answer(&self, questions: Vec<K>) -> impl Future<Output = StoreResult<HashMap<K, V>>> + Send;
}

impl<K, V> Default for Gather<K, V> {
    fn default() -> Self {
        Self { queue: Mutex::new(Queue { waiting: Vec::new(), under_way: 0 }) }
    }
}

impl<K, V> Gather<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    pub async fn ask(self: &Arc<Self>, question: K, answers: &impl Answers<K, V>) -> StoreResult<V> {
        let (sender, answer) = oneshot::channel();
        let starts = {
            let mut queue = self.lock();
            queue.waiting.push((question, sender));
            let starts = queue.under_way < UNDER_WAY;
            queue.under_way += usize::from(starts);
            starts
        };
        if starts {
            // A task of its own: if this request goes away, those who joined it must not.
            tokio::spawn(Arc::clone(self).work(answers.clone()));
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Broken("a shared query was dropped".to_owned())))
    }

    async fn work(self: Arc<Self>, answers: impl Answers<K, V>) {
        let mut place = Place { gather: &self, taken: true };
        // Requests that are ready to run come first, and may join.
        tokio::task::yield_now().await;
        while let Some(mut group) = place.next() {
            let questions: Vec<K> = group.iter().map(|(question, _)| question.clone()).collect();
            let answered = answers.answer(questions).await;
            if answered.as_ref().is_err_and(StoreError::is_passing) {
                // Who waits would only wait as long, to hear the same.
                group.append(&mut self.lock().waiting);
            }
            for (question, sender) in group {
                let answer = match &answered {
                    Ok(found) => found.get(&question).cloned().ok_or_else(unanswered),
                    Err(error) => Err(error.clone()),
                };
                // Who asked may have gone away meanwhile.
                let _ = sender.send(answer);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<K, V>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's place among those under way, given up also by one that panics.
struct Place<'a, K, V> {
    gather: &'a Gather<K, V>,
    taken: bool,
}

impl<K, V> Place<'_, K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// The next group; `None` ends the worker, in the same step in which it sees that nobody waits.
    fn next(&mut self) -> Option<Vec<(K, oneshot::Sender<StoreResult<V>>)>> {
        let mut queue = self.gather.lock();
        if queue.waiting.is_empty() {
            queue.under_way -= 1;
            self.taken = false;
            return None;
        }
        let together = queue.waiting.len().min(TOGETHER);
        Some(queue.waiting.drain(..together).collect())
    }
}

impl<K, V> Drop for Place<'_, K, V> {
    fn drop(&mut self) {
        if self.taken {
            self.gather.queue.lock().unwrap_or_else(PoisonError::into_inner).under_way -= 1;
        }
    }
}

fn unanswered() -> StoreError {
    StoreError::Broken("a shared query left a question out".to_owned())
}
