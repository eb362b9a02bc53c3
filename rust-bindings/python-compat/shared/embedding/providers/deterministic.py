"""Vectors of identity: the same bits on every machine, without meaning."""

from __future__ import annotations

from memory_system._rust.embedding import deterministic_vector

from .base import EmbeddingProvider

__all__ = ["DeterministicProvider"]


class DeterministicProvider(EmbeddingProvider):
    """Needs no server and no key. Any two of its vectors have a cosine of about 0.75."""

    def __init__(self, dimensions: int = 1024) -> None:
        if dimensions < 0:
            raise ValueError("negative dimensions are not allowed")
        self.dimensions = dimensions

    def embed(self, text: str) -> list[float]:
        """The vector of a text."""
        # None of them, of whatever text, has no numbers.
        return deterministic_vector(text, self.dimensions) if self.dimensions else []

    def get_dimensions(self) -> int:
        """Numbers of a vector."""
        return self.dimensions

    def get_provider_name(self) -> str:
        """``deterministic``."""
        return "deterministic"

    def get_model_name(self) -> str:
        """``deterministic``."""
        return "deterministic"

    def estimate_cost(self, text: str) -> float:
        """Nothing."""
        return 0.0
