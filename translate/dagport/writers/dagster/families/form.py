"""The form of a task whose operator is in a family's table."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from string import Template as Pattern

from dagport.graph import Task
from dagport.passes import templates
from dagport.values import Call, Code, Ref, Template, Value, XCom, is_known
from dagport.writers.common.bash import references
from dagport.writers.common.code import bound_names
from dagport.writers.common.dates import DATE_ENTRIES
from dagport.writers.common.delegation import is_opaque
from dagport.writers.common.inputs import RETURN_KEY
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import NOTHING, Function, Inspection, Refused
from dagport.writers.common.supporting import SUPPORT
from dagport.writers.dagster.families.models import plain
from dagport.writers.dagster.families.places import joined, nested
from dagport.writers.dagster.families.table import (
    MISSING,
    TASK_ID,
    Carried,
    Differs,
    Limited,
    Operator,
    Read,
    Rule,
    Text,
)
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.scope import Scope

UNKNOWN_KIND = "the kind of the connection {} isn't known; its statements run by SQLAlchemy's driver"


class FamilyForm:
    """What ``forms.Form`` asks for, from a table."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.ARGUMENTS = frozenset(operator.rules)

    def inspect(self, task: Task, scope: Scope) -> Inspection:
        """What the task needs and hands over. Raises ``Refused``."""
        operator = self.operator
        self._check(task, scope)
        silent = operator.pushes and task.arguments.get("do_xcom_push", True) is False
        refs = frozenset(operator.entries.values()).union(
            *(mentions(_value(task, name, rule)) for name, rule in operator.rules.items())
        )
        return Inspection(
            result=NOTHING if silent else operator.result,
            context=refs & DATE_ENTRIES,
            skips=operator.skips,
            generated=_imported(operator, task),
        )

    def write(self, task: Task, scope: Scope) -> tuple[Inputs, Function]:
        """The function of its asset. Raises ``Refused``."""
        operator, package = self.operator, scope.project.package
        inputs = scope.inputs(task, _names(operator, task))
        inputs.needs_context = operator.context
        places = nested(joined(self._places(task, inputs)))
        places.update((place, inputs.context(entry)) for place, entry in operator.entries.items())
        places.update(self._clients(task, inputs))
        body = _body(operator, task)
        inputs.imports.update(dict.fromkeys(line.format(package=package) for line in _used(operator.imports, body)))
        inputs.support.update(dict.fromkeys(item for item in operator.support if item not in SUPPORT or item in body))
        differences = [*operator.approximations, *self._differences(task), *self._unkept(task, scope)]
        inputs.approximations.update(dict.fromkeys(differences))
        name = scope.names[task.id]
        words = {"name": text_literal(name.key[1]), "key": _key(name.key)}
        head = f"def {name.function}({', '.join(inputs.signature())}):"
        return inputs, Function(
            text=_function(head, body, places),
            decorator={key: Pattern(value).substitute(words) for key, value in operator.decorator.items()},
            in_op=_function(head, operator.in_op(body), places) if operator.in_op else "",
            not_in_op=frozenset(item.format(package=package) for item in operator.not_in_op),
        )

    def _check(self, task: Task, scope: Scope) -> None:
        operator = self.operator
        for name in operator.required:
            if task.arguments.get(name) is None:
                raise Refused(f"its argument `{name}` isn't given, and Airflow fails")
        for name, rule in operator.rules.items():
            _check(name, rule, task, operator)
        self._connection(task)
        if operator.check is not None:
            operator.check(task, scope)
        keys = _read_keys(task, scope)
        if operator.unread and keys:
            raise Refused(operator.unread)
        if operator.result.kind == "value" and keys - {RETURN_KEY}:
            raise Refused(f"another task reads {min(keys - {RETURN_KEY})!r} of what it pushes")

    def _clients(self, task: Task, inputs: Inputs) -> Iterator[tuple[str, str]]:
        """The resources, by the places that the body has for them."""
        operator, conn_id = self.operator, self._connection(task)
        if operator.client is not None:
            yield "client", inputs.client(conn_id, operator.client)
        for place, client in operator.clients.items():
            yield place, inputs.client(None, client)
        if operator.database and conn_id is not None:
            inputs.approximations[UNKNOWN_KIND.format(repr(conn_id))] = None
            yield "client", inputs.connection(conn_id)

    def _unkept(self, task: Task, scope: Scope) -> Iterator[str]:
        """What is lost for tasks that may read what this one pushes, as far as anybody knows."""
        dependencies = scope.dependencies
        after = [item for item in dependencies.order if task.id in dependencies.ancestors(item)]
        readers = [item for item in after if is_opaque(scope.task(item), scope)]
        if self.operator.unread and readers:
            yield f"{readers[0]!r} may read what it pushes in Airflow, and that isn't kept"

    def _connection(self, task: Task) -> str | None:
        argument, default = self.operator.connection
        if not argument:
            return default
        value = task.arguments.get(argument, default)
        if isinstance(value, str) or (value is None and default is not None):
            return value or default
        raise Refused("its connection isn't known")  # a database's has no default

    def _places(self, task: Task, inputs: Inputs) -> Iterator[tuple[str, str]]:
        taken: set[str] = set()
        for name, rule in self.operator.rules.items():
            if not isinstance(rule, Carried):
                continue
            value = _value(task, name, rule)
            is_free = rule.convert is not None or rule.to not in taken  # else another argument has said it
            if value is None and rule.absent is not MISSING and is_free:
                value = task.id if rule.absent is TASK_ID else rule.absent  # type: ignore[assignment]
            if value is not None:
                inputs.imports.update(dict.fromkeys(rule.imports))
                for place, text in _placed(rule, value, inputs.value if rule.rendered else plain):
                    taken.add(place)
                    yield place, text

    def _differences(self, task: Task) -> Iterator[str]:
        for name, rule in self.operator.rules.items():
            if isinstance(rule, Carried) and rule.unset and task.arguments.get(name) is None:
                yield f"`{name}` isn't given: {rule.unset}"
            if isinstance(rule, Differs):
                value = task.arguments.get(name, rule.absent)
                if value is not MISSING and value is not None and value not in rule.same:
                    yield f"`{name}`: {rule.why.format(value)}"


def _placed(rule: Carried, value: Value, text: Text) -> Iterator[tuple[str, str]]:
    if not rule.spread:
        yield rule.to, rule.convert(value, text) if rule.convert else text(value)
        return
    if not isinstance(value, Mapping) or any("." in key for key in value):
        raise Refused("the entries of its request aren't known")
    for key, item in value.items():
        place = f"{rule.to}.{key}" if rule.to else key
        yield place, rule.convert(item, text) if rule.convert else text(item)


def _check(name: str, rule: Rule, task: Task, operator: Operator) -> None:
    value = task.arguments.get(name)
    if value is None:
        return
    if isinstance(rule, Limited) and (not is_known(value) or value not in rule.to):
        raise Refused(f"it has the argument `{name}`: {rule.why}")
    if isinstance(rule, Read) and not isinstance(value, rule.kind):
        raise Refused(f"its argument `{name}` isn't known")
    if isinstance(rule, Carried) and rule.rendered:
        for text in _texts(value):
            if operator.files and text.endswith(operator.files):
                raise Refused(f"its {name} names the template file {text!r}, which dagport doesn't read")


def _texts(value: Value) -> Iterator[str]:
    """The texts that may be names of files: the argument itself and the items of a list."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    for item in items:
        if isinstance(item, str):
            yield item
        elif isinstance(item, Template):
            yield item.text


def _value(task: Task, name: str, rule: Rule) -> Value:
    """An argument's value; the texts of what becomes part of a template are templates."""
    value = task.arguments.get(name)
    return _revealed(value) if isinstance(rule, Carried) and rule.hidden else value


def _revealed(value: Value) -> Value:
    if isinstance(value, str) and templates.has_template(value):
        refs = templates.refs(value)
        return Code(value, "it isn't valid Jinja") if refs is None else Template(value, refs)
    if isinstance(value, Mapping):
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_revealed(item) for item in value]
    return value


def mentions(value: Value) -> frozenset[str]:
    """What the templates inside a value refer to, those in objects included."""
    if isinstance(value, Call):
        return frozenset().union(*map(mentions, [*value.args, *value.kwargs.values()]))
    if isinstance(value, Mapping):
        return frozenset().union(*map(mentions, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return frozenset().union(*map(mentions, value))
    return frozenset() if isinstance(value, XCom | Code | Ref) else references(value)


def _read_keys(task: Task, scope: Scope) -> frozenset[str]:
    """The keys of what the task pushes that others are known to read."""
    flows = {flow.key for flow in scope.pipeline.data_flows if flow.upstream == task.id}
    edges = {
        edge.key or RETURN_KEY for edge in scope.pipeline.edges if edge.upstream == task.id and edge.kind == "data"
    }
    return frozenset(flows | edges)


def _imported(operator: Operator, task: Task) -> frozenset[str]:
    """The names that the function takes from imports."""
    clients = [item for item in (operator.client, *operator.clients.values()) if item is not None]
    of_rules = [
        line
        for name, rule in operator.rules.items()
        if isinstance(rule, Carried) and task.arguments.get(name) is not None
        for line in rule.imports
    ]
    statements = [*operator.imports, *(client.imported for client in clients), *of_rules]
    names = bound_names(line.format(package="package") for line in statements)
    return frozenset(names | {name for name in operator.support if name in SUPPORT})


def _body(operator: Operator, task: Task) -> str:
    return operator.body if isinstance(operator.body, str) else operator.body(task)


def _used(imports: Sequence[str], body: str) -> Iterator[str]:
    """The statements that import what the body names: what it has depends on the task."""
    for line in imports:
        if any(name in body for name in bound_names([line.format(package="package")])):
            yield line


def _names(operator: Operator, task: Task) -> frozenset[str]:
    """The names that the body binds or takes from imports, which no parameter may have."""
    pattern = Pattern(_body(operator, task))
    stand_ins = {**dict.fromkeys(pattern.get_identifiers(), "_"), "arguments": "**_"}
    tree = ast.parse(pattern.substitute(stand_ins))
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - {"_"}


def _function(head: str, body: str, places: Mapping[str, str]) -> str:
    pattern = Pattern(body)
    named = set(pattern.get_identifiers())
    items = {f"{name}_items": text[1:-1] for name, text in places.items() if text.startswith("[")}
    apart = {*(name.removesuffix("_items") for name in named), "client"}
    rest = ", ".join(f"{name}={text}" for name, text in places.items() if name not in apart and name[0] != "_")
    text = pattern.substitute({**items, **places, "arguments": rest})
    return f"{head}\n{textwrap.indent(text, '    ')}"


def _key(key: tuple[str, str]) -> str:
    return f"dg.AssetKey([{', '.join(map(text_literal, key))}])"
