"""A program as users write it, for type checkers; `reveal_type` is checked by assignment."""

import os
from datetime import datetime, timezone

from memory_system import AgentMemory, Entry, MemoryError, MergeReport, Recalled, Stats, StorageError
from memory_system._rust import crypto, security
from memory_system.crdt import GCounter, LWWMap, ORSet, Replica, SyncSession, VectorClock


async def main(path: os.PathLike[str]) -> list[str]:
    async with AgentMemory("ada", path, home="home") as memory:
        entry_id: str = await memory.learn("text", tags={"a"}, source=None, occurred=datetime.now(timezone.utc))
        ids: list[str] = (await memory.learn_files([path, "b.md"])).ids
        answer: list[Recalled] = await memory.recall("query", k=3, tags=("a", "b"), trusted_only=True)
        lines: tuple[int, int] | None = answer[0].lines
        headings: tuple[str, ...] = answer[0].headings
        score: float = answer[0].score
        when: datetime = answer[0].time
        entry: Entry | None = await memory.get(entry_id)
        report: MergeReport = await memory.merge(path)
        stats: Stats = await memory.stats()
        verified: crypto.VerifiedRecord = crypto.verify_record_proof(await memory.proof(entry_id))
        print(lines, headings, score, when, entry, report.refusals, stats.authors, verified.content.hex())
        try:
            await memory.forget(ids)
        except StorageError as error:
            code: str = error.code
            print(code, error.details)
        except (MemoryError, crypto_error()) as other:
            print(other)
        return [hit.text for hit in answer]


def crypto_error() -> type[ValueError]:
    from memory_system import CryptoError

    key = security.SecureBuffer.random(32)
    sealed: bytes = crypto.xchacha20poly1305_encrypt(bytearray(b"x"), key, aad=memoryview(b"y"))
    assert isinstance(crypto.hash(sealed, crypto.HashAlgorithm.Blake3), bytes)
    with security.SecurityContext() as context:
        context.store_api_key("openai", security.ApiKey("made-up-key-0123456789"))
        length: int = context.with_api_key("openai", len)
        name, value = context.authorization_header("openai")
        headers: dict[str, str] = context.sign_request("openai", "GET", "/", b"")
        print(length, name.upper(), value.upper(), headers)
    path: list[int] = security.validate_cert_chain_with([b"der"], time=datetime.now(timezone.utc)).path
    confidence: str = security.validate_key_format("key", provider="openai").confidence
    print(path, confidence)
    return CryptoError


def replicated(other: ORSet) -> int:
    topics = ORSet("ada")
    tag: str = topics.add({"any": ["value", 1, None]})
    delta: bytes = topics.add_many(("a", 1))
    topics.remove("a", {tag})
    topics.import_deltas([delta, other.to_bytes()])
    merged: ORSet = topics.merge(other)
    names: list[str] = LWWMap(clock="ms").keys()
    counts: dict[str, int] = VectorClock({"a": 1}).to_dict()
    replica = Replica()
    replica.insert("topics", merged)
    message: bytes | None = SyncSession.initiator(retry_ms=100).poll(replica)
    print(names, counts, message, [element for element in merged], "a" in merged)
    return GCounter().value() + len(merged)
