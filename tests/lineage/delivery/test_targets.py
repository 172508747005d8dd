"""The transports of the official client: what counts as delivered, refused, or not possible now."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openlineage.client import event_v2
from openlineage.client.facet_v2 import parent_run
from openlineage.client.transport.kafka import KafkaTransport

from dagport_lineage.delivery import Delivery, deliver
from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.errors import ConfigurationError, RefusedError, UnavailableError
from dagport_lineage.delivery.targets import CONSOLE_LOG, KINDS, Target, message_key, open_target
from dagport_lineage.events import json_line
from tests.lineage.delivery.receiver import Receiver, receiver

ID = "01a1f640-bc00-76e7-b637-d8b8741b33e4"
EVENT = {"eventTime": "2026-01-01T00:00:00Z", "job": {"namespace": "prod", "name": "shop"}, "inputs": []}


@pytest.fixture
def catalogue() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def target(**settings: Any) -> Target:
    return open_target(Configuration(settings))


def send(to: Target, event: dict[str, Any] = EVENT, timeout: float = 10) -> None:
    to.send(event, json_line(event), timeout)


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_http_sends_the_event_and_nothing_else(catalogue: Receiver, kind: str) -> None:
    event = {**EVENT, "run": {"facets": {"empty": {}}}}
    to = target(
        type=kind, url=catalogue.url, auth={"type": "api_key", "apiKey": "k"}, custom_headers={"x-team": "data"}
    )
    send(to, event)
    assert catalogue.events == [event], "the client adds no tags, and leaves out nothing"
    assert "POST /api/v1/lineage " in catalogue.headers[0]
    assert "Authorization: Bearer k" in catalogue.headers[0]
    assert "x-team: data" in catalogue.headers[0]


def test_the_same_event_is_the_same_bytes(catalogue: Receiver) -> None:
    for _ in range(2):
        send(target(type="http", url=catalogue.url), json.loads(json_line(EVENT)))
    assert catalogue.bodies[0] == catalogue.bodies[1]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_status_that_refuses_the_event(catalogue: Receiver, status: int) -> None:
    catalogue.behaviour = status
    with pytest.raises(RefusedError, match=f"^HTTP status {status}: said$"):
        send(target(type="http", url=catalogue.url))


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (500, "HTTP status 500"),
        (503, "HTTP status 503"),
        (401, "HTTP status 401"),
        (403, "HTTP status 403"),
        (404, "HTTP status 404"),
        (408, "HTTP status 408"),
        (429, "HTTP status 429"),
        (302, "redirects"),
        ("hang", "timed out"),
        ("reset", "reset|aborted"),
        ("half", "half-way"),
    ],
)
def test_a_failure_says_nothing_of_the_event(catalogue: Receiver, behaviour: int | str, message: str) -> None:
    catalogue.behaviour = behaviour
    with pytest.raises(UnavailableError, match=message):
        send(target(type="http", url=catalogue.url, timeout=0.2))
    assert catalogue.requests <= 2, "an attempt is one attempt"
    assert catalogue.bodies == []


def test_an_attempt_lasts_no_longer_than_it_may(catalogue: Receiver) -> None:
    catalogue.behaviour = "hang"
    with pytest.raises(UnavailableError, match="timed out"):
        send(target(type="http", url=catalogue.url, timeout=600, retry={"total": 100}), timeout=0.1)
    assert catalogue.requests == 1


def test_an_event_that_no_transport_can_write_is_refused(catalogue: Receiver) -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(RefusedError, match="nested too deeply"):
        target(type="http", url=catalogue.url).send(endless, "{}", 1)


def test_an_address_with_credentials_is_not_shown() -> None:
    with pytest.raises(UnavailableError) as caught:
        send(target(type="http", url="http://me:hunter2@127.0.0.1:9"))
    assert "hunter2" not in str(caught.value)
    assert "refused" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "pigeon"}, "'pigeon' isn't supported, only http, "),
        ({"type": "my.Transport"}, "isn't supported"),
        ({"type": "http"}, "can't be used: `url` key"),
        ({"type": "http", "url": "nonsense"}, "can't be used: Need valid url"),
        ({"type": "http", "url": "http://a", "auth": {"type": "api_key"}}, "can't be used: "),
        ({"type": "http", "url": "http://a", "compression": "rar"}, "can't be used: "),
        ({"type": "file"}, "can't be used: `log_file_path`"),
        ({"type": "file", "log_file_path": "s3://bucket/x", "filesystem": "no.such"}, "can't be used|needs the module"),
        ({"type": "composite"}, "has no parts"),
        ({"type": "composite", "transports": [{"type": "pigeon"}]}, "isn't supported"),
        ({"type": "noop"}, "turned off"),
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        target(**settings)


@pytest.mark.parametrize("kind", ["kafka", "msk-iam"])
def test_kafka_without_its_library_is_an_error_and_logs_nothing(
    kind: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)  # what an import finds where it isn't installed
    with pytest.raises(ConfigurationError, match="needs confluent-kafka"):
        target(type=kind, topic="lineage", config={"bootstrap.servers": "127.0.0.1:9"})
    assert caplog.records == []


JOB = event_v2.Job("prod", "shop.load")
ROOT = parent_run.ParentRunFacet(
    run=parent_run.Run(runId=ID),
    job=parent_run.Job(namespace="prod", name="shop"),
    root=parent_run.Root(parent_run.RootRun(ID), parent_run.RootJob("other", "starter")),
)
PARENT = parent_run.ParentRunFacet(run=parent_run.Run(runId=ID), job=parent_run.Job(namespace="prod", name="shop"))
TIME = "2026-01-01T00:00:00Z"
KEYED = [
    event_v2.RunEvent(eventTime=TIME, run=event_v2.Run(ID), job=JOB, producer="p"),
    event_v2.RunEvent(eventTime=TIME, run=event_v2.Run(ID, {"parent": PARENT}), job=JOB, producer="p"),
    event_v2.RunEvent(eventTime=TIME, run=event_v2.Run(ID, {"parent": ROOT}), job=JOB, producer="p"),
    event_v2.JobEvent(eventTime=TIME, job=JOB, producer="p"),
    event_v2.DatasetEvent(eventTime=TIME, dataset=event_v2.StaticDataset("s3://lake", "a/b"), producer="p"),
]


@pytest.mark.parametrize("event", KEYED)
def test_the_key_of_a_message_is_that_of_the_client(event: Any) -> None:
    from openlineage.client.serde import Serde

    theirs = KafkaTransport._get_message_key(object.__new__(KafkaTransport), event)
    assert message_key(Serde.to_dict(event)) == theirs


def test_a_file_gets_a_line_an_event(tmp_path: Path) -> None:
    to = target(type="file", log_file_path=str(tmp_path / "events"), append=True)
    send(to)
    send(to, {**EVENT, "inputs": [{"name": "é"}]})
    to.close()
    lines = (tmp_path / "events").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [EVENT, {**EVENT, "inputs": [{"name": "é"}]}]


def test_a_file_that_cannot_be_written_delivers_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        send(target(type="file", log_file_path=str(tmp_path / "no" / "folder"), append=True))


def test_the_console_gets_the_event_where_its_log_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    to = target(type="console")
    with caplog.at_level(logging.INFO, CONSOLE_LOG):
        send(to)
    assert [json.loads(record.getMessage()) for record in caplog.records if record.name == CONSOLE_LOG] == [EVENT]


def test_a_console_whose_log_is_off_delivers_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, CONSOLE_LOG), pytest.raises(UnavailableError, match="shows no INFO"):
        send(target(type="console"))


def both(one: Receiver, other: Receiver, **more: Any) -> Target:
    parts = {"one": {"type": "http", "url": one.url}, "other": {"type": "http", "url": other.url}}
    return target(type="composite", transports=parts, **more)


def test_all_parts_of_a_composite_get_the_event_once_though_one_was_down(catalogue: Receiver) -> None:
    with receiver() as other:
        to = both(catalogue, other)
        catalogue.behaviour = 503
        for _ in range(2):
            with pytest.raises(UnavailableError):
                send(to)
        assert (len(catalogue.bodies), len(other.bodies)) == (0, 1)
        catalogue.behaviour = 200
        send(to)
        send(to, {**EVENT, "number": 2})
        assert (len(catalogue.bodies), len(other.bodies)) == (2, 2)


def test_a_part_of_a_composite_may_refuse_what_another_one_takes(catalogue: Receiver) -> None:
    with receiver() as other:
        catalogue.behaviour = 400
        to = both(catalogue, other)
        with pytest.raises(RefusedError):
            send(to)
        assert len(other.bodies) == 1


@pytest.mark.parametrize(("up", "counts"), [(True, (1, 0)), (False, (0, 1))])
def test_of_a_composite_one_part_is_enough_if_it_says_so(catalogue: Receiver, counts: Any, *, up: bool) -> None:
    with receiver() as other:
        catalogue.behaviour = 200 if up else 500
        send(both(catalogue, other, continue_on_success=False))
        assert (len(catalogue.bodies), len(other.bodies)) == counts


def test_a_composite_stops_at_a_failure_if_it_says_so(catalogue: Receiver) -> None:
    with receiver() as other:
        catalogue.behaviour = 500
        with pytest.raises(UnavailableError):
            send(both(catalogue, other, continue_on_failure=False))
        assert len(other.bodies) == 0


def test_parts_of_a_composite_have_priorities(catalogue: Receiver) -> None:
    with receiver() as other:
        parts = [{"type": "http", "url": catalogue.url}, {"type": "http", "url": other.url, "priority": 2}]
        send(target(type="composite", transports=parts, sort_transports=True, continue_on_success=False))
        assert (len(catalogue.bodies), len(other.bodies)) == (0, 1)


def test_an_export_is_delivered_in_order_and_says_what_was_refused(catalogue: Receiver) -> None:
    catalogue.refuses = '"name": "bad"'
    jobs = [{**EVENT, "job": {"namespace": "prod", "name": name}} for name in ("a", "bad", "b", "not")]
    dataset = {"eventTime": TIME, "dataset": {"namespace": "s3://lake", "name": "bad"}}
    configuration = Configuration({"type": "http", "url": catalogue.url}, exact=("not",))
    done = deliver([*jobs, dataset], configuration)
    assert [event["job"]["name"] for event in catalogue.events] == ["a", "b"]
    assert (done.delivered, done.filtered) == (2, 1)
    assert done.refused == [("bad", "HTTP status 400: said"), ("bad", "HTTP status 400: said")]


def test_an_export_gives_up_after_several_tries(catalogue: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagport_lineage.delivery.PAUSE", 0.001)
    catalogue.behaviour = 503
    went = Delivery()
    with pytest.raises(UnavailableError, match="503"):
        deliver([EVENT, EVENT], Configuration({"type": "http", "url": catalogue.url}), delivery=went)
    assert (catalogue.requests, went.delivered) == (4, 0)


def test_the_kinds_are_those_that_were_looked_at() -> None:
    assert list(KINDS) == [
        "http", "async_http", "kafka", "msk-iam", "file", "console", "composite", "amazon_datazone_api", "datadog",
    ]  # fmt: skip
