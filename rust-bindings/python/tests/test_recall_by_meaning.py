"""Recall by meaning from Python: with the local model where setup has put it, and what is said where there is none."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from memory_system import AgentMemory, ConfigurationError

MODEL = Path(__file__).resolve().parents[3] / ".tools" / "model" / "all-MiniLM-L6-v2"
FACTS = ("The kitten sleeps on the sofa all day.", "Thunder woke the whole street.", "Her wage went up in May.")


@pytest.mark.skipif(not MODEL.is_dir() and "CHRYSALIS_NEEDS_MODEL" not in os.environ, reason="the model is not there; `make setup` obtains it")
def test_a_question_in_other_words_finds_the_answer(tmp_path: Path) -> None:
    async def work() -> None:
        async with AgentMemory("ada", tmp_path / "store", home=tmp_path / "home", model=MODEL) as memory:
            for fact in FACTS:
                await memory.learn(fact)
            coverage = await memory.embed()
            assert (coverage.embedded, coverage.entries) == (3, 3) and len(coverage.space) == 64
            assert (await memory.recall("feline couch", k=1))[0].text == FACTS[0]
            assert await memory.recall("feline couch", words_only=True) == []

    asyncio.run(work())


def test_without_a_model_words_do_and_vectors_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.delenv("CHRYSALIS_MODEL", raising=False)
        async with AgentMemory("ada", tmp_path / "store", home=tmp_path / "home") as memory:
            await memory.learn(FACTS[1])
            assert (await memory.recall("thunder"))[0].text == FACTS[1]
            for call in (memory.embed, memory.coverage):
                with pytest.raises(ConfigurationError) as raised:
                    await call()
                assert raised.value.code == "memory/no-embedder"

    asyncio.run(work())


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    async def work() -> None:
        with pytest.raises(ConfigurationError, match="config.json") as raised:
            await AgentMemory.open("ada", tmp_path / "store", home=tmp_path / "home", model=tmp_path)
        assert raised.value.code == "memory/embedder"

    asyncio.run(work())
