"""The closed catalogue of what dagport can say about a source: code, severity, message, hint.

Codes never change meaning. A new kind of finding gets a new code here and nowhere else;
``dagport explain CODE`` prints the entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dagport.source import Span

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding, at one place."""

    code: str
    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    pipeline: str | None = None
    task: str | None = None
    hint: str | None = None

    @property
    def span(self) -> Span | None:
        """The place as a span, or ``None`` for a finding about a whole file."""
        if self.line is None or self.column is None:
            return None
        return (self.line, self.column, self.end_line or self.line, self.end_column or self.column)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a code means."""

    severity: Severity
    title: str  # what it is, in a few words
    why: str  # why it matters
    hint: str  # what to do


def diagnose(
    code: str,
    message: str,
    path: str | None = None,
    span: Span | None = None,
    *,
    pipeline: str | None = None,
    task: str | None = None,
) -> Diagnostic:
    """A diagnostic of the catalogue, with the severity and the hint of its code."""
    entry = CATALOGUE[code]
    line, column, end_line, end_column = span or (None, None, None, None)
    return Diagnostic(
        code=code,
        severity=entry.severity,
        message=message,
        path=path,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        pipeline=pipeline,
        task=task,
        hint=entry.hint or None,
    )


CATALOGUE: dict[str, Entry] = {
    # 1xx: the file can't be read
    "DP101": Entry(
        "error",
        "No such file or folder",
        "A path that doesn't exist is never taken for an empty project.",
        "Check the path; globs are expanded by dagport itself when quoted.",
    ),
    "DP102": Entry(
        "error",
        "The file can't be opened",
        "What can't be read can't be vouched for.",
        "Check the permissions, and that it is a regular file.",
    ),
    "DP103": Entry(
        "error",
        "The file isn't UTF-8 text",
        "Python reads source files as UTF-8 unless they declare another encoding.",
        "Save it as UTF-8, or declare its encoding in the first line.",
    ),
    "DP104": Entry(
        "error",
        "Syntax error",
        "The engine couldn't import this file either.",
        "Mend the syntax at the place shown.",
    ),
    "DP105": Entry(
        "error",
        "The syntax needs a newer Python",
        "dagport parses with the Python that runs it.",
        "Run dagport with a Python at least as new as the one your DAGs run on.",
    ),
    "DP106": Entry(
        "error",
        "A link or folder loops or leaves the project",
        "Nothing outside the project root is read.",
        "Name the real file, or set --root to a folder that holds it.",
    ),
    "DP107": Entry(
        "warning",
        "The file holds no pipeline",
        "A file that was named and yields nothing may be a mistake.",
        "Check that the file creates a DAG at import time.",
    ),
    "DP108": Entry(
        "error",
        "The graph file doesn't follow the contract",
        "A graph that is read back must be one that dagport could have written.",
        "Write it again with `dagport graph --format jsonl`, or see docs/graph.md.",
    ),
    "DP109": Entry(
        "error",
        "dagport failed on this file",
        "A bug of dagport: nothing is known about the file, so nothing is claimed about it.",
        "Please report it with the file, or the smallest part of it that still shows it.",
    ),
    "DP110": Entry(
        "warning",
        "Packaged pipelines aren't read",
        "Airflow loads the modules of a zip file in its DAGs folder; dagport doesn't: its pipelines are missing here.",
        "Unpack it, and name the folder.",
    ),
    "DP111": Entry(
        "error",
        "The file is empty",
        "An empty file that was named is more likely a mistake than a wish, such as a failed checkout.",
        "Check the path and the file; empty files inside a folder that is searched are passed over.",
    ),
    "DP112": Entry(
        "error",
        "The YAML file isn't a configuration of dag-factory",
        "Of YAML, only the files that dag-factory makes DAGs of are read.",
        "Check the path; a DAG is a mapping at the top level with `tasks`, each with an `operator` or a `decorator`.",
    ),
    "DP113": Entry(
        "warning",
        "A key comes twice",
        "YAML keeps the last one without a word, so a task or a setting is lost.",
        "Remove one of them, or give it another name.",
    ),
    "DP114": Entry(
        "info",
        "A YAML file that nothing was seen to load",
        "It has the shape of a configuration of dag-factory, but other programs have such files, too: it isn't read.",
        "If dag-factory loads it, name the file, or search the folder of the Python file that calls dag-factory, too.",
    ),
    # 2xx: the graph isn't certain
    "DP201": Entry(
        "warning",
        "A value could not be determined",
        "The graph depends on it, so the pipeline isn't exact.",
        "Make it a constant, or accept that the pipeline is not claimed exact.",
    ),
    "DP202": Entry(
        "warning",
        "A condition could not be decided",
        "Both ways were followed; the tasks and edges made there may not exist.",
        "Make the condition a constant, or move it into a task.",
    ),
    "DP203": Entry(
        "warning",
        "A loop over something unknown",
        "The number of passes decides how many tasks there are.",
        "Loop over a literal or a constant.",
    ),
    "DP204": Entry(
        "warning",
        "A call whose effect is unknown",
        "Code that dagport can't see was handed a DAG, a task or the current DAG context, and may have changed it.",
        "Nothing to do if it only reads; else define the helper where dagport can read it.",
    ),
    "DP205": Entry(
        "warning",
        "An operator whose class can't be read",
        "Its constructor may set other defaults than the ones written here.",
        "Nothing to do if it passes its arguments on unchanged.",
    ),
    "DP206": Entry(
        "warning",
        "A Python construct that the evaluator doesn't follow",
        "What it does to the graph isn't known.",
        "Please report the construct; the rest of the file was read.",
    ),
    "DP207": Entry(
        "warning",
        "A limit of the analysis was hit",
        "The analysis is bounded in steps, depth, size and time, so that a hostile file can't stop your CI.",
        "Split the file, or raise the limit in [tool.dagport].",
    ),
    "DP208": Entry(
        "warning",
        "The dependency could not be determined",
        "One end of it isn't known, so edges may be missing.",
        "Make the ends of the dependency visible in this file.",
    ),
    "DP209": Entry(
        "warning",
        "Two pipelines of this file share an id",
        "The engine keeps one of them, and which one isn't defined.",
        "Give each pipeline an id of its own.",
    ),
    "DP210": Entry(
        "info",
        "An unknown module may define pipelines",
        "A value made by code that dagport can't see is bound at the top level; if it is a DAG, it is missing here.",
        "Check the helper's module.",
    ),
    "DP211": Entry(
        "warning",
        "The value depends on the clock or on chance",
        "Each import builds another graph, so none can be claimed exact.",
        "Use a fixed date.",
    ),
    "DP212": Entry(
        "warning",
        "A pipeline that may not exist",
        "It is created only under a condition that can't be known from the file, so it isn't listed as a pipeline.",
        "Make the condition a constant, or create the pipeline in every case.",
    ),
    "DP213": Entry(
        "info",
        "An assumption about the deployment",
        "The file asks its deployment for something that isn't given, and has a default of its own: that was taken. "
        "The pipelines are exact for a deployment where the assumptions listed with them hold.",
        "Give the real values: --variables, --connections, --env-file; see docs/deployment.md.",
    ),
    "DP214": Entry(
        "warning",
        "An import that could mean two modules",
        "Which one is imported depends on the order of the folders that Python searches in the deployment.",
        "Name the folders in their order: source-roots in [tool.dagport].",
    ),
    "DP215": Entry(
        "info",
        "A module of a package, not a pipeline file",
        "Airflow imports a DAG file on its own, where relative imports fail; this one makes no pipeline.",
        "Nothing, unless it lies in the DAGs folder: there, list it in .airflowignore.",
    ),
    "DP216": Entry(
        "warning",
        "What dag-factory makes of the file isn't certain",
        "Its version, or the folder that it starts from, is known only in the deployment: the pipelines aren't exact.",
        "See the message; a newer dag-factory, or defaults beside the file itself, makes it certain.",
    ),
    "DP217": Entry(
        "info",
        "Pipelines come from YAML files",
        "dag-factory makes the DAGs; they are read from the YAML files, and not listed twice.",
        "Read the YAML files, too: name them, or the folder that they are in.",
    ),
    # 3xx: the engine would refuse the file
    "DP301": Entry(
        "error",
        "Importing this file raises an exception",
        "The engine would show an import error and load none of its pipelines.",
        "Mend the statement shown.",
    ),
    "DP303": Entry(
        "error",
        "The tasks form a cycle",
        "The engine refuses a pipeline with a cycle.",
        "Remove one of the edges named.",
    ),
    "DP305": Entry(
        "error",
        "Invalid argument",
        "The engine refuses the value or the argument.",
        "See the engine's documentation of the argument.",
    ),
    # 4xx: what a translation can't carry (writers)
    "DP401": Entry(
        "warning",
        "The task is refused: no exact form in the target",
        "A stub that succeeds would turn a failure green; the generated code raises an error when it is run.",
        "Write this task by hand, then delete the refusal.",
    ),
    "DP402": Entry(
        "warning",
        "The task is approximated",
        "The translated task can behave differently in the case that the message names.",
        "Check that the difference doesn't matter to you.",
    ),
    "DP403": Entry(
        "warning",
        "A setting has no place in the target's code",
        "It is not carried over; the message says what replaces it, if anything does.",
        "Set it where the message says.",
    ),
    "DP404": Entry(
        "info",
        "A name was changed",
        "The target doesn't allow the name, or two names became the same after cleaning.",
        "Nothing to do; the original name is kept in the metadata.",
    ),
    "DP405": Entry(
        "info",
        "A task was folded into its neighbours",
        "It only ordered other tasks; the order is kept by direct dependencies.",
        "Nothing to do.",
    ),
    "DP406": Entry(
        "error",
        "The pipeline wasn't translated",
        "Its graph isn't exact, and a translation of a guess could lose tasks.",
        "Mend the doubts listed for it, or ask for it with --allow-inexact and check the result.",
    ),
    "DP407": Entry(
        "warning",
        "The schedule has no exact form in the target",
        "The target can't express it in code; no schedule was written.",
        "Start the runs in another way, as the message says.",
    ),
    "DP408": Entry(
        "info",
        "The generated code needs a module installed",
        "Which distribution has a module can't be told from its name, so it isn't added to the project's dependencies.",
        "Add what has the module to the dependencies in the generated pyproject.toml.",
    ),
    "DP409": Entry(
        "warning",
        "Assumed values are part of the generated code",
        "The source asks its deployment for them; the defaults of its calls were taken, and it may have others.",
        "Give the deployment's own values with --variables, --connections or --env-file.",
    ),
    "DP410": Entry(
        "info",
        "The task is delegated to the engine that it was written for",
        "It has no exact form in the target, or how it ends matters to a task that has none. The generated code has "
        "the original engine run it, with its data in and out, so the pipeline can be moved as a whole.",
        "Say where that engine is, as the generated resources tell. Write the task by hand when it is to leave.",
    ),
    "DP430": Entry(
        "warning",
        "The upgraded file differs from the original in some runs",
        "Airflow 3 has nothing that is the same as what the file says; the message says what was written and when it "
        "differs.",
        "Read the place, and decide whether the difference matters to your pipeline.",
    ),
    "DP431": Entry(
        "error",
        "Airflow 3 has nothing for it",
        "It is left as it was, and fails in Airflow 3, or is decided by something that isn't known.",
        "Change it by hand, as the message says.",
    ),
    "DP432": Entry(
        "error",
        "The file isn't written for Airflow",
        "Only files that can be read are written; the others go on.",
        "Correct the errors that are reported for the file, or write it by hand.",
    ),
    # 5xx: files that are written
    "DP501": Entry(
        "error",
        "The file exists and isn't dagport's, or was edited since",
        "Nothing is overwritten that a person may have written.",
        "Move it away, choose another --out, or pass --force.",
    ),
    "DP502": Entry(
        "error",
        "The written output is stale",
        "The source has changed since, or the output was edited.",
        "Run the same command without --check.",
    ),
}
