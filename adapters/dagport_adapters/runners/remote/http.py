"""Asking a live Airflow, on httpx2: JSON in and out, authentication, and asking again only where that is safe.

No redirection is followed and no cookie is kept, so that what authenticates us goes to the server that was named and
nowhere else.
"""

from __future__ import annotations

import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2

from dagport_adapters.runners.remote.auth import Auth
from dagport_adapters.runners.remote.errors import (
    AuthenticationError,
    ConflictError,
    ForbiddenError,
    LostAnswerError,
    MissingError,
    RefusedError,
    RemoteError,
    TooLargeError,
    UnexpectedAnswerError,
    UnreachableError,
)

_LOG = logging.getLogger(__name__)
TRY_LATER = frozenset({429, 500, 502, 503, 504})
REFUSED = frozenset({401, 403})  # Airflow 3 answers 403 to a token that has expired or is wrong
NOT_DONE = frozenset({429})  # the server says that it hasn't done it
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
DETAIL_CHARACTERS = 500
TOLD_TRIES = 3  # without an answer
MAX_BYTES = 64 * 2**20
_STATUSES: Mapping[int, type[RemoteError]] = {
    400: RefusedError,
    404: MissingError,
    409: ConflictError,
    422: RefusedError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long and how often to ask again."""

    seconds: float = 300.0  # for one question; a server's restart takes minutes in a cluster
    first: float = 0.5  # pause after the first try; doubled each time, less up to a half by chance
    longest: float = 30.0  # a pause; a ``Retry-After`` may be longer, up to what is left of ``seconds``
    contact: float = 300.0  # as ``seconds``, as long as the server has never answered: the address may be wrong


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    path: str
    params: Mapping[str, Any] | None
    body: Mapping[str, Any] | None
    safe: bool  # asking twice does no harm
    max_bytes: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class _Again:
    """The question may be asked again."""

    why: str
    pause: float | None = None  # what the server asks for
    lost: bool = True  # whether it may have been done


class Server:
    """One Airflow web or API server."""

    def __init__(
        self,
        url: str,
        auth: Auth,
        *,
        verify: bool | ssl.SSLContext = True,
        timeout: float = 30.0,
        patience: Patience = Patience(),
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.url = _checked(url)
        self.closed = threading.Event()
        self._auth, self._patience = auth, patience
        self._is_there = False  # it has answered once
        self._client = httpx2.Client(
            base_url=self.url,
            verify=verify,
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 10.0)),
            headers={"Accept": "application/json"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            transport=transport,
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        repeat: bool | None = None,
        max_bytes: int = MAX_BYTES,
        seconds: float | None = None,
    ) -> Any:
        """The answer's JSON (``None`` where it is empty).

        ``repeat``: whether asking twice does no harm (left out: for GET); otherwise ``LostAnswerError`` when it can't
        be known whether it was done. ``seconds``: to ask again, where it is worth less than our whole patience.
        Raises ``RemoteError``, whose subclasses say what is wrong.
        """
        safe = method == "GET" if repeat is None else repeat
        question = _Question(method, path, params, body, safe, max_bytes, seconds or self._patience.seconds)
        return self._asked(question, self._headers)

    def close(self) -> None:
        """Close the connections; who waits to ask again gives up."""
        self.closed.set()
        self._client.close()

    def _asked(self, question: _Question, headers: Callable[[], Mapping[str, str]]) -> Any:
        longest = question.seconds if self._is_there else min(question.seconds, self._patience.contact)
        end = time.monotonic() + longest
        tries, renewed = 0, False
        while True:
            secret = headers()
            request = self._client.build_request(
                question.method, question.path, params=question.params, json=question.body, headers=secret
            )
            answer = self._once(request, question.max_bytes)
            if isinstance(answer, _Again):
                if answer.lost and not question.safe:
                    raise LostAnswerError(f"{question}: {answer.why}")
                self._rest(answer, tries, end, str(question))
                tries += 1
                if tries == TOLD_TRIES:
                    _LOG.warning("%s at %s: %s; asking again", question, self.url, answer.why)
                continue
            self._is_there = True
            if answer.status_code in REFUSED and secret and not renewed and self._auth.renew():
                renewed = True
                continue
            return _read(answer, str(question), secret)

    def _once(self, request: httpx2.Request, max_bytes: int) -> httpx2.Response | _Again:
        if self.closed.is_set():
            raise UnreachableError("The runner was closed")
        try:
            answer = self._client.send(request, stream=True)
            try:
                content = _content(answer, max_bytes)
            finally:
                answer.close()
        except RuntimeError:  # what httpx2 raises when another thread has closed the client meanwhile
            if not self.closed.is_set():
                raise
            raise UnreachableError("The runner was closed") from None
        except NEVER_SENT as error:
            return _Again(f"no connection ({type(error).__name__})", lost=False)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            return _Again(f"no answer ({type(error).__name__})")
        if answer.status_code in TRY_LATER:
            status = answer.status_code
            return _Again(f"status {status}", _pause(answer.headers.get("retry-after")), status not in NOT_DONE)
        if answer.is_success and _is_json(answer) and not _whole(content):
            return _Again("half an answer")
        plain = {name: value for name, value in answer.headers.items() if name.lower() != "content-encoding"}
        return httpx2.Response(answer.status_code, headers=plain, content=content, request=request)

    def _rest(self, again: _Again, tries: int, end: float, what: str) -> None:
        """Pause before the next try. Raises ``UnreachableError`` when there is no time left for it."""
        grown = min(self._patience.longest, self._patience.first * 2.0 ** min(tries, 20))
        pause = again.pause if again.pause is not None else grown * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
        if time.monotonic() + pause > end:
            raise UnreachableError(
                f"{what}: {again.why}, after {tries + 1} tries. "
                f"Check that {self.url} is up; a run that was started goes on, and its run id takes it up again"
            )
        if self.closed.wait(pause):
            raise UnreachableError("The runner was closed")

    def _headers(self) -> Mapping[str, str]:
        return self._auth.headers(self._login)

    def _login(self, path: str, body: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            question = _Question("POST", path, None, body, True, MAX_BYTES, self._patience.seconds)
            answer = self._asked(question, dict)
        except (RefusedError, MissingError, ForbiddenError, UnexpectedAnswerError, AuthenticationError):
            raise AuthenticationError(
                f"The server gave no token at {path}. Check user, password and which path of the server gives tokens"
            ) from None
        return answer if isinstance(answer, dict) else {}


def _checked(url: str) -> str:
    """The address without a slash at its end. Raises ``ValueError`` where it has a password, or is none."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ValueError("The address of the live Airflow isn't a URL") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("The address of the live Airflow must begin with http:// or https:// and name a host")
    if parsed.userinfo or parsed.query:
        raise ValueError("The address of the live Airflow must not have a password or query: give an auth instead")
    return str(parsed.copy_with(fragment=None)).rstrip("/")


def _content(answer: httpx2.Response, max_bytes: int) -> bytes:
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise TooLargeError(f"The answer has more than {max_bytes} bytes")
    return b"".join(parts)


def _is_json(answer: httpx2.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _whole(content: bytes) -> bool:
    if not content:
        return True
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _pause(text: str | None) -> float | None:
    """Seconds of a ``Retry-After`` (RFC 9110: seconds or a date)."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    with suppress(ValueError, TypeError):
        date = parsedate_to_datetime(text)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    return None


def _read(answer: httpx2.Response, what: str, secret: Mapping[str, str]) -> Any:
    """The JSON of a final answer, or the exception that it stands for."""
    status = answer.status_code
    if answer.has_redirect_location:
        raise _redirected(answer, what)
    if status == 401:
        raise AuthenticationError(f"{what}: the server doesn't accept who we are (401). Check the auth of this runner")
    if status == 403:
        said = _detail(answer, secret)
        if "token" in said.lower():
            raise AuthenticationError(
                f"{what}: the server refuses our token (403){said}. Check the auth of this runner"
            )
        raise ForbiddenError(
            f"{what}: not allowed (403){said}. Give the user the permission for it in Airflow; or check user and "
            "password, as Airflow 2 gives the same answer to wrong ones"
        )
    if not answer.is_success:
        raise _STATUSES.get(status, UnexpectedAnswerError)(f"{what}: status {status}{_detail(answer, secret)}")
    if not answer.content:
        return None
    if not _is_json(answer):
        kind = answer.headers.get("content-type", "none").split(";")[0]
        raise UnexpectedAnswerError(
            f"{what}: the answer is no JSON ({kind}): a login page, or not Airflow's API. Check address and auth"
        )
    return answer.json()


def _redirected(answer: httpx2.Response, what: str) -> RemoteError:
    target = answer.url.join(answer.headers["location"])
    if "login" in target.path or "auth" in target.path:
        return AuthenticationError(
            f"{what}: the server wants us to log in at {target.host}. Check the auth of this runner"
        )
    place = f"{target.scheme}://{target.netloc.decode('ascii', 'replace').rpartition('@')[2]}"
    return UnexpectedAnswerError(
        f"{what}: redirected to {place}, which isn't followed. Give the address that it ends at"
    )


def _detail(answer: httpx2.Response, secret: Mapping[str, str]) -> str:
    """What the server says is wrong, without what authenticates us."""
    if not _is_json(answer) or not answer.content or not _whole(answer.content):  # the status says enough by itself
        return ""
    found = answer.json()
    said = found.get("detail") or found.get("title") if isinstance(found, dict) else None
    if isinstance(said, list):  # FastAPI's validation errors; their "input" may have what was sent
        said = "; ".join(f"{'.'.join(map(str, each.get('loc', ())))}: {each.get('msg')}" for each in said)
    if isinstance(said, dict):
        said = said.get("reason") or said.get("message")
    text = str(said or "")[:DETAIL_CHARACTERS]
    for value in secret.values():
        for part in (value, value.rpartition(" ")[2]):
            text = text.replace(part, "***") if part else text
    return f": {text}" if text else ""
