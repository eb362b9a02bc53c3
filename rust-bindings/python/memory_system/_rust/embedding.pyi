"""
Tokens, similarity, an index of vectors, vectors of identity, compression.

A vector is a C-contiguous buffer of 32-bit or 64-bit floats, used where it is, or an iterable of floats. The interpreter lock
is released as in `crypto`.
"""

from _typeshed import SupportsGetItem
from collections.abc import Iterable
from typing import Any, SupportsFloat, SupportsIndex, final
from typing_extensions import Buffer

__all__ = ["GrowingText", "TokenLedger", "VectorIndex", "approximate_tokens", "chunk_text", "compress_context", "compress_payload_zstd", "cosine_similarity", "cosine_similarity_batch", "cosine_similarity_or_zero", "count_till_limit", "count_tokens", "count_tokens_batch", "count_tokens_or_estimate", "decode", "decode_bytes", "decompress_zstd", "deterministic_vector", "deterministic_vector_into", "dot", "encode", "encoding_for_model", "estimate_json_tokens", "euclidean_distance", "hash_vector", "normalize", "read_vector_blob", "split_at_tokens", "top_k", "top_k_batch", "truncate_to_tokens"]

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
    def add(self, /, id: str, embedding: Buffer | Iterable[float], metadata: Any | None = None) -> None:
        """
        Stores a vector under `id`. An entry of this id is replaced and keeps its place; a full index loses the entry that was
        inserted first.
        """
    def add_batch(self, /, ids: SupportsGetItem[int, str], matrix: Buffer | Iterable[float]) -> None:
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
    def search(self, /, query: Buffer | Iterable[float], limit: SupportsIndex = 10, threshold: SupportsFloat | SupportsIndex | None = None, *, filter: Any | None = None, threads: int = ...) -> list[tuple[str, float, Any]]:
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

def cosine_similarity(a: Buffer | Iterable[float], b: Buffer | Iterable[float], /) -> float:
    """
    The cosine of the angle between two vectors, in [-1, 1]; 0 if one of them has no length. Raises for different lengths.
    """

def cosine_similarity_batch(query: Buffer | Iterable[float], targets: SupportsGetItem[int, Any], /) -> list[float]:
    """
    The cosine of `query` with each of `targets`.
    """

def cosine_similarity_or_zero(a: Buffer | Iterable[float], b: Buffer | Iterable[float], /) -> float:
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

def dot(a: Buffer | Iterable[float], b: Buffer | Iterable[float], /) -> float:
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

def estimate_json_tokens(value: Any, model: str) -> int:
    """
    The tokens of a value's compact JSON text, with keys in the order of insertion and numbers as JavaScript writes them.
    """

def euclidean_distance(a: Buffer | Iterable[float], b: Buffer | Iterable[float], /) -> float:
    """
    The distance between two points.
    """

def hash_vector(text: str, dimension: int = ...) -> list[float]:
    """
    The hash vector of a text, as the TypeScript runtime's provider makes it: identity, not meaning.
    """

def normalize(vector: Buffer | Iterable[float], /) -> list[float]:
    """
    The vector scaled to unit length; one without a length stays what it is.
    """

def read_vector_blob(blob: Buffer, form: str, /) -> list[float]:
    """
    The numbers of a stored vector: of `form` `f32` or `f64`, little-endian, or `json`.
    """

def split_at_tokens(text: str, limit: int, model: str) -> tuple[str, str]:
    """
    A text divided after at most `limit` tokens, between whole characters: the head and the rest.
    """

def top_k(query: Buffer | Iterable[float], matrix: Buffer | Iterable[float], k: int = ..., *, metric: str = "cosine", threshold: SupportsFloat | SupportsIndex | None = None, filter: Any | None = None) -> list[tuple[int, float]]:
    """
    The rows of `matrix` nearest to `query`, the nearest first, as pairs of row and score. `matrix` has its rows one after
    another, as a C-contiguous array of shape (n, d) has.
    """

def top_k_batch(queries: Buffer | Iterable[float], dimension: int, matrix: Buffer | Iterable[float], k: int = ..., *, metric: str = "cosine", threshold: SupportsFloat | SupportsIndex | None = None, filter: Any | None = None) -> list[list[tuple[int, float]]]:
    """
    `top_k` for each row of `queries`, of `dimension` numbers each. The matrix is read once for all.
    """

def truncate_to_tokens(text: str, limit: int, model: str) -> str:
    """
    A text of at most `limit` tokens: itself, or a head of it that ends with `...`, after a sentence or line where one ends late in it.
    """
