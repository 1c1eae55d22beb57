"""Directories for builds are ready before they are asked for, new each time, and there without that too."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import gevent
import pytest

from pikoci.internal.worker.tools.removal import remove_tree
from pikoci.internal.worker.tools.spares import Spares

PATIENCE = 60.0


@pytest.fixture
def builds(tmp_path: Path) -> Path:
    (tmp_path / "builds").mkdir()
    return tmp_path / "builds"


@pytest.fixture
def spares(tmp_path: Path) -> Iterator[Spares]:
    with closing(Spares(tmp_path / "spare", remove_tree)) as made:
        yield made


def ready(tmp_path: Path) -> set[int]:
    """Which directories there are, once the first is complete."""
    deadline = time.monotonic() + PATIENCE
    while len(found := list((tmp_path / "spare").glob("*/tmp"))) < 2 and time.monotonic() < deadline:
        gevent.sleep(0.01)
    return {path.parent.stat().st_ino for path in found}


def is_complete(root: Path) -> bool:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (root, root / "work", root / "tmp")}
    return modes == {0o700} and len(list(root.iterdir())) == 2


def test_a_spare_is_moved_where_it_is_needed_and_there_is_always_another(
    spares: Spares, builds: Path, tmp_path: Path
) -> None:
    spares.make(builds / "first")
    known = ready(tmp_path)
    spares.make(builds / "second")
    assert (builds / "second").stat().st_ino in known
    for number in range(30):
        spares.make(builds / str(number))
    assert all(is_complete(root) for root in builds.iterdir())


def test_who_holds_the_directory_of_an_earlier_build_sees_nothing_of_a_later_one(spares: Spares, builds: Path) -> None:
    spares.make(builds / "first")
    held = os.open(builds / "first" / "work", os.O_PATH | os.O_DIRECTORY)
    remove_tree(builds / "first")
    for number in range(20):
        spares.make(builds / str(number))
        (builds / str(number) / "work" / "secret").touch()
    with pytest.raises(FileNotFoundError):
        os.stat("secret", dir_fd=held)
    os.close(held)


def test_without_a_place_for_spares_or_builds_they_are_made_at_once(tmp_path: Path) -> None:
    (tmp_path / "spare").write_text("a file where the directory should be")
    with closing(Spares(tmp_path / "spare", remove_tree)) as spares:
        for number in range(20):
            spares.make(tmp_path / "builds" / str(number))
            gevent.sleep(0)
    assert all(is_complete(root) for root in (tmp_path / "builds").iterdir())


def test_nothing_is_left_at_the_end(builds: Path, tmp_path: Path) -> None:
    with closing(Spares(tmp_path / "spare", remove_tree)) as spares:
        spares.make(builds / "first")
        ready(tmp_path)
    assert not (tmp_path / "spare").exists()


def test_a_directory_that_is_there_already_is_not_taken_for_a_new_one(spares: Spares, builds: Path) -> None:
    (builds / "taken").mkdir()
    (builds / "taken" / "file").touch()
    with pytest.raises(FileExistsError):
        spares.make(builds / "taken")
