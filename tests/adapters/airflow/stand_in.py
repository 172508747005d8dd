"""A Dagster that has one asset and does nothing, over real HTTP, with faults put in where a test wants them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NODE = {
    "assetKey": {"path": ["shop", "load"]}, "isExecutable": True, "isPartitioned": False, "jobNames": ["__ASSET_JOB"],
    "repository": {"name": "__repository__", "location": {"name": "code"}},
}  # fmt: skip
MUTATES = ("launchRun", "terminateRun")


class StandIn:
    """What the server has and has been asked. ``faults``: what is done to the next requests with a word in them."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []  # the newest first
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[tuple[str, str]] = []
        self.nodes = [NODE]
        self.url = ""
        self.launched = 0

    def add(self, status: str, **tags: str) -> dict[str, Any]:
        self.launched += 1
        listed = [{"key": key.replace("__", "/"), "value": value} for key, value in tags.items()]
        run = {"runId": f"run-{self.launched}", "status": status, "tags": listed}
        self.runs.insert(0, run)
        return run

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "launchRun" in query:
            self.launched += 1
            tags = variables["params"]["executionMetadata"]["tags"]
            run = {"runId": f"run-{self.launched}", "status": "STARTED", "tags": tags}
            self.runs.insert(0, run)
            return {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": run["runId"]}}}
        if "terminateRun" in query:
            for run in self.runs:
                if run["runId"] == variables["id"]:
                    run["status"] = "CANCELED"
            return {"terminateRun": {"__typename": "TerminateRunSuccess"}}
        if "assetNodes" in query:
            return {"assetNodes": self.nodes}
        if "runsOrError" in query:
            wanted = variables["tags"]
            found = [run for run in self.runs if all(tag in run["tags"] for tag in wanted)]
            return {"runsOrError": {"__typename": "Runs", "results": found}}
        if "logsForRun" in query:
            return {"logsForRun": {"__typename": "EventConnection", "events": [], "cursor": "", "hasMore": False}}
        named = [run for run in self.runs if run["runId"] == variables["id"]]
        if not named:
            return {"runOrError": {"__typename": "RunNotFoundError"}}
        return {"runOrError": {"__typename": "Run", **named[0], "stepStats": [], "assetMaterializations": []}}

    def fault(self, query: str) -> str | None:
        for item in self.faults:
            if item[0] in query:
                self.faults.remove(item)
                return item[1]
        return None


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """The server, until the end of the block."""
    site = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            query = body["query"]
            site.asked.append(query)
            site.headers.append(dict(self.headers))
            fault = site.fault(query)
            if fault == "dropped before":
                return self.close()
            if fault in ("429", "302", "401", "503 before"):
                return self.say(int(fault[:3]), {"said": self.headers.get("Authorization")})
            if fault == "refused":
                return self.say(
                    200, {"data": {"terminateRun": {"__typename": "TerminateRunFailure", "message": "STARTING"}}}
                )
            answer = {"data": site.answer(query, body["variables"])}
            if fault == "dropped after":
                return self.close()
            if fault == "500 after":
                return self.say(500, {"said": self.headers.get("Authorization")})
            if fault == "hangs":
                time.sleep(1.0)
            self.say(200, answer)
            return None

        def close(self) -> None:
            self.connection.close()

        def say(self, status: int, answer: Any) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", site.url + "/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
