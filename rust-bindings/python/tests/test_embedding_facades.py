"""`memory_system.embeddings` and `memory_system.embedding`: parts 3, 4 and 13 of the contract, through the built wheel."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import sqlite3
import threading
from collections.abc import Awaitable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
from conftest import REPOSITORY
from scripted import Seen, Server, answer, failure, openai, vector_of

from memory_system import embeddings
from memory_system._rust import embedding as native
from memory_system.embedding import EmbeddingCache, EmbeddingService, legacy, service
from memory_system.embedding import exceptions as errors
from memory_system.embedding.singleton import (
    EmbeddingServiceSingleton,
    get_embedding_service,
    get_ollama_service,
    get_openai_service,
    get_voyage_service,
)

MODEL = REPOSITORY / ".tools" / "model" / "all-MiniLM-L6-v2"
needs_model = pytest.mark.skipif(not MODEL.is_dir() and "CHRYSALIS_NEEDS_MODEL" not in os.environ, reason="the model is not there; `make setup` obtains it")
VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "VOYAGE_API_KEY", "VOYAGE_BASE_URL", "ANTHROPIC_API_KEY", "OLLAMA_BASE_URL")


def run(work: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await asyncio.wait_for(work, 60)

    return asyncio.run(main())


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*VARIABLES, "EMBEDDING_CACHE_PATH", "CHRYSALIS_MODEL", "CHRYSALIS_HOME"):
        monkeypatch.delenv(name, raising=False)
    EmbeddingServiceSingleton.reset_instances()
    yield
    EmbeddingServiceSingleton.reset_instances()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(lambda seen: [openai(seen, 8)]) as server:
        yield server


def ollama(seen: Seen) -> bytes:
    if seen.path == "/api/embed":
        return answer(200, {"embeddings": [vector_of(text, 768) for text in seen.body["input"]]})
    return answer(200, {"embedding": vector_of(seen.body["prompt"], 768)})


# Part 3.


def test_3_openai_embeddings(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT_API_KEY", "not this one")
    with pytest.raises(ValueError, match=r"^OpenAI API key required\."):
        embeddings.OpenAIEmbeddings()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up")
    monkeypatch.setenv("OPENAI_BASE_URL", server.base + "/v1")
    made = embeddings.OpenAIEmbeddings("openai/text-embedding-3-small")
    assert (made.model, made.api_key) == ("text-embedding-3-small", "sk-made-up") and made.client is not None
    assert made.embed("a") == vector_of("a", 8)
    assert "dimensions" not in server.seen[0].body and server.seen[0].body["input"] == "a"
    texts = [f"text {number}" for number in range(250)]
    assert made.embed_batch(texts) == [vector_of(text, 8) for text in texts]
    assert [len(seen.body["input"]) for seen in server.seen[1:]] == [100, 100, 50]
    assert made.embed_batch([]) == []
    with pytest.raises(ValueError):
        made.embed_batch(["a"], batch_size=0)
    server.script = lambda seen: [failure(401, "invalid_api_key")]
    with pytest.raises(errors.EmbeddingAuthenticationError) as raised:
        made.embed("between us")
    assert (raised.value.status, raised.value.code) == (401, "invalid_api_key")
    assert "between" not in str(raised.value) and "sk-made" not in repr(raised.value) + repr(made.client)


@needs_model
def test_3_local_embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    by_path = embeddings.LocalEmbeddings(str(MODEL))
    monkeypatch.setenv("CHRYSALIS_MODEL", str(MODEL))
    by_name = embeddings.LocalEmbeddings()
    vector = by_name.embed("the kettle is on")
    assert len(vector) == 384 and math.hypot(*vector) == pytest.approx(1, abs=1e-6)
    assert by_path.embed_batch(["the kettle is on", "b"])[0] == vector
    assert by_name.model.max_tokens == 256 and by_name.embed("word " * 5000)
    with pytest.raises(ImportError, match="no local model 'another'"):
        embeddings.LocalEmbeddings("another")


def test_3_a_missing_model_is_an_import_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHRYSALIS_HOME", str(tmp_path))
    with pytest.raises(ImportError, match="CHRYSALIS_MODEL"):
        embeddings.LocalEmbeddings()
    (tmp_path / "models" / "all-MiniLM-L6-v2").mkdir(parents=True)
    with pytest.raises(errors.EmbeddingModelError, match=r"config\.json"):
        embeddings.LocalEmbeddings("sentence-transformers/all-MiniLM-L6-v2")


# Part 4.


def test_4_1_names() -> None:
    members = {member.name: member.value for member in service.EmbeddingProvider}
    assert members.items() >= {
        "OLLAMA": "ollama", "OPENAI": "openai", "SENTENCE_TRANSFORMERS": "sentence_transformers",
        "HUGGINGFACE": "huggingface", "VOYAGE": "voyage", "NOMIC": "nomic", "LOCAL": "local", "DETERMINISTIC": "deterministic",
    }.items()  # fmt: skip
    result = service.EmbeddingResult(success=True, vectors=[[1.0]], model="m", dimensions=1)
    assert result.to_dict() == {
        "success": True, "vectors_count": 1, "model": "m", "dimensions": 1, "error": None, "elapsed_ms": 0.0,
        "cache_hits": 0, "computed": 0,
    }  # fmt: skip


def test_4_2_ollama() -> None:
    with Server(lambda seen: [ollama(seen)]) as server:
        provider = service.OllamaProvider(base_url=server.base)
        assert provider.dimensions == 768 and provider.model == "nomic-embed-text"
        assert run(provider.embed("a")) == vector_of("a", 768)
        assert run(provider.embed_query("a")) == vector_of("search_query: a", 768)
        assert run(provider.embed_batch(["a", "b"])) == [vector_of("a", 768), vector_of("b", 768)]
        prefixed = service.OllamaProvider(base_url=server.base, task_type="search_document")
        assert run(prefixed.embed("a")) == vector_of("search_document: a", 768)
        assert service.OllamaProvider("mxbai-embed-large", server.base).dimensions == 1024
        assert service.OllamaProvider("unheard-of", server.base).dimensions == 768
        with pytest.raises(ValueError):
            service.OllamaProvider(task_type="guessing")


def test_4_2_a_server_of_old_is_asked_for_one_text_at_a_time() -> None:
    def old(seen: Seen) -> list[bytes]:
        return [ollama(seen) if seen.path == "/api/embeddings" else answer(404, b"404 page not found")]

    with Server(lambda seen: [*old(seen)]) as server:
        provider = service.OllamaProvider(base_url=server.base)
        assert run(provider.embed_batch(["a", "b"])) == [vector_of("a", 768), vector_of("b", 768)]
        assert server.seen[-1].body.keys() == {"model", "prompt"}


def test_4_2_openai_and_huggingface() -> None:
    with Server(lambda seen: [openai(seen, 8)]) as server:
        provider = service.OpenAIProvider("sk-1", "own", server.base)
        assert provider.dimensions == 1536
        assert run(provider.embed_batch(["a", "b"])) == [vector_of("a", 8), vector_of("b", 8)]
        assert server.seen[0].body == {"input": ["a", "b"], "model": "own"}
        assert provider.dimensions == 8, "learnt"
    known = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
    for model, dimensions in known.items():
        assert service.OpenAIProvider("sk-1", model).dimensions == dimensions
    tokens = [[[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]]
    with Server(lambda seen: [answer(200, tokens)]) as server:
        hugging = service.HuggingFaceProvider("hf-1", "org/own", server.base)
        assert run(hugging.embed_batch(["a", "b"])) == [[2.0, 3.0], [5.0, 6.0]]
        assert server.seen[0].path == "/pipeline/feature-extraction/org/own"
        assert server.seen[0].body == {"inputs": ["a", "b"], "options": {"wait_for_model": True}}
    for name in ("OpenAI", "HuggingFace"):
        with pytest.raises(ValueError, match=f"^{name} provider requires api_key$"):
            EmbeddingService(provider=name.lower())


@needs_model
def test_4_2_sentence_transformers_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHRYSALIS_MODEL", str(MODEL))
    made = EmbeddingService("sentence_transformers")
    assert made.dimensions == 384
    assert run(made.embed("the kettle is on")) == embeddings.LocalEmbeddings().embed("the kettle is on")


def test_4_3_results_and_failures(server: Server) -> None:
    made = EmbeddingService("openai", "own", "sk-1", server.base)
    assert run(made.embed("a")) == vector_of("a", 8)
    assert run(made.embed_batch([])) == []
    result = run(made.embed_with_result(["a", "b", "a"]))
    assert result.vectors == [vector_of(text, 8) for text in "aba"]
    assert (result.success, result.model, result.dimensions) == (True, "own", 8)
    assert (result.cache_hits, result.computed, result.error) == (0, 2, None) and result.elapsed_ms > 0
    assert run(made.embed_with_result("a")).vectors == [vector_of("a", 8)]
    server.script = lambda seen: [failure(401)]
    failed = run(made.embed_with_result(["between us", "b"]))
    assert (failed.success, failed.vectors, failed.computed) == (False, [[], []], 0)
    assert "authentication" in failed.error and "between" not in failed.error
    assert run(made.embed("a")) == [] and run(made.embed_batch(["a", "b"])) == [[], []]
    assert made.get_cache_stats() is None and made.clear_cache() == 0
    made.close()


def test_4_3_one_bad_text_spoils_no_other(server: Server) -> None:
    def picky(seen: Seen) -> list[bytes]:
        return [failure(400) if "bad" in seen.body["input"] else openai(seen, 8)]

    server.script = lambda seen: [*picky(seen)]
    made = EmbeddingService("openai", "own", "sk-1", server.base)
    result = run(made.embed_with_result(["a", "bad", "b"]))
    assert result.vectors == [vector_of("a", 8), [], vector_of("b", 8)] and not result.success


def test_4_3_a_provider_of_ones_own() -> None:
    class Own(service.EmbeddingProviderBase):
        calls: list[list[str]] = []

        async def embed(self, text: str) -> list[float]:
            return [float(len(text))]

        async def embed_batch(self, texts: list[str]) -> list[list[float]]:
            self.calls.append(texts)
            return [await self.embed(text) for text in texts]

        @property
        def dimensions(self) -> int:
            return 1

    made = EmbeddingService("deterministic")
    made._provider = Own()
    assert run(made.embed_batch(["a", "bb", "a"])) == [[1.0], [2.0], [1.0]]
    assert Own.calls == [["a", "bb"]] and made.dimensions == 1


def test_4_3_and_7_5_the_cache_survives_and_names_its_space(server: Server, tmp_path: Path) -> None:
    # Of this model the space is known before the first answer, so that what was kept is found.
    server.script = lambda seen: [openai(seen, 1536)]
    model, place = "text-embedding-3-small", tmp_path / "cache"
    first = EmbeddingService("openai", model, "sk-1", server.base, cache_path=place)
    result = run(first.embed_with_result(["a", "b", "a"]))
    assert (result.cache_hits, result.computed) == (0, 2)
    result = run(first.embed_with_result(["a", "c", "a"]))
    assert (result.cache_hits, result.computed) == (1, 1)
    first.close()
    second = EmbeddingService("openai", model, "sk-1", server.base, cache_path=place)
    result = run(second.embed_with_result(["a", "b", "c"]))
    assert (result.cache_hits, result.computed) == (3, 0) and len(server.seen) == 2
    assert result.vectors == [vector_of(text, 1536) for text in "abc"]
    stats = second.get_cache_stats()
    assert stats is not None
    assert set(stats) == {
        "entries", "max_entries", "fill_ratio", "ttl_days", "session_hits", "session_misses", "total_hits", "total_misses",
        "total_evictions", "hit_rate", "last_cleanup", "models",
    }  # fmt: skip
    assert (stats["entries"], stats["models"], stats["max_entries"]) == (3, {model: 3}, 100_000)
    assert (stats["session_hits"], stats["session_misses"], stats["hit_rate"]) == (3, 0, 1.0)
    assert stats["total_hits"] > stats["session_hits"]
    other = EmbeddingService("openai", "text-embedding-ada-002", "sk-1", server.base, cache_path=place)
    assert run(other.embed_with_result("a")).computed == 1, "another model finds nothing of it"
    assert second.clear_cache() >= 3
    assert run(second.embed_with_result("a")).computed == 1


def test_7_5_failed_vectors_are_not_kept(server: Server, tmp_path: Path) -> None:
    made = EmbeddingService("openai", "text-embedding-3-small", "sk-1", server.base, cache_path=tmp_path)
    server.script = lambda seen: [failure(401)]
    assert run(made.embed("a")) == []
    server.script = lambda seen: [openai(seen, 1536)]
    assert run(made.embed("a")) == vector_of("a", 1536)


# The cache of part 4.4.


def test_4_4_the_cache_by_itself(tmp_path: Path) -> None:
    assert (EmbeddingCache.DEFAULT_TTL_DAYS, EmbeddingCache.DEFAULT_MAX_SIZE) == (30, 100_000)
    for path in (None, tmp_path / "deep" / "cache"):
        cache = EmbeddingCache(path)
        cache.set("a", [1.0, 2.0])
        cache.set("a", [3.0], model="other")
        assert cache.get("a") == [1.0, 2.0] and cache.get("a", "other") == [3.0] and cache.get("b") is None
        cache.set_batch({"b": [0.5, 0.25], "c": [0.0, 1.0]})
        assert cache.get_batch(["a", "x", "c"]) == ({"a": [1.0, 2.0], "c": [0.0, 1.0]}, ["x"])
        with pytest.raises(errors.EmbeddingDimensionMismatchError):
            cache.set("d", [1.0])
        for bad in ([], [math.nan, 1.0], [math.inf, 1.0]):
            with pytest.raises(errors.EmbeddingError):
                cache.set("d", bad)
        stats = cache.get_stats()
        assert (stats["entries"], stats["models"]) == (4, {"default": 3, "other": 1})
        assert (stats["session_hits"], stats["session_misses"]) == (4, 2)
        assert cache.cleanup_expired() == 0 and cache.get_stats()["last_cleanup"]
        assert cache.clear("other") == 1 and cache.get("a", "other") is None
        cache.close()
    again = EmbeddingCache(tmp_path / "deep" / "cache")
    assert again.get("b") == [0.5, 0.25]
    assert again.get_stats()["total_hits"] == 5 and again.get_stats()["session_hits"] == 1
    assert again.clear() == 3 and again.get("b") is None


def test_4_4_bounds(tmp_path: Path) -> None:
    for path in (None, tmp_path):
        cache = EmbeddingCache(path, max_entries=10)
        for number in range(40):
            cache.set(f"text {number}", [1.0])
        stats = cache.get_stats()
        assert (stats["entries"], stats["fill_ratio"], stats["total_evictions"]) == (10, 1.0, 30)
        assert cache.get("text 39") == [1.0] and cache.get("text 0") is None
    expired = EmbeddingCache(ttl_days=0)
    expired.set("a", [1.0])
    assert expired.get("a") is None


OLD_SCHEMA = """
CREATE TABLE embeddings (content_hash TEXT NOT NULL, model TEXT NOT NULL, vector TEXT NOT NULL, dimensions INTEGER,
    created_at TEXT, expires_at TEXT, last_accessed TEXT, access_count INTEGER DEFAULT 1, PRIMARY KEY (content_hash, model));
CREATE INDEX idx_expires ON embeddings(expires_at);
CREATE TABLE cache_stats (id INTEGER PRIMARY KEY, total_hits INTEGER, total_misses INTEGER, total_evictions INTEGER,
    last_cleanup TEXT);
"""


def old_database(path: Path, rows: dict[tuple[str, str], object], days: float = 10) -> None:
    """A database as the replaced package wrote it: times of this machine's zone, vectors as JSON."""
    database = sqlite3.connect(path)
    database.executescript(OLD_SCHEMA)
    now, ends = datetime.now().isoformat(), (datetime.now() + timedelta(days=days)).isoformat()
    for (text, model), vector in rows.items():
        packed = vector if isinstance(vector, (str, bytes)) else json.dumps(vector)
        digest = hashlib.sha256(text.encode()).hexdigest()
        row = (digest, model, packed, 8, now, ends, now)
        database.execute("INSERT INTO embeddings VALUES (?, ?, ?, ?, ?, ?, ?, 1)", row)
    database.commit()
    database.close()


def test_4_4_an_old_database_is_opened_and_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    old_database(path, {("a", "one"): [1.0, 2.0], ("a", "two"): [3.0], ("b", "one"): [], ("c", "one"): [math.nan, 1.0]})
    before = path.read_bytes()
    cache = EmbeddingCache(path)
    assert cache.get("a", "one") == [1.0, 2.0] and cache.get("a", "two") == [3.0]
    assert cache.get("b", "one") is None, "the empty vector of a failed request"
    assert cache.get_stats()["models"] == {"one": 1, "two": 1}
    cache.close()
    assert path.read_bytes() == before and (tmp_path / "cache.db.vectors").is_dir()
    assert EmbeddingCache(path).get("a", "one") == [1.0, 2.0]


def test_4_4_a_service_takes_over_what_is_of_its_model(server: Server, tmp_path: Path) -> None:
    path, model = tmp_path / "cache.db", "text-embedding-3-small"
    old_database(path, {
        ("a", model): vector_of("a", 1536), ("b", "another"): vector_of("b", 1536), ("c", model): [1.0, 2.0],
    })  # fmt: skip
    server.script = lambda seen: [openai(seen, 1536)]
    made = EmbeddingService("openai", model, "sk-1", server.base, cache_path=path)
    result = run(made.embed_with_result(["a", "b", "c"]))
    assert (result.cache_hits, result.computed) == (1, 2)
    assert result.vectors[0] == vector_of("a", 1536) and server.seen[0].body["input"] == ["b", "c"]


def test_4_4_an_import_tells_refuses_and_goes_on_where_it_was(tmp_path: Path) -> None:
    path, state = tmp_path / "cache.db", tmp_path / "state.json"
    rows: dict[tuple[str, str], object] = {(f"text {number}", "one"): [float(number), 1.0] for number in range(600)}
    rows |= {("x", "unheard-of"): [1.0, 2.0], ("y", "one"): "[1.0,", ("z", "one"): [1.0], ("w", "one"): '["1"]', ("v", "one"): b"\0"}
    old_database(path, rows)

    class Stopped(Exception):
        pass

    def stop(report: legacy.ImportReport) -> None:
        raise Stopped

    with pytest.raises(Stopped), EmbeddingCache(tmp_path / "new") as cache:
        legacy.import_sqlite_cache(path, cache, models={"one"}, progress=stop, state=state)
    seen: list[int] = []
    with EmbeddingCache(tmp_path / "new") as cache:
        report = legacy.import_sqlite_cache(
            path, cache, models={"one"}, progress=lambda report: seen.append(report.rows), state=state
        )
        assert report.resumed and seen == [256, 349], "the 256 of before are not read again"
        assert (report.imported, report.unknown_model, report.wrong_length, report.unreadable) == (344, 1, 1, 3)
        assert report.refused == 5
        assert [cache.get(f"text {number}", "one") for number in (0, 255, 256, 599)] == [
            [float(number), 1.0] for number in (0, 255, 256, 599)
        ]
        assert legacy.import_sqlite_cache(path, cache, state=state).rows == 0
    old = tmp_path / "old.db"
    old_database(old, {("a", "one"): [1.0]}, days=-1)
    assert legacy.import_sqlite_cache(old, EmbeddingCache()).expired == 1
    with sqlite3.connect(tmp_path / "view.db") as database:
        database.execute("CREATE VIEW embeddings AS SELECT 1 AS rowid")
    database.close()
    with pytest.raises(ValueError, match="no table"):
        legacy.import_sqlite_cache(tmp_path / "view.db", EmbeddingCache())
    for content in (b"", b"no database", b"SQLite format 3\0" + bytes(100)):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(ValueError):
            legacy.import_sqlite_cache(tmp_path / "bad", EmbeddingCache())


# The registry of part 4.5: what the original's 18 tests assert.


def test_13_one_instance_for_each_provider_and_model() -> None:
    with patch("memory_system.embedding.singleton.EmbeddingService"):
        get = EmbeddingServiceSingleton.get_instance
        ollama = get("ollama")
        assert get("ollama") is ollama and get("openai", api_key="test-key") is not ollama
        assert get("ollama", model="model-a") is not get("ollama", model="model-b")
        assert EmbeddingServiceSingleton.has_instance("ollama")
        assert not EmbeddingServiceSingleton.has_instance("huggingface")
        everything = EmbeddingServiceSingleton.get_all_instances()
        assert len(everything) == 4
        everything.clear()
        assert len(EmbeddingServiceSingleton.get_all_instances()) == 4, "a copy was given"
        assert EmbeddingServiceSingleton.reset_instance("ollama") is True
        assert not EmbeddingServiceSingleton.has_instance("ollama")
        assert EmbeddingServiceSingleton.has_instance("openai")
        assert EmbeddingServiceSingleton.reset_instance("nonexistent") is False
        EmbeddingServiceSingleton.reset_instances()
        assert len(EmbeddingServiceSingleton.get_all_instances()) == 0


def test_13_ten_threads_get_one_instance() -> None:
    with patch("memory_system.embedding.singleton.EmbeddingService") as made:
        instances: list[EmbeddingServiceSingleton] = []
        start = threading.Barrier(10)

        def work() -> None:
            start.wait()
            instances.append(EmbeddingServiceSingleton.get_instance("ollama"))

        threads = [threading.Thread(target=work) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(instances) == 10 and set(instances) == {instances[0]} and made.call_count == 1


def test_13_configuration_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOYAGE_API_KEY", "test-voyage-key")
    monkeypatch.setenv("EMBEDDING_CACHE_PATH", "a-cache")
    with patch("memory_system.embedding.singleton.EmbeddingService") as made:
        EmbeddingServiceSingleton.get_instance("voyage", auto_configure=True)
        assert made.call_args.args == ()
        assert made.call_args.kwargs == {
            "provider": "voyage", "model": None, "api_key": "test-voyage-key", "base_url": None, "cache_path": "a-cache",
            "timeout": 30.0,
        }  # fmt: skip
        EmbeddingServiceSingleton.get_instance("voyage", model="bare", auto_configure=False)
        assert made.call_args.kwargs["api_key"] is None


def test_13_keys_and_shortcuts(monkeypatch: pytest.MonkeyPatch) -> None:
    make_key = EmbeddingServiceSingleton._make_key
    assert (make_key("voyage", None), make_key("voyage", "voyage-3")) == ("voyage:default", "voyage:voyage-3")
    with patch("memory_system.embedding.singleton.EmbeddingService"):
        made = [get_embedding_service("ollama"), get_voyage_service(), get_openai_service(), get_ollama_service()]
        assert all(isinstance(one, EmbeddingServiceSingleton) for one in made)
        keys = ["ollama:default", "voyage:voyage-3", "openai:text-embedding-3-small", "ollama:nomic-embed-text"]
        assert [one.provider_key for one in made] == keys


def test_13_everything_is_delegated() -> None:
    with patch("memory_system.embedding.singleton.EmbeddingService") as made:
        inner = MagicMock(dimensions=1536)
        inner.get_cache_stats.return_value = {"hits": 10, "misses": 5}
        inner.clear_cache.return_value = 15
        made.return_value = inner
        singleton = EmbeddingServiceSingleton.get_instance("ollama")
        assert (singleton.dimensions, singleton.clear_cache()) == (1536, 15)
        assert singleton.get_cache_stats() == {"hits": 10, "misses": 5}
        inner.get_cache_stats.assert_called_once()
        inner.clear_cache.assert_called_once()
        EmbeddingServiceSingleton.reset_instances()
        inner.close.assert_called_once()


def test_13_voyage_as_its_own_tests_had_it() -> None:
    with pytest.raises(ValueError, match="^Voyage provider requires api_key$"):
        EmbeddingService("voyage")
    with Server(lambda seen: [openai(seen, 1024)]) as server:
        provider = service.VoyageProvider("pa-1", base_url=server.base + "/v1")
        assert (provider.model, provider.dimensions, provider.timeout) == ("voyage-3", 1024, 30.0)
        assert run(provider.embed("a")) == vector_of("a", 1024)
        (seen,) = server.seen
        assert (seen.path, seen.body) == ("/v1/embeddings", {"model": "voyage-3", "input": ["a"]})
        assert seen.headers["authorization"] == "Bearer pa-1"
        # 0.0001 US dollars for a thousand tokens.
        assert provider.native.estimate_cost("one two three") == pytest.approx(3 * 1.3 / 1000 * 0.0001)
        assert provider.native.estimate_cost("") == 0.0


def test_4_5_the_default_provider_works(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="^Voyage provider requires api_key$"):
        get_embedding_service()
    monkeypatch.setenv("VOYAGE_API_KEY", "pa-1")
    monkeypatch.setenv("VOYAGE_BASE_URL", server.base + "/v1")
    server.script = lambda seen: [openai(seen, 1024)]
    made = get_embedding_service()
    assert made.dimensions == 1024 and run(made.embed("a")) == vector_of("a", 1024)
    assert server.seen[0].path == "/v1/embeddings" and server.seen[0].headers["authorization"] == "Bearer pa-1"


def test_4_4_a_child_of_fork_opens_its_cache_anew(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork()")
    cache = native.VectorCache(tmp_path)
    cache.set("a", [1.0])
    cache.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            cache.set("b", [2.0])
            cache.flush()
            code = 0 if cache.get("a") == [1.0] and cache.get("b") == [2.0] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert native.VectorCache(tmp_path).get("b") == [2.0]
