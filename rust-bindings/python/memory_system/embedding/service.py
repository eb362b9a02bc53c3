"""The service of the replaced package: one provider, awaited, with a cache where a path was given.

The work is the native service's: requests are packed, repeated, bounded and given up there. What fails is raised by the providers and
becomes a result without success here; the replaced package stored an empty vector instead.
"""

from __future__ import annotations

import atexit
import logging
import weakref
from abc import ABC, abstractmethod
from array import array
from dataclasses import dataclass, field
from enum import Enum
from time import perf_counter

from .._rust import embedding as native
from ._books import Books
from ._models import find_model
from .cache import EmbeddingCache, make_stats, place_of, session_of
from .exceptions import EmbeddingError
from .legacy import import_sqlite_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

__all__ = [
    "EmbeddingProvider",
    "EmbeddingProviderBase",
    "EmbeddingResult",
    "EmbeddingService",
    "HuggingFaceProvider",
    "OllamaProvider",
    "OpenAIProvider",
    "SentenceTransformersProvider",
]

logger = logging.getLogger(__name__)


class EmbeddingProvider(Enum):
    """Who turns texts into vectors."""

    OLLAMA = "ollama"
    OPENAI = "openai"
    SENTENCE_TRANSFORMERS = "sentence_transformers"
    HUGGINGFACE = "huggingface"
    VOYAGE = "voyage"
    NOMIC = "nomic"
    LOCAL = "local"
    DETERMINISTIC = "deterministic"


@dataclass
class EmbeddingResult:
    """What became of a call."""

    success: bool
    vectors: list[list[float]] = field(default_factory=list)
    model: str = ""
    dimensions: int = 0
    error: str | None = None
    elapsed_ms: float = 0.0
    cache_hits: int = 0
    computed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """All fields, with the number of vectors in the place of the vectors."""
        return {
            "success": self.success,
            "vectors_count": len(self.vectors),
            "model": self.model,
            "dimensions": self.dimensions,
            "error": self.error,
            "elapsed_ms": self.elapsed_ms,
            "cache_hits": self.cache_hits,
            "computed": self.computed,
        }


class EmbeddingProviderBase(ABC):
    """Someone who turns texts into vectors. Providers of one's own need nothing but these three."""

    @abstractmethod
    async def embed(self, text: str) -> list[float]:
        """The vector of a text."""

    @abstractmethod
    async def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, in their order."""

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Numbers of a vector."""


class NativeProvider(EmbeddingProviderBase):
    """A provider of the native service. ``settings`` are those of one of its providers; see the README of rust-embedding.

    ``disk_cache`` are those of its cache on disk. All providers below take it, too.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        usual_dimensions: int = 768,
        *,
        disk_cache: dict[str, Any] | None = None,
    ) -> None:
        self._usual_dimensions = usual_dimensions
        provider = {name: value for name, value in settings.items() if value is not None}
        cache = {"disk_cache": disk_cache} if disk_cache is not None else {}
        self.native = native.EmbeddingService({"providers": [provider], **cache})

    async def embed(self, text: str) -> list[float]:
        """The vector of a text."""
        return (await self.native.embed_async(text)).tolist()

    async def embed_query(self, text: str) -> list[float]:
        """The vector of a text to find others by, where the provider tells them apart."""
        return (await self.native.embed_async(text, query=True)).tolist()

    async def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, in their order and in as few requests as the provider's limits allow."""
        return (await self.native.embed_matrix_async(texts)).tolist()

    @property
    def dimensions(self) -> int:
        """Numbers of a vector: the model's, where they are known or learnt."""
        space = self.native.space
        return space.dimensions if space is not None else self._usual_dimensions


class RemoteProvider(NativeProvider):
    """A provider with a server. Its key, where it has one, is kept in wiped memory and nowhere else."""

    def __init__(
        self,
        provider: str,
        model: str,
        base_url: str | None,
        timeout: float,
        usual_dimensions: int = 768,
        *,
        disk_cache: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.model = model
        self.base_url = base_url
        self.timeout = timeout
        common = {"provider": provider, "model": model, "base_url": base_url, "timeout": timeout}
        super().__init__({**common, **settings}, usual_dimensions, disk_cache=disk_cache)


class OllamaProvider(RemoteProvider):
    """A server of Ollama."""

    def __init__(
        self,
        model: str = "nomic-embed-text",
        base_url: str = "http://localhost:11434",
        timeout: float = 30.0,
        task_type: str | None = None,
        **more: Any,
    ) -> None:
        self.task_type = task_type
        super().__init__("ollama", model, base_url, timeout, task=_ollama_task(task_type), **more)


class OpenAIProvider(RemoteProvider):
    """OpenAI, and what speaks as it does."""

    def __init__(
        self,
        api_key: str,
        model: str = "text-embedding-3-small",
        base_url: str = "https://api.openai.com/v1",
        timeout: float = 30.0,
        **more: Any,
    ) -> None:
        # The replaced provider asked for no format.
        settings = {"api_key": api_key, "encoding_format": "unset", **more}
        super().__init__("openai", model, base_url, timeout, 1536, **settings)


class SentenceTransformersProvider(NativeProvider):
    """A model of this machine, computed in this process by native threads. ``model`` is its directory or its name."""

    def __init__(self, model: str = "all-MiniLM-L6-v2", **more: Any) -> None:
        self.model = model
        super().__init__({"provider": "local", "path": str(find_model(model)), "truncates": True}, **more)


class HuggingFaceProvider(RemoteProvider):
    """The inference API of Hugging Face."""

    def __init__(
        self,
        api_key: str,
        model: str = "sentence-transformers/all-MiniLM-L6-v2",
        base_url: str | None = None,
        timeout: float = 30.0,
        **more: Any,
    ) -> None:
        super().__init__("huggingface", model, base_url, timeout, api_key=api_key, **more)


class VoyageProvider(RemoteProvider):
    """Voyage."""

    def __init__(
        self,
        api_key: str,
        model: str = "voyage-3",
        base_url: str | None = None,
        timeout: float = 30.0,
        **more: Any,
    ) -> None:
        super().__init__("voyage", model, base_url, timeout, 1024, api_key=api_key, **more)


class NomicProvider(RemoteProvider):
    """Nomic; with a ``base_url`` of one's own, the shape of the replaced provider."""

    def __init__(
        self,
        api_key: str,
        model: str = "nomic-embed-text-v1.5",
        base_url: str | None = None,
        timeout: float = 30.0,
        **more: Any,
    ) -> None:
        super().__init__("nomic", model, base_url, timeout, api_key=api_key, **more)


class DeterministicProvider(NativeProvider):
    """Vectors of identity: no meaning, no server, the same bits everywhere."""

    def __init__(self, dimensions: int = 1024, **more: Any) -> None:
        self.model = "deterministic"
        super().__init__({"provider": "deterministic", "dimensions": dimensions}, **more)


class EmbeddingService:
    """Text to vectors through one provider.

    With ``cache_path``, vectors are kept in that directory for 30 days, 100,000 of them; see `EmbeddingCache` for databases of the
    replaced package. Of these, rows are taken over whose model is this service's ``model``, or the provider's name without one.
    """

    def __init__(
        self,
        provider: EmbeddingProvider | str = EmbeddingProvider.OLLAMA,
        model: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        cache_path: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
    ) -> None:
        self.provider = EmbeddingProvider(provider) if isinstance(provider, str) else provider
        self.model = model
        self.cache_path = cache_path
        directory, old = place_of(cache_path)
        made = _make_provider(self.provider, model, api_key, base_url, timeout, directory)
        self._provider: EmbeddingProviderBase = made
        self._books = Books(directory) if directory is not None else None
        if directory is not None:
            _cached.add(self)
        space = made.native.space
        if old is not None and directory is not None and space is not None:
            state = directory / f"import-{space.id[:16]}.json"
            import_sqlite_cache(old, _Keeper(made.native), models={self._namespace}, state=state)

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return self._provider.dimensions

    async def embed(self, text: str) -> list[float]:
        """The vector of a text; an empty list where it failed, which is logged."""
        vectors = await self.embed_batch([text])
        return vectors[0] if vectors else []

    async def embed_batch(self, texts: Sequence[str], show_progress: bool = False) -> list[list[float]]:
        """The vectors of texts, in their order; empty lists where there are none, which is logged.

        ``show_progress`` has no effect and is there for callers of the replaced package.
        """
        result = await self.embed_with_result(list(texts))
        if not result.success:
            logger.warning("embedding failed: %s", result.error)
        return result.vectors

    async def embed_with_result(self, texts: str | Sequence[str]) -> EmbeddingResult:
        """The vectors of one text or many, with what became of the call. Equal texts are computed once."""
        started = perf_counter()
        batch = [texts] if isinstance(texts, str) else list(texts)
        result = EmbeddingResult(success=True, model=self._namespace)
        try:
            if not batch:
                pass
            elif (service := self._native) is not None:
                await self._embed_natively(service, batch, result)
            else:
                distinct = list(dict.fromkeys(batch))
                vectors = await self._provider.embed_batch(distinct)
                by_text = dict(zip(distinct, vectors, strict=True))
                result.vectors = [list(by_text[text]) for text in batch]
                result.computed = len(distinct)
        except Exception as error:  # Of a provider of the caller's, whatever it raises.
            result.success, result.error = False, str(error)
            result.vectors = [[] for _ in batch]
        result.dimensions = next((len(vector) for vector in result.vectors if vector), self.dimensions)
        result.elapsed_ms = (perf_counter() - started) * 1000.0
        return result

    async def embed_query(self, text: str) -> list[float]:
        """The vector of a text to find others by, where the provider tells them apart; raises where it failed."""
        if isinstance(self._provider, NativeProvider):
            return await self._provider.embed_query(text)
        return await self._provider.embed(text)

    def get_cache_stats(self) -> dict[str, Any] | None:
        """What the cache holds and did; ``None`` without one."""
        counts = self._cache_counts()
        if counts is None or self._books is None:
            return None
        return make_stats(
            counts,
            counts["models"],
            self._books,
            EmbeddingCache.DEFAULT_MAX_SIZE,
            EmbeddingCache.DEFAULT_TTL_DAYS,
        )

    def clear_cache(self) -> int:
        """Forgets all cached vectors; gives how many there were."""
        counts, service = self._cache_counts(), self._native
        if counts is None or service is None:
            return 0
        service.clear_cache()
        return int(counts["entries"])

    def telemetry(self) -> dict[str, Any]:
        """Everything that the native service counted."""
        return self._native.telemetry() if self._native is not None else {}

    def close(self) -> None:
        """Ends calls under way, and waits until what is cached is on disk."""
        counts = self._cache_counts()
        if counts is not None and self._books is not None:
            self._books.save(session_of(counts))
        if self._native is not None:
            self._native.close()

    async def _embed_natively(
        self, service: native.EmbeddingService, batch: list[str], result: EmbeddingResult
    ) -> None:
        outcomes = await service.embed_batch_detailed_async(batch)
        sources: dict[str, str] = {}
        for text, outcome in zip(batch, outcomes, strict=True):
            vector = outcome.embedding
            result.vectors.append(vector.tolist() if vector is not None else [])
            if vector is not None:
                sources.setdefault(text, outcome.source)
            elif result.success:
                result.success, result.error = False, str(outcome.error)
        result.cache_hits = sum(source == "cache" for source in sources.values())
        result.computed = len(sources) - result.cache_hits

    @property
    def _native(self) -> native.EmbeddingService | None:
        """The native service of the provider; a provider of the caller's has none."""
        return self._provider.native if isinstance(self._provider, NativeProvider) else None

    @property
    def _namespace(self) -> str:
        return self.model or self.provider.value

    def _cache_counts(self) -> dict[str, Any] | None:
        """Counts of the cache: lookups as callers see them, vectors and evictions of the disk."""
        service = self._native
        stats: dict[str, Any] | None = service.cache_stats() if service is not None else None
        disk = stats.get("disk") if stats is not None else None
        if service is None or disk is None:
            return None
        counted: dict[str, Any] = service.telemetry()
        return {
            "entries": disk["entries"],
            "evictions": disk["evictions"],
            "models": disk["models"],
            "hits": counted["cache_hits"],
            "misses": counted["cache_misses"],
        }


class _Keeper:
    """Takes vectors of a database over into the cache of a service."""

    def __init__(self, service: native.EmbeddingService) -> None:
        self._service = service

    def keep(self, digest: bytes, vector: array[float], model: str, created: float, expires: float) -> None:
        if not self._service.keep(digest, vector, expires):
            raise EmbeddingError("the service has no cache")

    def flush(self) -> None:
        self._service.flush()


def _make_provider(
    provider: EmbeddingProvider,
    model: str | None,
    api_key: str | None,
    base_url: str | None,
    timeout: float,
    directory: Path | None,
) -> NativeProvider:
    more: dict[str, Any] = {}
    if directory is not None:
        more["disk_cache"] = {
            "path": str(directory),
            "max_entries": EmbeddingCache.DEFAULT_MAX_SIZE,
            "max_age": EmbeddingCache.DEFAULT_TTL_DAYS * 86_400.0,
        }
    if model:
        more["model"] = model
    remote = {**more, "timeout": timeout}
    if base_url:
        remote["base_url"] = base_url
    match provider:
        case EmbeddingProvider.OLLAMA:
            return OllamaProvider(**remote)
        case EmbeddingProvider.OPENAI:
            return OpenAIProvider(_key(api_key, "OpenAI"), **remote)
        case EmbeddingProvider.HUGGINGFACE:
            return HuggingFaceProvider(_key(api_key, "HuggingFace"), **remote)
        case EmbeddingProvider.VOYAGE:
            return VoyageProvider(_key(api_key, "Voyage"), **remote)
        case EmbeddingProvider.NOMIC:
            return NomicProvider(_key(api_key, "Nomic"), **remote)
        case EmbeddingProvider.SENTENCE_TRANSFORMERS | EmbeddingProvider.LOCAL:
            return SentenceTransformersProvider(**more)
        case EmbeddingProvider.DETERMINISTIC:
            more.pop("model", None)
            return DeterministicProvider(**more)


def _key(api_key: str | None, name: str) -> str:
    if not api_key:
        raise ValueError(f"{name} provider requires api_key")
    return api_key


def _ollama_task(task_type: str | None) -> str | None:
    if task_type is None:
        return None
    task = task_type.removesuffix("_document").removesuffix("_query")
    if task not in ("search", "classification", "clustering"):
        raise ValueError("task_type must be search_document, search_query, classification or clustering")
    return task


# What is cached is on disk before the interpreter ends.
_cached: weakref.WeakSet[EmbeddingService] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for service in list(_cached):
        if service._native is not None:
            service._native.flush()
