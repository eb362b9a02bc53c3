"""Vectors of the replaced package's SQLite cache, taken over.

Its rows name a model and nothing else, so whoever imports says which names are the space of the target. Rows under other names are
refused, as are vectors that are empty, not finite or of another length: the replaced package kept empty vectors for failed requests.
"""

from __future__ import annotations

import json
import os
from array import array
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time

from ._books import count_of, read_small, write_whole
from .exceptions import EmbeddingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator
    from typing import Any, Protocol

    class Target(Protocol):
        """What takes vectors: bytes of the text's SHA-256, vector, name of the model, seconds since 1970."""

        def keep(
            self, digest: bytes, vector: array[float], model: str, created: float, expires: float
        ) -> None: ...

        def flush(self) -> None: ...


__all__ = ["ImportReport", "import_sqlite_cache", "is_sqlite"]

# Rows read at a time, and written before the place is noted.
_BATCH = 256
# A vector of 65,536 numbers as JSON has at most some 1.6 MB.
_MAX_JSON = 4 << 20


@dataclass
class ImportReport:
    """What an import did. Of all rows it has seen, ``refused`` by reason, and the rest ``imported``."""

    rows: int = 0
    imported: int = 0
    unknown_model: int = 0
    wrong_length: int = 0
    unreadable: int = 0
    expired: int = 0
    resumed: bool = False

    @property
    def refused(self) -> int:
        """Rows that were not taken."""
        return self.unknown_model + self.wrong_length + self.unreadable + self.expired


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def import_sqlite_cache(
    path: str | os.PathLike[str],
    target: Target,
    *,
    models: Collection[str] | None = None,
    progress: Callable[[ImportReport], object] | None = None,
    state: str | os.PathLike[str] | None = None,
    max_rows: int = 1_000_000,
) -> ImportReport:
    """Takes the vectors of the database at ``path`` over into ``target``, which it neither changes nor locks for others.

    Only rows whose model is one of ``models`` are taken; ``None`` takes all, for a target that keeps names apart. ``progress`` is
    called after every 256 rows. With ``state``, a file in which the place is noted, an import that ended early goes on where it was;
    without, it begins anew, which does no harm. At most ``max_rows`` rows are read; what the target cannot hold makes room as usual.

    Raises ``ValueError`` for a file that is no such database.
    """
    source = Path(path)
    if not is_sqlite(source):
        raise ValueError("not an SQLite database")
    place = _Place(Path(state) if state is not None else None, source)
    report = ImportReport(resumed=place.row > 0)
    now = time()
    for rows in _batches(source, place.row, max_rows):
        for row, digest, model, vector, created, expires in rows:
            report.rows += 1
            place.row = row
            _take(report, target, models, now, digest, model, vector, created, expires)
        target.flush()
        place.save()
        if progress is not None:
            progress(report)
    return report


def _take(
    report: ImportReport,
    target: Target,
    models: Collection[str] | None,
    now: float,
    digest: object,
    model: object,
    vector: object,
    created: object,
    expires: object,
) -> None:
    if not isinstance(model, str) or (models is not None and model not in models):
        report.unknown_model += 1
        return
    made, ends = _seconds(created), _seconds(expires)
    numbers, key = _numbers(vector), _digest(digest)
    if numbers is None or key is None or ends is None:
        report.unreadable += 1
    elif ends < now:
        report.expired += 1
    else:
        try:
            target.keep(key, numbers, model, made if made is not None else now, ends)
            report.imported += 1
        except EmbeddingError as error:
            if error.error_code == "embedding/dimension-mismatch":
                report.wrong_length += 1
            else:
                report.unreadable += 1


def _batches(source: Path, after: int, max_rows: int) -> Iterator[list[tuple[Any, ...]]]:
    # Not every Python has it, and only an import needs it.
    import sqlite3

    database = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    # Rows with text that is no UTF-8 are refused like others that cannot be read.
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        left = max_rows
        _check_schema(database)
        while left > 0:
            try:
                # What is too long is not brought into memory.
                rows = database.execute(
                    "SELECT rowid, content_hash, model, CASE WHEN length(vector) <= ? THEN vector END, created_at, expires_at"
                    " FROM embeddings WHERE rowid > ? ORDER BY rowid LIMIT ?",
                    (_MAX_JSON, after, min(_BATCH, left)),
                ).fetchall()
            except sqlite3.DatabaseError as error:
                raise ValueError("not a cache of embeddings, or a damaged one") from error
            if not rows:
                return
            yield rows
            after = rows[-1][0]
            left -= len(rows)
    finally:
        database.close()


def _check_schema(database: sqlite3.Connection) -> None:
    """The rows must be those of a table: a view could compute anything."""
    import sqlite3

    try:
        database.execute("PRAGMA trusted_schema = OFF")
        kinds = database.execute("SELECT type FROM sqlite_master WHERE name = 'embeddings'").fetchall()
    except sqlite3.DatabaseError as error:
        raise ValueError("not a cache of embeddings, or a damaged one") from error
    if kinds != [("table",)]:
        raise ValueError("not a cache of embeddings: it has no table of this name")


def _digest(value: object) -> bytes | None:
    if not isinstance(value, str) or len(value) != 64:
        return None
    try:
        return bytes.fromhex(value)
    except ValueError:
        return None


def _numbers(value: object) -> array[float] | None:
    """The numbers of a JSON array, or of 32-bit floats."""
    try:
        if isinstance(value, bytes):
            numbers = array("f", value)
        elif isinstance(value, str):
            listed = json.loads(value)
            if not isinstance(listed, list):
                return None
            numbers = array("f", listed)
        else:
            return None
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return numbers if numbers else None


def _seconds(value: object) -> float | None:
    """Seconds since 1970 of a time as the replaced package wrote it: of this machine's zone, without saying so."""
    if not isinstance(value, str):
        return None
    try:
        seconds = datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if seconds >= 0 else None


class _Place:
    """How far an import has come. It is kept afterwards, so that a later import takes what has come since."""

    def __init__(self, file: Path | None, source: Path) -> None:
        self._file = file
        self._source = str(source.absolute())
        content = read_small(file) if file is not None else {}
        self.row = count_of(content.get("row")) if content.get("source") == self._source else 0

    def save(self) -> None:
        if self._file is not None:
            write_whole(self._file, {"source": self._source, "row": self.row})
