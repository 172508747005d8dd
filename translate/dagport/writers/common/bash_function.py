"""``@task.bash``: the user's function returns the command that is run.

Source: ``_BashDecoratedOperator.execute`` of the standard provider 1.21. Airflow renders the returned text as a
template: a function that only returns a text with templates in it is that text here, and a text with templates that
comes out of any other function is refused when it is run.
"""

from __future__ import annotations

import ast
import textwrap
from dataclasses import replace

from dagport.graph import Task
from dagport.passes import templates
from dagport.rewrite.model import Facts
from dagport.values import Template
from dagport.writers.common import bash, python
from dagport.writers.common.arguments import bind
from dagport.writers.common.dates import dates_of
from dagport.writers.common.functions import Called, facts_of, inspect_called
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.model import Function, Inspection, Refused
from dagport.writers.common.scope import Scope

OPERATORS = frozenset(f"{name}.bash" for name in python.DECORATORS)
ARGUMENTS = bash.ARGUMENTS | python.ARGUMENTS


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the function and the command need and hand over. Raises ``Refused``."""
    facts = facts_of(task, scope)
    _check(task, scope, facts)
    command = bash.inspect_options(task, scope)
    text = _text(task, scope)
    if text is not None:
        bind(task, facts)
        return replace(command, context=command.context | dates_of(bash.references(text)))
    called = inspect_called(task, facts)
    helper = called.helper if scope.is_shared(task) else f"{called.helper}_command"
    return replace(
        called, helper=helper, result=command.result, skips=command.skips, context=command.context | called.context
    )


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that runs the command. Raises ``Refused``."""
    text = _text(task, scope)
    if text is not None:
        return bash.write_command(task, scope, text)
    facts = facts_of(task, scope)
    return _Command(task, scope, facts, bind(task, facts)).write()


class _Command(Called):
    """A helper that returns the command."""

    def returns(self, inputs: Inputs) -> None:
        """The function yields its results, or returns what the command does."""

    def statement(self, helper: str, inputs: Inputs) -> str:
        """``yield from run_bash(context, helper(...), returned=True)``."""
        bash.note_home(self.scope.segment(self.task), inputs)
        call = self.call(helper, inputs)
        return inputs.command([call, "returned=True", *bash.options(self.task, self.scope, inputs)])


def _check(task: Task, scope: Scope, facts: Facts) -> None:
    """Raises ``Refused`` for what a helper that is called can't ask for, and for texts that are rendered again."""
    if facts.is_async or facts.is_generator:
        raise Refused("its function is asynchronous or a generator")
    if facts.pulls or facts.pushes or facts.connections:
        raise Refused("its function returns a command and uses XComs or connections itself")
    text = _text(task, scope)
    if (text if isinstance(text, str) else text.text if text else "").endswith(bash.SCRIPT_ENDINGS):
        raise Refused(f"the command that it returns names the template file {text!r}, which dagport doesn't read")
    if text is None and _is_rendered_again(task, scope):
        raise Refused("its function makes a command with a template in it, which Airflow renders when it has run")


def _text(task: Task, scope: Scope) -> str | Template | None:
    """The text that is all a function returns, where it has templates or fits a line. Raises ``Refused``."""
    body = _body(task, scope)
    value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    text = value.value if isinstance(value, ast.Constant) else None
    if not isinstance(text, str) or not text.strip():
        return None
    if not templates.has_template(text):
        return text if "\n" not in text else None
    refs = templates.refs(text)
    if refs is None:
        raise Refused("the command that it returns isn't a valid template")
    return Template(text, refs)


def _body(task: Task, scope: Scope) -> list[ast.stmt]:
    """The statements of a function, without its docstring."""
    tree = ast.parse(textwrap.dedent(scope.segment(task)))
    definition = tree.body[0] if tree.body else None
    if not isinstance(definition, ast.FunctionDef):
        return []
    return definition.body[1:] if ast.get_docstring(definition) is not None else definition.body


def _is_rendered_again(task: Task, scope: Scope) -> bool:
    """Whether a part of a function's text is a template."""
    nodes = [node for statement in _body(task, scope) for node in ast.walk(statement)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return any(map(templates.has_template, texts))
