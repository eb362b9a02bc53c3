"""Agreement between members of which less than a third, by power, may lie.

``verify_commit_certificate`` and ``verify_evidence`` check what anybody can check. ``RustByzantineConsensus`` is one member:
inputs in, effects out, as dicts with a ``type``. ``ByzantineMemoryValidator`` makes one number of many of which some are wrong. ``SimCluster`` is a whole cluster over a simulated network, for tests: one seed
and one list of faults give one run and one trace hash, here, in Rust and in JavaScript.

All classes may be used from several threads, and long runs release the interpreter lock.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union

from ._rust import (
    RustByzantineConsensus,
    SimCluster,
    encode_validators,
    value_digest,
    verify_commit_certificate,
    verify_evidence,
)
from .byzantine import (
    ByzantineMemoryValidator,
    ByzantineScenarioTester,
    ByzantineValidation,
    SupermajorityChecker,
    ValidationVote,
)
from .exceptions import ConsensusError

__all__ = [
    "Byzantine",
    "ByzantineMemoryValidator",
    "ByzantineScenarioTester",
    "ByzantineValidation",
    "Change",
    "CommitProof",
    "ConsensusError",
    "Crash",
    "Decision",
    "Drop",
    "Effect",
    "EvidenceProof",
    "Fault",
    "FoundEvidence",
    "Input",
    "Link",
    "MemberOptions",
    "MemberOrigin",
    "MemberStatus",
    "MemberTimeouts",
    "Partition",
    "PowerCut",
    "RustByzantineConsensus",
    "SignedProposal",
    "SimCluster",
    "SimOptions",
    "SimReport",
    "Skew",
    "SupermajorityChecker",
    "ValidationVote",
    "Validator",
    "ValidatorSet",
    "Vouched",
    "encode_validators",
    "value_digest",
    "verify_commit_certificate",
    "verify_evidence",
]

# An input or an effect: its ``type`` and what belongs to it, as the declarations of the npm package list them, with the names of
# properties in snake case.
Input = dict[str, Any]
Effect = dict[str, Any]


class _Named(TypedDict):
    id: str
    key: bytes


class Validator(_Named, total=False):
    """A member that votes: its name, its Ed25519 public key, and its weight, 1 by default."""

    power: int


class _Members(TypedDict):
    validators: list[Validator]


class ValidatorSet(_Members, total=False):
    """The validators of an epoch, which is 0 by default."""

    epoch: int


class CommitProof(TypedDict):
    """What ``verify_commit_certificate`` gives."""

    epoch: int
    height: int
    round: int
    digest: bytes
    power: int
    total_power: int
    signers: list[str]


class EvidenceProof(TypedDict):
    """What ``verify_evidence`` gives."""

    epoch: int
    height: int
    round: int
    validator: str


class Decision(TypedDict):
    """A value that was decided for ever, with its proof."""

    height: int
    value: bytes
    certificate: bytes


class Change(TypedDict):
    """A validator set, and the height from which it is in force."""

    height: int
    validators: bytes | ValidatorSet


class _Member(TypedDict):
    chain: str
    validators: bytes | ValidatorSet


class MemberTimeouts(TypedDict, total=False):
    """How long a member waits in round 0, at most, and before it sends again what may be lost."""

    propose_ms: int
    prevote_ms: int
    precommit_ms: int
    cap_ms: int
    resend_ms: int


class MemberOptions(_Member, total=False):
    """Who and where a member is. Without ``signing_key``, the 32 secret bytes of an Ed25519 key, it follows and does not vote.

    ``log`` has all records that the member logged since ``height``; a member that has voted must be given them.
    """

    height: int
    upcoming: list[Change]
    signing_key: bytes
    log: list[bytes]
    window: int
    faulty_power: int
    max_value_bytes: int
    pending_bytes: int
    kept_decisions: int
    timeouts: MemberTimeouts


class Vouched(TypedDict):
    """A round and the digest of a value."""

    round: int
    digest: bytes


class MemberStatus(TypedDict):
    """Where a member is. ``number`` is ``None`` for a follower."""

    epoch: int
    height: int
    round: int
    step: Literal["propose", "prevote", "precommit"]
    executed: int
    number: int | None
    locked: Vouched | None
    valid: Vouched | None


class MemberOrigin(TypedDict):
    """Where a member can begin."""

    height: int
    validators: bytes
    upcoming: list[Change]


class SignedProposal(TypedDict):
    """A proposal that was signed."""

    height: int
    round: int
    digest: bytes
    value: bytes
    signature: bytes


class FoundEvidence(TypedDict):
    """Evidence, and the number of the member that found it."""

    member: int
    evidence: bytes


class Byzantine(TypedDict):
    """A member does not follow the protocol, from the start to the end."""

    fault: Literal["byzantine"]
    member: int
    behaviour: Literal[
        "silent", "twins", "equivocate", "mirror", "lying_leader", "invalid_leader", "false_valid_round", "unlocked", "stir", "usurp",
        "swap", "slander", "withhold_prevotes", "withhold_precommits", "only_one", "garbage", "forge", "replay", "far_future",
        "wrong_epoch", "false_certificate",
    ]  # fmt: skip


class Partition(TypedDict):
    """Members on different sides do not hear each other."""

    fault: Literal["partition"]
    from_us: int
    until_us: int
    sides: list[int]


class Link(TypedDict):
    """Messages are lost or doubled, of 1,000 that many, or slow. ``None`` is everyone."""

    fault: Literal["link"]
    from_us: int
    until_us: int
    sender: int | None
    receiver: int | None
    loss: int
    doubled: int
    slower_us: int


class Drop(TypedDict):
    """Messages of one kind are lost. ``None`` is any."""

    fault: Literal["drop"]
    height: int | None
    round: int | None
    kind: Literal["proposal", "prevote", "precommit", "other"] | None
    sender: int | None
    receiver: int | None


class Crash(TypedDict):
    """A member loses power while it writes its log, and restarts from what survived."""

    fault: Literal["crash"]
    member: int
    write: int
    survives: Literal["nothing", "torn", "half", "all"]
    effects: int
    down_us: int


class PowerCut(TypedDict):
    """Some members, or all where the list is empty, lose power at once."""

    fault: Literal["power_cut"]
    at_us: int
    members: list[int]
    down_us: int


class Skew(TypedDict):
    """A member's clock runs at another speed."""

    fault: Literal["skew"]
    member: int
    per_mille: int


Fault = Union[Byzantine, Partition, Link, Drop, Crash, PowerCut, Skew]


class SimOptions(TypedDict, total=False):
    """Options of a ``SimCluster``."""

    heights: int
    real_signatures: bool
    recorded: bool


class SimReport(TypedDict):
    """What ``SimCluster.run`` and ``report`` give. Times are simulated."""

    trace_hash: str
    events: int
    messages: int
    simulated_us: int
    decisions: int
    latency_p50_us: int
    latency_p99_us: int
    evidence: int
    bound_us: int
    rules: list[str]
