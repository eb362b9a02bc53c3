"""The native service from Python: NumPy, cancelled tasks, fork, exit, and servers and inputs that mean ill."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pytest
from conftest import REPOSITORY
from scripted import Drip, Hang, Reset, Seen, Server, Step, answer, failure, openai, vector_of

from memory_system import CryptoError, ValidationError, _bridge
from memory_system._rust import embedding as native
from memory_system.embedding import exceptions as errors

MODEL = REPOSITORY / ".tools" / "model" / "all-MiniLM-L6-v2"
needs_model = pytest.mark.skipif(not MODEL.is_dir() and "CHRYSALIS_NEEDS_MODEL" not in os.environ, reason="the model is not there; `make setup` obtains it")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
SOAK = bool(os.environ.get("CHRYSALIS_SOAK"))


def make(server: Server, **settings: Any) -> native.EmbeddingService:
    own: dict[str, Any] = {name: settings.pop(name) for name in list(settings) if name in ("fallback", "memory_cache")}
    provider = {"provider": "openai", "api_key": "sk-made-up", "model": "own", "base_url": server.base, **settings}
    return native.EmbeddingService({"providers": [provider], "ignores_proxies": True, **own})


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(lambda seen: [openai(seen, 8)]) as server:
        yield server


def deterministic(dimensions: int = 16) -> native.EmbeddingService:
    return native.EmbeddingService({"providers": [{"provider": "deterministic", "dimensions": dimensions}]})


# Vectors.


def test_numpy_arrays_are_views_that_keep_their_memory(server: Server) -> None:
    service = make(server)
    texts = [f"text {number}" for number in range(100)]
    matrix = service.embed_matrix(texts)
    array = matrix.numpy()
    assert array.shape == matrix.shape == (100, 8) and array.dtype == numpy.float32
    assert array.__array_interface__["data"][0] == matrix.__array_interface__["data"][0], "not copied"
    assert not array.flags.writeable and not array.flags.owndata and array.flags.c_contiguous
    expected = numpy.array([vector_of(text, 8) for text in texts], dtype=numpy.float32)
    del matrix
    gc.collect()
    assert numpy.array_equal(array, expected)
    one = numpy.asarray(service.embed("text 7"))
    assert one.tolist() == vector_of("text 7", 8) and one.shape == (8,)
    with pytest.raises(ValueError):
        one[0] = 1
    assert native.top_k(one, array, 1)[0][0] == 7
    empty = service.embed_matrix([])
    assert empty.numpy().shape == (0, 0) and empty.tolist() == [] and empty.space is None


def test_vectors_know_their_space(server: Server) -> None:
    vector = make(server).embed("a")
    space = vector.space
    assert (space.provider, space.model, space.dimensions, space.engine) == ("openai", "own", 8, "remote")
    assert len(space.id) == 64 and space == make(server).embed("b").space and hash(space) == hash(vector.space)
    assert vector.tolist() == vector_of("a", 8) and len(vector) == vector.dimensions == 8
    assert vector.tobytes() == vector.numpy().tobytes() and vector.cosine(vector) == pytest.approx(1)
    other = deterministic(8).embed("a")
    with pytest.raises(errors.EmbeddingSpaceError) as raised:
        vector.cosine(other)
    assert raised.value.error_code == "embedding/space-mismatch"
    before = native.space_mismatches()
    for compare in (native.cosine_similarity, native.cosine_similarity_or_zero):
        with pytest.warns(errors.EmbeddingSpaceWarning):
            assert compare(vector, other) == pytest.approx(native.cosine_similarity(vector.tolist(), other.tolist()))
    with pytest.warns(errors.EmbeddingSpaceWarning):
        native.cosine_similarity_batch(vector, [vector, other])
    assert native.space_mismatches() == before + 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        native.cosine_similarity(vector, vector)
        with pytest.raises(errors.EmbeddingSpaceWarning):
            native.cosine_similarity(vector, other)
    index = native.VectorIndex(8)
    index.add("a", vector)
    assert index.search(vector)[0][0] == "a"
    assert str(vector_of("a", 8)[0]) not in repr(vector) + repr(space)


@needs_model
def test_the_local_model(server: Server) -> None:
    model = native.LocalModel(MODEL)
    texts = ["the kettle is on", "b", "", "🙂 " * 40]
    matrix = model.encode_batch(texts)
    assert matrix.shape == (4, 384) and model.dimensions == 384 and model.max_tokens == 256
    for text, row in zip(texts, matrix.numpy(), strict=True):
        assert model.encode(text).tobytes() == row.tobytes(), "alone or in a batch"
    service = native.EmbeddingService({"providers": [{"provider": "local", "path": str(MODEL)}]})
    assert service.embed(texts[0]).tobytes() == matrix.numpy()[0].tobytes()
    assert service.space == model.space and model.precision == "int8-canonical"
    with pytest.raises(errors.EmbeddingModelError) as raised:
        model.encode("word " * 300)
    assert raised.value.error_code == "TEXT_TOO_LONG" and "word" not in str(raised.value)
    assert native.LocalModel(MODEL, truncates=True).encode("word " * 300)
    f32 = native.LocalModel(MODEL, precision="f32", threads=1)
    assert f32.space != model.space and f32.encode("b").numpy() @ matrix.numpy()[1] > 0.98
    for tokens in (1, 10_000):
        assert native.LocalModel(MODEL, batch_tokens=tokens).encode_batch(texts).tobytes() == matrix.tobytes()
    for wrong in ({"batch_tokens": 0}, {"threads": 0}):
        with pytest.raises(ValidationError):
            native.LocalModel(MODEL, **wrong)  # type: ignore[arg-type]
    with ThreadPoolExecutor(4) as threads:
        assert {vector.tobytes() for vector in threads.map(model.encode, ["b"] * 50)} == {matrix.numpy()[1].tobytes()}


# Awaited calls.


def test_a_thousand_calls_are_under_way_at_once_and_in_order() -> None:
    gate = threading.Event()

    def script(seen: Seen) -> list[Step]:
        gate.wait(60)
        return [openai(seen, 4)]

    with Server(script) as server:
        service = make(server, max_in_flight=300)

        async def work() -> list[native.Embedding]:
            calls = [asyncio.ensure_future(service.embed_async(f"text {number}")) for number in range(1000)]
            await asyncio.to_thread(server.wait_for_requests, 300)
            assert service.load() == (1000, 1000, 300)
            gate.set()
            return await asyncio.gather(*calls)

        vectors = asyncio.run(work())
        assert [vector.tolist() for vector in vectors] == [vector_of(f"text {number}", 4) for number in range(1000)]
        assert len(server.seen) == 1000 and service.load() == (0, 0, 0)


def test_cancelled_tasks_stop_their_requests() -> None:
    with Server(lambda seen: [Hang()]) as server:
        service = make(server)

        async def work() -> None:
            calls = [asyncio.ensure_future(service.embed_async(f"text {number}")) for number in range(20)]
            await asyncio.to_thread(server.wait_for_requests, 20)
            for call in calls[:19]:
                call.cancel()
            results = await asyncio.gather(*calls[:19], return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            assert service.load() == (1, 1, 1), "the one that was not cancelled goes on"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(calls[19], 0.01)
            assert service.load() == (0, 0, 0)
            assert not _bridge._port_of(asyncio.get_running_loop()).waiting

        asyncio.run(work())
        server.wait_for_silence()
        assert service.telemetry()["cancelled"] == 20


def test_equal_texts_of_many_tasks_are_sent_once(server: Server) -> None:
    service = make(server, memory_cache={})

    async def work() -> list[native.Embedding]:
        return await asyncio.gather(*(service.embed_async("the same") for _ in range(50)))

    assert {vector.tobytes() for vector in asyncio.run(work())} == {service.embed("the same").tobytes()}
    assert len(server.seen) == 1
    telemetry: dict[str, Any] = service.telemetry()
    assert telemetry["coalesced"] + telemetry["cache_hits"] == 50


def test_loops_of_several_threads_share_a_service(server: Server) -> None:
    service = make(server)

    def run(place: int) -> list[list[float]]:
        async def work() -> list[list[float]]:
            vectors = await service.embed_batch_async([f"{place} {number}" for number in range(20)])
            return [vector.tolist() for vector in vectors]

        return asyncio.run(work())

    with ThreadPoolExecutor(4) as threads:
        for place, vectors in enumerate(threads.map(run, range(8))):
            assert vectors == [vector_of(f"{place} {number}", 8) for number in range(20)]


def test_a_service_lives_until_its_last_call_is_done(server: Server) -> None:
    async def work() -> list[float]:
        call = make(server).embed_async("a")
        gc.collect()
        return (await call).tolist()

    assert asyncio.run(work()) == vector_of("a", 8)


def test_closing_fails_what_is_under_way() -> None:
    with Server(lambda seen: [Hang()]) as server:
        service = make(server)

        async def work() -> None:
            call = asyncio.ensure_future(service.embed_async("a"))
            await asyncio.to_thread(server.wait_for_requests, 1)
            service.close()
            with pytest.raises(errors.EmbeddingError) as raised:
                await call
            assert raised.value.error_code == "embedding/closed"
            with pytest.raises(errors.EmbeddingError):
                await service.embed_async("b")

        asyncio.run(work())


def test_a_signal_ends_a_call_that_blocks() -> None:
    with Server(lambda seen: [Hang()]) as server:
        service = make(server)

        def interrupt() -> None:
            server.wait_for_requests(1)
            signal.raise_signal(signal.SIGINT)

        # What is started in the background may have been told to ignore this signal, and then Python has no handler.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            threading.Thread(target=interrupt, daemon=True).start()
            with pytest.raises(KeyboardInterrupt):
                service.embed("a")
        finally:
            signal.signal(signal.SIGINT, before)
        assert service.load() == (0, 0, 0)


# Processes.


@needs_fork
def test_a_child_of_fork_makes_connections_of_its_own(server: Server) -> None:
    service = make(server)
    service.embed("before")

    async def once() -> list[float]:
        return (await service.embed_async("awaited")).tolist()

    child = os.fork()
    if child == 0:
        code = 1
        try:
            same = service.embed("after").tolist() == vector_of("after", 8)
            code = 0 if same and asyncio.run(once()) == vector_of("awaited", 8) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert service.embed("parent").tolist() == vector_of("parent", 8)


@needs_fork
def test_a_child_may_let_go_of_what_its_parent_made(server: Server, tmp_path: Path) -> None:
    server.script = lambda seen: [openai(seen, 1536)]
    provider = {"provider": "openai", "api_key": "k", "base_url": server.base, "model": "text-embedding-3-small"}
    config = {"providers": [provider], "disk_cache": {"path": str(tmp_path)}}
    services = [native.EmbeddingService(config)]
    services[0].embed("a")
    child = os.fork()
    if child == 0:
        services.clear()
        gc.collect()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    services[0].embed("b")


EXITS = {
    "calls under way": """
import asyncio, sys
from memory_system._rust.embedding import EmbeddingService
service = EmbeddingService({"providers": [{"provider": "openai", "api_key": "k", "model": "m", "base_url": sys.argv[1]}]})
async def main():
    calls = [asyncio.ensure_future(service.embed_async(f"text {n}")) for n in range(50)]
    await asyncio.sleep(0.01)
    sys.exit(0)
asyncio.run(main())
""",
    "a thread that blocks": """
import sys, threading
from memory_system._rust.embedding import EmbeddingService
service = EmbeddingService({"providers": [{"provider": "openai", "api_key": "k", "model": "m", "base_url": sys.argv[1]}]})
threading.Thread(target=service.embed, args=("a",), daemon=True).start()
while service.load()[2] == 0:
    pass
""",
    "a cache that is being written": """
import asyncio, sys
from memory_system.embedding import EmbeddingService
service = EmbeddingService("deterministic", cache_path=sys.argv[2])
asyncio.run(service.embed_batch([f"text {n}" for n in range(200)]))
""",
}


def run_script(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-c", script, *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("script", EXITS.values(), ids=EXITS.keys())
def test_the_interpreter_exits_clean_200_times_of_200(script: str, tmp_path: Path) -> None:
    rounds = 200 if SOAK else 4
    with Server(lambda seen: [Hang()]) as server, ThreadPoolExecutor(4) as threads:
        for done in threads.map(lambda n: run_script(script, server.base, str(tmp_path / str(n))), range(rounds)):
            assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_what_was_cached_is_there_after_the_exit(tmp_path: Path) -> None:
    assert run_script(EXITS["a cache that is being written"], "", str(tmp_path)).returncode == 0
    config = {"providers": [{"provider": "deterministic", "dimensions": 1024}], "disk_cache": {"path": str(tmp_path)}}
    sources = native.EmbeddingService(config).embed_batch_detailed([f"text {n}" for n in range(200)])
    assert {outcome.source for outcome in sources} == {"cache"}


# Servers that mean ill. Each is given up in time, for the right reason, and nothing of it or of the text is told.

BOMB = zlib.compress(b"0" * (64 << 20))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
HOSTILE: dict[str, tuple[list[Step], type[errors.EmbeddingError]]] = {
    "lies that it is short": ([HEAD + b"content-length: 10\r\n\r\n" + b'{"data":[{"index":0}]}'], errors.EmbeddingProviderError),
    "lies that it is long": ([HEAD + b"content-length: 1000\r\n\r\n{}", Reset()], errors.EmbeddingNetworkError),
    "announces a terabyte": ([HEAD + b"content-length: 1099511627776\r\n\r\n"], errors.EmbeddingProviderError),
    "sends without end": ([HEAD + b"\r\n" + b'{"data":[' + b" " * (32 << 20), Reset()], errors.EmbeddingProviderError),
    "hangs": ([Hang()], errors.EmbeddingTimeoutError),
    "drips": ([Drip(HEAD + b"content-length: 100\r\n\r\n" + b" " * 100, 0.05)], errors.EmbeddingTimeoutError),
    "breaks off": ([Reset()], errors.EmbeddingNetworkError),
    "sends a bomb": ([answer(200, BOMB, content_encoding="deflate")], errors.EmbeddingProviderError),
    "sends no HTTP": ([b"\0\1\2\3 between us\r\n\r\n", Reset()], errors.EmbeddingNetworkError),
    "redirects": ([b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"], errors.EmbeddingProviderError),
    "sends NaN": ([answer(200, b'{"data":[{"index":0,"embedding":[NaN,1]}]}')], errors.EmbeddingProviderError),
    "sends what no float holds": ([answer(200, b'{"data":[{"index":0,"embedding":[1e999,1]}]}')], errors.EmbeddingProviderError),
    "sends no vector": ([answer(200, {"data": [{"index": 0, "embedding": []}]})], errors.EmbeddingProviderError),
    "sends two for one": ([answer(200, {"data": [{"index": 0, "embedding": [1]}] * 2})], errors.EmbeddingProviderError),
    "nests without end": ([answer(200, b"[" * 200_000)], errors.EmbeddingProviderError),
    "echoes": ([failure(400, "between", "between us sk-made-up")], errors.EmbeddingProviderError),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_server_that(name: str) -> None:
    steps, kind = HOSTILE[name]
    with Server(lambda seen: steps) as server:
        service = make(server, timeout=0.5, max_retries=0)
        started = time.monotonic()
        with pytest.raises(errors.EmbeddingError) as raised:
            service.embed("between us")
        assert time.monotonic() - started < 30 and isinstance(raised.value, kind), repr(raised.value)
        told = f"{raised.value!r} {raised.value} {vars(raised.value)} {service.prometheus()} {service.telemetry()} {service!r}"
        assert "between us" not in told and "sk-made-up" not in told


def test_a_deadline_of_the_caller(server: Server) -> None:
    server.script = lambda seen: [Hang()]
    service = make(server)
    with pytest.raises(errors.EmbeddingTimeoutError) as raised:
        service.embed("a", timeout=0.05)
    assert raised.value.error_code in ("embedding/deadline-exceeded", "embedding/queue-timeout")
    for bad in (-1.0, math.nan, math.inf, 1e300):
        with pytest.raises(ValueError):
            service.embed("a", timeout=bad)


# Inputs that mean ill.


def test_texts_that_cannot_be_embedded(server: Server) -> None:
    service = make(server)
    with pytest.raises(errors.EmbeddingProviderError) as raised:
        service.embed("")
    assert raised.value.error_code == "embedding/empty-text" and server.seen == []
    surrogate = "between us \ud800"
    for call in (service.embed, service.embed_async, service.estimate_cost):
        with pytest.raises(UnicodeError) as refused:
            call(surrogate)
        assert "between" not in str(refused.value) and "ud800" not in repr(refused.value)
    with pytest.raises(UnicodeError):
        service.embed_batch(["a", surrogate])
    with pytest.raises(TypeError):
        service.embed_batch("one string")
    for nothing in (None, 1, b"bytes", ["list"]):
        with pytest.raises(TypeError):
            service.embed(nothing)  # type: ignore[arg-type]
    with pytest.raises(errors.EmbeddingProviderError) as raised:
        make(server, model="text-embedding-3-small").embed("word " * 9000)
    assert raised.value.error_code == "embedding/text-too-long"
    assert service.embed_batch([]) == [] and server.seen == []
    outcomes = service.embed_batch_detailed(["a", "", "b"])
    assert [outcome.source for outcome in outcomes][0] == "request" and outcomes[1].embedding is None
    assert isinstance(outcomes[1].error, errors.EmbeddingProviderError) and outcomes[2].error is None


def test_a_text_of_a_gigabyte_is_refused_before_it_is_worked_on(server: Server) -> None:
    text = "a" * (1 << 30)
    service = make(server)
    with pytest.raises(errors.EmbeddingProviderError) as raised:
        service.embed(text)
    assert raised.value.error_code == "embedding/text-too-large" and str(1 << 30) in str(raised.value)
    assert server.seen == [] and service.embed("a").tolist() == vector_of("a", 8)


@pytest.mark.parametrize(
    "config",
    [
        {}, {"providers": []}, {"providers": [{"provider": "unheard-of"}]}, {"providers": [{"provider": "openai"}]}, [], "", "{", "null",
        {"providers": [{"provider": "openai", "api_key": "sk-made-up", "base_url": "file:///etc/passwd"}]},
        {"providers": [{"provider": "openai", "api_key": "sk-made-up\r\nx: y"}]},
        {"providers": [{"provider": "openai", "apiKey": "sk-made-up"}]},
        {"providers": [{"provider": "ollama", "dimensions": 3}]},
        {"providers": [{"provider": "ollama", "timeout": -1}]},
        {"providers": [{"provider": "deterministic", "dimensions": 0}]},
        {"providers": [{"provider": "deterministic", "dimensions": 1 << 40}]},
        {"providers": [{"provider": "local"}]},
    ],
)  # fmt: skip
def test_configurations_are_strict(config: Any) -> None:
    with pytest.raises((errors.EmbeddingError, ValueError)) as raised:
        native.EmbeddingService(config)
    assert "sk-made-up" not in str(raised.value) and "passwd" not in str(raised.value)


def test_a_configuration_must_have_a_json_text() -> None:
    for bad in ({"providers": object()}, {"providers": [{"timeout": math.nan}]}, {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            native.EmbeddingService(bad)


def test_vectors_that_cannot_be_kept(tmp_path: Path) -> None:
    config = {"providers": [{"provider": "deterministic", "dimensions": 4}], "memory_cache": {}}
    service = native.EmbeddingService(config)
    digest, soon = bytes(32), time.time() + 60
    with pytest.raises(errors.EmbeddingDimensionMismatchError):
        service.keep(digest, [1.0], soon)
    with pytest.raises(errors.EmbeddingError) as raised:
        service.keep(digest, [math.nan] * 4, soon)
    assert raised.value.error_code == "embedding/not-finite"
    with pytest.raises((ValueError, TypeError)):
        service.keep(b"short", [1.0] * 4, soon)
    with pytest.raises(ValueError):
        service.keep(digest, [1.0] * 4, math.nan)
    assert service.keep(digest, [1.0] * 4, soon) is True
    assert deterministic().keep(digest, [1.0] * 16, soon) is False, "there is no cache"


DAMAGE = {
    "a file is missing": ("config.json", None, "config.json"),
    "no JSON": ("config.json", b"{", "config.json"),
    "another architecture": ("config.json", b'{"model_type": "gpt2"}', "config.json"),
    "weights cut short": ("model.safetensors", b"\x10\0\0\0\0\0\0\0{}", "model.safetensors"),
    "weights that are none": ("model.safetensors", b"\xff" * 64, "model.safetensors"),
    "no tokenizer": ("tokenizer.json", b"[]", "tokenizer.json"),
}


@needs_model
@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_model_is_named(name: str, tmp_path: Path) -> None:
    file, content, named = DAMAGE[name]
    for source in MODEL.rglob("*"):
        if source.is_file():
            copy = tmp_path / source.relative_to(MODEL)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(source)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    for load in (
        lambda: native.LocalModel(tmp_path),
        lambda: native.EmbeddingService({"providers": [{"provider": "local", "path": str(tmp_path)}]}),
    ):
        with pytest.raises(errors.EmbeddingModelError, match=named) as raised:
            load()
        assert str(raised.value).strip() != named, "and what was expected"


# Counting.


def test_7_6_and_7_7_counts_and_costs(server: Server) -> None:
    service = make(server, memory_cache={}, model="text-embedding-3-large", dimensions=8)
    service.embed_batch(["one two", "three", "one two"])
    service.embed("three")
    counted: dict[str, Any] = service.telemetry()
    (provider,) = counted["providers"]
    assert (provider["provider"], provider["model"]) == ("openai", "text-embedding-3-large")
    assert (provider["attempts"], provider["texts_sent"], provider["tokens_reported"]) == (1, 2, 3)
    assert provider["cost"] == pytest.approx(3 / 1000 * 0.00013)
    assert provider["total_time"]["count"] == 2 and provider["total_time"]["p99"] > 0
    assert (counted["cache_hits"], counted["coalesced"]) == (1, 1)
    assert 'chrysalis_embedding_attempts_total{provider="openai"' in service.prometheus()
    assert service.estimate_cost("one two three") == 5.07e-07 == native.estimate_cost_by_words("one two three", 0.00013)
    assert service.estimate_cost_exact("one two three") == pytest.approx(3 / 1000 * 0.00013)
    assert make(server, model="their-own").estimate_cost_exact("one two three") is None
    # Where nothing costs, tokens do not matter.
    assert native.EmbeddingService({"providers": [{"provider": "deterministic"}]}).estimate_cost_exact("one") == 0.0
    (info,) = service.info()
    assert info == {"provider": "openai", "model": "text-embedding-3-large", "dimensions": 8, "circuit": "closed", "in_flight": 0, "price_per_1k_tokens": 0.00013}
    stats: Any = service.cache_stats()
    assert (stats["entries"], "disk" in stats) == (2, False)
    service.clear_cache()
    assert service.cache_stats()["entries"] == 0  # type: ignore[index]


def test_7_4_fallback_of_the_native_service_is_marked(server: Server) -> None:
    server.script = lambda seen: [failure(401)]
    openai_first: list[dict[str, Any]] = [
        {"provider": "openai", "api_key": "k", "model": "own", "base_url": server.base},
        {"provider": "deterministic", "dimensions": 8},
    ]
    with pytest.raises(errors.EmbeddingAuthenticationError):
        native.EmbeddingService({"providers": openai_first}).embed("a")
    vector = native.EmbeddingService({"providers": openai_first, "fallback": "any"}).embed("a")
    assert vector.is_fallback and vector.space.provider == "deterministic"


def test_1_8_texts_are_classified() -> None:
    assert native.classify_error_text("Authentication failed") == "provider"
    assert native.classify_error_text("Authentication failed", of_service=True) == "authentication"
    assert issubclass(errors.EmbeddingConfigurationError, ValueError) and not issubclass(CryptoError, errors.EmbeddingError)
