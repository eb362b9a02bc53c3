"""The completion bridge: many calls, cancellation, several loops, fork and exit.

Native work is held up where a test needs it by the lock of a store, which the test takes itself, so that nothing depends
on timing.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memory_system import AgentMemory, _bridge
from memory_system._rust import Port

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]
needs_flock = pytest.mark.skipif(fcntl is None, reason="this system has no flock()")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
THREADS = 8


class Gate:
    """A store whose lock is held: whatever opens it or begins to write goes on when the gate is opened."""

    def __init__(self, store: Path) -> None:
        self.store = store
        (store / "local").mkdir(parents=True)
        self._lock = os.open(store / "local" / "lock", os.O_CREAT | os.O_RDWR)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def open(self) -> None:
        os.close(self._lock)


def outstanding() -> int:
    """Calls of the running loop that native threads or the queue still have."""
    port = _bridge._port_of(asyncio.get_running_loop())
    return Port.CAPACITY - port.places


async def settled() -> None:
    """Waits until every result has come back, also those nobody waits for."""
    loop = asyncio.get_running_loop()
    port = _bridge._port_of(loop)
    for _ in range(Port.CAPACITY):
        await port.take_place(loop)
    for _ in range(Port.CAPACITY):
        port.give_place()


def test_many_calls_at_once_on_few_threads(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as memory:
            ids = await asyncio.gather(*(memory.learn(f"fact {n} about bees") for n in range(100)))
            assert len(set(ids)) == 100
            found = await asyncio.gather(*(memory.recall(f"fact {n}", k=1) for n in range(100)))
            assert [answer[0].id for answer in found] == ids
        assert outstanding() == 0

    asyncio.run(main())
    assert 1 <= _bridge._pools[os.getpid()].threads <= THREADS


def test_a_loop_never_has_more_calls_under_way_than_it_may(home: Path) -> None:
    most = 0

    async def main() -> None:
        async with AgentMemory("ada") as memory:

            async def count() -> int:
                nonlocal most
                stats = await memory.stats()
                most = max(most, outstanding())
                return stats.entries

            assert await asyncio.gather(*(count() for _ in range(5 * Port.CAPACITY))) == [0] * 5 * Port.CAPACITY
        assert outstanding() == 0

    asyncio.run(main())
    assert Port.CAPACITY // 2 < most <= Port.CAPACITY


@needs_flock
def test_cancelling_queued_work_undoes_it_and_running_work_is_given_up(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as memory:
            gate = Gate(home / "held")
            busy = AgentMemory("ada", gate.store)
            held = [asyncio.ensure_future(busy.learn(f"held up, {n}")) for n in range(THREADS)]
            await asyncio.sleep(0)
            queued = asyncio.ensure_future(memory.learn("never to be learned"))
            kept = asyncio.ensure_future(memory.learn("kept"))
            await asyncio.sleep(0)
            assert outstanding() == THREADS + 2
            queued.cancel()
            with pytest.raises(asyncio.CancelledError):
                await queued
            assert outstanding() == THREADS + 1
            running = held[0]
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert outstanding() == THREADS + 1, "what has begun keeps its place until it ends"
            gate.open()
            assert await kept and len(set(await asyncio.gather(*held[1:]))) == THREADS - 1
            await busy.close()
            await settled()
            assert outstanding() == 0
            assert [hit.text for hit in await memory.recall("kept never learned")] == ["kept"]

    asyncio.run(main())


@needs_flock
def test_timeouts_leave_everything_usable(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as memory:
            gate = Gate(home / "held")
            busy = AgentMemory("ada", gate.store)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(busy.learn("too late"), 0.01)
            assert await memory.learn("still works")
            gate.open()
            await busy.close()
            await settled()

    asyncio.run(main())


@needs_flock
def test_waiting_for_room_can_be_cancelled(home: Path) -> None:
    async def main() -> None:
        async with AgentMemory("ada") as memory:
            gate = Gate(home / "held")
            busy = AgentMemory("ada", gate.store)
            calls: list[asyncio.Future[object]] = []
            calls += [asyncio.ensure_future(busy.learn(f"held up, {n}")) for n in range(THREADS)]
            calls += [asyncio.ensure_future(memory.stats()) for _ in range(Port.CAPACITY)]
            await asyncio.sleep(0)
            assert outstanding() == Port.CAPACITY
            for call in calls[-THREADS:]:
                call.cancel()
            await asyncio.gather(*calls[-THREADS:], return_exceptions=True)
            gate.open()
            await asyncio.gather(*calls[:-THREADS])
            await busy.close()
            assert outstanding() == 0

    asyncio.run(main())


def test_closing_waits_for_work_under_way(home: Path) -> None:
    async def main() -> None:
        memory = await AgentMemory.open("ada")
        learning = [asyncio.ensure_future(memory.learn(f"fact {n}")) for n in range(20)]
        await asyncio.sleep(0)
        await memory.close()
        done = await asyncio.gather(*learning, return_exceptions=True)
        async with AgentMemory("ada") as again:
            stats = await again.stats()
            assert stats.entries == sum(isinstance(result, str) for result in done) and stats.writers <= 1

    asyncio.run(main())


def in_threads(work: Callable[[int], None], count: int) -> None:
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - carried over to the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_loops_in_several_threads_share_one_memory(home: Path) -> None:
    memory = AgentMemory("ada")

    def work(number: int) -> None:
        async def main() -> None:
            ids = await asyncio.gather(*(memory.learn(f"thread {number} fact {n}") for n in range(25)))
            assert [entry.id for entry in await asyncio.gather(*map(memory.get, ids)) if entry] == ids

        asyncio.run(main())

    in_threads(work, 4)
    assert asyncio.run(memory.stats()).entries == 100
    asyncio.run(memory.close())


def test_loops_come_and_go_without_leaving_anything(home: Path) -> None:
    memory = AgentMemory("ada")
    asyncio.run(memory.learn("first"))

    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    asyncio.run(memory.stats())
    before = open_files()
    for _ in range(30):
        assert asyncio.run(memory.stats()).entries == 1
    assert open_files() <= before + 2
    asyncio.run(memory.close())


def test_loops_take_turns_in_one_thread(home: Path) -> None:
    memory = AgentMemory("ada")
    loops = [asyncio.new_event_loop() for _ in range(3)]
    try:
        for turn in range(5):
            for number, loop in enumerate(loops):
                assert loop.run_until_complete(memory.learn(f"turn {turn} of loop {number}"))
        assert len(_bridge._ports.by_loop) >= 3
    finally:
        loops[0].run_until_complete(memory.close())
        for loop in loops:
            loop.close()


class Unwatching(asyncio.SelectorEventLoop):
    """A loop that cannot watch sockets for others, as Windows' proactor."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError


def test_a_loop_that_cannot_watch_gets_a_thread(home: Path) -> None:
    def waiting() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "memory_system"]

    memory = AgentMemory("ada")
    loop = Unwatching()
    before = len(waiting())
    try:

        async def main() -> None:
            ids = await asyncio.gather(*(memory.learn(f"fact {n}") for n in range(300)))
            assert len(set(ids)) == 300 and len(waiting()) == before + 1

        loop.run_until_complete(main())
        loop.run_until_complete(memory.close())
    finally:
        loop.close()
    thread = waiting()[-1]
    del loop  # and with it its port
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_uvloop(home: Path) -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not made for this system")

    async def main(turn: int) -> None:
        async with AgentMemory("ada", home / str(turn)) as memory:
            ids = await asyncio.gather(*(memory.learn(f"fact {n}") for n in range(300)))
            assert len(set(ids)) == 300
            call = asyncio.ensure_future(memory.stats())
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            assert (await memory.stats()).entries == 300

    for turn in range(3):
        loop = uvloop.new_event_loop()
        try:
            loop.run_until_complete(main(turn))
        finally:
            loop.close()


def run_script(home: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "default", "-W", "ignore::DeprecationWarning", "-c", script, *arguments],
        env={**os.environ, "CHRYSALIS_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


FORK_UNDER_WAY = """
import asyncio, os
from memory_system import AgentMemory

async def main():
    async with AgentMemory("ada") as memory:
        await memory.learn("before the fork")
        under_way = [asyncio.ensure_future(memory.learn(f"during the fork {n}")) for n in range(50)]
        await asyncio.sleep(0)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                async def in_child():
                    await memory.learn("in the child")
                    assert (await memory.recall("before", k=1))[0].text == "before the fork"
                    await memory.close()
                asyncio.run(in_child())
                code = 0
            finally:
                os._exit(code)
        ids = await asyncio.gather(*under_way)
        assert os.waitpid(child, 0)[1] == 0
        stats = await memory.stats()
        assert len(set(ids)) == 50 and stats.entries == 52 and stats.writers == 2, repr(stats)
        assert (await memory.recall("child", k=1))[0].text == "in the child"

asyncio.run(main())
"""

FORK_BETWEEN = """
import asyncio, os, sys
from memory_system import AgentMemory

memory = AgentMemory("ada")
asyncio.run(memory.learn("before the fork"))
child = os.fork()
asyncio.run(memory.learn(f"after the fork, child: {child == 0}"))
if child == 0:
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert asyncio.run(memory.stats()).entries == 3
"""


@needs_fork
@pytest.mark.parametrize("script", [FORK_UNDER_WAY, FORK_BETWEEN], ids=["under way", "between calls"])
def test_a_child_after_fork_begins_anew(home: Path, script: str) -> None:
    done = run_script(home, script)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


EXITS = {
    "cancelled by the loop's end": """
import asyncio
from memory_system import AgentMemory
memory = AgentMemory("ada")
async def main():
    for n in range(200):
        asyncio.ensure_future(memory.learn(f"fact {n}"))
    await memory.learn("waited for")
asyncio.run(main())
""",
    "a loop in a daemon thread": """
import asyncio, threading
from memory_system import AgentMemory
memory, begun = AgentMemory("ada"), threading.Event()
async def main():
    while True:
        learning = [memory.learn(f"fact {n}") for n in range(50)]
        await asyncio.gather(*learning, *(memory.recall("fact") for _ in range(20)))
        begun.set()
threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
begun.wait()
""",
    "a loop that cannot watch": """
import asyncio
from memory_system import AgentMemory
class Unwatching(asyncio.SelectorEventLoop):
    def add_reader(self, *_):
        raise NotImplementedError
memory, loop = AgentMemory("ada"), Unwatching()
calls = []
async def main():
    calls.extend(asyncio.ensure_future(memory.learn(f"fact {n}")) for n in range(200))
    await memory.learn("waited for")
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
loop.run_until_complete(main())
loop.close()
""",
    "an exit from within": """
import asyncio, sys
from memory_system import AgentMemory
async def main():
    memory = AgentMemory("ada")
    calls = [asyncio.ensure_future(memory.learn(f"fact {n}")) for n in range(100)]
    await calls[0]
    sys.exit(0)
asyncio.run(main())
""",
}


@pytest.mark.parametrize("script", EXITS.values(), ids=EXITS.keys())
def test_the_interpreter_ends_in_the_middle_of_work_without_noise(home: Path, script: str) -> None:
    with ThreadPoolExecutor(4) as runs:
        for done in runs.map(lambda _: run_script(home, script), range(20)):
            assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


@needs_flock
def test_the_interpreter_ends_although_work_never_does(home: Path) -> None:
    gate = Gate(home / "held")
    script = """
import asyncio, sys
from memory_system import AgentMemory
async def main():
    call = asyncio.ensure_future(AgentMemory("ada", sys.argv[1]).learn("never"))
    await AgentMemory("ada").learn("done")
asyncio.run(main())
"""
    done = run_script(home, script, str(gate.store))
    assert (done.returncode, done.stderr) == (0, "")
