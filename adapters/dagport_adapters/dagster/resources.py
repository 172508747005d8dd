"""An Airflow as a resource of Dagster."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import dagster as dg
from pydantic import Field

from dagport_adapters.dagster.pooled import Queued, warm_runner
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.protocol import Runner

if TYPE_CHECKING:
    from dagport_adapters.runners.remote import RemoteAirflow
    from dagport_adapters.runners.remote.auth import Auth
    from dagport_adapters.runners.remote.model import LiveDag


class AirflowResource(dg.ConfigurableResource):  # type: ignore[misc]
    """What runs DAGs: the common form of the resources below."""

    takes_up_parts: ClassVar[bool] = True
    """Whether a run of some tasks is taken up by naming them: a live Airflow would do them again."""

    @abstractmethod
    def make_runner(self) -> Runner:
        """A new runner of this configuration."""

    def runner(self) -> Runner:
        """The runner of this configuration, warm and shared by all that this process runs."""
        return warm_runner(self._key(), self.make_runner)

    def _key(self) -> str:
        told = json.dumps(self.model_dump(mode="json"), sort_keys=True, default=str)
        return hashlib.sha256(f"{type(self).__qualname__} {told}".encode()).hexdigest()


class LocalAirflowResource(AirflowResource):
    """An Airflow in an environment of its own on this machine; see ``LocalAirflow``.

    A runner does one run at a time: steps of one process that use the same configuration take turns. Steps in processes
    of their own each have a runner.
    """

    python: str = Field(description="The Python of an environment that has Airflow 2.7+ or 3.")
    dags: str = Field(description="The folder of DAG files, or one file.")
    home: str | None = Field(default=None, description="An AIRFLOW_HOME; without one dagport makes its own.")
    variables: dict[str, str] = Field(default_factory=dict, description="Airflow's Variables.", repr=False)
    connections: dict[str, str] = Field(
        default_factory=dict,
        description="Airflow's Connections by id, as URIs or JSON. Use dg.EnvVar: what is written here is shown.",
        repr=False,
    )
    env: dict[str, str] = Field(default_factory=dict, description="Environment variables of the tasks.", repr=False)

    def make_runner(self) -> Runner:
        """A new ``LocalAirflow``, whose worker starts with its first run."""
        airflow = LocalAirflow(
            python=self.python,
            dags=self.dags,
            home=self.home,
            variables=self.variables,
            connections=self.connections,
            env=self.env,
        )
        return Queued(airflow)


class RemoteAirflowResource(AirflowResource):
    """A live Airflow by its REST API; see ``RemoteAirflow``.

    It is also a source for ``wrap_dags``. With ``username`` it logs in for a token (``/auth/token`` of Airflow 3), or,
    with ``basic``, sends the password with each request (Airflow 2). For anything else, such as a hosted Airflow, make
    a class of it that has an ``auth`` of its own. Use ``dg.EnvVar`` for the secrets: what is written here is shown.
    """

    takes_up_parts: ClassVar[bool] = False

    url: str = Field(description="The address of the web or API server, as in a browser.")
    username: str | None = Field(default=None)
    password: str | None = Field(default=None, repr=False)
    token: str | None = Field(default=None, description="A bearer token.", repr=False)
    basic: bool = Field(default=False, description="Send the password with each request.")
    verify: bool = Field(default=True, description="Whether to check the server's certificate.")
    unpause: bool = Field(default=False, description="Start paused DAGs by unpausing them.")
    slowest_poll: float = Field(default=15.0, description="The longest pause between two looks at a run, in seconds.")

    def auth(self) -> Auth:
        """How requests are authenticated."""
        from dagport_adapters.runners.remote.auth import Anonymous, Basic, Jwt, Token

        if self.token:
            return Token(self.token)
        if not self.username:
            return Anonymous()
        return (Basic if self.basic else Jwt)(self.username, self.password or "")

    def remote(self, *, patience: float | None = None) -> RemoteAirflow:
        """The runner of this configuration, which can be asked for more than runs.

        ``patience``: for how many seconds a question is asked again, by a runner of its own; ``None``: as for runs.
        """
        key = self._key() if patience is None else f"{self._key()} {patience}"
        runner: RemoteAirflow = warm_runner(key, lambda: self.make_runner(patience))  # type: ignore[assignment]
        return runner

    @property
    def airflow_version(self) -> str | None:
        """The version of this Airflow, once it has been asked something."""
        return self._resolved().remote().airflow_version

    def dags(self) -> Iterator[LiveDag]:
        """The DAGs that it has now. Raises ``RemoteError``."""
        return self._resolved().remote().dags()

    def _resolved(self) -> RemoteAirflowResource:
        """This resource with the values of ``dg.EnvVar``, which Dagster puts in place for runs only."""
        resolved: RemoteAirflowResource = self.process_config_and_initialize()
        return resolved

    def make_runner(self, patience: float | None = None) -> RemoteAirflow:
        """A new ``RemoteAirflow``; it does any number of runs at the same time. ``patience``: see ``remote``."""
        from dagport_adapters.runners.remote import Patience, RemoteAirflow

        return RemoteAirflow(
            self.url,
            self.auth(),
            verify=self.verify,
            unpause=self.unpause,
            poll=(0.5, max(0.5, self.slowest_poll)),
            patience=Patience() if patience is None else Patience(seconds=patience),
        )
