"""
Hashes, signatures, sealing, key derivation, random values and offline proofs.

Binary arguments are any C-contiguous buffer, used where it is; functions named `..._into` write into a buffer of
the caller. The interpreter lock is released for inputs over 2047 bytes and while keys are derived: do not write to
a buffer that another thread has lent.
"""

from .security import SecureBuffer
from collections.abc import Iterable
from typing import Final, final
from typing_extensions import Buffer

__all__ = ["Ed25519KeyPair", "EnvelopeHeader", "HashAlgorithm", "IncrementalHasher", "Sealer", "StreamOpener", "StreamSealer", "VerifiedRecord", "X25519KeyPair", "aes_gcm_decrypt", "aes_gcm_decrypt_aad", "aes_gcm_decrypt_into", "aes_gcm_encrypt", "aes_gcm_encrypt_aad", "aes_gcm_encrypt_into", "aes_gcm_siv_decrypt", "aes_gcm_siv_decrypt_into", "aes_gcm_siv_encrypt", "aes_gcm_siv_encrypt_into", "argon2id_derive_key", "batch_hash", "batch_verify", "blake3_derive_key", "blake3_hash", "blake3_hash_into", "blake3_hex", "blake3_keyed", "blake3_xof", "compute_agent_fingerprint", "compute_agent_fingerprint_v2", "compute_state_hash", "compute_state_hash_canonical", "constant_time_eq", "decrypt_with_password", "describe_envelope", "ed25519_verify", "ed25519_verify_hex", "encrypt_with_password", "generate_aes_key", "generate_salt", "generate_token", "generate_token_base64", "generate_token_base64url", "hash", "hash_hex", "hash_into", "hkdf_sha256", "hmac_sha256", "hmac_sha384", "hmac_sha512", "hpke_seal", "is_recipient", "open", "open_with_password", "pbkdf2_sha256_derive_key", "random_bytes", "random_bytes_into", "random_hex", "scrypt_derive_key", "seal", "seal_to", "seal_with_password", "sha384", "sha384_hex", "sha384_into", "verify_record_proof", "verify_state_hash", "xchacha20poly1305_decrypt", "xchacha20poly1305_decrypt_into", "xchacha20poly1305_encrypt", "xchacha20poly1305_encrypt_into"]

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
class EnvelopeHeader:
    """
    What an envelope says of itself before any key. Nothing of it is authenticated.
    """
    @property
    def key_id(self, /) -> int | None:
        """
        The number of the key, unless it is a password's.
        """
    @property
    def suite(self, /) -> int:
        """
        1 for XChaCha20-Poly1305, 2 for XAES-256-GCM.
        """
    @property
    def takes_password(self, /) -> bool:
        """
        Whether it opens with a password.
        """

@final
class HashAlgorithm:
    """
    A hash function. The numbers are fixed.
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
    Sha3_256: Final[HashAlgorithm]
    """
    SHA3-256, 32 bytes.
    """
    Sha3_384: Final[HashAlgorithm]
    """
    SHA3-384, 48 bytes.
    """
    Sha3_512: Final[HashAlgorithm]
    """
    SHA3-512, 64 bytes.
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
class Sealer:
    """
    AES-256-GCM that counts: a key seals at most 2^32 messages, then `seal` raises `KEY_EXHAUSTED`.

    The count is of this object. Where a key outlives it, keep `sealed_messages` with the key and `resume` with both.
    """
    def __new__(cls, /, key: Buffer | SecureBuffer) -> Sealer:
        """
        A sealer for a 32-byte key that has sealed nothing yet.
        """
    def __repr__(self, /) -> str: ...
    def open(self, /, sealed: Buffer, aad: Buffer = ...) -> bytes:
        """
        Opens as `aes_gcm_decrypt_aad` does. Not counted.
        """
    @staticmethod
    def resume(key: Buffer | SecureBuffer, sealed_messages: int) -> Sealer:
        """
        A sealer for a key that has sealed so many messages already.
        """
    def seal(self, /, plaintext: Buffer, aad: Buffer = ...) -> bytes:
        """
        Seals as `aes_gcm_encrypt_aad` does.
        """
    @property
    def sealed_messages(self, /) -> int:
        """
        How many messages the key has sealed.
        """

@final
class StreamOpener:
    """
    Opens a sealed stream. What `update` returns is authentic so far; that the stream is whole is known when `finish` has
    returned, and not before.
    """
    def __new__(cls, /, key: Buffer | SecureBuffer, context: Buffer, *, key_id: int = ...) -> StreamOpener:
        """
        Opens under a 32-byte key for the context the stream was sealed for. `key_id` must be the stream's, 1 by default.
        """
    def __repr__(self, /) -> str: ...
    def finish(self, /) -> bytes:
        """
        The plaintext of the last chunk. Raises `DecryptError` when the stream was cut off.
        """
    def update(self, /, sealed: Buffer) -> bytes:
        """
        Takes the next sealed bytes; gives the plaintext of the chunks that are complete, which may be none.
        """
    @staticmethod
    def with_password(password: str, context: Buffer) -> StreamOpener:
        """
        Opens under a password.
        """

@final
class StreamSealer:
    """
    Seals a stream under a 32-byte key, bound to `context`. What `update` and `finish` return is the sealed stream.
    """
    def __new__(cls, /, key: Buffer | SecureBuffer, context: Buffer, *, key_id: int = ..., suite: int = ...) -> StreamSealer:
        """
        Begins a stream. The number of the key and the suite as for `seal`.
        """
    def __repr__(self, /) -> str: ...
    def finish(self, /) -> bytes:
        """
        Seals the last chunk and ends the stream. Every later use raises.
        """
    def update(self, /, data: Buffer) -> bytes:
        """
        Seals the next bytes; gives the chunks that became full, which may be none.
        """
    @staticmethod
    def with_password(password: str, context: Buffer, *, m_kib: int = ..., t: int = ..., p: int = ...) -> StreamSealer:
        """
        Begins a stream under a password, with a fresh salt. Costs as for `argon2id_derive_key`.
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

@final
class X25519KeyPair:
    """
    A secret X25519 key with its public key, to which others seal. Wiped by `wipe()` and when it is collected.
    """
    def __new__(cls, /) -> X25519KeyPair: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def derive(keying_material: Buffer | SecureBuffer) -> X25519KeyPair:
        """
        The key pair derived from keying material of at least 32 bytes (RFC 9180 section 7.1.3).
        """
    @staticmethod
    def from_secret(secret: Buffer | SecureBuffer) -> X25519KeyPair:
        """
        The key pair of 32 secret bytes.
        """
    def hpke_open(self, /, sealed: Buffer, info: Buffer, aad: Buffer, *, aead: str = ..., sender: Buffer | None = None) -> bytes:
        """
        Opens what `hpke_seal` sealed to this key, or, with `sender`, what that key pair sealed.
        """
    def hpke_seal(self, /, recipient: Buffer, plaintext: Buffer, info: Buffer, aad: Buffer, *, aead: str = ...) -> bytes:
        """
        Seals as `hpke_seal` does, in auth mode: the recipient sees that this key pair did, and can show it to nobody else.
        """
    def open(self, /, sealed: Buffer, context: Buffer, *, sender: Buffer | None = None) -> bytes:
        """
        Opens what was sealed to this key among others, or, with `sender`, what that key pair sealed.
        """
    def public_key(self, /) -> bytes:
        """
        The public key, 32 bytes.
        """
    def seal_to(self, /, recipients: Iterable[Buffer], plaintext: Buffer, context: Buffer, *, suite: int = ...) -> bytes:
        """
        Seals one message to several public keys as `seal_to` does, showing each recipient that this key pair did.
        """
    def secret_key(self, /) -> bytes:
        """
        The secret key: an explicit copy in Python's memory, which nothing wipes for you.
        """
    def wipe(self, /) -> None:
        """
        Wipes the secret. Every later use but `wipe` raises.
        """

def aes_gcm_decrypt(encrypted: Buffer, key: Buffer | SecureBuffer) -> bytes:
    """
    Opens what `aes_gcm_encrypt` sealed under the same key.

    Raises `DecryptError` without saying which part is wrong, `CryptoError` with `DATA_TOO_SHORT` below 28 bytes.
    """

def aes_gcm_decrypt_aad(encrypted: Buffer, key: Buffer | SecureBuffer, aad: Buffer) -> bytes:
    """
    Opens what `aes_gcm_encrypt_aad` sealed under the same key with the same associated data.
    """

def aes_gcm_decrypt_into(out: Buffer, encrypted: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> None:
    """
    `aes_gcm_decrypt_aad` into a writable buffer that has 28 bytes less than `encrypted`; it is zero after a failure.
    """

def aes_gcm_encrypt(plaintext: Buffer, key: Buffer | SecureBuffer) -> bytes:
    """
    AES-256-GCM: nonce (12), ciphertext, tag (16), with a fresh random nonce. At most 2^32 messages under one key.
    """

def aes_gcm_encrypt_aad(plaintext: Buffer, key: Buffer | SecureBuffer, aad: Buffer) -> bytes:
    """
    `aes_gcm_encrypt` with associated data: authenticated, not part of the output, needed to open.
    """

def aes_gcm_encrypt_into(out: Buffer, plaintext: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> None:
    """
    `aes_gcm_encrypt_aad` into a writable buffer that has 28 bytes more than `plaintext`.
    """

def aes_gcm_siv_decrypt(data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> bytes:
    """
    Opens what `aes_gcm_siv_encrypt` sealed under the same key with the same associated data.
    """

def aes_gcm_siv_decrypt_into(out: Buffer, data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> None:
    """
    `aes_gcm_siv_decrypt` into a writable buffer that has 28 bytes less than `data`; it is zero after a failure.
    """

def aes_gcm_siv_encrypt(data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> bytes:
    """
    AES-256-GCM-SIV (RFC 8452): nonce (12), ciphertext, tag (16). Even a nonce that is used again reveals only equal messages.
    """

def aes_gcm_siv_encrypt_into(out: Buffer, data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> None:
    """
    `aes_gcm_siv_encrypt` into a writable buffer that has 28 bytes more than `data`.
    """

def argon2id_derive_key(password: Buffer | SecureBuffer, salt: Buffer, *, m_kib: int = ..., t: int = ..., p: int = ..., length: int = ...) -> bytes:
    """
    Argon2id version 1.3 (RFC 9106). By default 19456 KiB, 2 passes, 1 lane, 32 bytes.

    Bounds: `m_kib` 8192 to 1048576, `t` 1 to 16, `p` 1 to 8, `length` 4 to 1024; a salt of at least 8 bytes. Raises
    `CryptoError` with `UNSUPPORTED` or `INVALID_ARGUMENT` outside of them, before anything is allocated.
    """

def batch_hash(messages: Iterable[Buffer], algorithm: HashAlgorithm | int) -> list[str]:
    """
    The digests of many messages in lower-case hexadecimal, in their order.
    """

def batch_verify(public_keys: Iterable[Buffer], messages: Iterable[Buffer], signatures: Iterable[Buffer]) -> list[bool]:
    """
    Whether each signature is the signature of its message by its public key: element for element what `ed25519_verify`
    gives, where an element that raises there is `False` here.

    Many signatures are checked with one equation, several times as fast as one by one. Unequal numbers give `False`
    throughout, as many as there are of what there is most of.
    """

def blake3_derive_key(context: str, ikm: Buffer | SecureBuffer) -> bytes:
    """
    A key of 32 bytes derived from key material. `context` is a constant of the application that nothing else uses.
    """

def blake3_hash(data: Buffer) -> bytes:
    """
    BLAKE3 of `data` without a key, 32 bytes.
    """

def blake3_hash_into(out: Buffer, data: Buffer) -> None:
    """
    `blake3_hash` into a writable buffer of 32 bytes.
    """

def blake3_hex(data: Buffer) -> str:
    """
    BLAKE3 of `data` without a key, 64 hexadecimal characters.
    """

def blake3_keyed(key: Buffer | SecureBuffer, data: Buffer) -> bytes:
    """
    BLAKE3 of `data` under a key of 32 bytes, 32 bytes: a message authentication code.
    """

def blake3_xof(data: Buffer, length: int) -> bytes:
    """
    BLAKE3 of `data` with `length` bytes of output, at most 2^30.
    """

def compute_agent_fingerprint(agent_id: str, name: str, created_at: str) -> str:
    """
    SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
    """

def compute_agent_fingerprint_v2(agent_id: str, name: str, created_at: str) -> str:
    """
    The second form of `compute_agent_fingerprint`: fields are kept apart by their lengths, 96 hexadecimal characters.
    """

def compute_state_hash(state_json: str) -> str:
    """
    BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
    """

def compute_state_hash_canonical(state_json: str) -> str:
    """
    BLAKE3 of the text as canonical JSON (RFC 8785), so that the order of keys and white space do not count.

    Raises `CryptoError` with `SERIALIZATION` for a text that is not strict JSON.
    """

def constant_time_eq(a: Buffer, b: Buffer) -> bool:
    """
    Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
    """

def decrypt_with_password(encrypted: Buffer, password: str, *, legacy_fallback_n: bool = False) -> bytes:
    """
    Opens what `encrypt_with_password` or `seal_with_password` sealed; a context cannot be given here.

    With `legacy_fallback_n` a record that does not open is tried with N = 2^15 too, which an older system used at times.
    """

def describe_envelope(envelope: Buffer) -> EnvelopeHeader:
    """
    What an envelope says of itself before any key: the suite, and the number of its key or that it takes a password.
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

def encrypt_with_password(plaintext: Buffer, password: str) -> bytes:
    """
    Seals under a password: salt (32), nonce (12), ciphertext, tag (16), the key made by scrypt with N = 2^14.

    Deprecated, for readers of the older format. New data is sealed by `seal_with_password`.
    """

def generate_aes_key() -> bytes:
    """
    A random AES-256 key, 32 bytes.
    """

def generate_salt() -> bytes:
    """
    A random salt for key derivation, 32 bytes.
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

def hash_into(out: Buffer, data: Buffer, algorithm: HashAlgorithm | int) -> None:
    """
    `hash` into a writable buffer of exactly the digest's length.
    """

def hkdf_sha256(ikm: Buffer | SecureBuffer, salt: Buffer, info: Buffer, length: int) -> bytes:
    """
    HKDF-SHA-256 (RFC 5869) of key material: `length` bytes, at most 8160. An empty salt stands for 32 zero bytes.
    """

def hmac_sha256(key: Buffer | SecureBuffer, data: Buffer) -> bytes:
    """
    HMAC-SHA-256 (RFC 2104) under a key of any length, 32 bytes.
    """

def hmac_sha384(key: Buffer | SecureBuffer, data: Buffer) -> bytes:
    """
    HMAC-SHA-384 (RFC 2104) under a key of any length, 48 bytes.
    """

def hmac_sha512(key: Buffer | SecureBuffer, data: Buffer) -> bytes:
    """
    HMAC-SHA-512 (RFC 2104) under a key of any length, 64 bytes.
    """

def hpke_seal(recipient: Buffer, plaintext: Buffer, info: Buffer, aad: Buffer, *, aead: str = ...) -> bytes:
    """
    Seals `plaintext` to the holder of `recipient`, an X25519 public key (HPKE, RFC 9180, base mode, `info` and `aad`
    bound). Anybody can: the result says nothing of who did. `aead` is `chacha20-poly1305` or `aes-256-gcm`.
    """

def is_recipient(public_key: Buffer, sealed: Buffer) -> bool:
    """
    Whether a public key is among the recipients of what `seal_to` gave. Nothing of it is authenticated before opening.
    """

def open(envelope: Buffer, key: Buffer | SecureBuffer, context: Buffer) -> bytes:
    """
    Opens an envelope under a 32-byte key for the context it was sealed for.

    Raises `DecryptError` for a wrong key or context and for every change, without saying which.
    """

def open_with_password(envelope: Buffer, password: str, context: Buffer) -> tuple[bytes, bool]:
    """
    Opens what `seal_with_password` sealed for the same context. Beside the plaintext it tells whether the cost is dated,
    so that it should be sealed anew while the password is at hand.
    """

def pbkdf2_sha256_derive_key(password: Buffer | SecureBuffer, salt: Buffer, iterations: int, length: int) -> bytes:
    """
    PBKDF2-HMAC-SHA-256 (RFC 8018): `length` bytes, 1 to 1024. For what must be read; Argon2id is for what is new.
    """

def random_bytes(length: int) -> bytes:
    """
    `length` random bytes from the system's generator, at most 2^30.
    """

def random_bytes_into(out: Buffer) -> None:
    """
    Fills a writable buffer with random bytes.
    """

def random_hex(length: int) -> str:
    """
    `length` random bytes as `2 * length` hexadecimal characters.
    """

def scrypt_derive_key(password: Buffer | SecureBuffer, salt: Buffer, key_length: int) -> bytes:
    """
    scrypt (RFC 7914) with N = 2^14, r = 8, p = 1: `key_length` bytes, 1 to 1024.
    """

def seal(plaintext: Buffer, key: Buffer | SecureBuffer, context: Buffer, *, key_id: int = ..., suite: int = ...) -> bytes:
    """
    Seals `plaintext` under a 32-byte key, bound to `context`: what the record is, such as its table and id.

    The key has a number of its own, 1 by default. Suite 1 is XChaCha20-Poly1305, 2 is XAES-256-GCM.
    """

def seal_to(recipients: Iterable[Buffer], plaintext: Buffer, context: Buffer, *, suite: int = ...) -> bytes:
    """
    Seals one message to the holders of up to 1024 X25519 public keys, bound to `context`. Their order does not matter.
    """

def seal_with_password(plaintext: Buffer, password: str, context: Buffer, *, m_kib: int = ..., t: int = ..., p: int = ...) -> bytes:
    """
    Seals under a key that Argon2id makes from `password`, with a fresh salt. Costs as for `argon2id_derive_key`.
    """

def sha384(data: Buffer) -> bytes:
    """
    SHA-384 of `data`, 48 bytes.
    """

def sha384_hex(data: Buffer) -> str:
    """
    SHA-384 of `data`, 96 hexadecimal characters.
    """

def sha384_into(out: Buffer, data: Buffer) -> None:
    """
    `sha384` into a writable buffer of 48 bytes.
    """

def verify_record_proof(proof: Buffer) -> VerifiedRecord:
    """
    Checks an exported record proof.

    A proof shows that the holder of the author's key committed to this record; it does not show that what the record
    says is true. Raises `CryptoError` with `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that
    does not hold.
    """

def verify_state_hash(state_json: str, hex: str) -> str | None:
    """
    Which hash of the text `hex` is: `blake3`, `sha256-legacy` (an older system wrote those), or `None`.
    """

def xchacha20poly1305_decrypt(data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> bytes:
    """
    Opens what `xchacha20poly1305_encrypt` sealed with the same key and `aad`.

    Raises `DecryptError` without saying which part is wrong, `CryptoError` with `DATA_TOO_SHORT` below 40 bytes.
    """

def xchacha20poly1305_decrypt_into(out: Buffer, data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> None:
    """
    `xchacha20poly1305_decrypt` into a writable buffer that has 40 bytes less than `data`; it is zero after a failure.
    """

def xchacha20poly1305_encrypt(data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> bytes:
    """
    Seals `data` under a 32-byte key: nonce (24), ciphertext, tag (16), with a fresh random nonce.

    `aad` is authenticated and not part of the output; opening needs the same bytes.
    """

def xchacha20poly1305_encrypt_into(out: Buffer, data: Buffer, key: Buffer | SecureBuffer, aad: Buffer = ...) -> None:
    """
    `xchacha20poly1305_encrypt` into a writable buffer that has 40 bytes more than `data`.
    """
