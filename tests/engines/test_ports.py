"""Ports that tests choose for their servers."""

from __future__ import annotations

import multiprocessing
import socket

from tests.engines import ports


def test_no_port_is_given_twice() -> None:
    found = [ports.free_port() for _ in range(5)]
    with multiprocessing.get_context("spawn").Pool(1) as others:
        theirs = others.apply(_some)
    assert len({*found, *theirs}) == 10


def _some() -> list[int]:
    return [ports.free_port() for _ in range(5)]


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", ports.free_port()))
        assert not ports._is_free(one.getsockname()[1])
