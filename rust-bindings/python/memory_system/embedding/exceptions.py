"""What can go wrong between a text and its vector.

Callers branch on the class, or on ``error_code``, which never changes: ``embedding/rate-limit``. Texts hold no text that was to be
embedded, no key and nothing that a server said.
"""

from __future__ import annotations

__all__ = [
    "EmbeddingAuthenticationError",
    "EmbeddingConfigurationError",
    "EmbeddingDimensionMismatchError",
    "EmbeddingError",
    "EmbeddingModelError",
    "EmbeddingNetworkError",
    "EmbeddingProviderError",
    "EmbeddingQuotaExceededError",
    "EmbeddingRateLimitError",
    "EmbeddingSpaceError",
    "EmbeddingSpaceWarning",
    "EmbeddingTimeoutError",
    "from_native",
]


class EmbeddingError(Exception):
    """The base of everything an embedding service raises."""

    error_code: str = "embedding"


class EmbeddingDimensionMismatchError(EmbeddingError):
    """A vector does not have the length of its space."""

    error_code = "embedding/dimension-mismatch"

    def __init__(self, expected: int, actual: int, provider: str, model: str) -> None:
        super().__init__(
            f"Dimension mismatch: expected {expected} dimensions from {provider} ({model}), got {actual}"
        )
        self.expected = expected
        self.actual = actual
        self.provider = provider
        self.model = model

    def __reduce__(self) -> tuple[type[EmbeddingDimensionMismatchError], tuple[int, int, str, str]]:
        return type(self), (self.expected, self.actual, self.provider, self.model)


class EmbeddingProviderError(EmbeddingError):
    """A provider failed, or could not be reached.

    ``status`` is the HTTP status, ``code`` the provider's own code, ``request_id`` its name for the request, ``retry_after`` the
    seconds it asked to wait, ``attempts`` how many requests were sent.
    """

    error_code = "embedding/provider"
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    attempts: int = 0

    def with_details_of(self, cause: BaseException) -> EmbeddingProviderError:
        """This error, with what another one knows of the request."""
        for name in ("status", "code", "request_id", "retry_after", "attempts"):
            value = getattr(cause, name, None)
            if value is not None:
                setattr(self, name, value)
        return self


class EmbeddingRateLimitError(EmbeddingProviderError):
    """Too many requests."""

    error_code = "embedding/rate-limit"


class EmbeddingAuthenticationError(EmbeddingProviderError):
    """The key is wrong, or may not do this."""

    error_code = "embedding/authentication"


class EmbeddingTimeoutError(EmbeddingProviderError):
    """No answer in time."""

    error_code = "embedding/timeout"


class EmbeddingNetworkError(EmbeddingProviderError):
    """The server is down or cannot be reached."""

    error_code = "embedding/network"


class EmbeddingQuotaExceededError(EmbeddingProviderError):
    """The account has nothing left. Repeating does not help."""

    error_code = "embedding/quota"


class EmbeddingConfigurationError(EmbeddingError, ValueError):
    """A setting cannot be used, or a key is missing."""

    error_code = "embedding/invalid-config"


class EmbeddingModelError(EmbeddingError, ValueError):
    """A local model cannot be loaded: which file, what was expected, what was found. Or a text is too long for it."""

    error_code = "embedding/model"


class EmbeddingSpaceError(EmbeddingError, ValueError):
    """Vectors of two embedding spaces were to be compared."""

    error_code = "embedding/space-mismatch"


class EmbeddingSpaceWarning(UserWarning):
    """Vectors of different embedding spaces met: a text fell to another provider, or such vectors were compared."""


_CLASSES: dict[str, type[EmbeddingError]] = {
    "embedding/authentication": EmbeddingAuthenticationError,
    "embedding/deadline-exceeded": EmbeddingTimeoutError,
    "embedding/empty-text": EmbeddingProviderError,
    "embedding/invalid-config": EmbeddingConfigurationError,
    "embedding/missing-key": EmbeddingConfigurationError,
    "embedding/model": EmbeddingModelError,
    "embedding/network": EmbeddingNetworkError,
    "embedding/not-finite": EmbeddingProviderError,
    "embedding/provider": EmbeddingProviderError,
    "embedding/queue-timeout": EmbeddingTimeoutError,
    "embedding/quota": EmbeddingQuotaExceededError,
    "embedding/rate-limit": EmbeddingRateLimitError,
    "embedding/space-mismatch": EmbeddingSpaceError,
    "embedding/text-too-large": EmbeddingProviderError,
    "embedding/text-too-long": EmbeddingProviderError,
    "embedding/timeout": EmbeddingTimeoutError,
}


def from_native(code: str, message: str, details: dict[str, object] | None = None) -> EmbeddingError:
    """The exception for an error of the native module."""
    details = details or {}
    lengths = details.get("lengths")
    if code == "embedding/dimension-mismatch" and isinstance(lengths, tuple):
        expected, actual = lengths
        provider, model = str(details.get("provider")), str(details.get("model"))
        return EmbeddingDimensionMismatchError(expected, actual, provider, model)
    kind = _CLASSES.get(code, EmbeddingError if "/" in code else EmbeddingModelError)
    error = kind(message)
    error.error_code = code
    if isinstance(error, EmbeddingProviderError):
        for name in ("status", "code", "request_id", "retry_after", "attempts"):
            setattr(error, name, details.get(name, getattr(error, name)))
        # What happened, in words that are always the same; for facades that make texts of their own.
        error.problem = details.get("problem")  # type: ignore[attr-defined]
    return error
