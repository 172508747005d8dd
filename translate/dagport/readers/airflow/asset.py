"""Assets and datasets: ``Asset``, ``Dataset``, aliases, references, ``&`` and ``|``, ``@asset``.

Source: ``airflow.sdk.definitions.asset`` and ``airflow.sdk.definitions.asset.decorators``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Function,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Spread,
    Unknown,
)
from dagport.readers.airflow.nodes import Task

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class BaseAsset(Model):
    """What a schedule, an inlet or an outlet may name."""

    __slots__ = ()

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``a & b`` and ``a | b``."""
        if operator not in ("&", "|") or not isinstance(other, BaseAsset):
            return NotImplemented
        parts = [other, self] if reflected else [self, other]
        joined = "all" if operator == "&" else "any"
        # A condition of the same kind takes the next part in (`AssetAny.__or__`).
        first = parts[0]
        if isinstance(first, Condition) and first.joined == joined:
            return Condition(joined, [*first.parts, parts[1]])
        return Condition(joined, parts)


class AssetObject(BaseAsset):
    """An asset, a dataset, an alias or a reference to one of them."""

    __slots__ = ("extra", "group", "kind", "name", "others", "uri")
    type_name = "airflow.sdk.Asset"

    def __init__(
        self, kind: str, name: str, uri: str, group: Any = None, extra: Any = None, others: Any = None
    ) -> None:
        self.kind = kind  # "asset", "alias", "name_ref", "uri_ref"
        self.name = name
        self.uri = uri
        self.group = group
        self.extra = extra
        self.others = dict(others or {})  # what else its constructor was given: `watchers`, `access_control`

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``uri``, ``name``, ``group``, ``extra``."""
        return getattr(self, name) if name in ("uri", "name", "group", "extra") else NotImplemented

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Assets are equal by what they say."""
        if operator in ("==", "!=") and isinstance(other, AssetObject):
            same = (self.kind, self.name, self.uri) == (other.kind, other.name, other.uri)
            return same == (operator == "==")
        return super().binary(machine, operator, other, site, reflected=reflected)


class Condition(BaseAsset):
    """Several assets joined by ``&`` or ``|``."""

    __slots__ = ("joined", "parts")
    type_name = "airflow.sdk.AssetAll"

    def __init__(self, joined: str, parts: list[Anything]) -> None:
        self.joined = joined
        self.parts = parts

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``objects``."""
        return list(self.parts) if name == "objects" else NotImplemented


def normalised(uri: str) -> str:
    """The URI as Airflow keeps it (``_sanitize_uri``, without the providers' own rules)."""
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    try:
        parsed = urlsplit(uri)
    except ValueError as error:
        raise PyRaise("ValueError", str(error)) from None
    scheme = parsed.scheme.lower()
    if not scheme or scheme.startswith("x-"):
        return uri
    if scheme == "airflow":
        raise PyRaise("ValueError", "Asset scheme 'airflow' is reserved")
    host = parsed.netloc.rpartition("@")[2] if parsed.password else parsed.netloc
    query = urlencode(sorted(parse_qsl(parsed.query))) if parsed.query else ""
    return urlunsplit((scheme, host, parsed.path.rstrip("/") or "/", query, ""))


def make_asset(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``Asset(name, uri, group=, extra=, watchers=)``; a single argument is both name and URI."""
    values = {**dict(zip(("name", "uri"), args, strict=False)), **kwargs}
    return _asset(machine, values, site)


def make_dataset(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``Dataset(uri, extra)`` of Airflow 2: the URI is its name."""
    values = {**dict(zip(("uri", "extra"), args, strict=False)), **kwargs}
    values.setdefault("name", values.get("uri"))
    return _asset(machine, values, site)


def _asset(machine: Machine, values: dict[str, Anything], site: CallSite) -> Anything:
    name, uri = values.get("name"), values.get("uri")
    if name is None and uri is None:
        raise PyRaise("TypeError", "Asset() requires either 'name' or 'uri'")
    name = uri if name is None else name
    uri = name if uri is None else uri
    texts = [machine.to_text(item, site) for item in (name, uri)]
    lost = next((item for item in (*texts, values.get("**")) if isinstance(item, Unknown)), None)
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    for what, text in (("name", str(texts[0])), ("uri", str(texts[1]))):
        _check_identifier(what, text)
    if str(texts[0]) in ("self", "context"):
        raise PyRaise("ValueError", f"prohibited name for asset: {texts[0]}")
    unexpected = sorted(set(values) - ARGUMENTS)
    if unexpected:
        raise PyRaise("TypeError", f"Asset.__init__() got an unexpected keyword argument {unexpected[0]!r}")
    others = {key: values[key] for key in OTHERS if values.get(key) is not None}
    return AssetObject(
        "asset", str(texts[0]), normalised(str(texts[1])), values.get("group"), values.get("extra"), others
    )


OTHERS = ("watchers", "access_control")
ARGUMENTS = {"name", "uri", "group", "extra", *OTHERS, "**"}
LONGEST = 1500


def _check_identifier(what: str, text: str) -> None:
    if not text:
        raise PyRaise("ValueError", f"Asset {what} cannot be empty")
    if len(text) > LONGEST:
        raise PyRaise("ValueError", f"Asset {what} cannot exceed {LONGEST} characters")
    if text.isspace():
        raise PyRaise("ValueError", f"Asset {what} cannot be just whitespace")


def make_alias(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``AssetAlias(name)``."""
    name = args[0] if args else kwargs.get("name")
    if not isinstance(name, str):
        return machine.unknown("the name of the alias isn't known", site)
    _check_identifier("alias", name)
    return AssetObject("alias", name, "", kwargs.get("group"))


def make_reference(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``Asset.ref(name=...)`` or ``Asset.ref(uri=...)``."""
    name, uri = kwargs.get("name"), kwargs.get("uri")
    if isinstance(name, str) and name:
        return AssetObject("name_ref", name, "")
    if isinstance(uri, str) and uri:
        return AssetObject("uri_ref", uri, uri)
    return machine.unknown("which asset is meant isn't known", site)


def make_condition(joined: str) -> Native:
    """``AssetAll(...)`` and ``AssetAny(...)``."""

    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        lost = next((item for item in args if isinstance(item, Unknown | Spread)), None)
        if lost is not None:
            return machine.unknown(lost.why, site)
        if not all(isinstance(item, BaseAsset) for item in args):
            raise PyRaise("TypeError", "expect asset expressions in condition")
        return Condition(joined, list(args))

    return make


MAX_PARTS = 100_000


def leaf_assets(value: Anything) -> list[AssetObject] | None:
    """The assets that a value is made of, or ``None`` when some part isn't an asset (or they are too many to say)."""
    found: list[AssetObject] = []
    waiting = [value]  # nested deeper than calls may be, and shared parts count each time
    for _ in range(MAX_PARTS):
        if not waiting:
            return found
        item = waiting.pop()
        if isinstance(item, AssetObject):
            found.append(item)
        elif isinstance(item, Condition):
            waiting.extend(reversed(item.parts))
        elif isinstance(item, list | tuple | set):
            waiting.extend(list(item)[::-1])
        else:
            return None
    return None


# @asset


NOT_INLETS = {"self", "context", "outlet_events"}
MAIN_OPERATOR = "airflow.sdk.definitions.asset.decorators._AssetMainOperator"


def only(args: list[Anything], what: str) -> Anything:
    """The function that is decorated."""
    if not args:
        raise PyRaise("TypeError", f"{what}.__call__() missing 1 required positional argument: 'f'")
    return args[0]


def asset_decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@asset(schedule=...)``: an asset and a DAG of one task that makes it."""

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        name = kwargs.get("name") or machine.attribute(only(inner, "asset"), "__name__", inner_site)
        made = _asset(machine, {"name": name, "uri": kwargs.get("uri") or name, **_kept(kwargs)}, inner_site)
        if isinstance(made, AssetObject):
            _pipeline(machine, inner[0], kwargs, made.name, [made], inner_site)
        return made

    return NativeFunction("asset", decorate)


def multi_asset_decorator(
    machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``@asset.multi(schedule=..., outlets=[...])``."""

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        outlets = machine.iterate(kwargs.get("outlets", []), inner_site)
        if isinstance(outlets, Unknown):
            return outlets
        if not outlets:
            raise PyRaise("ValueError", "no outlets provided")
        name = machine.attribute(only(inner, "asset.multi"), "__name__", inner_site)
        _pipeline(machine, inner[0], kwargs, name, outlets, inner_site)
        return Condition("all", outlets)

    return NativeFunction("asset.multi", decorate)


def _kept(kwargs: dict[str, Anything]) -> dict[str, Anything]:
    return {name: kwargs[name] for name in ("group", "extra") if name in kwargs}


DAG_ARGUMENTS = (
    "schedule", "is_paused_upon_creation", "description", "params", "on_success_callback", "on_failure_callback",
    "tags", "access_control", "owner_links", "dag_display_name",
)  # fmt: skip


def _pipeline(
    machine: Machine,
    function: Anything,
    kwargs: dict[str, Anything],
    name: Any,
    outlets: list[Anything],
    site: CallSite,
) -> None:
    from dagport.readers.airflow.dag import make_dag

    values = {key: kwargs[key] for key in DAG_ARGUMENTS if key in kwargs}
    dag = make_dag(machine, [], {"dag_id": kwargs.get("dag_id") or name, "catchup": False, **values}, site)
    dag.enter(machine, site)
    try:
        _main_task(machine, function, outlets, site)
    finally:
        dag.leave(machine, site)


def _main_task(machine: Machine, function: Anything, outlets: list[Anything], site: CallSite) -> Task | None:
    from dagport.readers.airflow.nodes import library_class
    from dagport.readers.airflow.signatures import place_of_definition
    from dagport.readers.airflow.task import base_init, complete, new_task
    from dagport.readers.airflow.taskflow import TaskFactory

    if isinstance(function, TaskFactory):
        function.kwargs["outlets"] = outlets
        function.call(machine, [], {}, site)
        return None
    inlets: list[Anything] = []
    if isinstance(function, Function):
        spec = function.node.args
        positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
        required = positional[: len(positional) - len(function.defaults)]
        required += [
            item.arg
            for item, default in zip(spec.kwonlyargs, function.kw_defaults, strict=True)
            if default is NotImplemented
        ]
        inlets = [AssetObject("name_ref", item, "") for item in required if item not in NOT_INLETS]
    task = new_task(machine, library_class(MAIN_OPERATOR), MAIN_OPERATOR, site)
    name = machine.attribute(function, "__name__", site)
    base_init(machine, task, {"task_id": name, "inlets": inlets, "outlets": outlets}, site)
    task.function = function
    if isinstance(function, Function):
        task.span = place_of_definition(machine, function, site)
    complete(machine, task, site)
    return task
