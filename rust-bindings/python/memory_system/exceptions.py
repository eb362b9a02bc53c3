"""What can go wrong, as exceptions with a stable code.

Callers branch on the class, or on ``code``, which never changes: ``memory/no-such-entry``, ``journal/disk-full``,
``DECRYPT_FAILED``. Texts are for people and hold no remembered text and no secret.
"""

from __future__ import annotations

__all__ = [
    "CertError",
    "ConfigurationError",
    "ConsensusError",
    "CrdtError",
    "CryptoError",
    "DecryptError",
    "KeyFormatError",
    "MemoryError",
    "RetrievalError",
    "StorageError",
    "SyncError",
    "ValidationError",
    "from_native",
]


class MemoryError(Exception):
    """The base of everything a memory raises. Not the builtin of this name, which means that there is no room.

    ``error_code`` is the family's code, such as ``STORAGE_READ_FAILED``; ``code`` says exactly what happened.
    """

    def __init__(
        self,
        message: str,
        error_code: str | None = None,
        details: dict[str, object] | None = None,
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code if error_code is not None else _default_code(type(self))
        self.details = details if details is not None else {}
        self.cause = cause
        self.code = self.error_code
        if cause is not None:
            self.__cause__ = cause

    def to_dict(self) -> dict[str, object]:
        """The error as plain values, for logs and messages."""
        values: dict[str, object] = {
            "error_type": type(self).__name__,
            "message": self.message,
            "error_code": self.error_code,
            "details": self.details,
        }
        if self.cause is not None:
            values["cause"] = str(self.cause)
        return values

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.error_code}: {self.message})"


class StorageError(MemoryError, RuntimeError):
    """The store could not be opened, read or written."""


class ValidationError(MemoryError, ValueError):
    """An argument cannot be used."""


class RetrievalError(MemoryError, ValueError):
    """What was asked for is not there, or cannot be told apart."""


class SyncError(MemoryError, RuntimeError):
    """Two stores could not be merged."""


class ConfigurationError(MemoryError, ValueError):
    """The agent's identity or its key file cannot be used."""


class CrdtError(MemoryError, ValueError):
    """Two replicas contradict each other, or what was given is no state, value or actor; nothing has changed."""


class ConsensusError(MemoryError, ValueError):
    """A proof does not hold, an input is out of place, or a simulated run shows what must not be (``consensus/violation``)."""


class CryptoError(ValueError):
    """A cryptographic operation failed; ``code`` says how."""

    def __init__(self, message: str, code: str = "INVALID_ARGUMENT") -> None:
        super().__init__(message)
        self.code = code


class DecryptError(CryptoError):
    """A sealed message did not open: another key, other associated data, or changed bytes."""

    def __init__(self, message: str, code: str = "DECRYPT_FAILED") -> None:
        super().__init__(message, code)


class KeyFormatError(CryptoError):
    """A text is not accepted as an API key. No part of it is in the message."""

    def __init__(self, message: str, code: str = "UnknownFormat") -> None:
        super().__init__(message, code)


class CertError(CryptoError):
    """A chain of certificates is refused; ``index`` says which certificate it is wrong with, where that can be told."""

    def __init__(self, message: str, code: str = "UnknownIssuer", index: int | None = None) -> None:
        super().__init__(message, code)
        self.index = index


def from_native(
    code: str, message: str, index: int | None = None, details: dict[str, object] | None = None
) -> Exception:
    """The exception for an error of the native module."""
    known = _CLASSES.get(code)
    if known is not None:
        error = known[0](message, known[1])
    elif code.startswith("embedding/") or code in _MODEL_CODES:
        # Imported when it is needed, so that a memory without vectors does not pay for it.
        from .embedding import exceptions as embedding

        return embedding.from_native(code, message, details)
    elif code == "DECRYPT_FAILED":
        return DecryptError(message)
    elif code in _KEY_FORMAT_CODES:
        return KeyFormatError(message, code)
    elif code in _CERT_CODES:
        return CertError(message, code, index)
    elif "/" not in code:
        return CryptoError(message, code)
    else:
        error = MemoryError(message)
    error.code = code
    return error


def _default_code(kind: type[MemoryError]) -> str:
    name = "".join("_" + letter if letter.isupper() else letter for letter in kind.__name__)
    return name.lstrip("_").upper().removesuffix("_ERROR")


# The class and family code for every code of rust-memory, rust-journal, rust-consensus, rust-crdt, rust-embedding and the bindings.
_CLASSES: dict[str, tuple[type[MemoryError], str]] = {
    "bindings/closed": (StorageError, "STORAGE_CONN_FAILED"),
    "bindings/internal": (MemoryError, "MEMORY"),
    "bindings/out-of-range": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "compress/limit-exceeded": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "compress/malformed": (ValidationError, "VALIDATION_INVALID_FORMAT"),
    "compress/out-of-memory": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "consensus/bad-proof": (ConsensusError, "CONSENSUS"),
    "consensus/bad-signature": (ConsensusError, "CONSENSUS"),
    "consensus/conflicting-votes": (ConsensusError, "CONSENSUS"),
    "consensus/crypto": (ConsensusError, "CONSENSUS"),
    "consensus/duplicate-member": (ConsensusError, "CONSENSUS"),
    "consensus/invalid-argument": (ConsensusError, "CONSENSUS"),
    "consensus/invalid-config": (ConsensusError, "CONSENSUS"),
    "consensus/invalid-id": (ConsensusError, "CONSENSUS"),
    "consensus/invalid-log": (ConsensusError, "CONSENSUS"),
    "consensus/invalid-state": (ConsensusError, "CONSENSUS"),
    "consensus/invalid-validator-set": (ConsensusError, "CONSENSUS"),
    "consensus/invalid-value": (ConsensusError, "CONSENSUS"),
    "consensus/journal": (ConsensusError, "CONSENSUS"),
    "consensus/log-damaged": (ConsensusError, "CONSENSUS"),
    "consensus/log-foreign": (ConsensusError, "CONSENSUS"),
    "consensus/log-held": (ConsensusError, "CONSENSUS"),
    "consensus/log-missing": (ConsensusError, "CONSENSUS"),
    "consensus/log-moved": (ConsensusError, "CONSENSUS"),
    "consensus/malformed": (ConsensusError, "CONSENSUS"),
    "consensus/no-values": (ConsensusError, "CONSENSUS"),
    "consensus/not-finite": (ConsensusError, "CONSENSUS"),
    "consensus/out-of-order": (ConsensusError, "CONSENSUS"),
    "consensus/out-of-range": (ConsensusError, "CONSENSUS"),
    "consensus/too-few-validators": (ConsensusError, "CONSENSUS"),
    "consensus/too-few-values": (ConsensusError, "CONSENSUS"),
    "consensus/too-large": (ConsensusError, "CONSENSUS"),
    "consensus/unknown-member": (ConsensusError, "CONSENSUS"),
    "consensus/unknown-round": (ConsensusError, "CONSENSUS"),
    "consensus/unsupported-version": (ConsensusError, "CONSENSUS"),
    "consensus/violation": (ConsensusError, "CONSENSUS"),
    "consensus/wrong-epoch": (ConsensusError, "CONSENSUS"),
    "crdt/agent-mismatch": (CrdtError, "CRDT"),
    "crdt/bad-signature": (CrdtError, "CRDT"),
    "crdt/clock-drift": (CrdtError, "CRDT"),
    "crdt/clock-exhausted": (CrdtError, "CRDT"),
    "crdt/content-mismatch": (CrdtError, "CRDT"),
    "crdt/counter-lowered": (CrdtError, "CRDT"),
    "crdt/counter-overflow": (CrdtError, "CRDT"),
    "crdt/equivocation": (CrdtError, "CRDT"),
    "crdt/invalid-actor": (CrdtError, "CRDT"),
    "crdt/invalid-dot": (CrdtError, "CRDT"),
    "crdt/invalid-json": (CrdtError, "CRDT"),
    "crdt/invalid-proof": (CrdtError, "CRDT"),
    "crdt/malformed": (CrdtError, "CRDT"),
    "crdt/membership": (CrdtError, "CRDT"),
    "crdt/mode-mismatch": (CrdtError, "CRDT"),
    "crdt/no-json-form": (CrdtError, "CRDT"),
    "crdt/not-finite": (CrdtError, "CRDT"),
    "crdt/orphan-limit": (CrdtError, "CRDT"),
    "crdt/out-of-range": (CrdtError, "CRDT"),
    "crdt/random-unavailable": (CrdtError, "CRDT"),
    "crdt/too-deep": (CrdtError, "CRDT"),
    "crdt/too-long": (CrdtError, "CRDT"),
    "crdt/too-many": (CrdtError, "CRDT"),
    "crdt/unit-mismatch": (CrdtError, "CRDT"),
    "crdt/unknown-parent": (CrdtError, "CRDT"),
    "crdt/unsafe-integer": (CrdtError, "CRDT"),
    "crdt/unsupported-version": (CrdtError, "CRDT"),
    "crdt/wrong-hash": (CrdtError, "CRDT"),
    "crdt/wrong-shape": (CrdtError, "CRDT"),
    "journal/corrupt": (StorageError, "STORAGE_READ_FAILED"),
    "journal/crypto": (StorageError, "STORAGE_WRITE_FAILED"),
    "journal/disk-full": (StorageError, "STORAGE_WRITE_FAILED"),
    "journal/forked": (StorageError, "STORAGE_CONN_FAILED"),
    "journal/format-too-new": (StorageError, "STORAGE_SCHEMA_MISMATCH"),
    "journal/invalid-argument": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "journal/io": (StorageError, "STORAGE_READ_FAILED"),
    "journal/no-content": (RetrievalError, "RETRIEVAL_NOT_FOUND"),
    "journal/not-a-store": (StorageError, "STORAGE_CONN_FAILED"),
    "journal/outcome-unknown": (StorageError, "STORAGE_WRITE_FAILED"),
    "journal/poisoned": (StorageError, "STORAGE_WRITE_FAILED"),
    "journal/read-only": (StorageError, "STORAGE_WRITE_FAILED"),
    "journal/too-large": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "journal/unsigned": (StorageError, "STORAGE_READ_FAILED"),
    "memory/ambiguous-entry": (RetrievalError, "RETRIEVAL_QUERY_FAILED"),
    "memory/cancelled": (SyncError, "SYNC_TIMEOUT"),
    "memory/clock-exhausted": (StorageError, "STORAGE_WRITE_FAILED"),
    "memory/content-absent": (RetrievalError, "RETRIEVAL_NOT_FOUND"),
    "memory/embedder": (ConfigurationError, "CONFIG_INVALID_VALUE"),
    "memory/empty-query": (ValidationError, "VALIDATION_EMPTY_INPUT"),
    "memory/empty-text": (ValidationError, "VALIDATION_EMPTY_INPUT"),
    "memory/host-malformed": (ConfigurationError, "CONFIG_INVALID_VALUE"),
    "memory/identity-exists": (ConfigurationError, "CONFIG_INVALID_VALUE"),
    "memory/identity-malformed": (ConfigurationError, "CONFIG_INVALID_VALUE"),
    "memory/identity-missing": (ConfigurationError, "CONFIG_FILE_NOT_FOUND"),
    "memory/invalid-agent-key": (ValidationError, "VALIDATION_INVALID_FORMAT"),
    "memory/invalid-entry-id": (ValidationError, "VALIDATION_INVALID_FORMAT"),
    "memory/invalid-name": (ValidationError, "VALIDATION_INVALID_FORMAT"),
    "memory/io": (StorageError, "STORAGE_READ_FAILED"),
    "memory/key-file-exposed": (ConfigurationError, "CONFIG_INVALID_VALUE"),
    "memory/local-file-malformed": (StorageError, "STORAGE_READ_FAILED"),
    "memory/no-embedder": (ConfigurationError, "CONFIG_MISSING_REQUIRED"),
    "memory/no-identity": (ConfigurationError, "CONFIG_MISSING_REQUIRED"),
    "memory/no-such-entry": (RetrievalError, "RETRIEVAL_NOT_FOUND"),
    "memory/no-such-namespace": (RetrievalError, "RETRIEVAL_NOT_FOUND"),
    "memory/not-text": (ValidationError, "VALIDATION_INVALID_FORMAT"),
    "memory/not-the-author": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "memory/same-store": (SyncError, "SYNC_CONFLICT"),
    "memory/secret-key": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "memory/too-large": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "similarity/dimension-mismatch": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "similarity/dimension-out-of-range": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "similarity/embedding-dimension": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "similarity/invalid-blob": (ValidationError, "VALIDATION_INVALID_FORMAT"),
    "similarity/no-capacity": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "similarity/query-dimension": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "similarity/ragged-matrix": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "tokens/invalid-json": (ValidationError, "VALIDATION_INVALID_FORMAT"),
    "tokens/out-of-range": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "tokens/special-token": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "tokens/unknown-model": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "tokens/unknown-special": (ValidationError, "VALIDATION_INVALID_VALUE"),
    "tokens/unknown-token": (ValidationError, "VALIDATION_INVALID_VALUE"),
}

# The codes of a local model, whose exceptions are those of `memory_system.embedding`.
_MODEL_CODES = frozenset(
    (
        "MODEL_FILE_MALFORMED", "MODEL_FILE_MISSING", "MODEL_FILE_TOO_LARGE", "MODEL_FILE_UNREADABLE", "MODEL_NOT_FINITE",
        "MODEL_TENSOR", "MODEL_UNSUPPORTED", "TEXT_TOO_LONG", "UNKNOWN_INSTRUCTIONS",
    )
)  # fmt: skip

# The codes of rust-crypto that have exceptions of their own.
_KEY_FORMAT_CODES = frozenset(
    ("Empty", "InvalidCharacter", "Malformed", "Placeholder", "ProviderMismatch", "TooLong", "TooShort", "UnknownFormat")
)
_CERT_CODES = frozenset(
    (
        "BadDer", "BadSignature", "CaUsedAsLeaf", "CrlExpired", "EmptyChain", "Expired", "LeafUsedAsCa", "NameConstraintViolation",
        "NameMismatch", "NotYetValid", "PathLenExceeded", "RevocationUnknown", "Revoked", "TooComplex", "UnknownCriticalExtension",
        "UnknownIssuer", "UnsupportedAlgorithm", "WeakKey", "WrongUsage",
    )
)  # fmt: skip
