"""The spool by itself: what is appended comes out in its order, whatever lies in the folder."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_lineage.delivery.locks import LockedError, locked
from dagport_lineage.delivery.losses import read_losses, write_losses
from dagport_lineage.delivery.records import decode, encode, event_id
from dagport_lineage.delivery.segments import segments
from dagport_lineage.delivery.spool import APPEND_LOCK, PROGRESS, Bounds, Progress, Spool, SpoolFullError

SMALL = Bounds(segment=200)


def event(number: int) -> str:
    return json.dumps({"number": number, "text": "é" * (number % 7)})


def filled(folder: Path, count: int, bounds: Bounds = SMALL) -> Spool:
    spool = Spool(folder / "spool", bounds)
    for number in range(count):
        spool.append(event(number))
    return spool


def lines(spool: Spool) -> list[str | None]:
    return [one.record.line if one.record else None for one in spool.pending()]


def deliver(spool: Spool, count: int) -> None:
    """As if so many had been delivered."""
    if not spool.folder.exists():
        return
    with spool.flushing():
        for _, pending in zip(range(count), spool.pending(), strict=False):
            spool.save(pending.after)
        spool.tidy(spool.progress())


@pytest.mark.parametrize("count", [0, 1, 5, 40])
@pytest.mark.parametrize("delivered", [0, 1, 4, 5, 40])
def test_what_is_appended_comes_out_in_order(tmp_path: Path, count: int, delivered: int) -> None:
    spool = filled(tmp_path, count)
    deliver(spool, delivered)
    assert lines(spool) == [event(number) for number in range(delivered, count)]
    spool.append("{}")
    assert lines(spool)[-1] == "{}"


def test_delivered_segments_are_removed_and_numbers_go_on(tmp_path: Path) -> None:
    spool = filled(tmp_path, 20)
    before = [one.number for one in segments(spool.folder)]
    assert len(before) > 3
    deliver(spool, 20)
    assert segments(spool.folder) == []
    spool.append("{}")
    assert [one.number for one in segments(spool.folder)] == [before[-1] + 1]


def test_a_segment_that_grew_while_it_was_delivered_stays(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    [segment] = segments(spool.folder)
    deliver(spool, 0)
    with spool.flushing():
        [pending] = spool.pending()
        spool.append("{}")
        spool.tidy(pending.after)
    assert segments(spool.folder)[0].path == segment.path
    assert lines(spool) == ["{}"]


def test_a_segment_that_grows_at_the_last_moment_stays(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    [segment] = segments(spool.folder)
    spool.append("{}")
    spool._retire(segment)
    assert lines(spool) == [event(0), "{}"]


def test_what_is_appended_during_delivery_is_delivered(tmp_path: Path) -> None:
    spool, found = filled(tmp_path, 3), []
    for pending in spool.pending():
        found.append(pending)
        if len(found) < 30:
            spool.append("{}")
    assert len(found) == 32


@pytest.mark.parametrize(
    ("damage", "survivors"),
    [
        (lambda data: data[:-1], [0, 1, 2, 9]),  # its end is missing, the event isn't
        (lambda data: data[:-2], [0, 1, None, 9]),
        (lambda data: data + b"half a rec", [0, 1, 2, None, 9]),
        (lambda data: data[:-4] + b"\0\0\0\0", [0, 1, None, 9]),
        (lambda data: data.replace(b'"number": 1', b'"number": 5'), [0, None, 2, 9]),
        (lambda data: b"\xff\xfe\n" + data, [None, 0, 1, 2, 9]),
        (lambda data: b"\n" + data, [None, 0, 1, 2, 9]),
        (lambda _: b"", [9]),
    ],
)
def test_damaged_lines_are_told_from_events(
    tmp_path: Path, damage: Callable[[bytes], bytes], survivors: list[int | None]
) -> None:
    spool = filled(tmp_path, 3, Bounds())
    [segment] = segments(spool.folder)
    segment.path.write_bytes(damage(segment.path.read_bytes()))
    spool.append(event(9))
    assert lines(spool) == [None if one is None else event(one) for one in survivors]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"segment": "1"}',
        json.dumps(Progress.__slots__),
        '{"segment": 1, "offset": 3}',
        "\0" * 99,
    ],
)
def test_progress_that_cannot_be_read_delivers_again(tmp_path: Path, text: str) -> None:
    spool = filled(tmp_path, 3)
    deliver(spool, 1)
    (spool.folder / PROGRESS).write_text(text)
    assert spool.progress() == Progress()
    assert lines(spool) == [event(0), event(1), event(2)]


@pytest.mark.parametrize(
    "wrong", [{"offset": 10}, {"check": 1}, {"offset": 10_000}, {"segment": 0}], ids=lambda wrong: next(iter(wrong))
)
def test_progress_that_does_not_fit_the_segment_delivers_again(tmp_path: Path, wrong: dict[str, Any]) -> None:
    spool = filled(tmp_path, 3, Bounds())
    deliver(spool, 2)
    assert lines(spool) == [event(2)]
    spool.save(replace(spool.progress(), **wrong))
    assert lines(spool) == [event(0), event(1), event(2)]


def test_the_bound_refuses_new_events_until_there_is_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", Bounds(total=1000, segment=200))
    kept, length = 0, len(encode(event(0)))
    while length <= 1000:
        spool.append(event(kept))
        kept += 1
        length += len(encode(event(kept)))
    with pytest.raises(SpoolFullError):
        spool.append(event(kept))
    assert sum(one.size for one in segments(spool.folder)) <= 1000
    assert lines(spool) == [event(number) for number in range(kept)]
    deliver(spool, kept)
    spool.append(event(0))


def test_losses_are_counted_and_survive(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    for loss in ("bound", "disk", "bound"):
        spool.count_loss(loss)
    assert Spool(spool.folder).losses() == {"bound": 2, "disk": 1}
    (spool.folder / "lost.json").write_bytes(b"{torn")
    assert Spool(spool.folder).losses() == {}


def test_losses_take_no_room_once_they_are_there(tmp_path: Path) -> None:
    path = tmp_path / "lost.json"
    write_losses(path, read_losses(path))
    size = path.stat().st_size
    losses = read_losses(path)
    losses.update({"bound": 10**12, "disk": 10**12, "busy": 10**12, "event": 10**12})
    write_losses(path, losses)
    assert (path.stat().st_size, read_losses(path)) == (size, losses)


def test_a_locked_spool_refuses_after_a_moment_and_the_loss_is_kept_in_mind(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    with locked(spool.folder / APPEND_LOCK, 0):
        with pytest.raises(LockedError):
            spool.append("{}")
        spool.count_loss("busy")
        assert read_losses(spool.folder / "lost.json") == {}
    assert spool.losses() == {"busy": 1}
    spool.append("{}")
    assert read_losses(spool.folder / "lost.json") == {"busy": 1}
    assert lines(spool) == [event(0), "{}"]


def test_one_delivers_at_a_time(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    with spool.flushing(), pytest.raises(LockedError), Spool(spool.folder).flushing():
        pass
    with spool.flushing():
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_lock_ends_with_its_owner_though_a_child_goes_on(tmp_path: Path) -> None:
    lock, (reader, writer) = tmp_path / "lock", os.pipe()
    owner = os.fork()
    if not owner:
        with locked(lock, 0):
            if not os.fork():
                os.close(writer)
                threading.Event().wait(20)
                os._exit(0)
            os.write(writer, b"!")
            os.kill(os.getpid(), 9)
    os.read(reader, 1)
    os.waitpid(owner, 0)
    with locked(lock, 1):
        pass


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", SMALL)

    def work(name: int) -> None:
        for number in range(50):
            spool.append(json.dumps([name, number]), wait=20)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [json.loads(one or "") for one in lines(spool)]
    assert [[number for name, number in found if name == one] for one in range(4)] == [list(range(50))] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes")
def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    spool = filled(tmp_path, 2)
    deliver(spool, 1)
    spool.park(next(one.record for one in spool.pending() if one.record), "refused", "now")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [spool.folder, *spool.folder.iterdir()]}
    assert {mode for mode in modes.values() if mode & 0o077} == set(), modes


def test_refused_events_are_put_aside_once_and_can_be_tried_again(tmp_path: Path) -> None:
    spool = filled(tmp_path, 2)
    records = [one.record for one in spool.pending() if one.record]
    deliver(spool, 2)
    for record in [*records, *records]:
        spool.park(record, "HTTP status 400", "now")
    assert [(one["event"], one["id"], one["reason"]) for one in spool.parked()] == [
        (record.line, event_id(record.line), "HTTP status 400") for record in records
    ]
    assert spool.retry_parked() == 2
    assert list(spool.parked()) == []
    assert lines(spool) == [event(0), event(1)]


def test_refused_events_have_a_bound(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1, Bounds(parked=200))
    [record] = [one.record for one in spool.pending() if one.record]
    spool.park(record, "x", "now")
    with pytest.raises(SpoolFullError):
        spool.park(record, "x" * 100, "now")


def test_nothing_is_made_before_the_first_event(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert lines(spool) == []
    assert spool.progress() == Progress()
    assert list(spool.parked()) == []
    spool.sync()
    assert not spool.folder.exists()


def test_other_files_in_the_folder_are_no_segments(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    for name in ("1.events", "abcdefghijklmnop.events", "0000000000000001.events.bak", "x"):
        (spool.folder / name).write_text("x\n")
    assert lines(spool) == [event(0)]


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_a_record_is_what_it_was_or_damaged(text: str) -> None:
    data = encode(text)
    record = decode(data[:-1])
    assert record is not None
    assert (record.line, data[-1:]) == (text, b"\n")
    assert decode(data[:-2]) is None or text == ""


@pytest.mark.parametrize("text", ["a\nb", "\n"])
def test_an_event_of_several_lines_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        encode(text)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["append", "deliver", "tear"]), max_size=25))
def test_any_sequence_keeps_what_was_appended(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool, expected, number = Spool(Path(folder, "spool"), SMALL), [], 0
        for step in steps:
            if step == "append":
                spool.append(event(number))
                expected.append(event(number))
                number += 1
            elif step == "deliver":
                while expected[:1] and (found := next((one for one in spool.pending()), None)):
                    with spool.flushing():
                        spool.save(found.after)
                        spool.tidy(found.after)
                    if found.record:
                        assert found.record.line == expected.pop(0)
                        break
            elif (last := segments(spool.folder)[-1:]) if spool.folder.exists() else []:
                with last[0].path.open("ab") as file:
                    file.write(b"torn")
        assert [one for one in lines(spool) if one] == expected
