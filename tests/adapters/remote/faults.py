"""A small proxy that stands between a client and a real server, and does what networks and servers do wrong."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

HOP = frozenset({"connection", "transfer-encoding", "content-length", "host", "keep-alive", "date", "server"})


@dataclass(frozen=True)
class Fault:
    """What happens to a request: it may be passed on before, so that the server does it and only the answer is lost."""

    kind: str  # status, hang, reset, half, headers
    passed_on: bool = False
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"broken"
    seconds: float = 0.0


def status(code: int, body: bytes = b"broken", **headers: str) -> Fault:
    """An answer of its own."""
    return Fault(
        "status", status=code, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def hang(seconds: float, *, passed_on: bool = False) -> Fault:
    """No answer for so long, and then none."""
    return Fault("hang", seconds=seconds, passed_on=passed_on)


RESET_BEFORE, RESET_AFTER = Fault("reset"), Fault("reset", passed_on=True)
HALF = Fault("half", passed_on=True)  # half of the answer's bytes, of which all are promised
CUT = Fault("cut", passed_on=True)  # half of the answer's bytes, as if it were all


def with_headers(**headers: str) -> Fault:
    """Pass it on with other headers, such as a token that has expired."""
    return Fault("headers", passed_on=True, headers=headers)


Rule = Callable[[str, str, int], Fault | None]
"""From method, path with query, and how many requests there were before, to what goes wrong."""


class FaultyProxy:
    """Passes requests on to ``target``, but for what ``rule`` says; ``requests`` has the (method, path) of all."""

    def __init__(self, target: str, rule: Rule | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.rule: Rule = rule or (lambda method, path, before: None)
        self.requests: list[tuple[str, str]] = []
        self.sent_headers: list[dict[str, str]] = []
        self.broken: list[str] = []
        self._lock = threading.Lock()
        parts = urlsplit(target)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, str(parts.hostname), int(parts.port or 80)))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_address[1]}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def fault(self, method: str, path: str, headers: dict[str, str]) -> Fault | None:
        """What goes wrong with this request."""
        with self._lock:
            found = self.rule(method, path, len(self.requests))
            self.requests.append((method, path))
            self.sent_headers.append(headers)
            if found is not None:
                self.broken.append(f"{found.kind} {method} {path.partition('?')[0]}")
        return found

    def count(self, method: str, ending: str) -> int:
        """How many requests of a method there were to paths that end so."""
        with self._lock:
            return sum(each == method and path.partition("?")[0].endswith(ending) for each, path in self.requests)

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def each_once(*rows: tuple[str, str, Fault]) -> Rule:
    """The first request of each method whose path contains a text gets its fault, once for each row."""
    left = list(rows)

    def rule(method: str, path: str, before: int) -> Fault | None:
        for row in left:
            if row[0] == method and row[1] in path:
                left.remove(row)
                return row[2]
        return None

    return rule


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy
    target: tuple[str, int]

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {name.lower(): text for name, text in self.headers.items()}
        fault = self.proxy.fault(self.command, self.path, sent)
        if fault is None:
            self.give(*self.pass_on(body, {}))
            return
        answer = self.pass_on(body, fault.headers if fault.kind == "headers" else {}) if fault.passed_on else None
        self.go_wrong(fault, answer)

    def pass_on(self, body: bytes, other: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        headers = {name: text for name, text in self.headers.items() if name.lower() not in HOP}
        replaced = {name.lower() for name in other}
        headers = {name: text for name, text in headers.items() if name.lower() not in replaced}
        connection = http.client.HTTPConnection(*self.target, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, {**headers, **other})
            answer = connection.getresponse()
            kept = {name: text for name, text in answer.getheaders() if name.lower() not in HOP}
            return answer.status, kept, answer.read()
        except OSError:  # the server is down
            return 502, {}, b"no server"
        finally:
            connection.close()

    def go_wrong(self, fault: Fault, answer: tuple[int, dict[str, str], bytes] | None) -> None:
        if fault.kind == "status":
            self.give(fault.status, {"Content-Type": "text/html", **fault.headers}, fault.body)
        elif fault.kind == "headers" and answer is not None:
            self.give(*answer)
        elif fault.kind in ("half", "cut") and answer is not None:
            code, headers, body = answer
            length = len(body) if fault.kind == "half" else len(body) // 2
            self.give(code, headers, body[: len(body) // 2], length=length, last=True)
        else:
            time.sleep(fault.seconds)
            self.reset()

    def give(
        self, code: int, headers: Mapping[str, str], body: bytes, *, length: int | None = None, last: bool = False
    ) -> None:
        self.send_response(code)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        if last:
            self.close_connection = True

    def reset(self) -> None:
        """Close so that the client gets a reset and no orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):  # it was reset
            return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        return

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the base class's names


def _handler(proxy: FaultyProxy, host: str, port: int) -> type[_Handler]:
    return type("Handler", (_Handler,), {"proxy": proxy, "target": (host, port)})
