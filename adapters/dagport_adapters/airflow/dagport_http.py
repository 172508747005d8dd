"""JSON over HTTP with the credentials of an Airflow connection. Standard library only, Python 3.8 and later."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Mapping  # noqa: UP035 - Python 3.8

if __package__:  # installed
    from dagport_adapters.airflow.dagport_runs import ElsewhereError, RefusedError, UnreachableError  # fmt: skip
else:  # copied
    from dagport_runs import ElsewhereError, RefusedError, UnreachableError  # type: ignore[import-not-found, no-redef, unused-ignore] # fmt: skip

REQUEST_SECONDS = 30.0
EXCERPT = 500  # characters of a server's answer that are shown


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the credentials to another server."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Server:
    """JSON over HTTP, with the credentials of an Airflow connection, which are never shown."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RefusedError("The address of the server must begin with http:// or https://")
        self._headers = dict(headers or {})
        if any(character in value for value in self._headers.values() for character in "\r\n"):
            raise RefusedError("A credential of the connection has a line break in it")
        if parts.username is not None:
            self._headers.setdefault("Authorization", _basic(parts.username, parts.password or ""))
        host = parts.netloc.rpartition("@")[2]
        self.url = urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._opener = urllib.request.build_opener(_NoRedirects)

    @classmethod
    def of(cls, url: str | None, connection: Any = None) -> Server:
        """The server of an address, else of an Airflow connection; with the credentials of the connection.

        A login and a password are sent as Basic, a password alone as a bearer token, or in the header that the
        connection's extra names as ``token_header``; the extra's ``headers`` are sent too.
        """
        if connection is None:
            if not url:
                raise RefusedError("Say where the server is: url= or conn_id=")
            return cls(url)
        extra = connection.extra_dejson
        headers = {str(name): str(value) for name, value in (extra.get("headers") or {}).items()}
        if connection.password and extra.get("token_header"):
            headers[extra["token_header"]] = connection.password
        elif connection.password and connection.login:
            headers["Authorization"] = _basic(connection.login, connection.password)
        elif connection.password:
            headers["Authorization"] = "Bearer " + connection.password
        return cls(url or _address(connection), headers)

    def __repr__(self) -> str:
        return f"Server({self.url!r})"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request. Raises ``RefusedError`` or ``UnreachableError``."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self._headers}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - see __init__
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise self._error(method, path, error) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            sent = not isinstance(reason, (ConnectionRefusedError, socket.gaierror))
            message = f"{self.url} doesn't answer: {self._clean(str(reason) or type(reason).__name__)}"
            raise UnreachableError(message, sent=sent) from None
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise UnreachableError(f"{self.url} answered {method} {path} with what is no JSON") from None

    def _error(self, method: str, path: str, error: urllib.error.HTTPError) -> ElsewhereError:
        try:
            said = error.read(4 * EXCERPT).decode("utf-8", "replace")
        except OSError:
            said = ""
        message = f"{self.url} answered {method} {path} with {error.code}: {self._clean(said)}"
        if error.code >= 500 or error.code in (408, 425, 429):
            return UnreachableError(message, sent=error.code != 429)
        return RefusedError(message)

    def _clean(self, text: str) -> str:
        """The beginning of a text without what the headers hold."""
        for value in self._headers.values():
            for part in (value, value.rpartition(" ")[2]):
                text = text.replace(part, "***") if part else text
        return " ".join(text.split())[:EXCERPT]


def _basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode((login + ":" + password).encode()).decode()


def _address(connection: Any) -> str:
    host = connection.host or ""
    if "://" not in host:
        host = "{}://{}".format(connection.schema or "http", host)
    has_port = re.search(r":\d+(/|$)", host.partition("://")[2])
    return f"{host}:{connection.port}" if connection.port and not has_port else host
