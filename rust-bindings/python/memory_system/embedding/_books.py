"""Counts that outlive a process, in a small file beside the vectors."""

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


class Books:
    """What a cache counted in all processes. In memory alone without a directory."""

    def __init__(self, directory: Path | None) -> None:
        self._file = directory / "books.json" if directory is not None else None
        self._added = dict.fromkeys(_NAMES, 0)
        self.last_cleanup: str | None = None
        self._past = self._read()

    def totals(self, session: dict[str, int]) -> dict[str, int]:
        """The counts of the past and of the running session."""
        return {name: self._past[name] + session[name] - self._added[name] for name in _NAMES}

    def save(self, session: dict[str, int]) -> None:
        """Adds the running session to the past. What was added before is not added again."""
        past = self._read()
        for name in _NAMES:
            past[name] += session[name] - self._added[name]
        self._past, self._added = past, dict(session)
        if self._file is None:
            return
        content: dict[str, Any] = {"version": 1, **past, "last_cleanup": self.last_cleanup}
        # Whole or not at all. A disk that is full costs the counts, nothing else.
        with contextlib.suppress(OSError):
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".books-")
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(content, out)
            Path(name).replace(self._file)

    def _read(self) -> dict[str, int]:
        past = dict.fromkeys(_NAMES, 0)
        if self._file is None:
            return self._past if hasattr(self, "_past") else past
        # A file that cannot be read counts as one that is not there.
        with contextlib.suppress(OSError, ValueError):
            if self._file.stat().st_size <= 4096:
                content = json.loads(self._file.read_text(encoding="utf-8"))
                if isinstance(content, dict) and content.get("version") == 1:
                    for name in _NAMES:
                        value = content.get(name)
                        past[name] = value if type(value) is int and value >= 0 else 0
                    cleanup = content.get("last_cleanup")
                    self.last_cleanup = cleanup if isinstance(cleanup, str) else self.last_cleanup
        return past
