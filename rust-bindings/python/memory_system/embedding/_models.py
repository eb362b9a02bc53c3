"""Where the directory of a local model is."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def find_model(name: str) -> Path:
    """The directory of the model called ``name``, which may be a directory itself.

    A name is looked for in ``CHRYSALIS_MODEL``, if that directory has this name, and in ``models`` of the user's data. No other model is
    ever taken for it, and nothing is fetched. Raises ``ImportError``, as the replaced code did where it could not compute.
    """
    given = Path(name).expanduser()
    if given.is_dir() and (given.is_absolute() or os.sep in name or (given / "config.json").is_file()):
        return given
    short = name.rsplit("/", 1)[-1]
    candidates = [_data() / "models" / short]
    environment = os.environ.get("CHRYSALIS_MODEL")
    if environment and Path(environment).name == short:
        candidates.insert(0, Path(environment))
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise ImportError(
        f"no local model {short!r}: give its directory, or set CHRYSALIS_MODEL to a directory of this name "
        "with config.json, model.safetensors and tokenizer.json"
    )


def _data() -> Path:
    """Where a user's models are: the directory in which `rust-memory` looks."""
    home = os.environ.get("CHRYSALIS_HOME")
    if home:
        return Path(home)
    local = os.environ.get("LOCALAPPDATA")
    if local and sys.platform == "win32":
        return Path(local) / "chrysalis"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "chrysalis"
