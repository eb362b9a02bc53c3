"""Numbers of which some are wrong, and votes of which some are lies.

The names are those of the original module; its faults are not. A vote counts where a member signed it for the very memory; the
quorum follows from the members, not from a number that the caller gives; values that are no numbers raise. ``trimmed_mean`` computes
what it always did, which bounds nothing: ``robust_mean`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import _rust

if TYPE_CHECKING:
    from .consensus import ValidatorSet

__all__ = [
    "ByzantineMemoryValidator",
    "ByzantineScenarioTester",
    "ByzantineValidation",
    "SupermajorityChecker",
    "ValidationVote",
]


@dataclass(frozen=True)
class ValidationVote:
    """One member's confidence, 0 to 1, in one memory. Of two votes of a member the one with the later ``timestamp`` counts; one
    without a signature counts for nothing."""

    instance_id: str
    confidence: float
    timestamp: float
    signature: bytes | None = None

    @classmethod
    def sign(
        cls, fingerprint: bytes, instance_id: str, confidence: float, timestamp: float, signing_key: bytes
    ) -> ValidationVote:
        """The signed vote on the memory with this fingerprint of 32 bytes; ``signing_key`` is a secret key of 32 bytes."""
        signature = _rust.sign_validation_vote(fingerprint, instance_id, confidence, timestamp, signing_key)
        return cls(instance_id, confidence, timestamp, signature)


@dataclass(frozen=True)
class ByzantineValidation:
    """What members think of one memory. A fresh record is agreed on by nobody."""

    #: The members whose votes count, in order, and their confidences.
    verifiedBy: list[str] = field(default_factory=list)
    confidenceScores: list[float] = field(default_factory=list)
    #: The mean without the f lowest and the f highest, f = (n - 1) // 3 of n members; 0.0 where votes are too few for that.
    trimmedMean: float = 0.0
    median: float = 0.0
    #: Whether members with a quorum of the power support it.
    threshold: bool = False
    requiredVotes: int = 0
    #: Members that signed two votes for one time.
    byzantine: frozenset[str] = frozenset()

    def meets_threshold(self) -> bool:
        """Whether members with a quorum of the power support the memory."""
        return self.threshold

    def calculate_trimmed_mean(self, trim_percent: float = 0.2) -> float:
        """The mean without that share on each side, or the plain mean where that would leave nothing; 0.0 of nothing."""
        return _rust.trimmed_mean_or_mean(self.confidenceScores, trim_percent)

    def calculate_median(self) -> float:
        """The median, 0.0 of nothing."""
        return _rust.median(self.confidenceScores) if self.confidenceScores else 0.0


class ByzantineMemoryValidator:
    """What members' numbers and votes amount to."""

    @staticmethod
    def calculate_threshold(total_instances: int) -> int:
        """``2 * n // 3 + 1``, the smallest number of equal members that is more than two thirds."""
        return _rust.calculate_threshold(total_instances)

    @staticmethod
    def robust_mean(values: Sequence[float], f: int) -> float:
        """The mean without the ``f`` lowest and the ``f`` highest: with at most ``f`` wrong values it lies among the right ones.
        Raises ``consensus/too-few-values`` for ``2 * f`` values or fewer."""
        return _rust.robust_mean(list(values), f)

    @staticmethod
    def trimmed_mean(values: Sequence[float], trim_percent: float = 0.2) -> float:
        """The mean without ``int(n * trim_percent)`` values on each side, 0.0 of nothing. Bounds nothing: ``robust_mean`` does."""
        return _rust.trimmed_mean(list(values), trim_percent)

    @staticmethod
    def median(values: Sequence[float]) -> float:
        """The value in the middle, or the mean of the two there; 0.0 of nothing."""
        return _rust.median(list(values)) if len(values) else 0.0

    @staticmethod
    def mode(values: Sequence[float]) -> float:
        """The most frequent value, of several the first; 0.0 of nothing."""
        return _rust.mode(list(values)) if len(values) else 0.0

    @staticmethod
    def validate_memory(
        fingerprint: bytes,
        votes: Iterable[ValidationVote],
        members: bytes | ValidatorSet,
        supporting: float = 0.5,
    ) -> ByzantineValidation:
        """Weighs the votes on the memory with this fingerprint of 32 bytes. Votes that are not a member's, not signed or out of
        range are left out; a vote of at least ``supporting`` is for the memory."""
        by, scores, trimmed, middle, agreed, required, liars = _rust.validate_memory(
            fingerprint, _given(votes), members, supporting
        )
        return ByzantineValidation(by, scores, trimmed, middle, agreed, required, frozenset(liars))

    @staticmethod
    def aggregate_knowledge_confidence(
        source_confidences: Mapping[str, float], members: bytes | ValidatorSet
    ) -> tuple[float, float, bool]:
        """Mean without extremes, median, and whether sources with a quorum of the members' power took part."""
        return _rust.aggregate_knowledge_confidence(dict(source_confidences), members)

    @staticmethod
    def detect_byzantine_nodes(
        fingerprint: bytes, votes: Iterable[ValidationVote], members: bytes | ValidatorSet
    ) -> set[str]:
        """The members that signed two votes for one time. A low confidence alone proves nothing."""
        return _rust.detect_byzantine_nodes(fingerprint, _given(votes), members)

    @staticmethod
    def weighted_confidence(votes: Iterable[ValidationVote], instance_weights: Mapping[str, float]) -> float:
        """The mean of the votes' confidences, weighted by instance; one without a weight weighs 1.0. Of several votes of an
        instance the latest counts. Signatures are not looked at."""
        latest = {vote.instance_id: vote for vote in sorted(votes, key=lambda vote: vote.timestamp)}
        confidences = {name: vote.confidence for name, vote in latest.items()}
        return _rust.weighted_confidence({**confidences}, dict(instance_weights))


class SupermajorityChecker:
    """Strict majorities: exactly ``threshold`` of the votes is not enough, and of no votes there is none."""

    @staticmethod
    def has_supermajority(votes: Sequence[bool], threshold: float = 2 / 3) -> bool:
        """Whether more than ``threshold``, from 0.5 to 1.0, of the votes are yes; of 1.0, all."""
        return _rust.has_supermajority(list(votes), threshold)

    @staticmethod
    def consensus_decision(
        votes: Mapping[str, bool], required_threshold: float = 2 / 3
    ) -> tuple[bool, int, int]:
        """Whether more than ``required_threshold`` of the votes are yes, how many are, and how many it takes."""
        return _rust.consensus_decision(dict(votes), required_threshold)


class ByzantineScenarioTester:
    """Votes of which some are wrong, for tests and demonstrations. Members that lie to each other, crash and recover are what
    ``memory_system.consensus.SimCluster`` has."""

    @staticmethod
    def simulate_byzantine_votes(
        honest_count: int, byzantine_count: int, honest_value: float = 0.9, byzantine_value: float = 0.1
    ) -> list[ValidationVote]:
        """Votes of ``honest-0`` and so on, then of ``byzantine-0`` and so on, one a second from 0.0 on. They are not signed:
        ``weighted_confidence`` and the means take them, ``validate_memory`` does not."""
        if honest_count < 0 or byzantine_count < 0:
            raise ValueError("counts of votes are 0 or more")
        named = [(f"honest-{i}", honest_value) for i in range(honest_count)]
        named += [(f"byzantine-{i}", byzantine_value) for i in range(byzantine_count)]
        return [ValidationVote(name, value, float(i)) for i, (name, value) in enumerate(named)]

    @staticmethod
    def test_trimmed_mean_resistance() -> None:
        """Prints what three wrong votes of ten do to each mean."""
        for wrong in (0.1, 1.0, 1e9):
            votes = ByzantineScenarioTester.simulate_byzantine_votes(7, 3, byzantine_value=wrong)
            values = [vote.confidence for vote in votes]
            trimmed = ByzantineMemoryValidator.trimmed_mean(values)
            robust = ByzantineMemoryValidator.robust_mean(values, 3)
            print(f"7 votes of 0.9, 3 of {wrong:g}: trimmed mean {trimmed:.4g}, robust mean {robust:.4g}")


def _given(votes: Iterable[ValidationVote]) -> list[tuple[str, float, float, bytes | None]]:
    return [(vote.instance_id, vote.confidence, vote.timestamp, vote.signature) for vote in votes]
