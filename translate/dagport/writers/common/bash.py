"""BashOperator: a function that runs the command by a helper with the operator's rules.

Source: ``BashOperator.execute`` and ``SubprocessHook.run_command`` of the standard provider 1.21. The exit code that
skips came with Airflow 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dagport.graph import Task
from dagport.values import Call, Template, Value, XCom
from dagport.writers.common.dates import dates_of
from dagport.writers.common.imported import imported
from dagport.writers.common.inputs import ITEM, Inputs
from dagport.writers.common.model import NOTHING, VALUE, Function, Inspection, Refused, Result
from dagport.writers.common.scope import Scope

OPERATORS = frozenset(
    {
        "airflow.operators.bash_operator.BashOperator",
        "airflow.operators.bash.BashOperator",
        "airflow.providers.standard.operators.bash.BashOperator",
    }
)
ARGUMENTS = frozenset(
    {
        "bash_command",
        "env",
        "append_env",
        "output_encoding",
        "skip_on_exit_code",
        "skip_exit_code",
        "cwd",
        "output_processor",
        "multiple_outputs",
    }
)
SCRIPT_ENDINGS = (".sh", ".bash")
CONTEXT_VARIABLES = "AIRFLOW_CTX_"
HOME = "AIRFLOW_HOME"
DEFAULT_SKIP = 99


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the command needs and hands over. Raises ``Refused``."""
    arguments = task.arguments
    command = arguments.get("bash_command")
    if isinstance(command, XCom) and command.task_id == ITEM:
        _check_items(scope.task(task.id))
        return inspect_options(task, scope)
    if not isinstance(command, str | Template):
        raise Refused("its bash_command isn't known")
    text = command if isinstance(command, str) else command.text
    if text.endswith(SCRIPT_ENDINGS):
        raise Refused(f"its bash_command names the template file {text!r}, which dagport doesn't read")
    if CONTEXT_VARIABLES in text:
        raise Refused(f"it reads variables that Airflow sets for a command ({CONTEXT_VARIABLES}...)")
    rest = inspect_options(task, scope)
    return replace(rest, context=rest.context | dates_of(references(command)))


def _check_items(task: Task) -> None:
    """Commands that a task is expanded over are run as they are, unless Airflow would take one for a file's name."""
    over = task.mapped.over.get("bash_command") if task.mapped is not None else None
    texts = over if isinstance(over, Sequence) and not isinstance(over, str) else ()
    if any(isinstance(text, str) and text.endswith(SCRIPT_ENDINGS) for text in texts):
        raise Refused("one of its commands names a template file, which dagport doesn't read")


def inspect_options(task: Task, scope: Scope) -> Inspection:
    """What a task needs and hands over that runs some command. Raises ``Refused``."""
    arguments = task.arguments
    if CONTEXT_VARIABLES in repr(arguments.get("env")):
        raise Refused(f"it reads variables that Airflow sets for a command ({CONTEXT_VARIABLES}...)")
    hands_over = arguments.get("do_xcom_push", True) is not False and arguments.get("xcom_push", True) is not False
    stored = Result(kind="outputs") if arguments.get("multiple_outputs") is True else VALUE
    return Inspection(
        result=stored if hands_over else NOTHING,
        context=dates_of(references(arguments.get("cwd")) | references(arguments.get("env"))),
        skips=bool(_skips(task, scope)),
    )


def references(value: Value) -> frozenset[str]:
    """What the templates inside a value refer to."""
    if isinstance(value, Template):
        return frozenset(value.refs)
    if isinstance(value, Mapping):
        return frozenset().union(*map(references, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return frozenset().union(*map(references, value))
    return frozenset()


def _skips(task: Task, scope: Scope) -> tuple[int, ...]:
    """The exit codes that skip the task. Raises ``Refused``."""
    name = "skip_exit_code" if "skip_exit_code" in task.arguments else "skip_on_exit_code"
    default = None if scope.pipeline.engine_version == "1.10" else DEFAULT_SKIP
    value = task.arguments.get(name, default)
    if isinstance(value, Call) and value.name == "tuple" and value.args:
        value = value.args[0]
    codes = value if isinstance(value, Sequence) and not isinstance(value, str) else [] if value is None else [value]
    if not all(isinstance(code, int) for code in codes):
        raise Refused(f"its {name} isn't known")
    return tuple(int(code) for code in codes)  # type: ignore[arg-type]


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that runs the command. Raises ``Refused``."""
    command = task.arguments["bash_command"]
    assert isinstance(command, str | Template | XCom)  # noqa: S101 - inspect has refused it otherwise
    return write_command(task, scope, command)


def write_command(task: Task, scope: Scope, command: str | Template | XCom) -> tuple[Inputs, Function]:
    """The function that runs a known command. Raises ``Refused``."""
    inputs = scope.inputs(task, {"run_bash", "os"})
    note_home(command.text if isinstance(command, Template) else str(command), inputs)
    statement = inputs.command([inputs.value(command), *options(task, scope, inputs)])
    head = f"def {scope.names[task.id].function}({', '.join(inputs.signature())}):"
    return inputs, Function(text=f"{head}\n    {statement}")


def note_home(text: str, inputs: Inputs) -> None:
    """Tell where a command uses the one variable that every process of Airflow has."""
    if HOME in text:
        inputs.notes["DP403", f"the environment variable {HOME} is Airflow's: set it where the command runs"] = None


def options(task: Task, scope: Scope, inputs: Inputs) -> list[str]:
    """The further arguments of ``run_bash``. Raises ``Refused``."""
    given, found = task.arguments, []
    env = given.get("env")
    if env is not None:
        found.append(f"env={_environment(inputs.value(env), inputs, append=given.get('append_env') is True)}")
    if given.get("cwd") is not None:
        found.append(f"cwd={inputs.value(given['cwd'])}")
    if given.get("output_encoding", "utf-8") != "utf-8":
        found.append(f"encoding={inputs.value(given['output_encoding'])}")
    skips = _skips(task, scope)
    if skips != (DEFAULT_SKIP,):
        found.append(f"skip_on=({', '.join(map(str, skips))}{',' if len(skips) == 1 else ''})")
    if given.get("output_processor") is not None:
        found.append(f"process={imported(given['output_processor'], inputs)}")
    if given.get("multiple_outputs") is True:
        found.append("multiple_outputs=True")
    if scope.results[task.id].kind == "nothing":
        found.append("keep_output=False")
    return found


def _environment(env: str, inputs: Inputs, *, append: bool) -> str:
    if not append:
        return env
    inputs.imports["import os"] = None
    return f"{{**os.environ, {env[1:]}" if env.startswith("{") and env != "{}" else f"{{**os.environ, **{env}}}"
