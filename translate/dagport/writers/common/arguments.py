"""What the parameters of a task's function get from ``op_args`` and ``op_kwargs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dagport.graph import Task
from dagport.rewrite.model import Facts
from dagport.values import Call, Value
from dagport.writers.common.model import Refused

NAMED = ("positional", "keyword")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the parameters of a function get."""

    named: Mapping[str, Value]
    rest: Sequence[Value] = ()  # for ``*args``
    more: Mapping[str, Value] = field(default_factory=dict)  # for ``**kwargs``
    by_position: tuple[str, ...] = ()  # those of ``named`` that the source doesn't name

    @property
    def by_name(self) -> dict[str, Value]:
        """All that have a name."""
        return {**self.named, **self.more}


def bind(task: Task, facts: Facts) -> Arguments:
    """Bind ``op_args`` and ``op_kwargs`` to the parameters, as the call in the engine would. Raises ``Refused``."""
    args: Value = task.arguments.get("op_args") or ()
    kwargs: Value = task.arguments.get("op_kwargs") or {}
    if isinstance(args, Call) and args.name == "tuple" and args.args:
        args = args.args[0]
    if not isinstance(args, Sequence) or isinstance(args, str) or not isinstance(kwargs, Mapping):
        raise Refused("its op_args or op_kwargs aren't known")
    positional = [item.name for item in facts.parameters if item.kind == "positional"]
    known = {item.name for item in facts.parameters if item.kind in NAMED}
    kinds = {item.kind for item in facts.parameters}
    named: dict[str, Value] = dict(zip(positional, args, strict=False))
    by_position = tuple(named)
    rest = list(args[len(positional) :])
    if rest and "args" not in kinds:
        raise Refused("its function is given more positional arguments than it takes")
    more: dict[str, Value] = {}
    for name, value in kwargs.items():
        if name in named:
            raise Refused(f"its function is given the argument `{name}` twice")
        if name not in known and "kwargs" not in kinds:
            raise Refused(f"its function doesn't take the argument `{name}`")
        (named if name in known else more)[name] = value
    return Arguments(named, rest, more, by_position)
