"""A server on a loopback port that does what a script says, good or bad, over real sockets."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass
class Seen:
    """A request as the server saw it."""

    number: int
    path: str
    headers: dict[str, str]
    body: Any
    raw: bytes = field(repr=False, default=b"")


class Hang:
    """Nothing more on this connection, until the other side gives up."""


class Reset:
    """The connection broken off."""


@dataclass
class Drip:
    """Bytes one at a time, each so many seconds after the one before, until the other side gives up."""

    data: bytes
    seconds: float


Step = bytes | Hang | Reset | Drip
Script = Callable[[Seen], list[Step]]


class Server:
    """Answers by a script, each connection on a thread of its own."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self._changed = threading.Condition()
        self._open = 0
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for_requests(self, count: int) -> None:
        """Waits until so many requests were read."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, 60)

    def wait_for_silence(self) -> None:
        """Waits until no connection is open."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._open == 0, 60)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        # Wakes the thread that waits in it; without that the port would stay open.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self._open += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for seen in self._requests(connection):
                for step in self.script(seen):
                    self._do(connection, step)
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def _do(self, connection: socket.socket, step: Step) -> None:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, Drip):
            for byte in step.data:
                connection.sendall(bytes([byte]))
                if self._stopped.wait(step.seconds):
                    raise ConnectionAbortedError
        elif isinstance(step, Hang):
            while connection.recv(1024):
                pass
            raise ConnectionAbortedError
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ConnectionAbortedError

    def _requests(self, connection: socket.socket) -> Iterator[Seen]:
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                data = connection.recv(65536)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", "0"))
            while len(buffer) < length:
                data = connection.recv(65536)
                if not data:
                    return
                buffer += data
            raw, buffer = buffer[:length], buffer[length:]
            with self._changed:
                seen = Seen(len(self.seen), first.split(" ")[1], headers, json.loads(raw or b"null"), raw)
                self.seen.append(seen)
                self._changed.notify_all()
            yield seen


def answer(status: int, body: object, **headers: str) -> bytes:
    """An answer with this status and JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Scripted", "content-type: application/json", f"content-length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def failure(status: int, code: str = "some_code", message: str = "", **headers: str) -> bytes:
    """The error shape of OpenAI."""
    error = {"message": message, "type": code, "param": None, "code": code}
    return answer(status, {"error": error}, **headers)


def vector_of(text: str, dimensions: int) -> list[float]:
    """A vector that no other text has; its numbers have few bits, so that they are the same in 32."""
    digest = hashlib.sha256(text.encode()).digest()
    return [digest[place % 32] / 128.0 - 1.0 + digest[(place // 32) % 32] / 1024.0 for place in range(dimensions)]


def openai(seen: Seen, dimensions: int) -> bytes:
    """OpenAI's good answer: the vectors of its texts, not in order, in base64 if that was asked for."""
    texts = seen.body["input"]
    texts = [texts] if isinstance(texts, str) else texts
    data: list[dict[str, object]] = []
    for index, text in enumerate(texts):
        vector: object = vector_of(text, dimensions)
        if seen.body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{dimensions}f", *vector_of(text, dimensions))).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    body = {"object": "list", "data": data[::-1], "model": seen.body["model"], "usage": usage}
    return answer(200, body, x_request_id=f"req-{seen.number}")
