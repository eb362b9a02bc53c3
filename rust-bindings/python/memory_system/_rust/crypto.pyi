"""
Hashes, signatures, sealing, random values and offline proofs.

Binary arguments are any C-contiguous buffer. `bytes` are used where they are; other buffers are copied once,
because the stable interface of Python 3.10 gives no safe way to lend them. The interpreter lock is released
for inputs over 2047 bytes.
"""

from typing import Final, final
from typing_extensions import Buffer

__all__ = ["Ed25519KeyPair", "HashAlgorithm", "IncrementalHasher", "SecureBuffer", "VerifiedRecord", "blake3_hash", "blake3_hex", "compute_agent_fingerprint", "compute_state_hash", "constant_time_eq", "ed25519_verify", "ed25519_verify_hex", "generate_token", "generate_token_base64", "generate_token_base64url", "hash", "hash_hex", "random_bytes", "random_hex", "sha384", "sha384_hex", "verify_record_proof", "xchacha20poly1305_decrypt", "xchacha20poly1305_encrypt"]

@final
class Ed25519KeyPair:
    """
    A secret Ed25519 key with the public key derived from it. Wiped by `wipe()` and when it is collected.
    """
    def __new__(cls, /) -> Ed25519KeyPair: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def from_pkcs8(der: Buffer | SecureBuffer) -> Ed25519KeyPair:
        """
        The key pair of a 48-byte PKCS#8 document (RFC 8410, version 0).
        """
    @staticmethod
    def from_secret(secret: Buffer | SecureBuffer) -> Ed25519KeyPair:
        """
        The key pair of a 32-byte RFC 8032 seed, or of the 48-byte PKCS#8 form that `from_pkcs8` takes.
        """
    def public_key(self, /) -> bytes:
        """
        The public key, 32 bytes.
        """
    def public_key_hex(self, /) -> str:
        """
        The public key, 64 hexadecimal characters.
        """
    def secret_key(self, /) -> bytes:
        """
        The 32-byte seed: an explicit copy of the secret in Python's memory, which nothing wipes for you.
        """
    def sign(self, /, message: Buffer) -> bytes:
        """
        The signature of `message`, 64 bytes; the same key and message always give the same signature.
        """
    def sign_hex(self, /, message: Buffer) -> str:
        """
        `sign` as 128 hexadecimal characters.
        """
    def to_pkcs8(self, /) -> bytes:
        """
        The seed as a 48-byte PKCS#8 document; a copy of the secret, as with `secret_key`.
        """
    def wipe(self, /) -> None:
        """
        Wipes the secret. Every later use but `wipe` raises.
        """

@final
class HashAlgorithm:
    """
    A hash function. The numbers are fixed; 3, 4 and 5 belong to SHA-3, which is not offered.
    """
    Blake3: Final[HashAlgorithm]
    """
    BLAKE3 without a key, 32 bytes.
    """
    Sha256: Final[HashAlgorithm]
    """
    SHA-256, 32 bytes.
    """
    Sha384: Final[HashAlgorithm]
    """
    SHA-384, 48 bytes.
    """
    Sha512: Final[HashAlgorithm]
    """
    SHA-512, 64 bytes.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __int__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...

@final
class IncrementalHasher:
    """
    A hash of data that arrives in pieces; how it was cut does not change the digest.
    """
    def __new__(cls, /, algorithm: HashAlgorithm | int) -> IncrementalHasher: ...
    def clone(self, /) -> IncrementalHasher:
        """
        A hasher that has seen the same data and goes on independently.
        """
    def finalize(self, /) -> bytes:
        """
        The digest of everything taken in. Afterwards every use but `reset` raises `HASHER_FINALIZED`.
        """
    def finalize_hex(self, /) -> str:
        """
        `finalize` in lower-case hexadecimal.
        """
    def reset(self, /) -> None:
        """
        Forgets everything taken in; a finished hasher becomes usable again.
        """
    def update(self, /, data: Buffer) -> None:
        """
        Takes in the next piece. Raises `HASHER_FINALIZED` after the digest was taken.
        """

@final
class SecureBuffer:
    """
    Secret bytes of a fixed length, outside Python's memory, wiped by `wipe()` and when collected, never printed.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, length: int) -> SecureBuffer:
        """
        `length` zero bytes.
        """
    def __repr__(self, /) -> str: ...
    @staticmethod
    def copy_of(data: Buffer) -> SecureBuffer:
        """
        A copy of `data`, which the caller should then overwrite.
        """
    def expose(self, /) -> bytes:
        """
        An explicit copy of the secret in Python's memory, which nothing wipes for you.
        """
    @staticmethod
    def random(length: int) -> SecureBuffer:
        """
        `length` random bytes.
        """
    def wipe(self, /) -> None:
        """
        Overwrites the bytes and leaves the buffer empty.
        """

@final
class VerifiedRecord:
    """
    What a checked proof says: who wrote which record, and where in its journal.
    """
    def __repr__(self, /) -> str: ...
    @property
    def author(self, /) -> str:
        """
        The author's public key, 64 hexadecimal characters.
        """
    @property
    def commit_hash(self, /) -> str:
        """
        The hash of the commit, 64 hexadecimal characters.
        """
    @property
    def content(self, /) -> bytes:
        """
        The record's content.
        """
    @property
    def incarnation(self, /) -> int:
        """
        Which of the author's journals.
        """
    @property
    def key_epoch(self, /) -> int:
        """
        The namespace's key epoch; 0 is plain.
        """
    @property
    def kind(self, /) -> int:
        """
        What kind of record it is; 1 remembers.
        """
    @property
    def leaf(self, /) -> str:
        """
        The record's id: its leaf, 64 hexadecimal characters.
        """
    @property
    def namespace(self, /) -> str:
        """
        The namespace's id, 32 hexadecimal characters.
        """
    @property
    def sequence(self, /) -> int:
        """
        The record's number in that journal.
        """
    @property
    def time_logical(self, /) -> int:
        """
        The logical part of the record's hybrid time.
        """
    @property
    def time_ms(self, /) -> int:
        """
        Milliseconds since 1970 of the record's hybrid time.
        """

def blake3_hash(data: Buffer) -> bytes:
    """
    BLAKE3 of `data` without a key, 32 bytes.
    """

def blake3_hex(data: Buffer) -> str:
    """
    BLAKE3 of `data` without a key, 64 hexadecimal characters.
    """

def compute_agent_fingerprint(agent_id: str, name: str, created_at: str) -> str:
    """
    SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
    """

def compute_state_hash(state_json: str) -> str:
    """
    BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
    """

def constant_time_eq(a: Buffer, b: Buffer) -> bool:
    """
    Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
    """

def ed25519_verify(public_key: Buffer, message: Buffer, signature: Buffer) -> bool:
    """
    Whether `signature` (64 bytes) is the signature of `message` by `public_key` (32 bytes).

    Raises `CryptoError` with `INVALID_KEY_LENGTH` or `INVALID_SIGNATURE` for wrong lengths and for a key that is not a
    point of the curve.
    """

def ed25519_verify_hex(public_key_hex: str, message: Buffer, signature_hex: str) -> bool:
    """
    `ed25519_verify` with key and signature in hexadecimal; `INVALID_HEX` as well.
    """

def generate_token(length: int) -> str:
    """
    A token of `length` random bytes, as `2 * length` hexadecimal characters.
    """

def generate_token_base64(length: int) -> str:
    """
    A token of `length` random bytes in standard base64 with padding.
    """

def generate_token_base64url(length: int) -> str:
    """
    A token of `length` random bytes in the URL alphabet of base64, without padding.
    """

def hash(data: Buffer, algorithm: HashAlgorithm | int) -> bytes:
    """
    The digest of `data`.
    """

def hash_hex(data: Buffer, algorithm: HashAlgorithm | int) -> str:
    """
    The digest of `data` in lower-case hexadecimal.
    """

def random_bytes(length: int) -> bytes:
    """
    `length` random bytes from the system's generator, at most 2^30.
    """

def random_hex(length: int) -> str:
    """
    `length` random bytes as `2 * length` hexadecimal characters.
    """

def sha384(data: Buffer) -> bytes:
    """
    SHA-384 of `data`, 48 bytes.
    """

def sha384_hex(data: Buffer) -> str:
    """
    SHA-384 of `data`, 96 hexadecimal characters.
    """

def verify_record_proof(proof: Buffer) -> VerifiedRecord:
    """
    Checks an exported record proof.

    A proof shows that the holder of the author's key committed to this record; it does not show that what the record
    says is true. Raises `CryptoError` with `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that
    does not hold.
    """

def xchacha20poly1305_decrypt(data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> bytes:
    """
    Opens what `xchacha20poly1305_encrypt` sealed with the same key and `aad`.

    Raises `DecryptError` without saying which part is wrong, `CryptoError` with `DATA_TOO_SHORT` below 40 bytes.
    """

def xchacha20poly1305_encrypt(data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> bytes:
    """
    Seals `data` under a 32-byte key: nonce (24), ciphertext, tag (16), with a fresh random nonce.

    `aad` is authenticated and not part of the output; opening needs the same bytes.
    """
