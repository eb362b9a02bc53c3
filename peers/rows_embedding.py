"""The rows about embedding."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from harness import LeftOut, PEERS, ROOT, Row, SCRATCH, npm, ratio, times


def webassembly(arguments: argparse.Namespace) -> Row:
    model = Path(os.environ.get("CHRYSALIS_MODEL") or ROOT / ".tools" / "model" / "all-MiniLM-L6-v2")
    if not (model / "model.safetensors").exists():
        raise LeftOut("the model is not there; run: scripts/setup.sh model")
    figures = npm("embedding", arguments, model, in_onnx(model), 5 if arguments.quick else 41)
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


def in_onnx(model: Path) -> Path:
    """The model as ONNX, made on first use with the tools that peers/embedding/requirements.txt names."""
    onnx, site = SCRATCH / "onnx", SCRATCH / "onnx-tools"
    if (onnx / "model_int8.onnx").exists():
        return onnx
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", site]
    if not site.exists() and subprocess.run([*pip, "-r", PEERS / "embedding" / "requirements.txt"]).returncode != 0:
        shutil.rmtree(site, ignore_errors=True)
        raise LeftOut("pip cannot install what peers/embedding/requirements.txt names")
    script = PEERS / "embedding" / "make_onnx.py"
    subprocess.run([sys.executable, script, model, onnx], check=True, env={**os.environ, "PYTHONPATH": str(site)}, stdout=subprocess.DEVNULL)
    return onnx
