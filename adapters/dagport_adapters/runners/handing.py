"""Results on their way between Airflow's tasks and those of a host. Plain data, without an orchestrator.

Airflow keeps results as JSON, with objects of some classes in a form of its own (``airflow.serialization.serde``:
a dict with ``__classname__``, ``__version__`` and ``__data__``). Python's own collections are read from that form and
written to it, as Airflow does; objects of any other class stay as they are, and only Airflow can use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from dagport_adapters.runners.protocol import Handed

RETURN_KEY = "return_value"
CHOICE_KEY = "skipmixin_key"  # what a branch has chosen, for Airflow's own use (``XCOM_SKIPMIXIN_KEY``)
UNMAPPED = -1
CLASS, VERSION, DATA = "__classname__", "__version__", "__data__"
COLLECTIONS: Mapping[str, type] = {f"builtins.{cls.__name__}": cls for cls in (tuple, set, frozenset)}
"""Classes of ``airflow.serialization.serializers.builtin``, whose version is 1."""


class HandingError(Exception):
    """A result can't be handed over; the message says which, and what to do."""


@dataclass(frozen=True, eq=False)
class OnlyInAirflow:
    """A result that only Airflow can read. It can be handed on to Airflow, and any other use of it raises an error."""

    form: Any  # as Airflow stores it
    classes: str
    task_id: str

    def _refuse(self, *_: Any) -> NoReturn:
        raise HandingError(
            f"A result of {self.task_id!r} holds {self.classes}, which only Airflow can read: have the task return "
            "what JSON can hold, or let Airflow run the tasks that use it, too"
        )

    __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = __str__ = __format__ = __eq__ = __lt__ = _refuse
    __add__ = __radd__ = __call__ = _refuse
    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        """Raises ``HandingError``, and ``AttributeError`` for the names by which Python asks what an object can do."""
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __repr__(self) -> str:
        return f"<{self.classes}: a result of {self.task_id!r} that only Airflow can read>"


def handed_in(results: Mapping[str, Mapping[str, Any]], *, version: str = "3") -> Iterator[Handed]:
    """Results by task and key, as a runner takes them, and as an Airflow of that version stores them.

    Airflow keeps no result of a task that returns ``None``: that is handed in, too, so that no older one stays there.
    Airflow 2 makes lists of tuples, as JSON does (``XComEncoder``). Raises ``HandingError`` for what it can't hold.
    """
    listed = (list,) if version == "3" else (list, tuple)
    for task_id, by_key in results.items():
        for key, value in by_key.items():
            if isinstance(value, OnlyInAirflow):
                yield Handed(task_id=task_id, key=key, value=value.form, serialized_from=value.classes)
                continue
            classes: set[str] = set()
            form = _form(value, f"the result {key!r} of {task_id!r}", listed, classes)
            yield Handed(task_id=task_id, key=key, value=form, serialized_from=", ".join(sorted(classes)) or None)


def _form(value: Any, what: str, listed: tuple[type, ...], classes: set[str]) -> Any:
    """A value as Airflow stores it; ``listed`` become lists, ``classes`` gets those written in Airflow's own form."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if type(value) is dict:
        # The keys become texts, as Airflow makes them (``serde.serialize``).
        return {str(key): _form(item, what, listed, classes) for key, item in value.items()}
    if type(value) in listed:
        return [_form(item, what, listed, classes) for item in value]
    name = f"builtins.{type(value).__qualname__}"
    if COLLECTIONS.get(name) is type(value):
        classes.add(name)
        return {
            CLASS: name,
            VERSION: 1,
            DATA: [_form(item, what, listed, classes) for item in cast("Iterable[Any]", value)],
        }
    raise HandingError(
        f"Can't hand {what} to Airflow: it holds a {type(value).__module__}.{type(value).__qualname__}. Return what "
        "JSON can hold, or let Airflow run that task, too"
    )


def handed_over(handed: Iterable[Handed]) -> dict[str, Any]:
    """What a task has handed over: its results by their keys; of a mapped task, lists in the order of its instances.

    Raises ``HandingError`` for a result that couldn't be read.
    """
    found: dict[str, Any] = {}
    for one in sorted(handed, key=lambda one: (one.key, one.map_index)):
        if one.key == CHOICE_KEY:
            continue
        if one.unreadable is not None:
            raise HandingError(f"The result {one.key!r} of {one.task_id!r} can't be read: {one.unreadable}")
        value = _value(one)
        if one.map_index == UNMAPPED:
            found[one.key] = value
        else:
            found.setdefault(one.key, []).append(value)
    return found


def _value(one: Handed) -> Any:
    if one.serialized_from is None:
        return one.value
    if all(name in COLLECTIONS for name in one.serialized_from.split(", ")):
        return _read(one.value)
    return OnlyInAirflow(one.value, one.serialized_from, one.task_id)


def _read(form: Any) -> Any:
    if isinstance(form, list):
        return [_read(item) for item in form]
    if not isinstance(form, dict):
        return form
    if form.keys() == {CLASS, VERSION, DATA}:
        return COLLECTIONS[form[CLASS]](_read(form[DATA]))
    return {key: _read(item) for key, item in form.items()}
