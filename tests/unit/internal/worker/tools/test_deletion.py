"""A directory is deleted whatever commands left in it, and nothing outside of it is touched."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pikoci.internal.worker.tools.deletion import Leftovers, delete
from tests.services.requirement import program

#: Root without its capabilities is bound by permissions as anybody is.
AS_ANYBODY = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
DELETE = """
import sys
from pathlib import Path
from pikoci.internal.worker.tools.deletion import Leftovers, delete
left = Leftovers()
delete(Path(sys.argv[1]), left)
print(left.count, *left.first(9))
"""


def deleted(root: Path) -> list[tuple[str, str]]:
    left = Leftovers()
    delete(root, left)
    assert left.count == len(left.first(99))
    return left.first(99)


def run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A directory outside, which must stay as it is."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    return tmp_path / "precious"


@pytest.fixture
def mounted(root: Path, precious: Path) -> Iterator[Path]:
    """A bind mount of `precious` in `root/a`, among other things."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = root / "a" / "mnt"
    place.mkdir(parents=True)
    (root / "a" / "other").write_text("x")
    (root / "z").write_text("x")
    run("mount", "--bind", precious, place)
    yield place
    subprocess.run(["umount", str(place)], check=False, stderr=subprocess.DEVNULL)


def test_everything_goes_links_are_not_followed(root: Path, precious: Path) -> None:
    (root / "deep" / "er").mkdir(parents=True)
    (root / "link").symlink_to(precious)
    (root / "deep" / "broken").symlink_to("/nowhere")
    os.link(precious / "file", root / "hard")
    os.mkfifo(root / "pipe")
    (root / b"\xff\n".decode("utf-8", "surrogateescape")).touch()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
        assert deleted(root) == []
    assert not root.exists()
    assert (precious / "file").read_text() == "x"
    assert deleted(root) == []


def test_a_link_in_place_of_the_directory_goes_alone(root: Path, precious: Path) -> None:
    (root / "link").symlink_to(precious)
    assert deleted(root / "link") == []
    assert (list(root.iterdir()), list(precious.iterdir())) == ([], [precious / "file"])


def test_a_mount_point_is_named_and_not_crossed_and_all_else_goes(root: Path, precious: Path, mounted: Path) -> None:
    assert deleted(root) == [(str(mounted), "a mount point is never crossed")]
    assert (precious / "file").exists()
    assert list(root.rglob("*")) == [mounted.parent, mounted, mounted / "file"]


def test_a_directory_that_is_a_mount_point_itself_stays(precious: Path, mounted: Path) -> None:
    assert [reason for _, reason in deleted(mounted)] == ["a mount point is never crossed"]
    assert (precious / "file").exists()


def test_a_mounted_file_is_named(root: Path, precious: Path, mounted: Path) -> None:
    run("umount", mounted)
    (root / "file").touch()
    run("mount", "--bind", precious / "file", root / "file")
    try:
        assert deleted(root) == [(str(root / "file"), "a mount point is never crossed")]
    finally:
        run("umount", root / "file")
    assert (precious / "file").read_text() == "x"


def test_what_is_immutable_stays_alone(root: Path) -> None:
    (root / "b").mkdir()
    for name in ("a", "b/stays", "c"):
        (root / name).touch()
    chattr = subprocess.run([program("chattr", "chattr"), "+i", root / "b" / "stays"], check=False)
    if chattr.returncode:
        pytest.skip("immutable files need root and a file system that has them")
    try:
        assert deleted(root) == [(str(root / "b" / "stays"), "Operation not permitted")]
        assert list(root.rglob("*")) == [root / "b", root / "b" / "stays"]
    finally:
        run("chattr", "-i", root / "b" / "stays")


def test_permissions_of_our_own_do_not_hinder(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    for number, mode in enumerate((0, 0o100, 0o400, 0o500)):
        (root / "a" / "b" / str(number)).mkdir()
        (root / "a" / "b" / str(number) / "file").touch()
        (root / "a" / "b" / str(number)).chmod(mode)
    (root / "a" / "b").chmod(0)
    (root / "a").chmod(0o500)
    done = subprocess.run([*AS_ANYBODY, sys.executable, "-c", DELETE, root], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
    assert not root.exists()


def test_what_belongs_to_another_user_stays_alone(root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    (root / "a").mkdir()
    (root / "a" / "file").touch()
    (root / "z").mkdir()
    os.chown(root / "a", 65534, 65534)
    done = subprocess.run([*AS_ANYBODY, sys.executable, "-c", DELETE, root], capture_output=True, text=True, check=True)
    assert done.stdout == f"1 ('{root / 'a' / 'file'}', 'Permission denied')\n"
    assert list(root.iterdir()) == [root / "a"]


def test_any_depth_goes(root: Path) -> None:
    here = os.open(root, os.O_RDONLY)
    for _ in range(700):
        os.mkdir("d" * 20, 0o500 if os.geteuid() == 0 else 0o700, dir_fd=here)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    assert deleted(root) == []
    assert not root.exists()
