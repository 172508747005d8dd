"""Kafka, against the broker that librdkafka itself can play."""

from __future__ import annotations

import json
import time
from typing import Any

import confluent_kafka as kafka
import pytest

from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.errors import ConfigurationError, RefusedError, UnavailableError
from dagport_lineage.delivery.targets import Target, open_target
from dagport_lineage.events import json_line


def target(**config: Any) -> Target:
    return open_target(Configuration({"type": "kafka", "topic": "lineage", "config": config}))


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"number": number, "job": {"namespace": "prod", "name": "shop"}, "run": {"runId": "x"}, **more}


def send(to: Target, one: dict[str, Any], timeout: float = 10) -> None:
    to.send(one, json_line(one), timeout)


def test_events_arrive_in_order_and_with_their_keys() -> None:
    to = target(**{"bootstrap.servers": "replaced", "test.mock.num.brokers": 1})
    for number in range(10):
        send(to, event(number))
    [broker] = to.transport.producer.list_topics().brokers.values()  # type: ignore[attr-defined]
    address = f"{broker.host}:{broker.port}"
    consumer = kafka.Consumer({"bootstrap.servers": address, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["lineage"])
    end = time.monotonic() + 200
    found: list[tuple[bytes, int]] = []
    while len(found) < 10 and time.monotonic() < end:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            found.append((message.key() or b"", json.loads(message.value() or b"")["number"]))
    consumer.close()
    assert found == [(b"run:prod/shop", number) for number in range(10)]
    with pytest.raises(RefusedError, match="too large"):
        send(to, event(10, text="x" * 2_000_000))


def test_a_broker_that_is_down_is_not_waited_for() -> None:
    to = target(**{"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    start = time.monotonic()
    with pytest.raises(UnavailableError, match="confirmed nothing in time"):
        send(to, event(0), timeout=0.5)
    assert time.monotonic() - start < 60
    assert len(to.transport.producer) == 0, "it isn't sent later"  # type: ignore[attr-defined]


def test_settings_that_do_not_exist() -> None:
    with pytest.raises(ConfigurationError, match="can't be used"):
        target(**{"no.such": "1"})
