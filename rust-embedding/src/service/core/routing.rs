//! How texts find their way: into the cache, a flight under way, or with others into a request.

use std::sync::Arc;
use std::time::Duration;

use super::{Chunk, Core, Item, State, answered, unsent};
use crate::cache::CacheKey;
use crate::embedding::Embedding;
use crate::error::EmbeddingError;
use crate::port::Now;
use crate::provider::Form;
use crate::service::outcome::{CallOptions, Outcome, Prepared, Source};

impl Core {
    /// Takes one text: from the cache, into a flight under way, or as a new item, which is given.
    pub(super) fn admit_text(
        &mut self,
        now: Now,
        call: u64,
        place: usize,
        prepared: Prepared,
        options: CallOptions,
    ) -> Option<u64> {
        let limit = self.settings.max_text_bytes;
        if prepared.text.len() > limit {
            let error = EmbeddingError::TextTooLarge { bytes: prepared.text.len(), limit };
            self.answer(call, place, unsent(error, Duration::ZERO));
            return None;
        }
        let flight = (options.form, prepared.digest);
        if let Some(item) = self.flights.get(&flight).copied() {
            self.telemetry.coalesced += 1;
            self.subscribe(item, call, place);
            return None;
        }
        if let Some(embedding) = self.find_cached(now, 0, options.form, &prepared.digest) {
            let outcome = Outcome { source: Source::Cache, provider: Some(0), ..answered(Ok(embedding)) };
            self.answer(call, place, outcome);
            return None;
        }
        let id = self.make_id();
        self.waiting_bytes += prepared.text.len();
        self.flights.insert(flight, id);
        let item = Item {
            prepared,
            form: options.form,
            is_batch: options.is_batch,
            subscribers: Vec::new(),
            lane: 0,
            chunk: None,
            entered: now.monotonic,
            attempts: 0,
            queue_time: Duration::ZERO,
            connect_time: Duration::ZERO,
            provider_time: Duration::ZERO,
            retry_time: Duration::ZERO,
        };
        self.items.insert(id, item);
        self.subscribe(id, call, place);
        Some(id)
    }

    fn subscribe(&mut self, item: u64, call: u64, place: usize) {
        if let (Some(found), Some(caller)) = (self.items.get_mut(&item), self.calls.get_mut(&call)) {
            found.subscribers.push((call, place));
            if caller.items.last() != Some(&item) {
                caller.items.push(item);
            }
        }
    }

    pub(super) fn find_cached(
        &mut self,
        now: Now,
        lane: usize,
        form: Form,
        digest: &[u8; 32],
    ) -> Option<Embedding> {
        let cache = self.cache.as_ref()?;
        let space = self.lanes[lane].provider.space()?;
        let found = cache.find(&CacheKey::of_digest(space.id(), form, digest), now.unix);
        let embedding = found.and_then(|vector| Embedding::new(space, vector).ok());
        *(if embedding.is_some() {
            &mut self.telemetry.cache_hits
        } else {
            &mut self.telemetry.cache_misses
        }) += 1;
        embedding.map(|embedding| embedding.marked(lane > 0))
    }

    /// Packs texts into as few requests as a provider's limits allow, and queues them.
    pub(super) fn route(&mut self, now: Now, owner: u64, lane: usize, items: Vec<u64>) {
        let limits = self.lanes[lane].provider.limits();
        let provider = Arc::clone(&self.lanes[lane].provider);
        let mut open: Vec<u64> = Vec::new();
        let mut open_tokens = 0_usize;
        for id in items {
            let Some(item) = self.items.get_mut(&id) else { continue };
            item.lane = lane;
            item.entered = now.monotonic;
            let tokens =
                if lane == 0 { item.prepared.tokens } else { provider.count_tokens(&item.prepared.text) };
            let is_empty = item.prepared.text.is_empty();
            if is_empty && !limits.takes_empty {
                self.fail_item(now, id, lane, EmbeddingError::EmptyText);
                continue;
            }
            if limits.is_count_exact && tokens > limits.tokens_per_text {
                let error = EmbeddingError::TextTooLong { tokens, limit: limits.tokens_per_text };
                self.fail_item(now, id, lane, error);
                continue;
            }
            let is_full =
                open.len() == limits.texts || open_tokens.saturating_add(tokens) > limits.tokens_per_request;
            if is_full && !open.is_empty() {
                self.queue_chunk(now, owner, lane, std::mem::take(&mut open), open_tokens);
                open_tokens = 0;
            }
            open.push(id);
            open_tokens = open_tokens.saturating_add(tokens);
        }
        if !open.is_empty() {
            self.queue_chunk(now, owner, lane, open, open_tokens);
        }
    }

    pub(super) fn queue_chunk(
        &mut self,
        now: Now,
        owner: u64,
        lane: usize,
        items: Vec<u64>,
        tokens: usize,
    ) -> u64 {
        let id = self.make_id();
        for item in &items {
            if let Some(item) = self.items.get_mut(item) {
                item.chunk = Some(id);
            }
        }
        let chunk = Chunk {
            lane,
            owner,
            items,
            tokens: tokens as u64,
            state: State::Queued,
            sent: 0,
            spent: Duration::ZERO,
            queued: now.monotonic,
            last: None,
            was_repacked: false,
        };
        self.chunks.insert(id, chunk);
        self.lanes[lane].queue.push(owner, id);
        id
    }
}
