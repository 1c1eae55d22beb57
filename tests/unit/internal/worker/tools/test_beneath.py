"""Opening paths that others can change: nothing leads out of the directory."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pikoci.internal.worker.tools.beneath import open_beneath


@pytest.fixture
def top(tmp_path: Path) -> Iterator[int]:
    """An open directory with a file, a directory and a link in it, and a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "work" / "below").mkdir(parents=True)
    (tmp_path / "work" / "file").write_text("own")
    (tmp_path / "work" / "inside").symlink_to("below/../file")
    descriptor = os.open(tmp_path / "work", os.O_PATH | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("path", ["file", "below/../file", "inside"])
def test_what_lies_below_is_opened(top: int, path: str) -> None:
    opened = open_beneath(top, path, os.O_RDONLY)
    try:
        assert os.read(opened, 10) == b"own"
        assert not os.get_inheritable(opened)
    finally:
        os.close(opened)


@pytest.mark.parametrize("target", ["../secret", "{place}/secret", "below/../../secret"])
def test_a_link_that_leads_out_is_refused(top: int, tmp_path: Path, target: str) -> None:
    (tmp_path / "work" / "link").symlink_to(target.format(place=tmp_path))
    with pytest.raises(OSError, match="link") as refused:
        open_beneath(top, "link", os.O_RDONLY)
    assert refused.value.errno == errno.EXDEV


def test_a_directory_that_is_a_link_leads_nowhere(top: int, tmp_path: Path) -> None:
    (tmp_path / "work" / "up").symlink_to("..")
    with pytest.raises(OSError, match="secret") as refused:
        open_beneath(top, "up/secret", os.O_RDONLY)
    assert refused.value.errno == errno.EXDEV


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "below/../../secret"])
def test_a_path_that_leads_out_is_refused(top: int, path: str) -> None:
    with pytest.raises(OSError, match=r"secret|passwd") as refused:
        open_beneath(top, path, os.O_RDONLY)
    assert refused.value.errno == errno.EXDEV


def test_a_link_of_the_kernel_is_refused(tmp_path: Path) -> None:
    """Such as a descriptor in /proc: it is no path, so where it leads cannot be seen from it."""
    (tmp_path / "file").write_text("own")
    opened = os.open(tmp_path / "file", os.O_RDONLY)
    own = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError, match="fd"):
            open_beneath(own, f"fd/{opened}", os.O_RDONLY)
    finally:
        os.close(own)
        os.close(opened)


def test_a_fifo_is_not_waited_for(top: int, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "work" / "fifo")
    os.close(open_beneath(top, "fifo", os.O_RDONLY))
