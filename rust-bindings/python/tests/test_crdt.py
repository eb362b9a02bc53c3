"""The replicated types, against the wheel as it is installed: what callers had before, and what crosses from Python."""

from __future__ import annotations

import copy
import os
import pickle
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from memory_system import crdt
from memory_system.crdt import (
    AgentState,
    BeliefState,
    CrdtError,
    EpisodeMemory,
    GCounter,
    GSet,
    LWWElementSet,
    LWWMap,
    LWWNumericRegister,
    LWWRegister,
    MerkleDag,
    MVRegister,
    ORSet,
    PNCounter,
    Replica,
    SkillAccumulator,
    SyncSession,
    TwoPhaseSet,
    VectorClock,
)

State = Any  # any of the classes, which have no common base
NAMES = ["a", "b", "__proto__", "10", "😀", "～"]


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(CrdtError) as caught:
        call()
    assert isinstance(caught.value, ValueError)
    return caught.value.code


# What callers of the system before relied on.


def test_g_set_adds_and_contains() -> None:
    gset = GSet()
    gset.add("x")
    assert gset.contains("x") and "x" in gset and not gset.contains("y")


def test_g_set_has_no_duplicates() -> None:
    gset = GSet()
    gset.add("x")
    gset.add("x")
    assert len(gset) == gset.len() == 1


def test_g_set_merge_is_the_union() -> None:
    one, two = GSet(["x", "y"]), GSet(["y", "z"])
    assert set(one.merge(two).elements()) == {"x", "y", "z"}
    assert set(one.elements()) == {"x", "y"}, "merge makes a new object"
    one.merge_into(two)
    assert set(one) == {"x", "y", "z"}


def test_g_set_merge_commutes() -> None:
    one, two = GSet(["x"]), GSet(["y"])
    assert one.merge(two).to_bytes() == two.merge(one).to_bytes()


def test_g_set_merge_is_idempotent_and_associative() -> None:
    a, b, c = GSet(["x"]), GSet(["y"]), GSet(["z"])
    assert a.merge(a) == a
    assert a.merge(b).merge(c).to_bytes() == a.merge(b.merge(c)).to_bytes()


def test_or_set_adds_and_contains() -> None:
    orset = ORSet("one")
    tag = orset.add("x")
    assert orset.contains("x") and orset.get_tags("x") == [tag]
    assert tag.startswith("one\x1f") and tag.endswith(":1") and orset.instance_id == "one"


def test_or_set_removes_observed_tags_only() -> None:
    orset = ORSet("one")
    first, second = orset.add("x"), orset.add("x")
    orset.remove("x", [first, "unknown"])
    assert orset.get_tags("x") == [second]
    orset.remove("x", {second})
    assert not orset.contains("x") and orset.is_empty()


def test_or_set_addition_wins_over_a_concurrent_removal() -> None:
    one = ORSet("one")
    one.add("x")
    two = ORSet("two").merge(one)
    assert one.remove_all("x") and not one.contains("x")
    two.add("x")
    one.merge_into(two)
    two.merge_into(one)
    assert one.contains("x") and one == two


def test_or_set_removal_survives_a_stale_copy() -> None:
    one = ORSet("one")
    one.add("x")
    stale = one.copy()
    one.remove_all("x")
    assert not one.merge(stale).contains("x") and not stale.merge(one).contains("x")


def test_lww_register_sets_and_gets() -> None:
    register = LWWRegister()
    assert (register.get(), register.get_timestamp(), register.get_writer(), register.has_value()) == (None, 0.0, "", False)
    register.set("v", 1.5, "w")
    assert (register.get(), register.get_timestamp(), register.get_writer(), register.has_value()) == ("v", 1.5, "w", True)


def test_lww_register_later_write_wins() -> None:
    one, two = LWWRegister("old", 1.0, "w"), LWWRegister("new", 2.0, "v")
    assert one.merge_into(two) is True and one.get() == "new"
    assert two.merge_into(LWWRegister("old", 1.0, "w")) is False
    one.set("older", 1.5, "z")
    assert one.get() == "new", "a register never goes back"
    one.force_set("now", 1.0, "z")
    assert one.get() == "now" and one.get_timestamp() > 2.0


def test_lww_register_ties_are_the_same_on_both_sides() -> None:
    one, two = LWWRegister("x", 1.0, "w"), LWWRegister("y", 1.0, "w")
    assert one.merge(two) == two.merge(one)
    assert LWWRegister("x", 1.0, "a").merge(LWWRegister("y", 1.0, "b")).get() == "y"


def test_vector_clock_ticks() -> None:
    clock = VectorClock()
    assert [clock.tick("a"), clock.tick("a"), clock.get("a"), clock.get("b")] == [1, 2, 2, 0]
    clock.set("b", 7)
    assert clock.to_dict() == {"a": 2, "b": 7} and str(clock) == "{a:2, b:7}"
    assert code_of(lambda: clock.set("b", 6)) == "crdt/counter-lowered"


def test_vector_clock_orders_causally() -> None:
    one = VectorClock({"a": 1})
    two = one.copy()
    two.tick("a")
    assert one.happened_before(two) and two.happened_after(one) and not one.concurrent(two)
    assert [one.compare(two), two.compare(one), one.compare(one)] == ["before", "after", "equal"]
    assert not one.concurrent(VectorClock({"a": 1})), "equal clocks are not concurrent"


def test_vector_clock_concurrency_and_merge() -> None:
    one, two = VectorClock({"a": 2, "b": 1}), VectorClock({"a": 1, "b": 2})
    assert one.concurrent(two)
    assert one.merge(two).to_dict() == {"a": 2, "b": 2}
    one.merge_into(two)
    assert one.to_dict() == {"a": 2, "b": 2} and two.to_dict() == {"a": 1, "b": 2}


# The other types.


def test_counters_are_exact_and_checked() -> None:
    counter = GCounter()
    counter.increment("a")
    counter.increment_by("a", 2**53)
    counter.increment_by("a", -5)
    assert counter.value() == 2**53 + 1 == counter.get_instance_count("a")
    counter.increment_by("b", 2**64 - 1)
    assert counter.value() == 2**53 + 2**64
    assert code_of(lambda: counter.increment("b")) == "crdt/counter-overflow"
    assert code_of(lambda: counter.increment_by("b", 2**64)) == "crdt/out-of-range"
    assert counter.compare_total(GCounter()) == 1 and GCounter().partial_compare(counter) == "before"
    both = PNCounter()
    for _ in range(3):
        both.increment("a")
    both.decrement("b")
    both.increment_by("b", -(2**63))
    assert both.value() == 2 - 2**63 and both.get_instance_count("b") == -1 - 2**63


def test_removals_of_the_other_sets() -> None:
    both = TwoPhaseSet()
    both.add("x")
    both.remove("never added")
    both.add("never added")
    assert both.elements() == ["x"] and both.removed() == ["never added"]
    timed = LWWElementSet()
    timed.add("x", 1.0)
    timed.remove("x", 1.0)
    timed.remove("y", 0.0)
    assert not timed.contains("x") and timed.times("x") == (1.0, 1.0)
    timed.add("x", 2.0)
    assert timed.elements() == ["x"] and timed.times("z") is None


def test_numeric_registers_keep_their_mode() -> None:
    register = LWWNumericRegister(0.5, 2.0, "a", use_max=True)
    register.set(0.25, 9.0, "b")
    assert (register.get(), register.get_timestamp(), register.get_writer(), register.use_max) == (0.5, 2.0, "a", True)
    assert code_of(lambda: register.merge(LWWNumericRegister())) == "crdt/mode-mismatch"
    assert not LWWNumericRegister().has_value() and LWWNumericRegister(1.0).has_value()


def test_maps_remember_removals() -> None:
    one = LWWMap()
    one.set("__proto__", [1, None], 1.0, "a")
    stale = one.copy()
    one.remove("__proto__", 2.0, "a")
    assert one.merge(stale).get("__proto__", "gone") == "gone"
    assert one.get_entry("__proto__") == (None, 2.0, "a") and one.get_entry("x") is None
    delta = stale.set_many({"k": {"deep": [True]}, "10": 1}, 3.0, "b")
    one.import_deltas([delta])
    assert one.keys() == ["10", "k"] and one.entries() == [("10", 1), ("k", {"deep": [True]})] and len(one) == 2
    now = LWWMap("me", clock="hlc")
    now.write("k", "v")
    now.delete("k")
    assert "k" not in now
    assert code_of(lambda: one.write("k", "v")) == "crdt/unit-mismatch"
    assert code_of(lambda: one.merge(now)) == "crdt/unit-mismatch"


def test_multi_value_registers_show_conflicts() -> None:
    one, two = MVRegister("one"), MVRegister("two")
    one.write("x")
    two.write("y")
    one.merge_into(two)
    assert one.get() == ["x", "y"] and one.has_conflict()
    one.resolve("z")
    assert one.get() == ["z"] and not one.merge(two).has_conflict()
    clocked = MVRegister()
    clocked.set("x", VectorClock({"a": 1}))
    clocked.set("x", VectorClock({"b": 1}))
    assert clocked.has_conflict() and clocked.get() == ["x"] and not clocked.has_duplicate_clock()
    assert clocked.siblings()[0] == {"value": "x", "clock": {"a": 1}, "dot": None}


def test_skills_count_each_use_once() -> None:
    skills = SkillAccumulator("me")
    skills.update_skill("rust", 0.5, 10.0)
    skills.update_skill("rust", 0.9, 5.0)
    skills.update_skill("rust", 1.0, 5.0, ignore_stale=True)
    for _ in range(10):
        skills.merge_into(skills)
    assert skills.get("rust") == {"name": "rust", "proficiency": 0.9, "usage_count": 2, "last_used": 10.0}
    other = SkillAccumulator()
    other.import_deltas([skills.update_many([("go", 0.1, 1.0), ("go", 0.2, 2.0)])])
    assert other.to_list() == [{"name": "go", "proficiency": 0.2, "usage_count": 2, "last_used": 2.0}]
    for _ in range(2):
        other.import_skill("old", {"name": "c", "proficiency": 0.3, "usage_count": 7, "last_used": 3.0})
    assert [skill["usage_count"] for skill in other.to_list()] == [7, 2]


def episode(name: str, timestamp: float, importance: float, **more: Any) -> dict[str, Any]:
    return {"id": name, "content": name, "timestamp": timestamp, "importance": importance, **more}


def test_episodes_keep_the_most_important() -> None:
    memory = EpisodeMemory(3)
    memory.add_many([episode("a", 1.0, 0.5, tags=["t"]), episode("b", 2.0, 0.9), episode("c", 3.0, 0.8)])
    memory.add(episode("d", 4.0, 0.7))
    assert [one["id"] for one in memory.important(2)] == ["b", "c"]
    assert [one["id"] for one in memory.recent(9)] == ["d", "c", "b"]
    assert memory.query_by_tag("t") == [] and [one["id"] for one in memory.query_by_time(2.0, 3.0)] == ["b", "c"]
    memory.link("d", "c")
    memory.link("c", "b")
    memory.link("b", "d")
    assert memory.why("b", "d") == ["b", "c", "d"] and memory.rejected_links() == [("b", "d")]
    assert memory.ancestors("d") == ["b", "c"] and [one["id"] for one in memory.causal_order()] == ["b", "c", "d"]
    assert code_of(lambda: memory.add(episode("e", 1.0, 1.5))) == "crdt/out-of-range"
    with pytest.raises((KeyError, TypeError)):
        memory.add({"id": "no more"})


def test_beliefs_count_all_evidence() -> None:
    one = BeliefState("one")
    one.update({"id": "b", "content": "it rains", "conviction": 0.5, "last_updated": 1.0})
    two = BeliefState("two").merge(one)
    one.add_evidence_for("b", 2.0)
    two.add_evidence_for("b", 2.0)
    two.add_evidence_against("unknown", 2.0)
    belief = one.merge(two).get("b")
    assert belief is not None and (belief["evidence_for"], belief["conviction"]) == (2, 0.6)
    assert len(one.confident_beliefs(0.5)) == 1 and one.confident_beliefs(0.9) == []


def test_copies_of_an_agent_diverge_and_merge() -> None:
    one = AgentState("ada")
    one.update_skill("rust", 0.5, 1.0)
    two = one.copy()
    one.add_episode(episode("e", 1.0, 0.5))
    two.update_belief({"id": "b", "content": "x", "conviction": 0.5, "last_updated": 1.0})
    assert one.has_diverged(two) and one.compare_causality(two) == "concurrent"
    merged = one.merge(two)
    assert (len(merged.skills), merged.episodes.size(), len(merged.beliefs)) == (1, 1, 1)
    assert merged.compare_causality(one) == "after" and merged.vector_clock.sum() == 3
    merged.last_sync = 5.0
    assert merged.last_sync == 5.0 and merged.agent_id == "ada"
    assert code_of(lambda: one.merge(AgentState("bob"))) == "crdt/agent-mismatch"


def test_graphs_of_nodes() -> None:
    one = MerkleDag("one")
    root = one.add("root")
    two = one.copy()
    left, right = one.add("left"), two.add("right", [root])
    one.merge_into(two)
    assert set(one.heads()) == {left, right} and one.roots() == [root]
    top = one.add({"merged": True})
    assert one.is_ancestor(root, top) and set(one.ancestors(top)) == {root, left, right}
    order = one.topological_sort()
    assert order[0] == root and order[-1] == top and len(one) == 4 and top in one
    node = one.get(top)
    assert node is not None
    assert node["payload"] == {"merged": True} and sorted([left, right]) == node["parents"] and one.forks() == []
    assert code_of(lambda: one.add("x", ["00" * 32])) == "crdt/unknown-parent"
    assert code_of(lambda: one.has("zz")) == "crdt/wrong-shape"


# What crosses from Python.

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2**53, 2**64 - 1, -(2**63), 1.5, 1e300, "", "😀", "～", "__proto__", b"", b"\x00\xff", [], [1, [2]], {},
    {"k": [None], "": 0}, {1: "int", b"b": "bytes", (1, 2): "tuple", None: 0},
]  # fmt: skip


def test_values_come_back_as_they_were() -> None:
    for value in VALUES:
        [back] = GSet([value]).elements()
        assert back == value and type(back) is type(value)
    assert len(GSet(VALUES)) == len(VALUES), "each is another one"
    assert GSet([1, 1.0, -0.0, 0]).elements() == [0, 1], "a whole number is one number"
    assert GSet([bytearray(b"x"), (1, 2)]).elements() == [b"x", [1, 2]]
    assert len(GSet([{"a": 1, "b": 2}, {"b": 2, "a": 1}])) == 1


def test_what_is_no_value_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    nested: Any = None
    for _ in range(65):
        nested = [nested]
    for value, code in [
        (2**64, "crdt/out-of-range"), (-(2**63) - 1, "crdt/out-of-range"), (float("nan"), "crdt/not-finite"),
        (float("inf"), "crdt/not-finite"), (loop, "crdt/too-deep"), (nested, "crdt/too-deep"), ("\ud800", "crdt/wrong-shape"),
    ]:  # fmt: skip
        assert code_of(lambda value=value: GSet().add(value)) == code  # type: ignore[misc]
    for value in ({1, 2}, object(), 1j, memoryview(b"x")):
        with pytest.raises(TypeError):
            GSet().add(value)
    with pytest.raises(TypeError):
        GSet("a string")
    many = GSet(["kept"])
    with pytest.raises(TypeError):
        many.add_many(["one", object()])
    assert many.elements() == ["kept"]


def test_actors_are_checked_and_never_shown() -> None:
    for name in ("", "x" * 257, "tab\there"):
        with pytest.raises(CrdtError) as caught:
            VectorClock().tick(name)
        assert caught.value.code == "crdt/invalid-actor" and "tab" not in str(caught.value)
    with pytest.raises(CrdtError) as caught:
        VectorClock().tick("secret\ud800")
    assert "secret" not in str(caught.value)
    with pytest.raises(TypeError):
        VectorClock().tick(1)  # type: ignore[arg-type]


def samples() -> list[State]:
    """One object of each class, with something in it."""
    dag, clocked = MerkleDag("a"), MVRegister()
    dag.add("root")
    clocked.set("x", VectorClock({"a": 1}))
    skills, beliefs, agent, episodes = SkillAccumulator("a"), BeliefState("a"), AgentState("a"), EpisodeMemory()
    skills.update_skill("s", 0.5, 1.0)
    beliefs.update({"id": "b", "content": "x", "conviction": 0.5, "last_updated": 1.0})
    agent.tick()
    episodes.add(episode("e", 1.0, 0.5))
    elements, pairs, lww = LWWElementSet(), TwoPhaseSet(), LWWMap()
    elements.add("x", 1.0)
    pairs.add("x")
    lww.set("k", "v", 1.0, "w")
    orset = ORSet("a")
    orset.add("x")
    return [
        GSet(["x"]), orset, LWWRegister("x", 1.0, "w"), LWWNumericRegister(1.0, 1.0, "w"), GCounter({"a": 1}), VectorClock({"a": 1}),
        PNCounter({"a": 1}, {"b": 2}), pairs, elements, clocked, lww, skills, episodes, beliefs, agent, dag,
    ]  # fmt: skip


def test_every_class_has_what_all_have() -> None:
    for state in samples():
        kind = type(state)
        again = kind.from_bytes(state.to_bytes())
        assert again == state and again.digest() == state.digest() and len(state.digest()) == 32
        assert state.digest_hex() == state.digest().hex()
        assert kind.from_bytes(memoryview(bytearray(state.to_bytes()))) == state
        assert kind.from_json(state.to_json()) == state
        for other in (pickle.loads(pickle.dumps(state)), copy.copy(state), copy.deepcopy(state), state.copy()):
            assert other == state and other is not state
        assert state.merge(state) == state and state != object()
        assert repr(state).startswith(f"<{kind.__name__} ") and repr(state).endswith(f"{state.digest_hex()[:8]}>")
        with pytest.raises(TypeError):
            hash(state)
        with pytest.raises(TypeError):
            state.merge(object())
        empty = kind("a") if kind is AgentState else kind()
        delta = state.delta_from(empty)
        empty.import_deltas([delta, delta])
        assert empty == state, kind
        before = state.to_bytes()
        for wrong in (b"", before[:-1], before + b"\0", b"\xff" * 40):
            assert code_of(lambda wrong=wrong: kind.from_bytes(wrong)) == "crdt/malformed"  # type: ignore[misc]
            assert code_of(lambda wrong=wrong: state.import_deltas([before, wrong])) == "crdt/malformed"  # type: ignore[misc]
        assert code_of(lambda: kind.from_json("{")) == "crdt/invalid-json"
        assert state.to_bytes() == before


def test_a_refused_merge_changes_neither_side() -> None:
    one, two = ORSet(), ORSet()
    one.add_with_tag("x", "tag")
    two.add("y", "tag")
    before = one.to_bytes(), two.to_bytes()
    assert code_of(lambda: one.merge_into(two)) == "crdt/equivocation"
    assert code_of(lambda: one.merge(two)) == "crdt/equivocation"
    assert code_of(lambda: one.import_deltas([ORSet().to_bytes(), two.to_bytes()])) == "crdt/equivocation"
    assert (one.to_bytes(), two.to_bytes()) == before


def test_batches_cross_once() -> None:
    one, two = ORSet("one"), ORSet("two")
    added = one.add_many(f"k{number}" for number in range(1000))
    two.import_deltas([added])
    removed = one.remove_many(["k1", "k2", "unknown"])
    preview = two.preview(one)
    assert preview == {"added": [], "removed": ["k1", "k2"], "contested": []}
    singles = [one.add_many([f"s{number}"]) for number in range(100)]
    random.Random(1).shuffle(singles)
    two.import_deltas([*singles, removed, *singles])
    assert two == one and len(two) == 1098
    two.import_deltas([])


def test_laws_on_random_histories() -> None:
    """Commutative, associative, idempotent and the delta law, on the bytes, for what Python can do to each class."""
    seed = int(os.environ.get("CHRYSALIS_SEED", random.SystemRandom().getrandbits(32)))
    print("seed", seed)
    draw = random.Random(seed)

    def name() -> str:
        return draw.choice(NAMES)

    def time() -> float:
        return float(draw.randrange(4))

    def score() -> float:
        return draw.choice([0.0, 0.5, 1.0])

    steps: dict[Callable[[], State], list[Callable[[State], object]]] = {
        GSet: [lambda s: s.add(name())],
        ORSet: [lambda s: s.add(name()), lambda s: s.remove_all(name()), lambda s: s.add_many([name(), name()])],
        TwoPhaseSet: [lambda s: s.add(name()), lambda s: s.remove(name())],
        LWWElementSet: [lambda s: s.add(name(), time()), lambda s: s.remove(name(), time())],
        LWWRegister: [lambda s: s.set(name(), time(), name()), lambda s: s.force_set(name(), time(), name())],
        LWWNumericRegister: [lambda s: s.set(time(), time(), name())],
        LWWMap: [lambda s: s.set(name(), name(), time(), name()), lambda s: s.remove(name(), time(), name())],
        MVRegister: [lambda s: s.write(name())],
        VectorClock: [lambda s: s.tick(name())],
        GCounter: [lambda s: s.increment(name())],
        PNCounter: [lambda s: s.increment(name()), lambda s: s.decrement(name())],
        SkillAccumulator: [lambda s: s.update_skill(name(), score(), time())],
        EpisodeMemory: [lambda s: s.add(episode(name(), time(), score())), lambda s: s.link(name(), name())],
        BeliefState: [
            lambda s: s.update({"id": name(), "content": name(), "conviction": score(), "last_updated": time()}),
            lambda s: s.add_evidence_for(name(), time()),
        ],
        lambda: AgentState("ada"): [lambda s: s.tick(), lambda s: s.update_skill(name(), score(), time())],
        MerkleDag: [lambda s: s.add(name())],
    }  # fmt: skip
    for make, changes in steps.items():
        for _ in range(20):
            replicas = [make() for _ in range(3)]
            for _ in range(8):
                at = draw.randrange(3)
                if draw.random() < 0.3:
                    replicas[at].import_deltas([replicas[draw.randrange(3)].delta_from(replicas[at])])
                else:
                    draw.choice(changes)(replicas[at])
            a, b, c = replicas
            assert a.merge(b).to_bytes() == b.merge(a).to_bytes(), (make, seed)
            assert a.merge(b).merge(c).to_bytes() == a.merge(b.merge(c)).to_bytes(), (make, seed)
            assert a.merge(b).merge(b).merge(a).to_bytes() == a.merge(b).to_bytes(), (make, seed)
            by_delta = a.copy()
            by_delta.import_deltas([b.delta_from(a)])
            assert by_delta.to_bytes() == a.merge(b).to_bytes(), (make, seed)


def test_the_self_test_ships_and_replays() -> None:
    report = crdt.self_test(seed=7, histories=20)
    assert report["failures"] == [] and report["histories"] >= 20 * 15 and report["checks"] > report["histories"]
    assert report == crdt.self_test(7, 20) != crdt.self_test(8, 20)


def test_nothing_new_is_nothing_to_import() -> None:
    for state in samples():
        state.import_deltas([state.delta_from(state)])
        state.import_deltas([state.delta_from(state), state.to_bytes(), state.delta_from(state)])


def test_objects_are_safe_in_threads() -> None:
    orset, counter = ORSet("threads"), GCounter()
    other = ORSet("other")
    other.add_many(range(500))

    def work(mine: int) -> None:
        for number in range(100):
            orset.add(f"{mine}-{number}")
            counter.increment("a")
            orset.merge_into(other)
            orset.elements()

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(orset) == 900 and counter.value() == 400
    tags = [tag for element in orset for tag in orset.get_tags(element)]
    assert len(set(tags)) == 900, "no tag twice"


def test_writers_are_one_per_actor_and_process() -> None:
    key = crdt.actor_key("writer")
    assert key == crdt.actor_key("writer") != crdt.actor_key() and key.startswith("writer\x1f")
    one, two = ORSet("writer"), ORSet("writer")
    assert one.add("x") != two.add("y"), "two objects of one actor never mint one tag"
    crdt.resume_writer("stored", 41)
    assert ORSet("stored").add("x") == "stored:42"
    assert code_of(lambda: crdt.resume_writer("stored", -1)) == "crdt/out-of-range"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_writes_under_keys_of_its_own() -> None:
    key, (reader, writer) = crdt.actor_key("forked"), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, crdt.actor_key("forked").encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        theirs = pipe.read().decode()
    os.waitpid(child, 0)
    assert theirs.startswith("forked\x1f") and theirs != key == crdt.actor_key("forked")


def test_sessions_make_replicas_equal() -> None:
    ours, theirs = Replica(), Replica()
    for replica, who in ((ours, "alice"), (theirs, "bob")):
        orset = ORSet(who)
        orset.add_many(f"{who}-{number}" for number in range(500))
        replica.insert("set", orset)
        replica.insert("count", GCounter({who: 3}))
    alice, bob = SyncSession.initiator(), SyncSession.responder(max_message_bytes=4096)
    events: list[dict[str, Any]] = []
    for _ in range(200):
        quiet = True
        while (message := alice.poll(ours)) is not None:
            events += bob.receive(theirs, message, 1_700_000_000_000)
            quiet = False
        while (message := bob.poll(theirs)) is not None:
            events += alice.receive(ours, message)
            quiet = False
        if quiet:
            break
    assert alice.is_equal(ours) and ours.digest_hex("set") == theirs.digest_hex("set") is not None
    topics, count = ours.get("set"), theirs.get("count")
    assert topics is not None and count is not None
    assert len(topics) == 1000 and count.value() == 6 and ours.get("unknown") is None
    assert {event["type"] for event in events} >= {"merged", "equal"} and alice.held == 0
    assert ours.names() == [("count", "g_counter"), ("set", "or_set")]
    ours.import_deltas("count", [GCounter({"x": 1}).to_bytes()])
    count = ours.get("count")
    assert count is not None and count.value() == 7
    assert code_of(lambda: ours.import_deltas("unknown", [])) == "crdt/wrong-shape"
    assert code_of(lambda: bob.receive(theirs, b"\xff")) == "crdt/malformed"
    with pytest.raises(TypeError):
        ours.insert("x", object())
