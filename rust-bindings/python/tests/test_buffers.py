"""Buffers that are lent and filled, and threads that share what is between Python and Rust."""

from __future__ import annotations

import array
import ctypes
import mmap
import sys
import threading
from collections.abc import Callable

import pytest
from vectors import check, secure

from memory_system._rust import crypto
from memory_system._rust.security import SecureBuffer

KEY = bytes(range(32))


def views_of(data: bytes) -> list[object]:
    """The same bytes in every kind of buffer."""
    shared = mmap.mmap(-1, len(data))
    shared[:] = data
    return [
        data, bytearray(data), memoryview(data), memoryview(bytearray(b"#" + data))[1:], array.array("B", data),
        (ctypes.c_ubyte * len(data)).from_buffer_copy(data), memoryview(data).cast("B", (2, len(data) // 2)), shared,
    ]  # fmt: skip


@pytest.mark.parametrize("size", [2, 64, 2048, 100_000])
def test_every_kind_of_buffer_gives_the_same(size: int) -> None:
    data = bytes(i * 7 % 256 for i in range(size))
    digest, key = crypto.blake3_hash(data), crypto.hash(b"", 0)
    sealed = crypto.aes_gcm_encrypt(data, key)
    for view in views_of(data):
        assert crypto.blake3_hash(view) == digest  # type: ignore[arg-type]
        assert crypto.aes_gcm_decrypt(crypto.aes_gcm_encrypt(view, key), key) == data  # type: ignore[arg-type]
    for view in views_of(sealed):
        assert crypto.aes_gcm_decrypt(view, key) == data  # type: ignore[arg-type]
    for view in views_of(crypto.seal(data, key, b"")):
        assert crypto.open(view, key, b"") == data  # type: ignore[arg-type]


def test_what_is_no_contiguous_buffer_is_refused() -> None:
    strided: list[memoryview] = [memoryview(bytearray(32))[::2], memoryview(bytes(32))[::-1]]
    for view in strided:
        with pytest.raises(BufferError):
            crypto.blake3_hex(view)
        with pytest.raises((BufferError, TypeError)):
            crypto.random_bytes_into(view)
        with pytest.raises(BufferError):
            crypto.batch_hash([b"", view], 0)
    for wrong in ("text", 5, None, [1, 2], object()):
        with pytest.raises(TypeError) as raised:
            crypto.seal(b"", KEY, wrong)  # type: ignore[arg-type]
        assert "text" not in str(raised.value)
    released = memoryview(b"x")
    released.release()
    with pytest.raises(ValueError):
        crypto.blake3_hex(released)
    for empty in (b"", bytearray(), memoryview(b""), array.array("d")):
        assert crypto.hash_hex(empty, 0) == crypto.hash_hex(b"", 0)


def test_results_go_into_buffers_of_the_caller() -> None:
    out = bytearray(100)
    window = memoryview(out)[10:58]
    crypto.sha384_into(window, b"abc")
    assert bytes(window) == crypto.sha384(b"abc") and not any(out[:10]) and not any(out[58:])
    crypto.blake3_hash_into(memoryview(out)[:32], b"abc")
    crypto.hash_into(memoryview(out)[32:64], b"abc", crypto.HashAlgorithm.Sha3_256)
    assert bytes(out[:64]) == crypto.blake3_hash(b"abc") + crypto.hash(b"abc", 3)
    numbers = array.array("Q", [0] * 4)
    crypto.random_bytes_into(numbers)
    assert any(numbers)
    crypto.random_bytes_into(bytearray())
    for wrong in (bytearray(31), bytearray(33), bytearray()):
        before = bytes(wrong)
        check({"error": "INVALID_ARGUMENT"}, lambda: crypto.blake3_hash_into(wrong, b""))  # noqa: B023
        check({"error": "INVALID_ARGUMENT"}, lambda: crypto.aes_gcm_encrypt_into(wrong, b"", KEY))  # noqa: B023
        assert wrong == before
    for read_only in (bytes(32), memoryview(bytes(32)), "text", 5):
        with pytest.raises((TypeError, BufferError)):
            crypto.blake3_hash_into(read_only, b"")  # type: ignore[arg-type]


def test_a_buffer_is_not_input_and_output_at_once() -> None:
    both = bytearray(128)
    view = memoryview(both)
    for data in (both, view[:100], view[127:]):
        out = view[28:] if len(data) == 100 else view[: len(data) + 28] if len(data) == 1 else view
        if len(data) == 1:
            out = view[99:]
        check({"error": "INVALID_ARGUMENT"}, lambda: crypto.aes_gcm_encrypt_into(out, data, KEY))  # noqa: B023
    check({"error": "INVALID_ARGUMENT"}, lambda: crypto.aes_gcm_encrypt_into(view[:60], bytes(32), view[32:64]))
    assert not any(both)
    crypto.aes_gcm_encrypt_into(view[64:], view[:36], KEY)
    assert crypto.aes_gcm_decrypt(view[64:], KEY) == bytes(36), "neighbours may be"


def test_what_is_lent_stays_where_it_is_and_is_given_back() -> None:
    data, refused = bytearray(16 << 20), False
    for _ in range(100):
        began = threading.Event()

        def work(began: threading.Event = began) -> None:
            began.set()
            crypto.sha384(data)

        thread = threading.Thread(target=work)
        thread.start()
        began.wait()
        try:
            data.append(0)
        except BufferError:
            refused = True
        thread.join()
        if refused:
            break
    assert refused, "a buffer that could be resized while it is read"
    data.append(1)
    count = sys.getrefcount(data)
    for _ in range(100):
        crypto.blake3_hash(data[:10])
        crypto.hash_into(bytearray(32), memoryview(data)[:10], 0)
    assert sys.getrefcount(data) == count


def test_threads_share_keys_hashers_and_buffers() -> None:
    pair, secret = crypto.Ed25519KeyPair.from_secret(KEY), secure(KEY)
    hasher = crypto.IncrementalHasher(6)
    message = bytes(5000)
    expected = pair.sign(message)
    failures: list[str] = []

    def work() -> None:
        for _ in range(50):
            if pair.sign(message) != expected:
                failures.append("sign")
            if crypto.aes_gcm_decrypt(crypto.aes_gcm_encrypt(message, secret), secret) != message:
                failures.append("seal")
            if secret != secure(KEY):
                failures.append("compare")
            hasher.update(message)

    run_together(work, 4)
    assert not failures
    assert hasher.finalize() == crypto.blake3_hash(message * 200)


def test_wiping_waits_for_whoever_uses_the_secret() -> None:
    data = bytes(8 << 20)
    for _ in range(3):
        secret = SecureBuffer.random(32)
        outcomes: list[str] = []

        def work(secret: SecureBuffer = secret, outcomes: list[str] = outcomes) -> None:
            try:
                crypto.aes_gcm_encrypt(data, secret)
            except ValueError as error:
                outcomes.append(getattr(error, "code", "?"))
            else:
                outcomes.append("sealed")

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        secret.wipe()
        for thread in threads:
            thread.join()
        assert set(outcomes) <= {"sealed", "INVALID_KEY_LENGTH"} and len(outcomes) == 3


def releases_the_lock(work: Callable[[], object]) -> bool:
    """Whether another thread runs while `work` does: with so long an interval only if the lock is given up."""
    order: list[str] = []
    began = threading.Event()

    def run() -> None:
        began.set()
        work()
        order.append("worked")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        began.wait()
        order.append("meanwhile")
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    return order == ["meanwhile", "worked"]


def test_the_interpreter_lock_is_released_for_large_inputs_and_every_derivation() -> None:
    large, out = bytes(32 << 20), bytearray((32 << 20) + 28)
    pair = crypto.Ed25519KeyPair()
    assert releases_the_lock(lambda: crypto.sha384(large))
    assert releases_the_lock(lambda: crypto.aes_gcm_encrypt_into(out, large, KEY))
    assert releases_the_lock(lambda: pair.sign(large))
    assert releases_the_lock(lambda: crypto.random_bytes(32 << 20))
    assert releases_the_lock(lambda: crypto.batch_hash([large, large], 0))
    assert releases_the_lock(lambda: crypto.argon2id_derive_key(b"p", bytes(16)))
    assert releases_the_lock(lambda: crypto.scrypt_derive_key(b"p", bytes(16), 32))
    assert releases_the_lock(lambda: crypto.pbkdf2_sha256_derive_key(b"p", bytes(16), 200_000, 32))


def run_together(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
