"""Data classes (source: the documentation of ``dataclasses``)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.classes import DATACLASS_MARK
from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    Function,
    Instance,
    Model,
    Native,
    PyRaise,
    Unknown,
    UserClass,
    first_unknown,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class _Missing(Model):
    """``dataclasses.MISSING``."""

    __slots__ = ()
    type_name = "dataclasses._MISSING_TYPE"


MISSING = _Missing()
OPTIONS = "__dataclass_options__"
OWN = "__dataclass_own__"


class Field(Model):
    """A field: what ``field(...)`` says, and what ``fields(cls)`` gives."""

    __slots__ = ("factory", "keyword", "kind", "name", "options", "value")
    type_name = "dataclasses.Field"

    def __init__(self, value: Anything, factory: Anything, options: dict[str, Anything]) -> None:
        self.value = value  # NotImplemented: it has no default
        self.factory = factory
        self.options = options  # init, repr, compare, hash, kw_only, metadata
        self.name = ""
        self.kind = "field"  # or "InitVar"
        self.keyword = False

    def flag(self, name: str) -> bool:
        """An option that is true unless it is said otherwise."""
        return self.options.get(name, True) is not False

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``name``, ``default``, ``default_factory``, ``metadata`` and the options."""
        if name == "name":
            return self.name
        if name in ("default", "default_factory"):
            value = self.value if name == "default" else self.factory
            return MISSING if value is NotImplemented else value
        if name == "metadata":
            return self.options.get("metadata") or {}
        if name in ("init", "repr"):
            return self.flag(name)
        return machine.unknown(f"`{name}` of a field isn't followed", site)


def make_record(machine: Machine, cls: UserClass, options: dict[str, Anything], site: CallSite) -> None:
    """What ``@dataclass`` does to a class. Raises ``PyRaise`` for fields that it refuses."""
    lost = first_unknown(options.values())
    if lost is not None:
        machine.doubt("DP206", f"the options of the data class `{cls.name}` aren't known: {lost.why}", site)
    machine.effect()
    own = list(_declared(machine, cls, options, site))
    cls.members[OPTIONS] = options
    cls.members[OWN] = {field.name: field for field in own}
    fields = record_fields(cls, pseudo=True)
    _check_order(fields)
    for field in own:
        if field.value is not NotImplemented:
            cls.members[field.name] = field.value
        elif isinstance(cls.members.get(field.name), Field):
            del cls.members[field.name]
    names = tuple(field.name for field in fields if field.flag("init") and not field.keyword)
    cls.members.setdefault("__match_args__", names)
    if options.get("slots") is True:
        cls.members.setdefault("__slots__", tuple(field.name for field in fields))
    cls.members["__dataclass_fields__"] = {field.name: field for field in fields if field.kind == "field"}


def _declared(machine: Machine, cls: UserClass, options: dict[str, Anything], site: CallSite) -> Iterator[Field]:
    keyword_only = options.get("kw_only") is True
    for statement in cls.node.body if cls.node is not None else []:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        kind = _kind(cls, statement.annotation)
        if kind == "KW_ONLY":
            keyword_only = True
        elif kind != "ClassVar":
            yield _field(machine, cls, statement.target.id, kind, keyword_only)


def _kind(cls: UserClass, annotation: ast.expr) -> str:
    """``ClassVar``, ``InitVar``, ``KW_ONLY`` or ``field``, by the name that the annotation starts with."""
    text = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    head = str(text).partition("[")[0].strip().rpartition(".")[2]
    return head if head in ("ClassVar", "InitVar", "KW_ONLY") else "field"


def _field(machine: Machine, cls: UserClass, name: str, kind: str, keyword_only: bool) -> Field:
    default = cls.members.get(name, NotImplemented)
    field = default if isinstance(default, Field) else Field(default, NotImplemented, {})
    field.name, field.kind = name, kind
    field.keyword = field.options.get("kw_only", keyword_only) is True
    if isinstance(field.value, list | dict | set):
        shown = type(field.value).__name__
        text = f"mutable default <class '{shown}'> for field {name} is not allowed: use default_factory"
        raise PyRaise("ValueError", text)
    return field


def _check_order(fields: list[Field]) -> None:
    seen = False
    for field in fields:
        if field.keyword or not field.flag("init"):
            continue
        if field.value is not NotImplemented or field.factory is not NotImplemented:
            seen = True
        elif seen:
            raise PyRaise("TypeError", f"non-default argument '{field.name}' follows default argument")


def record_fields(cls: UserClass, *, pseudo: bool = False) -> list[Field]:
    """The fields in order, base classes first; ``pseudo``: with those that are only arguments."""
    found: dict[str, Field] = {}
    for base in reversed(cls.mro):
        if isinstance(base, UserClass):
            found.update(base.members.get(OWN, {}))
    return [field for field in found.values() if pseudo or field.kind == "field"]


def is_record(cls: Anything) -> bool:
    """Whether a class is a data class."""
    return isinstance(cls, UserClass) and any(
        isinstance(base, UserClass) and DATACLASS_MARK in base.members for base in cls.mro
    )


def is_frozen(cls: UserClass) -> bool:
    """Whether the attributes of its objects can't be set."""
    return any(isinstance(base, UserClass) and base.members.get(OPTIONS, {}).get("frozen") is True for base in cls.mro)


def makes_init(cls: UserClass) -> bool:
    """Whether ``@dataclass`` gives this very class its ``__init__``."""
    options = cls.members.get(OPTIONS)
    return options is not None and "__init__" not in cls.members and options.get("init") is not False


def record_init(cls: UserClass) -> Native:
    """The ``__init__`` that ``@dataclass`` makes for a class."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        _initialise(machine, cls, args[0], args[1:], dict(kwargs), site)

    return run


def _initialise(
    machine: Machine,
    cls: UserClass,
    instance: Instance,
    args: list[Anything],
    kwargs: dict[str, Anything],
    site: CallSite,
) -> None:
    from dagport.evaluate.calls import argument_errors

    lost = kwargs.pop("**", None)
    fields = record_fields(cls, pseudo=True)
    given = [field for field in fields if field.flag("init")]
    positional = [field for field in given if not field.keyword]
    spread = next((index for index, value in enumerate(args) if isinstance(value, Unknown) and _is_spread(value)), None)
    if spread is not None:
        lost, args = args[spread], args[:spread]
    needed = [field.name for field in given if field.value is NotImplemented and field.factory is NotImplemented]
    argument_errors(f"{cls.name}.__init__", [field.name for field in positional], [field.name for field in given],
                    needed if lost is None else [], args, kwargs, bound_first=True)  # fmt: skip
    values = {field.name: value for field, value in zip(positional, args, strict=False)} | kwargs
    after: list[Anything] = []
    for field in fields:
        if field.name in values and field.flag("init"):
            value = values[field.name]
        elif lost is not None and field.flag("init"):
            value = machine.unknown(lost.why, site)
        else:
            value = _default(machine, field, site)
        if field.kind == "InitVar":
            after.append(value)
        elif value is not NotImplemented:
            instance.fields[field.name] = value
    hook = instance.cls.lookup("__post_init__")
    if isinstance(hook, Function):
        machine.call(BoundMethod(hook, instance), after, {}, site)


def _is_spread(value: Unknown) -> bool:
    from dagport.evaluate.domain import Spread

    return isinstance(value, Spread)


def _default(machine: Machine, field: Field, site: CallSite) -> Anything:
    return field.value if field.factory is NotImplemented else machine.call(field.factory, [], {}, site)


# Comparison, text, hash


def _option(cls: UserClass, name: str, otherwise: bool) -> bool:
    """An option of the nearest data class."""
    for base in cls.mro:
        if isinstance(base, UserClass) and OPTIONS in base.members:
            return bool(base.members[OPTIONS].get(name, otherwise) is True)
    return False


def _parts(instance: Instance) -> tuple[Anything, ...]:
    names = [field.name for field in record_fields(instance.cls) if field.flag("compare")]
    return tuple(instance.fields.get(name) for name in names)


def _is_generated(cls: UserClass, method: str, option: str, otherwise: bool) -> bool:
    """Whether ``@dataclass`` gives the class a method: the nearest class that has one is a data class without it."""
    for base in cls.mro:
        if not isinstance(base, UserClass):
            return False
        if method in base.members:
            return False
        if OPTIONS in base.members and (base.members[OPTIONS].get(option, otherwise) is True):
            return True
    return False


def compare_records(machine: Machine, symbol: str, left: Instance, right: Anything, site: CallSite) -> Anything:
    """``left OP right`` by the methods that ``@dataclass`` makes, else ``NotImplemented``."""
    ordered = symbol not in ("==", "!=")
    method = "__lt__" if ordered else "__eq__"
    if not _is_generated(left.cls, method, "order" if ordered else "eq", not ordered):
        return NotImplemented
    if isinstance(right, Unknown):
        return machine.unknown(right.why, site)
    if not isinstance(right, Instance) or right.cls is not left.cls:
        return NotImplemented
    return machine.compare(symbol, _parts(left), _parts(right), site)


def record_hash(machine: Machine, instance: Instance, site: CallSite) -> Anything:
    """``hash(instance)``: of its fields for frozen ones. Raises ``PyRaise`` of ``TypeError`` where it has none."""
    if not _is_generated(instance.cls, "__hash__", "eq", True):
        return NotImplemented
    if not (is_frozen(instance.cls) or _option(instance.cls, "unsafe_hash", False)):
        raise PyRaise("TypeError", f"unhashable type: '{instance.cls.name}'")
    try:
        return hash(_parts(instance))
    except TypeError as error:
        raise PyRaise("TypeError", str(error)) from None


def record_text(machine: Machine, instance: Instance, site: CallSite) -> Anything:
    """``repr(instance)`` by the method that ``@dataclass`` makes, else ``NotImplemented``."""
    from dagport.evaluate.builtins import represent

    if not _is_generated(instance.cls, "__repr__", "repr", True):
        return NotImplemented
    parts: list[str] = []
    for field in record_fields(instance.cls):
        if field.flag("repr"):
            text = represent(machine, instance.fields.get(field.name), site)
            if isinstance(text, Unknown):
                return text
            parts.append(f"{field.name}={text}")
    return f"{instance.cls.qualname}({', '.join(parts)})"


# Functions of the module


def as_dict(machine: Machine, value: Anything, factory: Anything, site: CallSite) -> Anything:
    """``asdict(value)``, with the collections copied."""
    if isinstance(value, Instance) and is_record(value.cls):
        pairs = [(field.name, as_dict(machine, machine.attribute(value, field.name, site), factory, site))
                 for field in record_fields(value.cls)]  # fmt: skip
        return dict(pairs) if factory is None else machine.call(factory, [pairs], {}, site)
    return _copied(machine, value, lambda item: as_dict(machine, item, factory, site), site)


def as_tuple(machine: Machine, value: Anything, site: CallSite) -> Anything:
    """``astuple(value)``, with the collections copied."""
    if isinstance(value, Instance) and is_record(value.cls):
        fields = record_fields(value.cls)
        return tuple(as_tuple(machine, machine.attribute(value, field.name, site), site) for field in fields)
    return _copied(machine, value, lambda item: as_tuple(machine, item, site), site)


def _copied(machine: Machine, value: Anything, inner: Any, site: CallSite) -> Anything:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[inner(item) for item in value])
    if type(value) in (list, tuple):
        return type(value)(inner(item) for item in value)
    if type(value) is dict:
        return {inner(key): inner(item) for key, item in value.items()}
    native = machine.native("copy.deepcopy")
    return value if native is None else native(machine, [value], {}, site)


def replaced(machine: Machine, instance: Instance, changes: dict[str, Anything], site: CallSite) -> Anything:
    """``replace(instance, **changes)``. Raises ``PyRaise`` for fields that aren't arguments of ``__init__``."""
    values: dict[str, Anything] = {}
    for field in record_fields(instance.cls):
        if not field.flag("init"):
            if field.name in changes:
                raise PyRaise("ValueError", f"field {field.name} is declared with init=False, it cannot be specified")
        elif field.name not in changes:
            values[field.name] = machine.attribute(instance, field.name, site)
    return machine.call(instance.cls, [], {**values, **changes}, site)
