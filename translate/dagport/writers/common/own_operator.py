"""An operator of the project's own: its ``execute`` becomes the function of the task.

So it is for a class in the same file that only derives from ``BaseOperator``, keeps arguments as attributes of the same
or another name, and has no method but ``execute``. What such an attribute holds is an argument of the function; Airflow
renders those of ``template_fields``, and hands over other tasks' results in these alone (``Templater``).
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dagport.graph import CallableRef, Task
from dagport.rewrite.context import AIRFLOW_PACKAGES, CONTEXT_KEYS
from dagport.rewrite.module import Module
from dagport.source import Source, parsed
from dagport.values import Template, Value, XCom
from dagport.writers.common import python
from dagport.writers.common.functions import facts_of
from dagport.writers.common.inputs import ITEM, Inputs
from dagport.writers.common.literals import NotExpressible, literal
from dagport.writers.common.model import Function, Inspection, Refused
from dagport.writers.common.scope import Scope

BASE = "BaseOperator"
BASE_ARGUMENTS = frozenset(
    {
        "allow_nested_operators", "dag", "default_args", "depends_on_past", "do_xcom_push", "doc", "doc_json", "doc_md",
        "doc_rst", "doc_yaml", "email", "email_on_failure", "email_on_retry", "end_date", "execution_timeout",
        "executor", "executor_config", "ignore_first_depends_on_past", "inlets", "logger_name", "map_index_template",
        "max_active_tis_per_dag", "max_active_tis_per_dagrun", "max_retry_delay", "multiple_outputs",
        "on_execute_callback", "on_failure_callback", "on_retry_callback", "on_skipped_callback",
        "on_success_callback", "outlets", "owner", "params", "pool", "pool_slots", "post_execute", "pre_execute",
        "priority_weight", "queue", "render_template_as_native_obj", "resources", "retries", "retry_delay",
        "retry_exponential_backoff", "retry_policy", "run_as_user", "sla", "start_date", "task_concurrency",
        "task_display_name", "task_group", "task_id", "trigger_rule", "wait_for_downstream",
        "wait_for_past_depends_before_skipping", "weight_rule",
    }
)  # fmt: skip
"""Arguments of every operator (``BaseOperator.__init__`` of Airflow 2.11 and 3.3)."""
BASE_ATTRIBUTES = frozenset(
    """
    HIDE_ATTRS_FROM_UI add_inlets add_outlets as_setup as_teardown clear dag_id defer deps
    deserialization_allowed_class_fields downstream_list downstream_task_ids dry_run execute expand_mapped_task
    expand_start_from_trigger expand_start_trigger_args extra_links get_closest_mapped_task_group get_dag
    get_direct_relative_ids get_direct_relatives get_extra_links get_flat_relative_ids get_flat_relatives
    get_inlet_defs get_mapped_ti_count get_needs_expansion get_outlet_defs get_parse_time_mapped_ti_count
    get_serialized_fields get_task_instances get_template_env get_upstreams_follow_setups
    get_upstreams_only_setups get_upstreams_only_setups_and_teardowns global_operator_extra_link_dict has_dag
    has_on_execute_callback has_on_failure_callback has_on_retry_callback has_on_skipped_callback
    has_on_success_callback has_retry_policy inherits_from_empty_operator inherits_from_skipmixin is_async
    is_mapped is_setup is_teardown iter_mapped_dependants iter_mapped_task_groups label leaves log logger node_id
    on_failure_fail_dagrun on_kill operator_class operator_extra_link_dict operator_extra_links operator_name
    output overwrite_rtif_after_execution partial prepare_for_execution prepare_template priority_weight_total
    render_template render_template_fields resolve_template_files resume_execution returns_dag_result roots run
    serialize_for_task_group set_downstream set_upstream set_xcomargs_dependencies shallow_copy_attrs
    start_from_trigger start_trigger_args subdag supports_lineage task_type template_ext template_fields_renderers
    ui_color ui_fgcolor unmap update_relative upstream_list upstream_task_ids xcom_pull xcom_push
    """.split()  # noqa: SIM905 - as wide as the file
)
"""What every operator has beside its arguments (an instance of ``BaseOperator``, 2.11 and 3.3)."""
CLASS_SETTINGS = frozenset({"template_fields", "template_fields_renderers", "ui_color", "ui_fgcolor"})


class _Others(frozenset[str]):
    """All arguments but those of every operator, which the class says, and those of the latter that it has."""

    def __contains__(self, name: object) -> bool:
        return name not in BASE_ARGUMENTS or super().__contains__(name)

    def __or__(self, other: frozenset[str]) -> _Others:  # type: ignore[override]
        return _Others(super().__or__(other))


ARGUMENTS: frozenset[str] = _Others()


def is_own(operator: str) -> bool:
    """Whether the name of an operator is that of a class outside of Airflow and its providers."""
    root, _, rest = operator.partition(".")
    return bool(rest) and root not in AIRFLOW_PACKAGES and not root.startswith("airflow_")


def inspect(task: Task, scope: Scope) -> Inspection:
    """What ``execute`` uses and hands over. Raises ``Refused``."""
    if task.arguments.get("multiple_outputs"):
        raise Refused("it has multiple_outputs")
    return python.inspect(*_as_function(task, scope))


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that ``execute`` becomes. Raises ``Refused``."""
    return python.write(*_as_function(task, scope))


def raises(task: Task, scope: Scope) -> frozenset[str]:
    """Airflow's exceptions that ``execute`` raises, whatever the task's arguments; none where there is no form."""
    try:
        found = _class(task.operator, scope.source)
        called, extended = _as_function(replace(task, arguments=dict.fromkeys(found.parameters)), scope)
        return facts_of(called, extended).raises
    except Refused:
        return frozenset()


@dataclass(frozen=True, slots=True)
class _Class:
    """What is needed of a class."""

    parameters: Mapping[str, ast.expr | None]  # of ``__init__`` -> the default
    attributes: Mapping[str, str]  # attribute -> the parameter that it holds
    rendered: frozenset[str]  # attributes
    execute: ast.FunctionDef


def _as_function(task: Task, scope: Scope) -> tuple[Task, Scope]:
    """The task as one that runs a function, in a source that has this function at its end. Raises ``Refused``."""
    name = task.operator.rpartition(".")[2]
    try:
        found = _class(task.operator, scope.source)
        used, text = _function(found, scope.source)
    except Refused as refused:
        raise Refused(f"its class `{name}` has no exact form: {refused}") from None
    values = {attribute: _value(attribute, found, task) for attribute in sorted(used)}
    head = f"def execute({', '.join([*values, '**context'])}):"
    lines = scope.source.text.rstrip("\n").split("\n")
    source = Source(scope.source.path, "\n".join([*lines, "", "", head, text, ""]))
    last = text.split("\n")[-1]
    span = (len(lines) + 3, 1, len(lines) + 3 + text.count("\n") + 1, len(last) + 1)
    arguments: dict[str, Value] = {key: value for key, value in task.arguments.items() if key in BASE_ARGUMENTS}
    called = replace(
        task, callable=CallableRef(name="execute", module=None, span=span), arguments={**arguments, "op_kwargs": values}
    )
    return called, replace(scope, source=source, module=Module(source))


def _class(operator: str, source: Source) -> _Class:
    tree, name = parsed(source.text), operator.rpartition(".")[2]
    stem = source.path.rpartition("/")[2].removesuffix(".py")
    found = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    if len(found) != 1 or operator.rpartition(".")[0].rpartition(".")[2] != stem:
        raise Refused("it isn't defined in this file")
    node = found[0]
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    if len(node.bases) != 1 or bases != [_base(tree)] or node.keywords or node.decorator_list:
        raise Refused("it has another base than BaseOperator, a metaclass or a decorator")
    methods = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
    settings = dict(_settings([item for item in node.body if not isinstance(item, ast.FunctionDef)]))
    if set(methods) - {"__init__", "execute"} or "execute" not in methods:
        raise Refused("it has other methods than execute")
    parameters, attributes = _constructor(methods.get("__init__"))
    return _Class(parameters, attributes, frozenset(settings.get("template_fields", ())), methods["execute"])


def _base(tree: ast.Module) -> str | None:
    """The name by which the file has Airflow's ``BaseOperator``."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "airflow":
            for alias in node.names:
                if alias.name == BASE:
                    return alias.asname or alias.name
    return None


def _settings(body: list[ast.stmt]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for item in body:
        if isinstance(item, ast.Pass) or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)):
            continue
        target = item.targets[0] if isinstance(item, ast.Assign) and len(item.targets) == 1 else None
        target = item.target if isinstance(item, ast.AnnAssign) else target
        value = item.value if isinstance(item, ast.Assign | ast.AnnAssign) else None
        if not isinstance(target, ast.Name) or target.id not in CLASS_SETTINGS or value is None:
            raise Refused(f"its body has more than methods (line {item.lineno})")
        try:
            known = ast.literal_eval(value)
        except ValueError:
            raise Refused(f"its {target.id} aren't known") from None
        yield target.id, tuple(known) if isinstance(known, list | tuple) else ()


def _constructor(node: ast.FunctionDef | None) -> tuple[dict[str, ast.expr | None], dict[str, str]]:
    if node is None:
        return {}, {}
    given = node.args
    if given.posonlyargs or given.vararg or node.decorator_list or not given.args or given.args[0].arg != "self":
        raise Refused("its __init__ has other parameters than named ones")
    named = given.args[1:]
    defaults: list[ast.expr | None] = [None] * (len(named) - len(given.defaults)) + list(given.defaults)
    parameters = dict(zip([item.arg for item in named], defaults, strict=True))
    parameters |= dict(zip([item.arg for item in given.kwonlyargs], given.kw_defaults, strict=True))
    attributes: dict[str, str] = {}
    for statement in node.body:
        kept = _kept(statement)
        if kept is None:
            if not _is_plain(statement):
                raise Refused(f"its __init__ does more than keep its arguments (line {statement.lineno})")
        elif kept[0] in BASE_ARGUMENTS | BASE_ATTRIBUTES:
            raise Refused(f"its __init__ sets `{kept[0]}`, which every operator has")
        elif kept[1] not in parameters or kept[0] in attributes:
            raise Refused(f"its __init__ does more than keep its arguments (line {statement.lineno})")
        else:
            attributes[kept[0]] = kept[1]
    return parameters, attributes


def _kept(node: ast.stmt) -> tuple[str, str] | None:
    """``self.table = table``: the attribute and the parameter."""
    target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
    target = node.target if isinstance(node, ast.AnnAssign) else target
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name) or target.value.id != "self":
        return None
    return (target.attr, value.id) if isinstance(value, ast.Name) else None


def _is_plain(node: ast.stmt) -> bool:
    """A docstring, or the call of the base's ``__init__``, whose arguments the graph knows."""
    if not isinstance(node, ast.Expr):
        return False
    return isinstance(node.value, ast.Constant) or ast.unparse(node.value).startswith("super().__init__(")


def _function(found: _Class, source: Source) -> tuple[set[str], str]:
    """The attributes that ``execute`` uses, and its body with names in their place, indented once."""
    node = found.execute
    names = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
    if (
        names != ["self", "context"]
        or node.args.vararg
        or node.args.kwarg
        or node.args.kwonlyargs
        or node.decorator_list
    ):
        raise Refused("its execute takes other arguments than the context")
    taken = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    taken |= {item.arg for item in ast.walk(node) if isinstance(item, ast.arg)}
    used, edits = set(), []
    for item in ast.walk(node):
        if isinstance(item, ast.Attribute) and isinstance(item.value, ast.Name) and item.value.id == "self":
            if not isinstance(item.ctx, ast.Load) or item.attr not in found.attributes:
                raise Refused(f"its execute uses `self.{item.attr}` (line {item.lineno})")
            if item.attr in taken or item.attr in CONTEXT_KEYS:
                raise Refused(f"its execute uses the name `{item.attr}` for something else")
            used.add(item.attr)
            edits.append((item.lineno, item.value.col_offset, item.end_col_offset or 0, item.attr, item.end_lineno))
    if sum(isinstance(item, ast.Name) and item.id == "self" for item in ast.walk(node)) != len(edits):
        raise Refused("its execute uses `self` as a whole")
    return used, _body(node, edits, source)


def _body(node: ast.FunctionDef, edits: list[tuple[int, int, int, str, int | None]], source: Source) -> str:
    first, last = node.body[0], node.body[-1].end_lineno or node.body[-1].lineno
    if first.lineno == node.lineno:
        raise Refused("its execute is on one line")
    lines = [line.encode() for line in source.text.split("\n")]
    for line, start, end, name, end_line in sorted(edits, reverse=True):
        if line != end_line:
            raise Refused("its execute has an attribute over several lines")
        before = lines[line - 1]
        lines[line - 1] = before[:start] + name.encode() + before[end:]
    begin = node.body[0].lineno - 1
    while (
        begin > node.lineno
        and not lines[begin - 1].strip().endswith(b":")
        and lines[begin - 1].strip().startswith(b"#")
    ):
        begin -= 1
    text = textwrap.dedent("\n".join(line.decode() for line in lines[begin:last]))
    return textwrap.indent(text, "    ")


def _value(attribute: str, found: _Class, task: Task) -> Value:
    """What an attribute holds when the task runs. Raises ``Refused``."""
    parameter = found.attributes[attribute]
    if parameter not in task.arguments:
        default = found.parameters[parameter]
        if not isinstance(default, ast.Constant):
            raise Refused(f"the default of its parameter `{parameter}` isn't plain")
        value: Value = default.value if isinstance(default.value, str | int | float | bool | None) else None
        return value
    value = task.arguments[parameter]
    if attribute in found.rendered or _is_plain_value(value):
        return value
    if isinstance(value, Template):
        raise Refused(f"its `{attribute}` is a text with a template that Airflow doesn't render")
    if isinstance(value, XCom) and value.task_id != ITEM:
        raise Refused(f"its `{attribute}` is another task's result that Airflow doesn't hand over")
    return value


def _is_plain_value(value: Value) -> bool:
    try:
        literal(value)
    except NotExpressible:
        return False
    return True
