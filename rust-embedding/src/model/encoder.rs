//! Callers on many threads, served together.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::wordpiece::Tokens;
use super::{Encoded, LocalModel, ModelError};

/// A model for many callers at once: texts that arrive while the model is busy are computed together in its next passes.
///
/// There is no thread of its own. A caller that finds a place free computes one batch: its own text and what waits. Then it passes the place
/// to the caller that has waited longest; those whose texts were in the batch have their vectors, the others sleep. What waits is bounded by
/// the number of callers, each of which has one text. A text's bits do not depend on the company.
///
/// Cloning gives another handle to the same queue.
#[derive(Clone, Debug)]
pub struct Encoder {
    model: Arc<LocalModel>,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// How many more callers may compute now.
    places: usize,
}

#[derive(Debug)]
struct Waiting {
    tokens: Tokens,
    reply: SyncSender<Reply>,
}

/// What a sleeping caller is woken with.
enum Reply {
    Done(Result<Encoded, ModelError>),
    /// A place is free: compute, this text first.
    Compute(Tokens),
}

impl Encoder {
    /// Serves `model`, with at most `threads` of the callers computing at a time.
    #[must_use]
    pub fn new(model: Arc<LocalModel>, threads: NonZero<usize>) -> Self {
        let queue = Queue { waiting: VecDeque::new(), places: threads.get() };
        Self { model, queue: Arc::new(Mutex::new(queue)) }
    }

    /// The model that is served.
    #[must_use]
    pub fn model(&self) -> &LocalModel {
        &self.model
    }

    /// The vector of a text; blocks until it is there.
    ///
    /// # Errors
    /// As [`LocalModel::encode`].
    pub fn encode(&self, text: &str) -> Result<Encoded, ModelError> {
        let mut tokens = self.model.tokenize(text)?;
        let mut queue = self.lock();
        if queue.places == 0 {
            let (reply, answer) = sync_channel(1);
            queue.waiting.push_back(Waiting { tokens, reply });
            drop(queue);
            match answer.recv().expect("whoever takes a text from the queue replies") {
                Reply::Done(outcome) => return outcome,
                Reply::Compute(own) => tokens = own,
            }
        } else {
            queue.places -= 1;
            drop(queue);
        }
        self.compute(tokens)
    }

    /// One pass over `own` and what waits, with a place that is then passed on.
    fn compute(&self, own: Tokens) -> Result<Encoded, ModelError> {
        let place = Place(self);
        let mut replies = Vec::new();
        let mut batch = vec![Ok(own)];
        let mut size = batch.iter().flatten().map(|tokens: &Tokens| tokens.ids.len()).sum::<usize>();
        let mut queue = self.lock();
        while let Some(next) = queue.waiting.front() {
            size += next.tokens.ids.len();
            if size > self.model.batch_tokens.get() {
                break;
            }
            let Some(Waiting { tokens, reply }) = queue.waiting.pop_front() else { break };
            batch.push(Ok(tokens));
            replies.push(reply);
        }
        drop(queue);
        let mut outcomes = self.model.encode_tokens(batch, NonZero::<usize>::MIN).into_iter();
        // Before the replies, so that the next pass is under way while they are handled.
        drop(place);
        let own = outcomes.next().expect("an outcome for each text");
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // A caller that is gone wants no answer.
            let _ = reply.send(Reply::Done(outcome));
        }
        own
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to compute. On drop, even by a panic, it passes to the caller that has waited longest.
struct Place<'a>(&'a Encoder);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        while let Some(Waiting { tokens, reply }) = queue.waiting.pop_front() {
            if reply.send(Reply::Compute(tokens)).is_ok() {
                return;
            }
        }
        queue.places += 1;
    }
}
