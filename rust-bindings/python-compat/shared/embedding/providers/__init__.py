"""Who turns texts into vectors."""

from .base import EmbeddingProvider
from .deterministic import DeterministicProvider
from .nomic import NomicProvider
from .openai import OpenAIProvider

__all__ = ["DeterministicProvider", "EmbeddingProvider", "NomicProvider", "OpenAIProvider"]
