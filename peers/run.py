#!/usr/bin/env python3
"""Measures Chrysalis beside other people's software, prints the ratios and writes docs/benchmarks.md.

What is compared runs in turns, back and forth, in one go; figures are medians of the rounds. A target that is missed
is printed and fails nothing. Each row is kept when it is measured, with the commit and the machine's load, so that --only
measures one again without the others. Needs cargo and a C compiler; Node and `make wasm` for the WebAssembly row, `make python` for the
wheel's, --eval for the conversations'. A row that lacks what it needs is left out and says so.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import rows_consensus
import rows_crdt
import rows_embedding
from harness import BUILT, LeftOut, PEERS, ROOT, Row, SCRATCH, in_python, measure, npm, number, packed_bytes, pinned, ratio, run, times

DOCUMENT = ROOT / "docs" / "benchmarks.md"
KEPT = BUILT / "rows"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eval", metavar="DIR", type=Path, help="directory with locomo-dev.json, for the row of conversations")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds, to see that it runs; writes no document")
    parser.add_argument("--only", metavar="ROW", choices=ROWS, nargs="+", help=f"only these rows; the document keeps the others: {', '.join(ROWS)}")
    parser.add_argument("--realtime", action="store_true", help="at real-time priority, for a machine that is not idle (needs root)")
    arguments = parser.parse_args()

    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked"], cwd=PEERS, check=True)
    SCRATCH.mkdir(parents=True, exist_ok=True)
    KEPT.mkdir(exist_ok=True)
    print(describe_machine(), "\n")
    is_broken = False
    for name in arguments.only or ROWS:
        when = moment(arguments.realtime)
        try:
            row = ROWS[name](arguments)
        except LeftOut as reason:
            print(f"left out, {name}: {reason}\n")
            if not arguments.quick:
                keep(name, {"absent": str(reason)})
        except subprocess.CalledProcessError as error:
            is_broken = True
            print(f"{name} failed: {error}\n{error.stderr or ''}", file=sys.stderr)
        else:
            print(as_text(row))
            if not arguments.quick:
                keep(name, {"when": when, "row": asdict(row)})
    shutil.rmtree(SCRATCH, ignore_errors=True)
    if not arguments.quick:
        DOCUMENT.write_text(as_document())
        print(f"written: {DOCUMENT.relative_to(ROOT)}")
    return int(is_broken)


def appends(arguments: argparse.Namespace) -> Row:
    effort = (2, 0.2) if arguments.quick else (21, 0.4)
    pin = pinned(os.cpu_count() or 1)
    one = measure(arguments, "peers-journal", "one", SCRATCH, *effort, prefix=pin)
    many = measure(arguments, "peers-journal", "many", SCRATCH, *effort)
    alone = {name: statistics.median(rates) for name, rates in one["rates"].items()}
    rate = {name: statistics.median(rates) for name, rates in many["rates"].items()}
    single = ratio(one["rates"], "journal", "sqlite")
    together = min(ratio(many["rates"], "journal", name) for name in ("sqlite_shared", "sqlite_own"))
    beside_grouped = ratio(many["rates"], "journal", "sqlite_grouped")
    row = Row(
        "Durable appends",
        f"Records of {one['record_bytes']} bytes, one append or transaction each, on disk when the call returns. Ours is signed "
        f"and hash-chained. SQLite {one['sqlite']}: WAL, `synchronous=FULL`, prepared insert, its log at full size before the "
        f"time begins. One caller{' is pinned to one core, which puts all at the same distance from the interrupts of the disk' if pin else ''}; "
        f"16 callers are 16 threads, with a connection each or one behind a mutex, and the better of the two counts. The "
        f"last line is what an application can build on SQLite by hand: one thread that puts whatever is waiting into one "
        f"transaction. {one['rounds']} rounds of {one['seconds']} s. `fdatasync` after one record in a file already allocated "
        f"takes t_sync = {1e6 / alone['fdatasync']:.0f} µs here, our append {1e6 / alone['journal']:.0f} µs, without its signature "
        f"{1e6 / alone['journal_unsigned']:.0f} µs, SQLite's {1e6 / alone['sqlite']:.0f} µs: the slower the disk, the less the signature counts.",
        ["callers", "other side", "ours /s", "other /s", "ratio"],
        [
            ["1", "SQLite", number(alone["journal"]), number(alone["sqlite"]), times(single)],
            ["1", "SQLite, ours unsigned", number(alone["journal_unsigned"]), number(alone["sqlite"]), times(ratio(one["rates"], "journal_unsigned", "sqlite"))],
            ["1", "`fdatasync` alone", number(alone["journal"]), number(alone["fdatasync"]), times(ratio(one["rates"], "journal", "fdatasync"))],
            *(
                ["16", f"SQLite, {how}", number(rate["journal"]), number(rate[name]), times(ratio(many["rates"], "journal", name))]
                for name, how in (("sqlite_shared", "one connection"), ("sqlite_own", "16 connections"), ("sqlite_grouped", "grouped by hand"))
            ),
        ],
        [("1 caller, against SQLite", single, 1.0, "x"), ("16 callers, against SQLite", together, 3.0, "x")],
    )
    if single < 1:
        row.losses.append(f"SQLite appends {times(1 / single)} as fast with one caller; ours signs each append")
    if beside_grouped < 1:
        row.losses.append(f"SQLite with grouping written by hand appends {times(1 / beside_grouped)} as fast with 16 callers")
    return row


def merge(arguments: argparse.Namespace) -> Row:
    pin = pinned(os.cpu_count() or 1)
    figures = measure(arguments, "peers-memory", "merge", SCRATCH, *((1, 10) if arguments.quick else (5, 1)), prefix=pin)
    lines, targets = [], []
    for shape in figures["shapes"]:
        rate, each = statistics.median(shape["rates"]), shape["per_commit"]
        lines.append([number(shape["entries"]), str(each), str(shape["bytes_per_entry"]), number(rate)])
        targets.append((f"commits of {each}, entries/s", rate, {100: 100_000, 1: 8_000}[each], "/s"))
    return Row(
        "Merging signed entries",
        "A store into an empty one on disk: every signature, hash and chain checked, written durably, folded, and the digest computed. "
        f"{'Pinned to one core' if pin else 'Not pinned to a core'}. {figures['rounds']} rounds, seed {figures['seed']}. "
        "There is no other side: no peer merges signed entries.",
        ["entries", "entries per commit", "bytes of text each", "entries/s"],
        lines,
        targets,
    )


def recall(arguments: argparse.Namespace) -> Row:
    sizes = (1_000, 10_000) if arguments.quick else (10_000, 100_000)
    figures = measure(arguments, "peers-memory", "recall", SCRATCH, 1 if arguments.quick else 3, *sizes)
    names = {"ours": "ours", "fts5": f"SQLite {figures['sqlite']} FTS5", "tantivy": f"tantivy {figures['tantivy'].split()[1].strip('v,')}"}
    lines = []
    for size in figures["sizes"]:
        for key, name in names.items():
            engine, ours = size["engines"][key], size["engines"]["ours"]
            faster = ["", ""] if key == "ours" else [times(engine[q] / ours[q]) for q in ("p50_us", "p99_us")]
            lines.append([number(size["entries"]), name, number(engine["p50_us"]), number(engine["p99_us"]), *faster, f"{engine['build_s']:.2f}"])
    small, large = (size["engines"] for size in figures["sizes"])
    factor = figures["sizes"][1]["entries"] / figures["sizes"][0]["entries"]
    for key, name in names.items():
        growth = (times(large[key][q] / small[key][q]) for q in ("p50_us", "p99_us"))
        lines.append([f"{factor:.0f}x as many", name, *growth, "", "", times(large[key]["build_s"] / small[key]["build_s"])])
    row = Row(
        "Recall",
        f"The ten best of made passages (20 to 100 words drawn by Zipf's law from 50,000, {figures['sizes'][1]['bytes_per_entry']} bytes on average) for "
        f"{figures['questions']} questions of 3 to 10 words drawn from a passage, any word matching, texts included, one "
        f"thread, {figures['rounds']} rounds, seed {figures['seed']}. Ours is the whole call: it looks for what other processes "
        "wrote, ranks by proximity, neighbourhood and age beside BM25, and gives authors and signature states. Rivals: Porter or English "
        "stemmer, in memory, merged into one segment, plain BM25. "
        f"Of our ten, FTS5 has {figures['sizes'][1]['common_with_fts5']:.1f} among its ten. Remembering {number(figures['sizes'][1]['entries'])} passages, "
        f"signed and durable in commits of 1,000, takes us {figures['sizes'][1]['remember_s']:.2f} s before the index is built.",
        ["entries", "engine", "p50 µs", "p99 µs", "ours faster, p50", "ours faster, p99", "index s"],
        lines,
        [(f"p50 at {number(sizes[1])}, against FTS5", large["fts5"]["p50_us"] / large["ours"]["p50_us"], 3.0, "x"),
         (f"p99 at {number(sizes[1])}, against FTS5", large["fts5"]["p99_us"] / large["ours"]["p99_us"], 3.0, "x")],
    )
    for size in figures["sizes"]:
        for key in ("fts5", "tantivy"):
            for what, q in (("answers", "p50_us"), ("answers the slowest hundredth", "p99_us"), ("builds its index", "build_s")):
                behind = size["engines"]["ours"][q] / size["engines"][key][q]
                if behind > 1:
                    row.losses.append(f"{names[key]} {what} {times(behind)} as fast at {number(size['entries'])} entries")
    return row


# Ratios to reach beside software in JavaScript, by what is done; hashes and ciphers at the sizes named.
WASM_TARGETS = {
    "BLAKE3": (2.0, (16_384, 1 << 20)),
    "SHA-256": (1.1, (1024, 16_384, 1 << 20)),
    "SHA3-256": (0.9, (1024, 16_384, 1 << 20)),
    "XChaCha20-Poly1305": (1.1, (16_384,)),
    "AES-256-GCM": (2.0, (1 << 20,)),
    "Ed25519 sign": (12.0, None),
    "Ed25519 verify": (8.9, None),
    "Ed25519 verify, 64 at once": (20.0, None),
    "Argon2id, 19 MiB, 2, 1": (1.7, None),
}


def webassembly(arguments: argparse.Namespace) -> Row:
    figures = npm("crypto", arguments, *((1, 20) if arguments.quick else (7, 200)))
    megabytes = 1 << 20
    lines, targets, losses = [], [], []
    for result in figures["results"]:
        name, size, rival, us = (result[key] for key in ("name", "size", "rival", "us"))
        faster = ratio(us, "other", "ours")
        length = f"{size // megabytes} MiB" if size >= megabytes else f"{size // 1024} KiB" if size >= 1024 else f"{size} B"
        lines.append([name, length, rival, *(f"{statistics.median(us[side]):,.2f}" for side in ("ours", "other")), times(faster)])
        target, sizes = WASM_TARGETS[name]
        # Hashes are compared with what hash-wasm does in one call, as they are called here.
        if (sizes is None or size in sizes) and not rival.endswith("kept"):
            targets.append((f"{name}{'' if sizes is None else f', {length}'}, against {rival}", faster, target, "x"))
        if faster < 1:
            losses.append(f"{rival}: {name} of {length} takes {times(faster)} of our time")
    return Row(
        "Cryptography in WebAssembly",
        f"rust-crypto/pkg in Node {figures['node']} beside {', '.join(figures['versions'])}: microseconds per call, copies into and out of "
        "WebAssembly, checks of arguments and the wiping of memory included, one thread. Ciphers draw a fresh nonce from the system for each message, on "
        "both sides. Ed25519: 64 keys, one message of 200 bytes each. hash-wasm is called both ways it offers: a hasher that is kept, and "
        f"its function for one message. {figures['rounds']} rounds of {figures['milliseconds']} ms.",
        ["what", "size", "other side", "ours µs", "other µs", "ratio"],
        lines,
        targets,
        losses,
    )


def native(arguments: argparse.Namespace) -> Row:
    pin = pinned(os.cpu_count() or 1)
    figures = measure(arguments, "peers-crypto", *((2, 2_000) if arguments.quick else (9, 100_000)), prefix=pin)
    verified = {side: statistics.median(rates) for side, rates in figures["verify"].items()}
    faster, resealed = ratio(figures["verify"], "batch", "single"), statistics.median(figures["rewrap"])
    return Row(
        "Native cryptography",
        f"{figures['signatures']} Ed25519 signatures by as many keys, messages of {figures['message_bytes']} bytes, verified at once and one by "
        f"one, by the same rule; and {number(figures['records'])} records of {figures['record_bytes']} bytes resealed under a new storage key, each "
        f"bound to its own context. {'Pinned to one core' if pin else 'Not pinned to a core'}. {figures['rounds']} rounds. There is no other side.",
        ["what", "per second", "ratio"],
        [
            [f"verify, {figures['signatures']} at once", number(verified["batch"]), times(faster)],
            ["verify, one by one", number(verified["single"]), ""],
            ["reseal a record", number(resealed), ""],
        ],
        [(f"verify {figures['signatures']} at once, against one by one", faster, 2.0, "x"), ("records resealed, /s", resealed, 300_000, "/s")],
    )


def package_sizes(arguments: argparse.Namespace) -> Row:
    del arguments
    lines, targets = [], []
    for name, most in (("crypto", 130.0), ("security", 160.0), ("crdt", 180.0)):
        package = ROOT / f"rust-{name}" / "pkg"
        module, glue = package / f"rust_{name}_bg.wasm", package / f"rust_{name}.js"
        if not module.exists():
            continue
        raw, packed, script = module.stat().st_size, packed_bytes(module), packed_bytes(glue)
        lines.append([f"rust-{name}/pkg", f"{raw / 1024:.0f}", f"{packed / 1024:.1f}", f"{script / 1024:.1f}"])
        targets.append((f"{module.name} in gzip, KiB", packed / 1024, most, "at most"))
    if not lines:
        raise LeftOut("no package is built; run: make wasm")
    return Row("Size of the npm packages", "gzip at its highest level.", ["package", "wasm KiB", "wasm gzip KiB", "js gzip KiB"], lines, targets)


def conversations(arguments: argparse.Namespace) -> Row:
    if not arguments.eval:
        raise LeftOut("no evaluation data given; run: make peers EVAL=dir")
    model = [rows_embedding.model_directory()]
    figures = measure(arguments, "peers-memory", "locomo", arguments.eval / "locomo-dev.json", *model)
    kinds = {"1": "multi-hop", "2": "temporal", "3": "open-domain", "4": "single-hop"}
    measures = {"r1": "R@1", "r5": "R@5", "r10": "R@10", "r20": "R@20", "all10": "All@10", "mrr": "MRR"}
    sides = {"ours": "ours, words", "hybrid": "ours, words and meaning", "plain": "plain BM25", "vectors": "vectors alone", "fused": "BM25 and vectors, fused"}
    parts = [(kinds[key], {side: figures[side]["categories"][key] for side in sides}) for key in sorted(figures["ours"]["categories"])]
    parts.append(("all four", {side: figures[side]["together"] for side in sides}))
    lines = [
        [name, f"{figure['questions']:.0f}", sides[side], *(f"{figure[key]:.3f}" for key in measures), f"{figure['ms']:.2f}"]
        for name, part in parts
        for side, figure in part.items()
    ]
    together, rivals = parts[-1][1], ("plain", "vectors", "fused")
    targets = [(f"words, {measures[key]} above plain BM25's {together['plain'][key]:.3f}", together["ours"][key], together["plain"][key], "") for key in ("r5", "r10")]
    for key in ("r5", "r10"):
        best = max(together[rival][key] for rival in rivals)
        targets.append((f"words and meaning, {measures[key]} above the best of the others, {best:.3f}", together["hybrid"][key], best, ""))
    row = Row(
        "Finding evidence in conversations",
        f"LoCoMo (Maharana et al., 2024, with corrected evidence), development part: {figures['conversations']} conversations, {number(figures['turns'])} turns, "
        f"{figures['questions']} questions. Every turn is a note with its speaker, session and date; the query is the question "
        "as it stands. R@k: share of the turns that hold the answer among the first k. Plain BM25 (k1 1.2, b 0.75) over the same words; vectors of the same model, by cosine; "
        "their fusion by reciprocal rank with the constant 60. The constants of ours were chosen on these conversations. "
        f"How well the best score tells questions without an answer from the others (AUROC): words {figures['ours']['auroc']:.3f}, words and meaning {figures['hybrid']['auroc']:.3f}, "
        f"plain {figures['plain']['auroc']:.3f}.",
        ["questions", "n", "", *measures.values(), "ms"],
        lines,
        targets,
    )
    for name, part in parts[:-1]:
        for rival in rivals:
            row.losses += [
                f"{sides[rival]}: {label} {part[rival][key]:.3f} on {name} questions, ours {part['hybrid'][key]:.3f}"
                for key, label in measures.items()
                if part[rival][key] > part["hybrid"][key]
            ]
    if figures["plain"]["auroc"] > figures["hybrid"]["auroc"]:
        row.losses.append("the score of plain BM25 tells questions without an answer better")
    return row


def importing(arguments: argparse.Namespace) -> Row:
    wheels = sorted((ROOT / "dist").glob("memory_system-*.whl"))
    if not wheels:
        raise LeftOut("there is no wheel in dist/; run: make python")
    figures = run(arguments, [sys.executable, PEERS / "python" / "import_time.py", wheels[-1], 5 if arguments.quick else 20])
    megabytes = figures["wheel_bytes"] / 1e6
    return Row(
        "The Python wheel",
        f"Time of an interpreter (Python {figures['python']}) that imports `memory_system`, less that of one that does nothing ({figures['bare_ms']:.0f} ms): "
        f"medians of {figures['runs']} runs each, in turns.",
        ["import ms", "wheel MB", "unpacked MB"],
        [[f"{figures['import_ms']:.1f}", f"{megabytes:.2f}", f"{figures['unpacked_bytes'] / 1e6:.2f}"]],
        [("import, ms", figures["import_ms"], 40.0, "at most"), ("wheel, MB", megabytes, 5.0, "at most")],
    )


# Ratios to reach beside software in Python, by what is done and how much of it.
PYTHON_TARGETS = {
    ("AES-256-GCM, seal", 16_384): 0.85,
    ("AES-256-GCM, seal", 1 << 20): 0.85,
    ("AES-256-GCM, open", 16_384): 0.85,
    ("AES-256-GCM, open", 1 << 20): 0.85,
    ("AES-256-GCM, seal into a buffer", 16_384): 0.85,
    ("AES-256-GCM, seal into a buffer", 1 << 20): 0.85,
    ("Ed25519, 64 verified one by one", 200): 2.2,
    ("Ed25519, 64 verified at once", 200): 6.0,
    ("Ed25519, 64 of one key at once", 200): 6.0,
}


def python_crypto(arguments: argparse.Namespace) -> Row:
    figures = in_python(arguments, "crypto.py", *((1, 20) if arguments.quick else (9, 150)))
    lines, targets, losses = [], [], []
    for result in figures["results"]:
        name, size, rival, us = (result[key] for key in ("name", "size", "rival", "us"))
        faster = ratio(us, "other", "ours")
        length = "1 MiB" if size == 1 << 20 else f"{size // 1024} KiB" if size >= 1024 else f"{size} B"
        lines.append([name, length, rival, *(f"{statistics.median(us[side]):,.2f}" for side in ("ours", "other")), times(faster)])
        if (name, size) in PYTHON_TARGETS:
            targets.append((f"{name}, {length}, against {rival}", faster, PYTHON_TARGETS[name, size], "x"))
        if faster < 1:
            losses.append(f"{rival}: {name}, {length}, takes {times(faster)} of our time")
    return Row(
        "Cryptography in Python",
        f"memory_system._rust.crypto in Python {figures['python']} beside {' and '.join(figures['versions'])}: microseconds per call, one thread. Both sides of "
        "AES-256-GCM draw a fresh nonce from the system for each message; ours puts it in front of the message, the other side keeps it apart. Ed25519: 64 "
        f"keys, one message of 200 bytes each; ours takes keys as bytes. {figures['rounds']} rounds of {figures['milliseconds']:.0f} ms.",
        ["what", "size", "other side", "ours µs", "other µs", "ratio"],
        lines,
        targets,
        losses,
    )


ROWS = {
    "appends": appends, "merge": merge, "sets": rows_crdt.sets, "clocks": rows_crdt.clocks, "imports": rows_crdt.imports, "heap": rows_crdt.heap,
    "reconcile": rows_crdt.reconcile, "curves": rows_crdt.curves, "npm-imports": rows_crdt.npm_imports,
    "recall": recall, "crypto": native, "wasm": webassembly, "sizes": package_sizes, "conversations": conversations, "python": python_crypto,
    "python-imports": rows_crdt.python_imports, "import": importing, **rows_embedding.ROWS,
    "recovery": rows_consensus.recovery, "behind": rows_consensus.behind, "agreement-cpu": rows_consensus.work, "stalls": rows_consensus.stalls,
    "latency": rows_consensus.latency, "certificates": rows_consensus.certificates, "agreement-size": rows_consensus.packages,
}


def describe_machine() -> str:
    """Processor, memory, system and file system; no names."""
    processor, memory = platform.machine(), ""
    if Path("/proc/cpuinfo").exists():
        models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        processor = f"{models[0]}, {platform.machine()}" if models else processor
        memory = f", {int(Path('/proc/meminfo').read_text().split()[1]) / 2**20:.0f} GiB"
    files = subprocess.run(["df", "--output=fstype", str(BUILT)], capture_output=True, text=True).stdout.split()[-1:]
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, cwd=ROOT).stdout.split()[1]
    return (
        f"{os.cpu_count()} cores ({processor}){memory}, {platform.system()} {platform.release().split('-')[0]}, "
        f"file system {''.join(files) or 'unknown'}, Rust {rustc}."
    )


def moment(is_realtime: bool) -> str:
    """When a row is measured, of which commit and how busy the machine is."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout.strip()
    load = f", load average {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{datetime.date.today()}, commit {commit or 'unknown'}{load}{', at real-time priority' if is_realtime else ''}"


def keep(name: str, measured: dict) -> None:
    (KEPT / f"{name}.json").write_text(json.dumps(measured))


def kept() -> dict[str, dict]:
    """What was last measured of each row, in order."""
    files = {name: KEPT / f"{name}.json" for name in ROWS}
    return {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}


def as_text(row: Row) -> str:
    widths = [max(len(line[at]) for line in [row.header, *row.lines]) for at in range(len(row.header))]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths)).rstrip() for line in [row.header, *row.lines]]
    return "\n".join([row.title, *table, *verdicts(row), *(f"the other side wins: {loss}" for loss in row.losses), ""])


def as_document() -> str:
    measured = kept()
    rows = [(Row(**one["row"]), one["when"]) for one in measured.values() if "row" in one]
    parts = [
        "# Benchmarks\n",
        f"Written by `make peers EVAL=dir`; run it for figures of your own machine. What is compared ran in turns in one go, "
        f"figures are medians of the rounds, and ratios medians of the rounds' ratios. A ratio above 1 means that we are faster.\n\n{describe_machine()}\n",
        "## To be reached\n\n| what | measured | to reach | |\n|---|--:|--:|---|",
    ]
    parts += [
        f"| {row.title}: {what} | {amount(value, unit)} | {'at most ' if unit in ('at most', 'share') else ''}{amount(target, unit)} | {'reached' if is_reached(value, target, unit) else '**missed**'} |"
        for row, _ in rows
        for what, value, target, unit in row.targets
    ]
    losses = [loss for row, _ in rows for loss in row.losses]
    parts.append("\n## Where the other side wins\n")
    parts += [f"- {loss}" for loss in losses] or ["Nowhere in this run."]
    for row, when in rows:
        parts.append(f"\n## {row.title}\n\n{row.how} Measured on {when}.\n")
        parts.append("| " + " | ".join(row.header) + " |\n|" + "--:|" * len(row.header))
        parts += ["| " + " | ".join(line) + " |" for line in row.lines]
    absent = [f"- {name}: {measured.get(name, {}).get('absent', 'not measured')}" for name in ROWS if "row" not in measured.get(name, {})]
    if absent:
        parts.append("\n## Left out\n")
        parts += absent
    return "\n".join(parts) + "\n"


def verdicts(row: Row) -> list[str]:
    return [
        f"{what}: {amount(value, unit)}, to reach {amount(target, unit)}: {'reached' if is_reached(value, target, unit) else 'MISSED'}"
        for what, value, target, unit in row.targets
    ]


def is_reached(value: float, target: float, unit: str) -> bool:
    return value <= target if unit in ("at most", "share") else value >= target


def amount(value: float, unit: str) -> str:
    return {"x": times(value), "share": f"{value:.2f}", "/s": number(value), "at most": f"{value:.1f}", "": f"{value:.3f}"}[unit]


if __name__ == "__main__":
    sys.exit(main())
