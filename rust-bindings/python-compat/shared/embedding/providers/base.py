"""What every provider offers."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["EmbeddingProvider"]


class EmbeddingProvider(ABC):
    """Someone who turns texts into vectors. A service takes any object with these methods."""

    @abstractmethod
    def embed(self, text: str) -> list[float]:
        """The vector of a text."""

    def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, in their order."""
        return [self.embed(text) for text in texts]

    @abstractmethod
    def get_dimensions(self) -> int:
        """Numbers of a vector."""

    @abstractmethod
    def get_provider_name(self) -> str:
        """The provider's name."""

    @abstractmethod
    def get_model_name(self) -> str:
        """The model's name."""

    @abstractmethod
    def estimate_cost(self, text: str) -> float:
        """The price of a text in US dollars."""

    def is_available(self) -> bool:
        """Whether it can be asked."""
        return True
