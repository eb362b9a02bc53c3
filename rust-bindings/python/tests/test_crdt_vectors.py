"""The vectors of rust-crdt, read by the wheel, and what is built on plain values: resolvers, the merger, proofs."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from conftest import REPOSITORY

from memory_system import crdt
from memory_system.crdt import ConflictResolver, CrdtError, GSet, MemoryCRDTMerger

CLASSES: dict[str, Any] = {
    "vector_clock": crdt.VectorClock,
    "g_counter": crdt.GCounter,
    "pn_counter": crdt.PNCounter,
    "g_set": crdt.GSet,
    "two_phase_set": crdt.TwoPhaseSet,
    "or_set": crdt.ORSet,
    "lww_register": crdt.LWWRegister,
    "lww_register_of_unit": crdt.LWWRegister,
    "lww_numeric_register": crdt.LWWNumericRegister,
    "lww_element_set": crdt.LWWElementSet,
    "lww_map": crdt.LWWMap,
    "mv_register": crdt.MVRegister,
    "skill_accumulator": crdt.SkillAccumulator,
    "episode_memory": crdt.EpisodeMemory,
    "belief_state": crdt.BeliefState,
    "agent_state": crdt.AgentState,
    "merkle_dag": crdt.MerkleDag,
}


def vectors(name: str) -> Any:
    return json.loads((REPOSITORY / "rust-crdt" / "vectors" / name).read_text(encoding="utf-8"))


def bits(number: float) -> str:
    return struct.pack(">d", number).hex()


@pytest.mark.parametrize("name", ["crdt.json", "agent.json"])
def test_states_have_these_bytes_and_digests(name: str) -> None:
    read = 0
    for vector in vectors(name)["states"]:
        # Python has no causal contexts of their own.
        if vector["type"] == "causal_context":
            continue
        kind, encoded = CLASSES[vector["type"]], bytes.fromhex(vector["bytes"])
        state = kind.from_bytes(encoded)
        assert (state.to_bytes(), state.digest_hex()) == (encoded, vector["digest"]), vector["name"]
        if "json" in vector:
            assert kind.from_json(vector["json"]) == state
            assert state.to_json().replace('"python"', '"rust"', 1) == vector["json"]
        read += 1
    assert read > 15


def test_clocks_and_counters_read_what_the_vectors_say() -> None:
    for vector in vectors("crdt.json")["states"]:
        encoded = bytes.fromhex(vector["bytes"])
        if vector["type"] == "vector_clock":
            counts = {actor: int(count) for actor, count in vector["content"]}
            assert crdt.VectorClock.from_bytes(encoded).to_dict() == counts
            assert crdt.VectorClock(counts).to_bytes() == encoded


def test_values_have_these_encodings() -> None:
    written: dict[str, Any] = {
        "null": None,
        "true": True,
        "0, and also -0.0": -0.0,
        "greatest unsigned integer": 2**64 - 1,
        "least integer": -(2**63),
        "2^64, a float": 2.0**64,
        "1.5, binary16": 1.5,
        "100000.5, binary32": 100000.5,
    }
    encodings = {vector["name"]: vector["bytes"] for vector in vectors("crdt.json")["values"]}
    for name, value in written.items():
        assert bytes.fromhex(encodings[name]) in GSet([value]).to_bytes(), name


def test_older_shapes_are_read() -> None:
    cases = vectors("legacy.json")["cases"]
    for case in cases:
        state = CLASSES[case["type"]].from_json(case["input"], clock=case.get("clock"))
        assert state.to_json().endswith(f'"data":{case["data"]}}}'), case["name"]
    assert len(cases) > 20


def snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def test_persona_conflicts_have_these_bits() -> None:
    for vector in vectors("agent.json")["persona"]:
        resolver = ConflictResolver(profile=vector["profile"])
        outputs = [
            {
                "persona_id": output["personaId"],
                "risk_score": output["riskScore"],
                "confidence": output["confidence"],
                "scorecard": {snake(name): value for name, value in output["scorecard"].items()},
            }
            for output in vector["outputs"]
        ]
        found = resolver.detect(outputs)
        assert len(found) == len(vector["conflicts"])
        for conflict, expected in zip(found, vector["conflicts"], strict=True):
            assert (conflict["type"], conflict["personas"]) == (expected["type"], expected["personas"])
            assert bits(conflict["severity"]) == expected["severity"]
            assert conflict["suggested_resolution"] == expected["suggestedResolution"]
            for name, number in expected["data"]:
                assert bits(conflict["data"][snake(name)]) == number
        summary = resolver.resolve(outputs)
        assert summary == resolver.resolve_all_conflicts(found)
        assert bits(summary["total_adjustment"]) == vector["totalAdjustment"]
        assert bits(summary["final_confidence_cap"]) == vector["finalConfidenceCap"]
        assert summary["requires_human_review"] is vector["requiresHumanReview"]
        assert summary["conflicts_detected"] == vector["conflictsDetected"]
        assert summary["conflicts_resolved"] == vector["conflictsResolved"]


def test_thresholds_of_the_resolver() -> None:
    outputs = [{"persona_id": who, "risk_score": risk, "confidence": 0.5} for who, risk in (("a", 0.9), ("b", 0.2))]
    resolver = ConflictResolver()
    assert resolver.has_conflicts(outputs) and len(resolver.detect_conflicts({one["persona_id"]: one for one in outputs})) == 1
    [conflict] = resolver.detect(outputs)
    resolution = resolver.resolve_conflict(conflict)
    assert (resolution["strategy"], resolution["adjustment"], resolution["resolved"]) == ("weighted_average", -0.1, True)
    resolver.set_thresholds({"risk_disagreement": 0.8, "blind_spots_minimum": 5})
    assert not resolver.has_conflicts(outputs)
    assert (resolver.get_thresholds()["risk_disagreement"], resolver.get_thresholds()["blind_spots_minimum"]) == (0.8, 5)
    wrongs: list[Any] = [{"unknown": 1}, {"risk_disagreement": "x"}, []]
    for wrong in wrongs:
        with pytest.raises(CrdtError):
            ConflictResolver(wrong)
    with pytest.raises(CrdtError) as caught:
        resolver.detect([{"persona_id": "a", "confidence": 1.5}])
    assert caught.value.code == "crdt/out-of-range"
    with pytest.raises(CrdtError):
        ConflictResolver(profile="other")


def test_rules_choose_the_same_in_any_order() -> None:
    candidates = [
        {"value": ["rain"], "writer": "a", "timestamp": 2, "clock": {"a": 1}},
        {"value": ["wind"], "writer": "b", "timestamp": 1, "clock": {"b": 1}},
        {"value": ["wind"], "writer": "c", "timestamp": 1, "clock": {"c": 1}},
    ]
    chosen = {"LastWriterWins": ["rain"], "MajorityVote": ["wind"], "SemanticMerge": ["rain", "wind"], "ManualReview": None}
    for strategy, value in chosen.items():
        one = crdt.resolve_candidates(candidates, strategy, shape="set")
        two = crdt.resolve_candidates([*candidates[::-1], *candidates], strategy, shape="set")
        assert one == two and one["value"] == value and one["resolved"] is (value is not None)
        assert one["covers"] == {"a": 1, "b": 1, "c": 1} and len(one["ticket"]) == 64
    [conflict] = crdt.find_conflicts("weather", candidates)
    assert (conflict["type"], conflict["key"], len(conflict["candidates"])) == ("DirectContradiction", "weather", 3)
    assert crdt.default_rule("MergeFailure") == ("ManualReview", "stamp")
    for strategy in ("Unknown", ""):
        with pytest.raises(CrdtError):
            crdt.resolve_candidates(candidates, strategy)


def test_records_merge_as_the_vectors_say() -> None:
    for vector in vectors("agent.json")["merged"]:
        ours, theirs = json.loads(vector["ours"]), json.loads(vector["theirs"])
        merged = MemoryCRDTMerger.merge_episodic_memories(ours, theirs)
        assert merged == json.loads(vector["merged"])
        assert (ours, theirs) == (json.loads(vector["ours"]), json.loads(vector["theirs"])), "arguments are not changed"


def memory(name: str, modified: int, *verifiers: str) -> dict[str, Any]:
    return {
        "memoryId": name,
        "content": f"{name} at {modified}",
        "crdt": {"addedBy": list(verifiers), "firstAdded": modified, "lastModified": modified, "version": modified},
        "gossip": {"seenBy": list(verifiers)},
        "validation": {"verifiedBy": list(verifiers), "confidenceScores": [0.5] * len(verifiers), "threshold": 0.6},
    }


def test_merging_records_obeys_the_laws() -> None:
    merge = MemoryCRDTMerger.merge_episodic_memories
    a, b, c = [memory("m", 1, "p", "q")], [memory("m", 2, "q"), memory("n", 1, "r")], [memory("k", 3, "s"), memory("m", 1, "t")]
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    once = merge(a, [])
    assert merge(once, once) == once and merge(once, a) == once
    assert [one["memoryId"] for one in merge(c, b)] == ["k", "m", "n"]
    copied = merge(a, a)[0]["validation"]
    assert copied["verifiedBy"] == ["p", "q"], "a memory merged with its own copy gains no vote"
    assert merge(a, b)[0]["crdt"]["version"] == 2, "versions settle"


def test_merging_states_keeps_both_clocks() -> None:
    def state(instance: str, clock: dict[str, int], lamport: int) -> dict[str, Any]:
        lists = {"workingMemories": [], "episodicMemories": [memory(instance, 1, "p")], "semanticMemories": []}
        return {"agentId": "ada", "instanceId": instance, "vectorClock": clock, "lamportClock": lamport, "lastSync": 1, **lists}

    ours, theirs = state("one", {"a": 5}, 5), state("two", {"b": 3}, 3)
    merged = MemoryCRDTMerger.merge_memory_states(ours, theirs)
    assert (merged["vectorClock"], merged["lamportClock"], merged["totalMemories"]) == ({"a": 5, "b": 3}, 5, 2)
    assert merged["instanceId"] == "one"
    with pytest.raises(CrdtError) as caught:
        MemoryCRDTMerger.merge_memory_states(ours, {**theirs, "agentId": "bob"})
    assert caught.value.code == "crdt/agent-mismatch"


def test_inclusion_proofs() -> None:
    for vector in vectors("agent.json")["inclusion"]:
        proof = {
            "leaf": vector["leaf"],
            "leaf_index": vector["leafIndex"],
            "siblings": vector["siblings"],
            "root": vector["root"],
            "tree_size": vector["treeSize"],
        }
        content = bytes.fromhex(vector["content"])
        crdt.verify_inclusion(proof, content, vector["root"])
        leaves = [bytes([number]) * number for number in range(7)]
        assert crdt.prove_inclusion(leaves, vector["leafIndex"]) == proof
        assert crdt.inclusion_root(leaves) == vector["root"]
        for wrong in ({"leaf_index": 1}, {"siblings": proof["siblings"][1:]}, {"tree_size": 1}, {"root": "00" * 32}):
            with pytest.raises(CrdtError) as caught:
                crdt.verify_inclusion({**proof, **wrong}, content, vector["root"])
            assert caught.value.code == "crdt/invalid-proof"
        with pytest.raises(CrdtError):
            crdt.verify_inclusion(proof, content + b"x", vector["root"])
    with pytest.raises(CrdtError):
        crdt.inclusion_root([])
