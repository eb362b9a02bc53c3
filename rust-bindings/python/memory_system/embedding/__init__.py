"""Text to vectors, awaited: one provider, a cache, one instance for each provider and model.

``EmbeddingService`` is the service of the replaced package over the native one, which is
``memory_system._rust.embedding.EmbeddingService`` and has more: several providers with fallbacks, blocking calls, matrices for NumPy.
"""

from .cache import EmbeddingCache
from .service import EmbeddingResult, EmbeddingService
from .singleton import (
    EmbeddingServiceSingleton,
    get_embedding_service,
    get_ollama_service,
    get_openai_service,
    get_voyage_service,
)

__all__ = [
    "EmbeddingCache",
    "EmbeddingResult",
    "EmbeddingService",
    "EmbeddingServiceSingleton",
    "get_embedding_service",
    "get_ollama_service",
    "get_openai_service",
    "get_voyage_service",
]
