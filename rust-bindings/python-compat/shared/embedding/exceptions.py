"""What can go wrong between a text and its vector: the classes of `memory_system.embedding.exceptions`."""

from memory_system.embedding.exceptions import (
    EmbeddingAuthenticationError,
    EmbeddingDimensionMismatchError,
    EmbeddingError,
    EmbeddingNetworkError,
    EmbeddingProviderError,
    EmbeddingQuotaExceededError,
    EmbeddingRateLimitError,
    EmbeddingSpaceWarning,
    EmbeddingTimeoutError,
)

__all__ = [
    "EmbeddingAuthenticationError",
    "EmbeddingDimensionMismatchError",
    "EmbeddingError",
    "EmbeddingNetworkError",
    "EmbeddingProviderError",
    "EmbeddingQuotaExceededError",
    "EmbeddingRateLimitError",
    "EmbeddingSpaceWarning",
    "EmbeddingTimeoutError",
]
