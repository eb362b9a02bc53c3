"""``AgentMemory``: what an agent remembers, for programs that use asyncio."""

from __future__ import annotations

import os

from ._bridge import call
from ._rust import RustMemoryStore

# Type checkers take this name for true. Importing it from `typing` would cost more than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from types import TracebackType

    from ._rust import Coverage, Entry, Forgotten, Learned, MergeReport, Recalled, Stats

    _Path = str | os.PathLike[str]

__all__ = ["AgentMemory"]


class AgentMemory:
    """The memory of one agent in one store.

    Several agents and processes may use one store at once; each call sees what every other has acknowledged before.
    All methods work in any running event loop, in any thread, and after ``fork()``.

    Making an object does nothing yet. The first call opens the store, and makes it and the agent's key if they are
    not there; ``async with`` and :meth:`open` do so at once, so that what is wrong shows early.

    When a call is cancelled before its work has begun, nothing happens. Recall and everything else that only reads is
    then given up. A call that writes and has begun may still happen or not, but never by half; a cancelled merge keeps
    what it has taken in.
    """

    def __init__(
        self,
        agent_id: str = "default",
        path: _Path | None = None,
        *,
        home: _Path | None = None,
        model: _Path | None = None,
    ) -> None:
        """The memory of the agent called ``agent_id``: letters, digits, ``.``, ``-`` and ``_``.

        ``path`` is the store's directory and ``home`` the one with the agents' keys and the default store. Without
        them ``CHRYSALIS_STORE`` and ``CHRYSALIS_HOME`` are used, or the usual places of the platform.

        ``model`` is the directory of a local embedding model, such as all-MiniLM-L6-v2 in sentence-transformers form. Without it
        ``CHRYSALIS_MODEL`` is used, or ``models/all-MiniLM-L6-v2`` in the platform's place for data. With a model, recall goes by
        meaning as well as by words, and what is learned is embedded in the background; with none, by words.
        """
        self._where = (agent_id, path, home, model)
        self._process = os.getpid()
        self._native = RustMemoryStore(agent_id, path, home, model)

    @classmethod
    async def open(
        cls,
        agent_id: str = "default",
        path: _Path | None = None,
        *,
        home: _Path | None = None,
        model: _Path | None = None,
    ) -> AgentMemory:
        """Makes the object and opens its store.

        Raises ``StorageError`` when there is no store and none can be made, ``ConfigurationError`` when the agent's key
        file cannot be used, ``ValidationError`` for a name that cannot be one.
        """
        return await cls(agent_id, path, home=home, model=model).__aenter__()

    async def __aenter__(self) -> AgentMemory:
        await call(self._store.open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the use of this memory: waits for work under way and lets go of the store's files."""
        await call(self._store.close)

    async def learn(
        self,
        content: str,
        *,
        tags: Iterable[str] = (),
        source: str | None = None,
        namespace: str | None = None,
        occurred: datetime | None = None,
    ) -> str:
        """Remembers one text and gives its id. When this returns, the entry is signed and on disk.

        ``source`` says where the text comes from, ``occurred`` when what it tells happened, if that is not now.
        Calls made at the same time share one write. Raises ``ValidationError`` for an empty text or one over its limit.
        """
        store = self._store
        entry_id: str = await call(lambda port: store.learn(port, content, tags, source, namespace, occurred))
        return entry_id

    async def learn_document(
        self, text: str, source: str, *, tags: Iterable[str] = (), namespace: str | None = None
    ) -> Learned:
        """Remembers a text passage by passage; the ending of ``source`` says how it is split (``.md``, ``.rst``, …).

        Learning a source again leaves what is unchanged alone and supersedes what no longer stands in it.
        """
        store = self._store
        learned: Learned = await call(lambda port: store.learn_document(port, text, source, tags, namespace))
        return learned

    async def learn_files(
        self, paths: Iterable[_Path], *, tags: Iterable[str] = (), namespace: str | None = None
    ) -> Learned:
        """Remembers text files as :meth:`learn_document` does, their paths as sources, all in one commit.

        Raises ``ValidationError`` for a file that is not UTF-8 text or over 64 MiB; then nothing is remembered.
        """
        store = self._store
        learned: Learned = await call(lambda port: store.learn_files(port, paths, tags, namespace))
        return learned

    async def recall(
        self,
        query: str,
        k: int = 5,
        *,
        tags: Iterable[str] = (),
        namespace: str | None = None,
        source_prefix: str | None = None,
        author: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | None = None,
        trusted_only: bool = False,
        include_revoked: bool = False,
        words_only: bool = False,
    ) -> list[Recalled]:
        """The ``k`` entries that best answer ``query``, best first.

        Filters act inside the search: fewer than ``k`` come back only if fewer match. ``tags`` must all be there;
        ``since`` and ``until`` bound when it happened or, where that was not said, when it was remembered; ``as_of``
        answers as at an earlier time; ``words_only`` leaves meaning aside. The same commits, query, trust and vectors give the same entries, order and scores on
        every machine and in every language.

        Raises ``ValidationError`` for a query without words, ``RetrievalError`` for a namespace nobody knows.
        """
        store = self._store
        answer: list[Recalled] = await call(
            lambda port: store.recall(
                port,
                query,
                k,
                tags,
                namespace,
                source_prefix,
                author,
                since,
                until,
                as_of,
                trusted_only,
                include_revoked,
                words_only,
            )
        )
        return answer

    async def get(self, entry_id: str) -> Entry | None:
        """The entry with this id, or the one whose id begins so (four digits or more); ``None`` if there is none."""
        store = self._store
        entry: Entry | None = await call(lambda port: store.get(port, entry_id))
        return entry

    async def forget(self, entry_ids: Iterable[str]) -> Forgotten:
        """Forgets entries of this agent and erases their text, here now and wherever this store is merged, then.

        Raises ``RetrievalError`` when one is not there, ``ValidationError`` when it is another's; then nothing is
        forgotten.
        """
        store = self._store
        forgotten: Forgotten = await call(lambda port: store.forget(port, entry_ids))
        return forgotten

    async def merge(self, path: _Path) -> MergeReport:
        """Merges the store at ``path`` into this one; the other is only read.

        In what order and on which side stores are merged makes no difference to the digest or to any answer. Commits
        that do not verify are refused one by one and reported.
        """
        store = self._store
        report: MergeReport = await call(lambda port: store.merge(port, path))
        return report

    async def embed(self) -> Coverage:
        """Makes the vectors that are missing, and gives how many entries have some then.

        What is learned is embedded in the background anyway; this waits for it. When it is cancelled, what was made stays. Raises
        ``ConfigurationError`` when there is no model.
        """
        coverage: Coverage = await call(self._store.embed)
        return coverage

    async def coverage(self) -> Coverage:
        """How many entries have vectors. Raises ``ConfigurationError`` when there is no model."""
        coverage: Coverage = await call(self._store.coverage)
        return coverage

    async def proof(self, entry_id: str) -> bytes:
        """A proof of who wrote an entry, for ``memory_system._rust.crypto.verify_record_proof`` on any machine."""
        store = self._store
        proof: bytes = await call(lambda port: store.proof(port, entry_id))
        return proof

    async def digest(self) -> str:
        """One digest over everything in the store: equal for equal commits, in any order, on any machine."""
        digest: str = await call(self._store.digest)
        return digest

    async def stats(self) -> Stats:
        """Counts of what the store holds."""
        stats: Stats = await call(self._store.stats)
        return stats

    async def public_key(self) -> str:
        """The key this agent signs with, 64 hexadecimal characters: what others trust."""
        key: str = await call(self._store.public_key)
        return key

    async def trust(self, key: str, name: str | None = None) -> None:
        """Trusts another agent's public key in this store, under a name of your choice."""
        store = self._store
        await call(lambda port: store.trust(port, key, name))

    async def untrust(self, key: str) -> None:
        """Takes back what was said of a public key."""
        store = self._store
        await call(lambda port: store.untrust(port, key))

    def __repr__(self) -> str:
        return f"<AgentMemory of {self._where[0]!r}>"

    @property
    def _store(self) -> RustMemoryStore:
        # Threads and file locks of the parent do not come along into a child after fork().
        if self._process != os.getpid():
            self._process, self._native = os.getpid(), RustMemoryStore(*self._where)
        return self._native
