//! Agent state, graphs, proofs, personas and merged records that every language must reproduce, in `vectors/agent.json`.
//!
//! After a deliberate change of format, `CHRYSALIS_WRITE_VECTORS=1` writes the file anew, and the states as seeds for the
//! fuzz targets.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use chrysalis_crdt::conflict::persona::{PersonaOutput, PersonaResolver, Profile, Scorecard};
use chrysalis_crdt::dag::Node;
use chrysalis_crdt::inclusion::prove;
use chrysalis_crdt::json::{Envelope, Import, Json as Tree};
use chrysalis_crdt::{
    ActorId, ActorKey, AgentState, Belief, BeliefState, ClockUnit, CrdtError, Episode, EpisodeMemory,
    JsonState, MerkleDag, ProficiencyPolicy, SkillAccumulator, Value, Writer, merger,
};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hex;
use serde_json::{Value as Json, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn everything_has_the_published_form() {
    let path = format!("{ROOT}/vectors/agent.json");
    let current = vectors();
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&current).unwrap() + "\n").unwrap();
        write_seeds(&current);
    }
    let published: Json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(current, published);
}

#[test]
fn published_states_read_back_from_bytes_and_json() {
    let published: Json =
        serde_json::from_str(&std::fs::read_to_string(format!("{ROOT}/vectors/agent.json")).unwrap())
            .unwrap();
    for state in published["states"].as_array().unwrap() {
        let bytes = hex::decode(state["bytes"].as_str().unwrap()).unwrap();
        let text = state["json"].as_str().unwrap();
        match state["type"].as_str().unwrap() {
            "skill_accumulator" => check::<SkillAccumulator>(&bytes, text),
            "episode_memory" => check::<EpisodeMemory>(&bytes, text),
            "belief_state" => check::<BeliefState>(&bytes, text),
            "agent_state" => check::<AgentState>(&bytes, text),
            "merkle_dag" => check::<MerkleDag>(&bytes, text),
            other => panic!("unknown type {other}"),
        }
    }
    fn check<T: JsonState>(bytes: &[u8], text: &str) {
        let state = T::from_bytes(bytes).unwrap();
        assert_eq!(T::from_json(text, &Import::new()), Ok((state, Envelope::default())));
    }
}

fn vectors() -> Json {
    json!({
        "origin": "Made by rust-crdt/tests/agent_vectors.rs; formats in docs/encodings. `json` is the text of the envelope. \
                   Numbers of the persona resolver are the hex of binary64, most significant byte first.",
        "states": states(),
        "inclusion": inclusion(),
        "persona": personas(),
        "merged": merged(),
    })
}

fn state<T: JsonState>(name: &str, state: &T) -> Json {
    json!({
        "name": name,
        "type": T::KIND.as_str(),
        "json": state.to_json(&Envelope::default()).unwrap(),
        "bytes": hex::encode(&state.to_bytes()),
        "digest": hex::encode(&state.digest()),
    })
}

fn states() -> Vec<Json> {
    let emoji = ActorId::new("\u{1f600}").unwrap();
    let a = Writer::resume(emoji.incarnation(0xff), 0);
    let b = Writer::resume(ActorId::new("\u{ff5e}").unwrap().to_key(), 0);

    let mut skills = SkillAccumulator::new();
    skills.update(&a, "rust", 0.5, 1_700_000_000_000.0).unwrap();
    skills.update(&b, "rust", 0.25, 1_700_000_000_000.5).unwrap();
    let skill_delta = skills.update(&b, "__proto__", 1.0, -1.0).unwrap();
    let mut declining = SkillAccumulator::with(ProficiencyPolicy::Latest, ClockUnit::Seconds);
    declining.update(&a, "\u{1f600}", 0.9, 1.5).unwrap();
    declining.update(&b, "\u{1f600}", 0.1, 1.5).unwrap();
    let over_a_gap = {
        let mut other = SkillAccumulator::new();
        other.merge(&skills.update(&a, "rust", 0.75, 2.0).unwrap()).unwrap();
        other
    };

    let mut episodes = EpisodeMemory::with(std::num::NonZeroU64::new(3), ClockUnit::Milliseconds);
    for (id, timestamp, importance) in
        [("\u{1f600}", 2.0, 0.5), ("\u{ff5e}", 2.0, 0.5), ("10", 3.0, 1.0), ("9", 1.0, 0.25)]
    {
        episodes.add(episode(id, timestamp, importance)).unwrap();
    }
    let mut other = EpisodeMemory::with(std::num::NonZeroU64::new(4), ClockUnit::Milliseconds);
    other.add(Episode { content: Value::map([("k", Value::Null)]), ..episode("10", 3.0, 1.0) }).unwrap();
    episodes.merge(&other).unwrap();
    episodes.link("10", "\u{1f600}");
    episodes.link("\u{1f600}", "10");
    episodes.link("gone", "10");

    let mut beliefs = BeliefState::new();
    let belief = Belief {
        id: "constructor".into(),
        content: Value::from("it rains"),
        conviction: 0.5,
        evidence_for: 2,
        evidence_against: 1,
        last_updated: 10.0,
        source: Value::Null,
    };
    beliefs.update(&a, &belief).unwrap();
    beliefs.add_evidence_for(&b, "constructor", 11.0).unwrap();
    let evidence = beliefs.add_evidence_against(&b, "constructor", 12.0).unwrap();

    let mut agent = AgentState::new(emoji);
    agent.update_skill(&a, "rust", 0.5, 1.0).unwrap();
    let mut branch = agent.clone();
    agent.add_episode(&a, episode("e", 1.0, 0.5)).unwrap();
    branch.update_belief(&a, &belief).unwrap();
    let agent_delta = branch.link_episodes(&b, "e", "d").unwrap();
    agent.merge(&branch).unwrap();

    let mut dag = MerkleDag::new();
    dag.add(&a, "root").unwrap();
    let mut fork = dag.clone();
    dag.add(&a, Value::array([1u8, 2])).unwrap();
    let key = SigningKey::from_seed(&[7; 32]);
    let heads: Vec<_> = fork.heads().copied().collect();
    fork.add_on(&b, Some(&key), "signed", heads).unwrap();
    dag.merge(&fork).unwrap();
    let (_, dag_delta) = dag.add(&b, Value::Null).unwrap();
    dag.merge(&MerkleDag::of([Node::new(
        [[9; 32]],
        ActorKey::new("orphan").unwrap(),
        u64::from(u32::MAX),
        "waits",
    )
    .unwrap()]))
        .unwrap();

    vec![
        state("no skills", &SkillAccumulator::new()),
        state("skills", &skills),
        state("delta of a skill", &skill_delta),
        state("declining skills in seconds", &declining),
        state("skills over a gap", &over_a_gap),
        state("unbounded episodes", &EpisodeMemory::default()),
        state("episodes", &episodes),
        state("no beliefs", &BeliefState::new()),
        state("beliefs", &beliefs),
        state("delta of evidence", &evidence),
        state("state of no agent", &AgentState::default()),
        state("agent", &agent),
        state("delta of an agent", &agent_delta),
        state("empty graph", &MerkleDag::new()),
        state("graph", &dag),
        state("delta of a graph", &dag_delta),
    ]
}

fn episode(id: &str, timestamp: f64, importance: f64) -> Episode {
    Episode {
        id: id.into(),
        content: Value::from(id),
        context: Value::Null,
        outcome: Value::float(0.1).unwrap(),
        timestamp,
        importance,
        tags: vec!["b".into(), "a".into(), "b".into()],
    }
}

fn inclusion() -> Vec<Json> {
    let leaves: Vec<Vec<u8>> = (0..7u8).map(|i| vec![i; usize::from(i)]).collect();
    let proof = |i: usize| {
        let proof = prove(&leaves, i).unwrap();
        json!({
            "content": hex::encode(&leaves[i]),
            "leaf": hex::encode(&proof.leaf),
            "leafIndex": proof.leaf_index,
            "siblings": proof.siblings.iter().map(|sibling| hex::encode(sibling)).collect::<Vec<_>>(),
            "root": hex::encode(&proof.root),
            "treeSize": proof.tree_size,
        })
    };
    [0, 3, 6].map(proof).to_vec()
}

fn personas() -> Vec<Json> {
    let output = |id: &str, risk, confidence, over, spots: usize| PersonaOutput {
        persona_id: id.into(),
        risk_score: risk,
        confidence,
        scorecard: Some(Scorecard {
            overconfidence_risk: over,
            blind_spots: Some(vec!["spot".into(); spots]),
            blind_spot_detection: None,
        }),
    };
    let panels = [
        vec![],
        vec![output("a", Some(0.4), 0.5, None, 0), output("b", Some(0.1), 0.5, None, 0)],
        vec![
            output("david", Some(0.1), 0.9, Some(8.5), 4),
            output("phil", Some(0.2), 0.95, None, 0),
            output("x", Some(0.6), 0.91, None, 0),
        ],
        vec![output("david", None, 1.0, Some(10.0), 12)],
    ];
    let bits = |number: f64| hex::encode(&number.to_bits().to_be_bytes());
    let mut all = Vec::new();
    for panel in &panels {
        for (name, profile) in [("ts", Profile::Ts), ("ocaml", Profile::Ocaml)] {
            let resolver = PersonaResolver { profile, ..PersonaResolver::default() };
            let conflicts = resolver.detect(panel).unwrap();
            let summary = resolver.resolve(panel).unwrap();
            let outputs: Vec<Json> = panel
                .iter()
                .map(|one| {
                    let card = one.scorecard.as_ref().unwrap();
                    json!({
                        "personaId": one.persona_id,
                        "riskScore": one.risk_score,
                        "confidence": one.confidence,
                        "scorecard": { "overconfidenceRisk": card.overconfidence_risk, "blindSpots": card.blind_spots },
                    })
                })
                .collect();
            let conflicts: Vec<Json> = conflicts
                .iter()
                .map(|one| {
                    json!({
                        "type": one.kind.as_str(),
                        "personas": one.personas,
                        "severity": bits(one.severity),
                        "data": one.data.iter().map(|(name, number)| json!([name, bits(*number)])).collect::<Vec<_>>(),
                        "suggestedResolution": one.suggested_resolution.as_str(),
                    })
                })
                .collect();
            all.push(json!({
                "profile": name,
                "outputs": outputs,
                "conflicts": conflicts,
                "totalAdjustment": bits(summary.total_adjustment),
                "finalConfidenceCap": bits(summary.final_confidence_cap),
                "requiresHumanReview": summary.requires_human_review,
                "conflictsDetected": summary.conflicts_detected,
                "conflictsResolved": summary.conflicts_resolved,
            }));
        }
    }
    all
}

fn merged() -> Vec<Json> {
    let record = |content: &str, modified: u64, verifiers: [&str; 2]| {
        format!(
            r#"[{{"memoryId":"m","content":"{content}","crdt":{{"addedBy":["{content}"],"firstAdded":{modified},"lastModified":{modified},"version":1}},"gossip":{{"seenBy":["{content}"],"fanout":3}},"validation":{{"verifiedBy":["{}","{}"],"confidenceScores":[0.5,0.75],"trimmedMean":0,"median":0,"threshold":0.6}}}}]"#,
            verifiers[0], verifiers[1]
        )
    };
    let list = |text: &str| Tree::parse(text).unwrap().to_value().unwrap().into_array().unwrap();
    let lists = [record("x", 1, ["p", "q"]), record("y", 2, ["q", "r"])];
    let result = merger::merge_episodic_memories(&list(&lists[0]), &list(&lists[1])).unwrap();
    let text = Tree::from_value(&Value::Array(result)).unwrap().to_text();
    let hash = "0".repeat(64);
    let knowledge = |fact: &str| list(&format!(r#"[{{"knowledgeId":"{hash}","fact":"{fact}"}}]"#));
    let error = merger::merge_semantic_memories(&knowledge("x"), &knowledge("y")).unwrap_err();
    assert_eq!(error, CrdtError::ContentMismatch);
    vec![json!({ "ours": lists[0], "theirs": lists[1], "merged": text })]
}

/// Each state and each envelope, beside the seeds of the other types.
fn write_seeds(vectors: &Json) {
    for (i, state) in vectors["states"].as_array().unwrap().iter().enumerate() {
        let name = state["name"].as_str().unwrap().replace(' ', "-");
        let bytes = hex::decode(state["bytes"].as_str().unwrap()).unwrap();
        std::fs::write(format!("{ROOT}/fuzz/seeds/state/a{i:02}-{name}"), bytes).unwrap();
        std::fs::write(format!("{ROOT}/fuzz/seeds/json/a{i:02}-{name}"), state["json"].as_str().unwrap())
            .unwrap();
    }
    let merged = &vectors["merged"][0];
    std::fs::write(format!("{ROOT}/fuzz/seeds/json/a90-records"), merged["ours"].as_str().unwrap()).unwrap();
    std::fs::write(format!("{ROOT}/fuzz/seeds/json/a91-merged-records"), merged["merged"].as_str().unwrap())
        .unwrap();
}
