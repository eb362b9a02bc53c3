"""The service of the replaced package: a provider, and others behind it for when it fails.

The providers may be replaced by anything with their methods, which is why the way through them is written here and not natively.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import warnings
from time import perf_counter

from memory_system._rust.embedding import EmbeddingSpace, classify_error_text
from memory_system.embedding._vectors import EmbeddedVector

from .exceptions import (
    EmbeddingDimensionMismatchError,
    EmbeddingError,
    EmbeddingSpaceWarning,
)
from .providers.deterministic import DeterministicProvider
from .providers.nomic import NomicProvider
from .providers.openai import OpenAIProvider
from .telemetry import EmbeddingTelemetry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["EmbeddingService"]

logger = logging.getLogger(__name__)


class EmbeddingService:
    """Text to vectors: OpenAI if there is a key, then Nomic if there is one, then vectors of identity.

    ``forced_provider`` or ``EMBEDDING_PROVIDER`` names the one to use. With ``EMBEDDING_STRICT_DIMENSIONS=true`` a vector of another length
    than expected counts as a failure; with ``LEGACY_LANCEDB=true`` it is cut or filled up. A vector that another provider than the
    first made says so (``is_fallback``), and the first of them warns: it lies in another embedding space.
    """

    def __init__(
        self,
        model: str = "text-embedding-3-large",
        dimensions: int = 3072,
        fallback_model: str = "nomic-embed-text-v1",
        fallback_dimensions: int = 768,
        telemetry: EmbeddingTelemetry | None = None,
        forced_provider: str | None = None,
        *,
        error_classification: str = "status",
    ) -> None:
        if error_classification not in ("status", "text"):
            raise ValueError("error_classification must be 'status' or 'text'")
        self.model = model
        self.dimensions = dimensions
        self.fallback_model = fallback_model
        self.fallback_dimensions = fallback_dimensions
        self._telemetry = telemetry if telemetry is not None else EmbeddingTelemetry()
        self._error_classification = error_classification
        self._allow_dimension_coercion = _is_set("LEGACY_LANCEDB", ("1", "true", "yes"))
        self._has_warned = False
        self._openai_provider: OpenAIProvider | None = None
        self._nomic_provider: NomicProvider | None = None
        self._deterministic_provider: DeterministicProvider | None = None
        self._primary_provider: Any = None
        self._fallback_providers: list[Any] = []
        self._select(forced_provider or os.environ.get("EMBEDDING_PROVIDER", "").lower())

    @property
    def model_name(self) -> str:
        """The model, under the name by which some callers ask for it."""
        return self.model

    def embed(self, text: str) -> list[float]:
        """The vector of a text, of the first provider that gives one. Raises ``EmbeddingError`` where none does."""
        started = perf_counter()
        context = self._context(text)
        primary = self._primary_provider
        for provider in (primary, *self._fallback_providers):
            is_fallback = provider is not primary
            try:
                vector = provider.embed(text)
                if self._allow_dimension_coercion:
                    vector = self._coerce(vector, provider)
                if not is_fallback:
                    self._validate(vector, provider)
            except Exception as error:
                last = error
                logger.warning("%s failed: %s", _name(provider), type(error).__name__, extra=context)
                continue
            return self._succeed(vector, provider, text, started, context, is_fallback=is_fallback)
        latency_ms = (perf_counter() - started) * 1000.0
        self._telemetry.record_error(
            provider=_name(primary),
            model=primary.get_model_name(),
            error_type=type(last).__name__,
            latency_ms=latency_ms,
            text_length=len(text),
            error_message=str(last),
        )
        failed = {"latency_ms": latency_ms, "error_type": type(last).__name__, "error": str(last)}
        logger.error("all embedding providers failed", extra={**context, **failed})
        raise EmbeddingError(f"All embedding providers failed. Last error: {last}") from last

    def embed_batch(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, by the first provider alone."""
        if not texts:
            return []
        vectors: list[list[float]] = self._primary_provider.embed_batch(texts)
        return vectors

    def estimate_cost(self, text: str) -> float:
        """The price of a text in US dollars at the first provider."""
        cost: float = self._primary_provider.estimate_cost(text)
        return cost

    def get_provider_info(self) -> dict[str, Any]:
        """The first provider, and those behind it; ``circuit`` says of those with a server whether requests are let through."""
        primary = self._primary_provider
        return {
            **_describe(primary),
            "fallbacks": [_describe(provider) for provider in self._fallback_providers],
            "has_openai": self._openai_provider is not None,
            "has_nomic": self._nomic_provider is not None,
            "has_deterministic": self._deterministic_provider is not None,
        }

    def get_telemetry(self) -> dict[str, list[dict[str, object]]]:
        """What the native services beneath counted, by provider: requests, repetitions, tokens, bytes, times."""
        providers = [provider for provider in (self._openai_provider, self._nomic_provider) if provider]
        return {provider.get_provider_name(): provider.telemetry() for provider in providers}

    def embed_safe(self, text: str) -> Any:
        """``embed`` as a ``Success`` or a ``Failure`` of ``shared.api_core.result``."""
        return _safely(
            lambda: self.embed(text), "Embedding generation failed: ", "Unexpected embedding error: "
        )

    def embed_batch_safe(self, texts: list[str]) -> Any:
        """``embed_batch`` as a ``Success`` or a ``Failure``."""
        return _safely(
            lambda: self.embed_batch(texts),
            "Batch embedding generation failed: ",
            "Unexpected batch embedding error: ",
        )

    def get_provider_info_safe(self) -> Any:
        """``get_provider_info`` as a ``Success`` or a ``Failure``."""
        return _safely(self.get_provider_info, *("Failed to get provider info: ",) * 2)

    def estimate_cost_safe(self, text: str) -> Any:
        """``estimate_cost`` as a ``Success`` or a ``Failure``."""
        return _safely(lambda: self.estimate_cost(text), *("Failed to estimate cost: ",) * 2)

    def classify_error(self, error: BaseException) -> str:
        """The class of a failure, such as ``rate-limit``: its own, or by its text where it has nothing else."""
        code = getattr(error, "error_code", None)
        if isinstance(error, EmbeddingError) and isinstance(code, str) and "/" in code:
            return code.split("/", 1)[1]
        return classify_error_text(str(error), of_service=True)

    def _select(self, forced: str) -> None:
        self._deterministic_provider = _build("deterministic", lambda: DeterministicProvider(self.dimensions))
        if forced == "deterministic" and self._deterministic_provider:
            self._primary_provider = self._deterministic_provider
            return
        if forced in ("", "openai") and _has("OPENAI_API_KEY", "GPT_API_KEY"):
            self._openai_provider = _build("openai", self._make_openai)
        if forced in ("", "nomic") and _has("NOMIC_API_KEY"):
            self._nomic_provider = _build("nomic", self._make_nomic)
        remote = [provider for provider in (self._openai_provider, self._nomic_provider) if provider]
        if not remote and forced:
            logger.warning("the embedding provider %r is not available: vectors are of identity only", forced)
        elif not remote:
            logger.info("no key of an embedding provider: vectors are of identity only")
        chosen: list[Any] = [*remote, self._deterministic_provider]
        chosen = [provider for provider in chosen if provider]
        if not chosen:
            raise EmbeddingError("No embedding provider available. Give a key, or dimensions that are not negative.")
        self._primary_provider, *self._fallback_providers = chosen
        if forced == "nomic" and remote:
            self._fallback_providers = []
        self.dimensions = self._primary_provider.get_dimensions()
        self.model = self._primary_provider.get_model_name()

    def _make_openai(self) -> OpenAIProvider:
        return OpenAIProvider(
            model=self.model,
            dimensions=self.dimensions,
            error_classification=self._error_classification,
        )

    def _make_nomic(self) -> NomicProvider:
        return NomicProvider(
            model=os.environ.get("NOMIC_MODEL") or self.fallback_model,
            error_classification=self._error_classification,
        )

    def _coerce(self, vector: list[float], provider: Any) -> list[float]:
        if len(vector) == self.dimensions:
            return vector
        self._record_mismatch(vector, provider)
        return [*vector[: self.dimensions], *([0.0] * (self.dimensions - len(vector)))]

    def _validate(self, vector: list[float], provider: Any) -> None:
        if len(vector) == self.dimensions:
            return
        logger.warning("expected %d dimensions, got %d", self.dimensions, len(vector))
        self._record_mismatch(vector, provider)
        if _is_set("EMBEDDING_STRICT_DIMENSIONS", ("true",)):
            raise EmbeddingDimensionMismatchError(
                self.dimensions, len(vector), _name(provider), provider.get_model_name()
            )

    def _record_mismatch(self, vector: list[float], provider: Any) -> None:
        self._telemetry.record_dimension_mismatch(
            provider=_name(provider),
            model=provider.get_model_name(),
            expected_dimensions=self.dimensions,
            actual_dimensions=len(vector),
        )

    def _succeed(
        self,
        vector: list[float],
        provider: Any,
        text: str,
        started: float,
        context: dict[str, Any],
        *,
        is_fallback: bool,
    ) -> list[float]:
        latency_ms = (perf_counter() - started) * 1000.0
        self._telemetry.record_success(
            provider=_name(provider),
            model=provider.get_model_name(),
            dimensions=len(vector),
            latency_ms=latency_ms,
            text_length=len(text),
            cost=provider.estimate_cost(text),
        )
        done = {"latency_ms": latency_ms, "provider_used": _name(provider)}
        if is_fallback:
            done["fallback_from"] = _name(self._primary_provider)
            self._warn_once(provider)
        logger.debug("embedded", extra={**context, **done})
        return _mark(vector, provider, is_fallback)

    def _warn_once(self, provider: Any) -> None:
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"{_name(self._primary_provider)} failed: vectors now come from {_name(provider)}, whose embedding space "
                "is another; they say so in `is_fallback`",
                EmbeddingSpaceWarning,
                stacklevel=4,
            )

    def _context(self, text: str) -> dict[str, Any]:
        digest = hashlib.sha256(text[:1000].encode("utf-8", "surrogatepass")).hexdigest()
        return {
            "provider": _name(self._primary_provider),
            "model": self._primary_provider.get_model_name(),
            "dimensions": self.dimensions,
            "text_length": len(text),
            "text_hash": digest[:8],
        }


def _mark(vector: list[float], provider: Any, is_fallback: bool) -> list[float]:
    """The vector with where it comes from."""
    if not isinstance(vector, list):
        return vector
    space = getattr(vector, "space", None)
    if not isinstance(space, EmbeddingSpace):
        space = _space_of(provider, len(vector))
    return EmbeddedVector(vector, space=space, is_fallback=is_fallback, provider=str(_name(provider)))


def _space_of(provider: Any, dimensions: int) -> EmbeddingSpace | None:
    name, model = _name(provider), provider.get_model_name()
    if not isinstance(name, str) or not isinstance(model, str):
        return None
    try:
        if isinstance(provider, DeterministicProvider):
            return EmbeddingSpace.deterministic(dimensions)
        return EmbeddingSpace.remote(name, model, dimensions)
    except EmbeddingError:
        return None


def _name(provider: Any) -> Any:
    return provider.get_provider_name()


def _describe(provider: Any) -> dict[str, Any]:
    described: dict[str, Any] = {
        "provider": _name(provider),
        "model": provider.get_model_name(),
        "dimensions": provider.get_dimensions(),
    }
    if isinstance(provider, (OpenAIProvider, NomicProvider)):
        described["circuit"] = provider.circuit()
    return described


def _build(name: str, make: Callable[[], Any]) -> Any:
    """A provider; ``None`` where it cannot be made, which is logged."""
    try:
        return make()
    except Exception as error:
        logger.warning("the embedding provider %s cannot be used: %s", name, error)
        return None


def _has(*variables: str) -> bool:
    return any(os.environ.get(variable) for variable in variables)


def _is_set(variable: str, values: tuple[str, ...]) -> bool:
    return os.environ.get(variable, "").lower() in values


def _safely(call: Callable[[], Any], failed: str, unexpected: str) -> Any:
    try:
        models = importlib.import_module("shared.api_core.models")
        results = importlib.import_module("shared.api_core.result")
    except ImportError as error:
        raise RuntimeError("shared.api_core is not there: the variants with results need it") from error
    try:
        return results.Success(call())
    except Exception as error:
        if isinstance(error, EmbeddingDimensionMismatchError):
            prefix = "Embedding dimension mismatch: "
        else:
            prefix = failed if isinstance(error, EmbeddingError) else unexpected
        return results.Failure(
            models.APIError(
                code=models.ErrorCode.INTERNAL_ERROR,
                message=f"{prefix}{error}",
                category=models.ErrorCategory.SERVICE_ERROR,
                details=[models.ErrorDetail(message=str(error))],
            )
        )
