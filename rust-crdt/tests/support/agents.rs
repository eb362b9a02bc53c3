//! The parts of an agent's state under test, and their models.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crdt::{
    ActorId, ActorKey, AgentState, Belief, BeliefState, CausalContext, ClockUnit, Dot, Episode,
    EpisodeMemory, ProficiencyPolicy, SkillAccumulator, Value, Writer,
};

use super::subjects::{NAMES, canonical_state, dots_of, new_writer, pair, writers};
use super::{Random, Subject};

/// Dots as the model keeps them.
pub(crate) type Dots = BTreeSet<(ActorKey, u64)>;

/// Eighths: exact as floats, and few, so that there are ties.
fn eighths(number: u8) -> f64 {
    f64::from(number) / 8.0
}

fn dots(context: Option<&CausalContext>) -> Dots {
    context.map(dots_of).unwrap_or_default()
}

fn key_digest(value: &Value) -> Vec<u8> {
    blake3::hash(&value.to_bytes().unwrap()).as_bytes()[..16].to_vec()
}

/// A use of a skill: its name, the dots it counts, the proficiency in eighths, the time, who.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct SkillEvent {
    name: String,
    uses: Dots,
    proficiency: u8,
    time: u8,
    writer: ActorKey,
}

pub(crate) struct SkillSubject<const LATEST: bool>(Vec<Writer>);

impl<const LATEST: bool> SkillSubject<LATEST> {
    const POLICY: ProficiencyPolicy = if LATEST { ProficiencyPolicy::Latest } else { ProficiencyPolicy::Max };

    pub(crate) fn act(
        writer: &Writer,
        state: &mut SkillAccumulator,
        name: &str,
        number: u8,
    ) -> (SkillAccumulator, SkillEvent) {
        let (proficiency, time) = (number % 9, number / 9 % 4);
        let delta = state.update(writer, name, eighths(proficiency), f64::from(time)).unwrap();
        let uses = dots(delta.usage(name));
        assert_eq!(uses.len(), 1);
        (delta, SkillEvent { name: name.into(), uses, proficiency, time, writer: writer.actor().clone() })
    }
}

pub(crate) fn check_skills(state: &SkillAccumulator, seen: &BTreeSet<SkillEvent>) {
    let mut expected: BTreeMap<&str, Vec<&SkillEvent>> = BTreeMap::new();
    for event in seen {
        expected.entry(&event.name).or_default().push(event);
    }
    let names: Vec<String> = state.skills().map(|skill| skill.name).collect();
    assert!(names.iter().map(String::as_str).eq(expected.keys().copied()));
    for (name, events) in expected {
        let skill = state.skill(name).unwrap();
        let uses: Dots = events.iter().flat_map(|event| event.uses.clone()).collect();
        assert_eq!(skill.usage_count, uses.len() as u128);
        assert_eq!(dots(state.usage(name)), uses);
        assert_eq!(skill.last_used, f64::from(events.iter().map(|event| event.time).max().unwrap()));
        let proficiency = match state.policy() {
            ProficiencyPolicy::Max => events.iter().map(|event| event.proficiency).max().unwrap(),
            ProficiencyPolicy::Latest => {
                let last = events.iter().max_by_key(|event| {
                    let value = Value::float(eighths(event.proficiency)).unwrap();
                    (event.time, event.writer.clone(), key_digest(&value))
                });
                last.unwrap().proficiency
            }
        };
        assert_eq!(skill.proficiency, eighths(proficiency));
    }
}

impl<const LATEST: bool> Subject for SkillSubject<LATEST> {
    type State = SkillAccumulator;
    type Event = SkillEvent;

    fn new(_: usize, random: &mut Random) -> Self {
        Self(writers(4, random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_writer(&mut self.0[replica], random);
    }

    fn bottom() -> SkillAccumulator {
        SkillAccumulator::with(Self::POLICY, ClockUnit::Milliseconds)
    }

    fn encode(state: &SkillAccumulator) -> Vec<u8> {
        state.to_bytes()
    }

    fn decode(bytes: &[u8]) -> SkillAccumulator {
        SkillAccumulator::from_bytes(bytes).unwrap()
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut SkillAccumulator,
        _: &BTreeSet<SkillEvent>,
        random: &mut Random,
    ) -> (SkillAccumulator, SkillEvent) {
        let name = *random.pick(&["rust", "__proto__", ""]);
        if random.below(6) == 0 {
            let uses = 1 + random.below(4) as u64;
            let (proficiency, time) = (random.small(9), random.small(4));
            let skill = chrysalis_crdt::Skill {
                name: name.into(),
                proficiency: eighths(proficiency),
                usage_count: u128::from(uses),
                last_used: f64::from(time),
            };
            let delta = state.import("old", &skill).unwrap();
            let writer = ActorKey::new("legacy:old").unwrap();
            let uses = (1..=uses).map(|number| (writer.clone(), number)).collect();
            return (delta, SkillEvent { name: name.into(), uses, proficiency, time, writer });
        }
        Self::act(&self.0[replica], state, name, random.small(36))
    }

    fn merge(state: &mut SkillAccumulator, other: &SkillAccumulator) {
        state.merge(other).unwrap();
    }

    fn check(state: &SkillAccumulator, seen: &BTreeSet<SkillEvent>) {
        check_skills(state, seen);
    }
}

/// What the model knows of an update of an [`EpisodeMemory`].
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum EpisodeEvent {
    /// The id was known.
    Nothing,
    Added {
        id: String,
        content: u8,
        time: u8,
        importance: u8,
    },
    Limited(u64),
    /// Effect, then cause.
    Linked(String, String),
}

pub(crate) fn episode(id: &str, content: u8, time: u8, importance: u8) -> Episode {
    Episode {
        id: id.into(),
        content: Value::from(content),
        context: Value::Null,
        outcome: Value::from("o"),
        timestamp: f64::from(time),
        importance: eighths(importance),
        tags: vec!["t".into(), format!("even {}", content % 2)],
    }
}

/// The digest, put together by hand after docs/encodings/crdt.md.
fn episode_digest(episode: &Episode) -> [u8; 32] {
    let mut tags = episode.tags.clone();
    tags.sort();
    // Milliseconds are unit 1.
    let mut bytes = vec![1];
    let text = |text: &str, out: &mut Vec<u8>| {
        out.push(u8::try_from(text.len()).unwrap());
        out.extend_from_slice(text.as_bytes());
    };
    text(&episode.id, &mut bytes);
    for value in [&episode.content, &episode.context, &episode.outcome] {
        bytes.extend(value.to_bytes().unwrap());
    }
    bytes.extend(episode.timestamp.to_le_bytes());
    bytes.extend(episode.importance.to_le_bytes());
    bytes.push(u8::try_from(tags.len()).unwrap());
    tags.iter().for_each(|tag| text(tag, &mut bytes));
    blake3::derive_key("chrysalis 2026-11-20 crdt episode v1", &bytes)
}

pub(crate) fn check_episodes(state: &EpisodeMemory, seen: &BTreeSet<EpisodeEvent>) {
    let capacity = seen
        .iter()
        .filter_map(|event| if let EpisodeEvent::Limited(k) = event { Some(*k) } else { None })
        .min();
    assert_eq!(state.capacity(), capacity);
    let mut kept: Vec<Episode> = seen
        .iter()
        .filter_map(|event| match event {
            EpisodeEvent::Added { id, content, time, importance } => {
                Some(episode(id, *content, *time, *importance))
            }
            _ => None,
        })
        .collect();
    kept.sort_by(|a, b| {
        let numbers = b.importance.total_cmp(&a.importance).then(b.timestamp.total_cmp(&a.timestamp));
        numbers.then_with(|| (&a.id, episode_digest(a)).cmp(&(&b.id, episode_digest(b))))
    });
    kept.truncate(capacity.map_or(usize::MAX, |k| usize::try_from(k).unwrap()));
    for episode in &mut kept {
        episode.tags.sort();
    }
    let mut shown: Vec<&Episode> = Vec::new();
    for episode in &kept {
        if !shown.iter().any(|other| other.id == episode.id) {
            shown.push(episode);
        }
    }
    assert!(state.episodes().eq(shown.iter().copied()));
    assert_eq!((state.len(), state.is_empty()), (shown.len(), shown.is_empty()));
    for one in &shown {
        assert_eq!(state.get(&one.id), Some(*one));
        assert!(state.contents(&one.id).eq(kept.iter().filter(|other| other.id == one.id)));
    }
    let mut recent = shown.clone();
    recent.sort_by(|a, b| b.timestamp.total_cmp(&a.timestamp).then(a.id.cmp(&b.id)));
    recent.truncate(2);
    assert_eq!(state.recent(2), recent);
    let mut important = shown.clone();
    important.sort_by(|a, b| b.importance.total_cmp(&a.importance).then(a.id.cmp(&b.id)));
    important.truncate(2);
    assert_eq!(state.important(2), important);
    check_links(state, seen, &shown);
}

fn check_links(state: &EpisodeMemory, seen: &BTreeSet<EpisodeEvent>, shown: &[&Episode]) {
    let find = |id: &str| shown.iter().find(|episode| episode.id == id);
    let mut effective: BTreeSet<(&str, &str)> = BTreeSet::new();
    let (mut rejected, mut dangling) = (BTreeSet::new(), BTreeSet::new());
    for event in seen {
        let EpisodeEvent::Linked(effect, cause) = event else { continue };
        match find(effect).zip(find(cause)) {
            None => dangling.insert((&**effect, &**cause)),
            Some((after, before)) => {
                let order = before.timestamp.total_cmp(&after.timestamp).then(before.id.cmp(&after.id));
                let into = if order.is_lt() { &mut effective } else { &mut rejected };
                into.insert((&**effect, &**cause))
            }
        };
    }
    assert!(state.rejected_links().eq(rejected));
    assert!(state.dangling_links().eq(dangling));
    // Everything that is reachable, by joining pairs until nothing is added.
    let mut reach = effective.clone();
    loop {
        let more: Vec<_> = reach
            .iter()
            .flat_map(|(a, b)| reach.iter().filter(move |(c, _)| b == c).map(move |(_, d)| (*a, *d)))
            .collect();
        let before = reach.len();
        reach.extend(more);
        if reach.len() == before {
            break;
        }
    }
    let order = state.causal_order();
    let place = |id: &str| order.iter().position(|episode| episode.id == id).unwrap();
    assert_eq!(order.len(), shown.len());
    for episode in shown {
        let id = episode.id.as_str();
        assert!(
            state
                .causes_of(id)
                .eq(effective.iter().filter(|(effect, _)| *effect == id).map(|(_, cause)| *cause))
        );
        let effects: Vec<&str> =
            effective.iter().filter(|(_, cause)| *cause == id).map(|(effect, _)| *effect).collect();
        assert_eq!(state.effects_of(id).collect::<Vec<_>>(), effects);
        assert_eq!(state.ancestors(id), reach.iter().filter(|(a, _)| *a == id).map(|(_, b)| *b).collect());
        assert_eq!(state.descendants(id), reach.iter().filter(|(_, b)| *b == id).map(|(a, _)| *a).collect());
        for other in shown {
            let chain = state.why(&other.id, id);
            let expected = other.id == id || reach.contains(&(id, &other.id));
            assert_eq!(chain.is_some(), expected);
            let chain = chain.unwrap_or_default();
            assert!(
                chain
                    .windows(2)
                    .all(|step| effective.contains(&(step[1], step[0])) && place(step[0]) < place(step[1]))
            );
        }
    }
}

pub(crate) struct EpisodeSubject;

impl EpisodeSubject {
    pub(crate) fn act(state: &mut EpisodeMemory, event: EpisodeEvent) -> (EpisodeMemory, EpisodeEvent) {
        match &event {
            EpisodeEvent::Nothing => unreachable!("nothing is not asked for"),
            EpisodeEvent::Added { id, content, time, importance } => {
                let known = state.get(id).is_some();
                let delta = state.add(episode(id, *content, *time, *importance)).unwrap();
                (delta, if known { EpisodeEvent::Nothing } else { event })
            }
            EpisodeEvent::Limited(capacity) => {
                (state.limit(std::num::NonZeroU64::new(*capacity).unwrap()), event)
            }
            EpisodeEvent::Linked(effect, cause) => (state.link(effect, cause), event),
        }
    }

    fn random(random: &mut Random) -> EpisodeEvent {
        let mut id = || (*random.pick(&["a", "b", "c", "\u{1f600}", "\u{ff5e}"])).to_owned();
        let (one, two) = (id(), id());
        match random.below(12) {
            0 => EpisodeEvent::Limited(1 + random.below(5) as u64),
            1..5 => EpisodeEvent::Linked(one, two),
            _ => {
                let [content, time, importance] = [2, 4, 3].map(|bound| random.small(bound));
                EpisodeEvent::Added { id: one, content, time, importance }
            }
        }
    }
}

impl Subject for EpisodeSubject {
    type State = EpisodeMemory;
    type Event = EpisodeEvent;

    fn new(_: usize, _: &mut Random) -> Self {
        Self
    }

    fn bottom() -> EpisodeMemory {
        EpisodeMemory::default()
    }

    fn encode(state: &EpisodeMemory) -> Vec<u8> {
        state.to_bytes()
    }

    fn decode(bytes: &[u8]) -> EpisodeMemory {
        EpisodeMemory::from_bytes(bytes).unwrap()
    }

    fn update(
        &mut self,
        _: usize,
        state: &mut EpisodeMemory,
        _: &BTreeSet<EpisodeEvent>,
        random: &mut Random,
    ) -> (EpisodeMemory, EpisodeEvent) {
        Self::act(state, Self::random(random))
    }

    fn merge(state: &mut EpisodeMemory, other: &EpisodeMemory) {
        state.merge(other).unwrap();
    }

    fn check(state: &EpisodeMemory, seen: &BTreeSet<EpisodeEvent>) {
        check_episodes(state, seen);
    }
}

/// What the model knows of an update of a [`BeliefState`]: the evidence its delta carries, and the record if it wrote one.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct BeliefEvent {
    id: String,
    evidence_for: Dots,
    evidence_against: Dots,
    time: u8,
    record: Option<RecordEvent>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct RecordEvent {
    writer: ActorKey,
    content: u8,
    conviction: u8,
    seen: i64,
}

pub(crate) struct BeliefSubject(Vec<Writer>);

impl BeliefSubject {
    /// Writes, or weighs for or against.
    pub(crate) fn act(
        writer: &Writer,
        state: &mut BeliefState,
        id: &str,
        kind: usize,
        number: u8,
    ) -> (BeliefState, BeliefEvent) {
        let time = number % 4;
        let at = f64::from(time);
        let delta = match kind {
            0 => {
                let (content, conviction) = (number % 3, number % 9);
                let known = state.belief(id).map_or(0, |belief| belief.evidence_for);
                let belief = Belief {
                    id: id.into(),
                    content: Value::from(content),
                    conviction: eighths(conviction),
                    evidence_for: known + u128::from(number % 2),
                    evidence_against: 0,
                    last_updated: at,
                    source: Value::Null,
                };
                let delta = state.update(writer, &belief).unwrap();
                let (evidence_for, evidence_against) =
                    (dots(delta.evidence_for(id)), dots(delta.evidence_against(id)));
                let seen = evidence_for.len() as i64 - evidence_against.len() as i64;
                let record = Some(RecordEvent { writer: writer.actor().clone(), content, conviction, seen });
                return (delta, BeliefEvent { id: id.into(), evidence_for, evidence_against, time, record });
            }
            1 => state.add_evidence_for(writer, id, at).unwrap(),
            _ => state.add_evidence_against(writer, id, at).unwrap(),
        };
        let (evidence_for, evidence_against) =
            (dots(delta.evidence_for(id)), dots(delta.evidence_against(id)));
        if evidence_for.is_empty() && evidence_against.is_empty() {
            return (delta, BeliefEvent::default());
        }
        (delta, BeliefEvent { id: id.into(), evidence_for, evidence_against, time, record: None })
    }
}

pub(crate) fn check_beliefs(state: &BeliefState, seen: &BTreeSet<BeliefEvent>) {
    let ids: BTreeSet<&str> =
        seen.iter().filter(|event| event.record.is_some()).map(|event| &*event.id).collect();
    let shown: Vec<Belief> = state.beliefs().collect();
    assert!(shown.iter().map(|belief| &*belief.id).eq(ids.iter().copied()));
    assert_eq!(state.len(), ids.len());
    for belief in shown {
        let of = || seen.iter().filter(|event| event.id == belief.id);
        let evidence_for: Dots = of().flat_map(|event| event.evidence_for.clone()).collect();
        let evidence_against: Dots = of().flat_map(|event| event.evidence_against.clone()).collect();
        assert_eq!(belief.evidence_for, evidence_for.len() as u128);
        assert_eq!(belief.evidence_against, evidence_against.len() as u128);
        let last = of().filter_map(|event| Some((event.time, event.record.as_ref()?))).max_by_key(
            |(time, record)| {
                let conviction = Value::float(eighths(record.conviction)).unwrap();
                let value = Value::array([
                    Value::from(record.content),
                    Value::Null,
                    conviction,
                    Value::from(record.seen),
                ]);
                (*time, record.writer.clone(), key_digest(&value))
            },
        );
        let (_, record) = last.unwrap();
        assert_eq!(belief.content, Value::from(record.content));
        let unseen = evidence_for.len() as i64 - evidence_against.len() as i64 - record.seen;
        let conviction = eighths(record.conviction) + 0.05 * unseen as f64;
        assert_eq!(belief.conviction, conviction.clamp(0.0, 1.0));
        assert_eq!(belief.last_updated, f64::from(of().map(|event| event.time).max().unwrap()));
    }
}

impl Subject for BeliefSubject {
    type Event = BeliefEvent;
    canonical_state!(BeliefState);

    fn new(_: usize, random: &mut Random) -> Self {
        Self(writers(4, random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_writer(&mut self.0[replica], random);
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut BeliefState,
        _: &BTreeSet<BeliefEvent>,
        random: &mut Random,
    ) -> (BeliefState, BeliefEvent) {
        let id = *random.pick(&["x", "constructor"]);
        Self::act(&self.0[replica], state, id, random.below(4) % 3, random.small(200))
    }

    fn merge(state: &mut BeliefState, other: &BeliefState) {
        state.merge(other).unwrap();
    }

    fn check(state: &BeliefState, seen: &BTreeSet<BeliefEvent>) {
        check_beliefs(state, seen);
    }
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum AgentPart {
    Tick,
    Skill(SkillEvent),
    Episode(EpisodeEvent),
    Belief(BeliefEvent),
}

/// The dot of an update of an [`AgentState`], and what it did.
pub(crate) type AgentEvent = (Dot, AgentPart);

pub(crate) struct AgentSubject(Vec<Writer>);

impl AgentSubject {
    pub(crate) fn act(
        writer: &Writer,
        state: &mut AgentState,
        kind: usize,
        number: u8,
    ) -> (AgentState, AgentEvent) {
        // The parts are updated on copies too, which gives the model what it wants to know.
        let (delta, part) = match kind {
            0 => (state.tick(writer).unwrap(), AgentPart::Tick),
            1 => {
                let (proficiency, time) = (number % 9, number / 9 % 4);
                let delta =
                    state.update_skill(writer, "rust", eighths(proficiency), f64::from(time)).unwrap();
                let uses = dots(delta.skills().usage("rust"));
                let writer = writer.actor().clone();
                (delta, AgentPart::Skill(SkillEvent { name: "rust".into(), uses, proficiency, time, writer }))
            }
            2 => {
                let (id, time) = (NAMES[usize::from(number % 3)], number / 3 % 4);
                let known = state.episodes().get(id).is_some();
                let delta = state.add_episode(writer, episode(id, 0, time, number % 2)).unwrap();
                let added = EpisodeEvent::Added { id: id.into(), content: 0, time, importance: number % 2 };
                (delta, AgentPart::Episode(if known { EpisodeEvent::Nothing } else { added }))
            }
            3 => {
                let (effect, cause) = (NAMES[usize::from(number % 3)], NAMES[usize::from(number / 3 % 3)]);
                let delta = state.link_episodes(writer, effect, cause).unwrap();
                (delta, AgentPart::Episode(EpisodeEvent::Linked(effect.into(), cause.into())))
            }
            4 => {
                let belief = Belief {
                    id: "x".into(),
                    content: Value::from(number % 3),
                    conviction: eighths(number % 9),
                    evidence_for: 0,
                    evidence_against: 0,
                    last_updated: f64::from(number % 4),
                    source: Value::Null,
                };
                let delta = state.update_belief(writer, &belief).unwrap();
                let beliefs = delta.beliefs();
                let (evidence_for, evidence_against) =
                    (dots(beliefs.evidence_for("x")), dots(beliefs.evidence_against("x")));
                let seen = evidence_for.len() as i64 - evidence_against.len() as i64;
                let (content, conviction) = (number % 3, number % 9);
                let record = Some(RecordEvent { writer: writer.actor().clone(), content, conviction, seen });
                let event =
                    BeliefEvent { id: "x".into(), evidence_for, evidence_against, time: number % 4, record };
                (delta, AgentPart::Belief(event))
            }
            _ => {
                let at = f64::from(number % 4);
                let delta = if kind == 5 {
                    state.add_evidence_for(writer, "x", at).unwrap()
                } else {
                    state.add_evidence_against(writer, "x", at).unwrap()
                };
                let beliefs = delta.beliefs();
                let (evidence_for, evidence_against) =
                    (dots(beliefs.evidence_for("x")), dots(beliefs.evidence_against("x")));
                let part = if evidence_for.is_empty() && evidence_against.is_empty() {
                    AgentPart::Tick
                } else {
                    let event = BeliefEvent {
                        id: "x".into(),
                        evidence_for,
                        evidence_against,
                        time: number % 4,
                        record: None,
                    };
                    AgentPart::Belief(event)
                };
                (delta, part)
            }
        };
        let own = dots_of(delta.context()).into_iter().next().unwrap();
        (delta, (Dot::new(own.0, own.1).unwrap(), part))
    }
}

impl Subject for AgentSubject {
    type State = AgentState;
    type Event = AgentEvent;

    fn new(_: usize, random: &mut Random) -> Self {
        Self(writers(4, random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_writer(&mut self.0[replica], random);
    }

    fn bottom() -> AgentState {
        AgentState::new(ActorId::new("agent \u{1f600}").unwrap())
    }

    fn encode(state: &AgentState) -> Vec<u8> {
        state.to_bytes()
    }

    fn decode(bytes: &[u8]) -> AgentState {
        AgentState::from_bytes(bytes).unwrap()
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut AgentState,
        _: &BTreeSet<AgentEvent>,
        random: &mut Random,
    ) -> (AgentState, AgentEvent) {
        Self::act(&self.0[replica], state, random.below(7), random.small(200))
    }

    fn merge(state: &mut AgentState, other: &AgentState) {
        let before = state.clone();
        let order = before.compare_causality(other).unwrap();
        state.merge(other).unwrap();
        assert_eq!(before.has_diverged(other), Ok(order == chrysalis_crdt::ClockOrdering::Concurrent));
    }

    fn check(state: &AgentState, seen: &BTreeSet<AgentEvent>) {
        assert_eq!(dots_of(state.context()), seen.iter().map(|(dot, _)| pair(dot)).collect());
        let (mut skills, mut beliefs) = (BTreeSet::new(), BTreeSet::new());
        let mut episodes = BTreeSet::from([EpisodeEvent::Limited(1000)]);
        for (_, part) in seen {
            match part {
                AgentPart::Tick => {}
                AgentPart::Skill(event) => drop(skills.insert(event.clone())),
                AgentPart::Episode(event) => drop(episodes.insert(event.clone())),
                AgentPart::Belief(event) => drop(beliefs.insert(event.clone())),
            }
        }
        check_skills(state.skills(), &skills);
        check_episodes(state.episodes(), &episodes);
        check_beliefs(state.beliefs(), &beliefs);
    }
}
