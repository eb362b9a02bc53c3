"""Times of taking in another replica's inserts from Python: memory_system.crdt beside pycrdt and loro, as installed.

usage: crdt.py ROUNDS SIZE.... Prints JSON. All must be importable.

A replica has SIZE keys and takes in as many that another one inserted at the same time, in one message; and after that 1,000
single inserts, each a message of its own, which each side takes in with the fewest calls it has: one for ours and loro, one each
for pycrdt. The sides take turns, back and forth. What was taken in is counted after each round.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import loro
import pycrdt

from memory_system.crdt import ORSet

SINGLES = 1_000


def main() -> None:
    rounds, sizes = int(sys.argv[1]), [int(size) for size in sys.argv[2:]]
    results = []
    for size in sizes:
        sides = {"ours": ours(size), "pycrdt": by_pycrdt(size), "loro": by_loro(size)}
        seconds: dict[str, dict[str, list[float]]] = {what: {name: [] for name in sides} for what in ("batch", "singles")}
        order = list(sides)
        for at in range(rounds):
            for name in order if at % 2 == 0 else order[::-1]:
                batch, singles = sides[name]()
                seconds["batch"][name].append(batch)
                seconds["singles"][name].append(singles)
        results.append({"size": size, "singles": SINGLES, "seconds": seconds})
    versions = [f"{name} {metadata.version(name)}" for name in ("pycrdt", "loro")]
    print(json.dumps({"python": sys.version.split()[0], "versions": versions, "rounds": rounds, "results": results}))


Side = Callable[[], tuple[float, float]]


def ours(size: int) -> Side:
    base, other = ORSet("a"), ORSet("b")
    base.add_many(key("a", number) for number in range(size))
    delta = other.add_many(key("b", number) for number in range(size))
    singles = [other.add_many([key("c", number)]) for number in range(SINGLES)]
    state = base.to_bytes()

    def once() -> tuple[float, float]:
        target = ORSet.from_bytes(state)
        batch = timed(lambda: target.import_deltas([delta]))
        check(len(target), 2 * size)
        one_by_one = timed(lambda: target.import_deltas(singles))
        check(len(target), 2 * size + SINGLES)
        return batch, one_by_one

    return once


def by_pycrdt(size: int) -> Side:
    def filled(side: str, client: int) -> tuple[pycrdt.Doc, Any]:
        doc = pycrdt.Doc(client_id=client)
        numbers = doc.get("m", type=pycrdt.Map)
        with doc.transaction():
            for number in range(size):
                numbers[key(side, number)] = True
        return doc, numbers

    base, (other, numbers) = filled("a", 1)[0].get_update(), filled("b", 2)
    update, singles = other.get_update(), []
    for number in range(SINGLES):
        before = other.get_state()
        numbers[key("c", number)] = True
        singles.append(other.get_update(before))

    def once() -> tuple[float, float]:
        target = pycrdt.Doc(client_id=3)
        found = target.get("m", type=pycrdt.Map)
        target.apply_update(base)
        batch = timed(lambda: target.apply_update(update))
        check(len(found), 2 * size)
        one_by_one = timed(lambda: [target.apply_update(single) for single in singles])
        check(len(found), 2 * size + SINGLES)
        return batch, one_by_one

    return once


def by_loro(size: int) -> Side:
    def filled(side: str, peer: int) -> tuple[loro.LoroDoc, Any]:
        doc = loro.LoroDoc()
        doc.peer_id = peer
        numbers = doc.get_map("m")
        for number in range(size):
            numbers.insert(key(side, number), True)
        doc.commit()
        return doc, numbers

    everything = loro.ExportMode.Updates(loro.VersionVector())
    base, (other, numbers) = filled("a", 1)[0].export(everything), filled("b", 2)
    update, singles = other.export(everything), []
    for number in range(SINGLES):
        before = other.oplog_vv
        numbers.insert(key("c", number), True)
        other.commit()
        singles.append(other.export(loro.ExportMode.Updates(before)))

    def once() -> tuple[float, float]:
        target = loro.LoroDoc()
        target.import_(base)
        found = target.get_map("m")
        batch = timed(lambda: target.import_(update))
        check(len(found), 2 * size)
        one_by_one = timed(lambda: target.import_batch(singles))
        check(len(found), 2 * size + SINGLES)
        return batch, one_by_one

    return once


def key(side: str, number: int) -> str:
    """Twelve bytes."""
    return f"{side}-k{number:09}"


def timed(work: Callable[[], object]) -> float:
    """Processor time: what else runs on the machine does not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def check(found: int, expected: int) -> None:
    if found != expected:
        raise AssertionError(f"{found} keys came in, not {expected}")


if __name__ == "__main__":
    main()
