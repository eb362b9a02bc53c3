"""Small files beside vectors: counts that outlive a process, the place of an import."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMES = ("hits", "misses", "evictions")
_MAX_BYTES = 4096


def read_small(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty for a file that is not there or is something else."""
    with contextlib.suppress(OSError, ValueError):
        if file.stat().st_size <= _MAX_BYTES:
            content = json.loads(file.read_text(encoding="utf-8"))
            if isinstance(content, dict):
                return content
    return {}


def write_whole(file: Path, content: dict[str, Any]) -> None:
    """Writes a JSON object into a file, which has either what it had or all of it."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(content, out)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)


def count_of(value: object) -> int:
    """A count that was read; 0 for anything else."""
    return value if type(value) is int and value >= 0 else 0


class Books:
    """What a cache counted in all processes. In memory alone without a directory."""

    def __init__(self, directory: Path | None) -> None:
        self._file = directory / "books.json" if directory is not None else None
        self._past = dict.fromkeys(_NAMES, 0)
        self._added = dict.fromkeys(_NAMES, 0)
        self.last_cleanup: str | None = None
        self._read()

    def totals(self, session: dict[str, int]) -> dict[str, int]:
        """The counts of the past and of the running session."""
        return {name: self._past[name] + session[name] - self._added[name] for name in _NAMES}

    def save(self, session: dict[str, int]) -> None:
        """Adds the running session to the past. What was added before is not added again."""
        cleanup = self.last_cleanup
        self._read()
        self.last_cleanup = cleanup or self.last_cleanup
        self._past, self._added = self.totals(session), dict(session)
        if self._file is not None:
            # A disk that is full costs the counts, nothing else.
            with contextlib.suppress(OSError):
                write_whole(self._file, {"version": 1, **self._past, "last_cleanup": self.last_cleanup})

    def _read(self) -> None:
        content = read_small(self._file) if self._file is not None else {}
        if content.get("version") == 1:
            self._past = {name: count_of(content.get(name)) for name in _NAMES}
            cleanup = content.get("last_cleanup")
            self.last_cleanup = cleanup if isinstance(cleanup, str) else None
