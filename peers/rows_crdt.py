"""The rows of replicated types."""

import argparse
import math
import os
import statistics

from harness import Row, in_python, measure, micros, npm, number, pinned, ratio, times


def sets(arguments: argparse.Namespace) -> Row:
    figures = crdt(arguments, "merge")
    lines, targets = [], []
    for shape, aim in zip(figures["shapes"], (30.0, 40.0, 200.0)):
        time = {who: statistics.median(values) for who, values in shape["seconds"].items()}
        faster = ratio(shape["seconds"], "crdts", "ours")
        different = f"{shape['per_mille'] / 10:g} %"
        cells = [number(shape["elements"]), different, micros(time["ours"]), micros(time["ours_cloned"]), micros(time["crdts"])]
        lines.append([*cells, times(faster)])
        targets.append((f"{number(shape['elements'])} elements, {different} different", faster, aim, "x"))
    return Row(
        "Merging whole sets",
        "An observed-remove set of 12-byte texts merged with another one: each side has added a quarter of the difference and removed another "
        "quarter from what both had. `ours` merges with a set read from bytes, which shares no memory; the column beside it with one that never left "
        f"the process. `crdts` is `Orswot<String, String>` of the crate crdts. Processor time of the merge alone, one core, {figures['rounds']} rounds, seed {figures['seed']}.",
        ["elements", "different", "ours µs", "ours, in process µs", "crdts µs", "ratio"],
        lines,
        targets,
    )


def clocks(arguments: argparse.Namespace) -> Row:
    figures = crdt(arguments, "clocks")
    time = {who: statistics.median(values) for who, values in figures["seconds"].items()}
    clock, met = (ratio(figures["seconds"], "crdts_clock", who) for who in ("clock", "clock_met"))
    counter = ratio(figures["seconds"], "crdts_counter", "counter")
    return Row(
        "Merging clocks and counters",
        f"Two vector clocks, or counters, of the same {number(figures['actors'])} actors with keys of 10 bytes; 50 merges a figure, {figures['rounds']} rounds, seed "
        f"{figures['seed']}. `met` are clocks that were merged before and share their column of keys.",
        ["what", "ours µs", "crdts µs", "ratio"],
        [
            ["clock", micros(time["clock"]), micros(time["crdts_clock"]), times(clock)],
            ["clock, met", micros(time["clock_met"]), micros(time["crdts_clock"]), times(met)],
            ["counter", micros(time["counter"]), micros(time["crdts_counter"]), times(counter)],
        ],
        [("clock", clock, 20.0, "x"), ("counter", counter, 20.0, "x")],
    )


def imports(arguments: argparse.Namespace) -> Row:
    figures = crdt(arguments, "import")
    rivals = ("yrs", "loro", "automerge")
    grown = [{"operations": size["operations"], "time": statistics.median(size["seconds"]["ours"])} for size in figures["sizes"]]
    each = [{who: 1e9 * statistics.median(values) / size["operations"] for who, values in size["seconds"].items()} for size in figures["sizes"]]
    singles = {who: 1e9 * statistics.median(values) for who, values in figures["singles"]["seconds"].items()}
    lines, targets, losses = [], [], []
    shown = [(f"{number(size['operations'])} in one", cost, {who: size["bytes"][who] / size["operations"] for who in size["bytes"]}) for size, cost in zip(figures["sizes"], each)]
    shown.append((f"1 each, {number(figures['singles']['operations'])} times", singles, figures["singles"]["bytes"]))
    for what, cost, wire in shown:
        others = [who for who in rivals if who in cost]
        best = min(others, key=lambda who: cost[who]) if others else None
        lines.append([what, *(f"{cost[who]:,.0f}" if who in cost else "" for who in ("ours", *rivals)), *(f"{wire[who]:.1f}" if who in wire else "" for who in ("ours", *rivals))])
        lines[-1].append(f"{times(cost[best] / cost['ours'])} ({best})" if best else "")
        if best:
            targets.append((f"{what}, against the best", cost[best] / cost["ours"], 3.0, "x"))
            losses += [f"{who} needs {cost[who]:,.0f} ns for an imported operation ({what}), ours {cost['ours']:,.0f} ns" for who in others if cost[who] < cost["ours"]]
            losses += [f"{who} needs {wire[who]:.1f} bytes for an operation on the wire ({what}), ours {wire['ours']:.1f}" for who in others if wire[who] < wire["ours"]]
    targets.append(("growth from the smallest to the largest message", each[-1]["ours"] / each[0]["ours"], 2.0, "at most"))
    targets.append(("bytes per operation on the wire, sequential keys", figures["sizes"][-1]["bytes"]["ours"] / figures["sizes"][-1]["operations"], 6.0, "at most"))
    return Row(
        "Importing into a concurrent replica",
        "One replica has inserted as many sequential 12-byte keys as the other one, at the same time; then it takes in the other's, in one message, or each in a "
        f"message of its own into {number(figures['singles']['base'])}. The time of ours grows with the power "
        f"{exponent(grown, 'operations', 'time'):.2f} of the number of operations. A set of ours; maps from the key to `true` of yrs, loro and automerge. Bytes to state, "
        f"nanoseconds and bytes per operation, one core, {figures['rounds']} rounds. The largest message is for ours alone.",
        ["operations", "ours ns", "yrs ns", "loro ns", "automerge ns", "ours B", "yrs B", "loro B", "automerge B", "ratio to the best"],
        lines,
        targets,
        losses,
    )


def heap(arguments: argparse.Namespace) -> Row:
    figures = crdt(arguments, "heap", rounds=1)
    growth = figures["growth"]
    return Row(
        "Memory of sets",
        "Bytes that are allocated per element of an observed-remove set of 12-byte texts with lookup by hash: grown by adding all, and read from its encoding. "
        f"Then {number(growth['cycles'])} times one of {growth['live']} elements is removed and added again: heap grows by {growth['heap']:.6f} and the encoding by "
        f"{growth['encoded']:.6f} bytes per operation (counters get longer), and {growth['runs']} run of known updates is kept.",
        ["elements", "grown B", "read B", "crdts B"],
        [[number(size["elements"]), *(f"{size[who]:.1f}" for who in ("grown", "read", "crdts"))] for size in figures["sizes"]],
        [("bytes per element, the most", max(max(size["grown"], size["read"]) for size in figures["sizes"]), 60.0, "at most"),
         ("heap growth per operation", growth["heap"], 0.0005, "at most")],
    )


def reconcile(arguments: argparse.Namespace) -> Row:
    figures = crdt(arguments, "reconcile", rounds=1)
    lines, targets = [], []
    for key, name in (("g_set", "growing set, additions"), ("or_set_removals", "observed-remove set, removals")):
        runs = figures[key]
        overhead = [run["bytes"] - (run["payload"] if key == "g_set" else 0) for run in runs]
        rounds = max(run["rounds"] for run in runs)
        lines.append([name, number(statistics.median(overhead)), number(max(overhead)), str(rounds), f"{statistics.median(run['seconds'] for run in runs):.2f}"])
        targets.append((f"{name}, kB", statistics.median(overhead) / 1000, 12.0, "at most"))
        targets.append((f"{name}, rounds", float(rounds), 3.0, "at most"))
    ranges = figures["ranges"]
    lines.append(["ranges of fingerprints, in outline", number(ranges["bytes"]), "", str(ranges["rounds"]), ""])
    return Row(
        "Finding few differences",
        f"Two replicas with {number(figures['elements'])} elements of which {figures['differences']} are on one side alone talk through sessions until they are equal. Bytes of all "
        f"messages less the elements themselves, {len(figures['g_set'])} runs with different salts: the median and the most. Rounds until both are equal. The last line is what comparing ranges of "
        "sorted ids would take, 16 parts at a time, for comparison.",
        ["what", "bytes", "most", "rounds", "s"],
        lines,
        targets,
    )


def curves(arguments: argparse.Namespace) -> Row:
    figures = crdt(arguments, "curves")
    names = {"merge": "merge, 1 % different", "import": "import as many", "add": "add", "contains": "contains", "encode": "encode", "decode": "decode"}
    sizes = figures["by_size"]
    lines = [[name, *(micros(size[key]) for size in sizes), f"{exponent(sizes, 'elements', key):.2f}"] for key, name in names.items()]
    lines.append(["", *(f"{size['replicas']:,} replicas" for size in figures["by_replicas"]), ""])
    names = {"gather": f"gather {number(figures['spread'])} elements", "merge_equal": "merge with an equal set", "clock": "merge their clocks"}
    replicas = figures["by_replicas"]
    lines += [[name, *(micros(size[key]) for size in replicas), f"{exponent(replicas, 'replicas', key):.2f}"] for key, name in names.items()]
    return Row(
        "How cost grows",
        f"Microseconds of ours alone, with the exponent of a power law fitted to them; {figures['rounds']} rounds, seed {figures['seed']}.",
        ["what", *(f"{number(size['elements'])} elements" for size in sizes), "exponent"],
        lines,
    )


def exponent(points: list[dict], across: str, key: str) -> float:
    """The slope of the line through the logarithms."""
    logs = [(math.log(point[across]), math.log(point[key])) for point in points]
    mean_x, mean_y = (statistics.mean(values) for values in zip(*logs))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def crdt(arguments: argparse.Namespace, what: str, rounds: int = 9) -> dict:
    effort = (1, 10) if arguments.quick else (rounds, 1)
    return measure(arguments, "peers-crdt", what, *effort, prefix=pinned(os.cpu_count() or 1))


def npm_imports(arguments: argparse.Namespace) -> Row:
    figures = npm("crdt", arguments, *((1, 1_000) if arguments.quick else (9, 1_000, 10_000, 100_000)))
    rivals = {"yjs": ("Yjs", 6.0), "loro": ("Loro", 40.0), "automerge": ("Automerge", 60.0)}
    lines, targets, losses = [], [], []
    for result in figures["results"]:
        us, operations = result["us"], result["operations"]
        how = "one message" if result["messages"] == "one" else "a message each"
        line = [number(result["size"]), number(operations), how, *(f"{statistics.median(us[side]):.3f}" for side in ("ours", *rivals))]
        for side, (name, aim) in rivals.items():
            faster = ratio(us, side, "ours")
            line.append(times(faster))
            if result["messages"] == "one":
                targets.append((f"{number(operations)} inserts in {how}, against {name}", faster, aim, "x"))
            if faster < 1:
                losses.append(f"{name} takes in {number(operations)} inserts in {how} in {times(faster)} of our time, in Node")
        lines.append(line)
    points = [{"size": result["size"], "us": statistics.median(result["us"]["ours"]) * result["size"]} for result in figures["results"] if result["messages"] == "one"]
    grows = f" The time of ours grows with the power {exponent(points, 'size', 'us'):.2f} of the number of inserts." if len(points) > 1 else ""
    return Row(
        "Taking in concurrent inserts, in Node",
        f"ORSet of rust-crdt/pkg in Node {figures['node']} beside the maps of {', '.join(figures['versions'])}: microseconds per insert of a 12-byte key into a replica "
        f"that inserted as many at the same time. {figures['rounds']} rounds.{grows}",
        ["keys there", "inserts", "in", "ours µs", *(f"{name} µs" for name, _ in rivals.values()), *(f"to {name}" for name, _ in rivals.values())],
        lines,
        targets,
        losses,
    )


def python_imports(arguments: argparse.Namespace) -> Row:
    figures = in_python(arguments, "crdt.py", *((1, 1_000) if arguments.quick else (9, 1_000, 10_000, 100_000)))
    lines, targets, losses = [], [], []
    for result in figures["results"]:
        for what, operations in (("batch", result["size"]), ("singles", result["singles"])):
            seconds = result["seconds"][what]
            cost = {side: statistics.median(values) for side, values in seconds.items()}
            how = "one message" if what == "batch" else "a message each"
            line = [number(result["size"]), number(operations), how, *(f"{cost[side] / operations * 1e6:.3f}" for side in ("ours", "pycrdt", "loro"))]
            for rival, aim in (("pycrdt", 3.0), ("loro", 25.0)):
                faster = ratio(seconds, rival, "ours")
                line.append(times(faster))
                if what == "batch":
                    targets.append((f"{number(operations)} inserts in {how}, against {rival}", faster, aim, "x"))
                if faster < 1:
                    losses.append(f"{rival} takes in {number(operations)} inserts in {how} in {times(faster)} of our time")
            lines.append(line)
    return Row(
        "Taking in concurrent inserts, in Python",
        f"memory_system.crdt.ORSet in Python {figures['python']} beside the maps of {' and '.join(figures['versions'])}: microseconds of processor time per insert of a 12-byte key into a "
        "replica that inserted as many at the same time. Messages of one insert each come in one call, where the package has such a call; pycrdt has none. "
        f"{figures['rounds']} rounds.",
        ["keys there", "inserts", "in", "ours µs", "pycrdt µs", "loro µs", "to pycrdt", "to loro"],
        lines,
        targets,
        losses,
    )
