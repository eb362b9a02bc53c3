"""Agreement as the wheel has it: the vectors of rust-consensus, a driven cluster, simulated clusters, wrong arguments."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from conftest import REPOSITORY

from memory_system._rust.crypto import Ed25519KeyPair
from memory_system.consensus import (
    ByzantineMemoryValidator,
    ByzantineScenarioTester,
    ByzantineValidation,
    ConsensusError,
    Fault,
    MemberOptions,
    RustByzantineConsensus,
    SimCluster,
    SupermajorityChecker,
    ValidationVote,
    ValidatorSet,
    encode_validators,
    value_digest,
    verify_commit_certificate,
    verify_evidence,
)

LIAR: Fault = {"fault": "byzantine", "member": 3, "behaviour": "mirror"}


def vectors(name: str) -> Any:
    return json.loads((REPOSITORY / "rust-consensus" / "vectors" / name).read_text(encoding="utf-8"))


AGREEMENT, TRACES = vectors("agreement.json"), vectors("sim-traces.json")
AGGREGATION = vectors("aggregation.json")


def raises(code: str, call: Callable[[], object]) -> None:
    with pytest.raises(ConsensusError) as caught:
        call()
    assert caught.value.code == code


@pytest.mark.parametrize("case", AGREEMENT["certificates"], ids=lambda case: str(case["name"]))
def test_certificates(case: dict[str, Any]) -> None:
    certificate, validators = bytes.fromhex(case["certificate"]), bytes.fromhex(case["set"])
    if case["code"] is not None:
        raises(case["code"], lambda: verify_commit_certificate(certificate, validators, case["chain"]))
        return
    proof = verify_commit_certificate(certificate, validators, case["chain"])
    assert proof["power"] * 3 > proof["total_power"] * 2
    assert proof["digest"] == value_digest(b"a")
    assert verify_commit_certificate(memoryview(certificate), bytearray(validators), case["chain"]) == proof
    raises("consensus/bad-signature", lambda: verify_commit_certificate(certificate, validators, "another"))
    # The keys of the last set are kept: another set is another one.
    later = bytearray(validators)
    later[2] += 1
    raises("consensus/wrong-epoch", lambda: verify_commit_certificate(certificate, later, case["chain"]))
    assert verify_commit_certificate(certificate, validators, case["chain"]) == proof


def test_sets_have_one_encoding() -> None:
    for case in AGREEMENT["sets"]:
        assert encode_validators(bytes.fromhex(case["set"])).hex() == case["set"]


def test_r_50_one_seed_gives_one_trace_hash() -> None:
    assert len(TRACES["traces"]) >= 10 and len(TRACES["clusters"]) >= 5
    for case in TRACES["traces"]:
        assert SimCluster.random(case["seed"]).run()["trace_hash"] == case["trace_hash"], case["seed"]
    for case in TRACES["clusters"]:
        cluster = SimCluster(case["members"], int(case["seed"]), case["faults"])
        assert cluster.run()["trace_hash"] == cluster.trace_hash() == case["trace_hash"], case["name"]
        assert SimCluster.replay(cluster.schedule()).run()["trace_hash"] == case["trace_hash"]


def make_four() -> tuple[ValidatorSet, list[MemberOptions]]:
    keys = [bytes([i] * 32) for i in range(1, 5)]
    public = [Ed25519KeyPair.from_secret(key).public_key() for key in keys]
    validators: ValidatorSet = {"validators": [{"id": f"node-{i}", "key": key} for i, key in enumerate(public)]}
    return validators, [{"chain": "kitchen", "validators": validators, "signing_key": key} for key in keys]


def agree(members: list[RustByzantineConsensus]) -> tuple[list[dict[str, Any]], list[list[bytes]]]:
    """Carries out the effects of some members until each has decided its first height, as a driver does."""
    inputs: deque[tuple[int, dict[str, Any]]] = deque((node, {"type": "start"}) for node in range(len(members)))
    decided: dict[int, dict[str, Any]] = {}
    logs: list[list[bytes]] = [[] for _ in members]
    while inputs and len(decided) < len(members):
        node, given = inputs.popleft()
        for effect in members[node].handle(given):
            place: dict[str, Any] = {name: effect[name] for name in ("height", "round", "digest") if name in effect}
            if effect["type"] == "log":
                logs[node] += effect["records"]
            elif effect["type"] == "get_value":
                inputs.append((node, {"type": "value", **place, "value": b"tea"}))
            elif effect["type"] == "validate":
                inputs.append((node, {"type": "validated", **place, "valid": True}))
            elif effect["type"] in ("broadcast", "send_to"):
                to = [effect["peer"]] if "peer" in effect else [peer for peer in range(len(members)) if peer != node]
                inputs += [(peer, {"type": "message", "from": node, "bytes": effect["bytes"]}) for peer in to]
            elif effect["type"] == "decide":
                decided.setdefault(node, effect)
            else:
                assert effect["type"] in ("schedule", "cancel")
    return [decided[node] for node in range(len(members))], logs


def test_four_members_agree_and_one_restarts() -> None:
    validators, options = make_four()
    members = [RustByzantineConsensus(one) for one in options]
    decided, logs = agree(members)
    for decision in decided:
        assert decision["value"] == b"tea"
        proof = verify_commit_certificate(decision["certificate"], validators, "kitchen")
        assert (proof["height"], proof["digest"], proof["total_power"]) == (1, value_digest(b"tea"), 4)
    assert members[0].is_decided() == b"tea"
    latest = members[0].decision()
    assert latest is not None and latest["certificate"] == decided[0]["certificate"]

    restored = RustByzantineConsensus({**options[0], "log": logs[0]})
    again = restored.handle({"type": "start"})
    assert [effect["certificate"] for effect in again if effect["type"] == "decide"] == [decided[0]["certificate"]]
    assert not [effect for effect in again if effect["type"] == "log"], "nothing new is signed"
    restored.handle({"type": "executed", "height": 1})
    behind = RustByzantineConsensus({**options[0], **restored.origin()})
    assert (behind.status()["height"], behind.status()["number"]) == (2, 0)
    raises("consensus/invalid-log", lambda: RustByzantineConsensus({**options[1], "log": logs[0]}))
    raises("consensus/malformed", lambda: RustByzantineConsensus({**options[0], "log": [logs[0][0][:-1]]}))


def test_a_member_without_options_is_its_own_cluster() -> None:
    alone = RustByzantineConsensus()
    proposal = alone.propose(b"tea")
    assert (proposal["height"], proposal["round"], proposal["digest"]) == (1, 0, value_digest(b"tea"))
    effects = alone.take_effects()
    assert any(effect["type"] == "log" for effect in effects) and alone.take_effects() == []
    raises("consensus/invalid-state", lambda: alone.handle({"type": "message", "from": 1, "bytes": b"x"}))
    broadcast = next(effect["bytes"] for effect in effects if effect["type"] == "broadcast")
    member = RustByzantineConsensus(make_four()[1][0])
    raises("consensus/bad-proof", lambda: member.handle_message(broadcast, "nobody"))


def test_what_peers_send_never_raises() -> None:
    member = RustByzantineConsensus(make_four()[1][0])
    member.handle({"type": "start"})
    most = 2**64 - 1
    effects = member.handle({"type": "message", "from": most, "bytes": b"\x01\x7f\x00"})
    assert effects == [{"type": "punish", "peer": most, "offence": "malformed"}]
    assert member.handle({"type": "message", "from": most, "bytes": b""}) == []


def test_a_cluster_with_a_liar_leaves_evidence() -> None:
    cluster = SimCluster(4, 7, [LIAR], {"real_signatures": True, "heights": 4})
    cluster.propose(0, b"a value of mine")
    assert cluster.step() is True
    report = cluster.run()
    assert cluster.step(100) is False and cluster.report() == report
    assert report["evidence"] > 0 and "A-20" in report["rules"]
    for member in range(3):
        decisions = cluster.decisions(member)
        assert [one["value"] for one in decisions] == [one["value"] for one in cluster.decisions(0)]
        assert [one["height"] for one in decisions] == [1, 2, 3, 4] and cluster.height(member) == 4
        for decision in decisions:
            validators = cluster.validators(decision["height"])
            proof = verify_commit_certificate(decision["certificate"], validators, cluster.chain)
            assert proof["digest"] == value_digest(decision["value"])
    for found in cluster.evidence():
        liar = verify_evidence(found["evidence"], cluster.validators(1), cluster.chain)
        assert liar["validator"] == "m003" and found["member"] != 3
    assert cluster.svg().startswith("<svg")


def test_liars_beyond_a_third_may_break_agreement_and_the_run_says_so() -> None:
    schedule = json.loads(SimCluster(4, 1).schedule())
    schedule |= {"heights": 5, "beyond_tolerance": True}
    schedule["faults"] = [{"fault": "byzantine", "member": member, "behaviour": "mirror"} for member in (2, 3)]
    for seed in range(1, 41):
        cluster = SimCluster.replay(json.dumps(schedule | {"seed": seed}))
        try:
            cluster.run()
        except ConsensusError as error:
            assert error.code == "consensus/violation"
            raises("consensus/violation", cluster.run)
            return
    pytest.fail("no seed of 40 breaks agreement")


def test_a_long_run_leaves_the_interpreter_to_others() -> None:
    cluster = SimCluster(7, 1, None, {"heights": 300, "recorded": False})
    runner = threading.Thread(target=cluster.run)
    runner.start()
    turns = 0
    while runner.is_alive():
        turns += 1
    runner.join()
    assert turns > 0 and cluster.height(0) >= 300


def test_wrong_arguments() -> None:
    for arguments in [(0, 1), (129, 1), (4, 1, [{**LIAR, "member": 4}]), (4, 1, {}), (4, 1, None, {"heights": 0})]:
        raises("consensus/invalid-config", lambda given=arguments: SimCluster(*given))  # type: ignore[misc]
    _, options = make_four()
    member = RustByzantineConsensus(options[0])
    raises("consensus/invalid-state", lambda: member.handle({"type": "peer_gone", "peer": 1}))
    raises("consensus/invalid-id", lambda: RustByzantineConsensus({**options[0], "chain": "a b"}))
    raises("consensus/crypto", lambda: RustByzantineConsensus({**options[0], "signing_key": b"short"}))
    wrong: list[Any] = [None, 1, "x", [], {}, {"type": 1}, {"type": "begin"}, {"type": "message", "from": 1, "bytes": "x"}]
    for given in wrong:
        with pytest.raises(TypeError):
            member.handle(given)
    for arguments in [(4, -1), (4, 2**64), (-1, 1)]:
        with pytest.raises(OverflowError):
            SimCluster(*arguments)
    assert member.status()["step"] == "propose"


@pytest.mark.parametrize("case", AGGREGATION["numbers"], ids=lambda case: str(case["function"]))
def test_numbers(case: dict[str, Any]) -> None:
    function = getattr(ByzantineMemoryValidator, case["function"])
    arguments = [case["values"]] if case["argument"] is None else [case["values"], case["argument"]]
    if case["function"] == "robust_mean":
        arguments[1] = int(arguments[1])
    if case["code"] is not None:
        raises(case["code"], lambda: function(*arguments))
    else:
        # Every bit.
        assert function(*arguments).hex() == float(case["result"]).hex()


def vote(given: dict[str, Any]) -> ValidationVote:
    signature = None if given["signature"] is None else bytes.fromhex(given["signature"])
    return ValidationVote(given["instance_id"], given["confidence"], given["timestamp"], signature)


@pytest.mark.parametrize("case", AGGREGATION["validations"], ids=lambda case: str(case["name"]))
def test_votes_on_a_memory(case: dict[str, Any]) -> None:
    fingerprint, members = bytes.fromhex(AGGREGATION["fingerprint"]), bytes.fromhex(AGGREGATION["validators"])
    votes = [vote(given) for given in case["votes"]]
    found = ByzantineMemoryValidator.validate_memory(fingerprint, votes, members)
    assert found == ByzantineValidation(
        case["verified_by"], case["confidence_scores"], case["trimmed_mean"], case["median"],
        case["threshold"], case["required_votes"], frozenset(case["byzantine"]),
    )  # fmt: skip
    assert found.meets_threshold() is case["threshold"]
    assert ByzantineMemoryValidator.detect_byzantine_nodes(fingerprint, votes, members) == set(case["byzantine"])
    # Not for this memory.
    assert ByzantineMemoryValidator.validate_memory(bytes(32), votes, members).verifiedBy == []


def test_votes_are_signed_as_in_rust() -> None:
    fingerprint = bytes.fromhex(AGGREGATION["fingerprint"])
    for given in AGGREGATION["validations"][1]["votes"]:
        seed = bytes([int(given["instance_id"][1:])] * 32)
        signed = ValidationVote.sign(fingerprint, given["instance_id"], given["confidence"], given["timestamp"], seed)
        assert signed == vote(given)


def test_majorities_are_strict() -> None:
    for total, threshold in AGGREGATION["thresholds"]:
        assert ByzantineMemoryValidator.calculate_threshold(total) == threshold
    for case in AGGREGATION["decisions"]:
        named = {f"n{index}": yes for index, yes in enumerate(case["votes"])}
        assert SupermajorityChecker.consensus_decision(named, case["threshold"]) == tuple(case["result"])
        assert SupermajorityChecker.has_supermajority(case["votes"], case["threshold"]) is case["result"][0]
    assert not SupermajorityChecker.has_supermajority([True, True, False])


def test_a_fresh_record_is_agreed_on_by_nobody() -> None:
    fresh = ByzantineValidation()
    assert not fresh.meets_threshold()
    assert (fresh.calculate_median(), fresh.calculate_trimmed_mean()) == (0.0, 0.0)


def test_numbers_and_votes_that_are_none_are_refused() -> None:
    members, validator = bytes.fromhex(AGGREGATION["validators"]), ByzantineMemoryValidator
    for wrong in (float("nan"), float("inf")):
        raises("consensus/not-finite", lambda wrong=wrong: validator.robust_mean([0.0, wrong, 1.0], 0))  # type: ignore[misc]
    with pytest.raises(TypeError):
        validator.median(["text"])  # type: ignore[list-item]
    raises("consensus/invalid-argument", lambda: validator.validate_memory(bytes(31), [], members))
    raises("consensus/out-of-range", lambda: validator.validate_memory(bytes(32), [], members, 1.5))
    raises("consensus/out-of-range", lambda: ValidationVote.sign(bytes(32), "n1", 1.5, 1.0, bytes(32)))
    raises("consensus/invalid-argument", lambda: SupermajorityChecker.has_supermajority([], 0.4))
    raises("consensus/invalid-id", lambda: SupermajorityChecker.consensus_decision({"not a name": True}))
    stranger = ValidationVote("not a name", 0.9, 1.0, bytes(64))
    assert validator.validate_memory(bytes(32), [stranger], members).verifiedBy == []
    assert validator.aggregate_knowledge_confidence({"nobody": 0.5}, members) == (0.0, 0.0, False)
    votes = [ValidationVote("a", 0.0, 1.0), ValidationVote("a", 1.0, 2.0), ValidationVote("b", 0.0, 1.0)]
    assert validator.weighted_confidence(votes, {"a": 3.0}) == 0.75


def test_simulated_votes_move_the_trimmed_mean_and_not_the_robust_one(capsys: pytest.CaptureFixture[str]) -> None:
    votes = ByzantineScenarioTester.simulate_byzantine_votes(2, 1)
    assert [(vote.instance_id, vote.confidence, vote.signature) for vote in votes] == [
        ("honest-0", 0.9, None), ("honest-1", 0.9, None), ("byzantine-0", 0.1, None)]
    assert ByzantineScenarioTester.simulate_byzantine_votes(0, 0) == []
    with pytest.raises(ValueError):
        ByzantineScenarioTester.simulate_byzantine_votes(1, -1)
    ByzantineScenarioTester.test_trimmed_mean_resistance()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.endswith("robust mean 0.9") for line in lines)
    assert "trimmed mean 0.9," not in lines[2]
