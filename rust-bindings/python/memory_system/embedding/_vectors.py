"""Lists of floats that know where they lie, and the space of whoever makes them."""

from __future__ import annotations

from .._rust.embedding import Embedding, EmbeddingSpace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class EmbeddedVector(list[float]):
    """A vector as a list of floats, with its ``space`` where that is known.

    ``is_fallback`` says that another provider than the first made it, ``provider`` which one. Comparing it to a vector of another
    space warns, and is counted. Copies and pickles are plain lists.
    """

    __slots__ = ("is_fallback", "provider", "space")

    def __init__(
        self,
        numbers: Iterable[float] = (),
        *,
        space: EmbeddingSpace | None = None,
        is_fallback: bool = False,
        provider: str | None = None,
    ) -> None:
        super().__init__(numbers)
        self.space = space
        self.is_fallback = is_fallback
        self.provider = provider

    def __reduce__(self) -> tuple[type[list[float]], tuple[list[float]]]:
        return list, (list(self),)


def to_list(embedding: Embedding) -> EmbeddedVector:
    """A native vector as a list."""
    space = embedding.space
    return EmbeddedVector(
        embedding.tolist(), space=space, is_fallback=embedding.is_fallback, provider=space.provider
    )
