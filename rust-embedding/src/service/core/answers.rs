//! What is done about a provider's answer: delivered, repeated, divided, sent elsewhere or given up.

use std::sync::Arc;

use super::{Attempt, Core, Effect, MAX_REFUSED_IN_VAIN, State, Timer};
use crate::cache::CacheKey;
use crate::embedding::Embedding;
use crate::error::{EmbeddingError, Problem, ProviderError};
use crate::port::Now;
use crate::provider::{Failure, Reply};
use crate::service::outcome::{Outcome, Source};
use crate::service::settings::FallbackPolicy;
use crate::space::Space;
use crate::telemetry::End;

impl Core {
    pub(super) fn settle(&mut self, now: Now, ended: &Attempt, answer: Result<Reply, Failure>, random: u64) {
        let took = now.monotonic.saturating_sub(ended.sent);
        let Some(chunk) = self.chunks.get_mut(&ended.chunk) else { return };
        chunk.spent += took;
        let connected = ended.connecting.elapsed(now.monotonic).min(took);
        let took = took - connected;
        let (count, tokens) = (chunk.items.len(), chunk.tokens);
        for item in &chunk.items {
            if let Some(item) = self.items.get_mut(item) {
                item.connect_time += connected;
                item.provider_time += took;
            }
        }
        // Providers of others' making are held to what they promise, too.
        let answer = answer.and_then(|reply| {
            if reply.vectors.len() == count { Ok(reply) } else { Err(Failure::answer(Problem::WrongCount)) }
        });
        self.telemetry.lanes[ended.lane].connected(connected);
        let lane = &mut self.lanes[ended.lane];
        match answer {
            Ok(reply) => {
                lane.gate.answered();
                lane.gate.learn(now.monotonic, &reply.rate);
                let price = lane.provider.price_per_1k_tokens();
                self.telemetry.lanes[ended.lane].answered(took, &reply, tokens, price);
                self.deliver(now, ended.chunk, reply.vectors);
            }
            Err(failure) => {
                if failure.is_outage() {
                    lane.gate.failed(now.monotonic);
                } else {
                    lane.gate.answered();
                }
                lane.gate.learn(now.monotonic, &failure.rate);
                let asked = lane.settings.retry.heeded(failure.retry_after);
                if let Some(delay) = asked.filter(|_| failure.is_retriable()) {
                    lane.gate.pause(now.monotonic, delay);
                }
                self.telemetry.lanes[ended.lane].refused(took, failure.class);
                self.handle_failure(now, ended.chunk, failure, random);
            }
        }
    }

    fn deliver(&mut self, now: Now, id: u64, vectors: Vec<Vec<f32>>) {
        let Some(chunk) = self.chunks.remove(&id) else { return };
        if let Some(call) = self.calls.get_mut(&chunk.owner) {
            call.has_success = true;
        }
        let space = self.lanes[chunk.lane].provider.space();
        for (item, vector) in chunk.items.into_iter().zip(vectors) {
            match self.place(chunk.lane, space.as_ref(), vector) {
                Ok(embedding) => self.finish_item(now, item, chunk.lane, Ok(embedding)),
                Err(error) => self.fail_item(now, item, chunk.lane, error),
            }
        }
    }

    /// Puts a vector into its space.
    fn place(
        &mut self,
        lane: usize,
        space: Option<&Arc<Space>>,
        vector: Vec<f32>,
    ) -> Result<Embedding, EmbeddingError> {
        let Some(space) = space else {
            let failure = Failure::answer(Problem::NoData);
            return Err(self.provider_error(lane, &failure, 1));
        };
        if vector.len() == space.dimensions() {
            return Embedding::new(Arc::clone(space), vector);
        }
        self.telemetry.lanes[lane].mismatches += 1;
        if self.settings.takes_any_length {
            let mut fields = space.fields().clone();
            fields.dimensions = vector.len();
            return Embedding::new(Arc::new(Space::new(fields)?), vector);
        }
        Embedding::new(Arc::clone(space), vector)
    }

    /// Repeats, divides or gives up.
    fn handle_failure(&mut self, now: Now, id: u64, failure: Failure, random: u64) {
        let Some(chunk) = self.chunks.get_mut(&id) else { return };
        let settings = &self.lanes[chunk.lane].settings;
        if failure.repack && !chunk.was_repacked {
            self.repack(now, id);
            return;
        }
        if failure.is_retriable() && chunk.sent <= settings.retry.max_retries {
            let delay = settings.retry.delay(chunk.sent - 1, failure.retry_after, random);
            if chunk.spent + delay < settings.overall_timeout {
                // Texts that nobody waits for any more are not sent again.
                chunk.items.retain(|item| self.items.contains_key(item));
                if chunk.items.is_empty() {
                    self.chunks.remove(&id);
                    return;
                }
                chunk.spent += delay;
                let until = now.monotonic + delay;
                chunk.state = State::Waiting { until };
                chunk.last = Some(failure);
                let (lane, items) = (chunk.lane, chunk.items.clone());
                for item in items {
                    if let Some(item) = self.items.get_mut(&item) {
                        item.retry_time += delay;
                    }
                }
                self.timers.insert((until, Timer::Chunk(id)));
                self.telemetry.lanes[lane].retry_time += delay;
                return;
            }
        }
        if failure.may_be_about_one_text() && self.split(now, id, &failure) {
            return;
        }
        self.fail_chunk(now, id, &failure);
    }

    /// Packs the texts of a chunk again, by limits that have changed.
    fn repack(&mut self, now: Now, id: u64) {
        let Some(chunk) = self.chunks.remove(&id) else { return };
        let before = self.next_id;
        self.route(now, chunk.owner, chunk.lane, chunk.items);
        for fresh in self.chunks.range_mut(before..).map(|(_, chunk)| chunk) {
            fresh.was_repacked = true;
        }
    }

    /// Divides a refused chunk, so that only what is wrong with it fails. `false` if it cannot be divided.
    fn split(&mut self, now: Now, id: u64, failure: &Failure) -> bool {
        let Some(owner) = self.owner_of(id) else { return false };
        let (Some(chunk), Some(call)) = (self.chunks.get_mut(&id), self.calls.get_mut(&owner)) else {
            return false;
        };
        call.refused += 1;
        let is_in_vain = !call.has_success && call.refused > MAX_REFUSED_IN_VAIN;
        if chunk.items.len() == 1 || call.splits == 0 || is_in_vain {
            return false;
        }
        call.splits -= 1;
        chunk.owner = owner;
        let Some(chunk) = self.chunks.remove(&id) else { return false };
        self.telemetry.lanes[chunk.lane].splits += 1;
        let parts: Vec<Vec<u64>> = match failure.rejected_text {
            Some(index) if index < chunk.items.len() => {
                let error = self.provider_error(chunk.lane, failure, chunk.sent);
                self.fail_item(now, chunk.items[index], chunk.lane, error);
                vec![chunk.items[..index].to_vec(), chunk.items[index + 1..].to_vec()]
            }
            _ => {
                let (left, right) = chunk.items.split_at(chunk.items.len() / 2);
                vec![left.to_vec(), right.to_vec()]
            }
        };
        for mut items in parts {
            items.retain(|item| self.items.contains_key(item));
            if items.is_empty() {
                continue;
            }
            let provider = &self.lanes[chunk.lane].provider;
            let texts = items.iter().filter_map(|item| self.items.get(item)).map(|item| &item.prepared.text);
            let tokens = texts.map(|text| provider.count_tokens(text)).sum();
            self.queue_chunk(now, chunk.owner, chunk.lane, items, tokens);
        }
        true
    }

    /// The call that a chunk was made for, or else another that waits for one of its texts.
    fn owner_of(&self, id: u64) -> Option<u64> {
        let chunk = self.chunks.get(&id)?;
        if self.calls.contains_key(&chunk.owner) {
            return Some(chunk.owner);
        }
        let mut items = chunk.items.iter().filter_map(|item| self.items.get(item));
        items.find_map(|item| item.subscribers.first()).map(|(call, _)| *call)
    }

    pub(super) fn fail_chunk(&mut self, now: Now, id: u64, failure: &Failure) {
        let Some(chunk) = self.chunks.remove(&id) else { return };
        let error = self.provider_error(chunk.lane, failure, chunk.sent);
        let mut moving = Vec::new();
        for item in chunk.items {
            if self.has_next(chunk.lane) {
                moving.push(item);
            } else {
                self.finish_item(now, item, chunk.lane, Err(error.clone()));
            }
        }
        self.fall_back(now, chunk.owner, chunk.lane, moving);
    }

    /// One text failed for good at one provider.
    pub(super) fn fail_item(&mut self, now: Now, id: u64, lane: usize, error: EmbeddingError) {
        if self.has_next(lane) {
            let owner =
                self.items.get(&id).and_then(|item| item.subscribers.first()).map_or(0, |(call, _)| *call);
            self.fall_back(now, owner, lane, vec![id]);
        } else {
            self.finish_item(now, id, lane, Err(error));
        }
    }

    /// The provider behind this one that the policy allows.
    fn next_lane(&self, lane: usize) -> Option<usize> {
        let is_allowed = |next: &usize| match self.settings.fallback {
            FallbackPolicy::None => false,
            FallbackPolicy::Any => true,
            FallbackPolicy::Compatible => {
                let space = |lane: usize| self.lanes[lane].provider.space().map(|space| space.id());
                space(0).is_some() && space(0) == space(*next)
            }
        };
        (lane + 1..self.lanes.len()).find(is_allowed)
    }

    fn has_next(&self, lane: usize) -> bool {
        self.next_lane(lane).is_some()
    }

    fn fall_back(&mut self, now: Now, owner: u64, from: usize, items: Vec<u64>) {
        let Some(lane) = self.next_lane(from) else { return };
        self.telemetry.lanes[from].fallbacks += items.len() as u64;
        let mut left = Vec::new();
        for id in items {
            let Some((form, digest)) = self.items.get(&id).map(|item| (item.form, item.prepared.digest))
            else {
                continue;
            };
            match self.find_cached(now, lane, form, &digest) {
                Some(embedding) => self.finish_item(now, id, lane, Ok(embedding)),
                None => left.push(id),
            }
        }
        self.route(now, owner, lane, left);
    }

    fn provider_error(&self, lane: usize, failure: &Failure, attempts: u32) -> EmbeddingError {
        let provider = &self.lanes[lane].provider;
        EmbeddingError::Provider(Box::new(ProviderError {
            class: failure.class,
            problem: failure.problem,
            provider: provider.name().into(),
            model: provider.model().into(),
            status: failure.status,
            code: failure.code.clone(),
            request_id: failure.request_id.clone(),
            retry_after: failure.retry_after,
            attempts,
        }))
    }

    /// Tells everyone who waits for a text, and keeps its vector.
    fn finish_item(&mut self, now: Now, id: u64, lane: usize, result: Result<Embedding, EmbeddingError>) {
        let Some(item) = self.forget_item(id) else { return };
        let result = result.map(|embedding| embedding.marked(lane > 0));
        if let Ok(embedding) = &result {
            let key = CacheKey::of_digest(embedding.space().id(), item.form, &item.prepared.digest);
            if let Some(cache) = &self.cache {
                cache.insert(key, embedding.to_shared(), now.unix);
                self.effects.push_back(Effect::Store { key, embedding: embedding.clone() });
            }
        }
        let total = item.queue_time + item.connect_time + item.provider_time + item.retry_time;
        self.telemetry.lanes[lane].ended(End::of(&result), total);
        let mut source = Source::Request;
        for (call, place) in item.subscribers {
            let outcome = Outcome {
                result: result.clone(),
                source,
                provider: Some(lane),
                attempts: item.attempts,
                queue_time: item.queue_time,
                connect_time: item.connect_time,
                provider_time: item.provider_time,
                retry_time: item.retry_time,
            };
            self.answer(call, place, outcome);
            source = Source::Shared;
        }
    }
}
