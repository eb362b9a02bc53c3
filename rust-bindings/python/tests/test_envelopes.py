"""Envelopes, streams and messages to public keys, through the wheel."""

from __future__ import annotations

import json

import pytest
from vectors import Case, File, check, secure, unhex

from memory_system import CryptoError, DecryptError
from memory_system._rust import crypto
from memory_system._rust.security import SecurityContext

VECTORS = File("rust-crypto/vectors/envelope.json")
WEAK = {"m_kib": 8192, "t": 1, "p": 1}


@VECTORS.each("open")
def test_open(case: Case) -> None:
    envelope, key, context = unhex(case, "envelope", "key", "context")
    check(case, lambda: crypto.open(envelope, key, context).hex())
    check(case, lambda: crypto.open(bytearray(envelope), secure(key), context).hex())


def test_what_was_sealed_opens_in_its_place_alone() -> None:
    key = crypto.random_bytes(32)
    for suite in (1, 2):
        envelope = crypto.seal(b"text", key, b"documents/7", key_id=9, suite=suite)
        assert len(envelope) == 84 + 4
        header = crypto.describe_envelope(envelope)
        assert (header.suite, header.key_id, header.takes_password) == (suite, 9, False)
        assert crypto.open(envelope, key, b"documents/7") == b"text"
        for changed in (envelope[:-1] + bytes([envelope[-1] ^ 1]), envelope[:11] + b"\x01" + envelope[12:]):
            check({"error": "DECRYPT_FAILED"}, lambda: crypto.open(changed, key, b"documents/7"))  # noqa: B023
        check({"error": "DECRYPT_FAILED"}, lambda: crypto.open(envelope, key, b"documents/8"))  # noqa: B023
    for arguments, code in (({"suite": 3}, "UNSUPPORTED"), ({"key_id": 0}, "INVALID_ARGUMENT"), ({"key_id": -1}, "INVALID_ARGUMENT")):
        check({"error": code}, lambda: crypto.seal(b"", key, b"", **arguments))  # noqa: B023


@VECTORS.each("open_with_password")
def test_open_with_password(case: Case) -> None:
    envelope, context = unhex(case, "envelope", "context")

    def run() -> str:
        plaintext, needs_rewrap = crypto.open_with_password(envelope, case["password"], context)
        assert needs_rewrap is case["needs_rewrap"]
        return plaintext.hex()

    check(case, run)


def test_a_password_seals() -> None:
    envelope = crypto.seal_with_password(b"text", "a password", b"place", **WEAK)
    assert crypto.describe_envelope(envelope).takes_password
    assert crypto.describe_envelope(envelope).key_id is None
    assert crypto.open_with_password(envelope, "a password", b"place")[0] == b"text"
    with pytest.raises(DecryptError):
        crypto.open_with_password(envelope, "another", b"place")
    check({"error": "UNSUPPORTED"}, lambda: crypto.seal_with_password(b"", "x", b"", m_kib=1))


@VECTORS.each("stream_open")
def test_stream_open(case: Case) -> None:
    key, context, stream = unhex(case, "key", "context", "stream")

    def run() -> str:
        opener = crypto.StreamOpener(key, context, key_id=case["key_id"])
        opened = b"".join(opener.update(stream[i : i + 5]) for i in range(0, len(stream), 5))
        return (opened + opener.finish()).hex()

    check(case, run)


def test_streams_of_several_chunks() -> None:
    key, data = crypto.random_bytes(32), crypto.random_bytes(150_000)
    sealer = crypto.StreamSealer(key, b"file", suite=2)
    sealed = sealer.update(data[:100_000]) + sealer.update(memoryview(data)[100_000:]) + sealer.finish()
    check({"error": "INVALID_ARGUMENT"}, sealer.finish)
    opener = crypto.StreamOpener(key, b"file")
    assert opener.update(sealed) + opener.finish() == data
    cut = crypto.StreamOpener(key, b"file")
    cut.update(sealed[:-20])
    check({"error": "DECRYPT_FAILED"}, cut.finish)
    sealer = crypto.StreamSealer.with_password("password", b"file", **WEAK)
    sealed = sealer.update(b"short") + sealer.finish()
    opener = crypto.StreamOpener.with_password("password", b"file")
    assert opener.update(sealed) + opener.finish() == b"short"
    assert "REDACTED" in repr(sealer) and "REDACTED" in repr(opener)


@VECTORS.each("hpke_open")
def test_hpke_open(case: Case) -> None:
    sealed, info, aad, secret = unhex(case, "sealed", "info", "aad", "secret_key")
    sender = bytes.fromhex(case["sender"]) if case["sender"] else None
    aead = {"ChaCha20Poly1305": "chacha20-poly1305", "Aes256Gcm": "aes-256-gcm"}[case["aead"]]
    pair = crypto.X25519KeyPair.from_secret(secret)
    assert pair.secret_key() == secret and secret.hex() not in repr(pair)
    check(case, lambda: pair.hpke_open(sealed, info, aad, aead=aead, sender=sender).hex())


@VECTORS.each("recipients_open")
def test_recipients_open(case: Case) -> None:
    sealed, context, secret = unhex(case, "sealed", "context", "secret_key")
    sender = bytes.fromhex(case["sender"]) if case["sender"] else None
    pair = crypto.X25519KeyPair.from_secret(secure(secret))
    check(case, lambda: pair.open(sealed, context, sender=sender).hex())


def test_sealing_to_public_keys() -> None:
    ada, bob = crypto.X25519KeyPair(), crypto.X25519KeyPair.derive(bytes(range(32)))
    eve = crypto.X25519KeyPair()
    assert bob.public_key() == crypto.X25519KeyPair.derive(bytes(range(32))).public_key()
    sealed = crypto.hpke_seal(bob.public_key(), b"text", b"info", b"aad", aead="aes-256-gcm")
    assert bob.hpke_open(sealed, b"info", b"aad", aead="aes-256-gcm") == b"text"
    signed = ada.hpke_seal(bob.public_key(), b"text", b"info", b"aad")
    assert bob.hpke_open(signed, b"info", b"aad", sender=ada.public_key()) == b"text"
    check({"error": "DECRYPT_FAILED"}, lambda: bob.hpke_open(signed, b"info", b"aad", sender=eve.public_key()))
    for many in (
        crypto.seal_to([ada.public_key(), bob.public_key()], b"text", b"team", suite=2),
        ada.seal_to((ada.public_key(), bob.public_key()), b"text", b"team"),
    ):
        assert crypto.is_recipient(bob.public_key(), many) and not crypto.is_recipient(eve.public_key(), many)
    assert bob.open(many, b"team", sender=ada.public_key()) == b"text"
    check({"error": "DECRYPT_FAILED"}, lambda: eve.open(many, b"team"))
    check({"error": "UNSUPPORTED"}, lambda: crypto.hpke_seal(bob.public_key(), b"", b"", b"", aead="rot13"))
    check({"error": "INVALID_KEY_LENGTH"}, lambda: crypto.seal_to([b"short"], b"", b""))
    ada.wipe()
    check({"error": "INVALID_ARGUMENT"}, ada.public_key)


@VECTORS.each("legacy_record")
def test_legacy_record(case: Case) -> None:
    # F5 always takes a password; where a record says so itself, the name makes no difference.
    format, secret = ("F5", case["password"]) if case["key"] is None else ("F3", bytes.fromhex(case["key"]))
    check(case, lambda: SecurityContext.decrypt_legacy(format, case["json"], secret).hex())
    check(case, lambda: SecurityContext.decrypt_legacy(format, case["json"].encode(), secret).hex())


def test_legacy_bytes() -> None:
    primitives = File("rust-crypto/vectors/primitives.json")
    (golden,) = (case for case in primitives.cases("decrypt_with_password") if case["name"] == "contract")
    key = bytes(range(32))
    f1 = "404142434445464748494a4b91d28357434ff32efdf52505af51256c41ff333ed4516a4569b4e9671899fe2627bc8daeb6571fe3"
    assert SecurityContext.decrypt_legacy("F1", bytes.fromhex(f1), key) == b"sk-test-0123456789abcdef"
    assert SecurityContext.decrypt_legacy("F2", bytes.fromhex(golden["sealed"]), golden["password"]).hex() == golden["expected"]
    with pytest.raises(CryptoError) as raised:
        SecurityContext.decrypt_legacy("F9", b"", b"")
    assert raised.value.code == "UNSUPPORTED"
    context = SecurityContext(**WEAK)
    context.import_legacy_api_key("openai", "F1", bytes.fromhex(f1), secure(key))
    assert context.get_api_key("openai") == "sk-test-0123456789abcdef"


def test_every_section_of_the_vectors_is_read() -> None:
    assert not VECTORS.unread
    assert json.dumps(VECTORS.content["about"])
