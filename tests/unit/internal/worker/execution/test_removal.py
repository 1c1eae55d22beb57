"""Directories go out of the way at once, and away soon."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pikoci.internal.worker.execution.removal import Remover, remove_tree


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
