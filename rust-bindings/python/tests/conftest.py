"""Fixtures. The tests run against the installed wheel, never against the source tree."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from memory_system._rust.security import redact_text

REPOSITORY = Path(__file__).resolve().parents[3]


# What the tests use as secrets. Other texts that must not be shown have the shape of API keys.
PLANTED = (
    "Blue-Kettle-42-Rain", "correct horse battery staple", "sk-test-0123456789abcdef", "planted-secret-0123456789abcdefghij",
    "made-up-key-0123456789", "key-that-opens-nothing-0123456789",
)  # fmt: skip


def holds_a_secret(text: str) -> bool:
    return any(secret in text for secret in PLANTED) or redact_text(text) != text


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """No test leaves a secret in what it printed and logged, or in the text of an exception that ended it."""
    report = yield
    for name, text in report.sections:
        if report.passed and holds_a_secret(text):
            report.outcome = "failed"
            report.longrepr = f"a secret in {name}"
    return report


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for keys and stores; what the machine's user has is out of reach."""
    monkeypatch.setenv("CHRYSALIS_HOME", str(tmp_path))
    monkeypatch.delenv("CHRYSALIS_STORE", raising=False)
    return tmp_path
