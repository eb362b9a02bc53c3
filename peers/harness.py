"""What the rows share: their form, how programs are run, and how figures are written."""

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PEERS = Path(__file__).resolve().parent
ROOT = PEERS.parent
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", PEERS / "target"))
SCRATCH = BUILT / "scratch"


class LeftOut(Exception):
    """A row cannot be measured here; the message says why."""


@dataclass
class Row:
    """One comparison: what was done, the figures, and what is to be reached."""

    title: str
    how: str
    header: list[str]
    lines: list[list[str]]
    # What, its value, the value to reach; larger is better unless the third says otherwise.
    targets: list[tuple[str, float, float, str]] = field(default_factory=list)
    # Where the other side is ahead.
    losses: list[str] = field(default_factory=list)


def measure(arguments: argparse.Namespace, program: str, *parameters: object, prefix: list[str] | tuple[()] = ()) -> dict:
    return run(arguments, [*prefix, BUILT / "release" / program, *parameters])


def ratio(rates: dict[str, list[float]], ours: str, other: str) -> float:
    """The median of the rounds' ratios: what a round shares, such as a busy disk, falls out."""
    return statistics.median(mine / theirs for mine, theirs in zip(rates[ours], rates[other]))


def pinned(cores: int) -> list[str]:
    """What pins a command to the last core, where that can be done."""
    return ["taskset", "--cpu-list", str(cores - 1)] if shutil.which("taskset") else []


def run(arguments: argparse.Namespace, command: list) -> dict:
    """The JSON a command prints; what it says on standard error goes through."""
    realtime = ["chrt", "--fifo", "1"] if arguments.realtime else []
    done = subprocess.run([*realtime, *map(str, command)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def in_python(arguments: argparse.Namespace, script: str, *parameters: object, requirements: str = "requirements.txt") -> dict:
    """What a script prints that finds our wheel and the rivals that a file of requirements names installed."""
    wheels = sorted((ROOT / "dist").glob("memory_system-*.whl"))
    if not wheels:
        raise LeftOut("there is no wheel in dist/; run: make python")
    site = SCRATCH / Path(requirements).stem
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", site]
    if not site.exists() and subprocess.run([*pip, "-r", PEERS / "python" / requirements, wheels[-1]]).returncode != 0:
        shutil.rmtree(site, ignore_errors=True)
        raise LeftOut(f"pip cannot install what peers/python/{requirements} names")
    return run(arguments, ["env", f"PYTHONPATH={site}", sys.executable, PEERS / "python" / script, *parameters])


def npm(domain: str, arguments: argparse.Namespace, *parameters: object) -> dict:
    """What peers/DOMAIN/compare.mjs prints, given the package of the domain and installed rivals."""
    package = ROOT / f"rust-{domain}" / "pkg" / f"rust_{domain}.mjs"
    if not package.exists():
        raise LeftOut(f"rust-{domain}/pkg is not built; run: make wasm")
    if not (shutil.which("node") and shutil.which("npm")):
        raise LeftOut("there is no node and npm")
    here = PEERS / domain
    locked = json.loads((here / "package.json").read_text())["dependencies"]
    if not all((here / "node_modules" / name).exists() for name in locked):
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=here, check=True)
    return run(arguments, ["node", here / "compare.mjs", package, *parameters])


def packed_bytes(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def micros(time: float) -> str:
    return f"{1e6 * time:,.2f}" if time < 1e-5 else f"{1e6 * time:,.0f}"


def number(value: float) -> str:
    return f"{value:,.0f}"


def times(factor: float) -> str:
    return f"{factor:.2f}x" if factor < 10 else f"{factor:.0f}x"
