"""Replicated types: objects that several agents change at the same time and that end up equal on all of them.

``merge`` makes a new object with the state of both, ``merge_into`` joins another one into this, ``to_bytes`` and
``import_deltas`` pass states and deltas on. All classes may be used from several threads.
"""

from __future__ import annotations

from ._rust import (
    AgentState,
    BeliefState,
    ConflictResolver,
    EpisodeMemory,
    GCounter,
    GSet,
    LWWElementSet,
    LWWMap,
    LWWNumericRegister,
    LWWRegister,
    MemoryCRDTMerger,
    MerkleDag,
    MVRegister,
    ORSet,
    PNCounter,
    Replica,
    SkillAccumulator,
    SyncSession,
    TwoPhaseSet,
    VectorClock,
    actor_key,
    default_rule,
    find_conflicts,
    inclusion_root,
    prove_inclusion,
    resolve_candidates,
    resume_writer,
    self_test,
    verify_inclusion,
)
from .exceptions import CrdtError

__all__ = [
    "AgentState",
    "BeliefState",
    "ConflictResolver",
    "CrdtError",
    "EpisodeMemory",
    "GCounter",
    "GSet",
    "LWWElementSet",
    "LWWMap",
    "LWWNumericRegister",
    "LWWRegister",
    "MVRegister",
    "MemoryCRDTMerger",
    "MerkleDag",
    "ORSet",
    "PNCounter",
    "Replica",
    "SkillAccumulator",
    "SyncSession",
    "TwoPhaseSet",
    "VectorClock",
    "actor_key",
    "default_rule",
    "find_conflicts",
    "inclusion_root",
    "prove_inclusion",
    "resolve_candidates",
    "resume_writer",
    "self_test",
    "verify_inclusion",
]
