"""The rows of embedding: the local model, tokens, nearest vectors, caches, requests."""

import argparse
import os
import statistics
import subprocess
from pathlib import Path

from harness import BUILT, ROOT, SCRATCH, LeftOut, Row, in_python, measure, npm, number, pinned, ratio, times

REQUIREMENTS = "requirements-embedding.txt"


def model_directory() -> Path:
    """The model that `make setup` obtains, or the one that CHRYSALIS_MODEL names."""
    directory = Path(os.environ.get("CHRYSALIS_MODEL", ROOT / ".tools" / "model" / "all-MiniLM-L6-v2"))
    if not (directory / "model.safetensors").exists():
        raise LeftOut("there is no model; run: make setup")
    return directory


def model(arguments: argparse.Namespace) -> Row:
    directory = model_directory()
    sentences = SCRATCH / "sentences.txt"
    sentences.write_text("\n".join(documentation()) + "\n", encoding="utf-8")
    figures = in_python(arguments, "embedding_model.py", directory, SCRATCH, sentences, 2 if arguments.quick else 9, requirements=REQUIREMENTS)
    names = {"canonical": "ours, canonical int8", "f32": "ours, f32", "ort_f32": "ONNX Runtime f32", "ort_int8": "ONNX Runtime int8"}
    lines = []
    for result in figures["results"]:
        for key, name in names.items():
            ms = result["ms"]
            faster = times(ratio(ms, key, "canonical")) if key != "canonical" else ""
            lines.append([result["name"], name, f"{statistics.median(ms[key]):.2f}", faster])
    batch, short, mixed = (result["ms"] for result in figures["results"])
    near = figures["nearness"]
    row = Row(
        "Text to vectors in the process",
        f"all-MiniLM-L6-v2 in Python {figures['python']}, one thread, milliseconds of processor time from texts to vectors, their division into tokens included; "
        f"instructions: {figures['instructions']}. ONNX Runtime {figures['onnxruntime']} on a graph of the same weights, and on the one of 8 bits that its own tool makes of it; texts of a batch "
        "are padded to the longest. The texts are the sentences of this project's documents "
        f"({figures['tokens']['least']} to {figures['tokens']['most']} tokens, median {figures['tokens']['median']:.0f}), 32 in a batch. Cosine of our vectors with those of ONNX Runtime f32, "
        f"{figures['sample']} sentences: canonical {near['canonical']['mean']:.5f} on average and {near['canonical']['least']:.4f} at worst, f32 {near['f32']['mean']:.7f} and "
        f"{near['f32']['least']:.6f}. {figures['rounds']} rounds.",
        ["what", "engine", "ms", "canonical faster"],
        lines,
        [
            ("canonical, 32 tokens, batch 32, against ONNX Runtime f32", ratio(batch, "ort_f32", "canonical"), 2.0, "x"),
            ("canonical, 32 tokens, batch 32, against ONNX Runtime int8", ratio(batch, "ort_int8", "canonical"), 0.8, "x"),
            ("one text of 16 tokens, ms", statistics.median(short["canonical"]), 3.0, "at most"),
            ("mixed lengths, against padded batches on ONNX Runtime f32", ratio(mixed, "ort_f32", "canonical"), 4.0, "x"),
            ("cosine to f32, mean", near["canonical"]["mean"], 0.996, ""),
            ("cosine to f32, worst", near["canonical"]["least"], 0.985, ""),
            ("cosine of the f32 engine, worst", near["f32"]["least"], 0.9999, ""),
        ],
    )
    for result in figures["results"]:
        for key in ("ort_f32", "ort_int8"):
            for ours in ("canonical", "f32"):
                faster = ratio(result["ms"], key, ours)
                if faster < 1:
                    row.losses.append(f"{names[key]}: {result['name']} takes {times(faster)} of the time of {names[ours]}")
    return row


def documentation() -> list[str]:
    """Sentences of the documents of the project: paragraphs of prose, cut after full stops."""
    sentences = []
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("rust-*/README.md")]):
        if path.name == "benchmarks.md":
            continue
        for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
            if paragraph[:1].isalpha():
                sentences += [f"{sentence.strip().rstrip('.')}." for sentence in " ".join(paragraph.split()).split(". ") if len(sentence) > 20]
    return list(dict.fromkeys(sentences))


def tokens(arguments: argparse.Namespace) -> Row:
    pin = pinned(os.cpu_count() or 1)
    figures = measure(arguments, "peers-embedding", "tokens", 1 if arguments.quick else 7, ROOT, prefix=pin)
    lines, targets = [], []
    for result in figures["results"]:
        rates = result["rates"]
        beside = {who: ratio(rates, "ours", who) for who in ("tiktoken", "bpe")}
        median = {who: statistics.median(values) for who, values in rates.items()}
        cells = [f"{median[who]:.1f}" for who in ("ours", "tiktoken", "bpe")]
        lines.append([result["kind"], result["encoding"], *cells, times(beside["tiktoken"]), times(beside["bpe"])])
        what = f"{result['kind']}, {result['encoding']}"
        targets += [(f"{what}, against tiktoken", beside["tiktoken"], 2.0, "x"), (f"{what}, against bpe-openai", beside["bpe"], 1.0, "x")]
    return Row(
        "Tokens",
        "The documents and the Rust code of this project, about 1 MB of each, encoded; the tokens are compared and equal. tiktoken is its Rust core as the crate tiktoken-rs carries it; "
        f"bpe-openai is GitHub's. One thread, {figures['rounds']} rounds.",
        ["text", "encoding", "ours MB/s", "tiktoken MB/s", "bpe-openai MB/s", "to tiktoken", "to bpe-openai"],
        lines,
        targets,
        [f"{what}: the other side encodes {times(1 / value)} as fast" for what, value, _, _ in targets if value < 1],
    )


def nearest(arguments: argparse.Namespace) -> Row:
    figures = in_python(arguments, "similarity.py", *((10_000, 3) if arguments.quick else (100_000, 11)), requirements=REQUIREMENTS)
    names = {"top_k": "ours, `top_k` on the array", "f32": "ours, index of f32", "int8": "ours, index of int8 scored again", "numpy": figures["versions"][0], "usearch": figures["versions"][1]}
    ms = figures["ms"]
    lines = [[name, f"{statistics.median(ms[key]):.2f}", f"{figures['common'][key]:.3f}", times(ratio(ms, "numpy", key)), times(ratio(ms, "usearch", key))] for key, name in names.items()]
    return Row(
        "The ten nearest vectors",
        f"Of {number(figures['vectors'])} vectors with {figures['dimensions']} components to one query, from Python, one thread, {figures['queries']} queries a round, {figures['rounds']} rounds. "
        "`in common` is the share of the ten that NumPy finds, too.",
        ["what", "ms", "in common", "faster than NumPy", "faster than usearch"],
        lines,
        [
            ("f32, against NumPy", max(ratio(ms, "numpy", "f32"), ratio(ms, "numpy", "top_k")), 1.8, "x"),
            ("f32, against usearch", max(ratio(ms, "usearch", "f32"), ratio(ms, "usearch", "top_k")), 1.8, "x"),
            ("int8, against NumPy", ratio(ms, "numpy", "int8"), 4.0, "x"),
        ],
    )


def cache(arguments: argparse.Namespace) -> Row:
    figures = in_python(arguments, "vector_cache.py", SCRATCH, *((200, 3) if arguments.quick else (2_000, 7)), requirements=REQUIREMENTS)
    lines, targets = [], []
    for tier, aim in (("memory", 100.0), ("disk", 20.0)):
        us = figures["us"][tier]
        faster = ratio(us, "replica", "ours")
        lines.append([tier, f"{statistics.median(us['ours']):.1f}", f"{statistics.median(us['replica']):.1f}", times(faster)])
        targets.append((f"a hit {'in memory' if tier == 'memory' else 'on disk'}, against the replica", faster, aim, "x"))
    return Row(
        "Cached vectors",
        f"A hit of {number(figures['vectors'])} vectors of {number(figures['dimensions'])} numbers, each of another text, as a list of Python. The other side is a replica of the cache that is "
        f"replaced, on SQLite {figures['sqlite']}: looked up by SHA-256, counted and committed, the vector as JSON. On disk: a cache that was just opened. {figures['rounds']} rounds.",
        ["tier", "ours µs", "replica µs", "ratio"],
        lines,
        targets,
    )


def requests(arguments: argparse.Namespace) -> Row:
    sizes = (10,) if arguments.quick else (100, 1_000)
    lines, targets = [], []
    server = subprocess.Popen([BUILT / "release" / "peers-embedding", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        base = server.stdout.readline().strip()
        for in_flight in sizes:
            rust = measure(arguments, "peers-embedding", "requests", base, in_flight)
            python = in_python(arguments, "http_cost.py", base, in_flight, requirements=REQUIREMENTS)
            rival = python["openai"]
            for name, side in (("ours, Rust", rust), ("ours, Python", python["ours"]), ("openai-python", rival)):
                lines.append([number(in_flight), name, f"{side['us']:.0f}", f"{side['kib']:.0f}", times(rival["us"] / side["us"])])
            targets += [
                (f"{in_flight} in flight, Rust against openai-python", rival["us"] / rust["us"], 30.0, "x"),
                (f"{in_flight} in flight, Python against openai-python", rival["us"] / python["ours"]["us"], 8.0, "x"),
                (f"{in_flight} in flight, KiB each, Rust", rust["kib"], 25.0, "at most"),
            ]
    finally:
        server.stdin.close()
        server.wait()
    return Row(
        "Requests to a provider",
        "One text a request, 1,536 numbers in the answer, which comes after 50 ms from a server on the same machine. Microseconds of processor time of the client's process for each request, "
        "and resident memory for each that is in flight. openai-python with its own asynchronous client, vectors as it gives them.",
        ["in flight", "client", "µs a request", "KiB each", "less than openai-python"],
        lines,
        targets,
    )


def webassembly(arguments: argparse.Namespace) -> Row:
    directory = model_directory()
    graphs = in_python(arguments, "onnx_files.py", directory, SCRATCH / "onnx", requirements=REQUIREMENTS)
    figures = npm("embedding", arguments, directory, *graphs, 5 if arguments.quick else 41)
    lines, targets, losses = [], [], []
    for result in figures["results"]:
        tokens, ms = result["tokens"], result["ms"]
        line = [str(tokens), *(f"{statistics.median(ms[side]):.1f}" for side in ("ours", "f32", "int8"))]
        for side in ("f32", "int8"):
            faster = ratio(ms, side, "ours")
            line.append(times(faster))
            if faster < 1:
                losses.append(f"onnxruntime-web with weights in {side}: a text of {tokens} tokens takes {times(faster)} of our time")
            if side == "f32" and tokens == 32:
                targets.append(("a text of 32 tokens, against onnxruntime-web in f32", faster, 1.2, "x"))
        lines.append(line)
    return Row(
        "The local model in WebAssembly",
        f"all-MiniLM-L6-v2 in rust-embedding/pkg in Node {figures['node']} beside {', '.join(figures['versions'])} on the same weights: milliseconds for one text, one "
        "thread on both sides. Ours computes in int8, takes the text and gives the vector; the other side is given ready tokens and gives the tokens' last "
        "vectors, and is measured with weights in f32 and quantised to int8 by its own tool. Cosine of the results, ours to the other side's on these texts: "
        f"at least {figures['cosines']['f32']:.3f} in f32 and {figures['cosines']['int8']:.3f} in int8. {figures['rounds']} rounds.",
        ["tokens", "ours ms", "f32 ms", "int8 ms", "to f32", "to int8"],
        lines,
        targets,
        losses,
    )


ROWS = {"model": model, "wasm-model": webassembly, "tokens": tokens, "nearest": nearest, "cache": cache, "requests": requests}
