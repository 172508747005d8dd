"""The servers of Dagster and Prefect: runs are launched, found, looked at and ended by their HTTP interfaces.

Standard library only, Python 3.8 and later. An engine has ``launches_once`` (whether a launch that is repeated starts
no second run) and ``find``, ``look``, ``prepared``, ``launch``, ``stop``, ``result``, ``value``, ``why`` and ``url``.
"""

from __future__ import annotations

import json
import urllib.parse
from typing import Any, Mapping, Sequence  # noqa: UP035 - Python 3.8

if __package__:  # installed
    from dagport_adapters.airflow.dagport_http import EXCERPT, Server
    from dagport_adapters.airflow.dagport_runs import (
        CANCELLED,
        FAILED,
        GOING,
        SKIPPED,
        STOPPING,
        SUCCESS,
        ElsewhereError,
        Identity,
        RefusedError,
        Run,
    )  # fmt: skip
else:  # copied
    from dagport_http import EXCERPT, Server  # type: ignore[import-not-found, no-redef, unused-ignore]
    from dagport_runs import (  # type: ignore[import-not-found, no-redef, unused-ignore]
        CANCELLED,
        FAILED,
        GOING,
        SKIPPED,
        STOPPING,
        SUCCESS,
        ElsewhereError,
        Identity,
        RefusedError,
        Run,
    )  # fmt: skip

ASSET_JOB = "__ASSET_JOB"
PARTITION_TAG = "dagster/partition"
DAGSTER_STATES = {"SUCCESS": SUCCESS, "FAILURE": FAILED, "CANCELED": CANCELLED, "CANCELING": STOPPING}
DAGSTER_BEGUN = ("STARTED", "CANCELING", "SUCCESS", "FAILURE", "CANCELED")
FIND_ASSETS = """query($keys: [AssetKeyInput!]) { assetNodes(assetKeys: $keys) {
  assetKey { path } isExecutable isPartitioned jobNames repository { name location { name } } } }"""
FIND_JOBS = """{ repositoriesOrError { __typename ... on PythonError { message }
  ... on RepositoryConnection { nodes { name location { name } jobs { name } } } } }"""
FIND_RUNS = """query($tags: [ExecutionTag!]) { runsOrError(filter: {tags: $tags}, limit: 100) {
  __typename ... on PythonError { message } ... on InvalidPipelineRunsFilterError { message }
  ... on Runs { results { runId status tags { key value } } } } }"""
LOOK = """query($id: ID!) { runOrError(runId: $id) { __typename ... on PythonError { message }
  ... on Run { runId status tags { key value } } } }"""
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on Error { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
STOP = """mutation($id: String!) { terminateRun(runId: $id) { __typename ... on Error { message }
  ... on TerminateRunFailure { message } } }"""
OUTCOME = """query($id: ID!) { runOrError(runId: $id) { __typename ... on Run {
  stepStats { stepKey status }
  assetMaterializations { assetKey { path } partition metadataEntries { __typename label
    ... on IntMetadataEntry { intRepr } ... on FloatMetadataEntry { floatValue } ... on BoolMetadataEntry { boolValue }
    ... on TextMetadataEntry { text } ... on JsonMetadataEntry { jsonString } ... on UrlMetadataEntry { url }
    ... on PathMetadataEntry { path } ... on MarkdownMetadataEntry { mdStr } } } } } }"""
FAILURES = """query($id: ID!, $after: String) { logsForRun(runId: $id, afterCursor: $after, limit: 500) { __typename
  ... on EventConnection { cursor hasMore events { __typename
    ... on ExecutionStepFailureEvent { stepKey error { message cause { message } } }
    ... on RunFailureEvent { message } } } } }"""
METADATA: Mapping[str, Any] = {
    "IntMetadataEntry": lambda entry: int(entry["intRepr"]),
    "FloatMetadataEntry": lambda entry: entry["floatValue"],
    "BoolMetadataEntry": lambda entry: entry["boolValue"],
    "TextMetadataEntry": lambda entry: entry["text"],
    "JsonMetadataEntry": lambda entry: json.loads(entry["jsonString"]),
    "UrlMetadataEntry": lambda entry: entry["url"],
    "PathMetadataEntry": lambda entry: entry["path"],
    "MarkdownMetadataEntry": lambda entry: entry["mdStr"],
}


class Dagster:
    """Runs of a Dagster deployment, by the GraphQL of its webserver."""

    launches_once = False  # a launch that is repeated starts a second run

    def __init__(self, server: Server) -> None:
        self._server = server

    def url(self, run_id: str) -> str:
        """The page of a run."""
        return f"{self._server.url}/runs/{run_id}"

    def find(self, identity: Identity) -> list[Run]:
        """All runs of a task, the newest first."""
        found = self._query(FIND_RUNS, {"tags": [{"key": "dagport/task", "value": identity.task}]}, "runsOrError")
        return [self._run(row) for row in _known(found, "Runs")["results"]]

    def look(self, run_id: str) -> Run:
        """The run as it is now."""
        return self._run(_known(self._query(LOOK, {"id": run_id}, "runOrError"), "Run"))

    def prepared(self, identity: Identity, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What to launch. Raises ``RefusedError`` for assets, jobs and partitions that can't be run.

        ``asked``: assets, job, ops, location, repository, partition_key, run_config, tags.
        """
        selector, partitioned = self._selector(asked)
        tags = {**identity.names, **{str(key): str(value) for key, value in (asked["tags"] or {}).items()}}
        tags.update({"dagport/task": identity.task, "dagport/generation": identity.generation})
        tags["dagport/try"] = str(identity.number)
        if asked["partition_key"] and partitioned is not False:
            tags[PARTITION_TAG] = asked["partition_key"]
        elif partitioned:
            raise RefusedError(f"{asked['assets']} has partitions: say which one to run (partition_key)")
        return {
            "selector": selector,
            "runConfigData": asked["run_config"] or {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }

    def launch(self, prepared: Mapping[str, Any]) -> str:
        """Start a run; its id. Raises ``RefusedError``, or ``UnreachableError``: then it may have started."""
        answer = _known(self._query(LAUNCH, {"params": prepared}, "launchRun"), "LaunchRunSuccess")
        return str(answer["run"]["runId"])

    def stop(self, run_id: str) -> None:
        """Ask for the end of a run. Raises ``RefusedError`` for one that is just being started, or has ended."""
        _known(self._query(STOP, {"id": run_id}, "terminateRun"), "TerminateRunSuccess")

    def result(self, run: Run, asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """What a run that succeeded has done: its state for Airflow, and what is handed on.

        A run that materialised none of its assets is a skip: each of them had the choice (``output_required=False``).
        """
        found = _known(self._query(OUTCOME, {"id": run.id}, "runOrError"), "Run")
        made = {}
        for row in found["assetMaterializations"]:
            entries = [entry for entry in row["metadataEntries"] if entry["__typename"] in METADATA]
            metadata = {entry["label"]: METADATA[entry["__typename"]](entry) for entry in entries}
            made["/".join(row["assetKey"]["path"])] = {"partition": row["partition"], "metadata": metadata}
        missing = [key for key in asked["assets"] or () if key not in made]
        summary = {"run_id": run.id, "url": self.url(run.id), "assets": made, "skipped": missing}
        return (SKIPPED if missing and not made else SUCCESS), summary

    def value(self, summary: Mapping[str, Any], name: str) -> Any:
        """The result: what the one asset that has it says in its metadata under a name."""
        values = [made["metadata"][name] for made in summary["assets"].values() if name in made["metadata"]]
        if len(values) != 1:
            raise ElsewhereError(
                "{} of the assets hand(s) back {!r} in the metadata of a materialisation; one must: {}".format(
                    len(values), name, summary["url"]
                )
            )
        return values[0]

    def why(self, run: Run) -> str:
        """Which steps of a run failed, and with what."""
        lines, after = [], None
        while True:
            page = self._query(FAILURES, {"id": run.id, "after": after}, "logsForRun")
            if page["__typename"] != "EventConnection":
                break
            for event in page["events"]:
                if event["__typename"] == "ExecutionStepFailureEvent":
                    error = event["error"] or {}
                    said = ((error.get("cause") or error).get("message") or "").strip()
                    lines.append("step {}: {}".format(event["stepKey"], said[:EXCERPT]))
                elif event["__typename"] == "RunFailureEvent" and not lines:
                    lines.append(event["message"][:EXCERPT])
            if not page["hasMore"]:
                break
            after = page["cursor"]
        return "\n".join(lines)

    def _selector(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool | None]:
        """Which job of which code location; whether its assets have partitions, ``None`` where that isn't known."""
        location, repository, job = asked["location"], asked["repository"], asked["job"]
        selector: dict[str, Any] = {}
        partitioned = None
        if asked["assets"]:
            keys = [{"path": key.split("/")} for key in asked["assets"]]
            nodes = self._query(FIND_ASSETS, {"keys": keys}, "assetNodes")
            nodes = [node for node in nodes if node["isExecutable"]]
            nodes = [node for node in nodes if location in (None, node["repository"]["location"]["name"])]
            nodes = [node for node in nodes if repository in (None, node["repository"]["name"])]
            selector["assetSelection"] = keys
            partitioned = any(node["isPartitioned"] for node in nodes)
            places = _places(asked["assets"], nodes)
            job = job or next(iter(sorted(set.intersection(*(_asset_jobs(node) for node in nodes)))), ASSET_JOB)
        else:
            places = self._jobs(job, location, repository)
        if len(places) != 1:
            named = ", ".join(f"{place} ({inside})" for place, inside in sorted(places)) or "none"
            raise RefusedError(
                "{} of Dagster has {}: {}. Name one with location= and repository=".format(
                    "No code location" if not places else "More than one code location",
                    asked["assets"] or "a job " + repr(job),
                    named,
                )
            )
        [(place, inside)] = places
        selector.update(jobName=job, repositoryLocationName=place, repositoryName=inside)
        if asked["ops"]:
            selector["solidSelection"] = list(asked["ops"])
        return selector, partitioned

    def _jobs(self, job: str | None, location: str | None, repository: str | None) -> set[tuple[str, str]]:
        found = _known(self._query(FIND_JOBS, {}, "repositoriesOrError"), "RepositoryConnection")
        return {
            (node["location"]["name"], node["name"])
            for node in found["nodes"]
            if any(row["name"] == job for row in node["jobs"])
            and location in (None, node["location"]["name"])
            and repository in (None, node["name"])
        }

    def _run(self, row: Mapping[str, Any]) -> Run:
        tags = {tag["key"]: tag["value"] for tag in row["tags"]}
        status, successor = row["status"], tags.get("dagster/auto_retry_run_id")
        retries = status == "FAILURE" and tags.get("dagster/will_retry") == "true" and not successor
        state = GOING if retries else DAGSTER_STATES.get(status, GOING)
        generation = tags.get("dagport/generation", "")
        return Run(row["runId"], state, generation, status in DAGSTER_BEGUN, status, successor)

    def _query(self, query: str, variables: Mapping[str, Any], field: str) -> Any:
        answer = self._server.ask("POST", "/graphql", {"query": query, "variables": variables})
        data = answer.get("data") if isinstance(answer, dict) else None
        if not data or data.get(field) is None:
            errors = answer.get("errors") or () if isinstance(answer, dict) else ()
            said = "; ".join(str(error.get("message")) for error in errors)
            raise RefusedError(f"Dagster can't answer: {said[:EXCERPT] or 'an empty answer'}")
        return data[field]


def _known(answer: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
    """The answer, if it is of the wanted type."""
    if answer["__typename"] != wanted:
        said = [answer.get("message") or "", *(error["message"] for error in answer.get("errors") or ())]
        raise RefusedError("Dagster: {} {}".format(answer["__typename"], " ".join(" ".join(said).split())[:EXCERPT]))
    return answer


def _asset_jobs(node: Mapping[str, Any]) -> set[str]:
    """Dagster's own jobs for assets; before 1.9 there is one for each way to partition."""
    return {name for name in node["jobNames"] if name.startswith(ASSET_JOB)}


def _places(keys: Sequence[str], nodes: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """The code locations that have all of the assets."""
    where: dict[str, set[tuple[str, str]]] = {key: set() for key in keys}
    for node in nodes:
        place = (node["repository"]["location"]["name"], node["repository"]["name"])
        where["/".join(node["assetKey"]["path"])].add(place)
    unknown = [key for key, places in where.items() if not places]
    if unknown:
        raise RefusedError(
            "Dagster has no asset {} that can be run (external ones can't)".format(", ".join(sorted(unknown)))
        )
    return set.intersection(*where.values())


PREFECT_STATES = {
    "COMPLETED": SUCCESS,
    "FAILED": FAILED,
    "CRASHED": FAILED,
    "CANCELLED": CANCELLED,
    "CANCELLING": STOPPING,
}
PREFECT_WAITS = ("SCHEDULED", "PENDING")
TASK_TAG = "dagport-task:"


class Prefect:
    """Flow runs of a Prefect server, by its REST API."""

    launches_once = True

    def __init__(self, server: Server) -> None:
        self._server = server

    def url(self, run_id: str) -> str:
        """The page of a flow run."""
        url = self._server.url
        return "{}/runs/flow-run/{}".format(url[: -len("/api")] if url.endswith("/api") else url, run_id)

    def find(self, identity: Identity) -> list[Run]:
        """All flow runs of a task, the newest first."""
        wanted = {"flow_runs": {"tags": {"all_": [TASK_TAG + identity.task]}}, "sort": "EXPECTED_START_TIME_DESC"}
        return [self._run(row) for row in self._server.ask("POST", "/flow_runs/filter", wanted)]

    def look(self, run_id: str) -> Run:
        """The flow run as it is now."""
        return self._run(self._server.ask("GET", "/flow_runs/" + run_id))

    def prepared(self, identity: Identity, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What to create, and of which deployment. Raises ``RefusedError`` for one that there isn't."""
        body = {
            "parameters": asked["parameters"] or {},
            "tags": sorted({*(asked["tags"] or ()), TASK_TAG + identity.task}),
            "idempotency_key": f"{identity.generation}:{identity.number}",
            "job_variables": asked["job_variables"] or {},
        }
        if asked["flow_run_name"]:
            body["name"] = asked["flow_run_name"]
        return {"deployment": self._deployment(asked["deployment"]), "body": body}

    def launch(self, prepared: Mapping[str, Any]) -> str:
        """Create a flow run; its id. The server makes one only for each try, however often it is asked."""
        path = f"/deployments/{prepared['deployment']}/create_flow_run"
        return str(self._server.ask("POST", path, prepared["body"])["id"])

    def stop(self, run_id: str) -> None:
        """Ask for the end of a flow run. Raises ``RefusedError`` for one that can't be cancelled now, or has ended."""
        answer = self._server.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
        if answer["status"] != "ACCEPT":
            raise RefusedError(f"Prefect: {answer['status']} {(answer.get('details') or {}).get('reason') or ''}")

    def result(self, run: Run, asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """What a flow run that completed has done: its state for Airflow, and what is handed on."""
        state = SKIPPED if run.shown.partition(":")[0] == "Skipped" else SUCCESS
        return state, {"run_id": run.id, "url": self.url(run.id), "deployment": asked["deployment"]}

    def value(self, summary: Mapping[str, Any], name: str) -> Any:
        """The result: what the newest artifact of the flow run with that key has."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [summary["run_id"]]}, "key": {"any_": [name]}}}
        rows = self._server.ask("POST", "/artifacts/filter", {**wanted, "sort": "CREATED_DESC", "limit": 1})
        if not rows:
            raise ElsewhereError("The flow run has no artifact {!r}: {}".format(name, summary["url"]))
        data = rows[0]["data"]
        try:
            return json.loads(data) if isinstance(data, str) else data
        except ValueError:
            return data

    def why(self, run: Run) -> str:
        """Why a flow run failed."""
        return run.shown

    def _deployment(self, name: str) -> str:
        if "/" not in name:
            return name
        flow, _, deployment = name.partition("/")
        quoted = (urllib.parse.quote(part, safe="") for part in (flow, deployment))
        return str(self._server.ask("GET", "/deployments/name/{}/{}".format(*quoted))["id"])

    @staticmethod
    def _run(row: Mapping[str, Any]) -> Run:
        state = row.get("state") or {}
        kind, name = row.get("state_type") or "", row.get("state_name") or ""
        shown = ": ".join(part for part in (name, (state.get("message") or "")[:EXCERPT]) if part)
        generation = (row.get("idempotency_key") or "").partition(":")[0]
        return Run(str(row["id"]), PREFECT_STATES.get(kind, GOING), generation, kind not in PREFECT_WAITS, shown)


ENGINES = {"dagster": Dagster, "prefect": Prefect}
