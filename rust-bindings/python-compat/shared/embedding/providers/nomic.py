"""Nomic: the shape of the replaced provider for a base of one's own, the vendor's API without one."""

from __future__ import annotations

import os

from memory_system._rust.embedding import EmbeddingService
from memory_system.embedding._vectors import to_list

from ..exceptions import EmbeddingError, EmbeddingProviderError
from ._errors import class_of, wrap
from .base import EmbeddingProvider

__all__ = ["NomicProvider"]

# By class, and for provider errors by status: how the texts begin.
_PREFIXES = {
    "embedding/authentication": "Nomic auth failed: ",
    "embedding/rate-limit": "Nomic rate limited: ",
    "embedding/timeout": "Nomic timeout: ",
    "embedding/quota": "Nomic quota exceeded: ",
}
_UNREADABLE = {
    "No embedding data received",
    "the answer is not the expected JSON",
    "the answer does not hold one vector per text",
    "a component of the answer is not a finite number",
    "the vectors of the answer differ in length",
}


class NomicProvider(EmbeddingProvider):
    """Nomic's embeddings. What is not given comes from ``NOMIC_API_KEY``, ``NOMIC_API_BASE``, ``NOMIC_MODEL``, ``NOMIC_DIMENSIONS``.

    Nothing is repeated, and an answer may take 30 seconds.
    """

    DEFAULT_API_BASE = "https://api.nomic.ai/v1"
    DEFAULT_MODEL = "nomic-embed-text-v1"

    def __init__(
        self,
        api_key: str | None = None,
        api_base: str | None = None,
        model: str = DEFAULT_MODEL,
        dimensions: int | None = None,
        *,
        error_classification: str = "status",
    ) -> None:
        key = api_key or os.environ.get("NOMIC_API_KEY")
        if not key:
            raise ValueError("Nomic API key required (set NOMIC_API_KEY)")
        base = api_base or os.environ.get("NOMIC_API_BASE")
        self.api_base = base or self.DEFAULT_API_BASE
        self.model = model or os.environ.get("NOMIC_MODEL") or self.DEFAULT_MODEL
        self._dimensions = dimensions
        settings: dict[str, object] = {
            "provider": "nomic",
            "api_key": key,
            "model": self.model,
            "timeout": 30.0,
            "max_retries": 0,
        }
        if base:
            settings["base_url"] = base
        self._client = EmbeddingService(
            {
                "providers": [settings],
                "takes_any_length": True,
                "error_classification": error_classification,
            }
        )

    def embed(self, text: str) -> list[float]:
        """The vector of a text."""
        try:
            vector = to_list(self._client.embed(text))
        except Exception as error:
            raise _explain(error) from error
        self._dimensions = len(vector)
        return vector

    def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, in their order and in as few requests as the limits allow."""
        if not texts:
            return []
        try:
            vectors = [to_list(vector) for vector in self._client.embed_batch(texts)]
        except Exception as error:
            raise _explain(error) from error
        self._dimensions = len(vectors[-1])
        return list(vectors)

    def get_dimensions(self) -> int:
        """Numbers of a vector: as the last answer had, as given, as ``NOMIC_DIMENSIONS`` says, or 768."""
        if self._dimensions is not None:
            return self._dimensions
        return int(os.environ.get("NOMIC_DIMENSIONS") or 768)

    def get_provider_name(self) -> str:
        """``nomic``."""
        return "nomic"

    def get_model_name(self) -> str:
        """The model's name."""
        return self.model

    def estimate_cost(self, text: str) -> float:
        """Nothing is known of the price."""
        return 0.0

    def telemetry(self) -> list[dict[str, object]]:
        """What the native service of this provider counted."""
        return [self._client.telemetry()]

    def circuit(self) -> str:
        """Whether requests are let through: ``closed`` if they are, ``open``, or ``half-open`` for one at a time."""
        (info,) = self._client.info()
        return str(info["circuit"])


def _explain(error: Exception) -> EmbeddingProviderError:
    """The error with the text of the replaced provider before its own."""
    status = getattr(error, "status", None)
    if getattr(error, "problem", None) in _UNREADABLE:
        kind = EmbeddingProviderError
        return kind(f"Nomic parse failed: Nomic response missing embedding: {error}").with_details_of(error)
    if status is not None and status >= 500:
        prefix = "Nomic server error: "
    elif status is None and class_of(error).error_code == "embedding/timeout":
        prefix = "Nomic request failed: "
    else:
        code = error.error_code if isinstance(error, EmbeddingError) else ""
        prefix = _PREFIXES.get(code, "Nomic request failed: ")
    return wrap(prefix, error)
