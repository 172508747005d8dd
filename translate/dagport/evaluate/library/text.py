"""Small modules of the standard library that turn texts into texts: ``string``, ``html``, ``shlex``, ``base64``,
``hashlib``, ``urllib.parse``, ``unicodedata``, ``uuid``, ``secrets``.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    LimitHit,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    is_plain,
)
from dagport.evaluate.library.support import all_plain, applied, bound, clock, lazily, lost, opaque

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CHANCE = clock("it is left to chance")
LONGEST_COMMAND = 20_000
HASHES = "blake2b blake2s md5 sha1 sha224 sha256 sha384 sha3_224 sha3_256 sha3_384 sha3_512 sha512"
QUOTING = (
    "quote quote_plus unquote unquote_plus urlencode urljoin urlsplit urlparse urlunparse urlunsplit parse_qs parse_qsl"
)
BASE64 = (
    "b16decode b16encode b32decode b32encode b64decode b64encode standard_b64decode standard_b64encode "
    "urlsafe_b64decode urlsafe_b64encode"
)
STRING = "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable punctuation whitespace"


# hashlib


class Hash(Model):
    """``hashlib.sha256(...)`` and its like."""

    __slots__ = ("data", "name")
    type_name = "hashlib.HASH"

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``update``, ``digest``, ``hexdigest``, ``copy`` and ``name``."""
        methods: dict[str, Native] = {
            "update": self._update,
            "digest": lambda *_: self.real().digest(),
            "hexdigest": lambda *_: self.real().hexdigest(),
            "copy": lambda *_: Hash(self.name, self.data),
        }
        if name in methods:
            return NativeFunction(name, methods[name])
        return getattr(self.real(), name) if name in ("name", "digest_size", "block_size") else NotImplemented

    def real(self) -> Any:
        """The real hash of the data so far."""
        import hashlib

        return hashlib.new(self.name, self.data, usedforsecurity=False)

    def _update(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        (data,) = bound(args, kwargs, "data")
        machine.effect()
        if isinstance(data, bytes):
            machine.check_text(len(self.data) + len(data))
            self.data += data
        elif isinstance(data, str):
            raise PyRaise("TypeError", "Strings must be encoded before hashing")
        else:
            machine.doubt("DP201", "what is hashed isn't known", site)


def _hash(name: str) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        options = {key: value for key, value in kwargs.items() if key != "usedforsecurity"}
        (data,) = bound(args, options, string=b"")
        if isinstance(data, str):
            raise PyRaise("TypeError", "Strings must be encoded before hashing")
        return Hash(name, data) if isinstance(data, bytes) else lost(machine, [data], site)

    return make


def _new_hash(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    options = {key: value for key, value in kwargs.items() if key != "usedforsecurity"}
    name, data = bound(args, options, "name", data=b"")
    if isinstance(name, str) and name.lower() in HASHES.split():
        return _hash(name.lower())(machine, [data], {}, site)
    return lost(machine, args, site, "this hash isn't modelled")


# string.Template


class Template(Model):
    """``string.Template(text)``."""

    __slots__ = ("text",)
    type_name = "string.Template"

    def __init__(self, text: str) -> None:
        self.text = text

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``template``, ``substitute`` and ``safe_substitute``."""
        if name == "template":
            return self.text
        native: Native | None = {"substitute": _substitute, "safe_substitute": _safe_substitute}.get(name)
        return NotImplemented if native is None else BoundMethod(NativeFunction(name, native), self)


def _substitution(name: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        template, *rest = args
        if not all_plain(rest, kwargs):
            return lost(machine, [*rest, *kwargs.values()], site)
        values = [str(value) for mapping in (*rest, kwargs) for value in dict(mapping).values()]
        machine.check_text(len(template.text) + template.text.count("$") * max(map(len, values), default=0))
        return applied(getattr(string.Template(template.text), name), rest, kwargs)

    return run


_substitute, _safe_substitute = _substitution("substitute"), _substitution("safe_substitute")


def _template(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (text,) = bound(args, kwargs, "template")
    return Template(text) if isinstance(text, str) else lost(machine, [text], site)


def _capwords(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, separator = bound(args, kwargs, "s", sep=None)
    if not is_plain(text) or not is_plain(separator):
        return lost(machine, [text, separator], site)
    return applied(string.capwords, [text, separator], {})


# uuid


def _named_uuid(version: int) -> Native:
    """``uuid3`` and ``uuid5`` of a known name: the text, which is what files use it for."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        import uuid

        namespace, name = bound(args, kwargs, "namespace", "name")
        if not isinstance(namespace, Uuid) or not isinstance(name, str):
            return lost(machine, [namespace, name], site)
        made = {3: uuid.uuid3, 5: uuid.uuid5}[version](uuid.UUID(namespace.text), name)
        return Uuid(str(made))

    return run


class Uuid(Model):
    """A ``uuid.UUID``."""

    __slots__ = ("text",)
    type_name = "uuid.UUID"

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Uuid) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``hex``, ``int``, and the text."""
        import uuid

        if name == "__str__":
            return NativeFunction(name, lambda *_: self.text)
        known = ("hex", "int", "bytes", "urn", "version", "node")
        return getattr(uuid.UUID(self.text), name) if name in known else NotImplemented

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Equality."""
        if operator not in ("==", "!=") or not isinstance(other, Uuid):
            return NotImplemented
        return (self.text == other.text) == (operator == "==")


def _uuid(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    import uuid

    (text,) = bound(args, kwargs, hex=None)
    return Uuid(str(applied(uuid.UUID, [text], {}))) if isinstance(text, str) else lost(machine, [text], site)


def _not_standard_input(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """``shlex.split(None)`` would wait for standard input."""
    if None in (*args[:1], *(kwargs[name] for name in kwargs if name == "s")):
        raise PyRaise("TypeError", "s argument must not be None")
    if any(isinstance(value, str) and len(value) > LONGEST_COMMAND for value in (*args, *kwargs.values())):
        raise LimitHit("characters of a command line that is split", LONGEST_COMMAND)


def _not_long(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """A letter may become eighteen, and long runs of accents are sorted."""
    for value in args:
        if isinstance(value, str):
            machine.check_text(20 * len(value))


NAMESPACES = {
    "DNS": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "URL": "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
    "OID": "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
    "X500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
}

FUNCTIONS: dict[str, Native] = {
    "string.Template": _template,
    "string.capwords": _capwords,
    **{f"hashlib.{name}": _hash(name) for name in HASHES.split()},
    "hashlib.new": _new_hash,
    **{f"urllib.parse.{name}": lazily("urllib.parse", name) for name in QUOTING.split()},
    **{f"base64.{name}": lazily("base64", name) for name in BASE64.split()},
    **{f"html.{name}": lazily("html", name) for name in ("escape", "unescape")},
    **{f"shlex.{name}": lazily("shlex", name, _not_standard_input) for name in ("join", "quote", "split")},
    **{
        f"unicodedata.{name}": lazily("unicodedata", name, _not_long) for name in ("category", "combining", "normalize")
    },
    **{f"uuid.{name}": CHANCE for name in ("uuid1", "uuid4", "getnode")},
    "uuid.uuid3": _named_uuid(3),
    "uuid.uuid5": _named_uuid(5),
    "uuid.UUID": _uuid,
    **{f"secrets.{name}": CHANCE for name in ("choice", "randbelow", "token_bytes", "token_hex", "token_urlsafe")},
    "html.parser.HTMLParser": opaque("parsers aren't followed"),
}
CONSTANTS: dict[str, Anything] = {
    **{f"string.{name}": getattr(string, name) for name in STRING.split()},
    **{f"uuid.NAMESPACE_{name}": Uuid(text) for name, text in NAMESPACES.items()},
}
