"""One service for each provider and model of the process."""

from __future__ import annotations

import os
import threading

from .service import EmbeddingResult, EmbeddingService

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar

__all__ = [
    "EmbeddingServiceSingleton",
    "get_embedding_service",
    "get_ollama_service",
    "get_openai_service",
    "get_voyage_service",
]

_KEYS = {"voyage": "VOYAGE_API_KEY", "openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_BASES = {"voyage": "VOYAGE_BASE_URL", "openai": "OPENAI_BASE_URL", "ollama": "OLLAMA_BASE_URL"}


class EmbeddingServiceSingleton:
    """A service that is shared by everyone who asks for its provider and model. ``get_instance`` gives it."""

    _instances: ClassVar[dict[str, EmbeddingServiceSingleton]] = {}
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(
        self,
        provider: str,
        model: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        cache_path: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._provider_key = self._make_key(provider, model)
        # By its name in this module and with keywords, because tests put something else there.
        self._service = EmbeddingService(
            provider=provider,
            model=model,
            api_key=api_key,
            base_url=base_url,
            cache_path=cache_path,
            timeout=timeout,
        )

    @staticmethod
    def _make_key(provider: str, model: str | None) -> str:
        return f"{provider}:{model or 'default'}"

    @classmethod
    def get_instance(
        cls,
        provider: str = "voyage",
        model: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        cache_path: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
        auto_configure: bool = True,
    ) -> EmbeddingServiceSingleton:
        """The service of this provider and model, which the first call makes; later ones ignore the other parameters.

        With ``auto_configure``, absent values come from ``VOYAGE_API_KEY``, ``OPENAI_API_KEY``, ``ANTHROPIC_API_KEY``,
        ``VOYAGE_BASE_URL``, ``OPENAI_BASE_URL``, ``OLLAMA_BASE_URL`` and ``EMBEDDING_CACHE_PATH``.
        """
        key = cls._make_key(provider, model)
        instance = cls._instances.get(key)
        if instance is not None:
            return instance
        with cls._lock:
            instance = cls._instances.get(key)
            if instance is None:
                if auto_configure:
                    api_key = api_key or os.environ.get(_KEYS.get(provider, ""))
                    base_url = base_url or os.environ.get(_BASES.get(provider, ""))
                    cache_path = cache_path or os.environ.get("EMBEDDING_CACHE_PATH")
                instance = cls(provider, model, api_key, base_url, cache_path, timeout)
                cls._instances[key] = instance
        return instance

    @classmethod
    def has_instance(cls, provider: str, model: str | None = None) -> bool:
        """Whether there is a service of this provider and model."""
        return cls._make_key(provider, model) in cls._instances

    @classmethod
    def get_all_instances(cls) -> dict[str, EmbeddingServiceSingleton]:
        """All services, by provider and model."""
        with cls._lock:
            return dict(cls._instances)

    @classmethod
    def reset_instances(cls) -> None:
        """Closes and forgets all services."""
        with cls._lock:
            instances = list(cls._instances.values())
            cls._instances.clear()
        for instance in instances:
            instance.close()

    @classmethod
    def reset_instance(cls, provider: str, model: str | None = None) -> bool:
        """Closes and forgets one service; whether there was one."""
        with cls._lock:
            instance = cls._instances.pop(cls._make_key(provider, model), None)
        if instance is None:
            return False
        instance.close()
        return True

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return self._service.dimensions

    @property
    def provider_key(self) -> str:
        """Provider and model, such as ``openai:text-embedding-3-small``."""
        return self._provider_key

    async def embed(self, text: str) -> list[float]:
        """As the service's."""
        return await self._service.embed(text)

    async def embed_batch(self, texts: Sequence[str], show_progress: bool = False) -> list[list[float]]:
        """As the service's."""
        return await self._service.embed_batch(texts, show_progress)

    async def embed_with_result(self, texts: str | Sequence[str]) -> EmbeddingResult:
        """As the service's."""
        return await self._service.embed_with_result(texts)

    def get_cache_stats(self) -> dict[str, Any] | None:
        """As the service's."""
        return self._service.get_cache_stats()

    def clear_cache(self) -> int:
        """As the service's."""
        return self._service.clear_cache()

    def close(self) -> None:
        """Closes the service."""
        self._service.close()


def get_embedding_service(
    provider: str = "voyage", model: str | None = None, **options: Any
) -> EmbeddingServiceSingleton:
    """The shared service of a provider and model."""
    return EmbeddingServiceSingleton.get_instance(provider, model=model, **options)


def get_voyage_service(model: str = "voyage-3", **options: Any) -> EmbeddingServiceSingleton:
    """The shared service of Voyage."""
    return EmbeddingServiceSingleton.get_instance("voyage", model=model, **options)


def get_openai_service(model: str = "text-embedding-3-small", **options: Any) -> EmbeddingServiceSingleton:
    """The shared service of OpenAI."""
    return EmbeddingServiceSingleton.get_instance("openai", model=model, **options)


def get_ollama_service(model: str = "nomic-embed-text", **options: Any) -> EmbeddingServiceSingleton:
    """The shared service of Ollama."""
    return EmbeddingServiceSingleton.get_instance("ollama", model=model, **options)
