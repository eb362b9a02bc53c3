"""The program of `vectors/script.json`, which every language runs to one digest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import REPOSITORY

from memory_system import crdt
from memory_system.crdt import CrdtError, GSet


def test_the_script_gives_the_published_digest() -> None:
    script = json.loads((REPOSITORY / "rust-crdt" / "vectors" / "script.json").read_text(encoding="utf-8"))
    run = Run()
    for at, step in enumerate(script["steps"]):
        try:
            run.step(step)
        except CrdtError as error:
            pytest.fail(f"step {at}, {step}: {error.code}")
    digests = GSet(f"{name} {state.digest_hex()}" for name, state in run.states.items())
    assert digests.digest_hex() == script["digest"]


# What makes the empty state of a type; the second argument is the key of a writer.
EMPTY: dict[str, Callable[[dict[str, Any], str | None], Any]] = {
    "vector_clock": lambda options, key: crdt.VectorClock(),
    "g_counter": lambda options, key: crdt.GCounter(),
    "pn_counter": lambda options, key: crdt.PNCounter(),
    "g_set": lambda options, key: GSet(),
    "two_phase_set": lambda options, key: crdt.TwoPhaseSet(),
    "or_set": lambda options, key: crdt.ORSet(key),
    "lww_element_set": lambda options, key: crdt.LWWElementSet(clock=options["clock"]),
    "lww_register": lambda options, key: crdt.LWWRegister(clock=options["clock"]),
    "lww_numeric_register": lambda options, key: crdt.LWWNumericRegister(use_max=options["useMax"], clock=options["clock"]),
    "lww_map": lambda options, key: crdt.LWWMap(key, clock=options["clock"]),
    "mv_register": lambda options, key: crdt.MVRegister(key),
    "skill_accumulator": lambda options, key: crdt.SkillAccumulator(key),
    "episode_memory": lambda options, key: crdt.EpisodeMemory(options["maxEpisodes"]),
    "belief_state": lambda options, key: crdt.BeliefState(key),
    "agent_state": lambda options, key: crdt.AgentState(options["agentId"], key),
    "merkle_dag": lambda options, key: crdt.MerkleDag(key),
}
# Where Python's name is not that of the script in snake case.
METHODS: dict[tuple[str, str], Callable[..., object]] = {
    ("vector_clock", "increment"): crdt.VectorClock.tick,
    # The addition that replaces the tags it has seen.
    ("or_set", "add"): lambda state, value: state.add_many([value]),
    ("mv_register", "set"): lambda state, value, clock: state.set(value, crdt.VectorClock(clock)),
}


class Run:
    def __init__(self) -> None:
        self.states: dict[str, Any] = {}
        self.types: dict[str, tuple[str, dict[str, Any]]] = {}
        self.writers: set[str] = set()

    def step(self, step: list[Any]) -> None:
        do, name, *rest = step
        match do, rest:
            case "writer", []:
                crdt.resume_writer(name)
                self.writers.add(name)
            case "new", [kind, *options]:
                self.types[name] = (kind, options[0] if options else {})
                self.states[name] = self.empty(name, None)
            case "copy", [other]:
                self.types[name], self.states[name] = self.types[other], self.states[other].copy()
            case "do", [method, *arguments]:
                self.do(name, method, [value(argument) for argument in arguments])
            case "merge", [other]:
                self.states[name].merge_into(self.states[other])
            case "import", [other]:
                self.states[name].import_deltas([self.states[other].delta_from(self.states[name])])
            case "bytes", []:
                self.states[name] = type(self.states[name]).from_bytes(self.states[name].to_bytes())
            case "json", []:
                self.states[name] = type(self.states[name]).from_json(self.states[name].to_json())
            case "equal", [other]:
                assert self.states[name].digest() == self.states[other].digest()
            case "error", [failing]:
                before = {name: state.to_bytes() for name, state in self.states.items()}
                with pytest.raises(CrdtError) as caught:
                    self.step(failing)
                assert caught.value.code == name
                assert {name: state.to_bytes() for name, state in self.states.items()} == before
            case _:
                raise AssertionError(f"unknown step {step}")

    def empty(self, name: str, key: str | None) -> Any:
        kind, options = self.types[name]
        return EMPTY[kind](options, key)

    def do(self, name: str, method: str, arguments: list[Any]) -> None:
        kind, state = self.types[name][0], self.states[name]
        if arguments and isinstance(arguments[-1], str) and arguments[-1] in self.writers and not self.counts(kind):
            # The same state, written to under this key.
            state = self.empty(name, arguments.pop()).merge(state)
        default = getattr(type(state), snake(method), None)
        call = METHODS.get((kind, method), default)
        assert call is not None, (kind, method)
        call(state, *arguments)
        self.states[name] = state

    @staticmethod
    def counts(kind: str) -> bool:
        """Whether a key is an argument of the method itself."""
        return kind in ("vector_clock", "g_counter", "pn_counter") or kind.startswith("lww_")


def value(argument: Any) -> Any:
    match argument:
        case {"$int": number}:
            return int(number)
        case {"$float": number}:
            return float(number)
        case {"$bytes": digits}:
            return bytes.fromhex(digits)
        case list():
            return [value(item) for item in argument]
        case dict() if {"id", "content"} <= argument.keys():
            return {snake(name): value(item) for name, item in argument.items()}
        case dict():
            return {name: value(item) for name, item in argument.items()}
    return argument


def snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
