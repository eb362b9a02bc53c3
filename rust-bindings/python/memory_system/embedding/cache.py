"""The cache of the replaced package, on the native one: vectors by text and model, in memory or in a directory."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

from .._rust.embedding import VectorCache
from ._books import Books
from .legacy import import_sqlite_cache, is_sqlite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping
    from typing import Any

    from typing_extensions import Self

_SECONDS_PER_DAY = 86_400.0


class EmbeddingCache:
    """Vectors by text and model, kept for ``ttl_days``, at most ``max_entries`` of them.

    ``cache_path`` is a directory, which is made with its parents; without one, vectors are in memory alone. The path of an SQLite
    database of the replaced package is taken as well: its vectors are taken over, once, into a directory beside it, whose name ends in
    ``.vectors``, and it stays as it is. One model has vectors of one length; what is empty or not finite is not kept.
    """

    DEFAULT_TTL_DAYS = 30
    DEFAULT_MAX_SIZE = 100_000

    def __init__(
        self,
        cache_path: str | os.PathLike[str] | None = None,
        ttl_days: float = DEFAULT_TTL_DAYS,
        max_entries: int = DEFAULT_MAX_SIZE,
    ) -> None:
        self.cache_path = cache_path
        self.ttl_days = ttl_days
        self.max_entries = max_entries
        directory, old = place_of(cache_path)
        self._cache = VectorCache(directory, max_entries=max_entries, max_age=ttl_days * _SECONDS_PER_DAY)
        self._books = Books(directory)
        if old is not None and directory is not None:
            import_sqlite_cache(old, self, state=directory / "import.json")

    def get(self, content: str, model: str = "default") -> list[float] | None:
        """The vector of a text, unless it is not there or has expired."""
        return self._cache.get(content, model)

    def set(self, content: str, vector: Iterable[float], model: str = "default") -> None:
        """Keeps the vector of a text."""
        self._cache.set(content, vector, model)

    def get_batch(
        self, contents: Iterable[str], model: str = "default"
    ) -> tuple[dict[str, list[float]], list[str]]:
        """The vectors there are, by text, and the texts that have none."""
        found: dict[str, list[float]] = {}
        missing: list[str] = []
        for content in contents:
            vector = self._cache.get(content, model)
            if vector is None:
                missing.append(content)
            else:
                found[content] = vector
        return found, missing

    def set_batch(self, embeddings: Mapping[str, Iterable[float]], model: str = "default") -> None:
        """Keeps vectors by their texts."""
        for content, vector in embeddings.items():
            self._cache.set(content, vector, model)

    def keep(self, digest: bytes, vector: array[float], model: str, created: float, expires: float) -> None:
        """Keeps a vector for the text with this SHA-256, made and expiring at times in seconds since 1970."""
        self._cache.keep(digest, vector, model, created, expires)

    def cleanup_expired(self) -> int:
        """Forgets what has expired; gives how many vectors there were."""
        count = self._cache.remove_expired()
        self._books.last_cleanup = datetime.now(timezone.utc).isoformat()
        return count

    def get_stats(self) -> dict[str, Any]:
        """What the cache holds and did, in this session and in all."""
        native: dict[str, Any] = self._cache.stats()
        return make_stats(native, native["models"], self._books, self.max_entries, self.ttl_days)

    def clear(self, model: str | None = None) -> int:
        """Forgets the vectors of a model, or all; gives how many there were."""
        return self._cache.clear(model)

    def flush(self) -> None:
        """Waits until everything is on disk."""
        self._cache.flush()

    def save_session_stats(self) -> None:
        """Adds the counts of this session to those of all."""
        self._books.save(session_of(self._cache.stats()))

    def close(self) -> None:
        """Waits until everything is on disk, counts included."""
        self.save_session_stats()
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def place_of(cache_path: str | os.PathLike[str] | None) -> tuple[Path | None, Path | None]:
    """The directory of a cache, and the database whose vectors are to be taken over."""
    if cache_path is None:
        return None, None
    path = Path(cache_path)
    if is_sqlite(path):
        directory = path.with_name(f"{path.name}.vectors")
        directory.mkdir(parents=True, exist_ok=True)
        return directory, path
    path.mkdir(parents=True, exist_ok=True)
    return path, None


def session_of(native: Mapping[str, Any]) -> dict[str, int]:
    """The counts that are added up over sessions."""
    return {name: int(native[name]) for name in ("hits", "misses", "evictions")}


def make_stats(
    native: Mapping[str, Any], models: Mapping[str, int], books: Books, max_entries: int, ttl_days: float
) -> dict[str, Any]:
    """The statistics under the names of the replaced package."""
    session = session_of(native)
    totals = books.totals(session)
    asked = session["hits"] + session["misses"]
    return {
        "entries": native["entries"],
        "max_entries": max_entries,
        "fill_ratio": native["entries"] / max_entries if max_entries else 0.0,
        "ttl_days": ttl_days,
        "session_hits": session["hits"],
        "session_misses": session["misses"],
        "total_hits": totals["hits"],
        "total_misses": totals["misses"],
        "total_evictions": totals["evictions"],
        "hit_rate": session["hits"] / asked if asked else 0.0,
        "last_cleanup": books.last_cleanup,
        "models": dict(models),
    }
