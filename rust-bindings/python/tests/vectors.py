"""How the vector files of the workspace are read and checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import REPOSITORY

from memory_system import CertError, CryptoError, DecryptError, KeyFormatError
from memory_system._rust.security import SecureBuffer

Case = dict[str, Any]


class File:
    """One file of vectors. Its sections are counted off, so that none is left unread."""

    def __init__(self, path: str) -> None:
        self.content: dict[str, Any] = json.loads((REPOSITORY / path).read_text(encoding="utf-8"))
        self.unread = {name for name, part in self.content.items() if isinstance(part, list) and name != "about"}

    def cases(self, section: str) -> list[Case]:
        self.unread.discard(section)
        found: list[Case] = self.content[section]
        assert found
        return found

    def each(self, section: str) -> pytest.MarkDecorator:
        """The cases as parameters of a test."""
        cases = self.cases(section)
        return pytest.mark.parametrize("case", cases, ids=[str(case.get("name", i)) for i, case in enumerate(cases)])

    def walk(self, section: str) -> Iterator[Case]:
        """The cases one after the other, in one test; prints the one that is on."""
        for case in self.cases(section):
            print({name: value for name, value in case.items() if name in ("name", "id", "origin")})
            yield case


def check(case: Case, run: Callable[[], object]) -> None:
    """Runs a case that has `expected` or `error`."""
    if "error" in case:
        with pytest.raises(CryptoError) as raised:
            run()
        assert raised.value.code == case["error"]
        assert str(raised.value) == case.get("error_text", str(raised.value))
        assert isinstance(raised.value, DecryptError) == (case["error"] == "DECRYPT_FAILED")
        assert not isinstance(raised.value, CertError)
        assert isinstance(raised.value, KeyFormatError) == (not case["error"].isupper())
    else:
        assert run() == case["expected"]


def unhex(case: Case, *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def secure(data: bytes) -> SecureBuffer:
    return SecureBuffer.from_bytes(data, wipe_source=False)
