"""The Python of ``docs/remote.md`` is Python, imports what there is, and its recipes do what they say."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx2
import pytest

from dagport_adapters.runners import remote

PAGE = Path(__file__).parents[3] / "docs" / "remote.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_python_is_python(block: str) -> None:
    compile(block, str(PAGE), "exec")


def recipe(words: str) -> str:
    (found,) = (block for block in BLOCKS if words in block)
    return str(found)


def run(block: str, **names: Any) -> Any:
    """What the recipe calls ``airflow``, with its token or session fetched."""
    values = {**vars(remote), **names}
    exec(compile(block, str(PAGE), "exec"), values)
    return values["airflow"]._server._headers()


def test_astro(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = run(recipe("ASTRO"), os=SimpleNamespace(environ={"ASTRO_API_TOKEN": "a-token"}))
    assert headers == {"Authorization": "Bearer a-token"}


@pytest.mark.parametrize(
    ("words", "path", "cookie", "headers"),
    [
        ("Cookies(session", "/aws_mwaa/login", "session", {"Cookie": "session=a-secret"}),
        ("pluginsv2", "/pluginsv2/aws_mwaa/login", "_token", {"Authorization": "Bearer a-secret"}),
    ],
)
def test_mwaa(words: str, path: str, cookie: str, headers: dict[str, str]) -> None:
    asked: list[tuple[str, Any]] = []

    def post(url: str, data: Any) -> httpx2.Response:
        asked.append((url, data))
        request = httpx2.Request("POST", url)
        return httpx2.Response(302, headers={"set-cookie": f"{cookie}=a-secret; Path=/"}, request=request)

    made = {"WebServerHostname": "web.example.com", "WebToken": "a-web-token"}
    client = SimpleNamespace(create_web_login_token=lambda Name: made)  # noqa: N803 - boto3's name
    found = run(recipe(words), boto3=SimpleNamespace(client=lambda name: client), httpx2=SimpleNamespace(post=post))
    assert found == headers
    assert asked == [(f"https://web.example.com{path}", {"token": "a-web-token"})]


def test_composer(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = SimpleNamespace(token=None)
    credentials.refresh = lambda request: setattr(credentials, "token", "a-token")
    google = ModuleType("google")
    google.auth = SimpleNamespace(  # type: ignore[attr-defined]
        default=lambda scopes: (credentials, "a-project"),
        transport=SimpleNamespace(requests=SimpleNamespace(Request=object)),
    )
    monkeypatch.setitem(sys.modules, "google", google)
    assert run(recipe("composer"), google=google) == {"Authorization": "Bearer a-token"}
