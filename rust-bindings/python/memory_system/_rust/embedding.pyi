"""
Services and the local model; tokens, similarity, an index of vectors, vectors of identity, compression.

A vector is an `Embedding`, a C-contiguous buffer of 32-bit or 64-bit floats, used where it is, or an iterable of floats. The interpreter lock
is released as in `crypto`.
"""

from _typeshed import SupportsGetItem, SupportsLenAndGetItem
from collections.abc import Coroutine, Iterable
from os import PathLike
from typing import Any, SupportsFloat, SupportsIndex, final
from typing_extensions import Buffer

__all__ = ["Embedding", "EmbeddingService", "EmbeddingSpace", "Embeddings", "GrowingText", "LocalModel", "Outcome", "TokenLedger", "VectorCache", "VectorIndex", "approximate_tokens", "chunk_text", "classify_error_text", "compress_context", "compress_payload_zstd", "cosine_similarity", "cosine_similarity_batch", "cosine_similarity_or_zero", "count_till_limit", "count_tokens", "count_tokens_batch", "count_tokens_or_estimate", "decode", "decode_bytes", "decompress_zstd", "deterministic_vector", "deterministic_vector_into", "dot", "encode", "encoding_for_model", "estimate_cost_by_words", "estimate_json_tokens", "euclidean_distance", "hash_vector", "normalize", "read_vector_blob", "space_mismatches", "split_at_tokens", "top_k", "top_k_batch", "truncate_to_tokens"]

@final
class Embedding:
    """
    The vector of a text, with its space.
    """
    @property
    def __array_interface__(self, /) -> dict[str, Any]:
        """
        Where NumPy finds its numbers.
        """
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    def cosine(self, /, other: Embedding) -> float:
        """
        The cosine of the angle to another vector of the same space; raises for one of another.
        """
    @property
    def dimensions(self, /) -> int:
        """
        How many numbers it has.
        """
    @property
    def is_fallback(self, /) -> bool:
        """
        Whether another provider than the first made it.
        """
    def numpy(self, /) -> Any:
        """
        A NumPy array over its memory, not copied and not writable.
        """
    @property
    def space(self, /) -> EmbeddingSpace:
        """
        Where it lies.
        """
    def tobytes(self, /) -> bytes:
        """
        Its numbers as 32-bit floats, little-endian.
        """
    def tolist(self, /) -> list[float]:
        """
        Its numbers.
        """

@final
class EmbeddingService:
    """
    Text to vectors. May be used from several threads and event loops, and in a child of `fork()`, where it starts anew.

    `config` is a dictionary or its JSON text: `{"providers": [{"provider": "openai", "api_key": ...}], "memory_cache": {}}`. Requests run
    on one native thread; what is cancelled gives its request up. Methods ending in `_async` give coroutines.
    """
    def __new__(cls, /, config: Any) -> EmbeddingService:
        """
        A service of this configuration. Raises for settings that cannot be used and keys that are missing.
        """
    def __repr__(self, /) -> str: ...
    def cache_stats(self, /) -> "dict[str, object] | None":
        """
        What the caches did and hold; `None` without one.
        """
    def clear_cache(self, /) -> None:
        """
        Forgets all cached vectors.
        """
    def close(self, /) -> None:
        """
        Ends everything: calls under way fail, no more are taken, and what is cached is on disk.
        """
    def embed(self, /, text: str, *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> Embedding:
        """
        The vector of a text. With `query`, of one to find others by; `timeout` is in seconds.
        """
    def embed_async(self, /, text: str, *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> Coroutine[Any, Any, Embedding]:
        """
        `embed` as a coroutine.
        """
    def embed_batch(self, /, texts: Iterable[str], *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> list[Embedding]:
        """
        The vectors of texts, in their order; raises for the first that has none.
        """
    def embed_batch_async(self, /, texts: Iterable[str], *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> Coroutine[Any, Any, list[Embedding]]:
        """
        `embed_batch` as a coroutine.
        """
    def embed_batch_detailed(self, /, texts: Iterable[str], *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> list[Outcome]:
        """
        What became of each text, in their order.
        """
    def embed_batch_detailed_async(self, /, texts: Iterable[str], *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> Coroutine[Any, Any, list[Outcome]]:
        """
        `embed_batch_detailed` as a coroutine.
        """
    def embed_matrix(self, /, texts: Iterable[str], *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> Embeddings:
        """
        As `embed_batch`, as one matrix; raises for vectors of several spaces, which only `"fallback": "any"` can give.
        """
    def embed_matrix_async(self, /, texts: Iterable[str], *, query: bool = False, timeout: SupportsFloat | SupportsIndex | None = None) -> Coroutine[Any, Any, Embeddings]:
        """
        `embed_matrix` as a coroutine.
        """
    def estimate_cost(self, /, text: str) -> float:
        """
        The price of a text in US dollars by the rule of the replaced service: words × 1.3 tokens.
        """
    def estimate_cost_exact(self, /, text: str) -> float | None:
        """
        The price of a text in US dollars by the tokens that its model counts; `None` where these are only estimated.
        """
    def flush(self, /) -> None:
        """
        Waits until everything that is cached is on disk.
        """
    def info(self, /) -> "list[dict[str, object]]":
        """
        The providers in order, each with `provider`, `model`, `dimensions`, `circuit`, `in_flight` and `price_per_1k_tokens`.
        """
    def keep(self, /, digest: SupportsLenAndGetItem[SupportsIndex], vector: Embedding | Buffer | Iterable[float], expires: SupportsFloat | SupportsIndex, *, query: bool = False) -> bool:
        """
        Keeps a vector that the first provider made elsewhere for the text with this SHA-256; `expires` is in seconds since 1970.
        `False` where there is no cache; raises for a vector that is not of the provider's space.
        """
    def load(self, /) -> tuple[int, int, int]:
        """
        Calls, texts and requests under way.
        """
    def prometheus(self, /) -> str:
        """
        The same as text for Prometheus.
        """
    def remove_expired(self, /) -> int:
        """
        Forgets what has expired on disk; gives how many vectors there were.
        """
    @property
    def space(self, /) -> EmbeddingSpace | None:
        """
        Where the first provider's vectors lie; `None` while their length is still to be learnt.
        """
    def telemetry(self, /) -> "dict[str, object]":
        """
        Everything that was counted, by provider and outcome; times are in seconds. No text and no key is in it.
        """

@final
class EmbeddingSpace:
    """
    Which embedding space a vector lies in. Only vectors of equal spaces are compared.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def deterministic(dimensions: int) -> EmbeddingSpace:
        """
        The space of deterministic vectors.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Numbers of a vector.
        """
    @property
    def engine(self, /) -> str:
        """
        Engine and quantisation; `remote` for what others compute.
        """
    @property
    def id(self, /) -> str:
        """
        Its digest, 64 hexadecimal characters.
        """
    @property
    def is_unit(self, /) -> bool:
        """
        Whether vectors are known to have length 1.
        """
    @property
    def model(self, /) -> str:
        """
        The model.
        """
    @property
    def preprocessing(self, /) -> str:
        """
        Task or prefix scheme and what else is done to a text.
        """
    @property
    def provider(self, /) -> str:
        """
        Who makes the vectors.
        """
    @staticmethod
    def remote(provider: str, model: str, dimensions: int) -> EmbeddingSpace:
        """
        The space of a model that someone else computes, of whom nothing more is known.
        """
    @property
    def weights(self, /) -> str | None:
        """
        SHA-256 of the weights, 64 hexadecimal characters, where it is known.
        """

@final
class Embeddings:
    """
    The vectors of texts, one after another, all of one space.
    """
    @property
    def __array_interface__(self, /) -> dict[str, Any]:
        """
        Where NumPy finds the numbers.
        """
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    def numpy(self, /) -> Any:
        """
        A NumPy array of two axes over their memory, not copied and not writable.
        """
    @property
    def shape(self, /) -> tuple[int, int]:
        """
        How many vectors there are, and how many numbers each has.
        """
    @property
    def space(self, /) -> EmbeddingSpace | None:
        """
        Where they lie; `None` where there are none.
        """
    def tobytes(self, /) -> bytes:
        """
        All numbers as 32-bit floats, little-endian.
        """
    def tolist(self, /) -> list[list[float]]:
        """
        A list for each vector.
        """

@final
class GrowingText:
    """
    The count of one text that grows at its end, such as a streamed answer. May be used from several threads.
    """
    def __new__(cls, /, model: str) -> GrowingText:
        """
        An empty text.
        """
    def __repr__(self, /) -> str: ...
    def append(self, /, text: str) -> None:
        """
        Appends to it.
        """
    @property
    def count(self, /) -> int:
        """
        The tokens of all that was appended.
        """

@final
class LocalModel:
    """
    A BERT encoder from a directory in sentence-transformers form. May be used from several threads: texts of callers that wait are
    computed together, and each has the bits it has alone.
    """
    def __new__(cls, /, path: str | PathLike[str], *, precision: str = "int8-canonical", threads: int | None = None, batch_tokens: int | None = None, truncates: bool = False) -> LocalModel:
        """
        Reads the model in the directory `path`. `precision` is `int8-canonical`, the same bits everywhere, or `f32`; `threads` are
        those of one batch, by default all processors; `batch_tokens` are those of one pass, by default 256. With `truncates`, the beginning of a text over the model's limit is
        embedded; without, such a text raises. What is wrong with a file is told: which, what was expected, what was found.
        """
    def __repr__(self, /) -> str: ...
    def count_tokens(self, /, text: str) -> int:
        """
        The tokens of a text, the two that mark its ends counted in, whatever the limit.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Numbers of a vector.
        """
    def encode(self, /, text: str) -> Embedding:
        """
        The vector of a text.
        """
    def encode_batch(self, /, texts: Iterable[str]) -> Embeddings:
        """
        The vectors of texts as one matrix; raises for the first that has none.
        """
    @property
    def instructions(self, /) -> str:
        """
        The instructions in use: `avx512-vnni`, `avx2` or `plain`.
        """
    @property
    def max_tokens(self, /) -> int:
        """
        The most tokens of a text.
        """
    @property
    def precision(self, /) -> str:
        """
        How it computes.
        """
    @property
    def space(self, /) -> EmbeddingSpace:
        """
        Where the vectors lie.
        """
    @property
    def threads(self, /) -> int:
        """
        The threads of one batch.
        """

@final
class Outcome:
    """
    What became of one text.
    """
    def __repr__(self, /) -> str: ...
    @property
    def attempts(self, /) -> int:
        """
        Requests sent with this text.
        """
    @property
    def connect_time(self, /) -> float:
        """
        Seconds of waiting for connections to be made; 0 where one was open.
        """
    @property
    def embedding(self, /) -> Embedding | None:
        """
        The vector, where there is one.
        """
    @property
    def error(self, /) -> Any | None:
        """
        Why there is none.
        """
    @property
    def provider(self, /) -> int | None:
        """
        Which provider of the service gave the result, counted from 0; `None` where none was asked.
        """
    @property
    def provider_time(self, /) -> float:
        """
        Seconds of waiting for providers.
        """
    @property
    def queue_time(self, /) -> float:
        """
        Seconds of waiting in our own queues.
        """
    @property
    def retry_time(self, /) -> float:
        """
        Seconds of waiting between repetitions.
        """
    @property
    def source(self, /) -> str:
        """
        Where the vector comes from: `request`, `shared` with an equal text, `cache`, or `none`.
        """

@final
class TokenLedger:
    """
    The counts of a conversation's messages: what any run of them takes is known at once. May be used from several threads.
    """
    def __len__(self, /) -> int: ...
    def __new__(cls, /, model: str) -> TokenLedger:
        """
        A conversation without messages.
        """
    def __repr__(self, /) -> str: ...
    def append(self, /, text: str) -> int:
        """
        Adds a message and gives its place.
        """
    def count_range(self, /, start: int, stop: int) -> int:
        """
        The tokens of the messages from `start` up to, not with, `stop`.
        """
    def extend_last(self, /, text: str) -> None:
        """
        Appends to the last message.
        """
    @property
    def total(self, /) -> int:
        """
        The tokens of all messages.
        """

@final
class VectorCache:
    """
    Vectors by text and model, in memory and, with `path`, in a directory. May be used from several threads; a child of `fork()` opens
    the directory anew.
    """
    def __new__(cls, /, path: str | PathLike[str] | None = None, *, max_entries: int = ..., max_age: SupportsFloat | SupportsIndex = 2592000.0) -> VectorCache:
        """
        A cache of at most `max_entries` vectors, kept for `max_age` seconds.
        """
    def __repr__(self, /) -> str: ...
    def clear(self, /, model: str | None = None) -> int:
        """
        Forgets the vectors of one model, or all; gives how many there were.
        """
    def flush(self, /) -> None:
        """
        Waits until everything is on disk.
        """
    def get(self, /, text: str, model: str = "default") -> list[float] | None:
        """
        The vector of a text, unless it has expired.
        """
    def keep(self, /, digest: SupportsLenAndGetItem[SupportsIndex], vector: Embedding | Buffer | Iterable[float], model: str, created: SupportsFloat | SupportsIndex, expires: SupportsFloat | SupportsIndex) -> None:
        """
        Keeps a vector for the text with this SHA-256, made and expiring at times in seconds since 1970.
        """
    def remove_expired(self, /) -> int:
        """
        Forgets what has expired; gives how many vectors there were.
        """
    def set(self, /, text: str, vector: Embedding | Buffer | Iterable[float], model: str = "default") -> None:
        """
        Keeps the vector of a text. Raises for one that is empty or not finite, and for another length than that of the others
        of this model.
        """
    def stats(self, /) -> "dict[str, object]":
        """
        `entries`, `hits`, `misses`, `evictions`, `dropped`, and how many there are of each of `models`.
        """

@final
class VectorIndex:
    """
    Vectors by id. A vector with a component that is not finite is kept and never found. May be used from several threads.
    """
    def __contains__(self, id: str, /) -> bool: ...
    def __len__(self, /) -> int:
        """
        How many entries there are.
        """
    def __new__(cls, /, dimension: int, max_entries: int = ..., *, metric: str = "cosine", form: str = "f32") -> VectorIndex:
        """
        An empty index. `form` is how vectors are kept: `f32` (exact), `f16`, `int8` or `binary`.
        """
    def __repr__(self, /) -> str: ...
    def add(self, /, id: str, embedding: Embedding | Buffer | Iterable[float], metadata: Any | None = None) -> None:
        """
        Stores a vector under `id`. An entry of this id is replaced and keeps its place; a full index loses the entry that was
        inserted first.
        """
    def add_batch(self, /, ids: SupportsGetItem[int, str], matrix: Embedding | Buffer | Iterable[float]) -> None:
        """
        Stores the rows of a matrix under `ids`, without metadata: all of them, or it raises and the rows before remain.
        """
    def clear(self, /) -> None:
        """
        Removes all entries.
        """
    def get(self, /, id: str) -> tuple[list[float], Any] | None:
        """
        The vector of this id, as it is kept, and its metadata.
        """
    def get_ids(self, /) -> list[str]:
        """
        All ids, in the order of insertion.
        """
    def get_into(self, /, id: str, out: Buffer) -> bool:
        """
        Writes the vector of this id into `out`, 32-bit floats such as a NumPy array; whether there is one.
        """
    def has(self, /, id: str) -> bool:
        """
        Whether there is an entry of this id.
        """
    def remove(self, /, id: str) -> bool:
        """
        Removes the entry of `id`; whether there was one.
        """
    def search(self, /, query: Embedding | Buffer | Iterable[float], limit: SupportsIndex = 10, threshold: SupportsFloat | SupportsIndex | None = None, *, filter: Any | None = None, threads: int = ...) -> list[tuple[str, float, Any]]:
        """
        The entries nearest to `query`, the nearest first, as `(id, score, metadata)`; equal ones in the order of insertion.

        `threshold` is the least score that counts, by default 0; with the metric `euclidean` the greatest distance, by default
        none. `filter` is called with the id and metadata of every entry. The answer does not depend on `threads`.
        """

def approximate_tokens(text: str, /) -> int:
    """
    A guess without a vocabulary: a quarter of the Unicode characters, rounded up.
    """

def chunk_text(text: str, max_tokens: int = ..., overlap_tokens: int = ..., model: str = "cl100k_base") -> list[tuple[str, int, int]]:
    """
    Passages of whole lines with at most `max_tokens` tokens each, as `(text, tokens, start_line)`; a line that is too long is cut.
    Each repeats whole lines of the one before, at most `overlap_tokens` tokens.
    """

def classify_error_text(text: str, *, of_service: bool = False) -> str:
    """
    The class of an exception that has nothing but a text: `authentication`, `rate-limit`, `quota`, `timeout`, `network` or
    `provider`. `of_service` adds the word that the replaced service looked for beside those of its providers.
    """

def compress_context(messages: "list[dict[str, object]]", max_tokens: "int", preserve_last_n: "int", model: "str" = "cl100k_base") -> "dict[str, object]":
    """
    Chooses what to keep of a conversation so that it has at most `max_tokens` tokens. The last `preserve_last_n` messages stay; then
    system messages, then the newest. Calls of tools and their results stay or go together; one message may be cut.

    Gives a dictionary of `messages`, `total_tokens`, `removed_count`, `compression_ratio`, `selected_indices` and `over_budget`.
    """

def compress_payload_zstd(payload: Buffer, min_bytes: int = ..., level: SupportsIndex = 3) -> bytes | None:
    """
    A payload as a Zstandard frame; `None` below `min_bytes` and where it does not become smaller. Levels are 1 to 22.
    """

def cosine_similarity(a: Embedding | Buffer | Iterable[float], b: Embedding | Buffer | Iterable[float], /) -> float:
    """
    The cosine of the angle between two vectors, in [-1, 1]; 0 if one of them has no length. Raises for different lengths, and
    warns where both say that they are of different embedding spaces.
    """

def cosine_similarity_batch(query: Embedding | Buffer | Iterable[float], targets: SupportsGetItem[int, Any], /) -> list[float]:
    """
    The cosine of `query` with each of `targets`.
    """

def cosine_similarity_or_zero(a: Embedding | Buffer | Iterable[float], b: Embedding | Buffer | Iterable[float], /) -> float:
    """
    As `cosine_similarity`, but 0 for vectors of different lengths and for empty ones.
    """

def count_till_limit(text: str, limit: int, model: str) -> int | None:
    """
    How many tokens a text has, if there are at most `limit`; reads no more of it than it takes to tell.
    """

def count_tokens(text: str, model: str, *, allow_special: Any | None = None, reject_special: bool = False) -> int:
    """
    How many tokens a text has for a model or an encoding. Special tokens in it are text, unless `allow_special` is true or lists
    them; with `reject_special` they raise.
    """

def count_tokens_batch(texts: Iterable[str], model: str) -> list[int]:
    """
    `count_tokens` of each text.
    """

def count_tokens_or_estimate(text: str, model: str) -> tuple[int, bool, str | None]:
    """
    As `count_tokens`: the count, whether it is an estimate because the model is unknown, and the encoding that counted.
    """

def decode(tokens: SupportsGetItem[int, SupportsIndex], model: str) -> str:
    """
    The text of tokens; what is not UTF-8 in it becomes U+FFFD.
    """

def decode_bytes(tokens: SupportsGetItem[int, SupportsIndex], model: str) -> bytes:
    """
    The bytes of tokens.
    """

def decompress_zstd(data: Buffer, limit: int = ...) -> bytes:
    """
    What is in Zstandard frames, if it has at most `limit` bytes and a thousand times theirs.
    """

def deterministic_vector(text: str, dimension: int = ..., *, reduction: str = "avx512") -> list[float]:
    """
    The deterministic vector of a text: identity, not meaning. The same in every language.
    """

def deterministic_vector_into(text: str, out: Buffer, *, reduction: str = "avx512") -> None:
    """
    Writes the deterministic vector of a text into `out`, 32-bit floats such as a NumPy array, whose length is the dimension.
    """

def dot(a: Embedding | Buffer | Iterable[float], b: Embedding | Buffer | Iterable[float], /) -> float:
    """
    The dot product.
    """

def encode(text: str, model: str, *, allow_special: Any | None = None, reject_special: bool = False) -> list[int]:
    """
    The tokens of a text. Special ones as in `count_tokens`.
    """

def encoding_for_model(model: str, /) -> str:
    """
    The name of the encoding that a model uses; `model` may name an encoding itself. Raises for an unknown one.
    """

def estimate_cost_by_words(text: str, price_per_1k_tokens: SupportsFloat | SupportsIndex) -> float:
    """
    The price of a text at a price for a thousand tokens, by words × 1.3 tokens.
    """

def estimate_json_tokens(value: Any, model: str) -> int:
    """
    The tokens of a value's compact JSON text, with keys in the order of insertion and numbers as JavaScript writes them.
    """

def euclidean_distance(a: Embedding | Buffer | Iterable[float], b: Embedding | Buffer | Iterable[float], /) -> float:
    """
    The distance between two points.
    """

def hash_vector(text: str, dimension: int = ...) -> list[float]:
    """
    The hash vector of a text, as the TypeScript runtime's provider makes it: identity, not meaning.
    """

def normalize(vector: Embedding | Buffer | Iterable[float], /) -> list[float]:
    """
    The vector scaled to unit length; one without a length stays what it is.
    """

def read_vector_blob(blob: Buffer, form: str, /) -> list[float]:
    """
    The numbers of a stored vector: of `form` `f32` or `f64`, little-endian, or `json`.
    """

def space_mismatches() -> int:
    """
    How often `cosine_similarity` and its kin compared vectors of different embedding spaces in this process. Each time warned.
    """

def split_at_tokens(text: str, limit: int, model: str) -> tuple[str, str]:
    """
    A text divided after at most `limit` tokens, between whole characters: the head and the rest.
    """

def top_k(query: Embedding | Buffer | Iterable[float], matrix: Embedding | Buffer | Iterable[float], k: int = ..., *, metric: str = "cosine", threshold: SupportsFloat | SupportsIndex | None = None, filter: Any | None = None) -> list[tuple[int, float]]:
    """
    The rows of `matrix` nearest to `query`, the nearest first, as pairs of row and score. `matrix` has its rows one after
    another, as a C-contiguous array of shape (n, d) has.
    """

def top_k_batch(queries: Embedding | Buffer | Iterable[float], dimension: int, matrix: Embedding | Buffer | Iterable[float], k: int = ..., *, metric: str = "cosine", threshold: SupportsFloat | SupportsIndex | None = None, filter: Any | None = None) -> list[list[tuple[int, float]]]:
    """
    `top_k` for each row of `queries`, of `dimension` numbers each. The matrix is read once for all.
    """

def truncate_to_tokens(text: str, limit: int, model: str) -> str:
    """
    A text of at most `limit` tokens: itself, or a head of it that ends with `...`, after a sentence or line where one ends late in it.
    """
