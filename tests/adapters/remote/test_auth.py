"""Ways to authenticate: when they log in, when again, and that nothing shows their secrets."""

from __future__ import annotations

import base64
import json
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest

from dagport_adapters.runners.remote.auth import Anonymous, Auth, Basic, Cookies, Headers, Jwt, Token
from dagport_adapters.runners.remote.errors import AuthenticationError
from tests.adapters.remote.support import body_of, gives, page, server

SECRET = "s3cr3t-of-mine"


def no_login(path: str, body: Mapping[str, str]) -> Mapping[str, Any]:
    raise AssertionError("nobody should log in")


def jwt(seconds: float) -> str:
    """A token that expires in so many seconds."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + seconds}).encode()).decode().rstrip("=")
    return f"e30.{claims}.{SECRET}"


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (Anonymous(), {}),
        (Basic("a-user", SECRET), {"Authorization": "Basic " + base64.b64encode(f"a-user:{SECRET}".encode()).decode()}),
        (Token(SECRET), {"Authorization": f"Bearer {SECRET}"}),
        (Token(lambda: SECRET), {"Authorization": f"Bearer {SECRET}"}),
        (Cookies({"session": SECRET, "b": "2"}), {"Cookie": f"session={SECRET}; b=2"}),
        (Cookies(lambda: {"session": SECRET}), {"Cookie": f"session={SECRET}"}),
        (Headers(lambda: {"X-Key": SECRET}), {"X-Key": SECRET}),
    ],
)
def test_headers(auth: Auth, headers: Mapping[str, str]) -> None:
    assert auth.headers(no_login) == headers
    assert SECRET not in repr(auth)
    assert SECRET not in str(auth)


@pytest.mark.parametrize(
    ("auth", "renews"),
    [
        (Anonymous(), False),
        (Basic("u", "p"), False),
        (Token("t"), False),
        (Token(lambda: "t"), True),
        (Jwt("u", "p"), True),
        (Cookies({"a": "b"}), False),
        (Cookies(lambda: {"a": "b"}), True),
        (Headers(lambda: {"a": "b"}), True),
    ],
)
def test_what_can_be_fetched_again(auth: Auth, renews: bool) -> None:
    assert auth.renew() is renews


@pytest.mark.parametrize(
    ("token", "lifetime", "fetched"),
    [
        (lambda: jwt(3600), None, 1),  # an hour: kept
        (lambda: jwt(0.2), None, 2),  # renewed before it expires
        (lambda: "opaque", None, 1),
        (lambda: "opaque", 0.05, 2),
        (lambda: "a.b.c", None, 1),  # looks like a JWT, and is none
        (lambda: f"e30.{base64.urlsafe_b64encode(b'[]').decode()}.x", None, 1),
    ],
)
def test_tokens_are_renewed_before_they_expire(token: Callable[[], str], lifetime: float | None, fetched: int) -> None:
    count = 0

    def fetch() -> str:
        nonlocal count
        count += 1
        return token()

    auth = Token(fetch, lifetime=lifetime)
    auth.headers(no_login)
    time.sleep(0.15)
    auth.headers(no_login)
    assert count == fetched


def test_user_and_password_are_sent_for_a_token_once_and_to_the_same_server() -> None:
    asked: list[tuple[str, str, dict[str, Any], bool]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, body_of(request), "authorization" in request.headers))
        return gives({"access_token": jwt(3600)}, 201) if request.method == "POST" else gives({})

    one = server(answer, Jwt("u", SECRET))
    one.ask("GET", "/x")
    one.ask("GET", "/x")
    login = ("POST", "/auth/token", {"username": "u", "password": SECRET}, False)
    assert asked == [login, ("GET", "/x", {}, True), ("GET", "/x", {}, True)]


def test_many_threads_log_in_once() -> None:
    count = 0

    def fetch() -> str:
        nonlocal count
        time.sleep(0.05)
        count += 1
        return "t"

    auth = Token(fetch)
    threads = [threading.Thread(target=auth.headers, args=(no_login,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == 1


@pytest.mark.parametrize(
    "answer",
    [
        gives({"detail": f"wrong password {SECRET}"}, 401),
        gives({"detail": "no"}, 403),
        gives({}, 404),
        gives({"detail": "bad"}, 422),
        page(),
        gives({"token": "elsewhere"}),
        gives([1]),
    ],
)
def test_a_login_that_fails_says_so_without_the_password(answer: httpx2.Response) -> None:
    with pytest.raises(AuthenticationError, match="/auth/token") as caught:
        server(lambda request: answer, Jwt("u", SECRET)).ask("GET", "/x")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def wrong() -> Any:
    raise RuntimeError(f"can't log in with {SECRET}")


@pytest.mark.parametrize("auth", [Token(wrong), Cookies(wrong), Headers(wrong), Token(lambda: "")])
def test_a_function_that_fails_does_not_tell_its_secrets(auth: Auth) -> None:
    with pytest.raises(AuthenticationError) as caught:
        server(lambda request: gives({}), auth).ask("GET", "/x")
    assert SECRET not in "".join(traceback.format_exception(caught.value, chain=False))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
