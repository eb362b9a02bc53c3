"""The Python half of the completion bridge: one port for each running event loop.

A call hands its work to native threads and waits for a future of the running loop. The loop watches one socket; when
it becomes readable, all results that have arrived are taken at once. A loop that cannot watch sockets (Windows'
proactor) gets one daemon thread instead, which waits without the interpreter lock and wakes the loop.

Nothing here is shared between threads but the pool of native threads. After ``fork()`` the child begins anew.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import deque

from ._rust import Pool, Port
from .exceptions import from_native

# Type checkers take this name for true. Importing it from `typing` would cost more than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from typing import Any

# By process: the pool of a parent has no threads in the child, and is left as it is.
_pools: dict[int, Pool] = {}


async def call(submit: Callable[[Port], int]) -> Any:
    """Waits for the result of the work that ``submit`` hands to the port of the running loop.

    Cancelling takes work that has not begun out of the queue. Work that has begun goes on and its result is dropped:
    a read is lost, a write may or may not have happened, but never half.
    """
    from asyncio import get_running_loop

    loop = get_running_loop()
    port = _port_of(loop)
    await port.take_place(loop)
    try:
        ticket = submit(port.native)
    except BaseException:
        port.give_place()
        raise
    future: Future[Any] = loop.create_future()
    port.waiting[ticket] = future, True
    try:
        return await future
    finally:
        if (future.cancelled() or not future.done()) and port.native.cancel(ticket):
            port.waiting.pop(ticket, None)
            port.give_place()


async def call_elsewhere(begin: Callable[[Port], int]) -> Any:
    """Waits for the result of work that ``begin`` begins and that has threads of its own, such as a request over the network.

    It takes no place: how much may be under way is the business of who does the work. Cancelling gives the work up.
    """
    from asyncio import get_running_loop

    loop = get_running_loop()
    port = _port_of(loop)
    ticket = begin(port.native)
    future: Future[Any] = loop.create_future()
    port.waiting[ticket] = future, False
    try:
        return await future
    finally:
        if future.cancelled() or not future.done():
            port.waiting.pop(ticket, None)
            port.native.cancel(ticket)


class _LoopPort:
    """A loop's port, the futures that wait for its results, and those that wait for a place.

    It must not keep the loop alive, which is what it is found by; hence no `asyncio.Semaphore`, which would.
    """

    native: Port
    # Each future, and whether its work holds a place.
    waiting: dict[int, tuple[Future[Any], bool]]
    places: int
    queue: deque[Future[None]]

    def __init__(self, loop: AbstractEventLoop) -> None:
        pool = _pools.get(os.getpid()) or _pools.setdefault(os.getpid(), Pool())
        self.waiting = {}
        self.places = Port.CAPACITY
        self.queue = deque()
        self.native = Port(pool, os.name == "posix")
        watched = self.native.fileno()
        if watched is not None:
            try:
                loop.add_reader(watched, self.drain)
                return
            except NotImplementedError:
                self.native = Port(pool, False)
        _watch_in_thread(self, loop)

    async def take_place(self, loop: AbstractEventLoop) -> None:
        """Waits, first come first served, until one more job may be handed in."""
        if self.places > 0:
            self.places -= 1
            return
        place: Future[None] = loop.create_future()
        self.queue.append(place)
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self.give_place()
            raise

    def give_place(self) -> None:
        """Hands the place of a finished job to who has waited longest."""
        while self.queue:
            place = self.queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.places += 1

    def drain(self) -> None:
        """Gives every result that has arrived to whoever waits for it. Runs in the loop's thread."""
        for ticket, value, fault in self.native.drain():
            future, holds_place = self.waiting.pop(ticket, (None, False))
            if holds_place:
                self.give_place()
            if future is None or future.done():
                continue
            if fault is None:
                future.set_result(value)
            elif isinstance(fault, BaseException):
                future.set_exception(fault)
            else:
                future.set_exception(from_native(*fault))


class _Ports(threading.local):
    """The ports of the loops that ran in one thread."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.process = os.getpid()
        self.by_loop: weakref.WeakKeyDictionary[AbstractEventLoop, _LoopPort] = weakref.WeakKeyDictionary()


_ports = _Ports()


def _port_of(loop: AbstractEventLoop) -> _LoopPort:
    if _ports.process != os.getpid():
        _ports.begin()
    port = _ports.by_loop.get(loop)
    if port is None:
        for old in [old for old in _ports.by_loop if old.is_closed()]:
            _ports.by_loop.pop(old).native.close()
        port = _ports.by_loop[loop] = _LoopPort(loop)
    return port


# The threads that wait, each with its process and port.
_watched: weakref.WeakKeyDictionary[threading.Thread, tuple[int, Port]] = weakref.WeakKeyDictionary()


def _watch_in_thread(port: _LoopPort, loop: AbstractEventLoop) -> None:
    native, drain = port.native, weakref.WeakMethod(port.drain)
    # The thread keeps neither the loop nor the port alive, and ends with either.
    alive = weakref.ref(loop, lambda _: native.close())

    def watch() -> None:
        while native.wait():
            running, method = alive(), drain()
            if running is None or method is None:
                return
            try:
                running.call_soon_threadsafe(method)
            except RuntimeError:  # The loop is closed.
                return
            del running, method

    thread = threading.Thread(target=watch, name="memory_system", daemon=True)
    _watched[thread] = (os.getpid(), native)
    thread.start()


@atexit.register
def _stop_watching() -> None:
    """Ends the threads that wait before the interpreter does."""
    for thread, (process, native) in list(_watched.items()):
        if process == os.getpid():
            native.close()
            thread.join(1.0)
