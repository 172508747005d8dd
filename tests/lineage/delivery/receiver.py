"""A catalogue on loopback that takes events over HTTP, and fails as it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

HANG = 30.0  # seconds: longer than any test waits


class Receiver:
    """Listens on a port of its own. ``behaviour`` says how requests are answered; ``bodies`` are those it took.

    A behaviour is an HTTP status, or "hang" (says nothing), "reset" (the connection is reset), "half" (an answer that
    ends half-way), "late" (it takes the event, and the connection is reset before the answer).
    """

    def __init__(self) -> None:
        self.behaviour: int | str = 200
        self.bodies: list[bytes] = []
        self.requests = 0
        self.headers: list[str] = []
        self.refuses: str | None = None  # text of events that are answered with 400
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._over = threading.Event()
        self.arrived = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was taken, in its order."""
        return [json.loads(body) for body in list(self.bodies)]

    def wait_for(self, requests: int, timeout: float = 20.0) -> None:
        """Until so many requests came. Raises ``AssertionError``."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.requests >= requests, timeout), self.requests

    def wait_for_events(self, count: int, timeout: float = 20.0) -> None:
        """Until so many events were taken. Raises ``AssertionError``."""
        end = time.monotonic() + timeout
        while len(self.bodies) < count:
            assert time.monotonic() < end, len(self.bodies)
            time.sleep(0.005)

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            while (head := _head(stream)) is not None:
                body = stream.read(length := _length(head))
                if len(body) < length:
                    return  # the client is gone
                with self.arrived:
                    self.requests += 1
                    self.headers.append(head)
                    self.arrived.notify_all()
                if not self._answer(connection, body):
                    return

    def _answer(self, connection: socket.socket, body: bytes) -> bool:
        behaviour: int | str = self.behaviour
        if self.refuses and self.refuses.encode() in body:
            behaviour = 400
        if behaviour == "hang":
            self._over.wait(HANG)
            return False
        if behaviour in ("reset", "late"):
            if behaviour == "late":
                self.bodies.append(body)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if behaviour == "half":
            connection.sendall(b"HTTP/1.1 200 OK\r\nDate: today\r\n")
            return False
        if behaviour in (200, 201):
            self.bodies.append(body)
        location = b"Location: /elsewhere\r\n" if behaviour == 302 else b""
        if behaviour == 302 and not body:
            behaviour = 200  # it followed
        connection.sendall(f"HTTP/1.1 {behaviour} Said\r\n".encode() + location + b"Content-Length: 4\r\n\r\nsaid")
        return True


def _head(stream: Any) -> str | None:
    lines = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        lines.append(line.decode())
    return "".join(lines) or None


def _length(head: str) -> int:
    found = [line.partition(":")[2] for line in head.splitlines() if line.lower().startswith("content-length:")]
    return int(found[0]) if found else 0


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver for the time of a block."""
    found = Receiver()
    try:
        yield found
    finally:
        found.close()
