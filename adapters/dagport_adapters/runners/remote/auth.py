"""Ways to tell a live Airflow who we are. Each hides its secrets: no repr, error or log has them.

A way is anything with the two methods of ``Auth``; the ones here cover Airflow's own (``Basic``, ``Jwt``) and, with a
function that fetches a token, cookies or headers, what hosted Airflows want (``Token``, ``Cookies``, ``Headers``).
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from dagport_adapters.runners.remote.errors import AuthenticationError

Login: TypeAlias = Callable[[str, Mapping[str, str]], Mapping[str, Any]]
"""Posts JSON to a path of the same server, without authentication, and gives the answer: ``login(path, body)``."""

MARGIN_SECONDS = 60.0  # a token is renewed this long before it expires


class Auth(Protocol):
    """How requests are authenticated. Used by several threads at once."""

    def headers(self, login: Login) -> Mapping[str, str]:
        """The headers of the next request; may log in. Raises ``AuthenticationError``."""

    def renew(self) -> bool:
        """The server has refused the headers: forget them. False: there are no others, asking again is of no use."""


@dataclass(frozen=True)
class Anonymous:
    """No authentication."""

    def headers(self, login: Login) -> Mapping[str, str]:
        """None."""
        return {}

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False


@dataclass(frozen=True)
class Basic:
    """User and password with each request: Airflow 2 with its ``basic_auth`` backend."""

    username: str
    password: str = field(repr=False)

    def headers(self, login: Login) -> Mapping[str, str]:
        """``Authorization: Basic``."""
        text = base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {text}"}

    def renew(self) -> bool:
        """There is only the one password."""
        return False


class _Fetched:
    """Headers that are fetched when there are none, kept until they expire or are refused, by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Mapping[str, str] | None = None
        self._until = float("inf")

    def headers(self, login: Login) -> Mapping[str, str]:
        """What was fetched, or is fetched now."""
        with self._lock:
            if self._kept is None or time.time() >= self._until:
                self._kept, self._until = self._fetch(login)
            return self._kept

    def renew(self) -> bool:
        """Forget what was fetched."""
        with self._lock:
            self._kept = None
        return self._renewable()

    def _renewable(self) -> bool:
        return True

    def _fetch(self, login: Login) -> tuple[Mapping[str, str], float]:
        raise NotImplementedError


class Token(_Fetched):
    """``Authorization: Bearer`` with a token, or with what a function gives when one is needed.

    A token that is a JWT is renewed a minute before it expires, any other when the server refuses it or, with
    ``lifetime`` (seconds), when it is that old.
    """

    def __init__(self, token: str | Callable[[], str], *, lifetime: float | None = None) -> None:
        super().__init__()
        self._token, self._lifetime = token, lifetime

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def _renewable(self) -> bool:
        return callable(self._token)

    def _fetch(self, login: Login) -> tuple[Mapping[str, str], float]:
        if isinstance(self._token, str):
            return _bearer(self._token), float("inf")  # there is no other one: let the server say that it expired
        token = _called(self._token, "token")
        until = _expiry(token) if self._lifetime is None else time.time() + self._lifetime
        return _bearer(token), until


class Jwt(_Fetched):
    """User and password against Airflow 3's ``/auth/token``; renewed a minute before it expires, and when refused.

    ``path`` is below the server's address; other auth managers have other ones.
    """

    def __init__(self, username: str, password: str, *, path: str = "/auth/token") -> None:
        super().__init__()
        self.username, self.path = username, path
        self._password = password

    def __repr__(self) -> str:
        return f"Jwt({self.username!r}, ...)"

    def _fetch(self, login: Login) -> tuple[Mapping[str, str], float]:
        answer = login(self.path, {"username": self.username, "password": self._password})
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise AuthenticationError(f"{self.path} gave no access_token. Say which path of the server gives tokens")
        return _bearer(token), _expiry(token)


class Cookies(_Fetched):
    """The cookies of a web session, by name, or a function that logs in and gives them.

    ``lifetime``: seconds after which the function is asked again; it is also asked when the server refuses.
    """

    def __init__(
        self, cookies: Mapping[str, str] | Callable[[], Mapping[str, str]], *, lifetime: float | None = None
    ) -> None:
        super().__init__()
        self._cookies, self._lifetime = cookies, lifetime

    def __repr__(self) -> str:
        return "Cookies(...)"

    def _renewable(self) -> bool:
        return callable(self._cookies)

    def _fetch(self, login: Login) -> tuple[Mapping[str, str], float]:
        cookies = _called(self._cookies, "cookies") if callable(self._cookies) else self._cookies
        until = float("inf") if self._lifetime is None else time.time() + self._lifetime
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}, until


class Headers(_Fetched):
    """Any headers, from a function that is asked for new ones when the server refuses, or after ``lifetime`` s."""

    def __init__(self, fetch: Callable[[], Mapping[str, str]], *, lifetime: float | None = None) -> None:
        super().__init__()
        self._function, self._lifetime = fetch, lifetime

    def __repr__(self) -> str:
        return "Headers(...)"

    def _fetch(self, login: Login) -> tuple[Mapping[str, str], float]:
        until = float("inf") if self._lifetime is None else time.time() + self._lifetime
        return dict(_called(self._function, "headers")), until


def _called(function: Callable[[], Any], what: str) -> Any:
    """What a user's function gives. What it raises may have a secret in its text, so only its class is told."""
    try:
        given = function()
    except Exception as error:  # noqa: BLE001 - it is the user's, and may raise anything
        raise AuthenticationError(f"The function that fetches the {what} raised {type(error).__name__}") from None
    if not given:
        raise AuthenticationError(f"The function that fetches the {what} gave nothing")
    return given


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _expiry(token: str) -> float:
    """When to renew a token: a minute before the ``exp`` of a JWT (RFC 7519), or half-way where it lives less."""
    parts = token.split(".")
    if len(parts) != 3:
        return float("inf")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expires = float(claims["exp"])
    except (ValueError, binascii.Error, KeyError, TypeError):
        return float("inf")
    left = expires - time.time()
    return expires - min(MARGIN_SECONDS, left / 2)
