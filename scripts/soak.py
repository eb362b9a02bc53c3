"""What takes longer than `make test` may: exhaustive histories, power cuts, hundreds of rounds of kills.

Work is cut into pieces with fixed seeds. Finished pieces are remembered with the last commit that changed what they
test, so that a run which was stopped goes on where it was; results go to docs/soak.md. `make soak ONLY=kills` runs one
part.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".tools" / "soak.json"
REPORT = ROOT / "docs" / "soak.md"

ROUNDS, ROUNDS_PER_PIECE = 200, 10

# What each part tests: a commit that changes none of it leaves its results standing.
SOURCES = {
    "crypto": ["rust-crypto"],
    "security": ["rust-security", "rust-crypto"],
    "crdt": ["rust-crdt"],
    "agreement": ["rust-consensus", "rust-crypto"],
    "journal": ["rust-journal", "rust-crypto", "rust-crdt"],
    "memory": ["rust-memory", "rust-journal", "rust-crypto", "rust-crdt", "rust-embedding"],
    "embedding": ["rust-embedding", "rust-crypto", "rust-cli", "rust-bindings"],
    "kills": ["."],
}


def cargo_test(package, test, **environment):
    command = ["cargo", "test", "--release", "-p", package, "--test", test, "--", "--nocapture"]
    return command, environment


def pieces():
    """Every piece of work: part, name, command, environment."""
    for seed in range(0, 20_000, 2_000):
        yield "memory", f"histories {seed} to {seed + 1_999}", *cargo_test(
            "chrysalis-memory", "laws", CHRYSALIS_FIRST_SEED=str(seed), CHRYSALIS_HISTORIES="2000")
    for seed in range(1, 1_000_000, 200_000):
        yield "crdt", f"histories {seed} to {seed + 199_999} of each type", *cargo_test(
            "chrysalis-crdt", "properties", CHRYSALIS_SEED=str(seed), CHRYSALIS_HISTORIES="200000")
    yield "crdt", "every history of six steps", *cargo_test("chrysalis-crdt", "exhaustive", CHRYSALIS_SOAK="1")
    yield "journal", "power cuts, flips and kills, exhaustive", ["cargo", "test", "--release", "-p", "chrysalis-journal"], {
        "CHRYSALIS_SOAK": "1"}
    for seed in range(1, 4):
        yield "crypto", f"changed, spliced and moved envelopes, seed {seed}", *cargo_test(
            "chrysalis-crypto", "envelopes", CHRYSALIS_SOAK="1", CHRYSALIS_SEED=str(seed))
    yield "crypto", "secrets in memory, 10,000 cycles", *cargo_test("chrysalis-crypto", "memory", CHRYSALIS_SOAK="1")
    yield "crypto", "time against secrets, 10^6 measurements", [
        "cargo", "run", "--release", "-p", "chrysalis-crypto", "--example", "timing", "--", "1000000"], {}
    yield "security", "keys in memory, 10,000 rounds", *cargo_test("chrysalis-security", "memory", CHRYSALIS_SOAK="1")
    yield "security", "200 rounds of kills on a vault", *cargo_test("chrysalis-security", "vault_kill", CHRYSALIS_SOAK="1")
    for seed in range(1, 11):
        yield "embedding", f"tokens of 100,000 strings beside the reference, seed {seed}", *cargo_test(
            "chrysalis-embedding", "tokens", CHRYSALIS_SEED=str(seed), CHRYSALIS_TOKEN_STRINGS="100000")
    for seed in range(1, 41, 20):
        yield "embedding", f"`embed` of 10,000 texts and a store's vectors, killed, seeds from {seed} on", *cargo_test(
            "chrysalis-cli", "embed", CHRYSALIS_SOAK="1", CHRYSALIS_SEED=str(seed))
    yield "embedding", "100,000 requests, 5 % of them with faults, 1,000 in flight", *cargo_test(
        "chrysalis-embedding", "flood", CHRYSALIS_SOAK="1")
    yield "embedding", "200 exits of the interpreter, each way", [
        os.environ["VENV_BIN"] + "/pytest", "rust-bindings/python/tests/test_embedding_service.py", "-k", "exits_clean"], {
        "CHRYSALIS_SOAK": "1"}
    yield from agreement()
    yield "embedding", "tokens of every character and 100,000 texts", *cargo_test(
        "chrysalis-embedding", "wordpiece", CHRYSALIS_SOAK="1")
    for part in ("crypto", "security", "crdt", "embedding", "journal", "memory"):
        for third in range(3):
            yield part, f"every fuzz target on changed inputs, 200 s each, part {third + 1} of 3", [
                "cargo", "test", "--profile", "soak", "-p", f"chrysalis-{part}", "--test", "fuzz", "--", "--nocapture"], fuzz(third)
    for first in range(1, ROUNDS, ROUNDS_PER_PIECE):
        yield "kills", f"rounds {first} to {first + ROUNDS_PER_PIECE - 1}", [
            sys.executable, "scripts/kill_test.py", "--rounds", str(ROUNDS_PER_PIECE), "--seconds", "3",
            "--seed", str(first)], {}


def fuzz(third):
    """The environment in which a fuzz target runs for a third of its ten minutes, on inputs of its own."""
    return {"FUZZ_SECONDS": "200", "FUZZ_SEED": str(third << 40)}


# A fuzz target of the agreement core, and the test that runs it.
TARGETS = {
    "message": "messages", "proof": "proofs", "value": "values", "log_part": "log_parts", "catchup": "catch_ups",
    "vote_log": "vote_logs", "raft": "raft_messages_and_records", "node": "nodes", "node at random": "nodes_at_random",
}
SCHEDULES, SCHEDULES_PER_PIECE = 1_250_000, 50_000
PATHS = ROOT / ".tools" / "soak-paths"


def agreement():
    """The agreement core: built for speed, with the engines of others."""
    def test(binary, name, *flags, **environment):
        where = ["--lib"] if binary == "lib" else ["--test", binary]
        command = ["cargo", "test", "--profile", "soak", "-p", "chrysalis-consensus", "--features", "malachite,raft", *where, "--",
                   "--nocapture", name, *flags]
        return command, environment

    for seed in range(1, SCHEDULES, SCHEDULES_PER_PIECE):
        yield "agreement", f"schedules {seed} to {seed + SCHEDULES_PER_PIECE - 1}", *test(
            "simulation", "r_53_every_schedule_holds", CHRYSALIS_FIRST_SEED=str(seed),
            CHRYSALIS_HISTORIES=str(SCHEDULES_PER_PIECE), CHRYSALIS_PATHS=str(PATHS))
    yield "agreement", "10^6 of all schedules exercise other rules or in another order", [
        sys.executable, "scripts/soak_paths.py", str(PATHS), "1000000"], {}
    for seed in range(1, 100_000, 25_000):
        yield "agreement", f"crashes at writes of simulated logs, {seed} to {seed + 24_999}", *test(
            "simulation", "r_10_crashes", CHRYSALIS_FIRST_SEED=str(seed), CHRYSALIS_HISTORIES="25000")
    yield "agreement", "power lost at every operation of a log's disk, 10^5 lives", *test(
        "lib", "r_10_no_crash_makes_a_member_contradict_itself", CHRYSALIS_SOAK="1")
    yield "agreement", "writes torn at every byte, at every record boundary", *test(
        "lib", "r_10_a_write_torn_at_any_byte", CHRYSALIS_SOAK="1")
    for seed in range(0, 2_080, 1_040):
        yield "agreement", f"power lost in clusters of every engine, lives {seed} to {seed + 1_039}", *test(
            "crash", "r_10_no_crash", CHRYSALIS_FIRST_SEED=str(seed), CHRYSALIS_HISTORIES="1040")
    yield "agreement", "every engine does what all promise", *test("conformance", "")
    yield "agreement", "schedules with Ed25519", *test("simulation", "real_signatures", CHRYSALIS_SOAK="1")
    yield "agreement", "10^5 heights under faults", *test("simulation", "r_13_many_heights", CHRYSALIS_SOAK="1")
    yield "agreement", "10^6 heights of 7 members, flat memory", *test(
        "simulation", "r_13_many_heights", CHRYSALIS_HEIGHTS="1000000")
    yield "agreement", "10^6 senders of forged votes, flat memory", *test("senders", "", CHRYSALIS_SOAK="1")
    yield "agreement", "10^5 sequences in lock step with the third-party core", *test(
        "lib", "r_51_both_cores_say_the_same", CHRYSALIS_SOAK="1")
    yield "agreement", "loss, lies and restarts, 20,000 clusters each", *test("healing", "", CHRYSALIS_SOAK="1")
    yield "agreement", "one-way delays to a decision", *test("simulation", "decisions_take_little_more")
    yield "agreement", "mutants", *test("mutants", "every_mutant_is_noticed", CHRYSALIS_SOAK="1")
    yield "agreement", "model of two rounds", *test("model", "", CHRYSALIS_SOAK="1")
    for target, name in TARGETS.items():
        for third in range(3):
            yield "agreement", f"{target} on changed inputs, part {third + 1} of 3", *test(
                "fuzz", name, "--exact", **fuzz(third))


def revision(part):
    """The last commit that changed what the part tests, marked when files differ from it."""
    git = lambda *arguments: subprocess.run(  # noqa: E731
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    sources = [*SOURCES[part], ":!docs/soak.md"]
    changed = git("status", "--porcelain", "--untracked-files=no", "--", *sources)
    return git("log", "-1", "--format=%h", "--abbrev=12", "--", *sources) + ("+" if changed else "")


def write_report(state):
    lines = ["# Soak", "", "Written by `make soak`. Each row is one part at one commit; seeds are fixed, so that every piece can be repeated.", "",
             "| commit | part | pieces passed | failed | time | last run |", "|---|---|---|---|---|---|"]
    for commit, parts in state.items():
        for part, runs in sorted(parts.items()):
            passed = sum(run["passed"] for run in runs.values())
            failed = [name for name, run in runs.items() if not run["passed"]]
            seconds = sum(run["seconds"] for run in runs.values())
            last = max(run["date"] for run in runs.values())
            lines.append(f"| {commit} | {part} | {passed} | {', '.join(failed) or '0'} | {seconds:.0f} s | {last} |")
    figures = [(commit, part, name, figure) for commit, parts in state.items() for part, runs in sorted(parts.items())
               for name, run in runs.items() for figure in run.get("figures", ())]
    if figures:
        lines += ["", "What pieces say of themselves.", "", "| commit | part | piece | figures |", "|---|---|---|---|"]
        lines += ["| " + " | ".join(cells) + " |" for cells in figures]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=SOURCES, help="run one part")
    only = parser.parse_args().only
    state = json.loads(STATE.read_text(encoding="utf-8")) if STATE.exists() else {}
    commits = {part: revision(part) for part in SOURCES}
    failed = 0
    for part, name, command, environment in pieces():
        if only and part != only:
            continue
        runs = state.setdefault(commits[part], {}).setdefault(part, {})
        if runs.get(name, {}).get("passed"):
            continue
        print(f"{part}: {name}", flush=True)
        started = time.monotonic()
        log = STATE.with_suffix(".log")
        with log.open("w", encoding="utf-8") as output:
            done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output,
                                  stderr=subprocess.STDOUT, check=False)
        said = log.read_text(encoding="utf-8").splitlines()
        passed = done.returncode == 0
        if not passed:
            failed += 1
            print("\n".join(said[-30:]))
        print(f"{part}: {'passed' if passed else 'FAILED'} after {time.monotonic() - started:.0f} s", flush=True)
        runs[name] = {"passed": passed, "seconds": time.monotonic() - started,
                      "date": datetime.date.today().isoformat(),
                      "figures": [line.partition("soak: ")[2].replace("|", "/") for line in said if "soak: " in line]}
        STATE.write_text(json.dumps(state, indent=1), encoding="utf-8")
        write_report(state)
    print(f"soak: {failed} pieces failed; see {REPORT.relative_to(ROOT)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
