"""Times of the ten nearest of many vectors: memory_system._rust.embedding beside NumPy and usearch, by exact search.

usage: similarity.py VECTORS ROUNDS. Prints JSON. One thread each, asserted by processor time; the sides take turns, back and forth.
NumPy: one product of matrix and query, argpartition, sort. usearch: its exact search by inner product. Vectors have 384 components
and unit length; our index holds them with their ids, as 32-bit floats and as 8-bit integers that are scored again.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import usearch
from usearch.index import MetricKind, search

from memory_system._rust.embedding import VectorIndex, top_k

DIMENSIONS, NEAREST = 384, 10


def main() -> None:
    count, rounds = int(sys.argv[1]), int(sys.argv[2])
    random = np.random.default_rng(1)
    matrix = random.standard_normal((count, DIMENSIONS), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    queries = random.standard_normal((16, DIMENSIONS), dtype=np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    ids = [str(at) for at in range(count)]
    indexes = {form: VectorIndex(DIMENSIONS, count, form=form) for form in ("f32", "int8")}
    for index in indexes.values():
        index.add_batch(ids, matrix)

    def by_numpy(query: np.ndarray) -> list[int]:
        scores = matrix @ query
        best = np.argpartition(scores, -NEAREST)[-NEAREST:]
        return best[np.argsort(-scores[best], kind="stable")].tolist()

    def by_usearch(query: np.ndarray) -> list[int]:
        return [int(match.key) for match in search(matrix, query, NEAREST, MetricKind.IP, exact=True, threads=1)]

    sides: dict[str, Callable[[np.ndarray], list[int]]] = {
        "numpy": by_numpy,
        "usearch": by_usearch,
        "top_k": lambda query: [at for at, _ in top_k(query, matrix, NEAREST)],
        "f32": lambda query: [int(found[0]) for found in indexes["f32"].search(query, NEAREST, threshold=-1.0, threads=1)],
        "int8": lambda query: [int(found[0]) for found in indexes["int8"].search(query, NEAREST, threshold=-1.0, threads=1)],
    }
    common = {name: 0 for name in sides}
    for query in queries:
        best = set(by_numpy(query))
        for name, find in sides.items():
            common[name] += len(best & set(find(query)))
    ms: dict[str, list[float]] = {name: [] for name in sides}
    for at in range(rounds):
        for name, find in list(sides.items())[:: 1 if at % 2 == 0 else -1]:
            start = time.process_time()
            for query in queries:
                find(query)
            ms[name].append((time.process_time() - start) / len(queries) * 1e3)
    print(
        json.dumps(
            {
                "versions": [f"NumPy {np.__version__}", f"usearch {usearch.__version__}"],
                "vectors": count,
                "dimensions": DIMENSIONS,
                "rounds": rounds,
                "queries": len(queries),
                "ms": ms,
                "common": {name: found / len(queries) / NEAREST for name, found in common.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
