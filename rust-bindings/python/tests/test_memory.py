"""`AgentMemory`: what is learned is recalled, merged, proved and forgotten, and what is wrong has a code."""

from __future__ import annotations

import asyncio
import struct
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import memory_system
from memory_system import (
    AgentMemory,
    ConfigurationError,
    MemoryError,
    Recalled,
    RetrievalError,
    StorageError,
    SyncError,
    ValidationError,
)
from memory_system._rust import crypto

HONEY = "# Honey\n\nAcacia honey stays liquid.\n\n# Wax\n\nWax melts at 62 degrees.\n"


def test_what_is_learned_is_recalled_with_where_it_came_from(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as memory:
            learned = await memory.learn_document(HONEY, "notes/honey.md", tags=["bees", "kitchen", "bees"])
            assert learned.documents == 1 and learned.superseded == 0 and len(learned.ids) == 2
            found = (await memory.recall("At how many degrees does wax melt?"))[0]
            assert isinstance(found, Recalled) and isinstance(found, memory_system.Entry)
            assert found.id == learned.ids[1] and "62 degrees" in found.text
            assert found.source == "notes/honey.md" and found.lines == (5, 7) and found.headings == ("Wax",)
            assert found.tags == ("bees", "kitchen") and found.author == await memory.public_key()
            assert (found.author_name, found.signature, found.occasions) == ("ada", "trusted", 1)
            assert found.time.tzinfo is not None and abs(datetime.now(timezone.utc) - found.time) < timedelta(minutes=1)
            words = {found.text[first:end].lower() for first, end in found.matches}
            assert {"wax", "62" if "62" in words else "degrees"} <= words
            with pytest.raises(AttributeError):
                found.score = 1.0  # type: ignore[misc]
            again = await memory.learn_document(HONEY.replace("62", "64"), "notes/honey.md", tags=["bees", "kitchen"])
            assert (again.unchanged, len(again.ids), again.superseded) == (1, 1, 1)
            assert "64" in (await memory.recall("wax melt degrees"))[0].text
        async with AgentMemory("ada") as memory:
            assert "Acacia" in (await memory.recall("acacia"))[0].text
            assert (await memory.stats()).entries == 2

    asyncio.run(main())


def test_filters_act_inside_the_search(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as memory:
            when = datetime(2024, 5, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
            for number in range(30):
                await memory.learn(f"bee number {number} dances", source=f"hive/{number % 3}", tags={f"t{number % 2}"})
            diary = await memory.learn("the bee of the diary dances", namespace="diary", occurred=when)
            assert len(await memory.recall("bee dances", k=100)) == 31
            assert len(await memory.recall("bee dances", k=100, tags=["t1"])) == 15
            assert len(await memory.recall("bee dances", k=7, tags=["t1"])) == 7
            assert len(await memory.recall("bee dances", k=100, source_prefix="hive/2")) == 10
            assert [hit.id for hit in await memory.recall("bee", namespace="diary")] == [diary]
            assert (await memory.recall("bee", namespace="diary"))[0].occurred == when
            assert len(await memory.recall("bee", k=100, author=await memory.public_key())) == 31
            assert await memory.recall("bee", author="00" * 32) == []
            now = datetime.now(timezone.utc)
            assert [hit.id for hit in await memory.recall("bee", until=now - timedelta(hours=1))] == [diary]
            assert await memory.recall("bee", since=now + timedelta(hours=1)) == []
            assert await memory.recall("bee", k=0) == []
            assert len(await memory.recall("bee", k=100, trusted_only=True, include_revoked=True)) == 31

    asyncio.run(main())


def answers(found: list[Recalled]) -> list[tuple[str, bytes]]:
    return [(hit.id, struct.pack("<d", hit.score)) for hit in found]


def test_merging_in_any_order_on_any_side_gives_one_digest_and_one_answer(home: Path) -> None:
    questions = ["which honey stays liquid", "wax", "the dance of bees 7", "hive"]

    async def fill(agent: str) -> None:
        async with AgentMemory(agent, home / agent) as memory:
            await memory.learn_document(HONEY, f"{agent}.md")
            await asyncio.gather(*(memory.learn(f"{agent} saw dance {n} of bees at the hive") for n in range(20)))

    async def merged(into: str, parts: list[str]) -> tuple[str, Any]:
        async with AgentMemory("judge", home / into) as memory:
            reports = [await memory.merge(home / part) for part in parts]
            assert all(report.refused == 0 and report.refusals == [] for report in reports)
            digest = await memory.digest()
            assert not reports or reports[-1].digest == digest
            return digest, [answers(await memory.recall(question, k=50)) for question in questions]

    async def main() -> None:
        for agent in ("ada", "bob", "cy"):
            await fill(agent)
        first = await merged("one", ["ada", "bob", "cy"])
        assert await merged("two", ["cy", "ada", "bob"]) == first
        assert await merged("three", ["bob", "bob", "one"]) == first
        assert await merged("ada", ["two"]) == first
        assert all(len(answer) > 2 for answer in first[1])

    asyncio.run(main())


def test_answers_of_others_are_marked_until_they_are_trusted(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada", home / "a") as ada, AgentMemory("bob", home / "b") as bob:
            entry = await bob.learn("Bees see ultraviolet.")
            report = await ada.merge(home / "b")
            assert (report.commits, report.records) == (1, 1)
            assert (await ada.recall("bees"))[0].signature == "unknown-signer"
            assert await ada.recall("bees", trusted_only=True) == []
            await ada.trust(await bob.public_key(), "Bob of the hive")
            found = (await ada.recall("bees", trusted_only=True))[0]
            assert (found.id, found.signature, found.author_name) == (entry, "trusted", "Bob of the hive")
            await ada.untrust(await bob.public_key())
            assert (await ada.recall("bees"))[0].signature == "unknown-signer"
            with pytest.raises(ValidationError) as raised:
                await ada.forget([entry])
            assert raised.value.code == "memory/not-the-author"
            with pytest.raises(SyncError) as same:
                await ada.merge(home / "a")
            assert same.value.code == "memory/same-store"

    asyncio.run(main())


def test_proofs_hold_without_the_store_and_break_with_any_change(home: Path) -> None:
    async def main() -> tuple[str, str, bytes]:
        async with AgentMemory("ada") as memory:
            entry = await memory.learn("Queens live for years.")
            return entry, await memory.public_key(), await memory.proof(entry[:12])

    entry, key, proof = asyncio.run(main())
    verified = crypto.verify_record_proof(proof)
    assert (verified.leaf, verified.author, verified.kind) == (entry, key, 1)
    assert b"Queens live for years." in verified.content
    for at in range(0, len(proof), 7):
        changed = bytearray(proof)
        changed[at] ^= 1
        with pytest.raises(memory_system.CryptoError) as raised:
            crypto.verify_record_proof(changed)
        assert raised.value.code in ("MALFORMED", "INVALID_PROOF")


def test_what_is_forgotten_is_gone_from_answers_and_files(home: Path) -> None:
    def files_with(text: bytes) -> int:
        return sum(text in path.read_bytes() for path in (home / "store").rglob("*") if path.is_file())

    async def main() -> None:
        async with AgentMemory("ada") as memory:
            kept, gone = await memory.learn("kept sentence"), await memory.learn("unrepeatable sentence")
            assert files_with(b"unrepeatable sentence") == 1
            done = await memory.forget([gone])
            assert (done.entries, done.erased, done.pending) == (1, 1, 0)
            assert [hit.id for hit in await memory.recall("sentence")] == [kept]
            for method in (memory.get, memory.proof):
                with pytest.raises(RetrievalError) as raised:
                    await method(gone)
                assert raised.value.code == "memory/content-absent"
        assert files_with(b"unrepeatable sentence") == 0 and files_with(b"kept sentence") == 1

    asyncio.run(main())


def test_entries_are_got_by_id_or_its_beginning(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as memory:
            entry = await memory.learn("Drones have no sting.", source="notes")
            for name in (entry, entry[:12], entry[:12].upper()):
                found = await memory.get(name)
                assert found is not None and found.id == entry and found.text == "Drones have no sting."
                assert not isinstance(found, Recalled)
                assert found.lines is None and found.headings == () and found.occurred is None
            assert await memory.get("00" * 32) is None
            with pytest.raises(ValidationError) as raised:
                await memory.get("xyz")
            assert raised.value.code == "memory/invalid-entry-id"
            with pytest.raises(RetrievalError) as unknown:
                await memory.forget([entry, "00" * 32])
            assert unknown.value.code == "memory/no-such-entry" and await memory.get(entry) is not None

    asyncio.run(main())


def test_files_are_learned_together_or_not_at_all(home: Path) -> None:
    (home / "a.md").write_text("# Bees\n\nThey dance.\n", encoding="utf-8")
    (home / "b.txt").write_text("They sting.\n", encoding="utf-8")
    (home / "binary").write_bytes(b"\0\1\2")
    (home / "latin").write_bytes("Bienenkönigin".encode("latin-1"))

    async def main() -> None:
        async with AgentMemory("ada") as memory:
            for wrong in ("binary", "latin"):
                with pytest.raises(ValidationError) as raised:
                    await memory.learn_files([home / "a.md", home / wrong])
                assert raised.value.code == "memory/not-text"
            with pytest.raises(StorageError) as missing:
                await memory.learn_files([home / "a.md", home / "missing"])
            assert missing.value.code == "memory/io"
            assert (await memory.stats()).entries == 0
            learned = await memory.learn_files([home / "a.md", str(home / "b.txt")], tags=["garden"])
            assert learned.documents == len(learned.ids) == 2
            again = await memory.learn_files([home / "a.md", home / "b.txt"], tags=["garden"])
            assert (again.unchanged_documents, again.ids) == (2, [])
            assert (await memory.recall("dance"))[0].source == str(home / "a.md")

    asyncio.run(main())


def test_wrong_arguments_have_types_and_codes(home: Path) -> None:
    async def code_of(awaitable: Any) -> str:
        with pytest.raises(MemoryError) as raised:
            await awaitable
        assert isinstance(raised.value, ValueError | RuntimeError) and raised.value.message == str(raised.value)
        return str(raised.value.code)

    async def main() -> None:
        async with AgentMemory("ada") as memory:
            for empty in ("", " \n\t"):
                assert await code_of(memory.learn(empty)) == "memory/empty-text"
            assert await code_of(memory.learn("x", source="s" * (1 << 17))) == "memory/too-large"
            assert await code_of(memory.learn("x" * ((16 << 20) + 1))) == "memory/too-large"
            assert await code_of(memory.learn("x", tags=[str(n) for n in range(2000)])) == "memory/too-large"
            assert await code_of(memory.learn("x", namespace="a b")) == "memory/invalid-name"
            assert await code_of(memory.recall("?!")) == "memory/empty-query"
            assert await code_of(memory.recall("x", k=1_000_000)) == "memory/too-large"
            assert await code_of(memory.recall("x", k=-1)) == "bindings/out-of-range"
            assert await code_of(memory.recall("x", k=1 << 80)) == "bindings/out-of-range"
            assert await code_of(memory.recall("x", namespace="nowhere")) == "memory/no-such-namespace"
            assert await code_of(memory.recall("x", author="ada")) == "memory/invalid-agent-key"
            before = datetime(1969, 1, 1, tzinfo=timezone.utc)
            assert await code_of(memory.learn("x", occurred=before)) == "bindings/out-of-range"
            assert await code_of(memory.trust("00")) == "memory/invalid-agent-key"
            wrong: list[Any] = [
                lambda: memory.learn(5),  # type: ignore[arg-type]
                lambda: memory.learn("x", tags="bees"),
                lambda: memory.learn("x", tags=[1]),  # type: ignore[list-item]
                lambda: memory.learn("x", occurred=datetime(2024, 1, 1)),
                lambda: memory.learn("x", occurred=1.5),  # type: ignore[arg-type]
                lambda: memory.learn_files("a.md"),
                lambda: memory.recall("x", k="many"),  # type: ignore[arg-type]
                lambda: memory.recall(None),  # type: ignore[arg-type]
                lambda: memory.merge(3),  # type: ignore[arg-type]
                lambda: memory.forget("ab" * 32),
            ]
            for call in wrong:
                with pytest.raises(TypeError):
                    await call()
            assert (await memory.stats()).records == 0
            with pytest.raises(UnicodeEncodeError):
                await memory.learn("\ud800")

    asyncio.run(main())


def test_what_cannot_be_opened_says_why_and_can_be_tried_again(home: Path) -> None:
    async def main() -> None:
        for name in ("", "../ada", "a b"):
            with pytest.raises(ValidationError) as invalid:
                await AgentMemory.open(name)
            assert invalid.value.code == "memory/invalid-name"
        (home / "file").write_text("not a directory")
        with pytest.raises(StorageError):
            await AgentMemory.open("ada", home / "file")
        memory = AgentMemory("ada")
        key = home / "identities" / "ada.key"
        key.write_text("chrysalis identity 1\nnonsense\n")
        key.chmod(0o600)
        with pytest.raises(ConfigurationError) as malformed:
            await memory.learn("x")
        assert malformed.value.code == "memory/identity-malformed"
        key.unlink()
        assert await memory.learn("now it works")
        await memory.close()
        for call in (memory.digest, memory.stats, memory.public_key):
            with pytest.raises(StorageError) as closed:
                await call()
            assert (closed.value.code, closed.value.error_code) == ("bindings/closed", "STORAGE_CONN_FAILED")
        await memory.close()

    asyncio.run(main())


def test_two_memories_share_one_store(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as ada, AgentMemory("bob") as bob, AgentMemory("ada") as again:
            await ada.learn("seen by the others at once")
            for other in (bob, again):
                assert [hit.author_name for hit in await other.recall("seen at once")] == (
                    ["ada"] if other is again else [None]
                )
            await again.learn("said in a second process")
            assert (await bob.stats()).writers == 2 and await ada.digest() == await bob.digest()

    asyncio.run(main())


def test_homes_are_kept_apart(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory(home=home / "x") as x, AgentMemory(home=str(home / "y")) as y:
            await x.learn("only here")
            assert await y.recall("only here") == [] and await x.public_key() != await y.public_key()
        assert (home / "x" / "identities" / "default.key").is_file()

    asyncio.run(main())
