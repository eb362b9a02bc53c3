"""Text to vectors with fallbacks, blocking, as the replaced package had it; the work is done by `memory-system`."""

from .exceptions import (
    EmbeddingAuthenticationError,
    EmbeddingDimensionMismatchError,
    EmbeddingError,
    EmbeddingProviderError,
    EmbeddingRateLimitError,
)
from .service import EmbeddingService
from .telemetry import EmbeddingTelemetry

__version__ = "1.0.0"

__all__ = [
    "EmbeddingAuthenticationError",
    "EmbeddingDimensionMismatchError",
    "EmbeddingError",
    "EmbeddingProviderError",
    "EmbeddingRateLimitError",
    "EmbeddingService",
    "EmbeddingTelemetry",
]
