"""The part of the vendor's client that embedding needs, over the native service: the facades of the replaced code call it, and
tests replace it."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field

from .._rust.embedding import EmbeddingService
from ._vectors import EmbeddedVector, to_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Services kept by one client: one for each model and length that was asked for.
_MAX_SERVICES = 16


@dataclass(frozen=True)
class EmbeddingItem:
    """The vector of one text."""

    embedding: EmbeddedVector
    index: int
    object: str = "embedding"


@dataclass(frozen=True)
class CreateEmbeddingResponse:
    """The vectors of texts, in their order."""

    data: list[EmbeddingItem]
    model: str
    object: str = field(default="list")


class OpenAI:
    """OpenAI, or what speaks as it does: ``OpenAI(api_key=...).embeddings.create(model=..., input=...).data[0].embedding``.

    What is not given comes from ``OPENAI_API_KEY``, ``OPENAI_BASE_URL``, ``OPENAI_ORG_ID`` and ``OPENAI_PROJECT_ID``. Requests
    are repeated twice, as the contract of the service says. The key stays in wiped memory; Python's own copy is the caller's.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: float = 600.0,
        max_retries: int = 2,
        error_classification: str = "status",
    ) -> None:
        self._settings = _settings(api_key, base_url, organization, project, timeout, max_retries)
        self._error_classification = error_classification
        self._services: dict[tuple[str, int | None], EmbeddingService] = {}
        self._lock = threading.Lock()
        self.embeddings = Embeddings(self)

    def service(self, model: str, dimensions: int | None = None) -> EmbeddingService:
        """The native service of a model."""
        with self._lock:
            key = model, dimensions
            service = self._services.get(key)
            if service is None:
                provider = {"provider": "openai", "model": model, **self._settings}
                if dimensions is not None:
                    provider["dimensions"] = dimensions
                service = EmbeddingService(
                    {
                        "providers": [provider],
                        "takes_any_length": True,
                        "error_classification": self._error_classification,
                    }
                )
                while len(self._services) >= _MAX_SERVICES:
                    self._services.pop(next(iter(self._services)))
                self._services[key] = service
            return service

    def services(self) -> list[EmbeddingService]:
        """All native services there are, for what they counted."""
        with self._lock:
            return list(self._services.values())

    def close(self) -> None:
        """Ends requests under way and lets go of connections."""
        for service in self.services():
            service.close()
        with self._lock:
            self._services.clear()

    def __repr__(self) -> str:
        return "OpenAI()"


class Embeddings:
    """The calls of a client that concern vectors."""

    def __init__(self, client: OpenAI) -> None:
        self._client = client

    def create(
        self, *, model: str, input: str | Sequence[str], dimensions: int | None = None
    ) -> CreateEmbeddingResponse:
        """The vectors of one text or many; many go out in as few requests as the provider's limits allow."""
        service = self._client.service(model, dimensions)
        vectors = [service.embed(input)] if isinstance(input, str) else service.embed_batch(input)
        items = [EmbeddingItem(to_list(vector), index) for index, vector in enumerate(vectors)]
        return CreateEmbeddingResponse(items, model)


def _settings(
    api_key: str | None,
    base_url: str | None,
    organization: str | None,
    project: str | None,
    timeout: float,
    max_retries: int,
) -> dict[str, object]:
    given = {
        "api_key": api_key or os.environ.get("OPENAI_API_KEY"),
        "base_url": base_url or os.environ.get("OPENAI_BASE_URL"),
        "organization": organization or os.environ.get("OPENAI_ORG_ID"),
        "project": project or os.environ.get("OPENAI_PROJECT_ID"),
    }
    settings: dict[str, object] = {name: value for name, value in given.items() if value}
    return {**settings, "timeout": timeout, "max_retries": max_retries}
