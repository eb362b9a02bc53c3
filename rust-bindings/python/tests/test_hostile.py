"""Whatever is passed, in whatever place: an exception of the documented kinds, never a panic, and all works afterwards."""

from __future__ import annotations

import asyncio
import inspect
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

from memory_system import CryptoError
from memory_system._rust import crypto, security

CALLS = 25
# Arguments of every kind, a few of which fit in most places.
POOL: list[Callable[[], object]] = [
    lambda: b"", lambda: bytes(12), lambda: bytes(32), lambda: bytes(range(64)), lambda: bytearray(28), lambda: bytearray(60),
    lambda: memoryview(bytearray(64))[::2], lambda: "", lambda: "text", lambda: "00" * 32, lambda: "\udc80", lambda: "openai",
    lambda: "{}", lambda: "F1", lambda: None, lambda: True, lambda: -1, lambda: 0, lambda: 1, lambda: 33, lambda: 1 << 31, lambda: 1 << 70,
    lambda: 1.5, list, lambda: [b"x"], lambda: [bytes(32), bytearray(64)], lambda: [1, "x"], lambda: iter([b"", b""]), object,
    lambda: security.SecureBuffer(32), lambda: security.ApiKey("made-up-key-0123456789"), lambda: len,
    lambda: security.ApiKeyRegistryRecord("b", "xai", "key", "persona"), lambda: "key:added", lambda: "key:registered",
    lambda: crypto.seal(b"text", bytes(32), b""), lambda: crypto.aes_gcm_encrypt(b"text", bytes(32)),
]  # fmt: skip
INSTANCES: list[Callable[[], object]] = [
    crypto.Ed25519KeyPair, crypto.X25519KeyPair, lambda: crypto.Sealer(bytes(32)), lambda: crypto.IncrementalHasher(6),
    lambda: crypto.StreamSealer(bytes(32), b""), lambda: crypto.StreamOpener(bytes(32), b""), lambda: security.SecureBuffer(8),
    lambda: security.ApiKey("made-up-key-0123456789"), lambda: security.SecurityContext(m_kib=8192, t=1, p=1),
    lambda: security.ApiKeyWallet(m_kib=8192, t=1, p=1), security.ApiKeyRegistry,
    lambda: security.ApiKeyRegistryRecord("a", "groq", "key", "global"),
]  # fmt: skip
# Each call of these with arguments that fit takes many milliseconds.
SLOW = ("password", "derive_key", "export_state", "unlock", "initialize", "rotate_master_key", "_async")


def callables() -> Iterator[tuple[str, Callable[[], Callable[..., object]]]]:
    """Functions, classes and methods, each as what gives it, of an object of its own."""
    for module in (crypto, security):
        for name in module.__all__:
            yield name, lambda module=module, name=name: getattr(module, name)  # type: ignore[misc]
    for make in INSTANCES:
        for name in dir(make()):
            if callable(getattr(make(), name)) and not name.startswith("__"):
                yield name, lambda make=make, name=name: getattr(make(), name)  # type: ignore[misc]


def test_whatever_is_passed_there_is_no_panic() -> None:
    seed = int(os.environ.get("HOSTILE_SEED", str(random.SystemRandom().getrandbits(32))))
    print(f"HOSTILE_SEED={seed}")
    choose = random.Random(seed)
    loop = asyncio.new_event_loop()
    given = refused = 0
    for name, find in callables():
        for _ in range(3 if any(part in name for part in SLOW) else CALLS):
            work = find()
            try:
                places = len(inspect.signature(work).parameters)
            except ValueError:
                places = 2
            arguments: list[Any] = [choose.choice(POOL)() for _ in range(choose.choice((places, places, places, places + 1)))]
            try:
                result = work(*arguments)
                if inspect.iscoroutine(result):
                    loop.run_until_complete(result)
                given += 1
            except (CryptoError, TypeError, BufferError, ValueError, OverflowError):
                refused += 1
    print(f"{given} calls gave something, {refused} were refused")
    loop.close()
    assert given > 100 and refused > 1000
    assert crypto.blake3_hex(b"")[:8] == "af1349b9"
