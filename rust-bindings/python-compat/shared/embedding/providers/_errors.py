"""The class of a failure (contract 1.8): of native errors their own, of foreign exceptions by their text."""

from __future__ import annotations

from memory_system._rust.embedding import classify_error_text
from memory_system.embedding.exceptions import (
    EmbeddingAuthenticationError,
    EmbeddingError,
    EmbeddingNetworkError,
    EmbeddingProviderError,
    EmbeddingQuotaExceededError,
    EmbeddingRateLimitError,
    EmbeddingTimeoutError,
)

_BY_NAME: dict[str, type[EmbeddingProviderError]] = {
    "authentication": EmbeddingAuthenticationError,
    "network": EmbeddingNetworkError,
    "provider": EmbeddingProviderError,
    "quota": EmbeddingQuotaExceededError,
    "rate-limit": EmbeddingRateLimitError,
    "timeout": EmbeddingTimeoutError,
}


def class_of(error: BaseException) -> type[EmbeddingProviderError]:
    """The class for an error on its way through a provider."""
    if isinstance(error, EmbeddingProviderError):
        return type(error)
    if isinstance(error, EmbeddingError):
        return EmbeddingProviderError
    return _BY_NAME[classify_error_text(str(error))]


def wrap(prefix: str, cause: Exception) -> EmbeddingProviderError:
    """An error with the text of its cause behind ``prefix``, of the cause's class and with what is known of the request."""
    return class_of(cause)(f"{prefix}{cause}").with_details_of(cause)
