"""
The native half of `memory_system`.
"""

from . import crypto as crypto, security as security
from collections.abc import Iterable
from datetime import datetime
from os import PathLike
from typing import Any, Final, SupportsIndex, final
from typing_extensions import disjoint_base

__all__ = ["Entry", "Forgotten", "Learned", "MergeReport", "Pool", "Port", "Recalled", "RustMemoryStore", "Stats", "error_codes", "crypto", "security"]

@disjoint_base
class Entry:
    """
    One entry of the memory.
    """
    def __repr__(self, /) -> str: ...
    @property
    def author(self, /) -> str:
        """
        The public key that signed it, 64 hexadecimal characters.
        """
    @property
    def author_name(self, /) -> str | None:
        """
        The name that key goes by in this store, if any. Names are not signed.
        """
    @property
    def headings(self, /) -> tuple[str, ...]:
        """
        The headings it stands under, outermost first.
        """
    @property
    def id(self, /) -> str:
        """
        Its id, 64 hexadecimal characters.
        """
    @property
    def lines(self, /) -> tuple[int, int] | None:
        """
        The first and last line it stands on in its source, counted from 1.
        """
    @property
    def namespace_id(self, /) -> str:
        """
        The id of its namespace, 32 hexadecimal characters.
        """
    @property
    def occasions(self, /) -> int:
        """
        How often its author said the same; at least 1.
        """
    @property
    def occurred(self, /) -> datetime | None:
        """
        When what it tells happened, if that was said, in UTC.
        """
    @property
    def signature(self, /) -> str:
        """
        What can be said of its signature: `trusted`, `unknown-signer`, `forked` or `revoked`.
        """
    @property
    def source(self, /) -> str | None:
        """
        Where the text comes from: a file, a page, a conversation.
        """
    @property
    def tags(self, /) -> tuple[str, ...]:
        """
        Its labels, sorted.
        """
    @property
    def text(self, /) -> str:
        """
        What was remembered.
        """
    @property
    def time(self, /) -> datetime:
        """
        When it was remembered, by its author's clock, in UTC.
        """

@final
class Forgotten:
    """
    What forgetting did.
    """
    def __repr__(self, /) -> str: ...
    @property
    def entries(self, /) -> int:
        """
        Entries forgotten.
        """
    @property
    def erased(self, /) -> int:
        """
        Records whose content was erased from this store's files.
        """
    @property
    def pending(self, /) -> int:
        """
        Records another process holds; it erases them at its next call.
        """

@final
class Learned:
    """
    What learning documents did.
    """
    def __repr__(self, /) -> str: ...
    @property
    def documents(self, /) -> int:
        """
        Documents looked at.
        """
    @property
    def ids(self, /) -> list[str]:
        """
        The ids of the passages that are new, in order.
        """
    @property
    def superseded(self, /) -> int:
        """
        Earlier passages that no longer stand in their source and were superseded.
        """
    @property
    def unchanged(self, /) -> int:
        """
        Passages that were known already.
        """
    @property
    def unchanged_documents(self, /) -> int:
        """
        Documents of which every passage was known already.
        """

@final
class MergeReport:
    """
    What a merge did.
    """
    def __repr__(self, /) -> str: ...
    @property
    def commits(self, /) -> int:
        """
        Commits that are new here.
        """
    @property
    def damaged(self, /) -> int:
        """
        How many journals of the other store are damaged or cannot be read: what lies behind did not come over.
        """
    @property
    def digest(self, /) -> str:
        """
        The digest afterwards, 64 hexadecimal characters.
        """
    @property
    def forks(self, /) -> list[str]:
        """
        Writers that signed two different commits for one place, found by this merge.
        """
    @property
    def records(self, /) -> int:
        """
        Records in them.
        """
    @property
    def refusals(self, /) -> list[tuple[str, int, str]]:
        """
        The first of these: writer, first sequence number, and why.
        """
    @property
    def refused(self, /) -> int:
        """
        How many commits were not admitted.
        """
    @property
    def withheld(self, /) -> int:
        """
        Records of which only the leaf came over, because they are private there.
        """

@final
class Pool:
    """
    The threads that do native work; they start when there is work for them.
    """
    def __new__(cls, /) -> Pool: ...
    @property
    def threads(self, /) -> int:
        """
        How many threads were started.
        """

@final
class Port:
    """
    Where one event loop hands in work and gets results.
    """
    CAPACITY: Final[int]
    """
    The most jobs that may be asked for and not yet drained.
    """
    def __new__(cls, /, pool: Pool, watched: bool) -> Port:
        """
        A port of `pool`. With `watched`, the loop is to watch `fileno()`; without it, a thread is to call `wait()`.
        """
    def __repr__(self, /) -> str: ...
    def cancel(self, /, ticket: SupportsIndex) -> bool:
        """
        Tells the job of `ticket` that nobody waits for it. `True` when it had not begun and is gone without a trace.
        """
    def close(self, /) -> None:
        """
        Ends `wait()`.
        """
    def drain(self, /) -> list[tuple[int, Any, tuple[str, str] | BaseException | None]]:
        """
        What has finished since the last call: ticket, value, and where there is none, code and text or an exception.
        """
    def fileno(self, /) -> int | None:
        """
        What the loop watches: it becomes readable when something can be drained.
        """
    def wait(self, /) -> bool:
        """
        Waits, without the interpreter, until there is something new to drain; `False` once the port is closed.
        """

@final
class Recalled(Entry):
    """
    One entry of an answer.
    """
    def __repr__(self, /) -> str: ...
    @property
    def matches(self, /) -> list[tuple[int, int]]:
        """
        Where words of the query stand in `text`: first character and the one behind the last.
        """
    @property
    def score(self, /) -> float:
        """
        How well it answers; larger is better, comparable within one answer only.
        """

@final
class RustMemoryStore:
    """
    One agent's memory. Making it touches no file; the first work opens the store, on a native thread.

    Every method hands work to `port` and gives the ticket under which the result will be drained.
    """
    def __new__(cls, /, agent_id: str = ..., path: str | PathLike[str] | None = None, home: str | PathLike[str] | None = None) -> RustMemoryStore:
        """
        The memory of agent `agent_id` in the store at `path`, with keys and settings below `home`.
        """
    def __repr__(self, /) -> str: ...
    def close(self, /, port: Port) -> int:
        """
        Ends the use of this memory, at once for new calls, and lets go of its files when work under way is done.
        """
    def digest(self, /, port: Port) -> int:
        """
        One digest over everything in the store, 64 hexadecimal characters.
        """
    def forget(self, /, port: Port, ids: Iterable[str]) -> int:
        """
        Forgets entries of this agent.
        """
    def get(self, /, port: Port, id: str) -> int:
        """
        The entry whose id begins with `id`; `None` when there is none.
        """
    def learn(self, /, port: Port, content: str, tags: Iterable[str], source: str | None, namespace: str | None, occurred: datetime | None) -> int:
        """
        Remembers one text; gives its id once it is on disk.
        """
    def learn_document(self, /, port: Port, text: str, source: str, tags: Iterable[str], namespace: str | None) -> int:
        """
        Remembers one text passage by passage.
        """
    def learn_files(self, /, port: Port, paths: Iterable[str | PathLike[str]], tags: Iterable[str], namespace: str | None) -> int:
        """
        Remembers text files passage by passage, in one commit.
        """
    def merge(self, /, port: Port, path: str | PathLike[str]) -> int:
        """
        Merges the store at `path` into this one.
        """
    def open(self, /, port: Port) -> int:
        """
        Opens the store, or makes it, and reads what is in it.
        """
    def proof(self, /, port: Port, id: str) -> int:
        """
        A proof of one entry, for `crypto.verify_record_proof`.
        """
    def public_key(self, /, port: Port) -> int:
        """
        The agent's public key, 64 hexadecimal characters.
        """
    def recall(self, /, port: Port, query: str, k: int, tags: Iterable[str], namespace: str | None, source_prefix: str | None, author: str | None, since: datetime | None, until: datetime | None, as_of: datetime | None, trusted_only: bool, include_revoked: bool) -> int:
        """
        The entries that answer `query`, best first.
        """
    def stats(self, /, port: Port) -> int:
        """
        Counts of what the store holds.
        """
    def trust(self, /, port: Port, key: str, name: str | None) -> int:
        """
        Trusts a public key, under a name of the caller's choice.
        """
    def untrust(self, /, port: Port, key: str) -> int:
        """
        Takes back what was said of a public key.
        """

@final
class Stats:
    """
    Counts of what a memory holds.
    """
    def __repr__(self, /) -> str: ...
    @property
    def authors(self, /) -> dict[str, int]:
        """
        Live entries by author's public key.
        """
    @property
    def commits(self, /) -> int:
        """
        Commits.
        """
    @property
    def entries(self, /) -> int:
        """
        Live entries.
        """
    @property
    def records(self, /) -> int:
        """
        Records of every kind and state.
        """
    @property
    def withheld(self, /) -> int:
        """
        Records here as leaves only, because they were not shared with this store.
        """
    @property
    def writers(self, /) -> int:
        """
        Writer journals, one for each incarnation of each agent.
        """

def error_codes() -> list[str]:
    """
    Every code an error of this package can have: those of the bindings, the memory, the journal, cryptography, keys and
    certificates.
    """
