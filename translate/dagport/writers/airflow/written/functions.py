"""The functions of a file: those that tasks are made of, and those that operators call."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from dagport.graph import CallableRef, Task
from dagport.pycode import text_constant
from dagport.source import Span
from dagport.writers.airflow.written.model import FunctionKey, TaskFunction, Written
from dagport.writers.airflow.written.values import Values, no_result
from dagport.writers.common.literals import NotExpressible
from dagport.writers.common.naming import identifier

WIDTH = 90


@dataclass
class Functions:
    """Functions by where they are defined; each is written once, however many tasks it makes."""

    values: Values
    path: str
    decorated_ones: dict[FunctionKey, TaskFunction] = field(default_factory=dict)
    plain: dict[tuple[Span | None, str], str] = field(default_factory=dict)  # definition -> name
    texts: list[tuple[Span, str]] = field(default_factory=list)  # definitions without a decorator of ours
    constants: dict[str, str] = field(default_factory=dict)
    wholes: dict[Span, str] = field(default_factory=dict)
    _taken: dict[str, Span | None] = field(default_factory=dict)

    def use(self, written: Written) -> None:
        """Note that a function makes a task."""
        assert written.function is not None  # noqa: S101 - asked for tasks of functions only
        self.decorated_ones[written.function].uses.append(written)

    def decorated(self, ref: CallableRef, decorator: str, task_id: str) -> tuple[FunctionKey, str, str | None]:
        """The key, the name and the docstring of a function that tasks are made of."""
        if self.values.source is None:
            raise NotExpressible(f"the graph doesn't hold the body of `{ref.name}`")
        key = (ref.span, repr(ref.closure), decorator)
        if key not in self.decorated_ones:
            found = self.values.source.definition(ref)
            if found.is_lambda:
                raise NotExpressible("a lambda is decorated")
            self._close(ref, "\n".join([*found.kept, found.text]))
            name = self._name(found.name, ref.span)
            text = found.text if name == found.name else _renamed(found.text, found.name, name)
            self.decorated_ones[key] = TaskFunction(
                name=name, decorator=decorator, text=text, kept=found.kept, order=ref.span, doc=found.doc
            )
        function = self.decorated_ones[key]
        return key, function.name, function.doc

    def reference(self, ref: CallableRef) -> str:
        """A function that an operator calls: imported, a lambda where it stands, or one of this file."""
        if ref.module is not None:
            return self.values.imports.want(f"{ref.module}.{ref.name}")
        if self.values.source is None:
            raise NotExpressible(f"the graph doesn't hold the body of `{ref.name}`")
        key = (ref.span, repr(ref.closure))
        if key in self.plain:
            return self.plain[key]
        found = self.values.source.definition(ref)
        self._close(ref, found.text)
        if found.is_lambda:
            return found.text
        if self.values.source.is_plain(ref):
            self.values.source.need([ref.name])
            self.plain[key] = ref.name
            return ref.name
        self.plain[key] = name = self._name(found.name, ref.span)
        assert ref.span is not None  # noqa: S101 - it was found there
        self.texts.append((ref.span, found.text if name == found.name else _renamed(found.text, found.name, name)))
        return name

    def whole(self, ref: CallableRef) -> str:
        """A definition as it stands, its decorators included."""
        if self.values.source is None or ref.span is None:
            raise NotExpressible(f"the graph doesn't hold the body of `{ref.name}`")
        if self.values.source.is_plain(ref):
            self.values.source.need([ref.name])
            return ref.name
        if ref.span not in self.wholes:
            self.wholes[ref.span] = self.values.source.whole(ref)
            self.values.imports.names.reserve([ref.name])
        return ref.name

    def refusal(self, task: Task, reason: str) -> tuple[FunctionKey, str]:
        """A function that raises, in the place of a task that can't be written."""
        name = self.values.imports.names.allocate(identifier(task.id, "task"))
        place = f"{self.path}:{task.span[0]}" if task.span else self.path
        message = f"The task {task.id!r} ({place}) isn't written: {reason}"
        lines = textwrap.wrap(message, WIDTH, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)
        raised = "\n".join(f"        {text_constant(line)}" for line in lines)
        text = f"def {name}():\n    raise NotImplementedError(\n{raised}\n    )\n"
        key: FunctionKey = (task.span, task.id, "manual")
        key = key if key not in self.decorated_ones else (task.span, f"{task.id} {name}", "manual")
        self.decorated_ones[key] = TaskFunction(
            name=name, decorator=self.values.want("airflow.sdk.task"), text=text, order=task.span
        )
        return key, name

    def _name(self, name: str, span: Span | None) -> str:
        """The function's own name, unless another one has it."""
        source = self.values.source
        if name not in self._taken and (source is None or not source.is_other(name, span)):
            self._taken[name] = span
            self.values.imports.names.reserve([name])
            return name
        if self._taken.get(name) == span and name in self._taken:
            return name
        return self.values.imports.names.allocate(name)

    def _close(self, ref: CallableRef, text: str) -> None:
        """Names that the functions around it give it, as constants of the module."""
        assert self.values.source is not None  # noqa: S101 - only functions of the source have any
        for name, value in self.values.source.closure(ref, text).items():
            written = self.values.write(value, no_result)
            if written == name:
                continue
            known = self.constants.get(name)
            if known not in (None, written) or (known is None and name in self.values.source.bound):
                raise NotExpressible(f"`{name}` comes from the function around it, with several values in the file")
            self.constants[name] = written
            self.values.imports.names.reserve([name])


def _renamed(text: str, old: str, new: str) -> str:
    for head in (f"def {old}(", f"def {old}["):
        if head in text:
            return text.replace(head, head.replace(old, new, 1), 1)
    raise NotExpressible(f"another function is called `{old}`, too")
