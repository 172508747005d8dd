"""Stand-ins for services of Amazon: what each answers, and what of a request is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEPT = ("x-amz-copy-source", "x-amz-acl", "x-amz-metadata-directive", "x-amz-server-side-encryption")
LISTED = ("raw/1.csv", "raw/2.csv", "raw/2.json")
PAGE = 2
State = Callable[[str, str, str, str], str]
Answer = tuple[int, Any]


def _ecs(action: str, body: dict[str, Any], state: State) -> Answer:
    if action == "RunTask":
        name = body["taskDefinition"].partition(":")[0]
        if name == "none":
            return 200, {"tasks": [], "failures": [{"reason": "RESOURCE:GPU"}]}
        return 200, {"tasks": [{"taskArn": f"arn:task/{name}"}], "failures": []}
    if action == "StopTask":
        return 200, {}
    [arn] = body["tasks"]
    code = int("bad" in arn)
    status = state(f"ecs {arn}", "RUNNING", "STOPPED", "STOPPED")
    containers = [{"name": "main", "lastStatus": status, "exitCode": code}]
    return 200, {"tasks": [{"taskArn": arn, "lastStatus": status, "containers": containers}], "failures": []}


def _glue(action: str, body: dict[str, Any], state: State) -> Answer:
    if action == "GetJob":
        return 200, {"Job": {"Name": body["JobName"]}}
    if action == "StartJobRun":
        return 200, {"JobRunId": f"jr-{body['JobName']}"}
    return 200, {"JobRun": {"JobRunState": state(body["RunId"], "RUNNING", "SUCCEEDED", "FAILED")}}


def _athena(action: str, body: dict[str, Any], state: State) -> Answer:
    if action == "StartQueryExecution":
        return 200, {"QueryExecutionId": "bad" if "bad" in body["QueryString"] else "good"}
    query = body["QueryExecutionId"]
    found = state(f"athena {query}", "RUNNING", "SUCCEEDED", "FAILED")
    return 200, {"QueryExecution": {"QueryExecutionId": query, "Status": {"State": found}}}


def _redshift(action: str, body: dict[str, Any], state: State) -> Answer:
    if action == "ExecuteStatement":
        return 200, {"Id": "bad" if "bad" in body["Sql"] else "s-1"}
    if action == "BatchExecuteStatement":
        return 200, {"Id": "many"}
    parts = {"SubStatements": [{"Id": "many:1"}, {"Id": "many:2"}]} if body["Id"] == "many" else {}
    found = state(f"redshift {body['Id']}", "STARTED", "FINISHED", "FAILED")
    return 200, {"Id": body["Id"], "Status": found, **parts}


def _emr(action: str, body: dict[str, Any], state: State) -> Answer:
    if action == "RunJobFlow":
        return 200, {"JobFlowId": f"j-{body['Name']}"}
    if action == "TerminateJobFlows":
        return 200, {}
    found = state(f"emr {body['ClusterId']}", "STARTING", "WAITING", "TERMINATED_WITH_ERRORS")
    return 200, {"Cluster": {"Id": body["ClusterId"], "LogUri": "s3://logs/", "Status": {"State": found}}}


def _machines(action: str, body: dict[str, Any], state: State) -> Answer:
    return 200, {"executionArn": f"arn:execution:{body.get('name')}", "startDate": 1}


SERVICES: dict[str, tuple[Callable[[str, dict[str, Any], State], Answer], str]] = {
    "AmazonEC2ContainerServiceV20141113": (_ecs, "RunTask StopTask"),
    "AWSGlue": (_glue, "StartJobRun"),
    "AmazonAthena": (_athena, "StartQueryExecution"),
    "RedshiftData": (_redshift, "ExecuteStatement BatchExecuteStatement CancelStatement"),
    "ElasticMapReduce": (_emr, "RunJobFlow TerminateJobFlows"),
    "AWSStepFunctions": (_machines, "StartExecution"),
}


def by_target(service: str, action: str, body: dict[str, Any], state: State) -> tuple[Answer, bool]:
    """The answer of a service that is asked by name, and whether the request changes something."""
    answer, changing = SERVICES[service]
    return answer(action, body, state), action in changing.split()


def s3(method: str, path: str, headers: Any, body: str) -> tuple[int, str, Any]:
    """A bucket's answer, and what is kept of the request."""
    url = urlsplit(path)
    query = {name: value for name, value in parse_qsl(url.query) if name not in ("encoding-type", "x-id")}
    told = {name: headers[name] for name in KEPT if headers.get(name)}
    kept = [f"{method} {url.path}", query, told, re.findall(r"<Key>(.*?)</Key>|(day [-0-9]+)", body)]
    if method == "HEAD":
        return (200 if "there" in path else 404), "", kept
    if method == "POST":
        failed = "<Error><Key>bad</Key><Code>no</Code></Error>" if "<Key>bad<" in body else ""
        return 200, f"<DeleteResult>{failed}</DeleteResult>", kept
    if method == "GET":
        return 200, _listed(query), kept
    copied = "<CopyObjectResult><ETag>1</ETag></CopyObjectResult>" if "x-amz-copy-source" in told else ""
    return 200, copied, kept


def _listed(query: dict[str, str]) -> str:
    found = [key for key in LISTED if key.startswith(query.get("prefix", ""))]
    start = int(query.get("continuation-token", "0"))
    page = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
        for key in found[start : start + PAGE]
    )
    more = f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>" if len(found) > start + PAGE else ""
    return f"<ListBucketResult><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{page}</ListBucketResult>"


def function(path: str) -> Answer:
    """The answer of a function."""
    return 200, '{"score": 1}'
