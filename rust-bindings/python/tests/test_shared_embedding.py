"""`shared.embedding`: what the original's tests assert, and the rest of part 1 of the contract, through the built wheels."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import pickle
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock, patch

import pytest
from scripted import Server, Step, answer, failure, openai, vector_of
from shared.embedding import EmbeddingService, EmbeddingTelemetry, exceptions
from shared.embedding.providers import DeterministicProvider, EmbeddingProvider, NomicProvider, OpenAIProvider

from memory_system._rust import embedding as native
from memory_system.embedding._vectors import EmbeddedVector

ENVIRONMENT = (
    "EMBEDDING_PROVIDER", "EMBEDDING_STRICT_DIMENSIONS", "GPT_API_KEY", "LEGACY_LANCEDB", "NOMIC_API_BASE", "NOMIC_API_KEY",
    "NOMIC_DIMENSIONS", "NOMIC_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(lambda seen: [openai(seen, seen.body.get("dimensions") or 8)]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base + "/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up")
        yield server


def scripted_provider(**methods: Any) -> Mock:
    provider = Mock()
    provider.get_provider_name.return_value = "test"
    provider.get_model_name.return_value = "test-model"
    provider.get_dimensions.return_value = 10
    provider.estimate_cost.return_value = 0.0
    for name, value in methods.items():
        getattr(provider, name).configure_mock(**value)
    return provider


# What the original's tests assert of the deterministic provider: 7.


def test_13_deterministic_vectors_are_lists_of_floats_and_repeat() -> None:
    provider = DeterministicProvider(dimensions=10)
    vector = provider.embed("test text")
    assert isinstance(vector, list) and len(vector) == 10 and all(isinstance(x, float) for x in vector)
    assert provider.embed("test text") == vector
    assert vector[0] == 0.33377838134765625, "contract part 2"


def test_13_deterministic_vectors_have_length_one() -> None:
    assert sum(x * x for x in DeterministicProvider(10).embed("test")) ** 0.5 == pytest.approx(1, abs=0.01)


def test_13_deterministic_vectors_of_two_texts_differ() -> None:
    provider = DeterministicProvider(10)
    assert provider.embed("text one") != provider.embed("text two")


def test_13_deterministic_facts() -> None:
    assert DeterministicProvider(1024).get_dimensions() == DeterministicProvider().get_dimensions() == 1024
    assert DeterministicProvider().get_provider_name() == DeterministicProvider().get_model_name() == "deterministic"
    assert DeterministicProvider().estimate_cost("test") == 0.0
    assert [len(vector) for vector in DeterministicProvider(10).embed_batch(["a", "b", "c"])] == [10] * 3


def test_1_6_sizes_at_the_edge() -> None:
    assert DeterministicProvider(0).embed("a") == []
    with pytest.raises(ValueError):
        DeterministicProvider(-1)
    with pytest.raises(UnicodeError):
        DeterministicProvider(4).embed("a\ud800b")


# Of OpenAI: 5.


def test_13_openai_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for variables in ({}, {"OPENAI_API_KEY": "", "GPT_API_KEY": ""}):
        with patch.dict("os.environ", variables):
            with pytest.raises(ValueError, match="^OpenAI API key required") as raised:
                OpenAIProvider()
            assert str(raised.value) == "OpenAI API key required (set OPENAI_API_KEY or GPT_API_KEY)"
    monkeypatch.setenv("GPT_API_KEY", "sk-second")
    assert OpenAIProvider().get_model_name() == "text-embedding-3-large"


def test_13_openai_defaults_with_a_client_of_ones_own() -> None:
    with patch("shared.embedding.providers.openai.OpenAI") as client:
        provider = OpenAIProvider(api_key="test-key")
        client.assert_called_once_with(api_key="test-key")
        assert provider.get_provider_name() == "openai"
        assert (provider.get_dimensions(), provider.get_model_name()) == (3072, "text-embedding-3-large")


def test_13_openai_asks_a_client_of_ones_own_once() -> None:
    with patch("shared.embedding.providers.openai.OpenAI") as client:
        create = client.return_value.embeddings.create
        create.return_value = Mock(data=[Mock(embedding=[0.1] * 3072)])
        provider = OpenAIProvider(api_key="test-key")
        assert len(provider.embed("test text")) == 3072
        create.assert_called_once_with(model="text-embedding-3-large", input="test text", dimensions=3072)
        assert len(provider.embed_batch(["a", "b"])) == 2 and create.call_count == 3


def test_13_openai_can_be_switched_off() -> None:
    with patch("shared.embedding.providers.openai._OPENAI_AVAILABLE", False):
        with pytest.raises(ImportError, match="OpenAI SDK not available") as raised:
            OpenAIProvider()  # Before the key is looked for.
    assert str(raised.value) == "OpenAI SDK not available. Install with: pip install openai"


def test_1_4_a_client_that_cannot_be_made() -> None:
    with patch("shared.embedding.providers.openai.OpenAI", side_effect=RuntimeError("no such thing")):
        with pytest.raises(exceptions.EmbeddingProviderError) as raised:
            OpenAIProvider(api_key="test-key")
    assert str(raised.value) == "Failed to initialize OpenAI client: no such thing"


def test_1_4_costs_to_the_last_bit() -> None:
    provider = OpenAIProvider(api_key="test-key")
    assert provider.estimate_cost("one two three") == 5.07e-07
    assert provider.estimate_cost("") == 0.0
    assert provider.estimate_cost("test text with multiple words") >= 0.0


def test_1_4_what_goes_over_the_wire(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_1")
    provider = OpenAIProvider(dimensions=16)
    assert provider.embed("a text") == vector_of("a text", 16)
    (seen,) = server.seen
    assert seen.path == "/v1/embeddings"
    assert seen.body == {
        "input": "a text",
        "model": "text-embedding-3-large",
        "dimensions": 16,
        "encoding_format": "base64",
    }
    assert seen.headers["authorization"] == "Bearer sk-made-up"
    assert (seen.headers["openai-organization"], seen.headers["openai-project"]) == ("org-1", "proj_1")


def test_7_3_batches_are_packed(server: Server) -> None:
    texts = [f"text {number}" for number in range(500)] + ["text 3"]
    assert OpenAIProvider(dimensions=8).embed_batch(texts) == [vector_of(text, 8) for text in texts]
    assert len(server.seen) == 1 and len(server.seen[0].body["input"]) == 500


def test_1_4_another_length_is_returned_and_logged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = lambda seen: [openai(seen, 5)]
    assert len(OpenAIProvider(dimensions=8).embed("a")) == 5
    assert "5 dimensions, expected 8" in caplog.text


@pytest.mark.parametrize(
    ("reply", "kind", "attempts"),
    [
        ([failure(401, "invalid_api_key")], exceptions.EmbeddingAuthenticationError, 1),
        ([failure(403)], exceptions.EmbeddingAuthenticationError, 1),
        ([failure(402)], exceptions.EmbeddingQuotaExceededError, 1),
        ([failure(429, "insufficient_quota")], exceptions.EmbeddingQuotaExceededError, 1),
        ([failure(429, retry_after_ms="1")], exceptions.EmbeddingRateLimitError, 3),
        ([failure(408, retry_after_ms="1")], exceptions.EmbeddingTimeoutError, 3),
        ([failure(503, retry_after_ms="1")], exceptions.EmbeddingNetworkError, 3),
        ([failure(400, message="14012 tokens")], exceptions.EmbeddingProviderError, 1),
        ([failure(404)], exceptions.EmbeddingProviderError, 1),
        ([answer(200, {"data": []})], exceptions.EmbeddingProviderError, 1),
        ([answer(200, b"{")], exceptions.EmbeddingProviderError, 1),
    ],
)
def test_1_8_classes_are_of_status_and_code(
    server: Server, reply: list[Step], kind: type[Exception], attempts: int
) -> None:
    server.script = lambda seen: reply
    with pytest.raises(exceptions.EmbeddingProviderError) as raised:
        OpenAIProvider(dimensions=8).embed("between us")
    error = raised.value
    assert type(error) is kind and len(server.seen) == attempts == error.attempts
    assert str(error).startswith("OpenAI embedding failed: ") and error.__cause__ is not None
    assert "between" not in str(error) and "sk-made-up" not in str(error)


def test_1_2_errors_say_what_the_server_said(server: Server) -> None:
    server.script = lambda seen: [
        failure(429, "rate_limit_exceeded", retry_after="0.001", x_request_id="req-9", x_should_retry="false")
    ]
    with pytest.raises(exceptions.EmbeddingRateLimitError) as raised:
        OpenAIProvider(dimensions=8).embed("a")
    error = raised.value
    assert (error.status, error.code, error.request_id) == (429, "rate_limit_exceeded", "req-9")
    assert (error.retry_after, error.attempts) == (0.001, 1)


def test_1_8_the_old_rule_on_request(server: Server) -> None:
    server.script = lambda seen: [failure(400, message="requested 14012 tokens")]
    with pytest.raises(exceptions.EmbeddingAuthenticationError):
        OpenAIProvider(dimensions=8, error_classification="text").embed("a")


def test_1_8_foreign_exceptions_by_their_text() -> None:
    with patch("shared.embedding.providers.openai.OpenAI") as client:
        create = client.return_value.embeddings.create
        for text, kind in [
            ("Error code: 401", exceptions.EmbeddingAuthenticationError),
            ("Forbidden", exceptions.EmbeddingAuthenticationError),
            ("Rate limit reached", exceptions.EmbeddingRateLimitError),
            ("Request timed out.", exceptions.EmbeddingTimeoutError),
            ("insufficient funds", exceptions.EmbeddingQuotaExceededError),
            ("Connection error.", exceptions.EmbeddingNetworkError),
            ("odd", exceptions.EmbeddingProviderError),
        ]:
            create.side_effect = RuntimeError(text)
            with pytest.raises(exceptions.EmbeddingProviderError) as raised:
                OpenAIProvider(api_key="k").embed("a")
            assert type(raised.value) is kind and str(raised.value) == f"OpenAI embedding failed: {text}"


# Of Nomic.


def test_1_5_nomic_speaks_the_old_shape_to_a_base_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError) as raised:
        NomicProvider()
    assert str(raised.value) == "Nomic API key required (set NOMIC_API_KEY)"
    with Server(lambda seen: [answer(200, {"data": [{"vector": [1, 2, 3]}]})]) as server:
        monkeypatch.setenv("NOMIC_API_KEY", "nk-1")
        monkeypatch.setenv("NOMIC_API_BASE", server.base + "/v1/")
        provider = NomicProvider()
        assert provider.get_dimensions() == 768
        monkeypatch.setenv("NOMIC_DIMENSIONS", "256")
        assert (provider.get_dimensions(), NomicProvider(dimensions=64).get_dimensions()) == (256, 64)
        assert provider.embed("a") == [1, 2, 3]
        assert (provider.get_dimensions(), provider.get_provider_name(), provider.estimate_cost("a")) == (3, "nomic", 0.0)
        (seen,) = server.seen
        assert (seen.path, seen.headers["authorization"]) == ("/v1/embed", "Bearer nk-1")
        assert seen.body == {"model": "nomic-embed-text-v1", "input": ["a"]}
        for model, expected in (("", "from-env"), ("own", "own")):
            monkeypatch.setenv("NOMIC_MODEL", "from-env")
            assert NomicProvider(model=model).get_model_name() == expected


@pytest.mark.parametrize(
    ("reply", "kind", "prefix"),
    [
        (answer(401, {}), exceptions.EmbeddingAuthenticationError, "Nomic auth failed: "),
        (answer(403, {}), exceptions.EmbeddingAuthenticationError, "Nomic auth failed: "),
        (answer(429, {}), exceptions.EmbeddingRateLimitError, "Nomic rate limited: "),
        (answer(408, {}), exceptions.EmbeddingTimeoutError, "Nomic timeout: "),
        (answer(402, {}), exceptions.EmbeddingQuotaExceededError, "Nomic quota exceeded: "),
        (answer(500, {}), exceptions.EmbeddingNetworkError, "Nomic server error: "),
        (answer(418, {}), exceptions.EmbeddingProviderError, "Nomic request failed: "),
        (answer(200, {}), exceptions.EmbeddingProviderError, "Nomic parse failed: Nomic response missing embedding: "),
    ],
)
def test_1_5_nomic_errors(reply: bytes, kind: type[Exception], prefix: str) -> None:
    with Server(lambda seen: [reply]) as server:
        with pytest.raises(exceptions.EmbeddingProviderError) as raised:
            NomicProvider("nk-1", server.base).embed("a")
        assert type(raised.value) is kind and str(raised.value).startswith(prefix)
        assert len(server.seen) == 1, "nothing is repeated"


def test_1_5_a_refused_connection_is_a_network_error() -> None:
    with Server(lambda seen: []) as server:
        base = server.base
    with pytest.raises(exceptions.EmbeddingNetworkError, match="^Nomic request failed: "):
        NomicProvider("nk-1", base).embed("a")


# Of the service: 14.


def test_13_deterministic_by_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_PROVIDER", "DETERMINISTIC")
    service = EmbeddingService()
    assert (service.get_provider_info()["provider"], service.dimensions) == ("deterministic", 3072)
    assert service.get_provider_info()["model"] == "deterministic"
    assert service.model == service.model_name == "text-embedding-3-large", "the requested one"


def test_13_deterministic_by_parameter() -> None:
    assert EmbeddingService(forced_provider="deterministic").get_provider_info() == {
        "provider": "deterministic",
        "model": "deterministic",
        "dimensions": 3072,
        "fallbacks": [],
        "has_openai": False,
        "has_nomic": False,
        "has_deterministic": True,
    }
    assert EmbeddingService(dimensions=1024, forced_provider="deterministic").dimensions == 1024


def test_13_without_any_key_vectors_are_of_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "GPT_API_KEY", "NOMIC_API_KEY", "EMBEDDING_PROVIDER"):
        monkeypatch.setenv(name, "")
    assert EmbeddingService().get_provider_info()["provider"] == "deterministic"


@pytest.mark.parametrize(
    ("forced", "keys", "primary", "fallbacks"),
    [
        (None, "", ("deterministic", 3072), []),
        (None, "OPENAI", ("openai", 3072), [("deterministic", 3072)]),
        (None, "OPENAI NOMIC", ("openai", 3072), [("nomic", 768), ("deterministic", 3072)]),
        (None, "NOMIC", ("nomic", 768), [("deterministic", 3072)]),
        ("openai", "OPENAI NOMIC", ("openai", 3072), [("deterministic", 3072)]),
        ("nomic", "OPENAI NOMIC", ("nomic", 768), []),
        ("openai", "NOMIC", ("deterministic", 3072), []),
        ("nomic", "OPENAI", ("deterministic", 3072), []),
        ("some", "OPENAI NOMIC", ("deterministic", 3072), []),
        ("DETERMINISTIC", "OPENAI", ("deterministic", 3072), []),
    ],
)
def test_1_7_the_table_of_selections(
    monkeypatch: pytest.MonkeyPatch,
    forced: str | None,
    keys: str,
    primary: tuple[str, int],
    fallbacks: list[tuple[str, int]],
) -> None:
    for key in keys.split():
        monkeypatch.setenv(f"{key}_API_KEY", "made-up")
    service = EmbeddingService(forced_provider=forced)
    info = service.get_provider_info()
    assert (info["provider"], info["dimensions"]) == primary
    assert service.dimensions == primary[1] and service.model == info["model"]
    assert [(other["provider"], other["dimensions"]) for other in info["fallbacks"]] == fallbacks


def test_1_7_a_provider_that_cannot_be_made_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for forced in (None, "deterministic"):
        with pytest.raises(exceptions.EmbeddingError, match=r"^No embedding provider available\."):
            EmbeddingService(dimensions=-1, forced_provider=forced)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up")
    with patch("shared.embedding.providers.openai._OPENAI_AVAILABLE", False):
        assert EmbeddingService().get_provider_info()["provider"] == "deterministic"


def test_13_embed_and_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_PROVIDER", "deterministic")
    service = EmbeddingService(dimensions=10)
    vector = service.embed("test text")
    assert isinstance(vector, list) and len(vector) == 10 and all(isinstance(x, float) for x in vector)
    assert {len(service.embed(text)) for text in ("one", "two", "three")} == {10}
    assert [len(vector) for vector in service.embed_batch(["a", "b", "c"])] == [10] * 3
    assert service.embed_batch([]) == [] and service.estimate_cost("test text") == 0.0


def test_13_a_wrong_length_is_returned_and_told(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Mock(spec=EmbeddingTelemetry)
    service = EmbeddingService(dimensions=10, forced_provider="deterministic", telemetry=telemetry)
    service._primary_provider = scripted_provider(embed={"return_value": [0.1] * 15})
    assert len(service.embed("test")) == 15
    assert "expected 10 dimensions, got 15" in caplog.text
    telemetry.record_dimension_mismatch.assert_called_once_with(
        provider="test", model="test-model", expected_dimensions=10, actual_dimensions=15
    )


def test_13_strict_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_STRICT_DIMENSIONS", "True")
    service = EmbeddingService(dimensions=10, forced_provider="deterministic")
    service._primary_provider = scripted_provider(embed={"return_value": [0.1] * 15})
    with pytest.raises(exceptions.EmbeddingError) as raised:
        service.embed("test")
    cause = raised.value.__cause__
    assert isinstance(cause, exceptions.EmbeddingDimensionMismatchError)
    text = "Dimension mismatch: expected 10 dimensions from test (test-model), got 15"
    assert str(raised.value) == f"All embedding providers failed. Last error: {text}"
    assert (cause.expected, cause.actual, cause.provider, cause.model) == (10, 15, "test", "test-model")
    service._fallback_providers = [DeterministicProvider(10)]
    with pytest.warns(exceptions.EmbeddingSpaceWarning):
        assert service.embed("test") == DeterministicProvider(10).embed("test")


def test_1_7_legacy_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEGACY_LANCEDB", "yes")
    service = EmbeddingService(dimensions=4, forced_provider="deterministic")
    for given, expected in (([1.0] * 6, [1.0] * 4), ([1.0, 2.0], [1.0, 2.0, 0.0, 0.0])):
        service._primary_provider = scripted_provider(embed={"return_value": given})
        assert service.embed("a") == expected


def test_13_telemetry_of_success_and_failure() -> None:
    telemetry = Mock(spec=EmbeddingTelemetry)
    service = EmbeddingService(telemetry=telemetry, forced_provider="deterministic", dimensions=10)
    service.embed("héllo")
    (call,) = telemetry.record_success.call_args_list
    assert call.args == () and call.kwargs["text_length"] == 5
    assert set(call.kwargs) == {"provider", "model", "dimensions", "latency_ms", "text_length", "cost"}
    service._primary_provider = scripted_provider(embed={"side_effect": RuntimeError("Test error")})
    service._fallback_providers = [scripted_provider(embed={"side_effect": KeyError("last")})]
    with pytest.raises(exceptions.EmbeddingError, match="^All embedding providers failed. Last error: 'last'$"):
        service.embed("test")
    (call,) = telemetry.record_error.call_args_list
    assert (call.kwargs["provider"], call.kwargs["error_type"]) == ("test", "KeyError")
    assert call.kwargs["latency_ms"] >= 0 and call.kwargs["error_message"] == "'last'"


def test_1_3_any_object_with_the_methods_is_a_provider() -> None:
    class Own(EmbeddingProvider):
        def embed(self, text: str) -> list[float]:
            return [float(len(text))]

        def get_dimensions(self) -> int:
            return 1

        def get_provider_name(self) -> str:
            return "own"

        def get_model_name(self) -> str:
            return "length"

        def estimate_cost(self, text: str) -> float:
            return 1.0

    service = EmbeddingService(dimensions=1, forced_provider="deterministic")
    service._primary_provider = Own()
    assert service.embed("abc") == [3.0] and service.embed_batch(["a", "bb"]) == [[1.0], [2.0]]
    assert Own().is_available() and service.estimate_cost("a") == 1.0


# What is new: marks, warnings, results.


def test_7_4_what_falls_to_another_space_is_marked_and_warned_of_once(server: Server) -> None:
    service = EmbeddingService(dimensions=8)
    first = service.embed("a")
    assert isinstance(first, EmbeddedVector) and not first.is_fallback and first.provider == "openai"
    server.script = lambda seen: [failure(401)]
    with pytest.warns(exceptions.EmbeddingSpaceWarning, match="openai failed: vectors now come from deterministic"):
        second = service.embed("b")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        service.embed("c")
    assert isinstance(second, EmbeddedVector) and second.is_fallback and second.provider == "deterministic"
    before = native.space_mismatches()
    with pytest.warns(exceptions.EmbeddingSpaceWarning, match="different embedding spaces"):
        native.cosine_similarity(first, second)
    assert native.space_mismatches() == before + 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert native.cosine_similarity(first, first) == pytest.approx(1)
        native.cosine_similarity(first, list(second))
    for copied in (copy.deepcopy(second), pickle.loads(pickle.dumps(second)), json.loads(json.dumps(second))):
        assert type(copied) is list and copied == second


def test_7_6_the_native_service_counts(server: Server) -> None:
    service = EmbeddingService(dimensions=8)
    service.embed("one two")
    counted: list[Any] = service.get_telemetry()["openai"]
    (provider,) = counted[0]["providers"]
    assert (provider["attempts"], provider["tokens_reported"], provider["texts"]) == (1, 2, {"success": 1})


def test_7_8_the_circuit_is_in_the_info(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(lambda seen: [failure(503, "down")]) as server:
        monkeypatch.setenv("NOMIC_API_BASE", server.base)
        for name in ("NOMIC", "OPENAI"):
            monkeypatch.setenv(f"{name}_API_KEY", "made-up")
        service = EmbeddingService()
        info = service.get_provider_info()
        assert [info["circuit"], *(other.get("circuit") for other in info["fallbacks"])] == ["closed", "closed", None]
        nomic = EmbeddingService(forced_provider="nomic")
        for _ in range(20):
            with pytest.raises(exceptions.EmbeddingError):
                nomic.embed("a")
        assert nomic.get_provider_info()["circuit"] == "open"
        assert len(server.seen) < 20
    # One of the caller's own has none that is known.
    with patch("shared.embedding.providers.openai.OpenAI"):
        assert EmbeddingService(forced_provider="openai").get_provider_info()["circuit"] is None


def test_1_10_sinks() -> None:
    events: list[Any] = []
    calls: list[Any] = []
    telemetry = EmbeddingTelemetry(Mock(emit=events.append), Mock(record=calls.append))
    telemetry.record_success(provider="p", model="m", dimensions=3, latency_ms=1.5, text_length=4, cost=0.5)
    telemetry.record_error(
        provider="p", model="m", error_type="E", latency_ms=2.5, text_length=4, error_message="why"
    )
    telemetry.record_dimension_mismatch(provider="p", model="m", expected_dimensions=3, actual_dimensions=4)
    meta = {"provider": "p", "model": "m"}
    assert [(event.event_type, event.data) for event in events] == [
        ("embedding.success", {**meta, "dimensions": 3, "latency_ms": 1.5, "text_length": 4, "cost": 0.5}),
        ("embedding.error", {**meta, "error_type": "E", "latency_ms": 2.5, "text_length": 4, "error": "why"}),
        ("embedding.dimension_mismatch", {**meta, "expected_dimensions": 3, "actual_dimensions": 4}),
    ]
    facts = [(call.tool, call.cost, call.latency_ms, call.success, call.new_facts, call.error) for call in calls]
    assert facts == [
        ("embedding.success", 0.5, 1.5, True, 0, None),
        ("embedding.error", 0.0, 2.5, False, 0, "why"),
        ("embedding.dimension_mismatch", 0.0, None, False, 0, "Dimension mismatch: expected 3, got 4"),
    ]
    assert calls[0].meta == {**meta, "dimensions": 3, "text_length": 4}
    assert calls[1].meta == {**meta, "error_type": "E", "text_length": 4}
    broken = Mock(emit=Mock(side_effect=OSError), record=Mock(side_effect=OSError))
    EmbeddingTelemetry(broken, broken).record_success(
        provider="p", model="m", dimensions=3, latency_ms=1.5, text_length=4, cost=0.5
    )
    assert broken.emit.called and broken.record.called


def test_1_10_log_context_has_no_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="shared.embedding")
    EmbeddingService(forced_provider="deterministic", dimensions=4).embed("between us")
    (record,) = caplog.records
    digest = hashlib.sha256(b"between us").hexdigest()
    assert (record.text_length, record.text_hash) == (10, digest[:8])  # type: ignore[attr-defined]
    assert record.provider_used == "deterministic"  # type: ignore[attr-defined]
    assert all("between" not in str(value) for value in vars(record).values())


def test_1_7_results_need_their_module(monkeypatch: pytest.MonkeyPatch) -> None:
    service = EmbeddingService(forced_provider="deterministic", dimensions=4)
    with pytest.raises(RuntimeError):
        service.embed_safe("a")
    models = types.ModuleType("shared.api_core.models")
    result = types.ModuleType("shared.api_core.result")
    for name in ("APIError", "ErrorDetail"):
        setattr(models, name, lambda **fields: types.SimpleNamespace(**fields))
    setattr(models, "ErrorCode", types.SimpleNamespace(INTERNAL_ERROR="SERVICE_ERROR.INTERNAL_ERROR"))
    setattr(models, "ErrorCategory", types.SimpleNamespace(SERVICE_ERROR="SERVICE_ERROR"))
    setattr(result, "Success", lambda value: ("success", value))
    setattr(result, "Failure", lambda error: ("failure", error))
    monkeypatch.setitem(sys.modules, "shared.api_core", types.ModuleType("shared.api_core"))
    monkeypatch.setitem(sys.modules, "shared.api_core.models", models)
    monkeypatch.setitem(sys.modules, "shared.api_core.result", result)
    assert service.embed_safe("a") == ("success", DeterministicProvider(4).embed("a"))
    assert service.embed_batch_safe(["a"])[0] == service.get_provider_info_safe()[0] == "success"
    assert service.estimate_cost_safe("a") == ("success", 0.0)
    service._primary_provider = scripted_provider(
        embed={"side_effect": OSError("gone")},
        embed_batch={"side_effect": OSError("gone")},
        estimate_cost={"side_effect": OSError("gone")},
        get_dimensions={"side_effect": OSError("gone")},
    )
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: service.embed_safe("a"), "Embedding generation failed: All embedding providers failed. Last error: gone"),
        (lambda: service.embed_batch_safe(["a"]), "Unexpected batch embedding error: gone"),
        (service.get_provider_info_safe, "Failed to get provider info: gone"),
        (lambda: service.estimate_cost_safe("a"), "Failed to estimate cost: gone"),
    ]
    for call, text in calls:
        kind, error = call()
        assert (kind, error.code, error.category) == ("failure", "SERVICE_ERROR.INTERNAL_ERROR", "SERVICE_ERROR")
        assert error.message == text and len(error.details) == 1 and error.details[0].message in text


def test_1_1_names_and_1_2_classes() -> None:
    import shared.embedding as package
    from shared.embedding import providers
    from shared.embedding.providers import base, deterministic, nomic, openai

    assert package.__version__ == "1.0.0"
    for name in (
        "EmbeddingService", "EmbeddingTelemetry", "EmbeddingError", "EmbeddingProviderError", "EmbeddingDimensionMismatchError",
        "EmbeddingRateLimitError", "EmbeddingAuthenticationError",
    ):  # fmt: skip
        assert name in package.__all__ and hasattr(package, name)
    assert set(providers.__all__) == {"EmbeddingProvider", "OpenAIProvider", "NomicProvider", "DeterministicProvider"}
    assert all(module.__name__.startswith("shared.embedding.providers.") for module in (base, deterministic, nomic, openai))
    provider_errors = ("RateLimit", "Authentication", "Timeout", "Network", "QuotaExceeded")
    for name in provider_errors:
        kind = getattr(exceptions, f"Embedding{name}Error")
        assert kind.__bases__ == (exceptions.EmbeddingProviderError,) and str(kind("text")) == "text"
    assert exceptions.EmbeddingProviderError.__bases__ == (exceptions.EmbeddingError,)
    assert exceptions.EmbeddingError.__bases__ == (Exception,)
    mismatch = pickle.loads(pickle.dumps(exceptions.EmbeddingDimensionMismatchError(3, 4, "p", "m")))
    assert (mismatch.expected, str(mismatch)) == (3, "Dimension mismatch: expected 3 dimensions from p (m), got 4")
