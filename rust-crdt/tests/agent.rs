//! The tests of the system this crate replaces that concern agent state, graphs, proofs and personas, and what became of
//! its defects.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::collections::BTreeSet;

use chrysalis_crdt::conflict::persona::{PersonaConflictType, PersonaOutput, PersonaResolver};
use chrysalis_crdt::dag::{Node, NodeId};
use chrysalis_crdt::inclusion::{leaf_hash, prove, root};
use chrysalis_crdt::json::{Envelope, Import};
use chrysalis_crdt::sorted::SortedSet;
use chrysalis_crdt::{
    ActorId, ActorKey, AgentState, BeliefState, CrdtError, Episode, EpisodeMemory, JsonState, MerkleDag,
    SkillAccumulator, State, Value, Writer, merger,
};
use chrysalis_crypto::ed25519::SigningKey;

fn id(name: &str) -> ActorId {
    ActorId::new(name).unwrap()
}

fn writer(name: &str) -> Writer {
    Writer::resume(id(name).to_key(), 0)
}

fn episode(id: &str, timestamp: f64, importance: f64) -> Episode {
    Episode {
        id: id.into(),
        content: Value::from("content"),
        context: Value::from("context"),
        outcome: Value::from("success"),
        timestamp,
        importance,
        tags: vec!["test".into()],
    }
}

fn ids(episodes: &[&Episode]) -> Vec<String> {
    episodes.iter().map(|episode| episode.id.clone()).collect()
}

// Agent state.

#[test]
fn agent_state_accumulates_skills() {
    let (a, mut state) = (writer("agent"), AgentState::new(id("agent")));
    for (name, proficiency, time) in [
        ("typescript", 0.8, 1000.0),
        ("rust", 0.6, 1001.0),
        ("ocaml", 0.5, 1002.0),
        ("go", 0.4, 1003.0),
        ("typescript", 0.9, 1004.0),
    ] {
        state.update_skill(&a, name, proficiency, time).unwrap();
    }
    assert_eq!(state.skills().len(), 4);
    assert_eq!(state.skills().skill("typescript").unwrap().proficiency, 0.9);
}

#[test]
fn agent_state_keeps_episodes_newest_first() {
    let (a, mut state) = (writer("agent"), AgentState::new(id("agent")));
    for (id, time) in [("ep1", 1000.0), ("ep2", 2000.0), ("ep3", 3000.0)] {
        state.add_episode(&a, episode(id, time, 0.5)).unwrap();
    }
    assert_eq!(state.episodes().len(), 3);
    assert_eq!(ids(&state.episodes().recent(3)), ["ep3", "ep2", "ep1"]);
}

#[test]
fn agent_state_merge_keeps_both_sides() {
    let (mut one, mut two) = (AgentState::new(id("agent")), AgentState::new(id("agent")));
    one.update_skill(&writer("i1"), "typescript", 0.9, 1000.0).unwrap();
    one.add_episode(&writer("i1"), episode("ep1", 1000.0, 0.5)).unwrap();
    two.update_skill(&writer("i2"), "rust", 0.7, 1001.0).unwrap();
    two.add_episode(&writer("i2"), episode("ep2", 1001.0, 0.5)).unwrap();
    one.merge(&two).unwrap();
    let names: Vec<String> = one.skills().skills().map(|skill| skill.name).collect();
    assert_eq!((names, one.episodes().len()), (vec!["rust".to_owned(), "typescript".to_owned()], 2));
}

#[test]
fn three_persona_instances_merge_to_all_their_skills() {
    let mut states: Vec<AgentState> = Vec::new();
    for (instance, skills) in
        [("i1", ["typescript", "react"]), ("i2", ["rust", "wasm"]), ("i3", ["python", "ml"])]
    {
        let (writer, mut state) = (writer(instance), AgentState::new(id("ada")));
        for skill in skills {
            state.update_skill(&writer, skill, 0.8, 1000.0).unwrap();
        }
        states.push(state);
    }
    let mut merged = states[2].clone();
    merged.merge(&states[0]).unwrap();
    merged.merge(&states[1]).unwrap();
    assert_eq!(merged.skills().len(), 6);
}

#[test]
fn concurrent_updates_of_one_skill_keep_the_greater() {
    let (mut one, mut two) = (AgentState::new(id("ada")), AgentState::new(id("ada")));
    one.update_skill(&writer("i1"), "x", 0.8, 1000.0).unwrap();
    two.update_skill(&writer("i2"), "x", 0.9, 1001.0).unwrap();
    two.merge(&one).unwrap();
    assert_eq!(two.skills().skill("x").unwrap().proficiency, 0.9);
}

#[test]
fn the_most_important_episodes_come_first() {
    let (a, mut state) = (writer("ada"), AgentState::new(id("ada")));
    for (id, importance) in [("a", 0.3), ("b", 0.9), ("c", 0.7), ("d", 0.8), ("e", 0.1)] {
        state.add_episode(&a, episode(id, 1000.0, importance)).unwrap();
    }
    let found: Vec<f64> = state.episodes().important(3).iter().map(|episode| episode.importance).collect();
    assert_eq!(found, [0.9, 0.8, 0.7]);
}

#[test]
fn ten_merges_with_itself_leave_a_count_alone() {
    let mut skills = SkillAccumulator::new();
    skills.update(&writer("a"), "x", 0.5, 1.0).unwrap();
    for _ in 0..10 {
        let copy = SkillAccumulator::from_bytes(&skills.to_bytes()).unwrap();
        skills.merge(&copy).unwrap();
    }
    assert_eq!(skills.skill("x").unwrap().usage_count, 1);
}

/// Everything a state holds passes through JSON, and the JSON of the parts says what is read of them.
#[test]
fn states_pass_through_json() {
    let (a, mut state) = (writer("a"), AgentState::new(id("ada")));
    state.update_skill(&a, "x", 0.25, 3.5).unwrap();
    state.add_episode(&a, episode("e", 1.0, 0.5)).unwrap();
    state.link_episodes(&a, "e", "gone").unwrap();
    let belief = chrysalis_crdt::Belief {
        id: "b".into(),
        content: Value::from("it rains"),
        conviction: 0.5,
        evidence_for: 2,
        evidence_against: 0,
        last_updated: 7.0,
        source: Value::from("window"),
    };
    state.update_belief(&a, &belief).unwrap();
    let evidence = state.add_evidence_against(&a, "b", 8.0).unwrap();
    for state in [&state, &evidence, &AgentState::default()] {
        let text = state.to_json(&Envelope::default()).unwrap();
        assert_eq!(AgentState::from_json(&text, &Import::new()).unwrap().0, *state, "{text}");
        assert_eq!(AgentState::from_bytes(&state.to_bytes()).as_ref(), Ok(state));
    }
    let text = state.skills().to_data().unwrap().to_text();
    assert_eq!(
        text,
        r#"{"skills":{"x":{"name":"x","proficiency":0.25,"usage":{"counts":{"a":1}},"usage_count":1,"last_used":3.5}},"policy":"max"}"#
    );
    let text = state.episodes().to_data().unwrap().to_text();
    assert!(text.ends_with(r#""max_episodes":1000,"causal_links":{"e":["gone"]}}"#), "{text}");
    let text = state.beliefs().to_data().unwrap().to_text();
    assert!(
        text.contains(r#""conviction":0.45,"evidence_for":2,"evidence_against":1,"last_updated":8"#),
        "{text}"
    );
}

#[test]
fn plain_counts_of_other_systems_need_an_origin() {
    let text = r#"{"skills":{"x":{"name":"x","proficiency":0.5,"usageCount":7,"lastUsed":1000}}}"#;
    assert!(matches!(SkillAccumulator::from_json(text, &Import::new()), Err(CrdtError::InvalidJson { .. })));
    let import = Import::new().with_origin(ActorKey::new("old").unwrap());
    let (mut skills, _) = SkillAccumulator::from_json(text, &import).unwrap();
    skills.merge(&SkillAccumulator::from_json(text, &import).unwrap().0).unwrap();
    assert_eq!(skills.skill("x").unwrap().usage_count, 7);
    let text = r#"{"beliefs":{"b":{"id":"b","content":"c","conviction":0.8,"evidence_for":3,"evidence_against":1,"last_updated":5,"source":"s"}}}"#;
    let (beliefs, _) = BeliefState::from_json(text, &import).unwrap();
    let belief = beliefs.belief("b").unwrap();
    assert_eq!((belief.conviction, belief.evidence_for, belief.evidence_against), (0.8, 3, 1));
    let text = r#"{"episodes":[{"id":"e","content":"c","timestamp":1,"importance":0.5}],"max_episodes":10}"#;
    assert_eq!(EpisodeMemory::from_json(text, &Import::new()).unwrap().0.capacity(), Some(10));
}

#[test]
fn json_that_contradicts_itself_is_refused() {
    let import = Import::new().with_unit(chrysalis_crdt::ClockUnit::Milliseconds);
    for text in [
        r#"{"skills":{"x":{"name":"x","proficiency":0.5,"usage":{"counts":{"a":1}},"usage_count":2,"last_used":1}},"policy":"max"}"#,
        r#"{"skills":{"x":{"name":"y","proficiency":0.5,"usage":{"counts":{"a":1}},"usage_count":1,"last_used":1}},"policy":"max"}"#,
        r#"{"skills":{"x":{"name":"x","proficiency":1.5,"usage":{"counts":{"a":1}},"usage_count":1,"last_used":1}},"policy":"max"}"#,
        r#"{"skills":{},"policy":"mean"}"#,
        r#"{"skills":{},"policy":"max","extra":1}"#,
    ] {
        assert!(SkillAccumulator::from_json(text, &import).is_err(), "{text}");
    }
    let belief = |conviction: &str| {
        format!(
            r#"{{"beliefs":{{"b":{{"id":"b","content":"c","conviction":{conviction},"evidence_for":0,"evidence_against":0,"last_updated":5,"source":"s","record":{{"value":["c","s",0.5,0],"timestamp":5,"nodeId":"a"}},"for":{{"counts":{{}}}},"against":{{"counts":{{}}}},"weighed":null}}}}}}"#
        )
    };
    assert!(BeliefState::from_json(&belief("0.5"), &import).is_ok());
    assert!(BeliefState::from_json(&belief("0.9"), &import).is_err());
}

// Merkle proofs: the original's helper of fifteen cases.

fn leaves(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(|i| format!("leaf {i}").into_bytes()).collect()
}

#[test]
fn every_leaf_of_every_small_tree_is_proved() {
    for n in 1..=33 {
        let leaves = leaves(n);
        let root = root(&leaves).unwrap();
        for (i, leaf) in leaves.iter().enumerate() {
            let proof = prove(&leaves, i).unwrap();
            assert_eq!((proof.root, proof.leaf_index as usize, proof.tree_size as usize), (root, i, n));
            assert_eq!(proof.verify_content(leaf), Ok(()));
        }
    }
    assert_eq!(prove(&leaves(1), 0).unwrap().siblings.len(), 0);
    assert_eq!(prove(&leaves(2), 1).unwrap().siblings.len(), 1);
    assert!((0..4).all(|i| prove(&leaves(4), i).unwrap().siblings.len() == 2));
    // The last of seven is promoted once.
    assert_eq!(prove(&leaves(7), 6).unwrap().siblings.len(), 2);
}

#[test]
fn a_changed_proof_fails() {
    let proof = prove(&leaves(7), 3).unwrap();
    let changes: [&dyn Fn(&mut chrysalis_crdt::inclusion::InclusionProof); 9] = [
        &|proof| proof.leaf[0] ^= 1,
        &|proof| proof.root[31] ^= 1,
        &|proof| proof.siblings[0][5] ^= 1,
        &|proof| proof.siblings[2][5] ^= 1,
        &|proof| proof.siblings.swap(0, 1),
        &|proof| proof.siblings.push([0; 32]),
        &|proof| proof.siblings.truncate(2),
        &|proof| proof.leaf_index = 2,
        &|proof| proof.tree_size = 3,
    ];
    assert_eq!(proof.verify(), Ok(()));
    for change in changes {
        let mut changed = proof.clone();
        change(&mut changed);
        assert!(matches!(changed.verify(), Err(CrdtError::InvalidProof(_))));
    }
    assert!(proof.verify_content(b"leaf 4").is_err());
}

#[test]
fn roots_depend_on_content_order_and_kind_of_node() {
    let all = leaves(4);
    assert_eq!(root(&all), root(&all));
    let mut swapped = all.clone();
    swapped.swap(0, 1);
    assert_ne!(root(&all), root(&swapped));
    // An inner node does not pass for a leaf, and a lone leaf is its own root.
    let pair = [leaf_hash(&all[0]), leaf_hash(&all[1])].concat();
    assert_ne!(root(&[pair]), root(&all[..2]));
    assert_eq!(root(&all[..1]), Ok(leaf_hash(&all[0])));
    assert!(root::<&[u8]>(&[]).is_err() && prove::<&[u8]>(&[], 0).is_err() && prove(&all, 4).is_err());
}

// The graph: the original's eleven cases.

fn diamond() -> (MerkleDag, [NodeId; 4]) {
    let (w, mut dag) = (writer("w"), MerkleDag::new());
    let (a, _) = dag.add(&w, "a").unwrap();
    let (b, _) = dag.add_on(&w, None, "b", [a]).unwrap();
    let (c, _) = dag.add_on(&w, None, "c", [a]).unwrap();
    let (d, _) = dag.add(&w, "d").unwrap();
    (dag, [a, b, c, d])
}

#[test]
fn a_diamond_is_walked_in_order() {
    let (dag, [a, b, c, d]) = diamond();
    let order: Vec<NodeId> = dag.topological_order().iter().map(|node| *node.id()).collect();
    assert_eq!((order[0], order[3]), (a, d));
    assert_eq!(order[1..3], [b.min(c), b.max(c)]);
    assert_eq!((dag.len(), dag.roots().count(), dag.heads().count()), (4, 1, 1));
    assert_eq!(dag.parents(&d), [b.min(c), b.max(c)]);
    assert_eq!(dag.children(&a).copied().collect::<BTreeSet<_>>(), BTreeSet::from([b, c]));
}

#[test]
fn ancestors_descendants_and_reachability() {
    let (dag, [a, b, c, d]) = diamond();
    assert_eq!(dag.ancestors(&d), SortedSet::from([a, b, c]));
    assert_eq!(dag.ancestors(&a), SortedSet::new());
    assert_eq!(dag.descendants(&a), SortedSet::from([b, c, d]));
    assert_eq!(dag.descendants(&d), SortedSet::new());
    assert!(dag.is_ancestor(&a, &d) && !dag.is_ancestor(&d, &a) && !dag.is_ancestor(&b, &c));
    assert!(!dag.contains(&[0; 32]) && dag.get(&[0; 32]).is_none() && dag.ancestors(&[0; 32]).is_empty());
}

#[test]
fn graphs_pass_through_bytes_and_json() {
    let (mut dag, _) = diamond();
    dag.add_on(&writer("s"), Some(&SigningKey::from_seed(&[5; 32])), Value::map([("k", 1u8)]), []).unwrap();
    let orphan = Node::new([[7; 32]], ActorKey::new("o").unwrap(), 3, Value::Null).unwrap();
    dag.merge(&MerkleDag::of([orphan])).unwrap();
    assert_eq!(MerkleDag::from_bytes(&dag.to_bytes()).as_ref(), Ok(&dag));
    let text = dag.to_json(&Envelope::default()).unwrap();
    assert_eq!(MerkleDag::from_json(&text, &Import::new()).unwrap().0, dag);
    // A wrong hash, and a signature moved to another node.
    let id = chrysalis_crypto::hex::encode(dag.topological_order()[0].id());
    let other = format!("{}{}", if id.starts_with('0') { "1" } else { "0" }, &id[1..]);
    let wrong = text.replacen(&format!(r#""id":"{id}""#), &format!(r#""id":"{other}""#), 1);
    assert_ne!(wrong, text);
    assert_eq!(MerkleDag::from_json(&wrong, &Import::new()).unwrap_err(), CrdtError::WrongHash);
    let forged = text.replace(r#""payload":{"k":1}"#, r#""payload":{"k":2}"#);
    assert_eq!(MerkleDag::from_json(&forged, &Import::new()).unwrap_err(), CrdtError::BadSignature);
}

/// Nothing recurses: a chain is as deep as it is long. `CHRYSALIS_SOAK=1` takes a million.
#[test]
fn deep_chains_arrive_backwards() {
    let length: u64 = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 1_000_000 } else { 60_000 };
    let author = ActorKey::new("a").unwrap();
    let mut nodes = vec![Node::new([], author.clone(), 1, Value::Null).unwrap()];
    for seq in 2..=length {
        let parent = *nodes.last().unwrap().id();
        nodes.push(Node::new([parent], author.clone(), seq, Value::Null).unwrap());
    }
    let (first, last) = (*nodes[0].id(), *nodes.last().unwrap().id());
    let whole = MerkleDag::of(nodes.iter().cloned());
    // All but the root, the last first: everything waits, until the root comes.
    let mut dag = MerkleDag::new();
    for chunk in nodes[1..].rchunks(1000) {
        dag.receive(&MerkleDag::of(chunk.iter().cloned()), usize::MAX);
    }
    assert_eq!((dag.len(), dag.missing()), (0, SortedSet::from([first])));
    assert_eq!(MerkleDag::from_bytes(&dag.to_bytes()).as_ref(), Ok(&dag));
    let received = dag.receive(&MerkleDag::of([nodes[0].clone()]), 0);
    assert_eq!(received.attached.len() as u64, length);
    assert_eq!(dag, whole);
    assert!(dag.is_ancestor(&first, &last) && dag.forks().is_empty());
    assert_eq!(dag.ancestors(&last).len() as u64, length - 1);
    assert_eq!(dag.topological_order().last().unwrap().id(), &last);
    assert_eq!(MerkleDag::from_bytes(&dag.to_bytes()).unwrap().depth(&last), Some(length - 1));
}

/// Ids are hashes of content, so an attacker cannot choose them; many children of one node cost what they are.
#[test]
fn wide_graphs_are_as_cheap_as_deep_ones() {
    let author = ActorKey::new("a").unwrap();
    let root = Node::new([], author.clone(), 1, Value::Null).unwrap();
    let wide: Vec<Node> =
        (2..=20_000).map(|seq| Node::new([*root.id()], author.clone(), seq, Value::Null).unwrap()).collect();
    let top = Node::new(wide.iter().map(|node| *node.id()), author, 20_001, Value::Null).unwrap();
    let mut dag = MerkleDag::of(wide.into_iter().chain([top.clone()]));
    assert_eq!((dag.len(), dag.waiting().len()), (0, 20_000));
    dag.merge(&MerkleDag::of([root.clone()])).unwrap();
    assert_eq!((dag.heads().collect::<Vec<_>>(), dag.len()), (vec![top.id()], 20_001));
    assert!(dag.is_ancestor(root.id(), top.id()));
}

// What merges of lists promise, on many small random lists.

#[test]
fn merging_records_keeps_the_laws() {
    // A linear congruence is random enough here, and the same everywhere.
    let mut random = 1u64;
    let mut pick = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let mut record = || {
        let name = |n: u64| Value::from(["p", "q", "r"][usize::try_from(n).unwrap()]);
        let mut fields = vec![
            ("memoryId", name(pick(2))),
            ("content", name(pick(3))),
            (
                "validation",
                Value::map([
                    ("verifiedBy", Value::array([name(pick(3)), name(pick(3))])),
                    ("confidenceScores", Value::array([Value::float(0.25).unwrap(), Value::from(pick(2))])),
                    ("trimmedMean", Value::Null),
                ]),
            ),
            (
                "logicalTime",
                Value::map([("lamportTime", Value::from(pick(3))), ("instanceId", name(pick(2)))]),
            ),
        ];
        if pick(2) == 0 {
            fields.push((
                "crdt",
                Value::map([
                    ("addedBy", Value::array([name(pick(3))])),
                    ("lastModified", Value::from(pick(3))),
                    ("version", Value::from(pick(3))),
                ]),
            ));
        }
        if pick(3) == 0 {
            fields.push((
                "gossip",
                if pick(2) == 0 {
                    Value::Null
                } else {
                    Value::map([("seenBy", Value::array([name(pick(3))]))])
                },
            ));
        }
        Value::map(fields)
    };
    for _ in 0..3000 {
        let lists: Vec<Vec<Value>> = (0..3).map(|_| (0..2).map(|_| record()).collect()).collect();
        let [a, b, c] = [&lists[0], &lists[1], &lists[2]];
        let merge = |a: &[Value], b: &[Value]| merger::merge_episodic_memories(a, b).unwrap();
        assert_eq!(merge(a, b), merge(b, a), "merge commutes");
        assert_eq!(merge(&merge(a, b), c), merge(a, &merge(b, c)), "merge associates");
        let once = merge(a, a);
        assert_eq!(merge(&once, &once), once, "merge is idempotent");
        assert_eq!(merge(&merge(a, b), b), merge(a, b), "a merge is above its parts");
    }
}

// The persona resolver on a whole panel.

#[test]
fn a_panel_of_personas() {
    let output = |id: &str, risk, confidence| PersonaOutput {
        persona_id: id.into(),
        risk_score: Some(risk),
        confidence,
        scorecard: None,
    };
    let panel = [output("ada", 0.8, 0.9), output("phil", 0.2, 0.9), output("bob", 0.5, 0.9)];
    let conflicts = PersonaResolver::default().detect(&panel).unwrap();
    let kinds: Vec<_> = conflicts.iter().map(|conflict| conflict.kind).collect();
    assert_eq!(kinds, [PersonaConflictType::RiskDisagreement, PersonaConflictType::UnanimousConcern]);
    let summary = PersonaResolver::default().resolve(&panel).unwrap();
    assert_eq!((summary.total_adjustment, summary.requires_human_review), (-0.25, false));
    assert_eq!(summary.final_confidence_cap, 0.75);
}

/// Of every type: the state below all others changes nothing, and bytes of another type are refused.
#[test]
fn every_type_has_a_bottom_and_a_byte_of_its_own() {
    fn check<T: State>(state: &T) {
        let mut joined = T::default();
        joined.merge(state).unwrap();
        assert_eq!(joined, *state);
        joined.merge(&T::default()).unwrap();
        assert_eq!(joined, *state);
        let mut bytes = state.to_bytes();
        assert_eq!(bytes[1], T::KIND.to_byte());
        bytes[1] ^= 64;
        assert_eq!(T::from_bytes(&bytes), Err(CrdtError::Malformed("another type")));
    }
    let (a, mut state) = (writer("a"), AgentState::new(id("ada")));
    state.update_skill(&a, "x", 0.5, 1.0).unwrap();
    state.add_episode(&a, episode("e", 1.0, 0.5)).unwrap();
    check(&state);
    check(state.skills());
    check(state.episodes());
    check(state.beliefs());
    check(&diamond().0);
    let kinds = [
        state.to_bytes()[1],
        state.skills().to_bytes()[1],
        state.episodes().to_bytes()[1],
        state.beliefs().to_bytes()[1],
        diamond().0.to_bytes()[1],
    ];
    assert_eq!(kinds, [16, 13, 14, 15, 17]);
}
