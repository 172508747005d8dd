"""Requests to web services: what they read and write has no name as a dataset."""

from __future__ import annotations

from dagport_lineage.extract.callables.domain import Data, Handle, Value
from dagport_lineage.extract.callables.site import Kind, Rule, Site

RESPONSE, SESSION = "http.response", "http.session"
READS = frozenset({"get", "head", "options", "urlopen"})


def _request(site: Site) -> Value:
    """The address isn't shown: a key may be a part of it."""
    last = site.text.rpartition(".")[2]
    side = "inputs" if last in READS else "both"
    message = f"`{site.text}` asks a web service, which has no name as a dataset"
    site.gap("inputs" if side == "inputs" else "both", "name", message)
    return Handle(RESPONSE, None, None)


def _session(site: Site) -> Value:
    return Handle(SESSION)


METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
FUNCTIONS: dict[str, Rule] = {
    **{f"{package}.{name}": _request for package in ("requests", "httpx") for name in METHODS},
    "urllib.request.urlopen": _request,
    "urllib.request.Request": lambda site: Data(None, None),
    "requests.Session": _session,
    "requests.session": _session,
    "httpx.Client": _session,
    "requests.auth.HTTPBasicAuth": lambda site: Data(None, None),
}

KINDS = {
    RESPONSE: Kind(is_pure=True, has_fields=True, iterated=lambda handle: Data(None, None)),
    SESSION: Kind(methods=dict.fromkeys(METHODS, _request), pure=frozenset({"close", "mount"}), assignable=True),
}
