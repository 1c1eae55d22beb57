"""Directories go out of the way at once, and away soon."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pikoci.internal.worker.tools.removal import Remover, remove_tree


@pytest.fixture
def remover(tmp_path: Path) -> Iterator[Remover]:
    with closing(Remover(tmp_path / "removed")) as made:
        yield made


def full(root: Path) -> Path:
    """A directory as commands leave it: with files, a link, and a part that may not be written."""
    (root / "a" / "locked").mkdir(parents=True)
    (root / "a" / "locked" / "file").write_text("x")
    (root / "a" / "link").symlink_to("/")
    (root / "a" / "locked").chmod(0o500)
    return root


def test_a_path_is_free_at_once_and_again_and_all_is_gone_in_the_end(remover: Remover, tmp_path: Path) -> None:
    for _ in range(20):
        root = full(tmp_path / "build")
        remover.remove(root)
        assert not root.exists()
    remover.close()
    assert list((tmp_path / "removed").iterdir()) == []


def test_what_is_not_there_needs_no_removal(remover: Remover, tmp_path: Path) -> None:
    remover.remove(tmp_path / "nothing")
    remove_tree(tmp_path / "nothing")


def test_a_directory_that_cannot_be_moved_is_removed_in_place(tmp_path: Path) -> None:
    (tmp_path / "removed").write_text("a file where the directory should be")
    root = full(tmp_path / "build")
    with closing(Remover(tmp_path / "removed")) as remover:
        remover.remove(root)
        assert not root.exists()


def test_links_are_removed_and_not_followed(remover: Remover, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "link").symlink_to(tmp_path / "kept")
    remover.remove(tmp_path / "build")
    remover.close()
    assert (tmp_path / "kept").exists()


def test_what_resists_is_named_in_one_warning(remover: Remover, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "kept").touch()
    places = [tmp_path / "build" / name for name in ("a", "b")]
    for place in places:
        place.mkdir(parents=True)
        subprocess.run(["mount", "--bind", tmp_path / "host", place], check=True)
    (tmp_path / "build" / "file").touch()
    try:
        with capture_logs() as logs:
            remover.remove(tmp_path / "build")
            remover.close()
            remove_tree(tmp_path / "removed")  # as at the next start
    finally:
        for name in ("a", "b"):
            subprocess.run(["umount", tmp_path / "removed" / "1-build" / name], check=True)
    assert (tmp_path / "host" / "kept").exists()
    assert sorted(path.name for path in (tmp_path / "removed" / "1-build").iterdir()) == ["a", "b"]
    assert [entry["event"] for entry in logs] == ["cannot remove everything"] * 2
    assert all(entry["left"] == 2 and "a mount point" in entry["first"][0] for entry in logs)
