//! What the fuzz targets check. Plain functions, so that `cargo test` runs them without libFuzzer.

use chrysalis_crdt::json::{Envelope, Import, Json};
use chrysalis_crdt::sync::{Replica, SyncConfig, SyncSession};
use chrysalis_crdt::{
    ActorKey, AgentState, BeliefState, CausalContext, EpisodeMemory, GCounter, GSet, JsonState,
    LwwElementSet, LwwMap, LwwNumericRegister, LwwRegister, MerkleDag, MvRegister, OrSet, PnCounter,
    SkillAccumulator, State, TwoPhaseSet, Value, VectorClock, Writer, merger,
};

/// Whatever a decoder of states accepts is the one encoding of what it gives, and merges with itself to itself.
pub fn state(bytes: &[u8]) {
    read::<VectorClock>(bytes);
    read::<CausalContext>(bytes);
    read::<LwwRegister>(bytes);
    read::<GCounter>(bytes);
    read::<PnCounter>(bytes);
    read::<GSet>(bytes);
    read::<TwoPhaseSet>(bytes);
    read::<LwwNumericRegister>(bytes);
    read::<LwwElementSet>(bytes);
    read::<LwwMap>(bytes);
    read::<MvRegister>(bytes);
    read::<OrSet>(bytes);
    agent_state(bytes);
    if let Ok(mut set) = OrSet::from_bytes(bytes) {
        // Both indexes agree: a set with all of it removed is empty, and stays so.
        let before = set.clone();
        for value in before.elements() {
            set.remove(&value);
        }
        assert!(set.is_empty());
        assert_eq!(set.merge(&before), Ok(()));
        assert!(set.is_empty());
    }
}

/// The types of an agent's state, and what their queries must not fail on.
fn agent_state(bytes: &[u8]) {
    read::<SkillAccumulator>(bytes);
    read::<EpisodeMemory>(bytes);
    read::<BeliefState>(bytes);
    read::<AgentState>(bytes);
    read::<MerkleDag>(bytes);
    if let Ok(memory) = EpisodeMemory::from_bytes(bytes) {
        let order = memory.causal_order();
        assert_eq!(order.len(), memory.len());
        for episode in order {
            assert!(!memory.ancestors(&episode.id).contains(&*episode.id));
        }
    }
    if let Ok(state) = BeliefState::from_bytes(bytes) {
        assert!(state.beliefs().all(|belief| (0.0..=1.0).contains(&belief.conviction)));
    }
    if let Ok(dag) = MerkleDag::from_bytes(bytes) {
        assert_eq!(dag.topological_order().len(), dag.len());
        assert_eq!(dag.missing().is_empty(), dag.waiting().len() == 0);
        assert!(dag.forks().iter().flat_map(|fork| &fork.nodes).all(|id| dag.contains(id)));
    }
}

fn read<T: State>(bytes: &[u8]) {
    if let Ok(mut state) = T::from_bytes(bytes) {
        assert_eq!(state.to_bytes(), bytes);
        let before = state.clone();
        assert_eq!(state.merge(&before), Ok(()));
        assert_eq!(state, before);
    }
}

/// Whatever the decoder of values accepts is the one encoding of what it gives.
pub fn value(bytes: &[u8]) {
    if let Ok(value) = Value::from_bytes(bytes) {
        assert_eq!(value.to_bytes().as_deref(), Ok(bytes));
    }
}

/// Whatever a reader of JSON accepts can be written, and reads back to itself.
pub fn json(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(json) = Json::parse(text) else { return };
    assert_eq!(Json::parse(&json.to_text()).as_ref(), Ok(&json));
    read_json::<VectorClock>(text);
    read_json::<LwwRegister>(text);
    read_json::<GCounter>(text);
    read_json::<PnCounter>(text);
    read_json::<GSet>(text);
    read_json::<TwoPhaseSet>(text);
    read_json::<LwwNumericRegister>(text);
    read_json::<LwwElementSet>(text);
    read_json::<LwwMap>(text);
    read_json::<MvRegister>(text);
    read_json::<OrSet>(text);
    read_json::<SkillAccumulator>(text);
    read_json::<EpisodeMemory>(text);
    read_json::<BeliefState>(text);
    read_json::<AgentState>(text);
    read_json::<MerkleDag>(text);
    merge(&json);
}

/// Whatever the merger of records accepts, it brings into one form, which merges with itself to itself.
fn merge(json: &Json) {
    let Ok(value) = json.to_value() else { return };
    if let Ok(merged) = merger::merge_memory_states(&value, &value) {
        assert_eq!(merger::merge_memory_states(&merged, &merged), Ok(merged));
    }
    let Some(list) = value.as_array() else { return };
    for merge in [merger::merge_episodic_memories, merger::merge_semantic_memories] {
        if let Ok(merged) = merge(list, list) {
            assert_eq!(merge(&merged, list).as_ref(), Ok(&merged));
            assert_eq!(merge(list, &merged), Ok(merged));
        }
    }
}

fn read_json<T: JsonState>(text: &str) {
    let Ok((state, _)) = T::from_json(text, &Import::new()) else { return };
    assert_eq!(T::from_bytes(&state.to_bytes()).as_ref(), Ok(&state));
    let written = state.to_json(&Envelope::default()).expect("what was read can be written");
    assert_eq!(T::from_json(&written, &Import::new()), Ok((state, Envelope::default())));
}

/// Whatever the decoder of packed sets accepts merges as its canonical encoding does, and packs to what is accepted.
pub fn packed(bytes: &[u8]) {
    let mut set = OrSet::new();
    let outcome = set.merge_packed(bytes);
    let Ok(read) = OrSet::from_packed(bytes) else {
        assert!(outcome.is_err());
        return;
    };
    assert_eq!((outcome, &set), (Ok(()), &read));
    assert_eq!(OrSet::from_bytes(&read.to_bytes()).as_ref(), Ok(&read));
    assert_eq!(OrSet::from_packed(&read.to_packed()).as_ref(), Ok(&read));
    if bytes.get(1) == Some(&0x84) {
        assert_eq!(read.to_packed(), bytes);
    }
}

/// Both sides of a session survive any message, answer with messages, and keep states that are states.
pub fn sync(bytes: &[u8]) {
    let writer = Writer::resume(ActorKey::new("s").expect("a key"), 0);
    for is_initiator in [true, false] {
        let mut set = OrSet::new();
        set.add_all(&writer, 0..40u64).expect("small values");
        let mut replica = Replica::new();
        replica.insert("set", set).expect("a name");
        replica.insert("clock", VectorClock::new()).expect("a name");
        let config = SyncConfig { max_message_bytes: 2048, ..SyncConfig::default() };
        let mut session = match is_initiator {
            true => SyncSession::initiator(7, [1; 16], config),
            false => SyncSession::responder([2; 16], config),
        };
        let _ = session.receive(&mut replica, bytes, 1_000_000);
        for _ in 0..20 {
            let Some(answer) = session.poll(&mut replica).expect("states of our own making") else { break };
            assert!(answer.len() <= 2048);
        }
        session.tick(&mut replica, 2_000_000);
        let set = replica.state::<OrSet>("set").expect("it stays");
        assert_eq!(OrSet::from_bytes(&set.to_bytes()).as_ref(), Ok(set));
    }
}
