"""Which Airflow ``dagport run`` asks, and whether it tells of lineage."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from dagport.project.config import find_root, load_config

if TYPE_CHECKING:
    from dagport_adapters.lineage import Design, RunLineage
    from dagport_adapters.runners.remote import Auth, RemoteAirflow

F = TypeVar("F", bound=Callable[..., Any])

PASSWORD, TOKEN = "DAGPORT_AIRFLOW_PASSWORD", "DAGPORT_AIRFLOW_TOKEN"
CONTACT_SECONDS = 10.0  # a person waits for the first answer
LOCAL_ONLY = {"folder": "--dags", "home": "--home", "skip_retry_delays": "--skip-retry-delays"}

AIRFLOW_OPTIONS = (
    click.option("--airflow", "python", envvar="DAGPORT_AIRFLOW", show_envvar=True, metavar="PYTHON",
                 help="The Python of an environment that has Airflow 2.7+ or 3."),
    click.option("--airflow-url", "url", envvar="DAGPORT_AIRFLOW_URL", show_envvar=True, metavar="URL",
                 help="Instead of --airflow: the address of a live Airflow, which runs the DAG that it has. Its token "
                 f"is taken from {TOKEN}, or the password of --airflow-user from {PASSWORD}."),
    click.option("--airflow-user", "user", envvar="DAGPORT_AIRFLOW_USER", show_envvar=True, metavar="NAME",
                 help="User of the live Airflow."),
    click.option("--airflow-auth", "way", type=click.Choice(["jwt", "basic"]), default="jwt", show_default=True,
                 help="How user and password are used: for a token (Airflow 3), or as they are (Airflow 2)."),
)  # fmt: skip
LINEAGE_OPTIONS = (
    click.option("--lineage/--no-lineage", "lineage", default=None,
                 help="Emit OpenLineage events of the run. [default: where a target is configured, see "
                 "docs/lineage.md; not with --airflow-url, as a live Airflow may do so itself]"),
    click.option("--namespace", metavar="NAME", help="Namespace of the jobs. [default: as Airflow's provider finds it, "
                 "else 'default']"),
)  # fmt: skip


def airflow_options(function: F) -> F:
    """Add the options that say which Airflow is asked, and what is told of it."""
    for option in reversed((*AIRFLOW_OPTIONS, *LINEAGE_OPTIONS)):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What those options say; without a password or token."""

    python: str | None
    url: str | None
    user: str | None
    way: str
    lineage: bool | None
    namespace: str | None

    @classmethod
    def of(cls, ctx: click.Context, given: Mapping[str, Any]) -> Chosen:
        """The choice; an option on the command line wins over a variable. Raises ``UsageError``."""
        chosen = cls(**given)
        if not chosen.python and not chosen.url:
            raise click.UsageError("Name an Airflow: --airflow PYTHON, or --airflow-url URL for a live one")
        if chosen.python and chosen.url:
            said = [name for name in ("python", "url") if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
            if len(said) != 1:
                raise click.UsageError("--airflow and --airflow-url are two Airflows: name one of them")
            chosen = cls(**{**given, "url" if said == ["python"] else "python": None})
        if chosen.url:
            wrong = [option for name, option in LOCAL_ONLY.items() if ctx.params.get(name)]
            if wrong:
                raise click.UsageError(f"{wrong[0]} is for an Airflow of one's own, not for --airflow-url")
        return chosen


def remote(chosen: Chosen, environment: Mapping[str, str] | None = None) -> RemoteAirflow:
    """The live Airflow. Raises ``UsageError``; no message has what the environment says."""
    from dagport_adapters.runners.remote import Patience, RemoteAirflow  # start-up

    environment = os.environ if environment is None else environment
    try:
        return RemoteAirflow(chosen.url or "", _auth(chosen, environment), patience=Patience(contact=CONTACT_SECONDS))
    except ValueError as error:
        raise click.UsageError(f"--airflow-url: {error}") from None


def _auth(chosen: Chosen, environment: Mapping[str, str]) -> Auth:
    from dagport_adapters.runners.remote import Anonymous, Basic, Jwt, Token

    token, password = environment.get(TOKEN), environment.get(PASSWORD)
    if chosen.user is None:
        return Token(token) if token else Anonymous()
    if not password:
        raise click.UsageError(f"--airflow-user needs a password: set {PASSWORD}")
    return Jwt(chosen.user, password) if chosen.way == "jwt" else Basic(chosen.user, password)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Where the lineage of a run goes, and what is known of its DAG."""

    is_on: bool
    namespace: str | None = None
    design: Design | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)

    def observer(self, version: Callable[[], str | None]) -> RunLineage:
        """What tells of the run."""
        from dagport_adapters.lineage import RunLineage, options_of, parents_of

        above = parents_of(self.conf)
        return RunLineage(
            parent=above.parent,
            root=above.root,
            design=self.design,
            options=options_of(namespace=self.namespace),
            engine_version=version,
        )


def told(chosen: Chosen, file: Path | None, conf: Mapping[str, Any]) -> Told:
    """Whether lineage is told of. Raises ``UsageError`` where it is asked for and has nowhere to go."""
    if chosen.lineage is False or (chosen.lineage is None and chosen.url):
        return Told(is_on=False)
    from dagport_adapters.lineage import is_on, options_of

    if not is_on():
        if chosen.lineage:
            raise click.UsageError(
                "--lineage has nowhere to go: set OPENLINEAGE_URL or OPENLINEAGE_CONFIG, or DAGPORT_SPOOL_DIR to keep "
                "events for `dagport lineage flush`"
            )
        return Told(is_on=False)
    options = options_of(namespace=chosen.namespace)
    return Told(is_on=True, namespace=options.namespace, conf=conf, design=design_of_file(file, chosen.namespace))


def design_of_file(file: Path | None, namespace: str | None = None) -> Design | None:
    """What can be told of a file's DAGs without running it. ``None`` where there is none, or it can't be read."""
    if file is None:
        return None
    from dagport_adapters.lineage import options_of, read_design

    root = find_root(None, load_config(None, file.parent), file.parent)
    return read_design(file, root, options=options_of(namespace=namespace))


def only_dag(file: Path) -> str:
    """The id of the one DAG of a file, for an Airflow that is only asked by ids. Raises ``UsageError``."""
    design = design_of_file(file)
    found = sorted(design.pipelines) if design else []
    if len(found) != 1:
        names = ", ".join(found) or "none that can be found without running it"
        raise click.UsageError(
            f"{file.name} has these DAGs: {names}. Say with --dag which one the live Airflow shall run"
        )
    return found[0]
