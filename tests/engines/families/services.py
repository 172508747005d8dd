"""Stand-ins for the services of other platforms on one address: they answer, and keep what they were asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.engines.families import amazon

JOBS = "/api/2.2/jobs/"
DBT = "/api/v2/accounts/"
OF_CLUSTERS = ("RunJobFlow", "TerminateJobFlows", "DescribeCluster")
BAD_FUNCTION = "/2015-03-31/functions/bad/"
TOKENS = ("clientToken", "ClientToken", "ClientRequestToken")
BUCKETS = ("/lake", "/models", "/b/", "/c/")
LOOKS = 1  # how often a job is said to run before it has ended
SAGEMAKER = {
    "TrainingJob": "TrainingJobStatus",
    "ProcessingJob": "ProcessingJobStatus",
    "HyperParameterTuningJob": "HyperParameterTuningJobStatus",
    "Model": "",
    "EndpointConfig": "",
}


class Services:
    """What was asked, and the state of jobs."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.workspace: list[tuple[str, Any]] = []  # what Databricks was asked to start
        self.dbt: list[tuple[str, str, Any]] = []  # and dbt Cloud, by which token
        self.looks: dict[str, int] = {}
        self.jobs: dict[str, Any] = {}  # of BigQuery, by id
        self.address = ""

    def state(self, job: str, running: str, done: str, failed: str) -> str:
        """The state of a job: a bad one fails."""
        self.looks[job] = self.looks.get(job, 0) + 1
        return running if self.looks[job] <= LOOKS else failed if "bad" in job else done

    def of_target(self, target: str, body: dict[str, Any]) -> tuple[int, Any]:
        """SageMaker and EMR, which are asked by name."""
        service, _, action = target.partition(".")
        if service in amazon.SERVICES and (service != "ElasticMapReduce" or action in OF_CLUSTERS):
            answer, changes = amazon.by_target(service, action, body, self.state)
            if changes:
                self.asked.append((action, without_empty(body)))
            return answer
        if action.startswith(("Create", "AddJobFlow")):
            self.asked.append((action, body))
        return self.of_emr(action, body) if service == "ElasticMapReduce" else self.of_sagemaker(action, body)

    def of_emr(self, action: str, body: dict[str, Any]) -> tuple[int, Any]:
        if action == "AddJobFlowSteps":
            return 200, {"StepIds": [f"{body['JobFlowId']}-{step['Name']}" for step in body["Steps"]]}
        if action == "DescribeStep":
            state = self.state(body["StepId"], "RUNNING", "COMPLETED", "FAILED")
            return 200, {"Step": {"Id": body["StepId"], "Status": {"State": state}}}
        return 200, {"Cluster": {"Id": "j-1", "Name": "a", "LogUri": "s3://logs/"}}

    def of_sagemaker(self, action: str, body: dict[str, Any]) -> tuple[int, Any]:
        kind = action.removeprefix("Create").removeprefix("Describe")
        name = str(body[f"{kind}Name"])
        if action.startswith("Create"):
            self.looks[name] = 0
            return 200, {f"{kind}Arn": f"arn:{name}"}
        if name not in self.looks and SAGEMAKER[kind]:
            return 400, {"__type": "ValidationException", "message": "there is none"}
        found = {f"{kind}Name": name}
        if SAGEMAKER[kind]:
            found[SAGEMAKER[kind]] = self.state(name, "InProgress", "Completed", "Failed")
            found["FailureReason"] = "bad"
        more = {"TrainingStartTime": 1, "TrainingEndTime": 2, "ResourceConfig": {"InstanceCount": 1}}
        return 200, {**found, **(more if kind == "TrainingJob" else {})}

    def of_path(self, method: str, path: str, headers: Any, body: str) -> tuple[int, Any]:
        """EMR Serverless and a plain web service, which are asked by path."""
        if path == "/applications/app":
            return 200, {"application": {"applicationId": "app", "state": "STARTED"}}
        if path == "/applications/app/jobruns" and method == "POST":
            self.asked.append(("StartJobRun", json.loads(body)))
            return 200, {"applicationId": "app", "jobRunId": "run-1", "arn": "arn:run"}
        if path.startswith("/applications/app/jobruns/"):
            state = self.state("serverless", "RUNNING", "SUCCESS", "FAILED")
            return 200, {"jobRun": {"applicationId": "app", "jobRunId": "run-1", "state": state}}
        if path.startswith(JOBS):
            return self.of_databricks(path.removeprefix(JOBS), json.loads(body or "{}"))
        if path.startswith(DBT):
            return self.of_dbt(path, headers, body)
        if path.startswith(BUCKETS):
            status, answer, kept = amazon.s3(method, path, headers, body)
            self.asked.append(("S3", kept))
            return status, answer
        if path.startswith("/2015-03-31/functions/"):
            self.asked.append(("Invoke", [path, body, headers.get("X-Amz-Log-Type")]))
            return 200, amazon.function(path)
        if path.startswith("/bigquery/v2/projects/"):
            return self.of_bigquery(method, path, json.loads(body or "{}"))
        if path == "/v1/submitjob":
            self.asked.append(("SubmitJob", without_empty(json.loads(body))))
            return 200, {"jobName": "a", "jobId": "job-1"}
        if path.startswith("/.well-known/"):
            return 404, "there is none"
        self.asked.append((f"{method} {path}", [body, headers.get("X-Day")]))
        return (404, "there is none") if "missing" in path else (200, f"{method} {path} {body}")

    def of_bigquery(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Jobs of a project, by the last of whose runs each is told; a bad query fails."""
        if method == "POST":
            place = {name: text for name, text in body["jobReference"].items() if name != "jobId" and text}
            wanted = {name: part for name, part in body["configuration"].items() if name != "labels"}
            self.asked.append(("BigQuery", [place, wanted]))
            self.jobs[body["jobReference"]["jobId"]] = body
        name = path.partition("?")[0].rpartition("/")[2]
        job = self.jobs[body["jobReference"]["jobId"] if method == "POST" else name]
        state = self.state(job["jobReference"]["jobId"], "RUNNING", "DONE", "DONE")
        failed = state == "DONE" and "bad" in json.dumps(job["configuration"])
        error = {"errorResult": {"reason": "invalidQuery", "message": "bad"}} if failed else {}
        if "/queries/" in path:
            if failed:
                return 400, {"error": {"code": 400, "message": "bad"}}
            done = {"jobComplete": state == "DONE", "totalRows": "0", "schema": {}}
            return 200, {"jobReference": job["jobReference"], **done}
        return 200, {**job, "id": name, "status": {"state": state, **error}}

    def of_dbt(self, path: str, headers: Any, body: str) -> tuple[int, Any]:
        """Jobs of an account of dbt Cloud; job 13 fails."""
        if path.endswith("/run/"):
            self.dbt.append((headers.get("Authorization"), path, json.loads(body)))
            return 200, {"data": {"id": 13 if "/jobs/13/" in path else 5}}
        name = "bad" if "/runs/13/" in path else path
        return 200, {
            "data": {
                "status": {"RUNNING": 3, "SUCCESS": 10, "ERROR": 20}[self.state(name, "RUNNING", "SUCCESS", "ERROR")]
            }
        }

    def of_databricks(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """The jobs of a workspace: run 7 is of a submit, run 8 of a job, and job 13 fails."""
        if path.startswith("runs/get"):
            run = "bad" if "run_id=13" in path else path
            state = self.state(run, "RUNNING", "SUCCESS", "FAILED")
            ended = {"life_cycle_state": "TERMINATED", "result_state": state}
            return 200, {
                "run_page_url": "https://runs/1",
                "state": {"life_cycle_state": "RUNNING"} if state == "RUNNING" else ended,
            }
        if path.startswith("list"):
            return 200, {"jobs": [{"job_id": 8, "settings": {"name": "nightly"}}]}
        self.workspace.append((path, body))
        return 200, {"run_id": 7 if path == "runs/submit" else int(body["job_id"])}


def without_empty(body: dict[str, Any]) -> dict[str, Any]:
    """A request without what says that there is nothing, and without what boto3 makes up for each request."""
    return {name: value for name, value in body.items() if value not in ({}, [], None) and name not in TOKENS}


@contextmanager
def services() -> Iterator[Services]:
    """The services, as long as they are needed."""
    found = Services()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            more = {"X-Amz-Function-Error": "Unhandled"} if self.path.startswith(BAD_FUNCTION) else {}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            target = self.headers.get("X-Amz-Target", "").removeprefix("AWS.")
            if target:
                status, given = found.of_target(target, json.loads(body or "{}"))
            else:
                status, given = found.of_path(self.command, self.path, self.headers, body)
            data = (given if isinstance(given, str) else json.dumps(given)).encode()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - what the base class looks for

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
