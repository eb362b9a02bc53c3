"""Times of hits in memory_system._rust.embedding's VectorCache beside a replica of the cache it replaces.

usage: vector_cache.py SCRATCH VECTORS ROUNDS. Prints JSON. The replica does what is published of the original: SQLite, the vector as JSON, a hit
looked up by SHA-256 and model, its time and count updated and committed. Vectors of 1,536 numbers; each hit is of another text.
"""

import hashlib
import json
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from memory_system._rust.embedding import VectorCache

DIMENSIONS = 1536


class Replica:
    """The cache of the Python memory system."""

    def __init__(self, path: Path | None) -> None:
        self.connection = sqlite3.connect(str(path) if path else ":memory:")
        self.connection.executescript(
            "CREATE TABLE IF NOT EXISTS embeddings (content_hash TEXT, model TEXT, vector TEXT, dimensions INTEGER, created_at TEXT, expires_at TEXT, "
            "last_accessed TEXT, access_count INTEGER DEFAULT 1, PRIMARY KEY (content_hash, model));"
            "CREATE INDEX IF NOT EXISTS expires ON embeddings (expires_at); CREATE INDEX IF NOT EXISTS accessed ON embeddings (last_accessed);"
        )

    def set(self, text: str, vector: list[float], model: str) -> None:
        now = datetime.now()
        self.connection.execute(
            "INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
            (digest(text), model, json.dumps(vector), len(vector), now.isoformat(), (now + timedelta(days=30)).isoformat(), now.isoformat()),
        )
        self.connection.commit()

    def get(self, text: str, model: str) -> list[float] | None:
        key = (digest(text), model)
        row = self.connection.execute("SELECT vector, expires_at FROM embeddings WHERE content_hash = ? AND model = ?", key).fetchone()
        now = datetime.now().isoformat()
        if row is None or row[1] < now:
            return None
        self.connection.execute(
            "UPDATE embeddings SET last_accessed = ?, access_count = access_count + 1 WHERE content_hash = ? AND model = ?", (now, *key)
        )
        self.connection.commit()
        return json.loads(row[0])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    scratch, count, rounds = Path(sys.argv[1]) / "vector-cache", int(sys.argv[2]), int(sys.argv[3])
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    source = random.Random(1)
    texts = [f"text number {at} of a middling length" for at in range(count)]
    vectors = [[source.uniform(-1, 1) for _ in range(DIMENSIONS)] for _ in texts]
    us: dict[str, dict[str, list[float]]] = {}
    for tier in ("memory", "disk"):
        places = (None, None) if tier == "memory" else (scratch / "ours", scratch / "replica.db")
        ours, replica = VectorCache(places[0]), Replica(places[1])
        for text, vector in zip(texts, vectors):
            ours.set(text, vector, "m")
            replica.set(text, vector, "m")
        ours.flush()
        us[tier] = {"ours": [], "replica": []}
        for at in range(rounds):
            if tier == "disk":
                # Opened anew, so that nothing is in memory yet.
                del ours
                ours = VectorCache(places[0])
            for side in ("ours", "replica") if at % 2 == 0 else ("replica", "ours"):
                get: Callable[[str, str], list[float] | None] = {"ours": ours, "replica": replica}[side].get
                start = time.process_time()
                for text in texts:
                    vector = get(text, "m")
                    assert vector is not None and len(vector) == DIMENSIONS
                us[tier][side].append((time.process_time() - start) / count * 1e6)
    print(json.dumps({"sqlite": sqlite3.sqlite_version, "dimensions": DIMENSIONS, "vectors": count, "rounds": rounds, "us": us}))


if __name__ == "__main__":
    main()
