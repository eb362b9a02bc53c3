"""The vectors of rust-crypto's primitives, BLAKE3's and Project Wycheproof's, through the wheel."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from vectors import Case, File, check, unhex

from memory_system import CryptoError
from memory_system._rust import crypto

PRIMITIVES = File("rust-crypto/vectors/primitives.json")
WYCHEPROOF = File("rust-crypto/vectors/wycheproof.json")
BLAKE3 = File("rust-crypto/vectors/blake3.json")

Work = Callable[[bytes | bytearray, bytes, bytes], bytes]
Into = Callable[[bytearray, bytes, memoryview, bytes], None]
# Name: opens, seals anew, opens into a buffer, seals into a buffer, and what sealing adds.
CIPHERS: dict[str, tuple[Work, Work, Into, Into, int]] = {
    "aes_gcm_decrypt": (
        crypto.aes_gcm_decrypt_aad, crypto.aes_gcm_encrypt_aad, crypto.aes_gcm_decrypt_into, crypto.aes_gcm_encrypt_into, 28,
    ),
    "aes_gcm_siv_decrypt": (
        crypto.aes_gcm_siv_decrypt, crypto.aes_gcm_siv_encrypt, crypto.aes_gcm_siv_decrypt_into, crypto.aes_gcm_siv_encrypt_into,
        28,
    ),
    "xchacha20poly1305_decrypt": (
        crypto.xchacha20poly1305_decrypt, crypto.xchacha20poly1305_encrypt, crypto.xchacha20poly1305_decrypt_into,
        crypto.xchacha20poly1305_encrypt_into, 40,
    ),
}  # fmt: skip


def cipher(section: str, case: Case) -> None:
    sealed, key, aad = unhex(case, "sealed", "key", "aad")
    decrypt, encrypt, decrypt_into, encrypt_into, overhead = CIPHERS[section]
    check(case, lambda: decrypt(sealed, key, aad).hex())
    out = bytearray(b"\x55" * max(0, len(sealed) - overhead))

    def into() -> str:
        decrypt_into(out, sealed, memoryview(key), aad)
        return out.hex()

    check(case, into)
    if case.get("error") == "DECRYPT_FAILED":
        assert not any(out), "nothing unauthentic stays"
    if "expected" in case:
        plaintext = bytes.fromhex(case["expected"])
        again = bytearray(len(plaintext) + overhead)
        encrypt_into(again, plaintext, memoryview(key), aad)
        for ciphertext in (encrypt(plaintext, key, aad), again):
            assert len(ciphertext) == len(sealed) and ciphertext != sealed
            assert decrypt(ciphertext, key, aad) == plaintext


@pytest.mark.parametrize("section", ["aes_gcm_decrypt", "aes_gcm_siv_decrypt"])
def test_ciphers(section: str) -> None:
    for case in PRIMITIVES.walk(section):
        cipher(section, case)
        if section == "aes_gcm_decrypt" and not case["aad"]:
            sealed, key = unhex(case, "sealed", "key")
            check(case, lambda: crypto.aes_gcm_decrypt(sealed, key).hex())  # noqa: B023


@pytest.mark.parametrize("section", CIPHERS)
def test_ciphers_of_wycheproof(section: str) -> None:
    for case in WYCHEPROOF.walk(section):
        cipher(section, case)


def test_a_sealer_counts() -> None:
    key = crypto.generate_aes_key()
    sealer = crypto.Sealer(key)
    sealed = sealer.seal(b"message", b"aad")
    assert sealer.open(sealed, b"aad") == crypto.aes_gcm_decrypt_aad(sealed, key, b"aad") == b"message"
    assert crypto.aes_gcm_decrypt(crypto.aes_gcm_encrypt(b"x", key), key) == b"x"
    assert sealer.sealed_messages == 1 and "REDACTED" in repr(sealer)
    almost = crypto.Sealer.resume(key, (1 << 32) - 1)
    almost.seal(b"the last")
    check({"error": "KEY_EXHAUSTED"}, lambda: almost.seal(b"one too many"))
    check({"error": "INVALID_KEY_LENGTH"}, lambda: crypto.Sealer(b"short"))
    for count in (-1, 1 << 64):
        check({"error": "INVALID_ARGUMENT"}, lambda: crypto.Sealer.resume(key, count))  # noqa: B023


def test_hmac() -> None:
    for case in PRIMITIVES.walk("hmac"):
        key, data = unhex(case, "key", "data")
        check(case, lambda: getattr(crypto, case["function"])(key, data).hex())  # noqa: B023


@pytest.mark.parametrize("hmac", [crypto.hmac_sha256, crypto.hmac_sha384, crypto.hmac_sha512])
def test_hmac_of_wycheproof(hmac: Callable[[bytes, bytes], bytes]) -> None:
    for case in WYCHEPROOF.walk(hmac.__name__):
        key, data, tag = unhex(case, "key", "data", "tag")
        # Some cases have only the beginning of a tag.
        assert crypto.constant_time_eq(hmac(key, data)[: len(tag)], tag) is case["expected"]


@pytest.mark.parametrize("file", [PRIMITIVES, WYCHEPROOF])
def test_hkdf_and_pbkdf2(file: File) -> None:
    for case in file.walk("hkdf_sha256"):
        ikm, salt, info = unhex(case, "ikm", "salt", "info")
        check(case, lambda: crypto.hkdf_sha256(ikm, salt, info, case["length"]).hex())  # noqa: B023
    for case in file.walk("pbkdf2_sha256_derive_key"):
        password, salt = unhex(case, "password", "salt")
        run = (password, salt, case["iterations"], case["length"])
        check(case, lambda: crypto.pbkdf2_sha256_derive_key(*run).hex())  # noqa: B023


def test_scrypt_and_argon2id() -> None:
    for case in PRIMITIVES.walk("scrypt_derive_key"):
        password, salt = unhex(case, "password", "salt")
        check(case, lambda: crypto.scrypt_derive_key(password, salt, case["length"]).hex())  # noqa: B023
    for case in PRIMITIVES.walk("argon2id_derive_key"):
        password, salt = unhex(case, "password", "salt")
        cost = {"m_kib": case["m_kib"], "t": case["t"], "p": case["p"], "length": case["length"]}
        check(case, lambda: crypto.argon2id_derive_key(password, salt, **cost).hex())  # noqa: B023
        if cost == {"m_kib": 19456, "t": 2, "p": 1, "length": 32}:
            assert crypto.argon2id_derive_key(password, salt).hex() == case["expected"], "these are the defaults"


def test_decrypt_with_password() -> None:
    for case in PRIMITIVES.walk("decrypt_with_password"):
        (sealed,) = unhex(case, "sealed")
        fallback = case["legacy_fallback_n"]
        check(
            case,
            lambda: crypto.decrypt_with_password(sealed, case["password"], legacy_fallback_n=fallback).hex(),  # noqa: B023
        )
    sealed = crypto.encrypt_with_password(b"text", "pässword")
    assert crypto.decrypt_with_password(sealed, "pässword") == b"text"


def test_names_of_agents_and_states() -> None:
    for case in PRIMITIVES.walk("agent_fingerprint_v2"):
        found = crypto.compute_agent_fingerprint_v2(case["agent_id"], case["agent_name"], case["created_at"])
        assert found == case["expected"]
    for case in PRIMITIVES.walk("state_hash_canonical"):
        check(case, lambda: crypto.compute_state_hash_canonical(case["state_json"]))  # noqa: B023
    for case in PRIMITIVES.walk("verify_state_hash"):
        check(case, lambda: crypto.verify_state_hash(case["state_json"], case["hash"]))  # noqa: B023


def test_batch_hash() -> None:
    for case in PRIMITIVES.walk("batch_hash"):
        messages = [bytes.fromhex(message) for message in case["messages"]]
        assert crypto.batch_hash(messages, case["algorithm"]) == case["expected"]
        assert crypto.batch_hash(map(bytearray, messages), case["algorithm"]) == case["expected"]
    assert crypto.batch_hash([], crypto.HashAlgorithm.Sha3_256) == []


def test_blake3() -> None:
    key = BLAKE3.content["key"].encode()
    context = "BLAKE3 2019-12-27 16:29:52 test vectors context"
    for case in BLAKE3.cases("cases"):
        length = case["input_len"]
        data = bytes(i % 251 for i in range(length))
        assert crypto.blake3_xof(data, 131).hex() == case["hash"]
        assert crypto.blake3_hex(data) == case["hash"][:64]
        assert crypto.blake3_keyed(key, data).hex() == case["keyed_hash"][:64]
        assert crypto.blake3_derive_key(context, data).hex() == case["derive_key"][:64]
    check({"error": "INVALID_KEY_LENGTH"}, lambda: crypto.blake3_keyed(b"short", b""))


def test_ed25519_of_wycheproof_alone_and_in_one_batch() -> None:
    batch: list[list[bytes]] = []
    for case in WYCHEPROOF.walk("ed25519_verify"):
        batch.append(unhex(case, "public_key", "message", "signature"))
        check(case, lambda: crypto.ed25519_verify(*batch[-1]))
    expected = [case.get("expected") is True for case in WYCHEPROOF.cases("ed25519_verify")]
    assert crypto.batch_verify(*zip(*batch)) == expected


def test_a_batch_says_what_single_checks_say_of_edge_encodings_at_random_places() -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    choose = random.Random(seed)
    sections = [File("rust-crypto/vectors/crypto.json").cases("ed25519_verify"), WYCHEPROOF.cases("ed25519_verify")]
    triples = [unhex(case, "public_key", "message", "signature") for section in sections for case in section]
    verdicts: list[bool] = []
    for triple in triples:
        try:
            verdicts.append(crypto.ed25519_verify(*triple))
        except CryptoError:
            verdicts.append(False)
    good = [i for i, holds in enumerate(verdicts) if holds]
    assert 50 < len(good) < len(triples) - 50
    for round in range(60):
        # From nothing but good signatures to nothing but edges.
        chosen = [
            choose.randrange(len(triples)) if choose.randrange(10) < round % 11 else choose.choice(good)
            for _ in range(choose.randrange(1, 90))
        ]
        assert crypto.batch_verify(*zip(*(triples[i] for i in chosen))) == [verdicts[i] for i in chosen], chosen


def test_a_batch_says_what_single_checks_say() -> None:
    pairs = [crypto.Ed25519KeyPair() for _ in range(64)]
    messages = [bytes([i]) * i for i in range(64)]
    keys = [pair.public_key() for pair in pairs]
    signatures = [pair.sign(message) for pair, message in zip(pairs, messages)]
    assert crypto.batch_verify(keys, messages, signatures) == [True] * 64
    signatures[3], keys[7], messages[11] = bytes(64), b"short", b"other"
    expected = [i not in (3, 7, 11) for i in range(64)]
    assert crypto.batch_verify(keys, iter(messages), tuple(signatures)) == expected
    assert crypto.batch_verify([], [], []) == []
    assert crypto.batch_verify(keys[:2], messages[:3], []) == [False] * 3
    for wrong in (b"bytes", "text", [1], None):
        with pytest.raises(TypeError):
            crypto.batch_verify(wrong, messages, signatures)  # type: ignore[arg-type]


def test_every_section_of_the_vectors_is_read() -> None:
    """Last, when the others have read theirs. Runs alone only with them."""
    for file in (PRIMITIVES, WYCHEPROOF, BLAKE3):
        assert not file.unread
