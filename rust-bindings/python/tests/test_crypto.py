"""The vectors of rust-crypto through the wheel, and what only Python can get wrong."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from vectors import File, check, secure

from memory_system import CryptoError, DecryptError
from memory_system._rust import crypto
from memory_system._rust.security import SecureBuffer

VECTORS = File("rust-crypto/vectors/crypto.json")


def data_of(source: dict[str, Any]) -> bytes:
    if "hex" in source:
        return bytes.fromhex(source["hex"])
    pattern = bytes.fromhex(source["repeat"])
    length = int(source["length"])
    return (pattern * (length // len(pattern) + 1))[:length]


@VECTORS.each("hash")
def test_hash(case: dict[str, Any]) -> None:
    data = data_of(case["input"])
    check(case, lambda: crypto.hash_hex(data, case["algorithm"]))
    check(case, lambda: crypto.hash(bytearray(data), case["algorithm"]).hex())
    if case["algorithm"] == 1:
        assert crypto.sha384_hex(data) == crypto.sha384(data).hex() == case["expected"]
    if case["algorithm"] == 6:
        assert crypto.blake3_hex(data) == crypto.blake3_hash(data).hex() == case["expected"]


@VECTORS.each("incremental")
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


@VECTORS.each("hex_decode")
def test_hex(case: dict[str, Any]) -> None:
    # The one function that takes hexadecimal of any length first checks that it is hexadecimal.
    if "error" in case:
        check(case, lambda: crypto.ed25519_verify_hex(case["text"], b"", "00" * 64))
    else:
        assert bytes.fromhex(case["text"]).hex() == case["expected"]


@VECTORS.each("ed25519_sign")
def test_sign(case: dict[str, Any]) -> None:
    pair = crypto.Ed25519KeyPair.from_secret(bytes.fromhex(case["seed"]))
    message = bytes.fromhex(case["message"])
    assert pair.public_key_hex() == pair.public_key().hex() == case["public_key"]
    assert pair.sign_hex(message) == pair.sign(message).hex() == case["expected"]
    assert pair.secret_key().hex() == case["seed"]


@VECTORS.each("ed25519_secret")
def test_secret_forms(case: dict[str, Any]) -> None:
    make = {"secret": crypto.Ed25519KeyPair.from_secret, "pkcs8": crypto.Ed25519KeyPair.from_pkcs8}[case["form"]]
    secret = bytes.fromhex(case["secret"])
    check(case, lambda: make(secret).public_key_hex())
    if "expected" in case:
        again = crypto.Ed25519KeyPair.from_pkcs8(make(secret).to_pkcs8())
        assert again.secret_key().hex() == case["seed"]


@VECTORS.each("ed25519_verify")
def test_verify(case: dict[str, Any]) -> None:
    key, message, signature = (bytes.fromhex(case[name]) for name in ("public_key", "message", "signature"))
    check(case, lambda: crypto.ed25519_verify(key, message, signature))


@VECTORS.each("ed25519_verify_hex")
def test_verify_hex(case: dict[str, Any]) -> None:
    message = bytes.fromhex(case["message"])
    check(case, lambda: crypto.ed25519_verify_hex(case["public_key"], message, case["signature"]))


@VECTORS.each("xchacha20poly1305_decrypt")
def test_open(case: dict[str, Any]) -> None:
    sealed, key, aad = (bytes.fromhex(case[name]) for name in ("sealed", "key", "aad"))
    check(case, lambda: crypto.xchacha20poly1305_decrypt(sealed, key, aad).hex())
    check(case, lambda: crypto.xchacha20poly1305_decrypt(sealed, secure(key), aad).hex())
    if "expected" in case:
        plaintext = bytes.fromhex(case["expected"])
        again = crypto.xchacha20poly1305_encrypt(plaintext, key, aad)
        assert len(again) == len(plaintext) + 40
        assert crypto.xchacha20poly1305_decrypt(again, key, aad) == plaintext


@VECTORS.each("proof")
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


@VECTORS.each("agent_fingerprint")
def test_fingerprint(case: dict[str, Any]) -> None:
    found = crypto.compute_agent_fingerprint(case["agent_id"], case["agent_name"], case["created_at"])
    assert found == case["expected"]


@VECTORS.each("state_hash")
def test_state_hash(case: dict[str, Any]) -> None:
    assert crypto.compute_state_hash(case["state_json"]) == case["expected"]


@VECTORS.each("constant_time_eq")
def test_constant_time_eq(case: dict[str, Any]) -> None:
    assert crypto.constant_time_eq(bytes.fromhex(case["a"]), bytes.fromhex(case["b"])) is case["expected"]


def test_algorithms_are_named_or_numbered() -> None:
    assert crypto.hash(b"", crypto.HashAlgorithm.Blake3) == crypto.hash(b"", 6)
    for number in (7, -1, 1 << 40):
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
    for make in (crypto.random_bytes, crypto.random_hex, crypto.generate_token, SecureBuffer.random):
        for length in (-1, 1 << 31, 1 << 80):
            with pytest.raises(CryptoError) as raised:
                make(length)
            assert raised.value.code == "INVALID_ARGUMENT"
        with pytest.raises(TypeError):
            make(1.5)  # type: ignore[arg-type]


def test_key_pairs_are_wiped_and_never_shown() -> None:
    pair = crypto.Ed25519KeyPair()
    assert pair.secret_key().hex() not in repr(pair)
    pair.wipe()
    check({"error": "INVALID_ARGUMENT"}, lambda: pair.sign(b""))
    with pytest.raises(TypeError):
        pickle.dumps(pair)


def test_errors_are_value_errors_and_survive_pickling() -> None:
    with pytest.raises(ValueError) as raised:
        crypto.xchacha20poly1305_decrypt(bytes(40), bytes(32))
    assert type(raised.value) is DecryptError and raised.value.code == "DECRYPT_FAILED"
    with pytest.raises(CryptoError) as wrong:
        crypto.ed25519_verify(bytes(31), b"", bytes(64))
    again = pickle.loads(pickle.dumps(wrong.value))
    assert (type(again), again.code, str(again)) == (CryptoError, "INVALID_KEY_LENGTH", str(wrong.value))


def test_every_section_of_the_vectors_is_read() -> None:
    assert not VECTORS.unread
