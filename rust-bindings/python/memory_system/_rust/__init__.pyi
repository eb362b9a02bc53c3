"""
The native half of `memory_system`.
"""

from . import crypto as crypto, embedding as embedding, security as security
from _typeshed import Incomplete, SupportsGetItem
from collections.abc import Iterable, Iterator
from datetime import datetime
from memory_system.consensus import CommitProof, Decision, Effect, EvidenceProof, Fault, FoundEvidence, Input, MemberOptions, MemberOrigin, MemberStatus, SignedProposal, SimOptions, SimReport, ValidatorSet
from os import PathLike
from typing import Any, Final, SupportsFloat, SupportsIndex, final
from typing_extensions import Buffer, disjoint_base

__all__ = ["AgentState", "BeliefState", "ConflictResolver", "Coverage", "Entry", "EpisodeMemory", "Forgotten", "GCounter", "GSet", "LWWElementSet", "LWWMap", "LWWNumericRegister", "LWWRegister", "Learned", "MVRegister", "MemoryCRDTMerger", "MergeReport", "MerkleDag", "ORSet", "PNCounter", "Pool", "Port", "Recalled", "Replica", "RustByzantineConsensus", "RustMemoryStore", "SimCluster", "SkillAccumulator", "Stats", "SyncSession", "TwoPhaseSet", "VectorClock", "actor_key", "aggregate_knowledge_confidence", "calculate_threshold", "consensus_decision", "default_rule", "detect_byzantine_nodes", "encode_validators", "error_codes", "find_conflicts", "has_supermajority", "inclusion_root", "median", "mode", "prove_inclusion", "resolve_candidates", "resume_writer", "robust_mean", "self_test", "sign_validation_vote", "trimmed_mean", "trimmed_mean_or_mean", "validate_memory", "value_digest", "verify_commit_certificate", "verify_evidence", "verify_inclusion", "weighted_confidence", "crypto", "embedding", "security"]

@final
class AgentState:
    """
    What an agent can do, went through and believes, and the updates that rests on.
    """
    def __copy__(self, /) -> AgentState: ...
    def __deepcopy__(self, /, _memo: Any) -> AgentState: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, agent_id: str, instance_id: str | None = None, *, max_episodes: SupportsIndex | None = ..., proficiency: str = ..., clock: str = ...) -> AgentState:
        """
        The empty state of an agent. Updates are made under `instance_id`, or the agent's id where none is given, with an
        incarnation of this process.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add_episode(self, /, episode: Incomplete) -> None:
        """
        Adds an episode, a `dict` as for `EpisodeMemory.add`.
        """
    def add_evidence_against(self, /, id: str, timestamp: SupportsFloat | SupportsIndex) -> None:
        """
        Counts one piece of evidence against a belief.
        """
    def add_evidence_for(self, /, id: str, timestamp: SupportsFloat | SupportsIndex) -> None:
        """
        Counts one piece of evidence for a belief.
        """
    @property
    def agent_id(self, /) -> str | None:
        """
        Whose state it is; `None` in the state below all others.
        """
    @property
    def beliefs(self, /) -> BeliefState:
        """
        The beliefs as they are now, apart from this object.
        """
    def compare_causality(self, /, other: AgentState) -> str:
        """
        `before`, `after`, `concurrent` or `equal`.
        """
    def copy(self, /) -> AgentState:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    @staticmethod
    def create(agent_id: str) -> AgentState:
        """
        The empty state of an agent.
        """
    def delta_from(self, /, other: AgentState) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @property
    def episodes(self, /) -> EpisodeMemory:
        """
        The episodes as they are now, apart from this object.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> AgentState:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> AgentState:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def has_diverged(self, /, other: AgentState) -> bool:
        """
        Whether each copy has an update that the other lacks.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    @property
    def last_sync(self, /) -> float | None:
        """
        When this copy last met another, as its host noted; known to this copy alone.
        """
    @last_sync.setter
    def last_sync(self, /, timestamp: SupportsFloat | SupportsIndex) -> None: ...
    def link_episodes(self, /, effect: str, cause: str) -> None:
        """
        Records that one episode caused another.
        """
    def merge(self, /, other: AgentState) -> AgentState:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: AgentState) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    @property
    def skills(self, /) -> SkillAccumulator:
        """
        The skills as they are now, apart from this object.
        """
    def tick(self, /) -> None:
        """
        Notes an update that changes nothing else.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def update_belief(self, /, belief: Incomplete) -> None:
        """
        Writes a belief, a `dict` as for `BeliefState.update`.
        """
    def update_skill(self, /, name: str, proficiency: SupportsFloat | SupportsIndex, timestamp: SupportsFloat | SupportsIndex) -> None:
        """
        Records a use of a skill.
        """
    @property
    def vector_clock(self, /) -> VectorClock:
        """
        Up to where each replica's updates are known without a gap, by actor key.
        """

@final
class BeliefState:
    """
    Beliefs: the last written record of each, and evidence for and against that all counts.
    """
    def __copy__(self, /) -> BeliefState: ...
    def __deepcopy__(self, /, _memo: Any) -> BeliefState: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, instance_id: str | None = None, *, clock: str = ...) -> BeliefState:
        """
        No belief. `clock` is the unit of times.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add_evidence_against(self, /, id: str, timestamp: SupportsFloat | SupportsIndex) -> None:
        """
        Counts one piece of evidence against a belief; nothing happens when it is unknown.
        """
    def add_evidence_for(self, /, id: str, timestamp: SupportsFloat | SupportsIndex) -> None:
        """
        Counts one piece of evidence for a belief; nothing happens when it is unknown.
        """
    def confident_beliefs(self, /, threshold: SupportsFloat | SupportsIndex) -> list[dict[str, Any]]:
        """
        The beliefs with at least this conviction, in the byte order of their ids.
        """
    def copy(self, /) -> BeliefState:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: BeliefState) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> BeliefState:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> BeliefState:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /, id: str) -> dict[str, Any] | None:
        """
        One belief, as a `dict`.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def merge(self, /, other: BeliefState) -> BeliefState:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: BeliefState) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def to_list(self, /) -> list[dict[str, Any]]:
        """
        All beliefs, in the byte order of their ids.
        """
    def update(self, /, belief: Incomplete) -> None:
        """
        Writes a belief: a `dict` with `id`, `content`, `conviction` and `last_updated`, and maybe `evidence_for`,
        `evidence_against` and `source`. The record takes effect if it is the later one; evidence never shrinks.
        """

@final
class ConflictResolver:
    """
    Finds disagreements between personas and says what to do about them.

    What a persona said is a `dict`: `persona_id`, `confidence`, and maybe `risk_score` and `scorecard`, itself a `dict` with
    `overconfidence_risk`, `blind_spots` or `blind_spot_detection`.
    """
    def __new__(cls, /, thresholds: Any | None = None, *, profile: str = ...) -> ConflictResolver:
        """
        A resolver with some thresholds in place of the usual ones, and the numbers of a profile: `ts` or `ocaml`.
        """
    def __repr__(self, /) -> str: ...
    def detect(self, /, outputs: Iterable[Any]) -> list[Any]:
        """
        The conflicts among what personas said, at most one of each kind.
        """
    def detect_conflicts(self, /, outputs: Any) -> list[Any]:
        """
        The conflicts among what personas said, given by persona.
        """
    def get_thresholds(self, /) -> Any:
        """
        The thresholds by name.
        """
    def has_conflicts(self, /, outputs: Iterable[Any]) -> bool:
        """
        Whether there is any conflict.
        """
    def resolve(self, /, outputs: Iterable[Any]) -> Any:
        """
        Detects, resolves, and sums up.
        """
    def resolve_all_conflicts(self, /, conflicts: Iterable[Any]) -> Any:
        """
        What comes of all conflicts together.
        """
    def resolve_conflict(self, /, conflict: Any) -> Any:
        """
        What comes of one conflict: `strategy`, `adjustment`, `resolved`, `explanation`.
        """
    def set_thresholds(self, /, thresholds: Any) -> None:
        """
        Replaces some thresholds.
        """

@final
class Coverage:
    """
    How many of the live entries have vectors, for recall by meaning.
    """
    def __repr__(self, /) -> str: ...
    @property
    def embedded(self, /) -> int:
        """
        Live entries with vectors.
        """
    @property
    def entries(self, /) -> int:
        """
        Live entries.
        """
    @property
    def space(self, /) -> str:
        """
        The space of the vectors: which model made them and how, 64 hexadecimal characters.
        """

@disjoint_base
class Entry:
    """
    One entry of the memory.
    """
    def __repr__(self, /) -> str: ...
    @property
    def author(self, /) -> str:
        """
        The public key that signed it, 64 hexadecimal characters.
        """
    @property
    def author_name(self, /) -> str | None:
        """
        The name that key goes by in this store, if any. Names are not signed.
        """
    @property
    def headings(self, /) -> tuple[str, ...]:
        """
        The headings it stands under, outermost first.
        """
    @property
    def id(self, /) -> str:
        """
        Its id, 64 hexadecimal characters.
        """
    @property
    def lines(self, /) -> tuple[int, int] | None:
        """
        The first and last line it stands on in its source, counted from 1.
        """
    @property
    def namespace_id(self, /) -> str:
        """
        The id of its namespace, 32 hexadecimal characters.
        """
    @property
    def occasions(self, /) -> int:
        """
        How often its author said the same; at least 1.
        """
    @property
    def occurred(self, /) -> datetime | None:
        """
        When what it tells happened, if that was said, in UTC.
        """
    @property
    def signature(self, /) -> str:
        """
        What can be said of its signature: `trusted`, `unknown-signer`, `forked` or `revoked`.
        """
    @property
    def source(self, /) -> str | None:
        """
        Where the text comes from: a file, a page, a conversation.
        """
    @property
    def tags(self, /) -> tuple[str, ...]:
        """
        Its labels, sorted.
        """
    @property
    def text(self, /) -> str:
        """
        What was remembered.
        """
    @property
    def time(self, /) -> datetime:
        """
        When it was remembered, by its author's clock, in UTC.
        """

@final
class EpisodeMemory:
    """
    The most important episodes, the same ones on every replica, and which caused which.
    """
    def __copy__(self, /) -> EpisodeMemory: ...
    def __deepcopy__(self, /, _memo: Any) -> EpisodeMemory: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, max_episodes: SupportsIndex | None = ..., *, clock: str = ...) -> EpisodeMemory:
        """
        No episode, with room for so many; `None` for no limit. `clock` is the unit of times.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add(self, /, episode: Incomplete) -> None:
        """
        Adds an episode, unless its id is known: a `dict` with `id`, `content`, `timestamp` and `importance`, and maybe
        `context`, `outcome` and `tags`.
        """
    def add_many(self, /, episodes: SupportsGetItem[int, Incomplete]) -> bytes:
        """
        Adds episodes, all or none, and gives their delta, for `import_deltas` elsewhere.
        """
    def ancestors(self, /, id: str) -> list[str]:
        """
        All that led to an episode, in byte order.
        """
    def causal_order(self, /) -> list[dict[str, Any]]:
        """
        The episodes, causes first, else by time.
        """
    def causes_of(self, /, effect: str) -> list[str]:
        """
        What caused an episode directly.
        """
    def copy(self, /) -> EpisodeMemory:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def dangling_links(self, /) -> list[tuple[str, str]]:
        """
        Links with an end that is not here.
        """
    def delta_from(self, /, other: EpisodeMemory) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def descendants(self, /, id: str) -> list[str]:
        """
        All that an episode led to, in byte order.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def duplicates(self, /) -> list[str]:
        """
        Ids that stand for several contents. Queries show the one of highest rank.
        """
    def effects_of(self, /, cause: str) -> list[str]:
        """
        What an episode caused directly.
        """
    def episodes(self, /) -> list[dict[str, Any]]:
        """
        All episodes, most important first.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> EpisodeMemory:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> EpisodeMemory:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /, id: str) -> dict[str, Any] | None:
        """
        The episode with an id, if it is here.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def important(self, /, n: SupportsIndex) -> list[dict[str, Any]]:
        """
        The `n` most important, most important first.
        """
    def link(self, /, effect: str, cause: str) -> None:
        """
        Records that one episode caused another. Either may be unknown.
        """
    def links(self, /) -> list[tuple[str, str]]:
        """
        All links, as pairs of effect and cause.
        """
    @property
    def max_episodes(self, /) -> int | None:
        """
        How many episodes there may be; `None` for no limit.
        """
    def merge(self, /, other: EpisodeMemory) -> EpisodeMemory:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: EpisodeMemory) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def query_by_tag(self, /, tag: str) -> list[dict[str, Any]]:
        """
        The episodes with a label, most important first.
        """
    def query_by_time(self, /, start: SupportsFloat | SupportsIndex, end: SupportsFloat | SupportsIndex) -> list[dict[str, Any]]:
        """
        The episodes from `start` to `end`, both included, most important first.
        """
    def recent(self, /, n: SupportsIndex) -> list[dict[str, Any]]:
        """
        The `n` newest, newest first.
        """
    def rejected_links(self, /) -> list[tuple[str, str]]:
        """
        Links whose cause is not earlier than their effect; they have no effect.
        """
    def size(self, /) -> int:
        """
        The number of episodes.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def why(self, /, cause: str, effect: str) -> list[str] | None:
        """
        The shortest chain of ids from a cause to an effect, both included; `None` when there is none.
        """

@final
class Forgotten:
    """
    What forgetting did.
    """
    def __repr__(self, /) -> str: ...
    @property
    def entries(self, /) -> int:
        """
        Entries forgotten.
        """
    @property
    def erased(self, /) -> int:
        """
        Records whose content was erased from this store's files.
        """
    @property
    def pending(self, /) -> int:
        """
        Records another process holds; it erases them at its next call.
        """

@final
class GCounter:
    """
    A counter that only grows. Each instance counts under its own id, in one place at a time.
    """
    def __copy__(self, /) -> GCounter: ...
    def __deepcopy__(self, /, _memo: Any) -> GCounter: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, counts: dict[str, int] | None = None) -> GCounter:
        """
        A counter of these counts by instance.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def compare_total(self, /, other: GCounter) -> int:
        """
        -1, 0 or 1 as the sum is less than, equal to or greater than the other's. Says nothing of causality.
        """
    def copy(self, /) -> GCounter:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def counts(self, /) -> dict[str, int]:
        """
        The counts by instance.
        """
    def delta_from(self, /, other: GCounter) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> GCounter:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> GCounter:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get_instance_count(self, /, instance: str) -> int:
        """
        What one instance has counted.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def increment(self, /, instance: str) -> None:
        """
        Counts one.
        """
    def increment_by(self, /, instance: str, amount: int) -> None:
        """
        Counts `amount`, which does nothing if it is negative.
        """
    def merge(self, /, other: GCounter) -> GCounter:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: GCounter) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def partial_compare(self, /, other: GCounter) -> str:
        """
        `before`, `after`, `concurrent` or `equal`.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def value(self, /) -> int:
        """
        The exact sum.
        """

@final
class GSet:
    """
    A set that only grows.
    """
    def __contains__(self, element: Any, /) -> bool: ...
    def __copy__(self, /) -> GSet: ...
    def __deepcopy__(self, /, _memo: Any) -> GSet: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __iter__(self, /) -> Iterator[Any]: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, elements: Iterable[Any] | None = None) -> GSet:
        """
        A set of these elements.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add(self, /, element: Any) -> None:
        """
        Adds an element.
        """
    def add_many(self, /, elements: Iterable[Any]) -> bytes:
        """
        Adds elements, all or none, and gives their delta, for `import_deltas` elsewhere.
        """
    def contains(self, /, element: Any) -> bool:
        """
        Whether the element is in the set.
        """
    def copy(self, /) -> GSet:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: GSet) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def elements(self, /) -> list[Any]:
        """
        The elements, in the order of their encodings.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> GSet:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> GSet:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def is_empty(self, /) -> bool:
        """
        Whether there is no element.
        """
    def len(self, /) -> int:
        """
        The number of elements.
        """
    def merge(self, /, other: GSet) -> GSet:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: GSet) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """

@final
class LWWElementSet:
    """
    A set where the later of an element's addition and removal decides, and in a tie the removal.
    """
    def __contains__(self, element: Any, /) -> bool: ...
    def __copy__(self, /) -> LWWElementSet: ...
    def __deepcopy__(self, /, _memo: Any) -> LWWElementSet: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __iter__(self, /) -> Iterator[Any]: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, *, clock: str = ...) -> LWWElementSet:
        """
        The empty set, with times in a unit: `s`, `ms`, `hlc` or `lamport`.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add(self, /, element: Any, timestamp: SupportsFloat | SupportsIndex, *, logical: SupportsIndex = 0) -> None:
        """
        Adds an element at a time.
        """
    def contains(self, /, element: Any) -> bool:
        """
        Whether the element is in the set.
        """
    def copy(self, /) -> LWWElementSet:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: LWWElementSet) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def elements(self, /) -> list[Any]:
        """
        The elements, in the order of their encodings.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> LWWElementSet:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> LWWElementSet:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def is_empty(self, /) -> bool:
        """
        Whether there is no element.
        """
    def len(self, /) -> int:
        """
        The number of elements.
        """
    def merge(self, /, other: LWWElementSet) -> LWWElementSet:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: LWWElementSet) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def remove(self, /, element: Any, timestamp: SupportsFloat | SupportsIndex, *, logical: SupportsIndex = 0) -> None:
        """
        Removes an element at a time, there or not.
        """
    def times(self, /, element: Any) -> tuple[float, float | None] | None:
        """
        When the element was last added and last removed, if ever; `None` when it was never named.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """

@final
class LWWMap:
    """
    A register per key, where the last write wins. A removal is a write, so that no older write brings the key back.
    """
    def __contains__(self, key: str, /) -> bool: ...
    def __copy__(self, /) -> LWWMap: ...
    def __deepcopy__(self, /, _memo: Any) -> LWWMap: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, instance_id: str | None = None, *, clock: str = ...) -> LWWMap:
        """
        The empty map, with times in a unit: `s`, `ms`, `hlc` or `lamport`.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    @property
    def clock(self, /) -> str:
        """
        What times are counted in.
        """
    def copy(self, /) -> LWWMap:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delete(self, /, key: str) -> None:
        """
        Removes a key now, as `write` writes.
        """
    def delta_from(self, /, other: LWWMap) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def entries(self, /) -> list[tuple[str, Any]]:
        """
        The keys with their values, as pairs in byte order of the keys.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> LWWMap:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> LWWMap:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /, key: str, default: Any | None = None) -> Any | None:
        """
        The value under a key; `default` where there is none.
        """
    def get_entry(self, /, key: str) -> tuple[Any, float, str] | None:
        """
        The winning write under a key: value, time and writer. The value of a removal is `None`.
        """
    def has(self, /, key: str) -> bool:
        """
        Whether there is a value under the key.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def keys(self, /) -> list[str]:
        """
        The keys with a value, in byte order.
        """
    def merge(self, /, other: LWWMap) -> LWWMap:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: LWWMap) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def remove(self, /, key: str, timestamp: SupportsFloat | SupportsIndex, writer: str, *, logical: SupportsIndex = 0) -> None:
        """
        Records the removal of a key, there or not.
        """
    def set(self, /, key: str, value: Any, timestamp: SupportsFloat | SupportsIndex, writer: str, *, logical: SupportsIndex = 0) -> None:
        """
        Records a write under a key. It takes effect only if it wins.
        """
    def set_many(self, /, entries: Any, timestamp: SupportsFloat | SupportsIndex, writer: str, *, logical: SupportsIndex = 0) -> bytes:
        """
        Records writes under the keys of a `dict`, all or none, and gives their delta, for `import_deltas` elsewhere.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def values(self, /) -> list[Any]:
        """
        The values, in byte order of their keys.
        """
    def write(self, /, key: str, value: Any) -> None:
        """
        Writes under a key now, under the clock and an incarnation of this process: for maps with the clock `hlc`.
        """

@final
class LWWNumericRegister:
    """
    A number where the last write wins; with `use_max`, the greatest.
    """
    def __copy__(self, /) -> LWWNumericRegister: ...
    def __deepcopy__(self, /, _memo: Any) -> LWWNumericRegister: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, value: SupportsFloat | SupportsIndex = 0.0, timestamp: SupportsFloat | SupportsIndex = 0.0, writer: str = ..., use_max: bool = False, *, clock: str = ...) -> LWWNumericRegister:
        """
        A register with this write; never written where neither a number nor a time nor a writer is given.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    @property
    def clock(self, /) -> str:
        """
        What times are counted in.
        """
    def copy(self, /) -> LWWNumericRegister:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: LWWNumericRegister) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> LWWNumericRegister:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> LWWNumericRegister:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /) -> float:
        """
        The number; 0 where nothing was written.
        """
    def get_timestamp(self, /) -> float:
        """
        The time of the winning write; 0 where there is none.
        """
    def get_writer(self, /) -> str:
        """
        Who made the winning write; the empty string where that was not said.
        """
    def has_value(self, /) -> bool:
        """
        Whether anything was written.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def merge(self, /, other: LWWNumericRegister) -> LWWNumericRegister:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: LWWNumericRegister) -> bool:
        """
        Takes in another register, and gives whether its write won.
        """
    def set(self, /, value: SupportsFloat | SupportsIndex, timestamp: SupportsFloat | SupportsIndex, writer: str, *, logical: SupportsIndex = 0) -> None:
        """
        Records a write. It takes effect only if it wins.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    @property
    def use_max(self, /) -> bool:
        """
        Whether the greatest number wins.
        """

@final
class LWWRegister:
    """
    A value where the last write wins: that with the greatest time, then writer, then digest of the value.
    """
    def __copy__(self, /) -> LWWRegister: ...
    def __deepcopy__(self, /, _memo: Any) -> LWWRegister: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, value: Any = ..., timestamp: SupportsFloat | SupportsIndex = 0.0, writer: str = ..., *, clock: str = ...) -> LWWRegister:
        """
        A register with this write; never written where no writer is named. Times are in a unit: `s`, `ms`, `hlc` or
        `lamport`.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    @property
    def clock(self, /) -> str:
        """
        What times are counted in.
        """
    def copy(self, /) -> LWWRegister:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: LWWRegister) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def force_set(self, /, value: Any, timestamp: SupportsFloat | SupportsIndex, writer: str) -> None:
        """
        Writes a value that takes effect: at `timestamp`, or just after the write that is there if that is later.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> LWWRegister:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> LWWRegister:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /) -> Any:
        """
        The value; `None` where nothing was written.
        """
    def get_timestamp(self, /) -> float:
        """
        The time of the winning write; 0 where there is none.
        """
    def get_writer(self, /) -> str:
        """
        Who made the winning write; the empty string where there is none.
        """
    def has_value(self, /) -> bool:
        """
        Whether anything was written.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def merge(self, /, other: LWWRegister) -> LWWRegister:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: LWWRegister) -> bool:
        """
        Takes in another register, and gives whether its write won.
        """
    def set(self, /, value: Any, timestamp: SupportsFloat | SupportsIndex, writer: str, *, logical: SupportsIndex = 0) -> None:
        """
        Records a write. It takes effect only if it wins: a register never goes back.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def write(self, /, value: Any, instance_id: str | None = None) -> None:
        """
        Writes a value now, under the clock and an incarnation of this process: for registers with the clock `hlc`.
        """

@final
class Learned:
    """
    What learning documents did.
    """
    def __repr__(self, /) -> str: ...
    @property
    def documents(self, /) -> int:
        """
        Documents looked at.
        """
    @property
    def ids(self, /) -> list[str]:
        """
        The ids of the passages that are new, in order.
        """
    @property
    def superseded(self, /) -> int:
        """
        Earlier passages that no longer stand in their source and were superseded.
        """
    @property
    def unchanged(self, /) -> int:
        """
        Passages that were known already.
        """
    @property
    def unchanged_documents(self, /) -> int:
        """
        Documents of which every passage was known already.
        """

@final
class MVRegister:
    """
    A value that shows concurrent writes side by side until one resolves them.
    """
    def __copy__(self, /) -> MVRegister: ...
    def __deepcopy__(self, /, _memo: Any) -> MVRegister: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, instance_id: str | None = None) -> MVRegister:
        """
        A register that was never written.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def copy(self, /) -> MVRegister:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: MVRegister) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> MVRegister:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> MVRegister:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /) -> list[Any]:
        """
        The distinct values, in the order of their encodings.
        """
    def has_conflict(self, /) -> bool:
        """
        Whether there is more than one value, equal ones from concurrent writes included.
        """
    def has_duplicate_clock(self, /) -> bool:
        """
        Whether two different values were set with one clock.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def merge(self, /, other: MVRegister) -> MVRegister:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: MVRegister) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def resolve(self, /, value: Any) -> None:
        """
        Ends a conflict with a value: the same as `write`.
        """
    def set(self, /, value: Any, clock: VectorClock) -> None:
        """
        Takes in a value with a clock of the caller's. Values whose clock it dominates go.
        """
    def siblings(self, /) -> list[Any]:
        """
        Each value with where it is from: `value`, and `clock` or `dot`, the other being `None`.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def write(self, /, value: Any) -> None:
        """
        Writes a value in place of all values seen here.
        """

@final
class MemoryCRDTMerger:
    """
    Merges memories and states that are `dict`s. Arguments are never changed, and the order of merging makes no difference.
    """
    def __new__(cls, /) -> MemoryCRDTMerger:
        """
        Merging needs no object; this one is for callers that have made one before.
        """
    @staticmethod
    def merge_episodic_memories(ours: Iterable[Any], theirs: Iterable[Any]) -> list[Any]:
        """
        Merges lists of episodic memories, sorted by `memoryId`.
        """
    @staticmethod
    def merge_memory_states(ours: Any, theirs: Any) -> Any:
        """
        Merges the states of two instances of one agent. `instanceId` and `lastSync` are the first one's.
        """
    @staticmethod
    def merge_semantic_memories(ours: Iterable[Any], theirs: Iterable[Any]) -> list[Any]:
        """
        Merges lists of semantic memories, sorted by `knowledgeId`.
        """

@final
class MergeReport:
    """
    What a merge did.
    """
    def __repr__(self, /) -> str: ...
    @property
    def commits(self, /) -> int:
        """
        Commits that are new here.
        """
    @property
    def damaged(self, /) -> int:
        """
        How many journals of the other store are damaged or cannot be read: what lies behind did not come over.
        """
    @property
    def digest(self, /) -> str:
        """
        The digest afterwards, 64 hexadecimal characters.
        """
    @property
    def forks(self, /) -> list[str]:
        """
        Writers that signed two different commits for one place, found by this merge.
        """
    @property
    def records(self, /) -> int:
        """
        Records in them.
        """
    @property
    def refusals(self, /) -> list[tuple[str, int, str]]:
        """
        The first of these: writer, first sequence number, and why.
        """
    @property
    def refused(self, /) -> int:
        """
        How many commits were not admitted.
        """
    @property
    def withheld(self, /) -> int:
        """
        Records of which only the leaf came over, because they are private there.
        """

@final
class MerkleDag:
    """
    A graph of nodes that are named by their hashes: 64 hexadecimal characters.
    """
    def __contains__(self, id: str, /) -> bool: ...
    def __copy__(self, /) -> MerkleDag: ...
    def __deepcopy__(self, /, _memo: Any) -> MerkleDag: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, instance_id: str | None = None) -> MerkleDag:
        """
        The graph without nodes. Nodes are added under `instance_id`, with an incarnation of this process.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add(self, /, payload: Any, parents: Iterable[str] | None = None) -> str:
        """
        Adds a node on top of these nodes, of all heads where none are given, and gives its id.
        """
    def ancestors(self, /, id: str) -> list[str]:
        """
        All that a node rests on, in the order of ids.
        """
    def children(self, /, id: str) -> list[str]:
        """
        The nodes directly on top of one.
        """
    def copy(self, /) -> MerkleDag:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: MerkleDag) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def descendants(self, /, id: str) -> list[str]:
        """
        All that rests on a node, in the order of ids.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def forks(self, /) -> list[Any]:
        """
        Pairs of nodes of one author under one number: `author`, `seq`, `signer` and the two `nodes`.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> MerkleDag:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> MerkleDag:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /, id: str) -> Any | None:
        """
        A node, also one that waits for its parents, as a `dict` with `id`, `parents`, `author`, `seq`, `payload` and
        `signer`.
        """
    def has(self, /, id: str) -> bool:
        """
        Whether the node is here with all that it rests on.
        """
    def heads(self, /) -> list[str]:
        """
        The nodes that no other rests on.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def is_ancestor(self, /, a: str, b: str) -> bool:
        """
        Whether `b` rests on `a`.
        """
    def merge(self, /, other: MerkleDag) -> MerkleDag:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: MerkleDag) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def missing(self, /) -> list[str]:
        """
        The nodes that waiting ones need and nobody has sent.
        """
    def parents(self, /, id: str) -> list[str]:
        """
        The nodes that one is directly on top of.
        """
    def roots(self, /) -> list[str]:
        """
        The nodes without parents.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def topological_sort(self, /) -> list[str]:
        """
        The ids of all attached nodes, parents first, else by id.
        """
    def waiting(self, /) -> int:
        """
        How many nodes wait for their parents.
        """

@final
class ORSet:
    """
    A set with add and remove, where an addition wins over a concurrent removal. Each addition has a tag, such as
    `actor:7`, which names it everywhere.
    """
    def __contains__(self, element: Any, /) -> bool: ...
    def __copy__(self, /) -> ORSet: ...
    def __deepcopy__(self, /, _memo: Any) -> ORSet: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __iter__(self, /) -> Iterator[Any]: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, instance_id: str | None = None) -> ORSet:
        """
        The empty set. What is added is tagged under `instance_id`, with an incarnation of this process; under one of the
        process alone where none is given.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add(self, /, element: Any, tag: str | None = None) -> str:
        """
        Adds an element and gives the tag of the addition: a new one, or `tag`. Earlier tags of the element stay.
        """
    def add_many(self, /, elements: Iterable[Any]) -> bytes:
        """
        Adds elements, all or none, each with one new tag in place of those it has, and gives their delta, for
        `import_deltas` elsewhere.
        """
    def add_with_tag(self, /, element: Any, tag: str) -> str:
        """
        Adds an element under a tag of the caller's, and gives the tag as it is kept.
        """
    def contains(self, /, element: Any) -> bool:
        """
        Whether the element is in the set.
        """
    def copy(self, /) -> ORSet:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: ORSet) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def elements(self, /) -> list[Any]:
        """
        The elements, each once, in the order of their encodings.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> ORSet:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> ORSet:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get_tags(self, /, element: Any) -> list[str]:
        """
        The tags that keep an element in the set, in order.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    @property
    def instance_id(self, /) -> str | None:
        """
        The id that additions are tagged under, if one was given.
        """
    def is_empty(self, /) -> bool:
        """
        Whether there is no element.
        """
    def len(self, /) -> int:
        """
        The number of elements.
        """
    def merge(self, /, other: ORSet) -> ORSet:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: ORSet) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def preview(self, /, other: ORSet) -> Any:
        """
        What merging another set would do, as lists of elements: `added`, `removed`, and `contested` where both changed it.
        """
    def remove(self, /, element: Any, observed_tags: Iterable[str] | None = None) -> None:
        """
        Removes an element's observed tags; all tags it has here where none are given. It is gone when none is left.
        """
    def remove_all(self, /, element: Any) -> list[str]:
        """
        Removes an element and gives the tags it had.
        """
    def remove_many(self, /, elements: Iterable[Any]) -> bytes:
        """
        Removes elements and gives the delta, for `import_deltas` elsewhere.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """

@final
class PNCounter:
    """
    A counter that goes up and down.
    """
    def __copy__(self, /) -> PNCounter: ...
    def __deepcopy__(self, /, _memo: Any) -> PNCounter: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, positive: dict[str, int] | None = None, negative: dict[str, int] | None = None) -> PNCounter:
        """
        A counter of what was counted up and down, by instance.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def copy(self, /) -> PNCounter:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def decrement(self, /, instance: str) -> None:
        """
        Counts one down.
        """
    def delta_from(self, /, other: PNCounter) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> PNCounter:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> PNCounter:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get_instance_count(self, /, instance: str) -> int:
        """
        What one instance has counted, up less down.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def increment(self, /, instance: str) -> None:
        """
        Counts one up.
        """
    def increment_by(self, /, instance: str, amount: int) -> None:
        """
        Counts `amount` up, or down if it is negative.
        """
    def merge(self, /, other: PNCounter) -> PNCounter:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: PNCounter) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def negative(self, /) -> dict[str, int]:
        """
        What was counted down, by instance.
        """
    def positive(self, /) -> dict[str, int]:
        """
        What was counted up, by instance.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def value(self, /) -> int:
        """
        The exact difference.
        """

@final
class Pool:
    """
    The threads that do native work; they start when there is work for them.
    """
    def __new__(cls, /) -> Pool: ...
    @property
    def threads(self, /) -> int:
        """
        How many threads were started.
        """

@final
class Port:
    """
    Where one event loop hands in work and gets results.
    """
    CAPACITY: Final[int]
    """
    The most jobs that may be asked for and not yet drained.
    """
    def __new__(cls, /, pool: Pool, watched: bool) -> Port:
        """
        A port of `pool`. With `watched`, the loop is to watch `fileno()`; without it, a thread is to call `wait()`.
        """
    def __repr__(self, /) -> str: ...
    def cancel(self, /, ticket: SupportsIndex) -> bool:
        """
        Tells the job of `ticket` that nobody waits for it. `True` when it had not begun, or could be given up, and is gone without a
        trace.
        """
    def close(self, /) -> None:
        """
        Ends `wait()`.
        """
    def drain(self, /) -> list[tuple[int, Any, tuple[str, str, int | None, dict[str, object] | None] | BaseException | None]]:
        """
        What has finished since the last call: ticket, value, and where there is none, code and text or an exception.
        """
    def fileno(self, /) -> int | None:
        """
        What the loop watches: it becomes readable when something can be drained.
        """
    def wait(self, /) -> bool:
        """
        Waits, without the interpreter, until there is something new to drain; `False` once the port is closed.
        """

@final
class Recalled(Entry):
    """
    One entry of an answer.
    """
    def __repr__(self, /) -> str: ...
    @property
    def matches(self, /) -> list[tuple[int, int]]:
        """
        Where words of the query stand in `text`: first character and the one behind the last.
        """
    @property
    def score(self, /) -> float:
        """
        How well it answers; larger is better, comparable within one answer only.
        """

@final
class Replica:
    """
    Named states that sessions keep equal with those of other replicas.
    """
    def __len__(self, /) -> int: ...
    def __new__(cls, /) -> Replica:
        """
        No state.
        """
    def __repr__(self, /) -> str: ...
    def digest_hex(self, /, name: str) -> str | None:
        """
        The digest of the state under a name, 64 hexadecimal characters.
        """
    def get(self, /, name: str) -> Any | None:
        """
        A copy of the state under a name; `None` when there is none.
        """
    def import_deltas(self, /, name: str, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states into the state under a name: all of them, or none and it raises.
        """
    def insert(self, /, name: str, state: Any) -> None:
        """
        Puts a copy of a state under a name, in place of what is there.
        """
    def names(self, /) -> list[tuple[str, str]]:
        """
        The names of the states, in byte order, with their kinds.
        """

@final
class RustByzantineConsensus:
    """
    One member of a cluster that agrees on byte strings: inputs in, effects out. It has no network, clock or disk; whoever
    drives it carries out the effects in order, and has a `log` on disk before the next one.
    """
    def __new__(cls, /, options: MemberOptions | None = None) -> RustByzantineConsensus:
        """
        The member that options describe; without any, a member that is its own cluster, for development, and talks to nobody.
        """
    def __repr__(self, /) -> str: ...
    def decision(self, /) -> Decision | None:
        """
        The latest decision that is kept, if there is one.
        """
    def handle(self, /, input: Input) -> list[Effect]:
        """
        Takes an input and gives the effects to be carried out, in order. What peers send never raises.
        """
    def handle_message(self, /, message: Buffer, sender: str) -> bytes | None:
        """
        Hands over a message of a validator and gives the last message that it makes this member send to all, if any. The effects
        are taken by `take_effects`. Raises for what no correct validator sends.
        """
    def is_decided(self, /) -> bytes | None:
        """
        The latest value decided, if there is one.
        """
    def origin(self, /) -> MemberOrigin:
        """
        Where a member can begin that has executed what this one has: `{**options, **member.origin()}`, with the records of the
        log from its height on.
        """
    def propose(self, /, value: Buffer) -> SignedProposal:
        """
        Proposes a value, where it is this member's turn, and gives the signed proposal. The effects, with its record of the log,
        are taken by `take_effects`.
        """
    def status(self, /) -> MemberStatus:
        """
        Where the member is.
        """
    def take_effects(self, /) -> list[Effect]:
        """
        Takes what `propose` and `handle_message` have led to, in order.
        """

@final
class RustMemoryStore:
    """
    One agent's memory. Making it touches no file; the first work opens the store, on a native thread.

    Every method hands work to `port` and gives the ticket under which the result will be drained.
    """
    def __new__(cls, /, agent_id: str = ..., path: str | PathLike[str] | None = None, home: str | PathLike[str] | None = None, model: str | PathLike[str] | None = None) -> RustMemoryStore:
        """
        The memory of agent `agent_id` in the store at `path`, with keys and settings below `home` and the model in `model`.
        """
    def __repr__(self, /) -> str: ...
    def close(self, /, port: Port) -> int:
        """
        Ends the use of this memory, at once for new calls, and lets go of its files when work under way is done.
        """
    def coverage(self, /, port: Port) -> int:
        """
        How many entries have vectors.
        """
    def digest(self, /, port: Port) -> int:
        """
        One digest over everything in the store, 64 hexadecimal characters.
        """
    def embed(self, /, port: Port) -> int:
        """
        Makes the vectors that are missing, and gives how many entries have some then.
        """
    def forget(self, /, port: Port, ids: Iterable[str]) -> int:
        """
        Forgets entries of this agent.
        """
    def get(self, /, port: Port, id: str) -> int:
        """
        The entry whose id begins with `id`; `None` when there is none.
        """
    def learn(self, /, port: Port, content: str, tags: Iterable[str], source: str | None, namespace: str | None, occurred: datetime | None) -> int:
        """
        Remembers one text; gives its id once it is on disk.
        """
    def learn_document(self, /, port: Port, text: str, source: str, tags: Iterable[str], namespace: str | None) -> int:
        """
        Remembers one text passage by passage.
        """
    def learn_files(self, /, port: Port, paths: Iterable[str | PathLike[str]], tags: Iterable[str], namespace: str | None) -> int:
        """
        Remembers text files passage by passage, in one commit.
        """
    def merge(self, /, port: Port, path: str | PathLike[str]) -> int:
        """
        Merges the store at `path` into this one.
        """
    def open(self, /, port: Port) -> int:
        """
        Opens the store, or makes it, and reads what is in it.
        """
    def proof(self, /, port: Port, id: str) -> int:
        """
        A proof of one entry, for `crypto.verify_record_proof`.
        """
    def public_key(self, /, port: Port) -> int:
        """
        The agent's public key, 64 hexadecimal characters.
        """
    def recall(self, /, port: Port, query: str, k: int, tags: Iterable[str], namespace: str | None, source_prefix: str | None, author: str | None, since: datetime | None, until: datetime | None, as_of: datetime | None, trusted_only: bool, include_revoked: bool, words_only: bool) -> int:
        """
        The entries that answer `query`, best first.
        """
    def stats(self, /, port: Port) -> int:
        """
        Counts of what the store holds.
        """
    def trust(self, /, port: Port, key: str, name: str | None) -> int:
        """
        Trusts a public key, under a name of the caller's choice.
        """
    def untrust(self, /, port: Port, key: str) -> int:
        """
        Takes back what was said of a public key.
        """

@final
class SimCluster:
    """
    A cluster of members that run the real core over a simulated network, with simulated disks, clocks and liars. One seed and one
    list of faults give one run and one trace hash, in every language.
    """
    def __new__(cls, /, members: SupportsIndex, seed: SupportsIndex, faults: list[Fault] | None = None, options: SimOptions | None = None) -> SimCluster:
        """
        A cluster of `members` members of equal power, in which the faults of a list of dicts happen. Options are `heights`, 3 by
        default, `real_signatures`, false by default, and `recorded`, true by default.
        """
    def __repr__(self, /) -> str: ...
    @property
    def chain(self, /) -> str:
        """
        The name of the chain, part of every signature.
        """
    def decisions(self, /, member: SupportsIndex) -> list[Decision]:
        """
        What a member decided, by ascending height: the last 64.
        """
    def evidence(self, /) -> list[FoundEvidence]:
        """
        The evidence found so far, with the member that found it.
        """
    def height(self, /, member: SupportsIndex) -> int:
        """
        The last height that a member has decided; 0 before the first.
        """
    def now_us(self, /) -> int:
        """
        The simulated time, in microseconds.
        """
    def propose(self, /, member: SupportsIndex, value: Buffer) -> None:
        """
        Has a member propose a value when it is its turn.
        """
    @staticmethod
    def random(seed: SupportsIndex) -> SimCluster:
        """
        The cluster of a seed's own schedule, of one kind of trouble after the other.
        """
    @staticmethod
    def replay(schedule: str) -> SimCluster:
        """
        The cluster of a schedule's JSON text: what a failing run prints gives the same run again.
        """
    def report(self, /) -> SimReport:
        """
        What the run was like so far.
        """
    def run(self, /) -> SimReport:
        """
        Runs until every honest member has decided all heights; raises `consensus/violation` for what must not happen. A signal
        such as Ctrl-C ends it early, and it can be gone on with.
        """
    def schedule(self, /) -> str:
        """
        The JSON text of the schedule, for `replay` in any language.
        """
    def step(self, /, count: SupportsIndex = 1) -> bool:
        """
        Lets one thing happen, or `count`. False when nothing is left to wait for; raises `consensus/violation` for what must not
        happen.
        """
    def svg(self, /) -> str:
        """
        A picture of what has happened, as an SVG document; without messages where the cluster is not recorded.
        """
    def trace_hash(self, /) -> str:
        """
        BLAKE3 over everything that has happened, 64 hexadecimal characters.
        """
    def validators(self, /, height: SupportsIndex) -> bytes:
        """
        The encoding of the validators of a height.
        """

@final
class SkillAccumulator:
    """
    Skills by name: proficiency, last use, and uses that are each counted once.
    """
    def __copy__(self, /) -> SkillAccumulator: ...
    def __deepcopy__(self, /, _memo: Any) -> SkillAccumulator: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, instance_id: str | None = None, *, proficiency: str = ..., clock: str = ...) -> SkillAccumulator:
        """
        No skill. `proficiency` says which one counts: the greatest, `max`, or the last, `latest`; `clock` is the unit of
        times.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def copy(self, /) -> SkillAccumulator:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: SkillAccumulator) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> SkillAccumulator:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> SkillAccumulator:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /, name: str) -> dict[str, Any] | None:
        """
        One skill, as a `dict`.
        """
    def get_skill(self, /, name: str) -> dict[str, Any] | None:
        """
        The same as `get`.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def import_skill(self, /, origin: str, skill: Incomplete) -> None:
        """
        Takes in a skill from a system that kept plain counts. What one origin gives joins by maximum, however often it is
        imported.
        """
    def merge(self, /, other: SkillAccumulator) -> SkillAccumulator:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: SkillAccumulator) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """
    def to_list(self, /) -> list[dict[str, Any]]:
        """
        All skills, in the byte order of their names.
        """
    def update_many(self, /, uses: SupportsGetItem[int, tuple[str, SupportsFloat | SupportsIndex, SupportsFloat | SupportsIndex]]) -> bytes:
        """
        Records uses of (name, proficiency, time), all or none, and gives their delta, for `import_deltas` elsewhere.
        """
    def update_skill(self, /, name: str, proficiency: SupportsFloat | SupportsIndex, timestamp: SupportsFloat | SupportsIndex, *, ignore_stale: bool = False) -> None:
        """
        Records a use of a skill, which counts whatever its time; with `ignore_stale` only if it is later than the last.
        """

@final
class Stats:
    """
    Counts of what a memory holds.
    """
    def __repr__(self, /) -> str: ...
    @property
    def authors(self, /) -> dict[str, int]:
        """
        Live entries by author's public key.
        """
    @property
    def commits(self, /) -> int:
        """
        Commits.
        """
    @property
    def entries(self, /) -> int:
        """
        Live entries.
        """
    @property
    def records(self, /) -> int:
        """
        Records of every kind and state.
        """
    @property
    def withheld(self, /) -> int:
        """
        Records here as leaves only, because they were not shared with this store.
        """
    @property
    def writers(self, /) -> int:
        """
        Writer journals, one for each incarnation of each agent.
        """

@final
class SyncSession:
    """
    One side of a conversation that makes two replicas equal. Messages may be lost, doubled or late.

    Send what `poll` gives until it gives nothing, hand what arrives to `receive`, and call `tick` every second or so.
    """
    def __repr__(self, /) -> str: ...
    @property
    def held(self, /) -> int:
        """
        How many deltas from the future are held.
        """
    @staticmethod
    def initiator(*, max_message_bytes: SupportsIndex | None = None, max_receive_bytes: SupportsIndex | None = None, max_drift_ms: SupportsIndex | None = None, retry_ms: SupportsIndex | None = None) -> SyncSession:
        """
        The side that begins.
        """
    def is_equal(self, /, replica: Replica) -> bool:
        """
        Whether, as far as this side knows, both replicas are equal.
        """
    def poll(self, /, replica: Replica) -> bytes | None:
        """
        The next message to send, or `None` while there is nothing to say.
        """
    def receive(self, /, replica: Replica, message: Buffer, now_ms: SupportsIndex | None = None) -> list[Any]:
        """
        Takes in a message of the other side, and gives what happened: `dict`s with `type` and `name`. `now_ms` is
        milliseconds since 1970, the system's where it is not given.
        """
    @staticmethod
    def responder(*, max_message_bytes: SupportsIndex | None = None, max_receive_bytes: SupportsIndex | None = None, max_drift_ms: SupportsIndex | None = None, retry_ms: SupportsIndex | None = None) -> SyncSession:
        """
        The side that answers.
        """
    def tick(self, /, replica: Replica, now_ms: SupportsIndex | None = None) -> list[Any]:
        """
        Says that time has passed: asks again where no answer came, and merges what was held until now.
        """

@final
class TwoPhaseSet:
    """
    A set whose removals are for ever, also of elements that come later.
    """
    def __contains__(self, element: Any, /) -> bool: ...
    def __copy__(self, /) -> TwoPhaseSet: ...
    def __deepcopy__(self, /, _memo: Any) -> TwoPhaseSet: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __iter__(self, /) -> Iterator[Any]: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /) -> TwoPhaseSet:
        """
        The empty set.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def add(self, /, element: Any) -> None:
        """
        Adds an element, unless it was ever removed.
        """
    def add_many(self, /, elements: Iterable[Any]) -> bytes:
        """
        Adds elements, all or none, and gives their delta, for `import_deltas` elsewhere.
        """
    def contains(self, /, element: Any) -> bool:
        """
        Whether the element is in the set.
        """
    def copy(self, /) -> TwoPhaseSet:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: TwoPhaseSet) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    def elements(self, /) -> list[Any]:
        """
        The elements, in the order of their encodings.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> TwoPhaseSet:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> TwoPhaseSet:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def is_empty(self, /) -> bool:
        """
        Whether there is no element.
        """
    def len(self, /) -> int:
        """
        The number of elements.
        """
    def merge(self, /, other: TwoPhaseSet) -> TwoPhaseSet:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: TwoPhaseSet) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def remove(self, /, element: Any) -> None:
        """
        Removes an element, there or not.
        """
    def removed(self, /) -> list[Any]:
        """
        What was ever removed, in the order of encodings.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """

@final
class VectorClock:
    """
    A counter of events per writer.
    """
    def __copy__(self, /) -> VectorClock: ...
    def __deepcopy__(self, /, _memo: Any) -> VectorClock: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, clock: dict[str, int] | None = None) -> VectorClock:
        """
        A clock of these counters.
        """
    def __reduce__(self, /) -> tuple[Any, tuple[bytes]]: ...
    def __repr__(self, /) -> str: ...
    def __str__(self, /) -> str: ...
    def compare(self, /, other: VectorClock) -> str:
        """
        `before`, `after`, `concurrent` or `equal`.
        """
    def concurrent(self, /, other: VectorClock) -> bool:
        """
        Whether each has seen what the other has not. Equal clocks are not concurrent.
        """
    def copy(self, /) -> VectorClock:
        """
        Another object with this state; what is done to one is not done to the other.
        """
    def delta_from(self, /, other: VectorClock) -> bytes:
        """
        The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
        """
    def digest(self, /) -> bytes:
        """
        The digest of the encoding, 32 bytes.
        """
    def digest_hex(self, /) -> str:
        """
        The digest, 64 hexadecimal characters.
        """
    @staticmethod
    def from_bytes(data: Buffer) -> VectorClock:
        """
        The state with this encoding.
        """
    @staticmethod
    def from_json(text: str, *, clock: str | None = None, origin: str | None = None) -> VectorClock:
        """
        The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
        stamps where the text names none, `origin` the actor of counts that it gives to nobody.
        """
    def get(self, /, instance: str) -> int:
        """
        The number of an instance's last event; 0 if it had none.
        """
    def happened_after(self, /, other: VectorClock) -> bool:
        """
        Whether this clock has seen all of the other, and more.
        """
    def happened_before(self, /, other: VectorClock) -> bool:
        """
        Whether all that this clock has seen, and not all, is in the other.
        """
    def import_deltas(self, /, deltas: SupportsGetItem[int, bytes | bytearray]) -> None:
        """
        Joins deltas or states of other replicas into this one: all of them, or none and it raises.
        """
    def merge(self, /, other: VectorClock) -> VectorClock:
        """
        The state of both, as a new object. Raises where they contradict each other.
        """
    def merge_into(self, /, other: VectorClock) -> None:
        """
        Takes in another state. Raises, and changes nothing, where they contradict each other.
        """
    def nodes(self, /) -> list[str]:
        """
        The instances, in byte order.
        """
    def set(self, /, instance: str, timestamp: int) -> None:
        """
        Sets the counter of an instance. It may not go back.
        """
    @staticmethod
    def singleton(instance: str, timestamp: int = ...) -> VectorClock:
        """
        The clock of one instance.
        """
    def sum(self, /) -> int:
        """
        The number of all events.
        """
    def tick(self, /, instance: str) -> int:
        """
        Counts one event of an instance, and gives its number.
        """
    def to_bytes(self, /) -> bytes:
        """
        The canonical encoding: equal states have equal bytes, in every language.
        """
    def to_dict(self, /) -> dict[str, int]:
        """
        The counters by instance.
        """
    def to_json(self, /) -> str:
        """
        The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
        """

def actor_key(actor: str | None = None) -> str:
    """
    The actor key under which this process writes for an actor id. It is drawn at the first use and stays the same until
    the process ends or forks.
    """

def aggregate_knowledge_confidence(source_confidences: dict[str, SupportsFloat | SupportsIndex], members: Buffer | ValidatorSet) -> tuple[float, float, bool]:
    """
    Mean without extremes, median, and whether sources with a quorum of the members' power took part.
    """

def calculate_threshold(total_instances: SupportsIndex) -> int:
    """
    `2 * n // 3 + 1`: the smallest number of equal members that is more than two thirds.
    """

def consensus_decision(votes: dict[str, bool], required_threshold: SupportsFloat | SupportsIndex) -> tuple[bool, int, int]:
    """
    Whether more than `required_threshold` of the votes are yes, how many are, and how many it takes.
    """

def default_rule(conflict_type: str) -> tuple[str, str]:
    """
    The strategy for a kind of conflict unless the caller has another, and what last means there.
    """

def detect_byzantine_nodes(fingerprint: Buffer, votes: SupportsGetItem[int, tuple[str, SupportsFloat | SupportsIndex, SupportsFloat | SupportsIndex, SupportsGetItem[int, SupportsIndex] | None]], members: Buffer | ValidatorSet) -> set[str]:
    """
    The members that signed two votes on the memory for one time.
    """

def encode_validators(validators: Buffer | ValidatorSet) -> bytes:
    """
    The one encoding of a validator set, given as a dict with `validators` and `epoch`.
    """

def error_codes() -> list[str]:
    """
    Every code an error of this package can have: those of the bindings, the memory, the journal, cryptography, keys and
    certificates.
    """

def find_conflicts(key: str, candidates: Iterable[Any], *, shape: Any = ..., similarity: SupportsFloat | SupportsIndex | None = None, semantic_threshold: SupportsFloat | SupportsIndex = ..., missing_cause: bool = False) -> list[Any]:
    """
    What is wrong between the candidates for the value of a key, whatever their order and however often each is given.

    A candidate is a `dict`: `value`, and maybe `writer`, `timestamp` (milliseconds) and `clock` (counters by writer). `shape`
    says what the value is: `single`, `text`, `set`, `counter`, `max`, `min`, or `{"map": shape}`.
    """

def has_supermajority(votes: SupportsGetItem[int, bool], threshold: SupportsFloat | SupportsIndex) -> bool:
    """
    Whether more than `threshold` of the votes are yes; never of none.
    """

def inclusion_root(leaves: SupportsGetItem[int, bytes | bytearray]) -> str:
    """
    The root over leaves with these contents, 64 hexadecimal characters.
    """

def median(values: SupportsGetItem[int, SupportsFloat | SupportsIndex]) -> float:
    """
    The value in the middle, or the mean of the two there. Raises `consensus/no-values` for none.
    """

def mode(values: SupportsGetItem[int, SupportsFloat | SupportsIndex]) -> float:
    """
    The most frequent value; of several, the one that comes first. Raises `consensus/no-values` for none.
    """

def prove_inclusion(leaves: SupportsGetItem[int, bytes | bytearray], index: SupportsIndex) -> dict[str, Any]:
    """
    The proof for the leaf at a place, as a `dict`.
    """

def resolve_candidates(candidates: Iterable[Any], strategy: str, *, shape: Any = ..., order: str = ..., fallback: str = ...) -> Any:
    """
    Chooses among candidates: the same set gives the same choice, in any order and with any repetition.

    `strategy` is `LastWriterWins`, `FirstWriterWins`, `MajorityVote`, `SemanticMerge` or `ManualReview`; `order` says what
    last means, `stamp` or `clock`; `fallback` chooses where no value has a majority. Gives `resolved`, `strategy`, `value`,
    `candidates`, `ticket` and `covers`.
    """

def resume_writer(actor_key: str, last: int = ...) -> None:
    """
    Writes under an actor key from now on, beginning after the update `last`: for a state that was stored together with
    its key. That nobody else writes under the key, and that `last` is not below its last update, is up to the caller.
    """

def robust_mean(values: SupportsGetItem[int, SupportsFloat | SupportsIndex], f: SupportsIndex) -> float:
    """
    The mean without the `f` lowest and the `f` highest: with at most `f` wrong values it lies among the right ones. Raises
    `consensus/too-few-values` for `2 * f` values or fewer.
    """

def self_test(seed: int = ..., histories: int = ...) -> Incomplete:
    """
    Runs random histories of every type and checks the laws of merging on the encoded bytes.

    What breaks a law is reported with its seed, which replays it: `self_test(seed, 1)`.
    """

def sign_validation_vote(fingerprint: Buffer, instance_id: str, confidence: SupportsFloat | SupportsIndex, timestamp: SupportsFloat | SupportsIndex, signing_key: Buffer) -> bytes:
    """
    The signature of a vote on the memory with this fingerprint, 64 bytes.
    """

def trimmed_mean(values: SupportsGetItem[int, SupportsFloat | SupportsIndex], trim_percent: SupportsFloat | SupportsIndex) -> float:
    """
    The mean without `int(n * trim_percent)` values on each side, as the original computes it; raises for no values.
    """

def trimmed_mean_or_mean(values: SupportsGetItem[int, SupportsFloat | SupportsIndex], trim_percent: SupportsFloat | SupportsIndex) -> float:
    """
    The same, and the plain mean where trimming would leave nothing.
    """

def validate_memory(fingerprint: Buffer, votes: SupportsGetItem[int, tuple[str, SupportsFloat | SupportsIndex, SupportsFloat | SupportsIndex, SupportsGetItem[int, SupportsIndex] | None]], members: Buffer | ValidatorSet, supporting: SupportsFloat | SupportsIndex) -> tuple[list[str], list[float], float, float, bool, int, set[str]]:
    """
    Weighs the votes of members on the memory with this fingerprint, all signatures in one batch.
    """

def value_digest(value: Buffer) -> bytes:
    """
    The digest that certificates name a value by, 32 bytes.
    """

def verify_commit_certificate(certificate: Buffer, validators: Buffer | ValidatorSet, chain: str) -> CommitProof:
    """
    Verifies a commit certificate against the validators of its epoch, all signatures in one batch, and tells what it proves:
    `epoch`, `height`, `round`, `digest`, `power`, `total_power` and the names of the `signers`.

    `validators` is the encoding of a set, or a dict with `validators` and `epoch`.
    """

def verify_evidence(evidence: Buffer, validators: Buffer | ValidatorSet, chain: str) -> EvidenceProof:
    """
    Verifies evidence that a validator made two statements of which a correct one makes only one, and tells which: `epoch`,
    `height`, `round` and `validator`, its name.
    """

def verify_inclusion(proof: Incomplete, content: bytes | bytearray, root: str) -> None:
    """
    Checks that `content` is the leaf of a proof, and that the proof leads to `root`, which the caller knows from
    elsewhere. Raises `CrdtError` unless both hold.
    """

def weighted_confidence(confidences: dict[str, SupportsFloat | SupportsIndex], instance_weights: dict[str, SupportsFloat | SupportsIndex]) -> float:
    """
    The mean of confidences weighted by instance; an instance without a weight weighs 1.0.
    """
