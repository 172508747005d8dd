"""What isn't a regular file is refused, at once and without a descriptor left open."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from dagport.regular import read_regular


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one thing of each kind."""
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "folder").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize("limit", [None, 10, 11, 10**9])
def test_a_file_is_read(folder: Path, limit: int | None) -> None:
    assert read_regular(folder / "file", limit) == b"0123456789"


@pytest.mark.parametrize("limit", [None, 10])
@pytest.mark.parametrize(
    ("name", "message"),
    [("folder", "a folder"), ("fifo", "a FIFO"), ("null", "a character device")],
)
def test_anything_else_is_refused(folder: Path, name: str, message: str, limit: int | None) -> None:
    before = os.listdir("/proc/self/fd") if Path("/proc/self/fd").exists() else []  # noqa: PTH208
    with pytest.raises(OSError, match=f"it is {message}, not a regular file"):
        read_regular(folder / name, limit)
    after = os.listdir("/proc/self/fd") if before else []  # noqa: PTH208
    assert len(after) == len(before)


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        with pytest.raises(OSError):  # noqa: PT011 - it can't be opened at all
            read_regular(Path("socket"))


@pytest.mark.parametrize("limit", [0, 9])
def test_a_bound(folder: Path, limit: int) -> None:
    with pytest.raises(OSError, match="larger than") as caught:
        read_regular(folder / "file", limit)
    assert caught.value.errno == errno.EFBIG
