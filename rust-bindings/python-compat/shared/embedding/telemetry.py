"""What a service tells about its calls: to a writer of events and a recorder of tool calls, either of which may be absent.

No text is told, only how long it was.
"""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["EmbeddingTelemetry"]

logger = logging.getLogger(__name__)


@dataclass
class TelemetryEvent:
    """An event for a writer."""

    event_type: str
    data: dict[str, Any]


@dataclass
class ToolCall:
    """A call for a recorder."""

    tool: str
    cost: float = 0.0
    latency_ms: float | None = None
    success: bool = True
    new_facts: int = 0
    error: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)


class EmbeddingTelemetry:
    """Tells a writer, which has ``emit(event)``, and a recorder, which has ``record(call)``. One that raises breaks nothing."""

    def __init__(self, telemetry_writer: Any = None, telemetry_recorder: Any = None) -> None:
        self._writer = telemetry_writer
        self._recorder = telemetry_recorder

    def record_success(
        self,
        provider: str,
        model: str,
        dimensions: int,
        latency_ms: float,
        text_length: int,
        cost: float,
    ) -> None:
        """A text has its vector."""
        meta = {"provider": provider, "model": model, "dimensions": dimensions, "text_length": text_length}
        self._tell(
            "embedding.success",
            {**meta, "latency_ms": latency_ms, "cost": cost},
            {"cost": cost, "latency_ms": latency_ms, "success": True, "new_facts": 0, "meta": meta},
        )

    def record_error(
        self,
        provider: str,
        model: str,
        error_type: str,
        latency_ms: float,
        text_length: int,
        error_message: str,
    ) -> None:
        """A text has none."""
        meta = {"provider": provider, "model": model, "error_type": error_type, "text_length": text_length}
        self._tell(
            "embedding.error",
            {**meta, "latency_ms": latency_ms, "error": error_message},
            {**_FAILED, "latency_ms": latency_ms, "error": error_message, "meta": meta},
        )

    def record_dimension_mismatch(
        self, provider: str, model: str, expected_dimensions: int, actual_dimensions: int
    ) -> None:
        """A vector has another length than was expected."""
        data = {
            "provider": provider,
            "model": model,
            "expected_dimensions": expected_dimensions,
            "actual_dimensions": actual_dimensions,
        }
        text = f"Dimension mismatch: expected {expected_dimensions}, got {actual_dimensions}"
        call = {**_FAILED, "latency_ms": None, "error": text, "meta": dict(data)}
        self._tell("embedding.dimension_mismatch", data, call)

    def _tell(self, name: str, data: dict[str, Any], call: dict[str, Any]) -> None:
        try:
            if self._writer is not None:
                self._writer.emit(_class_of_events()(event_type=name, data=data))
        except Exception as error:
            logger.debug("the writer of telemetry failed: %s", type(error).__name__)
        try:
            if self._recorder is not None:
                self._recorder.record(_class_of_calls()(tool=name, **call))
        except Exception as error:
            logger.debug("the recorder of telemetry failed: %s", type(error).__name__)


_FAILED: dict[str, Any] = {"cost": 0.0, "success": False, "new_facts": 0}


def _class_of_events() -> Any:
    """The class that the pipeline's writer takes, where the pipeline is there."""
    try:
        return importlib.import_module("skill_builder.pipeline.models").TelemetryEvent
    except (ImportError, AttributeError):
        return TelemetryEvent


def _class_of_calls() -> Any:
    """The class that the pipeline's recorder takes, where the pipeline is there."""
    try:
        return importlib.import_module("src.utils.telemetry").ToolCall
    except (ImportError, AttributeError):
        return ToolCall
