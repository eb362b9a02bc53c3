"""The rows of agreement."""

import argparse
import json
import os
import shutil
import statistics

from harness import BUILT, LeftOut, PEERS, ROOT, Row, SCRATCH, measure, number, packed_bytes, pinned, ratio, run, times

THEIRS = "arc-malachitebft 0.8.2"


def recovery(arguments: argparse.Namespace) -> Row:
    figures = consensus(arguments, "recovery", 5 if arguments.quick else 300)
    lines, targets, losses = [], [], []
    for case in figures["cases"]:
        ours, theirs = case["ours_ms"], case["theirs_ms"]
        faster = theirs["mean"] / ours["mean"]
        lines.append([case["case"], *(f"{side[key]:,.0f}" for side in (ours, theirs) for key in ("mean", "p50", "p99")), times(faster)])
        targets.append((f"after killing {case['case']}, mean", ours["mean"] / theirs["mean"], 1.0, "share"))
        losses += [f"the third-party core decides after killing {case['case']} in {times(theirs[key] / ours[key])} of our time ({key})" for key in ("mean", "p50", "p99") if theirs[key] < ours[key]]
    return Row(
        "Agreement: recovery",
        f"Simulated time from killing members until all that are up have decided the height that was begun and the next, in milliseconds: {figures['members']} members, delays of "
        f"{figures['delay_ms']} ms up to a tenth more or less, the default timeouts of this project for both (1 s for a proposal, 500 ms for votes), values of 256 bytes always "
        f"waiting. {figures['runs']} runs, each with another moment and other victims, the same for both. `{THEIRS}` is the third-party core behind "
        "the same trait, with the same keys, messages and vote log. A share below 1 means that we need less time.",
        ["killed", "ours mean ms", "p50", "p99", "theirs mean ms", "p50", "p99", "ratio"],
        lines,
        targets,
        losses,
    )


def behind(arguments: argparse.Namespace) -> Row:
    figures = consensus(arguments, "behind", 100 if arguments.quick else 1_000)
    lines, targets, losses = [], [], []
    for delay in sorted({line["delay_ms"] for line in figures["lines"]}):
        engines = {line["engine"]: line for line in figures["lines"] if line["delay_ms"] == delay}
        ours = engines["ours"]
        for name, line in engines.items():
            less = "" if name == "ours" else times(line["ms"] / ours["ms"])
            lines.append([str(delay), name, number(line["heights"]), number(line["ms"]), f"{line['cpu_ms']:,.0f}", number(line["bytes"] / 1024), less])
            if line["ms"] < ours["ms"]:
                losses.append(f"{name}: caught up in {times(line['ms'] / ours['ms'])} of our time at {delay} ms")
        targets.append((f"{number(ours['heights'])} heights at {delay} ms", ours["ms"] / engines["theirs"]["ms"], 1.0, "share"))
    return Row(
        "Agreement: catching up",
        f"A member of {figures['members']} was down and comes back: simulated time until it has executed what the others had then, the processor time of the whole cluster, and what "
        f"all sent meanwhile. `theirs` is {THEIRS} with `arc-malachitebft-sync` 0.8.2 at its defaults (5 requests of 5 heights at once), and with as much asked for at once as we do. "
        "Its state machine runs as published over the same transport; peers tell it their heights as soon as they see each other. It needs libp2p to be built, "
        "and none of it runs here. A fetched certificate is checked in one batch on both sides, where the core itself would check each signature.",
        ["one-way ms", "engine", "heights", "simulated ms", "processor ms", "KiB sent", "ratio"],
        lines,
        targets,
        losses,
    )


def work(arguments: argparse.Namespace) -> Row:
    pin = pinned(os.cpu_count() or 1)
    figures = measure(arguments, "peers-consensus", "cpu", 1 if arguments.quick else 7, prefix=pin)
    lines, targets, losses = [], [], []
    for line, share in zip(figures["lines"], (1.0, 0.6)):
        time = {who: statistics.median(values) for who, values in line["us"].items()}
        spent = 1 / ratio(line["us"], "theirs", "ours")
        lines.append([str(line["members"]), number(time["ours"]), number(time["theirs"]), times(1 / spent)])
        targets.append((f"processor time per decision, n = {line['members']}", spent, share, "share"))
        if spent > 1:
            losses.append(f"the third-party core takes {times(1 / spent)} of our time per decision with {line['members']} members")
    return Row(
        "Agreement: processor time",
        f"Microseconds of processor time per decision and member with real Ed25519 signatures, values of {figures['payload_bytes']} bytes, vote log on a disk in memory, no faults: everything "
        f"that the members and the simulated network do, both kinds in turns. We check votes in batches when they could complete a quorum; {THEIRS} asks for each signature by itself, "
        f"which gets the same decoded keys. {'Pinned to one core' if pin else 'Not pinned to a core'}, {figures['rounds']} rounds. A share below 1 means that we need less.",
        ["members", "ours µs", "theirs µs", "ratio"],
        lines,
        targets,
        losses,
    )


def stalls(arguments: argparse.Namespace) -> Row:
    figures = consensus(arguments, "stalls", 1_000 if arguments.quick else 100_000)
    lines = [
        [line["engine"], number(line["heights"]), number(line["episodes"]), number(line["stalls"]), number(line["longest_ms"])]
        for line in figures["lines"]
    ]
    return Row(
        "Agreement: faults that heal",
        f"{figures['members']} members with delays of {figures['delay_ms']} ms; again and again up to 15 % of the messages are lost and as many doubled while one member is killed or cut "
        f"off for up to half a second. Then everything heals, and all have to execute a further height within {figures['limit_s']} s of simulated time, or it is a stall. "
        f"`longest` is the longest time that it took. {THEIRS} runs a tenth of the heights, because each costs more.",
        ["engine", "heights", "episodes", "stalls", "longest, simulated ms"],
        lines,
        [("stalls", float(figures["lines"][0]["stalls"]), 0.0, "at most")],
    )


def latency(arguments: argparse.Namespace) -> Row:
    figures = consensus(arguments, "latency", 50 if arguments.quick else 1_000)
    lines, targets, losses = [], [], []
    for line in figures["lines"]:
        delays = line["delays"]
        lines.append([str(line["members"]), str(line["delay_ms"]), line["engine"], number(delays["count"]), *(f"{delays[key]:.2f}" for key in ("p50", "p99"))])
        if line["engine"] == "ours" and line["members"] == 4:
            targets += [(f"{key} at {line['delay_ms']} ms", delays[key], most, "at most") for key, most in (("p50", 3.2), ("p99", 3.8))]
    for ours, theirs in zip(figures["lines"][::2], figures["lines"][1::2]):
        losses += [
            f"the third-party core: {key} of {theirs['delays'][key]:.2f} delays at {ours['delay_ms']} ms with {ours['members']} members, ours {ours['delays'][key]:.2f}"
            for key in ("p50", "p99") if theirs["delays"][key] + 0.005 < ours["delays"][key]
        ]
    return Row(
        "Agreement: latency",
        "From the first proposal of a height to its execution, every member counted, in one-way delays (up to a tenth more or less), without faults; three in theory.",
        ["members", "one-way ms", "engine", "decisions", "p50", "p99"],
        lines,
        targets,
        losses,
    )


def certificates(arguments: argparse.Namespace) -> Row:
    packages = [ROOT / f"rust-{name}" / "pkg" for name in ("consensus", "crypto")]
    if not all(package.exists() for package in packages):
        raise LeftOut("rust-consensus/pkg or rust-crypto/pkg is not built; run: make wasm")
    if not shutil.which("node"):
        raise LeftOut("there is no node")
    made = SCRATCH / "certificate.json"
    made.write_text(json.dumps(run(arguments, [BUILT / "release" / "peers-consensus", "certificate", 31])))
    command = ["node", PEERS / "consensus" / "compare.mjs", *packages, made, *((1, 20) if arguments.quick else (9, 200))]
    found = [run(arguments, command)]
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium:
        found.append(run(arguments, [*command, chromium]))
    lines, targets = [], []
    for figures in found:
        for name, us in figures["us"].items():
            faster = statistics.median(single / ours for single, ours in zip(figures["single"], us))
            lines.append([figures["where"], name, f"{statistics.median(us):,.0f}", f"{statistics.median(figures['single']):,.0f}", times(faster)])
            targets.append((f"a certificate, {name}, {figures['where'].split('/')[0].split()[0]}", faster, 1.8, "x"))
    return Row(
        "Agreement: certificates in WebAssembly",
        f"`verifyCommitCertificate` of rust-consensus/pkg on a certificate of {found[0]['signers']} signatures out of 31 validators, everything it does included, beside "
        "`ed25519_verify` of rust-crypto/pkg called for one signature after the other, which does not read the certificate. Validators are given as bytes, or as a list of objects; "
        f"the keys of the last set stay decoded. {found[0]['rounds']} rounds of {found[0]['milliseconds']} ms.{'' if chromium else ' There was no Chromium to run it in.'}",
        ["where", "validators given as", "certificate µs", "one at a time µs", "ratio"],
        lines,
        targets,
    )


def packages(arguments: argparse.Namespace) -> Row:
    del arguments
    lines, targets = [], []
    for name, module, most in (
        ("rust-consensus/pkg", ROOT / "rust-consensus" / "pkg" / "rust_consensus_bg.wasm", 200.0),
        ("rust-consensus/pkg/simulation", ROOT / "rust-consensus" / "pkg" / "simulation" / "rust_simulation_bg.wasm", None),
    ):
        if not module.exists():
            raise LeftOut(f"{name} is not built; run: make wasm")
        packed = packed_bytes(module) / 1000
        lines.append([name, f"{module.stat().st_size / 1000:.0f}", f"{packed:.1f}"])
        if most:
            targets.append((f"{module.name} in gzip, kB", packed, most, "at most"))
    return Row("Agreement: size of the npm package", "gzip at its highest level.", ["package", "wasm kB", "wasm gzip kB"], lines, targets)


def consensus(arguments: argparse.Namespace, what: str, size: int) -> dict:
    return measure(arguments, "peers-consensus", what, size)
