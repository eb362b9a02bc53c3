"""Times of memory_system._rust.crypto beside PyCA cryptography and hashlib, from the wheels as they are installed.

usage: crypto.py ROUNDS MILLISECONDS. Prints JSON. Both must be importable.

The sides take turns, back and forth. Every rival is called in the fastest way it has, and the objects it can keep are kept.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable

import cryptography
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from memory_system._rust import crypto

KEYS = 64
MESSAGE_BYTES = 200
KEY = bytes(range(32))
PYCA = f"cryptography {cryptography.__version__}"


def main() -> None:
    rounds, milliseconds = int(sys.argv[1]), float(sys.argv[2])
    results = []
    for name, size, rival, ours, other in comparisons():
        us: dict[str, list[float]] = {"ours": [], "other": []}
        for at in range(rounds):
            sides = [("ours", ours), ("other", other)]
            for side, work in sides if at % 2 == 0 else sides[::-1]:
                us[side].append(measure(work, milliseconds / 1e3))
        results.append({"name": name, "size": size, "rival": rival, "us": us})
    print(
        json.dumps(
            {
                "python": sys.version.split()[0],
                "versions": [PYCA, f"hashlib with {__import__('ssl').OPENSSL_VERSION}"],
                "rounds": rounds,
                "milliseconds": milliseconds,
                "results": results,
            }
        )
    )


def comparisons() -> list[tuple[str, int, str, Callable[[], object], Callable[[], object]]]:
    found: list[tuple[str, int, str, Callable[[], object], Callable[[], object]]] = []
    aead = AESGCM(KEY)
    for size in (1024, 16_384, 1 << 20):
        data = bytes(i * 7 & 255 for i in range(size))
        sealed = crypto.aes_gcm_encrypt(data, KEY)
        # The rival takes the nonce beside the message, so that it is spared one copy of it.
        nonce, rest = sealed[:12], sealed[12:]
        assert aead.decrypt(nonce, rest, None) == crypto.aes_gcm_decrypt(sealed, KEY) == data
        out = bytearray(size + 28)
        found += [
            ("AES-256-GCM, seal", size, PYCA, lambda data=data: crypto.aes_gcm_encrypt(data, KEY), lambda data=data: aead.encrypt(os.urandom(12), data, None)),
            ("AES-256-GCM, open", size, PYCA, lambda sealed=sealed: crypto.aes_gcm_decrypt(sealed, KEY), lambda nonce=nonce, rest=rest: aead.decrypt(nonce, rest, None)),
        ]
        if hasattr(aead, "encrypt_into"):
            target = memoryview(bytearray(size + 16))
            found.append(
                (
                    "AES-256-GCM, seal into a buffer", size, PYCA,
                    lambda data=data, out=out: crypto.aes_gcm_encrypt_into(out, data, KEY),
                    lambda data=data, target=target: aead.encrypt_into(os.urandom(12), data, None, target),
                )
            )  # fmt: skip
    for size in (64, 16_384, 1 << 20):
        data = bytes(size)
        assert hashlib.sha256(data).digest() == crypto.hash(data, 0)
        found.append(("SHA-256", size, "hashlib", lambda data=data: crypto.hash(data, 0), lambda data=data: hashlib.sha256(data).digest()))

    pairs = [Ed25519PrivateKey.generate() for _ in range(KEYS)]
    raw = [pair.public_key().public_bytes_raw() for pair in pairs]
    messages = [bytes([i]) * MESSAGE_BYTES for i in range(KEYS)]
    signatures = [pair.sign(message) for pair, message in zip(pairs, messages)]
    loaded = [pair.public_key() for pair in pairs]
    ours_pair = crypto.Ed25519KeyPair.from_secret(pairs[0].private_bytes_raw())
    assert ours_pair.sign(messages[0]) == signatures[0] and all(crypto.batch_verify(raw, messages, signatures))

    def verify_ours() -> None:
        for key, message, signature in zip(raw, messages, signatures):
            assert crypto.ed25519_verify(key, message, signature)

    def verify_loaded() -> None:
        for key, message, signature in zip(loaded, messages, signatures):
            key.verify(signature, message)

    def verify_raw() -> None:
        for key, message, signature in zip(raw, messages, signatures):
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)

    own = [pairs[0].sign(message) for message in messages]

    def verify_own() -> None:
        for message, signature in zip(messages, own):
            loaded[0].verify(signature, message)

    found += [
        ("Ed25519, 64 verified one by one", MESSAGE_BYTES, f"{PYCA}, keys from bytes", verify_ours, verify_raw),
        ("Ed25519, 64 verified one by one", MESSAGE_BYTES, f"{PYCA}, keys kept", verify_ours, verify_loaded),
        ("Ed25519, 64 verified at once", MESSAGE_BYTES, f"{PYCA}, keys kept", lambda: crypto.batch_verify(raw, messages, signatures), verify_loaded),
        ("Ed25519, 64 of one key at once", MESSAGE_BYTES, f"{PYCA}, key kept", lambda: crypto.batch_verify(raw[:1] * KEYS, messages, own), verify_own),
        ("Ed25519, signed", MESSAGE_BYTES, f"{PYCA}, key kept", lambda: ours_pair.sign(messages[0]), lambda: pairs[0].sign(messages[0])),
    ]
    cost = {"m_kib": 19_456, "t": 2, "p": 1}

    def rival_argon2() -> bytes:
        return Argon2id(salt=KEY, length=32, iterations=2, lanes=1, memory_cost=19_456).derive(b"password")

    assert rival_argon2() == crypto.argon2id_derive_key(b"password", KEY, **cost)
    found.append(("Argon2id, 19 MiB, 2, 1", 8, PYCA, lambda: crypto.argon2id_derive_key(b"password", KEY, **cost), rival_argon2))
    return found


def measure(work: Callable[[], object], seconds: float) -> float:
    """Microseconds of one call, from as many as fit."""
    work()
    calls, spent, step = 0, 0.0, 1
    while spent < seconds:
        start = time.perf_counter()
        for _ in range(step):
            work()
        spent += time.perf_counter() - start
        calls += step
        step = min(2 * step, 1000)
    return spent / calls * 1e6


if __name__ == "__main__":
    main()
