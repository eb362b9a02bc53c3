"""Blocking embeddings, as `Memory` of the replaced package used them: OpenAI's, and a model of this machine."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod

from ._rust.embedding import LocalModel
from .embedding._models import find_model
from .embedding._openai import OpenAI

__all__ = ["EmbeddingProvider", "LocalEmbeddings", "OpenAIEmbeddings"]


class EmbeddingProvider(ABC):
    """Someone who turns texts into vectors."""

    @abstractmethod
    def embed(self, text: str) -> list[float]:
        """The vector of a text."""

    @abstractmethod
    def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, in their order."""


class OpenAIEmbeddings(EmbeddingProvider):
    """OpenAI's embeddings. The key comes from ``OPENAI_API_KEY`` if it is not given; ``openai/`` before a model is left out."""

    def __init__(self, model: str = "text-embedding-3-small", api_key: str | None = None) -> None:
        self.model = model.removeprefix("openai/")
        self.api_key = api_key or os.environ.get("OPENAI_API_KEY")
        if not self.api_key:
            raise ValueError("OpenAI API key required. Set OPENAI_API_KEY or give api_key.")
        self.client = OpenAI(api_key=self.api_key)

    def embed(self, text: str) -> list[float]:
        """The vector of a text."""
        return self.client.embeddings.create(model=self.model, input=text).data[0].embedding

    def embed_batch(self, texts: list[str], batch_size: int = 100) -> list[list[float]]:
        """The vectors of texts, in their order, ``batch_size`` texts at a time."""
        if batch_size < 1:
            raise ValueError("batch_size must be at least 1")
        vectors: list[list[float]] = []
        for start in range(0, len(texts), batch_size):
            answer = self.client.embeddings.create(model=self.model, input=texts[start : start + batch_size])
            vectors.extend(item.embedding for item in answer.data)
        return vectors


class LocalEmbeddings(EmbeddingProvider):
    """A model of this machine: its directory or its name. ``ImportError`` where it is not there.

    Of a text that is too long for the model the beginning is embedded, as the replaced backend did.
    """

    def __init__(self, model_name: str = "all-MiniLM-L6-v2") -> None:
        self.model = LocalModel(find_model(model_name), truncates=True)

    def embed(self, text: str) -> list[float]:
        """The vector of a text."""
        return self.model.encode(text).tolist()

    def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, in their order."""
        return self.model.encode_batch(texts).tolist()
