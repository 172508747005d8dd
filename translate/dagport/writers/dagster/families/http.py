"""Web services: the same request through a resource that knows the service's address.

Source: ``HttpOperator`` and ``HttpHook.run`` of the http provider 5: the data of a GET are its parameters, an answer
with an error raises, and the result is the answer's text.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Task
from dagport.writers.common.model import VALUE, Refused
from dagport.writers.dagster.families.table import Carried, Client, Family, Operator, Read, ignored, limited
from dagport.writers.dagster.scope import Scope

OPTIONS = frozenset({"timeout", "allow_redirects", "verify", "stream"})


def check(task: Task, _: Scope) -> None:
    """Options that mean the same to ``requests.request``."""
    options = task.arguments.get("extra_options") or {}
    if not isinstance(options, Mapping) or not OPTIONS.issuperset(options):
        raise Refused("it has extra_options that change what counts as an error")
    if not isinstance(task.arguments.get("method", "POST"), str):
        raise Refused("its method isn't known")


SERVICE = Client(
    annotation="HttpService",
    imported="from {package}.services import HttpService",
    made='HttpService(url=dg.EnvVar("{NAME}_URL"))',
    said="its address is read from the environment variable {NAME}_URL, a user and a password in it",
    requires="requests",
    support=("services",),
)
OPERATOR = Operator(
    rules={
        "method": Carried(to="method", absent="POST"),
        "endpoint": Carried(to="endpoint", rendered=True),
        "data": Carried(to="data", rendered=True),
        "headers": Carried(to="headers", rendered=True),
        "extra_options": Carried(to="options"),
        "http_conn_id": Read(kind=str, rendered=True),
        **ignored("log_response", "what Airflow logs"),
        **limited("response_check response_filter", why="it runs code of yours on the answer"),
        **limited("pagination_function", why="it asks for one page after the other"),
        **limited("auth_type", why="it has a way of its own to log in"),
        **limited("request_kwargs retry_args", {}, why="it changes how requests are sent"),
        **ignored("tcp_keep_alive tcp_keep_alive_idle tcp_keep_alive_count tcp_keep_alive_interval", "the connection"),
        **ignored("deferrable warn_on_non_idempotent", "how Airflow waits"),
    },
    body="return $client.call($arguments)",
    client=SERVICE,
    connection=("http_conn_id", "http_default"),
    result=VALUE,
    context=False,
    approximations=("headers and options that the connection may have aren't known",),
    check=check,
)
FAMILY = Family(
    title="HttpOperator, SimpleHttpOperator",
    fidelity="approximate",
    note="the same request through an `HttpService` resource; what else the connection sends isn't known",
    operators={
        "airflow.providers.http.operators.http.HttpOperator": OPERATOR,
        "airflow.providers.http.operators.http.SimpleHttpOperator": OPERATOR,
        "airflow.operators.http_operator.SimpleHttpOperator": OPERATOR,
    },
)
