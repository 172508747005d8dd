"""Services that are asked over HTTP: what they hold has no name as a dataset, and what they do isn't known."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.extract.arguments import Rule, argument
from dagport_lineage.model import Found, Gap, Side
from dagport_lineage.scope import Scope

HOME = "airflow.providers"


def asking(what: str, conn_id: str, default: str, method: str) -> Rule:
    """A rule for an operator that asks an API; ``method`` is the one where none is set. Of ``GET`` nothing changes."""

    def rule(task: Task, scope: Scope) -> Found:
        connection = argument(task, scope, conn_id, default)
        chosen = argument(task, scope, "method", method)
        shown = f"{what} of the connection `{connection}`" if isinstance(connection, str) else what
        reads_only = isinstance(chosen, str) and chosen.upper() in ("GET", "HEAD", "OPTIONS")
        message = f"{shown} has no form in the naming specification"
        side: Side = "inputs" if reads_only else "both"
        return Found(gaps=(Gap(side=side, reason="name", message=message, place=scope.place(task)),))

    return rule


FAMILY = {
    f"{HOME}.http.operators.http.HttpOperator": asking("the HTTP API", "http_conn_id", "http_default", "POST"),
    f"{HOME}.microsoft.azure.operators.msgraph.MSGraphAsyncOperator": asking(
        "the Graph API", "conn_id", "msgraph_default", "GET"
    ),
}
