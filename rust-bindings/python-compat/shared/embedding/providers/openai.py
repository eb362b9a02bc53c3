"""OpenAI, through whatever class is called `OpenAI` in this module."""

from __future__ import annotations

import logging
import os

from memory_system._rust.embedding import estimate_cost_by_words
from memory_system.embedding._openai import OpenAI

from ..exceptions import EmbeddingProviderError
from ._errors import wrap
from .base import EmbeddingProvider

__all__ = ["OpenAI", "OpenAIProvider"]

logger = logging.getLogger(__name__)

# Tests switch the client off and put their own in its place, by these two names.
_OPENAI_AVAILABLE = True
_NATIVE_CLIENT = OpenAI


class OpenAIProvider(EmbeddingProvider):
    """OpenAI's embeddings. The key comes from ``OPENAI_API_KEY``, else ``GPT_API_KEY``, if it is not given."""

    DEFAULT_MODEL = "text-embedding-3-large"
    DEFAULT_DIMENSIONS = 3072
    COST_PER_1K_TOKENS = 0.00013

    def __init__(
        self,
        api_key: str | None = None,
        model: str = DEFAULT_MODEL,
        dimensions: int = DEFAULT_DIMENSIONS,
        *,
        error_classification: str = "status",
    ) -> None:
        if not _OPENAI_AVAILABLE:
            raise ImportError("OpenAI SDK not available. Install with: pip install openai")
        key = api_key or os.environ.get("OPENAI_API_KEY") or os.environ.get("GPT_API_KEY")
        if not key:
            raise ValueError("OpenAI API key required (set OPENAI_API_KEY or GPT_API_KEY)")
        self.model = model
        self.dimensions = dimensions
        try:
            if error_classification == "status":
                self._client = OpenAI(api_key=key)
            else:
                self._client = OpenAI(api_key=key, error_classification=error_classification)
        except Exception as error:
            raise EmbeddingProviderError(f"Failed to initialize OpenAI client: {error}") from error

    def embed(self, text: str) -> list[float]:
        """The vector of a text, of whatever length it comes; another than was asked for is logged."""
        try:
            answer = self._client.embeddings.create(model=self.model, input=text, dimensions=self.dimensions)
            vector: list[float] = answer.data[0].embedding
        except Exception as error:
            raise wrap("OpenAI embedding failed: ", error) from error
        if len(vector) != self.dimensions:
            logger.warning("OpenAI gave %d dimensions, expected %d", len(vector), self.dimensions)
        return vector

    def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, in their order and in as few requests as the limits allow; a client of another kind is asked for one
        text at a time."""
        if not isinstance(self._client, _NATIVE_CLIENT):
            return super().embed_batch(texts)
        if not texts:
            return []
        try:
            answer = self._client.embeddings.create(model=self.model, input=texts, dimensions=self.dimensions)
        except Exception as error:
            raise wrap("OpenAI embedding failed: ", error) from error
        return [item.embedding for item in answer.data]

    def get_dimensions(self) -> int:
        """Numbers of a vector."""
        return self.dimensions

    def get_provider_name(self) -> str:
        """``openai``."""
        return "openai"

    def get_model_name(self) -> str:
        """The model's name."""
        return self.model

    def estimate_cost(self, text: str) -> float:
        """The price of a text in US dollars: words × 1.3 tokens."""
        return estimate_cost_by_words(text, self.COST_PER_1K_TOKENS)

    def telemetry(self) -> list[dict[str, object]]:
        """What the native services of this provider counted."""
        if not isinstance(self._client, _NATIVE_CLIENT):
            return []
        return [service.telemetry() for service in self._client.services()]

    def circuit(self) -> str | None:
        """Whether requests are let through: ``closed`` if they are, ``open``, or ``half-open`` for one at a time. ``None`` with a client of
        another kind."""
        if not isinstance(self._client, _NATIVE_CLIENT):
            return None
        (info,) = self._client.service(self.model, self.dimensions).info()
        return str(info["circuit"])
