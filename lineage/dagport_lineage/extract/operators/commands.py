"""Commands of a shell: here, on another machine, or in a container.

What a program reads and writes, the command doesn't say. A few touch no data, whatever they are given.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from dagport.graph import Task
from dagport.values import Template
from dagport_lineage.extract.arguments import Rule, gap, is_template_field, rendered, union
from dagport_lineage.extract.callables import called
from dagport_lineage.extract.operators.programs import unknown
from dagport_lineage.model import Found, Gap, Unresolved
from dagport_lineage.scope import Scope

HOME = "airflow.providers"

DATALESS = frozenset(
    [":", "[", "date", "echo", "exit", "export", "false", "hostname", "id", "printf", "pwd", "set", "sleep", "test",
     "true", "uname", "unset", "wait", "whoami"]
)  # fmt: skip
"""Commands that print, wait or decide. With a redirection, a pipe or a substitution they may do more."""
SEPARATORS = frozenset([";", "&&", "||", ";;", "\n"])
ONE_COMMAND = re.compile(r"[A-Za-z0-9_./~= -]*")  # no quotes and nothing else that a lexer is needed for
WORD = "0"  # what stands for an expression of a template: text that is there when the shell reads it
EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
SUBSTITUTION = re.compile(r"\$\(|`|\$\{[^}]*[@(]|<\(|>\(")
SCRIPT = re.compile(r"[\w./-]+\.(?:py|sh|bash|sql|hql|jar|R|js|rb|pl)")
SUBCOMMAND = re.compile(r"[a-z][a-z-]*")
WITH_SUBCOMMANDS = frozenset(["airflow", "aws", "az", "bq", "dbt", "docker", "gcloud", "gsutil", "kubectl", "make"])
PROGRAM = re.compile(r"[A-Za-z_./][\w./+-]*")
UNNAMED = DATALESS | {"cd", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "then", "until", "while"}
MOST_NAMED = 3


def command(name: str) -> Rule:
    """A rule for an operator that runs a command, given by an argument."""

    def rule(task: Task, scope: Scope) -> Found:
        value = task.arguments.get(name)
        written = value.text if isinstance(value, Template) and is_template_field(task, name) else value
        if not isinstance(written, str):
            problem = (
                rendered(value, task, scope, name) if value is not None else Unresolved("opaque", "no command is set")
            )
            return Found(gaps=(gap("both", problem, scope.place(task)),) if isinstance(problem, Unresolved) else ())
        return run(written, task, scope)

    return rule


def run(text: str, task: Task, scope: Scope) -> Found:
    """What the text of a command does: nothing where that is sure, else a gap that names its programs."""
    commands = simple_commands(text)
    if commands is not None and all(words[0] in DATALESS for words in commands):
        return Found()
    shown = programs(text)
    return unknown(task, scope, f"the command {shown}" if shown else "the command")


def simple_commands(text: str) -> list[Sequence[str]] | None:
    """The words of each command of a list; ``None`` where there is more than a list, such as a pipe or a redirection.

    Jinja's statements are left out, so all branches count; an expression counts as a word of its own text.
    """
    plain = _plain(text)
    if SUBSTITUTION.search(plain):
        return None
    if ONE_COMMAND.fullmatch(plain):
        only = _without_assignments(plain.split())
        return [only] if only else []
    lexer = shlex.shlex(plain.replace("\\\n", " "), posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    found: list[Sequence[str]] = []
    words: list[str] = []
    try:
        for token in lexer:
            if not set(token) <= set("();<>|&\n"):
                words.append(token)
            elif token.strip("\n") in ("", *SEPARATORS):
                found += [words] if words else []
                words = []
            else:
                return None
    except ValueError:  # a quote that isn't closed
        return None
    return [stripped for words in (*found, words) if (stripped := _without_assignments(words))]


def _plain(text: str) -> str:
    return COMMENT.sub("", EXPRESSION.sub(WORD, STATEMENT.sub("\n", text)))


def _without_assignments(words: Sequence[str]) -> Sequence[str]:
    start = next((index for index, word in enumerate(words) if not ASSIGNMENT.match(word)), len(words))
    return words[start:]


def programs(text: str) -> str:
    """The programs that a command starts, for a message: their names, and what they are told to run; no other argument,
    because that may be a secret.
    """
    found = list(dict.fromkeys(_programs(text)))
    more = ", ..." if len(found) > MOST_NAMED else ""
    return ", ".join(f"`{name}`" for name in found[:MOST_NAMED]) + more


def _programs(text: str) -> Iterator[str]:
    for part in re.split(r"[\n;|&()]+", _plain(text)):
        words = _without_assignments(part.split())
        if not words or not PROGRAM.fullmatch(words[0]) or words[0] in UNNAMED:
            continue
        name, *rest = words
        script = next((word for word in rest if SCRIPT.fullmatch(word)), None)
        told = rest[0] if name in WITH_SUBCOMMANDS and rest and SUBCOMMAND.fullmatch(rest[0]) else script
        yield f"{name} {told}" if told else name


def returned(what: str) -> Rule:
    """A rule for a decorator whose function runs here and returns a command that then runs."""

    def rule(task: Task, scope: Scope) -> Found:
        message = f"{what} that the function returns is known in a run only"
        after = Gap(side="both", reason="runtime", message=message, place=scope.place(task))
        return union((called(task, scope), Found(gaps=(after,))))

    return rule


def contained(task: Task, scope: Scope) -> Found:
    """A decorator whose function runs in a container: the files and the network that it sees are the container's."""
    name = task.callable.name if task.callable else task.operator
    return unknown(task, scope, f"the function `{name}` in its container")


def elsewhere(task: Task, scope: Scope) -> Found:
    """A decorator that only stands for a task, which is written in another language."""
    name = task.callable.name if task.callable else task.operator
    return unknown(task, scope, f"the program behind the stub `{name}`")


DECORATORS = ("airflow.sdk.task", "airflow.decorators.task", "airflow.providers.common.compat.sdk.task")

FAMILY = {
    f"{HOME}.standard.operators.bash.BashOperator": command("bash_command"),
    f"{HOME}.standard.sensors.bash.BashSensor": command("bash_command"),
    f"{HOME}.ssh.operators.ssh.SSHOperator": command("command"),
    f"{HOME}.ssh.operators.ssh_remote_job.SSHRemoteJobOperator": command("command"),
    f"{HOME}.microsoft.winrm.operators.winrm.WinRMOperator": command("command"),
    **{f"{home}.bash": returned("the command") for home in DECORATORS},
    **{f"{home}.kubernetes_cmd": returned("the command") for home in DECORATORS},
    **{f"{home}.stub": elsewhere for home in DECORATORS},
    **{f"{home}.{name}": contained for home in DECORATORS for name in ("docker", "kubernetes")},
}
