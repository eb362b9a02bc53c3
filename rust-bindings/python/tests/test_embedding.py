"""Tokens, similarity, the index and vectors of identity through the wheel: the vectors of rust-embedding, and what only Python
can get wrong."""

from __future__ import annotations

import array
import base64
import hashlib
import os
import random
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from vectors import File

from memory_system import ValidationError
from memory_system._rust import embedding as native

DETERMINISTIC = File("rust-embedding/vectors/deterministic.json")
TOKENS = File("rust-embedding/vectors/tokens.json")
SIMILARITY = File("rust-embedding/vectors/similarity.json")
SEED = int(os.environ.get("CHRYSALIS_SEED", "1"))
ENCODINGS = {"cl100k": "cl100k_base", "o200k": "o200k_base"}


@DETERMINISTIC.each("vectors")
def test_part_2_digests(case: dict[str, Any]) -> None:
    for reduction in ("avx512", "avx2"):
        vector = native.deterministic_vector(case["text"], case["dimension"], reduction=reduction)
        packed = struct.pack(f"<{len(vector)}f", *vector)
        assert hashlib.sha256(packed).hexdigest() == case[reduction]
        assert [struct.unpack("<f", struct.pack("<f", number))[0] for number in vector] == vector
        out = array.array("f", bytes(4 * case["dimension"]))
        native.deterministic_vector_into(case["text"], out, reduction=reduction)
        assert out.tobytes() == packed


def test_part_15_2_ten_thousand_vectors_are_the_originals() -> None:
    """The original in NumPy: its norm is summed as the processor has it, AVX-512 or AVX2."""
    numpy = pytest.importorskip("numpy", reason="NumPy is not installed: the original is made of it")
    features = numpy._core._multiarray_umath.__cpu_features__
    orders = (("avx512", "AVX512_SKX"), ("avx2", "AVX2"))
    reduction = next((order for order, feature in orders if features.get(feature)), None)
    chance = random.Random(SEED)
    for _ in range(10_000):
        plane = chance.choice((range(32, 127), range(0xA0, 0x3000), range(0x10000, 0x1F900)))
        text = "".join(map(chr, chance.choices(plane, k=chance.randrange(20))))
        dimension = chance.choice((chance.randrange(1, 64), chance.randrange(1, 800), 384, 768, 1024))
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        expected = numpy.random.Generator(numpy.random.PCG64(seed)).random(dimension, dtype=numpy.float32)
        expected /= numpy.linalg.norm(expected)
        found = numpy.empty(dimension, dtype=numpy.float32)
        native.deterministic_vector_into(text, found, reduction=reduction or "avx512")
        same = (found == expected).all() if reduction else numpy.allclose(found, expected, rtol=1e-6, atol=0)
        assert same, (SEED, text, dimension)


@TOKENS.each("vectors")
def test_part_9_worked_examples(case: dict[str, Any]) -> None:
    text = case["text"] * case["repeat"]
    for name, model in ENCODINGS.items():
        expected = case[name]
        ids = native.encode(text, model)
        assert len(ids) == native.count_tokens(text, model) == expected["count"]
        assert ids[: len(expected["first"])] == expected["first"]
        assert native.count_tokens(text, model, allow_special=True) == expected["allowed"]
        assert native.decode(ids, model) == text
        assert native.decode_bytes(ids, model) == text.encode()


def rows() -> list[list[float]]:
    return [native.deterministic_vector(text, SIMILARITY.content["dimension"]) for text in SIMILARITY.content["texts"]]


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_part_11_ranks_to_the_last_bit(metric: str) -> None:
    SIMILARITY.unread.discard("texts")
    dimension, expected = SIMILARITY.content["dimension"], SIMILARITY.content["ranks"][metric]
    expected = [tuple(hit) for hit in expected]
    query = native.deterministic_vector(SIMILARITY.content["query"], dimension)
    matrix = array.array("f", [number for row in rows() for number in row])
    assert native.top_k(query, matrix, len(expected), metric=metric) == expected
    assert native.top_k_batch(query * 2, dimension, matrix, len(expected), metric=metric) == [expected] * 2
    index = native.VectorIndex(dimension, metric=metric)
    for place, row in enumerate(rows()):
        index.add(str(place), row, place)
    for threads in (1, 4):
        hits = index.search(array.array("f", query), len(expected), threads=threads)
        assert [(metadata, score) for _, score, metadata in hits] == expected


def test_part_13_cosine_as_the_originals_assert_it() -> None:
    assert native.cosine_similarity([1, 2, 3], [1, 2, 3]) == pytest.approx(1)
    assert native.cosine_similarity([1.0, 0.0], (0.0, 1.0)) == 0
    assert native.cosine_similarity(array.array("d", [1, 0]), array.array("f", [-1, 0])) == -1
    with pytest.raises(ValidationError, match="^Vectors must have same dimension$") as raised:
        native.cosine_similarity([1.0], [1.0, 2.0])
    assert raised.value.code == "similarity/dimension-mismatch"
    assert native.cosine_similarity_or_zero([1.0], [1.0, 2.0]) == 0
    assert native.euclidean_distance([0.0, 0.0], [3.0, 4.0]) == 5
    assert native.dot([1.0, 2.0], [3.0, 4.0]) == 11
    assert native.normalize([3.0, 4.0]) == [0.6, 0.8]
    assert native.cosine_similarity_batch([1.0, 0.0], [[1.0, 0.0], array.array("f", [0, 2])]) == [1, 0]


def test_part_11_the_index_of_the_original() -> None:
    index = native.VectorIndex(2, 2)
    with pytest.raises(ValidationError, match="^Embedding dimension mismatch: expected 2, got 1$"):
        index.add("a", [1.0])
    index.add("a", [1.0, 0.0], {"first": True})
    index.add("b", [0.0, 1.0])
    index.add("a", [1.0, 1.0], {"first": False})
    assert index.get_ids() == ["a", "b"]
    assert index.get("a") == ([1.0, 1.0], {"first": False})
    index.add("c", [1.0, 0.0], "third")
    assert (len(index), "a" in index, index.has("c"), index.get("a")) == (2, False, True, None)
    with pytest.raises(ValidationError, match="^Query embedding dimension mismatch: expected 2, got 1$"):
        index.search([1.0])
    assert index.search([1.0, 0.0]) == [("c", 1.0, "third"), ("b", 0.0, None)]
    assert index.search([1.0, 0.0], 0) == index.search([1.0, 0.0], -1) == []
    assert [hit[0] for hit in index.search([1.0, 0.0], filter=lambda id, metadata: id == "b")] == ["b"]
    out = array.array("f", [0, 0])
    assert index.get_into("b", out) and out.tolist() == [0, 1]
    assert not index.get_into("a", out)
    index.add_batch(["d", "e"], array.array("f", [1, 2, 3, 4]))
    assert index.get_ids() == ["d", "e"]
    assert index.remove("d") and not index.remove("d")
    index.clear()
    assert len(index) == 0


def test_numpy_is_used_where_it_is() -> None:
    numpy = pytest.importorskip("numpy", reason="NumPy is not installed: buffers are tested with the standard library's")
    matrix = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
    assert native.top_k(matrix[1], matrix, 1)[0][0] == 1
    with pytest.raises((TypeError, BufferError, ValueError)):
        native.top_k(matrix[:, 0], matrix.T, 1)
    out = numpy.empty(16, dtype=numpy.float32)
    native.deterministic_vector_into("text", out)
    assert out.tolist() == native.deterministic_vector("text", 16)


def test_tokens_for_models_and_special_ones() -> None:
    assert [native.encoding_for_model(model) for model in ("gpt-4", "gpt-4o-mini")] == ["cl100k_base", "o200k_base"]
    with pytest.raises(ValidationError) as raised:
        native.count_tokens("a", "claude")
    assert raised.value.code == "tokens/unknown-model"
    assert native.count_tokens_or_estimate("abcde", "claude") == (2, True, None)
    assert native.encode("a<|endoftext|>", "gpt-4", allow_special=["<|endoftext|>"]) == [64, 100257]
    with pytest.raises(ValidationError, match="special token at byte 1"):
        native.encode("a<|endoftext|>", "gpt-4", reject_special=True)
    with pytest.raises(TypeError):
        native.encode("a", "gpt-4", allow_special=True, reject_special=True)
    with pytest.raises(ValidationError):
        native.decode([100256], "gpt-4")
    assert native.count_tokens_batch(["hello world", ""], "gpt-4o") == [2, 0]


def test_json_is_counted_in_the_order_of_insertion() -> None:
    value = {"b": 1.0, "a": [1e21, True, None, "é"]}
    assert native.estimate_json_tokens(value, "gpt-4") == native.count_tokens('{"b":1,"a":[1e+21,true,null,"é"]}', "gpt-4")
    for wrong in (object(), {"a": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            native.estimate_json_tokens(wrong, "gpt-4")


def test_cutting_and_growing() -> None:
    assert native.split_at_tokens("hello world again", 2, "gpt-4") == ("hello world", " again")
    assert native.count_till_limit("hello world", 1, "gpt-4") is None
    assert native.truncate_to_tokens("hello world again", 1, "gpt-4") == "..."
    text = "🙂 one\ntwo\nthree\n"
    assert "".join(chunk for chunk, _, _ in native.chunk_text(text, 5)) == text
    growing = native.GrowingText("gpt-4o")
    for part in ("hel", "lo wor", "ld"):
        growing.append(part)
    assert growing.count == 2
    ledger = native.TokenLedger("gpt-4")
    assert [ledger.append("hello world"), ledger.append("Hello, world!")] == [0, 1]
    assert (len(ledger), ledger.count_range(0, 1), ledger.total) == (2, 2, 6)
    with pytest.raises(ValidationError):
        ledger.count_range(1, 3)


def test_a_conversation_is_fitted() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You help."},
        {"role": "user", "content": "word " * 400},
        {"role": "assistant", "tool_calls": [{"id": "c", "name": "f"}]},
        {"role": "tool", "tool_results": [{"call_id": "c", "result": {"a": 1}}]},
        {"role": "user", "content": "And now?"},
    ]
    left: dict[str, Any] = dict(native.compress_context(messages, 300, 1))
    assert left["selected_indices"] == [0, 1, 2, 3, 4] and left["total_tokens"] <= 300
    assert left["messages"][1]["content"].endswith("...") and messages[1]["content"] == "word " * 400
    assert native.compress_context(messages, 30, 1)["selected_indices"] == [0, 4]
    with pytest.raises(ValidationError):
        native.compress_context([{"role": "robot"}], 30, 1)


def test_part_10_payloads() -> None:
    text = b"a line of some log, and another one\n" * 200
    frame = native.compress_payload_zstd(text)
    assert frame is not None and frame[:4] == b"\x28\xb5\x2f\xfd" and len(frame) < len(text) // 10
    assert native.decompress_zstd(frame) == text
    assert native.compress_payload_zstd(b"short") is None
    case = SIMILARITY.content["frame"]
    assert native.decompress_zstd(base64.b64decode(case["data"])) == case["text"].encode() * case["repeat"]
    for data, limit, code in [(frame, 100, "compress/limit-exceeded"), (frame[:20], 10**6, "compress/malformed")]:
        with pytest.raises(ValidationError) as raised:
            native.decompress_zstd(data, limit)
        assert raised.value.code == code


def test_wrong_arguments_are_errors() -> None:
    for vector in ("ab", 1, ["1"], [True], b"1234", array.array("i", [1])):
        with pytest.raises(TypeError):
            native.cosine_similarity(vector, [1.0])  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        native.top_k([1.0, 2.0], [1.0, 2.0, 3.0])
    for dimension in (0, 1 << 17):
        with pytest.raises(ValidationError):
            native.VectorIndex(dimension)
    with pytest.raises(ValidationError):
        native.VectorIndex(2, metric="taxi")
    with pytest.raises(ValueError):
        native.deterministic_vector_into("a", array.array("f"))


def test_threads_share_an_index() -> None:
    index = native.VectorIndex(64, 1000)
    vectors = [native.deterministic_vector(str(place), 64) for place in range(200)]

    def work(place: int) -> str:
        index.add(str(place), vectors[place], place)
        return str(index.search(vectors[place], 1)[0][0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(200))) == [str(place) for place in range(200)]
