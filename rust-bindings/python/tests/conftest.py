"""Fixtures. The tests run against the installed wheel, never against the source tree."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for keys and stores; what the machine's user has is out of reach."""
    monkeypatch.setenv("CHRYSALIS_HOME", str(tmp_path))
    monkeypatch.delenv("CHRYSALIS_STORE", raising=False)
    return tmp_path
