//! Bodies of an agent's state and its parts.

use std::num::NonZeroU64;

use super::parts::{
    put_actor, put_context, put_float, put_stamp, put_text, put_unit, take_actor, take_context, take_flag,
    take_float, take_stamp, take_text, take_unit,
};
use super::{Body, Table, canonical};
use crate::actor::{ActorId, ActorKey};
use crate::agent::AgentState;
use crate::beliefs::{self, BeliefState};
use crate::context::CausalContext;
use crate::episodes::{Episode, EpisodeMemory, Held};
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::lww::LwwRegister;
use crate::runs::Runs;
use crate::score::Score;
use crate::skills::{self, ProficiencyPolicy, SkillAccumulator};
use crate::state::Kind;
use crate::tally::Tally;
use crate::time::ClockUnit;
use crate::wire::{Reader, put_length, put_number};

canonical!(SkillAccumulator, EpisodeMemory, BeliefState, AgentState);

/// The derive-key context of episode digests.
const EPISODE_CONTEXT: &str = "chrysalis 2026-11-20 crdt episode v1";

/// What tells two episodes of one id apart: the digest of the unit and the whole encoded episode.
pub(crate) fn episode_digest(unit: ClockUnit, held: &Held) -> Result<[u8; 32], CrdtError> {
    let mut bytes = vec![unit.to_byte()];
    put_episode(unit, held, &mut bytes)?;
    Ok(blake3::derive_key(EPISODE_CONTEXT, &bytes))
}

impl Body for SkillAccumulator {
    const KIND: Kind = Kind::SkillAccumulator;

    fn table(&self) -> Table<'_> {
        Table::of(self.actors())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        out.push(match self.policy() {
            ProficiencyPolicy::Max => 0,
            ProficiencyPolicy::Latest => 1,
        });
        put_unit(self.unit(), out);
        put_length(self.len(), out);
        for (name, entry) in self.entries() {
            put_text(name, out);
            put_tally(&entry.usage, table, out);
            put_stamp(self.unit(), entry.last_used, out);
            put_float(entry.proficiency.to_finite(), out);
            if let Some(writer) = &entry.writer {
                put_actor(writer, table, out);
            }
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let policy = if take_flag(reader)? { ProficiencyPolicy::Latest } else { ProficiencyPolicy::Max };
        let unit = take_unit(reader)?;
        let mut skills = Self::with(policy, unit);
        let mut names = Ascending::new();
        for _ in 0..reader.length()? {
            let name = names.next(take_text(reader)?)?;
            let usage = take_tally(reader, actors)?;
            let last_used = take_time(unit, reader)?;
            let proficiency = take_score(reader)?;
            let writer = match policy {
                ProficiencyPolicy::Max => None,
                ProficiencyPolicy::Latest => Some(take_actor(reader, actors)?),
            };
            skills.insert_entry(name.to_owned(), skills::Entry { usage, last_used, proficiency, writer });
        }
        Ok(skills)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}

impl Body for EpisodeMemory {
    const KIND: Kind = Kind::EpisodeMemory;

    fn table(&self) -> Table<'_> {
        Table::of([])
    }

    fn put(&self, _: &Table<'_>, out: &mut Vec<u8>) {
        put_unit(self.unit(), out);
        match self.capacity() {
            None => out.push(0),
            Some(capacity) => {
                out.push(1);
                put_number(capacity, out);
            }
        }
        put_length(self.kept().len(), out);
        for held in self.kept() {
            put_episode(self.unit(), held, out).expect("encoded once before, for its digest");
        }
        put_length(self.links.len(), out);
        for (effect, causes) in &self.links {
            put_text(effect, out);
            put_length(causes.len(), out);
            causes.iter().for_each(|cause| put_text(cause, out));
        }
    }

    fn take(reader: &mut Reader<'_>, _: &[ActorKey]) -> Result<Self, CrdtError> {
        let unit = take_unit(reader)?;
        let mut capacity = None;
        if take_flag(reader)? {
            let given = NonZeroU64::new(reader.number()?).ok_or(CrdtError::Malformed("capacity of 0"))?;
            capacity = Some(given);
        }
        let mut memory = Self::with(capacity, unit);
        for _ in 0..reader.length()? {
            let episode = take_episode(unit, reader)?;
            if !memory.push(episode)? {
                return Err(CrdtError::Malformed("episodes are not in order of rank, or over the capacity"));
            }
        }
        let mut effects = Ascending::new();
        for _ in 0..reader.length()? {
            let effect = effects.next(take_text(reader)?)?;
            let causes = take_texts(reader)?;
            if causes.is_empty() {
                return Err(CrdtError::Malformed("effect without a cause"));
            }
            memory.links.insert(effect.to_owned(), causes.into_iter().collect());
        }
        Ok(memory)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}

impl Body for BeliefState {
    const KIND: Kind = Kind::BeliefState;

    fn table(&self) -> Table<'_> {
        Table::of(self.actors())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_unit(self.unit(), out);
        put_length(self.entries().len(), out);
        for (id, entry) in self.entries() {
            put_text(id, out);
            match entry.record.winner() {
                None => out.push(0),
                Some((key, element)) => {
                    out.push(1);
                    put_stamp(self.unit(), key.stamp(), out);
                    put_actor(key.actor(), table, out);
                    element.encode_into(out);
                }
            }
            put_tally(&entry.evidence_for, table, out);
            put_tally(&entry.evidence_against, table, out);
            match entry.weighed {
                None => out.push(0),
                Some(stamp) => {
                    out.push(1);
                    put_stamp(self.unit(), stamp, out);
                }
            }
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let unit = take_unit(reader)?;
        let mut state = Self::with_unit(unit);
        let mut ids = Ascending::new();
        for _ in 0..reader.length()? {
            let id = ids.next(take_text(reader)?)?;
            let mut entry = beliefs::Entry::new(unit);
            if take_flag(reader)? {
                let stamp = take_time(unit, reader)?;
                let actor = take_actor(reader, actors)?;
                let (element, encoded) = reader.element()?;
                beliefs::parts(element.value()).ok_or(CrdtError::Malformed("record of a belief"))?;
                entry.record =
                    LwwRegister::from_parts(unit, stamp, actor, element, encoded, CausalContext::new());
            }
            entry.evidence_for = take_tally(reader, actors)?;
            entry.evidence_against = take_tally(reader, actors)?;
            entry.weighed = if take_flag(reader)? { Some(take_time(unit, reader)?) } else { None };
            if entry == beliefs::Entry::new(unit) {
                return Err(CrdtError::Malformed("belief of nothing"));
            }
            state.insert_entry(id.to_owned(), entry);
        }
        Ok(state)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}

impl Body for AgentState {
    const KIND: Kind = Kind::AgentState;

    fn table(&self) -> Table<'_> {
        Table::of(self.skills.actors().chain(self.beliefs.actors()).chain(self.context().actors()))
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        let Some(agent) = self.agent() else {
            out.push(0);
            return;
        };
        out.push(1);
        put_text(agent.as_str(), out);
        put_context(self.context(), table, out);
        self.skills.put(table, out);
        self.episodes.put(table, out);
        self.beliefs.put(table, out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        if !take_flag(reader)? {
            return Ok(Self::default());
        }
        let agent = ActorId::new(take_text(reader)?)?;
        let context = take_context(reader, actors)?;
        let skills = SkillAccumulator::take(reader, actors)?;
        let episodes = EpisodeMemory::take(reader, actors)?;
        let beliefs = BeliefState::take(reader, actors)?;
        Ok(Self::with(agent, skills, episodes, beliefs)?.with_context(context))
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}

impl SkillAccumulator {
    fn actors(&self) -> impl Iterator<Item = &ActorKey> {
        self.entries().flat_map(|(_, entry)| entry.usage.context().actors().chain(&entry.writer))
    }
}

impl BeliefState {
    fn actors(&self) -> impl Iterator<Item = &ActorKey> {
        self.entries().flat_map(|(_, entry)| {
            let evidence =
                entry.evidence_for.context().actors().chain(entry.evidence_against.context().actors());
            evidence.chain(entry.record.actor())
        })
    }
}

fn put_episode(unit: ClockUnit, held: &Held, out: &mut Vec<u8>) -> Result<(), CrdtError> {
    let episode = &held.episode;
    put_text(&episode.id, out);
    for value in [&episode.content, &episode.context, &episode.outcome] {
        chrysalis_store::cbor::encode_into(value, out)?;
    }
    put_stamp(unit, held.time, out);
    put_float(held.importance.to_finite(), out);
    put_length(episode.tags.len(), out);
    episode.tags.iter().for_each(|tag| put_text(tag, out));
    Ok(())
}

fn take_episode(unit: ClockUnit, reader: &mut Reader<'_>) -> Result<Episode, CrdtError> {
    let id = take_text(reader)?.to_owned();
    let content = reader.element()?.0.into_value();
    let context = reader.element()?.0.into_value();
    let outcome = reader.element()?.0.into_value();
    let timestamp = unit.time(take_time(unit, reader)?)?;
    let importance = take_score(reader)?.to_f64();
    Ok(Episode { id, content, context, outcome, timestamp, importance, tags: take_texts(reader)? })
}

/// The number of actors, then per actor its index, the number of its runs from 1, and the runs as in a context.
///
/// A tally has few of a message's actors; a context has nearly all.
fn put_tally(tally: &Tally, table: &Table<'_>, out: &mut Vec<u8>) {
    put_length(tally.context().actors().len(), out);
    for actor in tally.context().actors() {
        let Some(runs) = tally.context().runs_of(actor) else { continue };
        put_actor(actor, table, out);
        put_length(runs.iter().len(), out);
        let mut least = 1;
        for (start, end) in runs.iter() {
            put_number(start - least, out);
            put_number(end - start, out);
            // Not used after a run that ends at the greatest counter: none follows.
            least = end.saturating_add(2);
        }
    }
}

fn take_tally(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Tally, CrdtError> {
    const OVERFLOW: CrdtError = CrdtError::Malformed("counter is over 64 bits");
    let mut context = CausalContext::new();
    let mut last = None;
    for _ in 0..reader.length()? {
        let index = reader.index(actors.len())?;
        if last.is_some_and(|last| last >= index) {
            return Err(CrdtError::Malformed("actors of a tally are not in order"));
        }
        last = Some(index);
        let count = reader.length()?;
        if count == 0 {
            return Err(CrdtError::Malformed("actor of a tally without an update"));
        }
        let mut runs = Runs::default();
        let mut least = Some(1u64);
        for _ in 0..count {
            let (gap, more) = (reader.number()?, reader.number()?);
            let start = least.and_then(|least| least.checked_add(gap)).ok_or(OVERFLOW)?;
            let end = start.checked_add(more).ok_or(OVERFLOW)?;
            if !runs.push(start, end) {
                return Err(CrdtError::Malformed("runs are not apart"));
            }
            least = end.checked_add(2);
        }
        context.set_runs(actors[index].clone(), runs);
    }
    Ok(Tally::from_context(context))
}

/// A stamp that is a number in its unit: these types take and give times as numbers.
fn take_time(unit: ClockUnit, reader: &mut Reader<'_>) -> Result<Stamp, CrdtError> {
    let stamp = take_stamp(unit, reader)?;
    match unit.time(stamp).and_then(|time| unit.stamp(time)) {
        Ok(same) if same == stamp => Ok(stamp),
        _ => Err(CrdtError::Malformed("time is not a number in its unit")),
    }
}

fn take_score(reader: &mut Reader<'_>) -> Result<Score, CrdtError> {
    Score::from_finite(take_float(reader)?).map_err(|_| CrdtError::Malformed("score is not from 0 to 1"))
}

/// A length, then texts in strictly ascending order.
fn take_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, CrdtError> {
    let mut order = Ascending::new();
    let mut texts = Vec::new();
    for _ in 0..reader.length()? {
        texts.push(order.next(take_text(reader)?)?.to_owned());
    }
    Ok(texts)
}

/// Sees to it that texts come in strictly ascending order.
struct Ascending<'a>(Option<&'a str>);

impl<'a> Ascending<'a> {
    fn new() -> Self {
        Self(None)
    }

    fn next(&mut self, text: &'a str) -> Result<&'a str, CrdtError> {
        if self.0.is_some_and(|last| last >= text) {
            return Err(CrdtError::Malformed("texts are not in order"));
        }
        self.0 = Some(text);
        Ok(text)
    }
}
