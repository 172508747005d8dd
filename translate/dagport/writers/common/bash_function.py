"""``@task.bash``: the user's function returns the command that is run.

Source: ``_BashDecoratedOperator.execute`` of the standard provider 1.21. Airflow renders the returned text as a
template: a function that only returns a text with templates in it is that text here, and a text with templates that
comes out of any other function is refused when it is run.
"""

from __future__ import annotations

import ast
import textwrap

from dagport.graph import Task
from dagport.passes import templates
from dagport.rewrite.model import Facts
from dagport.values import Template
from dagport.writers.common import bash, python
from dagport.writers.common.arguments import bind
from dagport.writers.common.dates import DATE_ENTRIES
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.model import Function, Inspection, Refused
from dagport.writers.common.scope import Scope

OPERATORS = frozenset(f"{package}.task.bash" for package in python.DECORATORS)
ARGUMENTS = bash.ARGUMENTS | python.ARGUMENTS


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the function and the command need and hand over. Raises ``Refused``."""
    facts = python.facts_of(task, scope)
    _check(task, scope, facts)
    command = bash.inspect_command(task, scope)
    text = _template(task, scope)
    if text is not None:
        bind(task, facts)
        return Inspection(result=command.result, context=command.context | (set(text.refs) & DATE_ENTRIES), skips=command.skips)
    called = python.inspect_called(task, scope, facts)
    return Inspection(
        result=command.result,
        context=command.context | called.context,
        names=called.names,
        helper=called.helper,
        skips=command.skips,
    )


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that runs the command. Raises ``Refused``."""
    text = _template(task, scope)
    if text is not None:
        return bash.write_command(task, scope, text)
    facts = python.facts_of(task, scope)
    return _Command(task, scope, facts, bind(task, facts)).write()


class _Command(python.Called):
    """A helper that returns the command."""

    def statement(self, helper: str, inputs: Inputs) -> str:
        """``yield from run_bash(context, helper(...), returned=True)``."""
        args, kwargs = self.call_parts(inputs)
        call = f"{helper}({', '.join([*args, *(f'{name}={text}' for name, text in kwargs.items())])})"
        return inputs.command([call, "returned=True", *bash.options(self.task, self.scope, inputs)])


def _check(task: Task, scope: Scope, facts: Facts) -> None:
    """Raises ``Refused`` for what a helper that is called can't ask for, and for texts that are rendered again."""
    if facts.is_async or facts.is_generator:
        raise Refused("its function is asynchronous or a generator")
    if facts.pulls or facts.pushes or facts.connections:
        raise Refused("its function returns a command and uses XComs or connections itself")
    if _template(task, scope) is None and any(templates.has_template(text) for text in _texts(task, scope)):
        raise Refused("its function makes a command with a template in it, which Airflow renders when it has run")


def _template(task: Task, scope: Scope) -> Template | None:
    """The text with templates that is all a function returns."""
    tree = ast.parse(textwrap.dedent(scope.segment(task)))
    definition = tree.body[0] if tree.body else None
    if not isinstance(definition, ast.FunctionDef):
        return None
    body = definition.body[1:] if ast.get_docstring(definition) is not None else definition.body
    value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    text = value.value if isinstance(value, ast.Constant) else None
    if not isinstance(text, str) or not text.strip() or not templates.has_template(text):
        return None
    refs = templates.refs(text)
    if refs is None:
        raise Refused("the command that it returns isn't a valid template")
    return Template(text, refs)


def _texts(task: Task, scope: Scope) -> list[str]:
    tree = ast.parse(textwrap.dedent(scope.segment(task)))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
