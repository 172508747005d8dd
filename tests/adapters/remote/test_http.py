"""What is asked again, what is not, and what stays secret."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest

from dagport_adapters.runners.remote.auth import Basic, Token
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
from dagport_adapters.runners.remote.http import Patience, Server
from tests.adapters.remote.faults import (
    CUT,
    HALF,
    RESET_AFTER,
    RESET_BEFORE,
    Fault,
    FaultyProxy,
    each_once,
    hang,
    status,
)
from tests.adapters.remote.support import QUICK, URL, gives, page, server


def test_a_server_that_never_answered_gets_less_patience(caplog: pytest.LogCaptureFixture) -> None:
    gone = httpx2.ConnectError("x")
    patience = Patience(seconds=60.0, first=0.01, longest=0.05, contact=0.3)
    began = time.monotonic()
    never = server(lambda _: (_ for _ in ()).throw(gone), patience=patience)
    with pytest.raises(UnreachableError, match="is up"):
        never.ask("GET", "/x")
    assert time.monotonic() - began < 50
    assert [record.getMessage() for record in caplog.records] == [
        f"GET /x at {URL}: no connection (ConnectError); asking again"
    ]
    answers: list[httpx2.Response | Exception] = [gives(1), *[gone] * 20, gives(2)]

    def answer(_: httpx2.Request) -> httpx2.Response:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    there = server(answer, patience=patience)
    assert [there.ask("GET", "/x"), there.ask("GET", "/x")] == [1, 2]


def then(*answers: httpx2.Response | Exception) -> tuple[list[httpx2.Request], Server]:
    """A server that gives these answers, one after the other."""
    asked: list[httpx2.Request] = []
    left = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return asked, server(answer)


TROUBLE: dict[str, httpx2.Response | Exception] = {
    "500": gives({}, 500),
    "502": page("bad gateway", 502),
    "503": page("", 503),
    "504": page("", 504),
    "429": gives({}, 429, Retry_After="0"),
    "connection": httpx2.ConnectError("refused"),
    "connect-timeout": httpx2.ConnectTimeout("slow"),
    "read-timeout": httpx2.ReadTimeout("slow"),
    "reset": httpx2.ReadError("reset"),
    "protocol": httpx2.RemoteProtocolError("closed"),
    "half": httpx2.Response(200, text='{"a": [1, 2', headers={"content-type": "application/json"}),
}
SURELY_NOT_DONE = {"429", "connection", "connect-timeout"}


@pytest.mark.parametrize("name", TROUBLE)
def test_reading_is_asked_again(name: str) -> None:
    asked, one = then(TROUBLE[name], TROUBLE[name], gives({"a": 1}))
    assert one.ask("GET", "/x") == {"a": 1}
    assert len(asked) == 3


@pytest.mark.parametrize("name", TROUBLE)
def test_writing_is_asked_again_only_when_it_was_surely_not_done(name: str) -> None:
    asked, one = then(TROUBLE[name], gives({"a": 1}))
    if name in SURELY_NOT_DONE:
        assert one.ask("POST", "/x", body={}) == {"a": 1}
    else:
        with pytest.raises(LostAnswerError):
            one.ask("POST", "/x", body={})
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (gives({"detail": "no such run"}, 404), MissingError, "no such run"),
        (gives({"detail": "is there"}, 409), ConflictError, "is there"),
        (
            gives({"detail": [{"loc": ["body", "conf"], "msg": "not a dict"}]}, 422),
            RefusedError,
            "body.conf: not a dict",
        ),
        (gives({"title": "Bad request"}, 400), RefusedError, "Bad request"),
        (gives({"detail": {"reason": "a", "message": "b"}}, 400), RefusedError, "a"),
        (gives({"detail": "no"}, 401), AuthenticationError, "401"),
        (gives({"detail": "no"}, 403), ForbiddenError, "permission"),
        (gives({"detail": "Invalid JWT token"}, 403), AuthenticationError, "token"),
        (gives({}, 418), UnexpectedAnswerError, "418"),
        (page(), UnexpectedAnswerError, "no JSON"),
        (page("", 302, location="/login?next=x"), AuthenticationError, "log in"),
        (page("", 301, location="https://other.example.com/api"), UnexpectedAnswerError, "https://other.example.com"),
        (page("", 307, location="https://u:secret@other.example.com/x"), UnexpectedAnswerError, "//other.example.com"),
    ],
)
def test_other_answers_are_final(answer: httpx2.Response, kind: type[RemoteError], words: str) -> None:
    asked, one = then(answer)
    with pytest.raises(kind, match=words) as caught:
        one.ask("GET", "/x")
    assert "secret" not in str(caught.value)
    assert len(asked) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_what_authenticates_us_goes_to_no_other_server(code: int) -> None:
    hosts: list[tuple[str, bool]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        hosts.append((request.url.host, "authorization" in request.headers))
        return page("", code, location="https://elsewhere.example.com/x")

    with pytest.raises(UnexpectedAnswerError, match="isn't followed"):
        server(answer, Token("the-secret")).ask("GET", "/x")
    assert hosts == [("airflow.example.org", True)]


def test_no_cookie_of_an_answer_is_kept() -> None:
    asked, one = then(gives({}, set_cookie="session=abc; Path=/"), gives({}))
    one.ask("GET", "/x")
    one.ask("GET", "/x")
    assert "cookie" not in asked[1].headers


def test_a_server_that_repeats_our_secret_does_not_get_it_into_the_message() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return gives({"detail": f"can't read {request.headers['authorization']}"}, 400)

    with pytest.raises(RefusedError) as caught:
        server(answer, Token("the-secret-token")).ask("GET", "/x")
    assert "the-secret-token" not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.parametrize("as_date", [False, True])
def test_the_server_says_when_to_ask_again(as_date: bool) -> None:
    begin = datetime.now(UTC)
    when = (begin + timedelta(seconds=2)).replace(microsecond=0) if as_date else begin + timedelta(seconds=1)
    text = format_datetime(when, usegmt=True) if as_date else "1"
    asked, one = then(gives({}, 429, Retry_After=text), gives({}))
    one.ask("GET", "/x")
    assert datetime.now(UTC) >= when - timedelta(seconds=0.1)  # clocks of two kinds
    assert len(asked) == 2


def test_a_pause_longer_than_our_patience_is_an_error_at_once() -> None:
    _, one = then(gives({}, 503, Retry_After="3600"))
    begin = time.monotonic()
    with pytest.raises(UnreachableError, match="503"):
        one.ask("GET", "/x")
    assert time.monotonic() - begin < 600


def test_patience_ends() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    begin = time.monotonic()
    with pytest.raises(UnreachableError, match="goes on"):
        server(answer, patience=Patience(seconds=0.3, first=0.05, longest=0.1)).ask("GET", "/x")
    assert 0.1 < time.monotonic() - begin < 60


def test_closing_ends_a_pause() -> None:
    one = server(lambda _: gives({}, 503, Retry_After="500"), patience=Patience(seconds=1000.0, contact=1000.0))
    threading.Timer(0.1, one.close).start()
    begin = time.monotonic()
    with pytest.raises(UnreachableError, match="closed"):
        one.ask("GET", "/x")
    assert time.monotonic() - begin < 400


def test_a_refused_token_is_fetched_again_once() -> None:
    tokens: Iterator[str] = iter(["old", "new", "newer"])
    sent: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers["authorization"])
        return gives({"a": 1}) if sent[-1] == "Bearer new" else gives({}, 401)

    one = server(answer, Token(lambda: next(tokens)))
    assert [one.ask("POST", "/x", body={}), one.ask("GET", "/x")] == [{"a": 1}] * 2
    assert sent == ["Bearer old", "Bearer new", "Bearer new"]


@pytest.mark.parametrize("code", [401, 403])
def test_refused_again_is_an_error_and_no_loop(code: int) -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return gives({}, code)

    with pytest.raises((AuthenticationError, ForbiddenError)):
        server(answer, Token(lambda: "t")).ask("GET", "/x")
    assert len(asked) == 2
    with pytest.raises((AuthenticationError, ForbiddenError)):
        server(answer, Basic("u", "p")).ask("GET", "/x")
    assert len(asked) == 3


def test_an_answer_has_a_largest_size() -> None:
    _, one = then(gives({"a": "x" * 5000}))
    with pytest.raises(TooLargeError, match="1000"):
        one.ask("GET", "/x", max_bytes=1000)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user:secret@airflow.example.org", "password"),
        ("https://airflow.example.org/?token=secret", "query"),
        ("ftp://airflow.example.org", "http"),
        ("airflow.example.org", "http"),
        ("https://", "host"),
    ],
)
def test_addresses_that_are_refused(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        server(lambda request: gives({}), url=url)
    assert "secret" not in str(caught.value)


def test_the_path_of_the_address_stays() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        return gives({})

    server(answer, url=f"{URL}/a-deployment/").ask("GET", "/api/v2/version")
    assert seen == [f"{URL}/a-deployment/api/v2/version"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for this machine that nobody else vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(file), "-out", "-", *names]
    done = subprocess.run([openssl, *made], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + done.stdout)
    return file


def test_certificates_are_checked_unless_that_is_switched_off(certificate: Path) -> None:
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    rule = lambda *_: status(200, b'{"a": 1}', Content_Type="application/json")  # noqa: E731
    with FaultyProxy("http://127.0.0.1:9", rule, tls=inside) as proxy:
        strict = Server(proxy.url, Token("t"), patience=Patience(seconds=0.3, first=0.05))
        with pytest.raises(UnreachableError, match="no connection"):
            strict.ask("GET", "/x")
        assert proxy.requests == []
        for verify in (trusting, False):
            assert Server(proxy.url, Token("t"), verify=verify, patience=QUICK).ask("GET", "/x") == {"a": 1}


@pytest.mark.parametrize(
    ("fault", "safe"),
    [
        (RESET_BEFORE, False),
        (RESET_AFTER, False),
        (HALF, False),
        (CUT, False),
        (hang(0.6), False),
        (status(429, Retry_After="0"), True),
    ],
    ids=["reset-before", "reset-after", "half", "cut", "hang", "429"],
)
def test_on_a_real_connection(fault: Fault, safe: bool) -> None:
    with FaultyProxy(
        "http://127.0.0.1:9", lambda *_: status(200, b'{"a": 1}', Content_Type="application/json")
    ) as target:
        rule = each_once(("GET", "/x", fault), ("POST", "/x", fault))
        with FaultyProxy(target.url, rule) as proxy:
            one = Server(proxy.url, Token("t"), timeout=0.4, patience=QUICK)
            assert one.ask("GET", "/x") == {"a": 1}
            if safe:
                assert one.ask("POST", "/x", body={}) == {"a": 1}
                return
            with pytest.raises(LostAnswerError):
                one.ask("POST", "/x", body={})
            assert proxy.count("POST", "/x") == 1


@pytest.mark.parametrize("body", [b"", b'{"detail": "XCom entry with ke', b"not found"], ids=["nothing", "cut", "text"])
def test_a_refusal_counts_even_if_its_reason_is_cut(body: bytes) -> None:
    _, cut = then(httpx2.Response(404, headers={"content-type": "application/json"}, content=body))
    with pytest.raises(MissingError, match=r"status 404$"):
        cut.ask("GET", "/x")
