"""The vectors of rust-crypto through the wheel, and what only Python can get wrong."""

from __future__ import annotations

import array
import json
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import REPOSITORY

from memory_system import CryptoError, DecryptError
from memory_system._rust import crypto

VECTORS = json.loads((REPOSITORY / "rust-crypto/vectors/crypto.json").read_text(encoding="utf-8"))


def cases(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", VECTORS[section], ids=lambda case: case["name"])


def data_of(source: dict[str, Any]) -> bytes:
    if "hex" in source:
        return bytes.fromhex(source["hex"])
    pattern = bytes.fromhex(source["repeat"])
    length = int(source["length"])
    return (pattern * (length // len(pattern) + 1))[:length]


def check(case: dict[str, Any], run: Callable[[], object]) -> None:
    """Runs a case that has `expected` or `error`."""
    if "error" in case:
        with pytest.raises(CryptoError) as raised:
            run()
        assert raised.value.code == case["error"]
        assert str(raised.value) == case.get("error_text", str(raised.value))
        assert isinstance(raised.value, DecryptError) == (case["error"] == "DECRYPT_FAILED")
    else:
        assert run() == case["expected"]


def test_every_section_of_the_vectors_is_read() -> None:
    read = {
        "about", "agent_fingerprint", "constant_time_eq", "ed25519_secret", "ed25519_sign", "ed25519_verify",
        "ed25519_verify_hex", "hash", "hex_decode", "incremental", "proof", "state_hash", "xchacha20poly1305_decrypt",
    }  # fmt: skip
    assert set(VECTORS) == read


@cases("hash")
def test_hash(case: dict[str, Any]) -> None:
    data = data_of(case["input"])
    check(case, lambda: crypto.hash_hex(data, case["algorithm"]))
    check(case, lambda: crypto.hash(bytearray(data), case["algorithm"]).hex())
    if case["algorithm"] == 1:
        assert crypto.sha384_hex(data) == crypto.sha384(data).hex() == case["expected"]
    if case["algorithm"] == 6:
        assert crypto.blake3_hex(data) == crypto.blake3_hash(data).hex() == case["expected"]


@cases("incremental")
def test_incremental(case: dict[str, Any]) -> None:
    data, hasher = data_of(case["input"]), crypto.IncrementalHasher(case["algorithm"])
    at = 0
    for length in case["chunks"]:
        hasher.update(memoryview(data)[at : at + length])
        at += length
    assert at == len(data)
    copy = hasher.clone()
    assert hasher.finalize().hex() == copy.finalize_hex() == case["expected"]
    with pytest.raises(CryptoError) as raised:
        hasher.update(b"")
    assert raised.value.code == "HASHER_FINALIZED"
    hasher.reset()
    hasher.update(data)
    assert hasher.finalize_hex() == case["expected"]


@cases("hex_decode")
def test_hex(case: dict[str, Any]) -> None:
    # The one function that takes hexadecimal of any length first checks that it is hexadecimal.
    if "error" in case:
        check(case, lambda: crypto.ed25519_verify_hex(case["text"], b"", "00" * 64))
    else:
        assert bytes.fromhex(case["text"]).hex() == case["expected"]


@cases("ed25519_sign")
def test_sign(case: dict[str, Any]) -> None:
    pair = crypto.Ed25519KeyPair.from_secret(bytes.fromhex(case["seed"]))
    message = bytes.fromhex(case["message"])
    assert pair.public_key_hex() == pair.public_key().hex() == case["public_key"]
    assert pair.sign_hex(message) == pair.sign(message).hex() == case["expected"]
    assert pair.secret_key().hex() == case["seed"]


@cases("ed25519_secret")
def test_secret_forms(case: dict[str, Any]) -> None:
    make = {"secret": crypto.Ed25519KeyPair.from_secret, "pkcs8": crypto.Ed25519KeyPair.from_pkcs8}[case["form"]]
    secret = bytes.fromhex(case["secret"])
    check(case, lambda: make(secret).public_key_hex())
    if "expected" in case:
        again = crypto.Ed25519KeyPair.from_pkcs8(make(secret).to_pkcs8())
        assert again.secret_key().hex() == case["seed"]


@cases("ed25519_verify")
def test_verify(case: dict[str, Any]) -> None:
    key, message, signature = (bytes.fromhex(case[name]) for name in ("public_key", "message", "signature"))
    check(case, lambda: crypto.ed25519_verify(key, message, signature))


@cases("ed25519_verify_hex")
def test_verify_hex(case: dict[str, Any]) -> None:
    message = bytes.fromhex(case["message"])
    check(case, lambda: crypto.ed25519_verify_hex(case["public_key"], message, case["signature"]))


@cases("xchacha20poly1305_decrypt")
def test_open(case: dict[str, Any]) -> None:
    sealed, key, aad = (bytes.fromhex(case[name]) for name in ("sealed", "key", "aad"))
    check(case, lambda: crypto.xchacha20poly1305_decrypt(sealed, key, aad).hex())
    check(case, lambda: crypto.xchacha20poly1305_decrypt(sealed, crypto.SecureBuffer.copy_of(key), aad).hex())
    if "expected" in case:
        plaintext = bytes.fromhex(case["expected"])
        again = crypto.xchacha20poly1305_encrypt(plaintext, key, aad)
        assert len(again) == len(plaintext) + 40
        assert crypto.xchacha20poly1305_decrypt(again, key, aad) == plaintext


@cases("proof")
def test_proof(case: dict[str, Any]) -> None:
    proof = bytes.fromhex(case["proof"])
    if "error" in case:
        check(case, lambda: crypto.verify_record_proof(proof))
        return
    verified, expected = crypto.verify_record_proof(proof), case["expected"]
    for name in ("author", "commit_hash", "key_epoch", "kind", "leaf", "namespace"):
        assert getattr(verified, name) == expected[name], name
    assert verified.sequence == int(expected["sequence"])
    assert f"{verified.author}-{verified.incarnation:016x}" == expected["writer"]
    assert verified.time_ms << 16 | verified.time_logical == int(expected["time"])
    assert verified.content.hex() == expected["content"]


@cases("agent_fingerprint")
def test_fingerprint(case: dict[str, Any]) -> None:
    found = crypto.compute_agent_fingerprint(case["agent_id"], case["agent_name"], case["created_at"])
    assert found == case["expected"]


@cases("state_hash")
def test_state_hash(case: dict[str, Any]) -> None:
    assert crypto.compute_state_hash(case["state_json"]) == case["expected"]


@cases("constant_time_eq")
def test_constant_time_eq(case: dict[str, Any]) -> None:
    assert crypto.constant_time_eq(bytes.fromhex(case["a"]), bytes.fromhex(case["b"])) is case["expected"]


def test_every_contiguous_buffer_is_taken_and_nothing_else() -> None:
    expected = crypto.blake3_hex(bytes(range(8)))
    words = array.array("H", [0x0100, 0x0302, 0x0504, 0x0706])
    if sys.byteorder == "big":
        words.byteswap()
    for data in (bytearray(range(8)), memoryview(bytes(range(8))), memoryview(bytes(range(16)))[:8], words):
        assert crypto.blake3_hex(data) == expected
    with pytest.raises(BufferError):
        crypto.blake3_hex(memoryview(bytes(16))[::2])
    for wrong in ("text", 5, None, [1, 2]):
        with pytest.raises(TypeError):
            crypto.blake3_hex(wrong)  # type: ignore[arg-type]


def test_algorithms_are_named_or_numbered() -> None:
    assert crypto.hash(b"", crypto.HashAlgorithm.Blake3) == crypto.hash(b"", 6)
    for number in (3, 7, -1, 1 << 40):
        with pytest.raises(CryptoError) as raised:
            crypto.hash(b"", number)
        assert raised.value.code == "UNSUPPORTED"
    with pytest.raises(TypeError):
        crypto.hash(b"", "Blake3")  # type: ignore[arg-type]


def test_random_values_have_the_length_asked_for() -> None:
    assert len(crypto.random_bytes(33)) == 33 and crypto.random_bytes(0) == b""
    assert crypto.random_bytes(32) != crypto.random_bytes(32)
    assert len(crypto.random_hex(5)) == len(crypto.generate_token(5)) == 10
    assert crypto.generate_token_base64(4).endswith("==") and "=" not in crypto.generate_token_base64url(4)
    for make in (crypto.random_bytes, crypto.random_hex, crypto.generate_token, crypto.SecureBuffer.random):
        for length in (-1, 1 << 31, 1 << 80):
            with pytest.raises(CryptoError) as raised:
                make(length)
            assert raised.value.code == "INVALID_ARGUMENT"
        with pytest.raises(TypeError):
            make(1.5)  # type: ignore[arg-type]


def test_secrets_are_compared_wiped_and_never_shown() -> None:
    secret = crypto.SecureBuffer.copy_of(b"hunter2" * 5)
    assert secret == crypto.SecureBuffer.copy_of(b"hunter2" * 5) and secret == secret
    assert secret != crypto.SecureBuffer.random(35) and len(secret) == 35
    assert "hunter" not in repr(secret) and secret.expose() == b"hunter2" * 5
    secret.wipe()
    assert len(secret) == 0 and secret.expose() == b""
    with pytest.raises(CryptoError) as raised:
        crypto.xchacha20poly1305_encrypt(b"", secret)
    assert raised.value.code == "INVALID_KEY_LENGTH"
    pair = crypto.Ed25519KeyPair()
    assert pair.secret_key().hex() not in repr(pair)
    pair.wipe()
    with pytest.raises(CryptoError):
        pair.sign(b"")
    for value in (pair, secret):
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_errors_are_value_errors_and_survive_pickling() -> None:
    with pytest.raises(ValueError) as raised:
        crypto.xchacha20poly1305_decrypt(bytes(40), bytes(32))
    assert type(raised.value) is DecryptError and raised.value.code == "DECRYPT_FAILED"
    with pytest.raises(CryptoError) as wrong:
        crypto.ed25519_verify(bytes(31), b"", bytes(64))
    again = pickle.loads(pickle.dumps(wrong.value))
    assert (type(again), again.code, str(again)) == (CryptoError, "INVALID_KEY_LENGTH", str(wrong.value))


def test_the_interpreter_lock_is_released_for_large_inputs() -> None:
    # With an interval this long a thread keeps the lock until it gives it up, so that whoever runs in between shows
    # that it was given up.
    order: list[str] = []
    large = bytes(64 << 20)
    began = threading.Event()

    def work() -> None:
        began.set()
        crypto.sha384(large)
        order.append("hashed")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        began.wait()
        order.append("meanwhile")
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert order == ["meanwhile", "hashed"]
